// SPDX-License-Identifier: GPL-2.0
/*
 * Gigantic pages from memblock
 *
 * Memblock knows nothing of zones. All pages of a folio must be in one zone, or else
 * they would be merged and counted where they do not belong, once the gigantic page
 * is freed or split.
 */

#define pr_fmt(fmt) "HugeTLB: " fmt

#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "hugetlb_bootmap.h"
#include "hugetlb_bootmem.h"

/*
 * Memory from memblock that crosses zones. It stays reserved until all pages of
 * its size have been allocated, or else the next call would get it again.
 */
static struct list_head hugetlb_torn_pages __initdata =
	LIST_HEAD_INIT(hugetlb_torn_pages);

/*
 * Does the memory cross zones? Zones may overlap: with kernelcore=mirror one has
 * the mirrored memory and the other has the rest of the same span. But memblock
 * returns memory of one kind, so what matters is where zones begin and end.
 */
static bool __init hugetlb_bootmem_is_torn(void *start, unsigned long size)
{
	unsigned long second = PHYS_PFN(virt_to_phys(start)) + 1;
	unsigned long pages = PHYS_PFN(size) - 1;
	struct zone *zone;

	for_each_zone(zone) {
		if (!zone_is_empty(zone) &&
		    (in_range(zone->zone_start_pfn, second, pages) ||
		     in_range(zone_end_pfn(zone), second, pages)))
			return true;
	}

	return false;
}

/**
 * hugetlb_bootmem_free_bytes() - how much memory is free
 *
 * Context: boot, until the page allocator takes over.
 * Return: bytes that memblock has and nobody has reserved.
 */
phys_addr_t __init hugetlb_bootmem_free_bytes(void)
{
	phys_addr_t start, end, free = 0;
	u64 i;

	for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
		free += end - start;
	return free;
}

/**
 * hugetlb_bootmem_alloc() - allocate a gigantic page from memblock
 * @h: its size
 * @nid: node to take it from, if that node has one
 *
 * Context: boot, when zones are known and until the page allocator takes over.
 * Return: the page, on no list yet; or NULL.
 */
struct huge_bootmem_page *__init hugetlb_bootmem_alloc(struct hstate *h, int nid)
{
	unsigned long size = huge_page_size(h);
	struct huge_bootmem_page *m;
	phys_addr_t torn = 0;

	list_for_each_entry(m, &hugetlb_torn_pages, list)
		torn += size;

	for (;;) {
		if (!hugetlb_bootmap_has_room(h, torn))
			return NULL;
		m = memblock_alloc_try_nid_raw(size, size, 0,
					       MEMBLOCK_ALLOC_ACCESSIBLE, nid);
		if (!m)
			pr_warn("no %lu MiB at a multiple of that: %lu of %lu MiB of memory are free\n",
				size / SZ_1M,
				(unsigned long)(hugetlb_bootmem_free_bytes() / SZ_1M),
				(unsigned long)(memblock_phys_mem_size() / SZ_1M));
		if (!m || !hugetlb_bootmem_is_torn(m, size))
			return m;
		list_add(&m->list, &hugetlb_torn_pages);
		torn += size;
	}
}

/**
 * hugetlb_bootmem_return_torn() - give back the memory that crosses zones
 * @h: size that has just been allocated
 *
 * The memory goes to the page allocator with all other free memory.
 */
void __init hugetlb_bootmem_return_torn(const struct hstate *h)
{
	struct huge_bootmem_page *m, *next;
	unsigned long nr = 0;

	list_for_each_entry_safe(m, next, &hugetlb_torn_pages, list) {
		list_del(&m->list);
		memblock_free(m, huge_page_size(h));
		nr++;
	}

	if (nr)
		pr_warn("%lu of the %lu MiB pages that memblock gave lie across two zones: not used, their memory goes to the page allocator\n",
			nr, huge_page_size(h) / SZ_1M);
}

/**
 * hugetlb_bootmem_tell_sizes() - log which sizes of pages there are
 *
 * Context: boot, after a size was refused.
 */
void __init hugetlb_bootmem_tell_sizes(void)
{
	char text[8 * 8] = "";
	size_t length = 0;

	for (unsigned int shift = PAGE_SHIFT + 1; shift < BITS_PER_LONG; shift++) {
		bool large = shift >= 30;

		if (arch_hugetlb_valid_size(1UL << shift))
			length += scnprintf(text + length, sizeof(text) - length, " %lu%c",
					    1UL << (shift - (large ? 30 : shift < 20 ? 10 : 20)),
					    large ? 'G' : shift < 20 ? 'K' : 'M');
	}

	if (length)
		pr_info("sizes of pages on this machine:%s\n", text);
	else
		pr_info("no size of pages on this machine\n");
}

/**
 * hugetlb_bootmem_tell_nodes() - log that a node is not there
 * @nid: number that was given
 *
 * Context: boot, when nodes are known.
 */
void __init hugetlb_bootmem_tell_nodes(unsigned long nid)
{
	pr_warn("there is no node %lu; nodes of this machine: %*pbl\n", nid,
		nodemask_pr_args(&node_online_map));
}
