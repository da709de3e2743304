// SPDX-License-Identifier: GPL-2.0
/*
 * Contiguous Memory Allocator
 *
 * An area is physical memory that movable pages may borrow until somebody
 * wants contiguous pages. It is registered at boot, out of memblock
 * (cma_reserve.c). At core_initcall time it is activated: the page allocator
 * gets its pages as MIGRATE_CMA. An allocation
 *
 *	takes units in the free map (cma_map.c), under cma->lock,
 *	takes the pages from those who borrowed them: alloc_contig_range(),
 *	marks the units as held; or drops them and tries further up.
 *
 * A release goes the same way back. The free map alone decides what may be
 * allocated and what may be released; every number shown to people (cma_sysfs.c,
 * cma_debug.c) is read off it.
 */

#define pr_fmt(fmt) "cma: " fmt

#define CREATE_TRACE_POINTS

#include <linux/cma.h>
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/ratelimit.h>
#include <linux/string.h>
#include <linux/vmstat.h>
#include <kunit/visibility.h>
#include <trace/events/cma.h>

#include "internal.h"
#include "cma.h"

/* Written at boot only, while there is one thread. */
static struct cma cma_areas[MAX_CMA_AREAS];
static unsigned int cma_area_count;

/*
 * Held across alloc_contig_range(). When two callers isolate blocks that the
 * page allocator may merge into one, each can make the other fail; areas share
 * no pageblock, but neighbours may share a block of MAX_PAGE_ORDER.
 */
static DEFINE_MUTEX(cma_contig_mutex);

/**
 * cma_get_base() - where an area starts
 * @cma: area
 *
 * Return: physical address.
 */
phys_addr_t cma_get_base(const struct cma *cma)
{
	return PFN_PHYS(cma->map.base_pfn);
}

/**
 * cma_get_size() - how large an area is
 * @cma: area
 *
 * Return: bytes; 0 if the area could not be activated.
 */
unsigned long cma_get_size(const struct cma *cma)
{
	return cma->map.count << PAGE_SHIFT;
}

/**
 * cma_get_name() - what an area is called
 * @cma: area
 *
 * Return: the name, unique and free of '/'; it stays valid for ever.
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
	int ret = 0;

	for (unsigned int i = 0; i < cma_area_count && !ret; i++) {
		if (cma_areas[i].state != CMA_DEAD)
			ret = it(&cma_areas[i], data);
	}

	return ret;
}

static bool __init cma_name_in_use(const char *name)
{
	for (unsigned int i = 0; i < cma_area_count; i++) {
		if (!strcmp(cma_areas[i].name, name))
			return true;
	}

	return false;
}

/*
 * The name becomes that of a directory in sysfs and in debugfs and of a device
 * node, so it must do as a file name, once.
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

/**
 * cma_register() - enter an area into the table
 * @base: first byte, aligned to CMA_MIN_ALIGNMENT_BYTES
 * @size: bytes, a multiple of CMA_MIN_ALIGNMENT_BYTES and of a unit
 * @order_per_bit: log2 of the pages in a unit
 * @name: see cma_init_reserved_mem()
 *
 * The memory is the caller's until core_initcall time activates the area.
 *
 * Return: the area, or NULL when CONFIG_CMA_AREAS are registered.
 */
struct cma *__init cma_register(phys_addr_t base, phys_addr_t size,
				unsigned int order_per_bit, const char *name)
{
	struct cma *cma;

	if (cma_area_count == MAX_CMA_AREAS) {
		pr_err("no room for area %s at %pa: all %u areas of CONFIG_CMA_AREAS are in use\n",
		       name ?: "", &base, MAX_CMA_AREAS);
		return NULL;
	}

	cma = &cma_areas[cma_area_count];
	cma_set_name(cma, name);
	cma->map.base_pfn = PHYS_PFN(base);
	cma->map.count = PHYS_PFN(size);
	cma->map.order_per_bit = order_per_bit;
	spin_lock_init(&cma->lock);

	cma_area_count++;
	totalcma_pages += cma->map.count;
	return cma;
}

