// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/cma_test: access to the Contiguous Memory Allocator for test programs.
 *
 * Each open file has a list of the pages it holds. Releases are passed on as they
 * are, valid or not, because tests want to see them refused; the list follows only
 * those that the allocator accepted.
 */

#define pr_fmt(fmt) "cma_test: " fmt

#include <linux/cma.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/hash.h>
#include <linux/highmem.h>
#include <linux/irqflags.h>
#include <linux/kasan.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/uaccess.h>

#include "cma_test.h"

struct cma_test_file {
	struct mutex lock;	/* guards held */
	struct list_head held;
};

struct cma_test_held {
	struct list_head node;
	struct cma *cma;
	unsigned long pfn;
	unsigned long count;
	bool folio;
};

struct cma_test_search {
	const char *name;
	long nth;
	struct cma *found;
};

static int cma_test_match(struct cma *cma, void *data)
{
	struct cma_test_search *search = data;

	if (search->nth >= 0) {
		if (search->nth-- > 0)
			return 0;
	} else if (strcmp(cma_get_name(cma), search->name)) {
		return 0;
	}
	search->found = cma;
	return 1;
}

static struct cma *cma_test_find(char *area)
{
	struct cma_test_search search = { .name = area, .nth = -1 };

	area[CMA_TEST_NAME_LEN - 1] = '\0';
	if (area[0] == '#') {
		if (kstrtol(area + 1, 10, &search.nth) || search.nth < 0)
			return NULL;
	}
	cma_for_each_area(cma_test_match, &search);
	return search.found;
}

/* Meant for callers with interrupts off. They stay on where locks may sleep. */
static struct page *cma_test_alloc_nowait(struct cma *cma, unsigned long count,
					  unsigned int order)
{
	struct page *page;
	unsigned long flags;

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return cma_alloc_nowait(cma, count, order);

	local_irq_save(flags);
	page = cma_alloc_nowait(cma, count, order);
	local_irq_restore(flags);
	return page;
}

static long cma_test_alloc(struct cma_test_file *file,
			   struct cma_test_range *r, bool folio)
{
	bool nowarn = r->flags & CMA_TEST_NOWARN;
	bool nowait = r->flags & CMA_TEST_NOWAIT;
	struct cma *cma = cma_test_find(r->area);
	struct cma_test_held *held;
	struct page *page = NULL;
	struct folio *big = NULL;
	u64 start;

	if (!cma)
		return -ENOENT;
	if (r->flags & ~(CMA_TEST_NOWARN | CMA_TEST_NOWAIT) ||
	    (nowait && folio) || r->count > ULONG_MAX)
		return -EINVAL;

	held = kzalloc(sizeof(*held), GFP_KERNEL);
	if (!held)
		return -ENOBUFS;	/* ENOMEM is the allocator's answer */

	start = ktime_get_ns();
	if (folio)
		big = cma_alloc_folio(cma, r->order, GFP_KERNEL | __GFP_COMP |
				      (nowarn ? __GFP_NOWARN : 0));
	else if (nowait)
		page = cma_test_alloc_nowait(cma, r->count, r->order);
	else
		page = cma_alloc(cma, r->count, r->order, nowarn);
	r->ns = ktime_get_ns() - start;

	if (big) {
		page = folio_page(big, 0);
		r->count = folio_nr_pages(big);
		r->refs = folio_ref_count(big);
	}
	if (!page) {
		kfree(held);
		return -ENOMEM;
	}

	held->cma = cma;
	held->pfn = page_to_pfn(page);
	held->count = r->count;
	held->folio = folio;
	r->pfn = held->pfn;
	mutex_lock(&file->lock);
	list_add(&held->node, &file->held);
	mutex_unlock(&file->lock);
	return 0;
}

/* Remove a range; @spare becomes the far end of an entry cut in two. */
static void cma_test_strike(struct cma_test_file *file,
			    struct cma_test_held **spare, struct cma *cma,
			    unsigned long pfn, unsigned long count)
{
	unsigned long end = pfn + count;
	struct cma_test_held *held, *next;

	list_for_each_entry_safe(held, next, &file->held, node) {
		unsigned long held_end = held->pfn + held->count;

		if (held->cma != cma || pfn >= held_end || end <= held->pfn)
			continue;

		if (pfn > held->pfn && end < held_end) {
			**spare = *held;
			(*spare)->pfn = end;
			(*spare)->count = held_end - end;
			list_add(&(*spare)->node, &file->held);
			*spare = NULL;
			held->count = pfn - held->pfn;
		} else if (pfn > held->pfn) {
			held->count = pfn - held->pfn;
		} else if (end < held_end) {
			held->pfn = end;
			held->count = held_end - end;
		} else {
			list_del(&held->node);
			kfree(held);
		}
	}
}

