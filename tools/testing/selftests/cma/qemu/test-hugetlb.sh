#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Gigantic pages: hugetlb_cma= in each form, good and bad, alone and with hugepages= and
# hugetlb_cma_only=, on one node and on two, over holes and across zones. One machine is
# booted for each case, one at a time: it has much memory, of which it touches a page or
# two. TAP on stdout. ARCH and KERNEL as for vm.sh; PROGRAMS is the folder that has
# ./gigantic built; logs go to TEST_OUT.

here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=../../../../../scripts/lib.sh
. "$here/../../../../../scripts/lib.sh"
# shellcheck source=arch.sh
. "$here/arch.sh"

out=${TEST_OUT:-$build/test/hugetlb-$ARCH}
programs=${PROGRAMS:-$build/test/bin-$ARCH}
[ -x "$programs/gigantic" ] || die "PROGRAMS=$programs has no program gigantic"
mkdir -p "$out" || die "cannot write in $out"
rm -f "$out"/[0-9]*
if [ -z "${KERNEL:-}" ]; then
	KERNEL=$("$here/kernel.sh" | tail -n 1)
	[ -n "$KERNEL" ] || exit 1
fi
export KERNEL ARCH

# What the checks of each case are written in; they run in the guest.
cat >"$out/words.sh" <<'WORDS'
sizes=/sys/kernel/mm/hugepages
status=0

wrong() {
	echo "#   $*"
	status=1
}

# is WHAT VALUE EXPECTED
is() {
	[ "$2" = "$3" ] || wrong "$1: $2 and not $3"
}

# nr [SIZE-IN-KB [NODE]] - gigantic pages that there are
nr() {
	if [ -n "$2" ]; then
		cat "/sys/devices/system/node/node$2/hugepages/hugepages-$1kB/nr_hugepages"
	else
		cat "$sizes/hugepages-${1:-1048576}kB/nr_hugepages"
	fi
}

# want PAGES [SIZE-IN-KB] - there shall be so many
want() {
	echo "$1" >"$sizes/hugepages-${2:-1048576}kB/nr_hugepages"
}

# area NAME GIB [FREE] - GiB in it, and that nobody holds
area() {
	[ -d "/sys/kernel/mm/cma/$1" ] || { wrong "there is no area $1"; return; }
	is "GiB in area $1" "$(($(cat "/sys/kernel/mm/cma/$1/total_pages") >> 18))" "$2"
	is "MiB free in area $1" "$(($(cat "/sys/kernel/mm/cma/$1/available_pages") >> 8))" \
		$((${3:-$2} << 10))
}

no_area() {
	[ ! -d "/sys/kernel/mm/cma/$1" ] || wrong "there is an area $1"
}

# says REGEX, silent REGEX - about a line of the log
says() {
	dmesg | grep -v 'ommand line: ' | grep -qE -e "$1" || wrong "no line '$1' in the log"
}
silent() {
	line=$(dmesg | grep -v 'ommand line: ' | grep -E -m 1 -e "$1")
	[ -z "$line" ] || wrong "in the log: $line"
}

# use [PAGES [NODE]] - map, write and read
use() {
	./gigantic 1048576 "${1:-1}" $2 >/tmp/use || { cat /tmp/use; wrong "gigantic failed"; }
}

# lend MIB - memory of the area to somebody else, who can be moved. On arm64, where none
# are shared but from boot, the area may be the last to be borrowed from: not there.
lend() {
	[ -e /proc/sys/vm/hugetlb_optimize_vmemmap ] || return 0
	before=$(meminfo CmaFree)
	dd if=/dev/zero of=/tmp/lent bs=1M count="$1" 2>/dev/null
	after=$(meminfo CmaFree)
	[ "$after" -lt "$before" ] || wrong "not lent: $before, then $after KiB are free"
}

