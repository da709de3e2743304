// SPDX-License-Identifier: GPL-2.0
/*
 * The free maps of a contiguous memory area, one for each range
 *
 * Pure bookkeeping: which units are free, and what a caller holds. It knows
 * nothing of struct page or locks, and is also built as a user program by
 * tools/testing/cma.
 */

#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "cma.h"

/* Some gigabytes may be needed, and then vmalloc() has them. */
static void *alloc_map(unsigned long n)
{
	if (n > INT_MAX / sizeof(long))
		return vcalloc(n, sizeof(long));
	return kvcalloc(n, sizeof(long), GFP_KERNEL);
}

/**
 * cma_map_init() - get memory for a map, all units free
 * @map: its base_pfn, count and order_per_bit are set
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int cma_map_init(struct cma_map *map)
{
	unsigned long units = cma_map_units(map);

	map->taken = alloc_map(BITS_TO_LONGS(units));
	map->held = alloc_map(BITS_TO_LONGS(units));
	map->tail = map->order_per_bit ? alloc_map(units) : NULL;

	if (!map->taken || !map->held || (map->order_per_bit && !map->tail)) {
		cma_map_destroy(map);
		return -ENOMEM;
	}

	map->nr_free = units;
	return 0;
}

/**
 * cma_map_destroy() - give back the memory of a map
 * @map: initialised or not, but zeroed at least
 *
 * Context: may sleep.
 */
void cma_map_destroy(struct cma_map *map)
{
	kvfree(map->taken);
	kvfree(map->held);
	kvfree(map->tail);
	map->taken = NULL;
	map->held = NULL;
	map->tail = NULL;
	map->nr_free = 0;
}

/*
 * bitmap_set() and bitmap_clear() take positions as int, and their word-wise
 * parts a signed one. An area of 8 TiB in one-page units is beyond that.
 */
#define MAX_BITS_AT_ONCE	BIT(30)

static void set_units(unsigned long *bits, unsigned long unit, unsigned long n)
{
	while (n) {
		unsigned long now = min(n, MAX_BITS_AT_ONCE);

		bitmap_set(bits + BIT_WORD(unit), unit % BITS_PER_LONG, now);
		unit += now;
		n -= now;
	}
}

static void clear_units(unsigned long *bits, unsigned long unit,
			unsigned long n)
{
	while (n) {
		unsigned long now = min(n, MAX_BITS_AT_ONCE);

		bitmap_clear(bits + BIT_WORD(unit), unit % BITS_PER_LONG, now);
		unit += now;
		n -= now;
	}
}

/**
 * cma_map_find() - find room
 * @map: the map
 * @start: first unit to look at
 * @pages: pages wanted, at least 1
 * @align: the first PFN is to be a multiple of 2^@align
 *
 * Return: the lowest unit from @start on at which @pages aligned pages are
 * free, or CMA_MAP_NONE.
 */
unsigned long cma_map_find(const struct cma_map *map, unsigned long start,
			   unsigned long pages, unsigned int align)
{
	unsigned long units = cma_map_units(map);
	unsigned long mask = 0, offset = 0;
	unsigned long need, unit, used;

	/* PFN 0 is the only multiple of more, and the sums below would wrap. */
	if (align >= BITS_PER_LONG - 1 || map->count < pages)
		return CMA_MAP_NONE;

	/*
	 * An allocation starts where a unit starts. Units lie as the base does,
	 * so below the size of a unit the base alone decides.
	 */
	if (map->base_pfn & ((1UL << min(align, map->order_per_bit)) - 1))
		return CMA_MAP_NONE;

	if (align > map->order_per_bit) {
		mask = (1UL << (align - map->order_per_bit)) - 1;
		offset = (map->base_pfn >> map->order_per_bit) & mask;
	}

	need = cma_map_span(map, pages);
	for (unit = start; unit < units; unit = used + 1) {
		unit = find_next_zero_bit(map->taken, units, unit);
		unit = ((unit + offset + mask) & ~mask) - offset;
		if (unit >= units || units - unit < need)
			break;

		used = find_next_bit(map->taken, unit + need, unit);
		if (used >= unit + need)
			return unit;
	}

	return CMA_MAP_NONE;
}

/**
 * cma_map_take() - withdraw free units from everybody else
 * @map: the map
 * @unit: a unit that cma_map_find() returned under the same lock
 * @pages: the pages that were looked for
 */
void cma_map_take(struct cma_map *map, unsigned long unit, unsigned long pages)
{
	unsigned long n = cma_map_span(map, pages);

	set_units(map->taken, unit, n);
	WRITE_ONCE(map->nr_free, map->nr_free - n);
}

/**
 * cma_map_hold() - record that taken units now belong to a caller
 * @map: the map
 * @unit: first unit, taken
 * @pages: pages the caller got
 */
void cma_map_hold(struct cma_map *map, unsigned long unit, unsigned long pages)
{
	unsigned long n = cma_map_span(map, pages);

	set_units(map->held, unit, n);
	if (map->tail)
		map->tail[unit + n - 1] =
			pages & ((1UL << map->order_per_bit) - 1);
}

/**
 * cma_map_unhold() - take pages away from a caller that releases them
 * @map: the map
 * @pfn: first page to release
 * @pages: pages to release
 * @bad_pfn: the first page that is wrong is stored here on refusal
 *
 * The pages may be an allocation, a part of one, or several; but each of them
 * must be held, and with larger units nothing held may be left behind in the
 * last unit, since a unit is either held or not. Refused is refused whole: then
 * the map is what it was. On success the units stay taken until
 * cma_map_drop().
 *
 * Return: NULL on success, otherwise what is wrong with @bad_pfn, in words that
 * go on after "PFN ... ".
 */
