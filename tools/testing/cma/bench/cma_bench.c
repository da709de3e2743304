// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/cma_bench: what allocations cost, seen from inside.
 *
 * bench.sh drops this file into the trees that are compared, as mm/cma_bench.c,
 * so it keeps to what the CMA of each of them offers. cma_bench=N,SIZE[,ALIGN]
 * on the command line makes areas bench0 to benchN-1.
 *
 * A command is written, and its results are read:
 *
 *	hold AREA PAGES ALIGN		allocate: NANOSECONDS PFN, or no PFN
 *	drop AREA PFN PAGES ALIGN	release: NANOSECONDS
 *	cycle AREA AREAS THREADS PAGES ALIGN WARM TIMES
 *					allocate and release alternately, in each thread
 *					WARM + TIMES times: NANOSECONDS of it all, then
 *					ALLOC RELEASE RANGES of each but the first WARM
 *					ones. If PAGES is 0, buffers of mixed sizes are
 *					in flight, and ALLOC RELEASE PAGES is told
 *	write AREA PAGES TIMES		hold that, and write one word of each struct page:
 *					NANOSECONDS PFN of each time
 *	count ON			count RANGES that are tried, or let them be 0;
 *					not every tree can
 *	ballast				take all that is free outside of all areas
 *	unballast PAGES			give back as many of them, the first ones first
 *	drain				free what CPUs keep in lists of their own
 *
 * AREA is a number. ALIGN is an order; -1 makes it a folio of PAGES pages.
 */

#define pr_fmt(fmt) "cma_bench: " fmt

#include <linux/atomic.h>
#include <linux/cma.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>
#ifdef HAVE_page_alloc_h
#include "page_alloc.h"	/* where newer trees have drain_all_pages() */
#endif
#ifdef HAVE_range_chosen
#include <trace/events/cma.h>
#endif

#define MAX_THREADS	16
#define MAX_SAMPLES	300000

struct bench_sample {
	u64 alloc_ns;
	u64 release_ns;
	unsigned long pfn;		/* 0 if the allocation failed */
	unsigned long ranges;		/* that were tried by all threads meanwhile */
};

/* With mixed sizes, the oldest buffer is released before the next one is allocated. */
#define IN_FLIGHT	8

struct bench_flight {
	struct page *page;
	unsigned long pages;
	int align;
	struct bench_sample *sample;	/* NULL while warming up */
};

struct bench_thread {
	struct task_struct *task;
	struct cma *cma;
	unsigned long pages;
	int align;
	unsigned int warm;
	unsigned int times;
	struct bench_sample *samples;	/* @times of them */
	u64 end;			/* when it had done all */
	u64 seed;
	struct bench_flight flying[IN_FLIGHT];
};

static DEFINE_MUTEX(bench_lock);	/* all that follows */
static struct bench_sample *bench_samples;
static unsigned int bench_count;
static u64 bench_elapsed;
static bool bench_cycled;
static LIST_HEAD(bench_ballast);
static DECLARE_COMPLETION(bench_go);
static atomic_long_t bench_ranges;

/* Trees differ in how they allocate a folio; bench.sh says what there is. */
static struct page *bench_alloc(struct cma *cma, unsigned long pages, int align)
{
	if (align >= 0)
		return cma_alloc(cma, pages, align, true);
#if defined(HAVE_folio)
	return (struct page *)cma_alloc_folio(cma, ilog2(pages),
					      GFP_KERNEL | __GFP_COMP | __GFP_NOWARN);
#elif defined(HAVE_frozen_compound)
	return cma_alloc_frozen_compound(cma, ilog2(pages));
#else
	return NULL;
#endif
}

static bool bench_release(struct cma *cma, struct page *page,
			  unsigned long pages, int align)
{
	if (align >= 0)
		return cma_release(cma, page, pages);
#if defined(HAVE_folio)
	return cma_free_folio(cma, page_folio(page));
#elif defined(HAVE_frozen_compound)
	return cma_release_frozen(cma, page, pages);
#else
	return false;
#endif
}

