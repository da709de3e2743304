#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make run - boot the project's kernel with an area, and show the allocator at work.

here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=arch.sh
. "$here/arch.sh"

[[ $ARCH != @(arm|um) ]] ||
	die "ARCH=$ARCH: what is shown is not made for it; use x86_64 or arm64"
kernel=${KERNEL:-$("$here/kernel.sh" | tail -n 1)}
[ -n "$kernel" ] || exit 1

need "${cross}gcc:$cross_gcc"
[ -z "$cross_libc" ] || need "$cross_libc"
out=$build/run/$ARCH
mkdir -p "$out" || die "cannot write in $out"
tmp=$(mktemp -d "$out/XXXXXX") || die "cannot write in $out"
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
files=
for program in area borrow camera; do
	"${cross}gcc" -O2 -Wall -static -o "$tmp/$program" "$here/demo/$program.c" ||
		die "$program.c was not compiled, see above"
	files="$files $tmp/$program"
done
"${cross}gcc" -O2 -Wall -static -o "$tmp/cmatop" "$project"/tools/mm/cmatop*.c ||
	die "cmatop was not compiled, see above"
files="$files $tmp/cmatop"

colour=
[ ! -t 1 ] || [ -n "${NO_COLOR:-}" ] || [ "${TERM:-dumb}" = dumb ] || colour=1
{
	echo "export COLOUR=$colour"
	cat "$here/demo/demo.sh"
} >"$tmp/demo"

say "booting $ARCH in QEMU"
KERNEL=$kernel FILES=$files SCRIPT=$tmp/demo MEM=${MEM:-512M} \
	APPEND="cma=64M page_owner=on ${APPEND:-}" \
	VM_LOG=$out/console VM_WATCH=1 VM_TIMEOUT=${VM_TIMEOUT:-300} "$here/vm.sh"
status=$?
[ "$status" = 0 ] || say "did not hold; the console is in $out/console"
exit "$status"
