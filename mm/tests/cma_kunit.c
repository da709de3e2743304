// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of contiguous memory areas: names, allocation, release
 *
 * They run at boot, while areas can be registered, on areas of two kinds. Some
 * are made of memory that the page allocator can spare, and gets back at the
 * end. The others lie where there is no memory: they are like any area until they
 * are to be activated, and are dead from then on. Only dead areas remain at the end.
 */

#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/cma.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/initrd.h>
#include <linux/kthread.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>
#include <linux/shmem_fs.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/timer.h>
#include <linux/vmstat.h>

#include "../cma.h"
#include "../cma_claim.h"
#include "../cma_describe.h"
#include "../cma_headroom.h"
#include "../cma_page.h"
#include "../cma_place.h"
#include "../cma_reserve.h"
#include "../internal.h"
#include "cma_kunit.h"

#define AREA_PAGES	(2 * pageblock_nr_pages)
#define AREA_SIZE	((phys_addr_t)AREA_PAGES << PAGE_SHIFT)
#define MAX_ORDER_PER_BIT	4

/* By order_per_bit; each is created by the first test that needs it. */
static struct cma *areas[MAX_ORDER_PER_BIT + 1];
static const unsigned int all_orders[] = { 0, 1, 2, 3, MAX_ORDER_PER_BIT };
static const unsigned int two_orders[] = { 0, 2 };

static void describe_order(const unsigned int *order_per_bit, char *desc)
{
	sprintf(desc, "order_per_bit=%u", *order_per_bit);
}

KUNIT_ARRAY_PARAM(all_orders, all_orders, describe_order);
KUNIT_ARRAY_PARAM(two_orders, two_orders, describe_order);

/* Memory as it comes from memblock: reserved, and not the page allocator's. */
static struct page *__init reserve_pages(struct kunit *test, unsigned long count)
{
	struct page *page = alloc_contig_pages(count, GFP_KERNEL,
					       first_online_node, NULL);

	if (!page)
		kunit_skip(test, "the page allocator cannot spare %lu pages in a row",
			   count);

	for (unsigned long i = 0; i < count; i++)
		SetPageReserved(nth_page(page, i));
	adjust_managed_page_count(page, -(long)count);
	return page;
}

static struct page *__init get_reserved_pages(struct kunit *test)
{
	return reserve_pages(test, AREA_PAGES);
}

/* All areas that have memory. */
static struct cma *activated[MAX_ORDER_PER_BIT + 16];
static unsigned int nr_activated;

static void __init activate(struct cma *cma)
{
	cma_activate_area(cma);
	activated[nr_activated++] = cma;
}

/* End an area, which the allocator never does. No caller holds any of it any more. */
void __init cma_kunit_retire(struct kunit *test, struct cma *cma)
{
	struct page *pages[2];
	struct cma_map *map;
	unsigned long count;
	unsigned int nr = 0;

	for (; nr < cma->nr_ranges; nr++) {
		pages[nr] = cma_alloc(cma, cma->ranges[0].count, 0, false);
		KUNIT_ASSERT_NOT_NULL(test, pages[nr]);
	}
	count = cma->ranges[0].count;
	/* kswapd leaves it out from now on. */
	cma->state = CMA_DEAD;
	cma_headroom_destroy(cma);
	cma_for_each_map(map, cma)
		cma_map_destroy(map);
	totalcma_pages -= cma->count;
	cma->count = 0;
	cma->nr_ranges = 0;

	while (nr--) {
		for (unsigned long i = 0; i < count; i += pageblock_nr_pages)
			set_pageblock_migratetype(nth_page(pages[nr], i),
						  MIGRATE_MOVABLE);
		page_zone(pages[nr])->cma_pages -= count;
		free_contig_range(page_to_pfn(pages[nr]), count);
	}
}

/* An area of one range, for other suites; they retire it. */
struct cma *__init cma_kunit_make_area(struct kunit *test, unsigned long pages,
				       const char *name)
{
	phys_addr_t base = page_to_phys(reserve_pages(test, pages));
	struct cma *cma;

	cma = cma_register(&(struct cma_extent){ base, PFN_PHYS(pages) }, 1, 0, name);
	KUNIT_ASSERT_NOT_NULL(test, cma);
	cma_activate_area(cma);
	return cma;
}

static struct cma *__init register_area(phys_addr_t base,
					unsigned int order_per_bit,
					const char *name)
{
	return cma_register(&(struct cma_extent){ base, AREA_SIZE }, 1,
			    order_per_bit, name);
}

static struct cma *__init get_area(struct kunit *test)
{
	const unsigned int *param = test->param_value;
	unsigned int order_per_bit = param ? *param : 0;
	struct page *page;
	char name[16];

	if (areas[order_per_bit])
		return areas[order_per_bit];

	page = get_reserved_pages(test);
	snprintf(name, sizeof(name), "kunit%u", order_per_bit);
	areas[order_per_bit] = register_area(page_to_phys(page), order_per_bit,
					     name);
	KUNIT_ASSERT_NOT_NULL(test, areas[order_per_bit]);
	activate(areas[order_per_bit]);
	return areas[order_per_bit];
}

/* An address where there is no memory. */
static phys_addr_t nowhere(void)
{
	return PFN_PHYS(ALIGN_DOWN(PHYS_PFN((phys_addr_t)-1),
				   pageblock_nr_pages) - AREA_PAGES);
}

static struct cma *__init register_nowhere(const char *name)
{
	return register_area(nowhere(), 0, name);
}

/* What changes visibly in an area and for its user. */
struct books {
	unsigned long available;
	unsigned long longest;
	u64 succeeded;
	u64 failed;
	u64 released;
};

static struct books read_books(struct cma *cma)
{
	struct books books = {
		.available = cma_available_pages(cma),
		.longest = cma_longest_run(cma),
#ifdef CONFIG_CMA_SYSFS
		.succeeded = READ_ONCE(cma->nr_pages_succeeded),
		.failed = READ_ONCE(cma->nr_pages_failed),
		.released = READ_ONCE(cma->nr_pages_released),
#endif
	};

	return books;
}

static void expect_books(struct kunit *test, struct cma *cma,
			 const struct books *books)
{
	struct books is = read_books(cma);

	KUNIT_EXPECT_EQ(test, is.available, books->available);
	KUNIT_EXPECT_EQ(test, is.longest, books->longest);
	KUNIT_EXPECT_EQ(test, is.succeeded, books->succeeded);
	KUNIT_EXPECT_EQ(test, is.failed, books->failed);
	KUNIT_EXPECT_EQ(test, is.released, books->released);
}

/* What should have been counted: nothing without CONFIG_CMA_SYSFS. */
static void book(u64 *counter, unsigned long pages)
{
	if (IS_ENABLED(CONFIG_CMA_SYSFS))
		*counter += pages;
}

static unsigned long free_cma_pages(void)
{
	unsigned long pages = 0;
	struct zone *zone;

	/* Pages on per-CPU lists are not counted. */
	drain_all_pages(NULL);
	for_each_populated_zone(zone)
		pages += zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES);
	return pages;
}

/* A page may be borrowed at the moment, but not forever. */
static void expect_free_cma_pages(struct kunit *test, unsigned long pages)
{
	for (unsigned int i = 0; i < 25 && free_cma_pages() != pages; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, free_cma_pages(), pages);
}

/*
 * Names
 */

struct name_case {
	const char *asked;
	const char *got;	/* NULL: anything that is valid as a file name */
};

#define NAME_63	"a23456789012345678901234567890123456789012345678901234567890123"

static const struct name_case name_cases[] __initconst = {
	{ "kunit-%s%n%d%p", "kunit-%s%n%d%p" },
	{ "kunit-%s%n%d%p", "kunit-%s%n%d%p.1" },
	{ "kunit/a//b", "kunit!a!!b" },
	{ "kunit!a!!b" },
	{ "kunit twin", "kunit twin" },
	{ "kunit twin", "kunit twin.1" },
	{ "kunit twin.1" },
	{ "kunit twin", "kunit twin.2" },
	{ NAME_63, NAME_63 },
	{ NAME_63 },
	{ NAME_63 "45678901234567890" },
	{ "/", "!" },
	{ NULL },
	{ NULL },
	{ "" },
	{ "." },
	{ ".." },
	{ "cma3" },
	{ "cma3" },
};

static void __init cma_names(struct kunit *test)
{
	struct cma *made[ARRAY_SIZE(name_cases)];

	for (unsigned int i = 0; i < ARRAY_SIZE(name_cases); i++) {
		const struct name_case *it = &name_cases[i];
		const char *name;

		made[i] = register_nowhere(it->asked);
		KUNIT_ASSERT_NOT_NULL(test, made[i]);
		name = cma_get_name(made[i]);
		if (it->got)
			KUNIT_EXPECT_STREQ(test, name, it->got);
		KUNIT_EXPECT_NE(test, strlen(name), 0);
		KUNIT_EXPECT_LT(test, strlen(name), CMA_MAX_NAME);
		KUNIT_EXPECT_NULL(test, strchr(name, '/'));
		KUNIT_EXPECT_NULL(test, strchr(name, '\n'));
		KUNIT_EXPECT_STRNEQ(test, name, ".");
		KUNIT_EXPECT_STRNEQ(test, name, "..");
		for (unsigned int j = 0; j < i; j++)
			KUNIT_EXPECT_STRNEQ(test, name, cma_get_name(made[j]));
	}

	for (unsigned int i = 0; i < ARRAY_SIZE(made); i++)
		cma_activate_area(made[i]);
}

