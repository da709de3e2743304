// SPDX-License-Identifier: GPL-2.0
/*
 * Boot-time reservation of contiguous memory areas
 *
 * Everything here runs before the page allocator does. Registering an area
 * needs no memory of its own, so it may happen before the direct map is there.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/cma.h>
#include <linux/kmemleak.h>
#include <linux/limits.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sizes.h>

#include "cma.h"

/**
 * cma_node_memory() - how much memory a node has
 * @nid: node, or NUMA_NO_NODE for all together
 *
 * Context: boot, once the nodes of memory are known to memblock.
 * Return: bytes, memory that is reserved included.
 */
phys_addr_t __init cma_node_memory(int nid)
{
	unsigned long start, end;
	phys_addr_t bytes = 0;
	int i;

	for_each_mem_pfn_range(i, nid, &start, &end, NULL)
		bytes += PFN_PHYS(end - start);

	return bytes;
}

/* Is all of it in regions of @type? These are sorted and may touch. */
static bool __init covered(const struct memblock_type *type, phys_addr_t base,
			   phys_addr_t size)
{
	phys_addr_t end = base + size;

	for (unsigned long i = 0; i < type->cnt && base < end; i++) {
		const struct memblock_region *region = &type->regions[i];

		if (region->base <= base && base - region->base < region->size)
			base = region->base + region->size;
	}

	return base >= end;
}

struct cma_extent {
	phys_addr_t base;
	phys_addr_t size;
};

static int __init overlaps(struct cma *cma, void *data)
{
	const struct cma_extent *extent = data;

	return cma_get_base(cma) < extent->base + extent->size &&
	       extent->base < cma_get_base(cma) + cma_get_size(cma);
}

/* A unit's size in bytes must have room in its type, with some to spare. */
static bool __init valid_order_per_bit(unsigned int order_per_bit)
{
	return order_per_bit < BITS_PER_LONG - PAGE_SHIFT - 1;
}

/**
 * cma_init_reserved_mem() - make an area of memory that is reserved already
 * @base: first byte
 * @size: bytes
 * @order_per_bit: log2 of the pages in one unit of allocation; small units
 *	waste nothing, large ones keep the free map small
 * @name: what the area is called in sysfs, debugfs and the log, or NULL for
 *	"cmaN". A '/' becomes '!'. If there is an area of that name already, a
 *	number is put behind it.
 * @res_cma: where the area is stored
 *
 * Context: boot, once memory is registered with memblock and until the page
 * allocator takes over; one thread.
 * Return: 0; -EINVAL if @base or @size is not a multiple of
 * CMA_MIN_ALIGNMENT_BYTES or of a unit, or memory that does not exist or is not
 * reserved is in between; -EEXIST if it belongs to another area; -ENOSPC if
 * CONFIG_CMA_AREAS are registered. The memory is the caller's then.
 */
int __init cma_init_reserved_mem(phys_addr_t base, phys_addr_t size,
				 unsigned int order_per_bit, const char *name,
				 struct cma **res_cma)
{
	struct cma_extent extent = { base, size };
	phys_addr_t align, end;
	const char *wrong;
	struct cma *cma;
	int ret = -EINVAL;

	if (!valid_order_per_bit(order_per_bit)) {
		pr_err("area at %pa: order per bit %u is larger than memory\n",
		       &base, order_per_bit);
		return ret;
	}
	align = max_t(phys_addr_t, CMA_MIN_ALIGNMENT_BYTES,
		      (phys_addr_t)PAGE_SIZE << order_per_bit);

	if (!size || size > ULONG_MAX || check_add_overflow(base, size, &end)) {
		wrong = "is empty, or more than can be addressed";
	} else if (!IS_ALIGNED(base, CMA_MIN_ALIGNMENT_BYTES) ||
		   !IS_ALIGNED(size, align)) {
		pr_err("area at %pa, size %pa: base and size must be multiples of %lu and the size of %pa bytes\n",
		       &base, &size, CMA_MIN_ALIGNMENT_BYTES, &align);
		return ret;
	} else if (!covered(&memblock.memory, base, size)) {
		wrong = "is not all memory";
	} else if (!covered(&memblock.reserved, base, size)) {
		wrong = "is not all reserved";
	} else if (cma_for_each_area(overlaps, &extent)) {
		wrong = "overlaps another area";
		ret = -EEXIST;
	} else {
		cma = cma_register(base, size, order_per_bit, name);
		if (!cma)
			return -ENOSPC;
		*res_cma = cma;
		return 0;
	}

	pr_err("area at %pa, size %pa, %s\n", &base, &size, wrong);
	return ret;
}

/*
 * Find and reserve @size bytes at or above @base and below @limit.
 * Return: the address, 0 if there is no room.
 */
