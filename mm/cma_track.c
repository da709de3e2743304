// SPDX-License-Identifier: GPL-2.0
/*
 * Who holds what: a record of each allocation of a contiguous memory area
 *
 * For diagnosis only: nothing the allocator does depends on a record. If there is
 * no memory for one, it is counted as lost, and the allocation goes on without it.
 * The free map (cma_map.c) decides which pages may be allocated and released;
 * records follow it. A record is entered before its pages can be released, and cut
 * before they can be allocated again, so that no two ever overlap.
 */

#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/spinlock.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "internal.h"
#include "cma.h"
#include "cma_failure.h"
#include "cma_track.h"

/* The allocator's own frames, and enough to get through the DMA API into a driver. */
#define MAX_FRAMES	14

/* Records of an area that are kept for later. */
#define MAX_SPARE	16

/**
 * struct cma_track - the records of an area
 * @records: by PFN; no two overlap
 * @count: number of @records
 * @lost: allocations, or parts of them, that have no record for lack of memory
 * @spare: unused records, for when there is no memory, and for speed
 * @nr_spare: number of records in @spare
 *
 * cma->lock guards all of it.
 */
struct cma_track {
	struct rb_root records;
	unsigned long count;
	unsigned long lost;
	struct cma_record *spare[MAX_SPARE];
	unsigned int nr_spare;
};

/* In an interrupt, where it is not a task that allocates. */
static const char no_comm[TASK_COMM_LEN] = "-";

/* Both change at boot, and later under the parameter lock; read without it. */
static bool track = true;
static bool depot_ready;

static int init_depot(void)
{
	int err = stack_depot_init();

	/* Pairs with smp_load_acquire() in cma_track_site(). */
	smp_store_release(&depot_ready, !err);
	return err;
}

/*
 * With cma.track=0, or if there is no area, the stack depot's table is not
 * allocated either: 1/1024 of the memory, and at most 16 MiB.
 */
static int set_track(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	if (!err && track && system_state >= SYSTEM_RUNNING && !depot_ready)
		err = init_depot();
	return err;
}

static const struct kernel_param_ops track_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = set_track,
	.get = param_get_bool,
};

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "cma."
module_param_cb(track, &track_ops, &track, 0644);

/**
 * cma_new_record() - get memory for a record
 * @gfp: allocation flags; no task is killed to get memory
 *
 * Return: a record for cma_track_give(), or NULL if there is no memory.
 */
struct cma_record *cma_new_record(gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(cma_new_record, gfp);
	return kmalloc(sizeof(struct cma_record), gfp_nested_mask(gfp));
}

static struct cma_record *get_spare(struct cma_track *t)
{
	return t->nr_spare ? t->spare[--t->nr_spare] : NULL;
}

static void put_spare(struct cma_track *t, struct cma_record *record)
{
	if (t->nr_spare < MAX_SPARE)
		t->spare[t->nr_spare++] = record;
	else
		kfree(record);
}

/**
 * cma_track_init() - start to keep records of an area
 * @cma: area that is about to be activated
 *
 * Context: boot.
 */
void __init cma_track_init(struct cma *cma)
{
	struct cma_track *t = kzalloc(sizeof(*t), GFP_KERNEL);

	cma->track = t;
	if (!t)
		return;

	if (track && !depot_ready)
		init_depot();

	while (t->nr_spare < MAX_SPARE) {
		struct cma_record *record = cma_new_record(GFP_KERNEL);

		if (!record)
			break;
		t->spare[t->nr_spare++] = record;
	}
}

#if IS_ENABLED(CONFIG_KUNIT)
/* For areas of tests, once nobody allocates from them any more; others stay. */
void cma_track_destroy(struct cma *cma)
{
	struct cma_track *t = cma->track;
	struct cma_record *record, *next;

	while (t->nr_spare)
		kfree(t->spare[--t->nr_spare]);
	rbtree_postorder_for_each_entry_safe(record, next, &t->records, node)
		kfree(record);
	kfree(t);
	cma->track = NULL;
}
#endif

static bool record_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct cma_record, node)->pfn <
	       rb_entry(b, struct cma_record, node)->pfn;
}

