// SPDX-License-Identifier: GPL-2.0
/*
 * Areas for DMA that the command line or the configuration asks for
 *
 * cma= or CONFIG_CMA_SIZE_* set up the default area, cma_pernuma= one on each
 * node, numa_cma= one on each node it names. How large a node is and whether it
 * exists is known when the memory is reserved, not when the parameters are parsed.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/cma.h>
#include <linux/dma-map-ops.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>

#include "cma_param.h"
#include "cma_reserve.h"

/* What cma= asks for, if it is given. */
static struct {
	bool given;
	bool done;
	struct cma_amount size;
	phys_addr_t base;
	phys_addr_t limit;
} param __initdata;

static int __init early_cma(char *arg)
{
	int ret = cma_parse_area(arg, &param.size, &param.base, &param.limit);

	param.given |= !ret;
	return ret;
}
early_param("cma", early_cma);

/* Is there a cma= that takes the place of other default areas? */
bool __init cma_param_given(void)
{
	return param.given;
}

/* Bytes of memory for an area; 0 for none, or if there is not that much. */
static phys_addr_t __init cma_bytes(const struct cma_amount *amount, int nid,
				    const char *area, const char *wanted_by)
{
	phys_addr_t memory = cma_node_memory(nid);
	phys_addr_t bytes = cma_amount_bytes(amount, memory);

	if (bytes <= memory)
		return bytes;

	pr_err("area %s: %llu MiB ignored; %s can have at most the %llu MiB that there are\n",
	       area, (u64)bytes / SZ_1M, wanted_by, (u64)memory / SZ_1M);
	return 0;
}

static phys_addr_t __init cma_configured_bytes(void)
{
	struct cma_amount fixed = { }, share = { };
	phys_addr_t fixed_bytes, share_bytes;

#ifdef CONFIG_CMA_SIZE_MBYTES
	fixed.bytes = (phys_addr_t)CONFIG_CMA_SIZE_MBYTES * SZ_1M;
#endif
#ifdef CONFIG_CMA_SIZE_PERCENTAGE
	share.percent = CONFIG_CMA_SIZE_PERCENTAGE;
#endif
	share_bytes = cma_bytes(&share, NUMA_NO_NODE, "reserved",
				"CONFIG_CMA_SIZE_PERCENTAGE");
	if (IS_ENABLED(CONFIG_CMA_SIZE_SEL_MIN) && share_bytes < fixed.bytes)
		return share_bytes;

	fixed_bytes = cma_bytes(&fixed, NUMA_NO_NODE, "reserved",
				"CONFIG_CMA_SIZE_MBYTES");
	return IS_ENABLED(CONFIG_CMA_SIZE_SEL_MIN) ? fixed_bytes :
						     max(fixed_bytes, share_bytes);
}

static void __init cma_reserve_default(phys_addr_t limit)
{
	phys_addr_t size;
	bool fixed;

	if (param.done || dma_contiguous_default_area)
		return;
	param.done = true;

	if (param.given)
		size = cma_bytes(&param.size, NUMA_NO_NODE, "reserved", "cma=");
	else
		size = cma_configured_bytes();
	if (!size)
		return;

	fixed = param.base && (!param.limit || param.limit - param.base == size);
	dma_contiguous_reserve_area(size, param.base,
				    min_not_zero(param.limit, limit),
				    &dma_contiguous_default_area, fixed);
}

#ifdef CONFIG_DMA_NUMA_CMA
static struct cma_amount pernuma_size __initdata;
static struct cma_amount numa_sizes[MAX_NUMNODES] __initdata;

static int __init early_cma_pernuma(char *arg)
{
	return cma_parse_amount("cma_pernuma", arg, &pernuma_size);
}
early_param("cma_pernuma", early_cma_pernuma);

static int __init early_numa_cma(char *arg)
{
	return cma_parse_nodes("numa_cma", arg, numa_sizes);
}
early_param("numa_cma", early_numa_cma);

static void __init cma_reserve_on(int nid, const struct cma_amount *amount,
				  const char *kind, const char *wanted_by,
				  struct cma **cma)
{
	char name[CMA_MAX_NAME];
	phys_addr_t size;

	if (!amount->bytes && !amount->percent)
		return;

	snprintf(name, sizeof(name), "%s%d", kind, nid);
	size = cma_bytes(amount, nid, name, wanted_by);
	if (size)
		cma_declare_contiguous_nid(0, size, 0, 0, 0, false, name, cma, nid);
}

static void __init cma_reserve_nodes(void)
{
	for (int nid = 0; nid < MAX_NUMNODES; nid++) {
		if (!node_online(nid)) {
			if (numa_sizes[nid].bytes || numa_sizes[nid].percent)
				pr_err("numa_cma=: node %d ignored: there is no such node; expected one of %*pbl\n",
				       nid, nodemask_pr_args(&node_online_map));
			continue;
		}

		cma_reserve_on(nid, &pernuma_size, "pernuma", "cma_pernuma=",
			       &dma_contiguous_pernuma_area[nid]);
		cma_reserve_on(nid, &numa_sizes[nid], "numa", "numa_cma=",
			       &dma_contiguous_numa_area[nid]);
	}
}
#else
static inline void cma_reserve_nodes(void) { }
#endif

/**
 * dma_contiguous_reserve_placed() - reserve areas that must lie at a certain place
 * @limit: as for dma_contiguous_reserve()
 *
 * Call this before reserving areas that can lie anywhere. It is a part of
 * dma_contiguous_reserve(), which must follow.
 */
void __init dma_contiguous_reserve_placed(phys_addr_t limit)
{
	if (param.base || param.limit)
		cma_reserve_default(limit);
}

/**
 * dma_contiguous_reserve() - reserve all areas for DMA
 * @limit: end of the addresses that the default area may have, 0 for any
 *
 * An area that cannot be reserved is logged, and the others are reserved anyway.
 *
 * Context: boot; architecture code calls this once, after everything that needs
 * certain memory for itself has reserved it, and the nodes are known.
 */
void __init dma_contiguous_reserve(phys_addr_t limit)
{
	dma_contiguous_reserve_placed(limit);
	cma_reserve_nodes();
	cma_reserve_default(limit);
}

/* Devices must not be given an area that could not be activated. */
static void __init cma_forget_dead(struct cma **cma)
{
	if (*cma && !cma_get_size(*cma))
		*cma = NULL;
}

static int __init cma_forget_all_dead(void)
{
	cma_forget_dead(&dma_contiguous_default_area);
#ifdef CONFIG_DMA_NUMA_CMA
	for (int nid = 0; nid < MAX_NUMNODES; nid++) {
		cma_forget_dead(&dma_contiguous_pernuma_area[nid]);
		cma_forget_dead(&dma_contiguous_numa_area[nid]);
	}
#endif
	return 0;
}
postcore_initcall(cma_forget_all_dead);
