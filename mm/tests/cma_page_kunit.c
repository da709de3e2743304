// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of contiguous memory areas with pages that are borrowed
 *
 * Each kind of page is made as the kernel makes it: lent to a file, mapped, read ahead
 * from swap, in an LRU batch. Then it is inspected, and its place is claimed. A file
 * whose pages take as long to migrate as a test wants shows in which order claims run.
 */

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/cma.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/initrd.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/migrate.h>
#include <linux/mman.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/page-isolation.h>
#include <linux/pagemap.h>
#include <linux/sched/clock.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/workqueue.h>

#include "../cma.h"
#include "../cma_balance.h"
#include "../cma_claim.h"
#include "../cma_describe.h"
#include "../cma_headroom.h"
#include "../cma_page.h"
#include "../cma_place.h"
#include "../internal.h"
#include "../swap.h"
#include "cma_kunit.h"

/* Claims of the halves do not overlap. */
#define HALF		MAX_ORDER_NR_PAGES
#define WHOLE		(2 * HALF)

/* How long to wait for a thread that does not do what it should. */
#define PATIENCE	(10 * HZ)

/* Claims after which an allocation may give up. */
#define CLAIMS		8

static struct cma *area;
static unsigned long base;
static struct vfsmount *mnt;
static struct file *file;

static enum cma_use use_of(struct folio *folio)
{
	struct cma_page_state state;

	cma_inspect_page(folio_pfn(folio), &state);
	return state.use;
}

static bool needs_fs(struct folio *folio)
{
	struct cma_page_state state;

	cma_inspect_page(folio_pfn(folio), &state);
	return state.needs_fs;
}

/* Migration of a page of the file fails, or waits here until it is told to go on. */
static struct {
	bool fails;
	bool wanted;
	atomic_t nr;
	pgoff_t met[8];
	struct completion arrived;
	struct completion go;
} stop;

static int migrate_slowly(struct address_space *mapping, struct folio *dst,
			  struct folio *src, enum migrate_mode mode)
{
	if (READ_ONCE(stop.fails))
		return -EAGAIN;
	if (READ_ONCE(stop.wanted)) {
		unsigned int nr = atomic_fetch_inc(&stop.nr);

		if (nr < ARRAY_SIZE(stop.met))
			stop.met[nr] = src->index;
		complete(&stop.arrived);
		wait_for_completion(&stop.go);
	}
	return migrate_folio(mapping, dst, src, mode);
}

/*
 * The aio ring has a reference of its own to each page, which follows the page when it
 * migrates.
 */
static struct folio *ring;

static int migrate_ring(struct address_space *mapping, struct folio *dst,
			struct folio *src, enum migrate_mode mode)
{
	int ret;

	folio_get(dst);
	ret = folio_migrate_mapping(mapping, dst, src, 1);
	if (ret != MIGRATEPAGE_SUCCESS) {
		folio_put(dst);
		return ret;
	}
	folio_copy(dst, src);
	folio_migrate_flags(dst, src);
	ring = dst;
	folio_put(src);
	return 0;
}

static const struct address_space_operations ring_aops = {
	.dirty_folio	= noop_dirty_folio,
	.migrate_folio	= migrate_ring,
};

static const struct address_space_operations file_aops = {
	.dirty_folio	= noop_dirty_folio,
	.migrate_folio	= migrate_slowly,
};

/* Once its pages may be reclaimed, they are like those of any other file. */
static void open_file(struct kunit *test)
{
	struct file_system_type *type = get_fs_type("ramfs");

	KUNIT_ASSERT_NOT_NULL(test, type);
	mnt = kern_mount(type);
	KUNIT_ASSERT_FALSE(test, IS_ERR(mnt));
	file = file_open_root_mnt(mnt, "cma", O_CREAT | O_RDWR, 0600);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	file->f_mapping->a_ops = &file_aops;
	mapping_clear_unevictable(file->f_mapping);
}

static void close_file(void)
{
	truncate_inode_pages(file->f_mapping, 0);
	fput(file);
	flush_delayed_fput();
	kern_unmount(mnt);
}

/* Each test begins with a free area and an empty file. */
static void __init begin(struct kunit *test)
{
	if (!area) {
		area = cma_kunit_make_area(test, WHOLE, "kunit pages");
		base = area->ranges[0].base_pfn;
		open_file(test);
	}
	truncate_inode_pages(file->f_mapping, 0);
	file->f_mapping->a_ops = &file_aops;
	stop.fails = false;
	lru_add_drain_all();
}

static struct folio *__init take(struct kunit *test, unsigned long pfn)
{
	KUNIT_ASSERT_EQ(test, cma_kunit_take(pfn, 1, GFP_KERNEL), pfn + 1);
	return pfn_folio(pfn);
}

/* Allocate a page of the area for the file. It is in an LRU batch afterwards. */
static struct folio *__init lend(struct kunit *test, unsigned long pfn, pgoff_t index)
{
	struct folio *folio = take(test, pfn);

	memset(folio_address(folio), 0x40 + index, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0, filemap_add_folio(file->f_mapping, folio, index,
						   GFP_KERNEL));
	folio_mark_uptodate(folio);
	folio_unlock(folio);
	folio_put(folio);
	return folio;
}

static struct folio *__init lend_dirty(struct kunit *test, unsigned long pfn, pgoff_t index)
{
	struct folio *folio = lend(test, pfn, index);

	lru_add_drain_all();
	folio_mark_dirty(folio);
	return folio;
}

