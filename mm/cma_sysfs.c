// SPDX-License-Identifier: GPL-2.0
/*
 * Contiguous memory areas in sysfs: /sys/kernel/mm/cma
 *
 * Documented in Documentation/ABI/testing/sysfs-kernel-mm-cma.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/bitops.h>
#include <linux/ctype.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "cma.h"
#include "cma_describe.h"
#include "cma_headroom.h"
#include "cma_param.h"
#include "cma_place.h"
#include "cma_sysfs.h"

/* An hour: what is known that long before can have headroom. */
#define MAX_PREPARE_MS	3600000

struct cma_kobject {
	struct kobject kobj;
	struct cma *cma;
};

static u64 cma_counter(struct cma *cma, const u64 *counter)
{
	unsigned long flags;
	u64 value;

	spin_lock_irqsave(&cma->lock, flags);
	value = *counter;
	spin_unlock_irqrestore(&cma->lock, flags);
	return value;
}

/* Each file shows one number, @value, of the area that @cma points to. */
#define CMA_ATTR(_name, value)						\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	struct cma *cma =						\
		container_of(kobj, struct cma_kobject, kobj)->cma;	\
									\
	return sysfs_emit(buf, "%llu\n", (u64)(value));			\
}									\
static struct kobj_attribute _name##_attr = __ATTR_RO(_name)

CMA_ATTR(alloc_pages_success, cma_counter(cma, &cma->nr_pages_succeeded));
CMA_ATTR(alloc_pages_fail, cma_counter(cma, &cma->nr_pages_failed));
CMA_ATTR(release_pages_success, cma_counter(cma, &cma->nr_pages_released));
CMA_ATTR(total_pages, cma->count);
CMA_ATTR(available_pages, cma_available_pages(cma));

CMA_ATTR(pages_migrated, cma_counter(cma, &cma->nr_pages_migrated));
CMA_ATTR(pages_moved_in, cma_counter(cma, &cma->nr_pages_balanced));
CMA_ATTR(ranges_given_up, cma_counter(cma, &cma->nr_given_up));
CMA_ATTR(largest_free, cma_longest_free_run(cma));
CMA_ATTR(largest_available, cma_longest_run(cma));
CMA_ATTR(high_water_pages, cma_counter(cma, &cma->high_water));

/*
 * Histograms
 */

/* The first bucket is for times below 2^9 ns, the last for times from 2^34 ns on. */
#define FIRST_SHIFT	9
#define BUCKETS		27

/**
 * struct cma_latency - how long allocations took
 * @count: failures and successes, by the log2 of the time; guarded by cma->lock
 */
struct cma_latency {
	u64 count[2][BUCKETS];
};

/**
 * cma_latency_init() - start to keep histograms of an area
 * @cma: area that is about to be activated
 *
 * Context: boot.
 */
void __init cma_latency_init(struct cma *cma)
{
	cma->latency = kzalloc(sizeof(*cma->latency), GFP_KERNEL);
}

/**
 * cma_count_latency() - an allocation has ended
 * @cma: area
 * @ns: how long it took
 * @success: how it ended
 *
 * Context: under cma->lock.
 */
void cma_count_latency(struct cma *cma, u64 ns, bool success)
{
	unsigned int bucket = fls64(ns >> FIRST_SHIFT);

	if (cma->latency)
		cma->latency->count[success][min(bucket, BUCKETS - 1U)]++;
}

static ssize_t cma_latency_emit(struct kobject *kobj, char *buf, bool success)
{
	struct cma *cma = container_of(kobj, struct cma_kobject, kobj)->cma;
	ssize_t len = 0;

	for (unsigned int i = 0; cma->latency && i < BUCKETS; i++) {
		u64 count = cma_counter(cma, &cma->latency->count[success][i]);

		if (i < BUCKETS - 1)
			len += sysfs_emit_at(buf, len, "%llu %llu\n",
					     1ULL << (FIRST_SHIFT + i), count);
		else
			len += sysfs_emit_at(buf, len, "inf %llu\n", count);
	}

	return len;
}

static ssize_t latency_success_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	return cma_latency_emit(kobj, buf, true);
}

static struct kobj_attribute latency_success_attr = __ATTR_RO(latency_success);

static ssize_t latency_fail_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return cma_latency_emit(kobj, buf, false);
}

static struct kobj_attribute latency_fail_attr = __ATTR_RO(latency_fail);

/*
 * Headroom
 */

static ssize_t headroom_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	struct cma *cma = container_of(kobj, struct cma_kobject, kobj)->cma;

	return sysfs_emit(buf, "%llu\n", (u64)cma_headroom_pages(cma) << PAGE_SHIFT);
}

static ssize_t headroom_store(struct kobject *kobj, struct kobj_attribute *attr,
			      const char *buf, size_t len)
{
	struct cma *cma = container_of(kobj, struct cma_kobject, kobj)->cma;
	const char *wrong, *pos = buf;
	unsigned long pages;
	int ret;

	wrong = cma_parse_share(&pos, cma->count, &pages);
	if (!wrong && *skip_spaces(pos))
		wrong = "there is something behind it";
	if (wrong) {
		pr_err("%s: headroom \"%.*s\" refused: %s; expected nn[KMGTPE] or nn%%, at most %llu bytes\n",
		       cma->name, (int)strcspn(buf, "\n"), buf, wrong,
		       (u64)cma->count << PAGE_SHIFT);
		return -EINVAL;
	}

	ret = cma_set_headroom(cma, pages);
	return ret ?: len;
}

static struct kobj_attribute headroom_attr = __ATTR_RW(headroom);

