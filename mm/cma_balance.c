// SPDX-License-Identifier: GPL-2.0
/*
 * Balancing: memory that can move makes room for memory that cannot
 *
 * Free pages of areas are of no use to allocations that are not movable. When memory runs
 * short elsewhere, movable pages from there are moved into areas: by kswapd before it
 * reclaims, and by an allocation before it has a process killed.
 *
 * Nothing is moved back. Pages are moved only as long as less than the high watermark is
 * free outside of areas, so a node with enough memory has none moved. While an allocation
 * moves pages out of an area of its node, kswapd does not move others in.
 */

#include <linux/cma.h>
#include <linux/cpuset.h>
#include <linux/list.h>
#include <linux/memory_hotplug.h>
#include <linux/migrate.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>
#include <linux/pagemap.h>
#include <linux/psi.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/vmstat.h>
#include <trace/events/cma.h>

#include "internal.h"
#include "cma.h"
#include "cma_balance.h"
#include "cma_claim.h"
#include "cma_headroom.h"
#include "cma_page.h"
#include "cma_sysfs.h"

/* Pages that are moved at a time; what is missing then is seen anew. */
#define MOVED_AT_ONCE	1024
/* Pages that kswapd searches at a time; what it does not find, it reclaims. */
#define SEARCHED_AT_ONCE	(32 * MOVED_AT_ONCE)

/*
 * Where many pages are found and none may move, as in a page cache of block devices,
 * searching costs more than reclaim. After the nth search of this kind kswapd leaves out
 * 2^n calls, up to this n.
 */
#define MOST_LEFT_OUT	3

/*
 * To find the last free pages of areas takes longer than to reclaim as many: kswapd leaves
 * one page in this many to allocations.
 */
#define LEFT_FREE	64

/**
 * struct balance - pages of a node that are being moved into areas
 * @cc: which pages are isolated, and from where
 * @pgdat: node
 * @need: an allocation would fail otherwise
 * @highest_zoneidx: pages of higher zones would make room of no use
 * @blocks: pageblocks that may still be searched for pages to move
 * @refused: pages found that may not be moved
 * @wanted: pages to be moved
 * @moved: pages moved
 * @pfn: where to look for a free page of an area
 * @start: start of the range that it is in, with all of the first pageblock
 * @end: end of that range, likewise
 */
struct balance {
	struct compact_control cc;
	pg_data_t *pgdat;
	bool need;
	int highest_zoneidx;
	unsigned long blocks;
	unsigned long refused;
	unsigned long wanted;
	unsigned long moved;
	unsigned long pfn;
	unsigned long start;
	unsigned long end;
};

/* Where each node is searched next. A hint: kswapd and allocations may both set it. */
static unsigned long search_pfn[MAX_NUMNODES];

/* Searches in vain of each node, and calls still to be left out. A hint, too. */
static struct {
	unsigned int in_vain;
	unsigned int left_out;
} searches[MAX_NUMNODES];

/* Free pages of a zone that an allocation of any kind can have */
static unsigned long usable_pages(struct zone *zone)
{
	unsigned long free = zone_page_state(zone, NR_FREE_PAGES);

	return free - min(free, zone_page_state(zone, NR_FREE_CMA_PAGES));
}

static unsigned long missing_in(struct zone *zone)
{
	unsigned long high = high_wmark_pages(zone);

	return high - min(high, usable_pages(zone));
}

/*
 * A free page of the range. Borrowers are packed: from the last pageblock to the first, so
 * that others stay empty.
 */
static struct folio *take_target(struct folio *src, unsigned long data)
{
	struct balance *b = (struct balance *)data;
	struct cma_page_state state;

	/* It is split then. */
	if (folio_test_large(src))
		return NULL;

