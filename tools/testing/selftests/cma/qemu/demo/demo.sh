#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The demonstration of `make run`, in the guest: each step shows something and checks
# that it held. run.sh sets COLOUR.

# what the program area writes
count='' waiting='' borrowed='' allocated=''

PAGES=1280
BUFFERS=4
ROOM=48		# MiB outside the area for pages to move to

sysfs=/sys/kernel/mm/cma
debugfs=/sys/kernel/debug/cma
page_kib=$(awk '/^KernelPageSize/ { print $2; exit }' /proc/self/smaps)
wrong=0
held=0

step() {
	echo
	echo "$*"
}

tell() {
	echo "$*" | fold -s -w 77 | sed 's/^/   /; s/ *$//'
}

# holds WHAT TEST... - count it, and say so when it does not hold
holds() {
	what=$1
	shift
	if [ "$@" ]; then
		held=$((held + 1))
	else
		wrong=$((wrong + 1))
		tell "DOES NOT HOLD: $what ($*)"
	fi
}

give_up() {
	echo
	echo "make run: $*"
	exit 1
}

mib() {
	echo $(($1 * page_kib / 1024))
}

counter() {
	cat "$sysfs/$area/$1"
}

vmstat() {
	awk -v name="$1" '$1 == name { print $2 }' /proc/vmstat
}

cma_free() {
	awk -v kib="$page_kib" '/^CmaFree/ { print $2 / kib }' /proc/meminfo
}

hex() {
	printf '%#x' "$1"
}

# show COMMAND - it and what it prints, within 80 columns, call chains down to one function
show() {
	tell "# $1"
	eval "$1" 2>&1 | sed 's/<[^ ]*/<.../g' | fold -s -w 74 | sed 's/^/     /; s/ *$//'
}

# records FILE - the lines of a file of debugfs, without the names of its columns
records() {
	sed 1d "$debugfs/$area/$1"
}

counters() {
	tell "Counters: allocated $(counter alloc_pages_success)," \
		"refused $(counter alloc_pages_fail)," \
		"released $(counter release_pages_success);" \
		"available $(counter available_pages) pages."
}

# Draw the area into /tmp/picture; count, waiting, borrowed and allocated are then set.
draw() {
	./area "$area" /tmp/now >/tmp/picture || give_up "the area $area cannot be looked at"
	# shellcheck source=/dev/null # area writes it
	. /tmp/now
}

# start PROGRAM ARGUMENTS - in the background, its input and output on pipes in /tmp
start() {
	program=$1
	shift
	mkfifo "/tmp/$program.in" "/tmp/$program.out" || give_up "no pipes in /tmp"
	"./$program" "$@" <"/tmp/$program.in" >"/tmp/$program.out" 2>&1 &
}

# hear - repeat what a program says until it is ready; $pinned is the page that it pins
pinned=
hear() {
	while read -r line; do
		case $line in
		ready) return 0 ;;
		"pinned "*) pinned=${line#pinned } ;;
		*) tell "$line" ;;
		esac
	done
	return 1
}

[ -d "$sysfs" ] || give_up "this kernel has no area: $sysfs is missing"
areas=$(cd "$sysfs" && echo *)
for area in $areas; do
	if [ ! -e "$sysfs/$area/total_pages" ] || [ ! -e "$sysfs/$area/available_pages" ]; then
		give_up "this is another allocator than the project's:" \
			"$sysfs/$area/ has no total_pages and available_pages"
	fi
done

echo "Linux $(uname -r) for $(uname -m), $(nproc) processors," \
	"$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo) MiB of memory"

step "1. An area was reserved at boot, for devices that need memory in one piece"
for area in $areas; do
	base=$(cat "$debugfs/$area/base_pfn")
	total=$(counter total_pages)
	tell "Area \"$area\": $total pages of $page_kib KiB = $(mib "$total") MiB," \
		"PFN $(hex "$base") to $(hex $((base + total - 1)))."
	counters
done
for area in $areas; do
	[ -c "/dev/dma_heap/$area" ] && break
