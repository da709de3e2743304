// SPDX-License-Identifier: GPL-2.0
/*
 * Areas in ZONE_MOVABLE
 *
 * Pages of areas are free for movable memory only, but count as free memory of a zone that
 * others want, too. With cma_zone=movable they are moved to ZONE_MOVABLE of their node. All
 * who allocate there can have them, so that watermarks, reclaim and the order of zones need
 * no exception for them.
 *
 * That happens when all struct pages have been set up, while the pages of areas are still
 * reserved: nobody has allocated or freed one, and there are no counters of the old zone
 * to correct but those of memory that is present. Devices for blocks of memory, which
 * remember their zone, come later; so do folios of gigantic pages, whose tails, with struct
 * pages that are shared, could not be changed any more.
 *
 * The new zone may lie in the midst of another one. Each pageblock is of one zone, though,
 * and whoever walks a zone looks at the pages, because zones have always been interleaved
 * on some machines, as with kernelcore=mirror.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/cma.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kconfig.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "internal.h"
#include "cma.h"
#include "cma_zone.h"

/* Does cma_zone=movable apply? */
DEFINE_STATIC_KEY_FALSE(cma_zone_used);

static bool wanted __initdata;
/* Has the memory of a zone changed since zonelists were built? */
static bool moved __initdata;

static int __init cma_early_zone(char *arg)
{
	if (!arg || strcmp(arg, "movable")) {
		pr_err("cma_zone=%s ignored; expected \"movable\"\n", arg ?: "");
		return -EINVAL;
	}

	wanted = true;
	return 0;
}
early_param("cma_zone", cma_early_zone);

static struct cma_span zone_span(const struct zone *zone)
{
	return (struct cma_span){ zone->zone_start_pfn, zone_end_pfn(zone) };
}

static void __init set_zone_span(struct zone *zone, const struct cma_span *span)
{
	zone_span_writelock(zone);
	zone->zone_start_pfn = span->start;
	zone->spanned_pages = span->end - span->start;
	zone_span_writeunlock(zone);
}

#ifdef CONFIG_SPARSEMEM
/* Types of pageblocks belong to sections. */
static bool __init grow_zone(struct zone *zone, const struct cma_span *span)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	set_zone_span(zone, span);
	spin_unlock_irqrestore(&zone->lock, flags);
	return true;
}
#else
/* Types of pageblocks belong to the zone, from the first one on. */
static unsigned long __init nr_block_bits(const struct cma_span *span)
{
	unsigned long blocks = ALIGN(span->end, pageblock_nr_pages) -
			       pageblock_start_pfn(span->start);

	return (blocks >> pageblock_order) * NR_PAGEBLOCK_BITS;
}

static bool __init grow_zone(struct zone *zone, const struct cma_span *span)
{
	struct cma_span old = zone_span(zone), before = { span->start, old.start };
	unsigned long *types = bitmap_zalloc(nr_block_bits(span), GFP_KERNEL);
	unsigned long flags;

	if (!types)
		return false;

	/* The types before are of memblock, and are not freed. */
	spin_lock_irqsave(&zone->lock, flags);
	if (old.start < old.end) {
		bitmap_copy(types, zone->pageblock_flags, nr_block_bits(&old));
		if (pageblock_start_pfn(span->start) < pageblock_start_pfn(old.start)) {
			before.end = pageblock_start_pfn(old.start);
			bitmap_shift_left(types, types, nr_block_bits(&before),
					  nr_block_bits(span));
		}
	}
	zone->pageblock_flags = types;
	set_zone_span(zone, span);
	spin_unlock_irqrestore(&zone->lock, flags);
	return true;
}
#endif

/*
 * Can a range be moved as a whole? Struct pages of gigantic pages from boot may not be set
 * up yet, but these lie in one zone with the first one of the range, which is.
 * Return: NULL, and the pages are counted by zone; or what is wrong.
 */
static const char *__init count_pages(const struct cma_map *map,
				      unsigned long pages[MAX_NR_ZONES])
{
	unsigned long start = cma_lent_start(map), end = cma_lent_end(map);
	unsigned long others = 0;
	pg_data_t *pgdat;

	/* Pageblocks may have become larger. */
	if (!IS_ALIGNED(start | end, pageblock_nr_pages))
		return "not aligned to pageblocks";
	if (!memblock_is_region_memory(PFN_PHYS(start), PFN_PHYS(end - start)))
		return "not all memory, or on several nodes";

	pgdat = page_pgdat(pfn_to_page(map->base_pfn));
	for (unsigned long pfn = start; pfn < end; pfn++) {
		bool early = cma_map_is_early(map, pfn);
		struct page *page = pfn_to_page(early ? map->base_pfn : pfn);

		if (!early && !PageReserved(page))
			return "not all reserved any more";
		if (page_pgdat(page) != pgdat)
			return "on several nodes";
		/* There, memory of ZONE_MOVABLE is taken for high memory. */
		if (!IS_ENABLED(CONFIG_64BIT) && !is_highmem(page_zone(page)))
			return "low memory, which a 32-bit kernel cannot have in that zone";
		pages[page_zonenum(page)]++;
		if (pageblock_aligned(pfn))
			cond_resched();
	}

	for (int i = 0; i < ZONE_MOVABLE; i++)
		others += pgdat->node_zones[i].present_pages - pages[i];
	if (!others)
		return "all that the kernel has on this node";

	return NULL;
}

/* What is present in a zone, and what was so at boot, which is the same now */
static void __init add_present(struct zone *zone, long pages)
{
	zone->present_pages += pages;
#ifdef CONFIG_MEMORY_HOTPLUG
	zone->present_early_pages += pages;
#endif
}