/**
 * cma_reserve_pages_on_error() - keep the memory if activation fails
 * @cma: area, not yet activated
 *
 * By default the pages of an area that cannot be activated become ordinary
 * memory. Call this when they have another use that forbids it.
 */
void __init cma_reserve_pages_on_error(struct cma *cma)
{
	cma->reserve_pages_on_error = true;
}

/*
 * alloc_contig_range() takes any range that is in one zone; see now that all
 * ranges are that may be asked for. A zone may begin inside a pageblock, hence
 * both ends of each. And what is still reserved is still the area's: nobody has
 * freed it since it was registered.
 * Return: NULL, or what is wrong.
 */
static const char *__init cma_check_pages(const struct cma *cma)
{
	unsigned long pfn = cma->map.base_pfn;
	unsigned long end = pfn + cma->map.count;
	struct zone *zone = NULL;

	if (!IS_ALIGNED(pfn | end, pageblock_nr_pages))
		return "it is not aligned to pageblocks";

	while (pfn < end) {
		struct page *page;

		if (!pfn_valid(pfn))
			return "it is not all memory";

		page = pfn_to_page(pfn);
		zone = zone ?: page_zone(page);
		if (page_zone(page) != zone)
			return "it does not lie in one zone";
		if (!PageReserved(page))
			return "it is not all reserved any more";

		pfn += pageblock_aligned(pfn) ? pageblock_nr_pages - 1 : 1;
	}

	return NULL;
}

static void __init cma_bury(struct cma *cma)
{
	unsigned long pfn = cma->map.base_pfn;
	unsigned long end = pfn + cma->map.count;

	for (; pfn < end && !cma->reserve_pages_on_error; pfn++) {
		if (pfn_valid(pfn) && PageReserved(pfn_to_page(pfn)))
			free_reserved_page(pfn_to_page(pfn));
	}

	totalcma_pages -= cma->map.count;
	cma->map.count = 0;
	cma->state = CMA_DEAD;
}

VISIBLE_IF_KUNIT void __init cma_activate_area(struct cma *cma)
{
	unsigned long pfn = cma->map.base_pfn;
	unsigned long end = pfn + cma->map.count;
	const char *why;

	why = cma_check_pages(cma);
	if (!why && cma_map_init(&cma->map))
		why = "there is no memory for its free map";
	if (why)
		goto fail;

	for (; pfn < end; pfn += pageblock_nr_pages)
		init_cma_reserved_pageblock(pfn_to_page(pfn));

	cma->state = CMA_ACTIVE;
	return;

fail:
	pr_err("area %s at %#lx-%#lx (PFNs) could not be activated: %s; its memory %s\n",
	       cma->name, pfn, end - 1, why, cma->reserve_pages_on_error ?
	       "stays reserved" : "goes to the page allocator");
	cma_bury(cma);
}

static int __init cma_activate_areas(void)
{
	for (unsigned int i = 0; i < cma_area_count; i++)
		cma_activate_area(&cma_areas[i]);

	return 0;
}
core_initcall(cma_activate_areas);

/**
 * cma_available_pages() - pages that no caller holds
 * @cma: area
 *
 * Whole units: the rest of a unit that is held in part cannot be allocated.
 * Pages that are merely borrowed are available.
 *
 * Context: any.
 * Return: pages.
 */
unsigned long cma_available_pages(struct cma *cma)
{
	return READ_ONCE(cma->map.nr_free) << cma->map.order_per_bit;
}

/* Take the first units from @start on that do; CMA_MAP_NONE if there are none. */
static unsigned long cma_take(struct cma *cma, unsigned long start,
			      unsigned long count, unsigned int align)
{
	unsigned long unit, flags;

	spin_lock_irqsave(&cma->lock, flags);
	unit = cma_map_find(&cma->map, start, count, align);
	if (unit != CMA_MAP_NONE)
		cma_map_take(&cma->map, unit, count);
	spin_unlock_irqrestore(&cma->lock, flags);
	return unit;
}

