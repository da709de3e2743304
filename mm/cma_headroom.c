// SPDX-License-Identifier: GPL-2.0
/*
 * Headroom: memory of an area that can be had at once
 *
 * The pages of a ready unit are detached from the free lists. Nobody can borrow them,
 * so to allocate them is to prepare them, which is all that is left to do. But nobody
 * owns them either: they have no references, the unit is free, and what is ready is
 * given up whenever an allocation needs the unit in another way.
 *
 * Allocations take ready units first, and releases leave units ready as long as less
 * than the headroom is. What is missing is made ready by a worker, in one run if there
 * is a place for that, otherwise in runs of so many buffers each, as far as it is known
 * how large these are: it is learned from allocations that do not fit.
 *
 * When memory runs out, what cma_prepare() has asked for is given up. The headroom
 * itself is not: it is a promise, and a process is killed first, as with memory that is
 * reserved for a device alone.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/align.h>
#include <linux/cma.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/page-isolation.h>
#include <linux/rwsem.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <trace/events/cma.h>

#include "internal.h"
#include "cma.h"
#include "cma_claim.h"
#include "cma_describe.h"
#include "cma_headroom.h"
#include "cma_page.h"
#include "cma_param.h"
#include "cma_place.h"
#include "cma_sysfs.h"

/* The worker begins this long after an allocation, so that a burst is not disturbed ... */
#define REFILL_DELAY	msecs_to_jiffies(20)
/* ... and if it fails, after twice as long each time, up to this. */
#define REFILL_PAUSE	(10 * HZ)
/* It ends after so many ranges in which something was in the way, or after so long. */
#define REFILL_FAILURES	4
#define REFILL_TIME	HZ

/**
 * struct cma_headroom - what is kept ready in an area
 * @cma: area
 * @work: makes ready what is missing, and gives up what is too much
 * @expiry: starts @work when @extra is not wanted any more
 * @pages: the headroom
 * @extra: so many pages more are wanted ...
 * @extra_until: ... until then, in jiffies
 * @pause: jiffies until the worker tries again; the worker writes it, and whoever asks for
 *	more; read without a lock, as are those that follow
 * @buffer: how many pages make a run useful, as do multiples of that: those of the last
 *	allocation that was smaller than what was ready, but did not fit in any run of it; 0
 *	if there was none; written under cma->lock, as is the next
 * @align: log2 of the pages that a buffer is aligned to
 * @served: allocations by how much of their window was ready; written under cma->lock
 * @refill_ns: how long the worker took when it was last successful; the worker writes it
 * @error: 0, or why less is ready than is wanted; likewise
 */
struct cma_headroom {
	struct cma *cma;
	struct delayed_work work;
	struct delayed_work expiry;
	unsigned long pages;
	unsigned long extra;
	unsigned long extra_until;
	unsigned long pause;
	unsigned long buffer;
	unsigned int align;
	u64 served[CMA_NR_READY];
	u64 refill_ns;
	int error;
};

/*
 * Guards the creation of a struct cma_headroom, and its @pages, @extra and @extra_until.
 * They are read without it; and when memory runs out, @extra becomes 0 without it.
 */
static DEFINE_MUTEX(cma_headroom_mutex);

static struct workqueue_struct *cma_headroom_wq;

/*
 * Back to the free lists, except for memory that has failed. Once that has been noticed
 * on a page without references, such a page is kept by one.
 */
static void attach_sound(unsigned long pfn, unsigned long count)
{
	unsigned long end = pfn + count, start = pfn;

	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (likely(!PageHWPoison(page)))
			continue;
		if (start < pfn)
			attach_free_range(start, pfn - start);
		page_ref_inc(page);
		start = pfn + 1;
	}
	if (start < end)
		attach_free_range(start, end - start);
}

/**
 * cma_hand_out_ready() - prepare pages that were ready
 * @pfn: first page; the units are taken, and not ready any more
 * @count: pages
 * @gfp: as for prep_free_range()
 *
 * Context: any but NMI. Takes zone->lock.
 * Return: @pfn + @count when the pages are the caller's; else the first page that has
 * failed, and then the others are on the free lists.
 */
unsigned long cma_hand_out_ready(unsigned long pfn, unsigned long count, gfp_t gfp)
{
	unsigned long end = pfn + count;

	for (unsigned long i = pfn; IS_ENABLED(CONFIG_MEMORY_FAILURE) && i < end; i++) {
		if (unlikely(PageHWPoison(pfn_to_page(i)))) {
			attach_sound(pfn, count);
			return i;
		}
	}

	prep_free_range(pfn, count, gfp);
	return end;
}

