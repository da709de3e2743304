#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What cmatop (tools/mm) says of the running kernel agrees with the kernel's own files.
# It is looked for beside this script, then in PATH.

here=$(dirname "$0")
# shellcheck source=cma_selftest.sh
. "$here/cma_selftest.sh"

cmatop=$(PATH=$here:$here/../../../mm:$PATH command -v cmatop)
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
details=$out

# shown ARGUMENT... - its status; what it prints is in $out
shown() {
	"$cmatop" "$@" >"$out" 2>&1
	echo $?
}

# member NAME - a number in $out, which is about one area
member() {
	sed -n "s/^ {\"name\".*\"$1\":\([0-9]*\)[,}].*/\1/p" "$out"
}

# map KIND - the sum over the map
map() {
	awk -v kind="\"$1\"" -F '[{},:]' '/^   ."pfn".*"stuck"/ {
		for (i = 1; i < NF; i++)
			if ($i == kind)
				n += $(i + 1)
	} END { print n + 0 }' "$out"
}

echo "TAP version 13"
if [ "$(id -u)" != 0 ] || [ ! -d "$debugfs" ] || [ -z "$cmatop" ]; then
	skip_all "needs root, CMA_DEBUGFS, debugfs to be mounted, and cmatop"
fi

check "--once" "$(shown --once)" 0
set -- "$debugfs"/*
check "--once: a line for each area" \
	"$(grep -cE '^ +[0-9]+ .* +[0-9.]+[KMGT] +' "$out")" $#
for dfs in "$debugfs"/*; do
	area=${dfs##*/}
	pages=7
	order=$(cat "$dfs/order_per_bit")
	[ "$order" -lt 3 ] || pages=$((1 << order))
	used=$(cat "$dfs/used")

	echo $pages >"$dfs/alloc" || echo "# $area: could not allocate $pages pages"
	check "$area: --json" "$(shown --json --area "$area")" 0
	check "$area: pages held" "$(member held_pages)" "$(cat "$dfs/used")"
	check "$area: the map is whole" "$(map pages)" "$(cat "$dfs/count")"
	check "$area: pages allocated in the map" "$(map allocated)" "$(cat "$dfs/used")"
	check "$area: the rest is free, borrowed or stuck" \
		"$(($(map free) + $(map borrowed) + $(map stuck)))" \
		"$(($(cat "$dfs/count") - $(cat "$dfs/used")))"
	for file in "$sysfs/$area"/alloc_pages_* "$sysfs/$area/release_pages_success"; do
		[ ! -e "$file" ] || check "$area: ${file##*/}" "$(member "${file##*/}")" \
			"$(cat "$file")"
	done
	for file in allocations holders failures reasons; do
		if [ -e "$dfs/$file" ]; then
			check "$area: $file is read" "$(grep -c "^  \"$file\":\[" "$out")" 1
		else
			check "$area: there is no $file" \
				"$(grep -c "^  \"$file\":null" "$out")" 1
		fi
	done
	check "$area: nothing was malformed" "$(grep -c expected "$out")" 0
	check "$area: the picture" "$(shown --svg - --area "$area")" 0
	echo $pages >"$dfs/free"
	check "$area: as before" "$(cat "$dfs/used")" "$used"
done
check "an area that is not there" "$(shown --once --area nothing)" 2

shown --once >/dev/null
check "nothing but ASCII" "$(grep -cv '^[ -~]*$' "$out")" 0

finish