const char *cma_map_unhold(struct cma_map *map, unsigned long pfn,
			   unsigned long pages, unsigned long *bad_pfn)
{
	unsigned long unit_pages = 1UL << map->order_per_bit;
	unsigned long first, last, unit, gap;

	*bad_pfn = pfn;
	if (!pages)
		return "is named, but no page is to be released";
	if (!cma_map_contains(map, pfn, 1))
		return "is not in the area";
	if (!cma_map_contains(map, pfn, pages)) {
		*bad_pfn = map->base_pfn + map->count;
		return "is past the end of the range of the area that the first page is in";
	}
	if ((pfn - map->base_pfn) & (unit_pages - 1))
		return "does not start a unit of the area (see order_per_bit)";

	first = cma_map_pfn_unit(map, pfn);
	last = first + cma_map_span(map, pages) - 1;

	gap = find_next_zero_bit(map->held, last + 1, first);
	for (unit = first; map->tail && unit < gap; unit++) {
		unsigned long has = map->tail[unit] ?: unit_pages;
		unsigned long given = unit_pages;

		if (unit == last)
			given = pages - ((last - first) << map->order_per_bit);
		if (given == has)
			continue;

		*bad_pfn = cma_map_unit_pfn(map, unit) + min(given, has);
		return given > has ? "is not allocated" :
			"is held too and shares a unit with pages to be released";
	}
	if (gap <= last) {
		*bad_pfn = cma_map_unit_pfn(map, gap);
		return "is not allocated";
	}

	clear_units(map->held, first, last - first + 1);
	if (map->tail)
		map->tail[last] = 0;
	return NULL;
}

/**
 * cma_map_drop() - make taken units free
 * @map: the map
 * @unit: first unit, taken and not held
 * @pages: as given to cma_map_take() or cma_map_unhold()
 */
void cma_map_drop(struct cma_map *map, unsigned long unit, unsigned long pages)
{
	unsigned long n = cma_map_span(map, pages);

	clear_units(map->taken, unit, n);
	WRITE_ONCE(map->nr_free, map->nr_free + n);
}

/**
 * cma_map_longest() - length of the longest free run
 * @map: the map
 *
 * Statistics. Wants no lock, because a large map takes long to read: a run that
 * changes meanwhile is measured wrongly, and nothing else happens.
 *
 * Context: may sleep.
 * Return: pages.
 */
unsigned long cma_map_longest(const struct cma_map *map)
{
	unsigned long units = cma_map_units(map);
	unsigned long start, end = 0, longest = 0;

	while (end < units) {
		/* The races are meant, see above. */
		start = data_race(find_next_zero_bit(map->taken, units, end));
		/* This one too. */
		end = data_race(find_next_bit(map->taken, units, start));
		longest = max(longest, end - start);
		cond_resched();
	}

	return longest << map->order_per_bit;
}

/**
 * cma_map_word32() - read the map 32 units at a time
 * @map: the map
 * @word: which 32 units
 *
 * Like cma_map_longest() without a lock.
 *
 * Return: bit i is set if unit 32 * @word + i is taken; the same on machines of
 * either endianness.
 */
u32 cma_map_word32(const struct cma_map *map, unsigned long word)
{
	unsigned long bit = word * 32;

	return READ_ONCE(map->taken[BIT_WORD(bit)]) >> (bit % BITS_PER_LONG);
}

/*
 * What the maps of all ranges say together
 */

/**
 * cma_find_range() - the range that a page is in
 * @cma: area
 * @pfn: page
 *
 * Context: any.
 * Return: the range, NULL if the page is not the area's.
 */
struct cma_map *cma_find_range(struct cma *cma, unsigned long pfn)
{
	struct cma_map *map;

	cma_for_each_map(map, cma) {
		if (cma_map_contains(map, pfn, 1))
			return map;
	}

	return NULL;
}

/**
 * cma_intersects() - does an area have memory in a range?
 * @cma: area
 * @start: first physical address
 * @end: physical address behind the last one
 *
 * Context: any.
 * Return: true if it has.
 */
bool cma_intersects(struct cma *cma, phys_addr_t start, phys_addr_t end)
{
	const struct cma_map *map;

	cma_for_each_map(map, cma) {
		phys_addr_t base = PFN_PHYS(map->base_pfn);

		/* The end of a range may be that of all addresses. */
		if (start < end && base < end &&
		    (start <= base || start - base < PFN_PHYS(map->count)))
			return true;
	}

	return false;
}

/**
 * cma_available_pages() - pages that no caller holds
 * @cma: area
 *
 * Whole units: the rest of a unit that is held in part cannot be allocated.
 * Pages that are merely borrowed are available. Before activation none are.
 *
 * Context: any.
 * Return: pages.
 */
unsigned long cma_available_pages(const struct cma *cma)
{
	const struct cma_map *map;
	unsigned long pages = 0;

	cma_for_each_map(map, cma)
		pages += READ_ONCE(map->nr_free) << map->order_per_bit;

	return pages;
}

/**
 * cma_longest_run() - length of the longest free run
 * @cma: area, active
 *
 * Context: as cma_map_longest().
 * Return: pages.
 */
unsigned long cma_longest_run(const struct cma *cma)
{
	const struct cma_map *map;
	unsigned long longest = 0;

	cma_for_each_map(map, cma)
		longest = max(longest, cma_map_longest(map));

	return longest;
}
