#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Test cmatop on made-up files of kernels new, old and broken: what it prints, JSON, SVG,
# the live view in a terminal, wrong arguments; built with sanitizers. Its results stay in
# build/cmatop: a picture for the eye among them.
set -u
LONG=${LONG:-0}
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/tap.sh"

need gcc:gcc make:make tar:tar rsync:rsync readelf:binutils rsvg-convert:librsvg2-bin \
	mandoc:mandoc groff:groff-base python3:python3-minimal
python3 -c 'import json, pty, termios, xml.dom.minidom' 2>/dev/null ||
	need "all of python3:libpython3-stdlib"
here=$(cd "$(dirname "$0")" && pwd)
src=$project/tools/mm
out=$build/cmatop
rm -rf "$out"
mkdir -p "$out" || unwritable "$out"
cd "$out" || exit 1
unset NO_COLOR COLUMNS LINES
export TERM=dumb ASAN_OPTIONS=detect_leaks=1

# --- kernels, as folders ---

# put FILE LINE... - a file below the folder of a kernel
put() {
	mkdir -p "$(dirname "$1")"
	local file=$1
	shift
	printf '%s\n' "$@" >"$file"
}

# kernel DIR TOTAL FREE - with KiB of contiguous memory
kernel() {
	rm -rf "$1"
	put "$1/proc/meminfo" "MemTotal: 1000000 kB" "CmaTotal:       $2 kB" \
		"CmaFree:        $3 kB"
	put "$1/proc/vmstat" "nr_free_pages 1" "cma_alloc_success 6144" "cma_alloc_fail 1280"
	mkdir -p "$1/sys/kernel/debug/cma" "$1/sys/kernel/mm/cma"
}

# numbers DIR NAME VALUE... - files with one number each
numbers() {
	local dir=$1
	shift
	while [ $# -gt 1 ]; do
		put "$dir/$1" "$2"
		shift 2
	done
}

# A camera's area of 64 MiB: four blocks are held, two have a stuck page, and half of
# the others is borrowed.
camera() {
	local sysfs=$1/sys/kernel/mm/cma/camera debugfs=$1/sys/kernel/debug/cma/camera
	numbers "$sysfs" total_pages 16384 available_pages 14336 alloc_pages_success 6144 \
		alloc_pages_fail 1280 release_pages_success 4096 pages_migrated 3210 \
		pages_moved_in 654 ranges_given_up 7 largest_free 512 largest_available 6144 \
		high_water_pages 5120
	numbers "$debugfs" base_pfn 258048 count 16384 order_per_bit 0 used 2048 maxchunk 13824
	put "$sysfs/latency_success" '1024 0' '2048 40' '4096 12' '1048576 3' '33554432 1' 'inf 0'
	put "$sysfs/latency_fail" '1024 0' '2048 0' '4096 0' '1048576 0' '33554432 0' 'inf 1'
	local uvc='uvc_alloc+0x4c/0x90<vb2_core_reqbufs+0x1a0/0x3e0<v4l_reqbufs+0x44/0x60'
	local dma='dma_alloc_contiguous+0x5c/0xa0<__dma_direct_alloc_pages+0x120/0x190'
	local pipe='vmsplice_to_pipe+0x1d0/0x2a0<do_writev+0x80/0x110'
	uvc="$uvc<__video_do_ioctl+0x39c/0x430"
	put "$debugfs/allocations" '# pfn pages age_ms pid comm site' \
		"0x3f000 1280 5012 123 v4l2-ctl $uvc" \
		'0x3f500 512 3600000 1 my\040cam<\134\011é -' \
		"0x3f700 256 86500000 77 kworker/0:1 $dma"
	put "$debugfs/holders" '# pages allocations oldest_ms site' \
		"1280 1 5012 $uvc" \
		'512 1 3600000 -' \
		"256 1 86500000 $dma"
	put "$debugfs/failures" '# age_ms pages align error pid comm reason pfn refs maps owner' \
		"1200 1280 4 -16 123 v4l2-ctl pinned 0x3f9ab 514 1 pid=456,comm=fio,site=$pipe" \
		'95000 1280 4 -16 123 v4l2-ctl file 0x3fa00 3 1 dev=8:1,ino=131842,name=ld.so' \
		'96000 99999 0 -12 123 v4l2-ctl no-room - - - -'
	put "$debugfs/reasons" '# count reason last_ms' '3 pinned 1200' '1 file 95000' \
		'1 no-room 96000'
	{
		echo '# pfn pages free borrowed allocated stuck'
		for ((i = 0; i < 32; i++)); do
			pfn=$((258048 + i * 512))
			case $i in
			[0-3]) echo "$pfn 512 0 0 512 0" ;;
			4 | 19) echo "$pfn 512 100 411 0 1" ;;
			[5-9] | 1[0-6]) echo "$pfn 512 $((512 - i * 30)) $((i * 30)) 0 0" ;;
			*) echo "$pfn 512 512 0 0 0" ;;
			esac
		done | while read -r pfn rest; do
			printf '0x%x %s\n' "$pfn" "$rest"
		done
	} >"$debugfs/map"
}

