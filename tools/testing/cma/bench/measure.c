// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's part of make bench: brings an area into a state, has the kernel
 * allocate from it, and prints what that took, a line for each allocation:
 *
 *	scenario,pages,areas,threads,round,index,ok,possible,alloc_ns,release_ns,moved
 *
 * "possible" is 0 if each run of pages that could have been taken held a pinned
 * page. For threads, alloc_ns is the time of all divided by the number of
 * allocations. Folios are called f512 and the like.
 *
 * Every page of the area is first allocated. Then those that are to be borrowed
 * are released, kind by kind, and for each kind pages are made until all of them
 * lie where they should; what is left is released at last. So a seed makes the
 * same state under each kernel, to the page.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../selftests/cma/busy_loads.h"

#define BENCH	"/sys/kernel/debug/cma_bench"
#define DIR	"/tmp/cma_bench"
#define OUTSIDE	4096		/* KiB that are free at least while the area fills */
#define SPARE	65536		/* pages that may come to lie elsewhere */
#define FOLIO	(-1)
#define READAHEAD "/sys/fs/ext4/ram0/inode_readahead_blks"
#define TRACK	"/sys/module/cma/parameters/track"
#define HEADROOM "/sys/kernel/mm/cma/bench0/headroom"
#define LISTS	"/proc/sys/vm/percpu_pagelist_high_fraction"
#define RATIO	"/proc/sys/vm/cma_lend_ratio"
#define LEND	"/sys/kernel/mm/cma/bench0/lend"
/* Of the area may be free before a try: bytes, and the share of what is asked for */
#define BUSY_LOW (4UL << 20)
#define BUSY_LOW_SHARE 8

/* What a page of the area is, or is to be. */
enum { OPEN, CACHE, SHARED, ANONYMOUS, PINNED };

struct load {
	int file;
	char *at;
	size_t size;
	bool *inside;		/* of each page, whether it is in the area */
};

static struct area {
	unsigned long base, pages;
	unsigned char *kind;	/* of each page */
	unsigned char *held;	/* by a measured allocation */
	char **pinned;		/* where a page to be pinned is mapped */
	unsigned int chunk;	/* pages that are taken at once */
} area;

static int bench_fd, pagemap;
static size_t page_size;
static struct load loads[ANONYMOUS + 1];
static int pipes[2];
static uint64_t seed;

#define die(format, ...) do {						\
	fprintf(stderr, "measure: " format "\n", ##__VA_ARGS__);		\
	exit(1);							\
} while (0)

/* xorshift64*: the same under each kernel */
static uint64_t random_below(uint64_t n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (seed * 0x2545f4914f6cdd1dULL >> 33) % n;
}

static bool command(const char *format, ...)
{
	char text[128];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return write(bench_fd, text, len) == len;
}

/* What the last command gave; the caller frees it. */
static char *read_results(void)
{
	size_t size = 1 << 16, len = 0;
	char *text = malloc(size);
	ssize_t n;

	lseek(bench_fd, 0, SEEK_SET);
	while (text && (n = read(bench_fd, text + len, size - len - 1)) > 0) {
		len += n;
		if (size - len < 4096)
			text = realloc(text, size *= 2);
	}
	if (!text)
		die("no memory for the results");
	text[len] = '\0';
	return text;
}

/* Return: the first page, 0 if there is none */
static unsigned long take_run(unsigned long pages, int align, uint64_t *ns)
{
	unsigned long long time = 0;
	unsigned long pfn = 0;
	char *text;

	if (!command("hold 0 %lu %d", pages, align))
		die("hold %lu %d: %s", pages, align, strerror(errno));
	text = read_results();
	if (sscanf(text, "%llu %lu", &time, &pfn) != 2)
		die("hold %lu %d gave \"%s\"", pages, align, text);
	free(text);
	if (ns)
		*ns = time;
	return pfn;
}

static uint64_t release_run(unsigned long pfn, unsigned long pages, int align)
{
	uint64_t ns;
	char *text;

	if (!command("drop 0 %lu %lu %d", pfn, pages, align))
		die("drop %lu %lu: %s", pfn, pages, strerror(errno));
	text = read_results();
	ns = strtoull(text, NULL, 10);
	free(text);
	return ns;
}