done
heap=/dev/dma_heap/$area
[ -c "$heap" ] || give_up "no area is a dma-buf heap: /dev/dma_heap has $(ls /dev/dma_heap)"
draw
tail -n 1 /tmp/picture
first_free=$(cma_free)
first_borrowed=$borrowed
first_success=$(counter alloc_pages_success)
first_release=$(counter release_pages_success)
first_fail=$(counter alloc_pages_fail)
first_used=$(cat "$debugfs/$area/used")
first_available=$(counter available_pages)
first_chunk=$(cat "$debugfs/$area/maxchunk")
[ "$first_used" = 0 ] || tell "The kernel holds $first_used pages of it, for DMA of its own."
holds "sysfs and debugfs tell the same size" "$(counter total_pages)" = "$count"
holds "what is allocated and what is available make the area" \
	$((first_used + first_available)) = "$count"
holds "the picture shows what is allocated" "$allocated" = "$first_used"

step "2. Programs fill the memory, and so borrow the area"
# Where the first buffer would lie if nothing was in the way.
lowest=$((base + first_used))
# A reserve as large as the kernel likes it would end the programs before the area is lent.
echo 1024 >/proc/sys/vm/min_free_kbytes
start borrow "$area" $ROOM $((lowest + PAGES / 2))
borrow=$!
exec 4>/tmp/borrow.in 5</tmp/borrow.out
hear <&5 || give_up "the programs that fill memory failed"
draw
cat /tmp/picture
tell "$borrowed of the $count pages ($((borrowed * 100 / count))%) are lent: $(mib "$borrowed")" \
	"of $(mib "$count") MiB."
tell "One of them, $pinned, is in a pipe of borrow (pid $borrow), by vmsplice()."
holds "most of the area is borrowed" "$borrowed" -ge $((count * 4 / 5))
holds "nothing is allocated by that" "$allocated" = "$first_used"
holds "the page is where the first buffer would lie" \
	$((pinned >= lowest && pinned < lowest + PAGES)) = 1

step "3. All of the area is wanted: one page stands in the way, and is named"
given_up=$(counter ranges_given_up)
show "echo $first_chunk >$debugfs/$area/alloc"
show "dmesg | grep 'alloc failed' | tail -n 1"
show "head -n 2 $debugfs/$area/failures"
show "cat $debugfs/$area/reasons"
show "awk '\$6' $debugfs/$area/map"
tell "In words: $pinned cannot be moved (\"stuck\"), since something uses it; borrow" \
	"allocated it. Who allocated a page is known since the kernel was booted with" \
	"page_owner=on."
log=$(dmesg | grep 'alloc failed' | tail -n 1)
# shellcheck disable=SC2046 # columns
set -- $(records failures)
holds "the failure is what was asked for" "$2 $4 $6" = "$first_chunk -16 sh"
holds "it names the page and its kind" "$7 $8" = "pinned $pinned"
holds "it names the holder" "${11%%,site=*}" = "pid=$borrow,comm=borrow"
holds "the log names page, kind and holder" \
	-z "${log##*"in the way: PFN $pinned (pinned, "*", of borrow, pid $borrow)"}"
holds "the reason is counted" \
	"$(records reasons | awk '$2 == "pinned" { print ($1 > 0) }')" = 1
holds "sysfs counts what was given up" "$(counter ranges_given_up)" -gt "$given_up"
holds "the failure is counted" "$(counter alloc_pages_fail)" = $((first_fail + first_chunk))
stuck_in_block() {
	records map | while read -r pfn pages _ _ _ stuck; do
		[ $((pinned >= pfn && pinned < pfn + pages)) = 0 ] || echo "$stuck"
	done
}
holds "the map shows the page" "$(stuck_in_block)" -ge 1

step "4. A camera opens: $BUFFERS buffers of $PAGES pages ($(mib $PAGES) MiB each)," \
	"round that page"