/*
 * Activation
 */

static int __init is_visited(struct cma *cma, void *data)
{
	return cma == data;
}

static void __init expect_dead(struct kunit *test, struct cma *cma,
			       unsigned long totalcma)
{
	KUNIT_EXPECT_EQ(test, cma_for_each_area(is_visited, cma), 0);
	KUNIT_EXPECT_EQ(test, cma_get_size(cma), 0);
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), 0);
	KUNIT_EXPECT_EQ(test, totalcma_pages, totalcma);
	KUNIT_EXPECT_NULL(test, cma_alloc(cma, 1, 0, true));
	KUNIT_EXPECT_FALSE(test, cma_pages_valid(cma, virt_to_page(test), 1));
	KUNIT_EXPECT_FALSE(test, cma_release(cma, virt_to_page(test), 1));
}

static void __init cma_without_memory_is_dead(struct kunit *test)
{
	unsigned long totalcma = totalcma_pages;
	struct cma *cma = register_nowhere("kunit nowhere");

	KUNIT_ASSERT_NOT_NULL(test, cma);
	KUNIT_EXPECT_EQ(test, cma_for_each_area(is_visited, cma), 1);
	KUNIT_EXPECT_EQ(test, cma_get_size(cma), AREA_SIZE);
	KUNIT_EXPECT_EQ(test, totalcma_pages, totalcma + AREA_PAGES);
	cma_activate_area(cma);
	expect_dead(test, cma, totalcma);
	KUNIT_EXPECT_STREQ(test, cma_get_name(cma), "kunit nowhere");
}

/* The memory of an area that keeps it on error is not touched. */
static void __init cma_across_zones_is_dead(struct kunit *test)
{
	unsigned long totalcma = totalcma_pages;
	struct zone *zone, *lower = NULL;
	unsigned long pfn = 0;
	struct cma *cma;

	for_each_populated_zone(zone) {
		if (lower && lower->zone_pgdat == zone->zone_pgdat &&
		    zone_end_pfn(lower) == zone->zone_start_pfn &&
		    pfn_valid(zone->zone_start_pfn - pageblock_nr_pages) &&
		    IS_ALIGNED(zone->zone_start_pfn, pageblock_nr_pages))
			pfn = zone->zone_start_pfn - pageblock_nr_pages;
		lower = zone;
	}
	if (!pfn)
		kunit_skip(test, "there are no two zones next to each other");

	cma = register_area(PFN_PHYS(pfn), 0, "kunit zones");
	KUNIT_ASSERT_NOT_NULL(test, cma);
	KUNIT_EXPECT_FALSE(test, cma_validate_zones(cma));
	KUNIT_EXPECT_NULL(test, cma_reserve_early(cma, CMA_MIN_ALIGNMENT_BYTES));
	cma_reserve_pages_on_error(cma);
	cma_activate_area(cma);
	expect_dead(test, cma, totalcma);
}

static struct cma_extent accepted[4] __initdata;
static unsigned int nr_accepted __initdata;

static void __init note_accepted(phys_addr_t base, phys_addr_t size)
{
	if (nr_accepted < ARRAY_SIZE(accepted))
		accepted[nr_accepted] = (struct cma_extent){ base, size };
	nr_accepted++;
}

/* All memory of an area is accepted once, and before anybody can touch it. */
static void __init cma_accepts_memory(struct kunit *test)
{
	const struct cma_extent extents[] = {
		{ nowhere(), AREA_SIZE }, { nowhere() - 3 * AREA_SIZE, 2 * AREA_SIZE },
	};
	struct cma *cma;

	nr_accepted = 0;
	kunit_activate_static_stub(test, cma_accept_memory, note_accepted);
	cma = cma_register(extents, 2, 0, "kunit accepted");
	KUNIT_ASSERT_NOT_NULL(test, cma);
	KUNIT_ASSERT_EQ(test, nr_accepted, 2);
	KUNIT_EXPECT_MEMEQ(test, accepted, extents, sizeof(extents));
	cma_activate_area(cma);
	KUNIT_EXPECT_EQ(test, nr_accepted, 2);
}

/* An area neither allocates nor releases until it is activated. */
static void __init cma_serves_once_active(struct kunit *test)
{
	struct page *page = get_reserved_pages(test), *got;
	unsigned long totalcma = totalcma_pages;
	unsigned long free_cma = free_cma_pages();
	struct cma *cma;

	cma = register_area(page_to_phys(page), 0, "kunit");
	KUNIT_ASSERT_NOT_NULL(test, cma);
	KUNIT_EXPECT_EQ(test, cma_get_base(cma), page_to_phys(page));
	KUNIT_EXPECT_NULL(test, cma_alloc(cma, 1, 0, true));
	KUNIT_EXPECT_TRUE(test, cma_pages_valid(cma, page, AREA_PAGES));
	KUNIT_EXPECT_FALSE(test, cma_release(cma, page, 1));

	activate(cma);
	KUNIT_EXPECT_EQ(test, cma_for_each_area(is_visited, cma), 1);
	KUNIT_EXPECT_EQ(test, cma_get_size(cma), AREA_SIZE);
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), AREA_PAGES);
	KUNIT_EXPECT_EQ(test, totalcma_pages, totalcma + AREA_PAGES);
	expect_free_cma_pages(test, free_cma + AREA_PAGES);
	got = cma_alloc(cma, AREA_PAGES, 0, false);
	KUNIT_EXPECT_PTR_EQ(test, got, page);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, got, AREA_PAGES));
}

/* All arguments are checked before any area is read. */
static void __init cma_init_reserved_mem_arguments(struct kunit *test)
{
	const phys_addr_t min = CMA_MIN_ALIGNMENT_BYTES;
	const phys_addr_t top = ALIGN_DOWN((phys_addr_t)-1, min);
	static const unsigned int orders[] = { 31, 32, 63, 64, 1000, UINT_MAX };
	struct cma *cma = NULL;

	for (unsigned int i = 0; i < ARRAY_SIZE(orders); i++) {
		KUNIT_EXPECT_EQ(test, -EINVAL,
				cma_init_reserved_mem(min, min, orders[i],
						      "kunit", &cma));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				cma_declare_contiguous(0, min, 0, 0, orders[i],
						       false, "kunit", &cma));
	}
	KUNIT_EXPECT_EQ(test, -EINVAL,
			cma_init_reserved_mem(min, 0, 0, "kunit", &cma));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			cma_init_reserved_mem(min + 1, min, 0, "kunit", &cma));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			cma_init_reserved_mem(min, min + PAGE_SIZE, 0, "kunit",
					      &cma));
	/* A unit is larger than the area. */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			cma_init_reserved_mem(min, min, pageblock_order + 1,
					      "kunit", &cma));
	/* Past the end of all addresses. */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			cma_init_reserved_mem(top, min, 0, "kunit", &cma));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			cma_init_reserved_mem(top, 2 * min, 0, "kunit", &cma));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			cma_init_reserved_mem(2 * min, top, 0, "kunit", &cma));
	KUNIT_EXPECT_NULL(test, cma);
}

/* Some machines discard memblock's data at the end of boot. */
static bool __init memblock_is_there(void)
{
	return IS_ENABLED(CONFIG_ARCH_KEEP_MEMBLOCK) || IS_ENABLED(CONFIG_UML);
}

static void __init cma_declare_contiguous_arguments(struct kunit *test)
{
	const phys_addr_t min = CMA_MIN_ALIGNMENT_BYTES;
	const phys_addr_t top = ALIGN_DOWN((phys_addr_t)-1, min);
	const struct {
		phys_addr_t base, size, limit, alignment;
		bool fixed;
	} refused[] = {
		{ .size = 0 },
		{ .size = min, .alignment = 3 },
		{ .size = min, .alignment = top },
		{ .size = min, .base = min + 1, .fixed = true },
		{ .size = min, .base = min, .alignment = 2 * min, .fixed = true },
		{ .size = (phys_addr_t)-1 },
		{ .size = top },
		{ .size = top + 1 },
		{ .size = min, .base = top, .fixed = true },
		{ .size = 2 * min, .base = top, .fixed = true },
		{ .size = min, .base = top + 1 },
		{ .size = top, .base = 2 * min, .fixed = true },
		{ .size = 2 * min, .limit = min },
		{ .size = min, .base = 4 * min, .limit = 4 * min },
		{ .size = min, .base = memblock_end_of_DRAM() },
	};
	struct cma *cma = NULL;

	if (!memblock_is_there())
		kunit_skip(test, "memblock is gone");

	for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    cma_declare_contiguous(refused[i].base,
							   refused[i].size,
							   refused[i].limit,
							   refused[i].alignment,
							   0, refused[i].fixed,
							   "kunit", &cma),
				    "case %u", i);
	KUNIT_EXPECT_NULL(test, cma);
}