meminfo() {
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

# between NAME MIN MAX - of /proc/meminfo, in KiB
between() {
	now=$(meminfo "$1")
	[ "$now" -gt "$2" ] && [ "$now" -le "$3" ] || amiss="$1 is $now, not in $2 to $3 KiB"
}

# own_zone NODE GIB - the zone Movable of the node has these, and nothing else
own_zone() {
	is "pages of zone Movable of node $1" "$(awk -v node="$1," '
		/^Node/ { here = $2 == node && $4 == "Movable" }
		here && $1 ~ /^(present|managed|cma)$/ { printf "%s %d ", $1, $2 }' \
		/proc/zoneinfo)" \
		"present $(($2 << 18)) managed $(($2 << 18)) cma $(($2 << 18)) "
}

# Everything goes back to where it came from, and can be had again.
all_back() {
	for size in "$sizes"/*; do
		echo 0 >"$size/nr_hugepages"
		is "pages left in ${size##*/}" "$(cat "$size/nr_hugepages")" 0
	done
	for area in /sys/kernel/mm/cma/hugetlb*; do
		[ -d "$area" ] || continue
		is "pages free in ${area##*/}" "$(cat "$area/available_pages")" \
			"$(cat "$area/total_pages")"
	done
	# What is free and what is in use must add up to all: 256 MiB are in use at most, and
	# struct pages that were made after boot. Each CPU counts for itself and adds up from
	# time to time, so look again.
	for try in 1 2 3 4 5; do
		echo 1 >/proc/sys/vm/stat_refresh
		amiss=
		maps=$(awk '$1 == "nr_memmap_pages" { print $2 * 4 }' /proc/vmstat)
		between MemFree $(($(meminfo MemTotal) - 262144 - maps)) "$(meminfo MemTotal)"
		between CmaFree $(($(meminfo CmaTotal) - 65536)) "$(meminfo CmaTotal)"
		[ -n "$amiss" ] || return 0
		sleep 1
	done
	wrong "$amiss"
}

# retake - 2 pages of memory that was lent meanwhile
retake() {
	lend 128
	want 2
	is "pages" "$(nr)" 2
	use
	all_back
}
WORDS

n=0
ran=0
failed=0

# boot TITLE APPEND [NAME=VALUE]... <CHECKS - the rest is environment for vm.sh.
# ONLY= is what matches number and title of those that are run.
boot() {
	local result="ok"
	n=$((n + 1))
	[[ "$n $1" =~ ${ONLY:-.} ]] || { cat >/dev/null; return; }
	ran=$((ran + 1))
	{ cat "$out/words.sh" - && echo "exit \$status"; } >"$out/$n.sh"
	# A host with much to do lets its guests wait, which is no fault of theirs.
	env MEM=6G VM_TIMEOUT=300 VM_WATCH=1 SCRIPT="$out/$n.sh" VM_LOG="$out/$n.log" \
		FILES="$programs/gigantic" "${@:3}" \
		APPEND="$2 rcupdate.rcu_cpu_stall_timeout=300" \
		"$here/vm.sh" >"$out/$n.out" 2>"$out/$n.err" || result="not ok"
	if [ "$result" != ok ]; then
		failed=$((failed + 1))
		grep '^# ' "$out/$n.out"
		sed 's/^/# /' "$out/$n.err"
		echo "# log: $out/$n.log"
	fi
	echo "$result $ran - $1"
}

two_nodes=(MEM=8G NODES=2)

# Where the zones' border is that movablecore= makes is decided to the megabyte; in the
# middle of a GiB it is with this, for memory ends at a whole one.
border=movablecore=1536M

echo "TAP version 13"

boot "a size" "hugetlb_cma=2G" <<'CHECKS'
	area hugetlb0 2
	silent 'HugeTLB: hugetlb_cma'
	want 1
	area hugetlb0 2 1
	use
	all_back
	want 2
	is "pages" "$(nr)" 2
	area hugetlb0 2 0
	all_back
CHECKS

boot "a percentage" "hugetlb_cma=50%" <<'CHECKS'
	area hugetlb0 3
	says 'HugeTLB: hugetlb_cma=50%: rounded to 3 pages of 1G'
	want 3
	is "pages" "$(nr)" 3
	area hugetlb0 3 0
	all_back
CHECKS

boot "none" "hugetlb_cma=0" <<'CHECKS'
	no_area hugetlb0
	silent 'hugetlb_cma'
	want 1
	is "pages" "$(nr)" 1
	all_back
CHECKS

