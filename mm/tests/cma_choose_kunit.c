// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of how the memory of an area is chosen, put together, and what is cut out
 * of it
 *
 * A machine is modelled as a list of its free memory. Also built as a user program
 * by tools/testing/cma, which tests the rest of boot-time reservation too.
 */

#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../cma_reserve.h"

#define MAX_EXTENTS	16

#ifdef CONFIG_PHYS_ADDR_T_64BIT
#define GIBS(n)		((phys_addr_t)(n) * SZ_1G)

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
		.size = GIBS(3024), .align = SZ_1G, .high = GIBS(4),
		.has = {
			{ SZ_1M, 15 * SZ_1M },
			{ SZ_64M, GIBS(2) - SZ_128M },
			{ GIBS(4), GIBS(1008) - SZ_2M },
			{ GIBS(1024) + SZ_4K, GIBS(2062) - SZ_4K },
		},
		.nr = 4,
		.expect = { { GIBS(1025), GIBS(2061) }, { GIBS(4), GIBS(963) } },
		.expect_nr = 2,
		.found = GIBS(3068),
	}, {
		.what = "as much as there is",
		.size = GIBS(3069), .align = SZ_1G, .high = GIBS(4),
		.has = {
			{ SZ_64M, GIBS(2) - SZ_64M },
			{ GIBS(4), GIBS(1008) - SZ_2M },
			{ GIBS(1024) + SZ_4K, GIBS(2062) - SZ_4K },
		},
		.nr = 3,
		.expect = {
			{ GIBS(1025), GIBS(2061) }, { GIBS(4), GIBS(1007) }, { GIBS(1), GIBS(1) },
		},
		.expect_nr = 3,
		.found = GIBS(3069),
	}, {
		.what = "more than there is at this alignment",
		.size = GIBS(3), .align = SZ_1G, .high = GIBS(4),
		.has = { { GIBS(4) + SZ_1M, GIBS(2) }, { GIBS(8) - SZ_1M, GIBS(2) } },
		.nr = 2,
		.expect_nr = 0,
		.found = GIBS(2),
	}, {
		.what = "one range, though a larger one is below 4 GiB",
		.size = GIBS(2), .align = SZ_2M, .high = GIBS(4),
		.has = { { GIBS(1), GIBS(3) }, { GIBS(4), GIBS(1) }, { GIBS(6), GIBS(2) } },
		.nr = 3,
		.expect = { { GIBS(6), GIBS(2) } },
		.expect_nr = 1,
		.found = GIBS(6),
	}, {
		.what = "one range below 4 GiB rather than two above, at its end",
		.size = GIBS(2), .align = SZ_2M, .high = GIBS(4),
		.has = { { GIBS(1), GIBS(3) }, { GIBS(4), GIBS(1) }, { GIBS(6), GIBS(1) } },
		.nr = 3,
		.expect = { { GIBS(2), GIBS(2) } },
		.expect_nr = 1,
		.found = GIBS(5),
	}, {
		.what = "the smallest that suffices, at its start",
		.size = GIBS(2), .align = SZ_2M, .high = GIBS(4),
		.has = { { GIBS(8), GIBS(8) }, { GIBS(20), GIBS(3) }, { GIBS(32), GIBS(4) } },
		.nr = 3,
		.expect = { { GIBS(20), GIBS(2) } },
		.expect_nr = 1,
		.found = GIBS(15),
	}, {
		.what = "above 4 GiB first, where it costs no further range",
		.size = GIBS(4), .align = SZ_2M, .high = GIBS(4),
		.has = { { GIBS(1), GIBS(3) }, { GIBS(4), GIBS(2) }, },
		.nr = 2,
		.expect = { { GIBS(4), GIBS(2) }, { GIBS(2), GIBS(2) } },
		.expect_nr = 2,
		.found = GIBS(5),
	}, {
		.what = "no crumbs from above 4 GiB",
		.size = GIBS(10), .align = SZ_2M, .high = GIBS(4),
		.has = {
			{ GIBS(1), GIBS(3) }, { GIBS(4), GIBS(8) }, { GIBS(16), GIBS(1) },
			{ GIBS(20), GIBS(1) / 2 }, { GIBS(24), GIBS(1) / 2 },
		},
		.nr = 5,
		.expect = { { GIBS(4), GIBS(8) }, { GIBS(2), GIBS(2) } },
		.expect_nr = 2,
		.found = GIBS(13),
	}, {
		.what = "512 MiB of a board's 768, with a device tree just below 512 MiB",
		.size = SZ_512M, .align = SZ_2M, .high = GIBS(4),
		.has = {
			{ 0x42400000, 0x5a00000 }, { 0x48c00000, 0x172f0000 },
			{ 0x5ff10000, 0x100f0000 },
		},
		.nr = 3,
		.expect = { { 0x48c00000, 0x17200000 }, { 0x67200000, 0x8e00000 } },
		.expect_nr = 2,
		.found = 0x2cc00000,
	}, {
		.what = "3500 MiB of 5 GiB with a hole of 2 GiB",
		.size = 3500 * (phys_addr_t)SZ_1M, .align = SZ_2M, .high = GIBS(4),
		.has = { { SZ_16M, GIBS(2) - SZ_16M }, { GIBS(4), GIBS(3) } },
		.nr = 2,
		.expect = {
			{ GIBS(4), GIBS(3) },
			{ GIBS(2) - 428 * SZ_1M, 428 * SZ_1M },
		},
		.expect_nr = 2,
		.found = GIBS(5) - SZ_16M,
	}, {
		.what = "never at address 0",
		.size = SZ_2M, .align = SZ_2M, .high = GIBS(4),
		.has = { { 0, 2 * SZ_2M } },
		.nr = 1,
		.expect = { { SZ_2M, SZ_2M } },
		.expect_nr = 1,
		.found = SZ_2M,
	}, {
		.what = "nothing is there",
		.size = SZ_2M, .align = SZ_2M, .high = GIBS(4),
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

/* The fewest ranges possible: the largest ones until there is enough. */
static unsigned int fewest(const struct cma_extent *extents, unsigned int nr,
			   phys_addr_t size, phys_addr_t align)
{
	bool used[64] = { };
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

/*
 * Whatever memory there is, the choice is enough, aligned, free, disjoint, and of few
 * ranges.
 * Return: the number of ranges.
 */
static unsigned int __init choose_anything(struct kunit *test,
					   struct rnd_state *rnd)
{
	phys_addr_t align = (phys_addr_t)SZ_4K << prandom_u32_state(rnd) % 4;
	phys_addr_t size = (1 + prandom_u32_state(rnd) % 32) * align;
	phys_addr_t high = prandom_u32_state(rnd) % 64 * SZ_16K;
	unsigned int nr = prandom_u32_state(rnd) % MAX_EXTENTS;
	struct cma_extent has[MAX_EXTENTS], got[MAX_EXTENTS];
	phys_addr_t at = 0, found, sum = 0, left = size;
	unsigned int n;

	for (unsigned int i = 0; i < nr; i++) {
		at += prandom_u32_state(rnd) % 4 * SZ_4K;
		has[i].base = at;
		has[i].size = (1 + prandom_u32_state(rnd) % 24) * SZ_4K;
		at += has[i].size;
		sum += usable(&has[i], align);
		got[i] = has[i];
	}

	n = cma_choose_extents(got, nr, size, align, high, &found);
	KUNIT_EXPECT_EQ(test, n, fewest(has, nr, size, align));
	KUNIT_EXPECT_EQ(test, found, sum);

	for (unsigned int i = 0; i < n; i++) {
		phys_addr_t end = got[i].base + got[i].size;
		unsigned int inside = 0, clash = 0;

		KUNIT_EXPECT_NE(test, got[i].base, 0);
		KUNIT_EXPECT_NE(test, got[i].size, 0);
		KUNIT_EXPECT_EQ(test, (got[i].base | end) & (align - 1), 0);
		for (unsigned int k = 0; k < nr; k++)
			inside += got[i].base >= has[k].base &&
				  end <= has[k].base + has[k].size;
		KUNIT_EXPECT_EQ(test, inside, 1);
		for (unsigned int k = 0; k < i; k++)
			clash += got[i].base < got[k].base + got[k].size &&
				 got[k].base < end;
		KUNIT_EXPECT_EQ(test, clash, 0);
		left -= got[i].size;
	}
	if (n)
		KUNIT_EXPECT_EQ(test, left, 0);
	return n;
}

static void __init cma_chooses_anything(struct kunit *test)
{
	unsigned int several = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 7);
	for (unsigned int i = 0; i < 5000; i++)
		several += choose_anything(test, &rnd) > 1;
	/* Otherwise the checks would check nothing. */
	KUNIT_EXPECT_NE(test, several, 0);
}

/*
 * Parts taken out
 */

struct cutting {
	const char *what;
	unsigned int max;
	struct cma_extent has[MAX_EXTENTS];
	unsigned int nr;
	phys_addr_t start, end;
	struct cma_extent expect[MAX_EXTENTS];
	unsigned int expect_nr;
	bool cut;
};

static const struct cutting cuttings[] __initconst = {
	{
		.what = "1 MiB for secure firmware, inside of 128 MiB",
		.max = 2,
		.has = { { 0x50000000, SZ_128M } }, .nr = 1,
		.start = 0x53000000, .end = 0x53100000,
		.expect = { { 0x50000000, 0x3000000 }, { 0x53100000, 0x4f00000 } },
		.expect_nr = 2, .cut = true,
	}, {
		.what = "the start",
		.max = 2,
		.has = { { 0x50000000, SZ_128M }, { 0x60000000, SZ_2M } }, .nr = 2,
		.start = 0x40000000, .end = 0x50100000,
		.expect = { { 0x50100000, SZ_128M - SZ_1M }, { 0x60000000, SZ_2M } },
		.expect_nr = 2, .cut = true,
	}, {
		.what = "an end, a whole extent, and a start",
		.max = 3,
		.has = { { SZ_2M, SZ_2M }, { SZ_8M, SZ_2M }, { SZ_16M, SZ_2M } }, .nr = 3,
		.start = SZ_2M + SZ_1M, .end = SZ_16M + SZ_1M,
		.expect = { { SZ_2M, SZ_1M }, { SZ_16M + SZ_1M, SZ_1M } },
		.expect_nr = 2, .cut = true,
	}, {
		.what = "all",
		.max = 1,
		.has = { { SZ_2M, SZ_2M } }, .nr = 1,
		.start = SZ_2M, .end = 2 * SZ_2M,
		.expect_nr = 0, .cut = true,
	}, {
		.what = "nothing: next to it",
		.max = 2,
		.has = { { SZ_2M, SZ_2M }, { SZ_8M, SZ_2M } }, .nr = 2,
		.start = 2 * SZ_2M, .end = SZ_8M,
		.expect = { { SZ_2M, SZ_2M }, { SZ_8M, SZ_2M } },
		.expect_nr = 2, .cut = false,
	}, {
		.what = "nothing: empty",
		.max = 2,
		.has = { { SZ_2M, SZ_2M } }, .nr = 1,
		.start = SZ_2M + SZ_1M, .end = SZ_2M + SZ_1M,
		.expect = { { SZ_2M, SZ_2M } },
		.expect_nr = 1, .cut = false,
	}, {
		.what = "more than there is room for",
		.max = 1,
		.has = { { SZ_2M, SZ_2M } }, .nr = 1,
		.start = SZ_2M + SZ_4K, .end = SZ_2M + SZ_8K,
		.expect = { { SZ_2M, SZ_4K } },
		.expect_nr = 1, .cut = true,
	},
};

/* Are extents what they should be? @what is the case. */
static void __init check_extents(struct kunit *test, const struct cma_extent *extents,
				 unsigned int nr, const struct cma_extent *expect,
				 unsigned int expect_nr, const char *what)
{
	KUNIT_EXPECT_EQ_MSG(test, nr, expect_nr, "%s", what);
	for (unsigned int i = 0; i < min(nr, expect_nr); i++) {
		KUNIT_EXPECT_EQ_MSG(test, extents[i].base, expect[i].base, "%s", what);
		KUNIT_EXPECT_EQ_MSG(test, extents[i].size, expect[i].size, "%s", what);
	}
}

static void __init cma_cuts(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(cuttings); i++) {
		const struct cutting *it = &cuttings[i];
		struct cma_extent extents[MAX_EXTENTS];
		unsigned int nr = it->nr;

		memcpy(extents, it->has, sizeof(extents));
		KUNIT_EXPECT_EQ_MSG(test, cma_cut_extents(extents, &nr, it->max, it->start,
							  it->end), it->cut, "%s", it->what);
		check_extents(test, extents, nr, it->expect, it->expect_nr, it->what);
	}
}