/* The file still has its page, but at another PFN. */
static void expect_moved(struct kunit *test, unsigned long pfn, pgoff_t index)
{
	struct folio *folio = filemap_get_folio(file->f_mapping, index);

	KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
	KUNIT_EXPECT_NE(test, folio_pfn(folio), pfn);
	KUNIT_EXPECT_NULL(test, memchr_inv(folio_address(folio), 0x40 + index, PAGE_SIZE));
	folio_put(folio);
}

struct claim {
	struct cma_request rq;
	struct cma_obstacle obstacle;
	unsigned long start;
	int ret;
	struct completion done;
};

static void prepare(struct claim *claim, unsigned long start, unsigned long count)
{
	*claim = (struct claim){
		.start = start,
		.rq = {
			.count = count,
			.gfp = GFP_KERNEL | __GFP_NOWARN,
			.move_gfp = GFP_KERNEL,
			.obstacle = &claim->obstacle,
			.begun = local_clock(),
		},
	};
	xa_init(&claim->rq.obstacles);
	init_completion(&claim->done);
}

/* If others use a page for a moment, the claim may fail, but not each time. */
static int claim_now(struct claim *claim)
{
	int ret = cma_claim(&claim->rq, claim->start);

	for (unsigned int i = 0; i < 25 && ret == -EBUSY; i++) {
		msleep(20);
		ret = cma_claim(&claim->rq, claim->start);
	}
	return ret;
}

/* No more than half of the pages on the LRU lists are isolated at a time. */
static void __init fill_lists(struct kunit *test)
{
	for (pgoff_t index = 100; index < 164; index++) {
		struct folio *folio = filemap_grab_folio(file->f_mapping, index);

		KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
		folio_mark_uptodate(folio);
		folio_unlock(folio);
		folio_put(folio);
	}
	lru_add_drain_all();
}

static void __init expect_claimed(struct kunit *test, unsigned long start,
				  unsigned long count)
{
	struct claim claim;
	int ret;

	prepare(&claim, start, count);
	ret = claim_now(&claim);
	KUNIT_EXPECT_EQ(test, ret, 0);
	if (!ret)
		KUNIT_EXPECT_EQ(test, 0, put_free_range(start, count));
}

/*
 * Kinds of pages
 */

static void __init page_that_is_free(struct kunit *test)
{
	struct cma_page_state state;
	struct folio *folio;

	begin(test);
	KUNIT_ASSERT_EQ(test, cma_kunit_take(base, WHOLE, GFP_KERNEL), base + WHOLE);
	KUNIT_EXPECT_EQ(test, put_free_range(base, WHOLE), 0);
	for (unsigned long pfn = base; pfn < base + HALF; pfn += 111) {
		cma_inspect_page(pfn, &state);
		KUNIT_EXPECT_EQ(test, state.use, CMA_FREE);
		KUNIT_EXPECT_EQ(test, state.head, pfn);
		KUNIT_EXPECT_GE(test, state.end, base + pageblock_nr_pages);
		KUNIT_EXPECT_FALSE(test, state.whole);
	}

	/* A single page goes to a per-CPU list first. */
	drain_all_pages(NULL);
	folio = take(test, base + 5);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_BUSY);
	folio_put(folio);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_CACHED);
	drain_all_pages(NULL);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_FREE);
}

static void __init page_of_file(struct kunit *test)
{
	struct folio *folio;

	begin(test);
	folio = lend(test, base, 0);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_BATCHED);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_CLEAN);
	KUNIT_EXPECT_TRUE(test, needs_fs(folio));
	/* A user of the page has one reference more than the page cache. */
	folio_get(folio);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_BUSY);
	folio_put(folio);

	/* The page is dropped from the file. */
	expect_claimed(test, base, 1);
	KUNIT_EXPECT_TRUE(test, IS_ERR(filemap_get_folio(file->f_mapping, 0)));

	folio = lend_dirty(test, base, 1);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_MOVABLE);
	KUNIT_EXPECT_TRUE(test, needs_fs(folio));
	expect_claimed(test, base, 1);
	expect_moved(test, base, 1);

	folio = lend(test, base, 2);
	lru_add_drain_all();
	folio_lock(folio);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_SLOW);
	folio_unlock(folio);
	truncate_inode_pages(file->f_mapping, 0);
	KUNIT_EXPECT_LE(test, use_of(folio), CMA_CACHED);
}

/* Get the page that a process has at an address; the caller puts it. */
static struct folio *touch(struct kunit *test, unsigned long addr)
{
	struct page *page;

	KUNIT_ASSERT_EQ(test, get_user_pages_fast(addr, 1, FOLL_WRITE, &page), 1);
	lru_add_drain_all();
	return page_folio(page);
}

static void page_of_process(struct kunit *test)
{
	unsigned long addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	struct folio *folio;

	if (!addr || IS_ERR_VALUE(addr))
		kunit_skip(test, "a test cannot have memory of a process");

	folio = touch(test, addr);
	KUNIT_EXPECT_TRUE(test, folio_test_anon(folio));
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_BUSY);
	folio_put(folio);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_MOVABLE);
	KUNIT_EXPECT_FALSE(test, needs_fs(folio));
}

static void __init page_of_mapped_file(struct kunit *test)
{
	unsigned long addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_SHARED, 0);
	struct folio *folio;

	if (!addr || IS_ERR_VALUE(addr))
		kunit_skip(test, "a test cannot have memory of a process");

	folio = touch(test, addr);
	KUNIT_EXPECT_TRUE(test, folio_mapped(folio));
	KUNIT_EXPECT_FALSE(test, folio_test_anon(folio));
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_BUSY);
	folio_put(folio);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_MOVABLE);
	KUNIT_EXPECT_TRUE(test, needs_fs(folio));
}