/* What is behind @name in a file of names and numbers */
static uint64_t read_number(const char *path, const char *name)
{
	static char text[32768];
	int fd = open(path, O_RDONLY);
	ssize_t len = 0, n;
	char *at;

	while (fd >= 0 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	close(fd);
	at = strstr(text, name);
	if (!at)
		die("no %s in %s", name, path);
	return strtoull(at + strlen(name), NULL, 10);
}

static uint64_t moved_pages(void)
{
	return read_number("/proc/vmstat", "pgmigrate_success ");
}

static void set_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static void set_number(const char *path, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	set_text(path, text);
}

/* ---- States ---- */

/* Cut @total into @n parts of random length, each at least 1. */
static void cut(unsigned int *part, unsigned int n, unsigned int total)
{
	unsigned int left = total - n;

	for (unsigned int i = 0; i < n; i++)
		part[i] = 1;
	while (left) {
		unsigned int more = 1 + random_below(left < 64 ? left : 64);

		part[random_below(n)] += more;
		left -= more;
	}
}

static void shuffle(unsigned int *part, unsigned int n)
{
	for (unsigned int i = n - 1; i; i--) {
		unsigned int k = random_below(i + 1), was = part[i];

		part[i] = part[k];
		part[k] = was;
	}
}

/* Runs of random length from 1 to 512, @total pages together. Return: how many */
static unsigned int runs(unsigned int *run, unsigned int total)
{
	unsigned int n = 0;

	while (total) {
		unsigned int len = 1 + random_below(512);

		if (len > total)
			len = total;
		run[n++] = len;
		total -= len;
	}
	return n;
}

/*
 * Runs of borrowed pages and of open ones alternate. A borrowed run is of 1 to
 * 512 pages, and in it the kind changes after 1 to 64. Half: open runs are of
 * the same lengths. Otherwise they are what is left, cut at random.
 */
static void plan(unsigned int percent)
{
	unsigned long borrowed = area.pages * percent / 100, at = 0;
	unsigned int *full = calloc(area.pages + 1, sizeof(*full));
	unsigned int *open = calloc(area.pages + 1, sizeof(*open));
	unsigned int n = runs(full, borrowed);

	if (percent == 50) {
		memcpy(open, full, n * sizeof(*open));
		shuffle(open, n);
	} else {
		cut(open, n, area.pages - borrowed);
	}
	memset(area.kind, OPEN, area.pages);
	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int left = full[i]; left;) {
			unsigned int len = 1 + random_below(64);

			if (len > left)
				len = left;
			memset(area.kind + at, CACHE + random_below(3), len);
			at += len;
			left -= len;
		}
		at += open[i];
	}
	free(full);
	free(open);
}

/* One page in each of a random quarter of the blocks of 512 pages */
static void plan_pins(void)
{
	unsigned int blocks = area.pages / 512, *order = calloc(blocks, sizeof(*order));

	for (unsigned int i = 0; i < blocks; i++)
		order[i] = i;
	shuffle(order, blocks);
	for (unsigned int i = 0; i < blocks / 4; i++)
		area.kind[order[i] * 512 + random_below(512)] = PINNED;
	free(order);
}

/* What a page is borrowed by; those that get pinned are anonymous memory like other. */
static int borrower_of(unsigned long i)
{
	return area.kind[i] == PINNED ? ANONYMOUS : area.kind[i];
}

