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
#include <linux/minmax.h>
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

/* Hotplug looks for the ends of a zone in steps of a subsection. */
#ifdef CONFIG_MEMORY_HOTPLUG
#define ALIGNMENT	max(pageblock_nr_pages, PAGES_PER_SUBSECTION)
#else
#define ALIGNMENT	pageblock_nr_pages
#endif

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

/* Pages of a node that memblock has in a range, whatever regions these are in */
static unsigned long __init count_memory(int nid, unsigned long start, unsigned long end)
{
	unsigned long first, last, pages = 0;
	int i;

	for_each_mem_pfn_range(i, nid, &first, &last, NULL) {
		first = max(first, start);
		last = min(last, end);
		pages += first < last ? last - first : 0;
	}

	return pages;
}

/*
 * Can a range be moved as a whole? Struct pages of gigantic pages from boot may not be set
 * up yet, but these lie in one zone with the first one of the range, which is.
 * Return: NULL, and the pages are counted by zone; or what is wrong.
 */
static const char *__init count_pages(const struct cma_map *map, int nid,
				      unsigned long pages[MAX_NR_ZONES])
{
	unsigned long start = cma_lent_start(map), end = cma_lent_end(map);
	struct zone *zones = NODE_DATA(nid)->node_zones;
	unsigned long others = 0;

	if (!IS_ALIGNED(start | end, ALIGNMENT))
		return "not aligned to pageblocks";
	if (count_memory(nid, start, end) != end - start)
		return "not all memory, or on several nodes";

	for (unsigned long pfn = start; pfn < end; pfn++) {
		bool early = cma_map_is_early(map, pfn);
		struct page *page = pfn_to_page(early ? map->base_pfn : pfn);

		if (!early && !PageReserved(page))
			return "not all reserved any more";
		if (page_to_nid(page) != nid)
			return "on several nodes";
		pages[page_zonenum(page)]++;
		if (pageblock_aligned(pfn))
			cond_resched();
	}

	if (pages[ZONE_MOVABLE] == end - start)
		return NULL;
	for (int i = 0; i < ZONE_MOVABLE; i++) {
		/* There, memory of ZONE_MOVABLE is taken for high memory. */
		if (pages[i] && !IS_ENABLED(CONFIG_64BIT) && !is_highmem(&zones[i]))
			return "low memory, which a 32-bit kernel cannot have in that zone";
		/* With kernelcore=mirror, some may be counted for ZONE_MOVABLE. */
		if (pages[i] > zones[i].present_pages)
			return "more than their zone counts";
		others += zones[i].present_pages - pages[i];
	}
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

		/* Of a page that is not set up, this is replaced by what its folio has. */
		set_page_zone(page, ZONE_MOVABLE);
		if (!pageblock_aligned(pfn))
			continue;
		/* As all memory at boot, until the area is activated */
		if (!cma_map_is_early(map, pfn))
			set_pageblock_migratetype(page, MIGRATE_MOVABLE);
		cond_resched();
	}

	for (int i = 0; i < ZONE_MOVABLE; i++) {
		add_present(&zone->zone_pgdat->node_zones[i], -pages[i]);
		add_present(zone, pages[i]);
	}

	return true;
}

/* A range that was moved, of a node */
struct moved_range {
	struct moved_range *next;
	int nid;
	unsigned long start;
	unsigned long end;
};

/* Has any changed its zone since zonelists were built? */
static struct moved_range *moved __initdata;

static const char *__init try_range(const struct cma_map *map, int nid)
{
	struct zone *zone = &NODE_DATA(nid)->node_zones[ZONE_MOVABLE];
	unsigned long pages[MAX_NR_ZONES] = { };
	const char *wrong = count_pages(map, nid, pages);
	struct moved_range *range;

	/* It may be there already, with movablecore=. */
	if (wrong || pages[ZONE_MOVABLE] == cma_lent_pages(map))
		return wrong;

	range = kmalloc(sizeof(*range), GFP_KERNEL);
	if (!range || !move_range(map, zone, pages)) {
		kfree(range);
		return "not moved, for want of memory";
	}
	*range = (struct moved_range){ moved, nid, cma_lent_start(map), cma_lent_end(map) };
	moved = range;
	return NULL;
}

