/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the Contiguous Memory Allocator share: the areas of the
 * running kernel, all that can be read about one, and the calls of
 * /dev/cma_test.
 */
#ifndef CMA_SELFTEST_H
#define CMA_SELFTEST_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../../mm/tests/cma_test.h"

#define SYSFS	"/sys/kernel/mm/cma"
#define DEBUGFS	"/sys/kernel/debug/cma"

/* linux/mempolicy.h is not everywhere. */
#ifndef MPOL_BIND
#define MPOL_BIND	2
#endif

struct area {
	char name[CMA_TEST_NAME_LEN];
	uint64_t base_pfn;
	uint64_t pages;
	uint64_t unit;			/* pages */
	uint64_t page_size;
};

/* All that can be seen of the pages of an area. */
struct state {
	uint64_t success;		/* alloc_pages_success, and so on */
	uint64_t fail;
	uint64_t release;
	uint64_t available;
	uint64_t used;
	uint64_t maxchunk;
	uint64_t free_cma;		/* nr_free_cma, as read_settled_state() has it */
	uint64_t missing;		/* likewise */
	char *bitmap;
};

static inline bool read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return false;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	buf[len] = '\0';
	close(fd);
	return true;
}

/* UINT64_MAX if there is no such file, or no number in it */
static inline uint64_t read_number(const char *dir, const char *name,
				   const char *file)
{
	char path[256], text[64], *end;
	uint64_t value;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, name, file);
	if (!read_text(path, text, sizeof(text)))
		return UINT64_MAX;
	value = strtoull(text, &end, 10);
	return end > text ? value : UINT64_MAX;
}

static inline uint64_t read_vmstat(const char *name)
{
	char text[16384], *at = text;
	size_t len = strlen(name);

	if (!read_text("/proc/vmstat", text, sizeof(text)))
		return UINT64_MAX;
	while (at) {
		if (!strncmp(at, name, len) && at[len] == ' ')
			return strtoull(at + len, NULL, 10);
		at = strchr(at, '\n');
		if (at)
			at++;
	}
	return UINT64_MAX;
}

/* bytes */
static inline uint64_t read_meminfo(const char *name)
{
	char text[8192], *at;

	if (!read_text("/proc/meminfo", text, sizeof(text)))
		return 0;
	at = strstr(text, name);
	return at ? strtoull(at + strlen(name) + 1, NULL, 10) << 10 : 0;
}

/* Return: what it was before */
static inline int set_number(const char *path, int value)
{
	char text[32] = "";
	int fd;

	read_text(path, text, sizeof(text));
	fd = open(path, O_WRONLY);
	if (fd >= 0) {
		dprintf(fd, "%d", value);
		close(fd);
	}
	return atoi(text);
}

/* The line about the newest failure, which follows the names of the columns, or nothing */
static inline void newest_failure(const struct area *area, char *text, size_t size)
{
	char path[256], *line;

	snprintf(path, sizeof(path), DEBUGFS "/%s/failures", area->name);
	text[0] = '\0';
	line = read_text(path, text, size) ? strchr(text, '\n') : NULL;
	line = line ? line + 1 : text + strlen(text);
	line[strcspn(line, "\n")] = '\0';
	memmove(text, line, strlen(line) + 1);
}

static inline bool put_text(const struct area *area, const char *file, const char *text)
{
	char path[256];
	ssize_t len = strlen(text);
	bool ok;
	int fd;

	snprintf(path, sizeof(path), SYSFS "/%s/%s", area->name, file);
	fd = open(path, O_WRONLY);
	ok = fd >= 0 && write(fd, text, len) == len;
	close(fd);
	return ok;
}

/* Pages; false if there is no headroom in this kernel */
static inline bool set_headroom(const struct area *area, uint64_t pages)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (long long)(pages * area->page_size));
	return put_text(area, "headroom", text);
}

