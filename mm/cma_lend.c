// SPDX-License-Identifier: GPL-2.0
/*
 * When areas lend their memory, and to whom
 *
 * A movable allocation can have pages of areas in place of others. If it takes them late,
 * an allocation from an area has few pages to move, but the memory outside, the only one
 * for all that cannot move, is used up first. vm.cma_lend_ratio says when: as soon as
 * areas have more than so many per cent of the free memory of a zone. In any case, areas
 * lend when no other pageblock for movable memory has a free page.
 *
 * Some movable pages are hard to move: those in which file systems have their own blocks
 * are referenced for as long as a transaction lasts, or a mount. An area can be kept free
 * of them, and lend to user space only. As the free pages of all areas of a zone are in
 * the same lists, none of the other areas of the zone gets such pages then.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/cma.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/migrate.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/page-isolation.h>
#include <linux/pagemap.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/sysctl.h>
#include <linux/workqueue.h>

#include "internal.h"
#include "cma.h"
#include "cma_balance.h"
#include "cma_lend.h"
#include "cma_param.h"

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
#endif

/*
 * To whom
 */

/* Times that areas are searched for what they do not lend to any more, a second apart */
#define SEARCHES	10

/* Is there an area that lends to user space only? */
DEFINE_STATIC_KEY_FALSE(cma_user_areas);

/* The zones of such areas; written under cma_lend_mutex, and read without it */
static DECLARE_BITMAP(user_zones, MAX_NUMNODES * MAX_NR_ZONES);

/* Guards user_only of each area, and how often they are still to be searched. */
static DEFINE_MUTEX(cma_lend_mutex);
static unsigned int searches;

static unsigned int zone_number(struct zone *zone)
{
	return zone_to_nid(zone) * MAX_NR_ZONES + zone_idx(zone);
}

/**
 * cma_is_user_zone() - does a zone have an area that lends to user space only?
 * @zone: zone
 *
 * Context: any.
 * Return: true if it has.
 */
bool cma_is_user_zone(struct zone *zone)
{
	return test_bit(zone_number(zone), user_zones);
}

static int add_zones(struct cma *cma, void *zones)
{
	const struct cma_map *map;

	if (!cma->user_only || cma->state != CMA_ACTIVE)
		return 0;
	cma_for_each_map(map, cma)
		__set_bit(zone_number(page_zone(pfn_to_page(map->base_pfn))), zones);
	return 0;
}

static void update_zones(void)
{
	/* Too large for the stack */
	static DECLARE_BITMAP(zones, MAX_NUMNODES * MAX_NR_ZONES);

	lockdep_assert_held(&cma_lend_mutex);

	bitmap_zero(zones, MAX_NUMNODES * MAX_NR_ZONES);
	cma_for_each_area(add_zones, zones);
	for (unsigned int i = 0; i < MAX_NUMNODES * MAX_NR_ZONES; i++)
		assign_bit(i, user_zones, test_bit(i, zones));
	if (bitmap_empty(zones, MAX_NUMNODES * MAX_NR_ZONES))
		static_branch_disable(&cma_user_areas);
	else
		static_branch_enable(&cma_user_areas);
}

/* Page cache that is not allocated for user space: the blocks of file systems */
static bool is_of_kernel(struct folio *folio)
{
	struct address_space *mapping;
	bool is;

	if (folio_test_anon(folio) || __folio_test_movable(folio) || !folio_trylock(folio))
		return false;
	mapping = folio_mapping(folio);
	is = mapping && !folio_test_swapcache(folio) &&
	     !(mapping_gfp_mask(mapping) & __GFP_HIGHMEM);
	folio_unlock(folio);
	return is;
}

