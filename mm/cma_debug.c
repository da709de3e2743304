// SPDX-License-Identifier: GPL-2.0
/*
 * Contiguous memory areas in debugfs: /sys/kernel/debug/cma
 *
 * Documented in Documentation/admin-guide/mm/cma_debugfs.rst.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cma.h"
#include "cma_describe.h"
#include "cma_failure.h"
#include "cma_track.h"

/* An allocation, or what is left of it, made by writing to "alloc". */
struct cma_debug_chunk {
	struct list_head node;
	struct page *pages;
	unsigned long count;
};

/*
 * Read the number of pages written to a file in the directory of @cma; @max is the
 * largest that is valid.
 */
static int cma_read_pages(struct cma *cma, const char *file, unsigned long max,
			  const char __user *ubuf, size_t len,
			  unsigned long *pages)
{
	char text[24] = "";
	long copied;
	int err;

	copied = strncpy_from_user(text, ubuf, min(len, sizeof(text) - 1));
	if (copied < 0)
		return copied;

	err = len < sizeof(text) ? kstrtoul(text, 0, pages) : -ERANGE;
	if (!err && *pages && *pages <= max)
		return 0;

	pr_err("%s: cannot %s \"%*pE\" pages, expected a number from 1 to %lu\n",
	       cma->name, file, (int)strlen(strim(text)), text, max);
	return err ?: -EINVAL;
}

static DEFINE_MUTEX(cma_debug_mutex);	/* guards the lists of all areas */

static int cma_debug_alloc(struct cma *cma, unsigned long count)
{
	struct cma_debug_chunk *chunk = kzalloc(sizeof(*chunk), GFP_KERNEL);

	if (!chunk)
		return -ENOMEM;

	chunk->count = count;
	chunk->pages = cma_alloc(cma, count, 0, false);
	if (!chunk->pages) {
		kfree(chunk);
		return -ENOMEM;
	}

	guard(mutex)(&cma_debug_mutex);
	list_add(&chunk->node, &cma->debug_held);
	return 0;
}

static ssize_t cma_alloc_write(struct file *file, const char __user *ubuf,
			       size_t len, loff_t *ppos)
{
	struct cma *cma = file->private_data;
	unsigned long count;
	int err;

	err = cma_read_pages(cma, "alloc", cma->count, ubuf, len, &count) ?:
	      cma_debug_alloc(cma, count);
	return err ?: len;
}

static const struct file_operations cma_alloc_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = cma_alloc_write,
};

/* Newest first; the caller has checked that this many are held. */
static int cma_debug_free(struct cma *cma, unsigned long count)
{
	struct cma_debug_chunk *chunk, *next;

	list_for_each_entry_safe(chunk, next, &cma->debug_held, node) {
		unsigned long now = min(count, chunk->count);

		if (!now)
			break;
		if (!cma_release(cma, chunk->pages, now))
			return -EIO;
		count -= now;
		chunk->count -= now;
		chunk->pages = nth_page(chunk->pages, now);
		if (!chunk->count) {
			list_del(&chunk->node);
			kfree(chunk);
		}
	}

	return 0;
}

static ssize_t cma_free_write(struct file *file, const char __user *ubuf,
			      size_t len, loff_t *ppos)
{
	struct cma *cma = file->private_data;
	unsigned long unit_pages = 1UL << cma->ranges[0].order_per_bit;
	unsigned long count, rest, held = 0;
	struct cma_debug_chunk *chunk;
	int err;

	guard(mutex)(&cma_debug_mutex);

	list_for_each_entry(chunk, &cma->debug_held, node)
		held += chunk->count;
	err = cma_read_pages(cma, "free", held, ubuf, len, &count);
	if (err)
		return err;

	/* Of the last chunk that is touched, only the first part may be freed. */
	rest = count;
	list_for_each_entry(chunk, &cma->debug_held, node) {
		if (rest < chunk->count && rest & (unit_pages - 1)) {
			pr_err("%s: cannot free %lu pages: it would cut a unit of %lu pages in two\n",
			       cma->name, count, unit_pages);
			return -EINVAL;
		}
		if (rest <= chunk->count)
			break;
		rest -= chunk->count;
	}

	return cma_debug_free(cma, count) ?: len;
}

static const struct file_operations cma_free_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = cma_free_write,
};

