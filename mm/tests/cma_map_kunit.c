// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the free map
 *
 * Random walks are done on the map and on a model that does the same page by page in
 * the plainest way. Also built as a user program by tools/testing/cma, and as a
 * fuzzer there: a walk takes all its decisions from one random state.
 */

#include <kunit/test.h>
#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/find.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../cma_map.h"

#define WALK_ORDERS	6	/* 1 to 32 pages in a unit */
#define WALK_UNITS	200
#define WALK_PENDING	4

enum page_state {
	PAGE_FREE,
	PAGE_TAKEN,
	PAGE_HELD,
};

/* Units that were taken, or unheld, and are yet to be held or dropped. */
struct pending {
	unsigned long unit;
	unsigned long pages;
};

struct walk {
	struct kunit *test;
	struct rnd_state *rnd;
	struct cma_map map;
	u8 *page;		/* enum page_state of each page */
	u8 *before;		/* a copy of the map */
	size_t bytes;		/* in @before */
	struct pending pending[WALK_PENDING];
	unsigned int nr_pending;
};

/* A number from 0 to @end - 1. */
static unsigned long pick(struct walk *walk, unsigned long end)
{
	return prandom_u32_state(walk->rnd) % end;
}

/* Sometimes a number that makes sums wrap and that casts truncate. */
static unsigned long pick_absurd(struct walk *walk)
{
	switch (pick(walk, 4)) {
	case 0:
		return ULONG_MAX - pick(walk, 70);
	case 1:
		return LONG_MAX - 35 + pick(walk, 70);
	case 2:
		return (ULONG_MAX >> pick(walk, BITS_PER_LONG)) + pick(walk, 2);
	default:
		return (1UL << pick(walk, BITS_PER_LONG)) + pick(walk, 70);
	}
}

static unsigned long model_unit_pages(const struct walk *walk)
{
	return 1UL << walk->map.order_per_bit;
}

/* A unit is free when all of its pages are. */
static bool model_unit_free(const struct walk *walk, unsigned long unit)
{
	unsigned long first = unit * model_unit_pages(walk);

	for (unsigned long i = 0; i < model_unit_pages(walk); i++) {
		if (walk->page[first + i] != PAGE_FREE)
			return false;
	}

	return true;
}

static unsigned long model_find(const struct walk *walk, unsigned long start,
				unsigned long pages, unsigned int align)
{
	unsigned long unit_pages = model_unit_pages(walk);
	unsigned long unit = walk->map.count / unit_pages;
	unsigned long found = CMA_MAP_NONE, run = 0;

	if (align >= BITS_PER_LONG - 1)
		return CMA_MAP_NONE;

	/* Downwards, so that @run is the number of free pages from a unit on. */
	while (unit-- > start) {
		unsigned long pfn = walk->map.base_pfn + unit * unit_pages;

		run = model_unit_free(walk, unit) ? run + unit_pages : 0;
		if (run >= pages && !(pfn & ((1UL << align) - 1)))
			found = unit;
	}

	return found;
}

/* Must the release be refused? Then @bad is the first page that is wrong. */
static bool model_refuses(const struct walk *walk, unsigned long first,
			  unsigned long pages, unsigned long *bad)
{
	unsigned long count = walk->map.count;

	*bad = first;
	if (!pages || first >= count)
		return true;
	if (pages > count - first) {
		*bad = count;
		return true;
	}
	if (first % model_unit_pages(walk))
		return true;

	for (; *bad < first + pages; ++*bad) {
		if (walk->page[*bad] != PAGE_HELD)
			return true;
	}
	/* Pages held after it in the last unit would be lost. */
	return *bad % model_unit_pages(walk) && walk->page[*bad] == PAGE_HELD;
}

static void model_set(struct walk *walk, unsigned long first,
		      unsigned long pages, enum page_state state)
{
	memset(walk->page + first, state, pages);
}

