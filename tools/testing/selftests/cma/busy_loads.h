/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads that run beside allocations: processes that swap, read, write,
 * fork and so on. The test "busy" and make bench SCENARIOS=busy run them.
 *
 * Disks are known by their serial numbers, so that nobody's own is ever written
 * to: cma-files and cma-slow have an ext4 each, cma-swap is to be swapped to.
 */
#ifndef CMA_BUSY_LOADS_H
#define CMA_BUSY_LOADS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUSY_DIR	"/tmp/cma_busy"
#define BUSY_SLOW_DIR	"/tmp/cma_busy_slow"
#define BUSY_FILE	BUSY_DIR "/file"
#define BUSY_FILE_SIZE	(200UL << 20)	/* of which a guest of 256 MiB cannot keep all */
#define BUSY_SWAPPED	(300UL << 20)	/* and this is more than it has */
#define BUSY_STEP	(1024 * 1024UL)
#define BUSY_WORKERS	4
#define BUSY_ZRAM	"/sys/block/zram0"
#define BUSY_THP	"/sys/kernel/mm/transparent_hugepage"
#define BUSY_HUGE	"/sys/kernel/mm/hugepages/hugepages-2048kB"
#define BUSY_HUGE_PAGES	24

struct busy_load {
	const char *name;
	const char *(*prepare)(void);	/* NULL, or what is missing */
	void (*work)(unsigned int nr);	/* what worker @nr does, for ever */
	void (*undo)(void);
	unsigned int workers;
	unsigned int ms;		/* enough for the area to be lent again */
	bool asked;			/* a worker lends when it is asked to */
	bool refill;			/* what it has does not fill memory: files do */
};

/* Between the workers and their parent. */
struct busy_shared {
	atomic_uint ready;		/* workers that are up to speed */
	atomic_uint asked;
	atomic_uint answered;
	atomic_ullong reads;		/* of BUSY_STEP bytes, by readers of files and disks */
	atomic_ullong low;		/* bytes of areas; no more need be free */
	atomic_ullong until;		/* by busy_ms(); then what is lent is enough */
};

static struct {
	struct busy_shared *shared;
	pid_t pids[BUSY_WORKERS];
	char disk[64];			/* what a worker is to read from */
	char swap[64];
	int file;
	uint64_t at;			/* in the file */
	char *buf;
} busy;

static inline void busy_set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* Memory that cannot be had, for one, is a load too. */
	if (write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

static inline uint64_t busy_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/* Memory of all areas that is not lent, in bytes */
static inline uint64_t busy_free_cma(void)
{
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	char text[8192], *at;
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	at = strstr(text, "CmaFree:");
	return at ? strtoull(at + 8, NULL, 10) << 10 : 0;
}

/* A worker that cannot go on is missed by busy_alive(). */
static inline void busy_need(bool ok, const char *what)
{
	if (ok)
		return;
	printf("# busy: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static inline uint64_t busy_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* The path of the disk with this serial number, or false */
static inline bool busy_disk(const char *serial, char path[64])
{
	DIR *dir = opendir("/sys/block");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		char file[320], text[64] = "";
		int fd;

		snprintf(file, sizeof(file), "/sys/block/%s/serial", entry->d_name);
		fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, text, sizeof(text) - 1) > 0) {
			text[strcspn(text, "\n")] = '\0';
			found = !strcmp(text, serial);
			snprintf(path, 64, "/dev/%.50s", entry->d_name);
		}
		close(fd);
	}
	if (dir)
		closedir(dir);
	return found;
}

static inline char *busy_map(size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	busy_need(at != MAP_FAILED, "mmap");
	return at;
}

/* ---- Files ---- */

