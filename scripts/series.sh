#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Write the series to build/series, as mails for git am on the base: one for each entry of
# patches/series, and a cover letter out of patches/cover. The same input gives the same bytes.
set -u
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/steps.sh
. "$(dirname "$0")/steps.sh"

need flock:util-linux patch:patch awk:mawk git:git
base=$("$(dirname "$0")/base.sh") || exit 1
version=$(kernel_version "$base")
series=$build/series
cover=$project/patches/cover
repo=$build/series.repo
lock series
trap 'rm -rf "$repo" "$series.new"' EXIT
rm -rf "$repo" "$series.new"

[ -f "$cover" ] || die "there is no patches/cover: its first line is the subject of the" \
	"cover letter, the rest its text"
read_steps
stage "$base" "$repo"

# Nothing of the user's configuration but the name may show in the result.
when=$(pgit log -1 --format=%ct 2>/dev/null)
GIT_AUTHOR_NAME=$(pgit config user.name)
GIT_AUTHOR_EMAIL=$(pgit config user.email)
export GIT_AUTHOR_NAME=${GIT_AUTHOR_NAME:-CMA} GIT_AUTHOR_EMAIL=${GIT_AUTHOR_EMAIL:-cma@localhost}
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

git_repo() {
	git -C "$repo" -c core.autocrlf=false -c core.fileMode=true "$@" || die "git $1" \
		"failed in $repo ($(mib_free "$build") MiB free)"
}

# commit MESSAGE_FILE - each a second after the other, so that mail readers keep the order
commit() {
	export GIT_AUTHOR_DATE="${when:-0} +0000"
	export GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
	when=$((${when:-0} + 1))
	git_repo add -A -f
	git_repo commit -q --allow-empty --cleanup=whitespace -F "$1"
}

git_repo -c init.defaultBranch=series init -q
echo "Linux $version" >"$repo/.git/step"
commit "$repo/.git/step"
git_repo tag base
for step in "${!steps[@]}"; do
	apply_step "$step" "$repo" "$version"
	message "${steps[step]}" >"$repo/.git/step"
	commit "$repo/.git/step"
	[ -n "$(git_repo diff --name-only HEAD~ HEAD)" ] || die "${steps[step]} changes nothing"
done

git_repo format-patch -q -o "$series.new" --cover-letter --zero-commit --full-index \
	--no-signature --no-renames --stat=72 base

# git leaves two places in the cover letter for us to fill in.
awk -v subject="$(head -n 1 "$cover")" '
	FILENAME == ARGV[1] { if (FNR > 2) text[++n] = $0; next }
	/^Subject: / { sub(/\*\*\* SUBJECT HERE \*\*\*/, ""); print $0 subject; next }
	/^\*\*\* BLURB HERE \*\*\*$/ { for (i = 1; i <= n; i++) print text[i]; next }
	{ print }' "$cover" "$series.new/0000-cover-letter.patch" |
	keep "$series.new/0000-cover-letter.patch" || exit 1

rm -rf "$series.old"
if [ -e "$series" ]; then
	mv "$series" "$series.old"
fi
mv "$series.new" "$series" 2>/dev/null || unwritable "$series"
rm -rf "$series.old"
say "${#steps[@]} patches on Linux $version"
echo "$series"