static void __init cma_of_reserved_memory(struct kunit *test)
{
	const phys_addr_t min = CMA_MIN_ALIGNMENT_BYTES;
	struct cma *cma = NULL, *twin = NULL;
	phys_addr_t base;
	int ret;

	if (!memblock_is_there())
		kunit_skip(test, "memblock is gone");

	base = page_to_phys(get_reserved_pages(test));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			cma_init_reserved_mem(base, AREA_SIZE, 1, "kunit", &cma));
	memblock_reserve(base, AREA_SIZE - min);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			cma_init_reserved_mem(base, AREA_SIZE, 1, "kunit", &cma));
	memblock_reserve(base, AREA_SIZE);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			cma_init_reserved_mem(memblock_end_of_DRAM(), min, 1,
					      "kunit", &cma));
	KUNIT_EXPECT_NULL(test, cma);

	ret = cma_init_reserved_mem(base, AREA_SIZE, 1, "kunit", &cma);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, cma_get_base(cma), base);
	KUNIT_EXPECT_EQ(test, cma_get_size(cma), AREA_SIZE);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			cma_init_reserved_mem(base, AREA_SIZE, 1, "kunit",
					      &twin));
	KUNIT_EXPECT_EQ(test, -EEXIST,
			cma_init_reserved_mem(base + AREA_SIZE - min, min, 0,
					      "kunit", &twin));
	KUNIT_EXPECT_EQ(test, -EEXIST,
			cma_init_reserved_mem(base, min, 0, "kunit", &twin));
	KUNIT_EXPECT_NULL(test, twin);
	memblock_phys_free(base, AREA_SIZE);
	activate(cma);
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), AREA_PAGES);
}

/*
 * Allocation
 */

static unsigned long whole_units(const struct cma *cma, unsigned long pages)
{
	return round_up(pages, 1UL << cma->ranges[0].order_per_bit);
}

/* The pages are as cma_alloc() promises. */
static void expect_pages(struct kunit *test, struct cma *cma, struct page *page,
			 unsigned long count, unsigned int align)
{
	unsigned long bad = 0;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, cma_pages_valid(cma, page, count));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(page_to_pfn(page), 1UL << align));
	for (unsigned long i = 0; i < count; i++) {
		struct page *it = nth_page(page, i);

		bad += page_ref_count(it) != 1 || PageCompound(it) ||
		       PageReserved(it) || PageBuddy(it);
	}
	KUNIT_EXPECT_EQ(test, bad, 0);
}

static void __init cma_round_trips(struct kunit *test)
{
	struct cma *cma = get_area(test);
	const unsigned long counts[] = {
		1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100,
		pageblock_nr_pages - 1, pageblock_nr_pages,
		pageblock_nr_pages + 1, AREA_PAGES - 1, AREA_PAGES,
	};
	unsigned long free_cma = free_cma_pages();
	struct books books = read_books(cma);

	for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
		unsigned long count = counts[i];
		unsigned int align = min(i % 7, (unsigned int)pageblock_order);
		struct page *page = cma_alloc(cma, count, align, false);
		unsigned long units = whole_units(cma, count);
		unsigned long at;

		expect_pages(test, cma, page, count, align);
		at = page_to_pfn(page) - cma->ranges[0].base_pfn;
		books.available -= units;
		books.longest = max(at, AREA_PAGES - units - at);
		book(&books.succeeded, count);
		expect_books(test, cma, &books);
		/* The rest of a unit is free to be borrowed. */
		expect_free_cma_pages(test, free_cma - count);

		KUNIT_EXPECT_TRUE(test, cma_release(cma, page, count));
		books.available += units;
		books.longest = AREA_PAGES;
		book(&books.released, count);
		expect_books(test, cma, &books);
	}

	expect_free_cma_pages(test, free_cma);
}

/* The rest of a unit has no holder: partly held units cannot be allocated either. */
static void __init cma_fills_up(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long unit_pages = 1UL << cma->ranges[0].order_per_bit;
	unsigned long count = AREA_PAGES / 32 - unit_pages / 2;
	struct page *pages[32];
	unsigned int got = 0;

	while (got < ARRAY_SIZE(pages)) {
		pages[got] = cma_alloc(cma, count, 0, true);
		if (!pages[got])
			break;
		got++;
	}
	KUNIT_EXPECT_EQ(test, got, ARRAY_SIZE(pages));
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), 0);
	KUNIT_EXPECT_NULL(test, cma_alloc(cma, 1, 0, true));

	while (got--)
		KUNIT_EXPECT_TRUE(test, cma_release(cma, pages[got], count));
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), AREA_PAGES);
}

/* Each allocation fails, is counted once, and changes nothing else. */
static void __init cma_refuses_to_allocate(struct kunit *test)
{
	struct cma *cma = get_area(test);
	const struct {
		unsigned long count;
		unsigned int align;
	} refused[] = {
		{ AREA_PAGES + 1, 0 },
		{ ULONG_MAX, 0 },
		{ ULONG_MAX - 1, 3 },
		{ LONG_MAX, 0 },
		{ 1UL << (BITS_PER_LONG - 1), 0 },
		{ UINT_MAX, 0 },
		{ 1, 31 },
		{ 1, 32 },
		{ 1, 62 },
		{ 1, 63 },
		{ 1, 64 },
		{ 1, 1000 },
		{ 1, UINT_MAX },
		{ ULONG_MAX, UINT_MAX },
	};
	struct books books = read_books(cma);

	for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++) {
		/* One message in the log is enough. */
		KUNIT_EXPECT_NULL_MSG(test, cma_alloc(cma, refused[i].count,
						      refused[i].align, i > 0),
				      "%lu pages at align %u",
				      refused[i].count, refused[i].align);
		book(&books.failed, min(refused[i].count, totalram_pages()));
		expect_books(test, cma, &books);
	}

	KUNIT_EXPECT_NULL(test, cma_alloc(cma, 0, 0, true));
	KUNIT_EXPECT_NULL(test, cma_alloc(NULL, 1, 0, true));
	KUNIT_EXPECT_NULL(test, cma_alloc(NULL, 0, 0, true));
	expect_books(test, cma, &books);
}

static void __init cma_folios(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long free_cma = free_cma_pages();
	struct books books = read_books(cma);

	for (unsigned int order = 1; order <= pageblock_order; order++) {
		struct folio *folio = cma_alloc_folio(cma, order, GFP_KERNEL |
						      __GFP_COMP);
		unsigned long units = whole_units(cma, 1UL << order);

		KUNIT_ASSERT_NOT_NULL(test, folio);
		KUNIT_EXPECT_EQ(test, folio_order(folio), order);
		KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(folio_pfn(folio), 1UL << order));
		KUNIT_EXPECT_TRUE(test, cma_pages_valid(cma, &folio->page,
							1UL << order));
		books.available -= units;
		book(&books.succeeded, 1UL << order);
		KUNIT_EXPECT_EQ(test, cma_available_pages(cma), books.available);
		expect_free_cma_pages(test, free_cma - (1UL << order));

		KUNIT_EXPECT_TRUE(test, cma_free_folio(cma, folio));
		books.available += units;
		book(&books.released, 1UL << order);
		expect_books(test, cma, &books);
	}

	/* Folios may be this large, but the area is not. */
	for (unsigned int order = ilog2(AREA_PAGES) + 1;
	     order <= ilog2(MAX_FOLIO_NR_PAGES); order++) {
		KUNIT_EXPECT_NULL(test, cma_alloc_folio(cma, order, GFP_KERNEL |
							__GFP_COMP |
							__GFP_NOWARN));
		book(&books.failed, min(1UL << order, totalram_pages()));
	}
	KUNIT_EXPECT_NULL(test, cma_alloc_folio(NULL, 1, GFP_KERNEL | __GFP_COMP));
	expect_books(test, cma, &books);
	expect_free_cma_pages(test, free_cma);
}

/*
 * Release
 */

/* Make two adjacent allocations, wherever they would go otherwise. */
static void __init alloc_neighbours(struct kunit *test, struct cma *cma,
				    unsigned long count, unsigned long next_count,
				    struct page **page, struct page **next)
{
	unsigned long unit_pages = 1UL << cma->ranges[0].order_per_bit;
	unsigned long units = ALIGN(count, unit_pages);
	unsigned long both = units + ALIGN(next_count, unit_pages);
	struct page *all = cma_alloc(cma, AREA_PAGES, 0, false);

	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_ASSERT_TRUE(test, cma_release(cma, all, units));
	*page = cma_alloc(cma, count, 0, false);
	KUNIT_ASSERT_PTR_EQ(test, *page, all);
	*next = nth_page(all, units);
	KUNIT_ASSERT_TRUE(test, cma_release(cma, *next, both - units));
	KUNIT_ASSERT_PTR_EQ(test, cma_alloc(cma, next_count, 0, false), *next);
	KUNIT_ASSERT_TRUE(test, cma_release(cma, nth_page(all, both), AREA_PAGES - both));
}

static void __init cma_takes_parts_back(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long unit_pages = 1UL << cma->ranges[0].order_per_bit;
	unsigned long count = 8 * unit_pages - unit_pages / 2;
	struct books before = read_books(cma), books;
	struct page *page, *next;

	alloc_neighbours(test, cma, count, unit_pages, &page, &next);
	books = read_books(cma);

	/* In the middle, at the end, at the start, and the rest. */
	KUNIT_EXPECT_TRUE(test, cma_release(cma, nth_page(page, 3 * unit_pages),
					    2 * unit_pages));
	books.available += 2 * unit_pages;
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), books.available);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, nth_page(page, 7 * unit_pages),
					    unit_pages - unit_pages / 2));
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, unit_pages));
	books.available += 2 * unit_pages;
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), books.available);
	expect_pages(test, cma, nth_page(page, unit_pages), 2 * unit_pages, 0);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, nth_page(page, unit_pages),
					    2 * unit_pages));
	KUNIT_EXPECT_TRUE(test, cma_release(cma, nth_page(page, 5 * unit_pages),
					    2 * unit_pages));
	KUNIT_EXPECT_TRUE(test, cma_release(cma, next, unit_pages));
	book(&books.released, count + unit_pages);
	books.available = before.available;
	books.longest = before.longest;
	expect_books(test, cma, &books);

	/* Two allocations at once, if there is no gap between them. */
	alloc_neighbours(test, cma, 2 * unit_pages, 1, &page, &next);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, 2 * unit_pages + 1));
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), before.available);
}