#ifdef HAVE_range_chosen
static void bench_range_chosen(void *data, const char *area, unsigned long pfn,
			       unsigned long count, unsigned int align, u64 cost)
{
	atomic_long_inc(&bench_ranges);
}

static int bench_count_ranges(bool on)
{
	if (on)
		return register_trace_cma_range_chosen(bench_range_chosen, NULL);
	return unregister_trace_cma_range_chosen(bench_range_chosen, NULL);
}
#else
static int bench_count_ranges(bool on)
{
	return -EOPNOTSUPP;
}
#endif

static int bench_match(struct cma *cma, void *data)
{
	struct cma **found = data;
	char name[24];

	snprintf(name, sizeof(name), "bench%u", bench_count);
	if (strcmp(cma_get_name(cma), name))
		return 0;
	*found = cma;
	return 1;
}

static struct cma *bench_area(unsigned int nr)
{
	struct cma *found = NULL;

	bench_count = nr;
	cma_for_each_area(bench_match, &found);
	bench_count = 0;
	return found;
}

static int bench_new_samples(unsigned int count)
{
	vfree(bench_samples);
	bench_count = 0;
	bench_cycled = false;
	/* Zeroed, and so in memory before anything is measured. */
	bench_samples = vzalloc(array_size(count, sizeof(*bench_samples)));
	return bench_samples ? 0 : -ENOMEM;
}

static int bench_hold(unsigned int area, unsigned long pages, int align)
{
	struct cma *cma = bench_area(area);
	struct page *page;
	u64 start;
	int ret;

	if (!cma || !pages)
		return -EINVAL;
	ret = bench_new_samples(1);
	if (ret)
		return ret;

	start = ktime_get_ns();
	page = bench_alloc(cma, pages, align);
	bench_samples->alloc_ns = ktime_get_ns() - start;
	bench_samples->pfn = page ? page_to_pfn(page) : 0;
	bench_count = 1;
	return 0;
}

static int bench_drop(unsigned int area, unsigned long pfn, unsigned long pages,
		      int align)
{
	struct cma *cma = bench_area(area);
	bool ok;
	u64 start;
	int ret;

	if (!cma || !pages || !pfn_valid(pfn))
		return -EINVAL;
	ret = bench_new_samples(1);
	if (ret)
		return ret;

	start = ktime_get_ns();
	ok = bench_release(cma, pfn_to_page(pfn), pages, align);
	bench_samples->alloc_ns = ktime_get_ns() - start;
	bench_count = 1;
	return ok ? 0 : -EINVAL;
}

/* What no allocator can do without, if it prepares pages */
static int bench_write(unsigned int area, unsigned long pages, unsigned int times)
{
	struct cma *cma = bench_area(area);
	struct page *page;
	int ret;

	if (!cma || !pages || !times || times > MAX_SAMPLES)
		return -EINVAL;
	ret = bench_new_samples(times);
	if (ret)
		return ret;
	page = bench_alloc(cma, pages, 0);
	if (!page)
		return -ENOMEM;

	for (unsigned int i = 0; i < times; i++) {
		u64 start = ktime_get_ns();

		for (unsigned long j = 0; j < pages; j++)
			WRITE_ONCE(nth_page(page, j)->private, 0);
		bench_samples[i].alloc_ns = ktime_get_ns() - start;
		bench_samples[i].pfn = page_to_pfn(page);
		cond_resched();
	}
	bench_count = times;
	return bench_release(cma, page, pages, 0) ? 0 : -EINVAL;
}

static void bench_land(struct cma *cma, struct bench_flight *f)
{
	u64 start = ktime_get_ns();

	if (!f->page)
		return;
	bench_release(cma, f->page, f->pages, f->align);
	if (f->sample)
		f->sample->release_ns = ktime_get_ns() - start;
	f->page = NULL;
}

