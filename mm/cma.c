// SPDX-License-Identifier: GPL-2.0
/*
 * Contiguous Memory Allocator
 *
 * An area is physical memory that movable pages may borrow until a caller wants
 * contiguous pages: one range of it, or several with holes between them. It is
 * taken from memblock and registered at boot (cma_reserve.c). At core_initcall time
 * it is activated: the page allocator gets its pages as MIGRATE_CMA. An allocation
 *
 *	takes units out of the free map of a range (cma_map.c), under cma->lock,
 *	and their pages off the free lists: the fast path;
 *	or, if some of these pages are borrowed, finds the place that is cheapest
 *	to empty (cma_place.c, cma_page.c), takes the units there and has their
 *	pages moved away (cma_claim.c), there or at the next best place;
 *	and marks the units as held.
 *
 * A release undoes these steps in reverse order. The free maps alone decide what may
 * be allocated and what may be released; every number reported (cma_sysfs.c,
 * cma_debug.c) is read from them.
 */

#define pr_fmt(fmt) "cma: " fmt

#define CREATE_TRACE_POINTS

#include <linux/cma.h>
#include <linux/kasan.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>
#include <linux/pgalloc_tag.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmstat.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "internal.h"
#include "cma.h"
#include "cma_claim.h"
#include "cma_describe.h"
#include "cma_failure.h"
#include "cma_headroom.h"
#include "cma_place.h"
#include "cma_reserve.h"
#include "cma_sysfs.h"
#include "cma_track.h"
#include "hugetlb_bootmap.h"
#include <trace/events/cma.h>

/* In the order of registration. Written at boot only, by one thread. */
static LIST_HEAD(cma_areas);
static unsigned int cma_area_count;

/**
 * cma_get_base() - where an area starts
 * @cma: area
 *
 * Return: physical address of the first range, which need not be the lowest.
 */
phys_addr_t cma_get_base(const struct cma *cma)
{
	return PFN_PHYS(cma->ranges[0].base_pfn);
}

/**
 * cma_get_size() - how large an area is
 * @cma: area
 *
 * Return: bytes in all ranges; 0 if the area could not be activated.
 */
unsigned long cma_get_size(const struct cma *cma)
{
	return cma->count << PAGE_SHIFT;
}

/**
 * cma_get_range() - where a range of an area lies
 * @cma: area
 * @nr: which range, from 0 on
 * @base: receives its physical address
 * @size: receives its size in bytes
 *
 * Return: false if there is no such range.
 */
bool cma_get_range(const struct cma *cma, unsigned int nr, phys_addr_t *base,
		   phys_addr_t *size)
{
	if (nr >= cma->nr_ranges)
		return false;

	*base = PFN_PHYS(cma->ranges[nr].base_pfn);
	*size = PFN_PHYS(cma->ranges[nr].count);
	return true;
}

/**
 * cma_get_name() - what an area is called
 * @cma: area
 *
 * Return: the name, unique and without '/'; it stays valid forever.
 */
const char *cma_get_name(const struct cma *cma)
{
	return cma->name;
}

/**
 * cma_for_each_area() - visit all areas
 * @it: called for each area; a value other than 0 ends the walk
 * @data: passed on to @it
 *
 * Areas that could not be activated are left out.
 *
 * Return: what @it returned last, 0 if there is no area.
 */
int cma_for_each_area(int (*it)(struct cma *cma, void *data), void *data)
{
	struct cma *cma;
	int ret = 0;

	list_for_each_entry(cma, &cma_areas, node) {
		if (cma->state != CMA_DEAD)
			ret = it(cma, data);
		if (ret)
			break;
	}

	return ret;
}

static bool __init cma_name_in_use(const char *name)
{
	const struct cma *cma;

	list_for_each_entry(cma, &cma_areas, node) {
		if (cma->state != CMA_DEAD && !strcmp(cma->name, name))
			return true;
	}

	return false;
}

/*
 * Directories in sysfs and debugfs and a device node get this name, so it must be
 * a valid file name, and unique.
 */
static void __init cma_set_name(struct cma *cma, const char *name)
{
	unsigned int twin = 1;
	int len;

	if (!name || !*name || !strcmp(name, ".") || !strcmp(name, ".."))
		snprintf(cma->name, sizeof(cma->name), "cma%u", cma_area_count);
	else
		strscpy(cma->name, name);
	strreplace(cma->name, '/', '!');

	/* What comes after the name must not be cut off. */
	len = min_t(int, strlen(cma->name), CMA_MAX_NAME - sizeof(".4294967295"));
	while (cma_name_in_use(cma->name))
		sprintf(cma->name + len, ".%u", twin++);

	if (name && twin > 1)
		pr_info("there is an area %s already, calling this one %s\n",
			name, cma->name);
}

/*
 * On arm, arm64 and riscv, the device tree and DMA code set up areas before there
 * is a direct map, when memory from memblock has no usable address. So the kernel
 * image has room for the first areas: for no fewer than the 128 regions that memblock
 * itself can tell apart until it may grow, which it may once its memory is mapped.
 * On other architectures it always is.
 */
