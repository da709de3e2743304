// SPDX-License-Identifier: GPL-2.0
/*
 * What debugfs and sysfs show of areas, on a debugfs and a sysfs of paper
 */

#include <stdarg.h>

#include <kunit/test.h>
#include <linux/log2.h>

#include "../../../mm/cma.h"
#include "../../../mm/cma_describe.h"
#include "../../../mm/cma_failure.h"
#include "../../../mm/cma_headroom.h"
#include "../../../mm/cma_sysfs.h"

static struct cma *areas[3];
static unsigned int nr_areas;

/* The name in parentheses, lest checkpatch takes it for a loop. */
int (cma_for_each_area)(int (*it)(struct cma *cma, void *data), void *data)
{
	int ret = 0;

	for (unsigned int i = 0; i < nr_areas && !ret; i++)
		ret = it(areas[i], data);
	return ret;
}

static void remove_areas(void)
{
	while (nr_areas) {
		struct cma *cma = areas[--nr_areas];
		struct cma_map *map;

		cma_for_each_map(map, cma)
			cma_map_destroy(map);
		free(cma);
	}
}

static struct cma *add_area(struct kunit *test, const char *name,
			    unsigned long base_pfn, unsigned long units,
			    unsigned int order_per_bit)
{
	struct cma *cma = calloc(1, struct_size(cma, registered, 3));

	areas[nr_areas++] = cma;
	strscpy(cma->name, name, sizeof(cma->name));
	cma->nr_ranges = 1;
	cma->ranges = cma->registered;
	cma->count = units << order_per_bit;
	cma->ranges[0] = (struct cma_map) {
		.base_pfn = base_pfn,
		.count = units << order_per_bit,
		.order_per_bit = order_per_bit,
	};
	if (cma_map_init(cma->ranges)) {
		remove_areas();
		kunit_skip(test, "no address space for the map of an area");
	}
	return cma;
}

/* A further range, as large as the first; there is room for two. */
static void add_range(struct kunit *test, struct cma *cma, unsigned long base_pfn)
{
	struct cma_map *map = &cma->ranges[cma->nr_ranges++];

	*map = (struct cma_map) {
		.base_pfn = base_pfn,
		.count = cma->ranges[0].count,
		.order_per_bit = cma->ranges[0].order_per_bit,
	};
	cma->count += map->count;
	KUNIT_ASSERT_EQ(test, cma_map_init(map), 0);
}

/*
 * debugfs: the directory of an area is the area's name
 */

static struct entry {
	char area[64];		/* and what is below it */
	const char *name;
	unsigned int mode;
	void *data;
	const struct file_operations *fops;
} entries[3 * 24];
static unsigned int nr_entries;

static char dirs[3 * 8][64];
static unsigned int nr_dirs;

/* The folder of all areas is called nothing. */
struct dentry *debugfs_create_dir(const char *name, struct dentry *parent)
{
	const char *path = (const char *)parent;
	char *dir = dirs[nr_dirs++ % ARRAY_SIZE(dirs)];

	if (path)
		snprintf(dir, sizeof(dirs[0]), "%s%s%s", path, *path ? "/" : "",
			 name);
	else
		dir[0] = '\0';
	return (struct dentry *)dir;
}

struct dentry *debugfs_create_file(const char *name, unsigned int mode,
				   struct dentry *parent, void *data,
				   const struct file_operations *fops)
{
	struct entry *entry = &entries[nr_entries++];

	*entry = (struct entry) {
		.name = name, .mode = mode, .data = data, .fops = fops
	};
	strscpy(entry->area, (const char *)parent, sizeof(entry->area));
	return NULL;
}

static const struct entry *find_entry(const char *area, const char *name)
{
	for (unsigned int i = 0; i < nr_entries; i++) {
		if (!strcmp(entries[i].area, area) &&
		    !strcmp(entries[i].name, name))
			return &entries[i];
	}

	printf("# no file %s/%s\n", area, name);
	exit(1);
}

static u64 number(const char *area, const char *name)
{
	const struct entry *entry = find_entry(area, name);
	char text[32];
	u64 value;

	entry->fops->get(entry->data, &value);
	snprintf(text, sizeof(text), entry->fops->fmt, value);
	return strtoull(text, NULL, 10);
}

static ssize_t write_file(const char *area, const char *name, const char *text)
{
	const struct entry *entry = find_entry(area, name);
	struct file file = { .private_data = entry->data };
	loff_t pos = 0;

	return entry->fops->write(&file, text, strlen(text), &pos);
}