static void walk_check(struct walk *walk)
{
	const struct cma_map *map = &walk->map;
	unsigned long units = map->count / model_unit_pages(walk);
	unsigned long nr_free = 0, run = 0, longest = 0;
	u32 word = 0;

	for (unsigned long unit = 0; unit < units; unit++) {
		if (model_unit_free(walk, unit)) {
			nr_free++;
			longest = max(longest, ++run);
		} else {
			word |= 1U << unit % 32;
			run = 0;
		}
		if (unit % 32 == 31 || unit == units - 1) {
			KUNIT_ASSERT_EQ(walk->test, word,
					cma_map_word32(map, unit / 32));
			word = 0;
		}
	}

	KUNIT_ASSERT_EQ(walk->test, nr_free, map->nr_free);
	KUNIT_ASSERT_EQ(walk->test, longest * model_unit_pages(walk),
			cma_map_longest(map));
}

/* Copy the map and its arrays, one after the other. */
static void walk_copy(const struct walk *walk, u8 *to)
{
	const struct cma_map *map = &walk->map;
	unsigned long units = cma_map_units(map);
	size_t bits = BITS_TO_LONGS(units) * sizeof(long);

	memcpy(to, map, sizeof(*map));
	memcpy(to + sizeof(*map), map->taken, bits);
	memcpy(to + sizeof(*map) + bits, map->held, bits);
	if (map->tail)
		memcpy(to + sizeof(*map) + 2 * bits, map->tail,
		       units * sizeof(*map->tail));
}

static void walk_settle(struct walk *walk, unsigned int i, bool hold)
{
	struct pending done = walk->pending[i];
	unsigned long first = done.unit * model_unit_pages(walk);

	if (hold)
		cma_map_hold(&walk->map, done.unit, done.pages);
	else
		cma_map_drop(&walk->map, done.unit, done.pages);
	model_set(walk, first, done.pages, hold ? PAGE_HELD : PAGE_FREE);
	walk->pending[i] = walk->pending[--walk->nr_pending];
}

static void walk_alloc(struct walk *walk)
{
	struct cma_map *map = &walk->map;
	unsigned long units = map->count / model_unit_pages(walk);
	unsigned long start = 0, pages, unit;
	unsigned int align = 0;

	pages = 1 + pick(walk, pick(walk, 4) ? 3 * model_unit_pages(walk) :
					      map->count + 1);
	if (!pick(walk, 16))
		pages = max(1UL, pick_absurd(walk));
	if (!pick(walk, 2))
		start = pick(walk, 8) ? pick(walk, units + 2) : pick_absurd(walk);
	if (!pick(walk, 2))
		align = pick(walk, 8) ? pick(walk, WALK_ORDERS + 4) :
			pick(walk, 2) ? pick(walk, 80) : pick_absurd(walk);

	unit = cma_map_find(map, start, pages, align);
	KUNIT_ASSERT_EQ(walk->test, unit, model_find(walk, start, pages, align));
	if (unit == CMA_MAP_NONE)
		return;

	cma_map_take(map, unit, pages);
	model_set(walk, unit * model_unit_pages(walk), pages, PAGE_TAKEN);
	walk->pending[walk->nr_pending++] = (struct pending){ unit, pages };
}

static void walk_release(struct walk *walk)
{
	struct cma_map *map = &walk->map;
	unsigned long first, end, pages, bad, bad_pfn = 0;
	const char *wrong;

	first = pick(walk, map->count);
	if (pick(walk, 4))
		first -= first % model_unit_pages(walk);
	for (end = first; end < map->count && walk->page[end] == PAGE_HELD; end++)
		;
	/* Often as many pages as are held, else any number. */
	pages = end - first;
	if (!pick(walk, 2))
		pages = pick(walk, pages + 3 * model_unit_pages(walk));
	if (!pick(walk, 16))
		pages = pick_absurd(walk);
	if (!pick(walk, 16))
		first = pick_absurd(walk);

	walk_copy(walk, walk->before);
	wrong = cma_map_unhold(map, map->base_pfn + first, pages, &bad_pfn);
	if (model_refuses(walk, first, pages, &bad)) {
		KUNIT_ASSERT_NOT_NULL(walk->test, wrong);
		KUNIT_ASSERT_EQ(walk->test, bad_pfn, map->base_pfn + bad);
		walk_copy(walk, walk->before + walk->bytes);
		KUNIT_ASSERT_EQ(walk->test, 0,
				memcmp(walk->before, walk->before + walk->bytes,
				       walk->bytes));
		return;
	}

	KUNIT_ASSERT_STREQ(walk->test, wrong ?: "", "");
	model_set(walk, first, pages, PAGE_TAKEN);
	walk->pending[walk->nr_pending++] =
		(struct pending){ first / model_unit_pages(walk), pages };
}