static void cma_hold(struct cma *cma, unsigned long unit, unsigned long count)
{
	unsigned long flags;

	spin_lock_irqsave(&cma->lock, flags);
	cma_map_hold(&cma->map, unit, count);
	spin_unlock_irqrestore(&cma->lock, flags);
}

static void cma_drop(struct cma *cma, unsigned long unit, unsigned long count)
{
	unsigned long flags;

	spin_lock_irqsave(&cma->lock, flags);
	cma_map_drop(&cma->map, unit, count);
	spin_unlock_irqrestore(&cma->lock, flags);
}

/* The map is read without cma->lock: it may be large, and this is for people. */
static void cma_report_failure(struct cma *cma, unsigned long count,
			       unsigned int align, int ret, unsigned long tried)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);
	const char *why;

	if (!__ratelimit(&limit))
		return;

	if (count > cma->map.count)
		why = "more than the area has";
	else if (!tried)
		why = "no free range is long enough at this alignment";
	else if (ret == -EBUSY)
		why = "each range tried has pages that cannot be moved now";
	else if (ret == -ENOMEM)
		why = "no memory to move borrowed pages to";
	else if (ret == -EINTR)
		why = "the caller is being killed";
	else
		why = "size or GFP flags cannot be served";

	pr_err("%s: alloc failed, req-size: %lu pages, ret: %d (align order %u): %s; %lu ranges tried, %lu of %lu pages available, longest run %lu\n",
	       cma->name, count, ret, align, why, tried, cma_available_pages(cma),
	       cma->map.count, cma_map_longest(&cma->map));
}

static struct page *__cma_alloc(struct cma *cma, unsigned long count,
				unsigned int align, gfp_t gfp)
{
	unsigned long unit = 0, pfn = -1UL, tried = 0;
	struct page *page = NULL;
	int ret = -ENOMEM;

	trace_cma_alloc_start(cma ? cma->name : NULL, count, align);

	if (!cma || cma->state != CMA_ACTIVE || !count) {
		trace_cma_alloc_finish(cma ? cma->name : NULL, pfn, NULL, count,
				       align, -EINVAL);
		return NULL;
	}

	for (;; unit++) {
		unit = cma_take(cma, unit, count, align);
		if (unit == CMA_MAP_NONE)
			break;

		tried++;
		pfn = cma_map_unit_pfn(&cma->map, unit);
		mutex_lock(&cma_contig_mutex);
		ret = alloc_contig_range(pfn, pfn + count, MIGRATE_CMA, gfp);
		mutex_unlock(&cma_contig_mutex);
		if (!ret) {
			cma_hold(cma, unit, count);
			page = pfn_to_page(pfn);
			break;
		}

		cma_drop(cma, unit, count);
		if (ret != -EBUSY)
			break;

		trace_cma_alloc_busy_retry(cma->name, pfn, pfn_to_page(pfn),
					   count, align);
	}

	if (page) {
		/* The range may join blocks that KASAN tagged one by one. */
		for (unsigned long i = 0; i < count; i++)
			page_kasan_tag_reset(nth_page(page, i));
		count_vm_event(CMA_ALLOC_SUCCESS);
		cma_count_success(cma, count);
	} else {
		count_vm_event(CMA_ALLOC_FAIL);
		/* A nonsensical size must not make the counter wrap. */
		cma_count_failure(cma, min(count, totalram_pages()));
		if (!(gfp & __GFP_NOWARN))
			cma_report_failure(cma, count, align, ret, tried);
	}

	trace_cma_alloc_finish(cma->name, pfn, page, count, align, ret);
	return page;
}

/**
 * cma_alloc() - allocate contiguous pages
 * @cma: area; with NULL the allocation fails
 * @count: pages
 * @align: alignment of the first page, as the log2 of pages
 * @no_warn: say nothing in the log on failure
 *
 * Each page has a reference count of one and may be mapped, shared and got by
 * itself. Pages that others have borrowed are moved away, which takes time.
 *
 * Context: process context, may sleep for long. Takes a mutex and the locks of
 * page migration; do not hold a page lock or mmap_lock for writing.
 * Return: the first page, or NULL.
 */
