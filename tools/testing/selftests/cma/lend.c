// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lending: when movable memory comes from an area
 */

#include "cma_fixture.h"

#define RATIO	"/proc/sys/vm/cma_lend_ratio"

FIXTURE(lend)
{
	int fd;
	int pagemap;
	int ratio;
	struct area area;
	struct before before;
};

FIXTURE_SETUP(lend)
{
	const char *missing;

	self->pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (self->pagemap < 0)
		SKIP(return, "no pagemap: needs CONFIG_PROC_PAGE_MONITOR");
	missing = open_area(false, &self->fd, &self->area);
	if (missing)
		SKIP(return, "%s", missing);
	self->ratio = read_number("/proc", "sys/vm", "cma_lend_ratio");
	if (self->ratio < 0)
		SKIP(return, "there is no vm.cma_lend_ratio");
	if (!can_be_emptied(&self->area))
		SKIP(return, "the area is too large a part of all memory to be emptied");
	note_before(_metadata, self->fd, &self->area, &self->before);
}

FIXTURE_TEARDOWN(lend)
{
	set_number(RATIO, self->ratio);
	expect_as_before(_metadata, &self->area, &self->before);
	close(self->fd);
	close(self->pagemap);
}

/* Free pages of the zone in which areas have most, as /proc/zoneinfo has them */
struct zone {
	uint64_t free;
	uint64_t cma;
};

static struct zone read_zone(void)
{
	struct zone zone = { }, found = { };
	FILE *file = fopen("/proc/zoneinfo", "r");
	char line[256];
	long long n;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, " pages free %lld", &n) == 1)
			zone.free = n;
		if (sscanf(line, " nr_free_cma %lld", &n) != 1)
			continue;
		zone.cma = n;
		if (zone.cma > found.cma)
			found = zone;
	}
	if (file)
		fclose(file);
	return found;
}

static double share(struct zone zone)
{
	return zone.free ? 100.0 * zone.cma / zone.free : 0;
}

/* Touch so many pages. Return: how many of them the area lends. */
static uint64_t borrow(int pagemap, const struct area *area, char *at, uint64_t pages)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < pages; i++) {
		uint64_t pfn;

		at[i * area->page_size] = 1;
		pfns_of(pagemap, at + i * area->page_size, 1, area->page_size, &pfn);
		n += in_area(area, pfn);
	}
	return n;
}

/* While other memory is free, the area lends all of it, or nothing. */
static void lends(struct __test_metadata *_metadata, int pagemap, const struct area *area,
		  int ratio, bool all)
{
	uint64_t pages = area->pages / 4, cma = read_zone().cma, n;
	char *memory = map_untouched(pages * area->page_size);

	ASSERT_NE(NULL, memory);
	set_number(RATIO, ratio);
	ASSERT_EQ(ratio, read_number("/proc", "sys/vm", "cma_lend_ratio"));
	n = borrow(pagemap, area, memory, pages);
	cma -= read_zone().cma;
	TH_LOG("%d%%: %llu of %llu pages are from %s, %lld from all areas", ratio,
	       (long long)n, (long long)pages, area->name, (long long)cma);
	EXPECT_TRUE(all ? (int64_t)cma >= (int64_t)pages / 4 * 3 : !n);
	munmap(memory, pages * area->page_size);
}

TEST_F(lend, only_when_nothing_else_is_free)
{
	lends(_metadata, self->pagemap, &self->area, 100, false);
}

TEST_F(lend, before_all_else)
{
	lends(_metadata, self->pagemap, &self->area, 0, true);
}

TEST_F(lend, as_before)
{
	EXPECT_EQ(50, self->ratio);
	lends(_metadata, self->pagemap, &self->area, 50, false);
}

/* While memory fills up, which share of what is free have areas when they begin to lend? */
static void begins(struct __test_metadata *_metadata, int fd, int pagemap,
		   const struct area *area, int ratio)
{
	size_t size = read_meminfo("MemFree:");
	char *memory = map_untouched(size);
	struct zone zone;
	uint64_t n = 0;
	double first;

	ASSERT_NE(NULL, memory);
	/* What was freed before may be handed out once more. */
	settle(fd);
	first = share(read_zone());
	ASSERT_GT(ratio, first)
		TH_LOG("areas have %.1f%% of the free memory from the start", first);
	set_number(RATIO, ratio);
	for (size_t at = 0; at < size && !n; at += 16 * area->page_size) {
		zone = read_zone();
		n = borrow(pagemap, area, memory + at, 16);
	}
	TH_LOG("%d%%: areas lend from %.1f%% on", ratio, share(zone));
	/* Each CPU takes some pages beforehand. */
	EXPECT_LE(ratio - 1, share(zone));
	EXPECT_GE(ratio + 3, share(zone));
	munmap(memory, size);
}

TEST_F_TIMEOUT(lend, at_a_share, 120)
{
	begins(_metadata, self->fd, self->pagemap, &self->area, 50);
	begins(_metadata, self->fd, self->pagemap, &self->area, 35);
	begins(_metadata, self->fd, self->pagemap, &self->area, 70);
}

TEST_F(lend, wrong_ratio_refused)
{
	static const char * const values[] = { "-1", "101", "4294967346", "abc", "50%", "5.0" };
	int log = log_open();

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		int fd = open(RATIO, O_WRONLY);
		char words[128];

		ASSERT_LE(0, fd);
		EXPECT_EQ(-1, write(fd, values[i], strlen(values[i])));
		EXPECT_EQ(EINVAL, errno);
		close(fd);
		EXPECT_EQ(self->ratio, read_number("/proc", "sys/vm", "cma_lend_ratio"));
		snprintf(words, sizeof(words), "cma_lend_ratio \"%s\" refused expected 100",
			 values[i]);
		EXPECT_EQ(1, log_count(log, words, NULL))
			TH_LOG("%s", values[i]);
	}
	close(log);
}

TEST_HARNESS_MAIN