static void walk_map(struct kunit *test, struct rnd_state *rnd,
		     unsigned int steps)
{
	struct walk walk = { .test = test, .rnd = rnd };
	struct cma_map *map = &walk.map;
	unsigned long units = 1 + pick(&walk, WALK_UNITS);

	map->order_per_bit = pick(&walk, WALK_ORDERS);
	map->count = units << map->order_per_bit;
	/* Anywhere, however misaligned, up to the last possible page. */
	map->base_pfn = pick(&walk, 2) ? pick_absurd(&walk) : pick(&walk, 1000);
	map->base_pfn = min(map->base_pfn, ULONG_MAX - map->count);
	KUNIT_ASSERT_EQ(test, cma_map_init(map), 0);

	walk.bytes = sizeof(*map) + 2 * BITS_TO_LONGS(units) * sizeof(long) +
		     units * sizeof(*map->tail);
	walk.before = kunit_kzalloc(test, 2 * walk.bytes, GFP_KERNEL);
	walk.page = kunit_kzalloc(test, map->count, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, walk.before);
	KUNIT_ASSERT_NOT_NULL(test, walk.page);

	while (steps--) {
		if (walk.nr_pending == WALK_PENDING ||
		    (walk.nr_pending && pick(&walk, 2)))
			walk_settle(&walk, pick(&walk, walk.nr_pending),
				    pick(&walk, 3));
		else if (pick(&walk, 2))
			walk_alloc(&walk);
		else
			walk_release(&walk);
		walk_check(&walk);
	}

	kunit_kfree(test, walk.page);
	kunit_kfree(test, walk.before);
	cma_map_destroy(map);
}

static void cma_map_walks(struct kunit *test)
{
	struct rnd_state rnd;

	for (unsigned int seed = 0; seed < 100; seed++) {
		prandom_seed_state(&rnd, seed);
		walk_map(test, &rnd, 100);
	}
}

static void cma_map_starts_free(struct kunit *test)
{
	struct cma_map map = { .base_pfn = 0x1000, .count = 100 };

	KUNIT_ASSERT_EQ(test, cma_map_init(&map), 0);
	KUNIT_EXPECT_EQ(test, map.nr_free, 100);
	KUNIT_EXPECT_EQ(test, cma_map_longest(&map), 100);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 100, 0), 0);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 101, 0), CMA_MAP_NONE);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 1, 100, 0), CMA_MAP_NONE);
	cma_map_destroy(&map);
	KUNIT_EXPECT_NULL(test, map.taken);
	KUNIT_EXPECT_NULL(test, map.held);
	KUNIT_EXPECT_EQ(test, map.nr_free, 0);
}

/* Fewer than 32 of 1024 units are small. */
static void cma_map_keeps_large_runs(struct kunit *test)
{
	struct cma_map map = { .base_pfn = 0x1000, .count = 1024 };
	struct cma_map units = { .base_pfn = 0x1000, .count = 4 * 1024,
				 .order_per_bit = 2 };

	KUNIT_ASSERT_EQ(test, cma_map_init(&map), 0);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 1024, 0), 0);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 1025, 0), CMA_MAP_NONE);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 31, 0), 0);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 32, 0), 1024 - 32);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 33, 5), 1024 - 64);

	/* Free runs are 20, 9, 8 and 12 units, a fifth of 1, and 40, 41 and 60. */
	cma_map_take(&map, 0, 1024);
	cma_map_drop(&map, 0, 20);
	cma_map_drop(&map, 21, 9);
	cma_map_drop(&map, 32, 8);
	cma_map_drop(&map, 46, 12);
	cma_map_drop(&map, 59, 1);
	cma_map_drop(&map, 700, 40);
	cma_map_drop(&map, 800, 41);
	cma_map_drop(&map, 900, 60);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 1, 0), 32);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 9, 0), 21);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 10, 0), 46);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 13, 0), 0);
	/* The units left after it count, not those that alignment leaves before it. */
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 4, 2), 24);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 32, 0), 708);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 41, 0), 800);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 42, 0), 918);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 32, 3), 704);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 61, 0), CMA_MAP_NONE);
	/* Of two equally good runs, the one met first. */
	cma_map_take(&map, 21, 1);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 8, 0), 22);
	cma_map_take(&map, 840, 1);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&map, 40, 0), 800);
	cma_map_destroy(&map);

	KUNIT_ASSERT_EQ(test, cma_map_init(&units), 0);
	cma_map_take(&units, 4, 4);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&units, 13, 0), 0);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&units, 17, 0), 5);
	KUNIT_EXPECT_EQ(test, cma_map_choose(&units, 4 * 31 + 1, 0), 1024 - 32);
	cma_map_destroy(&units);
}

