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
#include <linux/string.h>

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
	return high_memory ? __pa(high_memory - 1) + 1 : memblock_end_of_DRAM();
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

/**
 * cma_reserve_piece() - find and reserve memory in one piece
 * @base: lowest address
 * @size: bytes
 * @limit: end of the addresses to use
 * @alignment: bytes, a power of two
 * @nid: node, or NUMA_NO_NODE
 *
 * Context: boot, until the page allocator takes over.
 * Return: the address, 0 if there is no room.
 */
phys_addr_t __init cma_reserve_piece(phys_addr_t base, phys_addr_t size, phys_addr_t limit,
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
		base = cma_reserve_piece(base, size, limit, alignment, nid);
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

/**
 * cma_cut_extents() - take a part out of memory
 * @extents: memory, none of it empty
 * @nr: number of @extents, and on return how many there are then
 * @max: how many there is room for
 * @start: first byte of the part
 * @end: byte after it
 *
 * If there is no room for what is behind the part in an extent, that goes with it.
 *
 * Return: false if @extents have nothing of it.
 */
bool __init cma_cut_extents(struct cma_extent *extents, unsigned int *nr,
			    unsigned int max, phys_addr_t start, phys_addr_t end)
{
	unsigned int i = 0;
	bool cut = false;

	while (i < *nr) {
		struct cma_extent *extent = &extents[i];
		phys_addr_t stop = extent->base + extent->size;
		struct cma_extent behind = { end, stop > end ? stop - end : 0 };
		unsigned int parts = 0;

		if (start >= end || start >= stop || end <= extent->base) {
			i++;
			continue;
		}

		cut = true;
		if (start > extent->base)
			extent[parts++].size = start - extent->base;
		if (behind.size && *nr + parts <= max) {
			memmove(extent + parts + 1, extent + 1,
				(*nr - i - 1) * sizeof(*extents));
			extent[parts++] = behind;
			*nr += parts - 1;
		} else if (!parts) {
			memmove(extent, extent + 1, (*nr - i - 1) * sizeof(*extents));
			--*nr;
		}
		i += parts;
	}

	return cut;
}

/**
 * cma_add_extent() - put memory among extents
 * @extents: memory in the order of addresses, none of it empty, with gaps in between
 * @nr: number of @extents, and on return how many there are then
 * @max: how many there is room for
 * @base: first byte of what is added
 * @size: bytes; may be 0
 *
 * What touches or overlaps an extent becomes a part of it.
 *
 * Return: false if one more extent were needed and there is no room for it; then nothing
 * is added.
 */
bool __init cma_add_extent(struct cma_extent *extents, unsigned int *nr, unsigned int max,
			   phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = base + size;
	unsigned int first = 0, behind;

	if (!size)
		return true;

	while (first < *nr && extents[first].base + extents[first].size < base)
		first++;
	for (behind = first; behind < *nr && extents[behind].base <= end; behind++) {
		base = min(base, extents[behind].base);
		end = max(end, extents[behind].base + extents[behind].size);
	}
	if (behind == first && *nr == max)
		return false;

	memmove(&extents[first + 1], &extents[behind], (*nr - behind) * sizeof(*extents));
	extents[first] = (struct cma_extent){ base, end - base };
	*nr = *nr + 1 + first - behind;
	return true;
}

/* The first address above @start at which another zone may begin, as far as is known. */
static u64 __init next_border(phys_addr_t start)
{
	const u64 borders[] = {
		SZ_4G,
		highmem_start(),
#ifdef CONFIG_ZONE_DMA
		zone_dma_limit + 1,
#endif
	};
	u64 next = U64_MAX;

	for (unsigned int b = 0; b < ARRAY_SIZE(borders); b++) {
		if (start < borders[b])
			next = min(next, borders[b]);
	}

	return next;
}

/**
 * cma_is_free() - can memory be lent along with an area next to it?
 * @start: first byte
 * @end: byte after it; one of them is a multiple of CMA_MIN_ALIGNMENT_BYTES
 *
 * Return: true if it is ordinary memory that nobody has, of the same zone as all of its
 * block, as far as that is known.
 */
bool __init cma_is_free(phys_addr_t start, phys_addr_t end)
{
	phys_addr_t block = ALIGN_DOWN(start, CMA_MIN_ALIGNMENT_BYTES);
	phys_addr_t free_start, free_end;
	u64 i;

	if (next_border(block) - block < CMA_MIN_ALIGNMENT_BYTES)
		return false;

	for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &free_start, &free_end,
				NULL) {
		if (free_start <= start && start < end && end <= free_end)
			return true;
	}

	return false;
}

/* Where an area may lie: in any of these, which may overlap. */
struct windows {
	const struct cma_extent *at;
	unsigned int nr;
};

/*
 * Does an address lie in a window?
 * Return: the end of all that does without a gap; @start if it does not, and then @next is
 * where the next window begins.
 */
