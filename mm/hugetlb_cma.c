// SPDX-License-Identifier: GPL-2.0
/*
 * Gigantic pages from contiguous memory areas
 *
 * hugetlb_cma= asks for memory from which gigantic pages can be allocated at any
 * time, and which movable pages may borrow until then. There is one area per node,
 * of as many ranges as it takes. Pages come from it at boot, before it is activated,
 * and later; when they are freed, the area itself knows which are its own.
 */

#define pr_fmt(fmt) "HugeTLB: " fmt

#include <linux/cma.h>
#include <linux/hugetlb.h>
#include <linux/kstrtox.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "cma_param.h"
#include "cma_reserve.h"
#include "hugetlb_bootmap.h"
#include "hugetlb_cma.h"

static struct cma *hugetlb_cma[MAX_NUMNODES] __ro_after_init;
static bool hugetlb_cma_given __ro_after_init;
static bool hugetlb_cma_only __ro_after_init;
static bool reserve_called __initdata;
static unsigned int largest_order __initdata;

/* What hugetlb_cma= asks for: on some nodes, or if that gives no page, in all. */
static struct cma_amount amount_in_all __initdata;
static struct cma_amount amount_on_node[MAX_NUMNODES] __initdata;

static int __init parse_hugetlb_cma(char *arg)
{
	bool list = arg && arg[strcspn(arg, ":,")] == ':';
	int ret;

	hugetlb_cma_given = true;
	if (list)
		return cma_parse_nodes("hugetlb_cma", arg, amount_on_node);

	ret = cma_parse_amount("hugetlb_cma", arg, &amount_in_all, false);
	if (!ret)
		memset(amount_on_node, 0, sizeof(amount_on_node));
	return ret;
}
early_param("hugetlb_cma", parse_hugetlb_cma);

static int __init parse_hugetlb_cma_only(char *arg)
{
	int ret = kstrtobool(arg, &hugetlb_cma_only);

	if (ret)
		pr_err("hugetlb_cma_only=%s ignored: expected a boolean, such as on or off\n",
		       arg ?: "");
	return ret;
}
early_param("hugetlb_cma_only", parse_hugetlb_cma_only);

/**
 * hugetlb_cma_pages() - how many pages an amount stands for
 * @amount: what the parameter says
 * @memory: bytes that there are
 * @shift: log2 of the bytes of a page
 * @pages: receives the number: for a size rounded up, for a percentage the nearest
 *
 * Return: NULL, or what is wrong.
 */
VISIBLE_IF_KUNIT
const char *__init hugetlb_cma_pages(const struct cma_amount *amount,
				     phys_addr_t memory, unsigned int shift,
				     unsigned long *pages)
{
	phys_addr_t bytes = cma_amount_bytes(amount, memory);

	if (!memory)
		return "there is no such node, or no memory on it";

	*pages = bytes >> shift;
	/* Firmware always takes some memory: half of 8 GiB must not be 3 pages. */
	if (amount->percent)
		*pages = min_t(phys_addr_t, *pages + ((bytes >> (shift - 1)) & 1),
			       memory >> shift);
	else if (*pages && bytes != (phys_addr_t)*pages << shift)
		++*pages;

	return *pages ? NULL : "it is less than a page";
}

/**
 * hugetlb_cma_spare() - how many pages can be done without
 * @free: bytes that are free
 * @memory: bytes that there are, free or not
 * @shift: log2 of the bytes of a page
 *
 * What @memory needs besides is allocated later than areas, and nothing of it can move:
 * a struct page for each page, and 1/1024 but no less than 128 MiB for the rest. If all
 * that is left lies in a low zone, lowmem_reserve_ratio keeps 1/256 of @memory from most
 * allocations.
 *
 * Return: pages.
 */
