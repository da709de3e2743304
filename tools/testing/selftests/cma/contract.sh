#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What sysfs, debugfs, /proc and the tracepoints show of each area: every file
# with its mode and form, and numbers that agree with each other. Also what the
# two files of debugfs that can be written to take, and what they refuse.

here=$(dirname "$0")
# shellcheck source=cma_selftest.sh
. "$here/cma_selftest.sh"

trace=/sys/kernel/tracing
[ -d "$trace/events" ] || trace=/sys/kernel/debug/tracing
page_kb=$(awk '/^KernelPageSize:/ { print $2; exit }' /proc/self/smaps)

# holds NAME COMMAND... - the command succeeds
holds() {
	holds_name=$1
	shift
	"$@" && holds_ret=0 || holds_ret=$?
	check "$holds_name" "$holds_ret" 0
}

# what is in a file, in hexadecimal, but digits and spaces; a seek would mislead
# some implementations of tail about the size of such files
form() {
	tr -d '0-9 ' <"$1" | od -An -tx1 | tr -d ' '
}

is_number() {
	case $1 in
	''|*[!0-9]*|0?*) return 1 ;;
	esac
}

# number FILE NAME - it holds one decimal number and a newline, as its only line
number() {
	check "$2: one line, with a newline" "$(form "$1")" 0a
	holds "$2: a decimal number" is_number "$(cat "$1")"
	check "$2: read-only" "$(stat -c %a "$1")" 444
}

# all that changes when pages are allocated or released, on one line in $picture; no
# process for each file, which takes long in a kernel with checkers
picture() {
	# What cannot be compared is not equal to what it was.
	picture=$(md5sum <"$dfs/bitmap") || picture="no sum before test $tests"
	for shown in "$dfs/used" "$dfs/maxchunk" "$sfs/available_pages" \
		     "$sfs/alloc_pages_success" "$sfs/release_pages_success"; do
		[ -r "$shown" ] && read -r value <"$shown" || value=-1
		picture="$picture, ${shown##*/} $value"
	done
}

# units that are set in a bitmap file
weight() {
	awk '{ for (i = 1; i <= NF; i++)
		for (w = $i; w >= 1; w = int(w / 2)) n += w % 2 } END { print n + 0 }' "$1"
}

# put FILE TEXT - write; the status says whether it was taken
put() {
	{ printf '%s\n' "$2" >"$1"; } 2>/dev/null
}

# refused NAME FILE TEXT - writing is an error, and nothing has changed
refused() {
	picture
	before=$picture
	if [ ! -e "$2" ] || put "$2" "$3"; then
		check "$1 is refused" taken "not taken"
	else
		check "$1 is refused" "not taken" "not taken"
	fi
	picture
	check "$1 changes nothing" "$picture" "$before"
	# What was taken all the same must not fall on the next test.
	if [ "$picture" != "$before" ]; then
		put "$dfs/free" "$(($(cat "$dfs/used") - held))"
	fi
}

get() {
	cat "$dfs/$1" 2>/dev/null || cat "$sfs/$1" 2>/dev/null || echo -1
}

# moved NAME WANTED OLD FILE - a number differs by so much from what it was
moved() {
	check "$1: $4" "$(($(get "$4") - $3))" "$2"
}

vmstat() {
	awk -v name="$1" '$1 == name { print $2 }' /proc/vmstat
}