#define CMA_FIRST_AREAS	(IS_ENABLED(CONFIG_OF_RESERVED_MEM) ? 128 : 8)

/* The memory is zeroed, and never freed. */
static void *__init cma_get_memory(size_t size)
{
	static char first[CMA_FIRST_AREAS * struct_size_t(struct cma, registered, 1)]
		__aligned(sizeof(u64));
	static size_t used __initdata;

	size = ALIGN(size, sizeof(u64));
	if (size <= sizeof(first) - used) {
		used += size;
		return first + used - size;
	}

	return slab_is_available() ? kzalloc(size, GFP_KERNEL) :
				     memblock_alloc(size, SMP_CACHE_BYTES);
}

/*
 * A confidential guest must accept memory before it is touched. The page allocator takes
 * all memory of an area for accepted, as what memblock_alloc() returns is, but not what
 * was only reserved.
 */
VISIBLE_IF_KUNIT void __init cma_accept_memory(phys_addr_t base, phys_addr_t size)
{
	KUNIT_STATIC_STUB_REDIRECT(cma_accept_memory, base, size);
	accept_memory(base, size);
}

/**
 * cma_register() - add an area to the list
 * @extents: its memory, in multiples of a unit; the blocks of CMA_MIN_ALIGNMENT_BYTES
 *	that it lies in are reserved as a whole, and in no other area
 * @nr: number of @extents, each of which becomes a range
 * @order_per_bit: log2 of the pages in a unit
 * @name: see cma_init_reserved_mem()
 *
 * The memory is the caller's until the area is activated at core_initcall time.
 *
 * Return: the area, or NULL if there is no memory to describe it, which has been
 * reported.
 */
struct cma *__init cma_register(const struct cma_extent *extents,
				unsigned int nr, unsigned int order_per_bit,
				const char *name)
{
	struct cma *cma = cma_get_memory(struct_size(cma, registered, nr));

	if (!cma) {
		pr_err("area %s at %pa cannot be registered: no memory for its description\n",
		       name ?: "", &extents->base);
		return NULL;
	}

	cma_set_name(cma, name);
	spin_lock_init(&cma->lock);
	init_rwsem(&cma->refilling);
	cma->nr_ranges = nr;
	cma->ranges = cma->registered;
	for (unsigned int i = 0; i < nr; i++) {
		cma->ranges[i].base_pfn = PHYS_PFN(extents[i].base);
		cma->ranges[i].count = PHYS_PFN(extents[i].size);
		cma->ranges[i].order_per_bit = order_per_bit;
		cma->count += cma->ranges[i].count;
		totalcma_pages += cma_lent_pages(&cma->ranges[i]);
		cma_accept_memory(PFN_PHYS(cma_lent_start(&cma->ranges[i])),
				  PFN_PHYS(cma_lent_pages(&cma->ranges[i])));
	}

	list_add_tail(&cma->node, &cma_areas);
	cma_area_count++;
	return cma;
}

/**
 * cma_reserve_pages_on_error() - keep the memory if activation fails
 * @cma: area, not yet activated
 *
 * By default the pages of an area, or of a part of it, that cannot be activated become
 * ordinary memory. Call this if another use of the pages forbids that.
 */
void __init cma_reserve_pages_on_error(struct cma *cma)
{
	cma->reserve_pages_on_error = true;
}

/**
 * cma_in_one_zone() - does a range lie in one zone?
 * @map: range
 *
 * Context: as cma_validate_zones().
 * Return: true if it does; false if zones are not known yet.
 */
bool __init cma_in_one_zone(const struct cma_map *map)
{
	int nid = early_pfn_to_nid(map->base_pfn);
	struct zone *zone = NODE_DATA(nid)->node_zones;
	unsigned int zones = 0;

	for (int i = 0; i < MAX_NR_ZONES; i++)
		zones += zone_intersects(&zone[i], map->base_pfn, map->count);
	return zones == 1;
}

/**
 * cma_validate_zones() - do the zones allow an area to be activated as it is?
 * @cma: area
 *
 * Context: boot, once free_area_init() has laid out the zones.
 * Return: true if each range lies in one zone. A range that does not will be cut in parts
 * that do.
 */
bool __init cma_validate_zones(struct cma *cma)
{
	const struct cma_map *map;

	if (cma->state != CMA_REGISTERED)
		return cma->state == CMA_ACTIVE;

	cma_for_each_map(map, cma) {
		if (!cma_in_one_zone(map))
			return false;
	}

	return true;
}

/*
 * Can pageblocks of a range be used, from @pfn to @end? alloc_contig_range() takes only
 * what lies in one zone. A zone may begin inside a pageblock, so both ends of each are
 * checked. Pages that are still reserved still belong to the area: nobody has freed them
 * since it was registered.
 * Return: NULL, and their zone is stored; or what is wrong.
 */