#ifdef CONFIG_SWAP
/* A page can be in the swap cache without a swap device. */
static void __init page_of_swap_cache(struct kunit *test)
{
	swp_entry_t entry = swp_entry(MAX_SWAPFILES - 1, 0);
	struct address_space *space;
	struct folio *folio;

	begin(test);
	KUNIT_ASSERT_EQ(test, init_swap_address_space(swp_type(entry), 1), 0);
	space = swap_address_space(entry);

	/* Like a page read ahead: it has no mapping until a process faults it in. */
	folio = take(test, base);
	memset(folio_address(folio), 0x77, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, mem_cgroup_charge(folio, NULL, GFP_KERNEL), 0);
	__folio_set_locked(folio);
	__folio_set_swapbacked(folio);
	KUNIT_ASSERT_EQ(test, add_to_swap_cache(folio, entry, GFP_KERNEL, NULL), 0);
	folio_mark_uptodate(folio);
	folio_add_lru(folio);
	folio_unlock(folio);
	folio_put(folio);
	KUNIT_EXPECT_NULL(test, folio->mapping);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_BATCHED);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_MOVABLE);
	KUNIT_EXPECT_TRUE(test, needs_fs(folio));
	folio_get(folio);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_BUSY);
	folio_put(folio);

	expect_claimed(test, base, 1);
	folio = xa_load(&space->i_pages, swap_cache_index(entry));
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_NE(test, folio_pfn(folio), base);
	KUNIT_EXPECT_NULL(test, memchr_inv(folio_address(folio), 0x77, PAGE_SIZE));

	folio_lock(folio);
	xa_lock_irq(&space->i_pages);
	__delete_from_swap_cache(folio, entry, NULL);
	xa_unlock_irq(&space->i_pages);
	folio_unlock(folio);
	folio_put(folio);
	exit_swap_address_space(swp_type(entry));
}
#else
static void page_of_swap_cache(struct kunit *test)
{
	kunit_skip(test, "there is no swap");
}
#endif

/* A page in a batch is waited for: it is no reason to give up a place. */
static void __init expect_goes(struct kunit *test, const char *batch, unsigned long pfn)
{
	struct cma_page_state state;

	cma_inspect_page(pfn, &state);
	KUNIT_EXPECT_NE_MSG(test, state.use, CMA_BROKEN, "%s", batch);
	KUNIT_EXPECT_NE_MSG(test, state.use, CMA_FREE, "%s", batch);
	expect_claimed(test, pfn, 1);
}

static void __init page_in_batches_of_file(struct kunit *test)
{
	static const struct {
		const char *name;
		void (*put)(struct folio *folio);
	} batches[] = {
		{ "activate", folio_activate },
		{ "deactivate_file", deactivate_file_folio },
		{ "rotate", folio_rotate_reclaimable },
		{ "mlock", mlock_folio },
	};
	struct folio *folio;

	begin(test);
	lend(test, base, 0);
	expect_goes(test, "lru_add", base);

	for (unsigned int i = 0; i < ARRAY_SIZE(batches); i++) {
		/* Once the batches are empty the page can be moved, ... */
		folio = lend(test, base, i + 1);
		lru_add_drain_all();
		batches[i].put(folio);
		KUNIT_EXPECT_NE_MSG(test, use_of(folio), CMA_BROKEN, "%s", batches[i].name);
		lru_add_drain_all();
		KUNIT_EXPECT_GE_MSG(test, use_of(folio), CMA_CLEAN, "%s", batches[i].name);
		KUNIT_EXPECT_LE_MSG(test, use_of(folio), CMA_MOVABLE, "%s", batches[i].name);
		/* ... and a claim of its place empties them. */
		batches[i].put(folio);
		expect_goes(test, batches[i].name, base);

		folio = filemap_lock_folio(file->f_mapping, i + 1);
		if (IS_ERR(folio))
			continue;
		if (folio_test_mlocked(folio)) {
			munlock_folio(folio);
			munlock_folio(folio);
			lru_add_drain_all();
			KUNIT_EXPECT_FALSE(test, folio_test_mlocked(folio));
		}
		folio_unlock(folio);
		folio_put(folio);
	}
}

static void page_in_batches_of_process(struct kunit *test)
{
	static const struct {
		const char *name;
		void (*put)(struct folio *folio);
	} batches[] = {
		{ "activate", folio_activate },
		{ "deactivate", folio_deactivate },
		{ "mlock", mlock_folio },
		{ "munlock", munlock_folio },
		{ "lazyfree", folio_mark_lazyfree },
	};
	unsigned long addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	struct folio *folio;

	if (!addr || IS_ERR_VALUE(addr))
		kunit_skip(test, "a test cannot have memory of a process");

	folio = touch(test, addr);
	folio_put(folio);
	for (unsigned int i = 0; i < ARRAY_SIZE(batches); i++) {
		batches[i].put(folio);
		KUNIT_EXPECT_GE_MSG(test, use_of(folio), CMA_CLEAN, "%s", batches[i].name);
		KUNIT_EXPECT_NE_MSG(test, use_of(folio), CMA_BROKEN, "%s", batches[i].name);
		lru_add_drain_all();
		KUNIT_EXPECT_EQ_MSG(test, use_of(folio), CMA_MOVABLE, "%s", batches[i].name);
	}
}

