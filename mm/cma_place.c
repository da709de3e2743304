// SPDX-License-Identifier: GPL-2.0
/*
 * Where to allocate when something is in the way
 *
 * Moving a page costs hundreds of times as much as inspecting it. So before anything
 * is touched, the windows in which the allocation could lie are compared:
 *
 *	No window contains memory that has failed.
 *	Windows in which nothing is known to keep a page from moving come first, then
 *	those with busy pages, then those with pages that this allocation has failed to
 *	move (enum cma_level). A reference says nothing about the next moment, so none
 *	of these is ruled out.
 *	A window should not take the room of two allocations of its size, or else a few
 *	scattered allocations could fill an area. It may do so only where there is room
 *	for many.
 *	Of these, a window without a page in use is the best, and then the lowest one,
 *	unless another is much cheaper: low windows leave large holes.
 *
 * Pages are inspected without a lock. Their state may have changed when it is used; the
 * allocation then fails on the way and searches again.
 */

#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "cma.h"
#include "cma_claim.h"
#include "cma_page.h"
#include "cma_place.h"

/*
 * What a page in a window costs. Dropping a page takes a fraction of the time of
 * moving it, and sometimes costs the next reader of its file time. Waiting for a page
 * that is between LRU lists, or for I/O, takes as long as moving several others, and
 * to replace a huge page, another may have to be assembled from scattered memory.
 */
#define MOVE		4

/*
 * Taking the room of two allocations costs more than moving any number of pages, but
 * little where there is room for many. The runs that such a window leaves on either
 * side have pages to spare, so that the next window there costs no room.
 */
#define MANY		16
#define COST_OF_ROOM	BIT_ULL(32)

/*
 * A window with fewer pages that did not move comes before one with fewer pages that
 * may not move. A window has too few of either for the sums to overflow.
 */
#define COST_OF_BUSY	BIT_ULL(33)
#define COST_OF_OBSTACLE	BIT_ULL(50)

static const u64 costs[] = {
	[CMA_FREE] = 0,
	[CMA_CACHED] = MOVE,
	[CMA_CLEAN] = 1,
	[CMA_MOVABLE] = MOVE,
	[CMA_BATCHED] = 16 * MOVE,
	[CMA_SLOW] = 64 * MOVE,
	[CMA_BUSY] = COST_OF_BUSY,
};

/* The least saving that is worthwhile: one page in 32. */
#define WORTHWHILE(count)	((count) * MOVE / 32)

/*
 * Windows that begin per length of a window, if that is a power of two, else up to
 * twice as many; and one more begins right after each obstacle.
 */
#define GRAINS		16
#define MAX_BEGUN	64

/* The search goes on as long as it may still save more than it costs. */
#define INSPECT_PER_MOVE	64
#define INSPECT_AT_LEAST	1024
#define INSPECT_AT_ONCE		256

/* An allocation that cannot sleep inspects this many, however large the area is. */
#define INSPECT_NOWAIT		2048

/**
 * struct walk - a walk through free units, page by page
 * @rq: the allocation
 * @window: the best one so far
 * @map: range that the walk is in
 * @inspected: pages and free blocks inspected
 * @step: an allocation may start at each multiple of it, counted from @first
 * @grain: pages from the start of a window to that of the next, where there is a choice
 * @first: where the first allocation in a run of free units would start
 * @pitch: pages from there to the start of the next allocation, and so on
 * @slack: pages by which each of these may start higher, with room left for all
 * @room: how many of these there is room for
 * @next: where the next window begins
 * @level: what windows may hold
 * @next_level: lowest level that has windows which @level leaves out
 * @price: cost of each of the pages that are being inspected
 * @cost: cost of all pages that the walk has passed
 * @begun: first pages of the windows that the walk is in
 * @cost_begun: @cost at these pages
 * @nr_begun: how many windows have begun since the last obstacle
 * @nr_ended: how many of them have ended
 */
