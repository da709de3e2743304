// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of how the memory of an area is chosen
 *
 * Machines are lists of what is free on them. Also built as a user program by
 * tools/testing/cma, which tests the rest of boot-time reservation too.
 */

#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../cma.h"

#define MAX_EXTENTS	16

#ifdef CONFIG_PHYS_ADDR_T_64BIT
#define GIB(n)		((phys_addr_t)(n) * SZ_1G)

struct choice {
	const char *what;
	phys_addr_t size, align, high;
	struct cma_extent has[MAX_EXTENTS];
	unsigned int nr;
	struct cma_extent expect[MAX_EXTENTS];
	unsigned int expect_nr;
	phys_addr_t found;
};

static const struct choice choices[] __initconst = {
	{
		.what = "3 TiB with a hole below 1 TiB, 3024 pages of 1 GiB wanted",
		.size = GIB(3024), .align = SZ_1G, .high = GIB(4),
		.has = {
			{ SZ_1M, 15 * SZ_1M },
			{ SZ_64M, GIB(2) - SZ_128M },
			{ GIB(4), GIB(1008) - SZ_2M },
			{ GIB(1024) + SZ_4K, GIB(2062) - SZ_4K },
		},
		.nr = 4,
		.expect = { { GIB(1025), GIB(2061) }, { GIB(4), GIB(963) } },
		.expect_nr = 2,
		.found = GIB(3069),
	}, {
		.what = "as much as there is",
		.size = GIB(3069), .align = SZ_1G, .high = GIB(4),
		.has = {
			{ SZ_64M, GIB(2) - SZ_64M },
			{ GIB(4), GIB(1008) - SZ_2M },
			{ GIB(1024) + SZ_4K, GIB(2062) - SZ_4K },
		},
		.nr = 3,
		.expect = {
			{ GIB(1025), GIB(2061) }, { GIB(4), GIB(1007) }, { GIB(1), GIB(1) },
		},
		.expect_nr = 3,
		.found = GIB(3069),
	}, {
		.what = "more than there is at this alignment",
		.size = GIB(3), .align = SZ_1G, .high = GIB(4),
		.has = { { GIB(4) + SZ_1M, GIB(2) }, { GIB(8) - SZ_1M, GIB(2) } },
		.nr = 2,
		.expect_nr = 0,
		.found = GIB(2),
	}, {
		.what = "one range, though a larger one is below 4 GiB",
		.size = GIB(2), .align = SZ_2M, .high = GIB(4),
		.has = { { GIB(1), GIB(3) }, { GIB(4), GIB(1) }, { GIB(6), GIB(2) } },
		.nr = 3,
		.expect = { { GIB(6), GIB(2) } },
		.expect_nr = 1,
		.found = GIB(6),
	}, {
		.what = "one range below 4 GiB rather than two above, at its end",
		.size = GIB(2), .align = SZ_2M, .high = GIB(4),
		.has = { { GIB(1), GIB(3) }, { GIB(4), GIB(1) }, { GIB(6), GIB(1) } },
		.nr = 3,
		.expect = { { GIB(2), GIB(2) } },
		.expect_nr = 1,
		.found = GIB(5),
	}, {
		.what = "the smallest that suffices, at its start",
		.size = GIB(2), .align = SZ_2M, .high = GIB(4),
		.has = { { GIB(8), GIB(8) }, { GIB(20), GIB(3) }, { GIB(32), GIB(4) } },
		.nr = 3,
		.expect = { { GIB(20), GIB(2) } },
		.expect_nr = 1,
		.found = GIB(15),
	}, {
		.what = "above 4 GiB first, where it costs no further range",
		.size = GIB(4), .align = SZ_2M, .high = GIB(4),
		.has = { { GIB(1), GIB(3) }, { GIB(4), GIB(2) }, },
		.nr = 2,
		.expect = { { GIB(4), GIB(2) }, { GIB(2), GIB(2) } },
		.expect_nr = 2,
		.found = GIB(5),
	}, {
		.what = "no crumbs from above 4 GiB",
		.size = GIB(10), .align = SZ_2M, .high = GIB(4),
		.has = {
			{ GIB(1), GIB(3) }, { GIB(4), GIB(8) }, { GIB(16), GIB(1) },
			{ GIB(20), GIB(1) / 2 }, { GIB(24), GIB(1) / 2 },
		},
		.nr = 5,
		.expect = { { GIB(4), GIB(8) }, { GIB(2), GIB(2) } },
		.expect_nr = 2,
		.found = GIB(13),
	}, {
		.what = "never at address 0",
		.size = SZ_2M, .align = SZ_2M, .high = GIB(4),
		.has = { { 0, 2 * SZ_2M } },
		.nr = 1,
		.expect = { { SZ_2M, SZ_2M } },
		.expect_nr = 1,
		.found = SZ_2M,
	}, {
		.what = "nothing is there",
		.size = SZ_2M, .align = SZ_2M, .high = GIB(4),
		.nr = 0,
		.expect_nr = 0,
		.found = 0,
	},
};