/* As many parts as there may be, out of memory that is modelled as a bit a byte. */
static void __init cut_anything(struct kunit *test, struct rnd_state *rnd)
{
	unsigned int max = 1 + prandom_u32_state(rnd) % MAX_EXTENTS, nr = 1;
	/* Next to the last address, too. */
	phys_addr_t low = prandom_u32_state(rnd) % 2 ? 0 : (phys_addr_t)-65;
	struct cma_extent extents[MAX_EXTENTS] = { { low, 64 } };
	u64 model = U64_MAX;

	for (unsigned int i = 0; i < 12; i++) {
		unsigned int start = prandom_u32_state(rnd) % 64;
		unsigned int end = start + prandom_u32_state(rnd) % (65 - start);
		u64 had = model, left = 0;
		phys_addr_t last = low;
		bool cut;

		for (unsigned int bit = start; bit < end; bit++)
			model &= ~BIT_ULL(bit);
		cut = cma_cut_extents(extents, &nr, max, low + start, low + end);
		KUNIT_EXPECT_TRUE(test, nr <= max);
		for (unsigned int j = 0; j < nr; j++) {
			KUNIT_EXPECT_NE(test, extents[j].size, 0);
			KUNIT_EXPECT_TRUE(test, extents[j].base >= last);
			last = extents[j].base + extents[j].size;
			for (phys_addr_t at = extents[j].base; at < last; at++)
				left |= BIT_ULL(at - low);
		}
		/* Only for want of room may there be less. */
		KUNIT_EXPECT_EQ(test, left & ~model, 0);
		KUNIT_EXPECT_TRUE(test, left == model || nr == max);
		KUNIT_EXPECT_EQ(test, cut, left != had);
		model = left;
	}
}