static void expect_refused(struct kunit *test, struct cma *cma,
			   const struct page *page, unsigned long count)
{
	struct books books = read_books(cma);

	KUNIT_EXPECT_FALSE_MSG(test, cma_release(cma, page, count),
			       "%lu pages from %ld on", count,
			       page ? (long)(page_to_pfn(page) -
					     cma->ranges[0].base_pfn) : -1L);
	expect_books(test, cma, &books);
}

static void __init cma_refuses_wrong_releases(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long unit_pages = 1UL << cma->ranges[0].order_per_bit;
	/* With larger units the first ends before the end of its last unit. */
	unsigned long count = 4 * unit_pages - unit_pages / 2;
	struct page *page = cma_alloc(cma, count, 0, false);
	struct page *next = cma_alloc(cma, 2 * unit_pages, 0, false);
	struct page *last;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_PTR_EQ(test, next, nth_page(page, 4 * unit_pages));

	/* No page, or a page that is not in the area. */
	expect_refused(test, cma, NULL, 1);
	expect_refused(test, cma, page, 0);
	expect_refused(test, cma, virt_to_page(test), 1);
	KUNIT_EXPECT_FALSE(test, cma_release(NULL, page, count));
	KUNIT_EXPECT_FALSE(test, cma_release(NULL, NULL, 0));
	/* Never allocated: all of it, its end, or far too much. */
	expect_refused(test, cma, nth_page(page, 6 * unit_pages), 1);
	expect_refused(test, cma, next, 2 * unit_pages + 1);
	expect_refused(test, cma, page, AREA_PAGES);
	expect_refused(test, cma, page, ULONG_MAX);
	expect_refused(test, cma, next, ULONG_MAX - 3);
	expect_refused(test, cma, page, LONG_MAX);
	if (unit_pages > 1) {
		/* With a page between two allocations. */
		expect_refused(test, cma, page, count + 1);
		expect_refused(test, cma, page, 6 * unit_pages);
		expect_refused(test, cma, nth_page(page, 3 * unit_pages),
			       unit_pages);
		/* Parts of a unit. */
		expect_refused(test, cma, nth_page(page, 1), unit_pages);
		expect_refused(test, cma, page, unit_pages + 1);
		expect_refused(test, cma, page, 1);
		expect_refused(test, cma, next, unit_pages - 1);
	}
	expect_pages(test, cma, page, count, 0);
	expect_pages(test, cma, next, 2 * unit_pages, 0);

	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, count));
	/* A second time, and together with pages that are still held. */
	expect_refused(test, cma, page, count);
	expect_refused(test, cma, nth_page(page, 3 * unit_pages), 2 * unit_pages);
	expect_pages(test, cma, next, 2 * unit_pages, 0);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, next, 2 * unit_pages));
	expect_refused(test, cma, next, 2 * unit_pages);

	/* Past the end. */
	page = cma_alloc(cma, AREA_PAGES, 0, false);
	KUNIT_ASSERT_NOT_NULL(test, page);
	last = nth_page(page, AREA_PAGES - unit_pages);
	expect_refused(test, cma, last, unit_pages + 1);
	expect_refused(test, cma, last, 2 * AREA_PAGES);
	expect_refused(test, cma, last, ULONG_MAX);
	expect_pages(test, cma, page, AREA_PAGES, 0);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, AREA_PAGES));
	expect_refused(test, cma, page, AREA_PAGES);
}

static void __init cma_refuses_torn_folios(struct kunit *test)
{
	struct cma *cma = get_area(test);
	struct folio *folio = cma_alloc_folio(cma, 4, GFP_KERNEL | __GFP_COMP);
	struct page *page = cma_alloc(cma, 16, 0, false);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_ASSERT_PTR_EQ(test, page, folio_page(folio, 0) + 16);

	expect_refused(test, cma, folio_page(folio, 0), 8);
	expect_refused(test, cma, folio_page(folio, 8), 8);
	expect_refused(test, cma, folio_page(folio, 8), 16);
	expect_refused(test, cma, folio_page(folio, 0), 32);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
	expect_pages(test, cma, page, 16, 0);

	KUNIT_EXPECT_TRUE(test, cma_free_folio(cma, folio));
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, 16));
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), AREA_PAGES);
}

struct race {
	struct cma *cma;
	struct page *page;
	unsigned long count;
	struct completion start;
	struct completion done;
	atomic_t wins;
};

static int race_to_release(void *data)
{
	struct race *race = data;

	wait_for_completion(&race->start);
	atomic_add(cma_release(race->cma, race->page, race->count),
		   &race->wins);
	complete(&race->done);
	return 0;
}

static void __init cma_releases_once(struct kunit *test)
{
	struct cma *cma = get_area(test);

	for (unsigned int round = 0; round < 8; round++) {
		struct race race = {
			.cma = cma,
			.count = 64,
			.page = cma_alloc(cma, 64, 0, false),
		};
		int racers = 0;

		KUNIT_ASSERT_NOT_NULL(test, race.page);
		init_completion(&race.start);
		init_completion(&race.done);
		for (unsigned int i = 0; i < 2; i++)
			racers += !IS_ERR(kthread_run(race_to_release, &race,
						      "cma race %u", i));
		complete_all(&race.start);
		for (int i = 0; i < racers; i++)
			wait_for_completion(&race.done);
		KUNIT_ASSERT_EQ(test, racers, 2);
		KUNIT_EXPECT_EQ(test, atomic_read(&race.wins), 1);
		KUNIT_EXPECT_EQ(test, cma_available_pages(cma), AREA_PAGES);
	}
}

/*
 * Free ranges: pages are taken off the free lists and put back there
 */

static unsigned long take_free(unsigned long pfn, unsigned long nr_pages, gfp_t gfp)
{
	return take_free_range(pfn, nr_pages, gfp);
}

/* A page may be borrowed at the moment, or on a per-CPU list once it is free. */
unsigned long cma_kunit_take(unsigned long pfn, unsigned long nr_pages, gfp_t gfp)
{
	unsigned long found = take_free(pfn, nr_pages, gfp);

	for (unsigned int i = 0; i < 25 && found != pfn + nr_pages; i++) {
		drain_all_pages(NULL);
		msleep(20);
		found = take_free(pfn, nr_pages, gfp);
	}
	return found;
}

static unsigned long count_not_free(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long end = pfn + nr_pages, bad = 0;

	while (pfn < end) {
		struct page *page = pfn_to_page(pfn);

		if (PageBuddy(page)) {
			pfn += 1UL << buddy_order(page);
		} else {
			bad++;
			pfn++;
		}
	}
	return bad;
}

/* Parts of blocks, whole blocks, several; and at once again what was just put back. */
static void __init cma_free_ranges(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long base = cma->ranges[0].base_pfn;
	unsigned long free_cma = free_cma_pages();
	const unsigned long half = pageblock_nr_pages;
	const struct {
		unsigned long start, nr_pages;
	} cases[] = {
		{ 0, 1 }, { 1, 1 }, { 5, 3 }, { 7, 2 }, { 0, 16 }, { 3, 29 },
		{ half - 1, 1 }, { half - 1, 2 }, { half - 7, 20 }, { 0, half },
		{ half, half }, { half / 2, half }, { 1, AREA_PAGES - 2 },
		{ AREA_PAGES - 1, 1 }, { 0, AREA_PAGES },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned long pfn = base + cases[i].start;
		unsigned long nr = cases[i].nr_pages, again = 0;
		struct page *page = pfn_to_page(pfn);

		KUNIT_ASSERT_EQ(test, cma_kunit_take(pfn, nr, GFP_KERNEL), pfn + nr);
		expect_pages(test, cma, page, nr, 0);
		expect_free_cma_pages(test, free_cma - nr);
		/* Another call returns the first page that is not free. */
		KUNIT_EXPECT_EQ(test, pfn, take_free(base, AREA_PAGES, GFP_KERNEL));
		expect_free_cma_pages(test, free_cma - nr);

		for (unsigned int round = 0; round < 10 && !again; round++) {
			set_page_private(nth_page(page, nr - 1), 5);
			KUNIT_EXPECT_EQ(test, 0, put_free_range(pfn, nr));
			again = take_free(pfn, nr, GFP_KERNEL) == pfn + nr;
			if (!again)
				KUNIT_ASSERT_EQ(test, cma_kunit_take(pfn, nr, GFP_KERNEL),
						pfn + nr);
			KUNIT_EXPECT_EQ(test, 0, page_private(nth_page(page, nr - 1)));
		}
		KUNIT_EXPECT_TRUE(test, again);
		KUNIT_EXPECT_EQ(test, 0, put_free_range(pfn, nr));
		KUNIT_EXPECT_EQ(test, 0, count_not_free(base, AREA_PAGES));
		KUNIT_EXPECT_GE(test, buddy_order(pfn_to_page(base)), pageblock_order);
		expect_free_cma_pages(test, free_cma);
	}
}