/* The same sizes in each tree */
static void bench_mix(struct bench_thread *t, unsigned int i)
{
	static const unsigned long sizes[] = { 1, 16, 256, 1024, 4096 };
	struct bench_flight *f = &t->flying[i % IN_FLIGHT];
	u64 start, ns;

	bench_land(t->cma, f);
	t->seed = t->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	f->pages = sizes[(t->seed >> 33) % ARRAY_SIZE(sizes)];
	f->align = min(order_base_2(f->pages), 8);
	f->sample = i < t->warm ? NULL : t->samples + i - t->warm;
	start = ktime_get_ns();
	f->page = bench_alloc(t->cma, f->pages, f->align);
	ns = ktime_get_ns() - start;
	if (!f->sample)
		return;
	f->sample->alloc_ns = ns;
	f->sample->pfn = f->page ? page_to_pfn(f->page) : 0;
	f->sample->ranges = f->pages;
}

static int bench_work(void *data)
{
	struct bench_thread *t = data;

	wait_for_completion(&bench_go);
	for (unsigned int i = 0; i < t->warm + t->times; i++) {
		struct bench_sample *sample = t->samples + i - t->warm;
		long ranges = atomic_long_read(&bench_ranges);
		u64 start, got, end;
		struct page *page;

		cond_resched();
		if (!t->pages) {
			bench_mix(t, i);
			continue;
		}
		start = ktime_get_ns();
		page = bench_alloc(t->cma, t->pages, t->align);
		got = ktime_get_ns();
		if (page)
			bench_release(t->cma, page, t->pages, t->align);
		end = ktime_get_ns();
		if (i >= t->warm) {
			sample->alloc_ns = got - start;
			sample->release_ns = end - got;
			sample->pfn = page ? page_to_pfn(page) : 0;
			sample->ranges = atomic_long_read(&bench_ranges) - ranges;
		}
	}
	for (unsigned int i = 0; i < IN_FLIGHT; i++)
		bench_land(t->cma, &t->flying[i]);
	WRITE_ONCE(t->end, ktime_get_ns());
	/* Whoever made it also stops it. */
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int bench_cycle(unsigned int area, unsigned int areas,
		       unsigned int threads, struct bench_thread how)
{
	static struct bench_thread thread[MAX_THREADS];
	int cpu = -1, ret;
	u64 start;

	if (!areas || !threads || threads > MAX_THREADS || !how.times ||
	    how.times > MAX_SAMPLES / threads)
		return -EINVAL;
	ret = bench_new_samples(threads * how.times);
	if (ret)
		return ret;

	reinit_completion(&bench_go);
	for (unsigned int i = 0; i < threads; i++) {
		struct bench_thread *t = &thread[i];

		*t = how;
		t->cma = bench_area(area + i % areas);
		t->samples = bench_samples + i * how.times;
		t->task = t->cma ? kthread_create(bench_work, t, "cma_bench/%u", i) :
				   ERR_PTR(-EINVAL);
		if (IS_ERR(t->task)) {
			ret = PTR_ERR(t->task);
			threads = i;
			break;
		}
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		kthread_bind(t->task, cpu);
	}
	/* A thread that never ran would not do what it is for when stopped. */
	for (unsigned int i = 0; i < threads; i++) {
		if (ret) {
			thread[i].warm = 0;
			thread[i].times = 0;
		}
		wake_up_process(thread[i].task);
	}
	msleep(20);
	start = ktime_get_ns();
	complete_all(&bench_go);
	bench_elapsed = 0;
	for (unsigned int i = 0; i < threads; i++) {
		while (!READ_ONCE(thread[i].end))
			msleep(20);
		bench_elapsed = max(bench_elapsed, thread[i].end - start);
		kthread_stop(thread[i].task);
	}
	bench_count = threads * how.times;
	bench_cycled = true;
	return ret;
}

/* All that can be had without reclaiming; unmovable, so none is from an area */
static void bench_eat(void)
{
	/* Again, when what CPUs had in their lists is back. */
	for (int i = 0; i < 2; i++) {
		for (int order = pageblock_order; order >= 0;) {
			struct page *page = alloc_pages(__GFP_NOWARN, order);

			if (!page) {
				order--;
				continue;
			}
			set_page_private(page, order);
			list_add(&page->lru, &bench_ballast);
			cond_resched();
		}
		drain_all_pages(NULL);
	}
}

static int bench_spit(unsigned long pages)
{
	unsigned long n = 0;

	while (n < pages && !list_empty(&bench_ballast)) {
		struct page *page = list_last_entry(&bench_ballast, struct page, lru);
		unsigned int order = page_private(page);

		n += 1UL << order;
		list_del(&page->lru);
		set_page_private(page, 0);
		__free_pages(page, order);
		cond_resched();
	}
	return n ? 0 : -ENOMEM;
}

static int bench_do(const char *text)
{
	struct bench_thread how = { };
	unsigned int area, areas, threads;
	unsigned long pfn, pages;
	int align;

	if (sscanf(text, "hold %u %lu %d", &area, &pages, &align) == 3)
		return bench_hold(area, pages, align);
	if (sscanf(text, "drop %u %lu %lu %d", &area, &pfn, &pages, &align) == 4)
		return bench_drop(area, pfn, pages, align);
	if (sscanf(text, "cycle %u %u %u %lu %d %u %u", &area, &areas, &threads,
		   &how.pages, &how.align, &how.warm, &how.times) == 7)
		return bench_cycle(area, areas, threads, how);
	if (sscanf(text, "write %u %lu %u", &area, &pages, &threads) == 3)
		return bench_write(area, pages, threads);
	if (sscanf(text, "count %u", &areas) == 1)
		return bench_count_ranges(areas);
	if (sscanf(text, "unballast %lu", &pages) == 1)
		return bench_spit(pages);
	if (!strcmp(text, "ballast"))
		bench_eat();
	else if (!strcmp(text, "drain"))
		drain_all_pages(NULL);
	else
		return -EINVAL;
	return 0;
}

static ssize_t bench_command(struct file *file, const char __user *buf,
			     size_t len, loff_t *pos)
{
	char text[128];
	int ret;

	if (!len || len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, len))
		return -EFAULT;
	text[len] = '\0';
	mutex_lock(&bench_lock);
	ret = bench_do(strim(text));
	mutex_unlock(&bench_lock);
	return ret ?: len;
}

