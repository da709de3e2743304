// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headroom: memory of an area that is kept ready, whatever borrows the rest, and what
 * becomes of it when it is allocated, when the area is full and when memory runs out.
 */

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "cma_fixture.h"

#define PATIENCE	30000		/* milliseconds that the worker may need */
#define PINS		8
#define CHANGES		8		/* of the knob, one right after the other */
/*
 * Bytes that stay free outside of areas. Less than the watermarks, which can be boosted to
 * three times what they are, and who borrows is killed.
 */
#define LEFT		(16 << 20)

FIXTURE(headroom)
{
	int fd;
	struct area area;
	uint64_t buffer;		/* pages */
	struct before before;
};

static uint64_t ready_pages(const struct area *area)
{
	return read_number(SYSFS, area->name, "headroom_ready") / area->page_size;
}

static uint64_t longest_ready(const struct area *area)
{
	return read_number(SYSFS, area->name, "headroom_longest") / area->page_size;
}

/* Wait until so many are ready, in one run. Return: how many there are in the end. */
static uint64_t await_ready(const struct area *area, uint64_t pages)
{
	for (unsigned int i = 0; i < PATIENCE / 10 && longest_ready(area) < pages; i++)
		usleep(10000);
	return longest_ready(area);
}

/* Wait until no more than so many are ready. */
static uint64_t await_less(const struct area *area, uint64_t pages)
{
	for (unsigned int i = 0; i < PATIENCE / 10 && ready_pages(area) > pages; i++)
		usleep(10000);
	return ready_pages(area);
}

FIXTURE_SETUP(headroom)
{
	const char *missing;

	missing = open_area(false, &self->fd, &self->area);
	if (missing)
		SKIP(return, "%s", missing);
	if (ready_pages(&self->area) > self->area.pages)
		SKIP(return, "there is no headroom in sysfs");
	if (!can_be_emptied(&self->area))
		SKIP(return, "the area is too large a part of all memory to be emptied");
	/* A test that failed may have left some. */
	ASSERT_TRUE(set_headroom(&self->area, 0));
	ASSERT_EQ(0, await_less(&self->area, 0));
	/* As large as twelve of them, an area has room for some in any order. */
	self->buffer = self->area.pages / 12;
	note_before(_metadata, self->fd, &self->area, &self->before);
}

FIXTURE_TEARDOWN(headroom)
{
	ASSERT_TRUE(set_headroom(&self->area, 0));
	EXPECT_EQ(0, await_less(&self->area, 0));
	expect_as_before(_metadata, &self->area, &self->before);
	close(self->fd);
}

TEST_F(headroom, values)
{
	static const char * const bad[] = {
		"", "x", "-1", "1x", "1M 2", "101%", "18446744073709551616", "16777216T", "0x",
	};
	static const char * const bad_prepare[] = {
		"", "1M", "1M x", "1M -1", "0 100", "1M 3600001", "1M 100 1", "101% 100",
	};
	const struct area *area = &self->area;
	uint64_t all = area->pages * area->page_size;
	char text[64];

	ASSERT_TRUE(put_text(area, "headroom", "25%\n"));
	EXPECT_EQ(all / 4, read_number(SYSFS, area->name, "headroom"));
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_FALSE(put_text(area, "headroom", bad[i]) && *bad[i])
			TH_LOG("\"%s\" was taken", bad[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_prepare); i++) {
		EXPECT_FALSE(put_text(area, "prepare", bad_prepare[i]) && *bad_prepare[i])
			TH_LOG("\"%s\" was taken", bad_prepare[i]);
	}
	snprintf(text, sizeof(text), "%llu", (long long)all + 1);
	EXPECT_FALSE(put_text(area, "headroom", text));
	EXPECT_EQ(all / 4, read_number(SYSFS, area->name, "headroom"));

	/* A part of a page is a page. */
	ASSERT_TRUE(put_text(area, "headroom", "1"));
	EXPECT_EQ(area->page_size, read_number(SYSFS, area->name, "headroom"));
	ASSERT_TRUE(put_text(area, "headroom", "1M"));
	EXPECT_EQ(1 << 20, read_number(SYSFS, area->name, "headroom"));
	ASSERT_TRUE(put_text(area, "headroom", "100%"));
	EXPECT_EQ(area->pages, await_ready(area, area->pages));
	EXPECT_EQ(area->pages, read_number(SYSFS, area->name, "available_pages"));
	ASSERT_TRUE(put_text(area, "headroom", "0"));
	EXPECT_EQ(0, await_less(area, 0));
}