/* A page is aligned by its PFN, not by its place in the area. */
static void cma_map_aligns(struct kunit *test)
{
	struct cma_map map = { .base_pfn = 0x1003, .count = 64 };
	struct cma_map units = { .base_pfn = 0x1004, .count = 64,
				 .order_per_bit = 3 };

	KUNIT_ASSERT_EQ(test, cma_map_init(&map), 0);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 1, 1), 1);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 2, 1, 1), 3);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 40, 4), 0xd);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 64 - 0xd, 4), 0xd);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 65 - 0xd, 4), CMA_MAP_NONE);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 1, 12), CMA_MAP_NONE);
	cma_map_destroy(&map);

	/* The units start at odd multiples of four pages. */
	KUNIT_ASSERT_EQ(test, cma_map_init(&units), 0);
	KUNIT_EXPECT_EQ(test, cma_map_find(&units, 1, 1, 2), 1);
	for (unsigned int align = 3; align < 2 * BITS_PER_LONG; align++)
		KUNIT_EXPECT_EQ(test, cma_map_find(&units, 0, 1, align),
				CMA_MAP_NONE);
	cma_map_destroy(&units);
}

struct release {
	unsigned long pfn;
	unsigned long pages;
	unsigned long bad_pfn;	/* 0 if it is allowed */
};

/*
 * Units of four pages from PFN 100 on: 6 pages are held, 2 are the rest of
 * their unit; then 5 and 3; the last unit is free.
 */
static void cma_map_judges_releases(struct kunit *test)
{
	static const struct release releases[] = {
		{ 100, 0, 100 },
		{ 99, 1, 99 },
		{ 1, ULONG_MAX, 1 },
		{ 120, 1, 120 },
		{ 100, 21, 120 },
		{ 100, ULONG_MAX, 120 },
		{ 104, ULONG_MAX - 103, 120 },
		{ 101, 1, 101 },
		{ 100, 3, 103 },
		{ 100, 5, 105 },
		{ 100, 7, 106 },
		{ 100, 8, 106 },
		{ 100, 13, 106 },
		{ 100, 20, 106 },
		{ 104, 1, 105 },
		{ 108, 6, 113 },
		{ 108, 12, 113 },
		{ 116, 4, 116 },
		{ 100, 4 },		/* the first unit */
		{ 100, 4, 100 },	/* twice */
		{ 100, 6, 100 },
		{ 104, 2 },		/* the short unit */
		{ 104, 2, 104 },
		{ 112, 1 },
		{ 108, 5, 112 },
		{ 108, 4 },
	};
	struct cma_map map = { .base_pfn = 100, .count = 20,
			       .order_per_bit = 2 };
	unsigned long bad_pfn;
	const char *wrong;

	KUNIT_ASSERT_EQ(test, cma_map_init(&map), 0);
	cma_map_take(&map, 0, 6);
	cma_map_hold(&map, 0, 6);
	cma_map_take(&map, 2, 5);
	cma_map_hold(&map, 2, 5);
	KUNIT_EXPECT_EQ(test, map.nr_free, 1);

	for (unsigned int i = 0; i < ARRAY_SIZE(releases); i++) {
		const struct release *it = &releases[i];
		unsigned long nr_free = map.nr_free;

		wrong = cma_map_unhold(&map, it->pfn, it->pages, &bad_pfn);
		KUNIT_EXPECT_EQ_MSG(test, !wrong, !it->bad_pfn,
				    "release of %lu from %lu", it->pages,
				    it->pfn);
		if (wrong)
			KUNIT_EXPECT_EQ_MSG(test, bad_pfn, it->bad_pfn,
					    "release of %lu from %lu: %s",
					    it->pages, it->pfn, wrong);
		KUNIT_EXPECT_EQ(test, map.nr_free, nr_free);
	}

	cma_map_drop(&map, 0, 6);
	cma_map_drop(&map, 2, 5);
	KUNIT_EXPECT_EQ(test, map.nr_free, 5);
	KUNIT_EXPECT_EQ(test, cma_map_longest(&map), 20);
	cma_map_destroy(&map);
}

