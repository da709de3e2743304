// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that follows the state of a page must see those of an area as it sees any:
 * what clears, poisons or unmaps free pages, KASAN, page owner, allocation tags,
 * control groups and the counters of zones.
 *
 * Each test runs on pages that were free, which an allocation takes as they are,
 * and on pages of which some had to be moved away. What is not switched on is
 * skipped; most of it takes a word on the kernel's command line.
 */

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "cma_fixture.h"

#define PATIENCE	900		/* seconds */
#define STAT_SECONDS	3		/* in which memory.stat is brought up to date */
#define DIR		"/tmp/cma_hooks"
#define POISON		0xaaaaaaaaaaaaaaaaULL

FIXTURE(hooks)
{
	int fd;
	struct area area;
	struct state first;
	struct lists lists;
	int log;
	char *lent;			/* pages that borrow the area, or NULL */
	size_t lent_size;
	uint64_t pfn;			/* what the test allocates */
	uint64_t count;
};

FIXTURE_VARIANT(hooks)
{
	bool move;
};

FIXTURE_VARIANT_ADD(hooks, free_pages)
{
	.move = false,
};

FIXTURE_VARIANT_ADD(hooks, moved_pages)
{
	.move = true,
};

static bool on_command_line(const char *word)
{
	char text[4096], *at, *save;

	if (!read_text("/proc/cmdline", text, sizeof(text)))
		return false;
	for (at = strtok_r(text, "\n ", &save); at;
	     at = strtok_r(NULL, "\n ", &save))
		if (!strcmp(at, word))
			return true;
	return false;
}

FIXTURE_SETUP(hooks)
{
	const char *missing;

	self->lent = NULL;
	missing = open_area(false, &self->fd, &self->area);
	if (missing)
		SKIP(return, "%s", missing);
	self->count = variant->move ? self->area.pages : 1000;
	self->log = log_open();
	expect_idle(_metadata, self->fd, &self->area, &self->first);
	ASSERT_TRUE(read_lists(&self->lists));
}

FIXTURE_TEARDOWN(hooks)
{
	if (self->lent)
		munmap(self->lent, self->lent_size);
	close(self->fd);
	expect_unchanged(_metadata, &self->area, &self->first);
	expect_lists_agree(_metadata, &self->lists);
	/* Such as "pagealloc: memory corruption" */
	EXPECT_EQ(0, log_count(self->log, "pagealloc:", NULL));
	close(self->log);
}

/*
 * Borrow a quarter of the area. The page allocator turns to it when as little is
 * left elsewhere; what lies elsewhere is let go then, for pages to move to.
 * Return: how many pages lie in the area.
 */
static uint64_t lend(const struct area *area, char **lent, size_t *lent_size)
{
	size_t size = read_meminfo("MemFree:"), page = area->page_size;
	uint64_t pfn, want = area->pages * page / 4 * 3, n = 0;
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	char *at;

	at = map_untouched(size);
	if (!at)
		return 0;
	*lent = at;
	*lent_size = size;
	for (size_t i = 0; i < size; i += page) {
		if (i % (1 << 18) == 0 && read_meminfo("CmaFree:") < want)
			break;
		memset(at + i, 0x5a, page);
	}
	for (size_t i = 0; i < size; i += page) {
		pfns_of(pagemap, at + i, 1, page, &pfn);
		if (in_area(area, pfn))
			n++;
		else if (pfn)
			madvise(at + i, page, MADV_DONTNEED);
	}
	close(pagemap);
	return n;
}

/* Allocate what the variant says. */
#define GET() do {							\
	uint64_t moved = read_vmstat("pgmigrate_success"), n = 0;	\
									\
	if (variant->move) {						\
		if (self->lent)						\
			munmap(self->lent, self->lent_size);		\
		n = lend(&self->area, &self->lent, &self->lent_size);	\
		ASSERT_GT(n, self->area.pages / 8);			\
	}								\
	ASSERT_EQ(0, cma_get_patiently(self->fd, &self->area,		\
				       self->count, &self->pfn));	\
	moved = read_vmstat("pgmigrate_success") - moved;		\
	ASSERT_GE(moved, n);						\
} while (0)

#define PUT() ASSERT_EQ(1, cma_put(self->fd, &self->area, self->pfn, self->count))

static struct cma_test_peek peek(int fd, uint64_t pfn, uint64_t count, uint64_t word)
{
	struct cma_test_peek p = { .pfn = pfn, .count = count, .word = word };

	if (ioctl(fd, CMA_TEST_PEEK, &p))
		memset(&p, 0xff, sizeof(p));
	return p;
}

#define PEEK(word) peek(self->fd, self->pfn, self->count, word)

