// SPDX-License-Identifier: GPL-2.0
/*
 * What the pages of an area are used for while no caller holds them
 *
 * Pages are inspected without a lock or a reference, while they are freed, allocated,
 * split and merged. So nothing here may trust what it reads, or use a helper that
 * makes assertions about it. A wrong answer only costs time: an attempt to take the
 * page then fails.
 */

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "internal.h"
#include "cma_page.h"

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
static __always_inline void inspect_used(struct page *head, unsigned int order,
					 struct cma_page_state *state)
{
	unsigned long mapping = (unsigned long)READ_ONCE(head->mapping);
	unsigned long flags = READ_ONCE(head->flags);
	unsigned int known = movable_refs(head, order, flags, mapping);
	unsigned int refs = page_ref_count(head);

	state->needs_fs = in_swap_cache(flags) ||
			  (mapping && !(mapping & PAGE_MAPPING_ANON));
	if (flags & __PG_HWPOISON)
		state->use = CMA_BROKEN;
	else if (flags & BIT(PG_lru) && refs <= known)
		state->use = is_clean(head, order, flags, mapping) ? CMA_CLEAN :
								     CMA_MOVABLE;
	else if (!(flags & BIT(PG_lru)) && (mapping || in_swap_cache(flags)) &&
		 refs <= known + 1)
		state->use = CMA_BATCHED;
	else
		state->use = CMA_BUSY;
	if (state->use < CMA_BUSY && flags & (BIT(PG_locked) | BIT(PG_writeback)))
		state->use = CMA_SLOW;
	state->excess = refs - known;
}

/**
 * cma_inspect_page() - find out what a page is used for
 * @pfn: a page of an area that is active
 * @state: receives the answer
 *
 * Context: any.
 */
void cma_inspect_page(unsigned long pfn, struct cma_page_state *state)
{
	struct page *page = pfn_to_page(pfn);
	unsigned int order;
	struct page *head;

	*state = (struct cma_page_state){ .use = CMA_FREE, .head = pfn, .end = pfn + 1 };
	if (PageBuddy(page)) {
		order = buddy_order_unsafe(page);
		if (order <= MAX_PAGE_ORDER)
			state->end = pfn + (1UL << order);
		return;
	}

	head = compound_head(page);
	/* If the folio is being split or freed, this may be any number. */
	order = data_race(compound_order(head));
	if (order > ilog2(MAX_FOLIO_NR_PAGES))
		order = 0;
	if (page_to_pfn(head) <= pfn &&
	    pfn - page_to_pfn(head) < 1UL << order) {
		state->head = page_to_pfn(head);
		state->end = state->head + (1UL << order);
		state->whole = order;
	}

	if (PageHWPoison(page)) {
		state->use = CMA_BROKEN;
		return;
	}

	/* The type shares a word with the map count. */
	if (data_race(PageHuge(head))) {
		/* Even free ones in the pool have to be replaced by others. */
		state->use = CMA_SLOW;
	} else if (!page_ref_count(head)) {
		unsigned long end = free_block_end(pfn);

		state->use = end ? CMA_FREE : CMA_CACHED;
		state->end = end ?: state->end;
	} else if (__PageMovable(head)) {
		state->use = CMA_MOVABLE;
	} else {
		inspect_used(head, order, state);
	}
}

/**
 * cma_extend_page_state() - include the next pages that are used in the same way
 * @state: of a borrowed page that is not part of a large folio; its @end is moved up
 * @end: limit for that
 *
 * Most borrowed pages are of this kind, and this is quicker than cma_inspect_page().
 *
 * Context: any.
 */
void cma_extend_page_state(struct cma_page_state *state, unsigned long end)
{
	for (; state->end < end; state->end++) {
		struct page *page = pfn_to_page(state->end);
		struct cma_page_state next;

		if (!(READ_ONCE(page->flags) & BIT(PG_lru)) || PageCompound(page))
			break;
		inspect_used(page, 0, &next);
		if (next.use != state->use || next.needs_fs != state->needs_fs)
			break;
	}
}