static const char *__init cma_check_pages(const struct cma_map *map, unsigned long pfn,
					  unsigned long end, const struct zone **zone)
{
	/* They may have become larger since the memory was reserved. */
	if (IS_ENABLED(CONFIG_HUGETLB_PAGE_SIZE_VARIABLE) &&
	    !IS_ALIGNED(pfn | end, pageblock_nr_pages))
		return "not aligned to pageblocks";
	pfn = ALIGN_DOWN(pfn, pageblock_nr_pages);
	end = ALIGN(end, pageblock_nr_pages);
	if (pfn_valid(pfn))
		*zone = page_zone(pfn_to_page(pfn));

	while (pfn < end) {
		struct page *page;

		if (!pfn_valid(pfn))
			return "not all memory";

		page = pfn_to_page(pfn);
		if (page_zone(page) != *zone)
			return "where two zones meet";
		if (!PageReserved(page) && !cma_map_is_early(map, pfn))
			return "not all reserved any more";

		pfn += pageblock_aligned(pfn) ? pageblock_nr_pages - 1 : 1;
	}

	return NULL;
}

/*
 * Where a range may be cut, after @pfn: at the end of a pageblock, and of a unit, which
 * begins with a block if it is larger than one.
 */
static unsigned long __init cma_next_cut(const struct cma_map *map, unsigned long pfn)
{
	unsigned long unit = 1UL << map->order_per_bit;
	unsigned long next = unit > pageblock_nr_pages ? pfn + unit :
							 pageblock_end_pfn(pfn);

	return min(next, map->base_pfn + map->count);
}

/*
 * Find the part of a range that begins at @pfn: the longest that lies in one zone, or that
 * cannot be used for one reason. It consists of whole units.
 * Return: its end; in @wrong, NULL or the reason.
 */
static unsigned long __init cma_find_part(const struct cma_map *map, unsigned long pfn,
					  const char **wrong)
{
	unsigned long end = map->base_pfn + map->count;
	const struct zone *zone = NULL, *next_zone = NULL;
	unsigned long next = cma_next_cut(map, pfn);

	*wrong = cma_check_pages(map, pfn, next, &zone);
	for (pfn = next; pfn < end; pfn = next) {
		const char *why;

		next = cma_next_cut(map, pfn);
		why = cma_check_pages(map, pfn, next, &next_zone);
		if (why != *wrong || (!why && next_zone != zone))
			break;
	}

	return pfn;
}

/* Pages given away early are not the area's to free. */
static void __init cma_give_up(struct cma *cma, const struct cma_map *map,
			       const char *why)
{
	unsigned long end = cma_lent_end(map) - map->late;
	unsigned long pfn = cma_lent_start(map) + map->early;

	pr_err("area %s: %lu KiB cannot be used: %#lx-%#lx (PFNs) are %s; this memory %s\n",
	       cma->name, map->count << (PAGE_SHIFT - 10), map->base_pfn,
	       map->base_pfn + map->count - 1, why, cma->reserve_pages_on_error ?
	       "stays reserved" : "goes to the page allocator");
	for (; pfn < end && !cma->reserve_pages_on_error; pfn++) {
		if (pfn_valid(pfn) && PageReserved(pfn_to_page(pfn)))
			free_reserved_page(pfn_to_page(pfn));
	}

	cma->count -= map->count;
	totalcma_pages -= cma_lent_pages(map);
}

/*
 * Make ranges of the parts that can be used, and give up the others. There may be more
 * of them than ranges that were registered: nobody has a pointer to these yet.
 */
static void __init cma_settle_ranges(struct cma *cma)
{
	struct cma_map *ranges = cma->ranges;
	unsigned int parts = 0, nr = 0;
	const struct cma_map *map;
	unsigned long pfn, end;
	const char *wrong;

	cma_for_each_map(map, cma) {
		end = map->base_pfn + map->count;
		for (pfn = map->base_pfn; pfn < end; pfn = cma_find_part(map, pfn, &wrong))
			parts++;
	}
	/* Otherwise each range is one part, and can be overwritten when it was read. */
	if (parts > cma->nr_ranges)
		ranges = kcalloc(parts, sizeof(*ranges), GFP_KERNEL);

	cma_for_each_map(map, cma) {
		unsigned long last = map->base_pfn + map->count;

		for (pfn = map->base_pfn; pfn < last; pfn = end) {
			struct cma_map part;

			end = cma_find_part(map, pfn, &wrong);
			part = (struct cma_map){
				.base_pfn = pfn,
				.count = end - pfn,
				.early = clamp(map->base_pfn + map->early, pfn, end) - pfn,
				.late = end - clamp(last - map->late, pfn, end),
				.order_per_bit = map->order_per_bit,
			};
			if (!wrong && (!ranges || cma_map_init(&part)))
				wrong = "without a map, for want of memory";
			if (wrong)
				cma_give_up(cma, &part, wrong);
			else
				ranges[nr++] = part;
		}
	}

	if (nr > cma->nr_ranges)
		pr_info("area %s: cut from %u into %u ranges, each in one zone\n",
			cma->name, cma->nr_ranges, nr);
	if (nr)
		cma->ranges = ranges;
	else if (parts > cma->nr_ranges)
		kfree(ranges);
	cma->nr_ranges = nr;
}

