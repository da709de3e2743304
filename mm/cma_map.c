// SPDX-License-Identifier: GPL-2.0
/*
 * The free maps of a contiguous memory area, one for each range
 *
 * Pure bookkeeping: which units are free, and which a caller holds. This file knows
 * nothing of struct page or locks, and is also built as a user program by
 * tools/testing/cma.
 */

#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "cma.h"
#include "cma_map.h"

/* Some gigabytes may be needed, which only vmalloc() can provide. */
static void *alloc_map(unsigned long n, size_t size)
{
	if (n > INT_MAX / size)
		return vcalloc(n, size);
	return kvcalloc(n, size, GFP_KERNEL);
}

/*
 * The summary
 *
 * A node of level 0 stands for 2048 units, four cache lines of 64 bytes; a node of
 * any other level for 16 nodes. Nodes take 5 % of the memory of the bits. To find
 * room, or that there is none, it is enough to read a few nodes of each level. The top
 * level has more than 16 nodes only if a range has over 2^35 units.
 */
#define LEAF_SHIFT	11
#define FAN_SHIFT	4

static unsigned int level_shift(unsigned int level)
{
	return LEAF_SHIFT + level * FAN_SHIFT;
}

/* Nodes of a level; the last may stand for fewer units than the others. */
static unsigned long level_nodes(const struct cma_map *map, unsigned int level)
{
	return ((cma_map_units(map) - 1) >> level_shift(level)) + 1;
}

/* Runs of free units in all units added so far, which may be a whole map. */
struct run_sum {
	unsigned long units;
	unsigned long first;
	unsigned long longest;
	unsigned long last;
};

static void add_runs(struct run_sum *sum, unsigned long units,
		     const struct cma_runs *runs)
{
	sum->longest = max3(sum->longest, (unsigned long)runs->longest,
			    sum->last + runs->first);
	if (sum->first == sum->units)
		sum->first += runs->first;
	sum->last = runs->last == units ? sum->last + units : runs->last;
	sum->units += units;
}

/* Are there @n bits set in a row? @n is at least 1. */
static bool has_set_in_row(unsigned long word, unsigned int n)
{
	/* Each bit that is left is the first of @had bits that were set in a row. */
	for (unsigned int had = 1, step; had < n; had += step) {
		step = min(had, n - had);
		word &= word >> step;
	}
	return word;
}

/* The position after the last bit in [0, @n) that is set, or with @zero clear; or 0. */
static unsigned long behind_last(const unsigned long *bits, unsigned long n, bool zero)
{
	while (n) {
		unsigned long word = bits[BIT_WORD(n - 1)];

		word = (zero ? ~word : word) & BITMAP_LAST_WORD_MASK(n);
		n = ALIGN_DOWN(n - 1, BITS_PER_LONG);
		if (word)
			return n + __fls(word) + 1;
	}

	return 0;
}

/* Whatever comes after the last unit of the map counts as taken. */
static struct cma_runs sum_leaf(const struct cma_map *map, unsigned long leaf)
{
	unsigned long units = cma_map_units(map);
	unsigned long unit = leaf << LEAF_SHIFT;
	unsigned long end = unit + BIT(LEAF_SHIFT);
	struct cma_runs runs = { };
	bool whole = true;
	u32 run = 0;

	for (; unit < min(end, units); unit += BITS_PER_LONG) {
		unsigned long taken = map->taken[BIT_WORD(unit)];

		if (units - unit < BITS_PER_LONG)
			taken |= ~0UL << (units - unit);
		if (!taken) {
			run += BITS_PER_LONG;
			continue;
		}

		run += __ffs(taken);
		if (whole)
			runs.first = run;
		whole = false;
		runs.longest = max(runs.longest, run);
		run = BITS_PER_LONG - 1 - __fls(taken);
		runs.longest = max(runs.longest, run);
		/* Within a word, only a run that is longer than all before matters. */
		while (~taken && runs.longest < BITS_PER_LONG - 1 &&
		       has_set_in_row(~taken, runs.longest + 1))
			runs.longest++;
	}

