// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of when contiguous memory areas lend their memory, and to whom
 */

#include <kunit/test.h>
#include <linux/cma.h>
#include <linux/init.h>
#include <linux/initrd.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "../cma.h"
#include "../cma_lend.h"
#include "../internal.h"
#include "cma_kunit.h"

#define PAGES	(2 * MAX_ORDER_NR_PAGES)

static struct cma *area;

/* By default, the answer is that of a comparison with half, rounded down. */
static void __init lend_half(struct kunit *test)
{
	for (unsigned long free = 0; free <= 300; free++) {
		for (unsigned long cma = 0; cma <= free; cma++)
			KUNIT_ASSERT_EQ_MSG(test, cma_exceeds(cma, free, 50), cma > free / 2,
					    "%lu of %lu", cma, free);
	}
}

static void __init lend_always_or_never(struct kunit *test)
{
	for (unsigned long free = 0; free <= 300; free++) {
		for (unsigned long cma = 0; cma <= free; cma++) {
			KUNIT_ASSERT_EQ(test, cma_exceeds(cma, free, 0), cma > 0);
			KUNIT_ASSERT_FALSE(test, cma_exceeds(cma, free, 100));
		}
	}
}

/* So many pages are just enough for a percentage, and one more exceeds it. */
static void __init lend_is_exact(struct kunit *test)
{
	const unsigned long most = ULONG_MAX / 100;
	const unsigned long sizes[] = { 100, 12300, rounddown(most, 100) };

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (unsigned int percent = 1; percent < 100; percent++) {
			unsigned long limit = sizes[i] / 100 * percent;

			KUNIT_EXPECT_FALSE(test, cma_exceeds(limit, sizes[i], percent));
			KUNIT_EXPECT_TRUE(test, cma_exceeds(limit + 1, sizes[i], percent));
			KUNIT_EXPECT_FALSE(test, cma_exceeds(limit, sizes[i] - 1, percent + 1));
		}
	}
}

static void __init lend_to_user_only(struct kunit *test)
{
	struct zone *zone;

	area = area ?: cma_kunit_make_area(test, PAGES, "kunit lend");
	zone = page_zone(pfn_to_page(area->ranges[0].base_pfn));
	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_FALSE(test, cma_is_user_zone(zone));
		KUNIT_EXPECT_TRUE(test, cma_lends(zone, ALLOC_CMA));
		KUNIT_EXPECT_TRUE(test, cma_lends(zone, ALLOC_CMA | ALLOC_NOT_USER));
		KUNIT_EXPECT_FALSE(test, cma_lends(zone, 0));

		cma_set_user_only(area, true);
		KUNIT_EXPECT_TRUE(test, cma_is_user_zone(zone));
		KUNIT_EXPECT_TRUE(test, cma_lends(zone, ALLOC_CMA));
		KUNIT_EXPECT_FALSE(test, cma_lends(zone, ALLOC_CMA | ALLOC_NOT_USER));
		KUNIT_EXPECT_FALSE(test, cma_lends(zone, 0));
		cma_set_user_only(area, false);
	}
}

static void __init lend_tests_leave_no_trace(struct kunit *test)
{
	if (!area)
		kunit_skip(test, "there was no area");

	cma_set_user_only(area, false);
	cma_kunit_retire(test, area);
	area = NULL;
}

static int __init lend_suite_init(struct kunit_suite *suite)
{
	/* Its pages come and go, in areas too. */
	wait_for_initramfs();
	return 0;
}

static struct kunit_case __refdata lend_cases[] = {
	KUNIT_CASE(lend_half),
	KUNIT_CASE(lend_always_or_never),
	KUNIT_CASE(lend_is_exact),
	KUNIT_CASE(lend_to_user_only),
	KUNIT_CASE(lend_tests_leave_no_trace),
	{}
};

static struct kunit_suite __refdata lend_suite = {
	.name = "cma_lend",
	.suite_init = lend_suite_init,
	.test_cases = lend_cases,
};

kunit_test_init_section_suites(&lend_suite);