static phys_addr_t __init window_end(const struct windows *windows, phys_addr_t start,
				     phys_addr_t *next)
{
	phys_addr_t end = start, last;

	*next = -1;
	do {
		last = end;
		for (unsigned int i = 0; i < windows->nr; i++) {
			const struct cma_extent *window = &windows->at[i];

			if (window->base <= end && end - window->base < window->size)
				end = window->base + window->size;
			else if (window->base > start)
				*next = min(*next, window->base);
		}
	} while (end != last);

	return end;
}

/* Bytes of an extent that are left when it starts and ends at multiples of @align. */
static phys_addr_t __init aligned_bytes(phys_addr_t start, phys_addr_t end, phys_addr_t align)
{
	phys_addr_t first = ALIGN(start, align);

	end = ALIGN_DOWN(end, align);
	return first >= start && first < end ? end - first : 0;
}

/*
 * Find the free memory of node @nid, or of all nodes, that lies in @windows, cut at every
 * border that no range may cross and that is known before the zones are, as far as a piece
 * holds something that is aligned.
 * Return: number of extents stored, @max at most.
 */
static unsigned int __init free_extents(struct cma_extent *extents, unsigned int max,
					int nid, const struct windows *windows,
					phys_addr_t align)
{
	phys_addr_t start, end, next;
	unsigned int n = 0;
	u64 i;

	for_each_free_mem_range(i, nid, MEMBLOCK_NONE, &start, &end, NULL) {
		while (start < end && n < max) {
			phys_addr_t stop = window_end(windows, start, &next);

			if (stop > start) {
				next = min3((u64)end, (u64)stop, next_border(start));
				if (aligned_bytes(start, next, align))
					extents[n++] = (struct cma_extent){ start, next - start };
			}
			start = next;
		}
	}

	return n;
}

/**
 * cma_free_memory() - how much memory there is for ranges of an area
 * @nid: node
 * @align: bytes, a power of two; a range starts and ends at a multiple of it
 *
 * Context: boot, until the page allocator takes over.
 * Return: bytes that are free and lie in such ranges.
 */
phys_addr_t __init cma_free_memory(int nid, phys_addr_t align)
{
	phys_addr_t start, end, bytes = 0;
	u64 i;

	for_each_free_mem_range(i, nid, MEMBLOCK_NONE, &start, &end, NULL) {
		while (start < end) {
			phys_addr_t next = min_t(u64, end, next_border(start));

			bytes += aligned_bytes(start, next, align);
			start = next;
		}
	}

	return bytes;
}