/**
 * cma_give_up_ready() - return what is ready of a window to the free lists
 * @cma: area
 * @map: range that has a map of ready units
 * @pfn: first page; the units are taken by the caller
 * @count: pages
 *
 * Context: any but NMI. Takes cma->lock and zone->lock.
 * Return: whether anything was ready.
 */
bool cma_give_up_ready(struct cma *cma, struct cma_map *map, unsigned long pfn,
		       unsigned long count)
{
	unsigned long unit = cma_map_pfn_unit(map, pfn), next;
	unsigned long end = unit + cma_map_span(map, count);
	bool any = false;

	for (; cma_map_next_ready(map, &unit, end, &next); unit = next) {
		unsigned long pages = (next - unit) << map->order_per_bit;
		unsigned long flags;

		spin_lock_irqsave(&cma->lock, flags);
		cma_map_take(map->ready, unit, pages);
		spin_unlock_irqrestore(&cma->lock, flags);
		attach_sound(cma_map_unit_pfn(map, unit), pages);
		any = true;
	}

	return any;
}

/**
 * cma_ready_pages() - how much of an area is ready
 * @cma: area
 *
 * Context: any; takes no lock.
 * Return: pages.
 */
unsigned long cma_ready_pages(const struct cma *cma)
{
	const struct cma_map *map;
	unsigned long pages = 0;

	cma_for_each_map(map, cma) {
		if (map->ready)
			pages += READ_ONCE(map->ready->nr_free) << map->order_per_bit;
	}

	return pages;
}

/**
 * cma_longest_ready_run() - how much can be allocated at once
 * @cma: area
 *
 * Context: any; takes no lock.
 * Return: pages.
 */
unsigned long cma_longest_ready_run(const struct cma *cma)
{
	const struct cma_map *map;
	unsigned long longest = 0;

	cma_for_each_map(map, cma) {
		if (map->ready)
			longest = max(longest, cma_map_longest(map->ready));
	}

	return longest;
}

static struct cma_headroom *get_headroom(const struct cma *cma)
{
	/* Pairs with make_headroom(). */
	return smp_load_acquire(&cma->headroom);
}

static bool wants_extra(const struct cma_headroom *headroom)
{
	return READ_ONCE(headroom->extra) &&
	       time_before(jiffies, READ_ONCE(headroom->extra_until));
}

/* Pages that are to be ready now */
static unsigned long wanted_pages(const struct cma_headroom *headroom)
{
	unsigned long pages = READ_ONCE(headroom->pages);

	if (wants_extra(headroom))
		pages += READ_ONCE(headroom->extra);
	return min(pages, headroom->cma->count);
}

/* What of that is to be in one run: all, if there is a range that long */
static unsigned long wanted_run(const struct cma_headroom *headroom)
{
	const struct cma_map *map;
	unsigned long most = 0;

	cma_for_each_map(map, headroom->cma)
		most = max(most, map->count);

	return min(wanted_pages(headroom), most);
}

static bool is_scattered(const struct cma_headroom *headroom)
{
	return cma_longest_ready_run(headroom->cma) < wanted_run(headroom);
}

static bool is_short(const struct cma_headroom *headroom)
{
	return cma_ready_pages(headroom->cma) < wanted_pages(headroom) ||
	       is_scattered(headroom);
}

/* Pages that are ready beyond what is wanted, in whole units */
static unsigned long surplus_pages(const struct cma_headroom *headroom)
{
	unsigned long unit = 1UL << headroom->cma->ranges[0].order_per_bit;
	unsigned long has = cma_ready_pages(headroom->cma);

	return ALIGN_DOWN(has - min(has, wanted_pages(headroom)), unit);
}

/**
 * cma_keep_ready() - detach pages that were just freed, if less than wanted is ready
 * @cma: area
 * @map: range
 * @pfn: first page; the units are taken by the caller
 * @count: pages
 *
 * Context: any but NMI. Takes zone->lock.
 * Return: how many are detached, the first ones, in whole units. The caller marks these
 * as ready.
 */
