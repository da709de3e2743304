/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Balancing: memory that can move makes room for memory that cannot
 *
 * For the page allocator and for kswapd.
 */

#ifndef __MM_CMA_BALANCE_H__
#define __MM_CMA_BALANCE_H__

#include <linux/gfp_types.h>
#include <linux/mmzone.h>

struct alloc_context;
struct folio;
struct list_head;

#ifdef CONFIG_CMA
unsigned long cma_balance_node(pg_data_t *pgdat, int highest_zoneidx);
bool cma_balance_for(gfp_t gfp, unsigned int alloc_flags, const struct alloc_context *ac);
bool cma_may_borrow(struct folio *folio);
void cma_put_back_others(struct list_head *pages, bool (*wanted)(struct folio *folio));
#else
static inline unsigned long cma_balance_node(pg_data_t *pgdat, int highest_zoneidx)
{
	return 0;
}

static inline bool cma_balance_for(gfp_t gfp, unsigned int alloc_flags,
				   const struct alloc_context *ac)
{
	return false;
}
#endif

#endif /* __MM_CMA_BALANCE_H__ */
