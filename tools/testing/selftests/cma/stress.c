// SPDX-License-Identifier: GPL-2.0-only
/*
 * No page is ever in two hands: threads allocate, stamp, check and release, each
 * page entered in a list of owners, while processes borrow the area, check what
 * they have there, pin it and let it go.
 *
 * Runs for CMA_TEST_SECONDS, 10 by default. CMA_TEST_SEED repeats the choices of
 * an earlier run, though not its timing.
 */

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "cma_fixture.h"

#define PATIENCE	1800		/* seconds */
#define DIR		"/tmp/cma_stress"

#define THREADS		4
#define LONGEST		1280		/* pages */
#define MAX_HELD	16		/* pieces of a thread */

/* The owners of this many pages are written down, from PFN 0 on. */
#define MAX_PFN		(sizeof(long) > 4 ? 1UL << 26 : 1UL << 20)

enum { WAITING, NOWAIT, FOLIO, WAYS };
static const char * const ways[] = { "cma_alloc", "cma_alloc_nowait", "cma_alloc_folio" };

struct piece {
	uint64_t pfn;
	uint64_t count;
	uint64_t seed;
	bool folio;
};

struct holder {
	pthread_t thread;
	unsigned int number;
	uint64_t random;
	struct run *run;
	struct area *area;
	uint64_t limit;			/* pages that it may hold */
	uint64_t held;
	struct piece pieces[MAX_HELD];
	unsigned int nr;
	uint64_t tried[WAYS];
	uint64_t got[WAYS];
	char error[160];
};

/* Shared with the processes that borrow. */
struct run {
	atomic_bool stop;
	size_t page_size;
	atomic_ullong rounds[8];	/* of each kind of borrower */
	atomic_uint *owner;		/* for each PFN; 0 if it is not held */
};

static uint64_t random_of(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15ULL;
	uint64_t x = *state;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* One that is likely to be small: of the same chance for each power of two */
static uint64_t random_count(uint64_t *state, uint64_t max)
{
	unsigned int bits = 64 - __builtin_clzll(max);
	uint64_t count = 1 + (random_of(state) & ((1ULL << random_of(state) % (bits + 1)) - 1));

	return count < max ? count : max;
}

/*
 * Holders of pages
 */

#define fail(who, ...) \
	(snprintf((who)->error, sizeof((who)->error), __VA_ARGS__), false)

static bool enter_owner(struct holder *h, const struct piece *piece)
{
	for (uint64_t i = 0; i < piece->count; i++) {
		unsigned int nobody = 0;

		if (piece->pfn + i >= MAX_PFN)
			return fail(h, "pfn %#llx is too high for this test",
				    (long long)piece->pfn);
		if (!atomic_compare_exchange_strong(&h->run->owner[piece->pfn + i],
						    &nobody, h->number))
			return fail(h, "pfn %#llx is in two hands: of threads %u and %u",
				    (long long)(piece->pfn + i), nobody, h->number);
	}
	return true;
}

static bool strike_owner(struct holder *h, uint64_t pfn, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		unsigned int was = atomic_exchange(&h->run->owner[pfn + i], 0);

		if (was != h->number)
			return fail(h, "pfn %#llx of thread %u has become that of %u",
				    (long long)(pfn + i), h->number, was);
	}
	return true;
}

