/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Physical memory that is to become an area, and the choice of it
 */

#ifndef __MM_CMA_RESERVE_H__
#define __MM_CMA_RESERVE_H__

#include <linux/types.h>

struct cma;

/* Physical memory, in bytes. */
struct cma_extent {
	phys_addr_t base;
	phys_addr_t size;
};

unsigned int cma_choose_extents(struct cma_extent *extents, unsigned int nr,
				phys_addr_t size, phys_addr_t align,
				phys_addr_t high, phys_addr_t *found);
bool cma_cut_extents(struct cma_extent *extents, unsigned int *nr, unsigned int max,
		     phys_addr_t start, phys_addr_t end);
bool cma_add_extent(struct cma_extent *extents, unsigned int *nr, unsigned int max,
		    phys_addr_t base, phys_addr_t size);
int cma_declare_within(const struct cma_extent *windows, unsigned int nr,
		       phys_addr_t size, phys_addr_t align, phys_addr_t limit,
		       const char *name, struct cma **res_cma);
bool cma_is_free(phys_addr_t start, phys_addr_t end);
unsigned int cma_withdraw(struct cma *cma);
bool cma_restore(struct cma *cma, unsigned int nr);
phys_addr_t cma_reserve_piece(phys_addr_t base, phys_addr_t size, phys_addr_t limit,
			      phys_addr_t alignment, int nid);
phys_addr_t cma_node_memory(int nid);
phys_addr_t cma_free_memory(int nid, phys_addr_t align);

#endif /* __MM_CMA_RESERVE_H__ */