/* A reference that nothing explains is in the way for as long as it is there. */
static void __init page_with_a_reference_more(struct kunit *test)
{
	struct folio *folio;
	struct claim claim;

	begin(test);
	lend_dirty(test, base + 1, 0);
	folio = lend_dirty(test, base + 9, 1);
	folio_get(folio);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_BUSY);
	prepare(&claim, base, 16);
	KUNIT_EXPECT_EQ(test, cma_claim(&claim.rq, base), -EBUSY);
	KUNIT_EXPECT_EQ(test, claim.rq.blocker, base + 9);
	KUNIT_EXPECT_EQ(test, claim.rq.claims, 1);
	/* Blocks are as before, and so is the page. */
	for (unsigned long i = 0; i < WHOLE; i += pageblock_nr_pages)
		KUNIT_EXPECT_TRUE(test, is_migrate_cma_page(pfn_to_page(base + i)));
	lru_add_drain_all();
	KUNIT_EXPECT_TRUE(test, folio_test_lru(folio));

	folio_put(folio);
	expect_claimed(test, base, 16);
	expect_moved(test, base + 1, 0);
	expect_moved(test, base + 9, 1);
}

/* A reference that nothing explains, and yet the page moves: only a claim can tell. */
static void __init page_of_aio_ring(struct kunit *test)
{
	begin(test);
	file->f_mapping->a_ops = &ring_aops;
	ring = lend_dirty(test, base + 3, 0);
	folio_get(ring);
	KUNIT_EXPECT_EQ(test, use_of(ring), CMA_BUSY);
	expect_claimed(test, base, HALF);
	KUNIT_EXPECT_NE(test, folio_pfn(ring), base + 3);
	folio_put(ring);
	expect_moved(test, base + 3, 0);
}

static void __init page_of_large_folio(struct kunit *test)
{
	struct folio *folio;
	struct cma_page_state state;

	begin(test);
	folio = cma_alloc_folio(area, 4, GFP_KERNEL | __GFP_COMP);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	for (unsigned int i = 0; i < 16; i += 5) {
		cma_inspect_page(folio_pfn(folio) + i, &state);
		KUNIT_EXPECT_EQ(test, state.use, CMA_BUSY);
		KUNIT_EXPECT_EQ(test, state.head, folio_pfn(folio));
		KUNIT_EXPECT_EQ(test, state.end, folio_pfn(folio) + 16);
		KUNIT_EXPECT_TRUE(test, state.whole);
	}
	KUNIT_EXPECT_TRUE(test, cma_free_folio(area, folio));
}

#ifdef CONFIG_HUGETLB_PAGE
static void page_of_hugetlb(struct kunit *test)
{
	struct hstate *h = &default_hstate;
	struct folio *folio = NULL;
	struct cma_page_state state;

	if (hugepages_supported())
		folio = alloc_hugetlb_folio_nodemask(h, first_online_node, NULL,
						     htlb_alloc_mask(h), true);
	if (!folio)
		kunit_skip(test, "there is no huge page");

	cma_inspect_page(folio_pfn(folio) + 7, &state);
	KUNIT_EXPECT_EQ(test, state.use, CMA_SLOW);
	KUNIT_EXPECT_EQ(test, state.head, folio_pfn(folio));
	KUNIT_EXPECT_EQ(test, state.end, folio_pfn(folio) + pages_per_huge_page(h));
	KUNIT_EXPECT_TRUE(test, state.whole);
	folio_put(folio);
}
#else
static void page_of_hugetlb(struct kunit *test)
{
	kunit_skip(test, "there is no hugetlb");
}
#endif

static u64 given_up(void)
{
#ifdef CONFIG_CMA_SYSFS
	return READ_ONCE(area->nr_given_up);
#else
	return 0;
#endif
}

/* No allocation tries to take memory that has failed. */
static void __init page_with_hwpoison(struct kunit *test)
{
	unsigned long pfn;
	struct cma_obstacle obstacle;
	struct cma_window window;
	struct folio *folio;
	struct claim claim;
	struct page *page;
	u64 before;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "memory does not fail");

	begin(test);
	pfn = base + HALF / 2;
	folio = take(test, pfn);
	SetPageHWPoison(&folio->page);
	KUNIT_EXPECT_EQ(test, use_of(folio), CMA_BROKEN);
	cma_describe_page(area, pfn, &obstacle);
	KUNIT_EXPECT_EQ(test, obstacle.reason, CMA_REASON_HWPOISON);

	prepare(&claim, base, WHOLE);
	KUNIT_EXPECT_EQ(test, cma_find_window(area, &claim.rq, &window), -EBUSY);
	KUNIT_EXPECT_EQ(test, claim.rq.blocker, pfn);
	before = given_up();
	KUNIT_EXPECT_NULL(test, cma_alloc(area, WHOLE, 0, true));
	if (IS_ENABLED(CONFIG_CMA_SYSFS))
		KUNIT_EXPECT_EQ(test, given_up(), before + 1);

	/* It is not in the way of other allocations. */
	page = cma_alloc(area, HALF, 0, false);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_GT(test, page_to_pfn(page), pfn);
	KUNIT_EXPECT_TRUE(test, cma_release(area, page, HALF));

	ClearPageHWPoison(&folio->page);
	KUNIT_EXPECT_EQ(test, put_free_range(pfn, 1), 0);
	expect_claimed(test, base, WHOLE);
}

/*
 * Claims at the same time
 */

static int claim_thread(void *data)
{
	struct claim *claim = data;

	claim->ret = cma_claim(&claim->rq, claim->start);
	complete(&claim->done);
	return 0;
}

/* Return: whether there was anything to start. */
static bool start_claim(struct claim *claim)
{
	return !IS_ERR(kthread_run(claim_thread, claim, "cma claim"));
}

