// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what an area shows: records of allocations, kinds of pages
 *
 * A random walk of allocations and releases is done on the records and on a model
 * that knows for each page which allocation it belongs to. No actual pages are needed
 * for that.
 */

#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/swap.h>

#include "../cma.h"
#include "../cma_describe.h"
#include "../cma_track.h"

/* An area without pages, which has all that is needed here. */
static struct cma *__init make_area(struct kunit *test)
{
	struct cma *cma = kunit_kzalloc(test, struct_size(cma, registered, 1), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cma);
	spin_lock_init(&cma->lock);
	return cma;
}

#ifdef CONFIG_CMA_TRACK
#define FIRST_PFN	0x1000
#define PAGES		200

/* There is no memory for new records. */
static bool out_of_memory;

static struct cma_record *new_record_or_not(gfp_t gfp)
{
	return out_of_memory ? NULL : kmalloc(sizeof(struct cma_record), gfp);
}

/* For each page: number of its allocation, 0 if it has no record. */
struct model {
	bool used[PAGES];
	unsigned int record[PAGES];
	unsigned int allocations;
	unsigned long lost;
};

static unsigned long model_run(const struct model *model, unsigned long from)
{
	unsigned long to = from;

	while (to < PAGES && model->record[to] == model->record[from])
		to++;
	return to - from;
}

/* Every run of pages of one allocation has a record, and nothing else does. */
static void __init expect_model(struct kunit *test, struct cma *cma,
				const struct model *model)
{
	struct cma_record it = { };
	unsigned long page = 0, run;

	while (page < PAGES) {
		run = model_run(model, page);
		if (model->record[page]) {
			if (!cma_track_get(cma, it.pfn + it.pages, &it)) {
				KUNIT_FAIL(test, "no record of page %lu", page);
				return;
			}
			KUNIT_EXPECT_EQ(test, it.pfn, FIRST_PFN + page);
			KUNIT_EXPECT_EQ(test, it.pages, run);
		}
		page += run;
	}
	KUNIT_EXPECT_FALSE(test, cma_track_get(cma, it.pfn + it.pages, &it));
	KUNIT_EXPECT_EQ(test, cma_track_lost(cma), model->lost);
}

static void __init enter(struct cma *cma, unsigned long pfn,
			 unsigned long pages, unsigned long caller, gfp_t gfp)
{
	u32 site = cma_track_site(cma, caller, gfp);
	struct cma_record *record = NULL;

	if (cma_track_wants(cma))
		record = cma_new_record(gfp);
	spin_lock_irq(&cma->lock);
	cma_track_give(cma, record);
	cma_track_enter(cma, pfn, pages, site);
	spin_unlock_irq(&cma->lock);
}

static void __init strike_out(struct cma *cma, unsigned long pfn,
			      unsigned long pages)
{
	struct cma_record *record = NULL;
	bool done;

	if (cma_track_wants(cma))
		record = cma_new_record(GFP_NOWAIT);
	do {
		spin_lock_irq(&cma->lock);
		cma_track_give(cma, record);
		record = NULL;
		done = cma_track_release(cma, pfn, pages);
		spin_unlock_irq(&cma->lock);
	} while (!done);
}

static void __init model_alloc(struct cma *cma, struct model *model,
			       unsigned long page, unsigned long count)
{
	unsigned long i;
	bool lost;

	for (i = 0; i < count; i++) {
		if (page + i == PAGES || model->used[page + i])
			break;
	}
	count = i;
	if (!count)
		return;

	enter(cma, FIRST_PFN + page, count, 0, GFP_KERNEL);
	lost = cma_track_lost(cma) != model->lost;
	model->allocations++;
	model->lost += lost;
	for (i = page; i < page + count; i++) {
		model->used[i] = true;
		model->record[i] = lost ? 0 : model->allocations;
	}
}

/* Release pages of one allocation or of several, as long as there is no gap. */
static void __init model_release(struct cma *cma, struct model *model,
				 unsigned long page, unsigned long count)
{
	unsigned long i, end;
	unsigned int first;

	for (end = page; end < PAGES && end < page + count; end++) {
		if (!model->used[end])
			break;
	}
	if (end == page)
		return;

	strike_out(cma, FIRST_PFN + page, end - page);
	first = model->record[page];
	/* The part after the hole is lost if it gets no record of its own. */
	if (cma_track_lost(cma) != model->lost && first && page && end < PAGES &&
	    model->record[page - 1] == first && model->record[end] == first) {
		model->lost++;
		for (i = end; i < PAGES && model->record[i] == first; i++)
			model->record[i] = 0;
	}
	for (i = page; i < end; i++) {
		model->used[i] = false;
		model->record[i] = 0;
	}
}

