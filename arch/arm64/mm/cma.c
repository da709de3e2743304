// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that arm64 reserves for contiguous memory areas
 */

#include <linux/cma.h>
#include <linux/dma-map-ops.h>
#include <linux/hugetlb.h>
#include <linux/processor.h>

void __init arch_cma_reserve(void)
{
	dma_contiguous_reserve_placed(arm64_dma_phys_limit);
#ifdef CONFIG_HUGETLB_PAGE
	arm64_hugetlb_cma_reserve();
#endif
	dma_contiguous_reserve(arm64_dma_phys_limit);
}
