// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be seen of an area from outside: its holders, the pages in the way, its
 * contents, its statistics. States are made on purpose, and each file has
 * to tell them, in the form that Documentation/admin-guide/mm/cma_debugfs.rst and
 * Documentation/ABI/testing/sysfs-kernel-mm-cma promise.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <time.h>

#include "cma_fixture.h"

#define DIR		"/tmp/cma_seeing"
#define PARAMETER	"/sys/module/cma/parameters/track"
#define CHUNK		(4UL << 20)
#define MAX_COLUMNS	12
#define LIMITED		10	/* for so many seconds the log may be closed */

FIXTURE(seeing)
{
	int fd;
	int log;
	struct area area;
};

FIXTURE_SETUP(seeing)
{
	const char *missing;

	missing = open_area(false, &self->fd, &self->area);
	if (missing)
		SKIP(return, "%s", missing);
	self->log = log_open();
}

FIXTURE_TEARDOWN(seeing)
{
	close(self->fd);
	close(self->log);
}

static FILE *open_file(const char *dir, const struct area *area, const char *file)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s/%s", dir, area->name, file);
	return fopen(path, "r");
}

/* Return: how many words, separated by single blanks, @line has. */
static int split(char *line, char *column[MAX_COLUMNS])
{
	int n = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *at = line; n < MAX_COLUMNS; at++) {
		column[n++] = at;
		at = strchr(at, ' ');
		if (!at)
			break;
		*at = '\0';
	}
	return n;
}

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static bool is_pfn(const char *text)
{
	return starts_with(text, "0x") && text[2] &&
	       text[2 + strspn(text + 2, "0123456789abcdef")] == '\0';
}

/*
 * What the columns of each file are: a number, a PFN, a word; lower case if there
 * may be '-' instead.
 */
static const struct {
	const char *name;
	const char *header;
	const char *form;
} files[] = {
	{ "allocations", "# pfn pages age_ms pid comm site\n", "PNNNWW" },
	{ "holders", "# pages allocations oldest_ms site\n", "NNNW" },
	{ "failures",
	  "# age_ms pages align error pid comm reason pfn refs maps owner\n",
	  "NNNENWWpnnW" },
	{ "reasons", "# count reason last_ms waited_us waited_for\n", "NWNNp" },
	{ "map", "# pfn pages free borrowed allocated stuck ready\n", "PNNNNNN" },
};

static bool has_form(char **column, int n, const char *form)
{
	if (n != (int)strlen(form))
		return false;
	for (; *form; form++, column++) {
		if (strchr("pn", *form) && !strcmp(*column, "-"))
			continue;
		if (strchr("Pp", *form) && !is_pfn(*column))
			return false;
		if (strchr("Nn", *form) && !is_number(*column))
			return false;
		if (*form == 'E' && (**column != '-' || !is_number(*column + 1)))
			return false;
		if (!**column)
			return false;
	}
	return true;
}

/*
 * Read a file of debugfs to its end. @line, if wanted, is called with the columns
 * of each line. Return: lines under the header, -1 if the form is wrong.
 */
static int read_lines(const struct area *area, const char *file,
		      void (*line)(char **column, void *data), void *data)
{
	char *text = NULL, copy[4096], *column[MAX_COLUMNS];
	size_t size = 0, nr = 0;
	uint64_t last = 0;
	int lines = -1;
	FILE *f;

	while (strcmp(files[nr].name, file))
		nr++;
	f = open_file(DEBUGFS, area, file);
	if (!f)
		return -1;
	if (getline(&text, &size, f) > 0 && !strcmp(text, files[nr].header))
		lines = 0;
	while (lines >= 0 && getline(&text, &size, f) > 0) {
		snprintf(copy, sizeof(copy), "%s", text);
		if (!has_form(column, split(text, column), files[nr].form)) {
			printf("# %s: %s", file, copy);
			lines = -1;
			break;
		}
		/* By PFN, in those that begin with one. */
		if (files[nr].form[0] == 'P') {
			uint64_t pfn = strtoull(column[0], NULL, 16);

			if (pfn < last) {
				printf("# %s: not in order: %s", file, copy);
				lines = -1;
				break;
			}
			last = pfn + strtoull(column[1], NULL, 10);
		}
		if (line)
			line(column, data);
		lines++;
	}
	free(text);
	fclose(f);
	return lines;
}