VISIBLE_IF_KUNIT
unsigned long __init hugetlb_cma_spare(phys_addr_t free, phys_addr_t memory,
				       unsigned int shift)
{
	phys_addr_t keep = (phys_addr_t)PHYS_PFN(memory) * sizeof(struct page) +
			   memory / 256 + max_t(phys_addr_t, memory / 1024, SZ_128M);

	/* The shadow */
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		keep += memory / 8;
	if (IS_ENABLED(CONFIG_KASAN_SW_TAGS))
		keep += memory / 16;
	return free > keep ? (free - keep) >> shift : 0;
}

/**
 * hugetlb_cma_spread() - spread pages over nodes
 * @pages: how many, not more than there is room for besides @share
 * @room: how many there is room for, by node
 * @share: how many each node has; receives more of them, as evenly as possible
 * @nodes: length of @room and of @share
 */
VISIBLE_IF_KUNIT
void __init hugetlb_cma_spread(unsigned long pages, const unsigned long *room,
			       unsigned long *share, unsigned int nodes)
{
	while (pages) {
		unsigned long takers = 0;

		for (unsigned int nid = 0; nid < nodes; nid++)
			takers += share[nid] < room[nid];

		for (unsigned int nid = 0; nid < nodes; nid++) {
			unsigned long more = room[nid] - share[nid];

			if (!more)
				continue;
			more = min(more, DIV_ROUND_UP(pages, takers));
			takers--;
			share[nid] += more;
			pages -= more;
		}
	}
}

/* Bytes as one would write them in a parameter. */
static const char *__init bytes_text(phys_addr_t bytes, char *text, size_t size)
{
	const char *suffix = "-KMGTPE", *none = suffix;

	for (; bytes && !(bytes & 1023); bytes >>= 10)
		suffix++;
	snprintf(text, size, "%llu%.*s", (u64)bytes, suffix > none, suffix);
	return text;
}

/*
 * How many pages to reserve for @amount on @nid, or in all with NUMA_NO_NODE;
 * there is room for @room, and @spare can be done without.
 */
static unsigned long __init pages_wanted(const struct cma_amount *amount,
					 int nid, unsigned int shift,
					 unsigned long room, unsigned long spare)
{
	char number[24], page[24], has[24], where[16] = "";
	phys_addr_t memory = cma_node_memory(nid);
	unsigned long pages;
	const char *wrong;

	if (!amount->bytes && !amount->percent)
		return 0;

	if (nid != NUMA_NO_NODE)
		snprintf(where, sizeof(where), "%d:", nid);
	if (amount->percent)
		snprintf(number, sizeof(number), "%u%%", amount->percent);
	else
		bytes_text(amount->bytes, number, sizeof(number));
	bytes_text(1ULL << shift, page, sizeof(page));
	bytes_text(memory, has, sizeof(has));

	wrong = hugetlb_cma_pages(amount, memory, shift, &pages);
	if (wrong) {
		pr_err("hugetlb_cma=%s%s ignored: %s; expected a multiple of %s, the size of a gigantic page, out of %s of memory\n",
		       where, number, wrong, page, has);
		return 0;
	}

	if (amount->percent)
		pr_info("hugetlb_cma=%s%s: rounded to %lu pages of %s, out of %s of memory\n",
			where, number, pages, page, has);
	else if (amount->bytes != (phys_addr_t)pages << shift)
		pr_warn("hugetlb_cma=%s%s: rounded up to %lu pages of %s\n",
			where, number, pages, page);
	if (pages > min(room, spare))
		pr_warn("hugetlb_cma=%s%s: there is room for only %lu of %lu pages of %s%s\n",
			where, number, min(room, spare), pages, page,
			spare < room ? ": the kernel needs the rest, for struct pages and to boot" :
				       "");
	return min3(pages, room, spare);
}

/*
 * As hugetlb_cma_spare() for all memory. Pages that hugepages= is going to take from areas
 * before there is a memory map do not need all of theirs.
 */
