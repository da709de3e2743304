/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Areas, for all files of the allocator
 */

#ifndef __MM_CMA_H__
#define __MM_CMA_H__

#include <linux/cma.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "cma_map.h"

struct cma_extent;
struct cma_headroom;
struct cma_history;
struct cma_kobject;
struct cma_latency;
struct cma_stuck;
struct cma_track;

/**
 * enum cma_state - the life of an area
 * @CMA_REGISTERED: memory is reserved, the page allocator does not have it yet
 * @CMA_ACTIVE: in service
 * @CMA_DEAD: could not be activated and cannot be used
 */
enum cma_state {
	CMA_REGISTERED,
	CMA_ACTIVE,
	CMA_DEAD,
};

/**
 * struct cma - an area
 * @node: in the list of all areas
 * @name: unique among all areas, without '/'
 * @state: written at boot only, while there is one thread
 * @reserve_pages_on_error: keep the pages reserved if activation fails
 * @of_node: a node of the device tree asked for it
 * @had_folios: large folios may be among the pages that are held; stays set
 * @lock: taken in any context
 * @count: pages in all ranges
 * @history: what went wrong; NULL if there is no memory for it
 * @stuck: pages that were in the way recently; NULL if there is no memory for them
 * @next_stuck: which of them is overwritten next
 * @nowait_pfn: where to continue a search for free pages that had to end early; 0 if
 *	none had to; a hint, read and written without the lock
 * @balance_pfn: where balancing looks for free pages next; 0 for the end of the area; a
 *	hint, read and written without the lock
 * @headroom: what is kept ready; NULL if nothing ever was to be; set once, under
 *	cma_headroom_mutex, and read without it
 * @headroom_at_boot: pages that the device tree wants to be kept ready
 * @user_only: lends to user space only; written at boot, and then under cma_lend_mutex
 * @refilling: held for reading by allocations that have pages moved, so that they do not
 *	miss units that are about to be free again
 * @nr_pages_succeeded: pages handed out so far
 * @nr_pages_failed: pages requested by allocations that failed so far
 * @nr_pages_released: pages taken back so far
 * @nr_pages_migrated: pages moved away so far
 * @nr_pages_balanced: pages moved in so far, to make room elsewhere
 * @nr_given_up: ranges given up so far
 * @high_water: most pages allocated at any one time so far
 * @latency: how long allocations took; NULL if there is no memory for it
 * @cma_kobj: directory in /sys/kernel/mm/cma
 * @debug_held: what was allocated through debugfs, newest first
 * @track: records of its allocations; NULL if there is no memory for them
 * @nr_ranges: how many @ranges there are; 0 when dead
 * @ranges: physical memory; an allocation lies in one of them. Fixed from activation on
 * @registered: the ranges until then, and after it if none had to be cut
 *
 * An area is never freed.
 */
struct cma {
	struct list_head node;
	char name[CMA_MAX_NAME];
	enum cma_state state;
	bool reserve_pages_on_error;
	bool of_node;
	bool had_folios;
	/* guards what changes in @ranges, @track and @latency, and what is below */
	spinlock_t lock;
	unsigned long count;
	struct cma_history *history;
	struct cma_stuck *stuck;
	unsigned int next_stuck;
	unsigned long nowait_pfn;
	unsigned long balance_pfn;
	struct cma_headroom *headroom;
	unsigned long headroom_at_boot;
	bool user_only;
	/* taken for writing while units are taken to be made ready, or not ready any more */
	struct rw_semaphore refilling;
#ifdef CONFIG_CMA_SYSFS
	u64 nr_pages_succeeded;
	u64 nr_pages_failed;
	u64 nr_pages_released;
	u64 nr_pages_migrated;
	u64 nr_pages_balanced;
	u64 nr_given_up;
	u64 high_water;
	struct cma_latency *latency;
	struct cma_kobject *cma_kobj;
#endif
#ifdef CONFIG_CMA_DEBUGFS
	struct list_head debug_held;	/* cma_debug_mutex guards it */
#endif
#ifdef CONFIG_CMA_TRACK
	struct cma_track *track;
#endif
	unsigned int nr_ranges;
	struct cma_map *ranges;
	struct cma_map registered[];
};

#define cma_for_each_map(map, cma)					\
	for (map = (cma)->ranges; map < (cma)->ranges + (cma)->nr_ranges; map++)

/**
 * cma_find_range() - the range that a page is in
 * @cma: area
 * @pfn: page
 *
 * Context: any.
 * Return: the range, NULL if the page does not belong to the area.
 */
static inline struct cma_map *cma_find_range(struct cma *cma, unsigned long pfn)
{
	struct cma_map *map;

	cma_for_each_map(map, cma) {
		if (cma_map_contains(map, pfn, 1))
			return map;
	}

	return NULL;
}

/*
 * A range is what can be allocated. The pageblocks that it lies in are lent as a whole,
 * with what else is in the first and the last. Where pageblocks may have become larger
 * since the memory was reserved, a range fills them, or is of no use.
 */
static inline unsigned long cma_lent_start(const struct cma_map *map)
{
	return IS_ENABLED(CONFIG_HUGETLB_PAGE_SIZE_VARIABLE) ? map->base_pfn :
	       ALIGN_DOWN(map->base_pfn, pageblock_nr_pages);
}

static inline unsigned long cma_lent_end(const struct cma_map *map)
{
	unsigned long end = map->base_pfn + map->count;

	return IS_ENABLED(CONFIG_HUGETLB_PAGE_SIZE_VARIABLE) ? end :
	       ALIGN(end, pageblock_nr_pages);
}

static inline unsigned long cma_lent_pages(const struct cma_map *map)
{
	return cma_lent_end(map) - cma_lent_start(map);
}

unsigned long cma_available_pages(struct cma *cma);
unsigned long cma_longest_run(struct cma *cma);
void cma_set_user_only(struct cma *cma, bool user_only);

struct cma *cma_register(const struct cma_extent *extents, unsigned int nr,
			 unsigned int order_per_bit, const char *name);
bool cma_in_one_zone(const struct cma_map *map);

#if IS_ENABLED(CONFIG_KUNIT)
void cma_activate_area(struct cma *cma);
void cma_accept_memory(phys_addr_t base, phys_addr_t size);
#endif

#endif /* __MM_CMA_H__ */