static bool next_arrives(void)
{
	return wait_for_completion_timeout(&stop.arrived, PATIENCE);
}

static void make_stop(void)
{
	atomic_set(&stop.nr, 0);
	init_completion(&stop.arrived);
	init_completion(&stop.go);
	WRITE_ONCE(stop.wanted, true);
}

static void __init end_claims(struct kunit *test, struct claim *claims, unsigned int nr)
{
	WRITE_ONCE(stop.wanted, false);
	complete_all(&stop.go);
	while (nr--) {
		struct claim *claim = &claims[nr];

		wait_for_completion(&claim->done);
		KUNIT_EXPECT_EQ(test, claim->ret, 0);
		if (!claim->ret)
			KUNIT_EXPECT_EQ(test, 0, put_free_range(claim->start,
								claim->rq.count));
	}
}

/*
 * The second claim empties blocks of both halves, so that it has to wait for the first,
 * and the third for the second; the first would not be in the way of the third.
 */
static void __init claims_go_in_order(struct kunit *test)
{
	struct claim claims[3];
	unsigned int nr;

	begin(test);
	fill_lists(test);
	lend_dirty(test, base, 0);
	lend_dirty(test, base + HALF, 1);
	lend_dirty(test, base + WHOLE - 1, 2);
	prepare(&claims[0], base, 16);
	prepare(&claims[1], base + HALF - 16, 32);
	prepare(&claims[2], base + WHOLE - 16, 16);

	make_stop();
	nr = start_claim(&claims[0]);
	KUNIT_EXPECT_TRUE(test, next_arrives());
	KUNIT_EXPECT_FALSE(test, cma_is_claimed(base + HALF, base + WHOLE));
	nr += start_claim(&claims[1]);
	for (unsigned int i = 0; i < 500 && !cma_is_claimed(base + HALF, base + WHOLE); i++)
		msleep(20);
	KUNIT_EXPECT_TRUE(test, cma_is_claimed(base + HALF, base + WHOLE));
	nr += start_claim(&claims[2]);
	KUNIT_EXPECT_EQ(test, nr, 3);

	/* Time enough for one that does not wait. */
	msleep(100);
	KUNIT_EXPECT_EQ(test, atomic_read(&stop.nr), 1);
	complete(&stop.go);
	KUNIT_EXPECT_TRUE(test, next_arrives());
	msleep(100);
	KUNIT_EXPECT_EQ(test, atomic_read(&stop.nr), 2);
	complete(&stop.go);
	KUNIT_EXPECT_TRUE(test, next_arrives());
	for (unsigned int i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, stop.met[i], i);
	end_claims(test, claims, nr);
	KUNIT_EXPECT_FALSE(test, cma_is_claimed(base, base + WHOLE));
}

static void __init claims_go_side_by_side(struct kunit *test)
{
	struct claim claims[2];
	unsigned int nr;

	begin(test);
	fill_lists(test);
	lend_dirty(test, base, 0);
	lend_dirty(test, base + HALF, 1);
	prepare(&claims[0], base, 16);
	prepare(&claims[1], base + HALF, 16);
	make_stop();
	nr = start_claim(&claims[0]);
	KUNIT_EXPECT_TRUE(test, next_arrives());
	nr += start_claim(&claims[1]);
	KUNIT_EXPECT_EQ(test, nr, 2);
	/* While the first is still in progress. */
	KUNIT_EXPECT_TRUE(test, next_arrives());
	end_claims(test, claims, nr);
}

/*
 * After a claim that failed
 */

static void __init persevere_for_some_claims(struct kunit *test)
{
	struct folio *folio;
	struct claim claim;

	begin(test);
	folio = take(test, base + 3);
	prepare(&claim, base, WHOLE);
	claim.rq.blocker = base + 3;

	/* There is only one place. */
	while (++claim.rq.claims < CLAIMS)
		KUNIT_EXPECT_EQ(test, cma_persevere(area, &claim.rq, -EBUSY), 0);
	KUNIT_EXPECT_EQ(test, cma_persevere(area, &claim.rq, -EBUSY), -EBUSY);
	/* Where there are many, each of them is tried, ... */
	claim.rq.count = 1;
	KUNIT_EXPECT_EQ(test, cma_persevere(area, &claim.rq, -EBUSY), 0);
	claim.rq.claims = WHOLE / 2;
	KUNIT_EXPECT_EQ(test, cma_persevere(area, &claim.rq, -EBUSY), 0);
	claim.rq.claims = WHOLE;
	KUNIT_EXPECT_EQ(test, cma_persevere(area, &claim.rq, -EBUSY), -EBUSY);
	/* ... but not if memory is short, which is the same for all of them. */
	claim.rq.claims = 1;
	KUNIT_EXPECT_EQ(test, cma_persevere(area, &claim.rq, -ENOMEM), 0);
	KUNIT_EXPECT_TRUE(test, claim.rq.short_of_memory);
	claim.rq.claims = CLAIMS;
	KUNIT_EXPECT_EQ(test, cma_persevere(area, &claim.rq, -ENOMEM), -ENOMEM);

	/* Nor more often than there are places if that takes long. */
	claim.rq.count = WHOLE;
	claim.rq.claims = 1;
	claim.rq.claimed_ns = 10ULL * NSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, cma_persevere(area, &claim.rq, -EBUSY), -EBUSY);
	claim.rq.count = 1;
	KUNIT_EXPECT_EQ(test, cma_persevere(area, &claim.rq, -EBUSY), 0);

	xa_destroy(&claim.rq.obstacles);
	KUNIT_EXPECT_EQ(test, put_free_range(folio_pfn(folio), 1), 0);
}