unsigned long cma_keep_ready(struct cma *cma, struct cma_map *map, unsigned long pfn,
			     unsigned long count)
{
	struct cma_headroom *headroom = get_headroom(cma);
	unsigned long unit = 1UL << map->order_per_bit;
	unsigned long wanted, has;

	if (!headroom || !map->ready || !IS_ALIGNED(pfn - map->base_pfn, unit))
		return 0;

	wanted = wanted_pages(headroom);
	has = cma_ready_pages(cma);
	/* If it lies in pieces, what comes back may be longer; the shortest are given up. */
	if (is_scattered(headroom))
		has -= min(has, wanted);
	count = ALIGN_DOWN(min(count, wanted - min(has, wanted)), unit);
	if (!count || detach_free_range(pfn, count) < pfn + count)
		return 0;
	return count;
}

/**
 * cma_headroom_changed() - start the worker if it has something to do
 * @cma: area of which something was allocated or released
 *
 * Context: any but NMI.
 */
void cma_headroom_changed(struct cma *cma)
{
	struct cma_headroom *headroom = get_headroom(cma);

	if (headroom && (is_short(headroom) || surplus_pages(headroom)))
		queue_delayed_work(cma_headroom_wq, &headroom->work,
				   READ_ONCE(headroom->pause));
}

/**
 * cma_pause_refilling() - wait until the worker has no units, and let it take none
 * @cma: area
 * @gfp: flags of the allocation that is under way
 *
 * An allocation that has pages moved must not miss units because the worker is about to
 * make them ready. The worker takes no more than a pageblock at a time, and does not wait
 * for I/O while it has them, so that allocations which must not do so can wait for it.
 *
 * Context: process context, sleeps.
 * Return: whether cma_resume_refilling() is to be called; false if the task is being
 * killed.
 */
bool cma_pause_refilling(struct cma *cma, gfp_t gfp)
{
	/* Reclaim in one allocation may need another. Nobody waits to write in between. */
	return !down_read_killable_nested(&cma->refilling,
					  gfp & __GFP_FS ? 0 : SINGLE_DEPTH_NESTING);
}

/**
 * cma_resume_refilling() - let the worker go on
 * @cma: area
 *
 * Context: process context.
 */
void cma_resume_refilling(struct cma *cma)
{
	up_read(&cma->refilling);
}

/**
 * cma_count_served() - count an allocation
 * @cma: area
 * @ready: how much of its window was ready
 *
 * Context: under cma->lock.
 */
void cma_count_served(struct cma *cma, enum cma_ready ready)
{
	struct cma_headroom *headroom = get_headroom(cma);

	if (headroom)
		headroom->served[ready]++;
}

/**
 * cma_note_misfit() - learn from an allocation that no ready run is long enough for
 * @cma: area
 * @rq: allocation
 *
 * Context: under cma->lock.
 */
void cma_note_misfit(struct cma *cma, const struct cma_request *rq)
{
	struct cma_headroom *headroom = get_headroom(cma);
	unsigned int order = max(rq->align, cma->ranges[0].order_per_bit);

	if (!headroom || rq->count > cma_ready_pages(cma) || order > ilog2(cma->count))
		return;
	WRITE_ONCE(headroom->buffer, ALIGN(rq->count, 1UL << order));
	WRITE_ONCE(headroom->align, order);
}

/*
 * The worker
 */

/* Detach pages and have them moved away first if need be. The units are taken. */
static int empty(struct cma_request *rq, unsigned long pfn)
{
	unsigned long end = pfn + rq->count;
	int ret;

	if (detach_free_range(pfn, rq->count) == end)
		return 0;

	ret = cma_claim(rq, pfn);
	if (ret)
		return ret;
	/* As others do who allocate; they are at the tail of the free lists for a moment. */
	put_free_range(pfn, rq->count);
	return detach_free_range(pfn, rq->count) == end ? 0 : -EAGAIN;
}

/* Units that are free, and no part of which is ready */
static bool take_unready(struct cma *cma, struct cma_map *map, unsigned long unit,
			 unsigned long pages)
{
	unsigned long first = unit, next, flags;
	bool free;

	spin_lock_irqsave(&cma->lock, flags);
	free = cma_map_find(map, unit, pages, 0) == unit &&
	       !cma_map_next_ready(map, &first, unit + cma_map_span(map, pages), &next);
	if (free)
		cma_map_take(map, unit, pages);
	spin_unlock_irqrestore(&cma->lock, flags);
	return free;
}