# Stock 6.12: a bitmap, no words about who and why; 16 MiB, the second half held.
stock() {
	local area=$1/sys/kernel/debug/cma/$2
	numbers "$1/sys/kernel/mm/cma/${2#cma-}" alloc_pages_success 2048 alloc_pages_fail 99 \
		release_pages_success 0
	numbers "$area" base_pfn 1024 count 4096 order_per_bit 0 used 2048 maxchunk 2048
	{
		printf '0 %.0s' {1..64}
		printf '4294967295 %.0s' {1..63}
		echo 4294967295
	} >"$area/bitmap"
}

# Of each page: free for 1024 pages, then 1024 of the page cache, the rest of no kind.
flags() {
	python3 -c '
import struct, sys
with open(sys.argv[1], "wb") as f:
    for pfn in range(8192):
        free, lru = pfn < 2048, pfn < 3072
        f.write(struct.pack("=Q", 1 << 10 if free else 1 << 5 if lru else 0))' "$1/proc/kpageflags"
}

kernel good 98304 40000
camera good
numbers good/sys/kernel/mm/cma/reserved total_pages 8192 available_pages 8192 \
	alloc_pages_success 0 alloc_pages_fail 0 release_pages_success 0
numbers good/sys/kernel/debug/cma/reserved base_pfn 65536 count 8192 order_per_bit 0 used 0 \
	maxchunk 8192
for name in allocations holders failures reasons; do
	put good/sys/kernel/debug/cma/reserved/$name '#'
done
for ((i = 0; i < 16; i++)); do
	printf '0x%x 512 512 0 0 0\n' $((65536 + i * 512))
done >good/sys/kernel/debug/cma/reserved/map

# With headroom: the last four blocks are ready.
kernel headroom 65536 40000
camera headroom
numbers headroom/sys/kernel/mm/cma/camera headroom 16777216 headroom_ready 8388608 \
	headroom_longest 4194304 headroom_served 40 headroom_served_partly 2 \
	headroom_not_served 0 headroom_refill_us 1234 headroom_short 'pages in the way'
awk '{ print $0, (NR == 1 ? "ready" : NR > 29 ? $3 : 0) }' good/sys/kernel/debug/cma/camera/map \
	>headroom/sys/kernel/debug/cma/camera/map

kernel stock 16384 8192
stock ./stock reserved
flags stock
kernel bitmap 16384 8192
stock bitmap reserved
kernel older 16384 8192
stock older cma-reserved
flags older