struct walk {
	struct cma_request *rq;
	struct cma_window *window;
	struct cma_map *map;
	enum cma_level level;
	enum cma_level next_level;
	unsigned long inspected;
	unsigned long step;
	unsigned long grain;
	unsigned long first;
	unsigned long pitch;
	unsigned long slack;
	unsigned long room;
	unsigned long next;
	u64 price;
	u64 cost;
	unsigned long begun[MAX_BEGUN];
	u64 cost_begun[MAX_BEGUN];
	unsigned int nr_begun;
	unsigned int nr_ended;
};

/* The lowest level at which a window may hold these pages; may lower @state->end. */
static enum cma_level set_price(struct walk *walk, unsigned long pfn,
				struct cma_page_state *state)
{
	unsigned long at = state->whole ? state->head : pfn;
	struct cma_request *rq = walk->rq;
	unsigned long weight = 0;
	void *entry = NULL;

	walk->price = costs[state->use];
	if (state->use == CMA_FREE)
		return CMA_NOTHING_BUSY;
	if (state->use == CMA_BUSY && rq->short_of_memory)
		walk->price = MOVE;
	if (state->needs_fs && !(rq->move_gfp & __GFP_FS))
		walk->price = COST_OF_BUSY;

	if (!xa_empty(&rq->obstacles))
		entry = xa_find(&rq->obstacles, &at, state->end - 1, XA_PRESENT);
	if (entry && (state->whole || at == pfn)) {
		weight = xa_to_value(entry);
		if (!state->whole)
			state->end = pfn + 1;
	} else if (entry) {
		state->end = at;
	}

	walk->price += weight * COST_OF_OBSTACLE;
	if (walk->price < COST_OF_BUSY)
		return CMA_NOTHING_BUSY;
	/* A folio is one obstacle, however many pages it has. */
	if (state->whole)
		walk->price >>= ilog2(state->end - state->head);
	if (!weight)
		return CMA_NOTHING_MET;
	return weight < CMA_STAYS ? CMA_NOTHING_STAYING : CMA_ANYTHING;
}

/* Must every window leave out these pages? */
static bool is_in_the_way(struct walk *walk, unsigned long pfn,
			  struct cma_page_state *state)
{
	enum cma_level level;

	if (walk->rq->nowait)
		return state->use != CMA_FREE;
	if (state->use == CMA_BROKEN) {
		walk->rq->blocker = state->head;
		return true;
	}

	level = set_price(walk, pfn, state);
	if (level <= walk->level)
		return false;
	walk->next_level = min(walk->next_level, level);
	return true;
}

/* No window may reach across what ends before @pfn. */
static void begin_behind(struct walk *walk, unsigned long pfn)
{
	walk->next = walk->first + ALIGN(pfn - walk->first, walk->step);
	walk->nr_begun = 0;
	walk->nr_ended = 0;
}

/* A folio moves as a whole, including the part before the window. */
static void begin_window(struct walk *walk, unsigned long pfn,
			 const struct cma_page_state *state)
{
	unsigned int i = walk->nr_begun++ % MAX_BEGUN;
	unsigned long from = pfn - walk->first + 1;
	unsigned long next = ALIGN(from, walk->grain);
	unsigned long pitch = roundup(from, walk->pitch);

	walk->begun[i] = pfn;
	walk->cost_begun[i] = walk->cost;
	if (state->whole)
		walk->cost_begun[i] -= (pfn - state->head) * walk->price;

	if (next > pitch || (walk->room < MANY && next % walk->pitch > walk->slack))
		next = pitch;
	walk->next = walk->first + next;
}

/* Likewise, including the part after the window. */
static void end_window(struct walk *walk, const struct cma_page_state *state)
{
	unsigned int i = walk->nr_ended++ % MAX_BEGUN;
	unsigned long pfn = walk->begun[i];
	u64 cost = walk->cost - walk->cost_begun[i];
	struct cma_window *best = walk->window;

	if (state->whole)
		cost += (state->end - (pfn + walk->rq->count)) * walk->price;
	if ((pfn - walk->first) % walk->pitch > walk->slack)
		cost += walk->room >= MANY ? MOVE + WORTHWHILE(walk->rq->count) :
					     COST_OF_ROOM;
	/* To wait for another allocation may take as long as to move all of this. */
	if (cma_is_claimed(pfn, pfn + walk->rq->count))
		cost += walk->rq->count * MOVE;
	if (cost && cost + WORTHWHILE(walk->rq->count) >= best->cost)
		return;

	best->pfn = pfn;
	best->cost = cost;
}

