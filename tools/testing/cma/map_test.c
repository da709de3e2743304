// SPDX-License-Identifier: GPL-2.0
/*
 * The free map: the kernel's own tests, and what needs more memory or time
 */

#include "../../../mm/tests/cma_map_kunit.c"

static void cma_map_many_walks(struct kunit *test)
{
	struct rnd_state rnd;

	for (unsigned int seed = 1000; seed < 2000; seed++) {
		prandom_seed_state(&rnd, seed);
		walk_map(test, &rnd, 300);
	}
}

static void cma_map_many_sums(struct kunit *test)
{
	struct rnd_state rnd;

	for (unsigned int seed = 1; seed < 400; seed++) {
		prandom_seed_state(&rnd, seed);
		walk_sums(test, &rnd, pick_length(&rnd, seed % 8 ? 70000 : 1200000),
			  seed % 8 ? 200 : 40);
	}
}

static void cma_map_without_memory(struct kunit *test)
{
	struct cma_map map = { .count = 64, .order_per_bit = 1 };

	for (unsigned int nth = 1; nth <= 4; nth++) {
		shim_fail_alloc = nth;
		KUNIT_EXPECT_EQ(test, cma_map_init(&map), -ENOMEM);
		KUNIT_EXPECT_EQ(test, shim_fail_alloc, 0);
		KUNIT_EXPECT_NULL(test, map.taken);
		KUNIT_EXPECT_NULL(test, map.held);
		KUNIT_EXPECT_NULL(test, map.tail);
		KUNIT_EXPECT_NULL(test, map.runs[0]);
	}
}

/* Sizes and positions that an int, or an unsigned int, would cut. */
static void huge_map(struct kunit *test, unsigned int order_per_bit)
{
#if BITS_PER_LONG == 64
	struct cma_map map = {
		.base_pfn = 1UL << 20,
		.count = ((1UL << 32) + 100) << order_per_bit,
		.order_per_bit = order_per_bit,
	};
	const unsigned long edges[] = {
		(1UL << 30) - 3, (1UL << 31) - 3, (1UL << 31) + 1,
		(1UL << 32) - 33, (1UL << 32) + 90,
	};
	unsigned long units = map.count >> order_per_bit, bad_pfn;

	if (cma_map_init(&map))
		kunit_skip(test, "no address space for a map of 2^32 units");

	KUNIT_EXPECT_EQ(test, map.nr_free, units);
	KUNIT_EXPECT_EQ(test, cma_map_longest(&map), map.count);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, map.count, 0), 0);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, map.count + 1, 0),
			CMA_MAP_NONE);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 1, 31 + order_per_bit),
			(1UL << 31) - (map.base_pfn >> order_per_bit));
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 1, 32 + order_per_bit),
			(1UL << 32) - (map.base_pfn >> order_per_bit));

	for (unsigned int i = 0; i < ARRAY_SIZE(edges); i++) {
		unsigned long pages = 7UL << order_per_bit;
		unsigned long unit = edges[i];
		unsigned long pfn = map.base_pfn + (unit << order_per_bit);

		KUNIT_EXPECT_EQ(test, cma_map_find(&map, unit, pages, 0), unit);
		cma_map_take(&map, unit, pages);
		KUNIT_EXPECT_EQ(test, cma_map_find(&map, unit, pages, 0),
				unit + 14 > units ? CMA_MAP_NONE : unit + 7);
		KUNIT_EXPECT_EQ(test, cma_map_longest(&map) >> order_per_bit,
				max(unit, units - unit - 7));
		KUNIT_EXPECT_EQ(test, cma_map_word32(&map, unit / 32),
				(u32)(0x7fUL << unit % 32));
		cma_map_hold(&map, unit, pages);
		KUNIT_EXPECT_NOT_NULL(test, cma_map_unhold(&map, pfn, pages + 1,
							   &bad_pfn));
		KUNIT_EXPECT_EQ(test, bad_pfn, pfn + pages);
		KUNIT_EXPECT_NULL(test, cma_map_unhold(&map, pfn, pages,
						       &bad_pfn));
		KUNIT_EXPECT_NOT_NULL(test, cma_map_unhold(&map, pfn, pages,
							   &bad_pfn));
		KUNIT_EXPECT_EQ(test, bad_pfn, pfn);
		cma_map_drop(&map, unit, pages);
		KUNIT_EXPECT_EQ(test, map.nr_free, units);
	}

	KUNIT_EXPECT_NOT_NULL(test, cma_map_unhold(&map, map.base_pfn - 1, 2,
						   &bad_pfn));
	KUNIT_EXPECT_EQ(test, bad_pfn, map.base_pfn - 1);
	cma_map_destroy(&map);
