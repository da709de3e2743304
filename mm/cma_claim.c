// SPDX-License-Identifier: GPL-2.0
/*
 * Take pages from those who have borrowed them
 *
 * What alloc_contig_range() does, with what an area knows beside it: pages are
 * looked at before any of them is moved; caches are emptied only when a page is
 * in one; and if a page does not go, the allocation learns which.
 */

#include <linux/hugetlb.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/migrate.h>
#include <linux/minmax.h>
#include <linux/page-isolation.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/swap.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "internal.h"
#include "cma.h"

/*
 * Pages that are isolated at a time: more than compaction takes, so that TLBs are
 * flushed less often, and not so many that reclaim takes them for too many.
 */
#define BATCH		clamp(SZ_1M >> PAGE_SHIFT, 32, 256)

/* How often migration, which itself tries several times, is asked to go on. */
#define MAX_MIGRATIONS	3

/* Waiting twice as long each time, from a millisecond on, makes 63. */
#define MAX_WAITS	6

/*
 * Pages that an allocation is emptying. Two that isolate blocks which the page
 * allocator may merge into one can make each other fail, so these take turns;
 * all others go on side by side.
 */
struct cma_turn {
	struct list_head node;
	unsigned long start;
	unsigned long end;
};

static LIST_HEAD(cma_turns);
static DEFINE_SPINLOCK(cma_turns_lock);		/* guards cma_turns */
static DECLARE_WAIT_QUEUE_HEAD(cma_turns_wait);

static bool begin_turn(struct cma_turn *turn)
{
	struct cma_turn *other;
	bool free = true;

	spin_lock_irq(&cma_turns_lock);
	list_for_each_entry(other, &cma_turns, node)
		free &= turn->end <= other->start || other->end <= turn->start;
	if (free)
		list_add(&turn->node, &cma_turns);
	spin_unlock_irq(&cma_turns_lock);
	return free;
}

/**
 * cma_is_claimed() - would a claim wait for another one?
 * @start: first PFN
 * @end: PFN behind the last one
 *
 * Context: any.
 * Return: true if it would just now.
 */
bool cma_is_claimed(unsigned long start, unsigned long end)
{
	struct cma_turn *other;
	bool claimed = false;
	unsigned long flags;

	if (list_empty_careful(&cma_turns))
		return false;

	spin_lock_irqsave(&cma_turns_lock, flags);
	list_for_each_entry(other, &cma_turns, node)
		claimed |= start < other->end && other->start < end;
	spin_unlock_irqrestore(&cma_turns_lock, flags);
	return claimed;
}

static void end_turn(struct cma_turn *turn)
{
	spin_lock_irq(&cma_turns_lock);
	list_del(&turn->node);
	spin_unlock_irq(&cma_turns_lock);
	wake_up_all(&cma_turns_wait);
}

/* No window with this folio will be tried again, at least not at once. */
static int learn(struct cma_request *rq, unsigned long head)
{
	rq->blocker = head;
	/* No memory, not even for this: then there is none to move pages to. */
	return xa_err(xa_store(&rq->obstacles, head, xa_mk_value(1),
			       rq->move_gfp & GFP_KERNEL)) ?: -EBUSY;
}

/* Caches are emptied once, unless it was waited, and only if a page seems to be in one. */
static bool empty_lru_batches(struct cma_request *rq)
{
	if (rq->emptied_lru)
		return false;

	rq->emptied_lru = true;
	lru_add_drain_all();
	return true;
}

static bool empty_free_lists(struct cma_request *rq, struct zone *zone)
{
	if (rq->emptied_pcp)
		return false;

	rq->emptied_pcp = true;
	drain_all_pages(zone);
	return true;
}

/* Look for what would make all that follows vain. */
static int look_ahead(struct cma_request *rq, struct zone *zone,
		      unsigned long pfn, unsigned long end)
{
	struct cma_sight sight;

	for (unsigned int looks = 1; pfn < end; pfn = sight.end, looks++) {
		if (!(looks % 1024))
			cond_resched();
		cma_look(pfn, &sight);
		if (sight.use == CMA_CACHED && empty_free_lists(rq, zone))
			cma_look(pfn, &sight);
		if (sight.use == CMA_BATCHED && empty_lru_batches(rq))
			cma_look(pfn, &sight);
		if (sight.use == CMA_CACHED || sight.use > CMA_MOVABLE ||
		    (sight.needs_fs && !(rq->move_gfp & __GFP_FS)))
			return learn(rq, sight.head);
	}

	return 0;
}

