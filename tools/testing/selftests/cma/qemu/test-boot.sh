#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What becomes of an area that is asked for at boot: every form of cma=, good and
# bad, on arm64 nodes of the device tree, hundreds of areas, areas over holes in
# memory. One machine is booted for each case, or for several that do not mind each other,
# two at a time; TAP on stdout. ARCH, KERNEL and VM_TIMEOUT (180) as for vm.sh; logs go to
# TEST_OUT.
# CASES= names a part of it, or what needs another kernel: large_blocks, high_memory, crash.

here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=../../../../../scripts/lib.sh
. "$here/../../../../../scripts/lib.sh"
# shellcheck source=arch.sh
. "$here/arch.sh"

out=${TEST_OUT:-$build/test/boot-$ARCH}
mkdir -p "$out" || die "cannot write in $out"
rm -f "$out"/[0-9]*
if [ -z "${KERNEL:-}" ]; then
	KERNEL=$("$here/kernel.sh" | tail -n 1)
	[ -n "$KERNEL" ] || exit 1
fi

# Where memory starts, in MiB, and where the kernel lies in it.
case $ARCH in
x86_64) ram=0 kernel=16 ;;
arm*) ram=1024 kernel=1024 ;;
esac

# Runs in the guest: what there is, and whether it works.
cat >"$out/facts.sh" <<'FACTS'
cd /sys/kernel/debug/cma || exit
page=$(awk '/^KernelPageSize:/ { print $2 * 1024; exit }' /proc/self/smaps)
echo "page $page"
for area in *; do
	[ -d "$area" ] || continue
	works=no
	used=$(cat "$area/used")
	if echo 3 >"$area/alloc" && echo 3 >"$area/free" && [ "$(cat "$area/used")" = "$used" ] &&
	   [ -e "/sys/kernel/mm/cma/$area/alloc_pages_success" ]; then
		works=yes
	fi
	base=$(cat "$area/base_pfn") count=$(cat "$area/count")
	echo "area $area $((base * page)) $((count * page)) $works"
	for range in "$area"/ranges/*; do
		echo "range $area $(($(cat "$range/base_pfn") * page))" \
			"$(($(cat "$range/count") * page))"
	done
	dir=/sys/kernel/mm/cma/$area
	echo "lend $area $(cat "$dir/lend")"
	if [ "$(cat "$dir/headroom")" != 0 ]; then
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			[ "$(cat "$dir/headroom_longest")" -lt "$(cat "$dir/headroom")" ] || break
			sleep 0.5
		done
		echo "headroom $area $(cat "$dir/headroom") $(cat "$dir/headroom_longest")"
	fi
	[ "$area" = multi ] || [ -e "$area/ranges/1" ] || [ -n "${every:-}" ] ||
		grep -q look= /proc/cmdline || continue
	echo "used $area $((used * page))"
	[ "$(cat "$dir/total_pages") $(cat "$dir/available_pages") $(cat "$area/maxchunk")" != \
		"$count $count $count" ] || echo "whole $area"
	while run=$(cat "$area/maxchunk") && [ "$run" -gt 0 ] && echo "$run" >"$area/alloc"; do
		:
	done
	[ "$(cat "$area/used")" != "$count" ] || echo "full $area"
	echo $((count - used)) >"$area/free"
	[ "$(cat "$area/used")" != "$used" ] || echo "free $area"
done 2>/dev/null
echo "lend_ratio $(cat /proc/sys/vm/cma_lend_ratio)"
for area in /sys/kernel/mm/cma/*; do
	[ -d "$area" ] && echo "sysfs ${area##*/}"
done
for heap in /dev/dma_heap/*; do
	echo "heap ${heap##*/}"
done
for heap in $(sed -n 's/.*heaps=\([^ ]*\).*/\1/p' /proc/cmdline | tr , ' '); do
	/root/camera "/dev/dma_heap/${heap%=*}" "${heap#*=}" 16 1 >/dev/null </dev/null 2>&1 &&
		echo "buffer $heap"
done
awk '/^(MemTotal|CmaTotal|CmaFree):/ { print "meminfo", $1, $2 }' /proc/meminfo
sed -n 's/^ *\([0-9a-f]*\)-\([0-9a-f]*\) : Crash kernel$/crash 0x\1 0x\2/p' /proc/iomem
# The kernel, from its code to its data, and the initrd
sed -n 's/^ *\([0-9a-f]*\)-\([0-9a-f]*\) : Kernel \(code\|data\)$/memory 0x\1 0x\2/p' /proc/iomem
for end in start end; do
	hexdump -v -e '"memory 0x" 8/1 "%02x" "\n"' "/proc/device-tree/chosen/linux,initrd-$end"