tell "They come from $heap, by DMA_HEAP_IOCTL_ALLOC."
moved=$(counter pages_migrated)
start camera "$heap" "$area" $PAGES $BUFFERS
camera=$!
exec 6>/tmp/camera.in 7</tmp/camera.out
hear <&7 || give_up "the camera got no buffers"
moved=$(($(counter pages_migrated) - moved))
wanted=$((PAGES * BUFFERS))
tell "$moved pages of the programs were in the way, and had to move."
show "cat $debugfs/$area/allocations"
show "cat $debugfs/$area/holders"
./cmatop --once >/tmp/view
tell "# cmatop --once | sed '/^How /,\$d'"
sed '/^How /,$d' /tmp/view
draw
holds "pages moved" "$moved" -gt 0
holds "the bitmap has the buffers" "$allocated" = $((first_used + wanted))
holds "debugfs counts the buffers" "$(cat "$debugfs/$area/used")" = $((first_used + wanted))
holds "sysfs counts the buffers" \
	"$(counter alloc_pages_success)" = $((first_success + wanted))
holds "what is available is less by the buffers" \
	"$(counter available_pages)" = $((first_available - wanted))
holds "each buffer is on record as the camera's" \
	"$(records allocations | awk -v pid=$camera '$4 == pid { print $2, $5 }' | sort |
		uniq -c | tr -s ' ')" = " $BUFFERS $PAGES camera"
holds "one caller holds them all" \
	"$(records holders | awk -v pages=$wanted -v n=$BUFFERS '$1 == pages && $2 == n' |
		wc -l)" = 1
holds "no buffer has the pinned page in it" "$(records allocations |
	while read -r pfn pages _; do
		[ $((pinned >= pfn && pinned < pfn + pages)) = 0 ] || echo "$pfn"
	done)" = ""
holds "the page is still where it was" "$(stuck_in_block)" -ge 1
holds "cmatop names the page" "$(grep -c "pinned at PFN $pinned" /tmp/view)" = 1
holds "cmatop names its holder" "$(grep -c "borrow" /tmp/view)" -ge 1
holds "cmatop fits 80 columns" -z "$(grep '.\{81\}' /tmp/view)"

step "5. The camera closes, the pipe too, and the programs read their memory again"
exec 6>&-
cat <&7
wait "$camera"
holds "the camera's program ended well" $? = 0
(echo >&4)	# it may be gone
hear <&5
holds "nothing stands in the way any more" "$(stuck_in_block)" = 0
exec 4>&-
hear <&5
wait "$borrow"
holds "no page was changed by its move" $? = 0
holds "nothing is allocated" "$(cat "$debugfs/$area/used")" = "$first_used"
holds "the buffers were released" \
	"$(counter release_pages_success)" = $((first_release + wanted))

step "6. What failed in step 3 succeeds: $first_chunk pages are taken at once, and given back"
taken=0
if echo "$first_chunk" >"$debugfs/$area/alloc"; then
	taken=$(($(cat "$debugfs/$area/used") - first_used))
	echo "$first_chunk" >"$debugfs/$area/free"
	# What is given back may wait on a processor's list, where CmaFree does not count
	# it. Taking pages empties those lists.
	echo 1 >"$debugfs/$area/alloc" && echo 1 >"$debugfs/$area/free"
fi
holds "everything could be taken in one piece" "$taken" = "$first_chunk"
draw
tail -n 1 /tmp/picture
counters
now=$(cma_free)
tell "CmaFree: $now pages ($first_free at the start); $waiting more wait on a" \
	"processor's list."
holds "the bitmap is as at the start" "$allocated" = "$first_used"
holds "as much is available as at the start" \
	"$(counter available_pages)" = "$first_available"
holds "no other allocation was refused" \
	"$(counter alloc_pages_fail)" = $((first_fail + first_chunk))
# Whatever runs borrows pages, this script too: what CmaFree may lack are the pages that
# are borrowed, or wait on a processor's list, and those that came and went meanwhile.
slack=$((borrowed + waiting + 64))
holds "CmaFree is back" "$now" -ge $((count - first_used - slack))
holds "hardly anything is borrowed" "$borrowed" -le $((first_borrowed + count / 50))

echo
if [ $wrong -gt 0 ]; then
	echo "$wrong of $((held + wrong)) things that were to be shown did not hold."
	exit 1
fi
echo "All $held things that were to be shown held."