long strncpy_from_user(char *to, const char *from, long n)
{
	long len = strnlen(from, n);

	memcpy(to, from, len);
	if (len < n)
		to[len] = '\0';
	return len;
}

static bool shown_with_a_lock;

void seq_printf(struct seq_file *m, const char *fmt, ...)
{
	va_list args;

	if (shim_locks_held)
		shown_with_a_lock = true;
	va_start(args, fmt);
	m->len += vsnprintf(m->text + m->len, m->size - m->len, fmt, args);
	va_end(args);
}

/* Read "bitmap" from the word at @pos on, at most @words words. */
static void read_bitmap(const char *area, loff_t pos, unsigned int words,
			char *text, size_t size)
{
	const struct entry *entry = find_entry(area, "bitmap");
	const struct seq_operations *seq = entry->fops->seq;
	struct seq_file m = {
		.private = entry->data, .text = text, .size = size,
	};
	void *v = seq->start(&m, &pos);

	text[0] = '\0';
	for (; v && words--; v = seq->next(&m, v, &pos))
		seq->show(&m, v);
	seq->stop(&m, v);
}

static void cma_debugfs_numbers(struct kunit *test)
{
#if BITS_PER_LONG == 64
	const unsigned long unit = 1UL << 32;
#else
	const unsigned long unit = 1UL << 24;
#endif
	const unsigned int order = ilog2(unit);
	struct cma *cma = add_area(test, "large", 7 * unit + 3, 40, order);

	nr_entries = 0;
	KUNIT_EXPECT_EQ(test, shim_cma_debugfs_init(), 0);
	cma_map_take(cma->ranges, 0, 3 * unit + 1);

	KUNIT_EXPECT_EQ(test, number("large", "base_pfn"), 7 * unit + 3);
	KUNIT_EXPECT_EQ(test, number("large", "count"), 40 * unit);
	KUNIT_EXPECT_EQ(test, number("large", "order_per_bit"), order);
	KUNIT_EXPECT_EQ(test, number("large", "used"), 4 * unit);
	KUNIT_EXPECT_EQ(test, number("large", "maxchunk"), 36 * unit);
	remove_areas();
}

static void cma_debugfs_bitmap(struct kunit *test)
{
	struct cma *cma = add_area(test, "map", 0, 100, 1);
	char text[256];

	add_area(test, "even", 0, 64, 0);
	nr_entries = 0;
	KUNIT_EXPECT_EQ(test, shim_cma_debugfs_init(), 0);
	cma_map_take(cma->ranges, 0, 3);
	cma_map_take(cma->ranges, 31, 2 * 34);
	cma_map_take(cma->ranges, 99, 1);

	shown_with_a_lock = false;
	read_bitmap("map", 0, UINT_MAX, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "2147483651 4294967295 1 8\n");
	read_bitmap("map", 3, UINT_MAX, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "8\n");
	read_bitmap("map", 4, UINT_MAX, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "");
	read_bitmap("even", 0, UINT_MAX, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "0 0\n");
	KUNIT_EXPECT_FALSE(test, shown_with_a_lock);
	KUNIT_EXPECT_EQ(test, shim_locks_held, 0);
	remove_areas();
}

static void cma_debugfs_huge_bitmap(struct kunit *test)
{
#if BITS_PER_LONG == 64
	struct cma *cma = add_area(test, "huge", 0, (1UL << 37) + 32, 0);
	char text[64];

	nr_entries = 0;
	KUNIT_EXPECT_EQ(test, shim_cma_debugfs_init(), 0);
	cma_map_take(cma->ranges, (1UL << 37) - 1, 2);
	read_bitmap("huge", (1UL << 32) - 1, 3, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "2147483648 1\n");
	remove_areas();
#else
	kunit_skip(test, "an area has at most 2^20 pages");
#endif
}

