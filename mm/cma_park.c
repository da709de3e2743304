// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges that were released a moment ago
 *
 * Who releases a buffer often wants one like it at once. So what is released is
 * parked: its pages stay as they are, allocated as far as the page allocator knows,
 * and the next allocation of this size gets them without a page being touched. If
 * none comes within some milliseconds they go to the free lists.
 *
 * In the free map a parked range is still held. So who finds nothing of the right
 * size here has all of it go back first, and then the map decides, as if nothing had
 * been parked. Who looks at the map for people does the same; and who releases what
 * is parked, which is wrong. While somebody looks for pages that can be moved
 * (cma_place.c), nothing is parked.
 *
 * Where free pages are to be told from others (poisoning, page_owner, tags of
 * allocations), they go to the free lists at once.
 */

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/kasan.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/page-flags.h>
#include <linux/page_owner.h>
#include <linux/page_ref.h>
#include <linux/page_table_check.h>
#include <linux/pgalloc_tag.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

#include "internal.h"
#include "cma.h"

/* How long a range stays at least, and it is less than twice that. */
#define PARKED_TIME	msecs_to_jiffies(5)

/* Pages of an area that are out of the reach of borrowers meanwhile. */
#define MAX_PAGES(cma)	min((cma)->count / 4, SZ_16M >> PAGE_SHIFT)

/* So many go back at a time, for which interrupts are off; a folio goes as a whole. */
#define BACK_AT_ONCE	256
#define MAX_FOLIO	1024

/* Changes at boot, and later under the lock of parameters; read without. */
static bool park = true;

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "cma."
module_param(park, bool, 0644);

/* Not if each allocation wants zeroes, nor if somebody keeps account of free pages. */
static bool is_allowed(void)
{
#ifdef CONFIG_PAGE_OWNER
	if (static_branch_unlikely(&page_owner_inited))
		return false;
#endif
#ifdef CONFIG_PAGE_TABLE_CHECK
	if (!static_branch_likely(&page_table_check_disabled))
		return false;
#endif
	return READ_ONCE(park) && !want_init_on_alloc(0) && !want_init_on_free() &&
	       !page_poisoning_enabled_static() &&
	       !debug_pagealloc_enabled_static() &&
	       !mem_alloc_profiling_enabled() &&
	       !IS_ENABLED(CONFIG_KMSAN) && !IS_ENABLED(CONFIG_DEBUG_OBJECTS_FREE) &&
	       (IS_ENABLED(CONFIG_KASAN_GENERIC) || !IS_ENABLED(CONFIG_KASAN));
}

/* How many pages have failed: they are not to be had again. */
static unsigned long broken_pages(void)
{
#ifdef CONFIG_MEMORY_FAILURE
	return atomic_long_read(&num_poisoned_pages);
#else
	return 0;
#endif
}

/* What differs from a page, or a large folio's head, that was allocated just now. */
static unsigned long find_trace(const struct page *page, unsigned long head)
{
	unsigned long trace = (page->flags & (PAGE_FLAGS_CHECK_AT_PREP | __PG_HWPOISON)) ^
			      head;

	trace |= page_ref_count(page) ^ 1;
	trace |= atomic_read(&page->_mapcount) ^ -1;
	trace |= (unsigned long)page->mapping | page_private(page);
#ifdef CONFIG_MEMCG
	trace |= page->memcg_data;
#endif
	return trace;
}

static bool is_folio_as_new(struct folio *folio, unsigned int order)
{
	struct page *page = &folio->page;
	unsigned long trace;

	/* Smaller ones have no list in which they could be. */
	if (order < 2)
		return false;

	trace = find_trace(page, BIT(PG_head));
	/* The next one keeps the order where others keep flags. */
	trace |= (folio->_flags_1 & (PAGE_FLAGS_CHECK_AT_PREP | __PG_HWPOISON)) ^ order;
	trace |= atomic_read(&folio->_large_mapcount) ^ -1;
	trace |= atomic_read(&folio->_entire_mapcount) ^ -1;
	trace |= atomic_read(&folio->_nr_pages_mapped);
	trace |= atomic_read(&folio->_pincount);
	if (trace || !list_empty(&folio->_deferred_list))
		return false;

	/* This is most of the time that it takes to release a folio. */
#pragma GCC unroll 16
	for (unsigned long i = 2; i < 1UL << order; i++)
		trace |= page[i].flags;
	return !(trace & (PAGE_FLAGS_CHECK_AT_PREP | __PG_HWPOISON));
}

