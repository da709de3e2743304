// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the headroom of contiguous memory areas
 */

#include <kunit/test.h>
#include <linux/cma.h>
#include <linux/delay.h>
#include <linux/initrd.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>

#include "../cma.h"
#include "../cma_headroom.h"
#include "../cma_page.h"
#include "../cma_place.h"
#include "../internal.h"
#include "cma_kunit.h"

#define PAGES		(2 * MAX_ORDER_NR_PAGES)
#define HEADROOM	64

static struct cma *area;
static unsigned long base;

/* Pages of the area that are neither in use nor on a free list */
static unsigned long detached(void)
{
	unsigned long pages = 0;
	struct cma_page_state state;

	drain_all_pages(NULL);
	for (unsigned long pfn = base; pfn < base + PAGES; pfn = state.end) {
		cma_inspect_page(pfn, &state);
		pages += state.use == CMA_CACHED;
	}

	return pages;
}

/* The worker has as long as it may need. */
static void __init expect_ready(struct kunit *test, unsigned long pages)
{
	for (unsigned int i = 0; i < 500 && cma_ready_pages(area) != pages; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, cma_ready_pages(area), pages);
}

static void __init set_headroom(struct kunit *test, unsigned long pages)
{
	KUNIT_ASSERT_EQ(test, cma_set_headroom(area, pages), 0);
	expect_ready(test, pages);
}

static void __init begin(struct kunit *test)
{
	if (!area) {
		area = cma_kunit_make_area(test, PAGES, "kunit headroom");
		base = area->ranges[0].base_pfn;
	}
	set_headroom(test, 0);
}

static void __init headroom_is_not_free(struct kunit *test)
{
	begin(test);
	set_headroom(test, HEADROOM);
	KUNIT_EXPECT_EQ(test, cma_longest_ready_run(area), HEADROOM);
	KUNIT_EXPECT_EQ(test, detached(), HEADROOM);
	/* But an allocation can have it. */
	KUNIT_EXPECT_EQ(test, cma_available_pages(area), PAGES);

	set_headroom(test, 2 * HEADROOM);
	KUNIT_EXPECT_EQ(test, detached(), 2 * HEADROOM);
	KUNIT_EXPECT_EQ(test, cma_longest_ready_run(area), 2 * HEADROOM);
	set_headroom(test, 5);
	KUNIT_EXPECT_EQ(test, detached(), 5);
	set_headroom(test, 0);
	KUNIT_EXPECT_EQ(test, detached(), 0);
	KUNIT_EXPECT_EQ(test, cma_set_headroom(area, PAGES + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, cma_headroom_pages(area), 0);
}

static void __init headroom_of_whole_area(struct kunit *test)
{
	struct page *page;

	begin(test);
	set_headroom(test, PAGES);
	KUNIT_EXPECT_EQ(test, detached(), PAGES);
	page = cma_alloc(area, PAGES, 0, false);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, cma_ready_pages(area), 0);
	KUNIT_EXPECT_TRUE(test, cma_release(area, page, PAGES));
	KUNIT_EXPECT_EQ(test, cma_ready_pages(area), PAGES);
	set_headroom(test, 0);
	KUNIT_EXPECT_EQ(test, detached(), 0);
}

static void __init headroom_serves_first(struct kunit *test)
{
	unsigned long pfn;
	struct page *page;

	begin(test);
	set_headroom(test, HEADROOM);
	pfn = cma_map_unit_pfn(&area->ranges[0],
			       cma_map_find(area->ranges[0].ready, 0, HEADROOM, 0));
	/* Ready pages have no holder, so they cannot be released. */
	KUNIT_EXPECT_FALSE(test, cma_release(area, pfn_to_page(pfn), 1));
	KUNIT_EXPECT_EQ(test, page_ref_count(pfn_to_page(pfn)), 0);

	page = cma_alloc(area, HEADROOM, 0, false);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, page_to_pfn(page), pfn);
	for (unsigned long i = 0; i < HEADROOM; i++)
		KUNIT_EXPECT_EQ(test, page_ref_count(nth_page(page, i)), 1);
	/* It is made good in the background ... */
	expect_ready(test, HEADROOM);
	/* ... and what comes back is not needed then. */
	KUNIT_EXPECT_TRUE(test, cma_release(area, page, HEADROOM));
	expect_ready(test, HEADROOM);

	page = cma_alloc_nowait(area, HEADROOM / 2, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, cma_release(area, page, HEADROOM / 2));
	KUNIT_EXPECT_GE(test, cma_ready_pages(area), HEADROOM);
	expect_ready(test, HEADROOM);
	set_headroom(test, 0);
}

