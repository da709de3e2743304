// SPDX-License-Identifier: GPL-2.0
/*
 * Areas for DMA that the command line or the configuration asks for
 *
 * cma= or CONFIG_CMA_SIZE_* set up the default area, cma_pernuma= or
 * CONFIG_CMA_SIZE_PERNUMA one on each node, numa_cma= one on each node it names. How
 * large a node is and whether it exists is known when the memory is reserved, not when
 * the parameters are parsed.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/bitmap.h>
#include <linux/cma.h>
#include <linux/dma-map-ops.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/memblock.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "cma.h"
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

/* cma=0 is given if no default area is wanted. */
static bool __init cma_param_wants(void)
{
	return param.size.bytes || param.size.percent;
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

/* What cma= asks for, or the configuration. */
static phys_addr_t __init cma_default_bytes(void)
{
	static phys_addr_t bytes __initdata;
	static bool known __initdata;

	if (!known && param.given)
		bytes = cma_bytes(&param.size, NUMA_NO_NODE, "reserved", "cma=");
	else if (!known)
		bytes = cma_configured_bytes();
	known = true;
	return bytes;
}

/* The default area that cma= or the configuration asks for, or NULL. */
static struct cma *__init cma_reserve_wanted(phys_addr_t limit)
{
	struct cma_extent window = { .base = param.base };
	phys_addr_t size = cma_default_bytes();
	struct cma *cma = NULL;

	if (!size)
		return NULL;

	/* The limit is that of most devices; whoever names a place behind it wants it. */
	if (param.base && (param.base >= limit || limit - param.base < size))
		limit = 0;
	limit = min_not_zero(param.limit, limit) ?: PHYS_ADDR_MAX;

	if (param.base && (!param.limit || param.limit - param.base == size)) {
		dma_contiguous_reserve_area(size, param.base, limit, &cma, true);
	} else {
		window.size = limit - window.base;
		cma_declare_within(&window, 1, size, 0, limit, "reserved", &cma);
	}
	return cma;
}

/* The area of cma= or of the configuration */
static struct cma *reserved __initdata;

/* Is the default area still to be reserved? The tree's serves unless there is a cma=. */
static bool __init cma_lacks_default(void)
{
	return !param.done && (param.given || !dma_contiguous_default_area);
}

static void __init cma_reserve_default(phys_addr_t limit)
{
	struct cma *node = dma_contiguous_default_area;
	unsigned int nr = 0;

	if (!cma_lacks_default())
		return;
	param.done = true;

	/* cma= may need the memory of the node that it takes the place of. */
	if (node)
		nr = cma_withdraw(node);
	reserved = cma_reserve_wanted(limit);
	if (node && !reserved && cma_param_wants() && cma_restore(node, nr)) {
		pr_info("area %s stays the default area\n", cma_get_name(node));
		return;
	}

	if (node)
		pr_info("area %s is given up: cma= takes the place of the default area\n",
			cma_get_name(node));
	dma_contiguous_default_area = reserved;
}

/**
 * cma_offer_default() - make the area of a node in the device tree the default area
 * @cma: area
 *
 * There is one default area: that of cma= if it has one, else the node's. Where nodes come
 * after dma_contiguous_reserve(), the area of the configuration is there and makes way.
 *
 * Return: false if the area is one like any other, since another node's is the default.
 */
bool __init cma_offer_default(struct cma *cma)
{
	if (dma_contiguous_default_area && dma_contiguous_default_area != reserved) {
		pr_err("area %s is not the default area, which there is: %s\n",
		       cma_get_name(cma), cma_get_name(dma_contiguous_default_area));
		return false;
	}

	if (param.done && param.given && (reserved || !cma_param_wants())) {
		cma_withdraw(cma);
		pr_info("area %s is given up: cma= takes the place of the default area\n",
			cma_get_name(cma));
		return true;
	}

	if (reserved) {
		cma_withdraw(reserved);
		pr_info("area %s is given up: area %s takes its place\n",
			cma_get_name(reserved), cma_get_name(cma));
		reserved = NULL;
	}
	dma_contiguous_default_area = cma;
	return true;
}

/* Memory that is reserved to see which areas there is room for: two for each node, and one */
static struct cma_extent tried[2 * MAX_NUMNODES + 1] __initdata;

static void __init cma_try(struct cma_extent *piece, phys_addr_t size, phys_addr_t limit,
			   int nid)
{
	piece->size = ALIGN(size, CMA_MIN_ALIGNMENT_BYTES);
	piece->base = cma_reserve_piece(0, piece->size, limit, CMA_MIN_ALIGNMENT_BYTES, nid);
}

#ifdef CONFIG_DMA_NUMA_CMA
static struct cma_amount pernuma_size __initdata;
static struct cma_amount numa_sizes[MAX_NUMNODES] __initdata;

/* Is one of them on the command line, whatever it says? */
static bool nodes_given __initdata;

static int __init early_cma_pernuma(char *arg)
{
	nodes_given = true;
	return cma_parse_amount("cma_pernuma", arg, &pernuma_size, false);
}
early_param("cma_pernuma", early_cma_pernuma);

static int __init early_numa_cma(char *arg)
{
	nodes_given = true;
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

static void __init cma_try_on(struct cma_extent *piece, int nid,
			      const struct cma_amount *amount)
{
	phys_addr_t memory = cma_node_memory(nid);
	phys_addr_t size = cma_amount_bytes(amount, memory);

	if (size && size <= memory)
		cma_try(piece, size, memblock_end_of_DRAM(), nid);
}

/* As cma_reserve_nodes(), on trial. */
static void __init cma_try_nodes(void)
{
	int nid;

	for_each_online_node(nid) {
		cma_try_on(&tried[2 * nid], nid, &pernuma_size);
		cma_try_on(&tried[2 * nid + 1], nid, &numa_sizes[nid]);
	}
}

/* What each node has for want of a parameter: as much as the default area */
static void __init cma_reserve_default_on_nodes(void)
{
	struct cma_amount same = { };
	int nid;

	if (!IS_ENABLED(CONFIG_CMA_SIZE_PERNUMA) || nodes_given ||
	    !dma_contiguous_default_area || num_online_nodes() == 1)
		return;

	same.bytes = cma_get_size(dma_contiguous_default_area);
	for_each_online_node(nid)
		cma_reserve_on(nid, &same, "pernuma", "CONFIG_CMA_SIZE_PERNUMA",
			       &dma_contiguous_pernuma_area[nid]);
}
#else
static inline void cma_reserve_nodes(void) { }
static inline void cma_try_nodes(void) { }
static inline void cma_reserve_default_on_nodes(void) { }
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
 * dma_contiguous_still_fit() - is there room for areas for DMA that there was room for?
 * @limit: as for dma_contiguous_reserve()
 *
 * Context: after dma_contiguous_reserve_placed(). Nothing stays reserved.
 * Return: false if there is no room in one piece for an area for which there was when this
 * was called before; true at the first call.
 */
bool __init dma_contiguous_still_fit(phys_addr_t limit)
{
	static DECLARE_BITMAP(fit, ARRAY_SIZE(tried)) __initdata;
	bool still = true;

	memset(tried, 0, sizeof(tried));
	cma_try_nodes();
	if (cma_lacks_default() && cma_default_bytes())
		cma_try(&tried[2 * MAX_NUMNODES], cma_default_bytes(),
			limit ?: PHYS_ADDR_MAX, NUMA_NO_NODE);

	for (unsigned int i = 0; i < ARRAY_SIZE(tried); i++) {
		if (tried[i].base) {
			memblock_phys_free(tried[i].base, tried[i].size);
			__set_bit(i, fit);
		} else if (test_bit(i, fit)) {
			still = false;
		}
	}

	return still;
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
	cma_reserve_default_on_nodes();
}

struct nth_area {
	unsigned int left;
	struct cma *cma;
};

static int cma_find_nth(struct cma *cma, void *data)
{
	struct nth_area *nth = data;

	if (!cma->of_node && cma != dma_contiguous_default_area)
		return 0;
	if (nth->left--)
		return 0;

	nth->cma = cma;
	return 1;
}

/**
 * dma_contiguous_get_area_by_idx() - visit the areas that are for devices
 * @idx: 0 for the first one
 *
 * These are the default area and those of the device tree. Areas that could not be
 * activated, or that cma= took the place of, are left out.
 *
 * Context: once areas are activated.
 * Return: the area, NULL if there are not so many.
 */
struct cma *dma_contiguous_get_area_by_idx(unsigned int idx)
{
	struct nth_area nth = { .left = idx };

	cma_for_each_area(cma_find_nth, &nth);
	return nth.cma;
}

/* Devices must not be given an area that could not be activated. */
static void __init cma_forget_dead(struct cma **cma)
{
	if (*cma && !(*cma)->nr_ranges)
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
