// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation while the machine is busy: what is lent is in use all the time, so a
 * page that is held for a moment, or is in the swap cache, or waits for the disk,
 * is met everywhere. Such an allocation may fail; but no more often than
 * with the allocator that Linux 6.12 came with, which reaches the least numbers of
 * successes below.
 *
 * The machine is to have 256 MiB, an area of 64 MiB and the disks that
 * busy_loads.h names.
 */

#include <sys/sysmacros.h>

#include "cma_fixture.h"
#include "busy_loads.h"

#define PATIENCE	900		/* seconds */
#define TRIES		8		/* of each size */
#define SIZES		3

/*
 * The allocator moves pages once if that takes longer than this, and else several times.
 * The stock one always does so once. So on a machine that is slow for lack of processors,
 * this many tries may fail.
 */
#define ONCE_MS		2000
#define MAY_BE_SLOW	3

/* A sixteenth of the area may be free when an allocation begins, and seldom is. */
#define LOW_SHARE	16

FIXTURE(busy)
{
	int fd;
	struct area area;
	struct state first;
	struct lists lists;
	const struct busy_load *load;
	bool started;
};

FIXTURE_VARIANT(busy)
{
	const char *load;
	/* Of 1280 pages, of three quarters of the area, and of all of it */
	unsigned int least[SIZES];
};

FIXTURE_VARIANT_ADD(busy, swap)
{
	.load = "swap",
	.least = { 8, 8, 7 },
};

FIXTURE_VARIANT_ADD(busy, swap_faults)
{
	.load = "swap-faults",
	.least = { 8, 8, 7 },
};

FIXTURE_VARIANT_ADD(busy, zram)
{
	.load = "zram-faults",
	.least = { 8, 8, 5 },
};

FIXTURE_VARIANT_ADD(busy, readers)
{
	.load = "readers4",
	.least = { 8, 8, 6 },
};

FIXTURE_VARIANT_ADD(busy, writers)
{
	.load = "sync",
	.least = { 8, 8, 4 },
};

FIXTURE_VARIANT_ADD(busy, forks)
{
	.load = "forks",
	.least = { 8, 8, 6 },
};

FIXTURE_VARIANT_ADD(busy, huge_pages)
{
	.load = "huge",
	/* Huge pages to move to are few, and may be none. */
	.least = { 8, 0, 0 },
};

FIXTURE_SETUP(busy)
{
	const char *missing;

	missing = open_area(false, &self->fd, &self->area);
	if (missing)
		SKIP(return, "%s", missing);
	if (!can_be_emptied(&self->area))
		SKIP(return, "the area is too large a part of all memory to be emptied");
	self->load = busy_find(variant->load);
	ASSERT_NE(NULL, self->load);
	ASSERT_TRUE(unshare_mounts());

	expect_idle(_metadata, self->fd, &self->area, &self->first);
	ASSERT_TRUE(read_lists(&self->lists));
	missing = busy_start(self->load);
	if (missing)
		SKIP(return, "%s", missing);
	self->started = true;
}

FIXTURE_TEARDOWN(busy)
{
	if (self->started)
		busy_stop(self->load);
	set_number("/proc/sys/vm/drop_caches", 3);
	close(self->fd);
	expect_unchanged(_metadata, &self->area, &self->first);
	expect_lists_agree(_metadata, &self->lists);
}

/*
 * Was it a block of the file system that has its place in the journal? Until that has
 * written it, its buffers are held, and no allocator can move it.
 */
static bool journal_is_in_the_way(const struct area *area)
{
	struct stat disk;
	char text[512], *owner;

	if (stat(busy.disk, &disk))
		return false;
	newest_failure(area, text, sizeof(text));
	/* One that is pinned as well excuses no allocator. */
	owner = strstr(text, " file ") ? strstr(text, ",ino=") : NULL;
	return owner && strtoull(owner + 5, NULL, 10) ==
		((uint64_t)major(disk.st_rdev) << 20 | minor(disk.st_rdev));
}

TEST_F_TIMEOUT(busy, served, PATIENCE)
{
	const struct area *area = &self->area;
	const uint64_t sizes[SIZES] = { 1280, area->pages / 4 * 3, area->pages };
	uint64_t low = area->pages * area->page_size / LOW_SHARE;
	unsigned int all_lent = 0;

	for (unsigned int s = 0; s < SIZES; s++) {
		unsigned int ok = 0, excused = 0, slow = 0, lent = 0;
		uint64_t slowest = 0;

		/* One that is never served has nothing to lend anew, and takes long. */
		for (unsigned int i = 0; i < TRIES && variant->least[s]; i++) {
			uint64_t pfn, start;
			char text[512];
			int ret;

			/* Less time than in a benchmark: a part of it will do. */
			lent += busy_lend(self->load, low, self->load->ms / 4) < 4 * low;
			start = busy_ms();
			ret = cma_get(self->fd, area, sizes[s], 8, CMA_TEST_NOWARN, &pfn);
			if (!ret) {
				ok++;
				ASSERT_EQ(1, cma_put(self->fd, area, pfn, sizes[s]));
			} else {
				newest_failure(area, text, sizeof(text));
				TH_LOG("%d: %s", ret, text);
				if (ret == -ENOMEM && journal_is_in_the_way(area))
					excused++;
				else if (ret == -ENOMEM && busy_ms() - start >= ONCE_MS)
					slow++;
			}
			start = busy_ms() - start;
			slowest = start > slowest ? start : slowest;
		}
		TH_LOG("%s, %llu pages: %u of %d, a journal's %u, at most %llu ms, lent %u times",
		       variant->load, (long long)sizes[s], ok, TRIES, excused,
		       (long long)slowest, lent);
		excused += sizes[s] == area->pages ? (slow < MAY_BE_SLOW ? slow : MAY_BE_SLOW) : 0;
		EXPECT_GE(ok + (excused < TRIES / 2 ? excused : TRIES / 2),
			  variant->least[s]);
		all_lent += lent;
	}
	/* From an area that is never lent, any allocation succeeds. */
	EXPECT_GE(all_lent, SIZES);
	EXPECT_TRUE(busy_alive(self->load))
		TH_LOG("a worker of %s has ended", variant->load);
}

TEST_HARNESS_MAIN