/* While one release is in progress, another of the same pages is refused. */
static void cma_map_unholds_once(struct kunit *test)
{
	struct cma_map map = { .count = 8 };
	unsigned long bad_pfn;

	KUNIT_ASSERT_EQ(test, cma_map_init(&map), 0);
	cma_map_take(&map, 0, 8);
	/* The units are not the caller's yet. */
	KUNIT_EXPECT_NOT_NULL(test, cma_map_unhold(&map, 0, 8, &bad_pfn));
	cma_map_hold(&map, 0, 8);
	KUNIT_EXPECT_NULL(test, cma_map_unhold(&map, 2, 4, &bad_pfn));
	KUNIT_EXPECT_NOT_NULL(test, cma_map_unhold(&map, 0, 8, &bad_pfn));
	KUNIT_EXPECT_EQ(test, bad_pfn, 2);
	KUNIT_EXPECT_NOT_NULL(test, cma_map_unhold(&map, 5, 1, &bad_pfn));
	KUNIT_EXPECT_EQ(test, bad_pfn, 5);
	/* Nor can they be allocated yet. */
	KUNIT_EXPECT_EQ(test, map.nr_free, 0);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 1, 0), CMA_MAP_NONE);
	cma_map_drop(&map, 2, 4);
	KUNIT_EXPECT_EQ(test, map.nr_free, 4);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 4, 0), 2);
	cma_map_destroy(&map);
}

/* Any unit that fits into an unsigned long, the type in which pages are counted. */
static void cma_map_has_huge_units(struct kunit *test)
{
	for (unsigned int order = 7; order < BITS_PER_LONG - 3; order++) {
		unsigned long unit_pages = 1UL << order;
		struct cma_map map = {
			.base_pfn = unit_pages,
			.count = 3 * unit_pages,
			.order_per_bit = order,
		};
		/* From order 33 on, this tail does not fit in 32 bits. */
		unsigned long pages = unit_pages + unit_pages / 2, bad_pfn = 0;

		KUNIT_ASSERT_EQ(test, cma_map_init(&map), 0);
		KUNIT_EXPECT_EQ(test, map.nr_free, 3);
		KUNIT_EXPECT_EQ(test, cma_map_longest(&map), map.count);
		KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, map.count, order), 0);
		KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 1, order + 1), 1);
		KUNIT_EXPECT_EQ(test, cma_map_find(&map, 2, unit_pages + 1, 0),
				CMA_MAP_NONE);

		cma_map_take(&map, 0, pages);
		cma_map_hold(&map, 0, pages);
		KUNIT_EXPECT_EQ(test, map.nr_free, 1);
		KUNIT_EXPECT_EQ(test, cma_map_word32(&map, 0), 3);

		KUNIT_EXPECT_NOT_NULL(test, cma_map_unhold(&map, unit_pages,
							   2 * unit_pages,
							   &bad_pfn));
		KUNIT_EXPECT_EQ(test, bad_pfn, unit_pages + pages);
		KUNIT_EXPECT_NOT_NULL(test, cma_map_unhold(&map, unit_pages,
							   pages - 1, &bad_pfn));
		KUNIT_EXPECT_EQ(test, bad_pfn, unit_pages + pages - 1);
		KUNIT_EXPECT_NULL(test, cma_map_unhold(&map, unit_pages, pages,
						       &bad_pfn));
		cma_map_drop(&map, 0, pages);
		KUNIT_EXPECT_EQ(test, map.nr_free, 3);
		cma_map_destroy(&map);
	}
}

/*
 * Summaries: maps that are too large for a page by page model are compared with a
 * search that reads each bit.
 */

