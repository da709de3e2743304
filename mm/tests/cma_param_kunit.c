// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what users ask for: kernel parameters, nodes of the device tree
 *
 * Also built as a user program by tools/testing/cma.
 */

#include <kunit/test.h>
#include <linux/align.h>
#include <linux/cma.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "../cma_param.h"

struct good_value {
	const char *arg;
	u64 size;
	u64 base;
	u64 limit;
	unsigned int percent;
};

#define GIB		((u64)SZ_1G)

static const struct good_value good_values[] __initconst = {
	{ "0" },
	{ "00" },
	{ "0x0" },
	{ "0@0" },
	{ "0K@-0", 0, 0, (phys_addr_t)-1 },
	{ "1", 1 },
	{ "8@", 8 },
	{ "1K", SZ_1K },
	{ "64M", SZ_64M },
	{ "64m", SZ_64M },
	{ "65M", SZ_64M + SZ_1M },
	{ "1G", GIB },
	{ "1g", GIB },
	{ "1024M", GIB },
	{ "1048576k", GIB },
	{ "1073741824", GIB },
	{ "010000000000", GIB },
	{ "0x40000000", GIB },
	{ "0X40000000", GIB },
	{ "0x400m", GIB },
	{ "0x1E", 0x1e },		/* not an exabyte */
	{ "0x1eG", 30 * GIB },
	{ "4294967296", 4 * GIB },
	{ "1T", GIB << 10 },
	{ "1P", GIB << 20 },
	{ "1E", GIB << 30 },
	{ "15e", 15 * (GIB << 30) },
	{ "1G@", GIB },
	{ "1G@0", GIB },
	{ "1G@0x0", GIB },
	{ "1G@2G", GIB, 2 * GIB },
	{ "1G@0x80000000", GIB, 2 * GIB },
	{ "1G@5T", GIB, 5 * (GIB << 10) },
	{ "0@1G", 0, GIB },
	{ "1G@0-3G", GIB, 0, 3 * GIB },
	{ "1G@-3G", GIB, 0, 3 * GIB },
	{ "1G@-1G", GIB, 0, GIB },
	{ "1G@2G-3G", GIB, 2 * GIB, 3 * GIB },
	{ "1G@2G-8G", GIB, 2 * GIB, 8 * GIB },
	{ "1G@1-3G", GIB, 1, 3 * GIB },	/* the lowest start that will do */
	{ "1G@14E-15E", GIB, 14 * (GIB << 30), 15 * (GIB << 30) },
	{ "0%" },
	{ "5%", .percent = 5 },
	{ "0x10%", .percent = 16 },
	{ "100%", .percent = 100 },
	{ "7%@1G", 0, GIB, .percent = 7 },
	{ "7%@-1", 0, 0, 1, .percent = 7 },
	{ "7%@1G-2G", 0, GIB, 2 * GIB, .percent = 7 },
	/* No end */
	{ "1G@-", GIB, 0, (phys_addr_t)-1 },
	{ "1G@2G-", GIB, 2 * GIB, (phys_addr_t)-1 },
	{ "7%@1-", 0, 1, (phys_addr_t)-1, .percent = 7 },
	{ "1G@-0", GIB, 0, (phys_addr_t)-1 },
	{ "5%@-0", 0, 0, (phys_addr_t)-1, .percent = 5 },
	{ "1G@2G--", GIB, 2 * GIB, (phys_addr_t)-1 },
	{ "1G@--3G", GIB, 0, (phys_addr_t)-1 },
	{ "1G@2G-end", GIB, 2 * GIB, (phys_addr_t)-1 },
	/* What follows is ignored. */
	{ "0b1" },
	{ "64MB", SZ_64M },
	{ "64Mi", SZ_64M },
	{ "64M ", SZ_64M },
	{ "64M\n", SZ_64M },
	{ "64M,", SZ_64M },
	{ "64MM", SZ_64M },
	{ "64,5M", 64 },
	{ "1.5G", 1 },
	{ "64%s%n", .percent = 64 },
	{ "1G-2G", GIB },
	{ "1G@2G ", GIB, 2 * GIB },
	{ "1G@2G,", GIB, 2 * GIB },
	{ "1G@2GB", GIB, 2 * GIB },
	{ "1G@2G@3G", GIB, 2 * GIB },
	{ "1G@2G-4G-5G", GIB, 2 * GIB, 4 * GIB },
	{ "1G@2G-4G@", GIB, 2 * GIB, 4 * GIB },
	{ "5 %", 5 },
	{ "5%%", .percent = 5 },
	{ "5%M", .percent = 5 },
	{ "5K%", 5 * SZ_1K },
	{ "2.5%", 2 },
	{ "64M@-128M%", SZ_64M, 0, SZ_128M },
};