/* Make pages given away early the same as pages from cma_alloc(). */
static void __init cma_admit_early_pages(struct cma *cma, struct cma_map *map,
					 unsigned long first, unsigned long count)
{
	unsigned long unit = cma_map_pfn_unit(map, first);

	if (!count)
		return;

	for (unsigned long pfn = first; pfn < first + count; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (pageblock_aligned(pfn)) {
			set_pageblock_migratetype(page, MIGRATE_CMA);
			adjust_managed_page_count(page, pageblock_nr_pages);
			page_zone(page)->cma_pages += pageblock_nr_pages;
		}
		/* Its struct page is that of another, which has been here. */
		if (hugetlb_bootmap_is_shared(pfn)) {
			pfn = pageblock_end_pfn(pfn) - 1;
			continue;
		}
		if (PageReserved(page))
			ClearPageReserved(page);
	}

	cma->had_folios = true;
	spin_lock_irq(&cma->lock);
	cma_map_take(map, unit, count);
	cma_map_hold(map, unit, count);
	cma_track_enter(cma, first, count, 0);
	cma_count_success(cma, count);
	spin_unlock_irq(&cma->lock);
}

VISIBLE_IF_KUNIT void __init cma_activate_area(struct cma *cma)
{
	struct cma_map *map;

	cma_settle_ranges(cma);
	if (!cma->nr_ranges) {
		pr_err("area %s could not be activated: nothing of it can be used\n",
		       cma->name);
		cma->state = CMA_DEAD;
		return;
	}

	cma_track_init(cma);
	cma_claim_init(cma);
	cma_failure_init(cma);
	cma_latency_init(cma);
	cma_for_each_map(map, cma) {
		unsigned long pfn = cma_lent_start(map) + map->early;
		unsigned long end = cma_lent_end(map) - map->late;

		cma_admit_early_pages(cma, map, map->base_pfn, map->early);
		cma_admit_early_pages(cma, map, end, map->late);
		for (; pfn < end; pfn += pageblock_nr_pages)
			init_cma_reserved_pageblock(pfn_to_page(pfn));
	}

	cma->state = CMA_ACTIVE;
}

static int __init cma_activate_areas(void)
{
	struct cma *cma;

	list_for_each_entry(cma, &cma_areas, node) {
		if (cma->state == CMA_REGISTERED)
			cma_activate_area(cma);
	}

	return 0;
}
core_initcall(cma_activate_areas);

static void cma_drop(struct cma *cma, struct cma_map *map, unsigned long pfn,
		     unsigned long count)
{
	unsigned long flags;

	spin_lock_irqsave(&cma->lock, flags);
	cma_map_drop(map, cma_map_pfn_unit(map, pfn), count);
	spin_unlock_irqrestore(&cma->lock, flags);
}

/* Maps are read without cma->lock: they may be large, and this is only a message. */
static void cma_report_failure(struct cma *cma, const struct cma_request *rq,
			       int ret)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);
	const struct cma_map *map;
	unsigned long most = 0;
	char in_the_way[192];
	const char *why;

	if (!__ratelimit(&limit))
		return;

	cma_for_each_map(map, cma)
		most = max(most, map->count);

	if (rq->count > most)
		why = cma->nr_ranges > 1 ? "more than any range of the area has" :
					   "more than the area has";
	else if (ret == -ENOMEM && !rq->tried)
		why = "no free range is long enough at this alignment";
	else if (ret == -EBUSY)
		why = "each range tried has pages that cannot be moved now";
	else if (ret == -ENOMEM)
		why = "no memory to move borrowed pages to";
	else if (ret == -EINTR)
		why = "the caller is being killed";
	else
		why = "size or GFP flags cannot be served";

	cma_obstacle_text(rq->obstacle, in_the_way, sizeof(in_the_way));
	pr_err("%s: alloc failed, req-size: %lu pages, ret: %d (align order %u): %s; %lu ranges tried, %lu of %lu pages available, longest run %lu%s\n",
	       cma->name, rq->count, ret, rq->align, why, rq->tried,
	       cma_available_pages(cma), cma->count, cma_longest_run(cma),
	       in_the_way);
}

/*
 * Take units, whose pages are then detached from the free lists already, or as free as
 * any others. To isolate them, and to take them as a range, it must not be a bit of both.
 */
static void cma_take(struct cma *cma, const struct cma_request *rq,
		     struct cma_window *window, struct cma_map *map, unsigned long unit)
{
	lockdep_assert_held(&cma->lock);

	cma_map_take(map, unit, rq->count);
	window->map = map;
	window->pfn = cma_map_unit_pfn(map, unit);
	window->ready = cma_map_take_ready(map, unit, rq->count) ? CMA_READY : CMA_NOT_READY;
}

static void cma_took(struct cma *cma, const struct cma_request *rq,
		     struct cma_window *window)
{
	if (window->map->ready && window->ready != CMA_READY &&
	    cma_give_up_ready(cma, window->map, window->pfn, rq->count))
		window->ready = CMA_PARTLY_READY;
}

