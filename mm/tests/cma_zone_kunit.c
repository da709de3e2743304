// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what zones span that areas are moved to and from
 */

#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "../cma.h"
#include "../cma_zone.h"

static void expect_span(struct kunit *test, const struct cma_span *span,
			unsigned long start, unsigned long end)
{
	KUNIT_EXPECT_EQ(test, span->start, start);
	KUNIT_EXPECT_EQ(test, span->end, end);
}

/* In whatever order areas come, the zone spans from the first to the last of them. */
static void zone_spans_all(struct kunit *test)
{
	static const unsigned long at[] = { 512, 4096, 9216 };
	static const unsigned int orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(orders); i++) {
		struct cma_span span = { };

		for (unsigned int j = 0; j < 3; j++)
			cma_span_join(&span, at[orders[i][j]], at[orders[i][j]] + 1024);
		expect_span(test, &span, 512, 10240);
	}
}

/* A zone that is empty may say that it starts anywhere. */
static void zone_spans_only_what_it_has(struct kunit *test)
{
	struct cma_span span = { 100, 100 };

	cma_span_join(&span, 512, 1024);
	expect_span(test, &span, 512, 1024);
	cma_span_join(&span, 600, 700);
	expect_span(test, &span, 512, 1024);
	cma_span_join(&span, 1024, 2048);
	expect_span(test, &span, 512, 2048);
	cma_span_join(&span, 0, 512);
	expect_span(test, &span, 0, 2048);
	cma_span_join(&span, ULONG_MAX - 511, ULONG_MAX);
	expect_span(test, &span, 0, ULONG_MAX);
}

static void zone_is_trimmed_at_its_ends(struct kunit *test)
{
	struct cma_span span = { 1000, 9000 };

	/* In the midst, beside it, and elsewhere */
	KUNIT_EXPECT_FALSE(test, cma_span_trim(&span, 3000, 4000));
	KUNIT_EXPECT_FALSE(test, cma_span_trim(&span, 0, 1000));
	KUNIT_EXPECT_FALSE(test, cma_span_trim(&span, 9000, 10000));
	KUNIT_EXPECT_FALSE(test, cma_span_trim(&span, 20000, 30000));
	expect_span(test, &span, 1000, 9000);

	KUNIT_EXPECT_TRUE(test, cma_span_trim(&span, 1000, 2000));
	expect_span(test, &span, 2000, 9000);
	KUNIT_EXPECT_TRUE(test, cma_span_trim(&span, 8000, 9000));
	expect_span(test, &span, 2000, 8000);
	/* The area reaches into another zone. */
	KUNIT_EXPECT_TRUE(test, cma_span_trim(&span, 1500, 2500));
	expect_span(test, &span, 2500, 8000);
	KUNIT_EXPECT_TRUE(test, cma_span_trim(&span, 7000, 8500));
	expect_span(test, &span, 2500, 7000);
	/* What was in the midst can be at an end later. */
	KUNIT_EXPECT_TRUE(test, cma_span_trim(&span, 2500, 3000));
	KUNIT_EXPECT_TRUE(test, cma_span_trim(&span, 3000, 4000));
	expect_span(test, &span, 4000, 7000);
}

static void zone_is_trimmed_to_nothing(struct kunit *test)
{
	static const struct cma_span areas[] = {
		{ 1000, 9000 }, { 0, 9000 }, { 1000, 9999 }, { 0, 9999 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(areas); i++) {
		struct cma_span span = { 1000, 9000 };

		KUNIT_EXPECT_TRUE(test, cma_span_trim(&span, areas[i].start, areas[i].end));
		KUNIT_EXPECT_EQ(test, span.start, span.end);
		KUNIT_EXPECT_FALSE(test, cma_span_trim(&span, areas[i].start, areas[i].end));
	}
}

static int check_range(struct kunit *test, struct cma *cma, const struct cma_map *map)
{
	struct page *page = pfn_to_page(map->base_pfn);
	struct zone *zone = page_zone(page);

	for (unsigned long pfn = cma_lent_start(map); pfn < cma_lent_end(map); pfn++) {
		if (page_zone(pfn_to_page(pfn)) != zone || !zone_spans_pfn(zone, pfn)) {
			KUNIT_FAIL(test, "page %#lx of %s is in zone %s of node %d", pfn,
				   cma->name, page_zone(pfn_to_page(pfn))->name,
				   page_to_nid(pfn_to_page(pfn)));
			return 1;
		}
	}

	return 0;
}

static int check_area(struct cma *cma, void *data)
{
	const struct cma_map *map;

	if (cma->state != CMA_ACTIVE)
		return 0;

	cma_for_each_map(map, cma) {
		if (check_range(data, cma, map))
			return 1;
	}

	return 0;
}

/* Wherever areas are on this machine, each range is of one zone, which spans it. */
static void zone_has_whole_ranges(struct kunit *test)
{
	cma_for_each_area(check_area, test);
}

/* What a zone has is neither more than it spans nor less than it manages. */
static void zone_has_what_it_says(struct kunit *test)
{
	struct zone *zone;

	for_each_populated_zone(zone) {
		KUNIT_EXPECT_LE(test, zone->present_pages, zone->spanned_pages);
		KUNIT_EXPECT_LE(test, zone_managed_pages(zone), zone->present_pages);
		KUNIT_EXPECT_LE(test, zone_cma_pages(zone), zone_managed_pages(zone));
		KUNIT_EXPECT_LE(test, zone_end_pfn(zone), pgdat_end_pfn(zone->zone_pgdat));
		KUNIT_EXPECT_GE(test, zone->zone_start_pfn, zone->zone_pgdat->node_start_pfn);
	}
}

static struct kunit_case zone_cases[] = {
	KUNIT_CASE(zone_spans_all),
	KUNIT_CASE(zone_spans_only_what_it_has),
	KUNIT_CASE(zone_is_trimmed_at_its_ends),
	KUNIT_CASE(zone_is_trimmed_to_nothing),
	KUNIT_CASE(zone_has_whole_ranges),
	KUNIT_CASE(zone_has_what_it_says),
	{}
};

static struct kunit_suite zone_suite = {
	.name = "cma_zone",
	.test_cases = zone_cases,
};

kunit_test_suite(zone_suite);