/* Wait until none of the pages is locked or under writeback, but not for too long. */
static void await_io(unsigned long pfn, unsigned long count)
{
	const unsigned long in_use = BIT(PG_locked) | BIT(PG_writeback);
	unsigned long until = jiffies + REFILL_TIME, end = pfn + count;
	struct cma_page_state state;

	while (pfn < end && time_before(jiffies, until)) {
		cma_inspect_page(pfn, &state);
		if (state.use > CMA_CACHED && pfn_to_page(state.head)->flags & in_use)
			usleep_range(1000, 2000);
		else
			pfn = state.end;
	}
}

/* Make units ready that are not, unless they are taken by somebody. */
static int make_ready(struct cma *cma, struct cma_request *rq, struct cma_map *map,
		      unsigned long unit)
{
	unsigned long moved = rq->moved;
	unsigned long flags;
	int ret = -EAGAIN;

	await_io(cma_map_unit_pfn(map, unit), rq->count);
	/* Allocations that have pages moved come first. */
	if (!down_write_trylock(&cma->refilling))
		return -EAGAIN;

	if (take_unready(cma, map, unit, rq->count)) {
		ret = empty(rq, cma_map_unit_pfn(map, unit));
		spin_lock_irqsave(&cma->lock, flags);
		if (!ret)
			cma_map_drop(map->ready, unit, rq->count);
		cma_map_drop(map, unit, rq->count);
		cma_count_migrated(cma, rq->moved - moved);
		spin_unlock_irqrestore(&cma->lock, flags);
	}
	up_write(&cma->refilling);
	return ret;
}

/* The units up to the end of the pageblock that a unit begins in */
static unsigned long block_end(const struct cma_map *map, unsigned long unit)
{
	unsigned long pfn = cma_map_unit_pfn(map, unit);

	return cma_map_pfn_unit(map, pageblock_end_pfn(pfn) - 1) + 1;
}

/*
 * Make a window ready, a pageblock at a time, so that allocations wait no longer than
 * for that. Return: 0, or what became of the last piece; -EAGAIN if it is worth another
 * try.
 */
static int make_window_ready(struct cma_headroom *headroom, struct cma_request *rq,
			     const struct cma_window *window)
{
	unsigned long unit = cma_map_pfn_unit(window->map, window->pfn), next;
	unsigned long end = unit + cma_map_span(window->map, rq->count);
	struct cma_map *map = window->map;
	unsigned long pages = rq->count;
	int ret = 0;

	for (; unit < end && !ret; unit = next) {
		unsigned long first = unit, until = min(block_end(map, unit), end);

		if (wanted_pages(headroom) < pages)
			return -EAGAIN;
		if (cma_map_next_ready(map, &first, until, &next)) {
			if (first == unit)
				continue;
			until = first;
		}

		next = until;
		rq->count = (next - unit) << map->order_per_bit;
		ret = make_ready(headroom->cma, rq, map, unit);
		rq->count = pages;
		cond_resched();
	}

	return ret;
}

/*
 * As callers want it aligned: huge pages to their size, others to their size, but not
 * to more than a pageblock.
 */
static unsigned int usual_align(unsigned long count)
{
	return is_power_of_2(count) ? ilog2(count) :
	       min_t(unsigned int, order_base_2(count), pageblock_order);
}

/* The cheapest place without pages that may not move: those are left to allocations. */
static int find_place_for(struct cma *cma, struct cma_request *rq, unsigned long count,
			  struct cma_window *window)
{
	int ret;

	rq->count = count;
	rq->align = usual_align(count);
	do {
		ret = cma_find_window(cma, rq, window);
		if (!ret && rq->level == CMA_NOTHING_BUSY)
			return 0;
		if (!rq->align)
			return ret ?: -EBUSY;
		rq->align = rq->align > pageblock_order ? pageblock_order : 0;
	} while (true);
}

/*
 * The longest place that there is, up to an eighth, for no more than so many pages, and if
 * it is longer than a buffer then for whole buffers; what is ready is left alone.
 */