# Nothing of CMA, in some ways.
mkdir -p none/proc none/sys/kernel/debug/x none/sys/kernel/mm
put none/proc/meminfo "MemTotal: 1 kB"
kernel no_area 0 0
rm -r no_area/sys/kernel/mm/cma no_area/sys/kernel/debug/cma
mkdir no_area/sys/kernel/debug/x
kernel no_debugfs 98304 40000
camera no_debugfs
rm -r no_debugfs/sys/kernel/debug/*
kernel no_sysfs 65536 40000
camera no_sysfs
rm -r no_sysfs/sys/kernel/mm
kernel no_debugfs_option 65536 40000
camera no_debugfs_option
rm -r no_debugfs_option/sys/kernel/debug/cma
mkdir no_debugfs_option/sys/kernel/debug/x
mkdir empty

# Files that are not what they should be; a name that would write on the screen.
kernel broken 65536 40000
camera broken
broken=broken/sys/kernel/debug/cma/camera
put broken/sys/kernel/mm/cma/camera/total_pages many
put $broken/used -5
put $broken/count 18446744073709551616
put $broken/allocations '# pfn' '0x10 5 5 5 good site' '10 5 5 5 comm site'
put $broken/holders '1280 1'
printf '1 2 3 \033[2Jx\377\001\n' >$broken/failures
printf '5 \033[31mred\302\2331m 7\n' >$broken/reasons
put $broken/map '0x3f000 512 - 0 0 0'
head -c 20000 /dev/zero | tr '\0' x >broken/sys/kernel/mm/cma/camera/latency_success
cp -r $broken "$(printf '%s/\033[2J<&"\\\ncam\377' broken/sys/kernel/debug/cma)"
kernel zero 0 0
camera zero
find zero/sys -type f -exec truncate -s 0 {} +

# 64 GiB, 100000 allocations, numbers at their ends.
kernel huge 67108864 40000
camera huge
numbers huge/sys/kernel/mm/cma/camera total_pages 16777216 available_pages 18446744073709551614
python3 - huge/sys/kernel/debug/cma/camera <<'END'
import sys
d = sys.argv[1]
most = 2**64 - 1
with open(d + "/map", "w") as f:
    for i in range(32768):
        f.write(f"0x{2**20 + i * 512:x} 512 {i % 512} {511 - i % 512} 0 {i % 512 == 511:d}\n")
with open(d + "/allocations", "w") as f:
    for i in range(100001):
        f.write(f"0x{i:x} 1 {i} {i} comm site{i}\n")
with open(d + "/holders", "w") as f:
    chain = "<".join(f"function{i}+0x1/0x2" for i in range(300))
    f.write(f"{most - 1} {most} {most} {chain}\n")
with open(d + "/failures", "w") as f:
    f.write(f"{most} {most} 64 -{most} {most} c other 0x{most:x} {most} -1 -\n" * 32)
END
kernel large_units 1073741824 40000
stock large_units hugetlb0
numbers large_units/sys/kernel/debug/cma/hugetlb0 count 268435456 order_per_bit 18 used 262144
put large_units/sys/kernel/debug/cma/hugetlb0/bitmap "1 0 0 0 0 0 0 2147483648"
# As newer kernels have it: ranges, and no numbers of their pages.
kernel ranges 49152 8192
stock ranges reserved
cp -r ranges/sys/kernel/debug/cma/reserved range
mkdir ranges/sys/kernel/debug/cma/reserved/ranges
numbers ranges/sys/kernel/debug/cma/reserved count 12288 used 6144
for i in 0 1 2; do
	mv range "ranges/sys/kernel/debug/cma/reserved/ranges/$i" 2>/dev/null
	rm -f "ranges/sys/kernel/debug/cma/reserved/ranges/$i/count"
	[ $i = 2 ] || cp -r "ranges/sys/kernel/debug/cma/reserved/ranges/$i" range
	echo $((1024 + i * 65536)) >"ranges/sys/kernel/debug/cma/reserved/ranges/$i/base_pfn"
done

# --- the program ---
gcc -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all \
	-o cmatop "$src"/cmatop*.c >err 2>&1
status=$?
echo "TAP version 13"
result $status "it builds without a warning, with sanitizers" err
[ $status = 0 ] || { echo "1..$count"; exit 1; }
gcc -O2 -Wall -Wextra -Werror -static -o cmatop.static "$src"/cmatop*.c 2>err
result $? "it builds static" err

# run STATUS ARGUMENT... - into out and err
run() {
	local status=$1
	shift
	./cmatop "$@" >out 2>err
	local got=$?
	[ $got = "$status" ] || { echo "status $got and not $status" >>err; return 1; }
}

# ok TEXT COMMAND...
ok() {
	local text=$1
	shift
	"$@"
	result $? "$text" err
}

# has REGEX... - each is in a line of out
has() {
	local regex
	for regex; do
		grep -qE -e "$regex" out || { { echo "no '$regex' in:"; cat out; } >err; return 1; }
	done
}

# lacks REGEX FILE
lacks() {
	! grep -E -e "$1" "$2" >err
}
escape=$(printf '\033')

# narrow - out is ASCII, for 80 columns
narrow() {
	! LC_ALL=C grep -nE '^.{81}|[^ -~]' out >err
}

for kernel in good headroom stock bitmap older ranges large_units broken zero huge no_debugfs \
	no_debugfs_option no_sysfs; do
	ok "$kernel: --once" run 0 --once --root $kernel
	cp out $kernel.txt
	ok "$kernel: --once fits 80 columns, in ASCII" narrow
	ok "$kernel: --json" run 0 --json --root $kernel
	cp out $kernel.json
	ok "$kernel: is JSON" python3 -c 'import json, sys
json.load(open(sys.argv[1], encoding="utf-8"), parse_constant=sys.exit)' $kernel.json
	ok "$kernel: --svg" run 0 --svg $kernel.svg --root $kernel
	ok "$kernel: is XML" python3 -c 'import sys, xml.dom.minidom
xml.dom.minidom.parse(sys.argv[1])' $kernel.svg
	rsvg-convert -o $kernel.png $kernel.svg 2>err
	result $? "$kernel: is a picture" err
done
for kernel in none no_area empty; do
	ok "$kernel: --once fails" run 1 --once --root $kernel
	cp out $kernel.txt
	ok "$kernel: --json fails" run 1 --json --root $kernel
	ok "$kernel: is JSON all the same" python3 -m json.tool out /dev/null
done

# shows KERNEL REGEX...
shows() {
	cp "$1.txt" out
	shift
	has "$@"
}
ok "good: the areas" shows good \
	'^2 areas, CmaTotal 96M, CmaFree 39\.1M; 6144 allocations, 1280 failed$' \
	'1 camera +64M +8M +56M +38\.0M +18\.0M +24M +1280$' \
	'2 reserved +32M +0 +32M +32M +0 +32M +0$'
ok "good: the map" shows good '^camera: 64M at 0x3f000000$' \
	'^# allocated 8M   X stuck 8K   \+ borrowed 18\.0M   \. free 38\.0M' \
	'^0x3f000    #{64}$' '^0x3f800    X\+{12}\.{3}\+{5}\.{11}'
ok "good: who holds" shows good '5M +1 +5s uvc_alloc.*<$' '^ {29}v4l_reqbufs' '2M +1 +60m -$'
ok "good: who was in the way" shows good '3 +1200ms pinned +in use by I/O' \
	'^ +1200ms +5M +4 EBUSY +v4l2-ctl \(123\)' 'dev=8:1,ino=131842,name=ld\.so' \
	'pinned at PFN 0x3f9ab, 514 references, 1 mappings'
ok "good: how it fares" shows good 'pages moved away +3210$' 'pages moved in +654$' \
	'half of them up to 2us, 99% up to 34ms'
ok "good: no headroom" lacks headroom good.txt
ok "headroom: how much is ready, and why not all" shows headroom \
	'^headroom 16M: 8M ready, at most 4M at once; short: pages in the way$' \
	'1 camera +64M +8M +56M +38\.0M +18\.0M' '   = ready 8M   \. free 30\.0M' \
	'^0x42800 .*={64}$' \
	'^ +headroom served +40$' '^ +headroom refilled in us +1234$'
ok "headroom: no allocation without it" lacks 'did not serve' headroom.txt
ok "stock: areas and map" shows stock '1 reserved +16M +8M +8M +4M +4M +8M +99$' \
	'allocated 8M   \+ borrowed 4M   \. free 4M' '^0x400 +\.{32}\+{32}$' '^0xc00 +#{64}$'
ok "stock: what is missing" shows stock 'holders: this kernel does not record' 'page_owner=on' \
	'99 pages were asked for in vain'
ok "bitmap: free and borrowed cannot be told apart" shows bitmap 'available 8M$' \
	'1 reserved +16M +8M +8M +- +- +8M +99$' 'no /proc/kpageflags'
ok "older: one area in spite of two names" shows older '^1 area,' '1 reserved +16M +8M'
ok "ranges: all three are in the map" shows ranges '48M in 3 pieces from 0x400000' \
	'allocated 24M' '^0x400 ' '^0x10400 ' '^0x20400 '
ok "large_units: two units of 1 GiB" shows large_units 'in units of 1G' 'allocated 2G'
ok "no_debugfs: how to mount it" shows no_debugfs 'mount -t debugfs none /sys/kernel/debug' \
	'1 camera +64M +8M'
ok "no_debugfs_option: it is named" shows no_debugfs_option 'CONFIG_CMA_DEBUGFS=y'
ok "no_sysfs: it is named" shows no_sysfs 'CONFIG_CMA_SYSFS=y' '1 camera +64M +8M'
ok "none: it is named" shows none 'CONFIG_CMA=y'
ok "no_area: how to set one up" shows no_area 'cma=64M'
ok "empty: how to mount" shows empty 'mount -t proc' 'mount -t sysfs'
ok "broken: each file is named, with the line and what is wrong" shows broken \
	'total_pages: expected a number, found "many"' 'used: expected a number, found "-5"' \
	'count: expected a number, found$' '^ +"18446744073709551616"$' \
	'allocations:3: pfn: expected a hexadecimal$' 'number such as 0x1000, found "10"' \
	'holders:1: oldest_ms is missing' 'failures:1: error: expected a number, found$' \
	'map:1: free: expected a number, found "-"' 'latency_success:1: line is too long'
ok "broken: the good line is there" grep -q '"comm":"good"' broken.json
ok "huge: the rest is counted and left out" shows huge 'allocations: what comes after line 100000'

# json KERNEL EXPRESSION - true of the document d, whose first area is a
json() {
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1] + ".json", encoding="utf-8")); a = d["areas"][0]
sys.exit(0 if eval(f"({sys.argv[2]})") else f"{sys.argv[2]} is not so")' "$1" "$2" 2>err
}
ok "json: numbers" json good 'd["page_size"] == 4096 and a["held_pages"] == 2048 and
	a["borrowed_pages"] == 4602 and a["largest_available"] == 6144'
ok "json: escaped text" json good 'a["allocations"][1]["comm"] == "my cam<\\\\011é"'
ok "json: a failure" json good 'a["failures"][0]["error"] == -16 and
	a["failures"][0]["pfn"] == 0x3f9ab and a["failures"][2]["refs"] is None'
ok "json: buckets" json good 'a["latency_success"][1] == {"le_ns": 2048, "count": 40} and
	a["latency_success"][5]["le_ns"] is None'
ok "json: the map is whole" json good 'sum(b["pages"] for b in a["map"]) == 16384 and
	all(b["free"] + b["borrowed"] + b["allocated"] + b["stuck"] == 512 for b in a["map"])'
ok "json: headroom" json headroom 'a["headroom"] == 1 << 24 and
	a["headroom_short"] == "pages in the way" and a["headroom_not_served"] == 0 and
	[b["ready"] for b in a["map"]] == [0] * 28 + [512] * 4 and
	sum(b["free"] for b in a["map"]) * 4096 == 39862272 and
	a["free_pages"] * 4096 == 39862272'
ok "json: no headroom" json good 'a["headroom"] is None and a["headroom_short"] is None and
	a["map"][0]["ready"] is None'
ok "json: what stock does not know is null" json stock 'a["total_pages"] is None and
	a["holders"] is None and a["held_pages"] == 2048 and a["borrowed_pages"] == 1024'
ok "json: bitmap alone" json bitmap 'a["borrowed_pages"] is None and
	a["map"][0]["borrowed"] is None and sum(b["allocated"] for b in a["map"]) == 2048'
ok "json: what is missing" json stock 'len(d["missing"]) == 3 and d["missing"][0]["how"]'
ok "json: numbers at their ends" json huge 'a["failures"][0]["error"] == 1 - 2**64 and
	a["failures"][0]["pfn"] == 2**64 - 1'
ok "svg: a box for each block" [ "$(grep -c '<title>' good.svg)" = 48 ]
ok "svg: 32768 blocks are merged" [ "$(grep -c '<title>' huge.svg)" = 16384 ]

ok "--area" run 0 --once --root good --area reserved
ok "--area: that one" has '^reserved: 32M'
ok "--area: no other" lacks '^camera:' out
ok "--area, JSON" run 0 -j -r good -a reserved
ok "--area, JSON: that one alone" [ "$(grep -c '"name"' out)" = 1 ]
ok "--svg -" run 0 --svg - --root good
ok "--svg -: the same as in a file" cmp out good.svg

# wrong TEXT STATUS REGEX ARGUMENT... - one line that says what
wrong() {
	local text=$1 status=$2 regex=$3
	shift 3
	run "$status" "$@" && [ ! -s out ] && grep -qE "^\S*cmatop: $regex" err
	result $? "$text" err
}
wrong "an unknown option" 2 "unrecognized option '--foo'" --foo
wrong "an argument" 2 '"camera": expected options only' camera
wrong "--delay 0" 2 '--delay "0": expected seconds from 0\.1 to 3600' --delay 0
wrong "--delay nan" 2 '--delay "nan"' --delay nan
wrong "--delay 1e9" 2 '--delay "1e9"' -d 1e9
wrong "--delay with nothing" 2 '--delay ""' -d ''
wrong "--delay 1.2.3" 2 '--delay "1\.2\.3"' -d 1.2.3
wrong "--delay --once" 2 '--delay cannot go with' --delay 1 --once
wrong "--once --json" 2 'only one of' --once --json
wrong "--svg without a file" 2 "option '--svg' requires an argument" --svg
wrong "--root of nothing" 2 '--root "/none": expected a folder' --root /none
wrong "--root of a file" 2 '--root ".*/proc/meminfo": expected a folder' --root good/proc/meminfo
wrong "--area unknown" 2 '--area "x": no such area; there are: camera, reserved' -1 -r good -a x
wrong "--svg where nothing can be" 1 '--svg "/none/x": No such file' -r good --svg /none/x
wrong "no terminal" 2 'standard input is no terminal: use --once or --json' -r good </dev/null
./cmatop -1 -r good >/dev/full 2>err
[ $? = 1 ] && grep -q 'could not write standard output: No space' err
result $? "a full disk" err
ok "--help" run 0 --help
ok "--help fits 80 columns" narrow
ok "--help names every option" has --once --json --svg --area --delay --root --help

