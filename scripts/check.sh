#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make check - style and static checks of the project. Prints every finding and at last
# their number; the exit status says whether there was one. LONG=1 also compiles the project
# for more architectures, with clang, and with each option alone and off.
set -u
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/steps.sh
. "$(dirname "$0")/steps.sh"

need git:git perl:perl shellcheck:shellcheck codespell:codespell sparse:sparse gcc:gcc make:make
tree=$("$(dirname "$0")/tree.sh") || exit 1
series=$("$(dirname "$0")/series.sh") || exit 1
read_steps
cd "$project" || exit 1

count=0
# findings WHAT - take findings from standard input, one a line
findings() {
	local line
	while IFS= read -r line; do
		[ -n "$line" ] || continue
		count=$((count + 1))
		echo "$1: $line"
	done
}

mapfile -t ours < <(printf '%s\n' "${!brought[@]}" | sort)
for file in "${ours[@]}"; do
	in_tree "$file"
	installed+=("$dest")
done
mapfile -t shell < <({ owned; ls scripts/*.sh .ci/* 2>/dev/null; } | while read -r file; do
	case $file in
	*.sh) echo "$file" ;;
	*) head -n 1 "$file" | grep -qE '^#!.*sh$' && echo "$file" ;;
	esac
done)
mapfile -t code < <(printf '%s\n' "${installed[@]}" "${shell[@]}" |
	grep -E '\.(c|h|sh|rst)$|/Kconfig|/Makefile$' | sort -u)
say "${#ours[@]} files of the project, ${#shell[@]} of them shell, ${#steps[@]} patches"

# What is not asked of us, and why:
# FILE_PATH_CHANGES asks each patch that adds a file for a change of MAINTAINERS: the entry
#   comes in one step, and that it covers every file is checked below.
# MISSING_SIGN_OFF: whoever sends the series signs it.
# In a trace header checkpatch takes the macros of TRACE_EVENT for calls, and in mm/Kconfig
#   the line that sources mm/Kconfig.cma for the file's own name. cma_for_each_area() is a
#   loop to it, by its name.
# cma_for_each_map() is one, and the parameters and the device of mm/tests are for tests
#   only.
# Programs have no strscpy() and BIT(), nor __printf() if they do not define it, and what
# their signal handlers write is volatile. The stand-ins of tools/testing/cma for the kernel's
#   macros have the arguments that these have, used or not, once or twice.
# checkpatch leaves a file in the folder where it is called: that is one of links, so that
# it sees the tree and does not write in it.
mails=("$series"/*.patch)
farm=$build/check.tree
trap 'rm -rf "$farm" "$farm.files" "$build/check.bench"' EXIT
rm -rf "$farm"
{ mkdir -p "$farm" && ln -s "$tree"/* "$farm"; } || unwritable "$farm"
checkpatch() {
	(cd "$farm" && perl scripts/checkpatch.pl --root="$tree" --strict --terse \
		--no-summary "$@") | grep -vE -e "$exempt"
}
exempt='^include/trace/.*(Alignment should match|should not end with a)'
exempt+='|^mm/Kconfig:.*have the filename in the file'
exempt+='|^mm/cma\.c:.*that open brace'
exempt+='|^mm/cma\.h:.*Macro argument reuse'
# __PageMovable() is the name of the kernel for it.
exempt+='|^mm/cma_page\.c:.*CamelCase: <__PageMovable>'
exempt+='|^mm/tests/cma_test_boot\.c:.*__setup appears un-documented'
exempt+='|^tools/testing/cma/bench/cma_bench\.c:.*__setup appears un-documented'
exempt+='|^mm/tests/cma_of_test\.c:.*string "linux,cma-test" appears un-documented'
exempt+='|^tools/.*(Prefer strscpy|Prefer using the BIT)'
exempt+='|^tools/mm/cmatop\.(h|c):.*(Prefer __printf|Use of volatile)'
exempt+='|^tools/testing/cma/(shim|kunit)\.h.*(Macro argument reuse|is not used in function)'
# What is wrong in a file is wrong in its patch too, if as a warning of another kind.
check_files() {
	local file
	for file in "${code[@]}"; do
		if [ -e "$tree/$file" ]; then
			checkpatch -f "$file"
		else
			checkpatch --no-tree -f "$project/$file" | sed "s,^$project/,,"
		fi
	done
}
# A line of a message is in no file.
check_mails() {
	local mail
	for mail in "${mails[@]:1}"; do
		checkpatch --showfile --ignore FILE_PATH_CHANGES,MISSING_SIGN_OFF "$mail" |
			sed "s,^:,${mail##*/}:,"
	done
}
findings checkpatch < <({
	check_files >"$farm.files" &
	check_mails
	wait
	cat "$farm.files"
} | awk '{ key = $0; sub(/ (ERROR|WARNING|CHECK):/, "", key) } !seen[key]++')

