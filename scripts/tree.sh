#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Make build/tree: the stock tree with every step of the series done. Files whose content
# stays the same keep their time, so that a kernel is rebuilt only as far as needed.
set -u
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/steps.sh
. "$(dirname "$0")/steps.sh"

need flock:util-linux patch:patch awk:mawk rsync:rsync git:git
base=$("$(dirname "$0")/base.sh") || exit 1
version=$(kernel_version "$base")
tree=$build/tree
want=$build/tree.stage
lock tree
trap 'rm -rf "$want" "$tree.new"' EXIT
rm -rf "$want" "$tree.new"

# All that can be refused is refused here, before the tree is touched.
read_steps
stage "$base" "$want"
for step in "${!steps[@]}"; do
	apply_step "$step" "$want" "$version"
done

if [ ! -d "$tree" ]; then
	space "$build" "$(mib "$base")" "copying the kernel"
	say "copying Linux $version to $tree"
	err=$(cp -a --reflink=auto "$base/." "$tree.new" 2>&1) ||
		die "could not copy $base: ${err##*$'\n'}"
	mv "$tree.new" "$tree" 2>/dev/null || unwritable "$tree"
	keep "$tree.from" <"$base.from"
elif ! cmp -s "$base.from" "$tree.from"; then
	space "$build" 300 "copying the kernel"
	say "changing $tree to Linux $version"
	rm -f "$tree.from"
	err=$(rsync -rlp --checksum --delete "$base/" "$tree/" 2>&1) ||
		die "could not copy $base: ${err##*$'\n'}"
	keep "$tree.from" <"$base.from"
fi

# Earlier steps may have touched other files: these become as in the base. The list of
# both is written first, and shortened when all is done.
changed=0
mapfile -t before < <(cat "$tree.touched" 2>/dev/null)
printf '%s\n' "${before[@]}" "${touched[@]}" | sed '/^$/d' | sort -u | keep "$tree.touched" ||
	exit 1
declare -A now=()
for file in "${touched[@]}"; do
	now[$file]=1
done
mapfile -t all <"$tree.touched"
(cd "$tree" && rm -f "${all[@]/%/.new~}")	# an interrupted run may have left one
for file in "${all[@]}"; do
	if [ -n "${now[$file]:-}" ] && [ -e "$want/$file" ]; then
		continue
	elif [ -z "${now[$file]:-}" ] && [ -e "$base/$file" ]; then
		to=$want/$file
		{ mkdir -p "${to%/*}" && cp --preserve=mode "$base/$file" "$to"; } 2>/dev/null ||
			unwritable "$to"
	elif [ -e "$tree/$file" ]; then
		remove "$tree/$file"
		changed=$((changed + 1))
	fi
done
# Each is replaced at once, unless it is the same.
differ=$(rsync -8rcE --dry-run --out-format='%i %n' "$want/" "$tree/" 2>/dev/null) ||
	die "could not compare $want with $tree"
while IFS= read -r line; do
	file=${line#* }
	case $file in
	*/ | '') continue ;;
	esac
	replace "$want/$file" "$tree/$file" || unwritable "$tree/$file"
	changed=$((changed + 1))
done <<<"$differ"
printf '%s\n' "${touched[@]}" | keep "$tree.touched" || exit 1
[ "$changed" = 0 ] || say "Linux $version, ${#steps[@]} steps, $changed files changed"
echo "$tree"
