/* SPDX-License-Identifier: GPL-2.0 */
/* What debugfs says of an area, for the demo's programs. */
#ifndef DEMO_AREA_H
#define DEMO_AREA_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* On stdout, where the rest of the story is told. */
static inline void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static inline FILE *area_open(const char *area, const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/cma/%s/%s", area, name);
	f = fopen(path, "r");
	if (!f)
		die(path);
	return f;
}

static inline unsigned long area_number(const char *area, const char *name)
{
	FILE *f = area_open(area, name);
	unsigned long n;

	if (fscanf(f, "%lu", &n) != 1)
		die(name);
	fclose(f);
	return n;
}

/*
 * Which of an area's pages are allocated, one byte a page. The file has 32 bits a word,
 * the lowest page in the lowest bit.
 */
static inline unsigned char *area_allocated(const char *area, unsigned long count)
{
	unsigned int order = area_number(area, "order_per_bit");
	unsigned char *page = malloc(count);
	FILE *f = area_open(area, "bitmap");
	uint32_t word = 0;
	unsigned long i;

	if (!page)
		die("memory");
	for (i = 0; i < count; i++) {
		if (!(i & ((32UL << order) - 1)) && fscanf(f, "%u", &word) != 1)
			die("bitmap");
		page[i] = word >> (i >> order & 31) & 1;
	}
	fclose(f);
	return page;
}

#endif
