#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Apply the series to a kernel tree of the user's own, TREE=dir, or refuse and change nothing.
# A git work tree gets the series as commits (git am), any other tree gets the files.
set -u
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/steps.sh
. "$(dirname "$0")/steps.sh"

[ -n "${TREE:-}" ] || die "say where: make apply TREE=dir, a kernel tree of Linux 6.12.y"
[ -d "$TREE" ] || die "TREE=$TREE is no folder: give a kernel tree of Linux 6.12.y"
tree=$(realpath "$TREE")
case $tree/ in
"$(realpath -m "$build")"/*) die "TREE=$tree is the project's own: give a tree of yours" ;;
esac
want_612 "$tree" "TREE=$tree"
version=$(kernel_version "$tree")
[ -w "$tree" ] || die "TREE=$tree may not be written to: check its permissions"
need flock:util-linux patch:patch awk:mawk git:git
read_steps

# An earlier run that was cut short left its notes here: take back what it did.
notes=$tree/.cma-apply
undo() {
	local file
	[ ! -f "$notes/files" ] || while read -r file; do
		rm -f "$tree/$file.new~"
		if [ -e "$notes/old/$file" ]; then
			cmp -s "$notes/old/$file" "$tree/$file" ||
				replace "$notes/old/$file" "$tree/$file"
		elif [ -e "$tree/$file" ]; then
			remove "$tree/$file"
		fi
	done <"$notes/files"
	rm -rf "$notes"
}
if [ -e "$notes" ]; then
	say "taking back what an interrupted run did to $tree"
	undo
fi

[ ! -e "$tree/mm/Kconfig.cma" ] ||
	die "TREE=$tree has the project already (mm/Kconfig.cma is there): give a tree without it"
left=$(find "$tree" -name '*.rej' -print -quit)
[ -z "$left" ] || die "TREE=$tree is not clean: ${left#"$tree"/} is left from a patch that" \
	"failed; see to it and remove it"
utree() {
	git -C "$tree" -c safe.directory="$tree" "$@"
}
is_git=
if [ "$(utree rev-parse --show-toplevel 2>/dev/null)" = "$tree" ]; then
	is_git=1
	gitdir=$(utree rev-parse --absolute-git-dir)
	for left in rebase-apply rebase-merge MERGE_HEAD CHERRY_PICK_HEAD; do
		[ ! -e "$gitdir/$left" ] ||
			die "TREE=$tree is in the middle of a merge, rebase or git am:" \
				"finish or abort that first"
	done
	left=$(utree status --porcelain --untracked-files=no | head -n 1)
	[ -z "$left" ] || die "TREE=$tree has changes that are not committed (${left:3}):" \
		"commit or stash them"
fi

base=$("$(dirname "$0")/base.sh") || exit 1
for file in "${!brought[@]}"; do
	in_tree "$file"
	if [ "$dest" = MAINTAINERS ]; then
		continue
	elif [ ! -e "$base/$dest" ]; then
		[ ! -e "$tree/$dest" ] || die "TREE=$tree has a $dest of its own: the" \
			"project brings one; remove it"
	elif ! cmp -s "$base/$dest" "$tree/$dest"; then
		die "TREE=$tree has changes in $dest, which the project replaces: they would" \
			"be lost; take them back first"
	fi
done

# The whole of it, in a copy of the files concerned: what does not fit is found here.
stage=$build/apply.stage
rm -rf "$stage"
trap 'rm -rf "$stage"' EXIT
stage "$tree" "$stage"
for step in "${!steps[@]}"; do
	apply_step "$step" "$stage" "$version"
done

if [ -n "$is_git" ]; then
	series=$("$(dirname "$0")/series.sh") || exit 1
	head=$(utree rev-parse HEAD)
	trap 'rm -rf "$stage"; utree am --abort 2>/dev/null; exit 1' INT TERM HUP
	if ! utree config user.email >/dev/null; then
		export GIT_COMMITTER_NAME=CMA GIT_COMMITTER_EMAIL=cma@localhost
	fi
	mails=("$series"/*.patch)	# the first is the cover letter
	if ! err=$(utree am -q --no-3way --keep-non-patch "${mails[@]:1}" 2>&1); then
		utree am --abort 2>/dev/null
		[ "$(utree rev-parse HEAD)" = "$head" ] || utree reset -q --keep "$head"
		die "git am failed in $tree, nothing is changed: ${err%%$'\n'*}"
	fi
	trap - INT TERM HUP
	say "$tree has ${#steps[@]} commits more; to take them back: git reset --keep ${head:0:12}"
else
	space "$tree" 50 "applying the series"
	rm -rf "$notes.new"
	trap 'rm -rf "$stage" "$notes.new"' EXIT
	trap 'undo; exit 1' INT TERM HUP
	stage "$tree" "$notes.new/old"
	printf '%s\n' "${touched[@]}" | keep "$notes.new/files" || exit 1
	mv "$notes.new" "$notes" 2>/dev/null || unwritable "$notes"
	for file in "${touched[@]}"; do
		if [ ! -e "$stage/$file" ]; then
			rm -f "$tree/$file"
		elif ! replace "$stage/$file" "$tree/$file"; then
			undo
			unwritable "$tree/$file"
		fi
	done
	trap - INT TERM HUP
	rm -rf "$notes"
	say "$tree, Linux $version, has the project now: ${#touched[@]} files"
fi
echo "$tree"
