// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas that a test asks for when it boots a kernel:
 *
 *	cma_test_areas=N	N of one block each, after paging_init()
 *	cma_test_early_areas=N	N of one block each, before it (x86)
 *	cma_test_multi=SIZE[,ALIGN[,NODE[,ORDER]]]
 *				one of several ranges, named "multi"; a unit is
 *				2^ORDER pages
 *	cma_test_reserve=SIZE	early allocation from it; must come after it
 *
 * With a device tree, a node under /reserved-memory compatible with
 * "cma-test-areas" becomes an area for each of its blocks: before paging_init()
 * if it has a size but no address.
 */

#define pr_fmt(fmt) "cma_test: " fmt

#include <linux/cma.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/of_reserved_mem.h>
#include <linux/string.h>

static void __init make_areas(const char *name, unsigned int n)
{
	struct cma *cma;

	for (unsigned int i = 0; i < n; i++) {
		if (cma_declare_contiguous(0, CMA_MIN_ALIGNMENT_BYTES, 0, 0, 0,
					   false, name, &cma))
			return;
	}
}

static int __init test_areas(char *arg)
{
	unsigned int n;

	if (!kstrtouint(arg, 0, &n))
		make_areas("after", n);
	return 1;
}
__setup("cma_test_areas=", test_areas);

#ifdef CONFIG_X86
#include <asm/x86_init.h>

static unsigned int early_areas __initdata;
static void (*real_pagetable_init)(void) __initdata;

static void __init pagetable_init(void)
{
	make_areas("before", early_areas);
	real_pagetable_init();
}

static int __init test_early_areas(char *arg)
{
	if (!real_pagetable_init)
		real_pagetable_init = x86_init.paging.pagetable_init;
	x86_init.paging.pagetable_init = pagetable_init;
	return kstrtouint(arg ?: "", 0, &early_areas);
}
early_param("cma_test_early_areas", test_early_areas);
#endif

#ifdef CONFIG_OF_RESERVED_MEM
static int __init test_node(struct reserved_mem *rmem)
{
	phys_addr_t step = CMA_MIN_ALIGNMENT_BYTES;
	struct cma *cma;

	for (phys_addr_t at = 0; at + step <= rmem->size; at += step) {
		if (cma_init_reserved_mem(rmem->base + at, step, 0, rmem->name,
					  &cma))
			return -EINVAL;
	}

	return 0;
}

RESERVEDMEM_OF_DECLARE(cma_test, "cma-test-areas", test_node);
#endif

#define EARLY_BYTE	0x5a

static struct cma *multi __initdata;
static void *early __initdata;
static unsigned long early_size __initdata;

static int __init test_multi(char *arg)
{
	int nid = NUMA_NO_NODE, order = 0;
	phys_addr_t size, align = 0;

	size = memparse(arg, &arg);
	if (*arg == ',')
		align = memparse(arg + 1, &arg);
	if (*arg == ',' && sscanf(arg, ",%d,%d", &nid, &order) < 1)
		return 1;
	cma_declare_contiguous_multi(size, align, order, "multi", &multi, nid);
	return 1;
}
__setup("cma_test_multi=", test_multi);

static int __init test_reserve(char *arg)
{
	early_size = memparse(arg, NULL);
	early = multi ? cma_reserve_early(multi, early_size) : NULL;
	if (early)
		memset(early, EARLY_BYTE, early_size);
	pr_info("early allocation of %lu bytes %s\n", early_size,
		early ? "succeeded" : "failed");
	return 1;
}
__setup("cma_test_reserve=", test_reserve);

/* No other may have written there, and the memory can be released. */
static int __init check_early(void)
{
	struct page *page;

	if (!early)
		return 0;

	pr_info("early allocation %s\n",
		memchr_inv(early, EARLY_BYTE, early_size) ? "was overwritten" :
							    "is as it was");
	page = virt_to_page(early);
	pr_info("half of it %s released\n",
		cma_release(multi, page, early_size / 2 / PAGE_SIZE) ?
		"was" : "could not be");
	return 0;
}
late_initcall(check_early);