	if (whole)
		runs.first = run;
	runs.longest = max(runs.longest, run);
	runs.last = end <= units ? run : 0;
	return runs;
}

/*
 * Units of a leaf were taken or set free: the run of free units that they are or
 * were in tells what changed. Only if that run was the longest, and what is left of
 * it might not be, does the whole leaf have to be read again.
 */
static void update_leaf(struct cma_map *map, unsigned long leaf,
			unsigned long unit, unsigned long end, bool free)
{
	struct cma_runs *runs = &map->runs[0][leaf];
	unsigned long base = leaf << LEAF_SHIFT;
	unsigned long size = min(BIT(LEAF_SHIFT), cma_map_units(map) - base);
	const unsigned long *taken = map->taken + BIT_WORD(base);
	unsigned long first, last, left;

	unit = max(unit, base) - base;
	end = min(end - base, size);
	/* It is known where the first and the last run of the leaf end. */
	first = unit <= runs->first ? 0 : behind_last(taken, unit, false);
	last = end + runs->last >= BIT(LEAF_SHIFT) ? BIT(LEAF_SHIFT) :
						     find_next_bit(taken, size, end);

	if (free) {
		runs->longest = max_t(u32, runs->longest, last - first);
	} else if (last - first >= runs->longest) {
		left = max(unit - first, last - end);
		if (left < max(first, size - last)) {
			*runs = sum_leaf(map, leaf);
			return;
		}
		runs->longest = left;
	}
	if (!first)
		runs->first = free ? last : unit;
	if (last == BIT(LEAF_SHIFT))
		runs->last = last - (free ? first : end);
}

static struct run_sum sum_nodes(const struct cma_map *map, unsigned int level,
				unsigned long node, unsigned long end)
{
	struct run_sum sum = { };

	for (; node < end; node++) {
		/* The races are those of cma_map_longest(). */
		struct cma_runs runs = data_race(map->runs[level][node]);

		add_runs(&sum, BIT(level_shift(level)), &runs);
	}

	return sum;
}

static struct cma_runs sum_children(const struct cma_map *map,
				    unsigned int level, unsigned long node)
{
	unsigned long first = node << FAN_SHIFT;
	unsigned long end = min(first + BIT(FAN_SHIFT), level_nodes(map, level - 1));
	struct run_sum sum = sum_nodes(map, level - 1, first, end);

	/* After the last unit of the map nothing is free. */
	if (end - first < BIT(FAN_SHIFT))
		sum.last = 0;
	return (struct cma_runs){ sum.first, sum.longest, sum.last };
}

/* Update the summary after units were taken or set free. */
static void sum_up(struct cma_map *map, unsigned long unit, unsigned long n,
		   bool free)
{
	unsigned long first = unit >> LEAF_SHIFT;
	unsigned long last = (unit + n - 1) >> LEAF_SHIFT;
	bool changed = true;

	for (unsigned int level = 0; level <= map->top && changed; level++) {
		u32 whole = free ? BIT(level_shift(level)) : 0;

		changed = false;
		for (unsigned long i = first; i <= last; i++) {
			struct cma_runs *runs = &map->runs[level][i];
			struct cma_runs old = *runs;

			/* There may be many nodes that change as a whole. */
			if (i > first && i < last)
				*runs = (struct cma_runs){ whole, whole, whole };
			else if (level)
				*runs = sum_children(map, level, i);
			else
				update_leaf(map, i, unit, unit + n, free);

			changed |= old.first != runs->first ||
				   old.longest != runs->longest ||
				   old.last != runs->last;
		}
		first >>= FAN_SHIFT;
		last >>= FAN_SHIFT;
	}
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

	unsigned long nodes = level_nodes(map, 0);

	map->top = 0;
	while (map->top < CMA_MAP_LEVELS - 1 &&
	       level_nodes(map, map->top) > BIT(FAN_SHIFT))
		nodes += level_nodes(map, ++map->top);

	map->taken = alloc_map(BITS_TO_LONGS(units), sizeof(long));
	map->held = alloc_map(BITS_TO_LONGS(units), sizeof(long));
	map->tail = map->order_per_bit ? alloc_map(units, sizeof(long)) : NULL;
	map->runs[0] = alloc_map(nodes, sizeof(struct cma_runs));

	if (!map->taken || !map->held || (map->order_per_bit && !map->tail) ||
	    !map->runs[0]) {
		cma_map_destroy(map);
		return -ENOMEM;
	}

	for (unsigned int level = 0; level < map->top; level++)
		map->runs[level + 1] = map->runs[level] + level_nodes(map, level);
	sum_up(map, 0, units, true);
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
	kvfree(map->runs[0]);
	map->taken = NULL;
	map->held = NULL;
	map->tail = NULL;
	map->runs[0] = NULL;
	map->nr_free = 0;
}