/* The flat names tell of the first range, or of all. */
static void cma_debugfs_ranges(struct kunit *test)
{
	struct cma *cma = add_area(test, "holes", 1000, 64, 1);
	char text[64];

	add_range(test, cma, 5000);
	add_range(test, cma, 3000);
	nr_entries = 0;
	KUNIT_EXPECT_EQ(test, shim_cma_debugfs_init(), 0);
	cma_map_take(&cma->ranges[0], 0, 2 * 40);
	cma_map_take(&cma->ranges[1], 4, 3);
	cma_map_take(&cma->ranges[2], 60, 8);

	KUNIT_EXPECT_EQ(test, number("holes", "base_pfn"), 1000);
	KUNIT_EXPECT_EQ(test, number("holes", "count"), 3 * 128);
	KUNIT_EXPECT_EQ(test, number("holes", "used"), 2 * (40 + 2 + 4));
	KUNIT_EXPECT_EQ(test, number("holes", "maxchunk"), 2 * 60);
	read_bitmap("holes", 0, UINT_MAX, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "4294967295 255\n");

	KUNIT_EXPECT_EQ(test, number("holes/ranges/0", "base_pfn"), 1000);
	KUNIT_EXPECT_EQ(test, number("holes/ranges/1", "base_pfn"), 5000);
	KUNIT_EXPECT_EQ(test, number("holes/ranges/2", "base_pfn"), 3000);
	KUNIT_EXPECT_EQ(test, number("holes/ranges/2", "count"), 128);
	read_bitmap("holes/ranges/0", 0, UINT_MAX, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "4294967295 255\n");
	read_bitmap("holes/ranges/1", 0, UINT_MAX, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "48 0\n");
	read_bitmap("holes/ranges/2", 0, UINT_MAX, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "0 4026531840\n");
	remove_areas();
}

/* The allocator behind "alloc" and "free": from the first page upwards. */
static struct page pages[64];
static unsigned long nr_allocated, nr_released;
static const struct page *released;

struct page *cma_alloc(struct cma *cma, unsigned long count,
		       unsigned int align, bool no_warn)
{
	struct page *page = &pages[nr_allocated];

	if (count > cma->count - nr_allocated)
		return NULL;

	nr_allocated += count;
	return page;
}

bool cma_release(struct cma *cma, const struct page *pages, unsigned long count)
{
	released = pages;
	nr_released += count;
	return true;
}

static void cma_debugfs_alloc_and_free(struct kunit *test)
{
	static const char * const refused[] = {
		"", "\n", "0", "-1", "x", "1x", "1 2", "65", "4294967297",
		"18446744073709551616", "18446744073709551617",
		"00000000000000000000000000000000000000000000000000000001",
	};

	add_area(test, "area", 0, 32, 1);
	nr_entries = 0;
	nr_allocated = 0;
	nr_released = 0;
	KUNIT_EXPECT_EQ(test, shim_cma_debugfs_init(), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++) {
		KUNIT_EXPECT_TRUE(test, write_file("area", "alloc", refused[i]) < 0);
		KUNIT_EXPECT_TRUE(test, write_file("area", "free", refused[i]) < 0);
	}
	KUNIT_EXPECT_EQ(test, nr_allocated, 0);
	KUNIT_EXPECT_TRUE(test, write_file("area", "free", "1") < 0);

	KUNIT_EXPECT_EQ(test, write_file("area", "alloc", "4\n"), 2);
	KUNIT_EXPECT_EQ(test, write_file("area", "alloc", "0x6"), 3);
	KUNIT_EXPECT_EQ(test, nr_allocated, 10);
	/* More than is held; a part of a unit, of the first and of the second. */
	KUNIT_EXPECT_TRUE(test, write_file("area", "free", "11") < 0);
	KUNIT_EXPECT_TRUE(test, write_file("area", "free", "3") < 0);
	KUNIT_EXPECT_TRUE(test, write_file("area", "free", "7") < 0);
	KUNIT_EXPECT_EQ(test, nr_released, 0);

	/* The newest goes first, from its start on. */
	KUNIT_EXPECT_EQ(test, write_file("area", "free", "2"), 1);
	KUNIT_EXPECT_EQ(test, nr_released, 2);
	KUNIT_EXPECT_TRUE(test, released == &pages[4]);
	KUNIT_EXPECT_EQ(test, write_file("area", "free", "6"), 1);
	KUNIT_EXPECT_EQ(test, nr_released, 8);
	KUNIT_EXPECT_TRUE(test, released == &pages[0]);
	KUNIT_EXPECT_EQ(test, write_file("area", "free", "2\n"), 2);
	KUNIT_EXPECT_TRUE(test, released == &pages[2]);
	KUNIT_EXPECT_TRUE(test, write_file("area", "free", "1") < 0);

	/* Memory runs out before, or the area itself. */
	shim_fail_alloc = 1;
	KUNIT_EXPECT_EQ(test, write_file("area", "alloc", "1"), -ENOMEM);
	KUNIT_EXPECT_EQ(test, write_file("area", "alloc", "64"), -ENOMEM);
	KUNIT_EXPECT_EQ(test, nr_allocated, 10);
	remove_areas();
}

