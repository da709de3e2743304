/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When areas lend their memory, and to whom
 *
 * For the page allocator; mm/cma.h has what sets it.
 */

#ifndef __MM_CMA_LEND_H__
#define __MM_CMA_LEND_H__

#include <linux/jump_label.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/vmstat.h>

#include "internal.h"
#include "cma_zone.h"

extern int cma_lend_ratio;

/**
 * cma_exceeds() - do areas have more than so many per cent of what is free?
 * @cma: free pages of areas
 * @free: all free pages
 * @percent: 0 to 100
 *
 * Context: any.
 * Return: true if they do, exactly: nothing is rounded.
 */
static inline bool cma_exceeds(unsigned long cma, unsigned long free, unsigned int percent)
{
	return cma * 100 > free * percent;
}

/**
 * cma_lends_first() - are areas to lend before the rest of a zone is used up?
 * @zone: zone
 *
 * Context: any; takes no lock.
 * Return: true if a movable allocation is to have pages of areas, if there are any.
 */
static inline bool cma_lends_first(struct zone *zone)
{
	return cma_exceeds(zone_page_state(zone, NR_FREE_CMA_PAGES),
			   zone_page_state(zone, NR_FREE_PAGES), READ_ONCE(cma_lend_ratio));
}

#ifdef CONFIG_CMA
DECLARE_STATIC_KEY_FALSE(cma_user_areas);

bool cma_is_user_zone(struct zone *zone);
struct folio *cma_move_target(struct folio *src, unsigned long control);

/**
 * cma_refuses() - is an allocation not to have pages of areas that others can have?
 * @zone: zone
 * @alloc_flags: the page allocator's flags for it
 *
 * Context: any; takes no lock.
 * Return: true if it is movable, but not for user space, and the zone has an area that
 * lends to user space only. The lists of the CPU may have pages of areas, so it is not to
 * have pages from there either.
 */
static inline bool cma_refuses(struct zone *zone, unsigned int alloc_flags)
{
	return static_branch_unlikely(&cma_user_areas) && (alloc_flags & ALLOC_NOT_USER) &&
	       cma_is_user_zone(zone);
}

/**
 * cma_excludes() - are there areas that an allocation cannot have pages of?
 * @alloc_flags: the page allocator's flags for it
 *
 * Context: any; takes no lock.
 * Return: true if there may be some, so that room elsewhere is of use to it.
 */
static inline bool cma_excludes(unsigned int alloc_flags)
{
	return !(alloc_flags & ALLOC_CMA) ||
	       (static_branch_unlikely(&cma_user_areas) && (alloc_flags & ALLOC_NOT_USER));
}

/**
 * cma_borrower_flags() - who would borrow?
 * @gfp: flags of an allocation that is movable
 *
 * Context: any; takes no lock.
 * Return: ALLOC_NOT_USER, or 0 for user space and where no area asks.
 */
static inline unsigned int cma_borrower_flags(gfp_t gfp)
{
	return static_branch_unlikely(&cma_user_areas) && !(gfp & __GFP_HIGHMEM) ?
	       ALLOC_NOT_USER : 0;
}

/**
 * cma_is_user_block() - is a page in an area that compaction is to leave alone?
 * @zone: zone of @page
 * @page: first page of a pageblock
 *
 * Compaction does not see whose page it moves.
 *
 * Context: any; takes no lock.
 * Return: true if the block is of an area, and @zone lends to user space only.
 */
static inline bool cma_is_user_block(struct zone *zone, struct page *page)
{
	return static_branch_unlikely(&cma_user_areas) && is_migrate_cma_page(page) &&
	       cma_is_user_zone(zone);
}
#else
#define cma_move_target	alloc_migration_target

static inline bool cma_refuses(struct zone *zone, unsigned int alloc_flags)
{
	return false;
}

static inline bool cma_excludes(unsigned int alloc_flags)
{
	return true;
}

static inline unsigned int cma_borrower_flags(gfp_t gfp)
{
	return 0;
}

static inline bool cma_is_user_block(struct zone *zone, struct page *page)
{
	return false;
}
#endif

/**
 * cma_lends() - may an allocation have pages of areas?
 * @zone: zone
 * @alloc_flags: the page allocator's flags for it
 *
 * Context: any; takes no lock.
 * Return: true if it may.
 */
static inline bool cma_lends(struct zone *zone, unsigned int alloc_flags)
{
	return ((alloc_flags & ALLOC_CMA) || cma_zone_is_movable(zone)) &&
	       !cma_refuses(zone, alloc_flags);
}

#endif /* __MM_CMA_LEND_H__ */
