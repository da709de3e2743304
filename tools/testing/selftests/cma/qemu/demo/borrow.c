// SPDX-License-Identifier: GPL-2.0
/*
 * borrow AREA ROOM - fill memory, half with anonymous pages and half with a file in tmpfs,
 * until hardly anything of the CMA areas is free; then give back ROOM MiB of what does
 * not lie in AREA, so that pages have somewhere to move to. Waits for the end of its
 * input, and checks that every page still holds what was written.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "area.h"

#define STEP	(1UL << 20)
#define MAX	65536

/* in KiB: what is left of all memory when filling stops in any case */
#define FLOOR	8192

static unsigned long page_size;
static char *chunk[MAX];
static unsigned long chunks;
static int tmpfs;

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

/* Whether no page of a chunk lies in the area that starts at base. */
static int is_outside(int pagemap, char *at, unsigned long base, unsigned long count)
{
	uint64_t entry[STEP / 4096];
	size_t n = STEP / page_size, i;

	if (pread(pagemap, entry, n * 8, (uintptr_t)at / page_size * 8) != (ssize_t)n * 8)
		die("/proc/self/pagemap");
	for (i = 0; i < n; i++) {
		unsigned long pfn = entry[i] & ((1ULL << 55) - 1);

		if (pfn >= base && pfn - base < count)
			return 0;
	}
	return 1;
}

static unsigned long give_back(unsigned long room, unsigned long base, unsigned long count)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	unsigned long c, done = 0;

	if (pagemap < 0)
		die("/proc/self/pagemap");
	for (c = 0; c < chunks && done < room; c++) {
		if (!is_outside(pagemap, chunk[c], base, count))
			continue;
		if (madvise(chunk[c], STEP, c & 1 ? MADV_REMOVE : MADV_DONTNEED))
			die("madvise");
		munmap(chunk[c], STEP);
		chunk[c] = NULL;
		done++;
	}
	close(pagemap);
	return done;
}

int main(int argc, char **argv)
{
	unsigned long room, left, pages = 0, wrong;
	char c;

	if (argc != 3) {
		fprintf(stderr, "usage: borrow AREA ROOM\n");
		return 2;
	}
	room = strtoul(argv[2], NULL, 0);
	page_size = sysconf(_SC_PAGESIZE);
	setvbuf(stdout, NULL, _IOLBF, 0);
	tmpfs = open("/dev/shm", O_TMPFILE | O_RDWR, 0600);
	if (tmpfs < 0)
		die("/dev/shm");

	left = read_meminfo("CmaTotal") / 32;
	while (chunks < MAX && read_meminfo("CmaFree") > left && read_meminfo("MemFree") > FLOOR)
		add_chunk();
	printf("%lu MiB written: %lu anonymous, %lu in a file of tmpfs.\n", chunks,
	       (chunks + 1) / 2, chunks / 2);

	room = give_back(room, area_number(argv[1], "base_pfn"),
			 area_number(argv[1], "count"));
	printf("%lu MiB of it given up again, none of that in the area.\n", room);
	printf("ready\n");

	while (read(0, &c, 1) > 0)
		;
	wrong = wrong_pages(&pages);
	printf("%lu pages (%lu MiB) read again: %lu of them wrong.\n", pages,
	       pages * page_size >> 20, wrong);
	return !pages || wrong;
}
