/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Claims, which move borrowed pages out of a window, and the pages in the way of them
 */

#ifndef __MM_CMA_CLAIM_H__
#define __MM_CMA_CLAIM_H__

#include <linux/types.h>

struct cma;
struct cma_request;

bool cma_is_claimed(unsigned long start, unsigned long end);
int cma_claim(struct cma_request *rq, unsigned long start);
int cma_persevere(struct cma *cma, struct cma_request *rq, int error);
void cma_recall_obstacles(struct cma *cma, struct cma_request *rq);
void cma_claim_init(struct cma *cma);

#endif /* __MM_CMA_CLAIM_H__ */
