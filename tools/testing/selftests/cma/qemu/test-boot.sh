#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What becomes of an area that is asked for at boot: every form of cma=, good and
# bad, on arm64 nodes of the device tree, hundreds of areas, areas over holes in
# memory. One machine is booted for each case, or for several that do not mind each other,
# two at a time; TAP on stdout. ARCH and KERNEL as for vm.sh; logs go to TEST_OUT.
# CASES= names a part of it, or what needs another kernel: large_blocks, high_memory.

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
	if [ "$(cat "$dir/headroom")" != 0 ]; then
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			[ "$(cat "$dir/headroom_longest")" -lt "$(cat "$dir/headroom")" ] || break
			sleep 0.5
		done
		echo "headroom $area $(cat "$dir/headroom") $(cat "$dir/headroom_longest")"
	fi
	[ "$area" = multi ] || continue
	echo "used $area $((used * page))"
	while run=$(cat "$area/maxchunk") && [ "$run" -gt 0 ] && echo "$run" >"$area/alloc"; do
		:
	done
	[ "$(cat "$area/used")" != "$count" ] || echo "full $area"
	echo $((count - used)) >"$area/free"
	[ "$(cat "$area/used")" != "$used" ] || echo "free $area"
done 2>/dev/null
for area in /sys/kernel/mm/cma/*; do
	[ -d "$area" ] && echo "sysfs ${area##*/}"
done
awk '/^(MemTotal|CmaTotal|CmaFree):/ { print "meminfo", $1, $2 }' /proc/meminfo
dmesg | sed -n 's/^\(<[0-9]*>\)*\[[^]]*\] //; /Command line/d; s/^/log /p'
exit 0
FACTS

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

