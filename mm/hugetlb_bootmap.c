// SPDX-License-Identifier: GPL-2.0
/*
 * The memory map of gigantic pages that are there from boot
 *
 * With hugetlb_free_vmemmap= the struct pages of a gigantic page take one page: all of
 * its memory map but the first page is mapped to that same page. Where memory is nearly
 * all to be gigantic pages, its map must be made like this from the start, because there
 * would be no room for the map in full:
 *
 *	zones are laid out, areas and the crash kernel have their memory;
 *	hugepages= and so on are read ahead of time, and pages are allocated;
 *	their memory map is made (this file);
 *	sparse_init() makes the map of all other sections;
 *	memmap_init() sets up all struct pages but those that are not there;
 *	HugeTLB sets up the head and the first tails, and write-protects the rest.
 *
 * From then on such a page is like any other with an optimized map: see
 * hugetlb_vmemmap.c, which makes a map in full before the page is freed or demoted.
 */

#define pr_fmt(fmt) "HugeTLB: " fmt

#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <kunit/visibility.h>
#include <asm/setup.h>
#include <asm/tlbflush.h>

#include "internal.h"
#include "hugetlb_bootmap.h"
#include "hugetlb_bootmem.h"
#include "hugetlb_vmemmap.h"

static struct hugetlb_early_look said __initdata = {
	.enabled = IS_ENABLED(CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP_DEFAULT_ON),
	.too_early = IS_ENABLED(CONFIG_BOOT_CONFIG_FORCE),
};

static bool looked __initdata;
static bool params_done __initdata;

/* Pages that are being allocated, or were, before there is a memory map */
static bool allocating __initdata;
static phys_addr_t free_at_first __initdata;
static phys_addr_t reserved_at_first __initdata;
static phys_addr_t bytes_in_pages __initdata;	/* of those that fit */
static phys_addr_t bytes_in_maps __initdata;

/* Is there a memory map of this kind? */
static bool made __meminitdata;

/*
 * Can the memory map of pages of @size bytes be made on its own? They must be gigantic,
 * and consist of whole sections and of all that each page table of the map stands for.
 */
static bool __init fits(unsigned long size)
{
	return is_power_of_2(sizeof(struct page)) && size > PAGE_SIZE << MAX_PAGE_ORDER &&
	       IS_ALIGNED(PHYS_PFN(size), PAGES_PER_SECTION) &&
	       IS_ALIGNED(PHYS_PFN(size) * sizeof(struct page), PMD_SIZE);
}

/**
 * hugetlb_bootmap_cost() - what the memory map of a page takes
 * @size: bytes in the page, which is gigantic
 *
 * Return: bytes, of struct pages and the page tables.
 */
unsigned long __init hugetlb_bootmap_cost(unsigned long size)
{
	return PAGE_SIZE + PHYS_PFN(size) * sizeof(struct page) / PTRS_PER_PTE;
}

/* All pages of a hugepages=, or 0 if there is anything odd about it. */
static unsigned long __init nr_pages_of(struct hugetlb_early_look *look,
					const char *value)
{
	unsigned long nr = 0, number, node;
	int end;

	do {
		node = 0;
		if (sscanf(value, "%lu:%lu%n", &node, &number, &end) == 2) {
			if (node >= MAX_NUMNODES)
				return 0;
			look->by_node |= nr_online_nodes > 1;
			if (!node_online(node)) {
				/* A node without memory comes later. */
				look->too_early |= node_possible(node);
				return 0;
			}
		} else if (nr || sscanf(value, "%lu%n", &number, &end) != 1) {
			return 0;
		}
		nr += number;
		value += end;
	} while (*value++ == ',');

	return nr;
}

/*
 * Will hugepages= now ask for pages of that size? A size is obeyed once, and again if it
 * is the default and has no number yet. There is one default.
 */
