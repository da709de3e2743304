// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation and release through /dev/cma_test: sizes, alignments, folios,
 * partial releases, and all the releases and requests that must be refused.
 *
 * Every test runs on an area whose unit is one page, and again on one with
 * larger units (order_per_bit), such as hugetlb_cma= makes. After every test
 * the area must be what it was before.
 *
 * CMA_TEST_LONG=1 tries every size of allocation, not a choice of them.
 */

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "cma_fixture.h"

/* Seconds. Generous, because emulated machines with checkers are slow. */
#define PATIENCE	900

FIXTURE(area)
{
	int fd;
	struct area area;
	struct state first;
};

FIXTURE_VARIANT(area)
{
	bool large_units;
};

FIXTURE_VARIANT_ADD(area, unit_is_page)
{
	.large_units = false,
};

FIXTURE_VARIANT_ADD(area, unit_is_large)
{
	.large_units = true,
};

FIXTURE_SETUP(area)
{
	const char *missing;

	missing = open_area(variant->large_units, &self->fd, &self->area);
	if (missing)
		SKIP(return, "%s", missing);
	expect_idle(_metadata, self->fd, &self->area, &self->first);
}

FIXTURE_TEARDOWN(area)
{
	close(self->fd);
	expect_unchanged(_metadata, &self->area, &self->first);
}

static uint64_t round_to_unit(const struct area *area, uint64_t count)
{
	return (count + area->unit - 1) / area->unit * area->unit;
}

static uint64_t used(const struct area *area)
{
	return read_number(DEBUGFS, area->name, "used");
}

static bool inside(const struct area *area, uint64_t pfn, uint64_t count)
{
	return pfn >= area->base_pfn &&
	       pfn + count <= area->base_pfn + area->pages;
}

TEST_F_TIMEOUT(area, every_size, PATIENCE)
{
	const struct area *area = &self->area;
	bool all = getenv("CMA_TEST_LONG");
	uint64_t n = 1, pfn;

	while (n <= area->pages) {
		uint64_t mark = n < 64 ? n : 1;
		struct state before, held, after;

		read_state(area, &before);
		ASSERT_EQ(0, cma_get(self->fd, area, n, 0, 0, &pfn))
			TH_LOG("%llu of %llu free pages", (long long)n,
			       (long long)area->pages);
		ASSERT_TRUE(inside(area, pfn, n));
		ASSERT_TRUE(cma_stamp(self->fd, pfn, mark, n));
		ASSERT_TRUE(cma_stamp(self->fd, pfn + n - mark, mark, n));
		read_state(area, &held);
		ASSERT_EQ(round_to_unit(area, n), held.used);
		ASSERT_EQ(area->pages - held.used, held.available);
		ASSERT_EQ(before.success + n, held.success);
		ASSERT_EQ(before.fail, held.fail);
		ASSERT_EQ(before.release, held.release);
		ASSERT_TRUE(cma_verify(self->fd, pfn, mark, n));
		ASSERT_TRUE(cma_verify(self->fd, pfn + n - mark, mark, n));
		ASSERT_EQ(1, cma_put(self->fd, area, pfn, n))
			TH_LOG("release of %llu pages", (long long)n);
		read_state(area, &after);
		ASSERT_EQ(NULL, state_differs(&before, &after, false));
		ASSERT_EQ(before.release + n, after.release);
		free(before.bitmap);
		free(held.bitmap);
		free(after.bitmap);

		if (all || n < 130 || n > area->pages - 4)
			n++;
		else if (n + n / 9 < area->pages - 4)
			n += n / 9;
		else
			n = area->pages - 3;
	}
}