/*
 * sysfs: a name can be taken once
 */

static struct kobject *kobjects[8];
static unsigned int nr_kobjects;

struct kobject *kobject_create_and_add(const char *name, struct kobject *parent)
{
	static struct kobject root;

	return &root;
}

int kobject_init_and_add(struct kobject *kobj, const struct kobj_type *ktype,
			 struct kobject *parent, const char *fmt, ...)
{
	va_list args;

	kobj->ktype = ktype;
	va_start(args, fmt);
	vsnprintf(kobj->name, sizeof(kobj->name), fmt, args);
	va_end(args);
	for (unsigned int i = 0; i < nr_kobjects; i++) {
		if (!strcmp(kobjects[i]->name, kobj->name))
			return -EEXIST;
	}

	kobjects[nr_kobjects++] = kobj;
	return 0;
}

void kobject_put(struct kobject *kobj)
{
	kobj->ktype->release(kobj);
}

int sysfs_emit(char *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsprintf(buf, fmt, args);
	va_end(args);
	return len;
}

int sysfs_emit_at(char *buf, int at, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsprintf(buf + at, fmt, args);
	va_end(args);
	return len;
}

/* There are no pages to inspect, and no allocations. */
unsigned long cma_longest_free_run(struct cma *cma)
{
	return 0;
}

void cma_describe_add_files(struct cma *cma, struct dentry *dir)
{
}

void cma_failure_add_files(struct cma *cma, struct dentry *dir)
{
}

/* The headroom behind "headroom" and "prepare": what was set is told, and nothing done. */
static unsigned long headroom_pages, extra_pages, ready_pages;
static unsigned int extra_ms, headroom_calls;
static int headroom_ret;

int cma_set_headroom(struct cma *cma, unsigned long pages)
{
	headroom_calls++;
	headroom_pages = pages;
	return headroom_ret;
}

int cma_prepare(struct cma *cma, unsigned long pages, unsigned int ms)
{
	headroom_calls++;
	extra_pages = pages;
	extra_ms = ms;
	return headroom_ret;
}

unsigned long cma_headroom_pages(const struct cma *cma)
{
	return headroom_pages;
}

unsigned long cma_ready_pages(const struct cma *cma)
{
	return ready_pages;
}

unsigned long cma_longest_ready_run(const struct cma *cma)
{
	return ready_pages / 2;
}

u64 cma_served(const struct cma *cma, enum cma_ready ready)
{
	return 100 + ready;
}

u64 cma_refill_ns(const struct cma *cma)
{
	return U64_MAX;
}

const char *cma_short_of_headroom(const struct cma *cma)
{
	return ready_pages < headroom_pages ? "refilling" : "no";
}

void cma_set_user_only(struct cma *cma, bool user_only)
{
	cma->user_only = user_only;
}

static struct kobj_attribute *find_attr(unsigned int nr, const char *name)
{
	struct attribute **attrs = kobjects[nr]->ktype->default_groups[0]->attrs;

	for (; *attrs; attrs++) {
		if (!strcmp((*attrs)->name, name))
			return container_of(*attrs, struct kobj_attribute, attr);
	}

	printf("# no file %s\n", name);
	exit(1);
}

static const char *sysfs_text(unsigned int nr, const char *name)
{
	struct kobj_attribute *attr = find_attr(nr, name);
	static char text[4096];

	text[0] = '\0';
	attr->show(kobjects[nr], attr, text);
	return text;
}

static ssize_t sysfs_write(unsigned int nr, const char *name, const char *text)
{
	struct kobj_attribute *attr = find_attr(nr, name);

	shim_last_line[0] = '\0';
	return attr->store(kobjects[nr], attr, text, strlen(text));
}

static u64 sysfs_number(unsigned int nr, const char *name)
{
	const char *text = sysfs_text(nr, name);

	return text[0] && strchr(text, '\n') ? strtoull(text, NULL, 10) : -1;
}

static void forget_kobjects(void)
{
	while (nr_kobjects)
		kobject_put(kobjects[--nr_kobjects]);
	remove_areas();
}