	while (b->pfn < b->end) {
		unsigned long pfn = b->pfn, block = pageblock_start_pfn(pfn);

		cma_inspect_page(pfn, &state);
		b->pfn = state.use == CMA_FREE ? pfn + 1 : state.end;
		/* After the last page of a block comes the first of the block before it. */
		if (b->pfn >= block + pageblock_nr_pages) {
			b->pfn = block > b->start ? block - pageblock_nr_pages : b->end;
			cond_resched();
		}
		if (state.use == CMA_FREE &&
		    take_free_range(pfn, 1, GFP_HIGHUSER_MOVABLE) == pfn + 1)
			return pfn_folio(pfn);
	}

	return NULL;
}

/**
 * cma_may_borrow() - may memory move into areas, whoever they lend to?
 * @folio: referenced by the caller, and not locked
 *
 * Areas are for pages that can be moved out again: those of user space.
 *
 * Context: process context.
 * Return: true if it may; false also if somebody has locked it.
 */
bool cma_may_borrow(struct folio *folio)
{
	const gfp_t movable = __GFP_MOVABLE | __GFP_HIGHMEM;
	struct address_space *mapping;
	bool may;

	if (__folio_test_movable(folio))
		return false;
	/* Who locks memory may not expect to wait for a page fault. */
	if (!sysctl_compact_unevictable_allowed &&
	    (folio_test_unevictable(folio) || folio_test_mlocked(folio)))
		return false;
	if (folio_test_anon(folio))
		return true;

	/* Without the lock, the mapping may be freed. */
	if (!folio_trylock(folio))
		return false;
	mapping = folio_mapping(folio);
	may = folio_test_swapcache(folio) ||
	      (mapping && (mapping_gfp_mask(mapping) & movable) == movable);
	folio_unlock(folio);
	return may;
}

/**
 * cma_put_back_others() - leave isolated memory alone that is not to be moved
 * @pages: isolated folios; on return, those that are wanted
 * @wanted: is a folio to be moved?
 *
 * Context: process context.
 */
void cma_put_back_others(struct list_head *pages, bool (*wanted)(struct folio *folio))
{
	struct folio *folio, *next;
	LIST_HEAD(others);

	list_for_each_entry_safe(folio, next, pages, lru) {
		if (!wanted(folio))
			list_move(&folio->lru, &others);
	}
	putback_movable_pages(&others);
}

/* Is it worth it to move pages away from there? */
static bool is_wanted(const struct balance *b, struct page *page)
{
	struct zone *zone = page_zone(page);

	return page_to_nid(page) == b->pgdat->node_id &&
	       zone_idx(zone) <= b->highest_zoneidx && zone_idx(zone) != ZONE_MOVABLE &&
	       missing_in(zone) && !is_migrate_cma_page(page) &&
	       !is_migrate_isolate_page(page);
}

/* Isolate some pages of the node that may be moved. Return: whether there are any. */
static bool isolate_some(struct balance *b)
{
	unsigned long start = b->pgdat->node_start_pfn;
	unsigned long end = pgdat_end_pfn(b->pgdat);
	unsigned long pfn = READ_ONCE(search_pfn[b->pgdat->node_id]);

	while (b->blocks && list_empty(&b->cc.migratepages)) {
		unsigned long stop;
		struct page *page;
		int ret;

		if (pfn < start || pfn >= end)
			pfn = start;
		stop = min(pageblock_end_pfn(pfn), end);
		page = pfn_to_online_page(pfn);
		if (!page || !is_wanted(b, page)) {
			pfn = stop;
			b->blocks--;
			cond_resched();
			continue;
		}

		b->cc.zone = page_zone(page);
		b->cc.nr_migratepages = 0;
		b->cc.contended = false;
		b->cc.migrate_pfn = stop;
		ret = isolate_migratepages_range(&b->cc, pfn, stop);
		pfn = b->cc.migrate_pfn;
		cma_put_back_others(&b->cc.migratepages, cma_may_borrow);
		if (list_empty(&b->cc.migratepages))
			b->refused += b->cc.nr_migratepages;
		if (ret)
			break;
		if (pfn >= stop)
			b->blocks--;
	}

	WRITE_ONCE(search_pfn[b->pgdat->node_id], pfn);
	return !list_empty(&b->cc.migratepages);
}

