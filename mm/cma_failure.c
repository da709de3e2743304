// SPDX-License-Identifier: GPL-2.0
/*
 * The reasons why ranges of a contiguous memory area were given up and allocations
 * failed
 *
 * For diagnosis only: the last failures are kept, and how often each reason came up.
 * Failures of cma_alloc_nowait() are not recorded, since they mean little.
 */

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/kdev_t.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stackdepot.h>
#include <linux/string.h>

#include "internal.h"
#include "cma.h"
#include "cma_describe.h"
#include "cma_failure.h"
#include "cma_place.h"
#include "cma_sysfs.h"
#include <trace/events/cma.h>

#define KEPT_FAILURES	32

/**
 * struct cma_failure - an allocation that failed
 * @when: in jiffies
 * @pages: how many were requested
 * @align: log2 of the requested alignment
 * @error: negative
 * @pid: task that requested them, in the initial namespace
 * @comm: its command name
 * @obstacle: what was in the way last
 */
struct cma_failure {
	u64 when;
	unsigned long pages;
	unsigned int align;
	int error;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	struct cma_obstacle obstacle;
};

/**
 * struct cma_history - what went wrong in an area
 * @count: by reason, ranges given up and failures where none was tried
 * @last: when that last happened, in jiffies
 * @waited: nanoseconds that allocations waited for a page of this kind
 * @waited_for: PFN of the last of these pages
 * @lock: guards what follows; process context
 * @nr: failures so far
 * @failures: the last ones; the newest is at (@nr - 1) % KEPT_FAILURES
 */
struct cma_history {
	atomic64_t count[CMA_NR_REASONS];
	atomic64_t last[CMA_NR_REASONS];
	atomic64_t waited[CMA_NR_REASONS];
	atomic_long_t waited_for[CMA_NR_REASONS];
	spinlock_t lock;		/* guards what follows */
	u64 nr;
	struct cma_failure failures[KEPT_FAILURES];
};

static const char *const reason_names[CMA_NR_REASONS] = {
	[CMA_REASON_NONE]	 = "none",
	[CMA_REASON_NO_ROOM]	 = "no-room",
	[CMA_REASON_ANONYMOUS]	 = "anonymous",
	[CMA_REASON_FILE]	 = "file",
	[CMA_REASON_SHMEM]	 = "shmem",
	[CMA_REASON_SLAB]	 = "slab",
	[CMA_REASON_PAGE_TABLE] = "page-table",
	[CMA_REASON_PINNED]	 = "pinned",
	[CMA_REASON_HWPOISON]	 = "hwpoison",
	[CMA_REASON_HELD]	 = "cma",
	[CMA_REASON_HUGETLB]	 = "hugetlb",
	[CMA_REASON_LRU_CACHE]	 = "lru-cache",
	[CMA_REASON_OTHER]	 = "other",
	[CMA_REASON_NO_MEMORY]	 = "no-memory",
	[CMA_REASON_KILLED]	 = "killed",
	[CMA_REASON_INVALID]	 = "invalid",
};

/**
 * cma_failure_init() - start to remember what goes wrong in an area
 * @cma: area that is about to be activated
 *
 * Context: boot.
 */
void __init cma_failure_init(struct cma *cma)
{
	if (!IS_ENABLED(CONFIG_CMA_DEBUGFS))
		return;

	cma->history = kzalloc(sizeof(*cma->history), GFP_KERNEL);
	if (cma->history)
		spin_lock_init(&cma->history->lock);
}

static void count_reason(struct cma *cma, enum cma_reason reason)
{
	struct cma_history *h = cma->history;

	if (h) {
		atomic64_set(&h->last[reason], get_jiffies_64());
		atomic64_inc(&h->count[reason]);
	}
}

/**
 * cma_note_obstacle() - a range is given up
 * @cma: area
 * @obstacle: filled in, for cma_note_failure()
 * @pfn: page that could not be moved
 * @start: first page of the range
 * @pages: its pages; 0 if no range was tried because each contains such a page
 *
 * Context: process context. Takes cma->lock, and what cma_describe_page() takes.
 */