static unsigned long __init pages_to_spare(phys_addr_t free, unsigned int shift)
{
	unsigned long at_boot = hugetlb_bootmap_expected() >> shift;
	phys_addr_t memory = cma_node_memory(NUMA_NO_NODE), saved;
	unsigned long spare = hugetlb_cma_spare(free, memory, shift), last;

	saved = (sizeof(struct page) << (shift - PAGE_SHIFT)) -
		hugetlb_bootmap_cost(1UL << shift);
	do {
		last = spare;
		spare = hugetlb_cma_spare(free + min(at_boot, last) * saved, memory,
					  shift);
	} while (spare > last);

	return spare;
}

/**
 * hugetlb_cma_reserve() - reserve what hugetlb_cma= asks for
 * @order: log2 of the pages in a gigantic page, of the largest size there is
 *
 * What cannot be reserved is logged. A node keeps memory for its own struct pages as
 * long as there is room on others, or the parameter says otherwise.
 *
 * Context: boot, once memory and its nodes are known, before it is used up.
 */
void __init hugetlb_cma_reserve(int order)
{
	static unsigned long room[MAX_NUMNODES] __initdata;
	static unsigned long own[MAX_NUMNODES] __initdata;
	static unsigned long share[MAX_NUMNODES] __initdata;
	unsigned long room_in_all = 0, own_in_all = 0, wanted = 0, spare;
	unsigned int shift = order + PAGE_SHIFT;
	phys_addr_t free_in_all = 0, free;
	char name[CMA_MAX_NAME];
	int nid;

	/* Smaller pages do not come from areas: the page allocator has them. */
	VM_WARN_ON(order <= MAX_PAGE_ORDER);
	reserve_called = true;
	largest_order = order;

	for_each_online_node(nid) {
		room[nid] = cma_free_memory(nid, (phys_addr_t)1 << shift) >> shift;
		free = cma_free_memory(nid, 1);
		own[nid] = min(room[nid], hugetlb_cma_spare(free, cma_node_memory(nid),
							    shift));
		room_in_all += room[nid];
		own_in_all += own[nid];
		free_in_all += free;
	}
	spare = pages_to_spare(free_in_all, shift);

	for (nid = 0; nid < MAX_NUMNODES; nid++) {
		share[nid] = pages_wanted(&amount_on_node[nid], nid, shift, room[nid],
					  spare - wanted);
		wanted += share[nid];
	}
	if (!wanted) {
		wanted = pages_wanted(&amount_in_all, NUMA_NO_NODE, shift,
				      room_in_all, spare);
		hugetlb_cma_spread(min(wanted, own_in_all), own, share, MAX_NUMNODES);
		hugetlb_cma_spread(wanted - min(wanted, own_in_all), room, share,
				   MAX_NUMNODES);
	}

	for (nid = 0; nid < MAX_NUMNODES; nid++) {
		if (!share[nid])
			continue;

		snprintf(name, sizeof(name), "hugetlb%d", nid);
		/* A unit is the smallest page that a gigantic page may be demoted to. */
		cma_declare_contiguous_multi((phys_addr_t)share[nid] << shift,
					     (phys_addr_t)1 << shift,
					     HUGETLB_PAGE_ORDER, name,
					     &hugetlb_cma[nid], nid);
	}
}

/**
 * hugetlb_cma_withdraw() - give back what hugetlb_cma_reserve() has reserved
 *
 * For others that come first; then it may be called again.
 *
 * Context: as hugetlb_cma_reserve().
 */
void __init hugetlb_cma_withdraw(void)
{
	for (int nid = 0; nid < MAX_NUMNODES; nid++) {
		if (!hugetlb_cma[nid])
			continue;
		pr_info("area %s is given up: areas for DMA come first\n",
			cma_get_name(hugetlb_cma[nid]));
		cma_withdraw(hugetlb_cma[nid]);
		hugetlb_cma[nid] = NULL;
	}
}