/* What is mounted from here on is mounted for this test alone. */
static inline bool unshare_mounts(void)
{
	return !unshare(CLONE_NEWNS) &&
	       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

#define NO_RAM_DISK	"no ext2 on /dev/ram0: needs a RAM disk, ext2 and mke2fs"

/* A file system that has pages of its own, and a page cache */
static inline bool mount_ram_disk(const char *dir)
{
	mkdir("/tmp", 0755);
	mkdir(dir, 0700);
	return !system("{ mke2fs -q -F /dev/ram0 || mke2fs -F /dev/ram0; } >/dev/null 2>&1") &&
	       !mount("/dev/ram0", dir, "ext2", 0, NULL);
}

static inline int cma_open(void)
{
	return open(CMA_TEST_DEVICE, O_RDWR | O_CLOEXEC);
}

/*
 * The largest area of which a unit is one page, or is more than a page. An area
 * that is to be tested alone is named by CMA_TEST_AREA.
 */
static inline bool find_area(int fd, bool large_units, struct area *found)
{
	const char *wanted = getenv("CMA_TEST_AREA");
	bool any = false;

	for (int i = 0;; i++) {
		struct cma_test_info info = { };
		uint64_t order;

		snprintf(info.area, sizeof(info.area), "#%d", i);
		if (ioctl(fd, CMA_TEST_INFO, &info))
			return any;
		order = read_number(DEBUGFS, info.area, "order_per_bit");
		if (order > 63 || !order == large_units)
			continue;
		if (wanted ? strcmp(wanted, info.area) :
			     any && info.pages <= found->pages)
			continue;
		strcpy(found->name, info.area);
		found->base_pfn = info.base_pfn;
		found->pages = info.pages;
		found->unit = 1ULL << order;
		found->page_size = 1ULL << info.page_shift;
		any = true;
	}
}

/* Where each of @count pages is; 0 if it is nowhere */
static inline void pfns_of(int pagemap, const void *at, size_t count,
			   size_t page_size, uint64_t *pfns)
{
	size_t len = count * sizeof(*pfns);

	if (pread(pagemap, pfns, len, (uintptr_t)at / page_size *
		  sizeof(*pfns)) != (ssize_t)len)
		memset(pfns, 0, len);
	for (size_t i = 0; i < count; i++)
		pfns[i] = pfns[i] >> 63 ? pfns[i] & ((1ULL << 55) - 1) : 0;
}

/* Where one is */
static inline uint64_t pfn_of(const void *at)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t pfn;

	pfns_of(pagemap, at, 1, getpagesize(), &pfn);
	close(pagemap);
	return pfn;
}

static inline bool in_area(const struct area *area, uint64_t pfn)
{
	return pfn >= area->base_pfn && pfn < area->base_pfn + area->pages;
}

/* The free pages of a zone, as /proc/zoneinfo has them */
struct zone {
	int node;
	bool movable;			/* ZONE_MOVABLE */
	uint64_t free;
	uint64_t cma;
};

static inline struct zone zone_of(uint64_t pfn)
{
	struct zone zone = { }, found = { };
	FILE *file = fopen("/proc/zoneinfo", "r");
	char line[256];
	long long n, spanned = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Node %lld", &n) == 1) {
			zone.node = n;
			zone.movable = strstr(line, " Movable");
		}
		if (sscanf(line, " pages free %lld", &n) == 1)
			zone.free = n;
		if (sscanf(line, " nr_free_cma %lld", &n) == 1)
			zone.cma = n;
		if (sscanf(line, " spanned %lld", &n) == 1)
			spanned = n;
		if (sscanf(line, " start_pfn: %lld", &n) == 1 &&
		    pfn >= (uint64_t)n && pfn < (uint64_t)(n + spanned))
			found = zone;
	}
	if (file)
		fclose(file);
	return found;
}

/*
 * Is the area in the zone that programs have their memory from first? The default is that
 * areas come last.
 */
static inline bool in_own_zone(const struct area *area)
{
	return zone_of(area->base_pfn).movable;
}

/*
 * What this process allocates from here on, also in the kernel, is of that node; -1: of any.
 * Return: false if there is no such node, or but one in a kernel without the call.
 */
