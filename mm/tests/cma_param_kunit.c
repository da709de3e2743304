// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the kernel parameters of contiguous memory areas
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

struct good_value {
	const char *arg;
	u64 size;		/* before it is rounded up */
	u64 base;
	u64 limit;
};

#define GIB		((u64)SZ_1G)

static const struct good_value good_values[] __initconst = {
	{ "0" },
	{ "00" },
	{ "0x0" },
	{ "0@0" },
	{ "0K@-0" },
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
	{ "1G@2G", GIB, 2 * GIB, 3 * GIB },
	{ "1G@0x80000000", GIB, 2 * GIB, 3 * GIB },
	{ "1G@5T", GIB, 5 * (GIB << 10), 5 * (GIB << 10) + GIB },
	{ "0@1G", 0, GIB, GIB },
	{ "1G@0-3G", GIB, 0, 3 * GIB },
	{ "1G@-3G", GIB, 0, 3 * GIB },
	{ "1G@-1G", GIB, 0, GIB },
	{ "1G@2G-3G", GIB, 2 * GIB, 3 * GIB },
	{ "1G@2G-8G", GIB, 2 * GIB, 8 * GIB },
	{ "1G@1-3G", GIB, 1, 3 * GIB },	/* the lowest start that will do */
	{ "1G@14E-15E", GIB, 14 * (GIB << 30), 15 * (GIB << 30) },
};

static void __init cma_param_good_values(struct kunit *test)
{
	const u64 max = (phys_addr_t)-1;

	for (unsigned int i = 0; i < ARRAY_SIZE(good_values); i++) {
		const struct good_value *good = &good_values[i];
		phys_addr_t size = 7, base = 7, limit = 7;
		/* Where addresses have 32 bits, many are too large. */
		bool fits = good->size <= max && good->base <= max &&
			    good->limit <= max;

		KUNIT_EXPECT_EQ_MSG(test, cma_parse_area(good->arg, &size,
							 &base, &limit),
				    fits ? 0 : -EINVAL, "cma=%s", good->arg);
		if (!fits)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, size,
				    ALIGN(good->size, CMA_MIN_ALIGNMENT_BYTES),
				    "cma=%s", good->arg);
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
	"64MB",
	"64Mi",
	"64M ",
	" 64M",
	"64M\n",
	"64M,",
	"64MM",
	"64,5M",
	"1.5G",
	"+64M",
	"-64M",
	"0x",
	"0xM",
	"0xg",
	"0b1",
	"08",
	"64%s%n",
	/* Beyond what the type can hold, by itself or rounded up. */
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
	"1G@2G@3G",
	"1G@2G ",
	"1G@2G,",
	"1G@2GB",
	"1G@1",
	"1G@2147483649",
	"1G@16E",
	"1G@0xffffffffc0000000",
	"15E@15E",
	"15E@15E-1G",
	/* Ends. */
	"1G-2G",
	"1G@-",
	"1G@2G-",
	"1G@2G--",
	"1G@--3G",
	"1G@-0",
	"1G@-1023M",
	"1G@2G-2G",
	"1G@2G-1G",
	"1G@2G-3071M",
	"1G@2G-4G-5G",
	"1G@2G-4G@",
	"1G@2G-16E",
};

/* Refused, and nothing is stored. */
static void __init cma_param_bad_values(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_values); i++) {
		phys_addr_t size = 1, base = 2, limit = 3;

		KUNIT_EXPECT_EQ_MSG(test, cma_parse_area(bad_values[i], &size,
							 &base, &limit),
				    -EINVAL, "cma=%s", bad_values[i]);
		KUNIT_EXPECT_EQ(test, size, 1);
		KUNIT_EXPECT_EQ(test, base, 2);
		KUNIT_EXPECT_EQ(test, limit, 3);
	}
}

static struct kunit_case __refdata cma_param_cases[] = {
	KUNIT_CASE(cma_param_good_values),
	KUNIT_CASE(cma_param_bad_values),
	{}
};

static struct kunit_suite cma_param_suite = {
	.name = "cma_param",
	.test_cases = cma_param_cases,
};

kunit_test_init_section_suites(&cma_param_suite);