/* What moves pages out of an area is not to compete with what moves others in. */
static bool should_yield(const struct balance *b)
{
	return !b->need && cma_is_claimed(b->pgdat->node_start_pfn, pgdat_end_pfn(b->pgdat));
}

/*
 * Move pages into an area, from that page of it on, or from its end. Return: false if it
 * has no room, so that others can be tried.
 */
static bool fill(struct balance *b, struct cma *cma, unsigned long from)
{
	for (unsigned int i = cma->nr_ranges; i--;) {
		struct cma_map *map = &cma->ranges[i];
		unsigned long flags;

		b->start = cma_lent_start(map);
		b->end = cma_lent_end(map);
		if (pfn_to_nid(map->base_pfn) != b->pgdat->node_id ||
		    (from && (from < b->start || from >= b->end)))
			continue;
		b->pfn = from ?: b->end - pageblock_nr_pages;
		from = 0;
		while (b->pfn < b->end && b->moved < b->wanted && !should_yield(b) &&
		       isolate_some(b)) {
			unsigned int moved = 0;

			migrate_pages(&b->cc.migratepages, take_target, NULL,
				      (unsigned long)b, b->cc.mode, MR_COMPACTION, &moved);
			putback_movable_pages(&b->cc.migratepages);
			b->moved += moved;
			spin_lock_irqsave(&cma->lock, flags);
			cma_count_balanced(cma, moved);
			spin_unlock_irqrestore(&cma->lock, flags);
			count_vm_events(CMA_BALANCE_MOVED, moved);
		}
		if (b->pfn < b->end) {
			WRITE_ONCE(cma->balance_pfn, b->pfn);
			return true;
		}
	}

	return false;
}

static int move_into(struct cma *cma, void *data)
{
	unsigned long hint = READ_ONCE(cma->balance_pfn);

	/* An area that callers hold, or that is kept ready for them, need not be walked. */
	if (cma->state != CMA_ACTIVE || cma_available_pages(cma) <= cma_ready_pages(cma))
		return false;
	/* What is free behind the hint comes last. */
	return (hint && fill(data, cma, hint)) || fill(data, cma, 0);
}

static unsigned long free_cma_pages(pg_data_t *pgdat)
{
	unsigned long pages = 0;

	for (int i = 0; i < MAX_NR_ZONES; i++)
		pages += zone_page_state(pgdat->node_zones + i, NR_FREE_CMA_PAGES);

	return pages;
}

/* Are there too few free pages in areas for kswapd to look for them? */
static bool is_full(pg_data_t *pgdat, unsigned long room)
{
	unsigned long pages = 0;

	for (int i = 0; i < MAX_NR_ZONES; i++)
		pages += zone_cma_pages(pgdat->node_zones + i);

	/* Most of them may be held. */
	return room < min(pages / LEFT_FREE, MOVED_AT_ONCE);
}

/* Pages that zones up to that one lack to the high watermark */
static unsigned long missing_pages(pg_data_t *pgdat, int highest_zoneidx)
{
	unsigned long pages = 0;

	for (int i = 0; i <= highest_zoneidx && i < ZONE_MOVABLE; i++) {
		struct zone *zone = pgdat->node_zones + i;

		if (managed_zone(zone))
			pages += missing_in(zone);
	}

	return pages;
}

static bool is_left_out(pg_data_t *pgdat)
{
	unsigned int left_out = READ_ONCE(searches[pgdat->node_id].left_out);

	if (left_out)
		WRITE_ONCE(searches[pgdat->node_id].left_out, left_out - 1);
	return left_out;
}

static void note_search(const struct balance *b)
{
	unsigned int in_vain = READ_ONCE(searches[b->pgdat->node_id].in_vain);
	bool vain = !b->moved && b->refused >= MOVED_AT_ONCE;

	WRITE_ONCE(searches[b->pgdat->node_id].left_out, vain ? 1U << in_vain : 0);
	if (vain || b->moved)
		WRITE_ONCE(searches[b->pgdat->node_id].in_vain,
			   vain ? min(in_vain + 1, MOST_LEFT_OUT) : 0);
}

