// SPDX-License-Identifier: GPL-2.0
/*
 * Boot-time reservation of contiguous memory areas
 *
 * Everything here runs before the page allocator does, and some of it before
 * memory is mapped: see cma_get_memory() in cma.c.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/cma.h>
#include <linux/dma-direct.h>
#include <linux/io.h>
#include <linux/kmemleak.h>
#include <linux/limits.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sizes.h>

#include "cma.h"
#include "cma_reserve.h"

/**
 * cma_node_memory() - how much memory a node has
 * @nid: node, or NUMA_NO_NODE for all together
 *
 * Context: boot, once the nodes of memory are known to memblock.
 * Return: bytes, including memory that is reserved.
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

static int __init overlaps(struct cma *cma, void *data)
{
	const struct cma_extent *extent = data;

	return cma_intersects(cma, extent->base, extent->base + extent->size);
}

/* Where high memory starts, or memory ends. */
static phys_addr_t __init highmem_start(void)
{
	/* high_memory itself may have no direct mapping, but the byte below it has. */
	return __pa(high_memory - 1) + 1;
}

/* A unit's size in bytes must fit in its type, with some room to spare. */
static bool __init valid_order_per_bit(unsigned int order_per_bit)
{
	return order_per_bit < BITS_PER_LONG - PAGE_SHIFT - 1;
}

/**
 * cma_init_reserved_mem() - make an area from memory that is already reserved
 * @base: first byte
 * @size: bytes
 * @order_per_bit: log2 of the pages in one unit of allocation; small units
 *	waste nothing, large ones keep the free map small
 * @name: what the area is called in sysfs, debugfs and the log, or NULL for
 *	"cmaN". A '/' becomes '!'. If there is an area of that name already, a
 *	number is appended.
 * @res_cma: receives the area
 *
 * Context: boot, once memory is registered with memblock and until the page
 * allocator takes over; one thread.
 * Return: 0; -EINVAL if @base or @size is not a multiple of
 * CMA_MIN_ALIGNMENT_BYTES or of a unit, or if part of the memory does not exist or is
 * not reserved; -EEXIST if part of it belongs to another area; -ENOMEM if there is no
 * memory to describe the area. On failure the memory remains the caller's.
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
		cma = cma_register(&extent, 1, order_per_bit, name);
		if (!cma)
			return -ENOMEM;
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
					   phys_addr_t alignment, int nid)
{
	phys_addr_t high = highmem_start();
	phys_addr_t addr = 0;

	/*
	 * Compaction moves pages towards the end of a zone: it clears an area
	 * at the start of memory, and would fill one at the end. DMA-limited
	 * devices depend on memory below 4 GiB, so avoid that if possible.
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
	if (!addr && base < high && limit > high) {
		addr = memblock_alloc_range_nid(size, alignment, high, limit,
						nid, true);
		limit = high;
	}
	if (!addr)
		addr = memblock_alloc_range_nid(size, alignment, base, limit,
						nid, true);

	/* Borrowed pages are not kmemleak objects, and highmem has no address to scan. */
	if (addr)
		kmemleak_ignore_phys(addr);
	return addr;
}

/**
 * cma_declare_contiguous_nid() - reserve memory and make it an area
 * @base: first byte if @fixed, lowest address otherwise; 0 for anywhere
 * @size: bytes, rounded up to the alignment
 * @limit: end of the addresses to use, 0 for the end of memory
 * @alignment: bytes, a power of two; 0 for the smallest possible
 * @order_per_bit: log2 of the pages in one unit of allocation
 * @fixed: the area must start at @base
 * @name: as in cma_init_reserved_mem()
 * @res_cma: receives the area
 * @nid: node to take the memory from, or NUMA_NO_NODE
 *
 * Context: as cma_init_reserved_mem().
 * Return: 0; -EINVAL for arguments that cannot be satisfied; -EBUSY if fixed
 * memory is in use; -ENOMEM if there is no room. On failure nothing stays
 * reserved, and the log says why.
 */