/* How many times does an allocation that has to fail try? */
static u64 __init tries(struct kunit *test)
{
	u64 before = given_up();

	KUNIT_EXPECT_NULL(test, cma_alloc(area, WHOLE, 0, true));
	return given_up() - before;
}

static void __init weigh(struct claim *claim)
{
	prepare(claim, base, WHOLE);
	cma_recall_obstacles(area, &claim->rq);
}

static unsigned long weight_of(const struct claim *claim, unsigned long pfn)
{
	void *weight = xa_load((struct xarray *)&claim->rq.obstacles, pfn);

	return weight ? xa_to_value(weight) : 0;
}

static void __init stuck_page_is_remembered(struct kunit *test)
{
	unsigned long young, pfn, other;
	struct cma_window window;
	struct claim claim;

	if (!IS_ENABLED(CONFIG_CMA_SYSFS))
		kunit_skip(test, "tries are not counted");

	begin(test);
	/* Pages of which nothing is known from other tests. */
	pfn = base + 13;
	other = base + HALF + 13;
	take(test, pfn);
	/* Any borrowed page, or else all is allocated without inspecting any. */
	lend_dirty(test, base + 1, 0);
	folio_get(pfn_folio(pfn));
	folio_get(pfn_folio(pfn));
	KUNIT_EXPECT_GE(test, tries(test), CLAIMS);

	/* At first it may still move. Another busy page is not known to stay busy. */
	take(test, other);
	weigh(&claim);
	young = weight_of(&claim, pfn);
	KUNIT_EXPECT_NE(test, young, 0);
	KUNIT_EXPECT_EQ(test, weight_of(&claim, other), 0);
	claim.rq.count = HALF;
	KUNIT_EXPECT_EQ(test, cma_find_window(area, &claim.rq, &window), 0);
	KUNIT_EXPECT_GT(test, window.pfn, pfn);
	xa_destroy(&claim.rq.obstacles);
	KUNIT_EXPECT_EQ(test, put_free_range(other, 1), 0);
	KUNIT_EXPECT_GE(test, tries(test), CLAIMS);

	/* After a second it is expected to stay. */
	msleep(1100);
	weigh(&claim);
	KUNIT_EXPECT_GT(test, weight_of(&claim, pfn), young);
	xa_destroy(&claim.rq.obstacles);
	KUNIT_EXPECT_EQ(test, tries(test), 1);
	KUNIT_EXPECT_EQ(test, tries(test), 1);
	/* One more reference, held for a moment, changes nothing. */
	folio_get(pfn_folio(pfn));
	KUNIT_EXPECT_EQ(test, tries(test), 1);
	folio_put(pfn_folio(pfn));
	KUNIT_EXPECT_EQ(test, tries(test), 1);

	/* But once one reference is gone, the others may go too. */
	folio_put(pfn_folio(pfn));
	weigh(&claim);
	KUNIT_EXPECT_EQ(test, weight_of(&claim, pfn), 0);
	xa_destroy(&claim.rq.obstacles);
	KUNIT_EXPECT_GE(test, tries(test), CLAIMS);

	/* It stays again, ... */
	msleep(1100);
	KUNIT_EXPECT_EQ(test, tries(test), 1);
	/* ... until it is free. */
	folio_put(pfn_folio(pfn));
	KUNIT_EXPECT_EQ(test, put_free_range(pfn, 1), 0);
	lend_dirty(test, base + 2, 1);
	expect_claimed(test, base, WHOLE);
	weigh(&claim);
	KUNIT_EXPECT_EQ(test, weight_of(&claim, pfn), 0);
	xa_destroy(&claim.rq.obstacles);
	take(test, pfn);
	folio_get(pfn_folio(pfn));
	KUNIT_EXPECT_GE(test, tries(test), CLAIMS);

	folio_put(pfn_folio(pfn));
	KUNIT_EXPECT_EQ(test, put_free_range(pfn, 1), 0);
	expect_claimed(test, base, WHOLE);
}

/* As a block of a file system whose buffers the journal holds. */
static void __init page_that_fails_is_remembered(struct kunit *test)
{
	unsigned long pfn = base + 3;
	struct claim claim;

	if (!IS_ENABLED(CONFIG_CMA_SYSFS))
		kunit_skip(test, "tries are not counted");

	begin(test);
	lend_dirty(test, pfn, 0);
	WRITE_ONCE(stop.fails, true);
	KUNIT_EXPECT_GE(test, tries(test), CLAIMS);

	/* Once may be by accident. */
	weigh(&claim);
	KUNIT_EXPECT_EQ(test, weight_of(&claim, pfn), 0);
	xa_destroy(&claim.rq.obstacles);
	msleep(1100);
	/* Nothing is known to keep it, so it is not given up either. */
	KUNIT_EXPECT_GE(test, tries(test), CLAIMS);
	KUNIT_EXPECT_GE(test, tries(test), CLAIMS);
	weigh(&claim);
	KUNIT_EXPECT_NE(test, weight_of(&claim, pfn), 0);
	KUNIT_EXPECT_LT(test, weight_of(&claim, pfn), CMA_STAYS);
	xa_destroy(&claim.rq.obstacles);

	/* It has no owner any more. */
	WRITE_ONCE(stop.fails, false);
	truncate_inode_pages(file->f_mapping, 0);
	lru_add_drain_all();
	weigh(&claim);
	KUNIT_EXPECT_EQ(test, weight_of(&claim, pfn), 0);
	xa_destroy(&claim.rq.obstacles);
	expect_claimed(test, base, WHOLE);
}

