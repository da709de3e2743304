// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what hugetlb_cma= asks for: pages, and how they are spread over
 * nodes; and of what the command line says of gigantic pages, read ahead of time
 */

#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../cma_param.h"
#include "../hugetlb_bootmap.h"
#include "../hugetlb_cma.h"

#define GIB	((u64)SZ_1G)

struct amount_case {
	u64 bytes;			/* which an address may not have room for */
	unsigned int percent;
	u64 memory;
	unsigned int shift;
	unsigned long pages;		/* 0: refused */
};

static const struct amount_case amount_cases[] __initconst = {
	{ GIB, 0, GIB, 30, 1 },
	{ GIB, 0, 8 * GIB, 30, 1 },
	{ 8 * GIB, 0, 8 * GIB, 30, 8 },
	{ 3024 * GIB, 0, 3072 * GIB, 30, 3024 },
	{ SZ_512M, 0, 8 * GIB, 29, 1 },
	{ 15 * (GIB << 30), 0, 15 * (GIB << 30), 34, 15UL << 26 },
	/* How many there is room for is another question. */
	{ 9 * GIB, 0, 8 * GIB, 30, 9 },
	{ 8 * GIB, 0, 8 * GIB - 1, 30, 8 },
	{ 15 * (GIB << 30), 0, GIB, 30, 15UL << 30 },
	/* Not a multiple of a page. */
	{ GIB + 1, 0, 8 * GIB, 30, 2 },
	{ GIB + SZ_512M, 0, 8 * GIB, 30, 2 },
	{ 2 * GIB - 1, 0, 8 * GIB, 30, 2 },
	{ 10000 * (u64)SZ_1M, 0, 16 * GIB, 30, 10 },
	{ 16 * GIB, 0, 64 * GIB, 34, 1 },
	{ 17 * GIB, 0, 64 * GIB, 34, 2 },
	{ ~0ULL, 0, 64 * GIB, 34, 1UL << 30 },
	/* Less than a page. */
	{ 1, 0, 8 * GIB, 30 },
	{ GIB - 1, 0, 8 * GIB, 30 },
	{ 15 * GIB, 0, 64 * GIB, 34 },
	/* No memory. */
	{ GIB, 0, 0, 30 },
	{ 0, 50, 0, 30 },
	/* The nearest number, although firmware has taken some memory. */
	{ 0, 50, 8 * GIB, 30, 4 },
	{ 0, 50, 8 * GIB - SZ_2M, 30, 4 },
	{ 0, 25, 6 * GIB, 30, 2 },
	{ 0, 25, 6 * GIB - SZ_2M, 30, 1 },
	{ 0, 10, 6 * GIB, 30, 1 },
	{ 0, 5, 6 * GIB, 30 },
	{ 0, 1, 3072 * GIB, 30, 31 },
	/* But no more than there is. */
	{ 0, 100, 8 * GIB, 30, 8 },
	{ 0, 100, 8 * GIB - SZ_2M, 30, 7 },
	{ 0, 99, GIB - SZ_2M, 30 },
};

static void __init hugetlb_cma_amounts(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(amount_cases); i++) {
		const struct amount_case *c = &amount_cases[i];
		struct cma_amount amount = { c->bytes, c->percent };
		unsigned long pages = 0;
		const char *wrong;

		/* Where addresses have 32 bits there is no such memory. */
		if (amount.bytes != c->bytes || c->memory > (phys_addr_t)-1 ||
		    c->shift >= BITS_PER_LONG)
			continue;

		wrong = hugetlb_cma_pages(&amount, c->memory, c->shift, &pages);
		KUNIT_EXPECT_EQ_MSG(test, !wrong, !!c->pages, "case %u: %s", i,
				    wrong ?: "taken");
		if (!wrong)
			KUNIT_EXPECT_EQ_MSG(test, pages, c->pages, "case %u", i);
	}
}

/*
 * What is left must hold the struct pages, and more. Where a guest of 16 GiB leaves a
 * whole GiB anyway, nothing is taken from it.
 */