meminfo() {
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

zoneinfo() {
	awk -v name="$1" '$1 == name { sum += $2 } END { print sum + 0 }' /proc/zoneinfo
}

show_area() {
	for file in alloc_pages_success alloc_pages_fail release_pages_success \
		    total_pages available_pages; do
		if [ -e "$sfs/$file" ]; then
			number "$sfs/$file" "$area: sysfs $file"
		else
			check "$area: sysfs $file" absent present
		fi
	done
	for file in base_pfn count order_per_bit used maxchunk; do
		if [ -e "$dfs/$file" ]; then
			number "$dfs/$file" "$area: debugfs $file"
		else
			check "$area: debugfs $file" absent present
		fi
	done
	for file in alloc free; do
		check "$area: debugfs $file is write-only" "$(stat -c %a "$dfs/$file")" 200
	done

	count=$(get count)
	unit=$((1 << $(get order_per_bit)))
	check "$area: debugfs bitmap is read-only" "$(stat -c %a "$dfs/bitmap")" 444
	check "$area: debugfs bitmap: one line, with a newline" "$(form "$dfs/bitmap")" 0a
	check "$area: debugfs bitmap: numbers of 32 bits, a space between" \
		"$(tr ' ' '\n' <"$dfs/bitmap" |
			awk '!/^(0|[1-9][0-9]*)$/ || $1 > 4294967295 { n++ }
				END { print n + 0 }')" 0
	check "$area: debugfs bitmap: a bit for each unit" "$(wc -w <"$dfs/bitmap" | tr -d ' ')" \
		$(((count / unit + 31) / 32))
	check "$area: bits set in the bitmap are what is used" \
		$(($(weight "$dfs/bitmap") * unit)) "$(get used)"
	check "$area: total_pages is count" "$(get total_pages)" "$count"
	check "$area: available_pages and used are count" \
		$(($(get available_pages) + $(get used))) "$count"
	holds "$area: maxchunk is not more than available_pages" \
		[ "$(get maxchunk)" -le "$(get available_pages)" ]
	check "$area: base and count are whole units" $(($(get base_pfn) % unit + count % unit)) 0
}

write_area() {
	vm_success=$(vmstat cma_alloc_success)
	vm_fail=$(vmstat cma_alloc_fail)
	old_used=$(get used)
	old_available=$(get available_pages)
	old_success=$(get alloc_pages_success)
	old_fail=$(get alloc_pages_fail)
	old_release=$(get release_pages_success)
	size=$((5 * unit))

	holds "$area: 5 units are allocated" put "$dfs/alloc" $size
	moved "$area: after that" $size "$old_used" used
	moved "$area: after that" -$size "$old_available" available_pages
	moved "$area: after that" $size "$old_success" alloc_pages_success
	moved "$area: after that" 0 "$old_fail" alloc_pages_fail
	moved "$area: after that" 0 "$old_release" release_pages_success
	check "$area: after that: bits in the bitmap" \
		$(($(weight "$dfs/bitmap") * unit)) $((old_used + size))
	check "$area: cma_alloc_success in vmstat counts calls" \
		$(($(vmstat cma_alloc_success) - vm_success)) 1
	check "$area: cma_alloc_fail in vmstat stays" \
		$(($(vmstat cma_alloc_fail) - vm_fail)) 0

	holds "$area: 2 of them are freed" put "$dfs/free" $((2 * unit))
	moved "$area: then" $((3 * unit)) "$old_used" used
	moved "$area: then" $((2 * unit)) "$old_release" release_pages_success
	holds "$area: 4 more are allocated" put "$dfs/alloc" $((4 * unit))
	moved "$area: then" $((7 * unit)) "$old_used" used

	held=$((old_used + 7 * unit))
	for file in alloc free; do
		refused "$area: '-1' to $file" "$dfs/$file" -1
		refused "$area: text to $file" "$dfs/$file" text
		refused "$area: nothing to $file" "$dfs/$file" ''
		refused "$area: a number and text to $file" "$dfs/$file" 1x
		refused "$area: 2^64 to $file" "$dfs/$file" 18446744073709551616
		refused "$area: 2^64 - 1 to $file" "$dfs/$file" 18446744073709551615
		refused "$area: 2^32 + a unit to $file" "$dfs/$file" $((4294967296 + unit))
		refused "$area: 2^31 + a unit to $file" "$dfs/$file" $((2147483648 + unit))
		refused "$area: 0 to $file" "$dfs/$file" 0
	done
	refused "$area: more than the area to alloc" "$dfs/alloc" $((count + 1))
	refused "$area: more than is there to alloc" "$dfs/alloc" $(($(get available_pages) + 1))
	holds "$area: what cannot be had is counted in alloc_pages_fail" \
		[ "$(get alloc_pages_fail)" -gt "$old_fail" ]
	[ $unit = 1 ] || refused "$area: a part of a unit to free" "$dfs/free" 1

	holds "$area: all are freed in one go" put "$dfs/free" $((7 * unit))
	moved "$area: at the end" 0 "$old_used" used
	moved "$area: at the end" 0 "$old_available" available_pages
	check "$area: as many pages were released as allocated" \
		$(($(get release_pages_success) - old_release)) \
		$(($(get alloc_pages_success) - old_success))
}

# lines of an event that name this area, out of the trace
traced() {
	grep -c " cma_$1: name=$area pfn=0x[0-9a-f]* page=[^ ]* count=5$2\$" "$trace/trace"
}

trace_area() {
	if [ ! -d "$trace/events/cma" ]; then
		skip "tracepoints" "no $trace/events/cma: needs CONFIG_FTRACE"
		return
	fi
	for event in "alloc_start name count align" "release name pfn page count" \
		     "alloc_finish name pfn page count align errorno" \
		     "alloc_busy_retry name pfn page count align"; do
		# shellcheck disable=SC2086 # the fields are words
		set -- $event
		event=cma_$1
		shift
		for field; do
			check "tracepoint $event has $field" "$(grep -cE \
				"field:.*[ ]$field(\[\])?;" "$trace/events/cma/$event/format")" 1
		done
	done

	echo >"$trace/trace"
	echo 1 >"$trace/events/cma/enable"
	put "$dfs/alloc" 5
	put "$dfs/free" 5
	echo 0 >"$trace/events/cma/enable"
	check "tracepoint cma_alloc_start as printed" "$(grep -c \
		" cma_alloc_start: name=$area count=5 align=0\$" "$trace/trace")" 1
	check "tracepoint cma_alloc_finish as printed" \
		"$(traced alloc_finish ' align=0 errorno=0')" 1
	check "tracepoint cma_release as printed" "$(traced release '')" 1
	echo >"$trace/trace"
}

# Others allocate and free meanwhile, so that two readings can differ.
agree() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		cat "$2" >/dev/null
		agree_got=$($3 "$4")
		agree_wanted=$($5 "$6")
		[ "$agree_got" != $((agree_wanted * $7)) ] || break
	done
	check "$1" "$agree_got" $((agree_wanted * $7))
}