/* Who uses pages that are parked is found by KASAN. */
static void poison(unsigned long pfn, unsigned long pages)
{
	for (; IS_ENABLED(CONFIG_KASAN) && pages--; pfn++)
		kasan_poison_pages(pfn_to_page(pfn), 0, false);
}

static void unpoison(unsigned long pfn, unsigned long pages)
{
	for (; IS_ENABLED(CONFIG_KASAN) && pages--; pfn++)
		kasan_unpoison_pages(pfn_to_page(pfn), 0, false);
}

/**
 * cma_may_park() - are pages as if they were allocated just now?
 * @cma: area
 * @map: range
 * @pfn: first page; any page of the range
 * @pages: pages, any number
 * @parked: filled in, for cma_park()
 *
 * Nobody but the caller has a reference to them, and nothing is left on them.
 *
 * Context: any.
 * Return: true if they are, and parking them is of use.
 */
bool cma_may_park(const struct cma *cma, struct cma_map *map, unsigned long pfn,
		  unsigned long pages, struct cma_parked *parked)
{
	struct page *page = pfn_to_page(pfn);
	unsigned long trace = 0, end = pfn + pages;

	if (READ_ONCE(cma->nr_parked) == CMA_MAX_PARKED || READ_ONCE(cma->searches) ||
	    pages > MAX_PAGES(cma) || BIT(map->order_per_bit) > BACK_AT_ONCE ||
	    !cma_map_contains(map, pfn, pages) || !is_allowed())
		return false;

	parked->map = map;
	parked->pfn = pfn;
	parked->pages = pages;
	parked->broken = broken_pages();
	parked->folio = PageHead(page);
	if (parked->folio)
		return pages <= MAX_FOLIO && is_power_of_2(pages) &&
		       is_folio_as_new((struct folio *)page, ilog2(pages));

	for (; pfn < end && !trace; pfn++)
		trace = find_trace(pfn_to_page(pfn), 0);
	return !trace;
}

/**
 * cma_park() - park pages
 * @cma: area
 * @parked: as filled in by cma_may_park(); the caller has the pages
 *
 * Context: under cma->lock.
 * Return: false if there is no place for them; then nothing is changed but that the
 * records of some may be struck out.
 */
bool cma_park(struct cma *cma, const struct cma_parked *parked)
{
	unsigned long pages = parked->pages;
	struct cma_parked *place;

	lockdep_assert_held(&cma->lock);
	if (cma->nr_parked == CMA_MAX_PARKED || cma->searches ||
	    cma->parked_pages + pages > MAX_PAGES(cma) ||
	    cma_track_wants(cma) || !cma_track_release(cma, parked->pfn, pages))
		return false;

	poison(parked->pfn, pages);
	place = &cma->parked[cma->nr_parked++];
	*place = *parked;
	place->since = jiffies;
	cma->parked_pages += pages;
	cma_count_release(cma, pages);
	if (!timer_pending(&cma->park_timer))
		mod_timer(&cma->park_timer, jiffies + PARKED_TIME);
	return true;
}

static void forget(struct cma *cma, struct cma_parked *parked)
{
	*parked = cma->parked[--cma->nr_parked];
}

/**
 * cma_unpark() - find parked pages that do for an allocation
 * @cma: area
 * @count: pages wanted
 * @align: alignment of the first page, as the log2 of pages
 * @gfp: for what is done to the pages
 *
 * Context: under cma->lock.
 * Return: the first of them, which are held; or NULL.
 */
struct page *cma_unpark(struct cma *cma, unsigned long count,
			unsigned int align, gfp_t gfp)
{
	bool folio = gfp & __GFP_COMP;
	gfp_t unused;

	lockdep_assert_held(&cma->lock);
	if (contig_move_gfp(gfp, &unused) || want_init_on_alloc(gfp) ||
	    align >= BITS_PER_LONG || cma_track_wants(cma))
		return NULL;

	for (unsigned int i = cma->nr_parked; i--;) {
		struct cma_parked *parked = &cma->parked[i];
		unsigned long pfn = parked->pfn;

		if (parked->pages != count || parked->folio != folio ||
		    pfn & ((1UL << align) - 1) || parked->broken != broken_pages())
			continue;

		unpoison(pfn, count);
		cma->parked_pages -= count;
		forget(cma, parked);
		return pfn_to_page(pfn);
	}

	return NULL;
}

