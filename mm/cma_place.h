/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations under way, the windows in which they may lie, and the choice of one
 */

#ifndef __MM_CMA_PLACE_H__
#define __MM_CMA_PLACE_H__

#include <linux/gfp_types.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct cma;
struct cma_map;
struct cma_obstacle;

/**
 * enum cma_level - what windows may contain besides pages that can be moved
 * @CMA_NOTHING_BUSY: nothing else
 * @CMA_NOTHING_MET: busy pages, but none that this allocation has failed to move
 * @CMA_NOTHING_STAYING: such pages too, but none that has kept its references for long
 * @CMA_ANYTHING: all of these
 *
 * A level is used only if the level before it has no window.
 */
enum cma_level {
	CMA_NOTHING_BUSY,
	CMA_NOTHING_MET,
	CMA_NOTHING_STAYING,
	CMA_ANYTHING,
};

/* Least weight, in @obstacles of struct cma_request, of a page that stays. */
#define CMA_STAYS	64

/**
 * struct cma_request - an allocation under way
 * @count: pages wanted
 * @align: log2 of what the first PFN is to be a multiple of
 * @gfp: flags for the allocated pages
 * @move_gfp: flags for the memory to which borrowed pages are moved
 * @nowait: leave borrowed pages where they are
 * @leave_ready: leave out places with units that are ready
 * @async: do not wait for pages that are locked or under writeback
 * @begun: when it began, by local_clock()
 * @claims: how often it had pages moved away
 * @claimed_ns: how long that took
 * @waited_ns: how long it waited for pages that were in the way
 * @tried: ranges tried
 * @short_of_memory: there was too little memory to move pages to: move as few as possible
 * @level: level of the window found last
 * @moved: pages moved
 * @blocker: the last page that was in the way, or 0
 * @obstacle: what was in the way last; has a reason if anything was
 * @inspected: with @nowait, pages and free blocks inspected so far
 * @from: with @nowait, the page from which the search goes on
 * @from_map: the range that @from is in; NULL to begin at the first range
 * @obstacles: first pages of folios that were in the way, each with a weight: how often
 *	it was in the way, plus CMA_STAYS if it is known to stay
 */
struct cma_request {
	unsigned long count;
	unsigned int align;
	gfp_t gfp;
	gfp_t move_gfp;
	bool nowait;
	bool leave_ready;
	bool async;
	u64 begun;
	unsigned long claims;
	u64 claimed_ns;
	u64 waited_ns;
	unsigned long tried;
	bool short_of_memory;
	enum cma_level level;
	unsigned long moved;
	unsigned long blocker;
	struct cma_obstacle *obstacle;
	unsigned long inspected;
	unsigned long from;
	struct cma_map *from_map;
	struct xarray obstacles;
};

/**
 * enum cma_ready - how much of a window was ready when it was taken
 * @CMA_READY: all of it; its pages are detached from the free lists
 * @CMA_PARTLY_READY: a part, which is on the free lists now
 * @CMA_NOT_READY: nothing
 * @CMA_NR_READY: how many there are
 */
enum cma_ready {
	CMA_READY,
	CMA_PARTLY_READY,
	CMA_NOT_READY,
	CMA_NR_READY,
};

/**
 * struct cma_window - where an allocation may lie
 * @map: range
 * @pfn: first page
 * @cost: cost of emptying it, in pages to be moved, as cma_find_window() leaves it: all
 *	pages if some may not move, 0 if all are free
 * @ready: how much of it was ready; as cma_take() leaves it
 */
struct cma_window {
	struct cma_map *map;
	unsigned long pfn;
	u64 cost;
	enum cma_ready ready;
};

int cma_find_window(struct cma *cma, struct cma_request *rq,
		    struct cma_window *window);
unsigned long cma_count_places(struct cma *cma, const struct cma_request *rq);

#endif /* __MM_CMA_PLACE_H__ */
