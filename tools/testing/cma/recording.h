/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to an area, as the tracepoints cma_alloc_finish and cma_release tell them,
 * and what became of them in another area
 *
 * A recording is text, in the order of time: lines as the kernel writes them into
 * trace_pipe, and trace-cmd into its report. Of each line count are what stands behind
 * the event's name as "pfn=", "count=", "align=" and "errorno="; the rest may be left out,
 * and errorno where it is 0:
 *
 *	... cma_alloc_finish: name=A pfn=0x8000 page=... count=16 align=4 errorno=0
 *	... cma_release: name=A pfn=0x8000 page=... count=16
 *
 * What had been allocated before the recording began is not known, so its release is
 * left out; so is what the area had no room for, since nobody knows how long it would
 * have been held. Something that is released in parts goes with its last part.
 */
#ifndef RECORDING_H
#define RECORDING_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	unsigned int id;	/* of what is asked for, or given back */
	unsigned int pages;	/* 0: it is given back */
	unsigned int align;
};

struct recording {
	struct request *list;
	unsigned int nr;
	unsigned int *sizes;	/* of each id, in pages */
	unsigned int ids;
	unsigned long live;	/* pages */
	unsigned long peak;
};

static inline void *grow(void *list, unsigned int nr, size_t size)
{
	/* At powers of two. */
	if (!(nr & (nr - 1)))
		list = realloc(list, (nr ? 2UL * nr : 1) * size);
	if (!list) {
		fprintf(stderr, "no memory\n");
		exit(1);
	}
	return list;
}

static inline unsigned int record_want(struct recording *rec, unsigned int pages,
				       unsigned int align)
{
	rec->sizes = grow(rec->sizes, rec->ids, sizeof(*rec->sizes));
	rec->sizes[rec->ids] = pages;
	rec->list = grow(rec->list, rec->nr, sizeof(*rec->list));
	rec->list[rec->nr++] = (struct request){ rec->ids, pages, align };
	rec->live += pages;
	if (rec->peak < rec->live)
		rec->peak = rec->live;
	return rec->ids++;
}

static inline void record_end(struct recording *rec, unsigned int id)
{
	rec->list = grow(rec->list, rec->nr, sizeof(*rec->list));
	rec->list[rec->nr++] = (struct request){ id, 0, 0 };
	rec->live -= rec->sizes[id];
}

static inline void forget_recording(struct recording *rec)
{
	free(rec->list);
	free(rec->sizes);
	*rec = (struct recording){ };
}

/* The number behind @key in @line, or @otherwise */
static inline long recorded(const char *line, const char *key, long otherwise)
{
	const char *at = strstr(line, key);

	return at ? strtol(at + strlen(key), NULL, 0) : otherwise;
}

/* All lines are taken for one area's. */
static inline void read_recording(struct recording *rec, const char *path)
{
	FILE *file = fopen(path, "r");
	long *pfns = NULL, *left = NULL;	/* first page, pages not yet released */
	char line[1024];

	if (!file) {
		perror(path);
		exit(1);
	}
	while (fgets(line, sizeof(line), file)) {
		const char *alloc = strstr(line, "cma_alloc_finish: ");
		const char *at = alloc ? alloc : strstr(line, "cma_release: ");
		long pfn, count;

		if (!at)
			continue;
		pfn = recorded(at, " pfn=", -1);
		count = recorded(at, " count=", 0);
		if (pfn < 0 || count < 1 || recorded(at, " errorno=", 0))
			continue;
		if (alloc) {
			pfns = grow(pfns, rec->ids, sizeof(*pfns));
			left = grow(left, rec->ids, sizeof(*left));
			pfns[rec->ids] = pfn;
			left[rec->ids] = count;
			record_want(rec, count, recorded(at, " align=", 0));
			continue;
		}
		/* It may be several allocations, or part of one. */
		for (unsigned int i = 0; i < rec->ids; i++) {
			long from = pfn > pfns[i] ? pfn : pfns[i];
			long end = pfns[i] + rec->sizes[i];

			if (end > pfn + count)
				end = pfn + count;
			if (left[i] <= 0 || from >= end)
				continue;
			left[i] -= end - from;
			if (left[i] <= 0)
				record_end(rec, i);
		}
	}
	fclose(file);
	free(pfns);
	free(left);
	if (!rec->nr) {
		fprintf(stderr, "%s: expected lines with cma_alloc_finish and cma_release\n", path);
		exit(1);
	}
}

static inline void print_recording(const struct recording *rec)
{
	for (unsigned int i = 0; i < rec->nr; i++) {
		const struct request *r = &rec->list[i];

		/* As if there were room without end. */
		if (r->pages)
			printf("cma_alloc_finish: pfn=0x%lx count=%u align=%u\n",
			       (r->id + 1UL) << 24, r->pages, r->align);
		else
			printf("cma_release: pfn=0x%lx count=%u\n",
			       (r->id + 1UL) << 24, rec->sizes[r->id]);
	}
}

struct result {
	unsigned long area;	/* pages */
	unsigned long live;
	unsigned long asked, failed;
	unsigned long failures;
	double first;		/* part of the area held when a request failed first, or 1 */
	double holes;		/* sum of the longest run / all that is free */
	unsigned long samples;
};

static inline void count_request(struct result *result, unsigned long pages, bool ok)
{
	result->asked += pages;
	if (ok) {
		result->live += pages;
		return;
	}
	result->failed += pages;
	if (!result->failures++)
		result->first = (double)result->live / result->area;
}

static inline void count_hole(struct result *result, unsigned long longest)
{
	if (result->live == result->area)
		return;
	result->holes += (double)longest / (result->area - result->live);
	result->samples++;
}

/* Where nothing was refused, it would have been later. */
static inline void end_result(struct result *result)
{
	if (!result->failures)
		result->first = 1;
	result->holes /= result->samples ? result->samples : 1;
}

static inline void print_result(const struct result *result, const char *who)
{
	printf("%-10s held at first failure %6.2f %%, %lu failures, ", who,
	       100 * result->first, result->failures);
	printf("pages refused %.3f %%, longest / free %.3f %%\n",
	       100.0 * result->failed / (result->asked ? result->asked : 1),
	       100 * result->holes);
}

#endif /* RECORDING_H */