TEST_F_TIMEOUT(area, every_alignment, PATIENCE)
{
	const struct area *area = &self->area;
	static const unsigned int absurd[] = {
		31, 32, 51, 52, 53, 62, 63, 64, 65, 127, 255, INT_MAX, UINT_MAX,
	};
	unsigned int found = 0;
	uint64_t plug, pfn;

	/* So that the first free page has no alignment to speak of. */
	ASSERT_EQ(0, cma_get(self->fd, area, 1, 0, 0, &plug));

	for (unsigned int order = 0; order < 31; order++) {
		uint64_t counts[] = { 1, 3, 1ULL << order };

		for (int i = 0; i < 3; i++) {
			int ret = cma_get(self->fd, area, counts[i], order,
					  CMA_TEST_NOWARN, &pfn);

			if (ret) {
				ASSERT_EQ(-ENOMEM, ret);
				/* Half of the area has each of these. */
				ASSERT_GT(4ULL << order, area->pages)
					TH_LOG("order %u: %llu pages", order,
					       (long long)counts[i]);
				continue;
			}
			found++;
			ASSERT_TRUE(inside(area, pfn, counts[i]));
			ASSERT_EQ(0, pfn * area->page_size %
				     (area->page_size << order))
				TH_LOG("order %u: %#llx", order,
				       (long long)(pfn * area->page_size));
			ASSERT_EQ(1, cma_put(self->fd, area, pfn, counts[i]));
		}
	}
	EXPECT_GT(found, 20);

	for (unsigned int i = 0; i < sizeof(absurd) / sizeof(*absurd); i++) {
		ASSERT_EQ(-ENOMEM, cma_get(self->fd, area, 1, absurd[i],
					   CMA_TEST_NOWARN, &pfn))
			TH_LOG("page at %#llx for an alignment of order %u",
			       (long long)pfn, absurd[i]);
	}
	EXPECT_EQ(1, cma_put(self->fd, area, plug, 1));
}

TEST_F_TIMEOUT(area, all_in_pieces, PATIENCE)
{
	const struct area *area = &self->area;
	uint64_t size = area->pages / 64, pfns[64], pfn;

	for (int i = 0; i < 64; i++) {
		ASSERT_EQ(0, cma_get(self->fd, area, size, 0, 0, &pfns[i]));
		ASSERT_TRUE(cma_stamp(self->fd, pfns[i], size, i));
	}
	ASSERT_EQ(area->pages, used(area));
	EXPECT_EQ(-ENOMEM, cma_get(self->fd, area, 1, 0, CMA_TEST_NOWARN, &pfn));

	/* No piece is a part of another. */
	for (int i = 0; i < 64; i++)
		ASSERT_TRUE(cma_verify(self->fd, pfns[i], size, i));
	for (int i = 0; i < 64; i++)
		ASSERT_EQ(1, cma_put(self->fd, area, pfns[i * 37 % 64], size));
}

TEST_F_TIMEOUT(area, release_in_parts, PATIENCE)
{
	const struct area *area = &self->area;
	uint64_t u = area->unit, n = area->pages - 16 * u, pfn, again;

	ASSERT_EQ(0, cma_get(self->fd, area, area->pages, 0, 0, &pfn));
	ASSERT_TRUE(cma_stamp(self->fd, pfn, 16 * u, 1));

	/* From the end, from within, from the start, and what is left. */
	ASSERT_EQ(1, cma_put(self->fd, area, pfn + 16 * u, n));
	ASSERT_EQ(1, cma_put(self->fd, area, pfn + 5 * u, 3 * u));
	ASSERT_EQ(1, cma_put(self->fd, area, pfn + 15 * u, u));
	ASSERT_EQ(1, cma_put(self->fd, area, pfn, 2 * u));
	ASSERT_EQ(10 * u, used(area));
	ASSERT_TRUE(cma_verify(self->fd, pfn + 2 * u, 3 * u, 1));
	ASSERT_TRUE(cma_verify(self->fd, pfn + 8 * u, 7 * u, 1));

	/* All that was given back is there to be had again. */
	ASSERT_EQ(0, cma_get(self->fd, area, n + u, 0, 0, &again));
	ASSERT_EQ(pfn + 15 * u, again);
	ASSERT_EQ(0, cma_get(self->fd, area, 3 * u, 0, 0, &again));
	ASSERT_EQ(pfn + 5 * u, again);
	ASSERT_EQ(0, cma_get(self->fd, area, 2 * u, 0, 0, &again));
	ASSERT_EQ(pfn, again);
	ASSERT_EQ(area->pages, used(area));
	ASSERT_TRUE(cma_verify(self->fd, pfn + 2 * u, 3 * u, 1));
	ASSERT_TRUE(cma_verify(self->fd, pfn + 8 * u, 7 * u, 1));
	for (int i = 0; i < 16; i++)
		ASSERT_EQ(1, cma_put(self->fd, area, pfn + i * u, u));
	ASSERT_EQ(1, cma_put(self->fd, area, pfn + 16 * u, n));
}