static bool get_piece(struct holder *h, int fd)
{
	struct cma_test_range r = { .flags = CMA_TEST_NOWARN };
	uint64_t max = h->limit - h->held < LONGEST ? h->limit - h->held : LONGEST;
	struct piece *piece = &h->pieces[h->nr];
	unsigned int way = random_of(&h->random) % WAYS;

	if (h->nr == MAX_HELD || !max)
		return true;
	strcpy(r.area, h->area->name);
	r.count = random_count(&h->random, max);
	r.order = random_of(&h->random) % 4 ? 0 : random_of(&h->random) % 10;
	if (way == NOWAIT)
		r.flags |= CMA_TEST_NOWAIT;
	if (way == FOLIO) {
		r.order = 1 + random_of(&h->random) % 9;
		if (1ULL << r.order > max || 1ULL << r.order < h->area->unit)
			return true;
	}

	h->tried[way]++;
	if (ioctl(fd, way == FOLIO ? CMA_TEST_ALLOC_FOLIO : CMA_TEST_ALLOC, &r))
		return errno == ENOMEM ||
		       fail(h, "%s: %s", ways[way], strerror(errno));
	h->got[way]++;
	*piece = (struct piece) {
		.pfn = r.pfn, .count = r.count, .folio = way == FOLIO,
		.seed = random_of(&h->random),
	};
	if (r.pfn & ((1ULL << r.order) - 1))
		return fail(h, "%s: pfn %#llx for order %u", ways[way],
			    (long long)r.pfn, r.order);
	if (!enter_owner(h, piece))
		return false;
	if (!cma_stamp(fd, piece->pfn, piece->count, piece->seed))
		return fail(h, "pfn %#llx cannot be written to",
			    (long long)piece->pfn);
	h->held += piece->count;
	h->nr++;
	return true;
}

static bool check_piece(struct holder *h, int fd, const struct piece *piece)
{
	return cma_verify(fd, piece->pfn, piece->count, piece->seed) ||
		fail(h, "the content of %llu pages of thread %u from pfn %#llx on changed",
		     (long long)piece->count, h->number, (long long)piece->pfn);
}

/* All of it, or a part: from the start, the end or within, in whole units */
static bool put_piece(struct holder *h, int fd, unsigned int i, bool whole)
{
	struct piece *piece = &h->pieces[i], rest;
	uint64_t unit = h->area->unit, units, from = 0, to, pfn, count;
	struct cma_test_range r = { };

	if (!check_piece(h, fd, piece))
		return false;
	units = (piece->count + unit - 1) / unit;
	to = units;
	if (!whole && !piece->folio && random_of(&h->random) % 2) {
		from = random_of(&h->random) % units;
		to = from + 1 + random_of(&h->random) % (units - from);
	}
	if (from && to < units && h->nr == MAX_HELD)
		to = units;

	rest = *piece;
	pfn = piece->pfn + from * unit;
	count = (to == units ? piece->count : to * unit) - from * unit;
	if (!strike_owner(h, pfn, count))
		return false;
	strcpy(r.area, h->area->name);
	r.pfn = pfn;
	r.count = count;
	if (ioctl(fd, piece->folio ? CMA_TEST_FREE_FOLIO : CMA_TEST_RELEASE, &r) ||
	    !r.ok || r.count != count)
		return fail(h, "release of %llu pages from pfn %#llx on was refused",
			    (long long)count, (long long)pfn);

	h->held -= count;
	piece->count = from * unit;
	if (!piece->count)
		*piece = h->pieces[--h->nr];
	rest.count = rest.pfn + rest.count - (pfn + count);
	rest.pfn = pfn + count;
	if (rest.count)
		h->pieces[h->nr++] = rest;
	return true;
}

static void *hold(void *data)
{
	struct holder *h = data;
	int fd = cma_open();
	bool ok = fd >= 0 || fail(h, CMA_TEST_DEVICE ": %s", strerror(errno));

	while (ok && !atomic_load(&h->run->stop)) {
		uint64_t dice = random_of(&h->random) % 8;

		if (dice < 4 || !h->nr)
			ok = get_piece(h, fd);
		else if (dice < 7)
			ok = put_piece(h, fd, random_of(&h->random) % h->nr, false);
		else
			ok = check_piece(h, fd, &h->pieces[random_of(&h->random) % h->nr]);
	}
	if (!ok)
		atomic_store(&h->run->stop, true);
	while (ok && h->nr)
		ok = put_piece(h, fd, 0, true);
	close(fd);
	return NULL;
}

