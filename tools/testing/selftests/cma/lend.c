// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lending: when movable memory comes from an area, and whose
 */

#include <dirent.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "cma_fixture.h"

#define RATIO	"/proc/sys/vm/cma_lend_ratio"
#define MOUNT	"/tmp/cma_lend"

FIXTURE(lend)
{
	int fd;
	int pagemap;
	int ratio;
	struct area area;
	struct before before;
};

/* A zone behaves as one, and an area is emptied only if it is itself to lend to "user". */
static bool lend_all_to(const char *whom)
{
	struct area area = { };
	DIR *dir = opendir(SYSFS);
	struct dirent *entry;
	bool ok = dir;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(area.name, sizeof(area.name), "%.60s", entry->d_name);
		ok &= put_text(&area, "lend", whom);
	}
	if (dir)
		closedir(dir);
	return ok;
}

FIXTURE_SETUP(lend)
{
	const char *missing;

	missing = open_lent_area(&self->fd, &self->pagemap, &self->area);
	if (missing)
		SKIP(return, "%s", missing);
	self->ratio = read_number("/proc", "sys/vm", "cma_lend_ratio");
	if (self->ratio < 0)
		SKIP(return, "there is no vm.cma_lend_ratio");
	use_node(zone_of(self->area.base_pfn).node);
	note_before(_metadata, self->fd, &self->area, &self->before);
}