/*
 * bitmap_set() and bitmap_clear() take positions as int, and their word-wise
 * parts a signed one. An area of 8 TiB in one-page units is beyond that.
 */
#define MAX_BITS_AT_ONCE	BIT(30)

static void set_units(unsigned long *bits, unsigned long unit, unsigned long n)
{
	for (; n > MAX_BITS_AT_ONCE; n -= MAX_BITS_AT_ONCE) {
		bitmap_set(bits + BIT_WORD(unit), unit % BITS_PER_LONG, MAX_BITS_AT_ONCE);
		unit += MAX_BITS_AT_ONCE;
	}
	bitmap_set(bits + BIT_WORD(unit), unit % BITS_PER_LONG, n);
}

static void clear_units(unsigned long *bits, unsigned long unit,
			unsigned long n)
{
	for (; n > MAX_BITS_AT_ONCE; n -= MAX_BITS_AT_ONCE) {
		bitmap_clear(bits + BIT_WORD(unit), unit % BITS_PER_LONG, MAX_BITS_AT_ONCE);
		unit += MAX_BITS_AT_ONCE;
	}
	bitmap_clear(bits + BIT_WORD(unit), unit % BITS_PER_LONG, n);
}

/*
 * The lowest unit from @start on at which @need units are free and that is, with
 * @offset added, a multiple of @mask + 1. A run of free units that is too short
 * costs nothing; one that is long enough, but misaligned, costs a descent.
 */
static unsigned long find_room(const struct cma_map *map, unsigned long start,
			       unsigned long need, unsigned long offset,
			       unsigned long mask)
{
	unsigned long units = cma_map_units(map);
	unsigned long pos = start, run = start;	/* from @run to @pos all is free */
	int level = -1;				/* below nodes there are bits */

	while (pos < units) {
		unsigned long unit = ((run + offset + mask) & ~mask) - offset;
		const struct cma_runs *runs;
		unsigned long size, end;

		/* Up, as long as a node starts here; then down to a node that has room. */
		while (level < (int)map->top &&
		       IS_ALIGNED(pos, BIT(level_shift(level + 1))))
			level++;
		for (; level >= 0; level--) {
			size = BIT(level_shift(level));
			runs = &map->runs[level][pos >> level_shift(level)];
			end = pos + runs->first;
			if (end >= unit && end - unit >= need)
				return unit;
			if (runs->longest < need || runs->first == size)
				break;
		}

		if (level >= 0) {
			pos += size;
			if (runs->first < size)
				run = pos - runs->last;
			continue;
		}

		size = min(ALIGN(pos + 1, BIT(LEAF_SHIFT)), units);
		end = find_next_bit(map->taken, size, pos);
		if (end >= unit && end - unit >= need)
			return unit;
		if (end < size) {
			end = find_next_zero_bit(map->taken, size, end);
			run = end;
		}
		pos = end;
	}

	return CMA_MAP_NONE;
}