static void __init look_at_size(struct hugetlb_early_look *look, const char *value,
				bool is_default)
{
	unsigned long size = memparse(value, NULL);

	look->size = 0;
	if ((is_default && look->default_size) || !arch_hugetlb_valid_size(size))
		return;
	if (is_default)
		look->default_size = size;
	for (unsigned int i = 0; i < look->nr_sizes; i++) {
		if (look->sizes[i] == size) {
			if (!is_default && size == look->default_size && !look->default_nr)
				look->size = size;
			return;
		}
	}
	if (look->nr_sizes == ARRAY_SIZE(look->sizes))
		return;

	look->sizes[look->nr_sizes++] = size;
	look->size = size;
}

static int __init look_at_param(char *param, char *value, const char *unused, void *arg)
{
	struct hugetlb_early_look *look = arg;
	bool enabled;

	if (parameq(param, "hugetlb_free_vmemmap")) {
		if (!value || !kstrtobool(value, &enabled))
			look->enabled = value ? enabled : true;
	} else if (parameq(param, "bootconfig")) {
		look->too_early |= IS_ENABLED(CONFIG_BOOT_CONFIG);
	} else if (parameq(param, "kernelcore") || parameq(param, "movablecore") ||
		   parameq(param, "movable_node")) {
		look->zones_move = true;
	} else if (value && parameq(param, "hugepagesz")) {
		look_at_size(look, value, false);
	} else if (value && parameq(param, "default_hugepagesz")) {
		look_at_size(look, value, true);
	} else if (value && parameq(param, "hugepages")) {
		phys_addr_t nr = nr_pages_of(look, value);

		if (look->size && fits(look->size))
			look->expected += nr * look->size;
		/* That of the default may come before its size. */
		if (look->size == look->default_size)
			look->default_nr = true;
		look->size = 0;
	}

	return 0;
}

/**
 * hugetlb_bootmap_look() - read a command line as far as it matters early
 * @line: command line, which is cut in pieces
 * @look: what it says; the caller has set what holds without it
 *
 * Context: boot, once it is known which nodes there are.
 */
VISIBLE_IF_KUNIT
void __init hugetlb_bootmap_look(char *line, struct hugetlb_early_look *look)
{
	parse_args("HugeTLB", line, NULL, 0, 0, 0, look, look_at_param);
}

static int __init take_param(char *param, char *value, const char *unused, void *arg)
{
	if (value)
		hugetlb_boot_param(param, value);
	return 0;
}

/* A copy of the command line, to be cut in pieces */
static char *__init command_line(void)
{
	static char line[COMMAND_LINE_SIZE] __initdata;

	strscpy(line, boot_command_line, sizeof(line));
	return line;
}

/*
 * Are pages allocated before there is a memory map? They are if their memory map will be
 * optimized, which must be said on the command line itself: the boot configuration is
 * read later, and may say something about each of the parameters.
 */
static bool __init wanted(void)
{
	if (!looked) {
		hugetlb_bootmap_look(command_line(), &said);
		looked = true;
		/* Mirrored memory goes to the memory map first. */
		said.too_early |= memblock_has_mirror();
		if (said.enabled && said.too_early && said.expected)
			pr_info("memory map of gigantic pages is made in full first: there is a bootconfig, or mirrored memory, or a node without memory\n");
	}

	return said.enabled && !said.too_early;
}

/**
 * hugetlb_bootmap_expected() - how much memory will be pages without a map in full
 *
 * Context: boot, once it is known which nodes there are.
 * Return: bytes, if it is certain that areas give so much as far as they have it.
 */
phys_addr_t __init hugetlb_bootmap_expected(void)
{
	return wanted() && !said.by_node && !said.zones_move ?
	       said.expected : 0;
}

/**
 * hugetlb_bootmap_params_done() - have the parameters been obeyed already?
 *
 * Return: true if hugetlb_bootmap_allocate() has done so.
 */
bool __init hugetlb_bootmap_params_done(void)
{
	return params_done;
}

/**
 * hugetlb_bootmap_allocate() - allocate gigantic pages before there is a memory map
 *
 * Obeys hugepagesz=, hugepages= and default_hugepagesz= as they stand on the command
 * line, if the memory map of pages is to be optimized. Otherwise they are obeyed later,
 * in their turn.
 *
 * Context: boot, when zones are laid out and before there is a memory map.
 */
