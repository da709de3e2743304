#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Put one mistake after the other into a copy of the allocator, and see that a test fails
# on it: of the user program, or of KUnit under ARCH=um where pages are needed. Prints TAP.
#
#	faults.sh [NAME...]		NAME is that of a patch in faults/
#
# O= says where results go, UML= where KUnit has its kernel (it is built if need be).
# With SHARE=8 one fault in 8 is put in, others each time the allocator changes, and with
# UML=none none of those that KUnit is to find; of the rest it is only seen that they can be.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../../.." && pwd -P)
if [ -d "$root/tools/include" ]; then
	KERNEL=${KERNEL:-$root}
	O=${O:-$here/out}/faults
	UML=${UML:-$root/.kunit}
else
	KERNEL=${KERNEL:-$root/build/tree}
	O=${O:-$root/build/cma}/faults
	UML=${UML:-$root/build/kernel/um}
fi
src=$O/src
cc=gcc
! command -v ccache >/dev/null || cc="ccache gcc"
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES CC CFLAGS

# A test must not only fail somehow: what counts is what it says.
complaint='^ *not ok|runtime error:|ERROR: AddressSanitizer|WARNING:|BUG:|Kernel panic|Bad page'

faults=()
for name in "${@:-}"; do
	for patch in "$here"/faults/${name:-*}.patch; do
		if [ ! -f "$patch" ]; then
			echo "faults.sh: there is no faults/$name.patch: name one that there is" >&2
			exit 1
		fi
		faults+=("$patch")
	done
done

share=${SHARE:-1}
case $share in
'' | *[!0-9]* | 0*)
	echo "faults.sh: SHARE=\"$share\": expected a number from 1 on" >&2
	exit 1
	;;
esac
turn=$(($(cat "$root"/mm/cma* "$here"/*.c | cksum | cut -d ' ' -f 1) % share))

number=0
failed=0
# result DESCRIPTION [WHY-NOT]
result() {
	number=$((number + 1))
	if [ -n "${2:-}" ]; then
		failed=$((failed + 1))
		echo "not ok $number - $1: $2"
	else
		echo "ok $number - $1"
	fi
}

# Both print the first complaint, or nothing; the full story goes to a log.
user() {
	local build=(make -s -C "$src/tools/testing/cma" O="$O/user" KERNEL="$KERNEL")

	"${build[@]}" "$O/user/cma" >"$O/log" 2>&1 || return 1
	{
		timeout 300 "${build[@]}" test 2>&1 ||
			echo "not ok - the program ended before its end"
	} | tee "$O/log" | grep -m 1 -E "$complaint"
	return 0
}

# The objects are built as their saved commands say, but from other sources; the kernel's make
# then finds everything in order but for the link.
uml() {
	local name object command quoted="-iquote $KERNEL/mm -iquote $KERNEL/mm/tests"
	for name in cma cma_balance cma_claim cma_describe cma_headroom cma_lend cma_page \
		    cma_track tests/cma_lend_kunit; do
		object=mm/$name.o
		command=$(sed -n "s/^savedcmd_${object//\//\\/} := //p" \
			"$O/um/${object%/*}/.${object##*/}.cmd")
		command=${command/ $KERNEL\/mm\/$name.c/ $quoted $src/mm/$name.c}
		(cd "$O/um" && eval "$command") >"$O/log" 2>&1 || return 1
	done
	make -s -C "$KERNEL" O="$O/um" ARCH=um CC="$cc" vmlinux linux >>"$O/log" 2>&1 || return 1
	# One that goes round for ever hears no other signal.
	timeout -s KILL 100 "$O/um/linux" mem=1G console=tty kunit.enable=1 kunit_shutdown=halt \
		</dev/null >"$O/log" 2>&1
	grep -qE '^(not ok|ok.* cma_map$)' "$O/log" ||
		echo "not ok - the kernel did not get through" >>"$O/log"
	grep -m 1 -aE "$complaint" "$O/log"
	return 0
}

trap 'rm -rf "$O"' EXIT
rm -rf "$O"
mkdir -p "$src/tools/testing" "$src/include/linux" || exit 1
cp -r "$root/mm" "$src/mm.all" && mkdir -p "$src/mm" && cp -r "$src"/mm.all/cma* "$src/mm" &&
	cp -r "$root/mm/tests" "$src/mm" && rm -rf "$src/mm.all" &&
	cp "$root/include/linux/cma.h" "$src/include/linux" || exit 1
mkdir "$src/tools/testing/cma" && cp "$here"/{Makefile,*.[ch]} "$src/tools/testing/cma" || exit 1

# Which are put in, and which only could be?
now=()
later=()
for patch in "${faults[@]}"; do
	if [ $(((${#now[@]} + ${#later[@]}) % share)) = "$turn" ] &&
	   { [ "$UML" != none ] || ! grep -q '^Test: uml' "$patch"; }; then
		now+=("$patch")
	else
		later+=("$patch")
	fi
done

echo "TAP version 13"
echo "1..$((${#now[@]} + 3))"

# Without a fault nothing may be found, or all that follows is worthless.
found=$(user) || found="it cannot be built: $(tail -n 1 "$O/log")"
result "the user program finds no fault" "$found"
found=
if [ "$UML" != none ] && grep -q '^Test: uml' "${now[@]}" /dev/null; then
	(cd "$KERNEL" && tools/testing/kunit/kunit.py build --arch um --build_dir "$UML" \
		--kunitconfig mm/tests --jobs "$(nproc)" --make_options "CC=$cc") >"$O/log" 2>&1 &&
		cp -a "$UML" "$O/um" && found=$(uml) ||
		found="it cannot be built: $(tail -n 1 "$O/log")"
fi
result "KUnit finds no fault$([ "$UML" != none ] || echo " # SKIP UML=none")" "$found"

apply() {
	patch -d "$src" -p1 -s --no-backup-if-mismatch -r - "${@:2}" <"$1"
}

found=
for patch in "${later[@]}"; do
	apply "$patch" --dry-run >"$O/log" 2>&1 ||
		found="$(basename "$patch" .patch) does not apply: $(head -n 1 "$O/log")"
done
result "${#later[@]} faults that are not put in this time could be" "$found"

for patch in "${now[@]}"; do
	fault=$(head -n 1 "$patch")
	test=$(sed -n '/^---$/q; s/^Test: //p' "$patch")
	name=$(basename "$patch" .patch)
	if ! apply "$patch" >"$O/log" 2>&1; then
		result "$name" "the patch does not apply: $(head -n 1 "$O/log")"
		continue
	fi
	if ! found=$($test); then
		result "$name" "with it the code does not build: $(grep -m 1 error "$O/log")"
	elif [ -z "$found" ]; then
		result "$name" "no test fails though \"$fault\""
	else
		echo "# $fault: $found"
		result "$name"
	fi
	apply "$patch" -R || exit 1
done
[ "$failed" = 0 ]
