// SPDX-License-Identifier: GPL-2.0
/*
 * replay AREA FILE - in a running kernel: ask AREA for what a recording asked for
 *
 * Through /dev/cma_test, by cma_alloc() and cma_release(). FILE is what fragmentation.c
 * takes, and so is what is printed: how full the area was when a request failed first,
 * the part of the pages that was refused, and the longest free run as a part of what is
 * free, on average.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../../mm/tests/cma_test.h"
#include "recording.h"

/* The file is for being read once. */
static unsigned long long longest_run(const char *path)
{
	unsigned long long pages;
	FILE *file = fopen(path, "r");

	if (!file || fscanf(file, "%llu", &pages) != 1) {
		perror(path);
		exit(1);
	}
	fclose(file);
	return pages;
}

int main(int argc, char **argv)
{
	struct cma_test_info info = { };
	struct recording rec = { };
	struct result result = { };
	unsigned long long *held;
	char path[256];
	int dev;

	if (argc != 3) {
		fprintf(stderr, "usage: replay AREA FILE\n");
		return 1;
	}
	snprintf(info.area, sizeof(info.area), "%s", argv[1]);
	dev = open(CMA_TEST_DEVICE, O_RDWR);
	if (dev < 0 || ioctl(dev, CMA_TEST_INFO, &info)) {
		fprintf(stderr, "replay: there is no area %s, or no %s: CONFIG_CMA_TEST has it\n",
			argv[1], CMA_TEST_DEVICE);
		return 1;
	}
	snprintf(path, sizeof(path), "/sys/kernel/debug/cma/%s/maxchunk", info.area);
	read_recording(&rec, argv[2]);
	held = calloc(rec.ids, sizeof(*held));
	if (!held)
		return 1;

	result.area = info.pages;
	for (unsigned int i = 0; i < rec.nr; i++) {
		const struct request *r = &rec.list[i];
		struct cma_test_range range = { .flags = CMA_TEST_NOWARN };

		memcpy(range.area, info.area, sizeof(range.area));
		if (r->pages) {
			range.count = r->pages;
			range.order = r->align;
			if (!ioctl(dev, CMA_TEST_ALLOC, &range))
				held[r->id] = range.pfn;
			count_request(&result, r->pages, held[r->id]);
		} else if (held[r->id]) {
			range.pfn = held[r->id];
			range.count = rec.sizes[r->id];
			if (ioctl(dev, CMA_TEST_RELEASE, &range) || !range.ok) {
				fprintf(stderr, "replay: a release was refused\n");
				return 1;
			}
			result.live -= range.count;
		}
		count_hole(&result, longest_run(path));
	}
	end_result(&result);
	print_result(&result, "kernel");
	return 0;
}