struct page *cma_alloc(struct cma *cma, unsigned long count,
		       unsigned int align, bool no_warn)
{
	return __cma_alloc(cma, count, align,
			   GFP_KERNEL | (no_warn ? __GFP_NOWARN : 0));
}

/**
 * cma_alloc_folio() - allocate a large folio
 * @cma: area; with NULL the allocation fails
 * @order: log2 of the folio's pages, at least 1
 * @gfp: must hold __GFP_COMP; says what may be done to move pages, as for
 *	alloc_contig_range(); __GFP_NOWARN silences failure
 *
 * Context: as cma_alloc().
 * Return: the folio, naturally aligned, with one reference; or NULL.
 */
struct folio *cma_alloc_folio(struct cma *cma, int order, gfp_t gfp)
{
	struct page *page;

	if (WARN_ON_ONCE(order < 1 || order >= BITS_PER_LONG ||
			 !(gfp & __GFP_COMP)))
		return NULL;

	page = __cma_alloc(cma, 1UL << order, order, gfp);
	return page ? page_folio(page) : NULL;
}

/**
 * cma_pages_valid() - does a run of pages belong to an area?
 * @cma: area, or NULL
 * @pages: first page, or NULL
 * @count: pages
 *
 * It may be allocated, free or borrowed.
 *
 * Context: any.
 * Return: true if all of it lies in the area.
 */
bool cma_pages_valid(struct cma *cma, const struct page *pages,
		     unsigned long count)
{
	return cma && pages &&
	       cma_map_contains(&cma->map, page_to_pfn(pages), count);
}

/*
 * A large folio is one thing to the page allocator and goes back as a whole;
 * single pages go back one by one.
 * Return: the first PFN that cannot go back in this company, or 0.
 */
static unsigned long cma_find_torn_folio(struct cma *cma,
					 const struct page *pages,
					 unsigned long count)
{
	unsigned long pfn = page_to_pfn(pages);
	const struct folio *folio = page_folio(pages);

	/* The map will have its say on that. */
	if (!cma_map_contains(&cma->map, pfn, count))
		return 0;

	if (folio_test_large(folio) && pages == &folio->page &&
	    folio_nr_pages(folio) == count)
		return 0;

	for (; count--; pfn++) {
		if (PageCompound(pfn_to_page(pfn)))
			return pfn;
	}

	return 0;
}

/**
 * cma_release() - release pages
 * @cma: area, or NULL
 * @pages: first page to release, or NULL
 * @count: pages to release
 *
 * Releases what cma_alloc() gave, all of it or any part; with an order_per_bit
 * above 0 the part must start at a unit and leave no held page in its last one.
 * If that does not hold, or not all the pages are allocated, nothing is
 * released and the log says what was wrong and who called.
 *
 * Context: any but NMI. Takes cma->lock and zone locks.
 * Return: true if the pages were released; false if the first one is not in the
 * area, so that a caller may try areas in turn, or if the release was refused.
 */
bool cma_release(struct cma *cma, const struct page *pages,
		 unsigned long count)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);
	unsigned long pfn, bad_pfn, flags;
	const char *wrong;

	if (!cma_pages_valid(cma, pages, 1) || cma->state != CMA_ACTIVE)
		return false;

	pfn = page_to_pfn(pages);
	bad_pfn = cma_find_torn_folio(cma, pages, count);
	if (bad_pfn) {
		wrong = "is of a large folio, which goes as a whole";
	} else {
		spin_lock_irqsave(&cma->lock, flags);
		wrong = cma_map_unhold(&cma->map, pfn, count, &bad_pfn);
		spin_unlock_irqrestore(&cma->lock, flags);
	}
	if (wrong) {
		if (__ratelimit(&limit)) {
			pr_warn("%s: release of %lu pages from PFN %#lx on refused: PFN %#lx %s\n",
				cma->name, count, pfn, bad_pfn, wrong);
			dump_stack();
		}
		return false;
	}

	free_contig_range(pfn, count);
	cma_drop(cma, cma_map_pfn_unit(&cma->map, pfn), count);
	cma_count_release(cma, count);
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
