/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The map of a range: which of its units are free
 *
 * It knows neither areas nor struct pages.
 */

#ifndef __MM_CMA_MAP_H__
#define __MM_CMA_MAP_H__

#include <linux/types.h>

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

/* Few enough that the units which a node stands for can be counted in u32. */
#define CMA_MAP_LEVELS	6

/**
 * struct cma_map - a range of an area, and its free map
 * @base_pfn: first page
 * @count: pages
 * @early: pages given away before there is a map, from the start of the range
 * @late: and from its end
 * @order_per_bit: log2 of the pages in a unit; each bit stands for a unit
 * @nr_free: units with no bit in @taken
 * @taken: units that an allocation may not choose: held ones, and those that
 *	an allocation or a release is working on at the moment
 * @held: units that belong to a caller, a subset of @taken
 * @tail: pages held in a unit that is only partly held, 0 for all others;
 *	NULL when a unit is one page
 * @top: the highest level in @runs
 * @runs: summary of @taken for searches: a node of level 0 stands for some words
 *	of it, a node of a higher level for some nodes of the level below
 * @ready: a map of the same units, of which those that are ready are free; NULL as
 *	long as none is
 *
 * A unit goes from free to taken to held and back the same way. Only held units
 * can be released, so the second of two releases of a page is refused, even while
 * the first is still in progress.
 *
 * A free unit may be ready, too: its pages are not on the free lists. The task that
 * has taken a unit decides whether it is ready, and no other one does.
 *
 * The map does no locking: its owner guards everything from @nr_free on.
 */
struct cma_map {
	unsigned long base_pfn;
	unsigned long count;
	unsigned long early;
	unsigned long late;
	unsigned int order_per_bit;
	unsigned long nr_free;
	unsigned long *taken;
	unsigned long *held;
	unsigned long *tail;
	unsigned int top;
	struct cma_runs *runs[CMA_MAP_LEVELS];
	struct cma_map *ready;
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
const char *cma_map_check_held(const struct cma_map *map, unsigned long pfn,
			       unsigned long pages, unsigned long *bad_pfn);
const char *cma_map_unhold(struct cma_map *map, unsigned long pfn,
			   unsigned long pages, unsigned long *bad_pfn);
void cma_map_drop(struct cma_map *map, unsigned long unit,
		  unsigned long pages);
unsigned long cma_map_longest(const struct cma_map *map);
bool cma_map_run_end(const struct cma_map *map, unsigned long unit,
		     unsigned long n, unsigned long *end);
u32 cma_map_word32(const struct cma_map *map, unsigned long word);

struct cma_map *cma_map_new_ready(const struct cma_map *map);
unsigned long cma_map_choose_ready(const struct cma_map *map, unsigned long pages,
				   unsigned int align);
bool cma_map_take_ready(struct cma_map *map, unsigned long unit, unsigned long pages);
bool cma_map_next_ready(const struct cma_map *map, unsigned long *unit,
			unsigned long end, unsigned long *next);
unsigned long cma_map_ready_end(const struct cma_map *map, unsigned long pfn,
				unsigned long end);

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

/* Was the page of a range given away before there was a map? */
static inline bool cma_map_is_early(const struct cma_map *map, unsigned long pfn)
{
	unsigned long at = pfn - map->base_pfn;

	return at < map->count && (at < map->early || at >= map->count - map->late);
}

#endif /* __MM_CMA_MAP_H__ */
