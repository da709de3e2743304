/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __CMA_H__
#define __CMA_H__

#include <linux/init.h>
#include <linux/numa.h>
#include <linux/types.h>

/* Longest name of an area, the terminating NUL included. */
#define CMA_MAX_NAME	64

/*
 * Migrate types are kept per pageblock, so an area owns whole pageblocks:
 * its base and its size are multiples of this.
 */
#define CMA_MIN_ALIGNMENT_PAGES	pageblock_nr_pages
#define CMA_MIN_ALIGNMENT_BYTES	(CMA_MIN_ALIGNMENT_PAGES * PAGE_SIZE)

struct cma;
struct folio;
struct page;
struct zone;

/* Pages in all areas together: CmaTotal in /proc/meminfo. */
extern unsigned long totalcma_pages;

phys_addr_t cma_get_base(const struct cma *cma);
unsigned long cma_get_size(const struct cma *cma);
const char *cma_get_name(const struct cma *cma);

int cma_declare_contiguous_nid(phys_addr_t base, phys_addr_t size,
			       phys_addr_t limit, phys_addr_t alignment,
			       unsigned int order_per_bit, bool fixed,
			       const char *name, struct cma **res_cma,
			       int nid);
int cma_declare_contiguous_multi(phys_addr_t size, phys_addr_t align,
				 unsigned int order_per_bit, const char *name,
				 struct cma **res_cma, int nid);
int cma_init_reserved_mem(phys_addr_t base, phys_addr_t size,
			  unsigned int order_per_bit, const char *name,
			  struct cma **res_cma);
void cma_reserve_pages_on_error(struct cma *cma);
void *cma_reserve_early_aligned(struct cma *cma, unsigned long size,
				unsigned long align, bool from_end);
bool cma_validate_zones(struct cma *cma);

/**
 * cma_declare_contiguous() - reserve an area on any node
 * @base: first byte, or lowest address if not @fixed; 0 for anywhere
 * @size: bytes
 * @limit: end of the addresses to use, 0 for the end of memory
 * @alignment: bytes, a power of two; 0 for the smallest possible
 * @order_per_bit: log2 of the pages in one unit of allocation
 * @fixed: the area must start at @base
 * @name: as in cma_init_reserved_mem()
 * @res_cma: receives the area
 *
 * Return: as for cma_declare_contiguous_nid().
 */
static inline int __init
cma_declare_contiguous(phys_addr_t base, phys_addr_t size, phys_addr_t limit,
		       phys_addr_t alignment, unsigned int order_per_bit,
		       bool fixed, const char *name, struct cma **res_cma)
{
	return cma_declare_contiguous_nid(base, size, limit, alignment,
					  order_per_bit, fixed, name, res_cma,
					  NUMA_NO_NODE);
}

/**
 * cma_reserve_early() - allocate pageblocks from an area that is not yet active
 * @cma: area
 * @size: bytes, a multiple of CMA_MIN_ALIGNMENT_BYTES and of a unit
 *
 * Return: as for cma_reserve_early_aligned().
 */
static inline void __init *cma_reserve_early(struct cma *cma, unsigned long size)
{
	return cma_reserve_early_aligned(cma, size, 1, false);
}

struct page *cma_alloc(struct cma *cma, unsigned long count,
		       unsigned int align, bool no_warn);
struct page *cma_alloc_nowait(struct cma *cma, unsigned long count,
			      unsigned int align);
int cma_prepare(struct cma *cma, unsigned long pages, unsigned int ms);
bool cma_release(struct cma *cma, const struct page *pages,
		 unsigned long count);
bool cma_pages_valid(struct cma *cma, const struct page *pages,
		     unsigned long count);
bool cma_intersects(struct cma *cma, phys_addr_t start, phys_addr_t end);

int cma_for_each_area(int (*it)(struct cma *cma, void *data), void *data);
bool cma_get_range(const struct cma *cma, unsigned int nr, phys_addr_t *base,
		   phys_addr_t *size);

/* Areas for gigantic pages; hugetlb_cma_reserve() itself is in hugetlb.h. */
#if defined(CONFIG_HUGETLB_PAGE) && defined(CONFIG_CMA)
void hugetlb_cma_withdraw(void);
#else
static inline void hugetlb_cma_withdraw(void) { }
#endif

#ifdef CONFIG_ARCH_HAS_CMA_RESERVE
/**
 * arch_cma_reserve() - reserve the memory of all areas
 *
 * Areas that must lie at a certain place come first, then those for gigantic pages,
 * which need large aligned pieces, then those that can lie anywhere. Where these have
 * always come before gigantic pages, they still do if there is no room for both.
 *
 * Context: boot, once the memory nodes and the DMA limit are known, and before much
 * else is allocated.
 */
void arch_cma_reserve(void);
#else
static inline void arch_cma_reserve(void) { }
#endif

/* Areas for DMA; dma_contiguous_reserve() itself is in dma-map-ops.h. */
#ifdef CONFIG_DMA_CMA
void dma_contiguous_reserve_placed(phys_addr_t limit);
bool dma_contiguous_still_fit(phys_addr_t limit);
struct cma *dma_contiguous_get_area_by_idx(unsigned int idx);
#else
static inline void dma_contiguous_reserve_placed(phys_addr_t limit) { }
static inline bool dma_contiguous_still_fit(phys_addr_t limit)
{
	return true;
}

static inline struct cma *dma_contiguous_get_area_by_idx(unsigned int idx)
{
	return NULL;
}
#endif

#ifdef CONFIG_CMA_OF
void cma_of_note_taken(void);
bool cma_of_wants_area(unsigned long node);
phys_addr_t cma_of_round_up(unsigned long node, phys_addr_t size);
void cma_of_place(unsigned long node, const char *name, phys_addr_t align,
		  phys_addr_t *base, phys_addr_t *size);
#else
static inline void cma_of_note_taken(void) { }
static inline bool cma_of_wants_area(unsigned long node)
{
	return false;
}

static inline phys_addr_t cma_of_round_up(unsigned long node, phys_addr_t size)
{
	return size;
}

static inline void cma_of_place(unsigned long node, const char *name, phys_addr_t align,
				phys_addr_t *base, phys_addr_t *size) { }
#endif

#if defined(CONFIG_CMA) && defined(CONFIG_MEMORY_HOTPLUG)
bool cma_zone_skips(const struct zone *zone, unsigned long pfn, unsigned long nr_pages);
#else
static inline bool cma_zone_skips(const struct zone *zone, unsigned long pfn,
				  unsigned long nr_pages)
{
	return false;
}
#endif

#ifdef CONFIG_CMA
struct folio *cma_alloc_folio(struct cma *cma, int order, gfp_t gfp);
bool cma_free_folio(struct cma *cma, const struct folio *folio);
#else
static inline struct folio *cma_alloc_folio(struct cma *cma, int order,
					    gfp_t gfp)
{
	return NULL;
}

static inline bool cma_free_folio(struct cma *cma, const struct folio *folio)
{
	return false;
}
#endif

#endif /* __CMA_H__ */