# --- the live view ---
# screen TEXT STEPS... - of the good kernel in a terminal; $term, $size and $root may differ
screen() {
	local text=$1
	shift
	TERM=${term:-xterm} "$here/screen.py" "${size:-80x24}" "$@" -- "$out/cmatop" \
		-r "${root:-good}" >err 2>&1
	result $? "$text" err
}
screen "the first screen, and the end" 'wait:^> 1 camera' 'wait:^camera: 64M' 'wait:\+ borrowed' \
	'wait:^0x3f000 +#{64}$' 'wait:uvc_alloc' 'wait:q quit' save:map.screen type:q status:0 modes
screen "each view" type:h 'wait:^ +2M +1 +60m -$' type:a 'wait:^0x3f000 +5M' \
	type:f 'wait:^ +1200ms +5M +4 EBUSY' type:r 'wait:PER SECOND' \
	type:n 'wait:latencies: this kernel' 'type:?' 'wait:choose an area' type:m \
	'wait:^0x3f800 ' type:q status:0 modes
screen "choosing an area" 'type:\e[B' 'wait:^> 2 reserved' 'wait:^reserved: 32M' 'type:\eOA' \
	'wait:^> 1 camera' 'slow:\e[B' 'wait:^> 2' type:k 'wait:^> 1' type:j 'wait:^> 2' type:1 \
	'wait:^> 1' type:9 'wait:^> 1' 'type:\e[A' 'wait:^> 1' type:q status:0
