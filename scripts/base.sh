#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Unpack the stock tree into build/base; the last line is its path.
# KERNEL_SRC=tarball or folder takes the place of Debian's linux-source-6.12.
set -u
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

packaged=/usr/src/linux-source-6.12.tar.xz
src=${KERNEL_SRC:-$packaged}
base=$build/base
new=$build/base.new
cache=$(cat "$base.from" 2>/dev/null)

case $src in
/*) ;;
*) src=$PWD/$src ;;
esac
if [ -n "${KERNEL_SRC:-}" ]; then
	[ -e "$src" ] || die "KERNEL_SRC=$KERNEL_SRC does not exist: give a tarball or a" \
		"folder of Linux 6.12.y"
	[ -r "$src" ] || die "KERNEL_SRC=$KERNEL_SRC cannot be read: check its permissions"
	src=$(realpath "$src")
elif [ ! -e "$src" ] && [ -f "$base/Makefile" ] && [ "${cache%% *}" = "$packaged" ]; then
	echo "$base"	# the package has gone since, what it held is here
	exit
else
	need "$packaged:linux-source-6.12"
fi
case $(realpath "$src")/ in
"$(realpath -m "$build")"/*) die "KERNEL_SRC=$src lies in $build, which is for results: give" \
	"a path outside of it" ;;
esac

# What a later run compares to see whether this base is still the one that is asked for.
if [ -d "$src" ]; then
	want_612 "$src" "KERNEL_SRC=$src"
	head=$(git -C "$src" rev-parse HEAD 2>/dev/null)
	from="$src folder $(kernel_version "$src") $(stat -c %Y "$src/Makefile") $head"
else
	from="$src $(stat -c '%s %Y' "$src")"
fi
if [ "$from" = "$cache" ] && [ -f "$base/Makefile" ]; then
	echo "$base"
	exit
fi

need flock:util-linux tar:tar
lock base
trap 'rm -rf "$new"' EXIT
rm -rf "$new" "$base.old"
mkdir -p "$new/in" 2>/dev/null || unwritable "$new"

# Files get the time of now: what was built from an earlier base is older then.
if [ -d "$src" ]; then
	left=$(find "$src" -path "$src/.git" -prune -o \
		\( -name '*.o' -o -name '*.cmd' -o -name '*.rej' -o -path "$src/.config" \) \
		-print -quit)
	[ -z "$left" ] || die "KERNEL_SRC=$src is not clean, it has ${left#"$src"/}: run" \
		"make mrproper there"
	space "$build" "$(mib "$src")" "copying the kernel"
	say "copying Linux $(kernel_version "$src") from $src"
	err=$(find "$src" -mindepth 1 -maxdepth 1 ! -name .git \
		-exec cp -dR --preserve=mode --reflink=auto -t "$new/in" {} + 2>&1) ||
		die "could not copy $src: ${err##*$'\n'}"
	top=$new/in
else
	case $src in
	*.xz | *.txz) need xz:xz-utils ;;
	*.bz2 | *.tbz2) need bzip2:bzip2 ;;
	*.zst) need zstd:zstd ;;
	*.gz | *.tgz) need gzip:gzip ;;
	esac
	space "$build" 2200 "unpacking the kernel"
	say "unpacking $src"
	err=$(tar -C "$new/in" --no-same-owner -mxf "$src" 2>&1) ||
		die "could not unpack $src: ${err%%$'\n'*} ($(mib_free "$build") MiB free)"
	top=$new/in
	if [ ! -f "$top/Makefile" ]; then
		for top in "$new/in"/*/; do break; done
		top=${top%/}
	fi
	want_612 "$top" "$src"
fi

rm -f "$base.from"
if [ -e "$base" ]; then
	mv "$base" "$base.old" 2>/dev/null || unwritable "$base.old"
fi
mv "$top" "$base" 2>/dev/null || unwritable "$base"
echo "$from" | keep "$base.from" || exit 1
rm -rf "$base.old"
say "Linux $(kernel_version "$base")"
echo "$base"