/* More or less of the area is kept ready all the time. */
static void *change_headroom(void *data)
{
	struct holder *h = data;

	while (!atomic_load(&h->run->stop)) {
		if (!set_headroom(h->area, random_of(&h->random) % 2 ?
				  random_of(&h->random) % h->area->pages / 16 : 0))
			break;
		h->tried[0]++;
		usleep(random_of(&h->random) % 200000);
	}
	set_headroom(h->area, 0);
	return NULL;
}

/*
 * Borrowers: each is a process with memory of its own, of which each page
 * has a word in @now that its content follows from; 0 if it was let go.
 */

#define MAX_PAGES	4096

struct borrower {
	struct run *run;
	char *at;
	size_t pages;
	int file;			/* behind the memory, or -1 */
	int direct;			/* with O_DIRECT, or -1 */
	int pipes[2];
	uint64_t random;
	uint64_t now[MAX_PAGES];
};

/* These end the process; what it says goes where the harness's lines go. */
#define check(right, ...) do {						\
	if (!(right)) {							\
		printf("# " __VA_ARGS__);				\
		printf("\n");						\
		fflush(stdout);						\
		_exit(1);						\
	}								\
} while (0)

static uint64_t *page_of(const struct borrower *b, size_t i)
{
	return (uint64_t *)(b->at + i * b->run->page_size);
}

static void fill_words(uint64_t *words, size_t size, uint64_t value)
{
	for (size_t i = 0; i < size / sizeof(*words); i++)
		words[i] = value ? value + i : 0;
}

static void check_words(const struct borrower *b, const uint64_t *words,
			size_t page, const char *where)
{
	uint64_t value = b->now[page];

	for (size_t i = 0; i < b->run->page_size / sizeof(*words); i++)
		check(words[i] == (value ? value + i : 0),
		      "word %zu of page %zu in %s is %#llx and was %#llx",
		      i, page, where, (long long)words[i],
		      (long long)(value ? value + i : 0));
}

static void write_page(struct borrower *b, size_t i)
{
	b->now[i] = random_of(&b->random) | 1;
	fill_words(page_of(b, i), b->run->page_size, b->now[i]);
}

static void write_pages(struct borrower *b, size_t from, size_t to)
{
	for (; from < to; from++)
		write_page(b, from);
}

/* They were let go: zeroes are read there. */
static void expect_zeroes(struct borrower *b, size_t from, size_t to)
{
	memset(&b->now[from], 0, (to - from) * sizeof(*b->now));
}

/* A run of pages, or all */
static void some_pages(struct borrower *b, size_t *from, size_t *to)
{
	*from = random_of(&b->random) % b->pages;
	*to = *from + random_count(&b->random, b->pages - *from);
}

static void check_all(struct borrower *b, const char *where)
{
	for (size_t i = 0; i < b->pages; i++)
		check_words(b, page_of(b, i), i, where);
}

static void map_memory(struct borrower *b, size_t size)
{
	b->pages = size / b->run->page_size;
	if (b->pages > MAX_PAGES)
		b->pages = MAX_PAGES;
	size = b->pages * b->run->page_size;
	check(b->file < 0 || !ftruncate(b->file, size), "ftruncate: %m");
	b->at = mmap(NULL, size, PROT_READ | PROT_WRITE, b->file < 0 ?
		     MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, b->file, 0);
	check(b->at != MAP_FAILED, "mmap: %m");
	madvise(b->at, size, MADV_NOHUGEPAGE);
}

/* Leave a child that shares all pages with its parent, and reads them. */
static void share_with_child(struct borrower *b)
{
	pid_t child = fork();
	int status;

	check(child >= 0, "fork: %m");
	if (!child) {
		check_all(b, "memory of a child");
		_exit(0);
	}
	for (size_t i = 0; i < b->pages; i += 3)
		write_page(b, i);
	check(waitpid(child, &status, 0) == child && !status,
	      "a child saw something else");
}