static inline const char *busy_mount(const char *serial, const char *dir)
{
	mkdir("/tmp", 0755);
	mkdir(dir, 0700);
	/* A kernel may have the one that needs less of it. */
	if (!busy_disk(serial, busy.disk) ||
	    (mount(busy.disk, dir, "ext4", MS_NOATIME, NULL) &&
	     mount(busy.disk, dir, "ext2", MS_NOATIME, NULL)))
		return "no ext4 on a disk with the serial number cma-files (or cma-slow)";
	return NULL;
}

/* The one that is read over and over; its pages have content, not holes. */
static inline const char *busy_files(void)
{
	const char *missing = busy_mount("cma-files", BUSY_DIR);
	struct stat st;

	if (missing)
		return missing;
	busy.buf = busy_map(BUSY_STEP);
	busy.file = open(BUSY_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (busy.file < 0 || fstat(busy.file, &st))
		return "no file on the disk cma-files";
	memset(busy.buf, 0x5a, BUSY_STEP);
	for (size_t at = st.st_size; at < BUSY_FILE_SIZE; at += BUSY_STEP)
		if (pwrite(busy.file, busy.buf, BUSY_STEP, at) != (ssize_t)BUSY_STEP)
			return "not enough room on the disk cma-files";
	fsync(busy.file);
	return NULL;
}

static inline void busy_no_files(void)
{
	close(busy.file);
	munmap(busy.buf, BUSY_STEP);
	umount(BUSY_DIR);
}

static inline void busy_read(int fd, char *buf, uint64_t *at)
{
	ssize_t len = pread(fd, buf, BUSY_STEP, *at);

	busy_need(len >= 0, "read");
	*at = len < (ssize_t)BUSY_STEP || *at + 2 * BUSY_STEP > BUSY_FILE_SIZE ?
		0 : *at + BUSY_STEP;
}

/* They come from different sides, or one would read what another has read. */
static inline void busy_read_over_and_over(const char *path, unsigned int nr)
{
	uint64_t at = nr * (BUSY_FILE_SIZE / BUSY_WORKERS);
	char *buf = busy_map(BUSY_STEP);
	int fd = open(path, O_RDONLY);

	busy_need(fd >= 0, path);
	for (unsigned int n = 0;; n++) {
		if (n == BUSY_FILE_SIZE / BUSY_STEP / BUSY_WORKERS)
			atomic_fetch_add(&busy.shared->ready, 1);
		busy_read(fd, buf, &at);
		atomic_fetch_add(&busy.shared->reads, 1);
	}
}

static inline void busy_reader(unsigned int nr)
{
	busy_read_over_and_over(BUSY_FILE, nr);
}

static inline void busy_disk_reader(unsigned int nr)
{
	busy_read_over_and_over(busy.disk, nr);
}

/*
 * The first one writes anew what the others read: a page of tmpfs that has moved
 * out of the area would never come back.
 */
#define BUSY_TMPFS_SIZE	(96UL << 20)
#define BUSY_TMPFS_STEP	(BUSY_TMPFS_SIZE / 32)
static int busy_memfd;

static inline const char *busy_tmpfs(void)
{
	busy_memfd = memfd_create("busy", 0);
	if (busy_memfd < 0)
		return "no tmpfs";
	return busy_files();
}

static inline void busy_no_tmpfs(void)
{
	close(busy_memfd);
	busy_no_files();
}

static inline void busy_tmpfs_worker(unsigned int nr)
{
	char *buf = busy_map(BUSY_TMPFS_STEP);

	memset(buf, nr, BUSY_TMPFS_STEP);
	for (unsigned int lap = 0;; lap++) {
		if (lap == !nr)
			atomic_fetch_add(&busy.shared->ready, 1);
		for (size_t at = 0; at < BUSY_TMPFS_SIZE; at += BUSY_TMPFS_STEP) {
			if (nr) {
				busy_need(pread(busy_memfd, buf, BUSY_STEP, at) >= 0,
					  "read from tmpfs");
				continue;
			}
			busy_need(!fallocate(busy_memfd, FALLOC_FL_PUNCH_HOLE |
					     FALLOC_FL_KEEP_SIZE, at, BUSY_TMPFS_STEP),
				  "hole in tmpfs");
			busy_need(pwrite(busy_memfd, buf, BUSY_TMPFS_STEP, at) > 0,
				  "write to tmpfs");
		}
	}
}

static inline void busy_writer(unsigned int nr)
{
	char *buf = busy_map(BUSY_STEP), path[64];

	memset(buf, nr, BUSY_STEP);
	snprintf(path, sizeof(path), BUSY_DIR "/written%u", nr);
	for (unsigned int lap = 0;; lap++) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		busy_need(fd >= 0, path);
		for (int i = 0; i < 16; i++)
			busy_need(write(fd, buf, BUSY_STEP) > 0, path);
		close(fd);
		sync();
		if (!lap)
			atomic_fetch_add(&busy.shared->ready, 1);
	}
}