static void __init records_follow(struct kunit *test)
{
	struct cma *cma = make_area(test);
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	unsigned long lost = 0;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, model);
	cma_track_init(cma);
	KUNIT_ASSERT_NOT_NULL(test, cma->track);
	kunit_activate_static_stub(test, cma_new_record, new_record_or_not);
	prandom_seed_state(&rnd, 5);

	for (unsigned int step = 0; step < 5000; step++) {
		unsigned long page = prandom_u32_state(&rnd) % PAGES;
		unsigned long count = 1 + prandom_u32_state(&rnd) % 12;

		/* At times there is memory for records, at times there is none. */
		out_of_memory = step % 1000 > 500;
		if (prandom_u32_state(&rnd) % 2)
			model_alloc(cma, model, page, count);
		else
			model_release(cma, model, page, count);
		expect_model(test, cma, model);
		/* Only then is anything lost. */
		if (!out_of_memory)
			KUNIT_EXPECT_EQ(test, model->lost, lost);
		lost = model->lost;
	}
	KUNIT_EXPECT_NE(test, lost, 0);

	/* In the end all pages are released. */
	out_of_memory = false;
	for (unsigned long page = 0; page < PAGES; page++)
		model_release(cma, model, page, 1);
	expect_model(test, cma, model);
	cma_track_destroy(cma);
}

static void __init records_tell_who(struct kunit *test)
{
	struct cma *cma = make_area(test);
	struct cma_record it;
	char text[160];

	cma_track_init(cma);
	KUNIT_ASSERT_NOT_NULL(test, cma->track);

	cma_track_holder(cma, 0, ULONG_MAX, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "");
	enter(cma, 0x100, 5, _THIS_IP_, GFP_NOWAIT);
	KUNIT_ASSERT_TRUE(test, cma_track_get(cma, 0, &it));
	KUNIT_EXPECT_EQ(test, it.pid, task_pid_nr(current));
	KUNIT_EXPECT_STREQ(test, it.comm, current->comm);
	KUNIT_EXPECT_LE(test, get_jiffies_64() - it.since, 60 * HZ);
	KUNIT_EXPECT_NE(test, it.site, 0);

	/* The first record among the pages, and how many pages it has. */
	enter(cma, 0x105, 7, 0, GFP_NOWAIT);
	cma_track_holder(cma, 0x104, 6, text, sizeof(text));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "0x100-0x104 (5 pages)"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, current->comm));
	cma_track_holder(cma, 0x105, ULONG_MAX, text, sizeof(text));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "(7 pages)"));
	cma_track_holder(cma, 0x90, 0x70, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "");
	cma_track_holder(cma, 0x90, ULONG_MAX, text, sizeof(text));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "(5 pages)"));
	cma_track_holder(cma, 0x10c, ULONG_MAX, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "");

	strike_out(cma, 0x100, 12);
	KUNIT_EXPECT_FALSE(test, cma_track_get(cma, 0, &it));
	cma_track_destroy(cma);
}

/*
 * Two call chains that differ only in the middle, with the whole first one as litter on
 * the stack of either, below what differs.
 */
#define LITTER	16

static noinline u32 __init call_amid_litter(const struct cma *cma, unsigned long *first)
{
	unsigned long litter[LITTER];
	u32 site;

	if (!first[0])
		stack_trace_save(first, LITTER, 0);
	memcpy(litter, first, sizeof(litter));
	barrier_data(litter);
	site = cma_track_site(cma, _RET_IP_, GFP_KERNEL);
	barrier_data(litter);
	return site;
}

static noinline u32 __init call_from_here(const struct cma *cma, unsigned long *first)
{
	u32 site = call_amid_litter(cma, first);

	barrier();
	return site;
}

static noinline u32 __init call_by_one(const struct cma *cma, unsigned long *first)
{
	u32 site = call_from_here(cma, first);

	barrier();
	return site;
}

/* Something in it must differ, or the compiler would merge the two functions. */
static noinline u32 __init call_by_other(const struct cma *cma, unsigned long *first)
{
	u32 site = call_from_here(cma, first);

	OPTIMIZER_HIDE_VAR(site);
	return site;
}

static void __init chains_are_told_apart(struct kunit *test)
{
	u32 (*const ways[])(const struct cma *, unsigned long *) = {
		call_by_one, call_by_other,
	};
	unsigned long first[LITTER] = { }, *frames;
	struct cma *cma = make_area(test);
	u32 sites[4];

	cma_track_init(cma);
	KUNIT_ASSERT_NOT_NULL(test, cma->track);
	for (unsigned int i = 0; i < ARRAY_SIZE(sites); i++) {
		/* Not unrolled: where the ways begin is a part of the chain, too. */
		OPTIMIZER_HIDE_VAR(i);
		sites[i] = ways[i % 2](cma, first);
	}
	KUNIT_EXPECT_NE(test, sites[0], 0);
	KUNIT_EXPECT_EQ(test, sites[2], sites[0]);
	KUNIT_EXPECT_EQ(test, sites[3], sites[1]);
	KUNIT_EXPECT_EQ(test, cma_track_site(cma, 0, GFP_KERNEL), 0);
	cma_track_destroy(cma);

	if (!first[0])
		kunit_skip(test, "this kernel cannot walk its stack");
	KUNIT_EXPECT_NE(test, sites[1], sites[0]);
	KUNIT_EXPECT_GT(test, stack_depot_fetch(sites[0], &frames), 2);
}

