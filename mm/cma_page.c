// SPDX-License-Identifier: GPL-2.0
/*
 * What the pages of an area are used for while no caller holds them
 *
 * Pages are looked at without a lock or a reference, while they are freed, allocated,
 * split and merged. So nothing here may trust what it reads, or use a helper that
 * makes assertions about it. A wrong answer only costs time, since whoever then tries
 * to take the page finds out.
 */

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "internal.h"
#include "cma.h"

#define SWAP_CACHE	(BIT(PG_swapbacked) | BIT(PG_swapcache))

/* The end of the free block that a page is in, or 0. */
static unsigned long free_block_end(unsigned long pfn)
{
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		unsigned long head = pfn & (~0UL << order);
		struct page *page = pfn_to_page(head);
		unsigned long has;

		if (!PageBuddy(page))
			continue;
		has = buddy_order_unsafe(page);
		if (has >= order && has <= MAX_PAGE_ORDER)
			return head + (1UL << has);
	}

	return 0;
}

/* File systems use the PG_swapcache bit for something else. */
static bool in_swap_cache(unsigned long flags)
{
	return (flags & SWAP_CACHE) == SWAP_CACHE;
}

/*
 * References that migration can account for: those of page tables, of the page cache
 * or the swap cache, and of buffers. A page read ahead from swap has no mapping until
 * a process faults it in.
 */
static unsigned int movable_refs(struct page *head, unsigned int order,
				 unsigned long flags, unsigned long mapping)
{
	struct folio *folio = (struct folio *)head;
	unsigned int refs = 1;

	refs += atomic_read(order ? &folio->_large_mapcount : &folio->_mapcount);
	if (in_swap_cache(flags))
		refs += 1 << order;
	if (!mapping || mapping & PAGE_MAPPING_ANON)
		return refs;
	/* Memory of tmpfs that is in the swap cache is in no other cache. */
	if (!in_swap_cache(flags))
		refs += 1 << order;
	return refs + !!(flags & (BIT(PG_private) | BIT(PG_private_2)));
}

/* Page cache that is not mapped and has none of these flags is reclaimed next. */
#define KEPT	(BIT(PG_locked) | BIT(PG_swapbacked) | BIT(PG_dirty) |	\
		 BIT(PG_writeback) | BIT(PG_active) | BIT(PG_workingset) | \
		 BIT(PG_unevictable))

static bool is_clean(struct page *head, unsigned int order, unsigned long flags,
		     unsigned long mapping)
{
	struct folio *folio = (struct folio *)head;

	return mapping && !(mapping & PAGE_MAPPING_FLAGS) && !(flags & KEPT) &&
	       atomic_read(order ? &folio->_large_mapcount : &folio->_mapcount) < 0;
}

/* Is anything known to keep a folio that is in use from moving? */
static __always_inline void look_at_used(struct page *head, unsigned int order,
					 struct cma_sight *sight)
{
	unsigned long mapping = (unsigned long)READ_ONCE(head->mapping);
	unsigned long flags = READ_ONCE(head->flags);
	unsigned int known = movable_refs(head, order, flags, mapping);
	unsigned int refs = page_ref_count(head);

	sight->needs_fs = in_swap_cache(flags) ||
			  (mapping && !(mapping & PAGE_MAPPING_ANON));
	if (flags & __PG_HWPOISON)
		sight->use = CMA_BROKEN;
	else if (flags & BIT(PG_lru) && refs <= known)
		sight->use = is_clean(head, order, flags, mapping) ? CMA_CLEAN :
								     CMA_MOVABLE;
	else if (!(flags & BIT(PG_lru)) && (mapping || in_swap_cache(flags)) &&
		 refs <= known + 1)
		sight->use = CMA_BATCHED;
	else
		sight->use = CMA_BUSY;
	if (sight->use < CMA_BUSY && flags & (BIT(PG_locked) | BIT(PG_writeback)))
		sight->use = CMA_SLOW;
	sight->excess = refs - known;
}

/**
 * cma_look() - what is a page used for?
 * @pfn: a page of an area that is active
 * @sight: the answer is stored here
 *
 * Context: any.
 */
void cma_look(unsigned long pfn, struct cma_sight *sight)
{
	struct page *page = pfn_to_page(pfn);
	unsigned int order;
	struct page *head;

	*sight = (struct cma_sight){ .use = CMA_FREE, .head = pfn, .end = pfn + 1 };
	if (PageBuddy(page)) {
		order = buddy_order_unsafe(page);
		if (order <= MAX_PAGE_ORDER)
			sight->end = pfn + (1UL << order);
		return;
	}

	head = compound_head(page);
	/* If the folio is being split or freed, this may be any number. */
	order = data_race(compound_order(head));
	if (order > ilog2(MAX_FOLIO_NR_PAGES))
		order = 0;
	if (page_to_pfn(head) <= pfn &&
	    pfn - page_to_pfn(head) < 1UL << order) {
		sight->head = page_to_pfn(head);
		sight->end = sight->head + (1UL << order);
		sight->whole = order;
	}

	if (PageHWPoison(page)) {
		sight->use = CMA_BROKEN;
		return;
	}

	/* The type shares a word with the map count. */
	if (data_race(PageHuge(head))) {
		/* Even free ones in the pool have to be replaced by others. */
		sight->use = CMA_SLOW;
	} else if (!page_ref_count(head)) {
		unsigned long end = free_block_end(pfn);

		sight->use = end ? CMA_FREE : CMA_CACHED;
		sight->end = end ?: sight->end;
	} else if (__PageMovable(head)) {
		sight->use = CMA_MOVABLE;
	} else {
		look_at_used(head, order, sight);
	}
}

/**
 * cma_look_on() - are the next pages used in the same way?
 * @sight: a borrowed page that is not part of a large folio; its end is moved up
 * @end: limit for that
 *
 * Most borrowed pages are of this kind, and this is quicker than cma_look().
 *
 * Context: any.
 */
void cma_look_on(struct cma_sight *sight, unsigned long end)
{
	for (; sight->end < end; sight->end++) {
		struct page *page = pfn_to_page(sight->end);
		struct cma_sight next;

		if (!(READ_ONCE(page->flags) & BIT(PG_lru)) || PageCompound(page))
			break;
		look_at_used(page, 0, &next);
		if (next.use != sight->use || next.needs_fs != sight->needs_fs)
			break;
	}
}
