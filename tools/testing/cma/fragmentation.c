// SPDX-License-Identifier: GPL-2.0
/*
 * Which free run to take: policies next to each other, on the same requests
 *
 *	fragmentation SEEDS MIB...	the table, for areas of so many MiB
 *	fragmentation -r FILE		a recording: how large an area does it take?
 *	fragmentation -r FILE MIB	what becomes of it there, in the words of replay.c
 *	fragmentation -d MIX MIB PERCENT TIMES
 *					print a mix as a recording: of an area as full as
 *					that, pages for so many times its size
 *
 * See recording.h for what a recording is. A mix asks for no more than a given part of
 * the area at a time, so that a request only fails because what is free lies apart. With
 * "first" and "chosen" it is the kernel's code that searches.
 */

#include <math.h>

#include <linux/prandom.h>

#include "../../../mm/cma_map.h"
#include "recording.h"

#define MIB	256UL		/* in pages */
#define NONE	CMA_MAP_NONE

/*
 * Requests
 */

/* A buffer, and when it is released. */
struct life {
	double end;
	unsigned int id;
};

struct generator {
	struct recording *to;
	struct rnd_state rnd;
	unsigned long area;
	unsigned long limit;	/* pages that may be held now */
	unsigned long asked;
	double now;
	struct life *lives;	/* a heap: what ends first is [0] */
	unsigned int nr;
};

static double draw(struct generator *g)
{
	return (prandom_u32_state(&g->rnd) + 0.5) / 4294967296.0;
}

static unsigned long between(struct generator *g, unsigned long first, unsigned long last)
{
	return first + prandom_u32_state(&g->rnd) % (last - first + 1);
}

#define one_of(g, ...)							\
({									\
	static const unsigned int _of[] = { __VA_ARGS__ };		\
	_of[between(g, 0, ARRAY_SIZE(_of) - 1)];			\
})

/* Lives of this mean; some end at once and some last. */
static double exponential(struct generator *g, double mean)
{
	return -mean * log(draw(g));
}

/* From @least on; 80 % of the sum is in the largest fifth. */
static double pareto(struct generator *g, double least)
{
	return least * pow(draw(g), -1 / 1.16);
}