static void __init cma_param_good_values(struct kunit *test)
{
	const u64 max = (phys_addr_t)-1;

	for (unsigned int i = 0; i < ARRAY_SIZE(good_values); i++) {
		const struct good_value *good = &good_values[i];
		struct cma_amount size = { 7, 7 };
		phys_addr_t base = 7, limit = 7;
		/* Where addresses have 32 bits, many are too large. */
		bool fits = good->size <= max && good->base <= max &&
			    good->limit <= max;

		KUNIT_EXPECT_EQ_MSG(test, cma_parse_area(good->arg, &size,
							 &base, &limit),
				    fits ? 0 : -EINVAL, "cma=%s", good->arg);
		if (!fits)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, size.bytes, good->size, "cma=%s",
				    good->arg);
		KUNIT_EXPECT_EQ_MSG(test, size.percent, good->percent, "cma=%s",
				    good->arg);
		KUNIT_EXPECT_EQ_MSG(test, base, good->base, "cma=%s", good->arg);
		KUNIT_EXPECT_EQ_MSG(test, limit, good->limit, "cma=%s",
				    good->arg);
	}
}

static const char * const bad_values[] __initconst = {
	NULL,
	"",
	" ",
	"@",
	"-",
	"M",
	"sixtyfour",
	" 64M",
	"+64M",
	"-64M",
	"0x",
	"0xM",
	"0xg",
	"08",
	/* More than the type can hold, as it is or rounded up. */
	"16E",
	"99999999T",
	"18446744073709551615",
	"18446744073709551616",
	"0xfffffffffffffffe",
	"0x10000000000000000",
	"18014398509481985K",
	"99999999999999999999999999999999999999999999999999999999999999999",
	/* Starts. */
	"@1G",
	"1G@G",
	"1G@x",
	"1G@@2G",
	"1G@1",
	"1G@2147483649",
	"1G@16E",
	"1G@0xffffffffc0000000",
	"15E@15E",
	"15E@15E-1G",
	/* Ends. */
	"1G@-1023M",
	"1G@2G-2G",
	"1G@2G-1G",
	"1G@2G-3071M",
	"1G@2G-16E",
	/* Percentages. */
	"%",
	"101%",
	"-5%",
	"0x%",
	"18446744073709551617%",
	"5%@1",
	"5%@10%",
	"5%@2G-1G",
};

/* They are refused, and nothing is stored. */
static void __init cma_param_bad_values(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_values); i++) {
		struct cma_amount size = { 1, 4 };
		phys_addr_t base = 2, limit = 3;

		KUNIT_EXPECT_EQ_MSG(test, cma_parse_area(bad_values[i], &size,
							 &base, &limit),
				    -EINVAL, "cma=%s", bad_values[i]);
		KUNIT_EXPECT_EQ(test, size.bytes, 1);
		KUNIT_EXPECT_EQ(test, size.percent, 4);
		KUNIT_EXPECT_EQ(test, base, 2);
		KUNIT_EXPECT_EQ(test, limit, 3);
	}
}

/* For an amount alone, the grammar is that of the size of cma=. */
static void __init cma_param_amounts(struct kunit *test)
{
	static const char * const bad[] __initconst = {
		NULL, "", "%", "101%", "MB", "0x", ":64M", "-64M",
	};
	static const char * const followed[] __initconst = {
		"64M", "64MB", "64M@0", "64M,", "64M:0", "64M%",
	};
	struct cma_amount amount = { 1, 2 };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ_MSG(test, cma_parse_amount("p", bad[i], &amount, i & 1),
				    -EINVAL, "p=%s", bad[i]);
		KUNIT_EXPECT_EQ(test, amount.bytes, 1);
		KUNIT_EXPECT_EQ(test, amount.percent, 2);
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(followed); i++) {
		amount = (struct cma_amount){ 1, 2 };
		KUNIT_EXPECT_EQ_MSG(test, cma_parse_amount("p", followed[i], &amount, false), 0,
				    "p=%s", followed[i]);
		KUNIT_EXPECT_EQ(test, amount.bytes, SZ_64M);
		KUNIT_EXPECT_EQ(test, amount.percent, 0);
		KUNIT_EXPECT_EQ_MSG(test, cma_parse_amount("p", followed[i], &amount, true),
				    i ? -EINVAL : 0, "p=%s", followed[i]);
	}
	KUNIT_EXPECT_EQ(test, cma_amount_bytes(&amount, GIB), SZ_64M);

	KUNIT_EXPECT_EQ(test, cma_parse_amount("p", "25%", &amount, true), 0);
	KUNIT_EXPECT_EQ(test, amount.bytes, 0);
	KUNIT_EXPECT_EQ(test, amount.percent, 25);
	KUNIT_EXPECT_EQ(test, cma_amount_bytes(&amount, GIB), GIB / 4);
	KUNIT_EXPECT_EQ(test, cma_amount_bytes(&amount, 7 * PAGE_SIZE),
			PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, cma_amount_bytes(&amount, 0), 0);

	amount.percent = 100;
	for (phys_addr_t all = PAGE_SIZE; all > PAGE_SIZE - 1; all <<= 1) {
		KUNIT_EXPECT_EQ(test, cma_amount_bytes(&amount, all), all);
		KUNIT_EXPECT_EQ(test, cma_amount_bytes(&amount, all - PAGE_SIZE),
				all - PAGE_SIZE);
	}
}

