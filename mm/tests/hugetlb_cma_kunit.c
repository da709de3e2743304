// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what hugetlb_cma= asks for: pages, and how they are spread over
 * nodes
 */

#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/sizes.h>

#include "../cma_param.h"
#include "../hugetlb_cma.h"

#define GIB	((u64)SZ_1G)

struct amount_case {
	struct cma_amount amount;
	u64 memory;
	unsigned int shift;
	unsigned long pages;		/* 0: refused */
};

static const struct amount_case amount_cases[] __initconst = {
	{ { GIB }, GIB, 30, 1 },
	{ { GIB }, 8 * GIB, 30, 1 },
	{ { 8 * GIB }, 8 * GIB, 30, 8 },
	{ { 3024 * GIB }, 3072 * GIB, 30, 3024 },
	{ { SZ_512M }, 8 * GIB, 29, 1 },
	{ { 15 * (GIB << 30) }, 15 * (GIB << 30), 34, 15UL << 26 },
	/* Too large. */
	{ { 9 * GIB }, 8 * GIB, 30 },
	{ { 8 * GIB }, 8 * GIB - 1, 30 },
	{ { 15 * (GIB << 30) }, GIB, 30 },
	/* Less than a page, or not a multiple of one. */
	{ { 1 }, 8 * GIB, 30 },
	{ { GIB - 1 }, 8 * GIB, 30 },
	{ { GIB + 1 }, 8 * GIB, 30 },
	{ { GIB + SZ_512M }, 8 * GIB, 30 },
	{ { 16 * GIB }, 64 * GIB, 34, 1 },
	{ { 17 * GIB }, 64 * GIB, 34 },
	/* No memory. */
	{ { GIB }, 0, 30 },
	{ { 0, 50 }, 0, 30 },
	/* The nearest number, although firmware has taken some memory. */
	{ { 0, 50 }, 8 * GIB, 30, 4 },
	{ { 0, 50 }, 8 * GIB - SZ_2M, 30, 4 },
	{ { 0, 25 }, 6 * GIB, 30, 2 },
	{ { 0, 25 }, 6 * GIB - SZ_2M, 30, 1 },
	{ { 0, 10 }, 6 * GIB, 30, 1 },
	{ { 0, 5 }, 6 * GIB, 30 },
	{ { 0, 1 }, 3072 * GIB, 30, 31 },
	/* But no more than there is. */
	{ { 0, 100 }, 8 * GIB, 30, 8 },
	{ { 0, 100 }, 8 * GIB - SZ_2M, 30, 7 },
	{ { 0, 99 }, GIB - SZ_2M, 30 },
};

static void __init hugetlb_cma_amounts(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(amount_cases); i++) {
		const struct amount_case *c = &amount_cases[i];
		unsigned long pages = 0;
		const char *wrong;

		/* Where addresses have 32 bits there is no such memory. */
		if (c->amount.bytes != (phys_addr_t)c->amount.bytes ||
		    c->memory > (phys_addr_t)-1 || c->shift >= BITS_PER_LONG)
			continue;

		wrong = hugetlb_cma_pages(&c->amount, c->memory, c->shift, &pages);
		KUNIT_EXPECT_EQ_MSG(test, !wrong, !!c->pages, "case %u: %s", i,
				    wrong ?: "taken");
		if (!wrong)
			KUNIT_EXPECT_EQ_MSG(test, pages, c->pages, "case %u", i);
	}
}

struct spread_case {
	unsigned long pages;
	unsigned long room[4];
	unsigned long share[4];
};

static const struct spread_case spread_cases[] __initconst = {
	{ 0, { 3, 3, 3, 3 }, { 0, 0, 0, 0 } },
	{ 3, { 9, 0, 0, 0 }, { 3, 0, 0, 0 } },
	{ 4, { 9, 9, 9, 9 }, { 1, 1, 1, 1 } },
	{ 3, { 9, 9, 9, 9 }, { 1, 1, 1, 0 } },
	{ 9, { 9, 9, 9, 9 }, { 3, 2, 2, 2 } },
	{ 8, { 9, 9, 9, 9 }, { 2, 2, 2, 2 } },
	/* Pages that one node has no room for go to the others. */
	{ 8, { 1, 9, 9, 9 }, { 1, 3, 2, 2 } },
	{ 8, { 0, 9, 0, 9 }, { 0, 4, 0, 4 } },
	{ 8, { 1, 6, 0, 1 }, { 1, 6, 0, 1 } },
	{ 10, { 1, 1, 2, 9 }, { 1, 1, 2, 6 } },
	{ 4, { 1, 1, 1, 1 }, { 1, 1, 1, 1 } },
	{ 3024, { 756, 4000, 500, 4000 }, { 756, 756, 500, 1012 } },
};

static void __init hugetlb_cma_shares(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(spread_cases); i++) {
		const struct spread_case *c = &spread_cases[i];
		unsigned long share[4] = { };
		unsigned long sum = 0;

		hugetlb_cma_spread(c->pages, c->room, share, 4);
		for (unsigned int nid = 0; nid < 4; nid++) {
			KUNIT_EXPECT_EQ_MSG(test, share[nid], c->share[nid],
					    "case %u, node %u", i, nid);
			KUNIT_EXPECT_LE(test, share[nid], c->room[nid]);
			sum += share[nid];
		}
		KUNIT_EXPECT_EQ_MSG(test, sum, c->pages, "case %u", i);
	}
}

static struct kunit_case __refdata hugetlb_cma_cases[] = {
	KUNIT_CASE(hugetlb_cma_amounts),
	KUNIT_CASE(hugetlb_cma_shares),
	{}
};

static struct kunit_suite hugetlb_cma_suite = {
	.name = "hugetlb_cma",
	.test_cases = hugetlb_cma_cases,
};

kunit_test_init_section_suites(&hugetlb_cma_suite);