/* Records of a run of pages, and what the first says. */
struct found {
	uint64_t pfn;
	uint64_t end;
	int lines;
	uint64_t pages;
	uint64_t first_pfn;
	uint64_t age_ms;
	int pid;
	char comm[80];
	char site[2048];
};

static void find_allocation(char **column, void *data)
{
	struct found *found = data;
	uint64_t pfn = strtoull(column[0], NULL, 16);
	uint64_t pages = strtoull(column[1], NULL, 10);

	if (pfn >= found->end || pfn + pages <= found->pfn)
		return;
	found->pages += pages;
	if (found->lines++)
		return;
	found->first_pfn = pfn;
	found->age_ms = strtoull(column[2], NULL, 10);
	found->pid = atoi(column[3]);
	snprintf(found->comm, sizeof(found->comm), "%s", column[4]);
	snprintf(found->site, sizeof(found->site), "%s", column[5]);
}

static struct found look_up(const struct area *area, uint64_t pfn, uint64_t pages)
{
	struct found found = { .pfn = pfn, .end = pfn + pages };

	if (read_lines(area, "allocations", find_allocation, &found) < 0)
		found.lines = -1;
	return found;
}

TEST_F(seeing, allocations_tell_who_and_where)
{
	struct found found;
	uint64_t pfn;

	ASSERT_EQ(0, prctl(PR_SET_NAME, "a b\tc\\d"));
	ASSERT_EQ(0, cma_get(self->fd, &self->area, 9, 0, 0, &pfn));
	found = look_up(&self->area, pfn, 9);
	EXPECT_EQ(1, found.lines);
	EXPECT_EQ(pfn, found.first_pfn);
	EXPECT_EQ(9, found.pages);
	EXPECT_EQ(getpid(), found.pid);
	EXPECT_STREQ("a\\040b\\011c\\134d", found.comm);
	EXPECT_TRUE(starts_with(found.site, "cma_test_"))
		TH_LOG("site %s", found.site);
	EXPECT_NE(NULL, strstr(found.site, "+0x"));

	/* What is left of it, and by and by less. */
	EXPECT_EQ(1, cma_put(self->fd, &self->area, pfn + 4, 2));
	found = look_up(&self->area, pfn, 9);
	EXPECT_EQ(2, found.lines);
	EXPECT_EQ(7, found.pages);
	EXPECT_EQ(pfn, found.first_pfn);
	found = look_up(&self->area, pfn + 6, 1);
	EXPECT_EQ(pfn + 6, found.first_pfn);
	EXPECT_EQ(3, found.pages);
	EXPECT_EQ(getpid(), found.pid);
	EXPECT_EQ(0, look_up(&self->area, pfn + 4, 2).lines);
	EXPECT_EQ(1, cma_put(self->fd, &self->area, pfn, 1));
	EXPECT_EQ(1, cma_put(self->fd, &self->area, pfn + 8, 1));
	found = look_up(&self->area, pfn, 9);
	EXPECT_EQ(2, found.lines);
	EXPECT_EQ(5, found.pages);
	EXPECT_EQ(pfn + 1, found.first_pfn);
	EXPECT_EQ(1, cma_put(self->fd, &self->area, pfn + 1, 3));
	EXPECT_EQ(1, cma_put(self->fd, &self->area, pfn + 6, 2));
	EXPECT_EQ(0, look_up(&self->area, pfn, 9).lines);
	EXPECT_EQ(0, read_number(DEBUGFS, self->area.name, "records_lost"));
}

TEST_F(seeing, age_grows)
{
	struct found before, after;
	uint64_t pfn;

	ASSERT_EQ(0, cma_get(self->fd, &self->area, 1, 0, 0, &pfn));
	before = look_up(&self->area, pfn, 1);
	usleep(300000);
	after = look_up(&self->area, pfn, 1);
	EXPECT_GE(after.age_ms, before.age_ms + 200);
}

struct sums {
	uint64_t pages;
	uint64_t of_test;		/* those with a site in the test driver */
	uint64_t allocations;
	uint64_t last;
	bool sorted;
};

static void add_holder(char **column, void *data)
{
	uint64_t pages = strtoull(column[0], NULL, 10);
	struct sums *sums = data;

	sums->sorted = sums->sorted && pages <= sums->last;
	sums->last = pages;
	sums->pages += pages;
	if (!starts_with(column[3], "cma_test_"))
		return;
	sums->of_test += pages;
	sums->allocations += strtoull(column[1], NULL, 10);
}

