// SPDX-License-Identifier: GPL-2.0
/*
 * Take a window from its borrowers
 *
 * alloc_contig_range() does that, with all the patience it has. Here is what goes
 * round it: allocations that would empty the same pageblocks go one after the other,
 * and after -EBUSY it is decided whether another try has a chance.
 *
 * Most of what keeps a page from moving is gone in a moment: a reader, a fault, I/O
 * under way. So an allocation goes on, in one place after the other, for as long as
 * trying every place there is would take. It ends earlier only if a page is in the way
 * whichever place it takes, and has kept its references for a second, in this
 * allocation or in those before it. Areas remember such pages, so that one whose
 * reference was leaked makes one allocation wait, and not each.
 */

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "internal.h"
#include "cma.h"

/* Claims that there are at least, however few places. */
#define MIN_CLAIMS	5

/* A page is watched for 2 ms, then 8, then 16 each time. */
#define FIRST_WATCH_MS	2
#define MAX_WATCH_MS	16

/* A page that kept its references for so long is expected to go on keeping them. */
#define STAYS		HZ
/* All other places are tried before one with such a page. */
#define STAYS_WEIGHT	64

#define REMEMBERED	64

/**
 * struct cma_stuck - a page that was in the way, the first of its folio
 * @pfn: page; 0 if the entry is free
 * @refs: references it had
 * @since: when it was first in the way, in jiffies; it has had as many since
 */
struct cma_stuck {
	unsigned long pfn;
	int refs;
	unsigned long since;
};

/*
 * What a claim is emptying. Two that isolate blocks which the page allocator may
 * merge into one can make each other fail, so of those that overlap the one that
 * came first goes first. All others go on side by side.
 */
struct cma_claim {
	struct list_head node;
	unsigned long start;
	unsigned long end;
};

static LIST_HEAD(cma_claims);			/* in the order of their coming */
static DEFINE_SPINLOCK(cma_claims_lock);	/* guards cma_claims */
static DECLARE_WAIT_QUEUE_HEAD(cma_claims_wait);

/* On another CPU the clock may be behind. */
static u64 elapsed(u64 since)
{
	return max_t(s64, local_clock() - since, 0);
}

static bool overlap(const struct cma_claim *claim, unsigned long start,
		    unsigned long end)
{
	return claim->start < end && start < claim->end;
}

static bool may_begin(const struct cma_claim *claim)
{
	const struct cma_claim *it;
	bool first = true;

	spin_lock_irq(&cma_claims_lock);
	list_for_each_entry(it, &cma_claims, node) {
		if (it == claim)
			break;
		first &= !overlap(it, claim->start, claim->end);
	}
	spin_unlock_irq(&cma_claims_lock);
	return first;
}

static int begin_claim(struct cma_claim *claim)
{
	spin_lock_irq(&cma_claims_lock);
	list_add_tail(&claim->node, &cma_claims);
	spin_unlock_irq(&cma_claims_lock);

	return wait_event_killable(cma_claims_wait, may_begin(claim));
}

static void end_claim(struct cma_claim *claim)
{
	spin_lock_irq(&cma_claims_lock);
	list_del(&claim->node);
	spin_unlock_irq(&cma_claims_lock);
	wake_up_all(&cma_claims_wait);
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
	const struct cma_claim *it;
	bool claimed = false;
	unsigned long flags;

	if (list_empty_careful(&cma_claims))
		return false;

	spin_lock_irqsave(&cma_claims_lock, flags);
	list_for_each_entry(it, &cma_claims, node)
		claimed |= overlap(it, start, end);
	spin_unlock_irqrestore(&cma_claims_lock, flags);
	return claimed;
}

/* The first page that is not free, or that was not when all had been migrated. */
static unsigned long find_blocker(unsigned long pfn, unsigned long end)
{
	unsigned long used = 0;
	struct cma_sight sight;

	for (; pfn < end; pfn = sight.end) {
		cma_look(pfn, &sight);
		if (sight.use >= CMA_BATCHED)
			return sight.head;
		if (sight.use != CMA_FREE && !used)
			used = sight.head;
	}

	return used ?: end - 1;
}

/**
 * cma_claim() - allocate a range, moving borrowed pages away
 * @rq: the allocation; what was moved, and the page that did not, is noted in it
 * @start: first PFN
 *
 * Context: process context, sleeps. Waits for claims that empty neighbouring
 * blocks; takes the locks of page migration.
 * Return: 0 when the pages are the caller's; -EBUSY if a page did not move, -ENOMEM
 * if there is no memory to move pages to, -EINTR if the task is being killed.
 */
int cma_claim(struct cma_request *rq, unsigned long start)
{
	unsigned long end = start + rq->count;
	struct contig_result result = { };
	struct cma_claim claim = {
		.start = ALIGN_DOWN(start, MAX_ORDER_NR_PAGES),
		.end = ALIGN(end, MAX_ORDER_NR_PAGES),
	};
	u64 begun;
	int ret;

	ret = begin_claim(&claim);
	begun = local_clock();
	if (!ret)
		ret = alloc_contig_range_result(start, end, MIGRATE_CMA, rq->gfp,
						&result);
	else
		ret = -EINTR;
	end_claim(&claim);

	rq->claims++;
	rq->claimed_ns += elapsed(begun);
	rq->moved += result.migrated;
	if (ret == -EBUSY)
		rq->blocker = result.busy ?: find_blocker(start, end);
	return ret;
}