/* If need be, all of the node is searched, and large folios are split. */
static unsigned long balance(pg_data_t *pgdat, int highest_zoneidx, gfp_t gfp, bool need)
{
	unsigned long room = free_cma_pages(pgdat);
	struct balance b = {
		.cc = {
			.gfp_mask = gfp,
			.order = need ? MAX_PAGE_ORDER + 1 : 1,
			.mode = MIGRATE_ASYNC,
			.ignore_skip_hint = true,
			.no_set_skip_hint = true,
			.migratepages = LIST_HEAD_INIT(b.cc.migratepages),
		},
		.pgdat = pgdat,
		.need = need,
		.highest_zoneidx = highest_zoneidx,
		.blocks = DIV_ROUND_UP(need ? pgdat->node_spanned_pages : SEARCHED_AT_ONCE,
				       pageblock_nr_pages) + 1,
	};

	b.wanted = min3(missing_pages(pgdat, highest_zoneidx), room, MOVED_AT_ONCE);
	if (!b.wanted || should_yield(&b) ||
	    (!need && (is_full(pgdat, room) || is_left_out(pgdat))))
		return 0;

	/* Pages on their way to an LRU list cannot be isolated. */
	lru_add_drain();
	cma_for_each_area(move_into, &b);
	/* What was freed is on per-CPU lists, where watermarks do not see it. */
	if (need && b.moved)
		drain_all_pages(NULL);
	if (!need || b.moved)
		note_search(&b);
	trace_cma_balance(pgdat->node_id, highest_zoneidx, b.wanted, b.moved);
	return b.moved;
}

/**
 * cma_balance_node() - move pages of a node into areas, so that fewer need be reclaimed
 * @pgdat: node
 * @highest_zoneidx: highest zone that has too little free memory
 *
 * Large folios stay as they are. Only part of the node is searched; the next call
 * continues from there, unless it is left out because others have found nothing.
 *
 * Context: kswapd.
 * Return: pages that are free now outside of areas; 0 if the node has enough, no area has
 * room, none was found that can move, or an allocation moves pages out of an area.
 */
unsigned long cma_balance_node(pg_data_t *pgdat, int highest_zoneidx)
{
	return balance(pgdat, highest_zoneidx, GFP_KERNEL, false);
}

/**
 * cma_balance_for() - make room for an allocation that cannot have pages of areas
 * @gfp: its flags; without __GFP_FS only anonymous pages are moved
 * @alloc_flags: the page allocator's flags for it
 * @ac: where it may have pages from
 *
 * To be tried before a process is killed. Large folios are split.
 *
 * Context: process context, may sleep, but does not wait for locks of pages or for I/O.
 * Return: whether there is more free memory now.
 */
bool cma_balance_for(gfp_t gfp, unsigned int alloc_flags, const struct alloc_context *ac)
{
	unsigned int noreclaim = memalloc_noreclaim_save();
	pg_data_t *last = NULL;
	unsigned long pflags, moved = 0;
	struct zoneref *z;
	struct zone *zone;

	psi_memstall_enter(&pflags);
	for_each_zone_zonelist_nodemask(zone, z, ac->zonelist, ac->highest_zoneidx,
					ac->nodemask) {
		if (zone->zone_pgdat == last ||
		    (cpusets_enabled() && (alloc_flags & ALLOC_CPUSET) &&
		     !__cpuset_zone_allowed(zone, gfp)))
			continue;
		last = zone->zone_pgdat;
		moved = balance(last, ac->highest_zoneidx, gfp, true);
		/* So can kswapd, even if it had nothing to reclaim. */
		if (moved)
			last->kswapd_failures = 0;
		if (moved || fatal_signal_pending(current))
			break;
	}
	psi_memstall_leave(&pflags);
	memalloc_noreclaim_restore(noreclaim);
	if (moved)
		count_vm_event(CMA_BALANCE_SAVED);
	return moved;
}
