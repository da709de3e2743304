// SPDX-License-Identifier: GPL-2.0
/*
 * Take a window from its borrowers
 *
 * alloc_contig_range() does the work, as persistently as it can. This file adds what
 * is needed around it: allocations that would empty the same pageblocks exclude each
 * other, and after a failure it is decided whether another try has a chance.
 *
 * Most of what keeps a page from moving is gone in a moment: a reader, a fault, I/O
 * in flight. So an allocation tries one place after another, as many times as there
 * are places, and a few times more if that is quick. It gives up earlier only if every
 * place has a page that has kept its references for a second, during this allocation or
 * those shortly before it. Areas remember such pages, so that a leaked reference makes
 * one allocation wait instead of all of them.
 */

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/swap.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "internal.h"
#include "cma.h"
#include "cma_claim.h"
#include "cma_failure.h"
#include "cma_page.h"
#include "cma_place.h"

/*
 * Number of claims allowed, however few places there are; if claims take long, only one
 * per place.
 */
#define MIN_CLAIMS	8
#define MIN_CLAIMS_NS	(2 * NSEC_PER_SEC)

/* How long a page is watched at a time, and in all unless claims have taken longer. */
#define WATCH_NS	(16 * NSEC_PER_MSEC)
#define WATCHES_NS	(40 * NSEC_PER_MSEC)

/* A page that has kept its references for this long is expected to keep them ... */
#define STAYS		HZ
/* ... unless it was last met longer ago than this: it may have lost them since. */
#define FRESH		(10 * HZ)

#define REMEMBERED	64

/**
 * struct cma_stuck - a page that was in the way, the first of its folio
 * @pfn: page; 0 if the entry is free
 * @excess: references that nothing explains; 0 if something else keeps it in place, as
 *	a journal does with the buffers of a block
 * @since: when it was first in the way, in jiffies; each time since, it had at least
 *	@excess references that nothing explains
 * @seen: when it was last in the way, in jiffies
 */
struct cma_stuck {
	unsigned long pfn;
	int excess;
	unsigned long since;
	unsigned long seen;
};

/*
 * The range that a claim empties. Two claims that isolate blocks which the page
 * allocator may merge into one can make each other fail, so claims that overlap run
 * in order of arrival. All others run in parallel.
 */
struct cma_claim {
	struct list_head node;
	unsigned long start;
	unsigned long end;
};

static LIST_HEAD(cma_claims);			/* in order of arrival */
static DEFINE_SPINLOCK(cma_claims_lock);	/* guards cma_claims */
static DECLARE_WAIT_QUEUE_HEAD(cma_claims_wait);

/* The clock of another CPU may be behind. */
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
 * cma_is_claimed() - would a claim have to wait for another one?
 * @start: first PFN
 * @end: PFN after the last one
 *
 * Context: any.
 * Return: true if it would have to wait now.
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

/* The first page that is hard to move, else the first in use, else the last page. */
static unsigned long find_blocker(unsigned long pfn, unsigned long end)
{
	unsigned long used = 0;
	struct cma_page_state state;

	for (; pfn < end; pfn = state.end) {
		cma_inspect_page(pfn, &state);
		if (state.use >= CMA_BATCHED)
			return state.head;
		if (state.use != CMA_FREE && !used)
			used = state.head;
	}

	return used ?: end - 1;
}

/**
 * cma_claim() - allocate a range, moving borrowed pages away
 * @rq: the allocation; receives how many pages were moved, and the page that was not
 * @start: first PFN
 *
 * Context: process context, sleeps. Waits for claims that empty neighbouring
 * blocks; takes the locks that page migration takes.
 * Return: 0 when the pages are the caller's; -EBUSY if a page did not move, -ENOMEM
 * if there is no memory to move pages to, -EINTR if the task is being killed.
 */
int cma_claim(struct cma_request *rq, unsigned long start)
{
	unsigned long end = start + rq->count;
	struct contig_result result = { .async = rq->async };
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
	if (ret == -EBUSY || ret == -ENOMEM) {
		/* What did not migrate is in an LRU batch of this CPU, which hides why. */
		lru_add_drain();
		rq->blocker = result.busy ?: find_blocker(start, end);
	}
	return ret;
}

/* How many references of a page nothing explains; also stores its state. */
static int excess_refs(unsigned long pfn, struct cma_page_state *state)
{
	cma_inspect_page(pfn, state);
	return state->use == CMA_BUSY ? state->excess : 0;
}

/* Return: true if the page has lost an unexplained reference meanwhile. */
static bool watch(unsigned long pfn)
{
	struct cma_page_state state;
	int excess = excess_refs(pfn, &state);
	u64 begun = local_clock();

	while (excess && elapsed(begun) < WATCH_NS && !fatal_signal_pending(current)) {
		if (excess_refs(pfn, &state) < excess)
			return true;
		usleep_range_state(200, 400, TASK_KILLABLE);
	}

	return false;
}

static bool is_stale(const struct cma_stuck *it)
{
	return !it->pfn || time_after(jiffies, it->seen + FRESH);
}

