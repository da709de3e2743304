// SPDX-License-Identifier: GPL-2.0
/*
 * area NAME FILE - draw an area of the Contiguous Memory Allocator, page states
 * gathered into cells, and write the counts to FILE as shell assignments.
 *
 * Allocated is what the area's bitmap says. Of the other pages, those that somebody
 * uses are borrowed, and the rest are free: in the buddy lists, or waiting on a CPU's
 * own list, where they have no flag at all.
 */
#include <fcntl.h>
#include <unistd.h>
#include <linux/kernel-page-flags.h>

#include "area.h"

#define COLUMNS	64
#define ROWS	8

enum state { FREE, WAITING, BORROWED, ALLOCATED, NR_STATES };

static const struct {
	const char *word;
	char cell;
	const char *colour;
} states[NR_STATES] = {
	[FREE]		= { "free", '.', "32" },
	[WAITING]	= { "waiting", '.', "32" },
	[BORROWED]	= { "borrowed", 'o', "33" },
	[ALLOCATED]	= { "allocated", '#', "1;31" },
};

static void read_flags(unsigned long base, unsigned char *page, unsigned long count)
{
	size_t size = count * sizeof(uint64_t);
	uint64_t *flags = malloc(size);
	int fd = open("/proc/kpageflags", O_RDONLY);
	unsigned long i;

	if (fd < 0 || !flags ||
	    pread(fd, flags, size, base * sizeof(uint64_t)) != (ssize_t)size)
		die("/proc/kpageflags");
	for (i = 0; i < count; i++) {
		if (flags[i] >> KPF_BUDDY & 1)
			page[i] = FREE;
		else
			page[i] = flags[i] ? BORROWED : WAITING;
	}
	close(fd);
	free(flags);
}

static void put_cell(enum state state, int colour)
{
	if (colour)
		printf("\033[%sm%c\033[0m", states[state].colour, states[state].cell);
	else
		putchar(states[state].cell);
}

/* What most pages of a cell are; but what is allocated must not go unseen. */
static enum state cell_state(const unsigned char *page, unsigned long pages)
{
	unsigned long nr[NR_STATES] = { 0 }, i;

	for (i = 0; i < pages; i++)
		nr[page[i]]++;
	if (nr[ALLOCATED] * 2 >= pages)
		return ALLOCATED;
	if (nr[BORROWED] * 2 >= pages)
		return BORROWED;
	return nr[ALLOCATED] ? ALLOCATED : FREE;
}

int main(int argc, char **argv)
{
	int colour = getenv("COLOUR") && *getenv("COLOUR");
	unsigned long nr[NR_STATES] = { 0 };
	unsigned long base, count, cell = 1, i;
	unsigned char *page, *allocated;
	FILE *f;

	if (argc != 3) {
		fprintf(stderr, "usage: area NAME FILE\n");
		return 2;
	}
	base = area_number(argv[1], "base_pfn");
	count = area_number(argv[1], "count");
	page = malloc(count);
	if (!page)
		die("memory");
	/* In this order, a page that is allocated meanwhile does not look borrowed. */
	read_flags(base, page, count);
	allocated = area_allocated(argv[1], count);
	for (i = 0; i < count; i++) {
		if (allocated[i])
			page[i] = ALLOCATED;
		nr[page[i]]++;
	}

	while (cell * COLUMNS * ROWS < count)
		cell *= 2;
	for (i = 0; i < count; i += cell) {
		if (!(i % (cell * COLUMNS)))
			printf("   %#9lx ", base + i);
		put_cell(cell_state(page + i, cell < count - i ? cell : count - i), colour);
		if (!((i + cell) % (cell * COLUMNS)) || i + cell >= count)
			putchar('\n');
	}
	printf("   one cell: %lu pages.  ", cell);
	put_cell(FREE, colour);
	printf(" free %lu  ", nr[FREE] + nr[WAITING]);
	put_cell(BORROWED, colour);
	printf(" borrowed %lu  ", nr[BORROWED]);
	put_cell(ALLOCATED, colour);
	printf(" allocated %lu\n", nr[ALLOCATED]);

	f = fopen(argv[2], "w");
	if (!f)
		die(argv[2]);
	fprintf(f, "count=%lu", count);
	for (i = WAITING; i < NR_STATES; i++)
		fprintf(f, " %s=%lu", states[i].word, nr[i]);
	fputc('\n', f);
	return fclose(f) ? 1 : 0;
}