void __init hugetlb_bootmap_allocate(void)
{
	if (!wanted())
		return;

	free_at_first = hugetlb_bootmem_free_bytes();
	reserved_at_first = memblock_reserved_size();

	allocating = true;
	parse_args("HugeTLB", command_line(), NULL, 0, 0, 0, NULL, take_param);
	allocating = false;
	params_done = true;
}

/**
 * hugetlb_bootmap_note() - take note of a page that was allocated
 * @m: the page
 * @h: its size
 *
 * Most of its struct pages will not be there to be set up.
 *
 * Context: as hugetlb_bootmap_allocate(); without effect later.
 */
void __init hugetlb_bootmap_note(struct huge_bootmem_page *m,
				 const struct hstate *h)
{
	unsigned long size = huge_page_size(h);

	if (!allocating || !fits(size))
		return;

	memblock_reserved_mark_noinit(virt_to_phys(m) + PAGE_SIZE, size - PAGE_SIZE);
	bytes_in_pages += size;
	bytes_in_maps += hugetlb_bootmap_cost(size);
}

/**
 * hugetlb_bootmap_has_room() - may one more page be taken from memblock?
 * @h: its size
 * @on_loan: bytes that were taken and will be given back
 *
 * What is left must do for the memory map of all other memory and for the rest of the
 * boot, as in hugetlb_cma_spare(), but for 512 MiB at least: areas for each CPU are among
 * that. Where the map in full was made first, it left nothing for the rest of the boot but
 * what is no multiple of a page; so of little memory, do not keep much more than that map
 * would take.
 *
 * Context: as hugetlb_bootmap_allocate(); later all may be taken.
 * Return: false if not, which is logged.
 */
bool __init hugetlb_bootmap_has_room(const struct hstate *h, phys_addr_t on_loan)
{
	phys_addr_t memory = memblock_phys_mem_size(), size = huge_page_size(h);
	phys_addr_t in_pages = bytes_in_pages, map = bytes_in_maps, full, keep, free;

	if (!allocating)
		return true;

	if (fits(size)) {
		in_pages += size;
		map += hugetlb_bootmap_cost(size);
	}
	full = PHYS_PFN(memory) * sizeof(struct page) + SZ_128M;
	map += PHYS_PFN(memory - min(memory, in_pages)) * sizeof(struct page);
	keep = min(full, map + memory / 256 + max_t(phys_addr_t, memory / 1024, SZ_512M));
	/* The shadow */
	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		keep += memory / 8;
	if (IS_ENABLED(CONFIG_KASAN_SW_TAGS))
		keep += memory / 16;
	free = free_at_first - min(free_at_first, memblock_reserved_size() -
				   reserved_at_first) + on_loan;
	if (free >= size + keep)
		return true;

	pr_warn("no room for another page of %lu MiB: %lu of %lu MiB of memory are free, and the kernel needs %lu MiB of them, for struct pages and to boot\n",
		(unsigned long)(size / SZ_1M), (unsigned long)(free / SZ_1M),
		(unsigned long)(memory / SZ_1M), (unsigned long)(keep / SZ_1M));
	return false;
}

/* Page tables come from memblock, too. */
static pmd_t *__init bootmap_pmd(unsigned long addr, int nid)
{
	pgd_t *pgd = vmemmap_pgd_populate(addr, nid);
	p4d_t *p4d = pgd ? vmemmap_p4d_populate(pgd, addr, nid) : NULL;
	pud_t *pud = p4d ? vmemmap_pud_populate(p4d, addr, nid) : NULL;

	return pud ? vmemmap_pmd_populate(pud, addr, nid) : NULL;
}

/*
 * Make the memory map of one page. It is the first that has any, so there is no other page
 * table to bring in line. All of it can be written to for now: what somebody may do to a
 * struct page of reserved memory is undone when HugeTLB sets up the first ones.
 */