static void __init cma_chooses(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(choices); i++) {
		const struct choice *it = &choices[i];
		struct cma_extent extents[MAX_EXTENTS];
		phys_addr_t found = 1;
		unsigned int n;

		memcpy(extents, it->has, sizeof(extents));
		n = cma_choose_extents(extents, it->nr, it->size, it->align,
				       it->high, &found);
		KUNIT_EXPECT_EQ_MSG(test, n, it->expect_nr, "%s", it->what);
		KUNIT_EXPECT_EQ_MSG(test, found, it->found, "%s", it->what);
		for (unsigned int j = 0; j < min(n, it->expect_nr); j++) {
			KUNIT_EXPECT_EQ_MSG(test, extents[j].base,
					    it->expect[j].base, "%s", it->what);
			KUNIT_EXPECT_EQ_MSG(test, extents[j].size,
					    it->expect[j].size, "%s", it->what);
		}
	}
}
#endif

/* Bytes of [@base, @base + @size) that can be used at alignment @align. */
static phys_addr_t usable(const struct cma_extent *extent, phys_addr_t align)
{
	phys_addr_t end = extent->base + extent->size;
	phys_addr_t base = extent->base ?: 1;

	base = (base + align - 1) & ~(align - 1);
	end &= ~(align - 1);
	return base < end ? end - base : 0;
}

/* The fewest ranges that can be: the largest ones until there is enough. */
static unsigned int fewest(const struct cma_extent *extents, unsigned int nr,
			   phys_addr_t size, phys_addr_t align)
{
	bool used[MAX_EXTENTS] = { };
	unsigned int n = 0;

	while (size) {
		unsigned int best = nr;

		for (unsigned int i = 0; i < nr; i++) {
			if (!used[i] && (best == nr ||
					 usable(&extents[i], align) >
					 usable(&extents[best], align)))
				best = i;
		}
		if (best == nr || !usable(&extents[best], align))
			return 0;
		used[best] = true;
		size -= min(size, usable(&extents[best], align));
		n++;
	}

	return n;
}

/* Whatever there is: enough, aligned, free, disjoint, and in few ranges. */
static void __init cma_chooses_anything(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int served = 0;

	prandom_seed_state(&rnd, 7);
	for (unsigned int i = 0; i < 5000; i++) {
		struct cma_extent has[MAX_EXTENTS], got[MAX_EXTENTS];
		phys_addr_t align = (phys_addr_t)SZ_4K << prandom_u32_state(&rnd) % 4;
		phys_addr_t size = (1 + prandom_u32_state(&rnd) % 32) * align;
		phys_addr_t high = prandom_u32_state(&rnd) % 64 * SZ_16K;
		unsigned int nr = prandom_u32_state(&rnd) % MAX_EXTENTS;
		phys_addr_t at = 0, found, sum = 0;
		unsigned int n;

		for (unsigned int j = 0; j < nr; j++) {
			at += prandom_u32_state(&rnd) % 4 * SZ_4K;
			has[j].base = at;
			has[j].size = (1 + prandom_u32_state(&rnd) % 24) * SZ_4K;
			at += has[j].size;
			sum += usable(&has[j], align);
		}
		memcpy(got, has, sizeof(got));
		n = cma_choose_extents(got, nr, size, align, high, &found);
		KUNIT_EXPECT_EQ(test, n, fewest(has, nr, size, align));
		KUNIT_EXPECT_EQ(test, found, sum);
		served += n > 1;

		for (unsigned int j = 0; j < n; j++) {
			phys_addr_t end = got[j].base + got[j].size;
			unsigned int inside = 0, clash = 0;

			KUNIT_EXPECT_NE(test, got[j].base, 0);
			KUNIT_EXPECT_NE(test, got[j].size, 0);
			KUNIT_EXPECT_EQ(test, (got[j].base | end) & (align - 1), 0);
			for (unsigned int k = 0; k < nr; k++)
				inside += got[j].base >= has[k].base &&
					  end <= has[k].base + has[k].size;
			KUNIT_EXPECT_EQ(test, inside, 1);
			for (unsigned int k = 0; k < j; k++)
				clash += got[j].base < got[k].base + got[k].size &&
					 got[k].base < end;
			KUNIT_EXPECT_EQ(test, clash, 0);
			size -= got[j].size;
		}
		if (n)
			KUNIT_EXPECT_EQ(test, size, 0);
	}

	/* Or the checks would check nothing. */
	KUNIT_EXPECT_NE(test, served, 0);
}

static struct kunit_case __refdata choose_cases[] = {
#ifdef CONFIG_PHYS_ADDR_T_64BIT
	KUNIT_CASE(cma_chooses),
#endif
	KUNIT_CASE(cma_chooses_anything),
	{}
};

static struct kunit_suite __refdata choose_suite = {
	.name = "cma_choose",
	.test_cases = choose_cases,
};

kunit_test_init_section_suites(&choose_suite);
