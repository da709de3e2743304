// SPDX-License-Identifier: GPL-2.0
/*
 * Where to allocate when something is in the way
 *
 * To move a page costs hundreds of times what it costs to look at it. So before
 * anything is touched all windows in which an allocation could lie are compared:
 * one with no page in use is the best, then the one with the fewest, and one with
 * a page that cannot move now is taken only if there is no other.
 *
 * Looking asks for no lock. What is seen may be past when it is made use of; then
 * the allocation fails on the way and looks again.
 */

#include <linux/align.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "cma.h"

/*
 * What a page in a window costs, in pages to be moved. To empty the LRU batches of
 * all CPUs takes as long as to move some pages. No number of pages that can be
 * moved outweighs one that cannot.
 */
static const u64 costs[] = {
	[CMA_FREE] = 0,
	[CMA_CACHED] = 1,
	[CMA_MOVABLE] = 1,
	[CMA_BATCHED] = 16,
	[CMA_STUCK] = CMA_COST_STUCK,
};

/*
 * Windows are this many to a length of theirs, if that is a power of two, or else
 * up to twice as many; and there is the one right behind an obstacle.
 */
#define GRAINS		16
#define MAX_BEGUN	64

/* One goes on looking as long as it may yet save more than it costs. */
#define LOOKS_PER_MOVE	64
#define LOOKS_AT_LEAST	1024

/**
 * struct walk - a way through free units, page by page
 * @cost: of all pages behind
 * @start: where the next window begins
 * @grain: pages between two windows
 * @begun: windows that the walk is in
 * @begun.pfn: first page
 * @begun.cost: @cost there
 * @head: how many windows have begun since the last obstacle
 * @tail: how many of them have ended
 * @looks: pages and blocks looked at, in all of a search
 */
struct walk {
	u64 cost;
	unsigned long start;
	unsigned long grain;
	struct {
		unsigned long pfn;
		u64 cost;
	} begun[MAX_BEGUN];
	unsigned int head;
	unsigned int tail;
	unsigned long looks;
};

/* The first page from @pfn on at which an allocation may start. */
static unsigned long align_start(const struct cma_map *map, unsigned int align,
				 unsigned long pfn, unsigned long grain)
{
	/* Units lie as the base does, which need not be a multiple of one. */
	unsigned long origin = align < map->order_per_bit ? map->base_pfn : 0;

	return origin + ALIGN(pfn - origin, grain);
}

/* The page behind what is in the way, or 0. */
static unsigned long in_the_way(const struct cma_request *rq,
				const struct cma_sight *sight)
{
	unsigned long at = sight->head;

	if (rq->nowait)
		return sight->use != CMA_FREE ? sight->end : 0;
	if (xa_empty(&rq->obstacles) ||
	    !xa_find((struct xarray *)&rq->obstacles, &at, sight->end - 1, XA_PRESENT))
		return 0;
	/* What is free now was not, or not to be had, when it was met. */
	return sight->use == CMA_FREE ? at + 1 : sight->end;
}

/*
 * Go from @pfn to @end and let @window be the cheapest window yet.
 * Return: is there no need to look any further?
 */
static bool walk_run(const struct cma_request *rq, struct walk *walk,
		     struct cma_map *map, unsigned long pfn, unsigned long end,
		     struct cma_window *window)
{
	unsigned long step = 1UL << max(rq->align, map->order_per_bit);

	walk->grain = max(step, rounddown_pow_of_two(rq->count) / GRAINS);
	walk->start = align_start(map, rq->align, pfn, step);
	walk->head = walk->tail = 0;

	while (pfn < end) {
		struct cma_sight sight;
		unsigned long stop, behind;

		cma_look(pfn, &sight);
		stop = min(sight.end, end);
		walk->looks++;
		if (!rq->nowait && !(walk->looks % 1024))
			cond_resched();

		behind = in_the_way(rq, &sight);
		if (behind) {
			pfn = min(behind, end);
			walk->start = align_start(map, rq->align, pfn, step);
			walk->head = walk->tail = 0;
			continue;
		}

		/* From the beginning or the end of one window to the next. */
		while (true) {
			unsigned int tail = walk->tail % MAX_BEGUN;
			unsigned int head = walk->head % MAX_BEGUN;
			unsigned long last = walk->head != walk->tail ?
				walk->begun[tail].pfn + rq->count : ULONG_MAX;
			unsigned long next = min3(stop, walk->start, last);

			walk->cost += (next - pfn) * costs[sight.use];
			pfn = next;
			if (pfn == last) {
				u64 cost = walk->cost - walk->begun[tail].cost;

				walk->tail++;
				if (cost < window->cost) {
					window->map = map;
					window->pfn = last - rq->count;
					window->cost = cost;
				}
				if (!cost)
					return true;
			} else if (pfn == walk->start && pfn < end) {
				walk->begun[head].pfn = pfn;
				walk->begun[head].cost = walk->cost;
				walk->head++;
				walk->start = align_start(map, rq->align, pfn + 1,
							  walk->grain);
			} else {
				break;
			}
		}

		if (walk->looks / LOOKS_PER_MOVE > window->cost &&
		    walk->looks > LOOKS_AT_LEAST)
			return true;
	}

	return false;
}

/**
 * cma_find_window() - find the best place for an allocation
 * @cma: area, active
 * @rq: the allocation
 * @window: the place is stored here; the units are free, but not taken
 *
 * Context: as the allocation. Takes cma->lock.
 * Return: false if there is no place, that is none without an obstacle that
 * @rq has met.
 */
bool cma_find_window(struct cma *cma, const struct cma_request *rq,
		     struct cma_window *window)
{
	struct walk walk = { };
	struct cma_map *map;

	window->cost = U64_MAX;
	cma_for_each_map(map, cma) {
		unsigned long span = cma_map_span(map, rq->count);
		unsigned long unit = 0, end, flags;
		bool more = true;

		while (more) {
			spin_lock_irqsave(&cma->lock, flags);
			unit = cma_map_find(map, unit, rq->count, rq->align);
			if (unit != CMA_MAP_NONE)
				more = cma_map_run_end(map, unit, span, &end);
			spin_unlock_irqrestore(&cma->lock, flags);

			if (unit == CMA_MAP_NONE)
				break;
			if (walk_run(rq, &walk, map, cma_map_unit_pfn(map, unit),
				     cma_map_unit_pfn(map, end), window))
				return true;
			unit = end - span + 1;
		}
	}

	return window->cost != U64_MAX;
}
