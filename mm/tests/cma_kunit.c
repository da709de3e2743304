// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the Contiguous Memory Allocator
 */

#include <kunit/test.h>

#include "../cma.h"

static void cma_map_finds_first_free(struct kunit *test)
{
	struct cma_map map = { .base_pfn = 0x1000, .count = 100 };

	KUNIT_ASSERT_EQ(test, cma_map_init(&map), 0);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 100, 0), 0);
	KUNIT_EXPECT_EQ(test, cma_map_find(&map, 0, 101, 0), CMA_MAP_NONE);
	cma_map_destroy(&map);
}

static struct kunit_case cma_map_cases[] = {
	KUNIT_CASE(cma_map_finds_first_free),
	{}
};

static struct kunit_suite cma_map_suite = {
	.name = "cma_map",
	.test_cases = cma_map_cases,
};

kunit_test_suites(&cma_map_suite);