/**
 * hugetlb_cma_in_use() - whether there is an area for gigantic pages
 *
 * Return: true if hugetlb_cma= has reserved any.
 */
bool __init hugetlb_cma_in_use(void)
{
	for (int nid = 0; nid < MAX_NUMNODES; nid++) {
		if (hugetlb_cma[nid])
			return true;
	}

	return false;
}

/**
 * hugetlb_cma_exclusive() - whether all gigantic pages must be from areas
 *
 * Return: true if hugetlb_cma_only= says so. This holds even if there is no area
 * because no memory could be reserved.
 */
bool hugetlb_cma_exclusive(void)
{
	return hugetlb_cma_only && hugetlb_cma_given;
}

/**
 * hugetlb_cma_check() - report parameters without effect
 *
 * Context: boot, after hugetlb_cma_reserve().
 */
void __init hugetlb_cma_check(void)
{
	if (hugetlb_cma_only && !hugetlb_cma_given)
		pr_err("hugetlb_cma_only= ignored: it needs hugetlb_cma=\n");
	else if (hugetlb_cma_given && !reserve_called)
		pr_err("hugetlb_cma= ignored: there are no gigantic pages on this machine\n");
	else if (hugetlb_cma_only && !hugetlb_cma_in_use())
		pr_warn("hugetlb_cma_only=: there is no area, and so no gigantic page\n");
}

/**
 * hugetlb_cma_alloc_bootmem() - allocate a gigantic page during boot
 * @h: its size
 * @nid: node
 *
 * Context: boot, when zones are known and until the page allocator takes over.
 * Return: memory from the node's area, or NULL.
 */
struct huge_bootmem_page *__init hugetlb_cma_alloc_bootmem(struct hstate *h,
							   int nid)
{
	struct cma *cma = hugetlb_cma[nid];

	if (!cma)
		return NULL;

	return cma_reserve_early_aligned(cma, huge_page_size(h), huge_page_size(h),
					 huge_page_order(h) < largest_order);
}

/**
 * hugetlb_cma_alloc_folio() - allocate a gigantic page
 * @order: log2 of its pages
 * @gfp: as for cma_alloc_folio(); with __GFP_THISNODE only @nid will do
 * @nid: node to try first
 * @nodemask: nodes to try then
 *
 * Context: as cma_alloc().
 * Return: the folio, or NULL.
 */
struct folio *hugetlb_cma_alloc_folio(unsigned int order, gfp_t gfp, int nid,
				      const nodemask_t *nodemask)
{
	struct folio *folio = NULL;
	int node;

	if (hugetlb_cma[nid])
		folio = cma_alloc_folio(hugetlb_cma[nid], order, gfp);
	if (folio || (gfp & __GFP_THISNODE))
		return folio;

	for_each_node_mask(node, *nodemask) {
		if (node == nid || !hugetlb_cma[node])
			continue;
		folio = cma_alloc_folio(hugetlb_cma[node], order, gfp);
		if (folio)
			break;
	}

	return folio;
}

/**
 * hugetlb_cma_owns() - whether a folio belongs to an area
 * @folio: folio
 *
 * Return: true if it does, however it was allocated.
 */
bool hugetlb_cma_owns(const struct folio *folio)
{
	return cma_pages_valid(hugetlb_cma[folio_nid(folio)], &folio->page, 1);
}

/**
 * hugetlb_cma_free_folio() - give a folio back to its area
 * @folio: folio of any size above a page, with one reference
 *
 * If an area refuses a folio of its own, it has logged why, and the folio stays
 * with the area.
 *
 * Context: as cma_release().
 * Return: false if the folio belongs to no area and is still the caller's.
 */
bool hugetlb_cma_free_folio(struct folio *folio)
{
	return cma_free_folio(hugetlb_cma[folio_nid(folio)], folio) ||
	       hugetlb_cma_owns(folio);
}