/* "SIZE MILLISECONDS" */
static ssize_t prepare_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t len)
{
	struct cma *cma = container_of(kobj, struct cma_kobject, kobj)->cma;
	const char *wrong, *pos = buf;
	unsigned long pages;
	unsigned int ms = 0;
	int ret;

	wrong = cma_parse_share(&pos, cma->count, &pages);
	if (!wrong && !pages)
		wrong = "the size is 0";
	if (!wrong && (!isspace(*pos) || kstrtouint(skip_spaces(pos), 10, &ms)))
		wrong = "there is no number of milliseconds";
	if (!wrong && ms > MAX_PREPARE_MS)
		wrong = "these are too many milliseconds";
	if (wrong) {
		pr_err("%s: prepare \"%.*s\" refused: %s; expected nn[KMGTPE] or nn%%, at most %llu bytes, and milliseconds, at most %u\n",
		       cma->name, (int)strcspn(buf, "\n"), buf, wrong,
		       (u64)cma->count << PAGE_SHIFT, MAX_PREPARE_MS);
		return -EINVAL;
	}

	ret = cma_prepare(cma, pages, ms);
	return ret ?: len;
}

static struct kobj_attribute prepare_attr = __ATTR_WO(prepare);

CMA_ATTR(headroom_ready, (u64)cma_ready_pages(cma) << PAGE_SHIFT);
CMA_ATTR(headroom_longest, (u64)cma_longest_ready_run(cma) << PAGE_SHIFT);
CMA_ATTR(headroom_served, cma_served(cma, CMA_READY));
CMA_ATTR(headroom_served_partly, cma_served(cma, CMA_PARTLY_READY));
CMA_ATTR(headroom_not_served, cma_served(cma, CMA_NOT_READY));
CMA_ATTR(headroom_refill_us, div_u64(cma_refill_ns(cma), NSEC_PER_USEC));

static ssize_t headroom_short_show(struct kobject *kobj, struct kobj_attribute *attr,
				   char *buf)
{
	struct cma *cma = container_of(kobj, struct cma_kobject, kobj)->cma;

	return sysfs_emit(buf, "%s\n", cma_short_of_headroom(cma));
}

static struct kobj_attribute headroom_short_attr = __ATTR_RO(headroom_short);

/*
 * Lending
 */

static ssize_t lend_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct cma *cma = container_of(kobj, struct cma_kobject, kobj)->cma;

	return sysfs_emit(buf, "%s\n", READ_ONCE(cma->user_only) ? "user" : "movable");
}

static ssize_t lend_store(struct kobject *kobj, struct kobj_attribute *attr,
			  const char *buf, size_t len)
{
	struct cma *cma = container_of(kobj, struct cma_kobject, kobj)->cma;
	size_t word = len - (len && buf[len - 1] == '\n');
	int who = cma_parse_lend(buf, word);

	if (who < 0) {
		pr_err("%s: lend \"%.*s\" refused; expected " CMA_LEND_EXPECTED "\n", cma->name,
		       (int)word, buf);
		return who;
	}

	cma_set_user_only(cma, who);
	return len;
}

static struct kobj_attribute lend_attr = __ATTR_RW(lend);

static struct attribute *cma_attrs[] = {
	&alloc_pages_success_attr.attr,
	&alloc_pages_fail_attr.attr,
	&release_pages_success_attr.attr,
	&total_pages_attr.attr,
	&available_pages_attr.attr,
	&pages_migrated_attr.attr,
	&pages_moved_in_attr.attr,
	&ranges_given_up_attr.attr,
	&largest_free_attr.attr,
	&largest_available_attr.attr,
	&high_water_pages_attr.attr,
	&latency_success_attr.attr,
	&latency_fail_attr.attr,
	&headroom_attr.attr,
	&headroom_ready_attr.attr,
	&headroom_longest_attr.attr,
	&headroom_served_attr.attr,
	&headroom_served_partly_attr.attr,
	&headroom_not_served_attr.attr,
	&headroom_refill_us_attr.attr,
	&headroom_short_attr.attr,
	&prepare_attr.attr,
	&lend_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(cma);

static void cma_kobj_release(struct kobject *kobj)
{
	struct cma_kobject *cma_kobj =
		container_of(kobj, struct cma_kobject, kobj);

	cma_kobj->cma->cma_kobj = NULL;
	kfree(cma_kobj);
}

static const struct kobj_type cma_ktype = {
	.release = cma_kobj_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = cma_groups,
};

/* If one area gets no directory, the others still do. */
static int __init cma_sysfs_add(struct cma *cma, void *root)
{
	struct cma_kobject *cma_kobj;
	int err = -ENOMEM;

	/* A kobject has a refcount of its own and is freed; an area never is. */
	cma_kobj = kzalloc(sizeof(*cma_kobj), GFP_KERNEL);
	if (!cma_kobj)
		goto fail;

	cma_kobj->cma = cma;
	cma->cma_kobj = cma_kobj;
	err = kobject_init_and_add(&cma_kobj->kobj, &cma_ktype, root, "%s",
				   cma->name);
	if (!err)
		return 0;

	kobject_put(&cma_kobj->kobj);
fail:
	pr_err("area %s is missing in sysfs: %pe\n", cma->name, ERR_PTR(err));
	return 0;
}

static int __init cma_sysfs_init(void)
{
	struct kobject *root = kobject_create_and_add("cma", mm_kobj);

	if (!root)
		return -ENOMEM;

	return cma_for_each_area(cma_sysfs_add, root);
}
subsys_initcall(cma_sysfs_init);
