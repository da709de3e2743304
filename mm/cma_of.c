// SPDX-License-Identifier: GPL-2.0
/*
 * Areas that the device tree asks for: "shared-dma-pool", reusable
 */

#define pr_fmt(fmt) "Reserved memory: " fmt

#include <linux/cma.h>
#include <linux/dma-map-ops.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/memblock.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/of_fdt.h>
#include <linux/of_reserved_mem.h>
#include <linux/sizes.h>

#include "cma.h"
#include "cma_param.h"

static int cma_of_device_init(struct reserved_mem *rmem, struct device *dev)
{
	if (!cma_get_size(rmem->priv))
		return -ENODEV;

	dev->cma_area = rmem->priv;
	return 0;
}

static void cma_of_device_release(struct reserved_mem *rmem, struct device *dev)
{
	dev->cma_area = NULL;
}

static const struct reserved_mem_ops cma_of_ops = {
	.device_init = cma_of_device_init,
	.device_release = cma_of_device_release,
};

/*
 * Make @rmem as large as its area. The memory left at both ends could not be
 * lent any more, but was reusable, so free it.
 */
static void __init cma_of_shrink(struct reserved_mem *rmem, phys_addr_t base,
				 phys_addr_t size)
{
	phys_addr_t before = base - rmem->base;
	phys_addr_t after = rmem->size - size - before;

	if (!before && !after)
		return;

	pr_info("node %s: %llu KiB at its start and %llu KiB at its end do not fill a block of %lu KiB and become ordinary memory\n",
		rmem->name, (u64)before / SZ_1K, (u64)after / SZ_1K,
		CMA_MIN_ALIGNMENT_BYTES / SZ_1K);
	if (before)
		memblock_phys_free(rmem->base, before);
	if (after)
		memblock_phys_free(base + size, after);
	rmem->base = base;
	rmem->size = size;
}

/* linux,cma-headroom = <size>, in the cells that sizes of this tree have */
static unsigned long __init cma_of_headroom(const struct reserved_mem *rmem)
{
	const __be32 *value;
	int len;
	u64 size;

	value = of_get_flat_dt_prop(rmem->fdt_node, "linux,cma-headroom", &len);
	if (!value)
		return 0;
	if (len != dt_root_size_cells * sizeof(*value)) {
		pr_err("node %s: linux,cma-headroom ignored: it has %d bytes; expected a size of %d cells\n",
		       rmem->name, len, dt_root_size_cells);
		return 0;
	}

	size = dt_mem_next_cell(dt_root_size_cells, &value);
	return min_t(u64, DIV_ROUND_UP_ULL(size, PAGE_SIZE), ULONG_MAX);
}

/* On an error the caller gives back all of the memory. */
static int __init cma_of_setup(struct reserved_mem *rmem)
{
	unsigned long node = rmem->fdt_node;
	bool is_default = of_get_flat_dt_prop(node, "linux,cma-default", NULL);
	phys_addr_t base = rmem->base, size = rmem->size;
	struct cma *cma;
	int ret;

	/* Without "reusable" this is a pool of another kind. */
	if (!of_get_flat_dt_prop(node, "reusable", NULL) ||
	    of_get_flat_dt_prop(node, "no-map", NULL))
		return -EINVAL;

	if (is_default && cma_param_given()) {
		pr_info("node %s ignored: cma= takes the place of the default area\n",
			rmem->name);
		return -EBUSY;
	}

	if (!cma_trim(&base, &size)) {
		pr_err("node %s at %pa, size %pa, ignored: it does not hold one block; expected at least %lu KiB at a multiple of that\n",
		       rmem->name, &base, &size, CMA_MIN_ALIGNMENT_BYTES / SZ_1K);
		return -EINVAL;
	}

	ret = cma_init_reserved_mem(base, size, 0, rmem->name, &cma);
	if (ret) {
		pr_err("node %s at %pa, size %pa, ignored: no area can be made of it: %d\n",
		       rmem->name, &base, &size, ret);
		return ret;
	}

	cma->headroom_at_boot = cma_of_headroom(rmem);
	cma_of_shrink(rmem, base, size);
	rmem->ops = &cma_of_ops;
	rmem->priv = cma;
	if (is_default)
		dma_contiguous_default_area = cma;

	pr_info("created CMA memory pool at %pa, size %lu MiB\n", &base,
		(unsigned long)(size / SZ_1M));
	return 0;
}

RESERVEDMEM_OF_DECLARE(cma, "shared-dma-pool", cma_of_setup);