static void cma_sysfs_names(struct kunit *test)
{
	add_area(test, "%d%%s", 0, 1, 0);
	KUNIT_EXPECT_EQ(test, shim_cma_sysfs_init(), 0);
	KUNIT_EXPECT_EQ(test, nr_kobjects, 1);
	KUNIT_EXPECT_STREQ(test, kobjects[0]->name, "%d%%s");
	forget_kobjects();
}

/* Whatever becomes of one area, the others are there. */
static void cma_sysfs_goes_on(struct kunit *test)
{
	for (unsigned int no_memory = 0; no_memory < 2; no_memory++) {
		add_area(test, "a", 0, 1, 0);
		add_area(test, no_memory ? "b" : "a", 0, 1, 0);
		add_area(test, "c", 0, 1, 0);
		shim_fail_alloc = no_memory ? 2 : 0;
		KUNIT_EXPECT_EQ(test, shim_cma_sysfs_init(), 0);
		KUNIT_EXPECT_EQ(test, nr_kobjects, 2);
		KUNIT_EXPECT_STREQ(test, kobjects[1]->name, "c");
		KUNIT_EXPECT_NULL(test, areas[1]->cma_kobj);
		KUNIT_EXPECT_NOT_NULL(test, areas[2]->cma_kobj);
		forget_kobjects();
	}
}

static void cma_sysfs_ranges(struct kunit *test)
{
	struct cma *cma = add_area(test, "a", 0, 40, 3);

	add_range(test, cma, 1000);
	cma_map_take(&cma->ranges[1], 0, 9);
	KUNIT_EXPECT_EQ(test, shim_cma_sysfs_init(), 0);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "total_pages"), 640);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "available_pages"), 624);
	forget_kobjects();
}

static void cma_sysfs_numbers(struct kunit *test)
{
	struct cma *cma = add_area(test, "a", 0, 40, BITS_PER_LONG == 64 ? 33 : 20);
	unsigned long unit = 1UL << cma->ranges[0].order_per_bit;

	cma_map_take(cma->ranges, 0, unit + 1);
	cma_count_success(cma, unit + 1);
	cma_count_success(cma, 2);
	cma_count_failure(cma, 5 * unit);
	cma_count_release(cma, 7 * unit);
	KUNIT_EXPECT_EQ(test, shim_cma_sysfs_init(), 0);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "total_pages"), 40 * unit);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "available_pages"), 38 * unit);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "alloc_pages_success"), unit + 3);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "alloc_pages_fail"), 5 * unit);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "release_pages_success"), 7 * unit);
	forget_kobjects();
}

/* Most that was ever allocated at a time, whatever comes and goes. */
static void cma_sysfs_high_water(struct kunit *test)
{
	struct cma *cma = add_area(test, "a", 0, 40, 0);

	cma_count_success(cma, 5);
	cma_count_success(cma, 7);
	cma_count_release(cma, 9);
	cma_count_success(cma, 8);
	KUNIT_EXPECT_EQ(test, shim_cma_sysfs_init(), 0);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "high_water_pages"), 12);
	cma_count_success(cma, 2);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "high_water_pages"), 13);
	cma_count_migrated(cma, 3);
	cma_count_given_up(cma);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "pages_migrated"), 3);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "ranges_given_up"), 1);
	forget_kobjects();
}

static u64 bucket(const char *file, const char *bound)
{
	const char *line = strstr(sysfs_text(0, file), bound);

	return line ? strtoull(line + strlen(bound), NULL, 10) : -1;
}

static void cma_sysfs_latency(struct kunit *test)
{
	struct cma *cma = add_area(test, "a", 0, 40, 0);
	static const u64 times[] = {
		0, 1, 511, 512, 1023, 1024, 1ULL << 30, (1ULL << 34) - 1,
		1ULL << 34, U64_MAX,
	};

	KUNIT_EXPECT_EQ(test, shim_cma_sysfs_init(), 0);
	/* No memory, no histogram. */
	cma_count_latency(cma, 1, true);
	KUNIT_EXPECT_STREQ(test, sysfs_text(0, "latency_success"), "");

	cma_latency_init(cma);
	for (unsigned int i = 0; i < ARRAY_SIZE(times); i++)
		cma_count_latency(cma, times[i], true);
	cma_count_latency(cma, 600, false);

	/* Each counts what is below its bound, and not below the one before. */
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "latency_success"), 512);
	KUNIT_EXPECT_EQ(test, bucket("latency_success", "512 "), 3);
	KUNIT_EXPECT_EQ(test, bucket("latency_success", "\n1024 "), 2);
	KUNIT_EXPECT_EQ(test, bucket("latency_success", "\n2048 "), 1);
	KUNIT_EXPECT_EQ(test, bucket("latency_success", "\n1073741824 "), 0);
	KUNIT_EXPECT_EQ(test, bucket("latency_success", "\n2147483648 "), 1);
	KUNIT_EXPECT_EQ(test, bucket("latency_success", "\n17179869184 "), 1);
	KUNIT_EXPECT_EQ(test, bucket("latency_success", "\ninf "), 2);
	KUNIT_EXPECT_EQ(test, bucket("latency_fail", "\n1024 "), 1);
	KUNIT_EXPECT_EQ(test, bucket("latency_fail", "\ninf "), 0);
	kfree(cma->latency);
	forget_kobjects();
}