/*
 * The best units by the map: the tightest ready run, else the tightest run. One that is
 * ready in part would not be ready any more, so it has to be the best place, too.
 */
static int cma_take_units(struct cma *cma, const struct cma_request *rq,
			  struct cma_window *window)
{
	unsigned long unit = CMA_MAP_NONE, first, next, flags;
	struct cma_map *map;
	int ret = -ENOMEM;

	spin_lock_irqsave(&cma->lock, flags);
	cma_for_each_map(map, cma) {
		unit = cma_map_choose_ready(map, rq->count, rq->align);
		if (unit != CMA_MAP_NONE)
			goto found;
	}
	cma_note_misfit(cma, rq);
	cma_for_each_map(map, cma) {
		unit = cma_map_choose(map, rq->count, rq->align);
		if (unit == CMA_MAP_NONE)
			continue;
		first = unit;
		if (!map->ready ||
		    !cma_map_next_ready(map, &first, unit + cma_map_span(map, rq->count), &next))
			goto found;
		ret = -EBUSY;
		break;
	}
	spin_unlock_irqrestore(&cma->lock, flags);
	return ret;

found:
	cma_take(cma, rq, window, map, unit);
	spin_unlock_irqrestore(&cma->lock, flags);
	return 0;
}

/* Take the units of a window, unless another task was faster. */
static bool cma_take_window(struct cma *cma, const struct cma_request *rq,
			    struct cma_window *window)
{
	struct cma_map *map = window->map;
	unsigned long unit = cma_map_pfn_unit(map, window->pfn);
	unsigned long flags;
	bool free;

	spin_lock_irqsave(&cma->lock, flags);
	free = cma_map_find(map, unit, rq->count, rq->align) == unit;
	if (free)
		cma_take(cma, rq, window, map, unit);
	spin_unlock_irqrestore(&cma->lock, flags);
	if (free)
		cma_took(cma, rq, window);
	return free;
}

/* From now on the caller may release the pages. */
static void cma_hold(struct cma *cma, const struct cma_request *rq,
		     const struct cma_window *window, u32 site, u64 ns)
{
	struct cma_map *map = window->map;
	struct cma_record *record;
	unsigned long flags;

	spin_lock_irqsave(&cma->lock, flags);
	if (cma_track_wants(cma)) {
		spin_unlock_irqrestore(&cma->lock, flags);
		record = cma_new_record(rq->gfp);
		spin_lock_irqsave(&cma->lock, flags);
		cma_track_give(cma, record);
	}
	cma_map_hold(map, cma_map_pfn_unit(map, window->pfn), rq->count);
	cma_track_enter(cma, window->pfn, rq->count, site);
	cma_count_success(cma, rq->count);
	cma_count_served(cma, window->ready);
	cma_count_latency(cma, ns, true);
	spin_unlock_irqrestore(&cma->lock, flags);
}

/* From now on others may allocate the pages; the first @kept ones are ready. */
static void cma_take_back(struct cma *cma, struct cma_map *map,
			  unsigned long pfn, unsigned long count,
			  unsigned long kept)
{
	struct cma_record *record = NULL;
	unsigned long flags;
	bool done;

	/* A part that is left behind may need a record of its own. */
	if (cma_track_wants(cma))
		record = cma_new_record(GFP_NOWAIT);
	do {
		spin_lock_irqsave(&cma->lock, flags);
		cma_track_give(cma, record);
		record = NULL;
		done = cma_track_release(cma, pfn, count);
		if (done) {
			cma_count_release(cma, count);
			if (kept)
				cma_map_drop(map->ready, cma_map_pfn_unit(map, pfn), kept);
			cma_map_drop(map, cma_map_pfn_unit(map, pfn), count);
		}
		spin_unlock_irqrestore(&cma->lock, flags);
	} while (!done);
}

static void cma_count_failed(struct cma *cma, unsigned long count, u64 ns)
{
	unsigned long flags;

	spin_lock_irqsave(&cma->lock, flags);
	/* A nonsensical size must not make the counter wrap. */
	cma_count_failure(cma, min(count, totalram_pages()));
	cma_count_latency(cma, ns, false);
	spin_unlock_irqrestore(&cma->lock, flags);
}

/* The units are taken; take their pages too, if all of them are free. */
static int cma_take_pages(struct cma_request *rq, const struct cma_window *window)
{
	unsigned long found;

	if (window->ready == CMA_READY)
		found = cma_hand_out_ready(window->pfn, rq->count, rq->gfp);
	else
		found = take_free_range(window->pfn, rq->count, rq->gfp);
	if (found == window->pfn + rq->count)
		return 0;

	rq->from = found;
	return -EBUSY;
}

static void cma_choose(const struct cma *cma, struct cma_request *rq,
		       const struct cma_window *window)
{
	rq->tried++;
	trace_cma_range_chosen(cma->name, window->pfn, rq->count, rq->align,
			       window->cost);
}