static inline bool use_node(long node)
{
	unsigned long mask[16] = { };
	const long bits = 8 * sizeof(mask[0]);

	if (node < 0)
		return true;
	if (node >= 16 * bits)
		return false;
	mask[node / bits] = 1UL << node % bits;
	return !syscall(SYS_set_mempolicy, MPOL_BIND, mask, 8 * sizeof(mask));
}

/* For what borrows from it there must be room elsewhere. */
static inline bool can_be_emptied(const struct area *area)
{
	return area->pages * area->page_size * 3 <= read_meminfo("MemTotal:");
}

/* Memory that gets a small page where it is touched first, or NULL */
static inline char *map_untouched(size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	madvise(at, size, MADV_NOHUGEPAGE);
	return at;
}

/*
 * Take all that can be had of all areas at the same time, or pages would go from one to
 * another. Return: whose it is, to be closed; in @missing, pages that nobody else holds
 * and that could not be had.
 */
static inline int hold_areas(uint64_t *missing)
{
	int hold = cma_open();

	*missing = 0;
	for (int i = 0;; i++) {
		struct cma_test_info info = { };
		struct cma_test_range r = { .flags = CMA_TEST_NOWARN };

		snprintf(info.area, sizeof(info.area), "#%d", i);
		if (ioctl(hold, CMA_TEST_INFO, &info))
			return hold;
		memcpy(r.area, info.area, sizeof(r.area));
		*missing += info.pages - read_number(DEBUGFS, info.area, "used");
		do {
			*missing -= r.count;
			r.count = read_number(DEBUGFS, info.area, "maxchunk");
		} while (r.count && r.count <= info.pages &&
			 !ioctl(hold, CMA_TEST_ALLOC, &r));
	}
}

/*
 * The page allocator turns to an area when as little is left elsewhere, or to an area in
 * a zone of its own before all else. So have little left outside of areas: @keep bytes.
 * Return: what takes up the rest, which has @size bytes, or NULL.
 */
static inline char *take_ballast(uint64_t keep, size_t *size)
{
	uint64_t missing;
	char *ballast;
	int hold;

	hold = hold_areas(&missing);
	*size = read_meminfo("MemFree:");
	ballast = map_untouched(*size);
	for (size_t at = 0; ballast && at < *size; at += getpagesize()) {
		if (at % (1 << 20) == 0 &&
		    read_meminfo("MemFree:") < read_meminfo("CmaFree:") + keep)
			break;
		ballast[at] = 1;
	}
	close(hold);
	return ballast;
}

static inline void read_state(const struct area *area, struct state *state)
{
	size_t size = area->pages / area->unit / 32 * 11 + 64;
	char path[256];

	state->success = read_number(SYSFS, area->name, "alloc_pages_success");
	state->fail = read_number(SYSFS, area->name, "alloc_pages_fail");
	state->release = read_number(SYSFS, area->name, "release_pages_success");
	state->available = read_number(SYSFS, area->name, "available_pages");
	state->used = read_number(DEBUGFS, area->name, "used");
	state->maxchunk = read_number(DEBUGFS, area->name, "maxchunk");
	/* A kernel without this file still has all the rest to be tested. */
	if (state->available == UINT64_MAX)
		state->available = area->pages - state->used;
	state->free_cma = read_vmstat("nr_free_cma");
	state->missing = 0;
	state->bitmap = malloc(size);
	snprintf(path, sizeof(path), "%s/%s/bitmap", DEBUGFS, area->name);
	if (state->bitmap && !read_text(path, state->bitmap, size))
		state->bitmap[0] = '\0';
}

/* What two states differ in, or NULL. Counters only count up. */
static inline const char *state_differs(const struct state *a,
					const struct state *b, bool counters)
{
	if (a->used != b->used)
		return "used";
	if (a->available != b->available)
		return "available_pages";
	if (a->maxchunk != b->maxchunk)
		return "maxchunk";
	if (!a->bitmap || !b->bitmap || strcmp(a->bitmap, b->bitmap))
		return "bitmap";
	if (a->success - a->release != b->success - b->release)
		return "alloc_pages_success - release_pages_success";
	if (counters && a->success != b->success)
		return "alloc_pages_success";
	if (counters && a->fail != b->fail)
		return "alloc_pages_fail";
	return NULL;
}