echo "TAP version 13"
if [ "$(id -u)" != 0 ] || [ ! -d "$debugfs" ] || [ ! -d "$sysfs" ]; then
	skip_all "needs root, CMA_SYSFS, CMA_DEBUGFS, and debugfs to be mounted"
fi

check "the same areas in sysfs and in debugfs" "$(ls "$debugfs")" "$(ls "$sysfs")"
holds "there is an area (boot with cma=)" [ -n "$(ls "$sysfs")" ]
total=0
for sfs in "$sysfs"/*; do
	area=${sfs##*/}
	dfs=$debugfs/$area
	held=0
	[ -d "$dfs" ] || continue
	show_area
	write_area
	case $area in
	*[!a-zA-Z0-9_-]*) ;;
	*) trace_area ;;
	esac
	total=$((total + count))
done

check "CmaTotal is all areas" "$(meminfo CmaTotal)" $((total * page_kb))
agree "CmaFree is nr_free_cma" /proc/vmstat meminfo CmaFree vmstat nr_free_cma "$page_kb"
agree "zones have as many CMA pages" /proc/zoneinfo zoneinfo cma meminfo CmaTotal "1/$page_kb"
agree "zones have as many free CMA pages" /proc/zoneinfo zoneinfo nr_free_cma vmstat nr_free_cma 1
holds "CmaFree is not more than CmaTotal" [ "$(meminfo CmaFree)" -le "$(meminfo CmaTotal)" ]

finish