/* Ready pages cost no more than free ones. */
static void inspect(const struct walk *walk, unsigned long pfn, unsigned long end,
		    struct cma_page_state *state)
{
	unsigned long ready = cma_map_ready_end(walk->map, pfn, end);

	if (ready <= pfn)
		cma_inspect_page(pfn, state);
	else
		*state = (struct cma_page_state){
			.use = walk->rq->leave_ready ? CMA_BROKEN : CMA_FREE,
			.head = pfn,
			.end = ready,
		};
}

/*
 * Walk from @pfn to @end, all of it free units.
 * Return: true if the search can end.
 */
static bool walk_run(struct walk *walk, unsigned long pfn, unsigned long end)
{
	struct cma_request *rq = walk->rq;

	begin_behind(walk, pfn);
	while (pfn < end) {
		unsigned long stop, inspected = walk->inspected;
		struct cma_page_state state;

		if (rq->nowait && inspected == INSPECT_NOWAIT) {
			rq->from = walk->nr_begun > walk->nr_ended ?
				walk->begun[walk->nr_ended % MAX_BEGUN] : pfn;
			rq->from_map = walk->map;
			return true;
		}

		inspect(walk, pfn, end, &state);
		walk->inspected++;
		if (!rq->nowait && !state.whole &&
		    (state.use == CMA_MOVABLE || state.use == CMA_CLEAN)) {
			cma_extend_page_state(&state, min(end, pfn + INSPECT_AT_ONCE));
			walk->inspected += state.end - pfn - 1;
		}
		if (!rq->nowait &&
		    inspected / INSPECT_AT_LEAST != walk->inspected / INSPECT_AT_LEAST)
			cond_resched();

		if (is_in_the_way(walk, pfn, &state)) {
			pfn = min(state.end, end);
			begin_behind(walk, pfn);
			continue;
		}

		/* Go from one beginning or end of a window to the next. */
		stop = min(state.end, end);
		while (true) {
			unsigned int i = walk->nr_ended % MAX_BEGUN;
			unsigned long last = walk->nr_ended < walk->nr_begun ?
				walk->begun[i] + rq->count : ULONG_MAX;
			unsigned long to = min3(stop, walk->next, last);

			walk->cost += (to - pfn) * walk->price;
			pfn = to;
			if (pfn == last)
				end_window(walk, &state);
			else if (pfn == walk->next && pfn < stop)
				begin_window(walk, pfn, &state);
			else
				break;
			if (!walk->window->cost)
				return true;
		}

		if (walk->inspected > INSPECT_AT_LEAST && walk->window->cost != U64_MAX &&
		    walk->inspected / INSPECT_PER_MOVE >
		    min(walk->window->cost / MOVE, rq->count))
			return true;
	}

	return false;
}

/* Walk all runs of free units in a range; the return value is that of walk_run(). */
static bool walk_map(struct walk *walk, struct cma *cma, struct cma_map *map)
{
	struct cma_request *rq = walk->rq;
	unsigned long span = cma_map_span(map, rq->count);
	unsigned long unit = 0, end = 0;

	if (rq->nowait && rq->from_map == map)
		unit = cma_map_pfn_unit(map, rq->from + BIT(map->order_per_bit) - 1);
	walk->map = map;
	walk->step = 1UL << max(rq->align, map->order_per_bit);
	walk->pitch = ALIGN(rq->count, walk->step);
	walk->grain = max(walk->step, rounddown_pow_of_two(rq->count) / GRAINS);

	while (true) {
		unsigned long room, pfn, flags;
		bool ends = false;

		spin_lock_irqsave(&cma->lock, flags);
		unit = cma_map_find(map, unit, rq->count, rq->align);
		if (unit != CMA_MAP_NONE) {
			/* A long run comes in pieces that overlap. */
			if (unit >= end)
				walk->first = cma_map_unit_pfn(map, unit);
			ends = cma_map_run_end(map, unit, span, &end);
		}
		spin_unlock_irqrestore(&cma->lock, flags);
		if (unit == CMA_MAP_NONE)
			return false;

		pfn = cma_map_unit_pfn(map, unit);
		room = cma_map_unit_pfn(map, end) - walk->first - rq->count;
		walk->slack = ends ? room % walk->pitch : 0;
		walk->room = room / walk->pitch + 1;
		if (walk_run(walk, pfn, cma_map_unit_pfn(map, end)))
			return true;
		unit = end - span + 1;
	}
}

