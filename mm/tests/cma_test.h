/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between /dev/cma_test and the programs that use it.
 *
 * The driver (mm/tests/cma_test.c) calls the functions of <linux/cma.h> with
 * exactly the arguments it is given, so that a program can make calls that no
 * well-behaved caller in the kernel would ever make.
 */
#ifndef _MM_TESTS_CMA_TEST_H
#define _MM_TESTS_CMA_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CMA_TEST_DEVICE		"/dev/cma_test"
#define CMA_TEST_NAME_LEN	64

/* Flags of CMA_TEST_ALLOC and CMA_TEST_ALLOC_FOLIO */
#define CMA_TEST_NOWARN		0x1
#define CMA_TEST_NOWAIT		0x2	/* cma_alloc_nowait(), not for folios */

/**
 * struct cma_test_range - pages to take out of an area, or to give back to it
 * @area:  the area's name, or "#N" for the Nth area that was registered, which
 *         also reaches the second of two areas that share a name
 * @pfn:   first page frame; filled in by the allocating calls
 * @count: number of pages
 * @order: alignment of an allocation, or the order of a folio
 * @flags: any of the above
 * @ok:    what cma_release(), cma_free_folio() or cma_pages_valid() returned
 * @refs:  reference count of a folio that was just allocated
 * @ns:    time that the allocator's function took, in nanoseconds
 */
struct cma_test_range {
	char area[CMA_TEST_NAME_LEN];
	__u64 pfn;
	__u64 count;
	__u32 order;
	__u32 flags;
	__u32 ok;
	__u32 refs;
	__u64 ns;
};

/**
 * struct cma_test_pattern - pages to fill, or to compare with what they were filled with
 * @pfn:   first page frame; all pages must be held by this file descriptor
 * @count: number of pages
 * @seed:  chooses the pattern, together with the number of each page frame
 * @bad:   number of the first page that differs, counted from @pfn; @count if
 *         there is none
 */
struct cma_test_pattern {
	__u64 pfn;
	__u64 count;
	__u64 seed;
	__u64 bad;
};

/**
 * struct cma_test_peek - what is in pages of an area, held or not
 * @pfn:       first page frame; all pages must be of one area
 * @count:     number of pages
 * @word:      what they are compared with
 * @mapped:    how many of the pages the kernel can read
 * @equal:     how many of these hold nothing but @word
 * @forbidden: how many KASAN does not allow to be used; 0 without KASAN
 */
struct cma_test_peek {
	__u64 pfn;
	__u64 count;
	__u64 word;
	__u64 mapped;
	__u64 equal;
	__u64 forbidden;
};

/**
 * struct cma_test_info - what the allocator reports about an area
 * @area:       name or "#N"; becomes the name
 * @base_pfn:   from cma_get_base()
 * @pages:      from cma_get_size()
 * @page_shift: of this kernel
 */
struct cma_test_info {
	char area[CMA_TEST_NAME_LEN];
	__u64 base_pfn;
	__u64 pages;
	__u64 page_shift;
};

/*
 * The allocating calls fail with ENOENT if there is no such area and with
 * ENOMEM if the allocator returned NULL. Whatever a file descriptor still holds
 * when it is closed goes back to its area.
 */
#define CMA_TEST_ALLOC		_IOWR('c', 1, struct cma_test_range)
#define CMA_TEST_ALLOC_FOLIO	_IOWR('c', 2, struct cma_test_range)
#define CMA_TEST_RELEASE	_IOWR('c', 3, struct cma_test_range)
#define CMA_TEST_FREE_FOLIO	_IOWR('c', 4, struct cma_test_range)
#define CMA_TEST_VALID		_IOWR('c', 5, struct cma_test_range)
#define CMA_TEST_STAMP		_IOWR('c', 6, struct cma_test_pattern)
#define CMA_TEST_VERIFY		_IOWR('c', 7, struct cma_test_pattern)
#define CMA_TEST_INFO		_IOWR('c', 8, struct cma_test_info)
/* Empties every CPU's private page lists, so that free pages count as free. */
#define CMA_TEST_SETTLE		_IO('c', 9)
#define CMA_TEST_PEEK		_IOWR('c', 10, struct cma_test_peek)

#endif /* _MM_TESTS_CMA_TEST_H */
