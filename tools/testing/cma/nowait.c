// SPDX-License-Identifier: GPL-2.0
/*
 * nowait AREA MIB [TRIES] - in a running kernel: how long does cma_alloc_nowait() take?
 *
 * The area is free; then lent, with MIB of memory that is not let go; then every second
 * page of that memory is free, so that each inspection tells of a single page. /dev/cma_test
 * calls the allocator with interrupts disabled, and the tracer "irqsoff", where the
 * kernel has it, tells how long they were in all. See nowait.config.
 */

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../../../mm/tests/cma_test.h"

#define TRACING "/sys/kernel/tracing/"

static const unsigned int sizes[] = { 1, 16, 256, 1280 };

static int device;

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static void show_latency(void)
{
	FILE *f = fopen(TRACING "tracing_max_latency", "r");
	unsigned long us;

	if (f && fscanf(f, "%lu", &us) == 1)
		printf(" %10lu\n", us);
	else
		printf(" %10s\n", "-");
	if (f)
		fclose(f);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void measure(const char *area, const char *state, unsigned int tries)
{
	uint64_t *ns = calloc(tries, sizeof(*ns));

	if (!ns)
		exit(1);
	for (unsigned int s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		unsigned int ok = 0;

		put(TRACING "tracing_max_latency", "0");
		for (unsigned int i = 0; i < tries; i++) {
			struct cma_test_range r = { .flags = CMA_TEST_NOWAIT };

			r.count = sizes[s];
			snprintf(r.area, sizeof(r.area), "%s", area);
			if (!ioctl(device, CMA_TEST_ALLOC, &r)) {
				ok++;
				ioctl(device, CMA_TEST_RELEASE, &r);
			}
			ns[i] = r.ns;
		}
		qsort(ns, tries, sizeof(*ns), by_value);
		printf("%-5s %5u %4u of %4u %9.1f %9.1f", state, sizes[s], ok, tries,
		       ns[tries / 2] / 1e3, ns[tries - 1] / 1e3);
		show_latency();
	}
	free(ns);
}

int main(int argc, char **argv)
{
	size_t page = getpagesize(), size = argc > 2 ? strtoul(argv[2], NULL, 10) << 20 : 0;
	unsigned int tries = argc > 3 ? strtoul(argv[3], NULL, 10) : 1000;
	struct cma_test_info info = { };
	char *memory;

	if (!size || !tries) {
		fprintf(stderr, "usage: nowait AREA MIB [TRIES]\n");
		return 1;
	}
	device = open("/dev/cma_test", O_RDWR | O_CLOEXEC);
	if (device < 0) {
		perror("nowait: /dev/cma_test");
		return 1;
	}
	snprintf(info.area, sizeof(info.area), "%s", argv[1]);
	if (ioctl(device, CMA_TEST_INFO, &info)) {
		fprintf(stderr, "nowait: there is no area \"%s\"\n", argv[1]);
		return 1;
	}
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		perror("nowait: memory");
		return 1;
	}
	madvise(memory, size, MADV_NOHUGEPAGE);
	mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (!put(TRACING "current_tracer", "irqsoff"))
		fprintf(stderr, "nowait: the kernel has no tracer \"irqsoff\"\n");

	printf("# %s, %llu MiB, microseconds\n", info.area,
	       (unsigned long long)(info.pages << info.page_shift >> 20));
	printf("# state pages success           p50       max    irqsoff\n");
	measure(argv[1], "free", tries);
	memset(memory, 1, size);
	measure(argv[1], "lent", tries);
	for (size_t at = 0; at < size; at += 2 * page)
		madvise(memory + at, page, MADV_DONTNEED);
	ioctl(device, CMA_TEST_SETTLE);
	measure(argv[1], "holes", tries);
	put(TRACING "current_tracer", "nop");
	return 0;
}