/* Memory that takes all that it can get, in a process of its own */
static pid_t start_borrower(const struct area *area, int *started)
{
	int done[2];
	pid_t pid;

	fflush(NULL);
	if (pipe(done))
		return -1;
	pid = fork();
	if (!pid) {
		char *ballast, *memory;
		size_t size, most;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ballast = take_ballast(LEFT, &size);
		most = read_meminfo("CmaFree:");
		memory = map_untouched(most);
		for (size_t at = 0; memory && at < most; at += getpagesize()) {
			if (read_meminfo("CmaFree:") <= 1 << 20 ||
			    read_meminfo("MemFree:") <= LEFT)
				break;
			memory[at] = 1;
		}
		/* There is to be memory that pages can be moved to. */
		munmap(ballast, size < 64 << 20 ? size : 64 << 20);
		if (write(done[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	close(done[1]);
	*started = done[0];
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F_TIMEOUT(headroom, lent_memory_does_not_matter, 300)
{
	const struct area *area = &self->area;
	uint64_t served, moved, pfn, pfns[4];
	int started;
	pid_t pid;
	char c;

	ASSERT_TRUE(set_headroom(area, self->buffer));
	ASSERT_EQ(self->buffer, await_ready(area, self->buffer));
	pid = start_borrower(area, &started);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(1, read(started, &c, 1));
	/* None of it is borrowed. */
	EXPECT_EQ(self->buffer, longest_ready(area));

	for (unsigned int i = 0; i < 10; i++) {
		EXPECT_LE(self->buffer, await_ready(area, self->buffer));
		served = read_number(SYSFS, area->name, "headroom_served");
		/* Without waiting, so that nothing is moved for it. */
		ASSERT_EQ(0, cma_get(self->fd, area, self->buffer, 0, CMA_TEST_NOWAIT, &pfn));
		EXPECT_EQ(served + 1, read_number(SYSFS, area->name, "headroom_served"));
		ASSERT_EQ(1, cma_put(self->fd, area, pfn, self->buffer));
	}

	/*
	 * What is held is made good elsewhere, until nothing is left that is not borrowed. What
	 * has come back may have been borrowed before it was kept ready.
	 */
	EXPECT_LE(self->buffer, await_ready(area, self->buffer));
	moved = read_number(SYSFS, area->name, "pages_migrated");
	for (unsigned int i = 0; i < ARRAY_SIZE(pfns); i++) {
		ASSERT_EQ(0, cma_get(self->fd, area, self->buffer, 0, CMA_TEST_NOWAIT, &pfns[i]))
			TH_LOG("buffer %u", i);
		EXPECT_LE(self->buffer, await_ready(area, self->buffer));
	}
	moved = read_number(SYSFS, area->name, "pages_migrated") - moved;
	TH_LOG("%llu pages were moved", (long long)moved);
	EXPECT_LT(0, moved);
	for (unsigned int i = 0; i < ARRAY_SIZE(pfns); i++)
		ASSERT_EQ(1, cma_put(self->fd, area, pfns[i], self->buffer));
	stop(pid);
}

TEST_F(headroom, full_area)
{
	const struct area *area = &self->area;
	uint64_t half = self->buffer / 2, pfn;
	char text[64], path[256];

	snprintf(path, sizeof(path), SYSFS "/%s/headroom_short", area->name);
	ASSERT_EQ(0, cma_get_patiently(self->fd, area, area->pages, &pfn));
	ASSERT_TRUE(set_headroom(area, self->buffer));
	for (unsigned int i = 0; i < PATIENCE / 10; i++) {
		ASSERT_TRUE(read_text(path, text, sizeof(text)));
		if (!strcmp(text, "no room\n"))
			break;
		usleep(10000);
	}
	EXPECT_STREQ("no room\n", text);
	EXPECT_EQ(0, ready_pages(area));
	/* As much as is released is ready at once. */
	ASSERT_EQ(1, cma_put(self->fd, area, pfn, half));
	EXPECT_EQ(half, ready_pages(area));
	ASSERT_EQ(1, cma_put(self->fd, area, pfn + half, area->pages - half));
	EXPECT_LE(self->buffer, await_ready(area, self->buffer));
	EXPECT_EQ(self->buffer, await_less(area, self->buffer));
	ASSERT_TRUE(read_text(path, text, sizeof(text)));
	EXPECT_STREQ("no\n", text);
}

TEST_F(headroom, prepared_for_a_while)
{
	const struct area *area = &self->area;
	char text[64];

	snprintf(text, sizeof(text), "%llu 1500", (long long)(self->buffer * area->page_size));
	ASSERT_TRUE(set_headroom(area, 16));
	ASSERT_TRUE(put_text(area, "prepare", text));
	EXPECT_EQ(self->buffer + 16, await_ready(area, self->buffer + 16));
	EXPECT_EQ(16, await_less(area, 16));
	EXPECT_EQ(16, longest_ready(area));
}

/* Pages in a pipe do not move; there is a place beside them. */
TEST_F_TIMEOUT(headroom, pinned_pages, 300)
{
	const struct area *area = &self->area;
	unsigned int pinned = 0, not_served = 0;
	size_t size, page = area->page_size;
	uint64_t pfns[4], served;
	char *ballast, *memory;
	int pipes[2];

	ballast = take_ballast(area->pages * page, &size);
	ASSERT_NE(NULL, ballast);
	memory = map_untouched(area->pages / 2 * page);
	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, pipe(pipes));
	for (uint64_t i = 0; i < area->pages / 2; i++) {
		struct iovec iov = { memory + i * page, page };

		memory[i * page] = 1;
		if (pinned >= PINS || i % 61 || !in_area(area, pfn_of(iov.iov_base)))
			continue;
		ASSERT_EQ((ssize_t)page, vmsplice(pipes[1], &iov, 1, 0));
		pinned++;
	}
	TH_LOG("%u pages of the area are in a pipe", pinned);
	ASSERT_LT(0, pinned);

	ASSERT_TRUE(set_headroom(area, self->buffer));
	EXPECT_LE(self->buffer, await_ready(area, self->buffer));
	served = read_number(SYSFS, area->name, "headroom_served");
	for (unsigned int round = 0; round < 10; round++) {
		for (unsigned int i = 0; i < 4; i++) {
			if (await_ready(area, self->buffer) < self->buffer)
				not_served++;
			ASSERT_EQ(0, cma_get(self->fd, area, self->buffer, 0, 0, &pfns[i]));
		}
		for (unsigned int i = 0; i < 4; i++)
			ASSERT_EQ(1, cma_put(self->fd, area, pfns[i], self->buffer));
	}
	EXPECT_EQ(0, not_served);
	EXPECT_EQ(served + 40, read_number(SYSFS, area->name, "headroom_served"));

	close(pipes[0]);
	close(pipes[1]);
	munmap(memory, area->pages / 2 * page);
	munmap(ballast, size);
}

/* The promise is kept; what was asked for beyond it is not. */
TEST_F_TIMEOUT(headroom, out_of_memory, 300)
{
	const struct area *area = &self->area;
	uint64_t half = area->pages / 2;
	char text[64];
	int status;
	pid_t pid;

	ASSERT_TRUE(set_headroom(area, self->buffer));
	snprintf(text, sizeof(text), "%llu 3600000", (long long)(half * area->page_size));
	ASSERT_TRUE(put_text(area, "prepare", text));
	ASSERT_LE(self->buffer + half, await_ready(area, self->buffer + half));

	fflush(NULL);
	pid = fork();
	if (!pid) {
		set_number("/proc/self/oom_score_adj", 1000);
		for (;;) {
			char *at = map_untouched(64 << 20);

			for (size_t i = 0; at && i < 64 << 20; i += getpagesize())
				at[i] = 1;
		}
	}
	ASSERT_GT(pid, 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_EQ(self->buffer, ready_pages(area));
	EXPECT_EQ(self->buffer, await_ready(area, self->buffer));
}

/* Processors come and go, and the knob goes up and down, while threads allocate. */
struct changer {
	const struct area *area;
	atomic_bool stop;
	atomic_uint allocated;
	atomic_uint refused;
	atomic_uint damaged;
	atomic_uint not_released;
	atomic_int error;		/* of the last one that was refused */
	uint64_t most;			/* pages */
};

static void *allocate(void *data)
{
	struct changer *c = data;
	unsigned int random = (uintptr_t)&random >> 12;
	int fd = cma_open();

	while (!atomic_load(&c->stop)) {
		uint64_t pfn, count = 1 + rand_r(&random) % c->most;
		bool nowait = rand_r(&random) % 2;
		int ret;

		ret = cma_get(fd, c->area, count, 0, CMA_TEST_NOWARN |
			      (nowait ? CMA_TEST_NOWAIT : 0), &pfn);
		if (ret) {
			/* Four of these are less than the area. */
			if (!nowait) {
				atomic_store(&c->error, ret);
				atomic_fetch_add(&c->refused, 1);
			}
			continue;
		}
		atomic_fetch_add(&c->allocated, 1);
		if (!cma_stamp(fd, pfn, count, random) || !cma_verify(fd, pfn, count, random))
			atomic_fetch_add(&c->damaged, 1);
		if (cma_put(fd, c->area, pfn, count) != 1)
			atomic_fetch_add(&c->not_released, 1);
	}
	close(fd);
	return NULL;
}

/* With a second area, where there is one: the worker of one must not meddle with the other. */
TEST_F_TIMEOUT(headroom, changes, 300)
{
	static const char cpu1[] = "/sys/devices/system/cpu/cpu1/online";
	struct changer c[2] = { { .area = &self->area, .most = self->buffer } };
	unsigned int random = 1, areas = 1;
	pthread_t threads[4];
	struct area second;
	char text[512];

	if (find_area(self->fd, true, &second)) {
		c[areas++] = (struct changer){ .area = &second, .most = second.pages / 12 };
		TH_LOG("beside %s there is %s", self->area.name, second.name);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, allocate, &c[i % areas]));
	for (unsigned int i = 0; i < 160; i++) {
		const struct area *area = c[i % areas].area;

		/* Some changes meet a worker that has just begun. */
		for (unsigned int j = 0; j < CHANGES; j++)
			ASSERT_TRUE(set_headroom(area, rand_r(&random) % 3 ?
						 rand_r(&random) % (area->pages + 1) : 0));
		snprintf(text, sizeof(text), "%u %u",
			 1 + rand_r(&random) % (unsigned int)(area->pages * area->page_size),
			 rand_r(&random) % 50);
		if (i % 2 < areas)
			ASSERT_TRUE(put_text(area, "prepare", text));
		if (i % 20 == 0)
			set_number(cpu1, i / 20 % 2);
		usleep(rand_r(&random) % 30000);
	}
	set_number(cpu1, 1);
	for (unsigned int i = 0; i < areas; i++)
		atomic_store(&c[i].stop, true);
	for (unsigned int i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	for (unsigned int i = 0; i < areas; i++) {
		TH_LOG("%u allocations from %s", atomic_load(&c[i].allocated), c[i].area->name);
		EXPECT_GT(atomic_load(&c[i].allocated), 100);
		EXPECT_EQ(0, atomic_load(&c[i].refused)) {
			newest_failure(c[i].area, text, sizeof(text));
			TH_LOG("the last with %d; the newest: %s", atomic_load(&c[i].error),
			       text);
		}
		EXPECT_EQ(0, atomic_load(&c[i].damaged));
		EXPECT_EQ(0, atomic_load(&c[i].not_released));
	}
	if (areas > 1) {
		ASSERT_TRUE(set_headroom(&second, 0));
		EXPECT_EQ(0, await_less(&second, 0));
	}
}

TEST_HARNESS_MAIN