FIXTURE_TEARDOWN(lend)
{
	set_number(RATIO, self->ratio);
	lend_all_to("movable");
	expect_as_before(_metadata, &self->area, &self->before);
	close(self->fd);
	close(self->pagemap);
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

/*
 * While other memory is free, the area lends all of it, or nothing; in a zone of its own,
 * whatever the ratio is, all of it.
 */
static void lends(struct __test_metadata *_metadata, int pagemap, const struct area *area,
		  int ratio, bool all)
{
	uint64_t pages = area->pages / 4, cma = zone_of(area->base_pfn).cma, n;
	char *memory = map_untouched(pages * area->page_size);

	ASSERT_NE(NULL, memory);
	set_number(RATIO, ratio);
	ASSERT_EQ(ratio, read_number("/proc", "sys/vm", "cma_lend_ratio"));
	n = borrow(pagemap, area, memory, pages);
	cma -= zone_of(area->base_pfn).cma;
	TH_LOG("%d%%: %llu of %llu pages are from %s, %lld from areas of its zone", ratio,
	       (long long)n, (long long)pages, area->name, (long long)cma);
	EXPECT_TRUE(all || in_own_zone(area) ? (int64_t)cma >= (int64_t)pages / 4 * 3 : !n);
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
	const unsigned int step = 64;
	size_t size = read_meminfo("MemFree:") / area->page_size / step * step * area->page_size;
	char *memory = map_untouched(size);
	struct zone zone;
	uint64_t n = 0;
	struct lists lists;
	double first;

	ASSERT_NE(NULL, memory);
	/* What was freed before may be handed out once more. */
	settle(fd);
	first = share(zone_of(area->base_pfn));
	ASSERT_GT(ratio, first)
		TH_LOG("areas have %.1f%% of the free memory from the start", first);
	set_number(RATIO, ratio);
	for (size_t at = 0; at < size && !n; at += step * area->page_size) {
		zone = zone_of(area->base_pfn);
		n = borrow(pagemap, area, memory + at, step);
	}
	ASSERT_TRUE(read_lists(&lists));
	TH_LOG("%d%%: areas lend from %.1f%% on; %llu pages for movable memory are free",
	       ratio, share(zone), (long long)lists.free_movable);
	/* Each CPU takes some pages beforehand. Without any elsewhere, areas lend at once. */
	if (lists.free_movable > 256)
		EXPECT_LE(ratio - 1, share(zone));
	EXPECT_GE(ratio + 3, share(zone));
	munmap(memory, size);
}

TEST_F_TIMEOUT(lend, at_a_share, 300)
{
	if (in_own_zone(&self->area))
		SKIP(return, "an area in a zone of its own lends at any share");
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

/* A file whose map takes up so many bytes on the disk, which are not the file's own */
static bool make_map(size_t bytes)
{
	int fd = open(MOUNT "/file", O_RDWR | O_CREAT, 0600);
	struct stat st;
	bool ok;

	ok = fd >= 0 && !fstat(fd, &st);
	/* In ext2, a block of the map has as many entries of 4 bytes as it has room for. */
	for (size_t n = 0; ok && n < bytes / st.st_blksize; n++)
		ok = pwrite(fd, "x", 1, (off_t)(n + 1) * st.st_blksize / 4 * st.st_blksize) == 1;
	close(fd);
	return ok;
}

/*
 * The map alone is read, as memory of the file system: so many bytes, by "Buffers:".
 * Return: how many of them areas lend.
 */
static int64_t read_map(struct __test_metadata *_metadata, int fd, int64_t *bytes)
{
	struct fiemap map = { .fm_length = FIEMAP_MAX_OFFSET };
	int64_t lent;
	int file;

	*bytes = 0;
	if (umount(MOUNT) || mount("/dev/ram0", MOUNT, "ext2", 0, NULL))
		return 0;
	set_number("/proc/sys/vm/drop_caches", 3);
	settle(fd);
	file = open(MOUNT "/file", O_RDONLY);
	*bytes -= read_meminfo("Buffers:");
	lent = read_meminfo("CmaFree:");
	if (file < 0 || ioctl(file, FS_IOC_FIEMAP, &map))
		return 0;
	lent -= read_meminfo("CmaFree:");
	*bytes += read_meminfo("Buffers:");
	close(file);
	TH_LOG("the map has %lld KiB, areas lend %lld more", (long long)*bytes >> 10,
	       (long long)lent >> 10);
	return lent;
}

/* Memory of the file system borrows, until the area is set to lend to user space only. */
TEST_F_TIMEOUT(lend, to_user_only, 300)
{
	const struct area *area = &self->area;
	int64_t bytes = area->pages / 4 * area->page_size;
	int64_t map, lent, before, buffers, moved = 0;
	char *memory;

	ASSERT_TRUE(unshare_mounts());
	if (!mount_ram_disk(MOUNT))
		SKIP(return, NO_RAM_DISK);
	ASSERT_TRUE(make_map(bytes / 2));
	set_number(RATIO, 0);
	lent = read_map(_metadata, self->fd, &map);
	ASSERT_LE(bytes / 4, map);
	/* Only memory for user space comes from a zone of that kind. */
	if (in_own_zone(area)) {
		EXPECT_GE(map / 8, lent);
		umount(MOUNT);
		return;
	}
	ASSERT_LE(map / 4 * 3, lent);

	/* It is moved out, and not dropped: in ten searches, each of which takes its time. */
	buffers = read_meminfo("Buffers:");
	before = read_meminfo("CmaFree:");
	ASSERT_TRUE(lend_all_to("user"));
	for (int i = 0; i < 600 && moved < map / 4 * 3; i++) {
		usleep(100000);
		moved = read_meminfo("CmaFree:") - before;
	}
	buffers -= read_meminfo("Buffers:");
	TH_LOG("%lld KiB were moved out, buffers have shrunk by %lld", (long long)moved >> 10,
	       (long long)buffers >> 10);
	EXPECT_LE(map / 4 * 3, moved);
	EXPECT_GE(map / 8, buffers);

	/* And it does not come back, while memory of programs does. */
	lent = read_map(_metadata, self->fd, &map);
	EXPECT_LE(bytes / 4, map);
	EXPECT_GE(map / 8, lent);
	memory = map_untouched(bytes);
	ASSERT_NE(NULL, memory);
	before = read_meminfo("CmaFree:");
	borrow(self->pagemap, area, memory, area->pages / 4);
	EXPECT_LE(bytes / 4 * 3, before - (int64_t)read_meminfo("CmaFree:"));
	munmap(memory, bytes);

	ASSERT_TRUE(lend_all_to("movable"));
	lent = read_map(_metadata, self->fd, &map);
	EXPECT_LE(map / 4 * 3, lent);
	umount(MOUNT);
}

/* Memory of programs may go from one place in the area to another. */
TEST_F_TIMEOUT(lend, user_stays_in_areas, 300)
{
	const struct area *area = &self->area;
	uint64_t pages = area->pages / 2, wanted = area->pages / 8 * 5, pfn, pfns[256];
	size_t size = pages * area->page_size;
	char *memory = map_untouched(size);
	uint64_t before, after = 0;

	ASSERT_NE(NULL, memory);
	ASSERT_TRUE(put_text(area, "lend", "user"));
	set_number(RATIO, 0);
	before = borrow(self->pagemap, area, memory, pages);
	/* Every other page, so that there is something in each place. */
	for (size_t at = 0; at < size; at += 2 * area->page_size)
		madvise(memory + at, area->page_size, MADV_DONTNEED);
	ASSERT_EQ(0, cma_get_patiently(self->fd, area, wanted, &pfn));
	for (uint64_t i = 0; i < pages; i += ARRAY_SIZE(pfns)) {
		pfns_of(self->pagemap, memory + i * area->page_size, ARRAY_SIZE(pfns),
			area->page_size, pfns);
		for (size_t k = 0; k < ARRAY_SIZE(pfns); k++)
			after += in_area(area, pfns[k]);
	}
	TH_LOG("%llu pages of the area were borrowed, %llu are in what is left of it",
	       (long long)before / 2, (long long)after);
	EXPECT_LE(before / 16 * 7, after);
	ASSERT_EQ(1, cma_put(self->fd, area, pfn, wanted));
	munmap(memory, size);
	ASSERT_TRUE(put_text(area, "lend", "movable"));
}

TEST_F(lend, wrong_borrowers_refused)
{
	static const char * const words[] = { "users", "user movable", "none", "1" };
	int log = log_open();
	char text[16] = "";

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char path[256];

		EXPECT_FALSE(put_text(&self->area, "lend", words[i]));
		EXPECT_EQ(1, log_count(log, "lend refused expected \"movable\" \"user\"", NULL))
			TH_LOG("%s", words[i]);
		snprintf(path, sizeof(path), SYSFS "/%s/lend", self->area.name);
		read_text(path, text, sizeof(text));
		EXPECT_STREQ("movable\n", text);
	}
	close(log);
}

TEST_HARNESS_MAIN