# area NAME SIZE [LOW HIGH] - sizes and addresses in MiB; it is there, is in both
# places, lies between the addresses, and works
area() {
	[ -n "$looking" ] || return 0
	local kind name base size works
	read -r kind name base size works < <(facts | grep -F "area $1 " | grep "^area ")
	if [ -z "$kind" ]; then
		note "there is no area $1"
		return
	fi
	[ "$size" = $(($2 << 20)) ] || note "area $1 has $size bytes and not $(($2 << 20))"
	[ -z "${3:-}" ] || [ $((base >> 20)) -ge "$3" ] ||
		note "area $1 starts at $base, below $3 MiB"
	[ -z "${4:-}" ] || [ $(((base + size) >> 20)) -le "$4" ] ||
		note "area $1 at $base reaches past $4 MiB"
	[ "$works" = yes ] || note "nothing can be allocated from area $1"
	facts | grep -qxF "sysfs $1" || note "area $1 is missing in sysfs"
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

# ranges N SIZE LOW HIGH... - area multi has N ranges or more, of SIZE in all, each between
# a LOW and its HIGH, all in MiB; and all of it can be allocated
ranges() {
	[ -n "$looking" ] || return 0
	local many sum=0 kind name base size ok i
	local -a holes=("${@:3}")
	many=$(facts | grep -c "^range multi ")
	[ "$many" -ge "$1" ] || note "area multi has $many ranges and not $1"
	while read -r kind name base size; do
		sum=$((sum + size)) ok=
		for ((i = 0; i < ${#holes[@]}; i += 2)); do
			[ "$base" -lt $((holes[i] << 20)) ] ||
				[ $((base + size)) -gt $((holes[i + 1] << 20)) ] || ok=1
		done
		[ -n "$ok" ] || note "$kind of $name at $base, $size bytes, is where it must not be"
	done < <(facts | grep "^range multi ")
	[ $sum = $(($2 << 20)) ] || note "the ranges have $sum bytes and not $(($2 << 20))"
	facts | grep -qx "full multi" || note "not all of area multi can be allocated"
	facts | grep -qx "free multi" || note "not all of area multi can be freed"
}

# logged WHOSE REGEX... - lines of the kernel log that start with WHOSE
logged() {
	[ -n "$looking" ] || return 0
	local regex
	for regex in "${@:2}"; do
		facts | grep -qE "^log $1.*$regex" || note "no line '$1...$regex' in the log"
	done
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
	local hex entries
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

	boots "a percentage of each node" "numa=fake=2 cma=16M cma_pernuma=6% numa_cma=1:3%,0:8M"
	area pernuma0 16
	area pernuma1 16
	area numa0 8
	area numa1 8
	area reserved 16
	total 64
	content

	boots "cma_pernuma=, bad" "cma=16M cma_pernuma=8MB numa_cma=0:8M"
	no_area pernuma0
	area reserved 16
	area numa0 8
	total 24
	complains "cma_pernuma=8MB .*expected nn\\[KMGTPE\\] or nn%"

	boots "cma_pernuma= more than there is" "cma=16M cma_pernuma=1G"
	no_area pernuma0
	area reserved 16
	total 16
	complains "pernuma0: 1024 MiB .*at most the (512|511) MiB"

	boots "numa_cma= with bad entries among good ones" "cma=16M cma_pernuma=4M
		numa_cma=0:8M,x:8M,1:8MB,1:101%,1:99999999T,99999:8M,0:16M,1:8M,"
	area reserved 16
	area numa0 8
	area pernuma0 4
	no_area numa1
	total 28
	ignored "entry of numa_cma=: " x:8M 'entry "x:8M" ignored: .*expected <node>:size'
	ignored "entry of numa_cma=: " 1:8MB 'entry "1:8MB" ignored'
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

	bad "cma" "cma= ignored"

	# Each is refused as it is read, and leaves what was read before as it is: nothing.
	local value
	# shellcheck disable=SC2054 # commas are part of them
	local -a values=("" 101% 5%5 text -1 M 16MB 16M,32M 16M@text "16M@${low}Mx"
		"16M@${low}M-text" "16M@${low}M-${high}Mx" "16M@${high}M-${low}M"
		"64M@${low}M-$((low + 32))M" "16M@${low}M400" "16M@$(((low << 20) + 1024))"
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

# An area across the border of two zones is cut there; the unit that contains the border,
# if one does, is ordinary memory. (Stock: the area is dead.) Where ZONE_MOVABLE starts is
# known only to a kernel that has one; with more kernelcore= it is that much higher.
zones() {
	boots "kernelcore= alone" "kernelcore=256M cma=16M"
	local border more all=0 now hole='' gap=0
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

	# Units of 16 MiB, and a border that is in one. On arm64 the initrd makes the hole.
	# shellcheck disable=SC2016 # for the kernel
	[ "$ARCH" != x86_64 ] || hole='memmap=8M$400M' gap=8192
	more=$((256 + (border % 16 ? 0 : 4)))
	border=$((border + more - 256))
	boots "an area of several ranges, a unit of which spans two zones" \
		"kernelcore=${more}M $hole cma_test_multi=384M,0,-1,12"
	complains "area multi: 16384 KiB cannot be used: .* where two zones meet; .* page allocator" \
		"area multi: cut from [2-9] into [3-9] ranges, each in one zone"
	total 368
	ranges 3 368 0 $((border - border % 16)) $((border - border % 16 + 16)) 65536
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
	local one=$out/areas.dtso twin=$out/twin.dtso bad=$out/bad.dtso odd=$out/odd.dtb
	{
		pool camera@50000000 "reg = $(mib 1280 16)" "linux,cma-headroom = <0x0 0x400000>"
		pool video "size = <0x0 0x800000>" "alignment = <0x0 0x400000>" \
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
		pool fine@50000000 "reg = $(mib 1280 16)" "linux,cma-headroom = <0x2000000>"
		node private@52000000 'compatible = "shared-dma-pool"' "reg = $(mib 1312 16)"
		pool crooked@54100000 "reg = $(mib 1345 14)"
		pool head@55000000 "reg = $(mib 1360 5)"
		pool tail@56100000 "reg = $(mib 1377 3)"
		pool short@56800000 "reg = $(mib 1384 1)"
		pool askew@57100000 "reg = $(mib 1393 2)"
		pool unmapped@58000000 no-map "reg = $(mib 1408 16)"
		pool outside@900000000 "reg = <0x9 0x0 0x0 0x1000000>"
		pool toolarge "size = <0x10 0x0>"
	} | overlay "$bad"

	boots "device tree: fixed, with size and place, with size alone, default" "" \
		DTB_OVERLAY="$one"
	area camera@50000000 16 1280 1296
	headroom camera@50000000 4
	area video 8 1400 1464
	area anywhere 6
	area ours@54000000 8 1344 1352
	no_area reserved
	total 38
	content
	says "user-of-camera: memory from area camera@50000000" \
		"user-of-video: memory from area video" \
		"user-of-ours: memory from area ours@54000000" \
		"user-of-tiny: no area: -22"

	boots "device tree: cma= takes the place of the default" \
		"cma=16M cma_headroom=camera@50000000:2M" DTB_OVERLAY="$one"
	area camera@50000000 16 1280 1296
	headroom camera@50000000 2
	no_area ours@54000000
	area reserved 16
	total 46

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
	area crooked@54100000 12 1346 1358
	area head@55000000 4 1360 1364
	area tail@56100000 2 1378 1380
	local name
	for name in private@52000000 short@56800000 askew@57100000 unmapped@58000000 \
		    outside@900000000 toolarge; do
		no_area $name
	done
	total 42
	headroom fine@50000000 0
	says "fine@50000000: linux,cma-headroom ignored: .* 4 bytes; expected a size of 2 cells" \
		"crooked@54100000: 1024 KiB at its start and 1024 KiB at its end .*2048 KiB" \
		"head@55000000: 0 KiB at its start and 1024 KiB at its end" \
		"tail@56100000: 1024 KiB at its start and 0 KiB at its end" \
		"short@56800000 .*expected at least 2048 KiB" \
		"askew@57100000 .*expected at least 2048 KiB" \
		"54200000..0x0*54dfffff \(12288 KiB\) map reusable crooked"

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
	content
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
	ranges 1 64 "${free[@]}"
	total 64
	content

	boots "holes: several ranges, early allocation from them" \
		"$map cma_test_multi=600M $early" "${with[@]}"
	ranges 3 600 "${free[@]}"
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
	ranges 2 300 "${second[@]}"
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

	boots "large blocks: nodes meant for small ones" "" MEM=4G DTB_OVERLAY="$large"
	area camera@5dc00000 512 1536 2048
	area display@a0000000 512 2560 3072
	no_area video@c0000000
	no_area small
	total 1024
	content
	says "camera@5dc00000: 36864 KiB at its start and 53248 KiB at its end .*524288 KiB" \
		"video@c0000000 .*expected at least 524288 KiB" \
		"small .*expected at least 524288 KiB" \
		"user-of-camera: memory from area camera@5dc00000" \
		"user-of-display: memory from area display@a0000000" \
		"user-of-video: no area: -22"

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

	# This kernel is configured for 16 MiB or 3%, whichever is more.
	boots "an area of the configured size" "" MEM=512M
	area reserved 16
	total 16
	content

	boots "an area of the configured part of memory, for want of a good cma=" \
		"cma=64MB" MEM=2G
	area reserved 64 1784 3072
	total 64
	complains "64MB ignored"
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
	[ "$ARCH" != arm64 ] || device_tree
	numbers
	holes
	watch
}

export KERNEL ARCH
run_case() {
	local -a env
	mapfile -d '' env <"$2/$3.env"
	env MEM=512M VM_TIMEOUT=180 VM_WATCH=1 SCRIPT="$2/facts.sh" VM_LOG="$2/$3.log" "${env[@]}" \
		"$1/vm.sh" >"$2/$3.facts" 2>"$2/$3.err"
	echo $? >"$2/$3.status"
}
export -f run_case

[ "$ARCH" = x86_64 ] || need fdtput:device-tree-compiler "$qemu"
case ${CASES:-} in
"" | cmdline | zones | device_tree | numbers | holes | watch | large_blocks | high_memory) ;;
*) die "CASES=\"$CASES\" is not known: see all() for what there is" ;;
esac
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
