// SPDX-License-Identifier: GPL-2.0
/*
 * What a search in the free map costs, by the size of the area
 *
 * Areas of 64 MiB to 16 TiB, a bit for each page of 4 KiB; all is taken but for a
 * thousand pages anywhere and the last 256. Costs are machine instructions, got
 * by single steps: they are the same in each run of one program.
 */

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/prandom.h>

#include "../../../mm/cma_map.h"

#define ROOM	256

static void find_last(struct cma_map *map)
{
	if (cma_map_find(map, 0, ROOM, 0) != cma_map_units(map) - ROOM)
		exit(1);
}

static void choose_last(struct cma_map *map)
{
	if (cma_map_choose(map, ROOM, 0) != cma_map_units(map) - ROOM)
		exit(1);
}

/* All four runs that are considered have room. */
static void choose_page(struct cma_map *map)
{
	if (cma_map_choose(map, 1, 0) == CMA_MAP_NONE)
		exit(1);
}

static void find_none(struct cma_map *map)
{
	if (cma_map_find(map, 0, ROOM + 1, 0) != CMA_MAP_NONE)
		exit(1);
}

static void take_and_drop(struct cma_map *map)
{
	cma_map_take(map, cma_map_units(map) - ROOM, ROOM);
	cma_map_drop(map, cma_map_units(map) - ROOM, ROOM);
}

static void read_longest(struct cma_map *map)
{
	if (cma_map_longest(map) != ROOM)
		exit(1);
}

static void do_nothing(struct cma_map *map)
{
}

/* Instructions of a child between two stops, those of stopping included. */
static long count_steps(void (*work)(struct cma_map *map), struct cma_map *map)
{
	int status, stops = 0;
	long steps = 0;
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		work(map);
		raise(SIGSTOP);
		_exit(0);
	}

	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		stops += WSTOPSIG(status) == SIGSTOP;
		steps += stops == 1;
		if (ptrace(stops == 1 ? PTRACE_SINGLESTEP : PTRACE_CONT, child,
			   NULL, NULL))
			break;
	}
	if (child < 0 || stops != 2 || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "scale: a search failed, or ptrace() does not work here\n");
		exit(1);
	}
	return steps;
}

int main(void)
{
	static const unsigned int shifts[] = { 14, 18, 22, 26, 30, 32 };

	printf("     area      bits  found  chosen  1 page  none  take+drop  longest  ");
	printf("plain search, words\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(shifts); i++) {
		struct cma_map map = { .count = 1UL << shifts[i] };
		unsigned long units = map.count;
		struct rnd_state rnd;
		long nothing;

		if (cma_map_init(&map)) {
			fprintf(stderr, "scale: no memory for a map of 2^%u bits\n", shifts[i]);
			return 1;
		}
		prandom_seed_state(&rnd, 1);
		cma_map_take(&map, 0, units);
		cma_map_drop(&map, units - ROOM, ROOM);
		for (unsigned int n = 0; n < 1000; n++) {
			/* None next to another. */
			unsigned long unit = prandom_u32_state(&rnd) % (units - ROOM) & ~1UL;

			if (test_bit(unit, map.taken))
				cma_map_drop(&map, unit, 1);
		}

		nothing = count_steps(do_nothing, &map);
		printf("%6lu %s  %8s%u  %5ld %7ld %7ld %5ld %10ld %8ld %21lu\n",
		       shifts[i] < 18 ? 4UL << (shifts[i] - 10) : 4UL << (shifts[i] - 20),
		       shifts[i] < 18 ? "MiB" : "GiB", "2^", shifts[i],
		       count_steps(find_last, &map) - nothing,
		       count_steps(choose_last, &map) - nothing,
		       count_steps(choose_page, &map) - nothing,
		       count_steps(find_none, &map) - nothing,
		       count_steps(take_and_drop, &map) - nothing,
		       count_steps(read_longest, &map) - nothing,
		       units / BITS_PER_LONG);
		cma_map_destroy(&map);
	}
	return 0;
}