static phys_addr_t __init reserve_anywhere(phys_addr_t base, phys_addr_t size,
					   phys_addr_t limit,
					   phys_addr_t alignment,
					   phys_addr_t highmem_start, int nid)
{
	phys_addr_t addr = 0;

	/*
	 * Compaction moves pages towards the end of a zone. At the start of
	 * memory it clears the area, at the end it would fill it. Below 4 GiB
	 * is what DMA-limited devices depend on, so not there if possible.
	 */
#ifdef CONFIG_PHYS_ADDR_T_64BIT
	if (!memblock_bottom_up() && limit > SZ_4G && limit - SZ_4G >= size) {
		memblock_set_bottom_up(true);
		addr = memblock_alloc_range_nid(size, alignment,
						max_t(phys_addr_t, base, SZ_4G),
						limit, nid, true);
		memblock_set_bottom_up(false);
	}
#endif

	/* High and low memory are different zones; prefer the former. */
	if (!addr && base < highmem_start && limit > highmem_start) {
		addr = memblock_alloc_range_nid(size, alignment, highmem_start,
						limit, nid, true);
		limit = highmem_start;
	}
	if (!addr)
		addr = memblock_alloc_range_nid(size, alignment, base, limit,
						nid, true);

	/* Borrowed pages are no objects, and highmem has no address to scan. */
	if (addr)
		kmemleak_ignore_phys(addr);
	return addr;
}

/**
 * cma_declare_contiguous_nid() - reserve memory and make an area of it
 * @base: first byte if @fixed, lowest address otherwise; 0 for anywhere
 * @size: bytes, rounded up to the alignment
 * @limit: end of the addresses to use, 0 for the end of memory
 * @alignment: bytes, a power of two; 0 for the smallest possible
 * @order_per_bit: log2 of the pages in one unit of allocation
 * @fixed: the area must start at @base
 * @name: as in cma_init_reserved_mem()
 * @res_cma: where the area is stored
 * @nid: node to take the memory from, or NUMA_NO_NODE
 *
 * Context: as cma_init_reserved_mem().
 * Return: 0; -EINVAL for arguments that cannot be satisfied; -EBUSY if fixed
 * memory is in use; -ENOMEM if there is no room; -ENOSPC if CONFIG_CMA_AREAS
 * are registered. On failure nothing stays reserved, and the log says why.
 */
int __init cma_declare_contiguous_nid(phys_addr_t base, phys_addr_t size,
				      phys_addr_t limit, phys_addr_t alignment,
				      unsigned int order_per_bit, bool fixed,
				      const char *name, struct cma **res_cma,
				      int nid)
{
	/* high_memory itself may have no direct mapping, the byte below has. */
	phys_addr_t highmem_start = __pa(high_memory - 1) + 1;
	phys_addr_t wanted = size, end;
	int ret = -EINVAL;

	if (!size)
		return -EINVAL;

	if (alignment & (alignment - 1)) {
		pr_err("alignment %pa is not a power of two\n", &alignment);
		goto fail;
	}
	if (!valid_order_per_bit(order_per_bit)) {
		pr_err("order per bit %u is larger than memory\n", order_per_bit);
		goto fail;
	}
	if (!IS_ENABLED(CONFIG_NUMA))
		nid = NUMA_NO_NODE;

	alignment = max_t(phys_addr_t, alignment, CMA_MIN_ALIGNMENT_BYTES);
	if (!base)
		fixed = false;
	if (fixed && !IS_ALIGNED(base, alignment)) {
		pr_err("base %pa is not a multiple of %pa\n", &base, &alignment);
		goto fail;
	}

	/* Below: whoever asks for the end of the type gets no wrapped range. */
	if (size > ULONG_MAX || ALIGN(size, alignment) < size ||
	    ALIGN(base, alignment) < base) {
		pr_err("size %pa at %pa is beyond all addresses\n", &size, &base);
		goto fail;
	}
	size = ALIGN(size, alignment);
	base = ALIGN(base, alignment);
	if (!IS_ALIGNED(PHYS_PFN(size), 1UL << order_per_bit)) {
		pr_err("size %pa is not a multiple of a unit of 2^%u pages\n",
		       &size, order_per_bit);
		goto fail;
	}

	limit = min_not_zero(limit, memblock_end_of_DRAM());
	if (check_add_overflow(base, size, &end) || end > limit) {
		pr_err("size %pa at %pa is beyond the limit %pa\n", &size, &base,
		       &limit);
		goto fail;
	}

	if (fixed) {
		if (base < highmem_start && end > highmem_start) {
			pr_err("%pa to %pa crosses into high memory at %pa\n",
			       &base, &end, &highmem_start);
			goto fail;
		}
		if (memblock_is_region_reserved(base, size) ||
		    memblock_reserve(base, size) < 0) {
			pr_err("memory from %pa to %pa is in use\n", &base, &end);
			ret = -EBUSY;
			goto fail;
		}
	} else {
		/* Units aligned to their size can serve any alignment. */
		alignment = max_t(phys_addr_t, alignment,
				  (phys_addr_t)PAGE_SIZE << order_per_bit);
		base = reserve_anywhere(base, size, limit, alignment,
					highmem_start, nid);
		if (!base) {
			ret = -ENOMEM;
			goto fail;
		}
	}

	ret = cma_init_reserved_mem(base, size, order_per_bit, name, res_cma);
	if (ret) {
		memblock_phys_free(base, size);
		goto fail;
	}

	pr_info("area %s: reserved %lu MiB at %pa on node %d\n",
		cma_get_name(*res_cma), (unsigned long)(size / SZ_1M), &base,
		nid);
	return 0;

fail:
	pr_err("area %s: failed to reserve %lu MiB on node %d: %d\n", name ?: "",
	       (unsigned long)(wanted / SZ_1M), nid, ret);
	return ret;
}