/*
 * Do size and alignment permit any room at all? If so, a unit is aligned if it is,
 * with *@offset added, a multiple of *@mask + 1.
 */
static bool can_align(const struct cma_map *map, unsigned long pages,
		      unsigned int align, unsigned long *offset,
		      unsigned long *mask)
{
	*mask = 0;
	*offset = 0;

	/* PFN 0 is the only multiple of more, and the sums would wrap. */
	if (align >= BITS_PER_LONG - 1 || map->count < pages)
		return false;

	/*
	 * An allocation starts where a unit starts. All units are aligned like the
	 * base, so below the size of a unit only the base matters.
	 */
	if (map->base_pfn & ((1UL << min(align, map->order_per_bit)) - 1))
		return false;

	if (align > map->order_per_bit) {
		*mask = (1UL << (align - map->order_per_bit)) - 1;
		*offset = (map->base_pfn >> map->order_per_bit) & *mask;
	}

	return true;
}

/**
 * cma_map_find() - find room
 * @map: the map
 * @start: first unit to consider
 * @pages: pages wanted, at least 1
 * @align: the first PFN is to be a multiple of 2^@align
 *
 * Return: the lowest unit from @start on at which @pages aligned pages are
 * free, or CMA_MAP_NONE.
 */
unsigned long cma_map_find(const struct cma_map *map, unsigned long start,
			   unsigned long pages, unsigned int align)
{
	unsigned long mask, offset;

	if (!can_align(map, pages, align, &offset, &mask))
		return CMA_MAP_NONE;
	return find_room(map, start, cma_map_span(map, pages), offset, mask);
}

/* The first unit from @pos on that is not free, which may be the end of the map. */
static unsigned long run_end(const struct cma_map *map, unsigned long pos)
{
	unsigned long units = cma_map_units(map);
	int level = -1;				/* as in find_room() */

	while (pos < units) {
		unsigned long end, first;

		while (level < (int)map->top &&
		       IS_ALIGNED(pos, BIT(level_shift(level + 1))))
			level++;

		if (level >= 0) {
			first = map->runs[level][pos >> level_shift(level)].first;
			end = pos + BIT(level_shift(level));
			pos += first;
		} else {
			end = ALIGN(pos, BIT(LEAF_SHIFT));
			if (pos + map->runs[0][pos >> LEAF_SHIFT].last >= end) {
				pos = end;
			} else {
				end = min(end, units);
				pos = find_next_bit(map->taken, end, pos);
			}
		}
		if (pos < end)
			break;
	}

	return pos;
}

/* Like find_room(), but finds the highest unit that has all units wanted below @end. */
static unsigned long find_room_below(const struct cma_map *map, unsigned long end,
				     unsigned long need, unsigned long offset,
				     unsigned long mask)
{
	unsigned long pos = end, run = end;	/* from @pos to @run all is free */
	int level = -1;

	/* Nothing lies before the first aligned unit, and nothing may wrap. */
	while (pos && run >= need && ((run - need + offset) & ~mask) >= offset) {
		unsigned long unit = ((run - need + offset) & ~mask) - offset;
		const struct cma_runs *runs;
		unsigned long size, leaf, begin;

		while (level < (int)map->top &&
		       IS_ALIGNED(pos, BIT(level_shift(level + 1))))
			level++;
		for (; level >= 0; level--) {
			size = BIT(level_shift(level));
			runs = &map->runs[level][(pos >> level_shift(level)) - 1];
			if (pos - runs->last <= unit)
				return unit;
			if (runs->longest < need || runs->last == size)
				break;
		}

		if (level >= 0) {
			pos -= size;
			if (runs->last < size)
				run = pos + runs->first;
			continue;
		}

		leaf = ALIGN_DOWN(pos - 1, BIT(LEAF_SHIFT));
		begin = leaf + behind_last(map->taken + BIT_WORD(leaf), pos - leaf, false);
		if (begin <= unit)
			return unit;
		pos = begin;
		if (begin > leaf) {
			pos = leaf + behind_last(map->taken + BIT_WORD(leaf),
						 begin - leaf, true);
			run = pos;
		}
	}

	return CMA_MAP_NONE;
}