# filp, EXTRAVERSION and DAMON are the kernel's names.
findings codespell < <({ owned; ls -d README Makefile scripts .ci patches 2>/dev/null; } |
	xargs -d '\n' codespell -L filp,extraversion,damon 2>&1)

findings shellcheck < <(shellcheck -x -P SCRIPTDIR:. -f gcc "${shell[@]}" 2>&1)

findings kernel-doc < <(cd "$tree" && for file in "${installed[@]}"; do
	case $file in
	*.c | *.h) perl scripts/kernel-doc -none -Wall "$file" 2>&1 ;;
	esac
done)

findings documents < <(scripts/check-docs.sh || echo "scripts/check-docs.sh did not end well")

# MAINTAINERS: each file is covered, and nothing is listed that is not there.
findings MAINTAINERS < <(
	mapfile -t patterns < <(sed -n 's/^F:\t//p' MAINTAINERS.cma)
	for file in "${installed[@]}"; do
		for pattern in "${patterns[@]}"; do
			# shellcheck disable=SC2053 # it is a pattern
			[[ $file == $pattern || $file == ${pattern%/}/* ]] && continue 2
		done
		[ "$file" = MAINTAINERS ] || echo "$file is not covered by MAINTAINERS.cma"
	done
	cd "$tree" && for pattern in "${patterns[@]}"; do
		compgen -G "$pattern" >/dev/null ||
			echo "$pattern in MAINTAINERS.cma matches no file"
	done
)

bench=tools/testing/cma/bench
dropped=$build/check.bench

# compile ARCH OBJECT... - with the compiler's extra warnings and sparse. In an object tree
# of its own, since W=1 would have the kernel that is booted built again.
compile() {
	local config out status cross command
	# shellcheck disable=SC2034 # arch.sh wants it
	cross=$(
		here=$guests
		export ARCH=$1
		# shellcheck source=../tools/testing/selftests/cma/qemu/arch.sh
		. "$guests/arch.sh"
		echo "$cross"
	)
	config=$(CONFIGURE_ONLY=1 DEBUG='' STOCK='' CONFIG=$guests/kdump.config ARCH=$1 \
		KERNEL_TREE=$tree KERNEL_NAME=check "$guests/kernel.sh" | tail -n 1) || exit 1
	out=${config%/.config}
	say "sparse and W=1 for $(($# - 1)) objects, $1"
	(cd "$out" && rm -f "${@:2}")
	command=(make -C "$out" ARCH="$1" CROSS_COMPILE="$cross"
		CC="$(command -v ccache) ${cross}gcc" W=1 C=2 -k -j"$(nproc)")
	"${command[@]}" "${@:2}" >"$out/log" 2>&1
	status=$?
	# What make bench puts into trees is built beside this one.
	rm -rf "$dropped" && mkdir -p "$dropped" &&
		cp "$bench/cma_bench.c" "$dropped" &&
		printf '%s\n' 'obj-y := cma_bench.o' 'ccflags-y := -DHAVE_folio' \
			>"$dropped/Makefile" &&
		"${command[@]}" M="$dropped" cma_bench.o >>"$out/log" 2>&1 || status=1
	findings compiler < <(
		# Warnings in the kernel's own headers are the kernel's.
		sed -n "s,^\(\.\./\)*,,; s,^$tree/,,; s,^$dropped/,$bench/,
			/^[^ :]*:[0-9].*\(warning\|error\): /p" "$out/log" | sort -u |
			while IFS= read -r line; do
				case " ${installed[*]} kernel/dma/contiguous.c " in
				*" ${line%%:*} "*) echo "$line" ;;
				esac
			done
		[ "$status" = 0 ] || echo "the build failed: see $out/log"
	)
}

# What goes into the kernel; the device tree is arm64's.
guests=$project/tools/testing/selftests/cma/qemu
objects() {
	printf '%s\n' "${installed[@]}" kernel/dma/contiguous.c |
		sed -n '/^\(mm\|kernel\|arch\)\//s/\.c$/.o/p'
}
mapfile -t x86_objects < <(objects | grep -vE '^arch/arm|/cma_of')
mapfile -t arm_objects < <(objects | grep -E '^arch/arm|/cma_of')
compile x86_64 "${x86_objects[@]}"
compile arm64 "${arm_objects[@]}"
[ "${LONG:-}" != 1 ] || findings builds < <(scripts/check-builds.sh)

echo "check: $count findings"
[ "$count" = 0 ]