void cma_note_obstacle(struct cma *cma, struct cma_obstacle *obstacle,
		       unsigned long pfn, unsigned long start,
		       unsigned long pages)
{
	unsigned long flags;

	cma_describe_page(cma, pfn, obstacle);
	count_reason(cma, obstacle->reason);
	spin_lock_irqsave(&cma->lock, flags);
	cma_count_given_up(cma);
	spin_unlock_irqrestore(&cma->lock, flags);
	trace_cma_obstacle(cma->name, start, pages, obstacle,
			   reason_names[obstacle->reason]);
}

/**
 * cma_note_wait() - an allocation has waited for a page
 * @cma: area
 * @obstacle: the page, as cma_note_obstacle() left it
 * @ns: how long
 *
 * Context: any.
 */
void cma_note_wait(struct cma *cma, const struct cma_obstacle *obstacle, u64 ns)
{
	struct cma_history *h = cma->history;

	if (h) {
		atomic64_add(ns, &h->waited[obstacle->reason]);
		atomic_long_set(&h->waited_for[obstacle->reason], obstacle->pfn);
	}
}

/* The reason for a failure for which no page is to blame. */
static enum cma_reason explain(int error, unsigned long tried)
{
	switch (error) {
	case -ENOMEM:
		return tried ? CMA_REASON_NO_MEMORY : CMA_REASON_NO_ROOM;
	case -EINTR:
		return CMA_REASON_KILLED;
	case -EINVAL:
		return CMA_REASON_INVALID;
	default:
		return CMA_REASON_OTHER;
	}
}

/**
 * cma_note_failure() - an allocation has failed
 * @cma: area
 * @rq: the allocation; if no page is to blame, the reason is stored in its obstacle
 * @error: negative
 *
 * Context: process context.
 */
void cma_note_failure(struct cma *cma, const struct cma_request *rq, int error)
{
	struct cma_obstacle *obstacle = rq->obstacle;
	struct cma_history *h = cma->history;
	struct cma_failure *failure;

	if (error != -EBUSY || obstacle->reason == CMA_REASON_NONE) {
		*obstacle = (struct cma_obstacle){
			.reason = explain(error, rq->tried),
		};
		count_reason(cma, obstacle->reason);
	}
	if (!h)
		return;

	spin_lock(&h->lock);
	failure = &h->failures[h->nr++ % KEPT_FAILURES];
	*failure = (struct cma_failure){
		.when = get_jiffies_64(),
		.pages = rq->count,
		.align = rq->align,
		.error = error,
		.pid = task_pid_nr(current),
		.obstacle = *obstacle,
	};
	get_task_comm(failure->comm, current);
	spin_unlock(&h->lock);
}

/**
 * cma_obstacle_text() - describe what was in the way
 * @obstacle: as cma_note_failure() left it
 * @buf: receives text to be appended to a message; empty if it was not a page
 * @size: of @buf
 *
 * File names are left out, since not only root may read the log.
 */
void cma_obstacle_text(const struct cma_obstacle *obstacle, char *buf,
		       size_t size)
{
	int len;

	*buf = '\0';
	if (!obstacle->pfn)
		return;

	len = scnprintf(buf, size, "; in the way: PFN %#lx (%s, %d references, %d mappings",
			obstacle->pfn, reason_names[obstacle->reason],
			obstacle->refs, obstacle->maps);
	if (obstacle->has_file)
		len += scnprintf(buf + len, size - len, ", %s %u:%u inode %lu",
				 obstacle->shmem ? "shmem" : "file",
				 MAJOR(obstacle->dev), MINOR(obstacle->dev),
				 obstacle->ino);
	if (obstacle->has_owner)
		len += scnprintf(buf + len, size - len, ", of %s, pid %d",
				 obstacle->owner_comm, obstacle->owner_pid);
	scnprintf(buf + len, size - len, ")");
}

/* Characters that /proc/mounts escapes, and those that separate columns here. */
#define ESCAPED " \t\n\\,"

/**
 * cma_show_text() - show a name as one word
 * @m: file
 * @text: any text
 */
void cma_show_text(struct seq_file *m, const char *text)
{
	seq_escape(m, *text ? text : "-", ESCAPED);
}

