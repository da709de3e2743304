/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __MM_CMA_H__
#define __MM_CMA_H__

#include <linux/cma.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

/**
 * struct cma_runs - the runs of free units within some units
 * @first: length of the run at their start, 0 if the first is taken
 * @longest: length of the longest
 * @last: length of the run at their end
 */
struct cma_runs {
	u32 first;
	u32 longest;
	u32 last;
};

/* Few enough that what the nodes of a level stand for can be counted in u32. */
#define CMA_MAP_LEVELS	6

/**
 * struct cma_map - a range of an area, and its free map
 * @base_pfn: first page
 * @count: pages
 * @early: pages given away before there is a map, the first ones of the range
 * @order_per_bit: log2 of the pages in a unit; each bit stands for a unit
 * @nr_free: units with no bit in @taken
 * @taken: units that an allocation may not choose: held ones, and those that
 *	an allocation or a release is working on just now
 * @held: units that belong to a caller, a subset of @taken
 * @tail: pages held in a unit that is not held whole, 0 for all others;
 *	NULL when a unit is one page
 * @top: the highest level in @runs
 * @runs: sums up @taken, for those who search: a node of level 0 stands for some
 *	words of it, one of a higher level for some nodes of the level below
 *
 * A unit goes from free to taken to held and back the same way. Only what is
 * held can be released, so that of two releases of one page the second is
 * refused, even while the first is still at work.
 *
 * The map does not lock: its owner guards everything from @nr_free on.
 */
struct cma_map {
	unsigned long base_pfn;
	unsigned long count;
	unsigned long early;
	unsigned int order_per_bit;
	unsigned long nr_free;
	unsigned long *taken;
	unsigned long *held;
	unsigned long *tail;
	unsigned int top;
	struct cma_runs *runs[CMA_MAP_LEVELS];
};

/* No unit: the answer of cma_map_find() when there is no room. */
#define CMA_MAP_NONE	ULONG_MAX

int cma_map_init(struct cma_map *map);
void cma_map_destroy(struct cma_map *map);
unsigned long cma_map_find(const struct cma_map *map, unsigned long start,
			   unsigned long pages, unsigned int align);
unsigned long cma_map_choose(const struct cma_map *map, unsigned long pages,
			     unsigned int align);
void cma_map_take(struct cma_map *map, unsigned long unit,
		  unsigned long pages);
void cma_map_hold(struct cma_map *map, unsigned long unit,
		  unsigned long pages);
const char *cma_map_unhold(struct cma_map *map, unsigned long pfn,
			   unsigned long pages, unsigned long *bad_pfn);
void cma_map_drop(struct cma_map *map, unsigned long unit,
		  unsigned long pages);
unsigned long cma_map_longest(const struct cma_map *map);
bool cma_map_run_end(const struct cma_map *map, unsigned long unit,
		     unsigned long n, unsigned long *end);
u32 cma_map_word32(const struct cma_map *map, unsigned long word);

static inline unsigned long cma_map_units(const struct cma_map *map)
{
	return map->count >> map->order_per_bit;
}

/* Units that @pages pages occupy; @pages is not 0. */
static inline unsigned long cma_map_span(const struct cma_map *map,
					 unsigned long pages)
{
	return ((pages - 1) >> map->order_per_bit) + 1;
}

static inline unsigned long cma_map_unit_pfn(const struct cma_map *map,
					     unsigned long unit)
{
	return map->base_pfn + (unit << map->order_per_bit);
}

static inline unsigned long cma_map_pfn_unit(const struct cma_map *map,
					     unsigned long pfn)
{
	return (pfn - map->base_pfn) >> map->order_per_bit;
}

/* Is the whole of [@pfn, @pfn + @pages) inside? Nothing here may wrap. */
static inline bool cma_map_contains(const struct cma_map *map,
				    unsigned long pfn, unsigned long pages)
{
	return pfn >= map->base_pfn && pfn - map->base_pfn < map->count &&
	       pages <= map->count - (pfn - map->base_pfn);
}

/**
 * enum cma_state - the life of an area
 * @CMA_REGISTERED: memory is reserved, pages are not yet the buddy allocator's
 * @CMA_ACTIVE: in service
 * @CMA_DEAD: could not be activated; it exists for nobody
 */
enum cma_state {
	CMA_REGISTERED,
	CMA_ACTIVE,
	CMA_DEAD,
};

struct cma_kobject {
	struct kobject kobj;
	struct cma *cma;
};

/**
 * struct cma - an area
 * @node: in the list of all areas
 * @name: unique among all areas, without '/'
 * @state: written at boot only, while there is one thread
 * @reserve_pages_on_error: keep the pages reserved if activation fails
 * @had_folios: large folios may be among the pages that are held; stays set
 * @lock: taken in any context
 * @count: pages in all ranges
 * @nr_pages_succeeded: pages handed out so far
 * @nr_pages_failed: pages asked for in vain so far
 * @nr_pages_released: pages taken back so far
 * @cma_kobj: directory in /sys/kernel/mm/cma
 * @debug_held: what was allocated through debugfs, newest first
 * @nr_ranges: how many @ranges there are; 0 when dead
 * @ranges: physical memory; an allocation lies in one of them
 *
 * It is never freed.
 */
