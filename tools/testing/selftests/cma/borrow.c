// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation while others borrow the area: every kind of movable page fills it,
 * the pages are taken back through /dev/cma_test, and what was in them must
 * still be there after they have moved.
 */

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "cma_fixture.h"

#define PATIENCE	900		/* seconds */
#define CHUNK		(4UL << 20)
#define CHUNK_PAGES	(CHUNK >> 12)	/* at most */
#define MAX_CHUNKS	4096
#define STRIDE		64		/* words; one in so many is checked */
#define DIR		"/tmp/cma_borrow"

/* What borrows: memory in chunks, all of it mapped. */
struct load {
	int kind;
	int file;			/* of all chunks, or -1 */
	unsigned int chunks;
	char *chunk[MAX_CHUNKS];
	char *let_go;			/* for each page of each chunk */
};

enum { ANONYMOUS, SHARED_MEMORY, PAGE_CACHE };

/*
 * Writing file pages back takes long, and memory on top of theirs where the
 * disk is memory, too: they are to stay dirty for as long as a test runs. A
 * ratio is one of what is free, of which there will be little. And the memory
 * that huge pages have set aside is more than a test leaves.
 *
 * In this order they are set and set back: of a ratio and bytes the later counts.
 */
static const struct {
	const char *path;
	int value;
} settings[] = {
	{ "/proc/sys/vm/dirty_ratio", 90 },
	{ "/proc/sys/vm/dirty_bytes", INT_MAX },
	{ "/proc/sys/vm/dirty_background_ratio", 80 },
	{ "/proc/sys/vm/dirty_background_bytes", INT_MAX / 2 },
	{ "/proc/sys/vm/dirty_writeback_centisecs", 0 },
	{ "/proc/sys/vm/min_free_kbytes", 4096 },
};

FIXTURE(borrow)
{
	int fd;
	int pagemap;
	struct area area;
	struct state first;
	struct load *load;
	int saved[ARRAY_SIZE(settings)];
};

FIXTURE_VARIANT(borrow)
{
	int kind;
};

FIXTURE_VARIANT_ADD(borrow, anonymous)
{
	.kind = ANONYMOUS,
};

FIXTURE_VARIANT_ADD(borrow, shared_memory)
{
	.kind = SHARED_MEMORY,
};

FIXTURE_VARIANT_ADD(borrow, page_cache)
{
	.kind = PAGE_CACHE,
};

static uint64_t word_of(unsigned int chunk, size_t offset)
{
	return (chunk * 0x9e3779b97f4a7c15ULL) ^ (offset * 0xd1342543de82ef95ULL);
}

static void write_chunk(struct load *load, unsigned int c)
{
	uint64_t *words = (uint64_t *)load->chunk[c];

	for (size_t i = 0; i < CHUNK / sizeof(*words); i += STRIDE)
		words[i] = word_of(c, i);
}

/* Offset of the first word that is not what was written, CHUNK if none */
static size_t check_page(const struct load *load, unsigned int c, size_t start,
			 size_t len)
{
	const uint64_t *words = (const uint64_t *)load->chunk[c];

	for (size_t i = start / sizeof(*words);
	     i < (start + len) / sizeof(*words); i += STRIDE)
		if (words[i] != word_of(c, i))
			return i * sizeof(*words);
	return CHUNK;
}

static bool add_chunk(struct load *load)
{
	unsigned int c = load->chunks;
	int flags = MAP_SHARED;
	void *at;

	if (c == MAX_CHUNKS)
		return false;
	if (load->kind == ANONYMOUS)
		flags = MAP_PRIVATE | MAP_ANONYMOUS;
	else if (ftruncate(load->file, (c + 1) * CHUNK))
		return false;
	at = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, flags, load->file,
		  load->kind == ANONYMOUS ? 0 : c * CHUNK);
	if (at == MAP_FAILED)
		return false;
	madvise(at, CHUNK, MADV_NOHUGEPAGE);
	load->chunk[c] = at;
	load->chunks++;
	write_chunk(load, c);
	return true;
}

static void drop_pages(struct load *load, unsigned int c, size_t offset,
		       size_t len)
{
	if (!len)
		return;
	if (load->kind == ANONYMOUS)
		madvise(load->chunk[c] + offset, len, MADV_DONTNEED);
	else
		fallocate(load->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  c * CHUNK + offset, len);
}

static void pfns_of_chunk(int pagemap, const struct load *load, unsigned int c,
			  size_t page_size, uint64_t pfns[CHUNK_PAGES])
{
	pfns_of(pagemap, load->chunk[c], CHUNK / page_size, page_size, pfns);
}

static bool was_let_go(const struct load *load, unsigned int c, size_t offset,
		       size_t page_size)
{
	return load->let_go[(c * CHUNK + offset) / page_size];
}

