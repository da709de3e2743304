/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __MM_HUGETLB_BOOTMEM_H__
#define __MM_HUGETLB_BOOTMEM_H__

#include <linux/hugetlb.h>

struct huge_bootmem_page *hugetlb_bootmem_alloc(struct hstate *h, int nid);
void hugetlb_bootmem_return_torn(const struct hstate *h);
phys_addr_t hugetlb_bootmem_free_bytes(void);
void hugetlb_bootmem_tell_sizes(void);
void hugetlb_bootmem_tell_nodes(unsigned long nid);

#endif /* __MM_HUGETLB_BOOTMEM_H__ */
