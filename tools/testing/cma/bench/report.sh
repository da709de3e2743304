#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# report.sh DIR TREE... - from samples.csv and trees.txt in DIR: figures.csv, table.rst and
# the plots. Can be run again by hand. BARS=0 leaves out what figures are to be.
set -eu

here=$(dirname "$0")
dir=$1
shift
tab=$(printf '\t')
for file in samples.csv trees.txt; do
	if [ ! -s "$dir/$file" ]; then
		echo "$0: there is no $dir/$file" >&2
		exit 1
	fi
done

sorted() {
	awk -v pass=1 -f "$here/figures.awk" "$dir/samples.csv" |
		sort -s -t "$tab" -k1,1 -k3,3g
}

{
	echo tree,scenario,pages,figure,value
	sorted | awk -v pass=2 -f "$here/figures.awk"
} >"$dir/figures.csv"
tail -n +2 "$dir/figures.csv" >"$dir/figures"
awk -v names="$*" -v bars="${BARS:-1}" -f "$here/table.awk" \
	"$dir/trees.txt" "$dir/figures" >"$dir/table.rst"
for what in latency moved threads price lending; do
	awk -v what=$what -v names="$*" -f "$here/plot.awk" "$dir/figures" >"$dir/$what.svg"
done
sorted | awk -v what=distribution -v names="$*" -f "$here/plot.awk" >"$dir/distribution.svg"
rm "$dir/figures"