/* Many pages that fail once do not make an area forget one that stays. */
static void __init stuck_page_outlasts_others(struct kunit *test)
{
	unsigned long pfn = base + 13;
	struct claim claim;

	begin(test);
	take(test, pfn);
	prepare(&claim, base, WHOLE);
	claim.rq.blocker = pfn;
	KUNIT_EXPECT_EQ(test, cma_persevere(area, &claim.rq, -EBUSY), 0);
	for (pgoff_t index = 0; index < 200; index++) {
		claim.rq.blocker = folio_pfn(lend(test, base + 32 + index, index));
		KUNIT_EXPECT_EQ(test, cma_persevere(area, &claim.rq, -EBUSY), 0);
	}
	xa_destroy(&claim.rq.obstacles);

	weigh(&claim);
	KUNIT_EXPECT_NE(test, weight_of(&claim, pfn), 0);
	xa_destroy(&claim.rq.obstacles);
	KUNIT_EXPECT_EQ(test, put_free_range(pfn, 1), 0);
}

struct let_go {
	struct delayed_work work;
	struct folio *folio;
};

static void let_go(struct work_struct *work)
{
	folio_put(container_of(work, struct let_go, work.work)->folio);
}

/* Like a page that a reader or a fault uses for a moment, in the only place there is. */
static void __init page_in_hand_is_waited_for(struct kunit *test)
{
	struct let_go let;
	struct page *page;

	begin(test);
	INIT_DELAYED_WORK_ONSTACK(&let.work, let_go);
	for (unsigned int round = 0; round < 5; round++) {
		let.folio = lend_dirty(test, base + 100 * round, round);
		folio_get(let.folio);
		KUNIT_EXPECT_EQ(test, use_of(let.folio), CMA_BUSY);
		schedule_delayed_work(&let.work, msecs_to_jiffies(5));
		page = cma_alloc(area, WHOLE, 0, false);
		flush_delayed_work(&let.work);
		KUNIT_ASSERT_NOT_NULL(test, page);
		expect_moved(test, base + 100 * round, round);
		KUNIT_EXPECT_TRUE(test, cma_release(area, page, WHOLE));
	}
	destroy_delayed_work_on_stack(&let.work);
}

/*
 * A page under writeback cannot be made ready for now. Meanwhile the rest of its block, all
 * that is left of the area, can be had, even by who must not wait for I/O.
 */
static void __init page_under_writeback_does_not_take_others_away(struct kunit *test)
{
	const unsigned long block = pageblock_nr_pages;
	struct page *rest, *page;
	struct folio *folio;
	unsigned int noio;

	begin(test);
	folio = lend_dirty(test, base, 0);
	rest = cma_alloc(area, WHOLE - block, pageblock_order, false);
	KUNIT_ASSERT_NOT_NULL(test, rest);
	KUNIT_ASSERT_EQ(test, page_to_pfn(rest), base + block);
	folio_lock(folio);
	folio_start_writeback(folio);
	folio_unlock(folio);

	KUNIT_ASSERT_EQ(test, cma_set_headroom(area, block), 0);
	/* The worker has begun when it has the units, or after as long as it may wait. */
	for (unsigned int i = 0; i < 75 && cma_available_pages(area); i++)
		msleep(20);
	for (unsigned int i = 0; i < 20; i++) {
		noio = memalloc_noio_save();
		page = cma_alloc(area, 16, 0, true);
		memalloc_noio_restore(noio);
		KUNIT_EXPECT_NOT_NULL(test, page);
		if (page)
			KUNIT_EXPECT_TRUE(test, cma_release(area, page, 16));
	}
	KUNIT_EXPECT_EQ(test, 0, cma_set_headroom(area, 0));
	folio_end_writeback(folio);
	for (unsigned int i = 0; i < 500 && cma_ready_pages(area); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, cma_ready_pages(area), 0);
	KUNIT_EXPECT_TRUE(test, cma_release(area, rest, WHOLE - block));
}

/* Areas are for movable memory of user space. */
static void __init balance_leaves_others_alone(struct kunit *test)
{
	static const struct {
		gfp_t gfp;
		bool may;
	} files[] = {
		{ GFP_HIGHUSER_MOVABLE, true },
		{ GFP_HIGHUSER, false },
		{ GFP_USER | __GFP_MOVABLE, false },
	};
	struct folio *folio;

	begin(test);
	folio = lend(test, base, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
		mapping_set_gfp_mask(file->f_mapping, files[i].gfp);
		KUNIT_EXPECT_EQ_MSG(test, cma_may_borrow(folio), files[i].may, "%#x",
				    (__force unsigned int)files[i].gfp);
	}
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER_MOVABLE);
	folio_lock(folio);
	KUNIT_EXPECT_FALSE(test, cma_may_borrow(folio));
	folio_unlock(folio);
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER);
}

/* As compaction does, if it is told to: what is mlocked may not wait for a page fault. */
static void __init balance_leaves_locked_memory_alone(struct kunit *test)
{
#ifdef CONFIG_COMPACTION
	int allowed = sysctl_compact_unevictable_allowed;
	struct folio *folio;

	begin(test);
	folio = lend(test, base, 0);
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER_MOVABLE);
	folio_set_mlocked(folio);
	for (int i = 0; i < 2; i++) {
		sysctl_compact_unevictable_allowed = i;
		KUNIT_EXPECT_EQ(test, cma_may_borrow(folio), i);
	}
	folio_clear_mlocked(folio);
	sysctl_compact_unevictable_allowed = 0;
	KUNIT_EXPECT_TRUE(test, cma_may_borrow(folio));
	sysctl_compact_unevictable_allowed = allowed;
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER);
#else
	kunit_skip(test, "vm.compact_unevictable_allowed comes with CONFIG_COMPACTION");