static bool __init populate(unsigned long pfn, unsigned long size, int nid)
{
	unsigned long start = (unsigned long)pfn_to_page(pfn);
	unsigned long end = start + PHYS_PFN(size) * sizeof(struct page);
	void *first = vmemmap_alloc_block(PAGE_SIZE, nid);
	pte_t *pte = NULL, entry;
	unsigned long addr;

	if (!first)
		return false;

	/* Memory for all page tables, before the first entry is made */
	for (addr = start; addr < end; addr += PMD_SIZE) {
		if (!bootmap_pmd(addr, nid)) {
			memblock_free(first, PAGE_SIZE);
			return false;
		}
	}

	memset(first, 0, PAGE_SIZE);
	entry = pfn_pte(PHYS_PFN(__pa(first)), PAGE_KERNEL);
	for (addr = start; addr < end; addr += PAGE_SIZE, pte++) {
		if (IS_ALIGNED(addr, PMD_SIZE))
			pte = pte_offset_kernel(pmd_off_k(addr), addr);
		set_pte_at(&init_mm, addr, pte, entry);
	}

	memmap_boot_pages_add(1);
	made = true;
	return true;
}

/**
 * hugetlb_bootmap_populate() - make the memory map of pages that are there already
 *
 * Context: boot, when sections are known and before they have a memory map.
 */
void __init hugetlb_bootmap_populate(void)
{
	unsigned long done = 0, too_small = 0, failed = 0, kib = 0, mib = 0;
	struct huge_bootmem_page *m;
	int list;

	if (!params_done)
		return;

	for (list = 0; list < MAX_NUMNODES; list++) {
		if (!huge_boot_pages[list].next)
			continue;
		list_for_each_entry(m, &huge_boot_pages[list], list) {
			unsigned long size = huge_page_size(m->hstate);
			unsigned long pfn = PHYS_PFN(virt_to_phys(m));

			if (!fits(size)) {
				too_small++;
			} else if (populate(pfn, size, early_pfn_to_nid(pfn))) {
				done++;
				kib += hugetlb_bootmap_cost(size) / SZ_1K;
				mib += PHYS_PFN(size) * sizeof(struct page) / SZ_1M;
			} else {
				failed++;
			}
		}
	}

	if (done)
		pr_info("memory map of %lu gigantic pages made of %lu KiB instead of %lu MiB\n",
			done, kib, mib);
	if (too_small)
		pr_info("memory map of %lu gigantic pages is made in full first: they are smaller than %lu MiB\n",
			too_small, (PAGES_PER_SECTION << PAGE_SHIFT) / SZ_1M);
	if (failed)
		pr_warn("memory map of %lu gigantic pages is made in full first, for want of memory\n",
			failed);
}

