// SPDX-License-Identifier: GPL-2.0
/*
 * camera HEAP PAGES NUMBER - allocate buffers from a dma-buf heap, as a camera's
 * program does; fill each with a pattern and read it back. Holds them until the end of
 * its input. Says of each where it lies and what it took.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>

static unsigned long page_size;
static int pagemap;

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

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

/* The first page's frame number, when the rest follow it one by one; else 0. */
static uint64_t first_pfn(const char *at, unsigned long pages)
{
	uint64_t entry, first = 0;
	unsigned long i;

	for (i = 0; i < pages; i++) {
		off_t where = ((uintptr_t)at / page_size + i) * sizeof(entry);

		if (pread(pagemap, &entry, sizeof(entry), where) != sizeof(entry))
			die("/proc/self/pagemap");
		entry &= (1ULL << 55) - 1;
		if (!i)
			first = entry;
		if (!entry || entry != first + i)
			return 0;
	}
	return first;
}

static uint32_t pattern(unsigned long buffer, unsigned long word)
{
	return (buffer + 1) * 0x01000193 ^ word * 0x9e3779b1;
}

static void one_buffer(int heap, unsigned long nr, unsigned long pages)
{
	struct dma_heap_allocation_data data = {
		.len = pages * page_size,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	unsigned long words = data.len / sizeof(uint32_t), i;
	double start = now_ms(), took;
	uint32_t *at;
	uint64_t pfn;

	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
		die("DMA_HEAP_IOCTL_ALLOC");
	took = now_ms() - start;
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

	pfn = first_pfn((char *)at, pages);
	if (!pfn) {
		printf("the buffer's pages do not follow one another\n");
		exit(1);
	}
	printf("buffer %lu: PFN %#llx to %#llx in %.1f ms; pattern written and read back.\n",
	       nr + 1, (unsigned long long)pfn, (unsigned long long)pfn + pages - 1, took);
}

int main(int argc, char **argv)
{
	unsigned long pages, number, i;
	int heap;
	char c;

	if (argc != 4) {
		fprintf(stderr, "usage: camera HEAP PAGES NUMBER\n");
		return 2;
	}
	pages = strtoul(argv[2], NULL, 0);
	number = strtoul(argv[3], NULL, 0);
	page_size = sysconf(_SC_PAGESIZE);
	setvbuf(stdout, NULL, _IOLBF, 0);
	heap = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (heap < 0)
		die(argv[1]);
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		die("/proc/self/pagemap");

	for (i = 0; i < number; i++)
		one_buffer(heap, i, pages);
	printf("ready\n");
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