for bad in "512M:less than a page" "5%:less than a page" "GB:a number is missing"; do
	boot "hugetlb_cma=${bad%%:*}" "hugetlb_cma=${bad%%:*}" <<-CHECKS
		no_area hugetlb0
		says '(HugeTLB|cma): hugetlb_cma=${bad%%:*} ignored: .*${bad#*:}'
		want 1
		is "pages" "\$(nr)" 1
		all_back
	CHECKS
done

# Stock serves these: it rounds sizes up, and does not look at what is behind them.
for odd in '1500M|1500M: rounded up to 2 pages of 1G' '2GB|: "B" behind 2G ignored' \
	   '2G,1:1G|: ",1:1G" behind 2G ignored' \
	   '1G hugetlb_cma=0:2GiB|: "iB" behind 0:2G ignored' \
	   '2G hugetlb_cma=7:1G,x|7:1G ignored: .*no such node'; do
	boot "hugetlb_cma=${odd%|*}" "hugetlb_cma=${odd%|*}" <<-CHECKS
		area hugetlb0 2
		says '(HugeTLB|cma): hugetlb_cma=${odd#*|}'
		want 2
		is "pages" "\$(nr)" 2
		area hugetlb0 2 0
		all_back
	CHECKS
done

for much in '64G|64' '100%|[56]'; do
	boot "hugetlb_cma=${much%|*}, over holes" "hugetlb_cma=${much%|*}" <<-CHECKS
		total=\$((\$(cat /sys/kernel/mm/cma/hugetlb0/total_pages) >> 18))
		[ "\$total" -ge 3 ] && [ "\$total" -lt 6 ] || wrong "\$total GiB of 6"
		room="there is room for only \$total of ${much#*|} pages of 1G"
		says "HugeTLB: hugetlb_cma=${much%|*}: \$room"
		want 6
		area hugetlb0 \$total 0
		use
		all_back
	CHECKS
done

boot "pages at boot come from the area" "hugetlb_cma=3G hugepagesz=1G hugepages=2" <<'CHECKS'
	is "pages" "$(nr)" 2
	area hugetlb0 3 1
	silent 'HugeTLB: (hugetlb_cma|allocating)'
	use
	want 1
	area hugetlb0 3 2
	want 3
	is "pages" "$(nr)" 3
	area hugetlb0 3 0
	all_back
CHECKS

boot "pages from boot, then somebody else's" "hugetlb_cma=2G hugepagesz=1G hugepages=2" <<'CHECKS'
	is "pages" "$(nr)" 2
	want 0
	area hugetlb0 2
	lend 128
	want 2
	is "pages" "$(nr)" 2
	area hugetlb0 2 0
CHECKS

boot "more pages at boot than the area has" "hugetlb_cma=1G hugepagesz=1G hugepages=2" <<'CHECKS'
	is "pages" "$(nr)" 2
	area hugetlb0 1 0
	all_back
CHECKS

boot "a page of the area in smaller ones" \
	"hugetlb_cma=2G hugepagesz=1G hugepages=1" <<'CHECKS'
	is "pages" "$(nr)" 1
	area hugetlb0 2 1
	use
	is "the smaller size" "$(cat $sizes/hugepages-1048576kB/demote_size)" \
		"$([ -d $sizes/hugepages-32768kB ] && echo 32768kB || echo 2048kB)"
	echo 2048kB >$sizes/hugepages-1048576kB/demote_size
	echo 1 >$sizes/hugepages-1048576kB/demote
	is "pages" "$(nr)" 0
	is "pages of 2 MiB" "$(nr 2048)" 512
	area hugetlb0 2 1
	./gigantic 2048 4 >/tmp/use || { cat /tmp/use; wrong "pages of 2 MiB fail"; }
	want 256 2048
	is "pages free" "$(cat /sys/kernel/mm/cma/hugetlb0/available_pages)" 393216
	all_back
	want 2
	is "pages" "$(nr)" 2
	all_back
CHECKS

boot "pages of which struct pages are shared" \
	"hugetlb_cma=2G hugepagesz=1G hugepages=2 hugetlb_free_vmemmap=on" <<'CHECKS'
	is "pages" "$(nr)" 2
	area hugetlb0 2 0
	use
	all_back
	retake
CHECKS