static unsigned long plain_find(const struct cma_map *map, unsigned long start,
				unsigned long need, unsigned long align)
{
	unsigned long units = cma_map_units(map);

	while (start < units) {
		unsigned long unit, end;

		start = find_next_zero_bit(map->taken, units, start);
		end = find_next_bit(map->taken, units, start);
		unit = ALIGN(map->base_pfn + start, 1UL << align) - map->base_pfn;
		if (end >= unit && end - unit >= need)
			return start < units ? unit : CMA_MAP_NONE;
		start = end;
	}

	return CMA_MAP_NONE;
}

/* Of the first or last four runs with room, the one with the least left over. */
static unsigned long plain_choose(const struct cma_map *map, unsigned long need,
				  unsigned long align)
{
	unsigned long units = cma_map_units(map), start = 0, end = 0;
	unsigned long at[4], left[4], nr = 0, best;
	bool large = need >= units / 32;

	while (large || nr < 4) {
		unsigned long unit = plain_find(map, end, need, align);

		if (unit == CMA_MAP_NONE)
			break;
		end = find_next_bit(map->taken, units, unit);
		for (start = unit; start && !test_bit(start - 1, map->taken);)
			start--;
		if (large)
			unit = ALIGN_DOWN(map->base_pfn + end - need, 1UL << align) -
			       map->base_pfn;
		at[nr % 4] = unit;
		left[nr++ % 4] = large ? unit - start : end - unit - need;
	}

	best = nr ? large ? nr - 1 : 0 : ULONG_MAX;
	for (unsigned long i = 1; i < min(nr, 4UL); i++) {
		unsigned long other = large ? nr - 1 - i : i;

		if (left[other % 4] < left[best % 4])
			best = other;
	}
	return nr ? at[best % 4] : CMA_MAP_NONE;
}

static unsigned long plain_longest(const struct cma_map *map)
{
	unsigned long units = cma_map_units(map);
	unsigned long start, end = 0, longest = 0;

	while (end < units) {
		start = find_next_zero_bit(map->taken, units, end);
		end = find_next_bit(map->taken, units, start);
		longest = max(longest, end - start);
	}

	return longest;
}

/* Small numbers, large ones, and powers of two and their neighbours. */
static unsigned long pick_length(struct rnd_state *rnd, unsigned long end)
{
	unsigned long n = 1UL << prandom_u32_state(rnd) % (1 + ilog2(end));

	if (prandom_u32_state(rnd) % 2)
		n = prandom_u32_state(rnd) % n;
	else
		n += prandom_u32_state(rnd) % 3 - 1UL;
	return clamp(n, 1UL, end);
}

static void walk_sums(struct kunit *test, struct rnd_state *rnd,
		      unsigned long units, unsigned int steps)
{
	struct cma_map map = {
		.base_pfn = prandom_u32_state(rnd) % 3000, .count = units,
	};

	KUNIT_ASSERT_EQ(test, cma_map_init(&map), 0);
	/* Half of the walks begin with all units taken. */
	if (prandom_u32_state(rnd) % 2)
		cma_map_take(&map, 0, units);

	while (steps--) {
		unsigned long start = prandom_u32_state(rnd) % units;
		unsigned long need = pick_length(rnd, units);
		unsigned int align = prandom_u32_state(rnd) % 4 * 4;
		unsigned long end;

		if (test_bit(start, map.taken)) {
			end = find_next_zero_bit(map.taken, units, start);
			cma_map_drop(&map, start, pick_length(rnd, end - start));
		} else {
			end = find_next_bit(map.taken, units, start);
			cma_map_take(&map, start, pick_length(rnd, end - start));
		}

		start = prandom_u32_state(rnd) % 2 ? 0 : prandom_u32_state(rnd) % units;
		KUNIT_ASSERT_EQ(test, cma_map_find(&map, start, need, align),
				plain_find(&map, start, need, align));
		KUNIT_ASSERT_EQ(test, cma_map_choose(&map, need, align),
				plain_choose(&map, need, align));
		/* The longest is found, and one more is not. */
		need = plain_longest(&map);
		KUNIT_ASSERT_EQ(test, cma_map_longest(&map), need);
		KUNIT_ASSERT_EQ(test, cma_map_find(&map, 0, need + 1, 0), CMA_MAP_NONE);
		if (need)
			KUNIT_ASSERT_EQ(test, cma_map_find(&map, 0, need, align),
					plain_find(&map, 0, need, align));
	}

	cma_map_destroy(&map);
}

