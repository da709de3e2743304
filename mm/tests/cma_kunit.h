/* SPDX-License-Identifier: GPL-2.0 */
/* What cma_kunit.c provides for other suites that need an area */
#ifndef __CMA_KUNIT_H__
#define __CMA_KUNIT_H__

struct cma;
struct kunit;

struct cma *cma_kunit_make_area(struct kunit *test, unsigned long pages,
				const char *name);
void cma_kunit_retire(struct kunit *test, struct cma *cma);
unsigned long cma_kunit_take(unsigned long pfn, unsigned long nr_pages, gfp_t gfp);

#endif