boot "pages of which struct pages are shared, in smaller ones" \
	"hugetlb_cma=2G hugetlb_free_vmemmap=on" <<'CHECKS'
	want 2
	echo 2048kB >$sizes/hugepages-1048576kB/demote_size
	echo 1 >$sizes/hugepages-1048576kB/demote
	is "pages" "$(nr)" 1
	is "pages of 2 MiB" "$(nr 2048)" 512
	./gigantic 2048 4 >/tmp/use || { cat /tmp/use; wrong "pages of 2 MiB fail"; }
	want 0 2048
	want 0
	retake
CHECKS

boot "from areas only" "hugetlb_cma=1G hugetlb_cma_only=1 hugepagesz=1G hugepages=2" <<'CHECKS'
	is "pages" "$(nr)" 1
	area hugetlb0 1 0
	says 'HugeTLB: allocating 2 .*Only allocated 1 '
	want 2
	is "pages" "$(nr)" 1
	use
	all_back
	want 2
	is "pages" "$(nr)" 1
	all_back
CHECKS

boot "from areas only, at run time" "hugetlb_cma=1G hugetlb_cma_only" <<'CHECKS'
	says 'HugeTLB: hugetlb_cma_only= ignored: '
	want 2
	is "pages" "$(nr)" 2
	all_back
CHECKS

boot "from areas only, without an area" \
	"hugetlb_cma=1M hugetlb_cma_only=yes hugepagesz=1G hugepages=1" <<'CHECKS'
	no_area hugetlb0
	says 'HugeTLB: hugetlb_cma_only=.* no gigantic page'
	is "pages" "$(nr)" 0
	want 1
	is "pages" "$(nr)" 0
	all_back
CHECKS

boot "hugetlb_cma_only= without hugetlb_cma=" \
	"hugetlb_cma_only=1 hugepagesz=1G hugepages=1" <<'CHECKS'
	says 'HugeTLB: hugetlb_cma_only= ignored: it needs hugetlb_cma='
	is "pages" "$(nr)" 1
	use
	all_back
CHECKS

# Stock reserves areas for DMA first here, which takes one of the last pages that there are.
[ "$ARCH" != x86_64 ] ||
	boot "areas for DMA have what they had before there were gigantic pages" \
		"hugetlb_cma=100% numa_cma=0:2200M cma=16M" <<-'CHECKS'
		says 'area hugetlb0 is given up: areas for DMA come first'
		says 'area numa0: reserved 2200 MiB at 0x'
		is "MiB in numa0" "$(($(cat /sys/kernel/mm/cma/numa0/largest_free) >> 8))" 2200
		[ -d /sys/kernel/mm/cma/reserved ] || wrong "there is no area reserved"
		area hugetlb0 1
		want 1
		use
		all_back
	CHECKS

boot "two nodes: a size for both" "hugetlb_cma=3G" "${two_nodes[@]}" <<'CHECKS'
	both=0
	for nid in 0 1; do
		total=$(($(cat /sys/kernel/mm/cma/hugetlb$nid/total_pages) >> 18))
		[ "$total" = 1 ] || [ "$total" = 2 ] || wrong "$total GiB in hugetlb$nid"
		both=$((both + total))
	done
	is "GiB in both" $both 3
	want 3
	is "pages" "$(nr)" 3
	use 1 1
	all_back
CHECKS

boot "two nodes: a list" "hugetlb_cma=0:1G,1:30%" "${two_nodes[@]}" <<'CHECKS'
	area hugetlb0 1
	area hugetlb1 1
	says 'HugeTLB: hugetlb_cma=1:30%: rounded to 1 pages of 1G, out of '
	echo 1 >/sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages
	is "pages on node 1" "$(nr 1048576 1)" 1
	area hugetlb0 1
	area hugetlb1 1 0
	use 1 1
	all_back
CHECKS

boot "two nodes: bad entries" \
	"hugetlb_cma=0:512M,7:1G,x:1G,1:1G,1:2G,0:1G,2000:1G,0:101%" \
	"${two_nodes[@]}" <<'CHECKS'
	no_area hugetlb0
	area hugetlb1 1
	says 'HugeTLB: hugetlb_cma=0:512M ignored: .*less than a page.* 1G'
	says 'HugeTLB: hugetlb_cma=7:1G ignored: .*no such node.* 1G'
	says 'hugetlb_cma=.*x:1G'
	says 'hugetlb_cma=.*1:2G'
	says 'hugetlb_cma=.*2000:1G'
	says 'hugetlb_cma=.*0:101%'
	echo 1 >/sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages
	area hugetlb1 1 0
	all_back