/* Return: whether it has fewer references than it had when this began. */
static bool watch(unsigned long pfn, unsigned int ms)
{
	const struct page *page = pfn_to_page(pfn);
	int refs = page_ref_count(page);
	u64 begun = local_clock();

	do {
		usleep_range_state(200, 400, TASK_KILLABLE);
		if (page_ref_count(page) < refs)
			return true;
	} while (elapsed(begun) < ms * NSEC_PER_MSEC &&
		 !fatal_signal_pending(current));

	return false;
}

/* How many references keep a page? 0 if it may well be that none does. */
static int busy_refs(unsigned long pfn)
{
	struct cma_sight sight;

	cma_look(pfn, &sight);
	return sight.use == CMA_BUSY ? page_ref_count(pfn_to_page(pfn)) : 0;
}

/* Return: since when it is known to be in the way, with no fewer references. */
static unsigned long remember(struct cma *cma, unsigned long pfn)
{
	unsigned long flags, since = jiffies;
	struct cma_stuck *it = NULL;
	int refs = busy_refs(pfn);

	if (!cma->stuck || !refs)
		return since;

	spin_lock_irqsave(&cma->lock, flags);
	for (unsigned int i = 0; i < REMEMBERED && !it; i++) {
		if (cma->stuck[i].pfn == pfn)
			it = &cma->stuck[i];
	}
	if (!it)
		it = &cma->stuck[cma->next_stuck++ % REMEMBERED];
	if (it->pfn == pfn && it->refs <= refs)
		since = it->since;
	*it = (struct cma_stuck){ .pfn = pfn, .refs = refs, .since = since };
	spin_unlock_irqrestore(&cma->lock, flags);
	return since;
}

static void forget(struct cma *cma, unsigned long pfn)
{
	unsigned long flags;

	spin_lock_irqsave(&cma->lock, flags);
	for (unsigned int i = 0; cma->stuck && i < REMEMBERED; i++) {
		if (cma->stuck[i].pfn == pfn)
			cma->stuck[i].pfn = 0;
	}
	spin_unlock_irqrestore(&cma->lock, flags);
}

/* If there is no memory for it, the page is met with once more. */
static unsigned long add_weight(struct cma_request *rq, unsigned long pfn,
				unsigned long more)
{
	void *weight = xa_load(&rq->obstacles, pfn);

	if (weight)
		more += xa_to_value(weight);
	xa_store(&rq->obstacles, pfn, xa_mk_value(more),
		 (rq->gfp & GFP_KERNEL) | __GFP_NOWARN);
	return more;
}

/**
 * cma_recall_obstacles() - begin with what earlier allocations have met
 * @cma: area
 * @rq: an allocation that begins to claim; its obstacles are empty
 *
 * Context: process context. Takes cma->lock.
 */
void cma_recall_obstacles(struct cma *cma, struct cma_request *rq)
{
	struct cma_stuck it;
	unsigned long flags;

	for (unsigned int i = 0; cma->stuck && i < REMEMBERED; i++) {
		spin_lock_irqsave(&cma->lock, flags);
		it = cma->stuck[i];
		spin_unlock_irqrestore(&cma->lock, flags);
		if (!it.pfn)
			continue;
		if (busy_refs(it.pfn) < it.refs)
			forget(cma, it.pfn);
		else
			add_weight(rq, it.pfn, time_after(jiffies, it.since + STAYS) ?
					       STAYS_WEIGHT : 1);
	}
}

/**
 * cma_persevere() - is there hope, after a claim that returned -EBUSY?
 * @cma: area
 * @rq: the allocation
 *
 * If the page that was in the way had been before, no place is without such a page.
 * Then it is watched, and waited for.
 *
 * Context: process context, sleeps. Takes cma->lock.
 * Return: 0 to try again; -EBUSY to give up; -EINTR if the task is being killed.
 */
int cma_persevere(struct cma *cma, struct cma_request *rq)
{
	unsigned long since = remember(cma, rq->blocker);

	if (add_weight(rq, rq->blocker, 1) > 1) {
		unsigned int ms = min(FIRST_WATCH_MS << 2 * min(rq->waits++, 2),
				      MAX_WATCH_MS);
		u64 waited, begun = local_clock();
		bool less = watch(rq->blocker, ms);

		waited = elapsed(begun);
		rq->waited_ns += waited;
		cma_note_wait(cma, rq->obstacle, waited);
		if (less)
			forget(cma, rq->blocker);
		else if (time_after(jiffies, since + STAYS))
			return -EBUSY;
	}
	if (fatal_signal_pending(current))
		return -EINTR;

	/* Would one claim in every place have taken so long? */
	if (rq->claims >= MIN_CLAIMS &&
	    div64_ul(rq->claimed_ns + rq->waited_ns, cma_count_places(cma, rq)) >=
	    div64_ul(rq->claimed_ns, rq->claims))
		return -EBUSY;

	return 0;
}

/**
 * cma_claim_init() - remember from now on what is in the way
 * @cma: area that is about to be activated
 *
 * Context: boot.
 */
void __init cma_claim_init(struct cma *cma)
{
	cma->stuck = kcalloc(REMEMBERED, sizeof(*cma->stuck), GFP_KERNEL);
}