static int find_longest_place(struct cma_headroom *headroom, struct cma_request *rq,
			      unsigned long most, struct cma_window *window)
{
	unsigned long buffer = READ_ONCE(headroom->buffer);
	struct cma *cma = headroom->cma;
	unsigned long unit = 1UL << cma->ranges[0].order_per_bit;
	struct cma_window longer;
	unsigned long count, step;
	int ret = -EBUSY;

	rq->leave_ready = true;
	for (count = most; count; count = ALIGN_DOWN(count / 2, unit)) {
		ret = find_place_for(cma, rq, count, window);
		if (!ret)
			break;
	}
	if (ret || count == most)
		return ret;

	/* There is none of twice that length. */
	for (step = count / 2; step > count / 8; step /= 2) {
		unsigned long more = ALIGN(count + step, unit);

		if (!find_place_for(cma, rq, more, &longer)) {
			*window = longer;
			count = more;
		}
	}
	rq->count = buffer && count > buffer ? rounddown(count, buffer) : count;
	return 0;
}

/* A place for all in one run, where what is ready costs nothing, or else for a part. */
static int find_place(struct cma_headroom *headroom, struct cma_request *rq,
		      struct cma_window *window)
{
	struct cma *cma = headroom->cma;
	unsigned long wanted = wanted_pages(headroom);
	unsigned long has = cma_ready_pages(cma);
	/* The knob may go down at any time, to 0 as well. */
	unsigned long run = wanted_run(headroom);

	rq->leave_ready = false;
	if (cma_longest_ready_run(cma) < run &&
	    !find_place_for(cma, rq, run, window))
		return 0;
	return find_longest_place(headroom, rq, wanted - min(wanted, has), window);
}

/* Return: 0 when nothing is missing, or the reason why something is. */
static int refill(struct cma_headroom *headroom)
{
	struct cma *cma = headroom->cma;
	struct cma_obstacle obstacle = { };
	struct cma_request rq = {
		.gfp = GFP_KERNEL | __GFP_NOWARN,
		.async = true,
		.obstacle = &obstacle,
	};
	unsigned long until = jiffies + REFILL_TIME;
	unsigned int failures = 0;
	int ret;

	ret = contig_move_gfp(rq.gfp, &rq.move_gfp);
	xa_init(&rq.obstacles);
	cma_recall_obstacles(cma, &rq);
	while (!ret && is_short(headroom)) {
		struct cma_window window;

		if (time_after(jiffies, until)) {
			ret = -EAGAIN;
			break;
		}
		ret = find_place(headroom, &rq, &window);
		if (ret)
			break;
		rq.blocker = 0;
		ret = make_window_ready(headroom, &rq, &window);
		if (!ret)
			continue;
		if (++failures >= REFILL_FAILURES)
			break;
		/* Search for a place without that page. */
		ret = 0;
		if (rq.blocker)
			ret = xa_err(xa_store(&rq.obstacles, rq.blocker, xa_mk_value(1),
					      GFP_KERNEL | __GFP_NOWARN));
	}
	xa_destroy(&rq.obstacles);
	return ret;
}

/* The least useful part of a ready run: what is beyond whole buffers, or else all of it */
static void find_odd_end(const struct cma_headroom *headroom, const struct cma_map *map,
			 unsigned long *unit, unsigned long *units)
{
	unsigned long buffer = READ_ONCE(headroom->buffer) >> map->order_per_bit;
	unsigned long align = 1UL << READ_ONCE(headroom->align);
	unsigned long pfn = cma_map_unit_pfn(map, *unit);
	unsigned long before = (ALIGN(pfn, align) - pfn) >> map->order_per_bit;

	if (!buffer || *units < before + buffer)
		return;
	if (before) {
		*units = before;
	} else if (*units % buffer) {
		*unit += rounddown(*units, buffer);
		*units %= buffer;
	}
}

/*
 * The least useful part of what is ready, or any, if nothing is wanted. The maps may be
 * large, so there is no lock.
 */
static struct cma_map *find_least_useful(const struct cma_headroom *headroom,
					 unsigned long *unit, unsigned long *units)
{
	struct cma_map *map, *found = NULL;

	*units = ULONG_MAX;
	cma_for_each_map(map, headroom->cma) {
		unsigned long first = 0, next;

		if (!map->ready)
			continue;
		for (; cma_map_next_ready(map, &first, cma_map_units(map), &next);
		     first = next) {
			unsigned long n = next - first;

			cond_resched();
			find_odd_end(headroom, map, &first, &n);
			/* It is empty if it was allocated in between. */
			if (!n || n >= *units)
				continue;
			*units = n;
			*unit = first;
			found = map;
			if (n == 1 || !wanted_pages(headroom))
				return found;
		}
	}

	return found;
}