#endif
}

/* Pages of the area that are in use, from @start on and up to @end */
static unsigned int __init used_pages(unsigned long start, unsigned long end)
{
	unsigned int used = 0;

	while (start < end) {
		struct cma_page_state state;

		cma_inspect_page(start, &state);
		used += state.use > CMA_CACHED;
		start = state.use == CMA_FREE ? start + 1 : state.end;
	}
	return used;
}

static int __init set_state_of_others(struct cma *cma, void *state)
{
	if (cma != area)
		cma->state = *(enum cma_state *)state;
	return 0;
}

/* Each time, part of the node is searched, or nothing after searches in vain. */
static unsigned long __init balance_somewhat(struct zone *zone)
{
	unsigned long moved = 0;

	for (unsigned int i = 0; i < 512 && !moved; i++)
		moved = cma_balance_node(zone->zone_pgdat, zone_idx(zone));
	return moved;
}

/*
 * As many pages are moved as are missing, and to the end of the area; but none while an
 * allocation moves others out of it.
 */
static void __init balance_moves_what_is_missing(struct kunit *test)
{
	const unsigned long missing = 128, last = base + WHOLE - pageblock_nr_pages;
	enum cma_state registered = CMA_REGISTERED, active = CMA_ACTIVE;
	unsigned long high, moved, nr;
	struct claim claim;
	struct zone *zone;

	begin(test);
	zone = page_zone(pfn_to_page(base));
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER_MOVABLE);
	for (pgoff_t index = 0; index < 4 * missing; index++) {
		struct folio *folio = folio_alloc(GFP_KERNEL, 0);

		KUNIT_ASSERT_NOT_NULL(test, folio);
		KUNIT_ASSERT_EQ(test, 0, filemap_add_folio(file->f_mapping, folio, index,
							   GFP_KERNEL));
		folio_mark_uptodate(folio);
		folio_unlock(folio);
		folio_put(folio);
	}
	lend_dirty(test, base, 4 * missing);
	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, 0, balance_somewhat(zone));

	prepare(&claim, base, 16);
	make_stop();
	nr = start_claim(&claim);
	KUNIT_EXPECT_TRUE(test, next_arrives());
	high = zone->_watermark[WMARK_HIGH];
	zone->_watermark[WMARK_HIGH] = zone_page_state(zone, NR_FREE_PAGES) -
				       zone_page_state(zone, NR_FREE_CMA_PAGES) -
				       zone->watermark_boost + missing;
	moved = balance_somewhat(zone);
	end_claims(test, &claim, nr);
	KUNIT_EXPECT_EQ(test, moved, 0);
	/* Other areas of this machine, if there are any, are left out. */
	cma_for_each_area(set_state_of_others, &registered);
	moved = balance_somewhat(zone);
	cma_for_each_area(set_state_of_others, &active);
	zone->_watermark[WMARK_HIGH] = high;

	KUNIT_EXPECT_LT(test, 0, moved);
	/* Some are isolated at a time, and counters of free pages are not exact. */
	KUNIT_EXPECT_GE(test, 2 * missing, moved);
	KUNIT_EXPECT_EQ(test, used_pages(base, last), 0);
	KUNIT_EXPECT_EQ(test, used_pages(last, base + WHOLE), moved);
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER);
}

static void __init page_tests_leave_no_trace(struct kunit *test)
{
	if (!area)
		kunit_skip(test, "there was no area");

	close_file();
	cma_kunit_retire(test, area);
	area = NULL;
}

static int __init page_suite_init(struct kunit_suite *suite)
{
	/* The initramfs allocates and frees pages, in areas too. */
	wait_for_initramfs();
	return 0;
}

static struct kunit_case __refdata page_cases[] = {
	KUNIT_CASE(page_that_is_free),
	KUNIT_CASE(page_of_file),
	KUNIT_CASE(page_of_process),
	KUNIT_CASE(page_of_mapped_file),
	KUNIT_CASE(page_of_swap_cache),
	KUNIT_CASE(page_in_batches_of_file),
	KUNIT_CASE(page_in_batches_of_process),
	KUNIT_CASE(page_with_a_reference_more),
	KUNIT_CASE(page_of_aio_ring),
	KUNIT_CASE(page_of_large_folio),
	KUNIT_CASE(page_of_hugetlb),
	KUNIT_CASE(page_with_hwpoison),
	KUNIT_CASE(claims_go_in_order),
	KUNIT_CASE(claims_go_side_by_side),
	KUNIT_CASE(persevere_for_some_claims),
	KUNIT_CASE_SLOW(stuck_page_is_remembered),
	KUNIT_CASE_SLOW(page_that_fails_is_remembered),
	KUNIT_CASE(stuck_page_outlasts_others),
	KUNIT_CASE(page_in_hand_is_waited_for),
	KUNIT_CASE_SLOW(page_under_writeback_does_not_take_others_away),
	KUNIT_CASE(balance_leaves_others_alone),
	KUNIT_CASE(balance_leaves_locked_memory_alone),
	KUNIT_CASE(balance_moves_what_is_missing),
	KUNIT_CASE(page_tests_leave_no_trace),
	{}
};

static struct kunit_suite __refdata page_suite = {
	.name = "cma_page",
	.suite_init = page_suite_init,
	.test_cases = page_cases,
};

kunit_test_init_section_suites(&page_suite);