/* Reserve and register all of @extents, or none if no area is returned. */
static struct cma *__init reserve_extents(const struct cma_extent *extents,
					  unsigned int nr,
					  unsigned int order_per_bit,
					  const char *name, int nid)
{
	struct cma *cma = NULL;
	unsigned int n = 0;

	while (n < nr && !memblock_reserve(extents[n].base, extents[n].size))
		n++;
	if (n == nr)
		cma = cma_register(extents, nr, order_per_bit, name);
	while (!cma && n--)
		memblock_phys_free(extents[n].base, extents[n].size);

	for (unsigned int i = 0; i < nr && cma; i++)
		pr_info("area %s: reserved %lu MiB at %pa on node %d, range %u of %u\n",
			cma_get_name(cma), (unsigned long)(extents[i].size / SZ_1M),
			&extents[i].base, nid, i + 1, nr);
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
	const struct cma_extent all = { 0, (phys_addr_t)-1 };
	const struct windows anywhere = { &all, 1 };
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

	nr = free_extents(extents, max, nid, &anywhere, align);
	nr = cma_choose_extents(extents, nr, size, align, high, &found);
	if (nr)
		cma = reserve_extents(extents, nr, order_per_bit, name, nid);
	else
		pr_err("%pa bytes wanted in ranges aligned to %pa, %pa found\n",
		       &size, &align, &found);
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

/*
 * What an area in pieces may have of the memory below @limit: an eighth has to stay
 * ordinary memory, or the machine might not boot.
 */
static phys_addr_t __init spare_below(phys_addr_t limit)
{
	phys_addr_t memory = 0, free = 0, start, end;
	unsigned long first, last;
	int r;
	u64 i;

	for_each_mem_pfn_range(r, NUMA_NO_NODE, &first, &last, NULL) {
		start = PFN_PHYS(first);
		memory += min(PFN_PHYS(last), limit) - min(start, limit);
	}
	for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
		free += min(end, limit) - min(start, limit);

	return free - min(free, memory / 8);
}

/* No more than the regions that memblock itself can tell apart without growing. */
#define MAX_EXTENTS	256

static unsigned int __init choose_within(struct cma_extent *extents,
					 const struct windows *windows, phys_addr_t size,
					 phys_addr_t align, phys_addr_t *found)
{
	unsigned int nr = free_extents(extents, MAX_EXTENTS, NUMA_NO_NODE, windows,
					align);

	return cma_choose_extents(extents, nr, size, align,
				  min_t(u64, highmem_start(), SZ_4G), found);
}

/**
 * cma_declare_within() - reserve an area where it may lie, as large as can be
 * @windows: where it may lie, the first choice first; they may overlap
 * @nr: number of @windows
 * @size: bytes wanted, rounded up to the alignment
 * @align: bytes, a power of two; 0 for the smallest possible
 * @limit: end of the memory of which others need a part
 * @name: as in cma_init_reserved_mem()
 * @res_cma: receives the area
 *
 * The area is one range if there is room, otherwise as few ranges as will do, and if all
 * of them are too small, as much as there is, which is logged.
 *
 * Context: boot; memory may not be mapped yet, and memblock unable to grow.
 * Return: 0, or -ENOMEM if there is not one block, which is logged.
 */
int __init cma_declare_within(const struct cma_extent *windows, unsigned int nr,
			      phys_addr_t size, phys_addr_t align, phys_addr_t limit,
			      const char *name, struct cma **res_cma)
{
	static struct cma_extent extents[MAX_EXTENTS] __initdata;
	const struct windows where = { windows, nr };
	phys_addr_t wanted = size, enough, found = 0;
	struct cma *cma = NULL;
	unsigned int n = 0;

	align = max_t(phys_addr_t, align, CMA_MIN_ALIGNMENT_BYTES);
	size = min_t(phys_addr_t, max(size, ALIGN(size, align)), ULONG_MAX);
	size = ALIGN_DOWN(size, align);
	enough = size;

	for (unsigned int i = 0; i < nr && size && !n; i++) {
		/* To memblock, an end of 0 is none. */
		if (!windows[i].size)
			continue;
		extents[0].base = cma_reserve_piece(windows[i].base, size,
						    windows[i].base + windows[i].size,
						    align, NUMA_NO_NODE);
		extents[0].size = size;
		n = extents[0].base ? 1 : 0;
	}
	if (!n) {
		size = min(size, ALIGN_DOWN(spare_below(limit), align));
		n = size ? choose_within(extents, &where, size, align, &found) : 0;
	}
	if (!n && found) {
		size = found;
		n = choose_within(extents, &where, size, align, &found);
	}
	if (n)
		cma = reserve_extents(extents, n, 0, name, NUMA_NO_NODE);
	if (!cma) {
		pr_err("area %s: failed to reserve %lu MiB: %lu MiB are free where it may lie\n",
		       name, (unsigned long)(wanted / SZ_1M),
		       (unsigned long)(found / SZ_1M));
		return -ENOMEM;
	}

	if (size < enough)
		pr_warn("area %s: %lu MiB instead of %lu MiB: %lu MiB are free where it may lie%s\n",
			cma_get_name(cma), (unsigned long)(size / SZ_1M),
			(unsigned long)(wanted / SZ_1M), (unsigned long)(found / SZ_1M),
			size < found ? ", and an eighth of memory stays ordinary" : "");
	*res_cma = cma;
	return 0;
}

/* The bytes that a range is lent with */
static struct cma_extent __init lent_extent(const struct cma_map *map)
{
	return (struct cma_extent){ PFN_PHYS(cma_lent_start(map)),
				    PFN_PHYS(cma_lent_pages(map)) };
}

/**
 * cma_withdraw() - give the memory of an area back, and the area up
 * @cma: area, not yet activated
 *
 * Context: boot, until the page allocator takes over.
 * Return: the number of its ranges, for cma_restore().
 */
unsigned int __init cma_withdraw(struct cma *cma)
{
	unsigned int nr = cma->nr_ranges;
	const struct cma_map *map;

	cma_for_each_map(map, cma) {
		struct cma_extent lent = lent_extent(map);

		memblock_phys_free(lent.base, lent.size);
		totalcma_pages -= PHYS_PFN(lent.size);
	}
	cma->count = 0;
	cma->nr_ranges = 0;
	cma->state = CMA_DEAD;
	return nr;
}

/**
 * cma_restore() - undo cma_withdraw()
 * @cma: area
 * @nr: what cma_withdraw() returned
 *
 * Context: as cma_withdraw().
 * Return: false if memblock has taken some of the memory for itself in the meantime; then
 * the area stays withdrawn.
 */
bool __init cma_restore(struct cma *cma, unsigned int nr)
{
	for (; cma->nr_ranges < nr; cma->nr_ranges++) {
		const struct cma_map *map = &cma->ranges[cma->nr_ranges];
		struct cma_extent lent = lent_extent(map);

		if (memblock_is_region_reserved(lent.base, lent.size) ||
		    memblock_reserve(lent.base, lent.size)) {
			cma_withdraw(cma);
			return false;
		}
		totalcma_pages += PHYS_PFN(lent.size);
		cma->count += map->count;
	}

	cma->state = CMA_REGISTERED;
	return true;
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
		if (pages > left || base >= high ||
		    !IS_ALIGNED(base, max(align, CMA_MIN_ALIGNMENT_BYTES)) ||
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