TEST_F_TIMEOUT(area, neighbours_released_together, PATIENCE)
{
	const struct area *area = &self->area;
	uint64_t u = area->unit, all, pfn;

	/* Two allocations side by side may go back in one release. */
	ASSERT_EQ(0, cma_get(self->fd, area, area->pages, 0, 0, &all));
	ASSERT_EQ(1, cma_put(self->fd, area, all + 4 * u, 2 * u));
	ASSERT_EQ(0, cma_get(self->fd, area, 2 * u, 0, 0, &pfn));
	ASSERT_EQ(all + 4 * u, pfn);
	ASSERT_EQ(1, cma_put(self->fd, area, all, area->pages));
	ASSERT_EQ(0, used(area));
}

TEST_F_TIMEOUT(area, wrong_releases_refused, PATIENCE)
{
	const struct area *area = &self->area;
	uint64_t base = area->base_pfn, end = base + area->pages;
	uint64_t u = area->unit, at = base + 4 * u, all;
	const uint64_t top = ULONG_MAX / 2 + 1;
	const struct {
		const char *what;
		uint64_t pfn;
		uint64_t count;
		bool if_large;
	} wrong[] = {
		{ "never allocated since it was released", base + 16 * u, u },
		{ "a second time", base + 8 * u, 4 * u },
		{ "all of it but part is free", base, area->pages },
		{ "held, then free", base + 6 * u, 4 * u },
		{ "free, then held", base + 2 * u, 4 * u },
		{ "free, held, free", base + 2 * u, 10 * u },
		{ "before the start", base - u, u },
		{ "across the start", base - u, 2 * u },
		{ "past the end", end, u },
		{ "across the end, the first page held", end - u, 2 * u },
		{ "across the end, the first page free", end - 3 * u, 4 * u },
		{ "no page at all", at, 0 },
		{ "ULONG_MAX pages", at, ULONG_MAX },
		{ "whole units near ULONG_MAX", at, ULONG_MAX - u + 1 },
		{ "end wraps to 0", at, (unsigned long)(0 - at) },
		{ "end wraps to the start of the area", at, (unsigned long)(base - at) },
		{ "half of ULONG_MAX pages", at, top },
		{ "size in bytes wraps", at, ULONG_MAX / area->page_size + 1 + 4 * u },
		{ "legal if cut to 32 bits", at, (top > UINT_MAX ? 1ULL << 32 : top) + 4 * u },
		{ "legal if cut to 31 bits", at, (1UL << 31) + 4 * u },
		{ "starts within a unit", at + 1, u, true },
		{ "is within a unit", at + 1, 1, true },
		{ "first page of a unit", at, 1, true },
		{ "all but the last page", at, 4 * u - 1, true },
		{ "ends within a unit", at, u + 1, true },
	};
	struct state before, after;
	int log, ret, lines = 0;

	/* Held: units 4 to 7, and the last one. */
	ASSERT_EQ(0, cma_get(self->fd, area, area->pages, 0, 0, &all));
	ASSERT_EQ(base, all);
	ASSERT_EQ(1, cma_put(self->fd, area, base, 4 * u));
	ASSERT_EQ(1, cma_put(self->fd, area, base + 8 * u, area->pages - 9 * u));
	ASSERT_TRUE(cma_stamp(self->fd, at, 4 * u, 2));
	ASSERT_TRUE(cma_stamp(self->fd, end - u, u, 3));
	ASSERT_EQ(5 * u, used(area));

	sleep(6);
	log = log_open();
	read_state(area, &before);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (wrong[i].if_large && u == 1)
			continue;

		ret = cma_put(self->fd, area, wrong[i].pfn, wrong[i].count);
		if (ret == -EFAULT && !inside(area, wrong[i].pfn, 1))
			continue;	/* no memory there to be named */
		EXPECT_EQ(0, ret)
			TH_LOG("taken: %s", wrong[i].what);
		read_state(area, &after);
		ASSERT_EQ(NULL, state_differs(&before, &after, true))
			TH_LOG("%s: %s changed", wrong[i].what,
			       state_differs(&before, &after, true));
		free(after.bitmap);
		ASSERT_TRUE(cma_verify(self->fd, at, 4 * u, 2))
			TH_LOG("%s: content of held pages", wrong[i].what);
		ASSERT_TRUE(cma_verify(self->fd, end - u, u, 3))
			TH_LOG("%s: content of held pages", wrong[i].what);

		/*
		 * What is inside the area is worth a line that says so, if
		 * there were not many lines of late.
		 */
		ret = log_count(log, area->name, NULL);
		if (inside(area, wrong[i].pfn, 1) && lines < 8)
			EXPECT_GE(ret, 1)
				TH_LOG("%s: nothing in the log", wrong[i].what);
		lines += ret;
	}
	close(log);

	/* The right ones are still taken. */
	EXPECT_EQ(1, cma_put(self->fd, area, at, 4 * u));
	EXPECT_EQ(1, cma_put(self->fd, area, end - u, u));
}

