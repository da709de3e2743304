// SPDX-License-Identifier: GPL-2.0
/*
 * Areas that the device tree asks for: "shared-dma-pool", reusable
 */

#define pr_fmt(fmt) "Reserved memory: " fmt

#include <linux/cma.h>
#include <linux/dma-map-ops.h>
#include <linux/init.h>
#include <linux/initrd.h>
#include <linux/libfdt.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/memblock.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/of_fdt.h>
#include <linux/of_reserved_mem.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <asm/sections.h>

#include "cma.h"
#include "cma_param.h"
#include "cma_reserve.h"

static int cma_of_device_init(struct reserved_mem *rmem, struct device *dev)
{
	/* For the default area, cma= may have taken the place of the node's. */
	struct cma *cma = rmem->priv ?: dma_contiguous_default_area;

	if (!cma || !cma->nr_ranges)
		return -ENODEV;

	dev->cma_area = cma;
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

/* What is left of the memory of a node when that of others is cut out. */
static struct cma_extent own[64] __initdata;
static unsigned int nr_own __initdata;

/* What was reserved before the nodes were: the kernel, initrd, device tree, firmware. */
static struct cma_extent taken[128] __initdata;
static unsigned int nr_taken __initdata;

/**
 * cma_of_note_taken() - remember what is reserved before the nodes of the device tree are
 *
 * Once both are reserved, memblock cannot tell them apart.
 */
void __init cma_of_note_taken(void)
{
	const struct memblock_region *region;

	for_each_reserved_mem_region(region) {
		/* For want of room, more than is reserved. */
		if (nr_taken == ARRAY_SIZE(taken))
			taken[nr_taken - 1].size = region->base + region->size -
						   taken[nr_taken - 1].base;
		else
			taken[nr_taken++] = (struct cma_extent){ region->base,
								 region->size };
	}
}

static void __init cma_of_cut(const char *node, phys_addr_t start, phys_addr_t end,
			      const char *kind, const char *whose)
{
	phys_addr_t last;

	/* Sizes come from the device tree. */
	if (end < start)
		end = PHYS_ADDR_MAX;
	last = end - 1;
	if (cma_cut_extents(own, &nr_own, ARRAY_SIZE(own), start, end))
		pr_info("node %s: %pa to %pa is not for its area: %s%s\n", node,
			&start, &last, kind, whose);
}

/**
 * cma_of_wants_area() - does a node ask for an area?
 * @node: node
 *
 * Without "reusable", a pool is one of another kind.
 *
 * Return: true if it does.
 */
bool __init cma_of_wants_area(unsigned long node)
{
	return of_flat_dt_is_compatible(node, "shared-dma-pool") &&
	       of_get_flat_dt_prop(node, "reusable", NULL) &&
	       !of_get_flat_dt_prop(node, "no-map", NULL);
}

static bool __init cma_of_is_available(unsigned long node)
{
	const char *status = of_get_flat_dt_prop(node, "status", NULL);

	return !status || !strcmp(status, "ok") || !strcmp(status, "okay");
}

/* How many addresses with sizes a property has; @prop receives the first one. */
static unsigned int __init cma_of_entries(unsigned long node, const char *name,
					  const __be32 **prop)
{
	int cells = dt_root_addr_cells + dt_root_size_cells, len = 0;

	*prop = of_get_flat_dt_prop(node, name, &len);
	return *prop && len > 0 ? len / (cells * sizeof(**prop)) : 0;
}

/* The entry that @prop is at, as far as there are addresses; then @prop is at the next one. */
static struct cma_extent __init cma_of_next_entry(const __be32 **prop)
{
	u64 base = dt_mem_next_cell(dt_root_addr_cells, prop);
	u64 size = dt_mem_next_cell(dt_root_size_cells, prop);

	if (base > PHYS_ADDR_MAX)
		return (struct cma_extent){ };
	return (struct cma_extent){ base, min_t(u64, size, PHYS_ADDR_MAX - base) };
}

/* Bytes in all entries of "reg"; 0 for a node without an address. */
static phys_addr_t __init cma_of_bytes(unsigned long node)
{
	phys_addr_t bytes = 0;
	const __be32 *reg;

	for (unsigned int i = cma_of_entries(node, "reg", &reg); i; i--)
		bytes += min(cma_of_next_entry(&reg).size, PHYS_ADDR_MAX - bytes);
	return bytes;
}

/* Of two areas, the smaller one keeps what both want: it may lie in the other. */
static void __init cma_of_cut_node(const char *name, unsigned long node,
				   phys_addr_t size, unsigned long other)
{
	const char *other_name = fdt_get_name(initial_boot_params, other, NULL);
	phys_addr_t bytes = cma_of_bytes(other);
	const __be32 *reg;

	if (cma_of_wants_area(other) && (bytes > size || (bytes == size && other > node)))
		return;

	for (unsigned int i = cma_of_entries(other, "reg", &reg); i; i--) {
		struct cma_extent entry = cma_of_next_entry(&reg);

		cma_of_cut(name, entry.base, entry.base + entry.size, "node ", other_name);
	}
}

static void __init cma_of_cut_nodes(const char *name, unsigned long node,
				    phys_addr_t size)
{
	const void *fdt = initial_boot_params;
	int parent = fdt_path_offset(fdt, "/reserved-memory");
	int other;

	fdt_for_each_subnode(other, fdt, parent) {
		if (other != node && cma_of_is_available(other))
			cma_of_cut_node(name, node, size, other);
	}
}

/* Cut out what lies between the regions of memblock, and regions that are not mapped. */
static void __init cma_of_cut_gaps(const char *name, const struct memblock_type *type,
				   const char *what)
{
	phys_addr_t end = 0;

	for (unsigned long i = 0; i < type->cnt; i++) {
		struct memblock_region *region = &type->regions[i];

		cma_of_cut(name, end, region->base, what, "");
		end = region->base + region->size;
		if (memblock_is_nomap(region))
			cma_of_cut(name, region->base, end, "not mapped", "");
	}
	cma_of_cut(name, end, PHYS_ADDR_MAX, what, "");
}

static int __init cma_of_cut_area(struct cma *cma, void *name)
{
	phys_addr_t base, size;

	for (unsigned int i = 0; cma_get_range(cma, i, &base, &size); i++)
		cma_of_cut(name, base, base + size, "area ", cma_get_name(cma));
	return 0;
}

/*
 * Does it reserve an entry of "reg" as a whole? Then it says the same as the node: boot
 * loaders do that.
 */
static bool __init cma_of_is_whole_entry(unsigned long node, u64 start, u64 bytes)
{
	const __be32 *reg;

	for (unsigned int i = cma_of_entries(node, "reg", &reg); i; i--) {
		struct cma_extent entry = cma_of_next_entry(&reg);

		if (entry.size && start <= entry.base && entry.base - start < bytes &&
		    entry.size <= bytes - (entry.base - start))
			return true;
	}

	return false;
}

/*
 * Cut out of @own what is not the node's, whatever the order in which it was reserved.
 * Those whose name is known come first.
 */
static void __init cma_of_cut_all(const char *name, unsigned long node, phys_addr_t size)
{
	u64 start, bytes;

	cma_of_cut_nodes(name, node, size);
	cma_of_cut(name, __pa_symbol(_text), __pa_symbol(_end), "the kernel", "");
#ifdef CONFIG_BLK_DEV_INITRD
	cma_of_cut(name, phys_initrd_start, PAGE_ALIGN(phys_initrd_start + phys_initrd_size),
		   "the initrd", "");
#endif
	for (unsigned int i = 0; i < nr_taken; i++)
		cma_of_cut(name, taken[i].base, taken[i].base + taken[i].size,
			   "reserved before", "");
	for (int i = 0; !fdt_get_mem_rsv(initial_boot_params, i, &start, &bytes); i++) {
		if (!bytes)
			break;
		if (!cma_of_is_whole_entry(node, start, bytes))
			cma_of_cut(name, start, start + bytes, "/memreserve/", "");
	}
	cma_of_cut_gaps(name, &memblock.memory, "no memory");
	cma_for_each_area(cma_of_cut_area, (void *)name);
}

/* Reserve what an area needs to have whole blocks, unless there is somebody there. */
static bool __init cma_of_claim(const char *name, phys_addr_t start, phys_addr_t end)
{
	phys_addr_t last = end - 1;

	if (start == end)
		return true;
	/* What is a block now must still be one when the area is activated. */
	if (IS_ENABLED(CONFIG_HUGETLB_PAGE_SIZE_VARIABLE) ||
	    !cma_is_free(start, end) || memblock_reserve(start, end - start))
		return false;

	pr_info("node %s: %pa to %pa is lent together with its area, which does not fill a block of %lu KiB\n",
		name, &start, &last, CMA_MIN_ALIGNMENT_BYTES / SZ_1K);
	return true;
}

static void __init cma_of_give_back(const char *name, phys_addr_t start, phys_addr_t end)
{
	phys_addr_t last = end - 1;

	if (start == end)
		return;

	pr_info("node %s: %pa to %pa does not fill a block of %lu KiB and becomes ordinary memory\n",
		name, &start, &last, CMA_MIN_ALIGNMENT_BYTES / SZ_1K);
	memblock_phys_free(start, end - start);
}

/*
 * Blocks are lent as a whole. Where the rest of one belongs to somebody else, nobody could
 * lend what @own has of it; it was reusable, so it becomes ordinary memory.
 */
static void __init cma_of_fill_blocks(const char *name)
{
	const phys_addr_t block = CMA_MIN_ALIGNMENT_BYTES;
	unsigned int n = 0;

	for (unsigned int i = 0; i < nr_own; i++) {
		struct cma_extent fit = own[i];
		phys_addr_t start = fit.base, end = start + fit.size;
		bool before, after;

		before = cma_of_claim(name, ALIGN_DOWN(start, block), start);
		if (before)
			start = ALIGN_DOWN(start, block);
		after = cma_of_claim(name, end, ALIGN(end, block));
		if (after)
			end = ALIGN(end, block);

		if (!cma_trim(&fit.base, &fit.size, before, after)) {
			cma_of_give_back(name, start, end);
			continue;
		}
		if (!before)
			cma_of_give_back(name, start, fit.base);
		if (!after)
			cma_of_give_back(name, fit.base + fit.size, end);
		own[n++] = fit;
	}

	nr_own = n;
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

/* linux,cma-lend = "user" or "movable" */
static bool __init cma_of_user_only(const struct reserved_mem *rmem)
{
	const char *value;
	int len, who;

	value = of_get_flat_dt_prop(rmem->fdt_node, "linux,cma-lend", &len);
	if (!value)
		return false;
	who = strnlen(value, len) == len - 1 ? cma_parse_lend(value, len - 1) : -EINVAL;
	if (who < 0)
		pr_err("node %s: linux,cma-lend \"%.*s\" ignored; expected " CMA_LEND_EXPECTED "\n",
		       rmem->name, len, value);
	return who > 0;
}

/*
 * Let @own be what the node says: all entries of its "reg", of which @rmem has the first
 * one, or where it was placed.
 * Return: bytes.
 */
static phys_addr_t __init cma_of_start(const struct reserved_mem *rmem)
{
	const __be32 *reg;
	unsigned int nr = cma_of_entries(rmem->fdt_node, "reg", &reg);

	nr_own = 0;
	if (!reg) {
		cma_add_extent(own, &nr_own, ARRAY_SIZE(own), rmem->base,
			       min(rmem->size, PHYS_ADDR_MAX - rmem->base));
		return rmem->size;
	}

	for (unsigned int i = 0; i < nr; i++) {
		struct cma_extent entry = cma_of_next_entry(&reg);

		if (!cma_add_extent(own, &nr_own, ARRAY_SIZE(own), entry.base, entry.size))
			pr_err("node %s: entry %u of reg, %pa, size %pa, ignored: expected at most %zu that do not touch\n",
			       rmem->name, i, &entry.base, &entry.size, ARRAY_SIZE(own));
	}

	return cma_of_bytes(rmem->fdt_node);
}

/* Make an area of what is the node's own; otherwise, give back the memory. */
static struct cma *__init cma_of_make_area(struct reserved_mem *rmem)
{
	phys_addr_t size = cma_of_start(rmem);
	struct cma *cma;

	cma_of_cut_all(rmem->name, rmem->fdt_node, size);
	cma_of_cut_gaps(rmem->name, &memblock.reserved, "not reserved");
	cma_of_fill_blocks(rmem->name);
	if (!nr_own) {
		pr_err("node %s at %pa, size %pa, ignored: it does not hold one block; expected at least %lu KiB at a multiple of that\n",
		       rmem->name, &rmem->base, &size,
		       CMA_MIN_ALIGNMENT_BYTES / SZ_1K);
		return NULL;
	}

	cma = cma_register(own, nr_own, 0, rmem->name);
	for (unsigned int i = 0; i < nr_own && !cma; i++) {
		phys_addr_t start = ALIGN_DOWN(own[i].base, CMA_MIN_ALIGNMENT_BYTES);
		phys_addr_t end = ALIGN(own[i].base + own[i].size, CMA_MIN_ALIGNMENT_BYTES);

		memblock_phys_free(start, end - start);
	}
	return cma;
}

/**
 * cma_of_round_up() - how large is a node without an address?
 * @node: node
 * @size: what it says
 *
 * Return: bytes to reserve: memory is lent in whole blocks.
 */
phys_addr_t __init cma_of_round_up(unsigned long node, phys_addr_t size)
{
	return cma_of_wants_area(node) ? max(size, ALIGN(size, CMA_MIN_ALIGNMENT_BYTES)) : size;
}

/* Where a node without an address may lie. */
static unsigned int __init cma_of_windows(unsigned long node, struct cma_extent *windows,
					  unsigned int max)
{
	const __be32 *prop;
	unsigned int nr = min(cma_of_entries(node, "alloc-ranges", &prop), max);

	if (!prop) {
		windows[0] = (struct cma_extent){ 0, PHYS_ADDR_MAX };
		return 1;
	}

	for (unsigned int i = 0; i < nr; i++)
		windows[i] = cma_of_next_entry(&prop);
	return nr;
}

/* An area that is set up before its node is */
static struct cma *placed __initdata;

/**
 * cma_of_place() - reserve memory for a node that has no room in one piece
 * @node: node, without an address
 * @name: its name
 * @align: bytes
 * @base: receives the address of the first range of its area
 * @size: bytes wanted, and receives those of the first range
 *
 * The node is set up right after this. If it does not ask for an area, or if there is
 * nothing for it, nothing is stored.
 *
 * Context: boot, before memory is mapped.
 */
void __init cma_of_place(unsigned long node, const char *name, phys_addr_t align,
			 phys_addr_t *base, phys_addr_t *size)
{
	phys_addr_t memory = cma_node_memory(NUMA_NO_NODE);

	if (!cma_of_wants_area(node))
		return;
	if (*size > memory) {
		pr_err("node %s: size %pa is more than the memory that there is, %pa\n", name,
		       size, &memory);
		return;
	}
	if (!is_power_of_2(align)) {
		pr_err("node %s: alignment %pa is not a power of two\n", name, &align);
		return;
	}

	/* So that the log says what is in the way */
	nr_own = cma_of_windows(node, own, ARRAY_SIZE(own));
	cma_of_cut_all(name, node, *size);

	nr_own = cma_of_windows(node, own, ARRAY_SIZE(own));
	if (!cma_declare_within(own, nr_own, *size, align, PHYS_ADDR_MAX, name, &placed))
		cma_get_range(placed, 0, base, size);
}

static int __init cma_of_setup(struct reserved_mem *rmem)
{
	unsigned long node = rmem->fdt_node;
	unsigned long size;
	struct cma *cma;

	if (!cma_of_wants_area(node))
		return -EINVAL;

	cma = placed ?: cma_of_make_area(rmem);
	placed = NULL;
	if (!cma) {
		/* The caller would give back what others have of it, too. */
		rmem->size = 0;
		return -EINVAL;
	}

	cma->of_node = true;
	cma->headroom_at_boot = cma_of_headroom(rmem);
	cma->user_only = cma_of_user_only(rmem);
	cma_get_range(cma, 0, &rmem->base, &rmem->size);
	rmem->ops = &cma_of_ops;
	size = cma_get_size(cma);
	pr_info("created CMA memory pool at %pa, size %lu %s, ranges %u\n", &rmem->base,
		size / (IS_ALIGNED(size, SZ_1M) ? SZ_1M : SZ_1K),
		IS_ALIGNED(size, SZ_1M) ? "MiB" : "KiB", cma->nr_ranges);

	if (!of_get_flat_dt_prop(node, "linux,cma-default", NULL) || !cma_offer_default(cma))
		rmem->priv = cma;
	return 0;
}

RESERVEDMEM_OF_DECLARE(cma, "shared-dma-pool", cma_of_setup);