static void cma_sysfs_headroom(struct kunit *test)
{
	/* Of 40 units of 8 pages, which are 1280 KiB. */
	static const struct {
		const char *text;
		unsigned long pages;
	} good[] = {
		{ "0", 0 }, { "0\n", 0 }, { "64K\n", 16 }, { "1", 1 }, { "4097", 2 },
		{ "50%\n", 160 }, { "1%\t\n", 4 }, { "100%", 320 }, { "1280k\n", 320 },
	};
	static const char * const bad[] = {
		"", "\n", " 64K", "64KB\n", "64K 5\n", "-1", "101%\n", "1281K\n",
		"1310721", "16E", "%s%n", "64K,",
	};

	add_area(test, "a", 0, 40, 3);
	KUNIT_EXPECT_EQ(test, shim_cma_sysfs_init(), 0);
	headroom_ret = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		KUNIT_EXPECT_EQ_MSG(test, sysfs_write(0, "headroom", good[i].text),
				    strlen(good[i].text), "%s", good[i].text);
		KUNIT_EXPECT_EQ_MSG(test, headroom_pages, good[i].pages, "%s",
				    good[i].text);
		KUNIT_EXPECT_EQ(test, sysfs_number(0, "headroom"),
				good[i].pages * PAGE_SIZE);
		KUNIT_EXPECT_STREQ(test, shim_last_line, "");
	}

	headroom_calls = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ_MSG(test, sysfs_write(0, "headroom", bad[i]), -EINVAL,
				    "%s", bad[i]);
		KUNIT_EXPECT_NOT_NULL(test, strstr(shim_last_line, "1310720 bytes\n"));
	}
	KUNIT_EXPECT_EQ(test, headroom_calls, 0);

	headroom_ret = -ENOMEM;
	KUNIT_EXPECT_EQ(test, sysfs_write(0, "headroom", "64K"), -ENOMEM);
	forget_kobjects();
}

static void cma_sysfs_lend(struct kunit *test)
{
	static const char * const bad[] = {
		"", "\n", "users", "use", "User", " user", "user ", "user movable", "movable,",
		"1", "%s%n",
	};

	add_area(test, "a", 0, 40, 3);
	KUNIT_EXPECT_EQ(test, shim_cma_sysfs_init(), 0);
	KUNIT_EXPECT_STREQ(test, sysfs_text(0, "lend"), "movable\n");
	KUNIT_EXPECT_EQ(test, sysfs_write(0, "lend", "user\n"), 5);
	KUNIT_EXPECT_STREQ(test, sysfs_text(0, "lend"), "user\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ_MSG(test, sysfs_write(0, "lend", bad[i]), -EINVAL, "%s",
				    bad[i]);
		KUNIT_EXPECT_NOT_NULL(test, strstr(shim_last_line,
						   "expected \"movable\" or \"user\"\n"));
	}
	KUNIT_EXPECT_STREQ(test, sysfs_text(0, "lend"), "user\n");
	KUNIT_EXPECT_EQ(test, sysfs_write(0, "lend", "movable"), 7);
	KUNIT_EXPECT_STREQ(test, sysfs_text(0, "lend"), "movable\n");
	forget_kobjects();
}

