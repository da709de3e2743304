#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Test that the series, applied with git am to the base, gives exactly build/tree, and that
# nothing else differs there. LONG=1: build a kernel at each step, without warnings in the files
# that it changes, boot it and run its KUnit tests. (make check has checkpatch read each mail.)
# STEPS=FIRST[-LAST] builds and boots these steps only.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=steps.sh
. "$(dirname "$0")/steps.sh"
# shellcheck source=tap.sh
. "$(dirname "$0")/tap.sh"

[[ ${STEPS:=1-} =~ ^[0-9]+(-[0-9]*)?$ ]] ||
	die "STEPS=\"$STEPS\": expected numbers of steps, FIRST or FIRST-LAST"
first=${STEPS%-*} last=${STEPS#*-}

need git:git patch:patch flock:util-linux diff:diffutils
[ "${LONG:-}" != 1 ] || need sparse:sparse
scripts=$(cd "$(dirname "$0")" && pwd)
tree=$("$scripts/tree.sh") || exit 1
base=$build/base
series=$("$scripts/series.sh") || exit 1
read_steps
mails=("$series"/*.patch)
mails=("${mails[@]:1}")

work=$build/test-series
lock test-series
rm -rf "$work"
trap 'rm -rf "$work"' EXIT

# With an index and a history of the files concerned only, git am does the same work in a
# second as in the whole tree.
repo() {
	git -C "$work/am" -c user.name=CMA -c user.email=cma@localhost -c core.autocrlf=false "$@"
}

echo "TAP version 13"
[ "${#mails[@]}" = "${#steps[@]}" ]
result $? "one mail for each of the ${#steps[@]} steps"
! grep -q '\*\*\* .* HERE \*\*\*' "$series"/0000-*
result $? "the cover letter is written"

stage "$base" "$work/am"
if ! { repo init -q && repo add -A -f && repo commit -q -m base && repo tag v0; }; then
	die "git failed in $work ($(mib_free "$work") MiB free)"
fi
for step in "${!steps[@]}"; do
	repo am -q "${mails[step]}" 2>&1 | sed 's/^/# /'
	[ "${PIPESTATUS[0]}" = 0 ]
	result $? "git am ${mails[step]##*/}"
	repo am --abort 2>/dev/null
	repo tag "v$((step + 1))"
done

status=0
for file in "${touched[@]}"; do
	if [ -e "$tree/$file" ]; then
		cmp "$work/am/$file" "$tree/$file" || status=1
		if [ -x "$work/am/$file" ]; then
			[ -x "$tree/$file" ]
		else
			[ ! -x "$tree/$file" ]
		fi || { echo "# mode of $file"; status=1; }
	else
		[ ! -e "$work/am/$file" ] || { echo "# $file is there"; status=1; }
	fi
done
repo ls-files | grep -vxF -f <(printf '%s\n' "${touched[@]}") | sed 's/^/# too many: /' | grep . &&
	status=1
result $status "git am gives the ${#touched[@]} files of make tree"

diff -rq --no-dereference "$base" "$tree" |
	sed -n "s,^[A-Z][a-z]* $base/\(.*\) and .* differ\$,\1,p
		s,^Only in \($base\|$tree\)/\?\([^:]*\): ,\2/,p" |
	sed 's,^/,,' | while read -r path; do
	[ ! -d "$tree/$path" ] || path=$path/
	printf '%s\n' "${touched[@]}" | grep -q "^$path" || echo "# $path differs"
done >"$work/differ"
cat "$work/differ"
[ ! -s "$work/differ" ]
result $? "all other files of make tree are the base's"

if [ "${LONG:-}" = 1 ]; then
	say "copying the kernel, to build each step"
	space "$work" "$(mib "$base")" "copying the kernel"
	# Objects of an earlier run would be newer than the files of this one.
	objects=$build/kernel/${ARCH:-x86_64}-step
	rm -rf "$objects"
	trap 'rm -rf "$work" "$objects"' EXIT
	cp -a --reflink=auto "$base/." "$work/tree" || unwritable "$work/tree"
	guests=$project/tools/testing/selftests/cma/qemu
	export KERNEL_TREE=$work/tree KERNEL_NAME=step DEBUG='' STOCK='' CONFIG='' \
		ARCH=${ARCH:-x86_64}
	# shellcheck disable=SC2034 # arch.sh wants it
	cross=$(
		here=$guests
		# shellcheck source=../tools/testing/selftests/cma/qemu/arch.sh
		. "$guests/arch.sh"
		echo "$cross"
	)
	cat >"$work/kunit.sh" <<-'END'
	! cat /sys/kernel/debug/kunit/*/results 2>/dev/null | grep 'not ok'
	END

	# warnings STEP - of W=1 and sparse, in the project's files that the step changes
	# shellcheck disable=SC2031 # nothing outside of it needs what the subshell above has set
	warnings() {
		local file objs=()
		while read -r file; do
			case $file in
			mm/*.c | kernel/*.c | arch/*.c)
				[ -z "${brought[$file]:-}" ] || [ ! -e "$objects/${file%.c}.o" ] ||
					objs+=("${file%.c}.o") ;;
			esac
		done < <(repo diff --name-only --no-renames "v$1" "v$(($1 + 1))")
		[ "${#objs[@]}" -gt 0 ] || return 0
		(cd "$objects" && rm -f "${objs[@]}")
		make -C "$objects" ARCH="$ARCH" CROSS_COMPILE="$cross" \
			CC="$(command -v ccache) ${cross}gcc" W=1 C=2 -k "${objs[@]}" 2>&1 |
			grep -F -f <(printf '%s\n' "${objs[@]/%.o/.c:}") |
			grep -E '(warning|error):' | sed 's/^/# /'
	}

	for step in "${!steps[@]}"; do
		repo checkout -q "v$((step + 1))" || die "git failed in $work"
		repo diff --name-only --no-renames "v$step" "v$((step + 1))" |
		   while read -r file; do
			if [ -e "$work/am/$file" ]; then
				replace "$work/am/$file" "$work/tree/$file"
			else
				remove "$work/tree/$file"
			fi || unwritable "$work/tree/$file"
		done || exit 1
		[ "$step" -lt "$((first - 1))" ] && continue
		[ -n "$last" ] && [ "$step" -ge "$last" ] && break
		title="step $((step + 1)), ${steps[step]#*/}"
		image=$("$guests/kernel.sh" | tail -n 1)
		[ -n "$image" ]
		result $? "$title: a kernel builds"
		[ -n "$image" ] || continue
		KERNEL=$image APPEND=kunit.enable=1 VM_WATCH=1 SCRIPT=$work/kunit.sh \
			"$guests/vm.sh" </dev/null 2>&1 | sed 's/^/# /'
		[ "${PIPESTATUS[0]}" = 0 ]
		result $? "$title: it boots, and its KUnit tests pass"
		! warnings "$step" | grep .
		result $? "$title: no warnings of W=1 and sparse"
	done
else
	count=$((count + 1))
	echo "ok $count # SKIP a kernel builds and boots at each step: LONG=1 does this"
fi

echo "1..$count"
[ "$failed" = 0 ]