CHECKS

boot "two nodes: more than a node has" "hugetlb_cma=0:5G,1:1G" \
	"${two_nodes[@]}" <<'CHECKS'
	[ -d /sys/kernel/mm/cma/hugetlb0 ] || wrong "there is no area hugetlb0"
	area hugetlb1 1
	says 'HugeTLB: hugetlb_cma=0:5G: there is room for only [1-3] of 5 pages of 1G'
CHECKS

boot "two nodes: pages at boot, from both" \
	"hugetlb_cma=0:1G,1:1G hugepagesz=1G hugepages=2" "${two_nodes[@]}" <<'CHECKS'
	is "pages on node 0" "$(nr 1048576 0)" 1
	is "pages on node 1" "$(nr 1048576 1)" 1
	area hugetlb0 1 0
	area hugetlb1 1 0
	use 1 0
	use 1 1
	all_back
CHECKS

boot "two nodes: pages at boot, by node" \
	"hugetlb_cma=0:1G,1:2G hugepagesz=1G hugepages=1:2" "${two_nodes[@]}" <<'CHECKS'
	is "pages on node 0" "$(nr 1048576 0)" 0
	is "pages on node 1" "$(nr 1048576 1)" 2
	area hugetlb0 1
	area hugetlb1 2 0
	use 1 1
	all_back
CHECKS

boot "two nodes: an area on the second, pages at boot" \
	"hugetlb_cma=1:1G hugepagesz=1G hugepages=2" "${two_nodes[@]}" <<'CHECKS'
	is "pages" "$(nr)" 2
	area hugetlb1 1 0
	all_back
CHECKS

boot "memory across two zones" "$border hugepagesz=1G hugepages=2" <<'CHECKS'
	is "pages" "$(nr)" 2
	says 'HugeTLB: 1 of the 1024 MiB pages .* across two zones: not used'
	use
	all_back
CHECKS

boot "memory across two zones, and too little else" "$border hugepagesz=1G hugepages=6" <<'CHECKS'
	says 'HugeTLB: 1 of the 1024 MiB pages .* across two zones: not used'
	says "HugeTLB: allocating 6 .*Only allocated $(nr) "
	[ "$(nr)" -ge 2 ] || wrong "there are $(nr) pages"
	all_back
CHECKS

boot "an area across two zones" "$border hugetlb_cma=100% hugepagesz=1G hugepages=1" <<'CHECKS'
	says 'cma: area hugetlb0: cut from [0-9]* into [0-9]* ranges, each in one zone'
	total=$(cat /sys/kernel/mm/cma/hugetlb0/total_pages)
	is "pages that are no multiple of 1 GiB" $((total % 262144)) 0
	is "pages" "$(nr)" 1
	is "pages of the area in use" \
		$((total - $(cat /sys/kernel/mm/cma/hugetlb0/available_pages))) 262144
	use
	all_back
CHECKS

boot "a zone of their own" "cma_zone=movable hugetlb_cma=3G hugepagesz=1G hugepages=2" <<'CHECKS'
	own_zone 0 3
	is "pages" "$(nr)" 2
	area hugetlb0 3 1
	use
	all_back
	lend 128
	want 3
	is "pages" "$(nr)" 3
	area hugetlb0 3 0
	all_back
	own_zone 0 3
CHECKS

boot "a zone of their own, and struct pages that are shared" \
	"cma_zone=movable hugetlb_cma=2G hugepagesz=1G hugepages=2 hugetlb_free_vmemmap=on" \
	<<'CHECKS'
	own_zone 0 2
	is "pages" "$(nr)" 2
	use
	all_back
	retake
	own_zone 0 2
CHECKS

boot "a zone of their own, on each of two nodes" \
	"cma_zone=movable hugetlb_cma=0:1G,1:2G hugepagesz=1G hugepages=1:1" \
	"${two_nodes[@]}" <<'CHECKS'
	own_zone 0 1
	own_zone 1 2
	is "pages on node 1" "$(nr 1048576 1)" 1
	use 1 1
	all_back
	want 3
	is "pages" "$(nr)" 3
	all_back