/* A part is ready, a part is free; and no page is lost that was ready in vain. */
static void __init headroom_serves_partly(struct kunit *test)
{
	unsigned long stuck = 0;
	struct page *page;
	u64 partly;

	begin(test);
	set_headroom(test, HEADROOM);
	partly = cma_served(area, CMA_PARTLY_READY);
	page = cma_alloc(area, PAGES, 0, false);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, cma_ready_pages(area), 0);
	KUNIT_EXPECT_EQ(test, cma_served(area, CMA_PARTLY_READY), partly + 1);
	KUNIT_EXPECT_TRUE(test, cma_release(area, page, PAGES));
	expect_ready(test, HEADROOM);

	/* There is a page that does not move. */
	for (unsigned long pfn = base; pfn < base + PAGES && !stuck; pfn++) {
		if (take_free_range(pfn, 1, GFP_KERNEL) == pfn + 1)
			stuck = pfn;
	}
	KUNIT_ASSERT_NE(test, stuck, 0);
	KUNIT_EXPECT_NULL(test, cma_alloc(area, PAGES, 0, true));
	expect_ready(test, HEADROOM);
	KUNIT_EXPECT_EQ(test, detached(), HEADROOM);
	KUNIT_EXPECT_EQ(test, put_free_range(stuck, 1), 0);
	set_headroom(test, 0);
	KUNIT_EXPECT_EQ(test, detached(), 0);
}

/* There is no run of that length, so it is as many shorter ones as it takes. */
static void __init headroom_in_pieces(struct kunit *test)
{
	const unsigned long third = PAGES / 3, wanted = PAGES - PAGES / 8;
	struct page *page[3];

	begin(test);
	for (unsigned int i = 0; i < 3; i++) {
		page[i] = cma_alloc(area, third, 0, false);
		KUNIT_ASSERT_NOT_NULL(test, page[i]);
	}
	KUNIT_ASSERT_EQ(test, cma_set_headroom(area, wanted), 0);
	KUNIT_EXPECT_TRUE(test, cma_release(area, page[0], third));
	KUNIT_EXPECT_TRUE(test, cma_release(area, page[2], third));
	expect_ready(test, cma_available_pages(area));
	KUNIT_EXPECT_STREQ(test, cma_short_of_headroom(area), "no room");
	KUNIT_EXPECT_GE(test, cma_longest_ready_run(area), third);
	/* Now there is. */
	KUNIT_EXPECT_TRUE(test, cma_release(area, page[1], third));
	expect_ready(test, wanted);
	for (unsigned int i = 0; i < 500 && cma_longest_ready_run(area) < wanted; i++)
		msleep(20);
	KUNIT_EXPECT_GE(test, cma_longest_ready_run(area), wanted);
	KUNIT_EXPECT_STREQ(test, cma_short_of_headroom(area), "no");
	set_headroom(test, 0);
}

