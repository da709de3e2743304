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

static struct kunit_case huge_cases[] = {
	KUNIT_CASE(cma_map_many_walks),
	KUNIT_CASE(cma_map_many_sums),
	KUNIT_CASE(cma_map_without_memory),
	KUNIT_CASE(cma_map_of_16_tib),
	KUNIT_CASE(cma_map_of_huge_tails),
	KUNIT_CASE(cma_map_huge_allocation),
	{}
};

static struct kunit_suite huge_suite = {
	.name = "cma_map_huge",
	.test_cases = huge_cases,
};

kunit_test_suites(&huge_suite);