/* Pages that lie in the area; @mapped is set to those that lie anywhere. */
static uint64_t borrowed(int pagemap, const struct load *load,
			 const struct area *area, uint64_t *mapped)
{
	uint64_t pfns[CHUNK_PAGES], n = 0;

	*mapped = 0;
	for (unsigned int c = 0; c < load->chunks; c++) {
		pfns_of_chunk(pagemap, load, c, area->page_size, pfns);
		for (size_t i = 0; i < CHUNK / area->page_size; i++) {
			*mapped += pfns[i] > 0;
			n += in_area(area, pfns[i]);
		}
	}
	return n;
}

/*
 * The page allocator turns to the area when as little is left elsewhere. So
 * ballast takes up most of the other memory while the area fills, and then goes,
 * for the moved pages to have a place to go to. So does what the load has
 * outside of the area.
 */
static uint64_t fill(int pagemap, struct load *load, const struct area *area)
{
	uint64_t size = area->pages * area->page_size, mapped;
	size_t ballast_size;
	uint64_t pfns[CHUNK_PAGES];
	char *ballast;

	ballast = take_ballast(size, &ballast_size);
	if (!ballast)
		return 0;

	/*
	 * As much is left elsewhere as in the area. Were it too little for the
	 * kernel, writeback would begin, and killing.
	 */
	while (read_meminfo("CmaFree:") > size / 8 * 3 && load->chunks * CHUNK < 3 * size &&
	       add_chunk(load))
		;
	munmap(ballast, ballast_size);

	for (unsigned int c = 0; c < load->chunks; c++) {
		size_t run = 0, at;

		pfns_of_chunk(pagemap, load, c, area->page_size, pfns);
		for (at = 0; at < CHUNK; at += area->page_size) {
			if (in_area(area, pfns[at / area->page_size])) {
				drop_pages(load, c, at - run, run);
				run = 0;
				continue;
			}
			run += area->page_size;
			load->let_go[(c * CHUNK + at) / area->page_size] = 1;
		}
		drop_pages(load, c, at - run, run);
	}
	return borrowed(pagemap, load, area, &mapped);
}

FIXTURE_SETUP(borrow)
{
	const char *missing;

	self->load = calloc(1, sizeof(*self->load));
	self->load->kind = variant->kind;
	self->load->file = -1;
	self->load->let_go = calloc(MAX_CHUNKS, CHUNK / getpagesize());

	ASSERT_TRUE(unshare_mounts());

	missing = open_lent_area(&self->fd, &self->pagemap, &self->area);
	if (missing)
		SKIP(return, "%s", missing);

	if (variant->kind == SHARED_MEMORY) {
		self->load->file = syscall(SYS_memfd_create, "borrow", 0);
		ASSERT_GE(self->load->file, 0);
	} else if (variant->kind == PAGE_CACHE) {
		if (!mount_ram_disk(DIR))
			SKIP(return, NO_RAM_DISK);
		self->load->file = open(DIR "/file", O_RDWR | O_CREAT, 0600);
		ASSERT_GE(self->load->file, 0);
		/* What has no name is not written back at last. */
		unlink(DIR "/file");
	}

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		self->saved[i] = set_number(settings[i].path, settings[i].value);

	expect_idle(_metadata, self->fd, &self->area, &self->first);
}

FIXTURE_TEARDOWN(borrow)
{
	struct load *load = self->load;

	for (unsigned int c = 0; c < load->chunks; c++)
		munmap(load->chunk[c], CHUNK);
	if (load->file >= 0)
		close(load->file);
	umount(DIR);
	close(self->fd);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		set_number(settings[i].path, self->saved[i]);
	expect_unchanged(_metadata, &self->area, &self->first);
}

static void check_load(struct __test_metadata *_metadata,
		       const struct load *load, size_t page_size)
{
	for (unsigned int c = 0; c < load->chunks; c++)
		for (size_t at = 0; at < CHUNK; at += page_size) {
			if (was_let_go(load, c, at, page_size))
				continue;
			ASSERT_EQ(CHUNK, check_page(load, c, at, page_size))
				TH_LOG("content changed at %#lx of chunk %u",
				       (long)at, c);
		}
}

TEST_F_TIMEOUT(borrow, taken_back_in_pieces, PATIENCE)
{
	const struct area *area = &self->area;
	uint64_t pieces[64], size = area->pages / 64;
	uint64_t moved, lent, mapped;
	static uint64_t rest[65536];
	size_t got, left = 0;

	lent = fill(self->pagemap, self->load, area);
	TH_LOG("%llu of %llu pages are borrowed", (long long)lent,
	       (long long)area->pages);
	ASSERT_GE(lent, area->pages / 2);
	moved = read_vmstat("pgmigrate_success");

	/* For fewer moves the room of one in sixteen may be lost. */
	for (got = 0; got < 64; got++) {
		if (cma_get_patiently(self->fd, area, size, &pieces[got]))
			break;
		ASSERT_TRUE(cma_stamp(self->fd, pieces[got], size, got));
	}
	ASSERT_GE(got, 60)
		TH_LOG("%zu pieces of %llu pages", got, (long long)size);
	for (size_t n = (64 - got) * size / area->unit; left < n; left++)
		ASSERT_EQ(0, cma_get_patiently(self->fd, area, area->unit, &rest[left]));

	moved = read_vmstat("pgmigrate_success") - moved;
	EXPECT_EQ(0, borrowed(self->pagemap, self->load, area, &mapped));
	/* A clean page of a file may be dropped instead, for the time being. */
	EXPECT_GE(moved, mapped);
	if (variant->kind != PAGE_CACHE)
		EXPECT_GE(mapped, lent);
	check_load(_metadata, self->load, area->page_size);
	for (size_t i = 0; i < got; i++) {
		ASSERT_TRUE(cma_verify(self->fd, pieces[i], size, i));
		ASSERT_EQ(1, cma_put(self->fd, area, pieces[i], size));
	}
	while (left--)
		ASSERT_EQ(1, cma_put(self->fd, area, rest[left], area->unit));
}