/* Give up some units, if nobody has taken them. */
static void shed(struct cma *cma, struct cma_map *map, unsigned long unit,
		 unsigned long pages)
{
	unsigned long flags;
	bool free;

	spin_lock_irqsave(&cma->lock, flags);
	free = cma_map_find(map, unit, pages, 0) == unit;
	if (free)
		cma_map_take(map, unit, pages);
	spin_unlock_irqrestore(&cma->lock, flags);
	if (!free)
		return;

	cma_give_up_ready(cma, map, cma_map_unit_pfn(map, unit), pages);
	spin_lock_irqsave(&cma->lock, flags);
	cma_map_drop(map, unit, pages);
	spin_unlock_irqrestore(&cma->lock, flags);
}

/*
 * Give up all that is too much, the least useful first, a pageblock at a time. Return:
 * whether that was possible; if not, a retry is due.
 */
static bool shed_all(struct cma_headroom *headroom, bool out_of_memory)
{
	unsigned long surplus, had, until = jiffies + REFILL_TIME;
	struct cma *cma = headroom->cma;

	for (had = ULONG_MAX; (surplus = surplus_pages(headroom)); had = surplus) {
		unsigned long unit, units, next;
		struct cma_map *map = find_least_useful(headroom, &unit, &units);

		if (!map || surplus >= had || time_after(jiffies, until))
			return false;
		units = unit + min(units, surplus >> map->order_per_bit);
		for (; unit < units; unit = next) {
			/* An allocation that has pages moved takes what it needs by itself. */
			bool idle = down_write_trylock(&cma->refilling);

			if (!idle && !out_of_memory)
				return false;
			next = min(block_end(map, unit), units);
			shed(cma, map, unit, (next - unit) << map->order_per_bit);
			if (idle)
				up_write(&cma->refilling);
			cond_resched();
		}
	}

	return true;
}

static void work_on(struct work_struct *work)
{
	struct cma_headroom *headroom =
		container_of(to_delayed_work(work), struct cma_headroom, work);
	struct cma *cma = headroom->cma;
	unsigned long had = cma_ready_pages(cma), has;
	unsigned long again = MAX_JIFFY_OFFSET, pause = REFILL_DELAY;
	u64 begun = local_clock();
	bool given_up;
	u64 ns;
	int ret;

	ret = is_short(headroom) ? refill(headroom) : 0;
	given_up = shed_all(headroom, false);

	ns = max_t(s64, local_clock() - begun, 0);
	has = cma_ready_pages(cma);
	if (ret && ret != -EAGAIN && has <= had)
		pause = min(2 * headroom->pause, REFILL_PAUSE);
	if (has >= wanted_pages(headroom)) {
		/* Not in one run, it may be; then there is no place for that for now. */
		ret = 0;
		if (!given_up)
			again = pause;
		if (has > had)
			WRITE_ONCE(headroom->refill_ns, ns);
	} else if (cma_available_pages(cma) <= has) {
		/* All that is free is ready; the rest has to be released first. */
		ret = -ENOSPC;
		pause = REFILL_DELAY;
	} else {
		again = pause;
	}
	WRITE_ONCE(headroom->pause, pause);
	WRITE_ONCE(headroom->error, ret);
	trace_cma_headroom(cma->name, wanted_pages(headroom), has,
			   cma_longest_ready_run(cma), headroom->error, ns);

	if (again < MAX_JIFFY_OFFSET)
		queue_delayed_work(cma_headroom_wq, &headroom->work, again);
}

static void expire(struct work_struct *work)
{
	struct cma_headroom *headroom =
		container_of(to_delayed_work(work), struct cma_headroom, expiry);

	/* Another request may just be replacing the one that has expired. */
	mutex_lock(&cma_headroom_mutex);
	if (!wants_extra(headroom))
		WRITE_ONCE(headroom->extra, 0);
	mutex_unlock(&cma_headroom_mutex);
	mod_delayed_work(cma_headroom_wq, &headroom->work, 0);
}

/*
 * For people and programs
 */

/* There is one as soon as there is something to keep ready, and from then on. */
static struct cma_headroom *make_headroom(struct cma *cma)
{
	struct cma_headroom *headroom = cma->headroom;
	struct cma_map *map;

	lockdep_assert_held(&cma_headroom_mutex);

	if (headroom || !cma_headroom_wq)
		return headroom;

