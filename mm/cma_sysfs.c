// SPDX-License-Identifier: GPL-2.0
/*
 * Contiguous memory areas in sysfs: /sys/kernel/mm/cma
 *
 * Documented in Documentation/ABI/testing/sysfs-kernel-mm-cma.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/init.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "cma.h"

/* Each file shows one number; @value says which, of the area in @cma. */
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

CMA_ATTR(alloc_pages_success, atomic64_read(&cma->nr_pages_succeeded));
CMA_ATTR(alloc_pages_fail, atomic64_read(&cma->nr_pages_failed));
CMA_ATTR(release_pages_success, atomic64_read(&cma->nr_pages_released));
CMA_ATTR(total_pages, cma->count);
CMA_ATTR(available_pages, cma_available_pages(cma));

static struct attribute *cma_attrs[] = {
	&alloc_pages_success_attr.attr,
	&alloc_pages_fail_attr.attr,
	&release_pages_success_attr.attr,
	&total_pages_attr.attr,
	&available_pages_attr.attr,
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

/* An area that gets no directory is no reason for others to go without. */
static int __init cma_sysfs_add(struct cma *cma, void *root)
{
	struct cma_kobject *cma_kobj;
	int err = -ENOMEM;

	/* A kobject is counted and freed by itself; an area never is. */
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
