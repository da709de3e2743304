#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Carry changes of the project's files into the patches that edit the same files: a step
# brings such a file without the edits of later steps, so these have to fit it.
#
#	refresh.sh [COMMIT]	what has changed since COMMIT, else since the last one
#
# Each earlier version of the file gets the change as far as it has the lines concerned.
# Where it has others in their place, it stays as it is: build each step afterwards, with
# LONG=1 scripts/test-series.sh.
set -u
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/steps.sh
. "$(dirname "$0")/steps.sh"

need git:git patch:patch diff:diffutils
since=${1:-HEAD}
work=$build/refresh
rm -rf "$work"
trap 'rm -rf "$work"' EXIT
read_steps

# put_diff PATCH FILE - put the diff on standard input in the place of that of the file
put_diff() {
	awk -v file="b/$2" '
		FILENAME == "-" { new = new $0 "\n"; next }
		/^diff --git / { own = $NF == file; if (own) printf "%s", new }
		!own { print }' - "$project/$1" | keep "$project/$1" || exit 1
}

for file in "${!later[@]}"; do
	read -ra numbers <<<"${later[$file]}"
	own=$(from_tree "$file")
	n=${#numbers[@]}
	[ "$n" -gt 0 ] || continue
	mkdir -p "$work/$(dirname "$file")" 2>/dev/null || unwritable "$work"
	pgit show "$since:${own#"$project"/}" >"$work/$n" 2>/dev/null ||
		die "there is no ${own#"$project"/} in $since"
	! cmp -s "$work/$n" "$own" || continue

	# As they were, last first; then as they become.
	cp "$work/$n" "$work/$file"
	for ((i = n - 1; i >= 0; i--)); do
		(cd "$work" && undo_edits "$file" "${numbers[n - 1 - i]}") || exit 1
		cp "$work/$file" "$work/$i"
		cp "$work/$i" "$work/$i.new"
		git merge-file -q --ours "$work/$i.new" "$work/$n" "$own" ||
			die "$file cannot be merged"
	done
	cp "$own" "$work/$n.new"
	for ((i = 0; i < n; i++)); do
		{
			echo "diff --git a/$file b/$file"
			diff -u --label "a/$file" --label "b/$file" "$work/$i.new" \
				"$work/$((i + 1)).new"
		} | put_diff "${steps[numbers[n - 1 - i]]}" "$file"
		say "${steps[numbers[n - 1 - i]]}: $file"
	done
done