CHECKS

boot "an area across two zones, in one of its own" \
	"$border cma_zone=movable hugetlb_cma=100% hugepagesz=1G hugepages=1" <<'CHECKS'
	silent 'cma: area hugetlb0: cut'
	says 'cma: area hugetlb0: [0-9]* KiB moved to ZONE_MOVABLE of node 0'
	is "pages" "$(nr)" 1
	use
	all_back
CHECKS

if [ "$ARCH" = arm64 ]; then
	boot "two sizes at boot" \
		"hugetlb_cma=2G hugepagesz=1G hugepages=1 hugepagesz=32M hugepages=3" <<-'CHECKS'
		is "pages" "$(nr)" 1
		is "pages of 32 MiB" "$(nr 32768)" 3
		is "pages free" "$(cat /sys/kernel/mm/cma/hugetlb0/available_pages)" \
			$((262144 - 3 * 8192))
		use
		./gigantic 32768 3 >/tmp/use || { cat /tmp/use; wrong "pages of 32 MiB fail"; }
		all_back
	CHECKS
	boot "two sizes at boot, the small one first" "hugetlb_cma=2G hugetlb_cma_only=1 \
		hugepagesz=32M hugepages=3 hugepagesz=1G hugepages=1" <<-'CHECKS'
		is "pages" "$(nr)" 1
		is "pages of 32 MiB" "$(nr 32768)" 3
		is "pages free" "$(cat /sys/kernel/mm/cma/hugetlb0/available_pages)" \
			$((262144 - 3 * 8192))
		use
		./gigantic 32768 3 >/tmp/use || { cat /tmp/use; wrong "pages of 32 MiB fail"; }
		all_back
		want 2
		is "pages" "$(nr)" 2
		all_back
	CHECKS
fi

# large SIZE [NODES] - a machine with that much memory, of which no more exists than it
# touches. Where nodes are QEMU's, vm.sh gives each its own.
large() {
	local args=''
	[ "$ARCH" = x86_64 ] || args="-cpu max"
	[ "$ARCH${2:-1}" = arm642 ] || args+=" -machine memory-backend=ram \
		-object memory-backend-ram,id=ram,size=$1,reserve=off"
	printf '%s\n' "MEM=$1" "NODES=${2:-1}" "QEMU_ARGS=$args"
}

# Only struct pages that there is room for
at_once() {
	cat <<-CHECKS
		is "pages" "\$(nr)" $1
		says 'HugeTLB: memory map of $1 gigantic pages made of '
		silent 'HugeTLB: .*(allocating|no room|in full)'
		maps=\$(awk '\$1 == "nr_memmap_boot_pages" { print \$2 }' /proc/vmstat)
		most=\$((($2 - $1) * 4096 + $1))
		[ "\$maps" -le "\$most" ] || wrong "\$maps pages of struct pages, not \$most"
		use
		# Somebody comes across the struct pages whose memory changes.
		while :; do cat /proc/kpageflags; done >/dev/null &
		reader=\$!
		echo 2048kB >\$sizes/hugepages-1048576kB/demote_size
		echo 1 >\$sizes/hugepages-1048576kB/demote
		is "pages" "\$(nr)" $(($1 - 1))
		is "pages of 2 MiB" "\$(nr 2048)" 512
		./gigantic 2048 4 >/tmp/use || { cat /tmp/use; wrong "pages of 2 MiB fail"; }
		want 0 2048
		want $(($1 - 4))
		is "pages" "\$(nr)" $(($1 - 4))
		dd if=/dev/zero of=/tmp/lent bs=1M count=300 2>/dev/null
		want $(($1 - 1))
		is "pages" "\$(nr)" $(($1 - 1))
		use
		rm /tmp/lent
		kill \$reader
	CHECKS
}

hvo="hugepagesz=1G hugetlb_free_vmemmap=on"
# small_maps TITLE GIB PAGES IN-AREA - so many pages from memblock, and so many of an area
small_maps() {
	mapfile -t machine < <(large "$2G")
	boot "$1" "$hvo hugepages=$3" "${machine[@]}" < <(at_once "$3" "$2")
	boot "$1, of an area" "hugetlb_cma=$4G hugetlb_cma_only=1 $hvo hugepages=$4" \
		"${machine[@]}" < <(at_once "$4" "$2"; echo "area hugetlb0 $4 1")
}