static int bench_show(struct seq_file *m, void *v)
{
	mutex_lock(&bench_lock);
	if (bench_cycled)
		seq_printf(m, "%llu\n", bench_elapsed);
	for (unsigned int i = 0; i < bench_count; i++) {
		struct bench_sample *s = bench_samples + i;

		if (!bench_cycled)
			seq_printf(m, "%llu %lu\n", s->alloc_ns, s->pfn);
		else if (s->pfn)
			seq_printf(m, "%llu %llu %lu\n", s->alloc_ns, s->release_ns,
				   s->ranges);
		else
			seq_printf(m, "%llu failed\n", s->alloc_ns);
	}
	mutex_unlock(&bench_lock);
	return 0;
}

static int bench_open(struct inode *inode, struct file *file)
{
	return single_open(file, bench_show, NULL);
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.open = bench_open,
	.read = seq_read,
	.write = bench_command,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init bench_init(void)
{
	debugfs_create_file("cma_bench", 0600, NULL, NULL, &bench_fops);
	return 0;
}
late_initcall(bench_init);

/* Early enough for memory to be reserved, and after the zones are known. */
static int __init bench_areas(char *arg)
{
	phys_addr_t size, align = 0;
	int n;

	/* 2: a number and a comma */
	if (get_option(&arg, &n) != 2 || n < 1)
		goto bad;
	size = memparse(arg, &arg);
	if (*arg == ',')
		align = memparse(arg + 1, &arg);
	if (!size || *arg)
		goto bad;
	for (int i = 0; i < n; i++) {
		struct cma *cma;
		char name[24];
		int ret;

		snprintf(name, sizeof(name), "bench%d", i);
		ret = cma_declare_contiguous_nid(0, size, 0, align, 0, false,
						 name, &cma, NUMA_NO_NODE);
		if (ret)
			pr_err("no area %s: %d\n", name, ret);
	}
	return 1;
bad:
	pr_err("cma_bench=: expected N,SIZE[,ALIGN]\n");
	return 1;
}
__setup("cma_bench=", bench_areas);