/* The fast path: without borrowers, free units have free pages too. */
static int cma_alloc_free(struct cma *cma, struct cma_request *rq,
			  struct cma_window *window)
{
	int ret = cma_take_units(cma, rq, window);

	if (ret)
		return ret;

	cma_choose(cma, rq, window);
	if (!cma_take_pages(rq, window))
		return 0;

	cma_drop(cma, window->map, window->pfn, rq->count);
	return -EBUSY;
}

static int cma_claim_traced(struct cma *cma, struct cma_request *rq,
			    const struct cma_window *window)
{
	unsigned long flags, moved = rq->moved;
	int ret = cma_claim(rq, window->pfn);

	moved = rq->moved - moved;
	spin_lock_irqsave(&cma->lock, flags);
	cma_count_migrated(cma, moved);
	spin_unlock_irqrestore(&cma->lock, flags);
	trace_cma_pages_migrated(cma->name, window->pfn, rq->count, moved, ret);
	return ret;
}

/* Others may take what was found free; an allocation that cannot sleep tries this often. */
#define CMA_NOWAIT_TRIES	16

/* Without moving pages: the first place that is free, from where the last search ended. */
static int cma_alloc_first_free(struct cma *cma, struct cma_request *rq,
				struct cma_window *window)
{
	unsigned long begun = READ_ONCE(cma->nowait_pfn);
	int ret = -EBUSY;

	rq->from = begun;
	rq->from_map = cma_find_range(cma, begun);
	for (unsigned int i = 0; i < CMA_NOWAIT_TRIES; i++) {
		ret = cma_find_window(cma, rq, window);
		if (ret && begun && rq->from == begun) {
			/* There is nothing from there to the end. */
			begun = 0;
			rq->from_map = NULL;
			continue;
		}
		if (ret)
			break;
		ret = -EBUSY;
		if (!cma_take_window(cma, rq, window))
			continue;
		cma_choose(cma, rq, window);
		ret = cma_take_pages(rq, window);
		if (!ret)
			return 0;
		cma_drop(cma, window->map, window->pfn, rq->count);
		/* Free pages in an isolated block cannot be taken. */
		rq->from = is_migrate_cma_page(pfn_to_page(rq->from)) ?
			   rq->from + 1 : pageblock_end_pfn(rq->from);
		rq->from_map = window->map;
	}

	/* Next time, go on after the last place inspected, or from the beginning. */
	WRITE_ONCE(cma->nowait_pfn, rq->from_map ? rq->from : 0);
	return ret;
}

/* The slow path: find the best place, and have the pages there moved away. */
static int cma_alloc_best(struct cma *cma, struct cma_request *rq,
			  struct cma_window *window)
{
	bool paused = cma_pause_refilling(cma, rq->move_gfp);
	int ret;

	xa_init(&rq->obstacles);
	cma_recall_obstacles(cma, rq);
	do {
		ret = cma_find_window(cma, rq, window);
		if (ret == -EBUSY)
			cma_note_obstacle(cma, rq->obstacle, rq->blocker, 0, 0);
		if (ret)
			break;
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		if (!cma_take_window(cma, rq, window))
			continue;

		cma_choose(cma, rq, window);
		ret = -EBUSY;
		if (!window->cost || window->ready == CMA_READY)
			ret = cma_take_pages(rq, window);
		if (ret)
			ret = cma_claim_traced(cma, rq, window);
		if (!ret)
			break;
		cma_drop(cma, window->map, window->pfn, rq->count);
		/* For a place with fewer pages to move, memory may suffice. */
		if (ret != -EBUSY && ret != -ENOMEM)
			break;

		cma_note_obstacle(cma, rq->obstacle, rq->blocker, window->pfn,
				  rq->count);
		trace_cma_alloc_busy_retry(cma->name, window->pfn,
					   pfn_to_page(window->pfn), rq->count,
					   rq->align);
		ret = cma_persevere(cma, rq, ret);
	} while (!ret);
	xa_destroy(&rq->obstacles);
	if (paused)
		cma_resume_refilling(cma);
	return ret;
}