/* A leak of a known call site is seen there, next to all the others. */
TEST_F(seeing, holders_add_up)
{
	struct sums before = { .last = UINT64_MAX, .sorted = true };
	struct sums after = before;
	uint64_t pfn;

	ASSERT_LE(0, read_lines(&self->area, "holders", add_holder, &before));
	for (int i = 0; i < 7; i++)
		ASSERT_EQ(0, cma_get(self->fd, &self->area, 3, 0, 0, &pfn));
	ASSERT_LE(1, read_lines(&self->area, "holders", add_holder, &after));
	EXPECT_TRUE(after.sorted);
	EXPECT_EQ(21, after.of_test - before.of_test);
	EXPECT_EQ(7, after.allocations - before.allocations);
	EXPECT_EQ(read_number(DEBUGFS, self->area.name, "used"), after.pages);
}

TEST_F(seeing, wrong_release_names_the_holder)
{
	uint64_t pfn;
	int lines = 0;

	ASSERT_EQ(0, prctl(PR_SET_NAME, "holder"));
	ASSERT_EQ(0, cma_get(self->fd, &self->area, 5, 0, 0, &pfn));
	log_count(self->log, "", NULL);
	for (int i = 0; i < LIMITED && !lines; i++) {
		EXPECT_EQ(0, cma_put(self->fd, &self->area, pfn, 6));
		lines = log_count(self->log, "refused (5 pages) holder cma_test_", NULL);
		sleep(!lines);
	}
	EXPECT_EQ(1, lines);
}

/*
 * Recording can be turned off; what was recorded stays until it is released.
 */