done 2>/dev/null
dmesg | sed -n 's/^\(<[0-9]*>\)*\[[^]]*\] //; /Command line/d; s/^/log /p'
# look=ADDRESS:BYTES,... - with all memory borrowed, what are these pages used for?
look=$(sed -n 's/.*look=\([^ ]*\).*/\1/p' /proc/cmdline | tr , ' ')
if [ -n "$look" ]; then
	mkdir -p /mnt
	mount -t tmpfs -o size=100% none /mnt
	# The kernel needs some to go on.
	while [ "$(awk '/^MemFree:/ { print int($2 / 1024) }' /proc/meminfo)" -gt 80 ]; do
		dd if=/dev/zero bs=1M count=16 2>/dev/null >>/mnt/all || break
	done
	awk '/^CmaFree:/ { print "left", int($2 / 1024) }' /proc/meminfo
	for part in $look; do
		dd if=/proc/kpageflags bs=8 skip=$((${part%:*} / page)) \
			count=$((${part#*:} / page)) 2>/dev/null | od -v -A n -t x8 -w8 >/flags
		# Not KPF_RESERVED alone, nor KPF_NOPAGE
		used=$(grep -cvxE ' *(0{7}10{8}|0{10}10{5})' /flags)
		echo "look ${part%:*} $((used * page)) of $(($(wc -l </flags) * page))"
	done
	rm /mnt/all
fi
exit 0
FACTS

# Runs in the guest: twice, as facts.sh, while memory of areas is lent to a program; then what
# zones have.
cat >"$out/lent.sh" <<'LENT'
meminfo() {
	awk -v name="$1:" '$1 == name { print int($2 / 1024) }' /proc/meminfo
}
every=1
mkfifo /tmp/full
for _ in 1 2; do
	# Not so much that it could not be moved elsewhere
	size=$((($(meminfo MemAvailable) - $(meminfo CmaTotal)) * 8 / 10))
	dd if=/dev/zero of=/tmp/full bs="${size}M" count=1 2>/dev/null &
	exec 5</tmp/full
	head -c 1 <&5 >/dev/null
	echo "lent $(($(meminfo CmaTotal) - $(meminfo CmaFree))) of $(meminfo CmaTotal)"
	(. /root/facts.sh)
	exec 5<&-
	wait
	echo "back $(meminfo CmaFree) of $(meminfo CmaTotal)"
done
awk '$1 == "Node" { node = int($2); zone = $4; lists = 0 }
	$1 ~ /^(low|spanned|present|managed|cma)$/ { has[$1] = $2 }
	$1 == "protection:" { gsub(/[(),]/, ""); reserve = $NF }
	$1 == "high:" && lists < $2 { lists = $2 }
	$1 == "start_pfn:" {
		print "zone", node, zone, $2, has["spanned"], has["present"], has["managed"],
			has["cma"], has["low"], lists, reserve
	}' /proc/zoneinfo
exit 0
LENT

# Runs in the guest: as facts.sh, lends memory, loads a crash kernel, and crashes.
cat >"$out/crash.sh" <<'CRASH'
(. /root/facts.sh)
mkdir -p /mnt
mount -t tmpfs -o size=100% none /mnt
dd if=/dev/zero of=/mnt/all bs=1M count=150 2>/dev/null
mv /root/dump.sh /vm/script
cd / || exit
printf '%s\n' init bin bin/busybox vm vm/nonce vm/script | cpio -o -H newc >/tmp/initrd 2>/dev/null
append=$(sed 's/ crashkernel=[^ ]*//g; s/$/ maxcpus=1/' /proc/cmdline)
/root/kdump /root/*Image /tmp/initrd "$append" || exit
echo c >/proc/sysrq-trigger
CRASH

# Runs in the crash kernel: what it may use, whether it can, and what the dump has.
cat >"$out/dump.sh" <<'DUMP'
awk '/^(MemTotal|CmaTotal):/ { print "dumper", $1, $2 }' /proc/meminfo
sed -n 's/^ *\([0-9a-f]*\)-\([0-9a-f]*\) : System RAM$/usable 0x\1 0x\2/p' /proc/iomem
# The program headers: type and flags, offset, two addresses, two sizes, alignment
count=$(dd if=/proc/vmcore bs=2 skip=28 count=1 2>/dev/null | od -A n -t u2)
dd if=/proc/vmcore bs=8 skip=8 count=$((7 * count)) 2>/dev/null | od -v -A n -t x8 -w56 |
	awk '$1 ~ /00000001$/ { print "dumped 0x" $4, "0x" $6 }'
mount -t tmpfs -o size=100% none /mnt
dd if=/dev/zero of=/mnt/all bs=1M count=100 2>/dev/null && echo "dumper filled"
DUMP

# The list of cases is gone through twice: to boot, and then to check the outcome. The
# machine is number n, and the case has a number of its own.
looking=
n=0
number=0
failed=0
title=
wrong=

flush() {
	[ -n "$title" ] || return 0
	if [ -z "$wrong" ]; then
		echo "ok $number - $title"
	else
		failed=$((failed + 1))
		printf '%s' "$wrong"
		echo "not ok $number - $title"
		echo "# log: $out/$n.log"
	fi
}

# boots TITLE APPEND [NAME=VALUE]... - a case; the rest is environment for vm.sh
boots() {
	also "$1"
	n=$((n + 1))
	if [ -n "$looking" ]; then
		if [ "$(cat "$out/$n.status" 2>/dev/null)" != 0 ]; then
			note "the boot ended with status $(cat "$out/$n.status" 2>/dev/null)"
			wrong+=$(sed 's/^/#     /' "$out/$n.err" 2>/dev/null)$'\n'
		fi
		return
	fi
	# A host with much to do lets its guests wait, which is no fault of theirs.
	printf '%s\0' "APPEND=${2//[$'\n\t']/ } rcupdate.rcu_cpu_stall_timeout=300" \
		"${@:3}" >"$out/$n.env"
}

# also TITLE - one more case, that looks at the machine of the case before
also() {
	[ -z "$looking" ] || flush
	number=$((number + 1))
	title=$1 wrong=
}

note() {
	wrong="$wrong#   $1"$'\n'
}

facts() {
	cat "$out/$n.facts"
}

# area NAME SIZE [LOW HIGH] - sizes and addresses in MiB; it is there, is in both places, has
# that size, or any if it is empty, lies between the addresses, and works
area() {
	[ -n "$looking" ] || return 0
	local kind name base size works
	read -r kind name base size works < <(facts | grep -F "area $1 " | grep "^area ")
	if [ -z "$kind" ]; then
		note "there is no area $1"
		return
	fi
	[ -z "$2" ] || [ "$size" = $(($2 << 20)) ] ||
		note "area $1 has $size bytes and not $(($2 << 20))"
	[ -z "${3:-}" ] || [ $((base >> 20)) -ge "$3" ] ||
		note "area $1 starts at $base, below $3 MiB"
	[ -z "${4:-}" ] || [ $(((base + size) >> 20)) -le "$4" ] ||
		note "area $1 at $base reaches past $4 MiB"
	[ "$works" = yes ] || note "nothing can be allocated from area $1"
	facts | grep -qxF "sysfs $1" || note "area $1 is missing in sysfs"
}

# lends NAME WORD - to whom the area does
lends() {
	[ -n "$looking" ] || return 0
	facts | grep -qxF "lend $1 $2" || note "area $1 does not lend to $2"
}

# lend_ratio PERCENT
lend_ratio() {
	[ -n "$looking" ] || return 0
	facts | grep -qx "lend_ratio $1" || note "vm.cma_lend_ratio is not $1"
}

# headroom NAME SIZE - in MiB; so much of the area is ready, or nothing if that is 0
headroom() {
	[ -n "$looking" ] || return 0
	local bytes=$(($2 << 20)) found
	found=$(facts | grep -F "headroom $1 ")
	[ "$bytes" != 0 ] || bytes=
	[ "$found" = "${bytes:+headroom $1 $bytes $bytes}" ] ||
		note "headroom of $1 is not $2 MiB: ${found:-none}"
}

no_area() {
	[ -n "$looking" ] || return 0
	facts | grep "^area" | grep -qF -e "area $1 " && note "there is an area $1"
	facts | grep -qxF "sysfs $1" && note "there is an area $1 in sysfs"
}

# total MIB - CmaTotal
total() {
	[ -n "$looking" ] || return 0
	facts | grep -qx "meminfo CmaTotal: $(($1 << 10))" ||
		note "CmaTotal is not $1 MiB but $(facts | sed -n 's/^meminfo CmaTotal: //p') KiB"
}

# areas NAME N - that many are called so, each in its own way, and work
areas() {
	[ -n "$looking" ] || return 0
	local many
	many=$(facts | grep -cE "^area $1(\.[0-9]+)? .* yes\$")
	[ "$many" = "$2" ] || note "$many areas $1 work, and not $2"
	many=$(facts | grep -cE "^sysfs $1(\.[0-9]+)?\$")
	[ "$many" = "$2" ] || note "$many areas $1 are in sysfs, and not $2"
}

# all_of NAME - all of it can be allocated and freed
all_of() {
	[ -n "$looking" ] || return 0
	facts | grep -qxF "full $1" || note "not all of area $1 can be allocated"
	facts | grep -qxF "free $1" || note "not all of area $1 can be freed"
}

# made_of NAME BASE SIZE... - it has these ranges and no others, in bytes, and all of it can
# be allocated
made_of() {
	[ -n "$looking" ] || return 0
	local want got
	want=$(printf "range $1 %d %d\n" "${@:2}")
	got=$(facts | grep -F "range $1 ")
	[ "$got" = "$want" ] || note "area $1 is not ${want//$'\n'/, } but ${got//$'\n'/, }"
	all_of "$1"
}

# heaps NAME... - there are dma-buf heaps of these names and no others, but for "system"
heaps() {
	[ -n "$looking" ] || return 0
	local want got
	want=$(printf 'heap %s\n' system "$@" | sort)
	got=$(facts | grep '^heap ' | sort)
	[ "$got" = "$want" ] || note "the heaps are not ${want//$'\n'/, } but ${got//$'\n'/, }"
}

# whole NAME - its files say that all of it is available, in one piece
whole() {
	[ -n "$looking" ] || return 0
	facts | grep -qxF "whole $1" || note "area $1 is not all available in one piece"
}

# untouched ADDRESS SIZE - nobody had memory there when all was borrowed; lent ADDRESS SIZE -
# the page allocator has all of it. That was asked for with look=.
untouched() {
	[ -n "$looking" ] || return 0
	facts | grep -qxF "look $1 0 of $(($2))" ||
		note "memory at $1 that is nobody's is used: $(facts | grep -F "look $1 ")"
}
lent() {
	[ -n "$looking" ] || return 0
	facts | grep -qxF "look $1 $(($2)) of $(($2))" ||
		note "not all memory at $1 is lent: $(facts | grep -F "look $1 ")"
}

# clear_of NAME - it has nothing of the kernel and of the initrd
clear_of() {
	[ -n "$looking" ] || return 0
	local kind name base size start end other many=0
	local -a others
	mapfile -t others < <(facts | sed -n 's/^memory //p')
	[ ${#others[@]} = 4 ] || note "it is not known where the kernel and the initrd are"
	others=("${others[0]%% *} ${others[1]##* }" "${others[2]} ${others[3]}")
	while read -r kind name base size; do
		many=$((many + 1))
		for other in "${others[@]}"; do
			read -r start end <<<"$other"
			[ $((base + size)) -le $((start)) ] || [ "$base" -gt $((end)) ] ||
				note "$kind of $name at $base, $size bytes, has a part of $other"
		done
	done < <(facts | grep -F "range $1 ")
	[ $many -gt 1 ] || note "area $1 has $many ranges"
}

# ranges NAME N SIZE LOW HIGH... - an area has N ranges or more, of SIZE in all, each between
# a LOW and its HIGH, all in MiB; and all of it can be allocated
ranges() {
	[ -n "$looking" ] || return 0
	local area=$1 many sum=0 kind name base size ok i
	shift
	local -a holes=("${@:3}")
	many=$(facts | grep -cF "range $area ")
	[ "$many" -ge "$1" ] || note "area $area has $many ranges and not $1"
	while read -r kind name base size; do
		sum=$((sum + size)) ok=
		for ((i = 0; i < ${#holes[@]}; i += 2)); do
			[ "$base" -lt $((holes[i] << 20)) ] ||
				[ $((base + size)) -gt $((holes[i + 1] << 20)) ] || ok=1
		done
		[ -n "$ok" ] || note "$kind of $name at $base, $size bytes, is where it must not be"
	done < <(facts | grep -F "range $area ")
	[ -z "$2" ] || [ $sum = $(($2 << 20)) ] ||
		note "the ranges have $sum bytes and not $(($2 << 20))"
	all_of "$area"
}

# logged WHOSE REGEX... - lines of the kernel log that start with WHOSE
logged() {
	[ -n "$looking" ] || return 0
	local regex
	for regex in "${@:2}"; do
		facts | grep -qE "^log $1.*$regex" || note "no line '$1...$regex' in the log"
	done
}

# no_lines REGEX - there are none in the log
no_lines() {
	[ -n "$looking" ] || return 0
	! facts | grep -qE "^log .*$1" || note "a line '$1' in the log"
}

# says REGEX... - any part of the kernel; complains REGEX... - the allocator
says() {
	logged "" "$@"
}
complains() {
	logged "cma: " "$@"
}

# Nothing else about cma in the log than that areas were reserved, until KUnit starts
content() {
	[ -n "$looking" ] || return 0
	local line
	line=$(facts | sed "/KTAP version/q" | grep "^log cma: " |
		grep -vE '[rR]eserved [0-9]+ MiB at' | head -n 1)
	[ -z "$line" ] || note "a complaint: ${line#log }"
}

# good VALUE SIZE [LOW HIGH] - a form of cma= that gives an area, beside another one
good() {
	boots "cma=$1" "cma=$1 numa_cma=0:8M"
	area reserved "${@:2}"
	area numa0 8
	total $(($2 + 8))
	content
}

# bad PARAMETER REGEX - it gives none, the log says why, the other one is there
bad() {
	boots "$1" "$1 numa_cma=0:8M"
	no_area reserved
	area numa0 8
	total 8
	complains "$2"
}

# ignored PARAMETER VALUE REGEX - a value, of several in one machine, that is refused as it is
# read: the log says so
ignored() {
	also "$1$2"
	complains "$3"
}

cmdline() {
	local low=$((ram + 256)) high=$((ram + 320))
	local hex entries entry
	hex=$(printf '0x%x' $((low << 20)))

	good 16M 16
	good 16m 16
	good 16384K 16
	good 16777216 16
	good 0x1000000 16
	good 5000K 6
	good "16M@0" 16
	good "16M@${low}M" 16 $low $((low + 16))
	good "16M@$hex" 16 $low $((low + 16))
	good "16M@${low}M-${high}M" 16 $low $high
	good "64M@${low}M-${high}M" 64 $low $high
	good "16M@$hex-$(printf '0x%x' $((high << 20)))" 16 $low $high
	good "16M@-${high}M" 16 0 $high
	good "8M cma=16M" 16
	# Of 512 MiB, not all of which the firmware leaves, in whole blocks.
	good 5% 26
	good "5%@${low}M" 26 $low $((low + 26))
	good "5%@${low}M-${high}M" 26 $low $high

	boots "cma=0" "cma=0 numa_cma=0:8M"
	no_area reserved
	area numa0 8
	total 8
	content

	boots "no cma= at all" ""
	no_area reserved
	total 0
	content

	boots "cma_pernuma=" "cma=16M cma_pernuma=8M"
	area pernuma0 8
	area reserved 16
	total 24
	content

	# Stock has the area of cma= alone. The one on each node is what CONFIG_CMA_SIZE_PERNUMA
	# makes of it, unless a parameter says what a node is to have.
	boots "a default area on each of two nodes" "cma=16M" NODES=2
	area reserved 16
	area pernuma0 16 "$ram" $((ram + 256))
	area pernuma1 16 $((ram + 256)) $((ram + 512))
	total 48
	content

	boots "a default area on each of two nodes, but for numa_cma=" "cma=16M numa_cma=1:8M" \
		NODES=2
	area reserved 16
	no_area pernuma0
	no_area pernuma1
	area numa1 8 $((ram + 256)) $((ram + 512))
	total 24
	content

	boots "a default area on each of two nodes, but for cma_pernuma=0" "cma=16M cma_pernuma=0" \
		NODES=2
	area reserved 16
	total 16
	content

	boots "no default area on two nodes" "cma=0" NODES=2
	total 0
	content

	boots "a percentage of each node" "numa=fake=2 cma=16M cma_pernuma=6% numa_cma=1:3%,0:8M"
	area pernuma0 16
	area pernuma1 16
	area numa0 8
	area numa1 8
	area reserved 16
	total 64
	content

	boots "cma_pernuma=, bad" "cma=16M cma_pernuma=MB numa_cma=0:8M"
	no_area pernuma0
	area reserved 16
	area numa0 8
	total 24
	complains "cma_pernuma=MB .*expected nn\\[KMGTPE\\] or nn%"

	boots "cma_pernuma= more than there is" "cma=16M cma_pernuma=1G"
	no_area pernuma0
	area reserved 16
	total 16
	complains "pernuma0: 1024 MiB .*at most the (512|511) MiB"

	boots "numa_cma= with bad entries among good ones" "cma=16M cma_pernuma=4M
		numa_cma=0:8M,x:8M,1:MB,1:101%,1:99999999T,99999:8M,0:16M,1:8M,"
	area reserved 16
	area numa0 8
	area pernuma0 4
	no_area numa1
	total 28
	ignored "entry of numa_cma=: " x:8M 'entry "x:8M" ignored: .*expected <node>:size'
	ignored "entry of numa_cma=: " 1:MB 'entry "1:MB" ignored'
	ignored "entry of numa_cma=: " 1:101% 'entry "1:101%" .*100%'
	ignored "entry of numa_cma=: " 1:99999999T 'entry "1:99999999T" .*too large'
	ignored "entry of numa_cma=: " 99999:8M 'entry "99999:8M" .*below [0-9]+'
	ignored "entry of numa_cma=: " "" 'entry "" ignored'
	ignored "entry of numa_cma=: " 0:16M 'entry "0:16M" .*already'
	ignored "entry of numa_cma=: " 1:8M 'node 1 ignored: .*expected one of 0$'

	boots "numa_cma= more than there is" "numa_cma=0:1G cma=8M"
	no_area numa0
	area reserved 8
	total 8
	complains "numa0: 1024 MiB .*at most the (512|511) MiB"

	boots "cma_headroom=" "cma=16M numa_cma=0:8M cma_headroom=reserved:4M,numa0:25%"
	area reserved 16
	area numa0 8
	headroom reserved 4
	headroom numa0 2
	total 24
	content

	entries=nowhere:4M,reserved:17M,reserved:101%,reserved,numa0:2M,:,numa0:,numa0:1Mx,numa0:1M
	boots "cma_headroom= with bad entries among a good one" \
		"cma=16M numa_cma=0:8M cma_headroom=$entries"
	area reserved 16
	headroom reserved 0
	headroom numa0 1
	total 24
	ignored "entry of cma_headroom=: " nowhere:4M \
		'entry "nowhere:4M" ignored: there is no such area; .*one of: .*reserved'
	ignored "entry of cma_headroom=: " reserved:17M \
		'entry "reserved:17M" .*more than the area has'
	ignored "entry of cma_headroom=: " reserved:101% 'entry "reserved:101%" .*100%'
	ignored "entry of cma_headroom=: " reserved 'entry "reserved,numa0:2M" ignored'
	ignored "entry of cma_headroom=: " : 'entry ":" ignored: there is no such area'
	ignored "entry of cma_headroom=: " numa0: 'entry "numa0:" ignored: a number is missing'
	ignored "entry of cma_headroom=: " numa0:1Mx 'entry "numa0:1Mx" .*something behind it'

	boots "cma_lend_ratio=" "cma=16M cma_lend_ratio=30"
	area reserved 16
	lend_ratio 30
	content

	entries="101 -1 50% text 4294967346"
	boots "bad values of cma_lend_ratio=" \
		"cma=16M cma_lend_ratio= cma_lend_ratio=${entries// / cma_lend_ratio=}"
	area reserved 16
	lend_ratio 50
	for entry in "" $entries; do
		ignored "cma_lend_ratio=" "$entry" \
			"cma_lend_ratio=$entry ignored; expected a number from 0 to 100"
	done

	boots "cma_lend=" "cma=16M numa_cma=0:8M cma_lend=reserved:user,numa0:movable"
	area reserved 16
	lends reserved user
	lends numa0 movable
	content

	entries=nowhere:user,reserved:users,reserved:,reserved,:,numa0:user
	boots "cma_lend= with bad entries among a good one" \
		"cma=16M numa_cma=0:8M cma_lend=$entries"
	area reserved 16
	lends reserved movable
	lends numa0 user
	ignored "entry of cma_lend=: " nowhere:user \
		'entry "nowhere:user" ignored: there is no such area; .*one of: .*reserved'
	ignored "entry of cma_lend=: " reserved:users \
		'entry "reserved:users" ignored: it is neither; expected AREA:user or AREA:movable'
	ignored "entry of cma_lend=: " reserved: 'entry "reserved:" ignored: it is neither'
	ignored "entry of cma_lend=: " reserved 'entry "reserved,:" ignored: '

	bad "cma" "cma= ignored"

	# Stock does not look at what follows a value: it is served, too.
	boots "cma=, numa_cma= and cma_pernuma= with something behind the size" \
		"cma=16MB numa_cma=0:8MiB,1:8M cma_pernuma=4M,x"
	area reserved 16
	area numa0 8
	area pernuma0 4
	total 28
	says '"B" behind 16M ignored' '"iB" behind 0:8M ignored' '",x" behind 4M ignored'

	boots "cma= with something behind the address" "cma=16M@${low}M400"
	area reserved 16 "$low" $((low + 16))
	total 16
	says "\"400\" behind 16M@${low}M ignored"

	boots "cma= with a start and no end" "cma=16M@${low}M-"
	area reserved 16 "$low" 65536
	total 16
	content

	boots "cma= with a start and no number for an end" "cma=16M@${low}M-text"
	area reserved 16 "$low" 65536
	total 16
	says "\"text\" behind 16M@${low}M- ignored"

	boots "nodes with blanks and zeros in front" "\"numa_cma=7:8M, 00:8M\" cma=16M"
	area reserved 16
	area numa0 8
	total 24
	complains "node 7 ignored"

	# Each is refused as it is read, and leaves what was read before as it is: nothing.
	local value
	# shellcheck disable=SC2054 # commas are part of them
	local -a values=("" 101% text -1 M 08M 0xM 16M@text
		"16M@${high}M-${low}M"
		"64M@${low}M-$((low + 32))M" "16M@$(((low << 20) + 1024))"
		99999999999999999999 99999999999T 16M@0xffffffffff000000)
	boots "bad values of cma=" "${values[*]/#/cma=} numa_cma=0:8M"
	no_area reserved
	area numa0 8
	total 8
	for value in "${values[@]}"; do
		ignored "cma=" "$value" "cma=$value ignored: "
	done

	bad "cma=64G" "(65536 MiB|64G|0x0*1000000000)"
	bad "cma=16E" "(16E|17592186044416 MiB|0x[1f]0*)"
	bad "cma=16M@$((ram + 4096))M" "$(printf '0x0*%x' $(((ram + 4096) << 20)))"
	bad "cma=16M@${kernel}M" "$(printf '0x0*%x' $((kernel << 20)))"
}

# zone_has NODE AREA... - the zone Movable of the node has all memory of these areas, and each
# serves while it is lent to a program
zone_has() {
	[ -n "$looking" ] || return 0
	local area kind name base size start spanned present managed cma low lists page
	first='' last=0 pages=0
	page=$(facts | sed -n 's/^page //p; T; q')
	for area in "${@:2}"; do
		while read -r kind name base size; do
			base=$((base / page)) size=$((size / page))
			[ "${first:-$base}" -lt $base ] || first=$base
			[ $last -gt $((base + size)) ] || last=$((base + size))
			pages=$((pages + size))
		done < <(facts | grep -F "range $area " | sort -u)
		for kind in full free; do
			[ "$(facts | grep -cxF "$kind $area")" = 2 ] ||
				note "not all of area $area can be allocated and freed again"
		done
	done
	read -r kind name kind start spanned present managed cma low lists _ \
		< <(facts | grep "^zone $1 Movable ")
	if [ -z "$lists" ]; then
		note "there is no zone Movable of node $1"
		return
	fi
	{ [ "$start" -le "$first" ] && [ $((start + spanned)) -ge "$last" ]; } ||
		note "zone Movable has $spanned pages from $start, areas are at $first to $last"
	{ [ "$present" -ge $pages ] && [ "$managed" -ge $pages ] && [ "$cma" -ge $pages ]; } ||
		note "zone Movable has $present, $managed and $cma pages, areas have $pages"
	{ [ "$low" -gt 0 ] && [ "$lists" -gt 0 ]; } ||
		note "zone Movable has a watermark of $low, and $lists pages in lists of CPUs"
	facts | awk '$1 == "lent" || $1 == "back" { n++; bad += $2 < $4 * 3 / 4 }
		END { exit n != 4 || bad }' ||
		note "lent and given back, MiB: $(facts | grep -E '^(lent|back)' | tr '\n' ' ')"
}

# own_zone NODE AREA... - as that, and it has nothing else, nor does it span more
own_zone() {
	zone_has "$@"
	[ -n "$looking" ] || return 0
	local start spanned present managed cma
	read -r _ _ _ start spanned present managed cma _ \
		< <(facts | grep "^zone $1 Movable ")
	[ "$start $spanned" = "$first $((last - first))" ] ||
		note "zone Movable has $spanned pages from $start, areas are at $first to $last"
	[ "$present $managed $cma" = "$pages $pages $pages" ] ||
		note "zone Movable has $present, $managed and $cma pages, areas have $pages"
}

# as_before - each node has as many pages as in the machine before, in whatever zones, and the
# other zones keep as many in reserve
as_before() {
	[ -n "$looking" ] || return 0
	# shellcheck disable=SC2016 # for awk
	local sum='$1 == "zone" { has[$2] += $6; managed[$2] += $7; cma[$2] += $8 }
		$1 == "zone" && $3 != "Movable" { reserve[$2] += $11 }
		END {
			for (i = 0; i in has; i++)
				print i, has[i], managed[i], cma[i], reserve[i]
		}'
	[ "$(facts | awk "$sum")" = "$(awk "$sum" "$out/$((n - 1)).facts")" ] ||
		note "pages by node are not as before: $(facts | awk "$sum" | tr '\n' ';')"
}

# both_zones TITLE APPEND [NAME=VALUE]... - two machines, one with a zone for areas
both_zones() {
	local -a lent=(SCRIPT="$out/lent.sh" FILES="$out/facts.sh")
	local kunit="kunit.enable=1 kunit.filter_glob=cma_zone"
	boots "$1, where they lie" "$2 $kunit" "${lent[@]}" "${@:3}"
	no_lines "moved to ZONE_MOVABLE"
	says "cma_zone: pass:[1-9][0-9]* fail:0 skip:0"
	boots "$1, in a zone of their own" "$2 $kunit cma_zone=movable" "${lent[@]}" "${@:3}"
	no_lines "stay where they are"
	says "cma_zone: pass:[1-9][0-9]* fail:0 skip:0"
	as_before
}

# cma_zone=: all areas are in ZONE_MOVABLE, and everything else is as before.
own_zones() {
	local entry entries="text movables Movable"

	both_zones "areas" "cma=64M numa_cma=0:32M"
	own_zone 0 reserved numa0

	both_zones "areas far apart" "cma=32M@$((ram + 256))M numa_cma=0:32M"
	own_zone 0 reserved numa0

	both_zones "areas of two nodes" "cma=64M cma_pernuma=32M cma_test_multi=64M,0,0" \
		MEM=1G NODES=2
	own_zone 0 pernuma0 multi
	own_zone 1 pernuma1 reserved

	both_zones "an area beside movablecore=" "cma=64M@$((ram + 256))M movablecore=128M" \
		MEM=1G
	zone_has 0 reserved

	both_zones "an area of several ranges" "cma_test_multi=300M" MEM=1G
	own_zone 0 multi

	boots "cma_zone=movable without areas" "cma=0 cma_zone=movable"
	total 0
	content

	boots "bad values of cma_zone=" \
		"cma=16M cma_zone= cma_zone=${entries// / cma_zone=}"
	area reserved 16
	no_lines "moved to ZONE_MOVABLE"
	for entry in "" $entries; do
		ignored "cma_zone=" "$entry" "cma_zone=$entry ignored; expected \"movable\""
	done
}

# An area across the border of two zones is cut there; the unit that contains the border,
# if one does, is ordinary memory. (Stock: the area is dead.) Where ZONE_MOVABLE starts is
# known only to a kernel that has one; with more kernelcore= it is that much higher.
zones() {
	boots "kernelcore= alone" "kernelcore=256M cma=16M"
	local border more all=0 now hole='' gap=0 mem=512M
	if [ -n "$looking" ]; then
		all=$(facts | sed -n 's/^meminfo MemTotal: //p')
	fi
	border=$(sed -n 's/^log   Node 0: \(0x[0-9a-f]*\)$/\1/p' "$out/border.facts" 2>/dev/null)
	border=$((${border:-0} >> 20))

	boots "an area that spans two zones" \
		"kernelcore=256M cma=16M@$((border - 8))M numa_cma=0:8M"
	area reserved 16 $((border - 8)) $((border + 8))
	area numa0 8
	total 24
	complains "area reserved: cut from 1 into 2 ranges, each in one zone"
	if [ -n "$looking" ]; then
		[ "$border" != 0 ] || note "the start of ZONE_MOVABLE is not in the log"
		[ "$(facts | grep -c "^range reserved .* $((8 << 20))\$")" = 2 ] ||
			note "the ranges are not of 8 MiB each"
	fi

	boots "an area that spans two zones, in one of its own" \
		"kernelcore=256M cma=16M@$((border - 8))M numa_cma=0:8M cma_zone=movable"
	area reserved 16 $((border - 8)) $((border + 8))
	area numa0 8
	total 24
	complains "area reserved: 16384 KiB moved to ZONE_MOVABLE of node 0"
	no_lines "cut from"

	# Units of 16 MiB, and a border that is in one. On arm64 the initrd makes the hole; on
	# x86_64 it is where the larger part of memory comes first and the kernel has the rest.
	more=$((256 + (border % 16 ? 0 : 4)))
	border=$((border + more - 256))
	if [ "$ARCH" = x86_64 ]; then
		hole="memmap=8M\$$((border - border % 16 + 32))M" mem=640M
		all=$((all + 128 * 1024)) gap=$((8192 + 4096))
	fi
	boots "an area of several ranges, a unit of which spans two zones" \
		"kernelcore=${more}M $hole cma_test_multi=384M,0,-1,12" "MEM=$mem"
	complains "multi: 16384 KiB cannot be used: .* two zones meet; .* page allocator" \
		"area multi: cut from [2-9] into [3-9] ranges, each in one zone"
	total 368
	ranges multi 3 368 0 $((border - border % 16)) $((border - border % 16 + 16)) 65536
	[ -n "$looking" ] || return 0
	now=$(facts | sed -n 's/^meminfo MemTotal: //p')
	[ "${now:-0}" -gt $((${all:-0} - gap - 1024)) ] ||
		note "the memory given up is lost: $now of $all KiB"
}

# node NAME PROPERTIES... - a reserved-memory node
node() {
	printf '%s: %s {\n' "${1%@*}" "$1"
	shift
	printf '\t%s;\n' "$@"
	printf '};\n'
}

# pool NAME PROPERTIES... - one that asks for an area
pool() {
	node "$1" 'compatible = "shared-dma-pool"' reusable "${@:2}"
}

# overlay FILE [NAME...] - nodes on stdin, put under /reserved-memory; each that is
# named has a device that gets its memory there
overlay() {
	local file=$1 name
	shift
	{
		printf '/dts-v1/;\n/plugin/;\n&{/} {\nreserved-memory {\n'
		printf '#address-cells = <2>;\n#size-cells = <2>;\nranges;\n'
		cat
		printf '};\n'
		for name; do
			printf 'user-of-%s {\n' "${name%@*}"
			printf '\tcompatible = "linux,cma-test";\n'
			printf '\tmemory-region = <&%s>;\n};\n' "${name%@*}"
		done
		printf '};\n'
	} >"$file"
}

mib() {
	printf '<0x0 0x%x 0x0 0x%x>' $(($1 << 20)) $(($2 << 20))
}

device_tree() {
	local heaps=camera@50000000=camera@50000000,video=video,ours@54000000=ours@54000000
	heaps+=,default_cma_region=ours@54000000,tiny@58000000=tiny@58000000
	local one=$out/areas.dtso twin=$out/twin.dtso bad=$out/bad.dtso odd=$out/odd.dtb
	{
		pool camera@50000000 "reg = $(mib 1280 16)" "linux,cma-headroom = <0x0 0x400000>"
		pool video "size = <0x0 0x800000>" "alignment = <0x0 0x400000>" \
			'linux,cma-lend = "user"' \
			"alloc-ranges = $(mib 1400 64)"
		pool anywhere "size = <0x0 0x600000>"
		pool ours@54000000 "reg = $(mib 1344 8)" linux,cma-default
		pool tiny@58000000 "reg = $(mib 1408 1)"
	} | overlay "$one" camera@50000000 video ours@54000000 tiny@58000000
	{
		pool reserved "size = <0x0 0x800000>"
		pool numa0 "size = <0x0 0x400000>"
	} | overlay "$twin"
	{
		pool fine@50000000 "reg = $(mib 1280 16)" "linux,cma-headroom = <0x2000000>" \
			'linux,cma-lend = "user", "movable"'
		node private@52000000 'compatible = "shared-dma-pool"' "reg = $(mib 1312 16)"
		# Nothing can be lent together with what is next to these.
		node walls@55500000 no-map "reg = $(mib 1365 1), $(mib 1376 1), $(mib 1385 1),
			$(mib 1392 1), $(mib 1395 1)"
		pool head@55000000 "reg = $(mib 1360 5)"
		pool tail@56100000 "reg = $(mib 1377 3)"
		pool short@56800000 "reg = $(mib 1384 1)"
		pool askew@57100000 "reg = $(mib 1393 2)"
		pool unmapped@58000000 no-map "reg = $(mib 1408 16)"
		pool outside@900000000 "reg = <0x9 0x0 0x0 0x1000000>"
		pool toolarge "size = <0x10 0x0>"
	} | overlay "$bad" fine@50000000 short@56800000 askew@57100000 outside@900000000 toolarge

	boots "device tree: fixed, with size and place, with size alone, default" \
		"heaps=$heaps" DTB_OVERLAY="$one" FILES="$out/camera"
	area camera@50000000 16 1280 1296
	headroom camera@50000000 4
	area video 8 1400 1464
	lends video user
	lends camera@50000000 movable
	area anywhere 6
	area ours@54000000 8 1344 1352
	area tiny@58000000 1 1408 1409
	no_area reserved
	# The block of the tiny one is lent as a whole.
	total 40
	content
	says "user-of-camera: memory from area camera@50000000" \
		"user-of-video: memory from area video" \
		"user-of-ours: memory from area ours@54000000" \
		"user-of-tiny: memory from area tiny@58000000"

	# Stock has one of the default area alone, called ours@54000000.
	also "device tree: a dma-buf heap of each area, whose buffers come from there"
	heaps camera@50000000 video anywhere ours@54000000 tiny@58000000 default_cma_region
	local pair
	for pair in ${heaps//,/ }; do
		[ -z "$looking" ] || facts | grep -qxF "buffer $pair" ||
			note "no buffer for heap=area $pair"
	done

	boots "device tree: cma= takes the place of the default" \
		"cma=16M cma_headroom=camera@50000000:2M" DTB_OVERLAY="$one"
	area camera@50000000 16 1280 1296
	headroom camera@50000000 2
	no_area ours@54000000
	area reserved 16
	total 48
	heaps camera@50000000 video anywhere tiny@58000000 reserved default_cma_region
	# On a stock kernel this device gets -22.
	says "area ours@54000000 is given up" \
		"user-of-ours: memory from area reserved"

	# Stock gives up the node, too, and there is no default area.
	boots "device tree: cma= that has no room does not" "cma=16M@${kernel}M" \
		DTB_OVERLAY="$one"
	area ours@54000000 8 1344 1352
	no_area reserved
	total 40
	says "area ours@54000000 stays the default area" \
		"user-of-ours: memory from area ours@54000000"

	boots "device tree: cma= where the default is" "cma=16M@1340M" DTB_OVERLAY="$one"
	no_area ours@54000000
	area reserved 16 1340 1356
	total 48

	boots "device tree: areas of one name" "cma=16M numa_cma=0:8M" DTB_OVERLAY="$twin"
	total 36
	if [ -n "$looking" ]; then
		local name
		for name in reserved numa0; do
			[ "$(facts | grep -cE "^sysfs $name([^@].*)?\$")" = 2 ] ||
				note "there are not two areas $name in sysfs"
			[ "$(facts | grep -cE "^area $name([^@].*)? .* yes\$")" = 2 ] ||
				note "there are not two areas $name that work"
		done
	fi

	boots "device tree: nodes that cannot be" "numa_cma=0:8M" DTB_OVERLAY="$bad"
	area fine@50000000 16 1280 1296
	area numa0 8
	area head@55000000 4 1360 1364
	area tail@56100000 2 1378 1380
	heaps fine@50000000 head@55000000 tail@56100000
	local name
	for name in private@52000000 short@56800000 askew@57100000 unmapped@58000000 \
		    outside@900000000 toolarge; do
		no_area $name
	done
	total 30
	headroom fine@50000000 0
	lends fine@50000000 movable
	says "fine@50000000: linux,cma-headroom ignored: .* 4 bytes; expected a size of 2 cells" \
		"fine@50000000: linux,cma-lend .*ignored; expected \"movable\" or \"user\"" \
		"head@55000000: 0x0*55400000 to 0x0*554fffff does not fill a block of 2048 KiB" \
		"tail@56100000: 0x0*56100000 to 0x0*561fffff does not fill a block of 2048 KiB" \
		"short@56800000 .*expected at least 2048 KiB" \
		"askew@57100000 .*expected at least 2048 KiB" \
		"toolarge: size 0x0*1000000000 is more than the memory that there is" \
		"55000000..0x0*553fffff \(4096 KiB\) map reusable head"

	# On stock, of_reserved_mem_lookup() finds the first three of these, though their memory
	# has been given back.
	also "device tree: nodes that cannot be are not found by drivers"
	for name in short askew outside toolarge; do
		says "user-of-$name: no area: -22, node not found"
	done
	says "user-of-fine: memory from area fine@50000000"
	no_lines "node found"

	# dtc would not let such a name pass; the library below it does.
	if [ -z "$looking" ]; then
		"${qemu%%:*}" "${machine[@]}" -m 512M -smp 2 -display none \
			-machine "dumpdtb=$odd" >/dev/null 2>&1
		odd_name='/reserved-memory/cam%s%d@50000000'
		fdtput -c "$odd" /reserved-memory "$odd_name" || die "fdtput did not write $odd"
		while read -ra words; do
			fdtput "${words[@]}" || die "fdtput could not: ${words[*]}"
		done <<-PROPERTIES
			-t i $odd /reserved-memory #address-cells 2
			-t i $odd /reserved-memory #size-cells 2
			$odd /reserved-memory ranges
			-t s $odd $odd_name compatible shared-dma-pool
			$odd $odd_name reusable
			-t i $odd $odd_name reg 0 $((1280 << 20)) 0 $((16 << 20))
		PROPERTIES
	fi
	boots "device tree: a name that looks like a format" "" "QEMU_ARGS=-dtb $odd"
	area 'cam%s%d@50000000' 16 1280 1296
	# On stock there is none, as it is not the default area; one would be a format.
	heaps 'cam%s%d@50000000'
	content
}

# overlay_on FILE TEXT - the board's tree as FILE.dtb, FILE.dtso laid over it, with TEXT at its
# start, where no overlay can put anything
overlay_on() {
	"${qemu%%:*}" "${machine[@]}" -m 1G -smp 2 -display none \
		-machine "dumpdtb=$1.board" >/dev/null 2>&1
	if dtc -q -@ -I dts -O dtb -o "$1.dtbo" "$1.dtso" &&
	   fdtoverlay -i "$1.board" -o "$1.laid" "$1.dtbo" &&
	   dtc -q -I dtb -O dts "$1.laid" | sed "s|^/dts-v1/;|&\n$2|" >"$1.dts" &&
	   dtc -q -I dts -O dtb -o "$1.dtb" "$1.dts"; then
		return
	fi
	die "$1.dtso could not be laid over the board's tree"
}

# Nodes in which others have memory, and nodes that do not fill blocks: what is not an area's
# is neither lent nor handed out. On stock, the ones have it all, and a kernel whose initrd
# is written over, or the secure world, ends the test; the others have 4 MiB and nothing.
neighbours() {
	local tree=$out/neighbours look
	{
		node before@53000000 no-map "reg = $(mib 1328 1)"
		pool pool@50000000 "reg = $(mib 1280 128)" linux,cma-default
		node after@57000000 no-map "reg = $(mib 1392 1)"
		pool kernel@40000000 "reg = $(mib 1024 192)"
		pool outer@64000000 "reg = $(mib 1600 64)"
		pool inner@65000000 "reg = $(mib 1616 16)"
		node plain@67000000 "reg = $(mib 1648 2)"
		pool header@6a000000 "reg = $(mib 1696 16)"
		pool lazy "size = <0x0 0x200000>" "alloc-ranges = $(mib 1712 4)"
		pool image@60000000 "reg = <0x0 0x60000000 0x0 0x4c0000>"
		pool fb@61080000 "reg = <0x0 0x61080000 0x0 0x100000>"
		pool twin@62000000 "reg = <0x0 0x62000000 0x0 0x4c0000>"
		pool other@624c0000 "reg = <0x0 0x624c0000 0x0 0x340000>"
	} | overlay "$tree.dtso" image@60000000 fb@61080000 pool@50000000
	local reserved="/memreserve/ 0x6a400000 0x100000;\n/memreserve/ 0x6b200000 0x200000;"
	[ -n "$looking" ] ||
		overlay_on "$tree" "$reserved\n/memreserve/ 0x65000000 0x1000000;"

	look=0x53000000:0x100000,0x57000000:0x100000,0x67000000:0x200000,0x6a400000:0x100000
	look=$look,0x604c0000:0x140000,0x61000000:0x80000
	boots "neighbours: no-map memory in an area, in either order" "look=$look" MEM=1G \
		"QEMU_ARGS=-dtb $tree.dtb"
	made_of pool@50000000 0x50000000 0x3000000 0x53200000 0x3e00000 0x57200000 0xe00000
	untouched 0x53000000 0x100000
	untouched 0x57000000 0x100000
	says "pool@50000000: 0x0*53000000 to 0x0*530fffff is not for its area: node before" \
		"pool@50000000: 0x0*57000000 to 0x0*570fffff is not for its area: node after" \
		"pool@50000000: 0x0*53100000 to 0x0*531fffff does not fill a block" \
		"user-of-pool: memory from area pool@50000000"
	if [ -n "$looking" ]; then
		[ "$(facts | sed -n 's/^left //p')" -lt 64 ] || note "the areas were not lent"
	fi

	also "neighbours: the kernel, the initrd and the device tree in an area"
	clear_of kernel@40000000
	all_of kernel@40000000
	says "kernel@40000000: .* is not for its area: the kernel" \
		"kernel@40000000: .* is not for its area: the initrd" \
		"kernel@40000000: .* is not for its area: reserved before"

	also "neighbours: a node in a node"
	made_of outer@64000000 0x64000000 0x1000000 0x66000000 0x1000000 0x67200000 0xe00000
	made_of inner@65000000 0x65000000 0x1000000
	untouched 0x67000000 0x200000

	also "neighbours: what the header of the tree reserves"
	made_of header@6a000000 0x6a000000 0x400000 0x6a600000 0xa00000
	made_of lazy 0x6b000000 0x200000
	untouched 0x6a400000 0x100000

	also "neighbours: nodes that do not fill blocks"
	made_of image@60000000 0x60000000 0x4c0000
	made_of fb@61080000 0x61080000 0x100000
	whole image@60000000
	whole fb@61080000
	lent 0x604c0000 0x140000
	lent 0x61000000 0x80000
	says "user-of-image: memory from area image@60000000" \
		"user-of-fb: memory from area fb@61080000" \
		"image@60000000: 0x0*604c0000 to 0x0*605fffff is lent together with its area" \
		"fb@61080000: 0x0*61000000 to 0x0*6107ffff is lent together with its area"

	# The second one comes first, and has the block that they share freed.
	also "neighbours: two nodes in one block"
	made_of twin@62000000 0x62000000 0x4c0000
	made_of other@624c0000 0x62600000 0x200000
}

# Nodes with more than one entry in "reg". Stock makes an area of the first entry alone, if it
# fills blocks, and loses the memory of the others: several has 16 MiB, with the no-map memory
# in them, big 16 MiB and inner 4 MiB, left 4 MiB of which right has 2 MiB, too, and there is
# neither hollow nor far.
entries() {
	local tree=$out/entries.dtso look
	{
		node sec@58400000 no-map "reg = $(mib 1412 1)"
		pool several@50000000 linux,cma-default "reg = $(mib 1408 16), $(mib 1280 8),
			<0x0 0x54080000 0x0 0x300000>, $(mib 1288 4), $(mib 1290 1)"
		pool big@60000000 "reg = $(mib 1536 16), $(mib 1664 32)"
		pool inner@69000000 "reg = $(mib 1680 4), $(mib 1728 2)"
		node plain@70000000 "reg = $(mib 1792 1), $(mib 1796 1)"
		pool hollow@74000000 "reg = $(mib 1856 0), $(mib 1858 2)"
		node walls@76100000 no-map "reg = $(mib 1889 1), $(mib 1891 1)"
		pool none@76000000 "reg = $(mib 1888 1), $(mib 1890 1)"
		pool left@78000000 "reg = $(mib 1920 4), $(mib 1936 20)"
		pool right@78200000 "reg = $(mib 1922 8)"
		pool far@7c000000 "reg = <0x9 0x0 0x0 0x1000000>, $(mib 1984 2)"
	} | overlay "$tree" several@50000000 inner@69000000 hollow@74000000 none@76000000

	look=0x58400000:0x100000,0x54000000:0x80000,0x54380000:0x80000
	look=$look,0x70000000:0x100000,0x70400000:0x100000
	boots "entries: an area of all, in order, without what others have" "look=$look" MEM=1G \
		DTB_OVERLAY="$tree"
	made_of several@50000000 0x50000000 0xc00000 0x54080000 0x300000 0x58000000 0x400000 \
		0x58600000 0xa00000
	untouched 0x58400000 0x100000
	lent 0x54000000 0x80000
	lent 0x54380000 0x80000
	says "several@50000000: 0x0*58400000 to 0x0*584fffff is not for its area: node sec@" \
		"several@50000000: 0x0*58500000 to 0x0*585fffff does not fill a block" \
		"several@50000000: 0x0*54000000 to 0x0*5407ffff is lent together with its area" \
		"created CMA memory pool at 0x0*50000000, size 29 MiB, ranges 4" \
		"user-of-several: memory from area several@50000000"
	no_lines "ignores [0-9]+ regions in node '(several|big|inner|hollow|none)"

	also "entries: one area in another"
	made_of big@60000000 0x60000000 0x1000000 0x68000000 0x1000000 0x69400000 0xc00000
	made_of inner@69000000 0x69000000 0x400000 0x6c000000 0x200000
	made_of left@78000000 0x78000000 0x200000 0x79000000 0x1400000
	made_of right@78200000 0x78200000 0x800000
	says "user-of-inner: memory from area inner@69000000" \
		"left@78000000: 0x0*78200000 to 0x0*789fffff is not for its area: node right@"

	also "entries: one where there is no memory"
	area far@7c000000 2 1984 1986
	says "far@7c000000: 0x0*80000000 to 0x[0-9a-f]* is not for its area: no memory"

	# As on stock
	also "entries: of a node that asks for no area"
	untouched 0x70000000 0x100000
	untouched 0x70400000 0x100000
	says "ignores 1 regions in node 'plain@70000000'"

	also "entries: an empty one first"
	area hollow@74000000 2 1858 1860
	says "user-of-hollow: memory from area hollow@74000000"

	also "entries: none that fills a block"
	no_area none@76000000
	says "none@76000000: 0x0*76000000 to 0x0*760fffff does not fill a block" \
		"none@76000000: 0x0*76200000 to 0x0*762fffff does not fill a block" \
		"none@76000000 at 0x0*76000000, size 0x0*200000, ignored: it does not hold one" \
		"user-of-none: no area: -22, node not found"
}

# A node whose room is cut in two. On stock there is no area, and its device gets -22.
pieces() {
	local tree=$out/pieces.dtso
	{
		node blob@5ff00000 no-map "reg = <0x0 0x5ff00000 0x0 0x10000>"
		pool linux,cma "size = <0x0 0x20000000>" "alloc-ranges = $(mib 1024 768)" \
			linux,cma-default
		node firmware@7b000000 no-map "reg = $(mib 1968 1)"
		pool less "size = <0x0 0x10000000>" "alloc-ranges = $(mib 1936 16),
			$(mib 1944 40)"
		pool odd "size = <0x0 0x480000>" "alloc-ranges = $(mib 1800 32)"
	} | sed 's/^linux,cma:/cma:/' | overlay "$tree" cma less odd

	boots "pieces: a hole where a node may lie" "" MEM=1G DTB_OVERLAY="$tree"
	ranges linux,cma 2 512 1024 1535 1536 1792
	says "linux,cma: 0x0*5ff00000 to 0x0*5ff0ffff is not for its area: node blob@5ff00000" \
		"user-of-cma: memory from area linux,cma"

	also "pieces: less than wanted"
	made_of less 0x79000000 0x2000000 0x7b200000 0xe00000
	complains "less: 46 MiB instead of 256 MiB"
	says "user-of-less: memory from area less"

	also "pieces: a size that does not fill blocks"
	area odd 6 1800 1832
	says "user-of-odd: memory from area odd"
}

# cma= larger than the largest hole. On stock there is no area.
large() {
	local end=6144 hole=3072 part=3500 most=4900
	[ "$ARCH" != arm64 ] || end=7168

	if [ "$ARCH" = x86_64 ]; then
		# Memory goes on at 4 GiB.
		boots "large: an area with a hole in it" cma=${part}M MEM=5G
		ranges reserved 2 $part 1 $hole 4096 $end
		content

		boots "large: as much as there is, but for an eighth" cma=${most}M MEM=5G
		ranges reserved 2 "" 1 $hole 4096 $end
	else
		# 3 GiB are below 4 GiB, and seven eighths of them fit in one piece.
		boots "large: as much as there is below a limit" cma=3000M@-4G MEM=6G
		area reserved "" 1024 4096
		part=2600 most=3000
	fi
	complains "area reserved: [0-9]* MiB instead of $most MiB"
	if [ -n "$looking" ]; then
		local got
		got=$(facts | sed -n 's/^meminfo CmaTotal: //p')
		[ "$((got >> 10))" -gt $part ] || note "the area has just $got KiB"
	fi

	[ "$ARCH" != x86_64 ] || return 0
	boots "large: a place beyond the limit of DMA" "cma=1G@5G" MEM=6G
	area reserved 1024 5120 6144
	content
}

# usable NAME - the crash kernel had all of the area, and the dump nothing of it
usable() {
	[ -n "$looking" ] || return 0
	local kind name base size start end other ok
	facts | grep -q '^dumped 0x' || note "there is nothing in the dump"
	facts | grep -qx "dumper filled" || note "the crash kernel could not fill 100 MiB"
	while read -r kind name base size; do
		ok=
		while read -r other start end; do
			[ $((start)) -gt "$base" ] || [ $((end)) -lt $((base + size - 1)) ] || ok=1
		done < <(facts | grep '^usable ')
		[ -n "$ok" ] || note "the crash kernel did not have $kind of $name at $base"
		while read -r other start end; do
			[ $((start + end)) -le "$base" ] || [ $((start)) -ge $((base + size)) ] ||
				note "the dump has a part of $kind of $name at $base"
		done < <(facts | grep '^dumped ')
	done < <(facts | grep -F "range $1 ")
}

# crashkernel=SIZE,cma. Stock takes it for a wrong value of crashkernel=, and reserves nothing.
crash() {
	local value kind name base size start end memory
	# shellcheck disable=SC2054 # commas are part of them
	local -a values=(,cma 96MB,cma 1G-2G:96M,cma 96M@16M,cma 101%,cma
		99999999999999999999,cma)

	boots "crashkernel=,cma: an area beside the memory of the crash kernel itself" \
		"crashkernel=96M,cma crashkernel=64M"
	area crashkernel 96
	lends crashkernel movable
	total 96
	content
	if [ -n "$looking" ]; then
		read -r kind start end < <(facts | grep '^crash ')
		[ $((end + 1 - start)) = $((64 << 20)) ] ||
			note "the crash kernel has $kind $start $end and not 64 MiB"
		while read -r kind name base size; do
			[ $((base + size)) -le $((start)) ] || [ "$base" -gt $((end)) ] ||
				note "$kind of $name is memory of the crash kernel itself"
		done < <(facts | grep -F "range crashkernel ")
	fi

	boots "crashkernel=,cma: a percentage, the last one given, to user space only" \
		"crashkernel=64M crashkernel=32M,cma crashkernel=12%,cma cma_lend=crashkernel:user"
	area crashkernel 62
	lends crashkernel user
	total 62
	content

	boots "crashkernel=,cma: bad values" \
		"crashkernel=64M ${values[*]/#/crashkernel=} numa_cma=0:8M"
	no_area crashkernel
	total 8
	for value in "${values[@]}"; do
		ignored "area of crashkernel=" "$value" \
			"area of crashkernel=${value%,cma} ignored: .*expected nn\\[KMGTPE\\] or nn%"
	done
	also "crashkernel=,cma: bad values do no harm to a good one without"
	[ -z "$looking" ] || facts | grep -q '^crash ' || note "there is no memory of that"

	boots "crashkernel=,cma: alone" "crashkernel=96M,cma"
	no_area crashkernel
	total 0
	complains "area of crashkernel= ignored: .*expected a crashkernel= without \",cma\", too"

	boots "crashkernel=,cma: none" "crashkernel=64M crashkernel=0,cma"
	no_area crashkernel
	total 0
	content

	boots "crashkernel=,cma: as much as there is, but for an eighth" \
		"crashkernel=64M crashkernel=500M,cma"
	area crashkernel ""
	complains "area crashkernel: [0-9]* MiB instead of 500 MiB: .*an eighth of memory"
	if [ -n "$looking" ]; then
		size=$(facts | sed -n 's/^meminfo CmaTotal: //p')
		[ $((size >> 10)) -gt 250 ] || note "the area has just $size KiB"
	fi

	# More than four pieces: the crash kernel does not look for more.
	if [ "$ARCH" = x86_64 ]; then
		# shellcheck disable=SC2016 # for the kernel
		printf -v memory 'memmap=1M$%sM ' 128 192 256 320 384 448
		boots "crashkernel=,cma: more pieces than a crash kernel looks for" \
			"crashkernel=32M crashkernel=330M,cma $memory"
		ranges crashkernel 5 330 1 512
		complains "area crashkernel: of 330 MiB, the crash kernel gets [0-9]* MiB, 4 ranges"
		return
	fi

	{
		node hole@48000000 no-map "reg = $(mib 1152 1)"
		node gap@50000000 no-map "reg = $(mib 1280 1)"
	} | overlay "$out/gaps.dtso"
	boots "crashkernel=,cma: a crash kernel that uses an area of several pieces" \
		"crashkernel=64M crashkernel=300M,cma" DTB_OVERLAY="$out/gaps.dtso" VM_WATCH= \
		SCRIPT="$out/crash.sh" "FILES=$out/kdump $out/facts.sh $out/dump.sh $KERNEL"
	ranges crashkernel 2 300 1024 1536
	usable crashkernel
	if [ -n "$looking" ]; then
		size=$(facts | sed -n 's/^dumper MemTotal: //p')
		[ $((size >> 10)) -gt 300 ] || note "the crash kernel had just $size KiB"
	fi
}

# Hundreds of areas: nothing has a table of them.
numbers() {
	local many=$out/many.dtso
	case $ARCH in
	x86_64)
		boots "100 areas before paging_init(), 100 after it" \
			"cma_test_early_areas=100 cma_test_areas=100 cma=16M" MEM=1G
		;;
	arm64)
		{
			node before 'compatible = "cma-test-areas"' \
				"size = <0x0 0xc800000>" "alignment = <0x0 0x200000>"
			node between@70000000 'compatible = "cma-test-areas"' \
				"reg = $(mib 1792 20)"
		} | overlay "$many"
		boots "100 areas before paging_init(), 10 and 100 after it" \
			"cma_test_areas=100 cma=16M" MEM=1G DTB_OVERLAY="$many"
		areas between@70000000 10
		;;
	esac
	areas before 100
	areas after 100
	area reserved 16
}

# Areas over holes, of which there are several on each node.
holes() {
	local banks=$out/banks.dtso early=cma_test_reserve=64M
	local -a with=(MEM=1G)
	# shellcheck disable=SC2016 # for the kernel
	local map='memmap=16M$256M memmap=16M$640M memmap=16M$800M'
	local -a free=(1 256 272 640 656 800 816 1024) second=(512 640 656 800 816 1024)
	if [ "$ARCH" = arm64 ]; then
		map=
		free=(1024 1408 1424 1536 1600 1664 1680 1824 1840 2048)
		second=("${free[@]:4}")
		with+=(DTB_OVERLAY="$banks")
		{
			node low@58000000 no-map "reg = $(mib 1408 16)"
			node high@68000000 no-map "reg = $(mib 1664 16)"
			node top@72000000 no-map "reg = $(mib 1824 16)"
		} | overlay "$banks"
		# Two banks of memory in one property, whatever the nodes are.
		printf '&{/chosen} { linux,usable-memory-range = %s, %s; };\n' \
			"$(mib 1024 512)" "$(mib 1600 448)" >>"$banks"
	fi

	boots "holes: one range where one will do" "$map cma_test_multi=64M" "${with[@]}"
	ranges multi 1 64 "${free[@]}"
	total 64
	content

	boots "holes: several ranges, early allocation from them" \
		"$map cma_test_multi=600M $early" "${with[@]}"
	ranges multi 3 600 "${free[@]}"
	total 600
	says "cma_test: early allocation of 67108864 bytes succeeded" \
		"cma_test: early allocation is as it was" \
		"cma_test: half of it was released"
	[ -z "$looking" ] || facts | grep -qx "used multi $((32 << 20))" ||
		note "what was allocated early is not counted as used"
	content

	boots "holes: more than there is" "$map cma_test_multi=2G numa_cma=0:8M" "${with[@]}"
	no_area multi
	area numa0 8
	total 8
	complains "2147483648|0x0*80000000"

	boots "holes: ranges on the second of two nodes" \
		"$map cma_test_multi=300M,4M,1 $early" "${with[@]}" NODES=2
	ranges multi 2 300 "${second[@]}"
	says "cma_test: early allocation is as it was"
	content

	boots "holes: more than a node has" \
		"$map cma_test_multi=600M,2M,0 numa_cma=0:8M" "${with[@]}" NODES=2
	no_area multi
	area numa0 8
	complains "600 MiB on node 0"
}

# With pages of 64 KiB a block is 512 MiB.
large_blocks() {
	local large=$out/large.dtso
	{
		pool camera@5dc00000 "reg = $(mib 1500 600)"
		pool display@a0000000 "reg = $(mib 2560 512)"
		pool video@c0000000 "reg = $(mib 3072 64)"
		pool small "size = <0x0 0x4000000>"
	} | overlay "$large" camera@5dc00000 display@a0000000 video@c0000000

	# The kernel is in the block before that of the camera.
	boots "large blocks: nodes meant for small ones" "" MEM=5G DTB_OVERLAY="$large"
	area camera@5dc00000 564 1536 2100
	area display@a0000000 512 2560 3072
	area video@c0000000 64 3072 3136
	area small 512
	total 2560
	content
	says "camera@5dc00000: 0x0*5dc00000 to 0x0*5fffffff does not fill a block of 524288 KiB" \
		"user-of-camera: memory from area camera@5dc00000" \
		"user-of-display: memory from area display@a0000000" \
		"user-of-video: memory from area video@c0000000"

	boots "large blocks: parameters" "cma=5% numa_cma=0:1M,1:1M" MEM=4G
	area reserved 512
	area numa0 512
	total 1024
	complains 'node 1 ignored'
}

# ARMv7: what lies from 1784 MiB on has no address of its own.
high_memory() {
	boots "high memory: areas there, and one of the device tree below" "cma=64M" \
		MEM=2G DTB_OVERLAY="$here/arm-areas.dtso"
	area low@50000000 64 1280 1344
	area high@90000000 64 2304 2368
	area reserved 64 1784 3072
	total 192
	content
	says "user-of-low: memory from area low@50000000" \
		"user-of-high: memory from area high@90000000"

	boots "high memory: an area below" "cma=64M@-1700M" MEM=2G
	area reserved 64 1024 1700
	total 64
	content

	boots "high memory: an area across its start" "cma=64M@1760M" MEM=2G
	no_area reserved
	total 0
	complains "crosses into high memory at"

	boots "no high memory" "cma=64M" MEM=512M
	area reserved 64
	total 64
	content

	# Here, nodes with an address come after the configured area, and after that of cma=.
	# On stock there are both, and the last one is the default.
	pool ours@50000000 "reg = $(mib 1280 31)" linux,cma-default |
		overlay "$out/default.dtso" ours@50000000
	boots "a default node: the configured area makes way" "" MEM=512M \
		DTB_OVERLAY="$out/default.dtso"
	area ours@50000000 31 1280 1311
	no_area reserved
	total 32
	says "area reserved is given up: area ours@50000000 takes its place" \
		"user-of-ours: memory from area ours@50000000"

	boots "a default node: cma= takes its place" "cma=64M" MEM=512M \
		DTB_OVERLAY="$out/default.dtso"
	area reserved 64
	no_area ours@50000000
	total 64
	says "user-of-ours: memory from area reserved"

	# This kernel is configured for 16 MiB or 3%, whichever is more.
	boots "an area of the configured size" "" MEM=512M
	area reserved 16
	total 16
	content

	boots "an area of the configured part of memory, for want of a good cma=" \
		"cma=MB" MEM=2G
	area reserved 64 1784 3072
	total 64
	complains "cma=MB ignored"
}

# A run that cannot fail proves nothing.
watch() {
	printf 'echo "WARNING: not a fault, a test of the watch" >/dev/kmsg\n' >"$out/warn.sh"
	boots "a warning on the console makes a run fail" "" SCRIPT="$out/warn.sh" VM_WATCH=1
	[ -n "$looking" ] || return 0
	wrong=
	[ "$(cat "$out/$n.status")" = 123 ] ||
		note "the status is $(cat "$out/$n.status") and not 123"
}

all() {
	if [ -n "${CASES:-}" ]; then
		"$CASES"
		return
	fi
	cmdline
	zones
	own_zones
	if [ "$ARCH" = arm64 ]; then
		device_tree
		neighbours
		entries
		pieces
	fi
	large
	numbers
	holes
	watch
}

export KERNEL ARCH
run_case() {
	local -a env
	mapfile -d '' env <"$2/$3.env"
	env MEM=512M VM_TIMEOUT="${VM_TIMEOUT:-180}" VM_WATCH=1 SCRIPT="$2/facts.sh" \
		VM_LOG="$2/$3.log" "${env[@]}" "$1/vm.sh" >"$2/$3.facts" 2>"$2/$3.err"
	echo $? >"$2/$3.status"
}
export -f run_case

[ "$ARCH" = x86_64 ] || need dtc:device-tree-compiler fdtput:device-tree-compiler "$qemu"
case ${CASES:-} in
"" | cmdline | zones | own_zones | device_tree | neighbours | entries | pieces | large | \
crash | numbers | holes | watch | large_blocks | high_memory) ;;
*) die "CASES=\"$CASES\" is not known: see all() for what there is" ;;
esac
if [ "$ARCH" = arm64 ]; then
	need "${cross}gcc:$cross_gcc"
	[ -z "$cross_libc" ] || need "$cross_libc"
	for program in demo/camera kdump; do
		"${cross}gcc" -O2 -static -o "$out/${program#*/}" "$here/$program.c" ||
			die "$program.c did not compile"
	done
fi
echo 'APPEND=kernelcore=256M cma=16M' | tr '\n' '\0' >"$out/border.env"
run_case "$here" "$out" border
all
# shellcheck disable=SC2016 # for the other bash
seq "$n" | xargs -P 2 -I '{}' bash -c 'run_case "$0" "$1" "$2"' "$here" "$out" '{}'

echo "TAP version 13"
echo "1..$number"
looking=1 n=0 number=0 title=
all
flush
[ $failed = 0 ]
