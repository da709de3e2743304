/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __MM_HUGETLB_BOOTMAP_H__
#define __MM_HUGETLB_BOOTMAP_H__

#include <linux/hugetlb.h>
#include <linux/types.h>

struct folio;
struct hstate;
struct huge_bootmem_page;

#ifdef CONFIG_HUGETLB_BOOTMAP
/* What the command line says, as far as it matters before it is read in its turn. */
struct hugetlb_early_look {
	bool enabled;		/* hugetlb_free_vmemmap= */
	bool too_early;		/* some parameters mean something that is not known yet */
	bool by_node;		/* pages need not be from where areas are */
	bool zones_move;	/* zones may end inside an area */
	unsigned long size;	/* of the pages that hugepages= would now ask for, or 0 */
	unsigned long default_size;
	bool default_nr;	/* there is a number of these */
	unsigned int nr_sizes;
	unsigned long sizes[HUGE_MAX_HSTATE];
	phys_addr_t expected;	/* bytes of pages that are asked for, and that fit */
};

unsigned long hugetlb_bootmap_cost(unsigned long size);
phys_addr_t hugetlb_bootmap_expected(void);
void hugetlb_bootmap_allocate(void);
bool hugetlb_bootmap_params_done(void);
bool hugetlb_bootmap_has_room(const struct hstate *h, phys_addr_t on_loan);
void hugetlb_bootmap_note(struct huge_bootmem_page *m, const struct hstate *h);
void hugetlb_bootmap_populate(void);
bool hugetlb_bootmap_has(unsigned long pfn);
bool hugetlb_bootmap_is_shared(unsigned long pfn);
void hugetlb_bootmap_adopt(const struct hstate *h, struct folio *folio);
void hugetlb_bootmap_restore(unsigned long start, unsigned long end,
			     struct list_head *pages);

#if IS_ENABLED(CONFIG_KUNIT)
void hugetlb_bootmap_look(char *line, struct hugetlb_early_look *look);
#endif

/* in hugetlb.c */
void hugetlb_boot_param(const char *param, char *value);
#else
static inline unsigned long hugetlb_bootmap_cost(unsigned long size)
{
	return 0;
}

static inline phys_addr_t hugetlb_bootmap_expected(void)
{
	return 0;
}

static inline void hugetlb_bootmap_allocate(void) { }

static inline bool hugetlb_bootmap_params_done(void)
{
	return false;
}

static inline bool hugetlb_bootmap_has_room(const struct hstate *h, phys_addr_t on_loan)
{
	return true;
}

static inline void hugetlb_bootmap_note(struct huge_bootmem_page *m,
					const struct hstate *h)
{
}

static inline void hugetlb_bootmap_populate(void) { }

static inline void hugetlb_bootmap_adopt(const struct hstate *h, struct folio *folio) { }

static inline void hugetlb_bootmap_restore(unsigned long start, unsigned long end,
					   struct list_head *pages)
{
}

static inline bool hugetlb_bootmap_has(unsigned long pfn)
{
	return false;
}

static inline bool hugetlb_bootmap_is_shared(unsigned long pfn)
{
	return false;
}
#endif

#endif /* __MM_HUGETLB_BOOTMAP_H__ */