static void borrow_anonymous(struct borrower *b)
{
	size_t from, to;

	some_pages(b, &from, &to);
	switch (random_of(&b->random) % 8) {
	case 0:
		madvise(page_of(b, from), (to - from) * b->run->page_size,
			MADV_DONTNEED);
		expect_zeroes(b, from, to);
		break;
	case 1:
		share_with_child(b);
		break;
	case 2:
		check_all(b, "anonymous memory");
		break;
	default:
		write_pages(b, from, to);
	}
}

static void borrow_shared(struct borrower *b)
{
	size_t from, to, size = b->run->page_size;

	some_pages(b, &from, &to);
	switch (random_of(&b->random) % 8) {
	case 0:
		check(!fallocate(b->file, FALLOC_FL_PUNCH_HOLE |
				 FALLOC_FL_KEEP_SIZE, from * size,
				 (to - from) * size), "hole in tmpfs: %m");
		expect_zeroes(b, from, to);
		break;
	case 1:
		check(!ftruncate(b->file, from * size) &&
		      !ftruncate(b->file, b->pages * size), "ftruncate: %m");
		expect_zeroes(b, from, b->pages);
		break;
	case 2:
		check_all(b, "tmpfs");
		break;
	default:
		write_pages(b, from, to);
	}
}

/* The same pages, read and written, mapped, and on the disk */
static void borrow_file(struct borrower *b)
{
	size_t from, to, size = b->run->page_size;
	uint64_t *copy = malloc(size);

	some_pages(b, &from, &to);
	switch (random_of(&b->random) % 8) {
	case 0:
		check(!fsync(b->file), "fsync: %m");
		set_number("/proc/sys/vm/drop_caches", 1);
		break;
	case 1:
		check(!msync(b->at, b->pages * size, MS_SYNC), "msync: %m");
		posix_fadvise(b->file, from * size, (to - from) * size,
			      POSIX_FADV_DONTNEED);
		break;
	case 2:
		madvise(page_of(b, from), (to - from) * size, MADV_DONTNEED);
		check_all(b, "a mapped file");
		break;
	case 3:
		for (; from < to; from++) {
			check(pread(b->file, copy, size, from * size) ==
			      (ssize_t)size, "read: %m");
			check_words(b, copy, from, "a file that is read");
		}
		break;
	case 4:
		for (; from < to; from++) {
			b->now[from] = random_of(&b->random) | 1;
			fill_words(copy, size, b->now[from]);
			check(pwrite(b->file, copy, size, from * size) ==
			      (ssize_t)size, "write: %m");
		}
		break;
	default:
		write_pages(b, from, to);
	}
	free(copy);
}

/* Into other pages: what is written last is likely to be in the area. */
static void write_anew(struct borrower *b)
{
	madvise(b->at, b->pages * b->run->page_size, MADV_DONTNEED);
	write_pages(b, 0, b->pages);
}

/* Pages in a pipe stay where they are until they are read. */
static void pin_in_pipe(struct borrower *b)
{
	size_t size = b->run->page_size, first = random_of(&b->random) % b->pages;
	size_t n = 1 + random_of(&b->random) % 8, at = first, in = 0;
	uint64_t *copy = malloc(size);

	write_anew(b);
	for (; in < n; in++, at = (at + 61) % b->pages) {
		struct iovec iov = { page_of(b, at), size };

		check(vmsplice(b->pipes[1], &iov, 1, 0) == (ssize_t)size,
		      "vmsplice: %m");
	}

	/* Milliseconds mostly, and now and then for longer than any wait. */
	usleep(random_of(&b->random) % 16 ? random_of(&b->random) % 8000 :
					    1000000 + random_of(&b->random) % 1000000);
	for (at = first; in--; at = (at + 61) % b->pages) {
		check(read(b->pipes[0], copy, size) == (ssize_t)size,
		      "read from a pipe: %m");
		check_words(b, copy, at, "a pipe");
	}
	check_all(b, "pinned memory");
	free(copy);
}

