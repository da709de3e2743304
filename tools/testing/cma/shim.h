/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the allocator's files want of the kernel and tools/include lacks. The
 * Makefile puts this in the place of the headers it lists.
 */
#ifndef CMA_SHIM_H
#define CMA_SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/types.h>

#define U32_MAX			((u32)~0U)
/* Only that it is one bit. */
#define __GFP_FS			0x80u
#define U64_MAX			((u64)~0ULL)
#define noinline_for_stack
#define PHYS_ADDR_MAX		((phys_addr_t)-1)

/* Sizes of x86; nothing below depends on them. */
#define PAGE_SHIFT		12
#define PAGE_SIZE		BIT(PAGE_SHIFT)
#define pageblock_order		9
#define pageblock_nr_pages	BIT(pageblock_order)
#define PHYS_PFN(addr)		((unsigned long)((addr) >> PAGE_SHIFT))
#define PFN_PHYS(pfn)		((phys_addr_t)(pfn) << PAGE_SHIFT)

/* Like the kernel's, these take any two unsigned types. */
#undef min
#undef max
#define min(x, y)	({ typeof(x) __x = (x); typeof(y) __y = (y); __x < __y ? __x : __y; })
#define max(x, y)	({ typeof(x) __x = (x); typeof(y) __y = (y); __x > __y ? __x : __y; })
#undef min_t
#undef max_t
#define min_t(type, x, y)	min((type)(x), (type)(y))
#define max_t(type, x, y)	max((type)(x), (type)(y))
#define max3(x, y, z)		max(max(x, y), z)
#define min3(x, y, z)		min(min(x, y), z)
#undef swap
#define swap(x, y)	({ typeof(x) __swap = (x); (x) = (y); (y) = __swap; })
#define min_not_zero(x, y) ({						\
	typeof(x) __a = (x);						\
	typeof(y) __b = (y);						\
									\
	__a && (!__b || __a < __b) ? __a : __b;				\
})

#define check_shl_overflow(a, shift, d) ({				\
	typeof(a) __value = (a);					\
	typeof(d) __res = (d);						\
	unsigned int __by = (shift);					\
	bool __lost = __by >= 8 * sizeof(*__res);			\
									\
	*__res = __lost ? 0 : (typeof(*__res))__value << __by;		\
	__lost || *__res >> __by != __value;				\
})

#undef strscpy
#define strscpy			shim_strscpy
void shim_strscpy(char *to, const char *from, size_t size);
int kstrtoull(const char *s, unsigned int base, unsigned long long *res);
int kstrtoul(const char *s, unsigned int base, unsigned long *res);
int kstrtouint(const char *s, unsigned int base, unsigned int *res);
#define div_u64(dividend, divisor)	((u64)(dividend) / (u32)(divisor))

#define THIS_MODULE		NULL
#define __user
/* Of races there are none. */
#define data_race(x)		(x)
#define cond_resched()		do { } while (0)
#define TASK_COMM_LEN		16

/* A test calls the function by its name with "shim_" before it. */
#define subsys_initcall(fn)	int shim_##fn(void) { return fn(); }
#define late_initcall(fn)	int shim_##fn(void) { return fn(); }
int shim_cma_sysfs_init(void);
int shim_cma_debugfs_init(void);

/* As in the kernel, the length is an int. */
void shim_bitmap(unsigned long *map, unsigned int start, int len, bool set);
#undef bitmap_set
#undef bitmap_clear
#define bitmap_set(map, start, len)	shim_bitmap(map, start, len, true)
#define bitmap_clear(map, start, len)	shim_bitmap(map, start, len, false)

/* A word at a time, since programs count what it costs. */
static inline unsigned long find_last_bit(const unsigned long *addr, unsigned long size)
{
	unsigned long word, mask = size % BITS_PER_LONG ? ~(~0UL << size % BITS_PER_LONG) : ~0UL;

	for (unsigned long i = BITS_TO_LONGS(size); i--; mask = ~0UL) {
		word = addr[i] & mask;
		if (word)
			return i * BITS_PER_LONG + __fls(word);
	}

	return size;
}

/* The last line is kept, for tests to look at. */
#ifndef pr_fmt
#define pr_fmt(fmt)		fmt
#endif
#define pr_err(fmt, ...)	shim_log(pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info			pr_err
#define pr_warn			pr_err
void shim_log(const char *fmt, ...);
extern char shim_last_line[1024];

/* Counted, since a test asks what is done with a lock held. */
struct mutex {
	int dummy;
};

#define spinlock_t				struct mutex
#define DEFINE_MUTEX(name)			struct mutex name
#define shim_guard_mutex(lock)			((void)(lock))
#define guard(kind)				shim_guard_##kind
#define spin_lock(lock)				((void)(lock), shim_locks_held++)
#define spin_unlock(lock)			((void)(lock), shim_locks_held--)
#define spin_lock_irqsave(lock, flags)		((flags) = 0, spin_lock(lock))
#define spin_unlock_irqrestore(lock, flags)	((void)(flags), spin_unlock(lock))
extern int shim_locks_held;

/* Nobody waits. */
struct rw_semaphore {
	int dummy;
};

/* As much of an XArray as it takes to find a key and its value. */
struct xarray {
	unsigned int nr;
	unsigned long keys[8];
	unsigned long values[8];
};

#define XA_PRESENT		0
#define xa_empty(xa)		(!(xa)->nr)
#define xa_to_value(entry)	(*(const unsigned long *)(entry))
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, int mark);