#else
	kunit_skip(test, "an area has at most 2^20 pages");
#endif
}

static void cma_map_of_16_tib(struct kunit *test)
{
	huge_map(test, 0);
}

static void cma_map_of_huge_tails(struct kunit *test)
{
	huge_map(test, 2);
}

/* An allocation of more units than an int can count. */
static void cma_map_huge_allocation(struct kunit *test)
{
#if BITS_PER_LONG == 64
	struct cma_map map = { .count = (1UL << 31) + 2048 };
	unsigned long pages = map.count - 64, bad_pfn;

	if (cma_map_init(&map))
		kunit_skip(test, "no address space for a map of 2^31 units");

	cma_map_take(&map, 64, pages);
	KUNIT_EXPECT_EQ(test, map.nr_free, 64);
	KUNIT_EXPECT_EQ(test, cma_map_longest(&map), 64);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 1, 64, 0), CMA_MAP_NONE);
	KUNIT_EXPECT_EQ(test, cma_map_word32(&map, map.count / 32 - 1), U32_MAX);
	cma_map_hold(&map, 64, pages);
	KUNIT_EXPECT_NOT_NULL(test, cma_map_unhold(&map, 63, pages, &bad_pfn));
	KUNIT_EXPECT_NULL(test, cma_map_unhold(&map, 64, pages, &bad_pfn));
	KUNIT_EXPECT_NOT_NULL(test, cma_map_unhold(&map, map.count - 1, 1,
						   &bad_pfn));
	cma_map_drop(&map, 64, pages);
	KUNIT_EXPECT_EQ(test, map.nr_free, map.count);
	KUNIT_EXPECT_EQ(test, cma_map_longest(&map), map.count);
	cma_map_destroy(&map);
#else
	kunit_skip(test, "an area has at most 2^20 pages");
#endif
}

/*
 * Ready units
 */

static void cma_map_ready_without_memory(struct kunit *test)
{
	struct cma_map map = { .base_pfn = 4, .count = 64, .order_per_bit = 1 };

	KUNIT_ASSERT_EQ(test, cma_map_init(&map), 0);
	for (unsigned int nth = 1; nth <= 5; nth++) {
		shim_fail_alloc = nth;
		KUNIT_EXPECT_NULL(test, cma_map_new_ready(&map));
		KUNIT_EXPECT_EQ(test, shim_fail_alloc, 0);
	}
	KUNIT_EXPECT_EQ(test, map.nr_free, 32);
	cma_map_destroy(&map);
}