TEST_F_TIMEOUT(area, tail_of_unit, PATIENCE)
{
	const struct area *area = &self->area;
	struct state before, held, after;
	uint64_t u = area->unit, n = 2 * u + u / 2, pfn;

	if (u == 1)
		SKIP(return, "only where a unit is more than a page");

	/* The rest of the last unit is not held, and counted once. */
	read_state(area, &before);
	ASSERT_EQ(0, cma_get(self->fd, area, n, 0, 0, &pfn));
	read_state(area, &held);
	ASSERT_EQ(3 * u, held.used);
	EXPECT_EQ(0, cma_put(self->fd, area, pfn, 3 * u));
	EXPECT_EQ(0, cma_put(self->fd, area, pfn, n - 1));
	EXPECT_EQ(0, cma_put(self->fd, area, pfn, n + 1));
	read_state(area, &after);
	EXPECT_EQ(NULL, state_differs(&held, &after, true));
	EXPECT_EQ(1, cma_put(self->fd, area, pfn, 2 * u));
	EXPECT_EQ(u, used(area));
	EXPECT_EQ(1, cma_put(self->fd, area, pfn + 2 * u, u / 2));
	read_state(area, &after);
	EXPECT_EQ(NULL, state_differs(&before, &after, false));
	EXPECT_EQ(before.success + n, after.success);
	EXPECT_EQ(before.release + n, after.release);
}

TEST_F_TIMEOUT(area, failure_is_counted_and_told, PATIENCE)
{
	const struct area *area = &self->area;
	const uint64_t sizes[] = {
		area->pages + 1, area->pages * 2, (1ULL << 32) + 1, 1ULL << 52,
		(1ULL << 52) + 1, 1ULL << 63, ULONG_MAX - area->unit + 1,
		ULONG_MAX,
	};
	struct state before, after;
	char words[128];
	uint64_t pfn;
	int log, lines = 0;

	read_state(area, &before);
	log = log_open();
	ASSERT_GE(log, 0);

	/* Said once for each; but many in a row are not all said. */
	snprintf(words, sizeof(words), "cma: %s %llu", area->name,
		 (long long)sizes[0]);
	for (int i = 0; i < 3 && !lines; i++) {
		if (i)
			sleep(6);
		ASSERT_EQ(-ENOMEM, cma_get(self->fd, area, sizes[0], 0, 0, &pfn));
		lines = log_count(log, words, NULL);
		read_state(area, &after);
		EXPECT_EQ(before.fail + (i + 1) * sizes[0], after.fail);
	}
	EXPECT_EQ(1, lines);

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		if (sizes[i] > ULONG_MAX)
			continue;	/* the kernel has no such number */
		read_state(area, &before);
		EXPECT_EQ(-ENOMEM, cma_get(self->fd, area, sizes[i], 0,
					   CMA_TEST_NOWARN, &pfn));
		read_state(area, &after);
		EXPECT_GT(after.fail, before.fail)
			TH_LOG("%#llx pages", (long long)sizes[i]);
		EXPECT_LT(after.fail, UINT64_MAX / 2);
		after.fail = before.fail;
		EXPECT_EQ(NULL, state_differs(&before, &after, true));
	}
	EXPECT_EQ(0, log_count(log, area->name, NULL))
		TH_LOG("a warning in spite of CMA_TEST_NOWARN");
	close(log);

	EXPECT_EQ(-ENOMEM, cma_get(self->fd, area, 0, 0, CMA_TEST_NOWARN, &pfn));
	EXPECT_EQ(0, used(area));
}

