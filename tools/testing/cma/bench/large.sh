#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The scenario large of bench.sh: 63 of 64 parts of memory as pages of 1 GiB, from boot.
#
#	large.sh DIR NAME IMAGE [NAME IMAGE]...
#
# Boots the kernel IMAGE of each tree NAME, in a machine whose memory exists only where it
# is touched. Writes DIR/large.csv and the table DIR/large.rst. SIZE=512 GiB; stock needs
# 1/64 of that for struct pages, and some more, of this machine's own memory.

here=$(cd "$(dirname "$0")" && pwd -P)
guests=$here/../../selftests/cma/qemu
# shellcheck source=../../../../scripts/lib.sh
. "$here/../../../../scripts/lib.sh"
set -u -o pipefail

SIZE=${SIZE:-512}
out=$1
shift
[[ $SIZE =~ ^[1-9][0-9]*$ && $((SIZE % 64)) = 0 ]] || die "SIZE=\"$SIZE\": expected 64, 128, ..."
pages=$((SIZE * 63 / 64))
at_boot="hugepagesz=1G hugepages=$pages hugetlb_free_vmemmap=on"
areas="hugetlb_cma=${pages}G hugetlb_cma_only=1"

cat >"$out/large.script" <<'GUEST'
read -r up _ </proc/uptime
pages=$(cat /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages)
maps=$(awk '$1 == "nr_memmap_boot_pages" { print $2 }' /proc/vmstat)
free=$(awk '$1 == "MemFree:" { print int($2 / 1024) }' /proc/meminfo)
echo "large,$pages,${maps:--},$free,$up"
GUEST

# peak PIDFILE LOG - the most memory that QEMU has had, in KiB, as often as it may have grown;
# a kernel that panics this early does not restart, so end QEMU then
peak() {
	local pid
	while sleep 0.2; do
		pid=$(cat "$1" 2>/dev/null)
		[ -n "$pid" ] || continue
		sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$pid/status" 2>/dev/null
		! grep -q 'end Kernel panic' "$2" 2>/dev/null || kill "$pid" 2>/dev/null
	done
}

# boot CASE NAME IMAGE APPEND NODES
boot() {
	local line sampler rss
	rm -f "$out/large.pid"
	rm -f "$out/$2-$1.log"
	peak "$out/large.pid" "$out/$2-$1.log" >"$out/large.peak" &
	sampler=$!
	line=$(KERNEL=$3 MEM=${SIZE}G NODES=$5 APPEND=$4 SCRIPT=$out/large.script \
		VM_LOG=$out/$2-$1.log VM_TIMEOUT=${VM_TIMEOUT:-900} \
		QEMU_ARGS="-pidfile $out/large.pid
		-object memory-backend-ram,id=ram,size=${SIZE}G,reserve=off
		-machine memory-backend=ram" "$guests/vm.sh" 2>"$out/large.err" |
		sed -n 's/^large,//p')
	kill "$sampler" 2>/dev/null
	wait "$sampler" 2>/dev/null
	rss=$(($(tail -n 1 "$out/large.peak") / 1024))
	[ -n "$line" ] || say "$1 on $2: $(grep -hm 1 -o 'Kernel panic.*' "$out/$2-$1.log" ||
		echo "it did not boot"); its console is in $out/$2-$1.log"
	echo "$2,$1,${line:--,-,-,-},$rss" >>"$out/large.csv"
}

echo "tree,case,pages,memmap_pages,free_mib,seconds,qemu_mib" >"$out/large.csv"
while [ $# -ge 2 ]; do
	boot "large" "$1" "$2" "$at_boot" 1
	boot "large-areas" "$1" "$2" "$areas $at_boot" 1
	boot "large-nodes" "$1" "$2" "$areas $at_boot" 2
	shift 2
done
rm -f "$out"/large.{script,pid,peak,err}

awk -F, -v size="$SIZE" -v pages="$pages" '
	BEGIN {
		print pages " pages of 1 GiB in " size " GiB::\n"
		form = "    %-12s%-13s%8s  %13s  %8s  %9s  %8s\n"
		printf form, "tree", "case", "pages", "map (pages)", "free MiB", "seconds",
			"QEMU MiB"
	}
	NR > 1 { printf form, $1, $2, $3, $4, $5, $6, $7 }' "$out/large.csv" >"$out/large.rst"