/* Maps of one level and of several, that end at the end of a node and that do not. */
static void cma_map_sums(struct kunit *test)
{
	static const unsigned long units[] = {
		1, 2, 63, 64, 65, 2047, 2048, 2049, 5000, 32767, 32768, 32769,
		40000, 524288, 600001,
	};
	struct rnd_state rnd;

	for (unsigned int i = 0; i < ARRAY_SIZE(units); i++) {
		prandom_seed_state(&rnd, 77 + i);
		walk_sums(test, &rnd, units[i], 100);
	}
}

/*
 * Ready units
 */

static void init_with_ready(struct kunit *test, struct cma_map *map)
{
	KUNIT_ASSERT_EQ(test, cma_map_init(map), 0);
	map->ready = cma_map_new_ready(map);
	KUNIT_ASSERT_NOT_NULL(test, map->ready);
}

static void destroy_with_ready(struct cma_map *map)
{
	cma_map_destroy(map->ready);
	kfree(map->ready);
	cma_map_destroy(map);
}

/* Free units are taken while they are made ready. */
static void make_ready(struct cma_map *map, unsigned long unit, unsigned long pages)
{
	cma_map_take(map, unit, pages);
	cma_map_drop(map->ready, unit, pages);
	cma_map_drop(map, unit, pages);
}

/* Is this the first run of ready units from @from on? With @unit at @end there is none. */
static void expect_run(struct kunit *test, const struct cma_map *map,
		       unsigned long from, unsigned long unit, unsigned long end)
{
	unsigned long units = cma_map_units(map), next = units;

	KUNIT_EXPECT_EQ(test, cma_map_next_ready(map, &from, units, &next), unit < end);
	if (unit == end)
		return;
	KUNIT_EXPECT_EQ(test, from, unit);
	KUNIT_EXPECT_EQ(test, next, end);
}

/* Whatever is ready is free all the same. */
static void cma_map_units_get_ready(struct kunit *test)
{
	struct cma_map map = { .base_pfn = 0x1000, .count = 200 };
	unsigned long bad_pfn;

	/* As long as there is no map of them none is. */
	KUNIT_ASSERT_EQ(test, cma_map_init(&map), 0);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 1, 0), CMA_MAP_NONE);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 0x1000, 0x10c8), 0x1000);
	cma_map_take(&map, 0, 1);
	KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, 0, 1));
	cma_map_destroy(&map);

	init_with_ready(test, &map);
	KUNIT_EXPECT_EQ(test, map.ready->nr_free, 0);
	expect_run(test, &map, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 1, 0), CMA_MAP_NONE);
	cma_map_take(&map, 70, 5);
	KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, 70, 5));
	cma_map_drop(&map, 70, 5);

	make_ready(&map, 70, 5);
	KUNIT_EXPECT_EQ(test, map.nr_free, 200);
	KUNIT_EXPECT_EQ(test, map.ready->nr_free, 5);
	KUNIT_EXPECT_EQ(test, cma_map_longest(map.ready), 5);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 200, 0), 0);
	KUNIT_EXPECT_NOT_NULL(test, cma_map_unhold(&map, 0x1000 + 70, 5, &bad_pfn));
	expect_run(test, &map, 0, 70, 75);
	expect_run(test, &map, 72, 72, 75);
	expect_run(test, &map, 75, 0, 0);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 5, 0), 70);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 4, 3), CMA_MAP_NONE);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 3, 3), 72);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 6, 0), CMA_MAP_NONE);
	destroy_with_ready(&map);
}