/* After so many folders it starts over: a disk has room for no more. */
#define BUSY_FOLDERS	8000

static inline void busy_grow_tree(unsigned int nr)
{
	char dir[64], path[96];
	int fd;

	for (unsigned int i = 0;; i = (i + 1) % BUSY_FOLDERS) {
		if (i == 64)
			atomic_fetch_add(&busy.shared->ready, 1);
		snprintf(dir, sizeof(dir), BUSY_DIR "/tree%u-%u", nr, i / 64);
		mkdir(dir, 0700);
		snprintf(dir, sizeof(dir), BUSY_DIR "/tree%u-%u/%u", nr, i / 64, i);
		snprintf(path, sizeof(path), "%s/file", dir);
		unlink(path);
		rmdir(dir);
		mkdir(dir, 0700);
		fd = open(path, O_WRONLY | O_CREAT, 0600);
		busy_need(fd >= 0 && write(fd, path, sizeof(path)) > 0, path);
		close(fd);
	}
}

/* Pages wait to be written, and then for the disk. */
#define BUSY_SLOW_SIZE	(96UL << 20)

static inline const char *busy_slow(void)
{
	const char *missing = busy_mount("cma-slow", BUSY_SLOW_DIR);

	if (!missing)
		busy_set("/proc/sys/vm/dirty_ratio", "40");
	return missing ? missing : busy_files();
}

static inline void busy_no_slow(void)
{
	busy_set("/proc/sys/vm/dirty_ratio", "20");
	busy_no_files();
	umount(BUSY_SLOW_DIR);
}

static inline void busy_slow_writer(unsigned int nr)
{
	char buf[65536] = "", path[64];
	uint64_t random = nr + 1;
	int fd;

	snprintf(path, sizeof(path), BUSY_SLOW_DIR "/written%u", nr);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	busy_need(fd >= 0, path);
	for (unsigned int n = 0;; n++) {
		off_t at = busy_random(&random) % (BUSY_SLOW_SIZE / sizeof(buf));

		if (n == (16 << 20) / sizeof(buf))
			atomic_fetch_add(&busy.shared->ready, 1);
		busy_need(pwrite(fd, buf, sizeof(buf), at * sizeof(buf)) > 0, path);
		if (n % 64 == 63)
			sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	}
}

/* ---- Swap ---- */

/* What mkswap writes, as far as the kernel reads it */
static inline bool busy_make_swap(const char *path, uint64_t size)
{
	size_t page_size = getpagesize();
	char *page = busy_map(page_size);
	uint32_t *info = (uint32_t *)(page + 1024);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (!size && fd >= 0)
		size = lseek(fd, 0, SEEK_END);
	info[0] = 1;
	info[1] = size / page_size - 1;
	memcpy(page + page_size - 10, "SWAPSPACE2", 10);
	ok = fd >= 0 && pwrite(fd, page, page_size, 0) == (ssize_t)page_size &&
		!fsync(fd);
	close(fd);
	munmap(page, page_size);
	snprintf(busy.swap, sizeof(busy.swap), "%s", path);
	return ok && !swapon(path, 0);
}

