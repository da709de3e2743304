/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of an area, which sysfs shows; they are updated under cma->lock
 */

#ifndef __MM_CMA_SYSFS_H__
#define __MM_CMA_SYSFS_H__

#include <linux/minmax.h>

#include "cma.h"

#ifdef CONFIG_CMA_SYSFS
void cma_latency_init(struct cma *cma);
void cma_count_latency(struct cma *cma, u64 ns, bool success);

static inline void cma_count_success(struct cma *cma, unsigned long pages)
{
	cma->nr_pages_succeeded += pages;
	cma->high_water = max(cma->high_water, cma->nr_pages_succeeded -
					       cma->nr_pages_released);
}

static inline void cma_count_failure(struct cma *cma, unsigned long pages)
{
	cma->nr_pages_failed += pages;
}

static inline void cma_count_release(struct cma *cma, unsigned long pages)
{
	cma->nr_pages_released += pages;
}

static inline void cma_count_migrated(struct cma *cma, unsigned long pages)
{
	cma->nr_pages_migrated += pages;
}

static inline void cma_count_balanced(struct cma *cma, unsigned long pages)
{
	cma->nr_pages_balanced += pages;
}

static inline void cma_count_given_up(struct cma *cma)
{
	cma->nr_given_up++;
}
#else
static inline void cma_latency_init(struct cma *cma) { }
static inline void cma_count_latency(struct cma *cma, u64 ns, bool success) { }
static inline void cma_count_success(struct cma *cma, unsigned long pages) { }
static inline void cma_count_failure(struct cma *cma, unsigned long pages) { }
static inline void cma_count_release(struct cma *cma, unsigned long pages) { }
static inline void cma_count_migrated(struct cma *cma, unsigned long pages) { }
static inline void cma_count_balanced(struct cma *cma, unsigned long pages) { }
static inline void cma_count_given_up(struct cma *cma) { }
#endif

#endif /* __MM_CMA_SYSFS_H__ */
