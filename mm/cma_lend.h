/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When areas lend their memory
 *
 * For the page allocator.
 */

#ifndef __MM_CMA_LEND_H__
#define __MM_CMA_LEND_H__

#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/vmstat.h>

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

#endif /* __MM_CMA_LEND_H__ */