TEST_F(seeing, recording_is_a_choice)
{
	uint64_t off, on;
	int param = open(PARAMETER, O_RDWR);

	ASSERT_GE(param, 0);
	ASSERT_EQ(0, cma_get(self->fd, &self->area, 4, 0, 0, &on));
	ASSERT_EQ(1, write(param, "0", 1));
	EXPECT_EQ(0, cma_get(self->fd, &self->area, 4, 0, 0, &off));
	EXPECT_EQ(1, look_up(&self->area, on, 4).lines);
	EXPECT_EQ(0, look_up(&self->area, off, 4).lines);
	EXPECT_EQ(1, cma_put(self->fd, &self->area, on, 4));
	EXPECT_EQ(0, look_up(&self->area, on, 4).lines);
	EXPECT_EQ(-1, write(param, "perhaps", 7));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(param, "2", 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(1, write(param, "1", 1));
	EXPECT_EQ(1, cma_put(self->fd, &self->area, off, 4));
	close(param);
}

/* The newest failure, and how often its reason was counted. */
struct failure {
	int lines;
	uint64_t pages;
	int align;
	int error;
	int pid;
	char comm[80];
	char reason[32];
	uint64_t pfn;
	int refs;
	int maps;
	char owner[2048];
};

static void first_failure(char **column, void *data)
{
	struct failure *it = data;

	if (it->lines++)
		return;
	it->pages = strtoull(column[1], NULL, 10);
	it->align = atoi(column[2]);
	it->error = atoi(column[3]);
	it->pid = atoi(column[4]);
	snprintf(it->comm, sizeof(it->comm), "%s", column[5]);
	snprintf(it->reason, sizeof(it->reason), "%s", column[6]);
	it->pfn = strtoull(column[7], NULL, 16);
	it->refs = atoi(column[8]);
	it->maps = atoi(column[9]);
	snprintf(it->owner, sizeof(it->owner), "%s", column[10]);
}

static struct failure last_failure(const struct area *area)
{
	struct failure it = { };

	if (read_lines(area, "failures", first_failure, &it) < 0)
		it.lines = -1;
	return it;
}

struct counted {
	const char *reason;
	uint64_t count;
};

static void add_reason(char **column, void *data)
{
	struct counted *it = data;

	if (!strcmp(column[1], it->reason))
		it->count += strtoull(column[0], NULL, 10);
}

static uint64_t count_of(const struct area *area, const char *reason)
{
	struct counted it = { .reason = reason };

	if (read_lines(area, "reasons", add_reason, &it) < 0)
		return UINT64_MAX;
	return it.count;
}

TEST_F(seeing, failures_without_a_page)
{
	uint64_t before = count_of(&self->area, "no-room"), pfn;
	uint64_t size = self->area.pages;
	struct failure it;

	ASSERT_EQ(0, prctl(PR_SET_NAME, "too much"));
	EXPECT_EQ(-ENOMEM, cma_get(self->fd, &self->area, size + 1, 2,
				   CMA_TEST_NOWARN, &pfn));
	it = last_failure(&self->area);
	EXPECT_EQ(size + 1, it.pages);
	EXPECT_EQ(2, it.align);
	EXPECT_EQ(-ENOMEM, it.error);
	EXPECT_EQ(getpid(), it.pid);
	EXPECT_STREQ("too\\040much", it.comm);
	EXPECT_STREQ("no-room", it.reason);
	EXPECT_EQ(0, it.pfn);
	EXPECT_STREQ("-", it.owner);
	EXPECT_EQ(before + 1, count_of(&self->area, "no-room"));

	/* The last 32, the newest first. */
	for (uint64_t n = 2; n < 50; n++)
		EXPECT_EQ(-ENOMEM, cma_get(self->fd, &self->area, size + n, 0,
					   CMA_TEST_NOWARN, &pfn));
	it = last_failure(&self->area);
	EXPECT_EQ(32, it.lines);
	EXPECT_EQ(size + 49, it.pages);
}

/*
 * The area is lent out when little else is free. Return: memory of which some is
 * in the area; what is asked for next is, too.
 */
static char *fill_memory(const struct area *area, size_t *size)
{
	char *ballast;

	*size = sysconf(_SC_AVPHYS_PAGES) * area->page_size;
	ballast = map_untouched(*size);
	if (!ballast)
		return NULL;
	for (size_t at = 0; at + CHUNK < *size; at += area->page_size) {
		ballast[at] = 1;
		if (at % CHUNK == 0 && in_area(area, pfn_of(ballast + at)))
			return ballast;
	}
	munmap(ballast, *size);
	return NULL;
}

static char *find_page(const struct area *area, char *at, size_t size)
{
	for (char *end = at + size; at < end; at += area->page_size) {
		*at = 1;
		if (in_area(area, pfn_of(at)))
			return at;
	}
	return NULL;
}

static bool hold_in_pipe(int pipe_fd, char *page)
{
	struct iovec iov = { page, 1 };

	return vmsplice(pipe_fd, &iov, 1, 0) == 1;
}

struct block {
	uint64_t pfn;
	uint64_t stuck;
	uint64_t sums[5];		/* pages, free, borrowed, allocated, stuck */
	bool adds_up;
};

static void add_block(char **column, void *data)
{
	struct block *it = data;
	uint64_t pfn = strtoull(column[0], NULL, 16), n[5];

	for (int i = 0; i < 5; i++) {
		n[i] = strtoull(column[i + 1], NULL, 10);
		it->sums[i] += n[i];
	}
	it->adds_up = it->adds_up && n[0] == n[1] + n[2] + n[3] + n[4];
	if (it->pfn >= pfn && it->pfn < pfn + n[0])
		it->stuck = n[4];
}

static uint64_t sum_latency(const struct area *area, const char *file)
{
	uint64_t sum = 0, last = 0;
	unsigned long long count;
	char bound[32];
	FILE *f = open_file(SYSFS, area, file);

	while (f && fscanf(f, "%31s %llu", bound, &count) == 2) {
		uint64_t up = strcmp(bound, "inf") ? strtoull(bound, NULL, 10) : UINT64_MAX;

		/* Each twice the one before. */
		if (last && up != UINT64_MAX && up != 2 * last)
			break;
		sum += count;
		last = up;
	}
	if (f)
		fclose(f);
	return last == UINT64_MAX ? sum : UINT64_MAX;
}

/* All of the area is wanted, and one page that cannot be moved is in it. */
static void expect_in_the_way(struct __test_metadata *_metadata, int fd, int log,
			      const struct area *area, uint64_t pfn,
			      struct failure *it)
{
	uint64_t counted = count_of(area, "pinned"), any;
	uint64_t given_up = read_number(SYSFS, area->name, "ranges_given_up");
	uint64_t failed = sum_latency(area, "latency_fail");
	struct block block = { .pfn = pfn, .adds_up = true };
	char words[64];
	int lines;

	ASSERT_LT(0, read_lines(area, "map", add_block, &block));
	EXPECT_TRUE(block.adds_up);
	EXPECT_LE(1, block.stuck);
	EXPECT_EQ(area->pages, block.sums[0]);

	log_count(log, "", NULL);
	EXPECT_EQ(-ENOMEM, cma_get(fd, area, area->pages, 0, 0, &any));
	*it = last_failure(area);
	EXPECT_STREQ("pinned", it->reason);
	EXPECT_EQ(pfn, it->pfn);
	EXPECT_EQ(-EBUSY, it->error);
	EXPECT_EQ(area->pages, it->pages);
	EXPECT_EQ(getpid(), it->pid);
	EXPECT_LE(2, it->refs);
	EXPECT_EQ(1, it->maps);
	EXPECT_LE(counted + 1, count_of(area, "pinned"));
	EXPECT_LE(given_up + 1, read_number(SYSFS, area->name, "ranges_given_up"));
	EXPECT_EQ(failed + 1, sum_latency(area, "latency_fail"));
	snprintf(words, sizeof(words), "alloc failed %#llx (pinned,",
		 (unsigned long long)pfn);
	lines = log_count(log, words, NULL);
	for (int i = 0; i < LIMITED && !lines; i++) {
		sleep(1);
		EXPECT_EQ(-ENOMEM, cma_get(fd, area, area->pages, 0, 0, &any));
		lines = log_count(log, words, NULL);
	}
	EXPECT_EQ(1, lines);
}

static bool page_owner_is_on(void)
{
	return !access("/sys/kernel/debug/page_owner", F_OK);
}

TEST_F_TIMEOUT(seeing, pinned_page_of_a_task, 300)
{
	struct failure it = { };
	uint64_t pfn, all;
	size_t size;
	char *ballast, *page, owner[64];
	int pipes[2];

	ASSERT_EQ(0, prctl(PR_SET_NAME, "pins it"));
	ASSERT_EQ(0, pipe(pipes));
	ballast = fill_memory(&self->area, &size);
	if (!ballast)
		SKIP(return, "no page of this program came to lie in the area");
	page = find_page(&self->area, ballast, size);
	ASSERT_NE(NULL, page);
	pfn = pfn_of(page);
	ASSERT_TRUE(hold_in_pipe(pipes[1], page));
	ASSERT_TRUE(page == ballast || !munmap(ballast, page - ballast));
	ASSERT_EQ(0, munmap(page + self->area.page_size,
			    ballast + size - page - self->area.page_size));

	expect_in_the_way(_metadata, self->fd, self->log, &self->area, pfn, &it);
	if (page_owner_is_on()) {
		snprintf(owner, sizeof(owner), "pid=%d,comm=pins\\040it,site=", getpid());
		EXPECT_TRUE(starts_with(it.owner, owner)) TH_LOG("owner %s", it.owner);
	} else {
		EXPECT_STREQ("-", it.owner);
	}

	/* Once it is let go of, nothing is in the way. */
	close(pipes[0]);
	close(pipes[1]);
	EXPECT_EQ(0, cma_get(self->fd, &self->area, self->area.pages, 0, 0, &all));
	EXPECT_NE(pfn, pfn_of(page));
	EXPECT_EQ(1, *page);
}

TEST_F_TIMEOUT(seeing, pinned_page_of_a_file, 300)
{
	struct failure it = { };
	char *ballast, *map, *page = NULL, owner[128];
	struct stat st;
	int pipes[2], file;
	size_t size;

	ASSERT_TRUE(unshare_mounts());
	if (!mount_ram_disk(DIR))
		SKIP(return, NO_RAM_DISK);
	ASSERT_EQ(0, pipe(pipes));
	ballast = fill_memory(&self->area, &size);
	if (!ballast)
		SKIP(return, "the area is not lent out");
	file = open(DIR "/in the way", O_RDWR | O_CREAT, 0600);
	ASSERT_GE(file, 0);
	ASSERT_EQ(0, ftruncate(file, CHUNK));
	map = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, map);
	page = find_page(&self->area, map, CHUNK);
	ASSERT_EQ(0, munmap(ballast, size));
	if (!page)
		SKIP(return, "no page of the file came to lie in the area");
	ASSERT_TRUE(hold_in_pipe(pipes[1], page));

	expect_in_the_way(_metadata, self->fd, self->log, &self->area,
			  pfn_of(page), &it);
	ASSERT_EQ(0, fstat(file, &st));
	snprintf(owner, sizeof(owner), "dev=%u:%u,ino=%ju,name=in\\040the\\040way",
		 major(st.st_dev), minor(st.st_dev), (uintmax_t)st.st_ino);
	EXPECT_TRUE(starts_with(it.owner, owner)) TH_LOG("owner %s", it.owner);

	close(pipes[0]);
	close(pipes[1]);
	munmap(map, CHUNK);
	close(file);
	unlink(DIR "/in the way");
	umount(DIR);
}

