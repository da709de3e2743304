/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reasons why ranges were given up and allocations failed; showing these and others
 */

#ifndef __MM_CMA_FAILURE_H__
#define __MM_CMA_FAILURE_H__

#include <linux/types.h>

struct cma;
struct cma_obstacle;
struct cma_request;
struct dentry;
struct seq_file;

void cma_failure_init(struct cma *cma);
void cma_note_obstacle(struct cma *cma, struct cma_obstacle *obstacle,
		       unsigned long pfn, unsigned long start,
		       unsigned long pages);
void cma_note_failure(struct cma *cma, const struct cma_request *rq, int error);
void cma_note_wait(struct cma *cma, const struct cma_obstacle *obstacle, u64 ns);
void cma_obstacle_text(const struct cma_obstacle *obstacle, char *buf,
		       size_t size);
void cma_failure_add_files(struct cma *cma, struct dentry *dir);
void cma_show_text(struct seq_file *m, const char *text);
void cma_show_site(struct seq_file *m, u32 site);
u64 cma_age_ms(u64 since);

#endif /* __MM_CMA_FAILURE_H__ */