	cma_for_each_map(map, cma) {
		struct cma_map *ready;

		if (map->ready)
			continue;
		ready = cma_map_new_ready(map);
		if (!ready)
			return NULL;
		spin_lock_irq(&cma->lock);
		/* Some read it without the lock. */
		smp_store_release(&map->ready, ready);
		spin_unlock_irq(&cma->lock);
	}

	headroom = kzalloc(sizeof(*headroom), GFP_KERNEL);
	if (!headroom)
		return NULL;
	headroom->cma = cma;
	headroom->pause = REFILL_DELAY;
	INIT_DELAYED_WORK(&headroom->work, work_on);
	INIT_DELAYED_WORK(&headroom->expiry, expire);
	/* Pairs with get_headroom(). */
	smp_store_release(&cma->headroom, headroom);
	return headroom;
}

/**
 * cma_set_headroom() - set how much is to be kept ready
 * @cma: area, active
 * @pages: so many, at most those of the area; rounded up to units
 *
 * What is missing is made ready in the background. What is too much is given up before
 * this returns, or else by the worker: right after allocations that are having pages moved,
 * or if it takes longer than a second.
 *
 * Context: process context, sleeps.
 * Return: 0; -EINVAL if the area has fewer pages; -ENOMEM.
 */
int cma_set_headroom(struct cma *cma, unsigned long pages)
{
	struct cma_headroom *headroom;
	int ret = 0;

	if (pages > cma->count)
		return -EINVAL;

	mutex_lock(&cma_headroom_mutex);
	headroom = pages ? make_headroom(cma) : cma->headroom;
	if (headroom) {
		WRITE_ONCE(headroom->pages,
			   ALIGN(pages, 1UL << cma->ranges[0].order_per_bit));
		WRITE_ONCE(headroom->pause, REFILL_DELAY);
		shed_all(headroom, false);
		mod_delayed_work(cma_headroom_wq, &headroom->work, 0);
	} else if (pages) {
		ret = -ENOMEM;
	}
	mutex_unlock(&cma_headroom_mutex);
	return ret;
}

/**
 * cma_prepare() - have more pages ready for a while
 * @cma: area
 * @pages: pages, beside the headroom
 * @ms: after so many milliseconds this ends by itself
 *
 * For callers that will allocate soon. It returns at once; the pages are
 * made ready in the background, and it is not certain that they will be. A second call
 * replaces the first.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL if there is no such area, @pages is 0, or the area has fewer pages;
 * -ENOMEM.
 */