static void __init cma_free_folios(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long base = cma->ranges[0].base_pfn;
	unsigned long free_cma = free_cma_pages();
	const gfp_t gfp = GFP_KERNEL | __GFP_COMP;

	for (unsigned int order = 1; order <= pageblock_order; order++) {
		unsigned long nr = 1UL << order, pfn = base + AREA_PAGES - nr;
		bool again = false;

		KUNIT_ASSERT_EQ(test, cma_kunit_take(pfn, nr, gfp), pfn + nr);
		for (unsigned int round = 0; round < 10 && !again; round++) {
			struct folio *folio = pfn_folio(pfn);

			KUNIT_EXPECT_EQ(test, folio_pfn(folio), pfn);
			KUNIT_EXPECT_EQ(test, folio_order(folio), order);
			KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
			KUNIT_EXPECT_EQ(test, 0, put_free_range(pfn, nr));
			again = take_free(pfn, nr, gfp) == pfn + nr;
			if (!again)
				KUNIT_ASSERT_EQ(test, cma_kunit_take(pfn, nr, gfp),
						pfn + nr);
		}
		KUNIT_EXPECT_TRUE(test, again);
		expect_free_cma_pages(test, free_cma - nr);

		/* A page is freed when its last reference is dropped. */
		folio_get(pfn_folio(pfn));
		KUNIT_EXPECT_EQ(test, 0, put_free_range(pfn, nr));
		KUNIT_EXPECT_EQ(test, folio_ref_count(pfn_folio(pfn)), 1);
		expect_free_cma_pages(test, free_cma - nr);
		folio_put(pfn_folio(pfn));
		expect_free_cma_pages(test, free_cma);
	}
}

/* GFP flags that alloc_contig_range() refuses, and pages that are isolated. */
static void __init cma_free_ranges_refused(struct kunit *test)
{
	unsigned long base = get_area(test)->ranges[0].base_pfn;
	unsigned long second = base + pageblock_nr_pages;
	unsigned long free_cma = free_cma_pages();
	gfp_t gfp;
	int ret;

	KUNIT_EXPECT_EQ(test, contig_move_gfp(GFP_KERNEL | __GFP_NOFAIL, &gfp), -EINVAL);

	ret = start_isolate_page_range(second, second + pageblock_nr_pages,
				       MIGRATE_CMA, 0, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, second, cma_kunit_take(base, AREA_PAGES, GFP_KERNEL));
	undo_isolate_page_range(second, second + pageblock_nr_pages, MIGRATE_CMA);
	expect_free_cma_pages(test, free_cma);
}

/* Pages that others still use, or left a flag set on, do not affect their neighbours. */
static void __init cma_puts_what_is_not_held(struct kunit *test)
{
	const unsigned long nr = 64;
	unsigned long base = get_area(test)->ranges[0].base_pfn;
	unsigned long free_cma = free_cma_pages();

	KUNIT_ASSERT_EQ(test, cma_kunit_take(base, nr, GFP_KERNEL), base + nr);
	get_page(pfn_to_page(base));
	get_page(pfn_to_page(base + 21));
	get_page(pfn_to_page(base + 63));
	folio_set_mlocked(pfn_folio(base + 40));
	mod_zone_page_state(page_zone(pfn_to_page(base)), NR_MLOCK, 1);

	KUNIT_EXPECT_EQ(test, 3, put_free_range(base, nr));
	expect_free_cma_pages(test, free_cma - 3);
	KUNIT_EXPECT_EQ(test, 3, count_not_free(base, nr));
	KUNIT_EXPECT_EQ(test, page_ref_count(pfn_to_page(base + 21)), 1);
	KUNIT_EXPECT_FALSE(test, PageBuddy(pfn_to_page(base + 21)));
	KUNIT_EXPECT_FALSE(test, folio_test_mlocked(pfn_folio(base + 40)));
	KUNIT_EXPECT_EQ(test, base, take_free(base, nr, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, base + 21, take_free(base + 1, nr, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, base + 63, take_free(base + 22, nr, GFP_KERNEL));

	put_page(pfn_to_page(base));
	put_page(pfn_to_page(base + 21));
	put_page(pfn_to_page(base + 63));
	expect_free_cma_pages(test, free_cma);
	KUNIT_EXPECT_EQ(test, 0, count_not_free(base, AREA_PAGES));
}

/*
 * Pages that others use, and how they are dealt with
 */

static enum cma_use use_of(struct page *page)
{
	struct cma_page_state state;

	cma_inspect_page(page_to_pfn(page), &state);
	return state.use;
}

static void __init cma_inspects_pages(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long base = cma->ranges[0].base_pfn;
	struct page *page = cma_alloc(cma, AREA_PAGES, 0, false);
	struct cma_page_state state;
	struct folio *folio;
	struct file *file;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, use_of(page), CMA_BUSY);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, AREA_PAGES));

	/* A free block, seen from its beginning and from its middle. */
	KUNIT_ASSERT_EQ(test, cma_kunit_take(base, AREA_PAGES, GFP_KERNEL), base + AREA_PAGES);
	KUNIT_EXPECT_EQ(test, put_free_range(base, AREA_PAGES), 0);
	cma_inspect_page(base, &state);
	KUNIT_EXPECT_EQ(test, state.use, CMA_FREE);
	KUNIT_EXPECT_GE(test, state.end, base + pageblock_nr_pages);
	cma_inspect_page(base + 5, &state);
	KUNIT_EXPECT_EQ(test, state.use, CMA_FREE);
	KUNIT_EXPECT_EQ(test, state.head, base + 5);
	KUNIT_EXPECT_GE(test, state.end, base + pageblock_nr_pages);

	folio = cma_alloc_folio(cma, 4, GFP_KERNEL | __GFP_COMP);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	cma_inspect_page(folio_pfn(folio) + 3, &state);
	KUNIT_EXPECT_EQ(test, state.use, CMA_BUSY);
	KUNIT_EXPECT_EQ(test, state.head, folio_pfn(folio));
	KUNIT_EXPECT_EQ(test, state.end, folio_pfn(folio) + 16);
	KUNIT_EXPECT_TRUE(test, cma_free_folio(cma, folio));

	/* A page of a file: at first in an LRU batch, then on an LRU list. */
	file = shmem_kernel_file_setup("kunit", PAGE_SIZE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	page = shmem_read_mapping_page(file->f_mapping, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(page));
	KUNIT_EXPECT_NE(test, use_of(page), CMA_MOVABLE);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, use_of(page), CMA_BUSY);
	put_page(page);
	KUNIT_EXPECT_EQ(test, use_of(page), CMA_MOVABLE);
	get_page(page);
	KUNIT_EXPECT_EQ(test, use_of(page), CMA_BUSY);
	put_page(page);
	fput(file);
	flush_delayed_fput();
}

/* Adjacent pages that are used alike have one state. */
static void __init cma_extends_page_state(struct kunit *test)
{
	struct page *pages[64];
	struct cma_page_state state;
	unsigned int pairs = 0;
	struct file *file;

	file = shmem_kernel_file_setup("kunit", ARRAY_SIZE(pages) * PAGE_SIZE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = shmem_read_mapping_page(file->f_mapping, i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(pages[i]));
	}
	lru_add_drain_all();
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
		put_page(pages[i]);

	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
		for (unsigned int j = 0; j < ARRAY_SIZE(pages); j++) {
			unsigned long pfn = page_to_pfn(pages[i]);

			if (page_to_pfn(pages[j]) != pfn + 1)
				continue;
			pairs++;
			cma_inspect_page(pfn, &state);
			KUNIT_EXPECT_EQ(test, state.use, CMA_MOVABLE);
			KUNIT_EXPECT_EQ(test, state.end, pfn + 1);
			cma_extend_page_state(&state, pfn + 2);
			KUNIT_EXPECT_EQ(test, state.end, pfn + 2);

			/* This does not go past a page that is stuck. */
			get_page(pages[j]);
			cma_inspect_page(pfn, &state);
			cma_extend_page_state(&state, pfn + 2);
			KUNIT_EXPECT_EQ(test, state.end, pfn + 1);
			put_page(pages[j]);
		}
	}
	KUNIT_EXPECT_NE(test, pairs, 0);
	fput(file);
	flush_delayed_fput();
}

/* A place with a page that was in the way is tried last, and blocks are as before. */
static void __init cma_claim_learns(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long base = cma->ranges[0].base_pfn;
	unsigned long stuck = base + pageblock_nr_pages + 7;
	unsigned long free_cma = free_cma_pages();
	struct cma_obstacle obstacle = { };
	struct cma_request rq = {
		.count = pageblock_nr_pages, .align = pageblock_order, .gfp = GFP_KERNEL,
		.obstacle = &obstacle,
	};
	struct cma_window window;

	KUNIT_ASSERT_EQ(test, contig_move_gfp(rq.gfp, &rq.move_gfp), 0);
	KUNIT_ASSERT_EQ(test, cma_kunit_take(stuck, 1, GFP_KERNEL), stuck + 1);
	xa_init(&rq.obstacles);

	rq.count = AREA_PAGES;
	KUNIT_EXPECT_EQ(test, cma_claim(&rq, base), -EBUSY);
	KUNIT_EXPECT_EQ(test, rq.blocker, stuck);
	KUNIT_EXPECT_EQ(test, cma_persevere(cma, &rq, -EBUSY), 0);
	KUNIT_EXPECT_NOT_NULL(test, xa_load(&rq.obstacles, stuck));
	expect_free_cma_pages(test, free_cma - 1);
	for (unsigned long i = 0; i < AREA_PAGES; i += pageblock_nr_pages)
		KUNIT_EXPECT_TRUE(test, is_migrate_cma_page(pfn_to_page(base + i)));

	/* There is no other place, so this one is not ruled out. */
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	rq.count = pageblock_nr_pages;
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, base);
	xa_destroy(&rq.obstacles);

	/* Memory that is all free is allocated in the same way. */
	KUNIT_EXPECT_EQ(test, put_free_range(stuck, 1), 0);
	xa_init(&rq.obstacles);
	rq.count = AREA_PAGES;
	KUNIT_EXPECT_EQ(test, cma_claim(&rq, base), 0);
	expect_free_cma_pages(test, free_cma - AREA_PAGES);
	KUNIT_EXPECT_EQ(test, put_free_range(base, AREA_PAGES), 0);
	expect_free_cma_pages(test, free_cma);
	xa_destroy(&rq.obstacles);
}