/**
 * cma_show_site() - show a call chain as one word
 * @m: file
 * @site: handle of the stack depot, or 0
 */
void cma_show_site(struct seq_file *m, depot_stack_handle_t site)
{
	unsigned long *frames = NULL;
	unsigned int nr = 0;
	char name[160];

	if (IS_ENABLED(CONFIG_STACKDEPOT))
		nr = stack_depot_fetch(site, &frames);
	if (!nr)
		seq_putc(m, '-');
	for (unsigned int i = 0; i < nr; i++) {
		if (i)
			seq_putc(m, '<');
		snprintf(name, sizeof(name), "%pB", (void *)frames[i]);
		cma_show_text(m, name);
	}
}

/**
 * cma_age_ms() - how long ago was it?
 * @since: in jiffies
 *
 * Return: milliseconds.
 */
u64 cma_age_ms(u64 since)
{
	return jiffies64_to_msecs(get_jiffies_64() - since);
}

static void show_owner(struct seq_file *m, const struct cma_obstacle *obstacle)
{
	if (obstacle->has_file) {
		seq_printf(m, "dev=%u:%u,ino=%lu", MAJOR(obstacle->dev),
			   MINOR(obstacle->dev), obstacle->ino);
		if (*obstacle->name) {
			seq_puts(m, ",name=");
			cma_show_text(m, obstacle->name);
		}
	}
	if (obstacle->has_owner) {
		seq_printf(m, "%spid=%d,comm=", obstacle->has_file ? "," : "",
			   obstacle->owner_pid);
		cma_show_text(m, obstacle->owner_comm);
		seq_puts(m, ",site=");
		cma_show_site(m, obstacle->owner_site);
	}
	if (!obstacle->has_file && !obstacle->has_owner)
		seq_putc(m, '-');
}

static int failures_show(struct seq_file *m, void *v)
{
	struct cma_history *h = ((struct cma *)m->private)->history;
	u64 nr = h ? READ_ONCE(h->nr) : 0;

	seq_puts(m, "# age_ms pages align error pid comm reason pfn refs maps owner\n");
	for (u64 i = 1; i <= min(nr, KEPT_FAILURES); i++) {
		struct cma_failure it;

		spin_lock(&h->lock);
		it = h->failures[(nr - i) % KEPT_FAILURES];
		spin_unlock(&h->lock);

		seq_printf(m, "%llu %lu %u %d %d ", cma_age_ms(it.when), it.pages,
			   it.align, it.error, it.pid);
		cma_show_text(m, it.comm);
		seq_printf(m, " %s ", reason_names[it.obstacle.reason]);
		if (it.obstacle.pfn)
			seq_printf(m, "%#lx %d %d ", it.obstacle.pfn,
				   it.obstacle.refs, it.obstacle.maps);
		else
			seq_puts(m, "- - - ");
		show_owner(m, &it.obstacle);
		seq_putc(m, '\n');
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(failures);

static int reasons_show(struct seq_file *m, void *v)
{
	struct cma_history *h = ((struct cma *)m->private)->history;

	seq_puts(m, "# count reason last_ms waited_us waited_for\n");
	for (unsigned int i = 0; h && i < CMA_NR_REASONS; i++) {
		u64 count = atomic64_read(&h->count[i]);
		unsigned long pfn = atomic_long_read(&h->waited_for[i]);

		if (!count)
			continue;
		seq_printf(m, "%llu %s %llu %llu ", count, reason_names[i],
			   cma_age_ms(atomic64_read(&h->last[i])),
			   div_u64(atomic64_read(&h->waited[i]), NSEC_PER_USEC));
		if (pfn)
			seq_printf(m, "%#lx\n", pfn);
		else
			seq_puts(m, "-\n");
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(reasons);

/**
 * cma_failure_add_files() - add the files that show what went wrong in an area
 * @cma: area
 * @dir: its directory in debugfs
 */
void __init cma_failure_add_files(struct cma *cma, struct dentry *dir)
{
	debugfs_create_file("failures", 0400, dir, cma, &failures_fops);
	debugfs_create_file("reasons", 0444, dir, cma, &reasons_fops);
}