static void sift(struct generator *g, unsigned int i)
{
	struct life life = g->lives[i];

	while (i && g->lives[(i - 1) / 2].end > life.end) {
		g->lives[i] = g->lives[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	for (;;) {
		unsigned int child = 2 * i + 1;

		if (child >= g->nr)
			break;
		if (child + 1 < g->nr && g->lives[child + 1].end < g->lives[child].end)
			child++;
		if (g->lives[child].end >= life.end)
			break;
		g->lives[i] = g->lives[child];
		i = child;
	}
	g->lives[i] = life;
}

static void end_life(struct generator *g)
{
	struct life life = g->lives[0];

	g->lives[0] = g->lives[--g->nr];
	if (g->nr)
		sift(g, 0);
	g->now = max(g->now, life.end);
	record_end(g->to, life.id);
}

/* The buffer that ends first makes room, so that no more is held than may be. */
static void want(struct generator *g, unsigned int pages, unsigned int align, double life)
{
	while (g->nr && (g->lives[0].end <= g->now || g->to->live + pages > g->limit))
		end_life(g);
	if (g->to->live + pages > g->limit)
		return;

	/* Long enough that the area is as full as it may be. */
	life *= 4.0 * g->area / (64 * MIB);
	g->lives = grow(g->lives, g->nr, sizeof(*g->lives));
	g->lives[g->nr] = (struct life){ g->now + life, record_want(g->to, pages, align) };
	sift(g, g->nr++);
	g->asked += pages;
	g->now += 1;
}

/* As dma_alloc_contiguous() and the DMA-buf heap align: by size, up to 1 MiB. */
static unsigned int by_size(unsigned int pages)
{
	return min(pages > 1 ? 32 - __builtin_clz(pages - 1) : 0, 8);
}

static void want_buffer(struct generator *g, unsigned int pages, double life)
{
	want(g, pages, by_size(pages), life);
}

/* Some buffers that come one after the other and go together. */
static void want_burst(struct generator *g, unsigned int nr, unsigned int pages, double life)
{
	double end = g->now + life;

	nr = min(nr, max(g->area / 3 / pages, 1UL));
	while (nr--)
		want_buffer(g, pages, max(end - g->now, 1.0));
}

/* Now and then a burst of frames. Return: whether it was now. */
static bool want_frames(struct generator *g, double mean)
{
	if (draw(g) >= 0.02)
		return false;
	want_burst(g, between(g, 3, 8), one_of(g, 1024, 1280, 2048), exponential(g, mean));
	return true;
}

/* The rest is small and lives as it likes. */
static void mix_camera(struct generator *g)
{
	if (!want_frames(g, 1500))
		want_buffer(g, between(g, 1, 64), exponential(g, 300));
}

/* As before, but of what is small a part stays for as good as ever. */
static void mix_stayers(struct generator *g)
{
	if (!want_frames(g, 300))
		want_buffer(g, between(g, 1, 64), pareto(g, 60));
}

/* Frames from 240p to 2160p, and what is read of the stream; the two are one life. */
static void mix_decoder(struct generator *g)
{
	unsigned int frame = one_of(g, 38, 113, 338, 338, 760, 760, 3038);
	double life = exponential(g, 60);

	want_burst(g, between(g, 1, 4), one_of(g, 64, 128, 256, 512), life);
	want_burst(g, between(g, 4, 16), frame, life);
}

static void mix_network(struct generator *g)
{
	want_buffer(g, one_of(g, 1, 1, 1, 1, 2, 2, 4, 4, 8, 16, 32), draw(g) < 0.05 ?
		    exponential(g, 20000) : exponential(g, 500));
}

static void mix_folios(struct generator *g)
{
	if (draw(g) < 0.15)
		want(g, 512, 9, exponential(g, 600));
	else
		want(g, between(g, 1, 300), 0, exponential(g, 300));
}

/* Pages of hugetlbfs as arm64 has them, of 64 KiB, 2 MiB and 32 MiB. */
static void mix_hugetlb(struct generator *g)
{
	double which = draw(g);

	if (which < 0.01 && g->area >= 256 * MIB)
		want(g, 8192, 13, exponential(g, 400));
	else if (which < 0.3)
		want(g, 512, 9, exponential(g, 400));
	else
		want(g, 16, 4, exponential(g, 400));
}

static unsigned int power_law(struct generator *g)
{
	return min(pareto(g, 1), g->area / 16.0);
}

static void mix_power(struct generator *g)
{
	want_buffer(g, power_law(g), exponential(g, 1000));
}

static void mix_power_askew(struct generator *g)
{
	want(g, power_law(g), 0, exponential(g, 1000));
}

/* First one thing, then another. */
static void mix_phases(struct generator *g)
{
	static void (*const phases[])(struct generator *) = {
		mix_network, mix_camera, mix_folios, mix_decoder,
	};

	phases[g->asked / g->area / 3 % ARRAY_SIZE(phases)](g);
}

/* A display, a camera, a decoder and a network card on one board. */
static void mix_board(struct generator *g)
{
	double which = draw(g);

	if (which < 0.005)
		want_burst(g, 3, 2025, exponential(g, 4000));
	else if (which < 0.015)
		want_burst(g, 4, 1280, exponential(g, 1500));
	else if (which < 0.025)
		want_burst(g, between(g, 4, 10), one_of(g, 338, 760), exponential(g, 800));
	else if (which < 0.5)
		want_buffer(g, between(g, 1, 300), exponential(g, 200));
	else
		want_buffer(g, one_of(g, 1, 1, 2, 4, 16), exponential(g, 2000));
}

static const struct mix {
	const char *name;
	void (*step)(struct generator *g);
} mixes[] = {
	{ "camera", mix_camera },
	{ "stayers", mix_stayers },
	{ "decoder", mix_decoder },
	{ "board", mix_board },
	{ "network", mix_network },
	{ "folios", mix_folios },
	{ "hugetlb", mix_hugetlb },
	{ "power_law", mix_power },
	{ "askew", mix_power_askew },
	{ "phases", mix_phases },
};

/* Until @times its pages were asked for; the part held at most goes from @from to @to. */
static void generate(struct recording *rec, const struct mix *mix, unsigned long area,
		     double from, double to, unsigned int times, unsigned int seed)
{
	struct generator g = { .to = rec, .area = area };

	prandom_seed_state(&g.rnd, seed);
	while (g.asked < times * area) {
		g.limit = area * (from + (to - from) * g.asked / area / times);
		mix->step(&g);
	}
	free(g.lives);
}

/*
 * Policies
 */

struct place {
	struct cma_map map;
	unsigned long next;	/* behind what was taken last */
};

struct wanted {
	unsigned long pages;
	unsigned int align;
};

/* A run of free units, and the lowest and highest place for a request in it */
struct run {
	unsigned long start, end;
	unsigned long low, high;
};

/* The next run behind *@run that has room. */
static bool next_run(const struct place *p, const struct wanted *w, struct run *run)
{
	unsigned long units = cma_map_units(&p->map), mask = (1UL << w->align) - 1;

	for (;;) {
		run->start = find_next_zero_bit(p->map.taken, units, run->end);
		if (run->start == units)
			return false;
		run->end = find_next_bit(p->map.taken, units, run->start);
		run->low = (run->start + mask) & ~mask;
		if (run->low + w->pages > run->end)
			continue;
		run->high = (run->end - w->pages) & ~mask;
		return true;
	}
}

/* The run for which @score is least, the lowest of several, of the first @among. */
static unsigned long least_of(struct place *p, const struct wanted *w, unsigned int among,
			      unsigned long (*score)(const struct run *run))
{
	unsigned long best = NONE, least = ULONG_MAX;
	struct run run = { };

	while (among-- && next_run(p, w, &run)) {
		if (score(&run) < least) {
			least = score(&run);
			best = run.low;
		}
	}
	return best;
}

static unsigned long length(const struct run *run)
{
	return run->end - run->start;
}

static unsigned long class(const struct run *run)
{
	return ilog2(length(run));
}

/* The order of the largest naturally aligned block. */
static unsigned long block(const struct run *run)
{
	unsigned long order = 0;

	while (ALIGN(run->start, 2UL << order) + (2UL << order) <= run->end)
		order++;
	return order;
}

static unsigned long first(struct place *p, const struct wanted *w)
{
	return cma_map_find(&p->map, 0, w->pages, w->align);
}

static unsigned long chosen(struct place *p, const struct wanted *w)
{
	return cma_map_choose(&p->map, w->pages, w->align);
}

static unsigned long next(struct place *p, const struct wanted *w)
{
	unsigned long at = cma_map_find(&p->map, p->next, w->pages, w->align);

	if (at == NONE)
		at = first(p, w);
	if (at != NONE)
		p->next = at + w->pages;
	return at;
}

static unsigned long best(struct place *p, const struct wanted *w)
{
	return least_of(p, w, UINT_MAX, length);
}

/* The lowest of the runs whose length has the same log2. */
static unsigned long classes(struct place *p, const struct wanted *w)
{
	return least_of(p, w, UINT_MAX, class);
}

/* As the page allocator would: what is cut is no larger than it must be. */
static unsigned long buddies(struct place *p, const struct wanted *w)
{
	return least_of(p, w, UINT_MAX, block);
}

static unsigned long of_4(struct place *p, const struct wanted *w)
{
	return least_of(p, w, 4, length);
}

static unsigned long of_8(struct place *p, const struct wanted *w)
{
	return least_of(p, w, 8, length);
}

static unsigned long last(struct place *p, const struct wanted *w)
{
	unsigned long at = NONE;
	struct run run = { };

	while (next_run(p, w, &run))
		at = run.high;
	return at;
}

/* What is large comes from the top. */
static unsigned long ends(struct place *p, const struct wanted *w)
{
	return w->pages >= cma_map_units(&p->map) / 32 ? last(p, w) : first(p, w);
}

static const struct policy {
	const char *name;
	unsigned long (*find)(struct place *p, const struct wanted *w);
} policies[] = {
	{ "first", first },		/* all others are compared with it */
	{ "next", next },
	{ "best", best },
	{ "classes", classes },
	{ "buddies", buddies },
	{ "ends", ends },
	{ "of 4", of_4 },
	{ "of 8", of_8 },
	{ "chosen", chosen },
};

#define POLICIES	ARRAY_SIZE(policies)

/* What happens before request @warm does not count. */
static struct result run(const struct policy *policy, unsigned long area,
			 const struct recording *rec, unsigned int warm)
{
	unsigned long *held = calloc(rec->ids, sizeof(*held));
	struct place p = { .map.count = area };
	struct result result = { .area = area };

	if (!held || cma_map_init(&p.map)) {
		fprintf(stderr, "fragmentation: no memory\n");
		exit(1);
	}

	for (unsigned int i = 0; i < rec->nr; i++) {
		const struct request *r = &rec->list[i];
		struct wanted w = { r->pages, r->align };

		if (i == warm)
			result = (struct result){ .area = area, .live = result.live };
		if (r->pages) {
			held[r->id] = policy->find(&p, &w);
			if (held[r->id] != NONE)
				cma_map_take(&p.map, held[r->id], r->pages);
			count_request(&result, r->pages, held[r->id] != NONE);
		} else if (held[r->id] != NONE) {
			cma_map_drop(&p.map, held[r->id], rec->sizes[r->id]);
			result.live -= rec->sizes[r->id];
		}
		count_hole(&result, cma_map_longest(&p.map));
	}

	end_result(&result);
	cma_map_destroy(&p.map);
	free(held);
	return result;
}

/*
 * The table
 */

#define MAX_SEEDS	100
#define MAX_AREAS	4
#define TIMES		12	/* the area's size is asked for */

static const struct {
	const char *name;
	int better;		/* 1: more is */
} figures[] = {
	{ "held at first failure %", 1 },
	{ "pages refused at 85 % %", -1 },
	{ "longest / free at 85 % %", 1 },
};

#define FIGURES		ARRAY_SIZE(figures)

static double value[FIGURES][MAX_AREAS][ARRAY_SIZE(mixes)][POLICIES][MAX_SEEDS];

static void measure(unsigned int a, unsigned long area, unsigned int m, unsigned int seed)
{
	struct recording rising = { }, steady = { };

	generate(&rising, &mixes[m], area, 0.4, 1, TIMES, seed + 1);
	generate(&steady, &mixes[m], area, 0.85, 0.85, TIMES, seed + 1);
	for (unsigned int i = 0; i < POLICIES; i++) {
		struct result result = run(&policies[i], area, &rising, 0);

		value[0][a][m][i][seed] = 100 * result.first;
		result = run(&policies[i], area, &steady, steady.nr / 3);
		value[1][a][m][i][seed] = 100.0 * result.failed / result.asked;
		value[2][a][m][i][seed] = 100 * result.holes;
	}
	forget_recording(&rising);
	forget_recording(&steady);
}

/* Mean of what is more than with first fit, in standard errors of that mean. */
static double errors(const double *x, const double *first, unsigned int seeds)
{
	double sum = 0, squares = 0, mean;

	for (unsigned int i = 0; i < seeds; i++) {
		sum += x[i] - first[i];
		squares += (x[i] - first[i]) * (x[i] - first[i]);
	}
	mean = sum / seeds;
	squares = squares / seeds - mean * mean;
	return squares > 0.000001 ? mean / sqrt(squares / (seeds - 1)) : 0;
}

static double mean(const double *x, unsigned int nr)
{
	double sum = 0;

	for (unsigned int i = 0; i < nr; i++)
		sum += x[i];
	return sum / nr;
}

static void print_figure(unsigned int f, const unsigned long *areas, unsigned int nr,
			 unsigned int seeds)
{
	unsigned int better[POLICIES] = { }, worse[POLICIES] = { };

	printf("\n%-25s", figures[f].name);
	for (unsigned int i = 0; i < POLICIES; i++)
		printf("%10s", policies[i].name);
	for (unsigned int a = 0; a < nr; a++) {
		double sum[POLICIES] = { };

		for (unsigned int m = 0; m < ARRAY_SIZE(mixes); m++) {
			printf("\n%4lu MiB %-16s", areas[a] / MIB, mixes[m].name);
			for (unsigned int i = 0; i < POLICIES; i++) {
				double *x = value[f][a][m][i];
				double by = figures[f].better *
					    errors(x, value[f][a][m][0], seeds);

				better[i] += by > 3;
				worse[i] += by < -3;
				sum[i] += mean(x, seeds) / ARRAY_SIZE(mixes);
				printf("%9.2f%c", mean(x, seeds),
				       by > 3 ? '+' : by < -3 ? '-' : ' ');
			}
		}
		printf("\n%4lu MiB %-16s", areas[a] / MIB, "mean");
		for (unsigned int i = 0; i < POLICIES; i++)
			printf("%9.2f ", sum[i]);
	}
	printf("\n%-25s", "mixes better, worse");
	for (unsigned int i = 0; i < POLICIES; i++)
		printf("%5u,%3u ", better[i], worse[i]);
	printf("\n");
}

static void compare(const unsigned long *areas, unsigned int nr, unsigned int seeds)
{
	for (unsigned int a = 0; a < nr; a++) {
		for (unsigned int m = 0; m < ARRAY_SIZE(mixes); m++) {
			for (unsigned int seed = 0; seed < seeds; seed++)
				measure(a, areas[a], m, seed);
		}
	}

	printf("%u seeds; + and -: better and worse than first fit by over three standard errors\n",
	       seeds);
	for (unsigned int f = 0; f < FIGURES; f++)
		print_figure(f, areas, nr, seeds);
}

/* The smallest area that refuses nothing; and what it does when it is not so large. */
static void compare_recorded(const char *path)
{
	struct recording rec = { };

	read_recording(&rec, path);
	printf("%s: %u requests, %lu pages held at most (%.1f MiB)\n", path, rec.ids, rec.peak,
	       1.0 * rec.peak / MIB);
	printf("%-25s%10s%18s%18s\n", "", "MiB needed", "refused at 105 %", "longest / free %");
	for (unsigned int i = 0; i < POLICIES; i++) {
		struct result tight = run(&policies[i], rec.peak * 1.05, &rec, 0);
		unsigned long area = DIV_ROUND_UP(rec.peak, MIB) * MIB;
		struct result wide = run(&policies[i], area * 3 / 2, &rec, 0);

		while (run(&policies[i], area, &rec, 0).failures)
			area += MIB;
		printf("%-25s%10lu%18.2f%18.2f\n", policies[i].name, area / MIB,
		       100.0 * tight.failed / tight.asked, 100 * wide.holes);
	}
	forget_recording(&rec);
}

static unsigned long read_number(const char *arg, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (!*arg || *end || !n || n > most) {
		fprintf(stderr, "fragmentation: \"%s\": expected a number from 1 to %lu\n",
			arg, most);
		exit(1);
	}
	return n;
}

static const struct mix *mix_called(const char *name)
{
	for (unsigned int m = 0; m < ARRAY_SIZE(mixes); m++) {
		if (!strcmp(mixes[m].name, name))
			return &mixes[m];
	}
	fprintf(stderr, "fragmentation: there is no mix \"%s\"; there are:", name);
	for (unsigned int m = 0; m < ARRAY_SIZE(mixes); m++)
		fprintf(stderr, " %s", mixes[m].name);
	fprintf(stderr, "\n");
	exit(1);
}

int main(int argc, char **argv)
{
	unsigned long areas[MAX_AREAS];
	struct recording rec = { };

	if (argc == 3 && !strcmp(argv[1], "-r")) {
		compare_recorded(argv[2]);
	} else if (argc == 4 && !strcmp(argv[1], "-r")) {
		unsigned long area = read_number(argv[3], 1 << 20) * MIB;

		read_recording(&rec, argv[2]);
		for (unsigned int i = 0; i < POLICIES; i++) {
			struct result result = run(&policies[i], area, &rec, 0);

			print_result(&result, policies[i].name);
		}
	} else if (argc == 6 && !strcmp(argv[1], "-d")) {
		unsigned long area = read_number(argv[3], 1 << 20) * MIB;
		double part = read_number(argv[4], 100) / 100.0;

		generate(&rec, mix_called(argv[2]), area, part, part,
			 read_number(argv[5], 1000), 1);
		print_recording(&rec);
	} else if (argc >= 3 && argc <= 2 + MAX_AREAS && argv[1][0] != '-') {
		for (int i = 2; i < argc; i++)
			areas[i - 2] = read_number(argv[i], 1 << 20) * MIB;
		compare(areas, argc - 2, read_number(argv[1], MAX_SEEDS));
	} else {
		fprintf(stderr, "usage: fragmentation SEEDS MIB... | -r FILE [MIB] |\n"
			"\t-d MIX MIB PERCENT TIMES\n");
		return 1;
	}
	forget_recording(&rec);
	return 0;
}