/* 0 or -errno */
static inline int cma_get(int fd, const struct area *area, uint64_t count,
			  unsigned int order, unsigned int flags, uint64_t *pfn)
{
	struct cma_test_range r = {
		.count = count, .order = order, .flags = flags,
	};
	int ret;

	strcpy(r.area, area->name);
	ret = ioctl(fd, CMA_TEST_ALLOC, &r);
	*pfn = r.pfn;
	return ret ? -errno : 0;
}

/* A page may be in use for a moment, and be free the next. */
static inline int cma_get_patiently(int fd, const struct area *area,
				    uint64_t count, uint64_t *pfn)
{
	int ret = -ENOMEM;

	for (int i = 0; i < 10 && ret; i++) {
		if (i)
			usleep(100000);
		ret = cma_get(fd, area, count, 0, 0, pfn);
	}
	return ret;
}

/* What cma_release() returned, or -errno if it was not even called */
static inline int cma_put(int fd, const struct area *area, uint64_t pfn,
			  uint64_t count)
{
	struct cma_test_range r = { .pfn = pfn, .count = count };

	strcpy(r.area, area->name);
	if (ioctl(fd, CMA_TEST_RELEASE, &r))
		return -errno;
	return r.ok;
}

static inline bool cma_stamp(int fd, uint64_t pfn, uint64_t count,
			     uint64_t seed)
{
	struct cma_test_pattern p = { .pfn = pfn, .count = count, .seed = seed };

	return !ioctl(fd, CMA_TEST_STAMP, &p) && p.bad == count;
}

static inline bool cma_verify(int fd, uint64_t pfn, uint64_t count,
			      uint64_t seed)
{
	struct cma_test_pattern p = { .pfn = pfn, .count = count, .seed = seed };

	return !ioctl(fd, CMA_TEST_VERIFY, &p) && p.bad == count;
}

/* Each CPU counts for itself, and adds up from time to time. */
static inline void sum_up(int fd)
{
	int sum;

	ioctl(fd, CMA_TEST_SETTLE);
	sum = open("/proc/sys/vm/stat_refresh", O_WRONLY);
	if (sum >= 0) {
		if (write(sum, "1", 1) != 1)
			perror("stat_refresh");
		close(sum);
	}
}

/*
 * Make the numbers of free pages exact: no process borrows a page of any area, and
 * none is on a CPU's private list. Return: pages that could not be had meanwhile; in
 * @free_cma, nr_free_cma at that time, when no program can borrow, or give back.
 */
static inline uint64_t settle_and_count(int fd, uint64_t *free_cma)
{
	uint64_t missing;
	int hold = hold_areas(&missing);

	sum_up(fd);
	*free_cma = read_vmstat("nr_free_cma");
	close(hold);
	sum_up(fd);
	return missing;
}

static inline void settle(int fd)
{
	uint64_t free_cma;

	settle_and_count(fd, &free_cma);
}

/*
 * Where areas are in a zone of their own, programs borrow at once, even this one. What can
 * be compared is what nobody has while the areas are held, and that nothing is missing.
 */
static inline void read_settled_state(int fd, const struct area *area, struct state *state)
{
	uint64_t free_cma, missing = settle_and_count(fd, &free_cma);

	read_state(area, state);
	if (in_own_zone(area)) {
		state->free_cma = free_cma;
		state->missing = missing;
	}
}

/*
 * What is not as it was before, counters aside, or NULL. Pages that others hold
 * for a moment are not lost, so read it again.
 */
static inline const char *state_changed(const struct area *area,
					const struct state *before)
{
	const char *what = NULL;
	int fd = cma_open();

	for (int i = 0; i < 50; i++) {
		struct state now;

		read_settled_state(fd, area, &now);
		what = state_differs(before, &now, false);
		if (!what && now.free_cma != before->free_cma)
			what = "nr_free_cma";
		if (!what && now.missing)
			what = "what can be had";
		free(now.bitmap);
		if (!what)
			break;
		usleep(100000);
	}
	close(fd);
	return what;
}

