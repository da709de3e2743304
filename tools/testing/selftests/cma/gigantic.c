// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gigantic pages, written and read: gigantic [KB [PAGES [NODE]]]
 *
 * Maps PAGES (1) pages of KB (1048576) KiB, from NODE if given, one after the
 * other, writes a word into every 64 KiB of each and its last one, and reads
 * them back. Says of each where it lies.
 */

#include <stdlib.h>
#include <sys/mman.h>

#include "../kselftest.h"
#include "cma_selftest.h"

#define STRIDE		(64UL << 10)

static uint64_t word_at(const char *page, size_t offset)
{
	return ((uintptr_t)page + offset) * 0x9e3779b97f4a7c15ULL;
}

/* The first offset that does not hold what was written; @size if all do. */
static size_t write_and_read(char *page, size_t size)
{
	size_t last = size - sizeof(uint64_t), at;

	for (at = 0; at < size; at += STRIDE)
		*(uint64_t *)(page + at) = word_at(page, at);
	*(uint64_t *)(page + last) = word_at(page, last);

	/* From here on the compiler knows nothing of what is there. */
	__asm__ __volatile__("" : : : "memory");

	if (*(uint64_t *)(page + last) != word_at(page, last))
		return last;
	for (at = 0; at < size; at += STRIDE) {
		if (*(uint64_t *)(page + at) != word_at(page, at))
			return at;
	}
	return size;
}

int main(int argc, char **argv)
{
	size_t size = (argc > 1 ? strtoul(argv[1], NULL, 0) : 1UL << 20) << 10;
	unsigned long pages = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	long node = argc > 3 ? strtol(argv[3], NULL, 0) : -1;
	int log = 8 * sizeof(long) - 1 - __builtin_clzl(size | 1);
	char pool[64];

	ksft_print_header();
	snprintf(pool, sizeof(pool), "hugepages-%zukB", size >> 10);
	/* UINT64_MAX: not even the size is known. */
	if (read_number("/sys/kernel/mm/hugepages", pool, "free_hugepages") + 1 < 2)
		ksft_exit_skip("there is no free page of %zu KiB\n", size >> 10);

	ksft_set_plan(pages);
	if (!use_node(node))
		ksft_exit_fail_msg("node %ld: %s\n", node, strerror(errno));

	for (unsigned long i = 0; i < pages; i++) {
		char *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB |
				  log << MAP_HUGE_SHIFT, -1, 0);
		uint64_t first, last;
		size_t end;

		if (page == MAP_FAILED) {
			ksft_test_result_fail("page %lu: mmap: %s\n", i,
					      strerror(errno));
			continue;
		}
		end = write_and_read(page, size);
		first = pfn_of(page);
		last = pfn_of(page + size - sysconf(_SC_PAGESIZE));
		if (end != size)
			ksft_print_msg("at %zu there is not what was written\n", end);
		if (last - first != size / sysconf(_SC_PAGESIZE) - 1)
			ksft_print_msg("from PFN %#llx to %#llx, which is not contiguous\n",
				       (long long)first, (long long)last);
		ksft_test_result(end == size &&
				 last - first == size / sysconf(_SC_PAGESIZE) - 1,
				 "page %lu of %zu KiB at PFN %#llx\n", i,
				 size >> 10, (long long)first);
		munmap(page, size);
	}

	ksft_finished();
}