static void insert_record(struct cma_track *t, struct cma_record *record)
{
	rb_add(&record->node, &t->records, record_less);
	t->count++;
}

/* The first record that ends after @pfn. */
static struct cma_record *find_record(const struct cma_track *t,
				      unsigned long pfn)
{
	struct rb_node *node = t->records.rb_node;
	struct cma_record *found = NULL;

	while (node) {
		struct cma_record *it = rb_entry(node, struct cma_record, node);

		if (it->pfn + it->pages > pfn) {
			found = it;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}

	return found;
}

/**
 * cma_track_get() - read a record
 * @cma: area
 * @pfn: page
 * @copy: receives the record of this page, or else of the next page that has one
 *
 * Context: any but NMI. Takes cma->lock.
 * Return: false if there is none.
 */
bool cma_track_get(struct cma *cma, unsigned long pfn,
		   struct cma_record *copy)
{
	struct cma_track *t = cma->track;
	const struct cma_record *it;
	unsigned long flags;

	if (!t)
		return false;

	spin_lock_irqsave(&cma->lock, flags);
	it = find_record(t, pfn);
	if (it)
		*copy = *it;
	spin_unlock_irqrestore(&cma->lock, flags);
	return it;
}

/**
 * cma_track_lost() - how much is not recorded?
 * @cma: area
 *
 * Return: allocations, or parts of them, that have no record for lack of memory.
 */
unsigned long cma_track_lost(const struct cma *cma)
{
	return cma->track ? READ_ONCE(cma->track->lost) : 0;
}

/**
 * cma_track_site() - who allocates?
 * @cma: area
 * @caller: return address into the caller of the allocator
 * @gfp: allocation flags
 *
 * Context: any but NMI; called by the function that @caller called.
 * Return: a stack depot handle; 0 if the caller is not to be recorded.
 */
u32 cma_track_site(const struct cma *cma, unsigned long caller, gfp_t gfp)
{
	unsigned long frames[MAX_FRAMES];
	unsigned int nr, first = 0;

	if (!cma->track || !READ_ONCE(track) || !caller)
		return 0;
	/* Pairs with smp_store_release() in init_depot(). */
	if (!smp_load_acquire(&depot_ready))
		return 0;

	nr = stack_trace_save(frames, ARRAY_SIZE(frames), 0);
	while (first < nr && frames[first] != caller)
		first++;
	/* Where the kernel cannot walk its stack, the caller alone is certain. */
	if (first == nr)
		return stack_depot_save(&caller, 1, gfp_nested_mask(gfp));
	return stack_depot_save(frames + first, nr - first, gfp_nested_mask(gfp));
}

/**
 * cma_track_wants() - is memory needed to record an allocation or a part of one?
 * @cma: area
 *
 * Context: any; the answer is reliable under cma->lock.
 * Return: true if cma_track_enter() or cma_track_release() would have none.
 */
bool cma_track_wants(const struct cma *cma)
{
	return cma->track && !READ_ONCE(cma->track->nr_spare);
}

/**
 * cma_track_give() - provide memory for a record
 * @cma: area
 * @record: from cma_new_record(), or NULL
 *
 * Context: under cma->lock.
 */
void cma_track_give(struct cma *cma, struct cma_record *record)
{
	lockdep_assert_held(&cma->lock);
	if (record)
		put_spare(cma->track, record);
}

/**
 * cma_track_enter() - enter an allocation
 * @cma: area
 * @pfn: first page; none of the pages can be released yet
 * @pages: pages
 * @site: from cma_track_site(); 0 if the caller is not recorded
 *
 * Context: under cma->lock.
 */
void cma_track_enter(struct cma *cma, unsigned long pfn, unsigned long pages,
		     u32 site)
{
	struct cma_track *t = cma->track;
	struct cma_record *record;

	if (!t || !READ_ONCE(track))
		return;

	lockdep_assert_held(&cma->lock);
	record = get_spare(t);
	if (!record) {
		t->lost++;
		return;
	}

	record->pfn = pfn;
	record->pages = pages;
	record->since = get_jiffies_64();
	record->site = site;
	record->pid = in_task() ? task_pid_nr(current) : 0;
	/* If comm changes meanwhile, the copy may be mixed, but is terminated. */
	memcpy(record->comm, in_task() ? current->comm : no_comm,
	       sizeof(record->comm));
	record->comm[sizeof(record->comm) - 1] = '\0';
	insert_record(t, record);
}

/* Cut [@pfn, @end) out of @it. If that leaves two parts, the second needs a record too. */
static void cut_record(struct cma_track *t, struct cma_record *it,
		       unsigned long pfn, unsigned long end)
{
	unsigned long it_end = it->pfn + it->pages;
	struct cma_record *far;

	if (it->pfn < pfn) {
		it->pages = pfn - it->pfn;
		if (it_end <= end)
			return;
		far = get_spare(t);
		if (!far) {
			t->lost++;
			return;
		}
		*far = *it;
		far->pfn = end;
		far->pages = it_end - end;
		insert_record(t, far);
	} else if (it_end > end) {
		/* Its place in the tree stays the same. */
		it->pfn = end;
		it->pages = it_end - end;
	} else {
		rb_erase(&it->node, &t->records);
		t->count--;
		put_spare(t, it);
	}
}

/* Records that are cut at a time, so that the lock is not held for long. */
#define MAX_CUT		64

/**
 * cma_track_release() - remove pages from the records
 * @cma: area
 * @pfn: first page; none of the pages can be allocated yet
 * @pages: pages: an allocation, a part of one, or parts of several
 *
 * Context: under cma->lock.
 * Return: false if some are left: drop the lock and call this again.
 */
bool cma_track_release(struct cma *cma, unsigned long pfn, unsigned long pages)
{
	struct cma_track *t = cma->track;
	unsigned long end = pfn + pages;
	struct cma_record *it;

	if (!t)
		return true;

	lockdep_assert_held(&cma->lock);
	for (unsigned int cut = 0; (it = find_record(t, pfn)) && it->pfn < end; cut++) {
		if (cut == MAX_CUT)
			return false;
		cut_record(t, it, pfn, end);
	}

	return true;
}

/**
 * cma_track_holder() - tell who holds pages
 * @cma: area
 * @pfn: first page
 * @pages: pages
 * @buf: receives text to be appended to a message; empty if no holder is known
 * @size: of @buf
 *
 * This names the holder of the first of the pages that is held.
 *
 * Context: any but NMI. Takes cma->lock.
 */
void cma_track_holder(struct cma *cma, unsigned long pfn, unsigned long pages,
		      char *buf, size_t size)
{
	struct cma_record record;
	unsigned long *frames;
	int len;

	*buf = '\0';
	/* Not a sum, which the arguments of a wrong release could make wrap. */
	if (!cma_track_get(cma, pfn, &record) ||
	    (record.pfn > pfn && record.pfn - pfn >= pages))
		return;

	len = scnprintf(buf, size, "; PFNs %#lx-%#lx (%lu pages) are held by %s (pid %d)",
			record.pfn, record.pfn + record.pages - 1, record.pages,
			record.comm, record.pid);
	if (stack_depot_fetch(record.site, &frames))
		scnprintf(buf + len, size - len, ", allocated at %pB",
			  (void *)frames[0]);
}

/*
 * /sys/kernel/debug/cma/AREA/allocations: the lock is taken for one record at a
 * time. Position 0 is the first line, position n the first record from PFN
 * n - 1 on.
 */
struct allocations {
	struct cma *cma;
	struct cma_record at;		/* a copy */
};

static void *allocations_start(struct seq_file *m, loff_t *pos)
{
	struct allocations *iter = m->private;
	unsigned long pfn = *pos - 1;

	if (!*pos)
		return SEQ_START_TOKEN;

	while (cma_track_get(iter->cma, pfn, &iter->at)) {
		/* A record that begins before what was shown is newer than that. */
		if (iter->at.pfn >= *pos - 1)
			return &iter->at;
		pfn = iter->at.pfn + iter->at.pages;
	}

	return NULL;
}

static void *allocations_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct cma_record *it = v;

	*pos = v == SEQ_START_TOKEN ? 1 : it->pfn + it->pages + 1;
	return allocations_start(m, pos);
}