static void start_load(int kind)
{
	struct load *load = &loads[kind];
	int flags = kind >= ANONYMOUS ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE :
					MAP_SHARED;

	load->file = -1;
	load->size = (area.pages + SPARE) * page_size;
	load->inside = malloc(area.pages + SPARE);
	if (!load->inside)
		die("no memory");
	/* All of it is to be there before the area fills. */
	memset(load->inside, 0, area.pages + SPARE);
	if (kind == SHARED)
		load->file = memfd_create("bench", 0);
	else if (kind == CACHE)
		load->file = open(DIR "/file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (kind < ANONYMOUS && (load->file < 0 || ftruncate(load->file, load->size)))
		die("a file to borrow with: %s", strerror(errno));
	/* Holes of a file read as zeroes: pages that are clean, and need no disk. */
	load->at = mmap(NULL, load->size, kind == CACHE ? PROT_READ :
			PROT_READ | PROT_WRITE, flags, load->file, 0);
	if (load->at == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	madvise(load->at, load->size, MADV_NOHUGEPAGE);
	madvise(load->at, load->size, MADV_RANDOM);
}

static void end_load(int kind)
{
	struct load *load = &loads[kind];

	munmap(load->at, load->size);
	free(load->inside);
	if (load->file >= 0) {
		if (ftruncate(load->file, 0))
			die("ftruncate: %s", strerror(errno));
		close(load->file);
	}
}

static bool in_area(uint64_t pfn)
{
	return pfn >= area.base && pfn < area.base + area.pages;
}

static uint64_t pfn_of(const char *at)
{
	uint64_t entry = 0;

	if (pread(pagemap, &entry, sizeof(entry), (uintptr_t)at / page_size *
		  sizeof(entry)) != sizeof(entry) || !(entry >> 63))
		return 0;
	return entry & ((1ULL << 55) - 1);
}

static void give_back(const struct load *load, char *start, char *end)
{
	if (end == start)
		return;
	if (load->file < 0)
		madvise(start, end - start, MADV_DONTNEED);
	else if (fallocate(load->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   start - load->at, end - start))
		die("fallocate: %s", strerror(errno));
}

/*
 * Make pages until @want of them are in the area. Those that come to lie outside,
 * where there is not much, have to stay until all is done, or they would come
 * again. Return: how many are in the area.
 */
static unsigned long borrow(int kind, unsigned long want)
{
	struct load *load = &loads[kind];
	unsigned long got = 0;
	unsigned int n = 0, drained = 0;
	char *at, *start;

	for (at = load->at; got < want && at < load->at + load->size; at += page_size) {
		uint64_t pfn;

		if (n++ % 64 == 0) {
			uint64_t cma;

			/* Another CPU may hide some, or another process have taken one. */
			set_number("/proc/sys/vm/stat_refresh", 1);
			cma = read_number("/proc/meminfo", "CmaFree:");
			if (cma * 1024 / page_size <= want / 256) {
				if (drained++ == 8)
					break;
				command("drain");
			}
			/* With less, the kernel would reclaim and compact. */
			if (read_number("/proc/meminfo", "MemFree:") < cma + OUTSIDE &&
			    !command("unballast 512"))
				break;
		}

		if (madvise(at, page_size, kind == CACHE ? MADV_POPULATE_READ :
							   MADV_POPULATE_WRITE))
			break;
		pfn = pfn_of(at);
		load->inside[(at - load->at) / page_size] = in_area(pfn);
		if (!in_area(pfn))
			continue;
		got++;
		if (area.kind[pfn - area.base] == PINNED)
			area.pinned[pfn - area.base] = at;
	}

	for (start = load->at; start < at;) {
		char *end = start;

		while (end < at && !load->inside[(end - load->at) / page_size])
			end += page_size;
		give_back(load, start, end);
		start = end + page_size;
	}
	return got;
}

/* Per-CPU lists would hide a part of it from a search for single pages. */
static void release_kind(int kind)
{
	unsigned long at = 0;

	while (at < area.pages) {
		unsigned long start = at;

		while (at < area.pages && borrower_of(at) == kind)
			at++;
		if (at > start)
			release_run(area.base + start, at - start, 0);
		else
			at++;
	}
	command("drain");
}

/* No other page is to be in the area; those there for a moment go. */
static void take_all(void)
{
	unsigned long lowest = -1UL, highest = 0;
	int align = __builtin_ctz(area.chunk);

	for (unsigned long n = 0; n < area.pages; n += area.chunk) {
		unsigned long pfn = 0;

		for (int i = 0; i < 20 && !pfn; i++) {
			if (i)
				usleep(100000);
			pfn = take_run(area.chunk, align, NULL);
		}
		if (!pfn)
			die("page %lu of the empty area could not be allocated", n);
		if (pfn < lowest)
			lowest = pfn;
		if (pfn + area.chunk > highest)
			highest = pfn + area.chunk;
	}
	if (highest - lowest != area.pages)
		die("the area is not in one piece");
	area.base = lowest;
}

static void pin(void)
{
	for (unsigned long i = 0; i < area.pages; i++) {
		struct iovec iov = { area.pinned[i], page_size };

		if (area.kind[i] != PINNED)
			continue;
		if (!area.pinned[i] || pfn_of(area.pinned[i]) != area.base + i) {
			area.kind[i] = OPEN;
			continue;
		}
		if (vmsplice(pipes[1], &iov, 1, SPLICE_F_NONBLOCK) != (ssize_t)page_size)
			die("vmsplice: %s", strerror(errno));
	}
}

static void make_state(unsigned int percent, bool pins)
{
	cpu_set_t one, all;

	take_all();
	plan(percent);
	if (pins)
		plan_pins();
	memset(area.held, 0, area.pages);
	memset(area.pinned, 0, area.pages * sizeof(*area.pinned));

	for (int kind = ANONYMOUS; kind > OPEN; kind--)
		start_load(kind);
	/* What another CPU keeps in its lists would not be found. */
	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	/* And its lists are not to swallow what little is left outside. */
	set_number(LISTS, 100000);
	if (!command("ballast") || !command("unballast 1024"))
		die("ballast: %s", strerror(errno));
	for (int kind = ANONYMOUS; kind > OPEN; kind--) {
		unsigned long want = 0, got;

		for (unsigned long i = 0; i < area.pages; i++)
			want += borrower_of(i) == kind;
		release_kind(kind);
		got = borrow(kind, want);
		if (got + 1 < want - want / 20)
			die("of %lu pages of kind %d only %lu are borrowed", want, kind, got);
	}
	/* What was read from files is in memory, and in no program's any more. */
	madvise(loads[CACHE].at, loads[CACHE].size, MADV_DONTNEED);
	release_kind(OPEN);
	command("unballast %lu", -1UL);
	set_number(LISTS, 0);
	sched_setaffinity(0, sizeof(all), &all);
	if (!pins)
		return;
	if (pipe(pipes) || fcntl(pipes[1], F_SETPIPE_SZ, 1 << 20) < 0)
		die("pipe: %s", strerror(errno));
	pin();
}

static void end_state(bool pins)
{
	if (pins) {
		close(pipes[0]);
		close(pipes[1]);
	}
	for (int kind = ANONYMOUS; kind > OPEN; kind--)
		end_load(kind);
}

/* Is there a run that holds neither a pinned page nor an allocated one? */
static bool possible(unsigned long pages, int align)
{
	unsigned long step = 1UL << align, at = -area.base & (step - 1);

	while (at + pages <= area.pages) {
		unsigned long i = 0;

		while (i < pages && area.kind[at + i] != PINNED && !area.held[at + i])
			i++;
		if (i == pages)
			return true;
		/* No run that has this page will do. */
		at += i / step * step + step;
	}
	return false;
}

/* As dma_alloc_contiguous() aligns: to the size, and to 256 pages at most */
static int align_of(unsigned long pages)
{
	int align = 0;

	while (align < 8 && 1UL << align < pages)
		align++;
	return align;
}

/* ---- Scenarios ---- */

static void take_turns(const char *name, unsigned long pages, bool folio,
		       unsigned int warm, unsigned int times)
{
	char *text, *line, *next;
	unsigned int i = 0;

	if (!command("cycle 0 1 1 %lu %d %u %u", pages,
		     folio ? FOLIO : align_of(pages), warm, times))
		die("cycle of %lu pages: %s", pages, strerror(errno));
	text = read_results();
	line = strchr(text, '\n');
	for (line = line ? line + 1 : text; *line; line = next) {
		unsigned long long alloc = 0, release = 0, ranges = 0;
		int n = sscanf(line, "%llu %llu %llu", &alloc, &release, &ranges);

		printf("%s,%s%lu,1,1,0,%u,%d,1,%llu,%llu,%llu\n", name, folio ? "f" : "",
		       pages, i++, n == 3, alloc, release, ranges);
		next = strchr(line, '\n');
		next = next ? next + 1 : line + strlen(line);
	}
	free(text);
}

/* To count takes time, and so it is not done while time is taken. */
static void run_idle(unsigned long pages, bool folio)
{
	take_turns("idle", pages, folio, 50, 600);
	if (!command("count 1"))
		return;
	take_turns("idle-count", pages, folio, 50, 200);
	command("count 0");
}

/* What one write for each struct page takes, of pages that were written to before. */
static void run_writes(unsigned long pages)
{
	char *text, *line, *rest;

	if (!command("write 0 %lu 200", pages))
		die("write: %s", strerror(errno));
	text = read_results();
	rest = text;
	for (unsigned int i = 0; (line = strsep(&rest, "\n")) && *line; i++)
		printf("idle-writes,%lu,1,1,0,%u,1,1,%llu,0,0\n", pages, i,
		       strtoull(line, NULL, 10));
	free(text);
}

/* The cost of records. */
static void run_untracked(unsigned long pages)
{
	if (access(TRACK, W_OK))
		return;
	set_number(TRACK, 0);
	take_turns("idle-untracked", pages, false, 50, 600);
	set_number(TRACK, 1);
}

static void run_threads(unsigned int areas, unsigned int n, unsigned int round)
{
	static unsigned long times;
	char *text;

	/* A quarter of a second for one thread */
	if (!times) {
		if (!command("cycle 0 1 1 256 8 20 50"))
			die("cycle: %s", strerror(errno));
		text = read_results();
		times = 250000000 / (strtoull(text, NULL, 10) / 70);
		times = times < 30 ? 30 : times > 75000 ? 75000 : times;
		free(text);
	}
	if (!command("cycle 0 %u %u 256 8 0 %lu", areas, n, times))
		die("cycle of %u threads: %s", n, strerror(errno));
	text = read_results();
	printf("threads,256,%u,%u,%u,0,%d,1,%llu,0,0\n", areas, n, round,
	       !strstr(text, "failed"),
	       strtoull(text, NULL, 10) / (n * times));
	free(text);
}

/*
 * @count buffers, one after the other, and held until the last one is there.
 * Round 0 is for warming up: an emulator has to translate code that is new to it.
 */
static void take(const char *name, unsigned long pages, int align,
		 unsigned int count, unsigned int round)
{
	bool folio = align == FOLIO;
	struct {
		unsigned long pfn;
		uint64_t ns, moved;
		bool possible;
	} got[count];

	for (unsigned int i = 0; i < count; i++) {
		uint64_t moved = moved_pages();

		got[i].possible = folio || possible(pages, align);
		got[i].pfn = take_run(pages, align, &got[i].ns);
		got[i].moved = moved_pages() - moved;
		if (got[i].pfn)
			memset(area.held + (got[i].pfn - area.base), 1, pages);
	}
	for (unsigned int i = 0; i < count; i++) {
		uint64_t ns = got[i].pfn ? release_run(got[i].pfn, pages, align) : 0;

		if (!round)
			continue;
		printf("%s,%s%lu,1,1,%u,%u,%d,%d,%llu,%llu,%llu\n", name, folio ? "f" : "",
		       pages, round, i, got[i].pfn > 0, got[i].possible,
		       (unsigned long long)got[i].ns, (unsigned long long)ns,
		       (unsigned long long)got[i].moved);
	}
	fflush(stdout);
}

/* Each size gets a state of its own, and the same one in each tree. */
static void borrowed(const char *name, unsigned int percent, bool pins,
		     unsigned long pages, int align, unsigned int count,
		     unsigned int rounds)
{
	for (unsigned int round = 0; round <= rounds; round++) {
		seed = 0x9e3779b97f4a7c15ULL * (round + 1) ^ pages << 8 ^ percent << 1 ^ pins;
		make_state(percent, pins);
		take(name, pages, align, count, round);
		end_state(pins);
	}
}

/*
 * One buffer at a time, after the area was lent again, while a load runs beside;
 * round 0 is for warming up. A load has few who can say whether there was room,
 * so it counts whatever comes of it.
 */
static void run_busy(const struct busy_load *load, unsigned long pages,
		     unsigned int tries)
{
	uint64_t share = (uint64_t)pages * getpagesize() / BUSY_LOW_SHARE;
	uint64_t low = share < BUSY_LOW ? share : BUSY_LOW;
	uint64_t most_free = 0, start = busy_ms();
	int align = align_of(pages);
	unsigned int ok = 0;

	for (unsigned int round = 0; round <= tries; round++) {
		uint64_t ns, release_ns, moved, free;
		unsigned long pfn;

		/* What CPUs keep in lists of their own is free, but not in CmaFree. */
		command("drain");
		free = busy_lend(load, low, load->ms);
		if (round && free > most_free)
			most_free = free;
		moved = moved_pages();
		pfn = take_run(pages, align, &ns);
		moved = moved_pages() - moved;
		release_ns = pfn ? release_run(pfn, pages, align) : 0;
		if (!round)
			continue;
		ok += pfn > 0;
		printf("busy-%s,%lu,1,1,%u,0,%d,1,%llu,%llu,%llu\n",
		       load->name, pages, round, pfn > 0, (unsigned long long)ns,
		       (unsigned long long)release_ns, (unsigned long long)moved);
		if (!busy_alive(load))
			die("%s: a worker has ended", load->name);
	}
	printf("# %lu pages: %u of %u; at most %llu KiB were not lent; %llu s\n", pages,
	       ok, tries, (unsigned long long)most_free >> 10,
	       (unsigned long long)(busy_ms() - start) / 1000);
	fflush(stdout);
}

/* busy LOAD TRIES [PAGES...] */
static void busy_scenario(int argc, char **argv)
{
	const struct busy_load *load = argc > 3 ? busy_find(argv[2]) : NULL;
	const char *missing;

	if (!load)
		die("busy: expected a load, a number of tries, and numbers of pages");
	/* A state that is only nearly too much is the point; this is to survive it. */
	set_number("/proc/self/oom_score_adj", -1000);
	missing = busy_start(load);
	if (missing)
		die("busy %s: %s", load->name, missing);
	for (int i = 4; i < argc; i++)
		run_busy(load, atol(argv[i]), atoi(argv[3]));
	/* The machine ends with it. */
}

/* Eight buffers of mixed sizes in flight. Nobody borrows. */
static void run_mixed(unsigned int times)
{
	char *text, *line, *next;
	unsigned int i = 0;

	if (!command("cycle 0 1 1 0 0 100 %u", times))
		die("cycle of mixed sizes: %s", strerror(errno));
	text = read_results();
	line = strchr(text, '\n');
	for (line = line ? line + 1 : text; *line; line = next) {
		unsigned long long alloc, release, pages;

		if (sscanf(line, "%llu %llu %llu", &alloc, &release, &pages) != 3)
			die("mixed sizes: a failure in an area with room for all");
		printf("mixed,%llu,1,1,0,%u,1,1,%llu,%llu,0\n", pages, i++, alloc, release);
		next = strchr(line, '\n');
		next = next ? next + 1 : line + strlen(line);
	}
	free(text);
}

/* Have so many pages kept ready, where there is such a thing. */
static void set_headroom(unsigned long pages)
{
	if (access(HEADROOM, W_OK))
		return;
	set_number(HEADROOM, pages * page_size);
	for (unsigned int i = 0; i < 1000; i++) {
		if (read_number(HEADROOM "_longest", "") >= pages * page_size)
			break;
		usleep(10000);
	}
}

/*
 * So many buffers at once, held for 100 ms, 200 ms apart. The caller has a real-time
 * priority, as camera services have: otherwise what is measured at the 99th percentile is
 * how long it waits for a processor.
 */
static void open_camera(const char *name, unsigned long pages, unsigned int count,
			unsigned int round)
{
	const struct sched_param realtime = { .sched_priority = 1 }, ordinary = { };
	struct { unsigned long pfn; uint64_t ns, moved; } got[count];

	usleep(200000);
	if (sched_setscheduler(0, SCHED_FIFO, &realtime))
		die("no real-time priority: %s", strerror(errno));
	for (unsigned int i = 0; i < count; i++) {
		got[i].moved = moved_pages();
		got[i].pfn = take_run(pages, align_of(pages), &got[i].ns);
		got[i].moved = moved_pages() - got[i].moved;
	}
	sched_setscheduler(0, SCHED_OTHER, &ordinary);
	usleep(100000);
	for (unsigned int i = 0; i < count; i++) {
		uint64_t ns = got[i].pfn ? release_run(got[i].pfn, pages, align_of(pages)) : 0;

		printf("%s,%lu,1,1,%u,%u,%d,1,%llu,%llu,%llu\n", name, pages, round, i,
		       got[i].pfn > 0, (unsigned long long)got[i].ns,
		       (unsigned long long)ns, (unsigned long long)got[i].moved);
	}
	fflush(stdout);
}

/*
 * A camera is opened over and over, while two processes read a file and what is free is
 * lent again.
 */
static void run_camera(const char *name, bool pins, unsigned int count,
		       unsigned int bursts)
{
	const struct busy_load *load = busy_find("readers2");
	const unsigned long pages = 1280;
	const char *missing;

	seed = 0x9e3779b97f4a7c15ULL ^ pins;
	make_state(90, pins);
	missing = busy_start(load);
	if (missing)
		die("%s: %s", name, missing);
	set_headroom(count * pages);
	for (unsigned int round = 1; round <= bursts; round++)
		open_camera(name, pages, count, round);
	set_headroom(0);
	busy_stop(load);
	end_state(pins);
}

/*
 * What headroom costs whoever else needs memory, here two who read a file that is nearly as
 * large as all memory, and what a camera gets for it.
 */
static void run_price(unsigned int percent, unsigned int bursts)
{
	const struct busy_load *load = busy_find("readers2");
	const unsigned long pages = 1280;
	uint64_t reads, start, worker = 0;
	const char *missing;
	char name[32];

	/* There are trees without such a thing. */
	if (percent && access(HEADROOM, W_OK))
		return;
	snprintf(name, sizeof(name), "price-%u", percent);
	missing = busy_start(load);
	if (missing)
		die("%s: %s", name, missing);
	set_headroom(area.pages * percent / 100);
	usleep(5000000);
	reads = atomic_load(&busy.shared->reads);
	start = busy_ms();
	for (unsigned int round = 1; round <= bursts; round++) {
		open_camera(name, pages, 1, round);
		if (percent)
			worker += read_number(HEADROOM "_refill_us", "");
	}
	reads = atomic_load(&busy.shared->reads) - reads;
	start = busy_ms() - start;
	printf("%s-read,%lu,1,1,0,0,1,1,%.2f,0,0\n", name, pages,
	       reads * (BUSY_STEP / 1048576.0) * 1000 / start);
	printf("%s-worker,%lu,1,1,0,0,1,1,%.2f,0,0\n", name, pages, worker / 1000.0 / bursts);
	fflush(stdout);
	set_headroom(0);
	busy_stop(load);
}

/* ---- Lending ---- */

/* The stock allocator has but one, called 50 here. What "user" moves out comes last. */
static const char * const settings[] = { "50", "0", "35", "70", "100", "user" };

#define SETTINGS	(sizeof(settings) / sizeof(*settings))
#define ANON_SIZE	(150UL << 20)
#define CACHE_SIZE	(512UL << 20)
#define FIXED_SIZE	(180UL << 20)	/* memory that cannot move, at most */
#define FIXED_STEP	65536UL

/* Return: false if the tree has no such setting */
static bool set_lending(const char *setting)
{
	bool user = !strcmp(setting, "user");

	if (access(RATIO, W_OK))
		return !strcmp(setting, "50");
	if (access(LEND, W_OK) && user)
		return false;
	set_number(RATIO, user ? 50 : atoi(setting));
	if (!access(LEND, W_OK))
		set_text(LEND, user ? "user" : "movable");
	return true;
}

static void print_figure(const char *setting, const char *figure, unsigned long bytes,
			 unsigned int round, double value)
{
	printf("lending-%s-%s,%lu,1,1,%u,0,1,1,%.1f,0,0\n", setting, figure,
	       bytes / page_size, round, value);
	fflush(stdout);
}

/* CPU time of the first node's kswapd */
static uint64_t kswapd_ns(void)
{
	static clockid_t clock;
	struct timespec t;

	for (int pid = 2; !clock && pid < 1000; pid++) {
		char path[32], name[16] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		if (read(fd, name, sizeof(name)) > 0 && !strcmp(name, "kswapd0\n") &&
		    clock_getcpuclockid(pid, &clock))
			die("no clock of kswapd0");
		close(fd);
	}
	if (!clock || clock_gettime(clock, &t))
		die("kswapd0: no CPU time");
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Page cache fills all memory; it is of holes, so that no disk has to be waited for. */
static void fill_with_cache(void)
{
	int fd = open(BUSY_DIR "/holes", O_RDWR | O_CREAT | O_TRUNC, 0600);
	static char buf[BUSY_STEP];

	if (fd < 0 || ftruncate(fd, CACHE_SIZE))
		die("a file of holes: %s", strerror(errno));
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

static void add_pipe(size_t at)
{
	static char text[FIXED_STEP];
	int ends[2];

	if (pipe(ends) || write(ends[1], text, sizeof(text)) != sizeof(text))
		die("pipe %zu: %s", at / FIXED_STEP, strerror(errno));
}

/* What is read is the one page of zeroes, but each table is of this process alone. */
static void add_page_tables(size_t at)
{
	const size_t span = page_size / sizeof(uint64_t) * page_size;
	static char *memory;

	if (!memory) {
		memory = busy_map(FIXED_SIZE / page_size * span);
		madvise(memory, FIXED_SIZE / page_size * span, MADV_NOHUGEPAGE);
	}
	for (size_t end = at + FIXED_STEP; at < end; at += page_size)
		busy_touch(memory + at / page_size * span);
}

static int queue;

/* With its header, a message is an object of a page. */
static void add_slab(size_t at)
{
	static struct { long type; char text[4000]; } message = { .type = 1 };

	for (size_t end = at + FIXED_STEP; at < end; at += 4096)
		if (msgsnd(queue, &message, sizeof(message.text), IPC_NOWAIT))
			die("message %zu: %s", at / 4096, strerror(errno));
}

static const struct {
	const char *name;
	void (*add)(size_t at);
} fixed[] = {
	{ "pipes", add_pipe },
	{ "tables", add_page_tables },
	{ "slab", add_slab },
};

/* Return: bytes that a process had before it was killed, if it was */
static size_t take_fixed(void (*add)(size_t at))
{
	atomic_size_t *had = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct rlimit files = { 65536, 65536 };
	int status;
	pid_t pid;
	size_t at;

	if (had == MAP_FAILED)
		die("no memory");
	queue = msgget(IPC_PRIVATE, 0600);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		set_number("/proc/self/oom_score_adj", 1000);
		if (setrlimit(RLIMIT_NOFILE, &files))
			die("no more files: %s", strerror(errno));
		for (at = 0; at < FIXED_SIZE; at += FIXED_STEP) {
			add(at);
			atomic_store(had, at + FIXED_STEP);
		}
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid ||
	    (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)))
		die("who takes memory that cannot move ended in an odd way");
	msgctl(queue, IPC_RMID, NULL);
	at = atomic_load(had);
	munmap(had, page_size);
	return at;
}

/*
 * How much memory that cannot move can be had until a process is killed: page cache fills
 * memory, anonymous memory takes some of its place, the rest of it is dropped.
 */
static void run_lending(const char *setting, unsigned int round)
{
	uint64_t kswapd = 0;

	if (!set_lending(setting))
		return;
	for (unsigned int i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		uint64_t start;
		char *memory;

		fill_with_cache();
		start = kswapd_ns();
		memory = busy_map(ANON_SIZE);
		madvise(memory, ANON_SIZE, MADV_NOHUGEPAGE);
		memset(memory, 1, ANON_SIZE);
		set_number("/proc/sys/vm/drop_caches", 3);
		print_figure(setting, fixed[i].name, FIXED_SIZE, round,
			     take_fixed(fixed[i].add) / 1048576.0);
		kswapd += kswapd_ns() - start;
		munmap(memory, ANON_SIZE);
	}
	print_figure(setting, "kswapd", FIXED_SIZE, round, kswapd / 1e6);
}

/* A camera beside two who make folders and files, while a file is read. */
static void run_lending_camera(const char *setting, unsigned int bursts)
{
	const struct busy_load *load = busy_find("tree");
	const unsigned long pages = 1280;
	const char *missing;
	uint64_t kswapd;
	char name[32];

	if (!set_lending(setting))
		return;
	snprintf(name, sizeof(name), "lending-%s", setting);
	missing = busy_start(load);
	if (missing)
		die("%s: %s", name, missing);
	busy_lend(load, 0, load->ms);
	kswapd = kswapd_ns();
	for (unsigned int round = 1; round <= bursts; round++) {
		busy_lend(load, 0, 100);
		open_camera(name, pages, 1, round);
	}
	print_figure(setting, "kswapd", pages * page_size, 1, (kswapd_ns() - kswapd) / 1e6);
	busy_stop(load);
}

static void prepare(unsigned long pages, unsigned int chunk)
{
	area.pages = pages;
	area.chunk = chunk;
	area.kind = calloc(pages, 1);
	area.held = calloc(pages, 1);
	area.pinned = calloc(pages, sizeof(*area.pinned));
	if (!area.kind || !area.held || !area.pinned)
		die("no memory");
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pagemap < 0)
		die("no pagemap");
	mkdir("/tmp", 0755);
	mkdir(DIR, 0700);
	if (system("{ mke2fs -q -F /dev/ram0 || mke2fs -F /dev/ram0; } >/dev/null 2>&1") ||
	    mount("/dev/ram0", DIR, "ext2", 0, NULL))
		die("no ext2 on /dev/ram0");
	/* Its own pages would borrow, too: no more of them than must be. */
	if (!access(READAHEAD, W_OK))
		set_number(READAHEAD, 1);
	set_number("/proc/sys/vm/min_free_kbytes", 512);
	set_number("/proc/sys/vm/watermark_boost_factor", 0);
	/* What is free in a lower zone is to be as good as any. */
	set_number("/proc/sys/vm/lowmem_reserve_ratio", 0);
	/* No other task is to move pages, into the area or out of it. */
	set_number("/proc/sys/vm/compaction_proactiveness", 0);
}

int main(int argc, char **argv)
{
	static const unsigned long sizes[] = { 1, 16, 256, 1024, 4096 };
	const char *what = argc > 1 ? argv[1] : "";
	unsigned int rounds = argc == 3 ? atoi(argv[2]) : 0;

	page_size = getpagesize();
	bench_fd = open(BENCH, O_RDWR);
	if (bench_fd < 0)
		die(BENCH ": %s", strerror(errno));
	if (!strcmp(what, "busy")) {
		busy_scenario(argc, argv);
		return 0;
	}
	if (!rounds)
		die("expected a scenario and a number of rounds");
	if (!strcmp(what, "idle")) {
		for (unsigned int i = 0; i < 5; i++)
			run_idle(sizes[i], false);
		for (unsigned int i = 2; i < 5; i++)
			run_writes(sizes[i]);
		run_idle((2 << 20) / page_size, true);
		run_untracked(1);
		run_untracked(256);
	} else if (!strcmp(what, "mixed")) {
		run_mixed(rounds * 100);
	} else if (!strcmp(what, "loaded")) {
		prepare((64 << 20) / page_size, 512);
		borrowed(what, 90, false, 256, 0, 16, rounds);
	} else if (!strcmp(what, "scattered")) {
		prepare((64 << 20) / page_size, 512);
		borrowed(what, 50, false, 256, 0, 8, rounds);
		borrowed(what, 50, false, 1024, 0, 4, rounds);
	} else if (!strcmp(what, "pinned")) {
		prepare((64 << 20) / page_size, 512);
		borrowed(what, 90, true, 256, 0, 16, rounds);
		borrowed(what, 90, true, 1280, 0, 3, rounds);
	} else if (!strcmp(what, "camera")) {
		prepare((64 << 20) / page_size, 512);
		run_camera("camera-loaded", false, 1, rounds * 25);
		run_camera("camera-pinned", true, 1, rounds * 25);
		run_camera("camera-4-loaded", false, 4, rounds * 6);
		run_camera("camera-4-pinned", true, 4, rounds * 6);
	} else if (!strcmp(what, "price")) {
		area.pages = (64 << 20) / page_size;
		run_price(0, rounds * 10);
		run_price(25, rounds * 10);
		run_price(100, rounds * 10);
	} else if (!strcmp(what, "lending")) {
		const char *missing = busy_mount("cma-files", BUSY_DIR);

		if (missing)
			die("lending: %s", missing);
		set_number("/proc/self/oom_score_adj", -1000);
		set_number("/proc/sys/kernel/msgmnb", 2 * FIXED_SIZE);
		for (unsigned int round = 1; round <= (rounds + 4) / 5; round++)
			for (unsigned int i = 0; i < SETTINGS; i++)
				run_lending(settings[i], round);
	} else if (!strncmp(what, "lending-", 8)) {
		set_number("/proc/self/oom_score_adj", -1000);
		run_lending_camera(what + 8, rounds * 4);
	} else if (!strcmp(what, "threads")) {
		for (unsigned int round = 0; round < rounds && round < 5; round++)
			for (unsigned int areas = 1; areas <= 4; areas += 3)
				for (unsigned int n = 1; n <= 4; n *= 2)
					run_threads(areas, n, round);
	} else if (!strcmp(what, "gigantic")) {
		take_turns("gigantic", (1UL << 30) / page_size, true, 1, rounds);
		prepare((1UL << 30) / page_size, 16384);
		borrowed("gigantic-lent", 10, false, (1UL << 30) / page_size, FOLIO, 1,
			 rounds < 5 ? rounds : 5);
	} else {
		die("there is no scenario \"%s\"", what);
	}
	return 0;
}