TEST_F_TIMEOUT(borrow, taken_back_at_once, PATIENCE)
{
	const struct area *area = &self->area;
	uint64_t pfn, lent;

	lent = fill(self->pagemap, self->load, area);
	ASSERT_GE(lent, area->pages / 2);
	ASSERT_EQ(0, cma_get_patiently(self->fd, area, area->pages, &pfn));
	ASSERT_TRUE(cma_stamp(self->fd, pfn, area->pages, 5));
	check_load(_metadata, self->load, area->page_size);
	ASSERT_TRUE(cma_verify(self->fd, pfn, area->pages, 5));
	ASSERT_EQ(1, cma_put(self->fd, area, pfn, area->pages));
}

struct stuck {
	uint64_t pfn;
	unsigned int chunk;
	size_t offset;
};

/* Put pages into a pipe, each out of another chunk. Return: how many. */
static unsigned int pin(int pagemap, const struct load *load,
			const struct area *area, uint64_t near, int pipe,
			struct stuck *stuck, unsigned int max)
{
	uint64_t pfns[CHUNK_PAGES];
	unsigned int n = 0;

	for (unsigned int c = 0; c < load->chunks && n < max; c++) {
		pfns_of_chunk(pagemap, load, c, area->page_size, pfns);
		for (size_t at = 0; at < CHUNK; at += area->page_size) {
			struct iovec iov = {
				.iov_base = load->chunk[c] + at,
				.iov_len = area->page_size,
			};
			uint64_t pfn = pfns[at / area->page_size];

			if (!in_area(area, pfn) || pfn - area->base_pfn >= near ||
			    vmsplice(pipe, &iov, 1, 0) != area->page_size)
				continue;
			stuck[n++] = (struct stuck) {
				.pfn = pfn, .chunk = c, .offset = at,
			};
			break;
		}
	}
	return n;
}

/* Pages in a pipe are referenced, and cannot move until they are read. */
TEST_F_TIMEOUT(borrow, stuck_page_is_avoided, PATIENCE)
{
	const struct area *area = &self->area;
	struct load *load = self->load;
	struct stuck stuck[8];
	uint64_t pfns[16], n = area->pages / 32;
	char *copy = malloc(area->page_size);
	unsigned int pinned = 0, got = 0;
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_GE(fill(self->pagemap, load, area), area->pages / 2);

	/* As near to the start of the area, where a search may begin, as any. */
	for (uint64_t near = n; !pinned && near <= area->pages; near *= 2)
		pinned = pin(self->pagemap, load, area, near, pipes[1], stuck, 8);
	ASSERT_GT(pinned, 0);

	for (int i = 0; i < 16; i++) {
		int ret = cma_get_patiently(self->fd, area, n, &pfns[i]);

		ASSERT_EQ(0, ret)
			TH_LOG("piece %d of half of the area, %u pages are stuck",
			       i, pinned);
		got++;
		ASSERT_TRUE(cma_stamp(self->fd, pfns[i], n, i));
	}

	for (unsigned int i = 0; i < pinned; i++) {
		char *at = load->chunk[stuck[i].chunk] + stuck[i].offset;
		uint64_t pfn;

		/* A page of a file may have been unmapped for a try. */
		ASSERT_EQ(CHUNK, check_page(load, stuck[i].chunk,
					    stuck[i].offset, area->page_size));
		pfns_of(self->pagemap, at, 1, area->page_size, &pfn);
		EXPECT_EQ(stuck[i].pfn, pfn);
		for (unsigned int k = 0; k < got; k++)
			EXPECT_TRUE(stuck[i].pfn < pfns[k] ||
				    stuck[i].pfn >= pfns[k] + n);
		ASSERT_EQ(area->page_size, read(pipes[0], copy, area->page_size));
		EXPECT_EQ(0, memcmp(copy, at, area->page_size));
	}
	check_load(_metadata, load, area->page_size);
	for (unsigned int k = 0; k < got; k++) {
		EXPECT_TRUE(cma_verify(self->fd, pfns[k], n, k));
		EXPECT_EQ(1, cma_put(self->fd, area, pfns[k], n));
	}
	close(pipes[0]);
	close(pipes[1]);
}

TEST_HARNESS_MAIN