static inline const char *busy_swap_disk(void)
{
	char path[64];

	if (!busy_disk("cma-swap", path) || !busy_make_swap(path, 0))
		return "no disk with the serial number cma-swap, or no swap";
	return NULL;
}

static inline const char *busy_zram(void)
{
	busy_set(BUSY_ZRAM "/disksize", "335544320");
	if (access(BUSY_ZRAM, F_OK) || !busy_make_swap("/dev/zram0", 320UL << 20))
		return "no zram, or no swap";
	return NULL;
}

static inline void busy_no_swap(void)
{
	swapoff(busy.swap);
	busy_set(BUSY_ZRAM "/reset", "1");
}

/* An eighth of each page is of a kind that nothing can compress. */
static inline char *busy_swapped(void)
{
	char *at = busy_map(BUSY_SWAPPED);
	size_t page_size = getpagesize();
	uint64_t random = 1;

	madvise(at, BUSY_SWAPPED, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < BUSY_SWAPPED; i += page_size)
		for (size_t k = 0; k < page_size / 8; k += sizeof(random))
			*(uint64_t *)(at + i + k) = busy_random(&random);
	return at;
}

static inline void busy_touch(const char *at)
{
	asm volatile("" : : "r" (*at));
}

/*
 * With each page that is wanted come those beside it, and stay in the swap cache,
 * in nobody's memory.
 */
static inline void busy_swap_and_rest(unsigned int nr)
{
	size_t step = 8 * getpagesize(), at = 0;
	char *memory = busy_swapped();
	unsigned int asked = 0;

	for (size_t i = 0; i < BUSY_SWAPPED; i += step)
		busy_touch(memory + i);
	atomic_fetch_add(&busy.shared->ready, 1);
	for (;;) {
		while (atomic_load(&busy.shared->asked) == asked)
			usleep(1000);
		asked = atomic_load(&busy.shared->asked);
		for (unsigned int i = 0;; i++) {
			if (i % 64 == 0 &&
			    (busy_free_cma() <= atomic_load(&busy.shared->low) ||
			     busy_ms() >= atomic_load(&busy.shared->until)))
				break;
			busy_touch(memory + at);
			/* Next time round others, since these are in memory now. */
			at += step;
			if (at >= BUSY_SWAPPED)
				at = at % step + getpagesize();
			at %= BUSY_SWAPPED;
		}
		atomic_store(&busy.shared->answered, asked);
	}
}

static inline void busy_swap_at_random(unsigned int nr)
{
	size_t pages = BUSY_SWAPPED / getpagesize();
	char *memory = busy_swapped();
	uint64_t random = nr + 1;

	for (unsigned int n = 0;; n++) {
		if (n == 2000)
			atomic_fetch_add(&busy.shared->ready, 1);
		busy_touch(memory + busy_random(&random) % pages * getpagesize());
		if (n % 200 == 199)
			usleep(1000);
	}
}

/* ---- Processes, and pages of other sizes ---- */

static inline void busy_forker(unsigned int nr)
{
	size_t size = 8UL << 20, page_size = getpagesize();
	char *memory = busy_map(size);

	madvise(memory, size, MADV_NOHUGEPAGE);
	memset(memory, nr + 1, size);
	for (unsigned int n = 0;; n++) {
		pid_t child = fork();

		busy_need(child >= 0, "fork");
		if (!child) {
			for (size_t i = 0; i < size; i += 2 * page_size)
				memory[i] = 1;
			_exit(0);
		}
		waitpid(child, NULL, 0);
		if (n == 10)
			atomic_fetch_add(&busy.shared->ready, 1);
	}
}

static inline const char *busy_thp(void)
{
	if (access(BUSY_THP "/enabled", W_OK))
		return "no transparent huge pages";
	busy_set(BUSY_THP "/enabled", "always");
	busy_set(BUSY_THP "/defrag", "always");
	return busy_files();
}

