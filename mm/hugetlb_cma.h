/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __MM_HUGETLB_CMA_H__
#define __MM_HUGETLB_CMA_H__

#include <linux/hugetlb.h>
#include <linux/nodemask.h>

struct cma_amount;

#ifdef CONFIG_CMA
bool hugetlb_cma_in_use(void);
bool hugetlb_cma_exclusive(void);
struct folio *hugetlb_cma_alloc_folio(unsigned int order, gfp_t gfp, int nid,
				      const nodemask_t *nodemask);
bool hugetlb_cma_owns(const struct folio *folio);
bool hugetlb_cma_free_folio(struct folio *folio);
struct huge_bootmem_page *hugetlb_cma_alloc_bootmem(struct hstate *h, int nid);
void hugetlb_cma_check(void);
#else
static inline bool hugetlb_cma_in_use(void)
{
	return false;
}

static inline bool hugetlb_cma_exclusive(void)
{
	return false;
}

static inline struct folio *
hugetlb_cma_alloc_folio(unsigned int order, gfp_t gfp, int nid,
			const nodemask_t *nodemask)
{
	return NULL;
}

static inline bool hugetlb_cma_owns(const struct folio *folio)
{
	return false;
}

static inline bool hugetlb_cma_free_folio(struct folio *folio)
{
	return false;
}

static inline struct huge_bootmem_page *
hugetlb_cma_alloc_bootmem(struct hstate *h, int nid)
{
	return NULL;
}

static inline void hugetlb_cma_check(void) { }
#endif

#if IS_ENABLED(CONFIG_KUNIT)
const char *hugetlb_cma_pages(const struct cma_amount *amount,
			      phys_addr_t memory, unsigned int shift,
			      unsigned long *pages);
unsigned long hugetlb_cma_spare(phys_addr_t free, phys_addr_t memory,
				unsigned int shift);
void hugetlb_cma_spread(unsigned long pages, const unsigned long *room,
			unsigned long *share, unsigned int nodes);
#endif

#endif /* __MM_HUGETLB_CMA_H__ */