/* Runs that begin, end and cross where words, leaves and other nodes meet. */
static void cma_map_ready_at_borders(struct kunit *test)
{
	static const unsigned long borders[] = { 32, 64, 128, 2048, 4096, 32768, 65536 };
	static const struct {
		long from, to;
	} runs[] = {
		{ -1, 0 }, { 0, 1 }, { -1, 1 }, { -3, 0 }, { 0, 3 }, { -5, 5 }, { 1, 2 },
		{ -31, 0 }, { 0, 32 }, { -20, 31 },
	};

	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(borders) * ARRAY_SIZE(runs); i++) {
		unsigned long border = borders[i / 2 / ARRAY_SIZE(runs)];
		unsigned long unit = border + runs[i / 2 % ARRAY_SIZE(runs)].from;
		unsigned long end = border + runs[i / 2 % ARRAY_SIZE(runs)].to;
		unsigned int order = i % 2 * 3;
		unsigned long n = end - unit, pages = n << order, pfn, limit;
		struct cma_map map = {
			.base_pfn = 1024, .count = 70000UL << order, .order_per_bit = order,
		};

		init_with_ready(test, &map);
		make_ready(&map, unit, pages);
		pfn = cma_map_unit_pfn(&map, unit);
		limit = map.base_pfn + map.count;
		expect_run(test, &map, 0, unit, end);
		expect_run(test, &map, unit, unit, end);
		expect_run(test, &map, end, 0, 0);
		KUNIT_EXPECT_EQ(test, cma_map_longest(map.ready), pages);
		KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, pages, 0), unit);
		KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, pages + 1, 0), CMA_MAP_NONE);
		KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, pfn, limit), pfn + pages);
		KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, pfn, pfn + pages - 1),
				pfn + pages - 1);
		KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, pfn - 1, limit), pfn - 1);
		KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, pfn + pages - 1, limit),
				pfn + pages);

		cma_map_take(&map, unit - 1, pages + (2UL << order));
		KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, unit - 1, pages));
		KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, unit, pages + (1UL << order)));
		KUNIT_EXPECT_EQ(test, map.ready->nr_free, n);
		KUNIT_EXPECT_TRUE(test, cma_map_take_ready(&map, unit, pages));
		KUNIT_EXPECT_EQ(test, map.ready->nr_free, 0);
		KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, pfn, limit), pfn);
		destroy_with_ready(&map);
	}
}

/* To the last page that there can be. */
static void cma_map_ready_at_ends(struct kunit *test)
{
	for (unsigned int order = 0; order < 4; order++) {
		struct cma_map map = { .count = 100UL << order, .order_per_bit = order };
		unsigned long unit_pages = 1UL << order, end;

		map.base_pfn = ULONG_MAX - map.count;
		end = ULONG_MAX;
		init_with_ready(test, &map);
		make_ready(&map, 0, map.count);
		KUNIT_EXPECT_EQ(test, map.ready->nr_free, 100);
		expect_run(test, &map, 0, 0, 100);
		KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, map.base_pfn, end), end);
		KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, end - 1, end), end);
		KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, map.count, 0), 0);
		cma_map_take(&map, 0, map.count);
		KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, 99, 2 * unit_pages));
		KUNIT_EXPECT_FALSE(test, cma_map_take_ready(&map, 0, map.count + unit_pages));
		KUNIT_EXPECT_TRUE(test, cma_map_take_ready(&map, 99, unit_pages));
		KUNIT_EXPECT_EQ(test, cma_map_ready_end(&map, map.base_pfn, end),
				end - unit_pages);
		KUNIT_EXPECT_TRUE(test, cma_map_take_ready(&map, 0, map.count - unit_pages));
		destroy_with_ready(&map);
	}
}

/* The tightest run that has room, and no unit that is being worked on. */
static void cma_map_chooses_ready(struct kunit *test)
{
	struct cma_map map = { .base_pfn = 0x1000, .count = 4096 };

	init_with_ready(test, &map);
	make_ready(&map, 100, 40);
	make_ready(&map, 300, 10);
	make_ready(&map, 500, 20);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 8, 0), 300);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 11, 0), 500);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 21, 0), 100);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 41, 0), CMA_MAP_NONE);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 16, 4), 112);

	/* In the middle of it; in its first unit; in the unit behind what is wanted. */
	cma_map_take(&map, 305, 1);
	KUNIT_EXPECT_NE(test, cma_map_choose_ready(&map, 8, 0), 300);
	cma_map_drop(&map, 305, 1);
	cma_map_take(&map, 300, 1);
	KUNIT_EXPECT_NE(test, cma_map_choose_ready(&map, 8, 0), 300);
	cma_map_drop(&map, 300, 1);
	cma_map_take(&map, 308, 1);
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 8, 0), 300);
	KUNIT_EXPECT_NE(test, cma_map_choose_ready(&map, 9, 0), 300);
	cma_map_drop(&map, 308, 1);

	cma_map_take(&map, 300, 10);
	KUNIT_EXPECT_TRUE(test, cma_map_take_ready(&map, 300, 10));
	KUNIT_EXPECT_EQ(test, cma_map_choose_ready(&map, 8, 0), 500);
	KUNIT_EXPECT_EQ(test, map.ready->nr_free, 60);
	destroy_with_ready(&map);
}