static void __init cma_goes_round_stuck_pages(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long base = cma->ranges[0].base_pfn;
	unsigned long stuck = base + pageblock_nr_pages / 2;
	struct books before = read_books(cma);
	struct page *page;

	KUNIT_ASSERT_EQ(test, cma_kunit_take(stuck, 1, GFP_KERNEL), stuck + 1);
	page = cma_alloc(cma, pageblock_nr_pages, 0, false);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_GT(test, page_to_pfn(page), stuck);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, pageblock_nr_pages));
	KUNIT_EXPECT_NULL(test, cma_alloc(cma, AREA_PAGES, 0, true));
	KUNIT_EXPECT_EQ(test, put_free_range(stuck, 1), 0);
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), before.available);
}

/* Pages that are borrowed now may be free once borrowers have released them. */
static struct page *alloc_nowait(struct cma *cma, unsigned long count,
				 unsigned int align)
{
	struct page *page = cma_alloc_nowait(cma, count, align);

	for (unsigned int i = 0; i < 25 && !page; i++) {
		drain_all_pages(NULL);
		msleep(20);
		page = cma_alloc_nowait(cma, count, align);
	}
	return page;
}

static void __init cma_does_not_wait(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long unit_pages = 1UL << cma->ranges[0].order_per_bit;
	unsigned long base = cma->ranges[0].base_pfn;
	unsigned long free_cma = free_cma_pages();
	unsigned long borrowed = base + 2 * unit_pages;
	struct books before = read_books(cma);
	struct page *page, *rest;

	page = alloc_nowait(cma, AREA_PAGES, pageblock_order);
	expect_pages(test, cma, page, AREA_PAGES, pageblock_order);
	KUNIT_EXPECT_NULL(test, cma_alloc_nowait(cma, 1, 0));
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, AREA_PAGES));
	expect_free_cma_pages(test, free_cma);

	/* Take pages without the area's knowledge, as if they were borrowed. */
	KUNIT_ASSERT_EQ(test, cma_kunit_take(borrowed, 1, GFP_KERNEL), borrowed + 1);
	KUNIT_ASSERT_EQ(test, cma_kunit_take(borrowed + 5 * unit_pages, unit_pages,
					     GFP_KERNEL), borrowed + 6 * unit_pages);
	/* Before, after, between if there is no other place; and nowhere. */
	page = alloc_nowait(cma, 2 * unit_pages, 0);
	KUNIT_EXPECT_EQ(test, page_to_pfn(page), base);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, 2 * unit_pages));
	page = alloc_nowait(cma, 4 * unit_pages, 0);
	KUNIT_EXPECT_EQ(test, page_to_pfn(page), borrowed + 6 * unit_pages);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, 4 * unit_pages));
	rest = alloc_nowait(cma, AREA_PAGES - 8 * unit_pages, 0);
	KUNIT_EXPECT_EQ(test, page_to_pfn(rest), borrowed + 6 * unit_pages);
	page = alloc_nowait(cma, 4 * unit_pages, 0);
	KUNIT_EXPECT_EQ(test, page_to_pfn(page), borrowed + unit_pages);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, 4 * unit_pages));
	KUNIT_EXPECT_NULL(test, cma_alloc_nowait(cma, 5 * unit_pages, 0));
	KUNIT_EXPECT_TRUE(test, cma_release(cma, rest, AREA_PAGES - 8 * unit_pages));
	KUNIT_EXPECT_NULL(test, cma_alloc_nowait(cma, AREA_PAGES - 8 * unit_pages + 1, 0));
	KUNIT_EXPECT_NULL(test, cma_alloc_nowait(cma, AREA_PAGES, 0));
	KUNIT_EXPECT_NULL(test, cma_alloc_nowait(cma, ULONG_MAX, 0));
	KUNIT_EXPECT_NULL(test, cma_alloc_nowait(cma, 1, UINT_MAX));
	KUNIT_EXPECT_NULL(test, cma_alloc_nowait(cma, 0, 0));
	KUNIT_EXPECT_NULL(test, cma_alloc_nowait(NULL, 1, 0));
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), before.available);

	KUNIT_EXPECT_EQ(test, 0, put_free_range(borrowed, 1));
	KUNIT_EXPECT_EQ(test, 0, put_free_range(borrowed + 5 * unit_pages, unit_pages));
	KUNIT_EXPECT_EQ(test, cma_longest_run(cma), before.longest);
	expect_free_cma_pages(test, free_cma);
}

struct atomic_trips {
	struct timer_list timer;
	struct cma *cma;
	unsigned int left;
	unsigned int missed;
	unsigned int refused;
	struct completion done;
};

/* Allocate and release as a caller that must not sleep would. */
static void atomic_trip(struct atomic_trips *trips)
{
	unsigned long count = 1 + trips->left * 7 % 300;
	struct page *page = cma_alloc_nowait(trips->cma, count, trips->left % 4);

	if (page)
		trips->refused += !cma_release(trips->cma, page, count);
	else
		trips->missed++;
}

static void atomic_trip_by_timer(struct timer_list *timer)
{
	struct atomic_trips *trips = from_timer(trips, timer, timer);

	atomic_trip(trips);
	if (--trips->left)
		mod_timer(timer, jiffies + 1);
	else
		complete(&trips->done);
}

/* In a softirq, with interrupts off, and during allocations that may sleep. */
static void __init cma_in_atomic_context(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long free_cma = free_cma_pages();
	struct atomic_trips timer = { .cma = cma, .left = 50 };
	struct atomic_trips here = { .cma = cma };

	init_completion(&timer.done);
	timer_setup_on_stack(&timer.timer, atomic_trip_by_timer, 0);
	mod_timer(&timer.timer, jiffies + 1);
	while (!completion_done(&timer.done)) {
		struct page *page = cma_alloc(cma, 100, 0, true);

		if (page)
			KUNIT_EXPECT_TRUE(test, cma_release(cma, page, 100));
		cond_resched();
	}
	timer_shutdown_sync(&timer.timer);
	destroy_timer_on_stack(&timer.timer);
	KUNIT_EXPECT_EQ(test, timer.refused, 0);
	KUNIT_EXPECT_LT(test, timer.missed, 50);

	for (here.left = 50; here.left; here.left--) {
		if (!IS_ENABLED(CONFIG_PREEMPT_RT))
			local_irq_disable();
		atomic_trip(&here);
		if (!IS_ENABLED(CONFIG_PREEMPT_RT))
			local_irq_enable();
	}
	KUNIT_EXPECT_EQ(test, here.refused, 0);
	KUNIT_EXPECT_LT(test, here.missed, 50);
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), AREA_PAGES);
	expect_free_cma_pages(test, free_cma);
}

/* A driver that may not sleep gets free pages of its device's area. */
#ifdef CONFIG_DMA_CMA
static void __init cma_serves_dma_in_atomic_context(struct kunit *test)
{
	struct cma *cma = get_area(test);
	unsigned long free_cma = free_cma_pages();
	struct device *dev = kunit_device_register(test, "cma_kunit");
	const size_t size = 5 * PAGE_SIZE;
	struct page *page = NULL;

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	dev->cma_area = cma;
	for (unsigned int i = 0; i < 25 && !page; i++) {
		drain_all_pages(NULL);
		if (!IS_ENABLED(CONFIG_PREEMPT_RT))
			local_irq_disable();
		page = dma_alloc_contiguous(dev, size, GFP_NOWAIT);
		if (!IS_ENABLED(CONFIG_PREEMPT_RT))
			local_irq_enable();
	}
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, cma_pages_valid(cma, page, 5));
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), AREA_PAGES - 5);
	dma_free_contiguous(dev, page, size);

	/* It does not wait for pages that are not free. */
	KUNIT_EXPECT_NULL(test, dma_alloc_contiguous(dev, (AREA_PAGES + 1) * PAGE_SIZE,
						     GFP_NOWAIT));
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), AREA_PAGES);
	expect_free_cma_pages(test, free_cma);
}
#else
static void __init cma_serves_dma_in_atomic_context(struct kunit *test)
{
	kunit_skip(test, "the DMA layer knows no areas");
}
#endif

/*
 * Ranges
 */