TEST_F_TIMEOUT(area, full_area_fails, PATIENCE)
{
	const struct area *area = &self->area;
	struct state before, after;
	uint64_t all, pfn;

	ASSERT_EQ(0, cma_get(self->fd, area, area->pages, 0, 0, &all));
	read_state(area, &before);
	EXPECT_EQ(0, before.available);
	EXPECT_EQ(0, before.maxchunk);
	EXPECT_EQ(-ENOMEM, cma_get(self->fd, area, 7, 0, CMA_TEST_NOWARN, &pfn));
	read_state(area, &after);
	EXPECT_EQ(before.fail + 7, after.fail);
	after.fail = before.fail;
	EXPECT_EQ(NULL, state_differs(&before, &after, true));
	EXPECT_EQ(1, cma_put(self->fd, area, all, area->pages));
}

/*
 * The report of a failure is for people: a few lines, whatever the area is
 * like. A list of all free runs, made with a lock held, was neither.
 */
TEST_F_TIMEOUT(area, failure_report_is_short, PATIENCE)
{
	const struct area *area = &self->area;
	uint64_t u = area->unit, units = area->pages / u, all, pfn;
	size_t bytes = 0;
	int log;

	ASSERT_EQ(0, cma_get(self->fd, area, area->pages, 0, 0, &all));
	for (uint64_t i = 0; i < units; i += 2)
		ASSERT_EQ(1, cma_put(self->fd, area, all + i * u, u));
	log = log_open();
	ASSERT_GE(log, 0);
	for (int i = 0; i < 3 && !bytes; i++) {
		if (i)
			sleep(6);
		ASSERT_EQ(-ENOMEM, cma_get(self->fd, area, 2 * u, 0, 0, &pfn));
		log_count(log, area->name, &bytes);
	}
	close(log);
	EXPECT_GT(bytes, 0);
	EXPECT_LT(bytes, 1000);
	for (uint64_t i = 1; i < units; i += 2)
		ASSERT_EQ(1, cma_put(self->fd, area, all + i * u, u));
}

TEST_F(area, pages_valid)
{
	const struct area *area = &self->area;
	uint64_t base = area->base_pfn, n = area->pages;
	const struct {
		uint64_t pfn;
		uint64_t count;
		unsigned int ok;
	} runs[] = {
		{ base, 1, 1 }, { base, n, 1 }, { base + n - 1, 1, 1 },
		{ base + 3, 5, 1 }, { base - 1, 1, 0 }, { base + n, 1, 0 },
		{ base - 1, 2, 0 }, { base, n + 1, 0 }, { base + n - 1, 2, 0 },
		{ base + 1, ULONG_MAX, 0 }, { base + 1, ULONG_MAX - base, 0 },
		{ base + 1, (unsigned long)(0 - base), 0 },
		{ base + 1, ULONG_MAX / 2 + 1, 0 },
	};

	for (unsigned int i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		struct cma_test_range r = {
			.pfn = runs[i].pfn, .count = runs[i].count,
		};

		strcpy(r.area, area->name);
		if (ioctl(self->fd, CMA_TEST_VALID, &r)) {
			EXPECT_EQ(EFAULT, errno);
			EXPECT_EQ(0, runs[i].ok);
			continue;
		}
		EXPECT_EQ(runs[i].ok, r.ok)
			TH_LOG("base %+lld, %#llx pages",
			       (long long)(r.pfn - base), (long long)r.count);
	}
}