/* init_on_alloc=1 */
TEST_F_TIMEOUT(hooks, cleared_when_allocated, PATIENCE)
{
	if (!on_command_line("init_on_alloc=1"))
		SKIP(return, "boot with init_on_alloc=1");
	GET();
	EXPECT_EQ(self->count, PEEK(0).equal);
	ASSERT_TRUE(cma_stamp(self->fd, self->pfn, self->count, 1));
	EXPECT_EQ(0, PEEK(0).equal);
	PUT();
	GET();
	EXPECT_EQ(self->count, PEEK(0).equal);
	PUT();
}

/* init_on_free=1: cleared at once, and not only before it is read */
TEST_F_TIMEOUT(hooks, cleared_when_freed, PATIENCE)
{
	if (!on_command_line("init_on_free=1"))
		SKIP(return, "boot with init_on_free=1");
	GET();
	EXPECT_EQ(self->count, PEEK(0).equal);
	ASSERT_TRUE(cma_stamp(self->fd, self->pfn, self->count, 2));
	PUT();
	EXPECT_EQ(self->count, PEEK(0).equal);
	GET();
	EXPECT_EQ(self->count, PEEK(0).equal);
	PUT();
}

/* page_poison=1 */
TEST_F_TIMEOUT(hooks, poisoned_when_freed, PATIENCE)
{
	if (!on_command_line("page_poison=1"))
		SKIP(return, "boot with page_poison=1");
	GET();
	ASSERT_TRUE(cma_stamp(self->fd, self->pfn, self->count, 3));
	PUT();
	EXPECT_EQ(self->count, PEEK(POISON).equal);
	GET();
	ASSERT_TRUE(cma_stamp(self->fd, self->pfn, self->count, 4));
	EXPECT_EQ(0, PEEK(POISON).equal);
	PUT();
}

/* debug_pagealloc=on */
TEST_F_TIMEOUT(hooks, unmapped_when_freed, PATIENCE)
{
	if (!on_command_line("debug_pagealloc=on"))
		SKIP(return, "boot with debug_pagealloc=on");
	GET();
	EXPECT_EQ(self->count, PEEK(0).mapped);
	PUT();
	EXPECT_EQ(0, PEEK(0).mapped);
	GET();
	EXPECT_EQ(self->count, PEEK(0).mapped);
	ASSERT_TRUE(cma_stamp(self->fd, self->pfn, self->count, 5));
	ASSERT_TRUE(cma_verify(self->fd, self->pfn, self->count, 5));
	PUT();
}

/* CONFIG_KASAN_GENERIC */
TEST_F_TIMEOUT(hooks, forbidden_when_freed, PATIENCE)
{
	if (system("grep -q ' kasan_report$' /proc/kallsyms"))
		SKIP(return, "needs a kernel that checks addresses");
	GET();
	EXPECT_EQ(0, PEEK(0).forbidden);
	PUT();
	EXPECT_EQ(self->count, PEEK(0).forbidden);
	GET();
	EXPECT_EQ(0, PEEK(0).forbidden);
	PUT();
}

/* The record of a page, if page_owner has one: @text is empty if not. */
static void owner_of(int fd, uint64_t pfn, char *text, size_t size)
{
	char found[32];
	ssize_t n = pread(fd, text, size - 1, pfn);

	text[n > 0 ? n : 0] = '\0';
	snprintf(found, sizeof(found), "PFN 0x%llx ", (long long)pfn);
	if (!strstr(text, found))
		text[0] = '\0';
}

/* page_owner=on: the owner of a page is recorded until it is released. */
TEST_F_TIMEOUT(hooks, owner_on_record, PATIENCE)
{
	int fd = open("/sys/kernel/debug/page_owner", O_RDONLY);
	char text[4096], pid[32];

	if (fd < 0 || !on_command_line("page_owner=on"))
		SKIP(return, "boot with page_owner=on");
	snprintf(pid, sizeof(pid), " pid %d,", getpid());
	for (int i = 0; i < 2; i++) {
		GET();
		for (uint64_t p = self->pfn; p < self->pfn + self->count; p++) {
			owner_of(fd, p, text, sizeof(text));
			ASSERT_NE(NULL, strstr(text, "order 0,"))
				TH_LOG("pfn %#llx: \"%s\"", (long long)p, text);
			ASSERT_NE(NULL, strstr(text, pid));
			ASSERT_NE(NULL, strstr(text, "cma_alloc"));
		}
		PUT();
		for (uint64_t p = self->pfn; p < self->pfn + self->count; p++) {
			owner_of(fd, p, text, sizeof(text));
			ASSERT_EQ(NULL, strstr(text, "cma_alloc"))
				TH_LOG("pfn %#llx: \"%s\"", (long long)p, text);
		}
	}
	close(fd);
}

/* Bytes that /proc/allocinfo has for the files of the allocator */
static uint64_t tagged(void)
{
	FILE *file = fopen("/proc/allocinfo", "r");
	char line[512], where[256];
	uint64_t bytes, calls, sum = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llu %llu %255s", (unsigned long long *)&bytes,
			   (unsigned long long *)&calls, where) == 3 &&
		    (strstr(line, "func:cma_take_pages") ||
		     strstr(line, "func:cma_claim")))
			sum += bytes;
	}
	if (file)
		fclose(file);
	return sum;
}