struct node_list {
	const char *arg;
	unsigned int bad;		/* entries */
	struct cma_amount amounts[4];
};

/* A node that is not in the list keeps its 7 bytes. */
static const struct node_list node_lists[] __initconst = {
	{ "0:64M", 0, { { SZ_64M }, { 7 }, { 7 }, { 7 } } },
	{ "0:64M,1:5%", 0, { { SZ_64M }, { 0, 5 }, { 7 }, { 7 } } },
	{ "3:1G,0x1:8K,00:0", 0, { { 0 }, { SZ_8K }, { 7 }, { GIB } } },
	{ NULL, 1, { { 7 }, { 7 }, { 7 }, { 7 } } },
	{ "", 1, { { 7 }, { 7 }, { 7 }, { 7 } } },
	{ "64M", 1, { { 7 }, { 7 }, { 7 }, { 7 } } },
	{ "0:64M,", 1, { { SZ_64M }, { 7 }, { 7 }, { 7 } } },
	{ ",0:64M", 1, { { SZ_64M }, { 7 }, { 7 }, { 7 } } },
	{ ",,", 3, { { 7 }, { 7 }, { 7 }, { 7 } } },
	/* A bad entry does not affect the good ones. */
	{ "0:8K,x:64M,1:8K", 1, { { SZ_8K }, { SZ_8K }, { 7 }, { 7 } } },
	{ "0:8K,1,2:8K", 1, { { SZ_8K }, { 7 }, { SZ_8K }, { 7 } } },
	{ "0:8K,1:,2:8K", 1, { { SZ_8K }, { 7 }, { SZ_8K }, { 7 } } },
	{ "0:8K,1:101%,2:8K", 1, { { SZ_8K }, { 7 }, { SZ_8K }, { 7 } } },
	{ "0:8K,-1:8K,2:8K", 1, { { SZ_8K }, { 7 }, { SZ_8K }, { 7 } } },
	{ "0:8K,1:16E,2:8K", 1, { { SZ_8K }, { 7 }, { SZ_8K }, { 7 } } },
	{ "0:8K,4294967296:8M,2:8K", 1, { { SZ_8K }, { 7 }, { SZ_8K }, { 7 } } },
	{ "0:8K,18446744073709551616:1", 1, { { SZ_8K }, { 7 }, { 7 }, { 7 } } },
	/* The first entry counts. */
	{ "0:8K,0:64M,1:8K", 1, { { SZ_8K }, { SZ_8K }, { 7 }, { 7 } } },
	{ "0:M,0:8K", 1, { { SZ_8K }, { 7 }, { 7 }, { 7 } } },
	/* What follows an amount is ignored. */
	{ "0:64MB,1:8K", 0, { { SZ_64M }, { SZ_8K }, { 7 }, { 7 } } },
	{ "0:8K,1:8K@0,2:8K", 0, { { SZ_8K }, { SZ_8K }, { SZ_8K }, { 7 } } },
	{ "0:5%%,1:8K:2", 0, { { 0, 5 }, { SZ_8K }, { 7 }, { 7 } } },
	/* Nodes are decimal, and blanks may precede them. */
	{ " 0:8K,  1:8K,02:8K", 0, { { SZ_8K }, { SZ_8K }, { SZ_8K }, { 7 } } },
};

