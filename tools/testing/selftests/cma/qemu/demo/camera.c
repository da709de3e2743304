// SPDX-License-Identifier: GPL-2.0
/*
 * camera HEAP AREA PAGES NUMBER - allocate buffers from a dma-buf heap, as a camera's
 * program does; fill each with a pattern and read it back. Holds them until the end of
 * its input. Says of each where it lies and what it took.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>

#include "area.h"

static unsigned long page_size;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void sync_buffer(int fd, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	if (ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync))
		die("DMA_BUF_IOCTL_SYNC");
}

/*
 * The one run of pages that is allocated now and was not before must be the buffer. A
 * buffer's mapping would tell the frame numbers, but pagemap skips such mappings.
 */
static unsigned long first_pfn(const char *area, const unsigned char *before,
			       unsigned long count, unsigned long pages)
{
	unsigned char *after = area_allocated(area, count);
	unsigned long first = 0, i;

	while (first < count && after[first] == before[first])
		first++;
	for (i = 0; i < count; i++) {
		bool changed = after[i] != before[i];

		if (first == count || changed != (i >= first && i - first < pages)) {
			printf("the bitmap does not show one run of %lu new pages\n", pages);
			exit(1);
		}
	}
	free(after);
	return area_number(area, "base_pfn") + first;
}

static uint32_t pattern(unsigned long buffer, unsigned long word)
{
	return (buffer + 1) * 0x01000193 ^ word * 0x9e3779b1;
}

/* Returns what the allocation took, in milliseconds. */
static double one_buffer(int heap, const char *area, unsigned long nr,
			 unsigned long pages)
{
	struct dma_heap_allocation_data data = {
		.len = pages * page_size,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	unsigned long words = data.len / sizeof(uint32_t), i;
	unsigned long count = area_number(area, "count"), pfn;
	unsigned char *before = area_allocated(area, count);
	double start = now_ms(), took;
	uint32_t *at;

	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
		die("DMA_HEAP_IOCTL_ALLOC");
	took = now_ms() - start;
	pfn = first_pfn(area, before, count, pages);
	free(before);
	at = mmap(NULL, data.len, PROT_READ | PROT_WRITE, MAP_SHARED, data.fd, 0);
	if (at == MAP_FAILED)
		die("mmap of the buffer");

	sync_buffer(data.fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE);
	for (i = 0; i < words; i++) {
		if (at[i]) {
			printf("the new buffer is not zero at word %lu\n", i);
			exit(1);
		}
		at[i] = pattern(nr, i);
	}
	sync_buffer(data.fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);

	/* A second mapping: what is read is what the buffer holds, not what we wrote. */
	if (munmap(at, data.len))
		die("munmap of the buffer");
	at = mmap(NULL, data.len, PROT_READ, MAP_SHARED, data.fd, 0);
	if (at == MAP_FAILED)
		die("mmap of the buffer");
	sync_buffer(data.fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	for (i = 0; i < words; i++) {
		if (at[i] != pattern(nr, i)) {
			printf("word %lu read back wrong\n", i);
			exit(1);
		}
	}
	sync_buffer(data.fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);

	printf("buffer %lu: PFN %#lx to %#lx in %.1f ms; pattern written and read back.\n",
	       nr + 1, pfn, pfn + pages - 1, took);
	return took;
}

int main(int argc, char **argv)
{
	unsigned long pages, number, i;
	double took = 0;
	int heap;
	char c;

	if (argc != 5) {
		fprintf(stderr, "usage: camera HEAP AREA PAGES NUMBER\n");
		return 2;
	}
	pages = strtoul(argv[3], NULL, 0);
	number = strtoul(argv[4], NULL, 0);
	page_size = sysconf(_SC_PAGESIZE);
	setvbuf(stdout, NULL, _IOLBF, 0);
	heap = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (heap < 0)
		die(argv[1]);
	for (i = 0; i < number; i++)
		took += one_buffer(heap, argv[2], i, pages);
	printf("%lu buffers in %.1f ms.\n", number, took);
	printf("ready\n");
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