/* Where there was no memory for the records at boot, nothing is recorded. */
static void __init records_are_not_needed(struct kunit *test)
{
	struct cma *cma = make_area(test);
	struct cma_record it;
	char text[16] = "x";

	enter(cma, 1, 1, _THIS_IP_, GFP_KERNEL);
	KUNIT_EXPECT_FALSE(test, cma_track_get(cma, 0, &it));
	cma_track_holder(cma, 1, 1, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "");
	strike_out(cma, 1, 1);
	KUNIT_EXPECT_EQ(test, cma_track_lost(cma), 0);
}
#endif

static struct cma_obstacle __init describe(struct cma *cma, struct page *page)
{
	struct cma_obstacle obstacle;

	cma_describe_page(cma, page_to_pfn(page), &obstacle);
	return obstacle;
}

static void __init kinds_of_kernel_pages(struct kunit *test)
{
	struct cma *cma = make_area(test);
	struct page *page = alloc_page(GFP_KERNEL);
	struct cma_obstacle is;
	void *object;

	KUNIT_ASSERT_NOT_NULL(test, page);
	get_page(page);
	is = describe(cma, page);
	KUNIT_EXPECT_EQ(test, is.reason, CMA_REASON_OTHER);
	KUNIT_EXPECT_EQ(test, is.pfn, page_to_pfn(page));
	KUNIT_EXPECT_EQ(test, is.refs, 2);
	KUNIT_EXPECT_EQ(test, is.maps, 0);
	KUNIT_EXPECT_FALSE(test, is.has_file);
	put_page(page);

	KUNIT_ASSERT_TRUE(test, pagetable_pte_ctor(page_ptdesc(page)));
	KUNIT_EXPECT_EQ(test, describe(cma, page).reason, CMA_REASON_PAGE_TABLE);
	pagetable_pte_dtor(page_ptdesc(page));
	__free_page(page);
	/* Whatever the page is used for now, it is read and not written to. */
	describe(cma, page);

	object = kmalloc(64, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_EXPECT_EQ(test, describe(cma, virt_to_page(object)).reason,
			CMA_REASON_SLAB);
	kfree(object);
}

static void __init kinds_of_borrowed_pages(struct kunit *test)
{
	struct cma *cma = make_area(test);
	struct cma_obstacle is;
	struct folio *folio;
	struct file *file;

	if (!IS_ENABLED(CONFIG_SHMEM))
		kunit_skip(test, "needs CONFIG_SHMEM");

	file = shmem_file_setup("cma kunit", PAGE_SIZE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	folio = shmem_read_folio(file->f_mapping, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
	lru_add_drain_all();

	is = describe(cma, &folio->page);
	KUNIT_EXPECT_EQ(test, is.reason, CMA_REASON_PINNED);
	KUNIT_EXPECT_EQ(test, is.refs, 2);
	KUNIT_EXPECT_TRUE(test, is.has_file);
	KUNIT_EXPECT_TRUE(test, is.shmem);
	KUNIT_EXPECT_EQ(test, is.ino, file_inode(file)->i_ino);
	KUNIT_EXPECT_EQ(test, is.dev, file_inode(file)->i_sb->s_dev);
	KUNIT_EXPECT_STREQ(test, is.name, "cma kunit");

	/* Only the page cache has a reference to it. */
	folio_put(folio);
	is = describe(cma, &folio->page);
	KUNIT_EXPECT_EQ(test, is.reason, CMA_REASON_SHMEM);
	KUNIT_EXPECT_EQ(test, is.refs, 1);
	KUNIT_EXPECT_TRUE(test, is.has_file);

	/* A page that its file has dropped belongs only to the holder of a reference. */
	folio_get(folio);
	shmem_truncate_range(file_inode(file), 0, -1);
	is = describe(cma, &folio->page);
	KUNIT_EXPECT_FALSE(test, is.has_file);
	KUNIT_EXPECT_EQ(test, is.refs, 1);
	folio_put(folio);
	fput(file);
}

static struct kunit_case __refdata track_cases[] = {
#ifdef CONFIG_CMA_TRACK
	KUNIT_CASE(records_follow),
	KUNIT_CASE(records_tell_who),
	KUNIT_CASE(chains_are_told_apart),
	KUNIT_CASE(records_are_not_needed),
#endif
	KUNIT_CASE(kinds_of_kernel_pages),
	KUNIT_CASE(kinds_of_borrowed_pages),
	{}
};

static struct kunit_suite __refdata track_suite = {
	.name = "cma_track",
	.test_cases = track_cases,
};

kunit_test_init_section_suites(&track_suite);
