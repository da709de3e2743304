#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test-callers - compile the callers of other architectures against the tree, as TAP.
#
# They are not booted: it shows that names, types and sections still fit them.
set -o pipefail

# shellcheck source=lib.sh
. "$(cd "$(dirname "$0")" && pwd -P)/lib.sh"

# In every configuration, next to what names the callers.
common="CONFIG_SYSFS=y CONFIG_DEBUG_KERNEL=y CONFIG_DEBUG_FS=y CONFIG_BLOCK=y CONFIG_PROC_FS=y
	CONFIG_CMA=y CONFIG_CMA_SYSFS=y CONFIG_CMA_DEBUGFS=y CONFIG_CMA_TEST=y"
ours="mm/cma.o mm/cma_debug.o mm/cma_map.o mm/cma_param.o mm/cma_reserve.o mm/cma_sysfs.o
	mm/tests/cma_test.o"

# compile ARCH PREFIX WHAT OPTIONS OBJECTS - one line of TAP
n=0
compile() {
	local arch=$1 prefix=$2 what=$3 out=$build/callers/$1 option missing=
	local -a make=(make -s -C "$tree" ARCH="$arch" CROSS_COMPILE="$prefix" O="$out"
		CC="$ccache${prefix}gcc" -j"$(nproc)")

	n=$((n + 1))
	mkdir -p "$out"
	tr -s ' \t' '\n' <<<"$common $4" | sed '/^$/d' >"$out/fragment"
	{
		"${make[@]}" tinyconfig &&
		(cd "$tree" && scripts/kconfig/merge_config.sh -m -Q -O "$out" "$out/.config" \
			"$out/fragment") &&
		"${make[@]}" olddefconfig
	} >"$out/log" 2>&1 </dev/null
	while read -r option; do
		grep -qxF "$option" "$out/.config" || missing="$missing $option"
	done <"$out/fragment"
	# shellcheck disable=SC2086 # words
	if [ -z "$missing" ] && "${make[@]}" $ours $5 >>"$out/log" 2>&1 </dev/null &&
	   ! grep -q 'warning:' "$out/log"; then
		echo "ok $n - $arch: $what"
		return
	fi
	echo "not ok $n - $arch: $what"
	[ -z "$missing" ] || echo "# cannot be configured:$missing"
	grep -E 'error|warning|\*\*\*' "$out/log" | head -n 5 | sed 's/^/# /'
}

need gcc:gcc make:make flex:flex bison:bison bc:bc \
	powerpc64le-linux-gnu-gcc:gcc-powerpc64le-linux-gnu \
	s390x-linux-gnu-gcc:gcc-s390x-linux-gnu \
	arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf
tree=$("$project/scripts/tree.sh" | tail -n 1) || exit
ccache=
! command -v ccache >/dev/null || ccache="ccache "

echo "TAP version 13"
echo "1..3"
compile powerpc powerpc64le-linux-gnu- "firmware-assisted dump, KVM's hash page tables, hugetlb" \
	"CONFIG_PPC64=y CONFIG_CPU_LITTLE_ENDIAN=y CONFIG_PPC_BOOK3S_64=y CONFIG_PPC_POWERNV=y
	CONFIG_PPC_PSERIES=y CONFIG_SMP=y CONFIG_NUMA=y CONFIG_KEXEC=y CONFIG_RELOCATABLE=y
	CONFIG_CRASH_DUMP=y CONFIG_FA_DUMP=y
	CONFIG_VIRTUALIZATION=y CONFIG_KVM_BOOK3S_64=y CONFIG_KVM_BOOK3S_64_HV=y
	CONFIG_HUGETLBFS=y" \
	"arch/powerpc/kernel/fadump.o arch/powerpc/kvm/book3s_hv_builtin.o
	arch/powerpc/mm/hugetlbpage.o mm/hugetlb.o mm/hugetlb_bootmem.o mm/hugetlb_cma.o"
compile s390 s390x-linux-gnu- "vmcp, memory hotplug, DMA" \
	"CONFIG_SMP=y CONFIG_MEMORY_HOTPLUG=y CONFIG_VMCP=y CONFIG_HUGETLBFS=y" \
	"arch/s390/mm/init.o drivers/s390/char/vmcp.o mm/hugetlb.o mm/hugetlb_bootmem.o
	mm/hugetlb_cma.o"
compile arm arm-linux-gnueabihf- "remapping of areas, DMA, dma-buf heaps, device tree" \
	"CONFIG_MMU=y CONFIG_ARCH_MULTIPLATFORM=y CONFIG_ARCH_MULTI_V7=y CONFIG_ARCH_VIRT=y
	CONFIG_HIGHMEM=y CONFIG_ARM_LPAE=y CONFIG_DMA_CMA=y CONFIG_DMABUF_HEAPS=y
	CONFIG_DMABUF_HEAPS_CMA=y" \
	"arch/arm/mm/dma-mapping.o kernel/dma/contiguous.o drivers/dma-buf/heaps/cma_heap.o
	drivers/of/of_reserved_mem.o"