TEST_F(area, holder_is_killed)
{
	const struct area *area = &self->area;
	int pipes[2], status;
	char c;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		int fd = cma_open();
		uint64_t pfn;

		if (cma_get(fd, area, area->pages / 2, 0, 0, &pfn) ||
		    cma_put(fd, area, pfn + area->unit, area->unit) != 1 ||
		    write(pipes[1], "+", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(pipes[0], &c, 1));
	EXPECT_EQ(area->pages / 2 - area->unit, used(area));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, used(area));
}

struct racer {
	pthread_t thread;
	pthread_barrier_t *start;
	const struct area *area;
	int fd;
	unsigned int seed;
	int taken;
	const char *error;
	uint64_t *pfns;
	uint64_t size;
	int rounds;
};

static void *release_same(void *arg)
{
	struct racer *r = arg;

	for (int i = 0; i < r->rounds; i++) {
		pthread_barrier_wait(r->start);
		r->taken += cma_put(r->fd, r->area, r->pfns[i], r->size) == 1;
	}
	return NULL;
}

/* Of two concurrent releases of the same pages, one is refused. */
TEST_F_TIMEOUT(area, double_release_race, PATIENCE)
{
	const struct area *area = &self->area;
	pthread_barrier_t barrier;
	struct racer racers[2];
	uint64_t pfns[64];

	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 64; i++)
		ASSERT_EQ(0, cma_get(self->fd, area, area->unit, 0, 0, &pfns[i]));
	for (int i = 0; i < 2; i++) {
		racers[i] = (struct racer) {
			.start = &barrier, .area = area, .rounds = 64,
			.pfns = pfns, .size = area->unit,
			/* its own file, or the book's lock would part them */
			.fd = i ? cma_open() : self->fd,
		};
		ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL,
					    release_same, &racers[i]));
	}
	for (int i = 0; i < 2; i++)
		pthread_join(racers[i].thread, NULL);
	EXPECT_EQ(64, racers[0].taken + racers[1].taken);
	EXPECT_EQ(0, used(area));
	close(racers[1].fd);
}

static void *allocate_at_random(void *arg)
{
	struct racer *r = arg;
	const struct area *area = r->area;
	struct {
		uint64_t pfn, count, seed;
	} held[8] = { };

	pthread_barrier_wait(r->start);
	for (int i = 0; i < r->rounds && !r->error; i++) {
		int slot = rand_r(&r->seed) % 8;
		uint64_t count = 1 + rand_r(&r->seed) % (area->pages / 128);

		if (held[slot].count) {
			if (!cma_verify(r->fd, held[slot].pfn,
					held[slot].count, held[slot].seed))
				r->error = "the pages were written to by another";
			if (cma_put(r->fd, area, held[slot].pfn,
				    held[slot].count) != 1)
				r->error = "release refused";
			held[slot].count = 0;
		}
		if (cma_get(r->fd, area, count, rand_r(&r->seed) % 10,
			    CMA_TEST_NOWARN, &held[slot].pfn))
			continue;
		held[slot].count = count;
		held[slot].seed = rand_r(&r->seed);
		if (!cma_stamp(r->fd, held[slot].pfn, count, held[slot].seed))
			r->error = "stamping failed";
		r->taken++;
	}
	return NULL;
}

/* What is released is free for borrowers at once. */
TEST_F_TIMEOUT(area, released_can_be_borrowed, PATIENCE)
{
	const struct area *area = &self->area;
	uint64_t n = area->pages / 8, back = 0, pfn, held;

	/* Others may borrow or give back some meanwhile. */
	for (int i = 0; i < 10 && back < n / 2; i++) {
		ASSERT_EQ(0, cma_get_patiently(self->fd, area, n, &pfn));
		held = read_vmstat("nr_free_cma");
		ASSERT_EQ(1, cma_put(self->fd, area, pfn, n));
		back = read_vmstat("nr_free_cma") - held;
		back = back > area->pages ? 0 : back;
	}
	EXPECT_GE(back, n / 2)
		TH_LOG("%llu of %llu pages are free again", (long long)back,
		       (long long)n);
}