static void cma_sysfs_prepare(struct kunit *test)
{
	static const struct {
		const char *text;
		unsigned long pages;
		unsigned int ms;
	} good[] = {
		{ "64K 500\n", 16, 500 }, { "1 1", 1, 1 }, { "50%\t  20", 160, 20 },
		{ "1280K 3600000", 320, 3600000 },
	};
	static const char * const bad[] = {
		"", "\n", "64K", "64K\n", "64K\t\n", "0 500", "0% 500", "64K,500",
		"64K500", "64K x", "64K -5", "64K 5 6", "64K 5ms", "64K 3600001",
		"64K 4294967297", "64K 18446744073709551617", "101% 5", "1281K 5",
		" 64K 5", "%s %n",
	};

	add_area(test, "a", 0, 40, 3);
	KUNIT_EXPECT_EQ(test, shim_cma_sysfs_init(), 0);
	KUNIT_EXPECT_NULL(test, find_attr(0, "prepare")->show);
	headroom_ret = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		KUNIT_EXPECT_EQ_MSG(test, sysfs_write(0, "prepare", good[i].text),
				    strlen(good[i].text), "%s", good[i].text);
		KUNIT_EXPECT_EQ_MSG(test, extra_pages, good[i].pages, "%s", good[i].text);
		KUNIT_EXPECT_EQ_MSG(test, extra_ms, good[i].ms, "%s", good[i].text);
		KUNIT_EXPECT_STREQ(test, shim_last_line, "");
	}

	headroom_calls = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ_MSG(test, sysfs_write(0, "prepare", bad[i]), -EINVAL,
				    "%s", bad[i]);
		KUNIT_EXPECT_NOT_NULL(test, strstr(shim_last_line, "at most 3600000\n"));
	}
	KUNIT_EXPECT_EQ(test, headroom_calls, 0);

	headroom_ret = -ENOMEM;
	KUNIT_EXPECT_EQ(test, sysfs_write(0, "prepare", "64K 5"), -ENOMEM);
	forget_kobjects();
}

/* Sizes that 32 bits do not hold, as bytes or at all. */
static void cma_sysfs_headroom_numbers(struct kunit *test)
{
	const unsigned int order = BITS_PER_LONG == 64 ? 33 : 20;

	add_area(test, "a", 0, 40, order);
	KUNIT_EXPECT_EQ(test, shim_cma_sysfs_init(), 0);
	headroom_ret = 0;
	ready_pages = 6UL << order;
	KUNIT_EXPECT_TRUE(test, sysfs_write(0, "headroom", "100%") > 0);
	KUNIT_EXPECT_EQ(test, headroom_pages, 40UL << order);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "headroom"), (u64)PAGE_SIZE * 40 << order);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "headroom_ready"),
			(u64)PAGE_SIZE * 6 << order);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "headroom_longest"),
			(u64)PAGE_SIZE * 3 << order);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "headroom_served"), 100 + CMA_READY);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "headroom_served_partly"),
			100 + CMA_PARTLY_READY);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "headroom_not_served"),
			100 + CMA_NOT_READY);
	KUNIT_EXPECT_EQ(test, sysfs_number(0, "headroom_refill_us"), U64_MAX / 1000);
	KUNIT_EXPECT_STREQ(test, sysfs_text(0, "headroom_short"), "refilling\n");
	KUNIT_EXPECT_TRUE(test, sysfs_write(0, "headroom", "0") > 0);
	KUNIT_EXPECT_STREQ(test, sysfs_text(0, "headroom_short"), "no\n");
	forget_kobjects();
}

static struct kunit_case window_cases[] = {
	KUNIT_CASE(cma_debugfs_numbers),
	KUNIT_CASE(cma_debugfs_bitmap),
	KUNIT_CASE(cma_debugfs_huge_bitmap),
	KUNIT_CASE(cma_debugfs_ranges),
	KUNIT_CASE(cma_debugfs_alloc_and_free),
	KUNIT_CASE(cma_sysfs_names),
	KUNIT_CASE(cma_sysfs_goes_on),
	KUNIT_CASE(cma_sysfs_numbers),
	KUNIT_CASE(cma_sysfs_ranges),
	KUNIT_CASE(cma_sysfs_high_water),
	KUNIT_CASE(cma_sysfs_latency),
	KUNIT_CASE(cma_sysfs_headroom),
	KUNIT_CASE(cma_sysfs_lend),
	KUNIT_CASE(cma_sysfs_prepare),
	KUNIT_CASE(cma_sysfs_headroom_numbers),
	{}
};

static struct kunit_suite window_suite = {
	.name = "cma_windows",
	.test_cases = window_cases,
};

kunit_test_suites(&window_suite);