static void __init cma_cuts_anything(struct kunit *test)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 8);
	for (unsigned int i = 0; i < 2000; i++)
		cut_anything(test, &rnd);
}

struct adding {
	const char *what;
	unsigned int max;
	struct cma_extent adds[5];
	unsigned int nr, added;
	struct cma_extent expect[3];
	unsigned int expect_nr;
};

static const struct adding addings[] __initconst = {
	{
		.what = "in another order",
		.max = 3,
		.adds = { { SZ_16M, SZ_2M }, { SZ_2M, SZ_2M }, { SZ_8M, SZ_2M } },
		.nr = 3, .added = 3,
		.expect = { { SZ_2M, SZ_2M }, { SZ_8M, SZ_2M }, { SZ_16M, SZ_2M } },
		.expect_nr = 3,
	}, {
		.what = "what touches, at either end",
		.max = 1,
		.adds = { { SZ_4M, SZ_2M }, { SZ_2M, SZ_2M }, { SZ_4M + SZ_2M, SZ_2M } },
		.nr = 3, .added = 3,
		.expect = { { SZ_2M, SZ_4M + SZ_2M } },
		.expect_nr = 1,
	}, {
		.what = "a page short of touching",
		.max = 2,
		.adds = { { SZ_2M, SZ_2M - SZ_4K }, { SZ_4M, SZ_2M } },
		.nr = 2, .added = 2,
		.expect = { { SZ_2M, SZ_2M - SZ_4K }, { SZ_4M, SZ_2M } },
		.expect_nr = 2,
	}, {
		.what = "what closes a gap, with those behind it kept",
		.max = 3,
		.adds = { { SZ_16M, SZ_2M }, { SZ_2M, SZ_2M }, { SZ_8M, SZ_2M },
			  { SZ_2M + SZ_1M, SZ_4M + SZ_2M } },
		.nr = 4, .added = 4,
		.expect = { { SZ_2M, SZ_8M }, { SZ_16M, SZ_2M } },
		.expect_nr = 2,
	}, {
		.what = "what is there, as a whole and in part, and nothing",
		.max = 1,
		.adds = { { SZ_2M, SZ_4M }, { SZ_2M, SZ_4M }, { SZ_4M, SZ_1M }, { SZ_16M, 0 } },
		.nr = 4, .added = 4,
		.expect = { { SZ_2M, SZ_4M } },
		.expect_nr = 1,
	}, {
		.what = "more than there is room for",
		.max = 2,
		.adds = { { SZ_2M, SZ_2M }, { SZ_8M, SZ_2M }, { SZ_16M, SZ_2M },
			  { 0, SZ_1M }, { SZ_2M - SZ_4K, SZ_4K } },
		.nr = 5, .added = 3,
		.expect = { { SZ_2M - SZ_4K, SZ_2M + SZ_4K }, { SZ_8M, SZ_2M } },
		.expect_nr = 2,
	},
};