screen "scrolling" type:f 'wait:TIMES' 'type:\e[6~' 'gone:TIMES' 'wait:no-room$' 'slow:\e[5~' \
	'wait:TIMES' type:v gone:TIMES type:b wait:TIMES type:q status:0
screen "another delay" type:d 'wait:Seconds.*now 2.*: _' 'type:x' 'wait:: x_' 'type:\x7f0.5\r' \
	'wait:every 0\.5 s' 'type:d0\r' 'wait:delay "0": expected seconds from 0.1 to 3600' \
	type:d99 'type:\e' 'wait:every 0\.5 s' type:q status:0
screen "another size" 'wait:q quit' size:132x50 'wait:^0x3f000    #{64}' size:40x10 \
	'wait:every 2' size:80x24 'wait:^ every 2 s .*help$' type:q status:0 modes
size=200x60 screen "a large one" 'wait:^0x3f000 +#{64}X' type:q status:0
size=20x5 screen "a tiny one" sleep:0.5 type:q status:0 modes
size=0x0 screen "one of unknown size" 'wait:^ every 2 s .*help$' type:q status:0 modes
screen "SIGTERM" wait:camera signal:15 status:0 modes
screen "an interrupt" wait:camera 'type:\x03' status:0 modes
term=dumb screen "TERM=dumb" 'wait:2 reserved' type:h 'wait:uvc_alloc' raw:dumb.raw type:q \
	status:0 modes
