// SPDX-License-Identifier: GPL-2.0
/*
 * borrow AREA ROOM PFN - fill memory, half with anonymous pages and half with a file in
 * tmpfs, until hardly anything of the CMA areas is free; then give back ROOM MiB of what
 * does not lie in AREA, so that pages have somewhere to move to. The anonymous page of
 * AREA that is nearest to PFN is put into a pipe, where it cannot be moved, until
 * there is a line to read. Waits for the end of its input, and checks that every page
 * still holds what was written.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "area.h"

#define STEP	(1UL << 20)
#define MAX	65536

/* in KiB: what is left of all memory when filling stops in any case */
#define FLOOR	8192

static unsigned long page_size;
static char *chunk[MAX];
static unsigned long chunks;
static int tmpfs, pagemap;

static unsigned long read_meminfo(const char *name)
{
	char line[128];
	unsigned long kib;
	FILE *f = fopen("/proc/meminfo", "r");

	if (!f)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, name, strlen(name)) &&
		    sscanf(line + strlen(name), ": %lu", &kib) == 1) {
			fclose(f);
			return kib;
		}
	}
	printf("no %s in /proc/meminfo\n", name);
	exit(1);
}

static uint64_t mark(unsigned long i, unsigned long word)
{
	return (i + 1) * 0x9e3779b97f4a7c15ULL + word;
}

/* Odd chunks are parts of the file, even ones anonymous. */
static void add_chunk(void)
{
	unsigned long i, p = chunks;
	char *at;

	if (p & 1) {
		if (ftruncate(tmpfs, (p + 1) * STEP))
			die("tmpfs");
		at = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_SHARED, tmpfs, p * STEP);
	} else {
		at = mmap(NULL, STEP, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	if (at == MAP_FAILED)
		die("mmap");
	for (i = 0; i < STEP / sizeof(uint64_t); i++)
		((uint64_t *)at)[i] = mark(p, i);
	chunk[chunks++] = at;
}

static unsigned long wrong_pages(unsigned long *pages)
{
	unsigned long wrong = 0, c, at, i;

	for (c = 0; c < chunks; c++) {
		for (at = 0; at < STEP && chunk[c]; at += page_size) {
			uint64_t *word = (uint64_t *)(chunk[c] + at);
			unsigned long first = at / sizeof(uint64_t);

			(*pages)++;
			for (i = 0; i < page_size / sizeof(uint64_t); i++) {
				if (word[i] != mark(c, first + i)) {
					wrong++;
					break;
				}
			}
		}
	}
	return wrong;
}

/* The frame number of each page of a chunk. */
static void read_pfns(char *at, uint64_t *pfn)
{
	size_t n = STEP / page_size, i;

	if (pread(pagemap, pfn, n * 8, (uintptr_t)at / page_size * 8) != (ssize_t)n * 8)
		die("/proc/self/pagemap");
	for (i = 0; i < n; i++)
		pfn[i] &= (1ULL << 55) - 1;
}

/* Whether no page of a chunk lies in the area that starts at base. */
static int is_outside(char *at, unsigned long base, unsigned long count)
{
	uint64_t pfn[STEP / 4096];
	size_t i;

	read_pfns(at, pfn);
	for (i = 0; i < STEP / page_size; i++) {
		if (pfn[i] >= base && pfn[i] - base < count)
			return 0;
	}
	return 1;
}

static unsigned long give_back(unsigned long room, unsigned long base, unsigned long count)
{
	unsigned long c, done = 0;

	for (c = 0; c < chunks && done < room; c++) {
		if (!is_outside(chunk[c], base, count))
			continue;
		if (madvise(chunk[c], STEP, c & 1 ? MADV_REMOVE : MADV_DONTNEED))
			die("madvise");
		munmap(chunk[c], STEP);
		chunk[c] = NULL;
		done++;
	}
	return done;
}

static unsigned long distance(unsigned long a, unsigned long b)
{
	return a < b ? b - a : a - b;
}

/* A page in a pipe has a reference that migration cannot account for. */
static unsigned long pin(int pipe_in, unsigned long near, unsigned long base,
			 unsigned long count)
{
	struct iovec iov = { .iov_len = 1 };
	unsigned long best = 0, c, i;
	uint64_t pfn[STEP / 4096];

	for (c = 0; c < chunks; c += 2) {
		if (!chunk[c])
			continue;
		read_pfns(chunk[c], pfn);
		for (i = 0; i < STEP / page_size; i++) {
			if (pfn[i] < base || pfn[i] - base >= count ||
			    (iov.iov_base && distance(pfn[i], near) >= distance(best, near)))
				continue;
			best = pfn[i];
			iov.iov_base = chunk[c] + i * page_size;
		}
	}
	if (!iov.iov_base) {
		printf("no anonymous page lies in the area\n");
		exit(1);
	}
	if (vmsplice(pipe_in, &iov, 1, 0) != 1)
		die("vmsplice");
	return best;
}

int main(int argc, char **argv)
{
	unsigned long room, base, count, left, pages = 0, wrong;
	int pipes[2];
	char c;

	if (argc != 4) {
		fprintf(stderr, "usage: borrow AREA ROOM PFN\n");
		return 2;
	}
	room = strtoul(argv[2], NULL, 0);
	page_size = sysconf(_SC_PAGESIZE);
	setvbuf(stdout, NULL, _IOLBF, 0);
	tmpfs = open("/dev/shm", O_TMPFILE | O_RDWR, 0600);
	if (tmpfs < 0)
		die("/dev/shm");
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pagemap < 0)
		die("/proc/self/pagemap");
	if (pipe(pipes))
		die("pipe");

	left = read_meminfo("CmaTotal") / 32;
	while (chunks < MAX && read_meminfo("CmaFree") > left && read_meminfo("MemFree") > FLOOR)
		add_chunk();
	printf("%lu MiB written: %lu anonymous, %lu in a file of tmpfs.\n", chunks,
	       (chunks + 1) / 2, chunks / 2);

	base = area_number(argv[1], "base_pfn");
	count = area_number(argv[1], "count");
	room = give_back(room, base, count);
	printf("%lu MiB of it given up again, none of that in the area.\n", room);
	printf("pinned %#lx\n", pin(pipes[1], strtoul(argv[3], NULL, 0), base, count));
	printf("ready\n");

	if (read(0, &c, 1) > 0) {
		close(pipes[0]);
		close(pipes[1]);
		printf("ready\n");
	}
	while (read(0, &c, 1) > 0)
		;
	wrong = wrong_pages(&pages);
	printf("%lu pages (%lu MiB) read again: %lu of them wrong.\n", pages,
	       pages * page_size >> 20, wrong);
	return !pages || wrong;
}
