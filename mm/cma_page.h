/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a page of an area is used for while no caller holds it
 */

#ifndef __MM_CMA_PAGE_H__
#define __MM_CMA_PAGE_H__

#include <linux/types.h>

/**
 * enum cma_use - what a page is used for while no caller holds it
 * @CMA_FREE: it is on the free lists
 * @CMA_CACHED: free, but on a per-CPU list
 * @CMA_CLEAN: borrowed by a file, and can be dropped instead of moved
 * @CMA_MOVABLE: borrowed
 * @CMA_BATCHED: borrowed, and on its way to or from an LRU list
 * @CMA_SLOW: borrowed, and slow to move: it is locked, under writeback, or a huge page,
 *	for which another one has to be found
 * @CMA_BUSY: it has references that nothing explains, or is of an unknown kind; most
 *	such references are gone in a moment
 * @CMA_BROKEN: memory that has failed; it will never move
 */
enum cma_use {
	CMA_FREE,
	CMA_CACHED,
	CMA_CLEAN,
	CMA_MOVABLE,
	CMA_BATCHED,
	CMA_SLOW,
	CMA_BUSY,
	CMA_BROKEN,
};

/**
 * struct cma_page_state - the state of a page, as it was found
 * @use: of all pages up to @end
 * @head: first page of its folio, or the page itself
 * @end: PFN after its folio or free block, or after others that are used alike
 * @whole: it is part of a large folio, which moves as a whole
 * @needs_fs: it can be moved only if calls into file systems are allowed
 * @excess: references of its folio that nothing explains, if it is busy
 */
struct cma_page_state {
	enum cma_use use;
	unsigned long head;
	unsigned long end;
	bool whole;
	bool needs_fs;
	int excess;
};

void cma_inspect_page(unsigned long pfn, struct cma_page_state *state);
void cma_extend_page_state(struct cma_page_state *state, unsigned long end);

#endif /* __MM_CMA_PAGE_H__ */