/*
 * Walks next to a model that has a byte for each unit, in maps large enough to have
 * several leaves
 */

#define READY		0x10	/* beside an enum page_state */
#define WALK_HELD	8

struct ready_walk {
	struct kunit *test;
	struct rnd_state *rnd;
	struct cma_map map;
	u8 *unit;
	struct pending pending[WALK_PENDING];
	unsigned int nr_pending;
	struct pending held[WALK_HELD];
	unsigned int nr_held;
};

static bool model_ready(const struct ready_walk *walk, unsigned long unit, unsigned long n)
{
	while (n--) {
		if (!(walk->unit[unit + n] & READY))
			return false;
	}
	return true;
}

static void ready_check(struct ready_walk *walk)
{
	const struct cma_map *map = &walk->map;
	unsigned long units = cma_map_units(map), unit = 0, next, at = 0;
	unsigned long nr_free = 0, nr_ready = 0, longest = 0;
	bool any;

	do {
		any = cma_map_next_ready(map, &unit, units, &next);
		for (; at < (any ? unit : units); at++) {
			KUNIT_ASSERT_EQ(walk->test, walk->unit[at] & READY, 0);
			nr_free += walk->unit[at] == PAGE_FREE;
		}
		if (!any)
			break;
		KUNIT_ASSERT_EQ(walk->test, next > unit && next <= units, true);
		nr_ready += next - unit;
		longest = max(longest, next - unit);
		for (; at < next; at++) {
			KUNIT_ASSERT_EQ(walk->test, walk->unit[at] & READY, READY);
			/* The model knows of none that is held. */
			KUNIT_ASSERT_EQ(walk->test, test_bit(at, map->held), 0);
			nr_free += walk->unit[at] == (PAGE_FREE | READY);
		}
		unit = next;
	} while (true);

	KUNIT_ASSERT_EQ(walk->test, map->nr_free, nr_free);
	KUNIT_ASSERT_EQ(walk->test, map->ready->nr_free, nr_ready);
	KUNIT_ASSERT_EQ(walk->test, cma_map_longest(map->ready),
			longest << map->order_per_bit);
}

/* Questions about any part of the map. */
static void ready_ask(struct ready_walk *walk)
{
	const struct cma_map *map = &walk->map;
	unsigned long units = cma_map_units(map), unit_pages = 1UL << map->order_per_bit;
	unsigned long from, limit, next, want, unit, run;

	/* Often where a run is. */
	from = prandom_u32_state(walk->rnd) % units;
	if (prandom_u32_state(walk->rnd) % 2)
		cma_map_next_ready(map, &from, units, &next);
	from = min(from, units - 1);
	limit = from + pick_length(walk->rnd, units - from);
	unit = from;
	for (want = from; want < limit && !(walk->unit[want] & READY); want++)
		;
	for (run = want; run < limit && walk->unit[run] & READY; run++)
		;
	KUNIT_ASSERT_EQ(walk->test, cma_map_next_ready(map, &unit, limit, &next),
			want < limit);
	if (want < limit) {
		KUNIT_ASSERT_EQ(walk->test, unit, want);
		KUNIT_ASSERT_EQ(walk->test, next, run);
	}

	/* Of pages, from anywhere in a unit to anywhere in one. */
	from = from * unit_pages + prandom_u32_state(walk->rnd) % unit_pages;
	limit = from + pick_length(walk->rnd, map->count - from);
	for (run = from; run < limit && walk->unit[run / unit_pages] & READY; run++)
		;
	KUNIT_ASSERT_EQ(walk->test, map->base_pfn + run,
			cma_map_ready_end(map, map->base_pfn + from,
					  map->base_pfn + limit));
}