TEST_F(seeing, map_of_the_area)
{
	struct block before = { .adds_up = true }, after = before;
	uint64_t pfn;

	ASSERT_LT(0, read_lines(&self->area, "map", add_block, &before));
	ASSERT_EQ(0, cma_get(self->fd, &self->area, 77, 0, 0, &pfn));
	ASSERT_LT(0, read_lines(&self->area, "map", add_block, &after));
	EXPECT_TRUE(before.adds_up && after.adds_up);
	EXPECT_EQ(self->area.pages, after.sums[0]);
	EXPECT_EQ(before.sums[3] + 77, after.sums[3]);
	EXPECT_EQ(read_number(DEBUGFS, self->area.name, "used"), after.sums[3]);
}

TEST_F(seeing, numbers_of_the_area)
{
	const char *name = self->area.name;
	uint64_t success, free, available, high, pfn, used;

	settle(self->fd);
	success = sum_latency(&self->area, "latency_success");
	ASSERT_NE(UINT64_MAX, success);
	available = read_number(SYSFS, name, "largest_available");
	EXPECT_EQ(read_number(DEBUGFS, name, "maxchunk"), available);
	free = read_number(SYSFS, name, "largest_free");
	EXPECT_LE(free, available);
	EXPECT_LT(0, free);
	EXPECT_NE(UINT64_MAX, read_number(SYSFS, name, "pages_migrated"));

	high = read_number(SYSFS, name, "high_water_pages");
	EXPECT_LE(high, self->area.pages);
	ASSERT_EQ(0, cma_get(self->fd, &self->area, available, 0, 0, &pfn));
	used = read_number(DEBUGFS, name, "used");
	EXPECT_EQ(high > used ? high : used, read_number(SYSFS, name, "high_water_pages"));
	EXPECT_EQ(success + 1, sum_latency(&self->area, "latency_success"));
	EXPECT_GT(available, read_number(SYSFS, name, "largest_free"));
	EXPECT_EQ(1, cma_put(self->fd, &self->area, pfn, available));
	EXPECT_EQ(available, read_number(SYSFS, name, "largest_free"));
	EXPECT_LE(used, read_number(SYSFS, name, "high_water_pages"));
}

