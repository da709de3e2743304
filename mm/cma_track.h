/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of allocations; without CONFIG_CMA_TRACK there are none
 */

#ifndef __MM_CMA_TRACK_H__
#define __MM_CMA_TRACK_H__

#include <linux/gfp_types.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/types.h>

struct cma;
struct dentry;

#ifdef CONFIG_CMA_TRACK
/**
 * struct cma_record - an allocation, or what is left of it
 * @node: in @records of its area
 * @pfn: first page
 * @pages: pages
 * @since: when it was allocated, in jiffies
 * @site: who called the allocator, a stack depot handle; 0 if not recorded
 * @pid: task that called it, in the initial namespace; 0 in an interrupt
 * @comm: its command name
 */
struct cma_record {
	struct rb_node node;
	unsigned long pfn;
	unsigned long pages;
	u64 since;
	u32 site;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

void cma_track_init(struct cma *cma);
u32 cma_track_site(const struct cma *cma, unsigned long caller, gfp_t gfp);
bool cma_track_wants(const struct cma *cma);
struct cma_record *cma_new_record(gfp_t gfp);
void cma_track_give(struct cma *cma, struct cma_record *record);
void cma_track_enter(struct cma *cma, unsigned long pfn, unsigned long pages,
		     u32 site);
bool cma_track_release(struct cma *cma, unsigned long pfn, unsigned long pages);
bool cma_track_get(struct cma *cma, unsigned long pfn,
		   struct cma_record *copy);
unsigned long cma_track_lost(const struct cma *cma);
void cma_track_holder(struct cma *cma, unsigned long pfn, unsigned long pages,
		      char *buf, size_t size);
void cma_track_add_files(struct cma *cma, struct dentry *dir);
#if IS_ENABLED(CONFIG_KUNIT)
void cma_track_destroy(struct cma *cma);
#endif
#else
static inline void cma_track_init(struct cma *cma) { }
static inline u32 cma_track_site(const struct cma *cma, unsigned long caller,
				 gfp_t gfp)
{
	return 0;
}

static inline bool cma_track_wants(const struct cma *cma)
{
	return false;
}

static inline struct cma_record *cma_new_record(gfp_t gfp)
{
	return NULL;
}

static inline void cma_track_give(struct cma *cma, struct cma_record *record) { }

static inline void cma_track_enter(struct cma *cma, unsigned long pfn,
				   unsigned long pages, u32 site) { }

static inline bool cma_track_release(struct cma *cma, unsigned long pfn,
				     unsigned long pages)
{
	return true;
}

static inline void cma_track_holder(struct cma *cma, unsigned long pfn,
				    unsigned long pages, char *buf, size_t size)
{
	*buf = '\0';
}

static inline void cma_track_add_files(struct cma *cma, struct dentry *dir) { }
#endif

#endif /* __MM_CMA_TRACK_H__ */