/* No allocation and no release crosses from one range into the other. */
static void __init cma_of_two_ranges(struct kunit *test)
{
	struct page *first = get_reserved_pages(test);
	struct page *second = get_reserved_pages(test);
	const struct cma_extent extents[] = {
		{ page_to_phys(first), AREA_SIZE },
		{ page_to_phys(second), AREA_SIZE },
	};
	unsigned long free_cma = free_cma_pages();
	unsigned long totalcma = totalcma_pages;
	struct page *pages[3];
	struct books books;
	struct cma *cma;

	cma = cma_register(extents, 2, 1, "kunit ranges");
	KUNIT_ASSERT_NOT_NULL(test, cma);
	activate(cma);
	books = read_books(cma);
	KUNIT_EXPECT_EQ(test, cma_get_base(cma), page_to_phys(first));
	KUNIT_EXPECT_EQ(test, cma_get_size(cma), 2 * AREA_SIZE);
	KUNIT_EXPECT_EQ(test, totalcma_pages, totalcma + 2 * AREA_PAGES);
	KUNIT_EXPECT_EQ(test, books.available, 2 * AREA_PAGES);
	KUNIT_EXPECT_EQ(test, books.longest, AREA_PAGES);
	expect_free_cma_pages(test, free_cma + 2 * AREA_PAGES);
	KUNIT_EXPECT_TRUE(test, cma_validate_zones(cma));
	KUNIT_EXPECT_TRUE(test, cma_intersects(cma, extents[1].base,
					       extents[1].base + 1));
	KUNIT_EXPECT_FALSE(test, cma_intersects(cma, 0, 1));
	KUNIT_EXPECT_TRUE(test, cma_pages_valid(cma, second, AREA_PAGES));
	KUNIT_EXPECT_FALSE(test, cma_pages_valid(cma, first, AREA_PAGES + 1));

	KUNIT_EXPECT_NULL(test, cma_alloc(cma, AREA_PAGES + 1, 0, false));
	book(&books.failed, AREA_PAGES + 1);
	/* Allocations that the first range has no room for come from the second. */
	pages[0] = cma_alloc(cma, AREA_PAGES - 2, 0, false);
	pages[1] = cma_alloc(cma, 3, 0, false);
	pages[2] = cma_alloc(cma, 2, 0, false);
	KUNIT_ASSERT_PTR_EQ(test, pages[0], nth_page(first, 2));
	KUNIT_ASSERT_PTR_EQ(test, pages[1], second);
	KUNIT_ASSERT_PTR_EQ(test, pages[2], first);
	expect_pages(test, cma, pages[1], 3, 0);
	book(&books.succeeded, AREA_PAGES + 3);
	books.available = AREA_PAGES - 4;
	books.longest = AREA_PAGES - 4;
	expect_books(test, cma, &books);

	expect_refused(test, cma, nth_page(first, AREA_PAGES - 2), 3);
	expect_refused(test, cma, first, AREA_PAGES + 3);
	expect_refused(test, cma, nth_page(second, 4), 2);
	expect_refused(test, cma, nth_page(second, 1), 2);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, pages[1], 3));
	expect_refused(test, cma, pages[1], 3);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, first, AREA_PAGES));
	book(&books.released, AREA_PAGES + 3);

	pages[0] = cma_alloc(cma, AREA_PAGES, 0, false);
	pages[1] = cma_alloc(cma, AREA_PAGES, 0, false);
	KUNIT_ASSERT_PTR_EQ(test, pages[0], first);
	KUNIT_ASSERT_PTR_EQ(test, pages[1], second);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, second, AREA_PAGES));
	KUNIT_ASSERT_PTR_EQ(test, cma_alloc(cma, AREA_PAGES, 0, false), second);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, second, AREA_PAGES));
	KUNIT_EXPECT_TRUE(test, cma_release(cma, first, AREA_PAGES));
	book(&books.succeeded, 3 * AREA_PAGES);
	book(&books.released, 3 * AREA_PAGES);
	books.available = 2 * AREA_PAGES;
	books.longest = AREA_PAGES;
	expect_books(test, cma, &books);
	expect_free_cma_pages(test, free_cma + 2 * AREA_PAGES);
}

/* What is where it should be, of an area of which a part could not be used. */
static void __init expect_part(struct kunit *test, struct cma *cma, unsigned long pages,
			       unsigned long totalcma)
{
	const struct cma_map *map;
	unsigned long sum = 0;
	struct page *page;

	cma_for_each_map(map, cma)
		sum += map->count;
	KUNIT_EXPECT_EQ(test, sum, pages);
	KUNIT_EXPECT_EQ(test, cma_get_size(cma), pages << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, cma_get_base(cma), PFN_PHYS(cma->ranges->base_pfn));
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), pages);
	KUNIT_EXPECT_EQ(test, totalcma_pages, totalcma + pages);
	KUNIT_EXPECT_EQ(test, cma_for_each_area(is_visited, cma), 1);

	cma_for_each_map(map, cma) {
		page = cma_alloc(cma, map->count, 0, false);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_EXPECT_TRUE(test, cma_release(cma, page, map->count));
	}
}

/* A range that cannot be used does not affect the others. */
static void __init cma_of_bad_range_serves(struct kunit *test)
{
	struct page *page = get_reserved_pages(test);
	const struct cma_extent extents[] = {
		{ nowhere(), AREA_SIZE }, { page_to_phys(page), AREA_SIZE },
		{ nowhere() - AREA_SIZE, AREA_SIZE },
	};
	unsigned long totalcma = totalcma_pages;
	unsigned long total = totalram_pages();
	struct cma *cma = cma_register(extents, 3, 0, "kunit bad ranges");

	KUNIT_ASSERT_NOT_NULL(test, cma);
	KUNIT_EXPECT_EQ(test, cma->nr_ranges, 3);
	activate(cma);
	KUNIT_ASSERT_EQ(test, cma->nr_ranges, 1);
	KUNIT_EXPECT_EQ(test, cma_get_base(cma), page_to_phys(page));
	KUNIT_EXPECT_EQ(test, totalram_pages(), total + AREA_PAGES);
	expect_part(test, cma, AREA_PAGES, totalcma);
}

/* Four blocks, of which the second and the last cannot be used. */
static struct cma *__init register_four(struct kunit *test, struct page *page,
					const char *name)
{
	struct cma *cma;

	cma = cma_register(&(struct cma_extent){ page_to_phys(page), 2 * AREA_SIZE }, 1, 0,
			   name);
	KUNIT_ASSERT_NOT_NULL(test, cma);
	return cma;
}

static void __init expect_first_and_third(struct kunit *test, struct cma *cma,
					  struct page *page, unsigned long totalcma)
{
	KUNIT_ASSERT_EQ(test, cma->nr_ranges, 2);
	KUNIT_EXPECT_EQ(test, cma->ranges[0].base_pfn, page_to_pfn(page));
	KUNIT_EXPECT_EQ(test, cma->ranges[1].base_pfn,
			page_to_pfn(page) + 2 * pageblock_nr_pages);
	KUNIT_EXPECT_FALSE(test, cma_pages_valid(cma, page, pageblock_nr_pages + 1));
	KUNIT_EXPECT_FALSE(test, cma_pages_valid(cma, nth_page(page, pageblock_nr_pages), 1));
	expect_part(test, cma, 2 * pageblock_nr_pages, totalcma);
}

/* If somebody has freed a page of a block, the block goes to the page allocator. */
static void __init cma_gives_up_blocks(struct kunit *test)
{
	struct page *page = reserve_pages(test, 2 * AREA_PAGES);
	unsigned long totalcma = totalcma_pages;
	unsigned long free_cma = free_cma_pages();
	unsigned long total = totalram_pages();
	struct cma *cma = register_four(test, page, "kunit gaps");

	free_reserved_page(nth_page(page, pageblock_nr_pages));
	free_reserved_page(nth_page(page, 2 * AREA_PAGES - 1));
	activate(cma);
	KUNIT_EXPECT_EQ(test, totalram_pages(), total + 2 * AREA_PAGES);
	expect_first_and_third(test, cma, page, totalcma);
	expect_free_cma_pages(test, free_cma + 2 * pageblock_nr_pages);
}

static void __init move_to_next_zone(struct page *page)
{
	set_page_zone(page, (page_zonenum(page) + 1) % MAX_NR_ZONES);
}

static void __init take_back_reserved(struct kunit *test, struct page *block)
{
	unsigned long bad = 0;

	for (unsigned long i = 0; i < pageblock_nr_pages; i++) {
		struct page *page = nth_page(block, i);

		bad += !PageReserved(page) || page_ref_count(page) != 1;
		free_reserved_page(page);
	}
	KUNIT_EXPECT_EQ(test, bad, 0);
}

/*
 * Blocks in which two zones meet: one ends behind their first page, or before their last.
 * They stay reserved, here, for these pages are not really of another zone.
 */
static void __init cma_gives_up_torn_blocks(struct kunit *test)
{
	struct page *page = reserve_pages(test, 2 * AREA_PAGES);
	struct page *second = nth_page(page, pageblock_nr_pages);
	struct page *last = nth_page(page, 2 * AREA_PAGES - pageblock_nr_pages);
	enum zone_type zone = page_zonenum(page);
	unsigned long totalcma = totalcma_pages;
	unsigned long total = totalram_pages();
	struct cma *cma = register_four(test, page, "kunit torn");

	move_to_next_zone(second);
	move_to_next_zone(nth_page(last, pageblock_nr_pages - 1));
	cma_reserve_pages_on_error(cma);
	activate(cma);
	set_page_zone(second, zone);
	set_page_zone(nth_page(last, pageblock_nr_pages - 1), zone);
	KUNIT_EXPECT_EQ(test, totalram_pages(), total + 2 * pageblock_nr_pages);
	expect_first_and_third(test, cma, page, totalcma);
	take_back_reserved(test, second);
	take_back_reserved(test, last);
}