int __init cma_declare_contiguous_nid(phys_addr_t base, phys_addr_t size,
				      phys_addr_t limit, phys_addr_t alignment,
				      unsigned int order_per_bit, bool fixed,
				      const char *name, struct cma **res_cma,
				      int nid)
{
	phys_addr_t high = highmem_start();
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

	/* A range that would end beyond the type is refused, not wrapped. */
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
		if (base < high && end > high) {
			pr_err("%pa to %pa crosses into high memory at %pa\n",
			       &base, &end, &high);
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
		base = reserve_anywhere(base, size, limit, alignment, nid);
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

/*
 * Is @a to be taken rather than @b, when @rest bytes are still wanted? Extents from
 * @high upwards come first, then those that suffice, then the smallest that does or
 * the largest that does not; with @fewest, those that suffice come before all else.
 */
static bool __init preferred(const struct cma_extent *a,
			     const struct cma_extent *b, phys_addr_t rest,
			     phys_addr_t high, bool fewest)
{
	bool a_fits = a->size >= rest, b_fits = b->size >= rest;
	bool a_high = a->base >= high, b_high = b->base >= high;

	if (a_fits != b_fits && (fewest || a_high == b_high))
		return a_fits;
	if (a_high != b_high && (a_fits || !fewest || a->size == b->size))
		return a_high;
	return a_fits ? a->size < b->size : a->size > b->size;
}

/* Move the extents to be taken to the front; all of them together are enough. */
static unsigned int __init pick_extents(struct cma_extent *extents,
					unsigned int nr, phys_addr_t size,
					phys_addr_t high, bool fewest)
{
	unsigned int n = 0;

	for (phys_addr_t rest = size; rest; n++) {
		unsigned int best = n;

		for (unsigned int i = n + 1; i < nr; i++) {
			if (preferred(&extents[i], &extents[best], rest, high,
				      fewest))
				best = i;
		}
		swap(extents[n], extents[best]);
		rest -= min(rest, extents[n].size);
	}

	return n;
}

/**
 * cma_choose_extents() - choose the memory of an area
 * @extents: free memory, none of which lies in two zones; on return, the ranges
 * @nr: number of @extents
 * @size: bytes wanted, a multiple of @align and not 0
 * @align: a power of two; each range starts and ends at a multiple of it
 * @high: address from which on memory is preferred
 * @found: receives the number of bytes available at this alignment
 *
 * Chooses one range if one will do, otherwise as few as possible; among equal
 * numbers, memory from @high on, to leave low memory to devices with few address
 * lines. Only part of the last range is taken: its start, which compaction clears, if
 * it lies at @high or above, otherwise its end.
 *
 * Return: how many of @extents, from the first one on, are now the ranges; 0 if
 * there is not enough memory.
 */
unsigned int __init cma_choose_extents(struct cma_extent *extents,
				       unsigned int nr, phys_addr_t size,
				       phys_addr_t align, phys_addr_t high,
				       phys_addr_t *found)
{
	struct cma_extent *last;
	phys_addr_t excess = 0;
	unsigned int n = 0;

	*found = 0;
	for (unsigned int i = 0; i < nr; i++) {
		phys_addr_t base = extents[i].base;
		phys_addr_t end = ALIGN_DOWN(base + extents[i].size, align);

		/* Callers of cma_get_base() take address 0 for none. */
		base = ALIGN(max_t(phys_addr_t, base, 1), align);
		if (base < extents[i].base || base >= end)
			continue;
		extents[n++] = (struct cma_extent){ base, end - base };
		*found += end - base;
	}
	if (*found < size)
		return 0;

	nr = n;
	n = pick_extents(extents, nr, size, high, true);
	if (pick_extents(extents, nr, size, high, false) > n)
		pick_extents(extents, nr, size, high, true);

	for (unsigned int i = 0; i < n; i++)
		excess += extents[i].size;
	excess -= size;
	last = &extents[n - 1];
	last->size -= excess;
	if (last->base < high)
		last->base += excess;
	return n;
}

/*
 * Find the free memory of node @nid, or of all nodes, cut at every border that no
 * range may cross and that is known before the zones are.
 * Return: number of extents stored, @max at most.
 */
static unsigned int __init free_extents(struct cma_extent *extents,
					unsigned int max, int nid)
{
	const u64 borders[] = {
		SZ_4G,
		highmem_start(),
#ifdef CONFIG_ZONE_DMA
		zone_dma_limit + 1,
#endif
	};
	phys_addr_t start, end;
	unsigned int n = 0;
	u64 i;

	for_each_free_mem_range(i, nid, MEMBLOCK_NONE, &start, &end, NULL) {
		for (; start < end && n < max; n++) {
			phys_addr_t stop = end;

			for (unsigned int b = 0; b < ARRAY_SIZE(borders); b++) {
				if (start < borders[b])
					stop = min_t(u64, stop, borders[b]);
			}
			extents[n] = (struct cma_extent){ start, stop - start };
			start = stop;
		}
	}

	return n;
}

/* Reserve and register all of @extents, or none if no area is returned. */
static struct cma *__init reserve_extents(const struct cma_extent *extents,
					  unsigned int nr,
					  unsigned int order_per_bit,
					  const char *name)
{
	struct cma *cma = NULL;
	unsigned int n = 0;

	while (n < nr && !memblock_reserve(extents[n].base, extents[n].size))
		n++;
	if (n == nr)
		cma = cma_register(extents, nr, order_per_bit, name);
	while (!cma && n--)
		memblock_phys_free(extents[n].base, extents[n].size);
	return cma;
}

/**
 * cma_declare_contiguous_multi() - reserve an area, of several ranges if need be
 * @size: bytes, rounded up to the alignment
 * @align: bytes, a power of two; 0 for the smallest possible. Each range starts
 *	and ends at a multiple of it
 * @order_per_bit: log2 of the pages in one unit of allocation
 * @name: as in cma_init_reserved_mem()
 * @res_cma: receives the area
 * @nid: node to take all of the memory from, or NUMA_NO_NODE
 *
 * The area is one range of memory if there is one that is large enough, otherwise as
 * few as will do, from 4 GiB on if that makes no difference. Each allocation from it
 * lies in one range.
 *
 * Context: boot, once memory is mapped and until the page allocator takes over;
 * one thread.
 * Return: 0; -EINVAL for arguments that cannot be satisfied; -ENOMEM if there is
 * not enough memory. On failure nothing stays reserved, and the log says what
 * was wanted and what was found.
 */
int __init cma_declare_contiguous_multi(phys_addr_t size, phys_addr_t align,
					unsigned int order_per_bit,
					const char *name, struct cma **res_cma,
					int nid)
{
	phys_addr_t high = min_t(u64, highmem_start(), SZ_4G);
	phys_addr_t wanted = size, found;
	struct cma_extent *extents;
	struct cma *cma = NULL;
	unsigned int max, nr;
	int ret = -EINVAL;

	if (!is_power_of_2(align ?: 1) || !valid_order_per_bit(order_per_bit)) {
		pr_err("alignment %pa, order per bit %u: expected a power of two, and a unit smaller than memory\n",
		       &align, order_per_bit);
		goto fail;
	}
	align = max3(align, (phys_addr_t)CMA_MIN_ALIGNMENT_BYTES,
		     (phys_addr_t)PAGE_SIZE << order_per_bit);
	size = ALIGN(size, align);
	if (!size || size < wanted || size > ULONG_MAX) {
		pr_err("size %pa in steps of %pa is 0, or beyond all addresses\n",
		       &wanted, &align);
		goto fail;
	}
	if (!IS_ENABLED(CONFIG_NUMA))
		nid = NUMA_NO_NODE;

	/*
	 * Each reserved region cuts at most one region of memory in two, and so
	 * does each border; the array of extents is one more reserved region.
	 */
	ret = -ENOMEM;
	max = memblock.memory.cnt + memblock.reserved.cnt + 8;
	extents = memblock_alloc(max * sizeof(*extents), SMP_CACHE_BYTES);
	if (!extents)
		goto fail;

	nr = cma_choose_extents(extents, free_extents(extents, max, nid), size,
				align, high, &found);
	if (nr)
		cma = reserve_extents(extents, nr, order_per_bit, name);
	else
		pr_err("%pa bytes wanted in ranges aligned to %pa, %pa found\n",
		       &size, &align, &found);

	for (unsigned int i = 0; i < nr && cma; i++)
		pr_info("area %s: reserved %lu MiB at %pa on node %d, range %u of %u\n",
			cma_get_name(cma),
			(unsigned long)(extents[i].size / SZ_1M),
			&extents[i].base, nid, i + 1, nr);
	memblock_free(extents, max * sizeof(*extents));
	if (cma) {
		*res_cma = cma;
		return 0;
	}

fail:
	pr_err("area %s: failed to reserve %lu MiB on node %d: %d\n", name ?: "",
	       (unsigned long)(wanted / SZ_1M), nid, ret);
	return ret;
}

/**
 * cma_reserve_early_aligned() - allocate from an area that is not yet active
 * @cma: area
 * @size: bytes, a multiple of CMA_MIN_ALIGNMENT_BYTES and of a unit
 * @align: bytes, a power of two; the memory is aligned to it and to a pageblock
 * @from_end: take it from the end of a range, not from the start
 *
 * The memory is like any from memblock, but not zeroed. Activation counts it as
 * allocated and managed, and makes pages that are still reserved what cma_alloc()
 * returns; pages that were set up before, as folios, are left as they are.
 * cma_release() takes them back. If the range cannot be activated, the memory stays with
 * its holder.
 *
 * Memory is taken without gaps. So that smaller allocations do not spoil the alignment for
 * larger ones, take them from the other end. A range in two zones gives none.
 *
 * Context: boot, after free_area_init() and before core_initcall time; one
 * thread.
 * Return: virtual address; NULL if there is no such place left, or for reasons that
 * are logged.
 */
void __init *cma_reserve_early_aligned(struct cma *cma, unsigned long size,
				       unsigned long align, bool from_end)
{
	unsigned long pages = size >> PAGE_SHIFT;
	phys_addr_t unit, high = highmem_start();
	struct cma_map *map;

	if (cma->state != CMA_REGISTERED) {
		pr_err("%s: no early allocation any more\n", cma->name);
		return NULL;
	}

	unit = max_t(phys_addr_t, CMA_MIN_ALIGNMENT_BYTES,
		     (phys_addr_t)PAGE_SIZE << cma->ranges[0].order_per_bit);
	if (!size || !IS_ALIGNED(size, unit)) {
		pr_err("%s: no early allocation of %lu bytes, expected a multiple of %pa\n",
		       cma->name, size, &unit);
		return NULL;
	}

	cma_for_each_map(map, cma) {
		unsigned long left = map->count - map->early - map->late;
		phys_addr_t base = PFN_PHYS(map->base_pfn + map->early);

		if (from_end)
			base += PFN_PHYS(left - pages);
		if (pages > left || base >= high || !IS_ALIGNED(base, align) ||
		    !cma_in_one_zone(map))
			continue;
		if (from_end)
			map->late += pages;
		else
			map->early += pages;
		return phys_to_virt(base);
	}

	return NULL;
}