static void __init hugetlb_cma_leaves_enough(struct kunit *test)
{
	static const struct {
		u64 memory, wanted;
		bool all;
	} cases[] = {
		{ 2 * GIB, GIB, true },
		{ 4 * GIB, 3 * GIB, true },
		{ 16 * GIB, 15 * GIB, true },
		{ 16 * GIB, 16 * GIB },
		{ 64 * GIB, 62 * GIB, true },
		{ 64 * GIB, 63 * GIB },
		{ 512 * GIB, 501 * GIB, true },
		{ 512 * GIB, 502 * GIB },	/* out of memory as soon as it has booted */
		{ 3072 * GIB, 3008 * GIB, true },
		{ 3072 * GIB, 3016 * GIB },
		{ GIB << 20, GIB << 20 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 memory = cases[i].memory, map, pages;

		if (memory > (phys_addr_t)-1)
			continue;

		pages = hugetlb_cma_spare(memory, memory, 30);
		map = (memory >> PAGE_SHIFT) * sizeof(struct page);
		KUNIT_EXPECT_GE_MSG(test, memory, (pages << 30) + map + memory / 256 + SZ_128M,
				    "case %u", i);
		/* Where a struct page has 1/64 of the size of a page, as it mostly has. */
		if (!IS_ENABLED(CONFIG_KASAN) && sizeof(struct page) * 64 == PAGE_SIZE)
			KUNIT_EXPECT_EQ_MSG(test, pages >= cases[i].wanted >> 30,
					    cases[i].all, "case %u: %llu", i, pages);
		KUNIT_EXPECT_LE(test, hugetlb_cma_spare(memory / 2, memory, 30), pages / 2);
	}

	/* However little is free. */
	KUNIT_EXPECT_EQ(test, hugetlb_cma_spare(0, 0, 30), 0);
	KUNIT_EXPECT_EQ(test, hugetlb_cma_spare(0, SZ_1G, 30), 0);
	KUNIT_EXPECT_EQ(test, hugetlb_cma_spare(SZ_128M, SZ_1G, 20), 0);
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

/* What all nodes but the first can do without is spread first, then what they cannot. */
static void __init hugetlb_cma_shares_twice(struct kunit *test)
{
	static const unsigned long own[] = { 4, 2, 2 }, room[] = { 4, 3, 5 };
	unsigned long share[3] = { };

	hugetlb_cma_spread(8, own, share, 3);
	hugetlb_cma_spread(0, room, share, 3);
	for (unsigned int nid = 0; nid < 3; nid++)
		KUNIT_EXPECT_EQ(test, share[nid], own[nid]);

	hugetlb_cma_spread(3, room, share, 3);
	KUNIT_EXPECT_EQ(test, share[0], 4);
	KUNIT_EXPECT_EQ(test, share[1], 3);
	KUNIT_EXPECT_EQ(test, share[2], 4);
}

#ifdef CONFIG_HUGETLB_BOOTMAP
struct look_case {
	const char *line;
	bool enabled;
	bool too_early;
	bool zones_move;
	u64 gib;			/* that are expected, where pages of 1 GiB are */
};

static const struct look_case look_cases[] __initconst = {
	{ "" },
	{ "quiet hugetlb_free_vmemmap hugepagesz=1G hugepages=3", true, .gib = 3 },
	{ "hugepagesz=1G hugepages=3 hugetlb_free_vmemmap=on", true, .gib = 3 },
	{ "hugepagesz=1G hugepages=3 hugetlb-free-vmemmap=1", true, .gib = 3 },
	{ "hugetlb_free_vmemmap=on hugetlb_free_vmemmap=off hugepagesz=1G hugepages=3",
	  .gib = 3 },
	{ "hugetlb_free_vmemmap=on hugetlb_free_vmemmap=maybe", true },
	{ "hugepagesz=2M hugepages=9 default_hugepagesz=1G hugepages=4", .gib = 4 },
	{ "hugepagesz=1G hugepagesz=2M hugepages=9" },
	{ "default_hugepagesz=1G hugepagesz=1G hugepages=4", .gib = 4 },
	{ "default_hugepagesz=1G hugepages=4 hugepagesz=2M hugepages=9", .gib = 4 },
	{ "hugepagesz=1G hugepages=0:5", .gib = 5 },
	{ "hugepagesz=1G hugepages=0:5,0:2", .gib = 7 },
	/* What HugeTLB refuses, or may: none can be counted on. */
	{ "hugepages=9" },
	{ "hugepagesz hugepages" },
	{ "hugepagesz=3G hugepages=9" },
	{ "hugepagesz=1G hugepages=2 hugepages=9", .gib = 2 },
	{ "hugepagesz=1G hugepages=2 hugepagesz=1G hugepages=9", .gib = 2 },
	{ "hugepagesz=1G hugepages=x" },
	{ "default_hugepagesz=2M default_hugepagesz=1G hugepages=9" },
	{ "default_hugepagesz=1G hugepages=4 hugepagesz=1G hugepages=9", .gib = 4 },
	{ "hugepages=4 default_hugepagesz=1G hugepagesz=1G hugepages=9" },
	{ "hugepagesz=1G hugepages=2,9" },
	{ "hugepagesz=1G hugepages=99999:9" },
	{ "hugepagesz=1G -- hugepages=9 hugetlb_free_vmemmap=on" },
	/* What is not certain yet. */
	{ "kernelcore=1G hugepagesz=1G hugepages=2", .zones_move = true, .gib = 2 },
	{ "movable_node", .zones_move = true },
	{ "bootconfig", .too_early = IS_ENABLED(CONFIG_BOOT_CONFIG) },
};

static void __init hugetlb_bootmap_looks(struct kunit *test)
{
	bool gigantic = arch_hugetlb_valid_size(SZ_1G);

	for (unsigned int i = 0; i < ARRAY_SIZE(look_cases); i++) {
		const struct look_case *c = &look_cases[i];
		struct hugetlb_early_look look = { };
		char line[128];

		strscpy(line, c->line);
		hugetlb_bootmap_look(line, &look);
		KUNIT_EXPECT_EQ_MSG(test, look.enabled, c->enabled, "%s", c->line);
		KUNIT_EXPECT_EQ_MSG(test, look.too_early, c->too_early, "%s", c->line);
		KUNIT_EXPECT_EQ_MSG(test, look.zones_move, c->zones_move, "%s", c->line);
		KUNIT_EXPECT_EQ_MSG(test, look.expected, gigantic ? c->gib * GIB : 0,
				    "%s", c->line);
	}

	/* A page of struct pages, and 8 page tables of 512 such pages */
	KUNIT_EXPECT_EQ(test, hugetlb_bootmap_cost(SZ_1G), 9 * PAGE_SIZE);
}
#endif

static struct kunit_case __refdata hugetlb_cma_cases[] = {
#ifdef CONFIG_HUGETLB_BOOTMAP
	KUNIT_CASE(hugetlb_bootmap_looks),
#endif
	KUNIT_CASE(hugetlb_cma_amounts),
	KUNIT_CASE(hugetlb_cma_leaves_enough),
	KUNIT_CASE(hugetlb_cma_shares),
	KUNIT_CASE(hugetlb_cma_shares_twice),
	{}
};

static struct kunit_suite hugetlb_cma_suite = {
	.name = "hugetlb_cma",
	.test_cases = hugetlb_cma_cases,
};

kunit_test_init_section_suites(&hugetlb_cma_suite);