static void move_out_of(const struct cma_map *map)
{
	struct compact_control cc = {
		.gfp_mask = GFP_KERNEL,
		.order = MAX_PAGE_ORDER + 1,
		.mode = MIGRATE_SYNC,
		.ignore_skip_hint = true,
		.no_set_skip_hint = true,
		.zone = page_zone(pfn_to_page(map->base_pfn)),
		.migratepages = LIST_HEAD_INIT(cc.migratepages),
	};
	struct migration_target_control control = {
		.nid = zone_to_nid(cc.zone),
		.gfp_mask = GFP_USER | __GFP_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN,
		.reason = MR_CONTIG_RANGE,
	};
	unsigned long pfn = cma_lent_start(map), end = cma_lent_end(map);

	while (pfn < end) {
		unsigned long stop = min(pageblock_end_pfn(pfn), end);
		int ret;

		cc.nr_migratepages = 0;
		cc.migrate_pfn = stop;
		ret = isolate_migratepages_range(&cc, pfn, stop);
		pfn = ret ? stop : cc.migrate_pfn;
		cma_put_back_others(&cc.migratepages, is_of_kernel);
		if (list_empty(&cc.migratepages))
			continue;
		migrate_pages(&cc.migratepages, alloc_migration_target, NULL,
			      (unsigned long)&control, cc.mode, MR_CONTIG_RANGE, NULL);
		putback_movable_pages(&cc.migratepages);
	}
}

static int move_out(struct cma *cma, void *data)
{
	const struct cma_map *map;

	if (!READ_ONCE(cma->user_only) || cma->state != CMA_ACTIVE)
		return 0;
	cma_for_each_map(map, cma)
		move_out_of(map);
	return 0;
}

static void search(struct work_struct *work)
{
	/* Pages on their way to an LRU list cannot be isolated. */
	lru_add_drain_all();
	cma_for_each_area(move_out, NULL);

	/*
	 * What is in use now may not be in use later, and an allocation that began before
	 * may still have come.
	 */
	mutex_lock(&cma_lend_mutex);
	if (searches && --searches)
		queue_delayed_work(system_unbound_wq, to_delayed_work(work), HZ);
	mutex_unlock(&cma_lend_mutex);
}

static DECLARE_DELAYED_WORK(search_work, search);

/**
 * cma_set_user_only() - set to whom an area lends
 * @cma: area, active
 * @user_only: to user space, instead of all movable allocations
 *
 * What others have borrowed is moved out in the background, as far as it can be moved.
 *
 * Context: process context, sleeps.
 */
void cma_set_user_only(struct cma *cma, bool user_only)
{
	mutex_lock(&cma_lend_mutex);
	WRITE_ONCE(cma->user_only, user_only);
	update_zones();
	if (user_only) {
		searches = SEARCHES;
		mod_delayed_work(system_unbound_wq, &search_work, 0);
	}
	mutex_unlock(&cma_lend_mutex);
}

/**
 * cma_move_target() - memory that a page of an area, or of a range, can move to
 * @src: folio
 * @control: struct migration_target_control, as for alloc_migration_target()
 *
 * Whose page it was is not seen from the flags. Those of user space, unless locked at the
 * moment, can move to areas that lend to nobody else.
 *
 * Context: process context.
 * Return: folio, or NULL.
 */
struct folio *cma_move_target(struct folio *src, unsigned long control)
{
	struct migration_target_control to = *(struct migration_target_control *)control;

	if (static_branch_unlikely(&cma_user_areas) && !folio_test_hugetlb(src) &&
	    (to.gfp_mask & __GFP_MOVABLE) && cma_may_borrow(src))
		to.gfp_mask |= __GFP_HIGHMEM;
	return alloc_migration_target(src, (unsigned long)&to);
}

/* The value of cma_lend=, until the areas are there */
static char *lend_param __initdata;

static int __init cma_early_lend(char *arg)
{
	if (!arg) {
		pr_err("cma_lend ignored: a value is missing; expected AREA:user or AREA:movable\n");
		return -EINVAL;
	}

	lend_param = arg;
	return 0;
}
early_param("cma_lend", cma_early_lend);

static const char *__init set_by_param(struct cma *cma, const char *pos, const char *end)
{
	int who = cma_parse_lend(pos, end - pos);

	if (who < 0)
		return "it is neither";
	cma_set_user_only(cma, who);
	return NULL;
}

static int __init set_by_node(struct cma *cma, void *data)
{
	if (cma->user_only)
		cma_set_user_only(cma, true);
	return 0;
}

/* Areas are active now. */
static int __init cma_lend_init(void)
{
#ifdef CONFIG_SYSCTL
	register_sysctl_init("vm", cma_lend_sysctls);
#endif
	cma_for_each_area(set_by_node, NULL);
	cma_set_by_param("cma_lend", lend_param, "user or AREA:movable", set_by_param);
	return 0;
}
postcore_initcall(cma_lend_init);