/* From ready to taken to held, and all the way back. */
static void cma_map_ready_units_get_held(struct kunit *test)
{
	struct cma_map map = { .base_pfn = 0x1000, .count = 200 };
	unsigned long bad_pfn;

	init_with_ready(test, &map);
	make_ready(&map, 70, 5);
	/* All or nothing */
	cma_map_take(&map, 69, 7);
	KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, 69, 2));
	KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, 74, 2));
	KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, 69, 7));
	KUNIT_EXPECT_EQ(test, map.ready->nr_free, 5);
	/* They are ready still, and being worked on. */
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 1, 0), CMA_MAP_NONE);
	KUNIT_EXPECT_TRUE(test, cma_map_take_ready(&map, 70, 5));
	KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, 70, 1));
	KUNIT_EXPECT_EQ(test, map.ready->nr_free, 0);
	expect_run(test, &map, 0, 0, 0);
	cma_map_hold(&map, 69, 7);

	/* Two are kept ready when four come back ... */
	KUNIT_EXPECT_NULL(test, cma_map_unhold(&map, 0x1000 + 71, 4, &bad_pfn));
	expect_run(test, &map, 0, 0, 0);
	cma_map_drop(map.ready, 71, 2);
	cma_map_drop(&map, 71, 4);
	KUNIT_EXPECT_EQ(test, map.nr_free, 200 - 3);
	expect_run(test, &map, 0, 71, 73);
	/* ... and one is given up. */
	cma_map_take(&map, 72, 2);
	cma_map_take(map.ready, 72, 1);
	cma_map_drop(&map, 72, 2);
	expect_run(test, &map, 0, 71, 72);
	KUNIT_EXPECT_EQ(test, map.ready->nr_free, 1);
	KUNIT_EXPECT_EQ(test, map.nr_free, 200 - 3);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 1, 0), 71);
	destroy_with_ready(&map);
}

/* A unit of four pages is ready as a whole. */
static void cma_map_large_units_get_ready(struct kunit *test)
{
	struct cma_map map = { .base_pfn = 100, .count = 40, .order_per_bit = 2 };

	init_with_ready(test, &map);
	make_ready(&map, 2, 12);
	KUNIT_EXPECT_EQ(test, map.ready->nr_free, 3);
	KUNIT_EXPECT_EQ(test, cma_map_longest(map.ready), 12);
	expect_run(test, &map, 0, 2, 5);

	/* Of pages before it, in it, and after it */
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 107, 140), 107);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 108, 140), 120);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 110, 140), 120);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 119, 140), 120);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 108, 120), 120);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 108, 118), 118);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 110, 111), 111);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 120, 140), 120);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 139, 140), 139);
	make_ready(&map, 9, 4);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 137, 139), 139);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 136, 140), 140);

	/* Pages that do not fill their last unit are not all ready. */
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 16, 0), CMA_MAP_NONE);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 12, 0), 2);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 11, 0), CMA_MAP_NONE);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 1, 0), CMA_MAP_NONE);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 4, 0), 9);
	cma_map_take(&map, 2, 11);
	for (unsigned long pages = 1; pages < 12; pages++) {
		if (pages % 4)
			KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, 2, pages));
	}
	KUNIT_EXPECT_EQ(test, map.ready->nr_free, 4);
	KUNIT_EXPECT_TRUE(test, cma_map_take_ready(&map, 2, 8));
	KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, 3, 8));
	expect_run(test, &map, 0, 4, 5);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 108, 140), 108);
	KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, 116, 140), 120);
	destroy_with_ready(&map);
}

static void map_knows_early_pages(struct kunit *test)
{
	const struct cma_map map = { .base_pfn = 100, .count = 10, .early = 2, .late = 3 };

	/* What is before and behind the range is not its own. */
	for (unsigned long pfn = 90; pfn < 120; pfn++)
		KUNIT_EXPECT_EQ_MSG(test, cma_map_is_early(&map, pfn),
				    pfn == 100 || pfn == 101 || (pfn >= 107 && pfn <= 109),
				    "%lu", pfn);
}

static struct kunit_case cma_map_cases[] = {
	KUNIT_CASE(cma_map_starts_free),
	KUNIT_CASE(cma_map_keeps_large_runs),
	KUNIT_CASE(cma_map_aligns),
	KUNIT_CASE(cma_map_judges_releases),
	KUNIT_CASE(cma_map_unholds_once),
	KUNIT_CASE(cma_map_has_huge_units),
	KUNIT_CASE(cma_map_walks),
	KUNIT_CASE(cma_map_sums),
	KUNIT_CASE(cma_map_units_get_ready),
	KUNIT_CASE(cma_map_ready_units_get_held),
	KUNIT_CASE(cma_map_large_units_get_ready),
	KUNIT_CASE(map_knows_early_pages),
	{}
};

static struct kunit_suite cma_map_suite = {
	.name = "cma_map",
	.test_cases = cma_map_cases,
};

kunit_test_suites(&cma_map_suite);