TEST_F_TIMEOUT(area, threads, PATIENCE)
{
	const struct area *area = &self->area;
	pthread_barrier_t barrier;
	struct racer racers[4];

	pthread_barrier_init(&barrier, NULL, 4);
	for (int i = 0; i < 4; i++) {
		racers[i] = (struct racer) {
			.start = &barrier, .area = area, .rounds = 100,
			.seed = 17 + i, .fd = cma_open(),
		};
		ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL,
					    allocate_at_random, &racers[i]));
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(racers[i].thread, NULL);
		EXPECT_EQ(NULL, racers[i].error)
			TH_LOG("%s", racers[i].error);
		EXPECT_GT(racers[i].taken, 0);
		close(racers[i].fd);
	}
	EXPECT_EQ(0, used(area));
}

TEST_F_TIMEOUT(area, folios, PATIENCE)
{
	const struct area *area = &self->area;
	unsigned int order, fits = 0;

	for (order = 1; order < (sizeof(long) > 4 ? 40 : 32); order++) {
		struct cma_test_range r = {
			.order = order, .flags = CMA_TEST_NOWARN,
		};

		strcpy(r.area, area->name);
		if (ioctl(self->fd, CMA_TEST_ALLOC_FOLIO, &r)) {
			ASSERT_EQ(ENOMEM, errno);
			ASSERT_GT(2ULL << order, area->pages);
			continue;
		}
		fits++;
		ASSERT_LE(1ULL << order, area->pages);
		ASSERT_TRUE(inside(area, r.pfn, r.count));
		ASSERT_EQ(1ULL << order, r.count);
		ASSERT_EQ(0, r.pfn & (r.count - 1));
		ASSERT_EQ(1, r.refs);
		ASSERT_EQ(round_to_unit(area, r.count), used(area));
		ASSERT_TRUE(cma_stamp(self->fd, r.pfn, r.count, order));
		ASSERT_TRUE(cma_verify(self->fd, r.pfn, r.count, order));
		ASSERT_EQ(0, ioctl(self->fd, CMA_TEST_FREE_FOLIO, &r));
		ASSERT_EQ(1, r.ok);
		ASSERT_EQ(0, used(area));
	}
	EXPECT_GE(fits, 9);
}

TEST_F_TIMEOUT(area, part_of_folio_refused, PATIENCE)
{
	const struct area *area = &self->area;
	unsigned int order = __builtin_ctzll(area->unit) + 2;
	struct cma_test_range r = { .order = order };
	struct state before, after;
	uint64_t pfn, n;

	strcpy(r.area, area->name);
	ASSERT_EQ(0, ioctl(self->fd, CMA_TEST_ALLOC_FOLIO, &r));
	n = r.count / 4;
	ASSERT_TRUE(cma_stamp(self->fd, r.pfn, r.count, order));
	read_state(area, &before);
	EXPECT_EQ(0, cma_put(self->fd, area, r.pfn, n));
	EXPECT_EQ(0, cma_put(self->fd, area, r.pfn + n, n));
	EXPECT_EQ(0, cma_put(self->fd, area, r.pfn + n, r.count - n));
	EXPECT_EQ(0, cma_put(self->fd, area, r.pfn, r.count + n));
	read_state(area, &after);
	EXPECT_EQ(NULL, state_differs(&before, &after, true));
	EXPECT_TRUE(cma_verify(self->fd, r.pfn, r.count, order));

	/* Nor may it be torn off by a release of its neighbours. */
	if (!cma_get(self->fd, area, n, 0, 0, &pfn)) {
		if (pfn == r.pfn + r.count)
			EXPECT_EQ(0, cma_put(self->fd, area, pfn - n, 2 * n));
		EXPECT_EQ(1, cma_put(self->fd, area, pfn, n));
	}
	ASSERT_EQ(0, ioctl(self->fd, CMA_TEST_FREE_FOLIO, &r));
	EXPECT_EQ(1, r.ok);
}

TEST(unknown_area)
{
	struct cma_test_range r = { .area = "no such area", .count = 1 };
	int fd = cma_open();

	if (fd < 0)
		SKIP(return, "no " CMA_TEST_DEVICE);
	EXPECT_EQ(-1, ioctl(fd, CMA_TEST_ALLOC, &r));
	EXPECT_EQ(ENOENT, errno);
	close(fd);
}

TEST_HARNESS_MAIN
