/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of cmatop share. */
#ifndef CMATOP_H
#define CMATOP_H

#define _GNU_SOURCE
#define __SANE_USERSPACE_TYPES__	/* __u64 is printed with %llu */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

#define __printf(a, b)	__attribute__((format(printf, a, b)))
#define ARRAY_SIZE(x)	(sizeof(x) / sizeof((x)[0]))
#define NONE		ULLONG_MAX	/* a number that is not known */
#define MAX_ROWS	100000		/* of a table; the rest is left out */

/* The exit status. */
enum { DONE, FAILED, WRONG_USE };

#define NR_COLUMNS	11

/*
 * What the kernel's tables hold, and how --json names it. Kinds: n is a number,
 * i one with a sign, x a hexadecimal one, l the upper bound of a bucket, which
 * may be "inf", and t text. "-" stands for nothing, but in t, and in N and X,
 * which are n and x otherwise. O is an N that older kernels do not have.
 */
struct format {
	const char *file;
	struct {
		char kind;
		const char *name;
	} column[NR_COLUMNS];
};

enum {
	ALLOCATIONS, HOLDERS, FAILURES, REASONS, NR_DEBUG_TABLES,
	LATENCY_OK = NR_DEBUG_TABLES, LATENCY_BAD, NR_TABLES
};

/* Files with one number. The first ones are in sysfs, the others in debugfs. */
enum {
	TOTAL, AVAILABLE, GIVEN, REFUSED, TAKEN_BACK, MIGRATED, MOVED_IN,
	GIVEN_UP, LARGEST_FREE, LARGEST_AVAILABLE, HIGH_WATER, HEADROOM, HEADROOM_READY,
	HEADROOM_LONGEST, SERVED, SERVED_PARTLY, NOT_SERVED, REFILL_US, NR_SYSFS,
	BASE_PFN = NR_SYSFS, COUNT, ORDER, USED, MAXCHUNK, NR_NUMBERS
};

/* What a page is, in the order in which a block's pages are drawn. */
enum { ALLOCATED, STUCK, BORROWED, READY, FREE, NR_KINDS };

struct block {
	__u64 pfn;
	__u64 pages;
	__u64 part[NR_KINDS];
};

struct table {
	bool there;
	size_t nr;
	char *(*row)[NR_COLUMNS];	/* the first column owns the memory */
};

struct area {
	char *name;
	char *sysfs;			/* name there, NULL when it is not */
	char *debugfs;
	__u64 number[NR_NUMBERS];
	char *short_of_headroom;	/* why; NULL when it is not known */
	struct table table[NR_TABLES];
	struct block *block;
	size_t nr_blocks;
	bool borrowed_known;
	bool stuck_known;
	bool ready_known;
	bool any_ready;
};

struct note {
	char *what;
	char *how;			/* to get it; may be NULL */
};

/* Everything that was read at one time. */
struct sample {
	double time;
	__u64 cma_total;		/* KiB */
	__u64 cma_free;
	__u64 vm_success;		/* allocations */
	__u64 vm_fail;
	struct area *area;
	size_t nr;
	struct note *note;
	size_t nr_notes;
};

/* cmatop_read.c */

extern const char *root;		/* comes before every path */
extern __u64 page_size;
extern struct sample now, before;
extern const struct format formats[NR_TABLES];
extern const char * const number_files[NR_NUMBERS];

__printf(2, 3) void die(int status, const char *fmt, ...);
__printf(1, 2) char *text(const char *fmt, ...);
void *must(void *allocated);
bool parse(const char *s, int base, __u64 *number);
__u64 value(const char *cell);
double clock_seconds(void);
void take_sample(void);
void free_sample(struct sample *s);
__u64 total_pages(const struct area *a);
__u64 held_pages(const struct area *a);
__u64 available_pages(const struct area *a);
__u64 largest(const struct area *a);
__u64 pages_of(const struct area *a, int kind);
bool kind_known(const struct area *a, int kind);

/* cmatop_show.c */

/* How a page of text is shown. */
extern enum style { PLAIN, MONOCHROME, COLOUR } style;
extern unsigned int columns;		/* to compose for, 40 or more */
extern unsigned int cut;		/* lines at this column, if not 0 */
extern FILE *page;			/* where it is composed */

/*
 * In a page these change the style of what follows, see attributes[]; nothing
 * else in it is a control character.
 */
#define NORMAL		"\1"
#define BOLD		"\2"
#define REVERSE		"\3"

__printf(1, 2) void say(const char *fmt, ...);
const char *show_line(FILE *to, const char *s);
void show_summary(void);
void show_areas(size_t first, size_t nr, size_t selected);
void show_title(const struct area *a);
void show_map(const struct area *a, unsigned int height);
void show_overview(const struct area *a, unsigned int height);
void show_holders(const struct area *a, size_t most);
void show_allocations(const struct area *a, size_t most);
void show_failures(const struct area *a, size_t most);
void show_rates(const struct area *a);
void show_notes(void);
void show_once(const char *only);
void show_json(FILE *to, const char *only);
void show_svg(FILE *to, const char *only);

#endif /* CMATOP_H */
