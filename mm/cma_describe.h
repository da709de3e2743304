/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a page of an area is, and who owns it, for users
 */

#ifndef __MM_CMA_DESCRIBE_H__
#define __MM_CMA_DESCRIBE_H__

#include <linux/sched.h>
#include <linux/types.h>

struct cma;
struct dentry;

/**
 * enum cma_reason - why a range was given up, or an allocation failed
 * @CMA_REASON_NONE: none is known
 * @CMA_REASON_NO_ROOM: no free range is long enough at the alignment
 * @CMA_REASON_ANONYMOUS: memory of a process did not move, though it could
 * @CMA_REASON_FILE: page cache did not
 * @CMA_REASON_SHMEM: tmpfs or shared memory did not
 * @CMA_REASON_SLAB: objects of the kernel
 * @CMA_REASON_PAGE_TABLE: a page table
 * @CMA_REASON_PINNED: movable but for references that nothing explains
 * @CMA_REASON_HWPOISON: memory that has failed
 * @CMA_REASON_HELD: allocated from the area
 * @CMA_REASON_HUGETLB: a huge page of hugetlb
 * @CMA_REASON_LRU_CACHE: on its way to or from the LRU lists
 * @CMA_REASON_OTHER: a page of another kind, or one that is gone
 * @CMA_REASON_NO_MEMORY: there was no memory to move pages to
 * @CMA_REASON_KILLED: the caller is being killed
 * @CMA_REASON_INVALID: size or GFP flags cannot be served
 * @CMA_NR_REASONS: how many there are
 */
enum cma_reason {
	CMA_REASON_NONE,
	CMA_REASON_NO_ROOM,
	CMA_REASON_ANONYMOUS,
	CMA_REASON_FILE,
	CMA_REASON_SHMEM,
	CMA_REASON_SLAB,
	CMA_REASON_PAGE_TABLE,
	CMA_REASON_PINNED,
	CMA_REASON_HWPOISON,
	CMA_REASON_HELD,
	CMA_REASON_HUGETLB,
	CMA_REASON_LRU_CACHE,
	CMA_REASON_OTHER,
	CMA_REASON_NO_MEMORY,
	CMA_REASON_KILLED,
	CMA_REASON_INVALID,
	CMA_NR_REASONS,
};

/**
 * struct cma_obstacle - why an allocation did not get a range
 * @reason: what was in the way; for a page, its kind
 * @has_file: @dev to @name are valid
 * @shmem: the file is one of tmpfs or shared memory
 * @has_owner: @owner_pid to @owner_site are valid
 * @pfn: page that was in the way; 0 if it was no page
 * @refs: its reference count
 * @maps: how often it is mapped
 * @dev: device of the file
 * @ino: inode number of the file
 * @name: a name of the file, may be truncated; empty if there is none
 * @owner_pid: task that allocated the page
 * @owner_comm: its command name
 * @owner_site: where it allocated the page; a stack depot handle
 */
struct cma_obstacle {
	enum cma_reason reason;
	bool has_file;
	bool shmem;
	bool has_owner;
	unsigned long pfn;
	int refs;
	int maps;
	dev_t dev;
	unsigned long ino;
	char name[40];
	pid_t owner_pid;
	char owner_comm[TASK_COMM_LEN];
	u32 owner_site;
};

void cma_describe_page(struct cma *cma, unsigned long pfn,
		       struct cma_obstacle *obstacle);
unsigned long cma_longest_free_run(struct cma *cma);
void cma_describe_add_files(struct cma *cma, struct dentry *dir);

#endif /* __MM_CMA_DESCRIBE_H__ */