static int __init move_area(struct cma *cma, void *data)
{
	const struct cma_map *map;

	if (cma->state != CMA_REGISTERED)
		return 0;

	cma_for_each_map(map, cma) {
		int nid = early_pfn_to_nid(map->base_pfn);
		struct moved_range *before = moved;
		const char *wrong = try_range(map, nid);

		if (wrong)
			pr_err("cma_zone=movable: %#lx-%#lx (PFNs) of area %s stay where they are: they are %s\n",
			       map->base_pfn, map->base_pfn + map->count - 1, cma->name,
			       wrong);
		else if (moved != before)
			pr_info("area %s: %lu KiB moved to ZONE_MOVABLE of node %d\n", cma->name,
				cma_lent_pages(map) << (PAGE_SHIFT - 10), nid);
	}

	return 0;
}

/* A zone does not span what was moved from its ends. */
static void __init trim_zone(struct zone *zone)
{
	struct cma_span span = zone_span(zone);
	unsigned long flags;
	bool again;

	do {
		again = false;
		for (struct moved_range *range = moved; range; range = range->next) {
			if (range->nid == zone_to_nid(zone))
				again |= cma_span_trim(&span, range->start, range->end);
		}
	} while (again);

	if (!zone->present_pages)
		span = (struct cma_span){ };
	/* Types of pageblocks may be found by their distance from the start. */
	else if (!IS_ENABLED(CONFIG_SPARSEMEM))
		span.start = zone->zone_start_pfn;
	spin_lock_irqsave(&zone->lock, flags);
	set_zone_span(zone, &span);
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
	for_each_zone(zone) {
		if (moved && zone_idx(zone) < ZONE_MOVABLE && !zone_is_empty(zone))
			trim_zone(zone);
	}
}

/*
 * The areas are active now, so that their pages are counted. Watermarks, reserves and the
 * thresholds of counters are set for all zones at postcore_initcall time.
 */
static int __init cma_zone_use(void)
{
	int ungrouped = page_group_by_mobility_disabled;
	struct moved_range *range;

	if (!moved)
		return 0;

	build_all_zonelists(NULL);
	/* Decided at boot, when memory that is reserved counted, too */
	page_group_by_mobility_disabled = ungrouped;
	while ((range = moved)) {
		moved = range->next;
		kfree(range);
	}

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

	if (!static_branch_unlikely(&cma_zone_used))
		return false;

	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (page && page_zone(page) == zone)
			return false;
	}

	return true;
}

static int has_page(struct cma *cma, void *data)
{
	const unsigned long *pfn = data;
	const struct cma_map *map;

	cma_for_each_map(map, cma) {
		if (*pfn >= cma_lent_start(map) && *pfn < cma_lent_end(map))
			return true;
	}

	return false;
}

/**
 * cma_zone_intersects() - would a zone span some of the memory if there were no areas?
 * @zone: zone
 * @pfn: first page frame of the memory
 * @nr_pages: how many
 *
 * What lies between areas is not meant for their zone.
 *
 * Context: process context, while no memory goes online or offline.
 * Return: true if it would; what zone_intersects() returns where no area was moved.
 */
bool cma_zone_intersects(struct zone *zone, unsigned long pfn, unsigned long nr_pages)
{
	const unsigned long step = min(pageblock_nr_pages, PAGES_PER_SUBSECTION);
	unsigned long end = zone_end_pfn(zone), next;
	struct cma_span span = { };

	if (!static_branch_unlikely(&cma_zone_used) || !zone_intersects(zone, pfn, nr_pages))
		return zone_intersects(zone, pfn, nr_pages);

	for (unsigned long at = zone->zone_start_pfn; at < end; at = next) {
		struct page *page = pfn_to_online_page(at);

		next = min(ALIGN(at + 1, step), end);
		if (page && page_zone(page) == zone && !cma_for_each_area(has_page, &at))
			cma_span_join(&span, at, next);
		cond_resched();
	}

	return pfn < span.end && pfn + nr_pages > span.start;
}
#endif