/* So do pages that a disk reads or writes. */
static void pin_for_disk(struct borrower *b)
{
	size_t from, to, size = b->run->page_size;

	write_anew(b);
	some_pages(b, &from, &to);
	check(pwrite(b->direct, page_of(b, from), (to - from) * size,
		     from * size) == (ssize_t)((to - from) * size),
	      "write with O_DIRECT: %m");
	madvise(page_of(b, from), (to - from) * size, MADV_DONTNEED);
	check(pread(b->direct, page_of(b, from), (to - from) * size,
		    from * size) == (ssize_t)((to - from) * size),
	      "read with O_DIRECT: %m");
	check_all(b, "memory that was on a disk");
}

static void open_shared(struct borrower *b)
{
	b->file = syscall(SYS_memfd_create, "stress", 0);
	check(b->file >= 0, "memfd_create: %m");
}

static void open_file(struct borrower *b)
{
	b->file = open(DIR "/mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
	check(b->file >= 0, "a file: %m");
}

static void open_pipe(struct borrower *b)
{
	check(!pipe(b->pipes), "pipe: %m");
}

static void open_direct(struct borrower *b)
{
	b->direct = open(DIR "/direct", O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	check(b->direct >= 0, "a file with O_DIRECT: %m");
}

static const struct {
	const char *name;
	void (*open)(struct borrower *b);
	void (*round)(struct borrower *b);
	unsigned int share;		/* of what may be borrowed, in percent */
	bool disk;
} kinds[] = {
	{ "anonymous memory", NULL, borrow_anonymous, 30 },
	{ "tmpfs", open_shared, borrow_shared, 25 },
	{ "a mapped file", open_file, borrow_file, 15, true },
	{ "pages in a pipe", open_pipe, pin_in_pipe, 10 },
	{ "O_DIRECT", open_direct, pin_for_disk, 5, true },
};

/* A process lives for a while; then all it has goes at once. */
static void borrow(struct run *run, unsigned int kind, size_t size, uint64_t seed)
{
	struct borrower *b = calloc(1, sizeof(*b));
	unsigned int rounds;

	b->run = run;
	b->file = -1;
	b->direct = -1;
	b->random = seed;
	if (kinds[kind].open)
		kinds[kind].open(b);
	map_memory(b, size);
	rounds = 20 + random_of(&b->random) % 100;
	while (rounds-- && !atomic_load(&run->stop)) {
		kinds[kind].round(b);
		atomic_fetch_add(&run->rounds[kind], 1);
	}
	check_all(b, kinds[kind].name);
	_exit(0);
}

/* Has one of a kind at any time. */
static pid_t start_kind(struct run *run, unsigned int kind, size_t size,
			uint64_t seed)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!atomic_load(&run->stop)) {
		pid_t child = fork();
		int status;

		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			borrow(run, kind, size, random_of(&seed));
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status) {
			atomic_store(&run->stop, true);
			_exit(1);
		}
		seed += child;
	}
	_exit(0);
}

FIXTURE(stress)
{
	int fd;
	struct area area;
	struct before before;
	struct run *run;
	bool disk;
	int min_free;
};

FIXTURE_VARIANT(stress)
{
	bool large_units;
};

FIXTURE_VARIANT_ADD(stress, unit_is_page)
{
	.large_units = false,
};

FIXTURE_VARIANT_ADD(stress, unit_is_large)
{
	.large_units = true,
};

FIXTURE_SETUP(stress)
{
	const char *missing;
	size_t size;

	missing = open_area(variant->large_units, &self->fd, &self->area);
	if (missing)
		SKIP(return, "%s", missing);
	if (!can_be_emptied(&self->area))
		SKIP(return, "the area is too large a part of all memory to be emptied");

	size = sizeof(*self->run);
	self->run = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->run);
	self->run->page_size = self->area.page_size;
	self->run->owner = mmap(NULL, MAX_PFN * sizeof(*self->run->owner),
				PROT_READ | PROT_WRITE, MAP_PRIVATE |
				MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->run->owner);
	ASSERT_TRUE(unshare_mounts());
	self->disk = mount_ram_disk(DIR);
	self->min_free = set_number("/proc/sys/vm/min_free_kbytes", 4096);

	note_before(_metadata, self->fd, &self->area, &self->before);
}