/* The first unit of the free run that ends at @pos; @pos if there is none. */
static unsigned long run_begin(const struct cma_map *map, unsigned long pos)
{
	int level = -1;

	while (pos) {
		unsigned long begin, last;

		while (level < (int)map->top &&
		       IS_ALIGNED(pos, BIT(level_shift(level + 1))))
			level++;

		if (level >= 0) {
			last = map->runs[level][(pos >> level_shift(level)) - 1].last;
			begin = pos - BIT(level_shift(level));
			pos -= last;
		} else {
			begin = ALIGN_DOWN(pos - 1, BIT(LEAF_SHIFT));
			pos = begin + behind_last(map->taken + BIT_WORD(begin),
						  pos - begin, false);
		}
		if (pos > begin)
			break;
	}

	return pos;
}

/* Why these numbers: Documentation/mm/cma-fragmentation.rst */
#define CHOICES		4
#define LARGE_PART	32

/**
 * cma_map_choose() - find room where taking it does the least harm
 * @map: the map
 * @pages: pages wanted, at least 1
 * @align: the first PFN is to be a multiple of 2^@align
 *
 * Allocations that are large for the map go to the top and all others to the bottom,
 * so that neither kind breaks up the runs of the other. From there on, the tightest of
 * the first four runs with room is taken, so that larger runs stay whole.
 *
 * Return: the unit at which @pages aligned pages are free and which leaves the
 * fewest free units of its run after it, or before it if the allocation is large; or
 * CMA_MAP_NONE.
 */
unsigned long cma_map_choose(const struct cma_map *map, unsigned long pages,
			     unsigned int align)
{
	unsigned long best = CMA_MAP_NONE, least = ULONG_MAX;
	unsigned long offset, mask, need, at;
	bool large;

	if (!can_align(map, pages, align, &offset, &mask))
		return CMA_MAP_NONE;

	need = cma_map_span(map, pages);
	large = need >= cma_map_units(map) / LARGE_PART;
	at = large ? cma_map_units(map) : 0;
	for (unsigned int i = 0; i < CHOICES && least; i++) {
		unsigned long unit, left;

		if (large)
			unit = find_room_below(map, at, need, offset, mask);
		else
			unit = find_room(map, at, need, offset, mask);
		if (unit == CMA_MAP_NONE)
			break;

		if (large) {
			at = run_begin(map, unit);
			left = unit - at;
		} else {
			at = run_end(map, unit + need);
			left = at - unit - need;
		}
		if (left < least) {
			least = left;
			best = unit;
		}
	}

	return best;
}

/**
 * cma_map_run_end() - how far do free units go on?
 * @map: the map
 * @unit: a unit that cma_map_find() returned under the same lock
 * @n: units that are free from there on
 * @end: receives the unit after the last one that is known to be free
 *
 * It reads @n more units, or some thousands if that is more, so that the lock
 * is not held for long.
 *
 * Return: true if the run is known to end there.
 */
bool cma_map_run_end(const struct cma_map *map, unsigned long unit,
		     unsigned long n, unsigned long *end)
{
	unsigned long units = cma_map_units(map);
	unsigned long limit = min(units - unit, n + max(n, BIT(15))) + unit;

	*end = find_next_bit(map->taken, limit, unit + n);
	return *end < limit || limit == units;
}

/**
 * cma_map_take() - take free units, so that no other task can
 * @map: the map
 * @unit: a unit that cma_map_find() returned under the same lock
 * @pages: the pages that were searched for
 */