static void __init cma_param_nodes(struct kunit *test)
{
	struct cma_amount *amounts;

	amounts = kunit_kzalloc(test, MAX_NUMNODES * sizeof(*amounts), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, amounts);
	if (MAX_NUMNODES < 4)
		kunit_skip(test, "there cannot be 4 nodes");

	for (unsigned int i = 0; i < ARRAY_SIZE(node_lists); i++) {
		const struct node_list *list = &node_lists[i];

		for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++)
			amounts[nid] = (struct cma_amount){ 7 };

		KUNIT_EXPECT_EQ_MSG(test, cma_parse_nodes("p", list->arg, amounts),
				    list->bad ? -EINVAL : 0, "p=%s", list->arg);
		for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++) {
			struct cma_amount want = { 7 };

			if (nid < 4)
				want = list->amounts[nid];
			KUNIT_EXPECT_EQ_MSG(test, amounts[nid].bytes, want.bytes,
					    "p=%s, node %u", list->arg, nid);
			KUNIT_EXPECT_EQ_MSG(test, amounts[nid].percent,
					    want.percent, "p=%s, node %u",
					    list->arg, nid);
		}
	}
}

static void __init cma_trims_inward(struct kunit *test)
{
	const phys_addr_t block = CMA_MIN_ALIGNMENT_BYTES;
	const phys_addr_t top = -block;		/* the last possible block */
	const phys_addr_t page = PAGE_SIZE;
	const struct {
		phys_addr_t base, size, new_base, new_size;
		bool before, after;
	} extents[] = {
		/* What is around it can be lent, too, on both sides or on one. */
		{ block, page, block, page, true, true },
		{ block + page, page, block + page, page, true, true },
		{ block - page, 2 * page, block - page, 2 * page, true, true },
		{ block + page, 2 * block, block + page, 2 * block, true, true },
		{ block + page, 2 * block, block + page, 2 * block - page, true, false },
		{ block + page, 2 * block, 2 * block, block + page, false, true },
		{ block + 1, 2 * page - 1, block + page, page, true, true },
		{ block, 2 * page - 1, block, page, true, true },
		{ top - page, page, top - page, page, true, true },
		{ 0, block, 0, block },
		{ block, 3 * block, block, 3 * block },
		{ block, 3 * block - 1, block, 2 * block },
		{ block + 1, 3 * block - 1, 2 * block, 2 * block },
		{ block - 1, block + 1, block, block },
		{ block - 1, block + 2, block, block },
		{ block - 1, 3 * block, block, 2 * block },
		{ top - block, block, top - block, block },
		{ top - block - 1, block + 2, top - block, block },
	}, bad[] = {
		{ 0, 0 },
		{ 0, block - 1 },
		{ block, 0 },
		{ 1, block },
		{ 1, block - 1 },
		{ 1, 2 * block - 2 },
		{ block + 1, 2 * block - 2 },
		{ top + 1, 1 },
		{ top + 1, block },
		{ top, -1 },
		{ block, -1 },
		{ -1, -1 },
	}, bad_anyway[] = {
		{ block, 0 },
		{ block, page - 1 },
		{ block + 1, 2 * page - 2 },
		{ top + 1, -1 },
		{ -1, -1 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(extents); i++) {
		phys_addr_t base = extents[i].base, size = extents[i].size;

		KUNIT_EXPECT_EQ_MSG(test, cma_trim(&base, &size, extents[i].before,
						   extents[i].after), true, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, base, extents[i].new_base, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, size, extents[i].new_size, "%u", i);
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		phys_addr_t base = bad[i].base, size = bad[i].size;

		KUNIT_EXPECT_EQ_MSG(test, cma_trim(&base, &size, false, false), false,
				    "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, base, bad[i].base, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, size, bad[i].size, "%u", i);
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(bad_anyway); i++) {
		phys_addr_t base = bad_anyway[i].base, size = bad_anyway[i].size;

		KUNIT_EXPECT_EQ_MSG(test, cma_trim(&base, &size, true, true), false, "%u", i);
	}
}

static struct kunit_case __refdata cma_param_cases[] = {
	KUNIT_CASE(cma_param_good_values),
	KUNIT_CASE(cma_param_bad_values),
	KUNIT_CASE(cma_param_amounts),
	KUNIT_CASE(cma_param_nodes),
	KUNIT_CASE(cma_trims_inward),
	{}
};

static struct kunit_suite cma_param_suite = {
	.name = "cma_param",
	.test_cases = cma_param_cases,
};

kunit_test_init_section_suites(&cma_param_suite);