ok "TERM=dumb: no control sequence" lacks "$escape" dumb.raw
NO_COLOR=1 screen "NO_COLOR" wait:uvc_alloc raw:mono.raw type:q status:0
ok "NO_COLOR: no colour" lacks "$escape\[[0-9;]*[34][0-9]" mono.raw
screen "colours" wait:uvc_alloc raw:colour.raw type:q status:0
ok "colours: they are there" grep -qF "${escape}[37;44m#" colour.raw
screen "only what changes is sent" wait:uvc_alloc sleep:0.5 raw:one.raw 'type: ' sleep:1 \
	raw:two.raw type:q status:0
ok "only what changes: nothing more" cmp one.raw two.raw
root=broken screen "broken files" 'wait:^> 1' type:hafr sleep:1 type:n wait:expected type:q status:0
root=huge screen "a huge area" 'wait:64G' type:h 'wait:function0' type:a 'wait:site0$' type:vvvv \
	'wait:site64$' type:q status:0
root=zero screen "empty files" 'wait:^> 1' type:hafrnm sleep:1 type:q status:0
root=empty screen "nothing at all" 'wait:0 areas' type:hafrm12 'type:\e[B' sleep:1 type:q status:1

# --- random damage ---
cat >damage.py <<'END'
import json, os, random, shutil, subprocess, sys, xml.dom.minidom

