/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of an area that can be allocated at once
 */

#ifndef __MM_CMA_HEADROOM_H__
#define __MM_CMA_HEADROOM_H__

#include <linux/gfp_types.h>
#include <linux/types.h>

#include "cma_place.h"

struct cma;
struct cma_map;

/* For allocations and releases */
unsigned long cma_hand_out_ready(unsigned long pfn, unsigned long count, gfp_t gfp);
bool cma_give_up_ready(struct cma *cma, struct cma_map *map, unsigned long pfn,
		       unsigned long count);
unsigned long cma_keep_ready(struct cma *cma, struct cma_map *map, unsigned long pfn,
			     unsigned long count);
void cma_headroom_changed(struct cma *cma);
bool cma_pause_refilling(struct cma *cma, gfp_t gfp);
void cma_resume_refilling(struct cma *cma);
void cma_count_served(struct cma *cma, enum cma_ready ready);
void cma_note_misfit(struct cma *cma, const struct cma_request *rq);

/* For people and programs */
int cma_set_headroom(struct cma *cma, unsigned long pages);
unsigned long cma_headroom_pages(const struct cma *cma);
unsigned long cma_ready_pages(const struct cma *cma);
unsigned long cma_longest_ready_run(const struct cma *cma);
u64 cma_served(const struct cma *cma, enum cma_ready ready);
u64 cma_refill_ns(const struct cma *cma);
const char *cma_short_of_headroom(const struct cma *cma);

#if IS_ENABLED(CONFIG_KUNIT)
void cma_headroom_destroy(struct cma *cma);
#endif

#endif /* __MM_CMA_HEADROOM_H__ */