static bool __init move_range(const struct cma_map *map, struct zone *zone,
			      const unsigned long pages[MAX_NR_ZONES])
{
	unsigned long start = cma_lent_start(map), end = cma_lent_end(map);
	struct cma_span span = zone_span(zone);

	cma_span_join(&span, start, end);
	if (zone_is_empty(zone))
		init_currently_empty_zone(zone, span.start, span.end - span.start);
	if (!grow_zone(zone, &span))
		return false;
	if (!populated_zone(zone))
		setup_zone_pageset(zone);

	for (unsigned long pfn = start; pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);

		set_page_zone(page, ZONE_MOVABLE);
		if (!pageblock_aligned(pfn))
			continue;
		/* As all memory at boot, until the area is activated */
		set_pageblock_migratetype(page, MIGRATE_MOVABLE);
		cond_resched();
	}

	for (int i = 0; i < ZONE_MOVABLE; i++) {
		add_present(&zone->zone_pgdat->node_zones[i], -pages[i]);
		add_present(zone, pages[i]);
	}

	return true;
}

static int __init move_area(struct cma *cma, void *data)
{
	const struct cma_map *map;

	if (cma->state != CMA_REGISTERED)
		return 0;

	cma_for_each_map(map, cma) {
		unsigned long pages[MAX_NR_ZONES] = { };
		const char *wrong = count_pages(map, pages);
		struct page *page = pfn_to_page(map->base_pfn);
		struct zone *zone = &page_pgdat(page)->node_zones[ZONE_MOVABLE];

		/* It may be there already, with movablecore=. */
		if (!wrong && pages[ZONE_MOVABLE] == cma_lent_pages(map))
			continue;
		if (!wrong && !move_range(map, zone, pages))
			wrong = "without a map of pageblocks, for want of memory";
		if (wrong) {
			pr_err("cma_zone=movable: %#lx-%#lx (PFNs) of area %s stay where they are: they are %s\n",
			       map->base_pfn, map->base_pfn + map->count - 1, cma->name,
			       wrong);
			continue;
		}
		moved = true;
		pr_info("area %s: %lu KiB moved to ZONE_MOVABLE of node %d\n", cma->name,
			cma_lent_pages(map) << (PAGE_SHIFT - 10), zone_to_nid(zone));
	}

	return 0;
}

/* The zone that a span is of, and what is left of it */
struct trimmed {
	struct zone *zone;
	struct cma_span span;
	bool again;
};

static int __init trim_by_area(struct cma *cma, void *data)
{
	struct trimmed *trimmed = data;
	const struct cma_map *map;

	if (cma->state != CMA_REGISTERED)
		return 0;

	cma_for_each_map(map, cma) {
		struct zone *zone = page_zone(pfn_to_page(map->base_pfn));

		if (zone->zone_pgdat == trimmed->zone->zone_pgdat &&
		    zone_idx(zone) == ZONE_MOVABLE)
			trimmed->again |= cma_span_trim(&trimmed->span, cma_lent_start(map),
							cma_lent_end(map));
	}

	return 0;
}

/* A zone does not span what was moved from its ends. */
static void __init trim_zone(struct zone *zone)
{
	struct trimmed trimmed = { .zone = zone, .span = zone_span(zone) };
	unsigned long flags;

	do {
		trimmed.again = false;
		cma_for_each_area(trim_by_area, &trimmed);
	} while (trimmed.again);

	if (!zone->present_pages)
		trimmed.span = (struct cma_span){ };
	/* Types of pageblocks may be found by their distance from the start. */
	else if (!IS_ENABLED(CONFIG_SPARSEMEM))
		trimmed.span.start = zone->zone_start_pfn;
	spin_lock_irqsave(&zone->lock, flags);
	set_zone_span(zone, &trimmed.span);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/**
 * cma_zone_move() - move the pages of areas to the zone that they are to be in
 *
 * An area, or a range of it, that cannot be moved as a whole is logged and stays as it is.
 *
 * Context: boot, when all struct pages have been set up, but for those of gigantic pages;
 * before anybody looks whether zones are contiguous.
 */
void __init cma_zone_move(void)
{
	struct zone *zone;

	if (!wanted)
		return;

	static_branch_enable(&cma_zone_used);
	cma_for_each_area(move_area, NULL);
	if (!moved)
		return;

	for_each_zone(zone) {
		if (zone_idx(zone) < ZONE_MOVABLE && !zone_is_empty(zone))
			trim_zone(zone);
	}
}

/*
 * The areas are active now, so that their pages are counted. Watermarks, reserves and the
 * thresholds of counters are set for all zones at postcore_initcall time.
 */
static int __init cma_zone_use(void)
{
	if (moved)
		build_all_zonelists(NULL);
	return 0;
}
core_initcall_sync(cma_zone_use);

#ifdef CONFIG_MEMORY_HOTPLUG
/**
 * cma_zone_skips() - does a zone span memory of which it has none?
 * @zone: zone
 * @pfn: first page frame of the memory
 * @nr_pages: how many
 *
 * Context: any, while the memory does not change.
 * Return: true if areas are moved between zones and none of the pages are in @zone; false
 * also if no area is.
 */
bool cma_zone_skips(const struct zone *zone, unsigned long pfn, unsigned long nr_pages)
{
	unsigned long end = pfn + nr_pages;
	unsigned long step = min(pageblock_nr_pages, PAGES_PER_SUBSECTION);

	if (!static_branch_unlikely(&cma_zone_used))
		return false;

	for (; pfn < end; pfn += step) {
		struct page *page = pfn_to_online_page(pfn);

		if (page && page_zone(page) == zone)
			return false;
	}

	return true;
}
#endif