/*
 * Where all is ready and nobody is at work, if it says that there is such a place. That
 * there is none is wrong only if nobody is at work on what is ready, and right if the
 * last unit would not be full.
 */
static unsigned long ready_choose(struct ready_walk *walk, unsigned long pages,
				  unsigned int align)
{
	const struct cma_map *map = &walk->map;
	unsigned long chosen = cma_map_choose_ready(map, pages, align);
	unsigned long span = cma_map_span(map, pages), run = 0;
	bool full = span << map->order_per_bit == pages;
	bool room = false, at_work = false;

	for (unsigned long unit = cma_map_units(map); unit--;) {
		unsigned long pfn = cma_map_unit_pfn(map, unit);
		bool fits;

		run = walk->unit[unit] == (PAGE_FREE | READY) ? run + 1 : 0;
		at_work |= walk->unit[unit] == (PAGE_TAKEN | READY);
		fits = full && run >= span && !(pfn & ((1UL << align) - 1));
		if (unit == chosen)
			KUNIT_ASSERT_EQ(walk->test, fits, true);
		room |= fits;
	}

	if (chosen == CMA_MAP_NONE)
		KUNIT_ASSERT_EQ(walk->test, room && !at_work, false);
	else
		KUNIT_ASSERT_EQ(walk->test, chosen < cma_map_units(map), true);
	return chosen;
}

static void ready_alloc(struct ready_walk *walk)
{
	struct cma_map *map = &walk->map;
	unsigned long n = pick_length(walk->rnd, cma_map_units(map)), pages, unit;
	unsigned int align = prandom_u32_state(walk->rnd) % 2 ?
			     0 : prandom_u32_state(walk->rnd) % 8;
	bool all;

	/* Now and then its last unit is not full. */
	pages = n << map->order_per_bit;
	if (prandom_u32_state(walk->rnd) % 4 == 0)
		pages -= prandom_u32_state(walk->rnd) % (1UL << map->order_per_bit);
	unit = ready_choose(walk, pages, align);
	if (unit == CMA_MAP_NONE || !(prandom_u32_state(walk->rnd) % 4))
		unit = cma_map_choose(map, pages, align);
	if (unit == CMA_MAP_NONE)
		return;

	cma_map_take(map, unit, pages);
	for (unsigned long i = unit; i < unit + n; i++)
		walk->unit[i] |= PAGE_TAKEN;
	all = model_ready(walk, unit, n) && pages == n << map->order_per_bit;
	KUNIT_ASSERT_EQ(walk->test, cma_map_take_ready(map, unit, pages), all);
	for (unsigned long i = unit; i < unit + n && all; i++)
		walk->unit[i] &= ~READY;
	walk->pending[walk->nr_pending++] = (struct pending){ unit, pages };
}

/* What an allocation could not use */
static void ready_give_up(struct ready_walk *walk, struct pending it)
{
	struct cma_map *map = &walk->map;
	unsigned long end = it.unit + cma_map_span(map, it.pages), next;

	for (unsigned long unit = it.unit; cma_map_next_ready(map, &unit, end, &next);
	     unit = next) {
		KUNIT_ASSERT_EQ(walk->test, next <= end, true);
		cma_map_take(map->ready, unit, (next - unit) << map->order_per_bit);
		for (; unit < next; unit++)
			walk->unit[unit] &= ~READY;
	}
	for (unsigned long unit = it.unit; unit < end; unit++)
		KUNIT_ASSERT_EQ(walk->test, walk->unit[unit], PAGE_TAKEN);
}