/* With @nowait, pages that are not free are left to their users. */
static struct page *cma_alloc_range(struct cma *cma, unsigned long count,
				    unsigned int align, gfp_t gfp, bool nowait,
				    unsigned long caller)
{
	struct cma_obstacle obstacle;
	struct cma_window window = { .pfn = -1UL };
	struct cma_request rq = {
		.count = count,
		.align = align,
		.gfp = gfp,
		.nowait = nowait,
		.obstacle = &obstacle,
		.begun = local_clock(),
	};
	struct page *page = NULL;
	u64 ns;
	int ret;

	/* The other fields are valid only with a reason. */
	obstacle.reason = CMA_REASON_NONE;
	ret = contig_move_gfp(gfp, &rq.move_gfp);
	if (!ret)
		ret = cma_alloc_free(cma, &rq, &window);
	/* With headroom, units are taken for a moment while they are made ready. */
	if (ret == -EBUSY || (ret == -ENOMEM && READ_ONCE(cma->headroom)))
		ret = nowait ? cma_alloc_first_free(cma, &rq, &window) :
			       cma_alloc_best(cma, &rq, &window);

	/* The clock of another CPU may be behind. */
	ns = max_t(s64, local_clock() - rq.begun, 0);
	if (!ret) {
		cma_hold(cma, &rq, &window, cma_track_site(cma, caller, gfp), ns);
		page = pfn_to_page(window.pfn);
		/* The range may join blocks that KASAN tagged one by one. */
		for (unsigned long i = 0; i < count; i++)
			page_kasan_tag_reset(nth_page(page, i));
		count_vm_event(CMA_ALLOC_SUCCESS);
	} else {
		count_vm_event(CMA_ALLOC_FAIL);
		cma_count_failed(cma, count, ns);
		if (!nowait)
			cma_note_failure(cma, &rq, ret);
		if (!(gfp & __GFP_NOWARN))
			cma_report_failure(cma, &rq, ret);
	}
	cma_headroom_changed(cma);

	trace_cma_alloc_latency(cma->name, window.pfn, count, align, rq.tried,
				rq.moved, ret, ns);
	trace_cma_alloc_finish(cma->name, window.pfn, page, count, align, ret);
	return page;
}

static struct page *__cma_alloc(struct cma *cma, unsigned long count,
				unsigned int align, gfp_t gfp, bool nowait,
				unsigned long caller)
{
	might_sleep_if(!nowait);
	trace_cma_alloc_start(cma ? cma->name : NULL, count, align);

	if (!cma || cma->state != CMA_ACTIVE || !count) {
		trace_cma_alloc_finish(cma ? cma->name : NULL, -1UL, NULL, count,
				       align, -EINVAL);
		return NULL;
	}

	gfp = current_gfp_context(gfp);
	return cma_alloc_range(cma, count, align, gfp, nowait, caller);
}

/**
 * cma_alloc() - allocate contiguous pages
 * @cma: area; with NULL the allocation fails
 * @count: pages
 * @align: alignment of the first page, as the log2 of pages
 * @no_warn: do not log a failure
 *
 * Each page has a reference count of one and may be mapped, shared and referenced
 * individually. Borrowed pages are moved away, which takes time.
 *
 * Context: process context, may sleep for a long time. Takes the locks that page
 * migration takes; do not hold a page lock or mmap_lock for writing.
 * Return: the first page, or NULL.
 */
struct page *cma_alloc(struct cma *cma, unsigned long count,
		       unsigned int align, bool no_warn)
{
	return __cma_alloc(cma, count, align,
			   GFP_KERNEL | (no_warn ? __GFP_NOWARN : 0), false,
			   _RET_IP_);
}

/**
 * cma_alloc_nowait() - allocate contiguous pages from those that are free now
 * @cma: area; with NULL the allocation fails
 * @count: pages
 * @align: alignment of the first page, as the log2 of pages
 *
 * Like cma_alloc(), but borrowed pages stay where they are. Failure is normal and
 * not logged. The pages are released with cma_release().
 *
 * It inspects 2048 pages or free blocks at most, whatever the size of the area, and
 * the next call goes on from there; locks are held for only part of the search.
 *
 * Context: any but NMI; with PREEMPT_RT, only with preemption enabled. Takes
 * cma->lock and zone locks.
 * Return: the first page, or NULL.
 */
struct page *cma_alloc_nowait(struct cma *cma, unsigned long count,
			      unsigned int align)
{
	return __cma_alloc(cma, count, align, GFP_NOWAIT | __GFP_NOWARN, true,
			   _RET_IP_);
}

/**
 * cma_alloc_folio() - allocate a large folio
 * @cma: area; with NULL the allocation fails
 * @order: log2 of the folio's pages, from 1 to that of MAX_FOLIO_NR_PAGES
 * @gfp: must contain __GFP_COMP; says what may be done to move pages, as for
 *	alloc_contig_range(); with __GFP_NOWARN a failure is not logged
 *
 * Context: as cma_alloc().
 * Return: the folio, naturally aligned, with one reference; or NULL.
 */
struct folio *cma_alloc_folio(struct cma *cma, int order, gfp_t gfp)
{
	struct page *page;

	if (WARN_ON_ONCE(order < 1 || !(gfp & __GFP_COMP)))
		return NULL;
	/* No area has folios that large. */
	if (order > ilog2(MAX_FOLIO_NR_PAGES)) {
		if (!(gfp & __GFP_NOWARN))
			pr_err_ratelimited("a folio of order %d was asked for: there are orders up to %d\n",
					   order, ilog2(MAX_FOLIO_NR_PAGES));
		return NULL;
	}

	if (cma)
		WRITE_ONCE(cma->had_folios, true);
	page = __cma_alloc(cma, 1UL << order, order, gfp, false,
			   _RET_IP_);
	return page ? page_folio(page) : NULL;
}

/**
 * cma_pages_valid() - tell whether a run of pages belongs to an area
 * @cma: area, or NULL
 * @pages: first page, or NULL
 * @count: pages
 *
 * The pages may be allocated, free or borrowed.
 *
 * Context: any.
 * Return: true if all of it lies in one range of the area.
 */
