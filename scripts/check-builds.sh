#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Does the project compile wherever CMA does? Prints a line for each warning of ours with W=1
# and for each build that fails. For architectures that nobody boots here, and with clang
# and each option alone and off. ONLY= is what matches the name of those that are built.
# make check LONG=1 has this among its findings.
set -u
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/steps.sh
. "$(dirname "$0")/steps.sh"

need gcc:gcc make:make flex:flex bison:bison bc:bc perl:perl clang:clang ld.lld:lld llvm-ar:llvm \
	/usr/include/libelf.h:libelf-dev /usr/include/openssl/opensslv.h:libssl-dev
tree=$("$(dirname "$0")/tree.sh" | tail -n 1) || exit 1
read_steps
for file in "${!brought[@]}"; do
	in_tree "$file"
	installed+=("$dest")
done
space "$build" 4096 "a build for all architectures"
lock builds

guests=$project/tools/testing/selftests/cma/qemu
ours=(DEBUGFS TRACK SYSFS KUNIT_TEST TEST)
all=("${ours[@]/#/CMA_}" DMA_CMA DMA_NUMA_CMA CMA_SIZE_PERNUMA)

# lines VALUE OPTION... - of a configuration
lines() {
	local option
	for option in "${@:2}"; do
		if [ "$1" = n ]; then
			echo "# CONFIG_$option is not set"
		else
			echo "CONFIG_$option=$1"
		fi
	done
}

# What such a kernel needs to have all of it
base() {
	lines y EXPERT CMA DEBUG_FS SYSFS KUNIT HUGETLBFS NUMA STACKTRACE
	lines n WERROR
}

# taken FOLDER - is the configuration there what its .wanted asks for? Some architectures lack
# an option, which is said and no more.
taken() {
	[ ! -f "$1/.wanted" ] || awk '
		match($0, /CONFIG_[A-Z0-9_]+/) {
			option = substr($0, RSTART, RLENGTH)
			value = /=y$/
			if (FILENAME ~ /wanted$/)
				wanted[option] = value
			else
				has[option] = value
		}
		END {
			for (option in wanted)
				if (wanted[option] != has[option] + 0)
					print option, wanted[option] ? "is off" : "is on"
		}' "$1/.wanted" "$1/.config" >"$1/.not_taken"
}

# compile NAME FOLDERS MAKE-ARGUMENTS... - what .config in the folder of NAME asks for
compile() {
	local out=$build/builds/$1 status
	local -a command=(make -C "$tree" O="$out" "${@:3}") folders
	read -ra folders <<<"$2"
	say "${title:=$1}"
	{ "${command[@]}" olddefconfig && taken "$out" && "${command[@]}" -j"$(nproc)" prepare &&
		"${command[@]}" W=1 -k -j"$(nproc)" "${folders[@]}"; } </dev/null >"$out/log" 2>&1
	status=$?
	sed -n "s,^\(\.\./\)*,,; s,^$tree/,,; /^[^ :]*:[0-9].*\(warning\|error\): /p" "$out/log" |
		sort -u | while IFS= read -r line; do
			case " ${installed[*]} kernel/dma/contiguous.c " in
			*" ${line%%:*} "*) echo "$title: $line" ;;
			esac
		done
	[ "$status" = 0 ] || echo "$title: the build failed: see $out/log"
	[ -z "$strict" ] || sed "s/^/$title: not as asked for: /" "$out/.not_taken"
	title=
}

# machine NAME ARCH PREFIX PACKAGE CONFIG FOLDERS - with all of it
machine() {
	local out=$build/builds/$1
	[[ $1 =~ ${ONLY:-.} ]] || return 0
	[ -z "$3" ] || need "${3}gcc:$4"
	mkdir -p "$out" || unwritable "$out"
	make -C "$tree" O="$out" ARCH="$2" CROSS_COMPILE="$3" "$5" </dev/null >"$out/log" 2>&1 || {
		echo "$1: $5 failed: see $out/log"
		return
	}
	{ base; lines y "${all[@]}"; } >"$out/.wanted"
	cat "$out/.wanted" >>"$out/.config"
	compile "$1" "$6" ARCH="$2" CROSS_COMPILE="$3" CC="$(command -v ccache) ${3}gcc"
}

# variant WHAT - one more kernel of arm64 with clang; its options are standard input
variant() {
	local out=$build/builds/clang-arm64
	[[ $1 =~ ${ONLY:-.} ]] || return 0
	mkdir -p "$out" || unwritable "$out"
	cat >"$out/.wanted"
	# Not defconfig: it has drivers that select CMA.
	cat "$guests"/{common,arm64}.config "$out/.wanted" >"$out/.config"
	title=$1
	compile clang-arm64 "mm/ kernel/dma/ drivers/of/" ARCH=arm64 LLVM=1 \
		CC="$(command -v ccache) clang"
}

title=
strict=
machine riscv64 riscv riscv64-linux-gnu- gcc-riscv64-linux-gnu defconfig \
	"mm/ kernel/dma/ drivers/of/ arch/riscv/mm/"
machine s390x s390 s390x-linux-gnu- gcc-s390x-linux-gnu defconfig "mm/ kernel/dma/ arch/s390/mm/"
machine powerpc64 powerpc powerpc64-linux-gnu- gcc-powerpc64-linux-gnu ppc64_defconfig \
	"mm/ kernel/dma/ drivers/of/ arch/powerpc/mm/"
machine mips64 mips mips64-linux-gnuabi64- gcc-mips64-linux-gnuabi64 cavium_octeon_defconfig \
	"mm/ kernel/dma/ drivers/of/"
machine i386 i386 "" gcc i386_defconfig "mm/ kernel/dma/ arch/x86/mm/"
machine armv7 arm arm-linux-gnueabihf- gcc-arm-linux-gnueabihf multi_v7_defconfig \
	"mm/ kernel/dma/ drivers/of/ arch/arm/mm/"

strict=1
declare -A needs=([CMA_TRACK]=CMA_DEBUGFS [DMA_NUMA_CMA]=DMA_CMA
	[CMA_SIZE_PERNUMA]="DMA_CMA DMA_NUMA_CMA")
declare -A wanted_by=([CMA_DEBUGFS]=CMA_TRACK [DMA_CMA]="DMA_NUMA_CMA CMA_SIZE_PERNUMA"
	[DMA_NUMA_CMA]=CMA_SIZE_PERNUMA [COMPACTION]=TRANSPARENT_HUGEPAGE
	[DEBUG_FS]="CMA_DEBUGFS CMA_TRACK" [SYSFS]=CMA_SYSFS [NUMA]="DMA_NUMA_CMA CMA_SIZE_PERNUMA")
{ base; lines y "${all[@]}"; } | variant "clang, all options"
for option in "${all[@]}" HUGETLBFS NUMA DEBUG_FS SYSFS COMPACTION MEMORY_HOTPLUG \
	TRANSPARENT_HUGEPAGE; do
	# shellcheck disable=SC2086 # words
	{ base; lines y "${all[@]}"; lines n "$option" ${wanted_by[$option]:-}; } |
		variant "clang, $option off"
done
for option in "${all[@]}"; do
	# shellcheck disable=SC2086 # words
	{ base; lines n "${all[@]}"; lines y "$option" ${needs[$option]:-}; } |
		variant "clang, $option alone"
done
{ base; lines n "${all[@]}"; } | variant "clang, CMA alone"
{ base; lines n "${all[@]}" CMA; } | variant "clang, CMA off"