small_maps "a small memory map at once" 16 12 13
boot "a memory map in full: not said that it is to be small" \
	"hugepagesz=1G hugepages=12 hugetlb_free_vmemmap=off" "${machine[@]}" <<'CHECKS'
	is "pages" "$(nr)" 12
	silent 'HugeTLB: memory map'
CHECKS
boot "more pages than memory" "$hvo hugepages=99" "${machine[@]}" <<'CHECKS'
	[ "$(nr)" -ge 12 ] && [ "$(nr)" -lt 16 ] || wrong "$(nr) pages of 16 GiB"
	says "HugeTLB: allocating 99 .*Only allocated $(nr) "
	says 'HugeTLB: (no 1024 MiB at|no room for) .* MiB of memory are free'
	use
	all_back
CHECKS
mapfile -t machine < <(large 16G 2)
boot "a small memory map at once, two nodes" "$hvo hugepages=0:5,1:6" "${machine[@]}" \
	< <(at_once 11 16; echo 'use 1 0; use 1 1; all_back')
boot "a small memory map at once, across two zones" "$border $hvo hugepages=3" <<'CHECKS'
	says 'HugeTLB: 1 of the 1024 MiB pages .* across two zones: not used'
	says "HugeTLB: memory map of $(nr) gigantic pages made of "
	use
	all_back
CHECKS
boot "a node and a size that are not there" "hugepagesz=1G hugepages=7:1 \
	hugepagesz=3G hugepages=4 hugepagesz=2M hugepages=3 hugetlb_free_vmemmap=on" <<'CHECKS'
	is "pages" "$(nr)" 0
	is "pages of 2 MiB" "$(nr 2048)" 3
	says 'HugeTLB: there is no node 7; nodes of this machine: 0'
	says 'HugeTLB: unsupported hugepagesz=3G'
	says 'HugeTLB: sizes of pages on this machine:( 64K)? 2M( 32M)? 1G'
	all_back
CHECKS
if [ "$ARCH" = arm64 ]; then
	boot "a small memory map at once, beside pages that are too small for one" \
		"$hvo hugepages=2 hugepagesz=32M hugepages=3" <<-'CHECKS'
		is "pages" "$(nr)" 2
		is "pages of 32 MiB" "$(nr 32768)" 3
		says 'HugeTLB: memory map of 2 gigantic pages made of '
		says 'HugeTLB: memory map of 3 gigantic pages is made in full .* 128 MiB'
		use
		./gigantic 32768 3 >/tmp/use || { cat /tmp/use; wrong "pages of 32 MiB fail"; }
		all_back
	CHECKS
	boot "no small memory map of pages from later" "hugetlb_free_vmemmap=on" <<-'CHECKS'
		want 1
		is "pages" "$(nr)" 1
		before=$(awk '$1 ~ /^nr_memmap/ { n += $2 } END { print n }' /proc/vmstat)
		all_back
		is "pages of struct pages" "$(awk '$1 ~ /^nr_memmap/ { n += $2 }
			END { print n }' /proc/vmstat)" "$before"
		[ ! -e /proc/sys/vm/hugetlb_optimize_vmemmap ] || wrong "there is the sysctl"
	CHECKS
fi
if [ -n "${LONG:-}" ] && [ "$ARCH" = arm64 ]; then
	small_maps "256 GiB: 252 pages" 256 252 252
elif [ -n "${LONG:-}" ]; then
	small_maps "512 GiB: 504 pages" 512 504 504
	mapfile -t machine < <(large 512G 2)
	boot "512 GiB on two nodes: 504 pages of areas" \
		"hugetlb_cma=504G hugetlb_cma_only=1 $hvo hugepages=504" "${machine[@]}" \
		< <(at_once 504 512; echo 'use 1 0; use 1 1')
	mapfile -t machine < <(large 1000G)
	boot "1000 GiB: 984 pages" "$hvo hugepages=984" "${machine[@]}" < <(at_once 984 1000)
fi

echo "1..$ran"
[ $failed = 0 ]