/* Once it has seen that pieces do not suit the buffers asked for, it has others. */
static void __init headroom_in_whole_buffers(struct kunit *test)
{
	const unsigned long buffer = HEADROOM, run = 5 * buffer / 2;
	struct page *all, *page[4];
	u64 wholly = 0;

	begin(test);
	all = cma_alloc(area, PAGES, 0, false);
	KUNIT_ASSERT_NOT_NULL(test, all);
	/* Three runs, each for two buffers and a half; together they could hold seven. */
	for (unsigned int i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, cma_release(area, nth_page(all, i * (run + 1)), run));
	set_headroom(test, 4 * buffer);

	for (unsigned int burst = 0; burst < 10 && wholly < 4; burst++) {
		wholly = cma_served(area, CMA_READY);
		for (unsigned int i = 0; i < 4; i++) {
			page[i] = cma_alloc(area, buffer, 0, false);
			KUNIT_ASSERT_NOT_NULL(test, page[i]);
		}
		wholly = cma_served(area, CMA_READY) - wholly;
		for (unsigned int i = 0; i < 4; i++)
			KUNIT_EXPECT_TRUE(test, cma_release(area, page[i], buffer));
		expect_ready(test, 4 * buffer);
	}
	KUNIT_EXPECT_EQ(test, wholly, 4);

	set_headroom(test, 0);
	for (unsigned int i = 0; i < 2; i++)
		KUNIT_EXPECT_TRUE(test, cma_release(area, nth_page(all, i * (run + 1) + run), 1));
	KUNIT_EXPECT_TRUE(test, cma_release(area, nth_page(all, 3 * run + 2),
					    PAGES - 3 * run - 2));
}

/* A ready page that fails is not handed out, and the others are not lost. */
static void __init headroom_without_failed_memory(struct kunit *test)
{
	struct cma_map *map;
	struct page *page, *bad;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "memory does not fail without CONFIG_MEMORY_FAILURE");
	begin(test);
	map = &area->ranges[0];
	set_headroom(test, HEADROOM);
	bad = pfn_to_page(cma_map_unit_pfn(map, cma_map_find(map->ready, 0, HEADROOM, 0)) +
			  HEADROOM / 2);
	SetPageHWPoison(bad);

	page = cma_alloc(area, HEADROOM, 0, false);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_TRUE(test, bad < page || bad >= page + HEADROOM);
	KUNIT_EXPECT_EQ(test, page_ref_count(bad), 1);
	KUNIT_EXPECT_TRUE(test, cma_release(area, page, HEADROOM));
	expect_ready(test, HEADROOM);
	set_headroom(test, 0);
	KUNIT_EXPECT_EQ(test, detached(), 0);

	ClearPageHWPoison(bad);
	KUNIT_EXPECT_EQ(test, put_free_range(page_to_pfn(bad), 1), 0);
}

static void __init headroom_for_a_while(struct kunit *test)
{
	begin(test);
	set_headroom(test, 5);
	KUNIT_EXPECT_EQ(test, cma_prepare(area, PAGES + 1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, cma_prepare(NULL, 1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, cma_prepare(area, HEADROOM, 400), 0);
	expect_ready(test, HEADROOM + 5);
	expect_ready(test, 5);
	set_headroom(test, 0);
}

static void __init headroom_tests_leave_no_trace(struct kunit *test)
{
	if (!area)
		kunit_skip(test, "there was no area");

	set_headroom(test, 0);
	cma_kunit_retire(test, area);
	area = NULL;
}

static int __init headroom_suite_init(struct kunit_suite *suite)
{
	/* Its pages come and go, in areas too. */
	wait_for_initramfs();
	return 0;
}

static struct kunit_case __refdata headroom_cases[] = {
	KUNIT_CASE(headroom_is_not_free),
	KUNIT_CASE(headroom_of_whole_area),
	KUNIT_CASE(headroom_serves_first),
	KUNIT_CASE(headroom_serves_partly),
	KUNIT_CASE(headroom_in_pieces),
	KUNIT_CASE(headroom_in_whole_buffers),
	KUNIT_CASE(headroom_without_failed_memory),
	KUNIT_CASE(headroom_for_a_while),
	KUNIT_CASE(headroom_tests_leave_no_trace),
	{}
};

static struct kunit_suite __refdata headroom_suite = {
	.name = "cma_headroom",
	.suite_init = headroom_suite_init,
	.test_cases = headroom_cases,
};

kunit_test_init_section_suites(&headroom_suite);