/* Pages given away early stay with their holder, whatever becomes of their block. */
static void __init cma_leaves_early_pages(struct kunit *test)
{
	struct page *page = reserve_pages(test, 2 * AREA_PAGES);
	struct page *last = nth_page(page, 2 * AREA_PAGES - pageblock_nr_pages);
	unsigned long totalcma = totalcma_pages;
	enum zone_type zone = page_zonenum(page);
	struct cma *cma = register_four(test, page, "kunit early, torn");

	/* As if they had been given away early. */
	cma->ranges->early = pageblock_nr_pages;
	cma->ranges->late = pageblock_nr_pages;
	move_to_next_zone(page);
	move_to_next_zone(last);
	activate(cma);
	set_page_zone(page, zone);
	set_page_zone(last, zone);
	KUNIT_ASSERT_EQ(test, cma->nr_ranges, 1);
	KUNIT_EXPECT_EQ(test, cma_get_base(cma),
			page_to_phys(nth_page(page, pageblock_nr_pages)));
	expect_part(test, cma, 2 * pageblock_nr_pages, totalcma);
	take_back_reserved(test, page);
	take_back_reserved(test, last);
}

static void __init cma_gives_early(struct kunit *test)
{
	struct page *page = get_reserved_pages(test), *got;
	unsigned long early = pageblock_nr_pages;
	unsigned long free_cma = free_cma_pages();
	unsigned long total = totalram_pages();
	unsigned long cma_pages = page_zone(page)->cma_pages;
	struct books books = { };
	struct cma *cma;
	void *p;

	cma = register_area(page_to_phys(page), 0, "kunit early");
	KUNIT_ASSERT_NOT_NULL(test, cma);
	if (!cma_validate_zones(cma))
		kunit_skip(test, "memblock is gone");
	KUNIT_EXPECT_NULL(test, cma_reserve_early(cma, 0));
	KUNIT_EXPECT_NULL(test, cma_reserve_early(cma, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, cma_reserve_early(cma, 2 * AREA_SIZE));
	p = cma_reserve_early(cma, CMA_MIN_ALIGNMENT_BYTES);
	KUNIT_ASSERT_PTR_EQ(test, p, phys_to_virt(page_to_phys(page)));
	memset(p, 0x5a, CMA_MIN_ALIGNMENT_BYTES);

	activate(cma);
	KUNIT_EXPECT_NULL(test, cma_reserve_early(cma, CMA_MIN_ALIGNMENT_BYTES));
	books.available = AREA_PAGES - early;
	books.longest = AREA_PAGES - early;
	book(&books.succeeded, early);
	expect_books(test, cma, &books);
	expect_pages(test, cma, page, early, pageblock_order);
	KUNIT_EXPECT_EQ(test, get_pageblock_migratetype(page), MIGRATE_CMA);
	KUNIT_EXPECT_EQ(test, totalram_pages(), total + AREA_PAGES);
	KUNIT_EXPECT_EQ(test, page_zone(page)->cma_pages, cma_pages + AREA_PAGES);
	expect_free_cma_pages(test, free_cma + AREA_PAGES - early);

	got = cma_alloc(cma, AREA_PAGES - early, 0, false);
	KUNIT_EXPECT_PTR_EQ(test, got, nth_page(page, early));
	KUNIT_EXPECT_NULL(test, cma_alloc(cma, 1, 0, true));
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0x5a, CMA_MIN_ALIGNMENT_BYTES));
	KUNIT_EXPECT_TRUE(test, cma_release(cma, got, AREA_PAGES - early));

	/* Half of it, twice, and the rest. */
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, early / 2));
	expect_refused(test, cma, page, early / 2);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, nth_page(page, early / 2),
					    early / 2));
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), AREA_PAGES);
	expect_free_cma_pages(test, free_cma + AREA_PAGES);
}

static void __init cma_gives_early_from_end(struct kunit *test)
{
	struct page *page = get_reserved_pages(test), *got;
	struct page *late = nth_page(page, AREA_PAGES - pageblock_nr_pages);
	unsigned long total = totalram_pages();
	struct cma *cma;
	void *p;

	cma = register_area(page_to_phys(page), 0, "kunit early end");
	KUNIT_ASSERT_NOT_NULL(test, cma);
	if (!cma_validate_zones(cma))
		kunit_skip(test, "memblock is gone");
	p = cma_reserve_early_aligned(cma, CMA_MIN_ALIGNMENT_BYTES, 1, true);
	KUNIT_ASSERT_PTR_EQ(test, p, phys_to_virt(page_to_phys(late)));
	KUNIT_EXPECT_NULL(test, cma_reserve_early_aligned(cma, AREA_SIZE, 1, true));

	activate(cma);
	KUNIT_EXPECT_EQ(test, totalram_pages(), total + AREA_PAGES);
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), AREA_PAGES - pageblock_nr_pages);
	expect_pages(test, cma, late, pageblock_nr_pages, pageblock_order);
	got = cma_alloc(cma, AREA_PAGES - pageblock_nr_pages, 0, false);
	KUNIT_EXPECT_PTR_EQ(test, got, page);
	KUNIT_EXPECT_TRUE(test, cma_release(cma, page, AREA_PAGES));
	KUNIT_EXPECT_EQ(test, cma_available_pages(cma), AREA_PAGES);
}

static unsigned long first_totalcma, first_free_cma;

static void __init cma_leaves_no_trace(struct kunit *test)
{
	while (nr_activated)
		cma_kunit_retire(test, activated[--nr_activated]);
	memset(areas, 0, sizeof(areas));
	KUNIT_EXPECT_EQ(test, totalcma_pages, first_totalcma);
	expect_free_cma_pages(test, first_free_cma);
}

static int __init count_area(struct cma *cma, void *data)
{
	(*(unsigned int *)data)++;
	return 0;
}

static unsigned int __init count_areas(void)
{
	unsigned int n = 0;

	cma_for_each_area(count_area, &n);
	return n;
}

/* More areas than a table would hold; the first ones stay where they are. */
static void __init cma_any_number(struct kunit *test)
{
	unsigned long totalcma = totalcma_pages;
	unsigned int n = count_areas();
	struct cma *cma[200];

	for (unsigned int i = 0; i < ARRAY_SIZE(cma); i++) {
		cma[i] = register_nowhere("kunit many");
		KUNIT_ASSERT_NOT_NULL(test, cma[i]);
	}
	KUNIT_EXPECT_EQ(test, count_areas(), n + ARRAY_SIZE(cma));
	KUNIT_EXPECT_EQ(test, totalcma_pages,
			totalcma + ARRAY_SIZE(cma) * AREA_PAGES);
	KUNIT_EXPECT_STREQ(test, cma_get_name(cma[0]), "kunit many");
	KUNIT_EXPECT_STREQ(test, cma_get_name(cma[199]), "kunit many.199");

	for (unsigned int i = 0; i < ARRAY_SIZE(cma); i++) {
		KUNIT_EXPECT_EQ(test, cma_for_each_area(is_visited, cma[i]), 1);
		cma_activate_area(cma[i]);
	}
	KUNIT_EXPECT_EQ(test, count_areas(), n);
	KUNIT_EXPECT_EQ(test, totalcma_pages, totalcma);
}

static int __init cma_suite_init(struct kunit_suite *suite)
{
	/* The initramfs allocates and frees pages, in areas too. */
	wait_for_initramfs();
	first_totalcma = totalcma_pages;
	first_free_cma = free_cma_pages();
	return 0;
}

static struct kunit_case __refdata cma_cases[] = {
	KUNIT_CASE(cma_names),
	KUNIT_CASE(cma_without_memory_is_dead),
	KUNIT_CASE(cma_across_zones_is_dead),
	KUNIT_CASE(cma_accepts_memory),
	KUNIT_CASE(cma_serves_once_active),
	KUNIT_CASE(cma_init_reserved_mem_arguments),
	KUNIT_CASE(cma_declare_contiguous_arguments),
	KUNIT_CASE(cma_of_reserved_memory),
	KUNIT_CASE_PARAM(cma_round_trips, all_orders_gen_params),
	KUNIT_CASE_PARAM(cma_fills_up, all_orders_gen_params),
	KUNIT_CASE(cma_refuses_to_allocate),
	KUNIT_CASE_PARAM(cma_folios, two_orders_gen_params),
	KUNIT_CASE_PARAM(cma_takes_parts_back, all_orders_gen_params),
	KUNIT_CASE_PARAM(cma_refuses_wrong_releases, two_orders_gen_params),
	KUNIT_CASE(cma_refuses_torn_folios),
	KUNIT_CASE(cma_releases_once),
	KUNIT_CASE(cma_free_ranges),
	KUNIT_CASE(cma_free_folios),
	KUNIT_CASE(cma_free_ranges_refused),
	KUNIT_CASE(cma_puts_what_is_not_held),
	KUNIT_CASE(cma_inspects_pages),
	KUNIT_CASE(cma_extends_page_state),
	KUNIT_CASE(cma_claim_learns),
	KUNIT_CASE(cma_goes_round_stuck_pages),
	KUNIT_CASE_PARAM(cma_does_not_wait, two_orders_gen_params),
	KUNIT_CASE(cma_in_atomic_context),
	KUNIT_CASE(cma_serves_dma_in_atomic_context),
	KUNIT_CASE(cma_of_two_ranges),
	KUNIT_CASE(cma_of_bad_range_serves),
	KUNIT_CASE(cma_gives_up_blocks),
	KUNIT_CASE(cma_gives_up_torn_blocks),
	KUNIT_CASE(cma_leaves_early_pages),
	KUNIT_CASE(cma_gives_early),
	KUNIT_CASE(cma_gives_early_from_end),
	KUNIT_CASE(cma_leaves_no_trace),
	KUNIT_CASE(cma_any_number),
	{}
};

static struct kunit_suite __refdata cma_suite = {
	.name = "cma",
	.suite_init = cma_suite_init,
	.test_cases = cma_cases,
};

kunit_test_init_section_suites(&cma_suite);