FIXTURE_TEARDOWN(stress)
{
	if (self->disk)
		umount(DIR);
	set_number("/proc/sys/vm/min_free_kbytes", self->min_free);

	expect_as_before(_metadata, &self->area, &self->before);
	close(self->fd);
}

TEST_F_TIMEOUT(stress, no_page_in_two_hands, PATIENCE)
{
	const char *text = getenv("CMA_TEST_SECONDS");
	unsigned int seconds = text ? atoi(text) : 10;
	size_t spare = 24 << 20, ballast_size;
	size_t size = self->area.pages * self->area.page_size;
	size_t lent = size + spare / 2;
	struct holder holders[THREADS] = { }, changer = { };
	uint64_t seed = time(NULL), moved, tried[WAYS] = { }, got[WAYS] = { };
	pid_t pids[ARRAY_SIZE(kinds)];
	struct run *run = self->run;
	char *ballast;

	if (getenv("CMA_TEST_SEED"))
		seed = strtoull(getenv("CMA_TEST_SEED"), NULL, 0);
	TH_LOG("CMA_TEST_SEED=%llu on %s", (long long)seed, self->area.name);
	if (!self->disk)
		TH_LOG("no ext2 on /dev/ram0: without files");
	moved = read_vmstat("pgmigrate_success");
	/* What is kept ready, a sixteenth at most, cannot be borrowed. */
	ballast = take_ballast(size + size / 16 + spare, &ballast_size);
	ASSERT_NE(NULL, ballast);

	/* No output of this process may be left for its children to repeat. */
	fflush(NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		pids[i] = 0;
		if (!kinds[i].disk || self->disk)
			pids[i] = start_kind(run, i, lent / 100 * kinds[i].share,
					     seed + i);
		ASSERT_GE(pids[i], 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		struct holder *h = &holders[i];

		h->number = i + 1;
		h->random = seed << 8 | i;
		h->run = run;
		h->area = &self->area;
		h->limit = self->area.pages / (THREADS + 1);
		ASSERT_EQ(0, pthread_create(&h->thread, NULL, hold, h));
	}

	changer = (struct holder){ .random = seed, .run = run, .area = &self->area };
	ASSERT_EQ(0, pthread_create(&changer.thread, NULL, change_headroom, &changer));

	for (unsigned int i = 0; i < seconds * 10 && !atomic_load(&run->stop); i++)
		usleep(100000);
	atomic_store(&run->stop, true);

	pthread_join(changer.thread, NULL);
	TH_LOG("headroom was changed %llu times", (long long)changer.tried[0]);
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(holders[i].thread, NULL);
		EXPECT_EQ(0, holders[i].error[0])
			TH_LOG("%s", holders[i].error);
		for (int way = 0; way < WAYS; way++) {
			tried[way] += holders[i].tried[way];
			got[way] += holders[i].got[way];
		}
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		int status = 0;

		if (!pids[i])
			continue;
		EXPECT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status)
			TH_LOG("borrowers failed: %s", kinds[i].name);
		TH_LOG("%s: %llu rounds", kinds[i].name,
		       (long long)atomic_load(&run->rounds[i]));
		EXPECT_GT(atomic_load(&run->rounds[i]), 0);
	}
	munmap(ballast, ballast_size);

	/* All of it must have taken place, or nothing was shown. */
	for (int way = 0; way < WAYS; way++) {
		TH_LOG("%s: %llu of %llu", ways[way], (long long)got[way],
		       (long long)tried[way]);
		EXPECT_GT(got[way], 0);
	}
	moved = read_vmstat("pgmigrate_success") - moved;
	TH_LOG("%llu pages were moved", (long long)moved);
	EXPECT_GT(moved, 0);
}

TEST_HARNESS_MAIN
