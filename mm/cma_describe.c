// SPDX-License-Identifier: GPL-2.0
/*
 * Describing the pages of a contiguous memory area to users
 *
 * The allocator needs no more than cma_inspect_page() tells. This file finds out more:
 * what kind of page it is, which file it belongs to, and how the pages of a pageblock
 * are used. Pages change hands meanwhile, so they are read from a copy where possible, and
 * a reference is taken only where a file is to be named.
 */

#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/page_owner.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/shmem_fs.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "internal.h"
#include "cma.h"
#include "cma_describe.h"
#include "cma_page.h"

/*
 * Copy what describes the folio of a page. The folio may be split and others merged
 * at any time, so the copy is checked to be a folio that the page can belong to.
 */
static bool copy_folio(const struct page *page, struct folio *copy)
{
	for (unsigned int i = 0; i < 3; i++) {
		const struct folio *folio = page_folio(page);

		/* An inconsistent copy is not used. */
		data_race(memcpy(&copy->page, &folio->page, sizeof(copy->page)));
		if (copy->page.compound_head & 1)
			continue;
		if (!test_bit(PG_head, &copy->flags)) {
			if (&folio->page == page)
				return true;
			continue;
		}
		/* As above. */
		data_race(memcpy(&copy->__page_1, &folio->__page_1,
				 sizeof(copy->__page_1)));
		if (folio_order(copy) < BITS_PER_LONG &&
		    folio_page_idx(folio, page) < folio_nr_pages(copy))
			return true;
	}

	return false;
}

/* What kind of page has this state? */
static enum cma_reason find_kind(unsigned long pfn, const struct cma_page_state *state,
				 int *refs, int *maps)
{
	const struct page *page = pfn_to_page(pfn);
	struct folio folio;

	*refs = page_ref_count(page);
	*maps = 0;
	if (PageHWPoison(page))
		return CMA_REASON_HWPOISON;
	if (state->use == CMA_FREE || !copy_folio(page, &folio))
		return CMA_REASON_OTHER;

	*refs = folio_ref_count(&folio);
	*maps = folio_mapcount(&folio);
	if (folio_test_hugetlb(&folio))
		return CMA_REASON_HUGETLB;
	if (folio_test_slab(&folio))
		return CMA_REASON_SLAB;
	if (PageTable(&folio.page))
		return CMA_REASON_PAGE_TABLE;
	if (page_has_type(&folio.page) || __folio_test_movable(&folio))
		return CMA_REASON_OTHER;
	if (state->use == CMA_BATCHED)
		return CMA_REASON_LRU_CACHE;
	/* Only the reference keeps it from being moved. */
	if (state->use == CMA_BUSY && (folio_test_lru(&folio) || folio.mapping))
		return CMA_REASON_PINNED;
	if (folio_test_anon(&folio))
		return CMA_REASON_ANONYMOUS;
	if (!folio.mapping)
		return CMA_REASON_OTHER;
	return folio_test_swapbacked(&folio) ? CMA_REASON_SHMEM : CMA_REASON_FILE;
}

static bool is_held(const struct cma_map *map, unsigned long pfn)
{
	return test_bit(cma_map_pfn_unit(map, pfn), map->held);
}

/* Copy a name that a file has in the directory tree; any will do. */
static void copy_name(struct inode *inode, char *name, size_t size)
{
	struct dentry *dentry = NULL;

	/*
	 * This guards the list and keeps dentries on it from being freed. An inode
	 * that is being freed has none, and something else in place of the list.
	 */
	spin_lock(&inode->i_lock);
	if (!(inode->i_state & (I_NEW | I_WILL_FREE | I_FREEING | I_CLEAR)))
		dentry = hlist_entry_safe(inode->i_dentry.first, struct dentry,
					  d_u.d_alias);
	if (dentry) {
		spin_lock(&dentry->d_lock);
		strscpy(name, dentry->d_name.name, size);
		spin_unlock(&dentry->d_lock);
	}
	spin_unlock(&inode->i_lock);
}

/* Which file does a page belong to? */
static void describe_file(struct page *page, struct cma_obstacle *obstacle)
{
	struct folio *folio = page_folio(page);
	struct address_space *mapping;
	struct inode *inode;

	/* Pages that were allocated from the area meanwhile have no mapping either. */
	if (!READ_ONCE(folio->mapping) || folio_test_anon(folio) ||
	    !folio_try_get(folio))
		return;
	/* With a reference it stays a folio, and while locked it stays the file's. */
	if (folio != page_folio(page) || !folio_trylock(folio))
		goto put;

	mapping = folio_mapping(folio);
	inode = mapping ? mapping->host : NULL;
	if (inode) {
		obstacle->has_file = true;
		obstacle->shmem = shmem_mapping(mapping);
		obstacle->dev = inode->i_sb->s_dev;
		obstacle->ino = inode->i_ino;
		copy_name(inode, obstacle->name, sizeof(obstacle->name));
	}
	folio_unlock(folio);
put:
	folio_put(folio);
}

/**
 * cma_describe_page() - tell what a page is and who owns it
 * @cma: area that the page belongs to
 * @pfn: page
 * @obstacle: filled in
 *
 * Context: process context; takes inode->i_lock and a dentry's lock, and a folio's
 * if that is free.
 */
void cma_describe_page(struct cma *cma, unsigned long pfn,
		       struct cma_obstacle *obstacle)
{
	const struct cma_map *map = cma_find_range(cma, pfn);
	struct page *page = pfn_to_page(pfn);
	struct cma_page_state state;