static int move_isolated(struct cma_request *rq, struct compact_control *cc)
{
	struct migration_target_control target = {
		.nid = zone_to_nid(cc->zone),
		.gfp_mask = rq->move_gfp,
		.reason = MR_CONTIG_RANGE,
	};
	struct folio *folio;
	int ret = 0;

	reclaim_clean_pages_from_list(cc->zone, &cc->migratepages);
	for (int i = 0; i < MAX_MIGRATIONS && ret != -ENOMEM &&
	     !list_empty(&cc->migratepages); i++) {
		unsigned int moved = 0;

		ret = migrate_pages(&cc->migratepages, alloc_migration_target,
				    NULL, (unsigned long)&target, MIGRATE_SYNC,
				    MR_CONTIG_RANGE, &moved);
		rq->moved += moved;
	}

	if (list_empty(&cc->migratepages))
		return 0;

	list_for_each_entry(folio, &cc->migratepages, lru) {
		if (ret != -ENOMEM)
			ret = learn(rq, folio_pfn(folio));
	}
	putback_movable_pages(&cc->migratepages);
	return ret;
}

static int move_away(struct cma_request *rq, struct zone *zone,
		     unsigned long pfn, unsigned long end)
{
	struct compact_control cc = {
		.order = -1,
		.zone = zone,
		.mode = MIGRATE_SYNC,
		.gfp_mask = rq->move_gfp,
		.ignore_skip_hint = true,
		.no_set_skip_hint = true,
		.alloc_contig = true,
		/* All of a batch. */
		.finish_pageblock = true,
		.migratepages = LIST_HEAD_INIT(cc.migratepages),
	};

	while (pfn < end) {
		int ret, moved;

		if (fatal_signal_pending(current))
			return -EINTR;

		cc.nr_migratepages = 0;
		ret = isolate_migratepages_range(&cc, pfn, min(end, pfn + BATCH));
		pfn = cc.migrate_pfn;
		moved = move_isolated(rq, &cc);
		if (ret && ret != -EAGAIN)
			return ret;
		if (moved)
			return moved;
	}

	return 0;
}

/**
 * cma_claim() - allocate a range, moving away who has borrowed it
 * @rq: the allocation; what is in the way is noted in it
 * @start: first PFN
 *
 * Context: process context, sleeps. Waits for others that empty neighbouring
 * blocks; takes the locks of page migration.
 * Return: 0 when the pages are the caller's; -EBUSY if a page does not go, with
 * which no range is to be tried again in this allocation; -ENOMEM if there is no
 * memory to move pages to, -EINTR if the task is being killed.
 */
int cma_claim(struct cma_request *rq, unsigned long start)
{
	unsigned long first, found, end = start + rq->count;
	struct zone *zone = page_zone(pfn_to_page(start));
	struct cma_turn turn = {
		.start = ALIGN_DOWN(start, MAX_ORDER_NR_PAGES),
		.end = ALIGN(end, MAX_ORDER_NR_PAGES),
	};
	struct cma_sight sight;
	int ret;

	if (wait_event_killable(cma_turns_wait, begin_turn(&turn)))
		return -EINTR;

	/* From here on nobody borrows what is free in these blocks. */
	ret = start_isolate_page_range(start, end, MIGRATE_CMA, 0, rq->move_gfp);
	if (ret) {
		ret = learn(rq, start);
		goto out;
	}

	ret = look_ahead(rq, zone, start, end);
	if (ret)
		goto out_undo;

	/* A folio goes as a whole, but not out of blocks that are not isolated. */
	cma_look(start, &sight);
	first = max(sight.head, pageblock_start_pfn(start));
	ret = move_away(rq, zone, first, end);
	if (ret)
		goto out_undo;

	/* They are freed by a worker. */
	wait_for_freed_hugetlb_folios();

	found = take_free_range(start, rq->count, MIGRATE_ISOLATE, rq->gfp);
	if (found != end && empty_free_lists(rq, zone))
		found = take_free_range(start, rq->count, MIGRATE_ISOLATE, rq->gfp);
	if (found != end) {
		cma_look(found, &sight);
		ret = learn(rq, sight.head);
	}

out_undo:
	undo_isolate_page_range(start, end, MIGRATE_CMA);
out:
	end_turn(&turn);
	return ret;
}

/**
 * cma_await_unpinning() - wait, if there is hope, for pages that cannot move
 * @rq: the allocation; it forgets what was in its way
 *
 * I/O under way pins pages for some milliseconds. And a page in an LRU batch has
 * one reference more than can be accounted for.
 *
 * Context: process context, sleeps.
 * Return: 0 to look again, -EBUSY if it was waited for long enough, -EINTR if
 * the task is being killed.
 */
int cma_await_unpinning(struct cma_request *rq)
{
	if (rq->waits == MAX_WAITS)
		return -EBUSY;

	/* The first time, emptying the batches may be all that it takes. */
	if (rq->emptied_lru)
		schedule_timeout_killable(msecs_to_jiffies(1 << rq->waits++));
	if (fatal_signal_pending(current))
		return -EINTR;

	rq->emptied_lru = false;
	rq->emptied_pcp = false;
	empty_lru_batches(rq);
	xa_destroy(&rq->obstacles);
	return 0;
}
