// SPDX-License-Identifier: GPL-2.0-only
/*
 * Balancing: while an area has room, nobody is killed for want of memory that areas cannot
 * give. The stock allocator has a process killed in the first test.
 */

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "cma_fixture.h"

FIXTURE(balance)
{
	int fd;
	struct area area;
	struct before before;
};

FIXTURE_SETUP(balance)
{
	const char *missing;

	missing = open_area(false, &self->fd, &self->area);
	if (missing)
		SKIP(return, "%s", missing);
	if (read_number(SYSFS, self->area.name, "pages_moved_in") == UINT64_MAX)
		SKIP(return, "there is no pages_moved_in in sysfs");
	if (!can_be_emptied(&self->area))
		SKIP(return, "the area is too large a part of all memory to be emptied");
	note_before(_metadata, self->fd, &self->area, &self->before);
}

FIXTURE_TEARDOWN(balance)
{
	expect_as_before(_metadata, &self->area, &self->before);
	close(self->fd);
}

/* Bytes, of one node or, if that is -1, of all */
static uint64_t free_memory(int node)
{
	char path[64], text[4096], *at = NULL;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
	if (node >= 0 && read_text(path, text, sizeof(text)))
		at = strstr(text, "MemFree:");
	if (!at)
		return read_meminfo("MemFree:");
	return strtoull(at + strlen("MemFree:"), NULL, 10) << 10;
}

/* Anonymous memory fills all but some megabytes of what lies outside of the area. */
static char *fill_the_rest(int fd, const struct area *area, size_t *size, int advice,
			   int node)
{
	char *ballast;
	uint64_t pfn;

	if (cma_get_patiently(fd, area, area->pages, &pfn))
		return NULL;
	*size = free_memory(node);
	ballast = map_untouched(*size);
	if (ballast)
		madvise(ballast, *size, advice);
	for (size_t at = 0; ballast && at < *size; at += area->page_size) {
		if (at % (1 << 20) == 0 && free_memory(node) < 16 << 20)
			break;
		ballast[at] = 1;
	}
	cma_put(fd, area, pfn, area->pages);
	return ballast;
}

/*
 * A process that keeps so many bytes in pipes: memory of the kernel, which does not move.
 * It is the first one to be killed. Return: how it ended.
 */
static int fill_pipes(uint64_t bytes)
{
	static char text[65536];
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		struct rlimit files = { 65536, 65536 };

		set_number("/proc/self/oom_score_adj", 1000);
		if (setrlimit(RLIMIT_NOFILE, &files))
			_exit(1);
		for (uint64_t at = 0; at < bytes; at += sizeof(text)) {
			int ends[2];

			if (pipe(ends) || write(ends[1], text, sizeof(text)) < 0)
				_exit(2);
		}
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

/* Pages that were moved into the areas of all other nodes */
static uint64_t moved_elsewhere(int fd, int node)
{
	struct cma_test_info info = { };
	uint64_t pages = 0;

	for (int i = 0;; i++) {
		snprintf(info.area, sizeof(info.area), "#%d", i);
		if (ioctl(fd, CMA_TEST_INFO, &info))
			return pages;
		if (zone_of(info.base_pfn).node != node)
			pages += read_number(SYSFS, info.area, "pages_moved_in");
	}
}

static void use_room(struct __test_metadata *_metadata, int fd, const struct area *area,
		     int advice, int node)
{
	uint64_t bytes = area->pages * area->page_size / 4 * 3;
	uint64_t moved = read_number(SYSFS, area->name, "pages_moved_in");
	uint64_t all = read_vmstat("cma_balance_moved");
	char *ballast;
	size_t size;

	ballast = fill_the_rest(fd, area, &size, advice, node);
	ASSERT_NE(NULL, ballast);
	EXPECT_EQ(0, fill_pipes(bytes));
	moved = read_number(SYSFS, area->name, "pages_moved_in") - moved;
	all = read_vmstat("cma_balance_moved") - all;
	TH_LOG("%llu MiB in pipes; %llu pages were moved", (long long)bytes >> 20,
	       (long long)moved);
	EXPECT_LT(bytes / 2, moved * area->page_size);
	EXPECT_LE(moved, all);
	munmap(ballast, size);
}

/* What is short on a node is moved into areas of this node, and of no other. */
TEST_F_TIMEOUT(balance, room_in_areas_is_used, 300)
{
	int node = zone_of(self->area.base_pfn).node;
	uint64_t elsewhere = moved_elsewhere(self->fd, node);

	use_node(node);
	use_room(_metadata, self->fd, &self->area, MADV_NOHUGEPAGE, node);
	EXPECT_EQ(elsewhere, moved_elsewhere(self->fd, node));
}

/* Huge pages are split before a process is killed. */
TEST_F_TIMEOUT(balance, huge_pages_make_room, 300)
{
	if (access("/sys/kernel/mm/transparent_hugepage", F_OK))
		SKIP(return, "no transparent huge pages");
	use_room(_metadata, self->fd, &self->area, MADV_HUGEPAGE, -1);
}

/* But when there is none left, that is the end. */
TEST_F_TIMEOUT(balance, no_room_is_left, 300)
{
	char *ballast;
	size_t size;
	int status;

	ballast = fill_the_rest(self->fd, &self->area, &size, MADV_NOHUGEPAGE, -1);
	ASSERT_NE(NULL, ballast);
	status = fill_pipes(UINT64_MAX / 2);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		TH_LOG("status %#x", status);
	munmap(ballast, size);
}

TEST_HARNESS_MAIN