static long cma_test_release(struct cma_test_file *file,
			     struct cma_test_range *r, bool folio)
{
	struct cma *cma = cma_test_find(r->area);
	struct cma_test_held *spare;
	struct page *page;
	u64 start;

	if (!cma)
		return -ENOENT;
	if (r->pfn > ULONG_MAX || r->count > ULONG_MAX)
		return -EINVAL;
	if (!pfn_valid(r->pfn) && (folio || IS_ENABLED(CONFIG_SPARSEMEM)))
		return -EFAULT;		/* has no struct page */

	spare = kzalloc(sizeof(*spare), GFP_KERNEL);
	if (!spare)
		return -ENOBUFS;

	page = pfn_to_page(r->pfn);
	mutex_lock(&file->lock);
	if (folio) {
		r->count = folio_nr_pages(page_folio(page));
		start = ktime_get_ns();
		r->ok = cma_free_folio(cma, page_folio(page));
	} else {
		start = ktime_get_ns();
		r->ok = cma_release(cma, page, r->count);
	}
	r->ns = ktime_get_ns() - start;
	if (r->ok)
		cma_test_strike(file, &spare, cma, r->pfn, r->count);
	mutex_unlock(&file->lock);
	kfree(spare);
	return 0;
}

static long cma_test_valid(struct cma_test_range *r)
{
	struct cma *cma = cma_test_find(r->area);

	if (!cma)
		return -ENOENT;
	if (r->count > ULONG_MAX)
		return -EINVAL;
	if (r->pfn > ULONG_MAX || !pfn_valid(r->pfn))
		return -EFAULT;
	r->ok = cma_pages_valid(cma, pfn_to_page(r->pfn), r->count);
	return 0;
}

static bool cma_test_holds(struct cma_test_file *file, unsigned long pfn)
{
	struct cma_test_held *held;

	list_for_each_entry(held, &file->held, node)
		if (pfn >= held->pfn && pfn - held->pfn < held->count)
			return true;
	return false;
}

static long cma_test_pattern(struct cma_test_file *file,
			     struct cma_test_pattern *p, bool write)
{
	const unsigned int words = PAGE_SIZE / sizeof(u64);
	unsigned int i;
	u64 n;

	for (n = 0; n < p->count; n++) {
		u64 pfn = p->pfn + n;
		u64 value = hash_64(pfn, 64) ^ p->seed;
		u64 *word;

		/* Memory of others must not be written to, or even read. */
		if (!cma_test_holds(file, pfn))
			return -EPERM;

		word = kmap_local_page(pfn_to_page(pfn));
		for (i = 0; i < words; i++) {
			if (write)
				word[i] = value + i;
			else if (word[i] != value + i)
				break;
		}
		kunmap_local(word);
		if (i < words)
			break;
		cond_resched();
	}
	p->bad = n;
	return 0;
}

static bool cma_test_is_forbidden(const void *addr)
{
#ifdef CONFIG_KASAN_GENERIC
	return *(s8 *)kasan_mem_to_shadow(addr);
#else
	return false;
#endif
}

/* The page may have any owner, or be unmapped while it is free. */
static void cma_test_peek_page(struct cma_test_peek *p, struct page *page)
{
	u64 words[32], *at = kmap_local_page(page);
	bool mapped = true, equal = true;

	p->forbidden += cma_test_is_forbidden(at);
	for (size_t i = 0; i < PAGE_SIZE / sizeof(u64); i += ARRAY_SIZE(words)) {
		if (copy_from_kernel_nofault(words, at + i, sizeof(words))) {
			mapped = false;
			break;
		}
		for (size_t k = 0; k < ARRAY_SIZE(words); k++)
			equal &= words[k] == p->word;
	}
	kunmap_local(at);
	p->mapped += mapped;
	p->equal += mapped && equal;
}