/* The entry of a page, or the least valuable one to replace. */
static struct cma_stuck *find_entry(struct cma *cma, unsigned long pfn)
{
	struct cma_stuck *it = NULL;

	lockdep_assert_held(&cma->lock);

	for (unsigned int i = 0; i < REMEMBERED; i++) {
		if (cma->stuck[i].pfn == pfn)
			return &cma->stuck[i];
		if (is_stale(&cma->stuck[i]) || (!it && !cma->stuck[i].excess))
			it = &cma->stuck[i];
	}

	return it ?: &cma->stuck[cma->next_stuck++ % REMEMBERED];
}

/* Return: true if the page is known to stay. */
static bool remember(struct cma *cma, unsigned long pfn)
{
	struct cma_page_state state;
	struct cma_stuck *it;
	unsigned long flags;
	int excess;
	bool stays;

	excess = excess_refs(pfn, &state);
	if (!cma->stuck || state.use <= CMA_CACHED)
		return false;

	spin_lock_irqsave(&cma->lock, flags);
	it = find_entry(cma, pfn);
	if (it->pfn != pfn || is_stale(it) || it->excess > excess ||
	    (!it->excess && excess)) {
		it->since = jiffies;
		it->pfn = pfn;
		it->excess = excess;
	}
	it->seen = jiffies;
	/* Without unexplained references, nothing shows that the page still cannot move. */
	stays = it->excess && time_after(jiffies, it->since + STAYS);
	spin_unlock_irqrestore(&cma->lock, flags);
	return stays;
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

/* If there is no memory for the entry, the page is simply met again. */
static void add_weight(struct cma_request *rq, unsigned long pfn, bool stays)
{
	void *entry = xa_load(&rq->obstacles, pfn);
	unsigned long weight = entry ? xa_to_value(entry) + 1 : 1;

	if (stays && weight < CMA_STAYS)
		weight += CMA_STAYS;
	xa_store(&rq->obstacles, pfn, xa_mk_value(weight),
		 (rq->gfp & GFP_KERNEL) | __GFP_NOWARN);
}

/**
 * cma_recall_obstacles() - begin with the obstacles of earlier allocations
 * @cma: area
 * @rq: an allocation that is about to claim; it has no obstacles yet
 *
 * Context: process context. Takes cma->lock.
 */
void cma_recall_obstacles(struct cma *cma, struct cma_request *rq)
{
	for (unsigned int i = 0; cma->stuck && i < REMEMBERED; i++) {
		struct cma_page_state state;
		struct cma_stuck it;
		unsigned long flags;
		bool known;

		spin_lock_irqsave(&cma->lock, flags);
		it = cma->stuck[i];
		spin_unlock_irqrestore(&cma->lock, flags);
		if (!it.pfn)
			continue;

		if (is_stale(&it) || excess_refs(it.pfn, &state) < it.excess ||
		    state.use <= CMA_CACHED) {
			forget(cma, it.pfn);
			continue;
		}
		/* If no reference shows it, only a second failure after a while counts. */
		known = time_after(it.excess ? jiffies : it.seen, it.since + STAYS);
		if (it.excess || known)
			add_weight(rq, it.pfn, it.excess && known);
	}
}

/**
 * cma_persevere() - should an allocation go on after a claim that failed?
 * @cma: area
 * @rq: the allocation; the page that was in the way has been described
 * @error: what the claim returned
 *
 * If every place has a page that was in the way before, the one met last is watched
 * until it loses a reference or the time for watching is used up.
 *
 * Context: process context, sleeps. Takes cma->lock.
 * Return: 0 to try again; @error to give up; -EINTR if the task is being killed.
 */
int cma_persevere(struct cma *cma, struct cma_request *rq, int error)
{
	bool stays = error == -EBUSY && remember(cma, rq->blocker);
	bool less = false;

	add_weight(rq, rq->blocker, stays);
	if (error == -ENOMEM)
		rq->short_of_memory = true;

	/* One claim per place; but if memory is short, more claims do not help. */
	if ((rq->claims >= MIN_CLAIMS || rq->claimed_ns >= MIN_CLAIMS_NS) &&
	    (error == -ENOMEM || rq->claims >= cma_count_places(cma, rq)))
		return error;
	if (rq->level < CMA_NOTHING_STAYING)
		return 0;

	if (rq->waited_ns <= max_t(u64, rq->claimed_ns, WATCHES_NS)) {
		u64 waited, begun = local_clock();

		less = watch(rq->blocker);
		waited = elapsed(begun);
		rq->waited_ns += waited;
		cma_note_wait(cma, rq->obstacle, waited);
	}
	if (fatal_signal_pending(current))
		return -EINTR;
	if (less)
		forget(cma, rq->blocker);
	else if (stays && rq->level == CMA_ANYTHING)
		return error;

	return 0;
}

/**
 * cma_claim_init() - start to remember the pages that are in the way
 * @cma: area that is about to be activated
 *
 * Context: boot.
 */
void __init cma_claim_init(struct cma *cma)
{
	cma->stuck = kcalloc(REMEMBERED, sizeof(*cma->stuck), GFP_KERNEL);
}