/* What the page allocator has in its lists, in all zones */
struct lists {
	uint64_t free;			/* pages */
	uint64_t free_cma;
	uint64_t free_isolated;
	uint64_t free_movable;
	uint64_t cma_blocks;
	uint64_t isolated_blocks;
};

static inline bool read_lists(struct lists *lists)
{
	char *text = malloc(65536), *line, *at, *save;
	unsigned int cma = 0, isolated = 0, i;
	bool ok, blocks = false;

	memset(lists, 0, sizeof(*lists));
	ok = text && read_text("/proc/pagetypeinfo", text, 65536);
	for (line = ok ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char type[32], zone[32], *field;
		uint64_t pages = 0;
		unsigned int node;
		int len;

		if (sscanf(line, "Node %u, zone %31[^,], type %31s%n", &node,
			   zone, type, &len) == 3) {
			for (i = 0, at = line + len; *at; i++) {
				while (*at == ' ' || *at == '>')
					at++;
				if (*at)
					pages += strtoull(at, &at, 10) << i;
			}
			lists->free += pages;
			if (!strcmp(type, "CMA"))
				lists->free_cma += pages;
			if (!strcmp(type, "Isolate"))
				lists->free_isolated += pages;
			if (!strcmp(type, "Movable"))
				lists->free_movable += pages;
			continue;
		}

		/* Then a table of the blocks of each type, with a line of titles. */
		at = strstr(line, "Number of blocks type");
		if (!strncmp(line, "Number of", 9))
			blocks = at;
		if (at) {
			at += strlen("Number of blocks type");
			for (i = 0; (field = strsep(&at, " ")); i += *field != 0) {
				if (!strcmp(field, "CMA"))
					cma = i;
				if (!strcmp(field, "Isolate"))
					isolated = i;
			}
		} else if (blocks && sscanf(line, "Node %u, zone %31s%n", &node,
					      zone, &len) == 2) {
			for (i = 0, at = line + len; *at && i <= isolated; i++) {
				pages = strtoull(at, &at, 10);
				if (i == cma)
					lists->cma_blocks += pages;
				if (i == isolated)
					lists->isolated_blocks += pages;
			}
		}
	}
	free(text);
	return ok && isolated;
}

/*
 * What of the page allocator's own accounts does not agree with its lists or
 * with @before, or NULL. Pages come and go meanwhile, so read it again.
 */
static inline const char *lists_differ(const struct lists *before)
{
	const char *what = NULL;
	int fd = cma_open();

	for (int i = 0; i < 50; i++) {
		struct lists now;

		if (i)
			usleep(100000);
		settle(fd);
		if (!read_lists(&now))
			what = "/proc/pagetypeinfo";
		else if (now.isolated_blocks)
			what = "blocks that are still isolated";
		else if (now.cma_blocks != before->cma_blocks)
			what = "blocks of CMA";
		else if (now.free_cma != read_vmstat("nr_free_cma"))
			what = "nr_free_cma and the lists of CMA";
		else if (now.free - now.free_isolated != read_vmstat("nr_free_pages"))
			what = "nr_free_pages and the lists";
		else
			what = NULL;
		if (!what)
			break;
	}
	close(fd);
	return what;
}

/* The kernel log from here on; -1 if it cannot be read */
static inline int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/*
 * Read on to the end. Return: the number of lines that have all of the words,
 * which are separated by spaces; @bytes, if wanted, is the length of all lines.
 */
static inline int log_count(int fd, const char *words, size_t *bytes)
{
	char line[2048];
	ssize_t n;
	int hits = 0;

	if (bytes)
		*bytes = 0;
	for (;;) {
		char copy[256], *word, *save;
		bool all = true;

		n = read(fd, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)	/* overwritten, go on */
			continue;
		if (n <= 0)
			return hits;
		line[n] = '\0';
		if (bytes)
			*bytes += n;
		snprintf(copy, sizeof(copy), "%s", words);
		for (word = strtok_r(copy, " ", &save); word;
		     word = strtok_r(NULL, " ", &save))
			all = all && strstr(line, word);
		hits += all;
	}
}

#endif /* CMA_SELFTEST_H */