/* Find the best window of a level in all ranges. The caller has a walk on its stack. */
static noinline_for_stack bool walk_maps(struct walk *walk, struct cma *cma)
{
	struct cma_request *rq = walk->rq;
	struct cma_map *map = cma->ranges;

	if (rq->nowait && rq->from_map)
		map = rq->from_map;
	walk->window->cost = U64_MAX;
	for (; map < cma->ranges + cma->nr_ranges; map++) {
		u64 cost = walk->window->cost;
		bool done = walk_map(walk, cma, map);

		if (walk->window->cost < cost)
			walk->window->map = map;
		if (done)
			break;
	}

	return walk->window->cost != U64_MAX;
}

/**
 * cma_find_window() - find the best place for an allocation
 * @cma: area, active
 * @rq: the allocation; receives the level of the place, and a page that no place may
 *	contain
 * @window: receives the place; the units are free, but not taken
 *
 * Context: as the allocation. Takes cma->lock.
 * Return: 0; -EBUSY if every place has memory that has failed, or with @rq->nowait a
 * page in use; -ENOMEM if there is no place.
 */
int cma_find_window(struct cma *cma, struct cma_request *rq,
		    struct cma_window *window)
{
	struct walk walk = {
		.rq = rq, .window = window, .inspected = rq->inspected,
		.next_level = CMA_NOTHING_BUSY,
	};
	bool found, any;

	do {
		walk.level = walk.next_level;
		walk.next_level = CMA_ANYTHING + 1;
		walk.inspected = rq->inspected;
		found = walk_maps(&walk, cma);
		any = walk.inspected > rq->inspected;
	} while (!found && walk.next_level <= CMA_ANYTHING);

	if (rq->nowait)
		rq->inspected = walk.inspected;
	if (!found)
		return any ? -EBUSY : -ENOMEM;

	rq->level = walk.level;
	window->cost = window->cost >= COST_OF_BUSY ? rq->count :
		       DIV_ROUND_UP(window->cost % COST_OF_ROOM, MOVE);
	return 0;
}

/**
 * cma_count_places() - in how many places could an allocation lie?
 * @cma: area, active
 * @rq: the allocation
 *
 * Context: as the allocation. Takes cma->lock.
 * Return: the number of runs of free units that are long enough and aligned,
 * including those that overlap; at least 1.
 */
unsigned long cma_count_places(struct cma *cma, const struct cma_request *rq)
{
	unsigned long places = 0;
	struct cma_map *map;

	cma_for_each_map(map, cma) {
		unsigned long step = 1UL << max(rq->align, map->order_per_bit);
		unsigned long span = cma_map_span(map, rq->count);
		unsigned long unit = 0, end, flags;

		while (true) {
			spin_lock_irqsave(&cma->lock, flags);
			unit = cma_map_find(map, unit, rq->count, rq->align);
			if (unit != CMA_MAP_NONE)
				cma_map_run_end(map, unit, span, &end);
			spin_unlock_irqrestore(&cma->lock, flags);
			if (unit == CMA_MAP_NONE)
				break;
			places += ((end - unit - span) << map->order_per_bit) / step + 1;
			unit = end - span + 1;
		}
	}

	return max(places, 1);
}