bool cma_pages_valid(struct cma *cma, const struct page *pages,
		     unsigned long count)
{
	const struct cma_map *map;

	if (!cma || !pages)
		return false;

	map = cma_find_range(cma, page_to_pfn(pages));
	return map && cma_map_contains(map, page_to_pfn(pages), count);
}

/*
 * The page allocator takes back a large folio only as a whole, and single pages one
 * by one.
 * Return: the first PFN that cannot be released together with the others, or 0.
 */
static unsigned long cma_find_torn_folio(const struct cma_map *map,
					 const struct page *pages,
					 unsigned long count)
{
	unsigned long pfn = page_to_pfn(pages);

	/* cma_map_unhold() will report that. */
	if (!cma_map_contains(map, pfn, count))
		return 0;

	/* The owner of the pages is not known yet, so nothing may be asserted about them. */
	if (PageHead(pages) && 1UL << compound_order((struct page *)pages) == count)
		return 0;

	for (; count--; pfn++) {
		if (PageCompound(pfn_to_page(pfn)))
			return pfn;
	}

	return 0;
}

#ifdef CONFIG_MEM_ALLOC_PROFILING
/*
 * Pages given away early have no allocation tag, which MEM_ALLOC_PROFILING_DEBUG
 * expects when they are freed: on each single page, or on the head of a folio. Pages
 * allocated since then have one.
 */
static void cma_tag_early_pages(const struct cma_map *map, unsigned long pfn,
				unsigned long count)
{
	unsigned long end = pfn + count;

	if (!mem_alloc_profiling_enabled() || (!map->early && !map->late))
		return;

	while (pfn < end) {
		struct page *page = pfn_to_page(pfn);
		union codetag_ref *ref = get_page_tag_ref(page);

		if (ref && !ref->ct && cma_map_is_early(map, pfn))
			set_codetag_empty(ref);
		if (ref)
			put_page_tag_ref(ref);
		pfn += folio_nr_pages(page_folio(page));
	}
}
#else
static void cma_tag_early_pages(const struct cma_map *map, unsigned long pfn,
				unsigned long count)
{
}
#endif

/**
 * cma_release() - release pages
 * @cma: area, or NULL
 * @pages: first page to release, or NULL
 * @count: pages to release
 *
 * Releases all or any part of what cma_alloc() returned; with an order_per_bit above
 * 0 the part must start at a unit and leave no held page in its last unit. If that
 * does not hold, or if not all pages are allocated and in one range of the area,
 * nothing is released and the log says what was wrong and who called.
 *
 * Context: any but NMI; with PREEMPT_RT, only with preemption enabled. Takes
 * cma->lock and zone locks.
 * Return: true if the pages were released; false if the first one is not in the
 * area, so that a caller may try areas in turn, or if the release was refused.
 */
bool cma_release(struct cma *cma, const struct page *pages,
		 unsigned long count)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);
	unsigned long pfn, bad_pfn, busy, kept, flags;
	struct cma_map *map;
	const char *wrong;

	if (!cma || !pages || cma->state != CMA_ACTIVE)
		return false;

	pfn = page_to_pfn(pages);
	map = cma_find_range(cma, pfn);
	if (!map)
		return false;

	bad_pfn = 0;
	if (READ_ONCE(cma->had_folios))
		bad_pfn = cma_find_torn_folio(map, pages, count);
	if (bad_pfn) {
		wrong = "is of a large folio, which goes as a whole";
	} else {
		spin_lock_irqsave(&cma->lock, flags);
		wrong = cma_map_unhold(map, pfn, count, &bad_pfn);
		spin_unlock_irqrestore(&cma->lock, flags);
	}
	if (wrong) {
		if (__ratelimit(&limit)) {
			char holder[192];

			cma_track_holder(cma, pfn, count, holder, sizeof(holder));
			pr_warn("%s: release of %lu pages from PFN %#lx on refused: PFN %#lx %s%s\n",
				cma->name, count, pfn, bad_pfn, wrong, holder);
			dump_stack();
		}
		return false;
	}

	cma_tag_early_pages(map, pfn, count);
	busy = put_free_range(pfn, count);
	WARN(busy, "%s: %lu pages of %lu from PFN %#lx on are still in use\n",
	     cma->name, busy, count, pfn);
	kept = busy ? 0 : cma_keep_ready(cma, map, pfn, count);
	cma_take_back(cma, map, pfn, count, kept);
	cma_headroom_changed(cma);
	trace_cma_release(cma->name, pfn, pages, count);
	return true;
}

/**
 * cma_free_folio() - release a folio
 * @cma: area, or NULL
 * @folio: a folio that cma_alloc_folio() returned
 *
 * Context: as cma_release().
 * Return: as cma_release().
 */
bool cma_free_folio(struct cma *cma, const struct folio *folio)
{
	if (WARN_ON_ONCE(!folio_test_large(folio)))
		return false;

	return cma_release(cma, &folio->page, folio_nr_pages(folio));
}