int cma_prepare(struct cma *cma, unsigned long pages, unsigned int ms)
{
	struct cma_headroom *headroom;

	if (!cma || cma->state != CMA_ACTIVE || !pages || pages > cma->count)
		return -EINVAL;

	mutex_lock(&cma_headroom_mutex);
	headroom = make_headroom(cma);
	if (headroom) {
		WRITE_ONCE(headroom->extra_until, jiffies + msecs_to_jiffies(ms));
		WRITE_ONCE(headroom->extra, ALIGN(pages, 1UL << cma->ranges[0].order_per_bit));
		WRITE_ONCE(headroom->pause, REFILL_DELAY);
		mod_delayed_work(cma_headroom_wq, &headroom->work, 0);
		mod_delayed_work(cma_headroom_wq, &headroom->expiry, msecs_to_jiffies(ms));
	}
	mutex_unlock(&cma_headroom_mutex);
	return headroom ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_GPL(cma_prepare);

/**
 * cma_headroom_pages() - how much is to be kept ready?
 * @cma: area
 *
 * Context: any.
 * Return: pages.
 */
unsigned long cma_headroom_pages(const struct cma *cma)
{
	const struct cma_headroom *headroom = get_headroom(cma);

	return headroom ? READ_ONCE(headroom->pages) : 0;
}

/**
 * cma_served() - how many allocations got ready memory?
 * @cma: area
 * @ready: how much of their window was ready
 *
 * Context: any.
 * Return: their number since the area has had headroom.
 */
u64 cma_served(const struct cma *cma, enum cma_ready ready)
{
	const struct cma_headroom *headroom = get_headroom(cma);

	/* Statistics: the lock is not worth it. */
	return headroom ? data_race(headroom->served[ready]) : 0;
}

/**
 * cma_refill_ns() - how long did it take to make ready what was missing?
 * @cma: area
 *
 * Context: any.
 * Return: nanoseconds, the last time that all was made ready.
 */
u64 cma_refill_ns(const struct cma *cma)
{
	const struct cma_headroom *headroom = get_headroom(cma);

	return headroom ? READ_ONCE(headroom->refill_ns) : 0;
}

/**
 * cma_short_of_headroom() - why is less ready than is wanted?
 * @cma: area
 *
 * Context: any.
 * Return: a word or two; "no" if as much is ready as is wanted.
 */
const char *cma_short_of_headroom(const struct cma *cma)
{
	const struct cma_headroom *headroom = get_headroom(cma);
	int error;

	if (!headroom || cma_ready_pages(cma) >= wanted_pages(headroom))
		return "no";
	error = READ_ONCE(headroom->error);
	if (!error || error == -EAGAIN)
		return "refilling";
	if (error == -EBUSY)
		return "pages in the way";
	return error == -ENOSPC ? "no room" : "no memory";
}

/*
 * This may run in an allocation of somebody who has paused the worker, or who holds
 * cma_headroom_mutex, so it waits for neither.
 */
static int give_up_extra(struct cma *cma, void *freed)
{
	struct cma_headroom *headroom = get_headroom(cma);
	unsigned long before;

	if (!headroom || (!READ_ONCE(headroom->extra) && !surplus_pages(headroom)))
		return 0;
	before = cma_ready_pages(cma);
	WRITE_ONCE(headroom->extra, 0);
	shed_all(headroom, true);
	*(unsigned long *)freed += before - min(before, cma_ready_pages(cma));
	return 0;
}

static int cma_out_of_memory(struct notifier_block *nb, unsigned long action, void *freed)
{
	cma_for_each_area(give_up_extra, freed);
	return NOTIFY_OK;
}

static struct notifier_block cma_oom_notifier = {
	.notifier_call = cma_out_of_memory,
};

/* The value of cma_headroom=, until the areas are there */
static char *headroom_param __initdata;

static int __init cma_early_headroom(char *arg)
{
	if (!arg) {
		pr_err("cma_headroom ignored: a value is missing; expected AREA:nn[KMGTPE] or AREA:nn%%\n");
		return -EINVAL;
	}

	headroom_param = arg;
	return 0;
}
early_param("cma_headroom", cma_early_headroom);

static const char *__init set_by_param(struct cma *cma, const char *pos, const char *end)
{
	unsigned long pages;
	const char *wrong;

	wrong = cma_parse_share(&pos, cma->count, &pages);
	if (wrong)
		return wrong;
	if (pos != end)
		return "there is something behind it";
	return cma_set_headroom(cma, pages) ? "there is no memory for its map" : NULL;
}

static int __init set_by_node(struct cma *cma, void *data)
{
	if (!cma->headroom_at_boot)
		return 0;
	if (cma->headroom_at_boot > cma->count)
		pr_err("%s: linux,cma-headroom of %lu KiB is more than the area has, %lu KiB; all of it is kept ready\n",
		       cma->name, cma->headroom_at_boot << (PAGE_SHIFT - 10),
		       cma->count << (PAGE_SHIFT - 10));
	if (cma_set_headroom(cma, min(cma->headroom_at_boot, cma->count)))
		pr_err("%s: no headroom: there is no memory for its map\n", cma->name);
	return 0;
}

/* Areas are active now, and drivers come later. */
static int __init cma_headroom_init(void)
{
	cma_headroom_wq = alloc_workqueue("cma_headroom", WQ_UNBOUND | WQ_FREEZABLE, 0);
	if (!cma_headroom_wq)
		return -ENOMEM;

	cma_for_each_area(set_by_node, NULL);
	cma_set_by_param("cma_headroom", headroom_param, "nn[KMGTPE] or AREA:nn%, at most the area",
			 set_by_param);
	return register_oom_notifier(&cma_oom_notifier);
}
postcore_initcall(cma_headroom_init);

#if IS_ENABLED(CONFIG_KUNIT)
/* An area that is given back has nothing ready. */
void cma_headroom_destroy(struct cma *cma)
{
	struct cma_map *map;

	if (cma->headroom) {
		cancel_delayed_work_sync(&cma->headroom->expiry);
		cancel_delayed_work_sync(&cma->headroom->work);
	}
	kfree(cma->headroom);
	cma->headroom = NULL;
	cma_for_each_map(map, cma) {
		if (map->ready)
			cma_map_destroy(map->ready);
		kfree(map->ready);
		map->ready = NULL;
	}
}
#endif