/* CONFIG_MEM_ALLOC_PROFILING */
TEST_F_TIMEOUT(hooks, counted_by_tag, PATIENCE)
{
	uint64_t bytes = self->count * self->area.page_size, before = tagged();
	char text[16];

	if (!read_text("/proc/sys/vm/mem_profiling", text, sizeof(text)) ||
	    atoi(text) != 1)
		SKIP(return, "boot with sysctl.vm.mem_profiling=1");
	for (int i = 0; i < 2; i++) {
		GET();
		EXPECT_EQ(before + bytes, tagged());
		ASSERT_EQ(1, cma_put(self->fd, &self->area, self->pfn, 1));
		EXPECT_EQ(before + bytes - self->area.page_size, tagged());
		ASSERT_EQ(1, cma_put(self->fd, &self->area, self->pfn + 1,
				     self->count - 1));
		EXPECT_EQ(before, tagged());
	}
}

/* Free pages are fewer by those that are held, and all lists agree with that. */
TEST_F_TIMEOUT(hooks, zone_counters, PATIENCE)
{
	GET();
	expect_lists_agree(_metadata, &self->lists);
	EXPECT_EQ(self->first.free_cma - self->count, read_vmstat("nr_free_cma"));
	PUT();
	settle(self->fd);
	EXPECT_EQ(self->first.free_cma, read_vmstat("nr_free_cma"));
}

/* @name is that of a line of memory.stat, with the blank behind it. */
static uint64_t bytes_of(const char *group, const char *name)
{
	char path[128], text[16384], *at;

	snprintf(path, sizeof(path), "%s/memory.stat", group);
	if (!read_text(path, text, sizeof(text)))
		return UINT64_MAX;
	at = strstr(text, name);
	return at ? strtoull(at + strlen(name), NULL, 10) : UINT64_MAX;
}

static uint64_t anonymous_of(const char *group)
{
	return bytes_of(group, "anon ");
}

static bool write_text(const char *dir, const char *name, const char *text)
{
	char path[128];
	int fd, n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY);
	n = fd < 0 ? -1 : write(fd, text, strlen(text));
	close(fd);
	return n == (int)strlen(text);
}

/*
 * CONFIG_MEMCG: pages that a group has borrowed are charged to it wherever they
 * go, and those that it takes from the area are not.
 */
TEST_F_TIMEOUT(hooks, charged_to_group, PATIENCE)
{
	const uint64_t slack = self->area.pages * self->area.page_size / 4;
	const char *group = DIR "/group";
	uint64_t charged, anon, left = 0;
	int status;
	pid_t pid;

	ASSERT_TRUE(unshare_mounts());
	mkdir("/tmp", 0755);
	mkdir(DIR, 0700);
	if (mount("none", DIR, "cgroup2", 0, NULL) ||
	    !write_text(DIR, "cgroup.subtree_control", "+memory"))
		SKIP(return, "no cgroup2 with memory: needs CONFIG_MEMCG");
	ASSERT_EQ(0, mkdir(group, 0700));

	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		uint64_t after;

		ASSERT_TRUE(write_text(group, "cgroup.procs", "0"));
		if (variant->move)
			ASSERT_GT(lend(&self->area, &self->lent, &self->lent_size),
				  self->area.pages / 8);
		charged = read_number(DIR, "group", "memory.current");
		sleep(STAT_SECONDS);
		anon = anonymous_of(group);
		/* It is there already, and all that GET() adds is to allocate. */
		ASSERT_EQ(0, cma_get_patiently(self->fd, &self->area,
					       self->count, &self->pfn));
		after = read_number(DIR, "group", "memory.current");
		EXPECT_LT(after, charged + slack);
		EXPECT_GT(after + slack, charged);
		sleep(STAT_SECONDS);
		EXPECT_LE(anon, anonymous_of(group));
		PUT();
		for (size_t i = 0; i < self->lent_size && self->lent; i += 4096)
			if (self->lent[i] && self->lent[i] != 0x5a)
				EXPECT_EQ(0x5a, self->lent[i]);
		exit(_metadata->exit_code);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);

	/*
	 * A limit makes the group give back what is kept at hand for it, and this also
	 * what the LRU batches of a processor keep that has had nothing to do since. Only
	 * inodes of files that it was the first to open may stay, which are the kernel's.
	 */
	for (int i = 0; i < 50; i++) {
		write_text("/proc/sys/vm", "drop_caches", "1");
		write_text(group, "memory.max", "0");
		left = read_number(DIR, "group", "memory.current");
		if (left == bytes_of(group, "kernel ") && !anonymous_of(group))
			break;
		usleep(100000);
	}
	EXPECT_EQ(bytes_of(group, "kernel "), left);
	EXPECT_EQ(0, anonymous_of(group));
	EXPECT_EQ(0, rmdir(group));
	umount(DIR);
}

TEST_HARNESS_MAIN