/* It is held, or becomes free, and then the first units may be ready. */
static void ready_settle(struct ready_walk *walk, unsigned int i)
{
	struct cma_map *map = &walk->map;
	struct pending it = walk->pending[i];
	unsigned long n = cma_map_span(map, it.pages), kept = 0;
	bool hold = prandom_u32_state(walk->rnd) % 2 && walk->nr_held < WALK_HELD;

	ready_give_up(walk, it);
	if (hold) {
		cma_map_hold(map, it.unit, it.pages);
		walk->held[walk->nr_held++] = it;
	} else {
		if (prandom_u32_state(walk->rnd) % 4)
			kept = prandom_u32_state(walk->rnd) % (n + 1);
		if (kept)
			cma_map_drop(map->ready, it.unit, kept << map->order_per_bit);
		cma_map_drop(map, it.unit, it.pages);
	}
	for (unsigned long unit = 0; unit < n; unit++)
		walk->unit[it.unit + unit] = hold ? PAGE_HELD :
					     unit < kept ? PAGE_FREE | READY : PAGE_FREE;
	walk->pending[i] = walk->pending[--walk->nr_pending];
}

/* All of what is held, or its first units. */
static void ready_release(struct ready_walk *walk, unsigned int i)
{
	struct cma_map *map = &walk->map;
	struct pending it = walk->held[i];
	unsigned long n = cma_map_span(map, it.pages), bad_pfn;
	unsigned long some = pick_length(walk->rnd, n);

	if (some < n && prandom_u32_state(walk->rnd) % 2) {
		it.pages = some << map->order_per_bit;
		walk->held[i].unit += some;
		walk->held[i].pages -= it.pages;
	} else {
		some = n;
		walk->held[i] = walk->held[--walk->nr_held];
	}
	KUNIT_ASSERT_EQ(walk->test, true,
			!cma_map_unhold(map, cma_map_unit_pfn(map, it.unit), it.pages,
					&bad_pfn));
	memset(walk->unit + it.unit, PAGE_TAKEN, some);
	walk->pending[walk->nr_pending++] = it;
}

static void walk_ready(struct kunit *test, struct rnd_state *rnd, unsigned long units,
		       unsigned int steps)
{
	struct ready_walk walk = { .test = test, .rnd = rnd };
	struct cma_map *map = &walk.map;

	map->order_per_bit = prandom_u32_state(rnd) % 2 ? 0 : prandom_u32_state(rnd) % 6;
	map->count = units << map->order_per_bit;
	map->base_pfn = prandom_u32_state(rnd) % 3000;
	init_with_ready(test, map);
	walk.unit = kunit_kzalloc(test, units, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, walk.unit);

	while (steps--) {
		u32 what = prandom_u32_state(rnd);

		if (walk.nr_pending == WALK_PENDING || (walk.nr_pending && what % 2))
			ready_settle(&walk, what / 2 % walk.nr_pending);
		else if (walk.nr_held && what / 2 % 3 == 0)
			ready_release(&walk, what / 6 % walk.nr_held);
		else
			ready_alloc(&walk);
		ready_ask(&walk);
		ready_check(&walk);
	}

	kunit_kfree(test, walk.unit);
	destroy_with_ready(map);
}

static void cma_map_ready_walks(struct kunit *test)
{
	struct rnd_state rnd;

	for (unsigned int seed = 1; seed < 400; seed++) {
		prandom_seed_state(&rnd, seed);
		walk_ready(test, &rnd, pick_length(&rnd, seed % 8 ? 2000 : 9000),
			   seed % 8 ? 300 : 100);
	}
}

static struct kunit_case huge_cases[] = {
	KUNIT_CASE(cma_map_many_walks),
	KUNIT_CASE(cma_map_many_sums),
	KUNIT_CASE(cma_map_without_memory),
	KUNIT_CASE(cma_map_of_16_tib),
	KUNIT_CASE(cma_map_of_huge_tails),
	KUNIT_CASE(cma_map_huge_allocation),
	KUNIT_CASE(cma_map_ready_without_memory),
	KUNIT_CASE(cma_map_ready_at_borders),
	KUNIT_CASE(cma_map_ready_at_ends),
	KUNIT_CASE(cma_map_chooses_ready),
	KUNIT_CASE(cma_map_ready_walks),
	{}
};

static struct kunit_suite huge_suite = {
	.name = "cma_map_huge",
	.test_cases = huge_cases,
};

kunit_test_suites(&huge_suite);