static inline void busy_no_thp(void)
{
	busy_set(BUSY_THP "/enabled", "madvise");
	busy_set(BUSY_THP "/defrag", "madvise");
	busy_no_files();
}

static inline void busy_thp_worker(unsigned int nr)
{
	size_t size = 32UL << 20, part = 4UL << 20, at = 0;
	char *memory = busy_map(size);

	for (unsigned int n = 0;; n++) {
		memset(memory + at, nr + 1, part);
		at = (at + part) % size;
		madvise(memory + at, part, MADV_DONTNEED);
		if (n == size / part)
			atomic_fetch_add(&busy.shared->ready, 1);
	}
}

/* One compacts; the other lets go, so that there are holes to be filled. */
static inline void busy_compactor(unsigned int nr)
{
	size_t size = 64UL << 20, page_size = getpagesize();
	char *memory = nr ? busy_map(size) : NULL;
	uint64_t random = 1;

	if (nr) {
		madvise(memory, size, MADV_NOHUGEPAGE);
		memset(memory, 1, size);
	}
	atomic_fetch_add(&busy.shared->ready, 1);
	for (;;) {
		if (!nr) {
			busy_set("/proc/sys/vm/compact_memory", "1");
			continue;
		}
		for (int i = 0; i < 256; i++) {
			char *at = memory + busy_random(&random) % (size / page_size) *
				page_size;

			if (*at)
				madvise(at, page_size, MADV_DONTNEED);
			else
				*at = 1;
		}
		usleep(1000);
	}
}

static inline const char *busy_huge(void)
{
	if (access(BUSY_HUGE, F_OK))
		return "no huge pages of 2 MiB";
	return busy_files();
}

static inline void busy_no_huge(void)
{
	busy_set(BUSY_HUGE "/nr_hugepages", "0");
	busy_no_files();
}

/* Half of them are in use. They are wanted anew while the area has room for them. */
static inline void busy_huge_worker(unsigned int nr)
{
	size_t size = BUSY_HUGE_PAGES / 2 * (2UL << 20);
	unsigned int asked = 0;
	char *memory = NULL;
	char text[16];

	snprintf(text, sizeof(text), "%d", BUSY_HUGE_PAGES);
	for (;;) {
		if (memory)
			munmap(memory, size);
		busy_set(BUSY_HUGE "/nr_hugepages", "0");
		busy_set(BUSY_HUGE "/nr_hugepages", text);
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			      MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		if (memory == MAP_FAILED)
			memory = NULL;
		for (size_t i = 0; memory && i < size; i += 2UL << 20)
			memory[i] = 1;
		if (!asked)
			atomic_fetch_add(&busy.shared->ready, 1);
		atomic_store(&busy.shared->answered, asked);
		while (atomic_load(&busy.shared->asked) == asked)
			usleep(1000);
		asked = atomic_load(&busy.shared->asked);
	}
}