/* The page that a page table maps at an address of the memory map, or 0. */
static unsigned long __meminit pfn_mapped_at(unsigned long addr)
{
	pgd_t *pgd = pgd_offset_k(addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;
	pte_t pte;

	if (pgd_none(*pgd))
		return 0;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return 0;
	pud = pud_offset(p4d, addr);
	if (pud_none(*pud) || pud_leaf(*pud))
		return 0;
	pmd = pmd_offset(pud, addr);
	if (pmd_none(*pmd) || pmd_leaf(*pmd))
		return 0;
	pte = ptep_get(pte_offset_kernel(pmd, addr));
	return pte_none(pte) ? 0 : pte_pfn(pte);
}

/**
 * hugetlb_bootmap_has() - does a gigantic page have a section?
 * @pfn: first of the section
 *
 * Context: boot, until the section has got a memory map in some other way.
 * Return: true if its memory map was made for one.
 */
bool __init hugetlb_bootmap_has(unsigned long pfn)
{
	return made && pfn_mapped_at((unsigned long)pfn_to_page(pfn));
}

/**
 * hugetlb_bootmap_is_shared() - is a struct page not there on its own?
 * @pfn: page, one of those whose struct pages are set up one after the other
 *
 * Return: true if all struct pages from this to the end of the section are those at the
 * beginning of a gigantic page. There are none that begin between @pfn and a page of
 * struct pages.
 */
bool __meminit hugetlb_bootmap_is_shared(unsigned long pfn)
{
	unsigned long addr = (unsigned long)pfn_to_page(pfn), mapped;

	if (!made || !PAGE_ALIGNED(addr))
		return false;

	mapped = pfn_mapped_at(addr);
	return mapped && mapped == pfn_mapped_at(addr - PAGE_SIZE);
}

/**
 * hugetlb_bootmap_adopt() - make a page one with an optimized memory map
 * @h: its size
 * @folio: the page, about to become a folio: nothing but its first page of struct pages
 *	will be written to
 *
 * Without effect on a page that has a map in full. The caller flushes all TLBs before
 * others can have the page.
 *
 * Context: boot, process context.
 */
void __init hugetlb_bootmap_adopt(const struct hstate *h, struct folio *folio)
{
	unsigned long start = (unsigned long)folio, addr;
	unsigned long end = start + hugetlb_vmemmap_size(h);
	pte_t *pte, entry;

	if (!hugetlb_bootmap_is_shared(folio_pfn(folio) + HUGETLB_VMEMMAP_RESERVE_PAGES))
		return;

	/* Whoever comes across its other struct pages must find the head. */
	static_branch_inc(&hugetlb_optimize_vmemmap_key);
	folio_set_hugetlb_vmemmap_optimized(folio);
	pte = pte_offset_kernel(pmd_off_k(start), start);
	entry = pfn_pte(pte_pfn(ptep_get(pte)), PAGE_KERNEL_RO);
	for (addr = start + PAGE_SIZE, pte++; addr < end; addr += PAGE_SIZE, pte++) {
		if (IS_ALIGNED(addr, PMD_SIZE))
			pte = pte_offset_kernel(pmd_off_k(addr), addr);
		set_pte_at(&init_mm, addr, pte, entry);
	}
}

#ifdef CONFIG_HUGETLB_BOOTMAP_ONLY
struct bootmap_remap {
	unsigned long start;
	unsigned long end;
	struct list_head *pages;
};

/* No other CPU is up to anything. Do not look at the struct pages that are remapped. */
static int remap_alone(void *arg)
{
	const struct bootmap_remap *remap = arg;
	unsigned long addr;
	struct page *page;
	pte_t *pte = NULL;

	for (addr = remap->start; addr < remap->end; addr += PAGE_SIZE, pte++) {
		if (!pte || IS_ALIGNED(addr, PMD_SIZE))
			pte = pte_offset_kernel(pmd_off_k(addr), addr);
		pte_clear(&init_mm, addr, pte);
	}
	flush_tlb_kernel_range(remap->start, remap->end);

	pte = NULL;
	addr = remap->start;
	list_for_each_entry(page, remap->pages, lru) {
		if (!pte || IS_ALIGNED(addr, PMD_SIZE))
			pte = pte_offset_kernel(pmd_off_k(addr), addr);
		set_pte_at(&init_mm, addr, pte++, mk_pte(page, PAGE_KERNEL));
		addr += PAGE_SIZE;
	}

	return 0;
}

/**
 * hugetlb_bootmap_restore() - give struct pages of a gigantic page memory of their own
 * @start: address of the second page of struct pages; they are those of the first until
 *	then
 * @end: address behind the last one
 * @pages: as many pages as there are between
 *
 * An entry of the page table that is in use must not be made one of another page at once
 * here: it has to be invalid until no TLB has it any more. As any CPU may come across
 * these struct pages, all others are stopped meanwhile. See
 * Documentation/mm/vmemmap_dedup.rst.
 *
 * Context: process context. May sleep. Takes and releases the CPU hotplug lock.
 */
void hugetlb_bootmap_restore(unsigned long start, unsigned long end,
			     struct list_head *pages)
{
	struct bootmap_remap remap = { start, end, pages };
	struct page *page;

	list_for_each_entry(page, pages, lru)
		copy_page(page_to_virt(page), (void *)(start - PAGE_SIZE));
	stop_machine(remap_alone, &remap, NULL);
}
#endif
