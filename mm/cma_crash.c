// SPDX-License-Identifier: GPL-2.0
/*
 * An area that a crash kernel may use
 *
 * crashkernel=SIZE keeps memory from all others until a crash. With crashkernel=SIZE,cma
 * there is more, in an area which is lent until then. The crash kernel itself is loaded
 * into the former and is told of both, and the dump has neither.
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/cma.h>
#include <linux/crash_core.h>
#include <linux/crash_reserve.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/kexec.h>
#include <linux/memblock.h>
#include <linux/printk.h>
#include <linux/range.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "cma_param.h"
#include "cma_reserve.h"

struct range crashk_cma_ranges[CRASHK_CMA_RANGES_MAX] __ro_after_init;
int crashk_cma_cnt __ro_after_init;

static struct cma_amount wanted __initdata;
static struct cma *area __initdata;

/* All values of crashkernel= come by; the others are for parse_crashkernel(). */
static int __init parse_crashkernel_cma(char *arg)
{
	char *suffix = arg ? strrchr(arg, ',') : NULL;
	int ret;

	if (!suffix || strcmp(suffix, ",cma"))
		return 0;

	*suffix = '\0';
	ret = cma_parse_amount("area of crashkernel", arg, &wanted, true);
	*suffix = ',';
	return ret;
}
early_param("crashkernel", parse_crashkernel_cma);

/**
 * cma_reserve_crashkernel() - reserve what crashkernel=SIZE,cma asks for
 *
 * Context: boot, once there is memory for the crash kernel itself, which needs one piece.
 */
void __init cma_reserve_crashkernel(void)
{
	const struct cma_extent all = { 0, memblock_end_of_DRAM() };
	phys_addr_t size = cma_amount_bytes(&wanted, cma_node_memory(NUMA_NO_NODE));

	if (size)
		cma_declare_within(&all, 1, size, 0, all.size, "crashkernel", &area);
}

/*
 * Memory that an area has lost when it was activated is like any other, and the kernel's
 * own pages may be there: it has to be in the dump, and what is in the dump must stay.
 */
static int __init cma_note_crash_ranges(void)
{
	phys_addr_t base, size, sum = 0;

	if (!crashk_res.end && (wanted.bytes || wanted.percent))
		pr_err("area of crashkernel= ignored: there is no memory for the crash kernel itself; expected a crashkernel= without \",cma\", too, or see above what became of it\n");
	if (!area)
		return 0;

	while (crashk_cma_cnt < CRASHK_CMA_RANGES_MAX &&
	       cma_get_range(area, crashk_cma_cnt, &base, &size)) {
		crashk_cma_ranges[crashk_cma_cnt].start = base;
		crashk_cma_ranges[crashk_cma_cnt++].end = base + size - 1;
		sum += size;
	}
	if (sum < cma_get_size(area))
		pr_warn("area %s: of %lu MiB, the crash kernel gets %lu MiB, %d ranges\n",
			cma_get_name(area), cma_get_size(area) / SZ_1M,
			(unsigned long)(sum / SZ_1M), crashk_cma_cnt);
	return 0;
}
postcore_initcall(cma_note_crash_ranges);

/**
 * cma_exclude_from_dump() - leave out what the crash kernel may overwrite
 * @mem: memory to be dumped, with room for crashk_cma_cnt more ranges
 *
 * Return: 0, or -ENOMEM if there is no such room.
 */
int cma_exclude_from_dump(struct crash_mem *mem)
{
	int ret = 0;

	for (int i = 0; i < crashk_cma_cnt && !ret; i++)
		ret = crash_exclude_mem_range(mem, crashk_cma_ranges[i].start,
					      crashk_cma_ranges[i].end);
	return ret;
}

/**
 * cma_wait_for_dma() - let devices come to an end before memory has another user
 * @image: crash kernel that is going to be started
 *
 * Borrowed pages may be the target of I/O. That pins them for a short time only: for longer
 * ones, they are moved out of areas first. How short is not known, and nobody is
 * left to tell. A crash kernel that was loaded by kexec_load() does not know of the area.
 *
 * Context: crash; one processor, without interrupts.
 */
void cma_wait_for_dma(const struct kimage *image)
{
	const int seconds = 10;

	if (!crashk_cma_cnt || !image->file_mode)
		return;

	pr_emerg("waiting %d s for I/O to memory that the crash kernel is going to use\n",
		 seconds);
	mdelay(seconds * MSEC_PER_SEC);
}