static void __init cma_adds(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(addings); i++) {
		const struct adding *it = &addings[i];
		struct cma_extent extents[MAX_EXTENTS];
		unsigned int nr = 0, added = 0;

		for (unsigned int j = 0; j < it->nr; j++)
			added += cma_add_extent(extents, &nr, it->max, it->adds[j].base,
						it->adds[j].size);
		KUNIT_EXPECT_EQ_MSG(test, added, it->added, "%s", it->what);
		check_extents(test, extents, nr, it->expect, it->expect_nr, it->what);
	}
}

/* Whatever is added: the extents are what the model has, in order and with gaps. */
static void __init add_anything(struct kunit *test, struct rnd_state *rnd)
{
	unsigned int max = 1 + prandom_u32_state(rnd) % MAX_EXTENTS, nr = 0;
	/* Next to the last address, too. */
	phys_addr_t low = prandom_u32_state(rnd) % 2 ? 0 : (phys_addr_t)-65;
	struct cma_extent extents[MAX_EXTENTS];
	u64 model = 0;

	for (unsigned int i = 0; i < 20; i++) {
		unsigned int start = prandom_u32_state(rnd) % 64;
		unsigned int size = prandom_u32_state(rnd) % (1 + min(64 - start, 6U));
		phys_addr_t last = 0;
		u64 all = 0;

		if (cma_add_extent(extents, &nr, max, low + start, size)) {
			for (unsigned int bit = start; bit < start + size; bit++)
				model |= BIT_ULL(bit);
		} else {
			KUNIT_EXPECT_EQ(test, nr, max);
		}
		for (unsigned int j = 0; j < nr; j++) {
			KUNIT_EXPECT_NE(test, extents[j].size, 0);
			KUNIT_EXPECT_TRUE(test, !j || extents[j].base > last);
			last = extents[j].base + extents[j].size;
			for (phys_addr_t at = extents[j].base; at < last; at++)
				all |= BIT_ULL(at - low);
		}
		KUNIT_EXPECT_EQ(test, all, model);
	}
}

static void __init cma_adds_anything(struct kunit *test)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 9);
	for (unsigned int i = 0; i < 2000; i++)
		add_anything(test, &rnd);
}

static struct kunit_case __refdata choose_cases[] = {
#ifdef CONFIG_PHYS_ADDR_T_64BIT
	KUNIT_CASE(cma_chooses),
#endif
	KUNIT_CASE(cma_chooses_anything),
	KUNIT_CASE(cma_cuts),
	KUNIT_CASE(cma_cuts_anything),
	KUNIT_CASE(cma_adds),
	KUNIT_CASE(cma_adds_anything),
	{}
};

static struct kunit_suite __refdata choose_suite = {
	.name = "cma_choose",
	.test_cases = choose_cases,
};

kunit_test_init_section_suites(&choose_suite);
