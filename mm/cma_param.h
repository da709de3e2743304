/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much memory users ask for: values of kernel parameters, of files and of nodes
 */

#ifndef __MM_CMA_PARAM_H__
#define __MM_CMA_PARAM_H__

#include <linux/types.h>

struct cma;

#define CMA_LEND_EXPECTED	"\"movable\" or \"user\""

/**
 * struct cma_amount - how much memory a kernel parameter asks for
 * @bytes: a size, 0 if there is a percentage
 * @percent: of all memory, or of a node's; 0 to 100
 */
struct cma_amount {
	phys_addr_t bytes;
	unsigned int percent;
};

int cma_parse_amount(const char *param, const char *arg,
		     struct cma_amount *amount, bool alone);
int cma_parse_nodes(const char *param, const char *arg,
		    struct cma_amount *amounts);
int cma_parse_area(const char *arg, struct cma_amount *size, phys_addr_t *base,
		   phys_addr_t *limit);
phys_addr_t cma_amount_bytes(const struct cma_amount *amount,
			     phys_addr_t memory);
const char *cma_parse_share(const char **pos, unsigned long all, unsigned long *pages);
void cma_set_by_param(const char *param, const char *value, const char *expected,
		      const char *(*set)(struct cma *cma, const char *pos, const char *end));
int cma_parse_lend(const char *text, size_t len);
bool cma_trim(phys_addr_t *base, phys_addr_t *size, bool before, bool after);
bool cma_offer_default(struct cma *cma);

#endif /* __MM_CMA_PARAM_H__ */