void cma_map_take(struct cma_map *map, unsigned long unit, unsigned long pages)
{
	unsigned long n = cma_map_span(map, pages);

	set_units(map->taken, unit, n);
	sum_up(map, unit, n, false);
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
 * cma_map_check_held() - does a caller hold what it releases?
 * @map: the map
 * @pfn: first page to release
 * @pages: pages to release
 * @bad_pfn: receives the first page that is wrong, if any
 *
 * The pages may be an allocation, a part of one, or several; but each of them
 * must be held, and with larger units nothing held may be left behind in the
 * last unit, since a unit is either held or not.
 *
 * Return: NULL if it does, otherwise what is wrong with @bad_pfn, in words that
 * complete a sentence after "PFN ... ".
 */
const char *cma_map_check_held(const struct cma_map *map, unsigned long pfn,
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

	return NULL;
}

/**
 * cma_map_unhold() - take pages away from a caller that releases them
 * @map: the map
 * @pfn: first page to release
 * @pages: pages to release
 * @bad_pfn: as for cma_map_check_held()
 *
 * A release that cma_map_check_held() objects to is refused as a whole and leaves the
 * map as it was. On success the units stay taken until cma_map_drop().
 *
 * Return: as cma_map_check_held().
 */
const char *cma_map_unhold(struct cma_map *map, unsigned long pfn,
			   unsigned long pages, unsigned long *bad_pfn)
{
	const char *wrong = cma_map_check_held(map, pfn, pages, bad_pfn);
	unsigned long first, n;

	if (wrong)
		return wrong;

	first = cma_map_pfn_unit(map, pfn);
	n = cma_map_span(map, pages);
	clear_units(map->held, first, n);
	if (map->tail)
		map->tail[first + n - 1] = 0;
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
	sum_up(map, unit, n, true);
	WRITE_ONCE(map->nr_free, map->nr_free + n);
}

/**
 * cma_map_longest() - length of the longest free run
 * @map: the map
 *
 * For statistics. Needs no lock: at worst a run that changes meanwhile is measured
 * wrongly.
 *
 * Context: any.
 * Return: pages.
 */
unsigned long cma_map_longest(const struct cma_map *map)
{
	unsigned long nodes = level_nodes(map, map->top);
	struct run_sum sum = sum_nodes(map, map->top, 0, nodes);

	return sum.longest << map->order_per_bit;
}

/**
 * cma_map_word32() - read the map 32 units at a time
 * @map: the map
 * @word: which 32 units
 *
 * Like cma_map_longest(), this needs no lock.
 *
 * Return: bit i is set if unit 32 * @word + i is taken, on machines of either
 * endianness.
 */
u32 cma_map_word32(const struct cma_map *map, unsigned long word)
{
	unsigned long bit = word * 32;

	return READ_ONCE(map->taken[BIT_WORD(bit)]) >> (bit % BITS_PER_LONG);
}

/*
 * Ready units
 */

/**
 * cma_map_new_ready() - a map for the ready units of a range
 * @map: the range
 *
 * Context: may sleep.
 * Return: a map that says that none is ready, or NULL if there is no memory for it.
 */
struct cma_map *cma_map_new_ready(const struct cma_map *map)
{
	struct cma_map *ready = kzalloc(sizeof(*ready), GFP_KERNEL);

	if (!ready)
		return NULL;
	ready->base_pfn = map->base_pfn;
	ready->count = map->count;
	ready->order_per_bit = map->order_per_bit;
	if (cma_map_init(ready)) {
		kfree(ready);
		return NULL;
	}

	cma_map_take(ready, 0, ready->count);
	return ready;
}

/**
 * cma_map_choose_ready() - find the tightest run of ready units for an allocation
 * @map: range
 * @pages: pages wanted, not 0; there is no run for those that do not fill their units
 * @align: log2 of what the first PFN is to be a multiple of
 *
 * Return: first unit, or CMA_MAP_NONE.
 */
unsigned long cma_map_choose_ready(const struct cma_map *map, unsigned long pages,
				   unsigned int align)
{
	unsigned long unit = CMA_MAP_NONE;

	if (map->ready && IS_ALIGNED(pages, BIT(map->order_per_bit)))
		unit = cma_map_choose(map->ready, pages, align);
	/* Units that were taken a moment ago may be ready still. */
	if (unit != CMA_MAP_NONE && cma_map_find(map, unit, pages, align) != unit)
		unit = CMA_MAP_NONE;
	return unit;
}

/**
 * cma_map_take_ready() - from here on, units are not ready
 * @map: range
 * @unit: first unit, taken by the caller
 * @pages: pages
 *
 * Return: whether all were, and @pages fill them. Otherwise nothing has changed.
 */
bool cma_map_take_ready(struct cma_map *map, unsigned long unit, unsigned long pages)
{
	if (!map->ready || !IS_ALIGNED(pages, BIT(map->order_per_bit)) ||
	    cma_map_find(map->ready, unit, pages, 0) != unit)
		return false;

	cma_map_take(map->ready, unit, pages);
	return true;
}

/**
 * cma_map_next_ready() - find the next run of ready units
 * @map: range that has a map of ready units
 * @unit: where to begin; receives the first unit of the run
 * @end: unit after the last one to consider
 * @next: receives the unit after the run
 *
 * Without the lock of the map's owner the answer may be out of date.
 *
 * Return: false if there is none.
 */
bool cma_map_next_ready(const struct cma_map *map, unsigned long *unit,
			unsigned long end, unsigned long *next)
{
	/* As said above. */
	*unit = data_race(find_next_zero_bit(map->ready->taken, end, *unit));
	if (*unit >= end)
		return false;

	/* As said above. */
	*next = data_race(find_next_bit(map->ready->taken, end, *unit));
	return true;
}

/**
 * cma_map_ready_end() - how far are pages ready?
 * @map: range
 * @pfn: first page
 * @end: page after the last one to consider
 *
 * Without the lock of the map's owner the answer may be out of date.
 *
 * Return: the first page from @pfn on that is not ready, or @end.
 */
unsigned long cma_map_ready_end(const struct cma_map *map, unsigned long pfn,
				unsigned long end)
{
	unsigned long unit = cma_map_pfn_unit(map, pfn), first = unit, next;

	/* Most are not, and a search would go on to the next one that is. */
	if (!map->ready || data_race(test_bit(unit, map->ready->taken)) ||
	    !cma_map_next_ready(map, &first, cma_map_pfn_unit(map, end - 1) + 1, &next) ||
	    first != unit)
		return pfn;

	return min(cma_map_unit_pfn(map, next), end);
}

/*
 * The maps of all ranges together
 */

/**
 * cma_intersects() - does an area have memory in a range?
 * @cma: area
 * @start: first physical address
 * @end: physical address after the last one
 *
 * Context: any.
 * Return: true if it has.
 */
bool cma_intersects(struct cma *cma, phys_addr_t start, phys_addr_t end)
{
	const struct cma_map *map;

	cma_for_each_map(map, cma) {
		phys_addr_t base = PFN_PHYS(map->base_pfn);

		/* A range may end where the address space ends. */
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
 * Context: any; takes no lock.
 * Return: pages.
 */
unsigned long cma_available_pages(struct cma *cma)
{
	const struct cma_map *map;
	unsigned long pages = 0;

	cma_for_each_map(map, cma)
		pages += READ_ONCE(map->nr_free) << map->order_per_bit;

	return pages;
}

/**
 * cma_longest_run() - length of the longest run of pages that no caller holds
 * @cma: area, active
 *
 * Context: as cma_available_pages().
 * Return: pages; statistics, see cma_map_longest().
 */
unsigned long cma_longest_run(struct cma *cma)
{
	const struct cma_map *map;
	unsigned long longest = 0;

	cma_for_each_map(map, cma)
		longest = max(longest, cma_map_longest(map));

	return longest;
}