	cma_inspect_page(pfn, &state);
	*obstacle = (struct cma_obstacle){ .pfn = pfn };
	obstacle->reason = find_kind(pfn, &state, &obstacle->refs, &obstacle->maps);
	if (map && is_held(map, pfn))
		obstacle->reason = CMA_REASON_HELD;

	/* The page may have been freed since. */
	if (!obstacle->refs)
		return;

	switch (obstacle->reason) {
	case CMA_REASON_FILE:
	case CMA_REASON_SHMEM:
	case CMA_REASON_LRU_CACHE:
	case CMA_REASON_PINNED:
		describe_file(page, obstacle);
		break;
	default:
		break;
	}
	obstacle->has_owner = page_owner_task(page, &obstacle->owner_pid,
					      obstacle->owner_comm,
					      &obstacle->owner_site);
}

/**
 * cma_longest_free_run() - how much can be allocated without moving a page
 * @cma: area, active
 *
 * Pages on per-CPU lists are free too, but cannot be allocated as a range.
 *
 * Context: process context.
 * Return: pages in the longest run of free ones.
 */
unsigned long cma_longest_free_run(struct cma *cma)
{
	unsigned long longest = 0, run;
	const struct cma_map *map;

	cma_for_each_map(map, cma) {
		unsigned long end = map->base_pfn + map->count;
		unsigned long pfn = map->base_pfn;

		/* A range that is chosen starts at a unit. */
		for (run = 0; pfn < end; cond_resched()) {
			unsigned long unit = cma_map_pfn_unit(map, pfn);
			unsigned long free, next;
			struct cma_page_state state;

			/* The map is not locked: see cma_longest_run(). */
			free = data_race(find_next_zero_bit(map->taken,
							    cma_map_units(map), unit));
			if (free > unit) {
				pfn = cma_map_unit_pfn(map, free);
				run = 0;
				continue;
			}

			cma_inspect_page(pfn, &state);
			next = cma_map_ready_end(map, pfn, end);
			if (next > pfn)
				state = (struct cma_page_state){ .use = CMA_FREE, .end = next };
			next = cma_map_pfn_unit(map, min(state.end, end) - 1) + 1;
			/* As above. */
			next = data_race(find_next_bit(map->taken, next, unit));
			next = min(state.end, cma_map_unit_pfn(map, next));
			if (state.use != CMA_FREE)
				run = 0;
			else if (run || pfn == cma_map_unit_pfn(map, unit))
				run += next - pfn;
			else
				next = min(next, cma_map_unit_pfn(map, unit + 1));
			longest = max(longest, run);
			pfn = next;
		}
	}

	return longest;
}

/*
 * /sys/kernel/debug/cma/AREA/map: one pageblock per line, or what the range has of it.
 * Position 0 is the header line, position n is pageblock n - 1 of all ranges together.
 */
static const struct cma_map *find_block(const struct cma *cma, loff_t pos,
					unsigned long *pfn)
{
	const struct cma_map *map;
	u64 pages = (u64)(pos - 1) << pageblock_order;

	cma_for_each_map(map, cma) {
		unsigned long lent = cma_lent_pages(map);

		if (pages < lent) {
			*pfn = cma_lent_start(map) + pages;
			return map;
		}
		pages -= lent;
	}

	return NULL;
}

static void *cma_blocks_start(struct seq_file *m, loff_t *pos)
{
	unsigned long pfn;

	return !*pos || find_block(m->private, *pos, &pfn) ? pos : NULL;
}

static void *cma_blocks_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return cma_blocks_start(m, pos);
}

static void cma_blocks_stop(struct seq_file *m, void *v)
{
}

static int cma_blocks_show(struct seq_file *m, void *v)
{
	unsigned long free = 0, borrowed = 0, allocated = 0, stuck = 0, ready = 0;
	unsigned long pfn, start, end, next;
	const struct cma_map *map;
	loff_t pos = *(loff_t *)v;

	if (!pos) {
		seq_puts(m, "# pfn pages free borrowed allocated stuck ready\n");
		return 0;
	}

	map = find_block(m->private, pos, &start);
	end = min(start + pageblock_nr_pages, map->base_pfn + map->count);
	start = max(start, map->base_pfn);
	for (pfn = start; pfn < end; pfn = next) {
		struct cma_page_state state;

		next = pfn + 1;
		if (is_held(map, pfn)) {
			allocated++;
			continue;
		}
		next = cma_map_ready_end(map, pfn, end);
		if (next > pfn) {
			free += next - pfn;
			ready += next - pfn;
			continue;
		}
		cma_inspect_page(pfn, &state);
		next = clamp(state.end, pfn + 1, end);
		if (state.use == CMA_FREE || state.use == CMA_CACHED)
			free += next - pfn;
		else if (state.use >= CMA_BUSY)
			stuck += next - pfn;
		else
			borrowed += next - pfn;
	}

	seq_printf(m, "%#lx %lu %lu %lu %lu %lu %lu\n", start, end - start, free,
		   borrowed, allocated, stuck, ready);
	return 0;
}

static const struct seq_operations cma_blocks_sops = {
	.start = cma_blocks_start,
	.next = cma_blocks_next,
	.stop = cma_blocks_stop,
	.show = cma_blocks_show,
};
DEFINE_SEQ_ATTRIBUTE(cma_blocks);

/**
 * cma_describe_add_files() - add the file that shows the pages of an area
 * @cma: area
 * @dir: its directory in debugfs
 */
void __init cma_describe_add_files(struct cma *cma, struct dentry *dir)
{
	debugfs_create_file("map", 0444, dir, cma, &cma_blocks_fops);
}