/* Of a range, like the bitmap. */
static int cma_base_pfn_get(void *data, u64 *val)
{
	*val = ((struct cma_map *)data)->base_pfn;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(cma_base_pfn_fops, cma_base_pfn_get, NULL, "%llu\n");

static int cma_range_count_get(void *data, u64 *val)
{
	*val = ((struct cma_map *)data)->count;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(cma_range_count_fops, cma_range_count_get, NULL,
			 "%llu\n");

static int cma_count_get(void *data, u64 *val)
{
	*val = ((struct cma *)data)->count;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(cma_count_fops, cma_count_get, NULL, "%llu\n");

static int cma_order_per_bit_get(void *data, u64 *val)
{
	*val = ((struct cma *)data)->ranges[0].order_per_bit;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(cma_order_per_bit_fops, cma_order_per_bit_get, NULL,
			 "%llu\n");

static int cma_used_get(void *data, u64 *val)
{
	struct cma *cma = data;

	*val = cma->count - cma_available_pages(cma);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(cma_used_fops, cma_used_get, NULL, "%llu\n");

static int cma_maxchunk_get(void *data, u64 *val)
{
	*val = cma_longest_run(data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(cma_maxchunk_fops, cma_maxchunk_get, NULL, "%llu\n");

/*
 * The bitmap as 32-bit words in one line. It is iterated over, so that neither a
 * buffer nor the time a lock is held grows with the area.
 */
static unsigned long cma_bitmap_words(const struct cma_map *map)
{
	return DIV_ROUND_UP(cma_map_units(map), 32);
}

static void *cma_bitmap_start(struct seq_file *m, loff_t *pos)
{
	return *pos < cma_bitmap_words(m->private) ? pos : NULL;
}

static void *cma_bitmap_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return cma_bitmap_start(m, pos);
}

static void cma_bitmap_stop(struct seq_file *m, void *v)
{
}

static int cma_bitmap_show(struct seq_file *m, void *v)
{
	struct cma_map *map = m->private;
	loff_t word = *(loff_t *)v;

	seq_printf(m, "%u%c", cma_map_word32(map, word),
		   word + 1 < cma_bitmap_words(map) ? ' ' : '\n');
	return 0;
}

static const struct seq_operations cma_bitmap_sops = {
	.start = cma_bitmap_start,
	.next = cma_bitmap_next,
	.stop = cma_bitmap_stop,
	.show = cma_bitmap_show,
};
DEFINE_SEQ_ATTRIBUTE(cma_bitmap);

static int __init cma_debugfs_add(struct cma *cma, void *root)
{
	struct dentry *dir = debugfs_create_dir(cma->name, root);
	struct dentry *ranges = debugfs_create_dir("ranges", dir);
	struct cma_map *map;

	INIT_LIST_HEAD(&cma->debug_held);

	debugfs_create_file("alloc", 0200, dir, cma, &cma_alloc_fops);
	debugfs_create_file("free", 0200, dir, cma, &cma_free_fops);
	debugfs_create_file("count", 0444, dir, cma, &cma_count_fops);
	debugfs_create_file("order_per_bit", 0444, dir, cma,
			    &cma_order_per_bit_fops);
	debugfs_create_file("used", 0444, dir, cma, &cma_used_fops);
	debugfs_create_file("maxchunk", 0444, dir, cma, &cma_maxchunk_fops);
	/* An area of one range needs no more than these two. */
	debugfs_create_file("base_pfn", 0444, dir, cma->ranges,
			    &cma_base_pfn_fops);
	debugfs_create_file("bitmap", 0444, dir, cma->ranges, &cma_bitmap_fops);

	cma_track_add_files(cma, dir);
	cma_describe_add_files(cma, dir);
	cma_failure_add_files(cma, dir);

	cma_for_each_map(map, cma) {
		char name[12];

		sprintf(name, "%u", (unsigned int)(map - cma->ranges));
		dir = debugfs_create_dir(name, ranges);
		debugfs_create_file("base_pfn", 0444, dir, map,
				    &cma_base_pfn_fops);
		debugfs_create_file("count", 0444, dir, map,
				    &cma_range_count_fops);
		debugfs_create_file("bitmap", 0444, dir, map, &cma_bitmap_fops);
	}
	return 0;
}

static int __init cma_debugfs_init(void)
{
	return cma_for_each_area(cma_debugfs_add,
				 debugfs_create_dir("cma", NULL));
}
late_initcall(cma_debugfs_init);