/* Large blocks cost nothing until they are written to. */
void *kvcalloc(size_t n, size_t size, gfp_t gfp);
void kvfree(void *p);
void *vcalloc(size_t n, size_t size);
#define kzalloc(size, gfp)	kvcalloc(1, size, gfp)
#define kfree(p)		kvfree(p)
/* Let the n-th allocation from now on fail; 0 for none. */
extern unsigned int shim_fail_alloc;

/* Each number is drawn from @data as long as there is some. */
struct rnd_state {
	u64 seed;
	const u8 *data;
	size_t size;
};

u32 prandom_u32_state(struct rnd_state *state);
void prandom_seed_state(struct rnd_state *state, u64 seed);

struct page {
	int dummy;
};

#define nth_page(page, n)	((page) + (n))

/* memblock; reserve_test.c plays it. */
struct memblock_region {
	phys_addr_t base;
	phys_addr_t size;
};

struct memblock_type {
	unsigned long cnt;
	struct memblock_region regions[128];
};

extern struct memblock {
	struct memblock_type memory;
	struct memblock_type reserved;
} memblock;

/* All memory is on all nodes. */
#define for_each_mem_pfn_range(i, nid, p_start, p_end, p_nid)			\
	for (i = 0, (void)(nid); (i) < memblock.memory.cnt &&			\
	     (*(p_start) = PHYS_PFN(memblock.memory.regions[i].base),		\
	      *(p_end) = *(p_start) + PHYS_PFN(memblock.memory.regions[i].size),	\
	      true); (i)++)

extern void *high_memory;
#define __pa(p)			((phys_addr_t)(unsigned long)(p))
#define kmemleak_ignore_phys(addr)	((void)(addr))
phys_addr_t memblock_end_of_DRAM(void);
bool memblock_bottom_up(void);
void memblock_set_bottom_up(bool enable);
bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size);
int memblock_reserve(phys_addr_t base, phys_addr_t size);
int memblock_phys_free(phys_addr_t base, phys_addr_t size);
#define memblock_alloc(size, align)	kvcalloc(1, size, GFP_KERNEL)
#define memblock_free(p, size)		kvfree(p)
#define phys_to_virt(addr)		((void *)(unsigned long)(addr))
#define MEMBLOCK_NONE			0
/* @i is where to go on; all of the node's free memory before that has been. */
#define for_each_free_mem_range(i, nid, flags, start, end, p_nid)	\
	for (i = 0; memblock_next_free(&i, nid, start, end);)
bool memblock_next_free(u64 *i, int nid, phys_addr_t *start, phys_addr_t *end);
phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align,
				     phys_addr_t start, phys_addr_t end,
				     int nid, bool exact_nid);

/* debugfs and sysfs; window_test.c plays them. */
struct dentry;

struct file {
	void *private_data;
};

struct seq_file {
	void *private;
	char *text;
	size_t size;
	size_t len;
};

struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	int (*show)(struct seq_file *m, void *v);
};

struct file_operations {
	void *owner;
	void *open;
	ssize_t (*write)(struct file *file, const char *ubuf, size_t len,
			 loff_t *pos);
	int (*get)(void *data, u64 *val);
	int (*set)(void *data, u64 val);
	const char *fmt;
	const struct seq_operations *seq;
};

#define simple_open		NULL
#define DEFINE_DEBUGFS_ATTRIBUTE(fops, _get, _set, _fmt)	\
	static const struct file_operations fops = {		\
		.get = _get, .set = _set, .fmt = _fmt		\
	}
#define DEFINE_SEQ_ATTRIBUTE(name)				\
	static const struct file_operations name##_fops = { .seq = &name##_sops }

struct dentry *debugfs_create_dir(const char *name, struct dentry *parent);
struct dentry *debugfs_create_file(const char *name, unsigned int mode,
				   struct dentry *parent, void *data,
				   const struct file_operations *fops);
void seq_printf(struct seq_file *m, const char *fmt, ...);
long strncpy_from_user(char *to, const char *from, long n);

struct kobject {
	const struct kobj_type *ktype;
	char name[128];
};

struct attribute {
	const char *name;
};

struct attribute_group {
	struct attribute **attrs;
};

struct kobj_attribute {
	struct attribute attr;
	ssize_t (*show)(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf);
	ssize_t (*store)(struct kobject *kobj, struct kobj_attribute *attr,
			 const char *buf, size_t len);
};

struct kobj_type {
	void (*release)(struct kobject *kobj);
	const void *sysfs_ops;
	const struct attribute_group **default_groups;
};

#define kobj_sysfs_ops		shim_last_line
#define mm_kobj			NULL
int sysfs_emit(char *buf, const char *fmt, ...);
int sysfs_emit_at(char *buf, int at, const char *fmt, ...);
#define __ATTR_RO(_name)	{ .attr = { #_name }, .show = _name##_show }
#define __ATTR_WO(_name)	{ .attr = { #_name }, .store = _name##_store }
#define __ATTR_RW(_name)						\
	{ .attr = { #_name }, .show = _name##_show, .store = _name##_store }
#define ATTRIBUTE_GROUPS(_name)						\
	static const struct attribute_group _name##_group = { _name##_attrs };	\
	static const struct attribute_group *_name##_groups[] = {		\
		&_name##_group, NULL						\
	}
struct kobject *kobject_create_and_add(const char *name, struct kobject *parent);
int kobject_init_and_add(struct kobject *kobj, const struct kobj_type *ktype,
			 struct kobject *parent, const char *fmt, ...);
void kobject_put(struct kobject *kobj);

#endif
