// SPDX-License-Identifier: GPL-2.0
/*
 * When areas lend their memory
 *
 * A movable allocation can have pages of areas in place of others. If it takes them late,
 * an allocation from an area has few pages to move, but the memory outside, the only one
 * for all that cannot move, is used up first. vm.cma_lend_ratio says when: as soon as
 * areas have more than so many per cent of the free memory of a zone. In any case, areas
 * lend when nothing else in the zone is free.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/sysctl.h>

#include "cma_lend.h"

#define EXPECTED	"expected a number from 0 to 100: per cent of the free memory of a zone"

/* Written without a lock */
int cma_lend_ratio __read_mostly = 50;

static int __init cma_early_lend_ratio(char *arg)
{
	unsigned int percent;

	if (!arg || kstrtouint(arg, 0, &percent) || percent > 100) {
		pr_err("cma_lend_ratio=%s ignored; " EXPECTED "\n", arg ?: "");
		return -EINVAL;
	}

	cma_lend_ratio = percent;
	return 0;
}
early_param("cma_lend_ratio", cma_early_lend_ratio);

#ifdef CONFIG_SYSCTL
static int cma_sysctl_lend_ratio(const struct ctl_table *table, int write, void *buffer,
				 size_t *lenp, loff_t *ppos)
{
	size_t len = *lenp;
	int ret;

	ret = proc_dointvec_minmax(table, write, buffer, lenp, ppos);
	if (write && ret == -EINVAL) {
		len = min(len, strcspn(buffer, "\n"));
		pr_err("vm.cma_lend_ratio: \"%.*s\" refused; " EXPECTED "\n", (int)len,
		       (char *)buffer);
	}
	return ret;
}

static struct ctl_table cma_lend_sysctls[] = {
	{
		.procname	= "cma_lend_ratio",
		.data		= &cma_lend_ratio,
		.maxlen		= sizeof(cma_lend_ratio),
		.mode		= 0644,
		.proc_handler	= cma_sysctl_lend_ratio,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE_HUNDRED,
	},
};

static int __init cma_lend_init(void)
{
	register_sysctl_init("vm", cma_lend_sysctls);
	return 0;
}
postcore_initcall(cma_lend_init);
#endif