static void allocations_stop(struct seq_file *m, void *v)
{
}

static int allocations_show(struct seq_file *m, void *v)
{
	const struct cma_record *it = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# pfn pages age_ms pid comm site\n");
		return 0;
	}

	seq_printf(m, "%#lx %lu %llu %d ", it->pfn, it->pages,
		   cma_age_ms(it->since), it->pid);
	cma_show_text(m, it->comm);
	seq_putc(m, ' ');
	cma_show_site(m, it->site);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations allocations_sops = {
	.start = allocations_start,
	.next = allocations_next,
	.stop = allocations_stop,
	.show = allocations_show,
};

static int allocations_open(struct inode *inode, struct file *file)
{
	struct allocations *iter;

	iter = __seq_open_private(file, &allocations_sops, sizeof(*iter));
	if (!iter)
		return -ENOMEM;
	iter->cma = inode->i_private;
	return 0;
}

static const struct file_operations allocations_fops = {
	.owner = THIS_MODULE,
	.open = allocations_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

/* What a call site holds. */
struct holder {
	depot_stack_handle_t site;
	unsigned long pages;
	unsigned long allocations;
	u64 since;
};

static int compare_sites(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	return x->site < y->site ? -1 : x->site > y->site;
}

static int compare_pages(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	return x->pages > y->pages ? -1 : x->pages < y->pages;
}

/* One entry per record; the lock is taken for one record at a time. */
static size_t list_holders(struct cma *cma, struct holder *list, size_t max)
{
	struct cma_record it = { };
	size_t nr;

	for (nr = 0; nr < max && cma_track_get(cma, it.pfn + it.pages, &it); nr++) {
		list[nr] = (struct holder){ it.site, it.pages, 1, it.since };
		cond_resched();
	}

	return nr;
}

/* Sort by pages, most first. Return: how many sites there are. */
static size_t fold_holders(struct holder *list, size_t nr)
{
	size_t sites = 0;

	sort(list, nr, sizeof(*list), compare_sites, NULL);
	for (size_t i = 0; i < nr; i++) {
		struct holder *last = sites ? &list[sites - 1] : NULL;

		if (last && last->site == list[i].site) {
			last->pages += list[i].pages;
			last->allocations++;
			last->since = min(last->since, list[i].since);
		} else {
			list[sites++] = list[i];
		}
	}
	sort(list, sites, sizeof(*list), compare_pages, NULL);
	return sites;
}

static int holders_show(struct seq_file *m, void *v)
{
	struct cma *cma = m->private;
	struct cma_track *t = cma->track;
	struct holder *list = NULL;
	size_t nr = 0;

	seq_puts(m, "# pages allocations oldest_ms site\n");
	if (!t)
		return 0;

	/* What is allocated meanwhile may be left out. */
	nr = READ_ONCE(t->count);
	list = kvmalloc_array(nr, sizeof(*list), GFP_KERNEL | __GFP_NOWARN);
	if (!list)
		return nr ? -ENOMEM : 0;

	nr = fold_holders(list, list_holders(cma, list, nr));
	for (size_t i = 0; i < nr; i++) {
		seq_printf(m, "%lu %lu %llu ", list[i].pages,
			   list[i].allocations, cma_age_ms(list[i].since));
		cma_show_site(m, list[i].site);
		seq_putc(m, '\n');
	}
	kvfree(list);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(holders);

static int records_lost_get(void *data, u64 *val)
{
	*val = cma_track_lost(data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(records_lost_fops, records_lost_get, NULL, "%llu\n");

/**
 * cma_track_add_files() - add the files that show the records of an area
 * @cma: area
 * @dir: its directory in debugfs
 */
void __init cma_track_add_files(struct cma *cma, struct dentry *dir)
{
	debugfs_create_file("allocations", 0400, dir, cma, &allocations_fops);
	debugfs_create_file("holders", 0400, dir, cma, &holders_fops);
	debugfs_create_file("records_lost", 0444, dir, cma, &records_lost_fops);
}