words = [b"-", b"inf", b"0x", b"-1", b"18446744073709551615", b"9" * 40, b" ", b"\n", b"#",
         b"\\040", b"\\", b"\0", b"\xff", b"\xe2\x82", b"<", b","]


def damage(source, target):
    for folder, _, files in os.walk(source):
        there = target + folder[len(source):]
        os.makedirs(there)
        for name in files:
            with open(folder + "/" + name, "rb") as f:
                data = bytearray(f.read(65536))
            for _ in range(random.choice([0, 0, 1, 2, 8])):
                at = random.randrange(len(data) + 1)
                what = random.randrange(4)
                if what == 0:
                    data[at:at] = random.choice(words)
                elif what == 1:
                    del data[at:at + random.choice([1, 2, 50])]
                elif what == 2 and at < len(data):
                    data[at] = random.randrange(256)
                else:
                    data[at:at] = data[:random.randrange(200)]
            with open(there + "/" + name, "wb") as f:
                f.write(data)


def cmatop(*arguments):
    return subprocess.run(["./cmatop", "-r", "damaged", *arguments], timeout=60, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


wrong = 0
for seed in range(int(sys.argv[1])):
    random.seed(seed)
    shutil.rmtree("damaged", ignore_errors=True)
    damage(sys.argv[2 + seed % (len(sys.argv) - 2)], "damaged")
    try:
        if any(c not in range(32, 127) and c != 10 for c in cmatop("-1")):
            raise ValueError("a character that is not ASCII")
        json.loads(cmatop("-j"))
        xml.dom.minidom.parseString(cmatop("-s", "-"))
    except (subprocess.SubprocessError, ValueError, xml.parsers.expat.ExpatError) as error:
        wrong = 1
        print(f"seed {seed}: {error} {getattr(error, 'output', b'')}")
sys.exit(wrong)
END
seeds=${SEEDS:-$((LONG ? 1000 : 30))}
python3 damage.py "$seeds" good headroom stock older ranges large_units >err 2>&1
result $? "files damaged at random, in $seeds ways" err

# --- the manual page ---
mandoc -T lint -W warning "$src/cmatop.8" >err 2>&1
result $? "the manual page: mandoc has no complaint" err
groff -man -Tascii -ww -z "$src/cmatop.8" >err 2>&1 && [ ! -s err ]
result $? "the manual page: groff has no complaint" err
undocumented=$(./cmatop --help | grep -oE -- '--[a-z]+' | sort -u | while read -r option; do
	grep -qF -- "\\-\\-${option#--}" "$src/cmatop.8" || echo "$option"
done)
ok "the manual page has every option" [ -z "$undocumented" ]

# --- its Makefile, in a copy of the tree's tools ---
tree=$("$here/tree.sh" 2>err) &&
	tar -C "$tree" -cf - include/uapi tools/{mm,lib,scripts,build,include} |
	tar -xf - &&
	make -C tools/mm DESTDIR="$out/root" cmatop install 2>err >/dev/null
status=$?
result $status "make install" err
result $((status || $(grep -c 'cmatop.*warning' err))) "make: no warning about cmatop" err
[ -x root/usr/sbin/cmatop ] && cmp "$src/cmatop.8" root/usr/share/man/man8/cmatop.8 &&
	! readelf -l root/usr/sbin/cmatop | grep INTERP
result $? "make install: a static program and its page" err
make -C tools/mm clean >out 2>err && [ ! -e tools/mm/cmatop ]
result $? "make clean" err

echo "1..$count"
[ "$failed" = 0 ]