static const struct busy_load busy_loads[] = {
	{ "swap", busy_swap_disk, busy_swap_and_rest, busy_no_swap, 1, 10000, true },
	{ "swap-faults", busy_swap_disk, busy_swap_at_random, busy_no_swap, 1, 10000 },
	{ "zram", busy_zram, busy_swap_and_rest, busy_no_swap, 1, 10000, true },
	{ "zram-faults", busy_zram, busy_swap_at_random, busy_no_swap, 1, 10000 },
	{ "readers1", busy_files, busy_reader, busy_no_files, 1, 5000 },
	{ "readers2", busy_files, busy_reader, busy_no_files, 2, 5000 },
	{ "readers4", busy_files, busy_reader, busy_no_files, 4, 5000 },
	{ "disk-readers", busy_files, busy_disk_reader, busy_no_files, 2, 5000 },
	{ "tmpfs", busy_tmpfs, busy_tmpfs_worker, busy_no_tmpfs, 3, 5000, .refill = true },
	{ "sync", busy_files, busy_writer, busy_no_files, 2, 5000, .refill = true },
	{ "forks", busy_files, busy_forker, busy_no_files, 2, 5000, .refill = true },
	{ "tree", busy_files, busy_grow_tree, busy_no_files, 2, 5000, .refill = true },
	{ "thp", busy_thp, busy_thp_worker, busy_no_thp, 2, 5000, .refill = true },
	{ "compact", busy_files, busy_compactor, busy_no_files, 2, 5000, .refill = true },
	{ "huge", busy_huge, busy_huge_worker, busy_no_huge, 1, 5000, true, true },
	{ "slow-disk", busy_slow, busy_slow_writer, busy_no_slow, 1, 5000, .refill = true },
};

#define BUSY_LOADS	(sizeof(busy_loads) / sizeof(*busy_loads))

static inline const struct busy_load *busy_find(const char *name)
{
	for (size_t i = 0; i < BUSY_LOADS; i++)
		if (!strcmp(busy_loads[i].name, name))
			return &busy_loads[i];
	return NULL;
}

/* Whether all workers are at work: none was killed for want of memory, for one. */
static inline bool busy_alive(const struct busy_load *load)
{
	for (unsigned int i = 0; i < load->workers; i++)
		if (waitpid(busy.pids[i], NULL, WNOHANG))
			return false;
	return true;
}

/*
 * Have the area lent again, until no more than @low bytes of it are free or @ms
 * milliseconds are over. Return: bytes that are free.
 */
static inline uint64_t busy_lend(const struct busy_load *load, uint64_t low,
				 unsigned int ms)
{
	uint64_t end = busy_ms() + ms, cma;

	atomic_store(&busy.shared->low, low);
	atomic_store(&busy.shared->until, end);
	if (load->asked) {
		unsigned int asked = atomic_fetch_add(&busy.shared->asked, 1) + 1;

		while (atomic_load(&busy.shared->answered) != asked && busy_alive(load))
			usleep(1000);
		if (!load->refill)
			return busy_free_cma();
		end = busy_ms() + ms;
	}
	while ((cma = busy_free_cma()) > low && busy_ms() < end) {
		if (load->refill)
			busy_read(busy.file, busy.buf, &busy.at);
		else
			usleep(1000);
	}
	return cma;
}

/* Kills what is there; what it has mounted and set is undone. */
static inline void busy_stop(const struct busy_load *load)
{
	for (unsigned int i = 0; i < load->workers; i++) {
		if (busy.pids[i] > 0) {
			kill(-busy.pids[i], SIGKILL);
			waitpid(busy.pids[i], NULL, 0);
		}
		busy.pids[i] = 0;
	}
	load->undo();
	munmap(busy.shared, sizeof(*busy.shared));
}

/* Return: NULL when all workers are up to speed, or what is missing */
static inline const char *busy_start(const struct busy_load *load)
{
	const char *missing;

	busy.shared = mmap(NULL, sizeof(*busy.shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (busy.shared == MAP_FAILED)
		return "no memory";
	missing = load->prepare();
	if (missing)
		return missing;
	/* No output of this process may be left for its children to repeat. */
	fflush(NULL);
	for (unsigned int i = 0; i < load->workers; i++) {
		busy.pids[i] = fork();
		if (busy.pids[i] < 0)
			return "no process";
		if (!busy.pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			setpgid(0, 0);
			load->work(i);
			_exit(1);
		}
		setpgid(busy.pids[i], busy.pids[i]);
	}
	while (atomic_load(&busy.shared->ready) < load->workers) {
		usleep(10000);
		if (!busy_alive(load))
			return "a worker ended";
	}
	return NULL;
}

#endif /* CMA_BUSY_LOADS_H */
