// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that x86 reserves for contiguous memory areas
 */

#include <linux/cma.h>
#include <linux/cpufeature.h>
#include <linux/dma-map-ops.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>

static void __init reserve_gigantic(void)
{
	if (boot_cpu_has(X86_FEATURE_GBPAGES))
		hugetlb_cma_reserve(PUD_SHIFT - PAGE_SHIFT);
}

void __init arch_cma_reserve(void)
{
	phys_addr_t limit = PFN_PHYS(max_pfn_mapped);

	dma_contiguous_reserve_placed(limit);
	dma_contiguous_still_fit(limit);
	reserve_gigantic();
	if (dma_contiguous_still_fit(limit)) {
		dma_contiguous_reserve(limit);
		return;
	}

	hugetlb_cma_withdraw();
	dma_contiguous_reserve(limit);
	reserve_gigantic();
}