static int cma_test_has(struct cma *cma, void *data)
{
	struct cma_test_peek *p = data;

	return cma_pages_valid(cma, pfn_to_page(p->pfn), p->count);
}

static long cma_test_peek(struct cma_test_peek *p)
{
	if (p->pfn > ULONG_MAX || p->count > ULONG_MAX || !pfn_valid(p->pfn) ||
	    !cma_for_each_area(cma_test_has, p))
		return -EFAULT;

	p->mapped = 0;
	p->equal = 0;
	p->forbidden = 0;
	for (u64 n = 0; n < p->count; n++) {
		cma_test_peek_page(p, pfn_to_page(p->pfn + n));
		cond_resched();
	}
	return 0;
}

static long cma_test_info(struct cma_test_info *info)
{
	struct cma *cma = cma_test_find(info->area);

	if (!cma)
		return -ENOENT;
	strscpy_pad(info->area, cma_get_name(cma), sizeof(info->area));
	info->base_pfn = PHYS_PFN(cma_get_base(cma));
	info->pages = cma_get_size(cma) >> PAGE_SHIFT;
	info->page_shift = PAGE_SHIFT;
	return 0;
}

static long cma_test_ioctl(struct file *filp, unsigned int cmd,
			   unsigned long arg)
{
	struct cma_test_file *file = filp->private_data;
	union {
		struct cma_test_range range;
		struct cma_test_pattern pattern;
		struct cma_test_peek peek;
		struct cma_test_info info;
	} u = { };
	long ret;

	if (_IOC_SIZE(cmd) > sizeof(u))
		return -ENOTTY;
	if (copy_from_user(&u, (void __user *)arg, _IOC_SIZE(cmd)))
		return -EFAULT;

	switch (cmd) {
	case CMA_TEST_ALLOC:
	case CMA_TEST_ALLOC_FOLIO:
		ret = cma_test_alloc(file, &u.range,
				     cmd == CMA_TEST_ALLOC_FOLIO);
		break;
	case CMA_TEST_RELEASE:
	case CMA_TEST_FREE_FOLIO:
		ret = cma_test_release(file, &u.range,
				       cmd == CMA_TEST_FREE_FOLIO);
		break;
	case CMA_TEST_VALID:
		ret = cma_test_valid(&u.range);
		break;
	case CMA_TEST_STAMP:
	case CMA_TEST_VERIFY:
		mutex_lock(&file->lock);
		ret = cma_test_pattern(file, &u.pattern, cmd == CMA_TEST_STAMP);
		mutex_unlock(&file->lock);
		break;
	case CMA_TEST_PEEK:
		ret = cma_test_peek(&u.peek);
		break;
	case CMA_TEST_INFO:
		ret = cma_test_info(&u.info);
		break;
	case CMA_TEST_SETTLE:
		lru_add_drain_all();
		drain_all_pages(NULL);
		ret = 0;
		break;
	default:
		return -ENOTTY;
	}

	/* The time that a failed call took is returned as well. */
	if (copy_to_user((void __user *)arg, &u, _IOC_SIZE(cmd)))
		return -EFAULT;
	return ret;
}

static int cma_test_open(struct inode *inode, struct file *filp)
{
	struct cma_test_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	mutex_init(&file->lock);
	INIT_LIST_HEAD(&file->held);
	filp->private_data = file;
	return 0;
}

static int cma_test_close(struct inode *inode, struct file *filp)
{
	struct cma_test_file *file = filp->private_data;
	struct cma_test_held *held, *next;

	list_for_each_entry_safe(held, next, &file->held, node) {
		struct page *page = pfn_to_page(held->pfn);
		bool ok = held->folio ?
			  cma_free_folio(held->cma, page_folio(page)) :
			  cma_release(held->cma, page, held->count);

		if (!ok)
			pr_warn("%s: %lu pages at pfn 0x%lx were refused when their file was closed\n",
				cma_get_name(held->cma), held->count,
				held->pfn);
		kfree(held);
	}
	mutex_destroy(&file->lock);
	kfree(file);
	return 0;
}

static const struct file_operations cma_test_fops = {
	.owner		= THIS_MODULE,
	.open		= cma_test_open,
	.release	= cma_test_close,
	.unlocked_ioctl	= cma_test_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice cma_test_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "cma_test",
	.mode	= 0600,
	.fops	= &cma_test_fops,
};

builtin_misc_device(cma_test_device);