struct cma {
	struct list_head node;
	char name[CMA_MAX_NAME];
	enum cma_state state;
	bool reserve_pages_on_error;
	bool had_folios;
	spinlock_t lock;		/* guards what changes in @ranges */
	unsigned long count;
#ifdef CONFIG_CMA_SYSFS
	atomic64_t nr_pages_succeeded;
	atomic64_t nr_pages_failed;
	atomic64_t nr_pages_released;
	struct cma_kobject *cma_kobj;
#endif
#ifdef CONFIG_CMA_DEBUGFS
	struct list_head debug_held;	/* cma_debug_mutex guards it */
#endif
	unsigned int nr_ranges;
	struct cma_map ranges[];
};

#define cma_for_each_map(map, cma)					\
	for (map = (cma)->ranges; map < (cma)->ranges + (cma)->nr_ranges; map++)

struct cma_map *cma_find_range(struct cma *cma, unsigned long pfn);
unsigned long cma_available_pages(const struct cma *cma);
unsigned long cma_longest_run(const struct cma *cma);

/**
 * enum cma_use - what becomes of a page while nobody holds it
 * @CMA_FREE: it is in the free lists
 * @CMA_CACHED: free, but on a list of a CPU
 * @CMA_MOVABLE: borrowed
 * @CMA_BATCHED: borrowed, and on its way to an LRU list
 * @CMA_STUCK: it cannot be moved now
 */
enum cma_use {
	CMA_FREE,
	CMA_CACHED,
	CMA_MOVABLE,
	CMA_BATCHED,
	CMA_STUCK,
};

/**
 * struct cma_sight - what was seen of a page
 * @use: of all pages up to @end
 * @head: first page of its folio, or the page itself
 * @end: page behind its folio or free block
 * @needs_fs: who moves it must be allowed to call into file systems
 */
struct cma_sight {
	enum cma_use use;
	unsigned long head;
	unsigned long end;
	bool needs_fs;
};

void cma_look(unsigned long pfn, struct cma_sight *sight);

/**
 * struct cma_request - an allocation under way
 * @count: pages wanted
 * @align: log2 of what the first PFN is to be a multiple of
 * @gfp: for what is done to the pages
 * @move_gfp: for memory to move borrowed pages to
 * @nowait: leave those to their owners
 * @emptied_lru: the LRU batches of all CPUs were emptied, since it last waited
 * @emptied_pcp: so were their lists of free pages
 * @waits: times it was waited for pages that cannot move
 * @tried: ranges tried
 * @moved: pages moved
 * @stuck: a page that cannot be moved now, seen on the last search, or 0
 * @missed: the last page that was not free, though it looked like it; for who
 *	does not wait, places behind it come next
 * @missed_map: the range of it
 * @obstacles: pages that were in the way, which are not tried again until it was
 *	waited
 */
struct cma_request {
	unsigned long count;
	unsigned int align;
	gfp_t gfp;
	gfp_t move_gfp;
	bool nowait;
	bool emptied_lru;
	bool emptied_pcp;
	unsigned int waits;
	unsigned long tried;
	unsigned long moved;
	unsigned long stuck;
	unsigned long missed;
	struct cma_map *missed_map;
	struct xarray obstacles;
};

/**
 * struct cma_window - where an allocation may lie
 * @map: range
 * @pfn: first page
 * @cost: of having it, 0 if no page is to be moved
 */
struct cma_window {
	struct cma_map *map;
	unsigned long pfn;
	u64 cost;
};

int cma_find_window(struct cma *cma, struct cma_request *rq,
		    struct cma_window *window);
bool cma_is_claimed(unsigned long start, unsigned long end);
int cma_claim(struct cma_request *rq, unsigned long start);
int cma_await_unpinning(struct cma_request *rq);

/* Physical memory, in bytes. */
struct cma_extent {
	phys_addr_t base;
	phys_addr_t size;
};

struct cma *cma_register(const struct cma_extent *extents, unsigned int nr,
			 unsigned int order_per_bit, const char *name);
unsigned int cma_choose_extents(struct cma_extent *extents, unsigned int nr,
				phys_addr_t size, phys_addr_t align,
				phys_addr_t high, phys_addr_t *found);
bool cma_trim(phys_addr_t *base, phys_addr_t *size);
bool cma_param_given(void);

#if IS_ENABLED(CONFIG_KUNIT)
void cma_activate_area(struct cma *cma);
#endif

#ifdef CONFIG_CMA_SYSFS
static inline void cma_count_success(struct cma *cma, unsigned long pages)
{
	atomic64_add(pages, &cma->nr_pages_succeeded);
}

static inline void cma_count_failure(struct cma *cma, unsigned long pages)
{
	atomic64_add(pages, &cma->nr_pages_failed);
}

static inline void cma_count_release(struct cma *cma, unsigned long pages)
{
	atomic64_add(pages, &cma->nr_pages_released);
}
#else
static inline void cma_count_success(struct cma *cma, unsigned long pages) { }
static inline void cma_count_failure(struct cma *cma, unsigned long pages) { }
static inline void cma_count_release(struct cma *cma, unsigned long pages) { }
#endif

#endif /* __MM_CMA_H__ */
