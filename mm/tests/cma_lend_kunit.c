// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of when contiguous memory areas lend their memory
 */

#include <kunit/test.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "../cma_lend.h"

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

static struct kunit_case __refdata lend_cases[] = {
	KUNIT_CASE(lend_half),
	KUNIT_CASE(lend_always_or_never),
	KUNIT_CASE(lend_is_exact),
	{}
};

static struct kunit_suite __refdata lend_suite = {
	.name = "cma_lend",
	.test_cases = lend_cases,
};

kunit_test_init_section_suites(&lend_suite);