/* None takes what is written to it. */
TEST_F(seeing, files_are_read_only)
{
	static const char *const names[] = {
		DEBUGFS "/%s/allocations", DEBUGFS "/%s/holders",
		DEBUGFS "/%s/failures", DEBUGFS "/%s/reasons", DEBUGFS "/%s/map",
		DEBUGFS "/%s/records_lost", SYSFS "/%s/latency_success",
		SYSFS "/%s/latency_fail", SYSFS "/%s/pages_migrated",
		SYSFS "/%s/ranges_given_up", SYSFS "/%s/largest_free",
		SYSFS "/%s/largest_available", SYSFS "/%s/high_water_pages",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[256];
		int fd;

		snprintf(path, sizeof(path), names[i], self->area.name);
		EXPECT_EQ(0, access(path, R_OK)) TH_LOG("%s", path);
		fd = open(path, O_WRONLY);
		EXPECT_TRUE(fd < 0 || write(fd, "1\n", 2) < 0) TH_LOG("%s", path);
		if (fd >= 0)
			close(fd);
	}
}

/* trace-cmd and perf read the formats: a quote inside ends the text for them. */
static bool format_is_readable(const char *dir, const char *event)
{
	char path[128], text[4096];
	int quotes = 0;

	snprintf(path, sizeof(path), "%s/events/cma/%s/format", dir, event);
	if (!read_text(path, text, sizeof(text)))
		return false;
	for (const char *at = text; *at; at++)
		quotes += *at == '"';
	return quotes == 2;
}