/* Some of what is parked, or all of it, goes to the free lists. */
static void give_back(struct cma *cma, struct cma_parked *parked)
{
	unsigned long pages = parked->folio ? parked->pages :
					      min(parked->pages, BACK_AT_ONCE);
	unsigned long busy, bad, pfn = parked->pfn;
	struct cma_map *map = parked->map;

	parked->pfn += pages;
	parked->pages -= pages;
	cma->parked_pages -= pages;
	if (!parked->pages)
		forget(cma, parked);

	busy = put_free_range(pfn, pages);
	WARN(busy, "%s: %lu pages of %lu from PFN %#lx on are in use, though they were released\n",
	     cma->name, busy, pages, pfn);
	WARN_ON(cma_map_unhold(map, pfn, pages, &bad));
	cma_map_drop(map, cma_map_pfn_unit(map, pfn), pages);
}

/**
 * cma_unpark_locked() - have all that is parked go to the page allocator
 * @cma: area
 * @flags: of the lock, as spin_lock_irqsave() left them
 *
 * Context: under cma->lock, which others may get meanwhile. Takes zone locks.
 */
void cma_unpark_locked(struct cma *cma, unsigned long *flags)
{
	lockdep_assert_held(&cma->lock);
	/* Or this could go on as long as others release. */
	cma->searches++;
	while (cma->nr_parked) {
		give_back(cma, &cma->parked[0]);
		spin_unlock_irqrestore(&cma->lock, *flags);
		spin_lock_irqsave(&cma->lock, *flags);
	}
	cma->searches--;
}

/**
 * cma_unpark_all() - have all that is parked go to the page allocator
 * @cma: area
 *
 * Context: any but NMI. Takes cma->lock and zone locks.
 */
void cma_unpark_all(struct cma *cma)
{
	unsigned long flags;

	spin_lock_irqsave(&cma->lock, flags);
	cma_unpark_locked(cma, &flags);
	spin_unlock_irqrestore(&cma->lock, flags);
}

/**
 * cma_is_parked() - are pages among those that are parked?
 * @cma: area
 * @pfn: first page
 * @pages: pages
 *
 * Context: under cma->lock.
 * Return: true if one of them is.
 */
bool cma_is_parked(const struct cma *cma, unsigned long pfn, unsigned long pages)
{
	lockdep_assert_held(&cma->lock);
	for (unsigned int i = 0; i < cma->nr_parked; i++) {
		const struct cma_parked *parked = &cma->parked[i];

		/* No sum, which the arguments of a wrong release could make wrap. */
		if (pfn < parked->pfn ? parked->pfn - pfn < pages :
					pfn - parked->pfn < parked->pages)
			return true;
	}

	return false;
}

static void park_timer_ends(struct timer_list *timer)
{
	struct cma *cma = from_timer(cma, timer, park_timer);
	unsigned long flags, now = jiffies;
	unsigned int i = 0;

	spin_lock_irqsave(&cma->lock, flags);
	while (i < cma->nr_parked) {
		if (time_before(now, cma->parked[i].since + PARKED_TIME)) {
			i++;
			continue;
		}
		give_back(cma, &cma->parked[i]);
		spin_unlock_irqrestore(&cma->lock, flags);
		spin_lock_irqsave(&cma->lock, flags);
		i = 0;
	}
	if (cma->nr_parked)
		mod_timer(timer, now + PARKED_TIME);
	spin_unlock_irqrestore(&cma->lock, flags);
}

/**
 * cma_begin_search() - from now on nothing is parked
 * @cma: area, active
 *
 * Context: any but NMI. Takes cma->lock and zone locks.
 */
void cma_begin_search(struct cma *cma)
{
	unsigned long flags;

	spin_lock_irqsave(&cma->lock, flags);
	cma->searches++;
	cma_unpark_locked(cma, &flags);
	spin_unlock_irqrestore(&cma->lock, flags);
}

/**
 * cma_end_search() - what cma_begin_search() began is over
 * @cma: area, active
 *
 * Context: any but NMI. Takes cma->lock.
 */
void cma_end_search(struct cma *cma)
{
	unsigned long flags;

	spin_lock_irqsave(&cma->lock, flags);
	cma->searches--;
	spin_unlock_irqrestore(&cma->lock, flags);
}

/**
 * cma_park_init() - get an area ready for it
 * @cma: area that is about to be activated
 *
 * Context: boot.
 */
void __init cma_park_init(struct cma *cma)
{
	timer_setup(&cma->park_timer, park_timer_ends, 0);
}