/* One allocation's story, from start to finish. */
TEST_F(seeing, tracepoints_tell_the_story)
{
	static const char *const dirs[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	static const char *const names[] = {
		"cma_alloc_start", "cma_range_chosen", "cma_pages_migrated",
		"cma_obstacle", "cma_alloc_busy_retry", "cma_alloc_latency",
		"cma_alloc_finish", "cma_release",
	};
	static const char *const events[] = {
		"cma_alloc_start: name=", "cma_alloc_latency: name=",
		"cma_alloc_finish: name=", "cma_release: name=",
	};
	char path[128], *trace;
	uint64_t pfn;
	int fd, dir;

	for (dir = 0; dir < 2; dir++) {
		snprintf(path, sizeof(path), "%s/events/cma/enable", dirs[dir]);
		fd = open(path, O_WRONLY);
		if (fd >= 0)
			break;
	}
	if (dir == 2)
		SKIP(return, "no events: needs CONFIG_FTRACE and tracefs");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_TRUE(format_is_readable(dirs[dir], names[i]))
			TH_LOG("%s", names[i]);
	}
	ASSERT_EQ(1, write(fd, "1", 1));
	EXPECT_EQ(0, cma_get(self->fd, &self->area, 3, 0, 0, &pfn));
	EXPECT_EQ(1, cma_put(self->fd, &self->area, pfn, 3));
	ASSERT_EQ(1, write(fd, "0", 1));
	close(fd);

	trace = malloc(1 << 20);
	snprintf(path, sizeof(path), "%s/trace", dirs[dir]);
	ASSERT_TRUE(read_text(path, trace, 1 << 20));
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		EXPECT_NE(NULL, strstr(trace, events[i]))
			TH_LOG("no %s", events[i]);
	}
	free(trace);
}

/*
 * Everything is read over and over while four threads allocate, release, in parts
 * and wrongly, and fail.
 */
struct work {
	const struct area *area;
	int fd;
	atomic_bool *stop;
	unsigned int seed;
	uint64_t done;
};

static void *keep_busy(void *data)
{
	struct work *work = data;

	while (!*work->stop) {
		uint64_t count = 1 + rand_r(&work->seed) % 300, pfn, cut;

		work->done++;
		if (cma_get(work->fd, work->area, count, 0, CMA_TEST_NOWARN, &pfn))
			continue;
		cut = rand_r(&work->seed) % count;
		if (cut)
			cma_put(work->fd, work->area, pfn + cut / 2, cut - cut / 2);
		cma_put(work->fd, work->area, pfn, cut / 2 ? : count);
		if (cut)
			cma_put(work->fd, work->area, pfn + cut, count - cut);
		cma_get(work->fd, work->area, work->area->pages, 0,
			CMA_TEST_NOWARN, &pfn);
		cma_put(work->fd, work->area, pfn, work->area->pages);
		cma_get(work->fd, work->area, work->area->pages + 1, 0,
			CMA_TEST_NOWARN, &pfn);
	}
	return NULL;
}

TEST_F_TIMEOUT(seeing, read_while_it_changes, 300)
{
	static const char *const numbers[] = {
		"pages_migrated", "pages_moved_in", "ranges_given_up", "largest_free",
		"largest_available", "high_water_pages",
	};
	uint64_t used = read_number(DEBUGFS, self->area.name, "used");
	int seconds = getenv("CMA_TEST_LONG") ? 60 : 10;
	struct sums sums = { .last = UINT64_MAX };
	atomic_bool stop = false;
	pthread_t threads[4];
	struct work work[4];
	time_t end;

	for (int i = 0; i < 4; i++) {
		work[i] = (struct work){ &self->area, self->fd, &stop, i + 1 };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, keep_busy, &work[i]));
	}
	for (end = time(NULL) + seconds; time(NULL) < end;) {
		for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
			EXPECT_LE(0, read_lines(&self->area, files[i].name, NULL, NULL))
				TH_LOG("%s", files[i].name);
		}
		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
			EXPECT_NE(UINT64_MAX, read_number(SYSFS, self->area.name, numbers[i]))
				TH_LOG("%s", numbers[i]);
		}
		EXPECT_NE(UINT64_MAX, sum_latency(&self->area, "latency_success"));
		EXPECT_NE(UINT64_MAX, sum_latency(&self->area, "latency_fail"));
	}
	stop = true;
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_LT(0, work[i].done);
	}

	/* Nothing is left of it but the counters. */
	EXPECT_EQ(used, read_number(DEBUGFS, self->area.name, "used"));
	ASSERT_LE(0, read_lines(&self->area, "holders", add_holder, &sums));
	EXPECT_EQ(used, sums.pages);
	EXPECT_LE(read_number(SYSFS, self->area.name, "high_water_pages"),
		  self->area.pages);
}

TEST_HARNESS_MAIN
