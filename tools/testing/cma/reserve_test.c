// SPDX-License-Identifier: GPL-2.0
/*
 * Boot-time reservation, on a memblock of a few dozen blocks
 *
 * A block is as large as the smallest area. Whatever is asked for, an area that
 * comes of it must keep every promise, and a refusal must leave no trace.
 */

#include "../../../mm/cma.h"
#include "../../../mm/tests/cma_choose_kunit.c"

#define BLOCK		((phys_addr_t)CMA_MIN_ALIGNMENT_BYTES)
#define NR_BLOCKS	40

enum block {
	BLOCK_NONE,
	BLOCK_FREE,
	BLOCK_RESERVED,
};

#define NODE_BLOCKS	(NR_BLOCKS / 2)	/* the rest is on node 1 */

static enum block blocks[NR_BLOCKS];
static phys_addr_t first_block;		/* address */
static bool bottom_up;

struct memblock memblock;
unsigned long totalcma_pages;
void *high_memory;

static phys_addr_t address(unsigned int block)
{
	return first_block + block * BLOCK;
}

/* Rewrite the regions; neighbours of one kind are one region. */
static void tell_memblock(void)
{
	struct memblock_type *type = &memblock.memory;

	for (enum block least = BLOCK_FREE; least <= BLOCK_RESERVED; least++) {
		type->cnt = 0;
		for (unsigned int i = 0; i < NR_BLOCKS; i++) {
			if (blocks[i] < least)
				continue;
			if (i && blocks[i - 1] >= least)
				type->regions[type->cnt - 1].size += BLOCK;
			else
				type->regions[type->cnt++] = (struct memblock_region) {
					address(i), BLOCK
				};
		}
		type = &memblock.reserved;
	}
}

phys_addr_t memblock_end_of_DRAM(void)
{
	for (unsigned int i = NR_BLOCKS; i--;) {
		if (blocks[i] != BLOCK_NONE)
			return address(i) + BLOCK;
	}

	return 0;
}

bool memblock_bottom_up(void)
{
	return bottom_up;
}

void memblock_set_bottom_up(bool enable)
{
	bottom_up = enable;
}

/* Like the real ones, these shorten what goes beyond the end of the type. */
static bool touches(unsigned int block, phys_addr_t base, phys_addr_t size)
{
	size = min(size, (phys_addr_t)-1 - base);
	return address(block) < base + size && base < address(block) + BLOCK;
}

/* It was asked for a range that is empty, or goes past the end of the type. */
static bool nonsense;

static void set_blocks(phys_addr_t base, phys_addr_t size, enum block from,
		       enum block to)
{
	if (base + size <= base)
		nonsense = true;
	for (unsigned int i = 0; i < NR_BLOCKS; i++) {
		if (blocks[i] == from && touches(i, base, size))
			blocks[i] = to;
	}
	tell_memblock();
}

bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size)
{
	for (unsigned int i = 0; i < NR_BLOCKS; i++) {
		if (blocks[i] == BLOCK_RESERVED && touches(i, base, size))
			return true;
	}

	return false;
}

/* Which call is to fail; 0 for none. */
static unsigned int fail_reserve;

int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	if (fail_reserve && !--fail_reserve)
		return -ENOMEM;
	set_blocks(base, size, BLOCK_FREE, BLOCK_RESERVED);
	return 0;
}

int memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	if (!IS_ALIGNED(base | size, BLOCK))
		nonsense = true;
	set_blocks(base, size, BLOCK_RESERVED, BLOCK_FREE);
	return 0;
}

static bool is_free(unsigned int first, phys_addr_t size)
{
	for (unsigned int i = first; i < first + size / BLOCK; i++) {
		if (i >= NR_BLOCKS || blocks[i] != BLOCK_FREE)
			return false;
	}

	return true;
}

phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align,
				     phys_addr_t start, phys_addr_t end,
				     int nid, bool exact_nid)
{
	if (!size)
		nonsense = true;
	/* MEMBLOCK_ALLOC_ACCESSIBLE */
	if (!end)
		end = (phys_addr_t)-1;
	for (unsigned int i = 0; i < NR_BLOCKS; i++) {
		unsigned int block = bottom_up ? i : NR_BLOCKS - 1 - i;
		phys_addr_t base = address(block);

		if (base && base >= start && base <= end && size <= end - base &&
		    IS_ALIGNED(base, align) && size / BLOCK <= NR_BLOCKS &&
		    is_free(block, size)) {
			memblock_reserve(base, size);
			return base;
		}
	}

	return 0;
}

bool memblock_next_free(u64 *i, int nid, phys_addr_t *start, phys_addr_t *end)
{
	unsigned int first = nid == 1 ? NODE_BLOCKS : 0;
	unsigned int stop = nid == 0 ? NODE_BLOCKS : NR_BLOCKS;
	unsigned int block = max_t(u64, *i, first);

	while (block < stop && blocks[block] != BLOCK_FREE)
		block++;
	if (block >= stop)
		return false;

	/* As with memblock, no region is on two nodes. */
	*start = address(block++);
	while (block < stop && block != NODE_BLOCKS && blocks[block] == BLOCK_FREE)
		block++;
	*end = address(block);
	*i = block;
	return true;
}

/* Of areas there can be one. */
static union {
	struct cma cma;
	char room[sizeof(struct cma) + NR_BLOCKS * sizeof(struct cma_map)];
} area;
static phys_addr_t area_base, area_size;

struct cma *cma_register(const struct cma_extent *extents, unsigned int nr,
			 unsigned int order_per_bit, const char *name)
{
	if (area_size)
		return NULL;

	memset(&area, 0, sizeof(area));
	area_base = extents->base;
	area.cma.nr_ranges = nr;
	area.cma.ranges = area.cma.registered;
	for (unsigned int i = 0; i < nr; i++) {
		area.cma.ranges[i] = (struct cma_map) {
			.base_pfn = PHYS_PFN(extents[i].base),
			.count = PHYS_PFN(extents[i].size),
			.order_per_bit = order_per_bit,
		};
		area_size += extents[i].size;
	}
	strscpy(area.cma.name, name ?: "cma0", sizeof(area.cma.name));
	return &area.cma;
}

/* All ranges lie in one zone but this one. */
static const struct cma_map *in_two_zones;

bool cma_in_one_zone(const struct cma_map *map)
{
	return map != in_two_zones;
}

phys_addr_t cma_get_base(const struct cma *cma)
{
	return area_base;
}

unsigned long cma_get_size(const struct cma *cma)
{
	return area_size;
}

const char *cma_get_name(const struct cma *cma)
{
	return cma->name;
}

static void new_machine(phys_addr_t base, phys_addr_t high, const char *picture)
{
	memset(blocks, 0, sizeof(blocks));
	for (unsigned int i = 0; picture[i]; i++)
		blocks[i] = picture[i] == ' ' ? BLOCK_NONE :
			    picture[i] == '.' ? BLOCK_FREE : BLOCK_RESERVED;
	first_block = base;
	high_memory = (void *)(unsigned long)(high ?: memblock_end_of_DRAM());
	area_size = 0;
	bottom_up = false;
	nonsense = false;
	tell_memblock();
}

struct ask {
	phys_addr_t base, size, limit, alignment;
	unsigned int order_per_bit;
	bool fixed;
};

static const struct ask nothing;

static int declare(const struct ask *ask, struct cma **cma)
{
	return cma_declare_contiguous(ask->base, ask->size, ask->limit,
				      ask->alignment, ask->order_per_bit,
				      ask->fixed, "test", cma);
}

/* Ask, and check whatever comes of it. */
static int check_ask(struct kunit *test, const struct ask *ask)
{
	phys_addr_t high = (unsigned long)high_memory;
	enum block before[NR_BLOCKS];
	struct cma *cma = NULL;
	phys_addr_t end;
	int ret;

	memcpy(before, blocks, sizeof(blocks));
	ret = declare(ask, &cma);
	KUNIT_EXPECT_FALSE(test, nonsense);
	KUNIT_EXPECT_FALSE(test, bottom_up);
	if (ret) {
		KUNIT_EXPECT_EQ(test, memcmp(before, blocks, sizeof(blocks)), 0);
		KUNIT_EXPECT_NULL(test, cma);
		KUNIT_EXPECT_EQ(test, area_size, 0);
		return ret;
	}

	KUNIT_EXPECT_TRUE(test, cma == &area.cma);
	KUNIT_EXPECT_TRUE(test, area_size >= ask->size);
	KUNIT_EXPECT_TRUE(test, area_base >= ask->base);
	KUNIT_EXPECT_TRUE(test, !ask->fixed || !ask->base || area_base == ask->base);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(area_base, ask->alignment ?: 1));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(area_base, BLOCK));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(area_size, BLOCK));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(area_size >> PAGE_SHIFT,
					   1UL << ask->order_per_bit));
	KUNIT_EXPECT_TRUE(test, !__builtin_add_overflow(area_base, area_size, &end));
	KUNIT_EXPECT_TRUE(test, !ask->limit || end <= ask->limit);
	KUNIT_EXPECT_TRUE(test, end <= high || area_base >= high);
	for (unsigned int i = 0; i < NR_BLOCKS; i++) {
		bool mine = touches(i, area_base, area_size);

		KUNIT_EXPECT_EQ(test, before[i], mine ? BLOCK_FREE : blocks[i]);
		KUNIT_EXPECT_TRUE(test, !mine || blocks[i] == BLOCK_RESERVED);
	}
	return 0;
}

static void cma_reserves_where_asked(struct kunit *test)
{
	const phys_addr_t gib = 1 << 30, at = gib;

	/* From the top of what is free. */
	new_machine(at, 0, "#...#....");
	KUNIT_EXPECT_EQ(test, check_ask(test, &(struct ask){ .size = 2 * BLOCK }), 0);
	KUNIT_EXPECT_EQ(test, area_base, at + 7 * BLOCK);
	new_machine(at, 0, "#...#....");
	KUNIT_EXPECT_EQ(test, check_ask(test, &(struct ask){ .size = 1 }), 0);
	KUNIT_EXPECT_EQ(test, area_base, at + 8 * BLOCK);
	KUNIT_EXPECT_EQ(test, area_size, BLOCK);
	new_machine(at, 0, "#...#....");
	KUNIT_EXPECT_EQ(test, check_ask(test, &(struct ask){
		.size = 2 * BLOCK, .limit = at + 4 * BLOCK }), 0);
	KUNIT_EXPECT_EQ(test, area_base, at + 2 * BLOCK);
	new_machine(at, 0, "#...#....");
	KUNIT_EXPECT_EQ(test, check_ask(test, &(struct ask){
		.size = 2 * BLOCK, .base = at + BLOCK, .fixed = true }), 0);
	KUNIT_EXPECT_EQ(test, area_base, at + BLOCK);

	/* Not where there is no room, no memory, or another owner. */
	new_machine(at, 0, "#...#....");
	KUNIT_EXPECT_EQ(test, check_ask(test, &(struct ask){ .size = 5 * BLOCK }),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, check_ask(test, &(struct ask){
		.size = 2 * BLOCK, .base = at + 3 * BLOCK, .fixed = true }), -EBUSY);
	new_machine(at, 0, "#.. ....");
	KUNIT_EXPECT_TRUE(test, check_ask(test, &(struct ask){
		.size = 3 * BLOCK, .base = at + BLOCK, .fixed = true }) < 0);

#ifdef CONFIG_PHYS_ADDR_T_64BIT
	/* From 4 GiB upwards if possible. */
	new_machine(4 * gib - 4 * BLOCK, 0, "........");
	KUNIT_EXPECT_EQ(test, check_ask(test, &(struct ask){ .size = BLOCK }), 0);
	KUNIT_EXPECT_EQ(test, area_base, 4 * gib);
	new_machine(4 * gib - 4 * BLOCK, 0, "....##.#");
	KUNIT_EXPECT_EQ(test, check_ask(test, &(struct ask){ .size = 2 * BLOCK }), 0);
	KUNIT_EXPECT_EQ(test, area_base, 4 * gib - 2 * BLOCK);
#endif

	/* On either side of high memory, above if possible. */
	new_machine(at, at + 4 * BLOCK, "........");
	KUNIT_EXPECT_EQ(test, check_ask(test, &(struct ask){ .size = 3 * BLOCK }), 0);
	KUNIT_EXPECT_EQ(test, area_base, at + 5 * BLOCK);
	new_machine(at, at + 4 * BLOCK, "......");
	KUNIT_EXPECT_EQ(test, check_ask(test, &(struct ask){ .size = 4 * BLOCK }), 0);
	KUNIT_EXPECT_EQ(test, area_base, at);
	new_machine(at, at + 4 * BLOCK, "......");
	KUNIT_EXPECT_EQ(test, check_ask(test, &(struct ask){
		.size = 2 * BLOCK, .base = at + 3 * BLOCK, .fixed = true }), -EINVAL);
}

/* The last block has the last address that there can be. */
static void cma_reserves_at_the_top(struct kunit *test)
{
	const phys_addr_t top = ALIGN_DOWN((phys_addr_t)-1, BLOCK);
	struct cma *cma;

	for (unsigned int shift = 0; shift < 8; shift++) {
		for (unsigned int n = 1; n < 8; n++) {
			/* No memory at all up there. */
			new_machine(1 << 30, 0, "........");
			KUNIT_EXPECT_TRUE(test, check_ask(test, &(struct ask){
				.base = top - shift * BLOCK, .size = n * BLOCK,
				.fixed = true }) < 0);
			KUNIT_EXPECT_TRUE(test, check_ask(test, &(struct ask){
				.base = top - shift * BLOCK, .size = n * BLOCK }) < 0);
			KUNIT_EXPECT_TRUE(test, check_ask(test, &(struct ask){
				.base = 1 << 30, .size = -n * BLOCK - shift,
				.fixed = true }) < 0);
			KUNIT_EXPECT_TRUE(test, cma_init_reserved_mem(top - shift * BLOCK,
								      n * BLOCK, 0, "test",
								      &cma) < 0);
			KUNIT_EXPECT_TRUE(test, cma_init_reserved_mem(1 << 30, -n * BLOCK,
								      0, "test", &cma) < 0);
		}
	}
}

/* Units: half of a block, and many times the machine. */
static void cma_reserves_whole_units(struct kunit *test)
{
	const phys_addr_t at = 1 << 30;
	struct cma *cma;

	for (unsigned int order = 0; order < 1000; order++) {
		struct ask ask = { .size = 8 * BLOCK, .order_per_bit = order };
		bool fits = order <= pageblock_order + 3;
		int ret;

		new_machine(at, 0, "........");
		KUNIT_EXPECT_EQ(test, check_ask(test, &ask), fits ? 0 : -EINVAL);
		new_machine(at, 0, "########");
		ret = cma_init_reserved_mem(at, 8 * BLOCK, order, "test", &cma);
		KUNIT_EXPECT_EQ(test, ret, fits ? 0 : -EINVAL);
	}
}

static void cma_reserved_must_be(struct kunit *test)
{
	const phys_addr_t at = 1 << 30;
	struct cma *cma;

	new_machine(at, 0, "..####. ##");
	KUNIT_EXPECT_EQ(test, cma_init_reserved_mem(at + BLOCK, 2 * BLOCK, 0, "a", &cma),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, cma_init_reserved_mem(at + 4 * BLOCK, 3 * BLOCK, 0, "a", &cma),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, cma_init_reserved_mem(at + 7 * BLOCK, 2 * BLOCK, 0, "a", &cma),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, cma_init_reserved_mem(at + 9 * BLOCK, 2 * BLOCK, 0, "a", &cma),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, cma_init_reserved_mem(at + 20 * BLOCK, BLOCK, 0, "a", &cma),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, cma_init_reserved_mem(0, BLOCK, 0, "a", &cma), -EINVAL);
	KUNIT_EXPECT_EQ(test, area_size, 0);

	/* Two regions of memory that touch are as good as one. */
	memblock.memory.regions[0].size = 4 * BLOCK;
	memblock.memory.regions[2] = memblock.memory.regions[1];
	memblock.memory.regions[1] = (struct memblock_region){ at + 4 * BLOCK, 3 * BLOCK };
	memblock.memory.cnt = 3;
	KUNIT_EXPECT_EQ(test, cma_init_reserved_mem(at + 2 * BLOCK, 4 * BLOCK, 0, "a", &cma),
			0);
	KUNIT_EXPECT_EQ(test, area_base, at + 2 * BLOCK);
	/* It cannot be registered, as the caller of the other function sees it. */
	KUNIT_EXPECT_EQ(test, declare(&(struct ask){ .size = BLOCK }, &cma), -ENOMEM);
	KUNIT_EXPECT_EQ(test, blocks[0], BLOCK_FREE);
	KUNIT_EXPECT_EQ(test, blocks[1], BLOCK_FREE);
	KUNIT_EXPECT_EQ(test, blocks[6], BLOCK_FREE);
}

static phys_addr_t absurd(struct rnd_state *rnd)
{
	phys_addr_t value = (phys_addr_t)1 << prandom_u32_state(rnd) % (8 * sizeof(value));

	switch (prandom_u32_state(rnd) % 4) {
	case 0:
		value = -value;
		break;
	case 1:
		value -= prandom_u32_state(rnd) % 3 * BLOCK;
		break;
	case 2:
		value += prandom_u32_state(rnd) % 3;
		break;
	}
	return value;
}

static void cma_reserves_or_not(struct kunit *test)
{
	unsigned int reserved = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 4);
	for (unsigned int i = 0; i < 100000; i++) {
		unsigned int n = 1 + prandom_u32_state(&rnd) % NR_BLOCKS;
		char picture[NR_BLOCKS + 1] = "";
		struct ask ask = nothing;
		phys_addr_t base, high;

		for (unsigned int j = 0; j < n; j++)
			picture[j] = "......# "[prandom_u32_state(&rnd) % 8];
		picture[prandom_u32_state(&rnd) % n] = '.';
		/* Anywhere, often across 4 GiB; memory ends below the end. */
		base = ALIGN_DOWN(absurd(&rnd), BLOCK);
		if (prandom_u32_state(&rnd) % 2)
			base = (phys_addr_t)4 << 30;
		base -= min(base, prandom_u32_state(&rnd) % NR_BLOCKS * BLOCK);
		base = min(base, -(NR_BLOCKS + 1) * BLOCK);
		/* Where there is high memory, it starts below 4 GiB. */
		high = base + (1 + prandom_u32_state(&rnd) % NR_BLOCKS) * BLOCK;
		if (high > (phys_addr_t)4 << 30 || prandom_u32_state(&rnd) % 2)
			high = 0;
		new_machine(base, high, picture);

		ask.size = (1 + prandom_u32_state(&rnd) % 6) * BLOCK;
		if (prandom_u32_state(&rnd) % 2)
			ask.base = address(prandom_u32_state(&rnd) % NR_BLOCKS);
		if (prandom_u32_state(&rnd) % 2)
			ask.limit = address(prandom_u32_state(&rnd) % NR_BLOCKS);
		if (prandom_u32_state(&rnd) % 2)
			ask.alignment = BLOCK << prandom_u32_state(&rnd) % 5;
		if (prandom_u32_state(&rnd) % 2)
			ask.order_per_bit = prandom_u32_state(&rnd) % 14;
		ask.fixed = prandom_u32_state(&rnd) % 2;

		switch (prandom_u32_state(&rnd) % 8) {
		case 0:
			ask.size = absurd(&rnd);
			break;
		case 1:
			ask.base = absurd(&rnd);
			break;
		case 2:
			ask.limit = absurd(&rnd);
			break;
		case 3:
			ask.alignment = absurd(&rnd);
			break;
		case 4:
			ask.order_per_bit = prandom_u32_state(&rnd) % 80;
			break;
		}
		reserved += !check_ask(test, &ask);
	}

	/* Or the checks would check nothing. */
	KUNIT_EXPECT_TRUE(test, reserved > 10000);
}

/*
 * Areas of several ranges
 */

/* Borders of zones that are known at boot. */
static bool is_border(phys_addr_t at)
{
	return at == (phys_addr_t)SZ_4G || at == (unsigned long)high_memory;
}

/* Free memory of a node, at this alignment, piece by piece. */
static unsigned int pieces(int nid, phys_addr_t align, struct cma_extent *extents)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < NR_BLOCKS; i++) {
		bool on_node = nid < 0 || nid == i / NODE_BLOCKS;

		if (blocks[i] != BLOCK_FREE || !on_node)
			continue;
		if (!n || address(i) != extents[n - 1].base + extents[n - 1].size ||
		    i == NODE_BLOCKS || is_border(address(i)))
			extents[n++].size = 0;
		if (!extents[n - 1].size)
			extents[n - 1].base = address(i);
		extents[n - 1].size += BLOCK;
	}

	return n;
}

static int declare_multi(phys_addr_t size, phys_addr_t align,
			 unsigned int order_per_bit, int nid, struct cma **cma)
{
	return cma_declare_contiguous_multi(size, align, order_per_bit, "test",
					    cma, nid);
}

/* Whatever there is, it is found, in as few ranges as can be, and nothing else changes. */
static int check_multi(struct kunit *test, phys_addr_t size, phys_addr_t align,
		       unsigned int order_per_bit, int nid)
{
	phys_addr_t unit = (phys_addr_t)PAGE_SIZE << min(order_per_bit, 40u);
	phys_addr_t step = max3(align, unit, BLOCK), sum = 0;
	phys_addr_t wanted = ALIGN(size, step);
	bool sane = size && wanted >= size && wanted <= ULONG_MAX &&
		    !(align & (align - 1)) && order_per_bit < 40;
	struct cma_extent extents[NR_BLOCKS];
	enum block before[NR_BLOCKS];
	unsigned int best = 0, nr;
	struct cma *cma = NULL;
	struct cma_map *map;
	int ret;

	memcpy(before, blocks, sizeof(blocks));
	nr = pieces(nid, step, extents);
	if (sane)
		best = fewest(extents, nr, wanted, step);
	ret = declare_multi(size, align, order_per_bit, nid, &cma);
	KUNIT_EXPECT_FALSE(test, nonsense);
	KUNIT_EXPECT_EQ(test, ret, best ? 0 : sane ? -ENOMEM : -EINVAL);
	if (ret) {
		KUNIT_EXPECT_EQ(test, memcmp(before, blocks, sizeof(blocks)), 0);
		KUNIT_EXPECT_NULL(test, cma);
		KUNIT_EXPECT_EQ(test, area_size, 0);
		return ret;
	}

	KUNIT_EXPECT_EQ(test, cma->nr_ranges, best);
	KUNIT_EXPECT_EQ(test, area_size, wanted);
	cma_for_each_map(map, cma) {
		phys_addr_t base = PFN_PHYS(map->base_pfn);
		phys_addr_t bytes = PFN_PHYS(map->count);

		KUNIT_EXPECT_EQ(test, (base | bytes) & (step - 1), 0);
		sum += bytes;
		for (unsigned int i = 0; i < NR_BLOCKS; i++) {
			if (!touches(i, base, bytes))
				continue;
			KUNIT_EXPECT_EQ(test, before[i], BLOCK_FREE);
			KUNIT_EXPECT_EQ(test, blocks[i], BLOCK_RESERVED);
			KUNIT_EXPECT_TRUE(test, nid < 0 || nid == i / NODE_BLOCKS);
			KUNIT_EXPECT_TRUE(test, address(i) == base ||
					  !is_border(address(i)));
			before[i] = BLOCK_RESERVED;	/* by no other range */
		}
	}
	KUNIT_EXPECT_EQ(test, sum, wanted);
	KUNIT_EXPECT_EQ(test, memcmp(before, blocks, sizeof(blocks)), 0);
	return 0;
}

static void cma_reserves_over_holes(struct kunit *test)
{
	const phys_addr_t gib = 1 << 30, at = gib;
	struct cma *cma;

	new_machine(at, 0, "..##....#... ..");
	KUNIT_EXPECT_EQ(test, check_multi(test, 3 * BLOCK, 0, 0, -1), 0);
	KUNIT_EXPECT_EQ(test, area_base, at + 9 * BLOCK);
	new_machine(at, 0, "..##....#... ..");
	KUNIT_EXPECT_EQ(test, check_multi(test, 9 * BLOCK - 1, 0, 0, -1), 0);
	KUNIT_EXPECT_EQ(test, area.cma.nr_ranges, 3);
	KUNIT_EXPECT_TRUE(test, cma_intersects(&area.cma, at + 4 * BLOCK,
					       at + 4 * BLOCK + 1));
	KUNIT_EXPECT_FALSE(test, cma_intersects(&area.cma, at + 8 * BLOCK,
						at + 9 * BLOCK));
	KUNIT_EXPECT_FALSE(test, cma_intersects(&area.cma, at + 5 * BLOCK,
						at + 5 * BLOCK));
	new_machine(at, 0, "..##....#... ..");
	KUNIT_EXPECT_EQ(test, check_multi(test, 12 * BLOCK, 0, 0, -1), -ENOMEM);
	/* Blocks 5, 7 and so on do not start at a multiple of two blocks. */
	new_machine(at, 0, ".#.. .... .... .");
	KUNIT_EXPECT_EQ(test, check_multi(test, 6 * BLOCK, 2 * BLOCK, 0, -1), 0);
	new_machine(at, 0, "....");
	KUNIT_EXPECT_EQ(test, check_multi(test, BLOCK, 3, 0, -1), -EINVAL);
	KUNIT_EXPECT_EQ(test, check_multi(test, 0, 0, 0, -1), -EINVAL);
	KUNIT_EXPECT_EQ(test, check_multi(test, -1, 0, 0, -1), -EINVAL);

	/* On one node; on either. */
	new_machine(at, 0, "...................########.............");
	KUNIT_EXPECT_EQ(test, check_multi(test, 20 * BLOCK, 0, 0, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, check_multi(test, 20 * BLOCK, 0, 0, -1), 0);
	new_machine(at, 0, "...................########.............");
	KUNIT_EXPECT_EQ(test, check_multi(test, 2 * BLOCK, 0, 0, 1), 0);
	KUNIT_EXPECT_TRUE(test, area_base >= address(NODE_BLOCKS));

	/* Not into high memory, nor across 4 GiB. */
	new_machine(at, at + 3 * BLOCK, "......");
	KUNIT_EXPECT_EQ(test, check_multi(test, 5 * BLOCK, 0, 0, -1), 0);
	KUNIT_EXPECT_EQ(test, area_base, at + 3 * BLOCK);
#ifdef CONFIG_PHYS_ADDR_T_64BIT
	new_machine(4 * gib - 4 * BLOCK, 0, "..........");
	KUNIT_EXPECT_EQ(test, check_multi(test, 7 * BLOCK, 0, 0, -1), 0);
	KUNIT_EXPECT_EQ(test, area_base, 4 * gib);
#endif

	/* The second range, or the area, cannot be entered: the first goes back. */
	for (unsigned int nth = 1; nth <= 3; nth++) {
		enum block before[NR_BLOCKS];

		new_machine(at, 0, "..##....#... ..");
		fail_reserve = nth;
		area_size = nth == 3;
		memcpy(before, blocks, sizeof(blocks));
		KUNIT_EXPECT_EQ(test, declare_multi(6 * BLOCK, 0, 0, -1, &cma), -ENOMEM);
		KUNIT_EXPECT_EQ(test, memcmp(before, blocks, sizeof(blocks)), 0);
		fail_reserve = 0;
	}
	/* There is no memory to work with. */
	new_machine(at, 0, "....");
	shim_fail_alloc = 1;
	KUNIT_EXPECT_EQ(test, declare_multi(BLOCK, 0, 0, -1, &cma), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, memblock_is_region_reserved(at, 4 * BLOCK));
}

/* Blocks of these kinds from @lowest on or around 4 GiB; some of it may be high memory. */
static void any_machine(struct rnd_state *rnd, const char *kinds, phys_addr_t lowest)
{
	phys_addr_t base = lowest + prandom_u32_state(rnd) % 64 * BLOCK, high;
	char picture[NR_BLOCKS + 1] = "";

	for (unsigned int j = 0; j < NR_BLOCKS; j++)
		picture[j] = kinds[prandom_u32_state(rnd) % strlen(kinds)];
	picture[0] = '.';
	if (prandom_u32_state(rnd) % 2)
		base = SZ_4G - prandom_u32_state(rnd) % NR_BLOCKS * BLOCK;
	base = min(base, -(NR_BLOCKS + 1) * BLOCK);
	high = base + (1 + prandom_u32_state(rnd) % NR_BLOCKS) * BLOCK;
	if (high > SZ_4G || prandom_u32_state(rnd) % 2)
		high = 0;
	new_machine(base, high, picture);
}

static void cma_reserves_over_any_holes(struct kunit *test)
{
	unsigned int reserved = 0, ranges = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 5);
	for (unsigned int i = 0; i < 20000; i++) {
		phys_addr_t size, align = 0;
		unsigned int order_per_bit = 0;

		any_machine(&rnd, "......# ", BLOCK);
		size = (1 + prandom_u32_state(&rnd) % 25) * BLOCK;
		if (prandom_u32_state(&rnd) % 2)
			align = BLOCK << prandom_u32_state(&rnd) % 4;
		if (prandom_u32_state(&rnd) % 2)
			order_per_bit = prandom_u32_state(&rnd) % 13;
		switch (prandom_u32_state(&rnd) % 16) {
		case 0:
			size = absurd(&rnd);
			break;
		case 1:
			align = absurd(&rnd);
			break;
		case 2:
			order_per_bit = prandom_u32_state(&rnd) % 40;
			break;
		}
		if (!check_multi(test, size, align, order_per_bit,
				 (int)(prandom_u32_state(&rnd) % 3) - 1)) {
			reserved++;
			ranges += area.cma.nr_ranges > 2;
		}
	}

	/* Or the checks would check nothing. */
	KUNIT_EXPECT_TRUE(test, reserved > 2000);
	KUNIT_EXPECT_TRUE(test, ranges > 500);
}

/*
 * Areas that are to lie in certain places, as large as can be
 */

/* A run of free blocks in one window that is not cut where high memory starts. */
static bool has_run(const struct cma_extent *windows, unsigned int nr, unsigned int blocks_wanted)
{
	for (unsigned int w = 0; w < nr; w++) {
		phys_addr_t end = windows[w].base + windows[w].size;
		unsigned int run = 0;

		for (unsigned int i = 0; i < NR_BLOCKS; i++) {
			if (address(i) == (unsigned long)high_memory)
				run = 0;
			if (blocks[i] == BLOCK_FREE && address(i) >= windows[w].base &&
			    address(i) + BLOCK <= end)
				run++;
			else
				run = 0;
			if (run && run >= blocks_wanted && address(i + 1 - run))
				return true;
		}
	}

	return false;
}

static bool in_windows(unsigned int block, const struct cma_extent *windows, unsigned int nr)
{
	for (unsigned int w = 0; w < nr; w++) {
		if (address(block) >= windows[w].base &&
		    address(block) + BLOCK <= windows[w].base + windows[w].size)
			return true;
	}

	return false;
}

/* What an area in pieces must leave: a part of all memory below @limit. */
static unsigned int spare_blocks(phys_addr_t limit)
{
	unsigned int memory = 0, is_free = 0;

	for (unsigned int i = 0; i < NR_BLOCKS && address(i) < limit; i++) {
		memory += blocks[i] != BLOCK_NONE;
		is_free += blocks[i] == BLOCK_FREE;
	}

	return is_free - min(is_free, (memory + 7) / 8);
}

/* Return: how many blocks there are now. */
static unsigned int check_within(struct kunit *test, const struct cma_extent *windows,
				 unsigned int nr, unsigned int wanted, phys_addr_t limit)
{
	bool one = has_run(windows, nr, wanted);
	unsigned int found = 0, got = 0, all = 0, expect;
	enum block before[NR_BLOCKS];
	struct cma *cma = NULL;
	struct cma_map *map;
	int ret;

	for (unsigned int i = 0; i < NR_BLOCKS; i++)
		found += blocks[i] == BLOCK_FREE && in_windows(i, windows, nr) && address(i);
	expect = one ? wanted : min(min(wanted, found), spare_blocks(limit));
	memcpy(before, blocks, sizeof(blocks));
	for (unsigned int i = 0; i < NR_BLOCKS; i++)
		all += blocks[i] == BLOCK_FREE;
	KUNIT_EXPECT_EQ(test, cma_free_memory(NUMA_NO_NODE, BLOCK), all * BLOCK);

	ret = cma_declare_within(windows, nr, wanted * BLOCK - PAGE_SIZE, 0, limit, "test",
				 &cma);
	KUNIT_EXPECT_FALSE(test, nonsense);
	KUNIT_EXPECT_EQ(test, ret, expect ? 0 : -ENOMEM);
	if (ret) {
		KUNIT_EXPECT_EQ(test, memcmp(before, blocks, sizeof(blocks)), 0);
		KUNIT_EXPECT_NULL(test, cma);
		return 0;
	}

	KUNIT_EXPECT_TRUE(test, !one || cma->nr_ranges == 1);
	cma_for_each_map(map, cma) {
		phys_addr_t base = PFN_PHYS(map->base_pfn);
		phys_addr_t bytes = PFN_PHYS(map->count);

		for (unsigned int i = 0; i < NR_BLOCKS; i++) {
			if (!touches(i, base, bytes))
				continue;
			KUNIT_EXPECT_EQ(test, before[i], BLOCK_FREE);
			KUNIT_EXPECT_TRUE(test, in_windows(i, windows, nr));
			KUNIT_EXPECT_TRUE(test, one || address(i) == base ||
					  !is_border(address(i)));
			before[i] = BLOCK_RESERVED;
			got++;
		}
	}
	KUNIT_EXPECT_EQ(test, got, expect);
	KUNIT_EXPECT_EQ(test, area_size, got * BLOCK);
	KUNIT_EXPECT_EQ(test, memcmp(before, blocks, sizeof(blocks)), 0);
	return got;
}

static void cma_reserves_within(struct kunit *test)
{
	const phys_addr_t at = 1 << 30;
	const struct cma_extent all = { 0, (phys_addr_t)-1 }, empty = { };
	const struct cma_extent low[] = {
		{ at, 20 * BLOCK }, { at + 8 * BLOCK, 16 * BLOCK }, { 0, BLOCK },
	};
	struct cma *cma;

	/* A board with a device tree in the middle of what its display may have. */
	new_machine(at, 0, "##.......#..............................");
	KUNIT_EXPECT_EQ(test, check_within(test, low, 1, 12, -1), 12);
	KUNIT_EXPECT_EQ(test, area.cma.nr_ranges, 2);
	KUNIT_EXPECT_FALSE(test, cma_intersects(&area.cma, at + 9 * BLOCK, at + 10 * BLOCK));
	/* The first window that has room in one piece; more, in two windows; too much. */
	new_machine(at, 0, "##.......#..............................");
	KUNIT_EXPECT_EQ(test, check_within(test, low, 2, 10, -1), 10);
	KUNIT_EXPECT_TRUE(test, area_base + area_size <= at + 20 * BLOCK);
	new_machine(at, 0, "##.......#..............................");
	KUNIT_EXPECT_EQ(test, check_within(test, low, 2, 20, -1), 20);
	new_machine(at, 0, "##.......#..............................");
	KUNIT_EXPECT_EQ(test, check_within(test, low, 3, 30, -1), 21);
	KUNIT_EXPECT_TRUE(test, strstr(shim_last_line, "42 MiB instead of 59 MiB: 42 MiB"));
	/* Of all memory, an eighth is left: five blocks. */
	new_machine(at, 0, "##.......#..............................");
	KUNIT_EXPECT_EQ(test, check_within(test, &all, 1, 35, -1), 32);
	/* Or of what is below a limit: three. */
	new_machine(at, 0, "##.......#..............................");
	KUNIT_EXPECT_EQ(test, check_within(test, low, 1, 19, at + 20 * BLOCK), 14);
	/* Nothing is there; or one block is, which is better than none. */
	new_machine(at, 0, "########################................");
	KUNIT_EXPECT_EQ(test, check_within(test, low, 3, 1, -1), 0);
	new_machine(at, 0, "###########.############................");
	KUNIT_EXPECT_EQ(test, check_within(test, low, 3, 4, -1), 1);
	/* Sizes out of this world */
	for (unsigned int shift = 0; shift < 64; shift++) {
		new_machine(at, 0, "##.......#..............................");
		cma = NULL;
		KUNIT_EXPECT_EQ(test, cma_declare_within(&all, 1, -((phys_addr_t)1 << shift), 0,
							 -1, "test", &cma), 0);
		KUNIT_EXPECT_EQ(test, area_size, 32 * BLOCK);
		KUNIT_EXPECT_FALSE(test, nonsense);
	}
	/* A window is empty, because its address has more bits than there are: it is none. */
	new_machine(at, 0, "##.......#..............................");
	KUNIT_EXPECT_EQ(test, cma_declare_within(&empty, 1, BLOCK, 0, -1, "test", &cma), -ENOMEM);
	/* There are no windows, or it cannot be registered. */
	new_machine(at, 0, "##.......#..............................");
	KUNIT_EXPECT_EQ(test, cma_declare_within(&all, 0, BLOCK, 0, -1, "test", &cma), -ENOMEM);
	area_size = 1;
	KUNIT_EXPECT_EQ(test, cma_declare_within(&all, 1, 35 * BLOCK, 0, -1, "test", &cma),
			-ENOMEM);
	KUNIT_EXPECT_FALSE(test, memblock_is_region_reserved(at + 2 * BLOCK, 7 * BLOCK));
	KUNIT_EXPECT_FALSE(test, memblock_is_region_reserved(at + 10 * BLOCK, 30 * BLOCK));
}

static void cma_reserves_within_anything(struct kunit *test)
{
	unsigned int all = 0, less = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 9);
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int nr = 1 + prandom_u32_state(&rnd) % 4;
		unsigned int wanted = 1 + prandom_u32_state(&rnd) % 25, got;
		struct cma_extent windows[4];
		phys_addr_t limit = -1;

		any_machine(&rnd, ".........# ", 0);
		for (unsigned int j = 0; j < nr; j++) {
			unsigned int first = prandom_u32_state(&rnd) % NR_BLOCKS;

			windows[j].base = address(first);
			windows[j].size = prandom_u32_state(&rnd) % (NR_BLOCKS - first) * BLOCK;
		}
		if (prandom_u32_state(&rnd) % 2)
			limit = address(1 + prandom_u32_state(&rnd) % NR_BLOCKS);
		got = check_within(test, windows, nr, wanted, limit);
		all += got == wanted;
		less += got && got < wanted;
	}

	/* Or the checks would check nothing. */
	KUNIT_EXPECT_TRUE(test, all > 2000);
	KUNIT_EXPECT_TRUE(test, less > 2000);
}

/* Next to an area, in the same block. */
static void cma_lends_what_is_free(struct kunit *test)
{
	const phys_addr_t at = 1 << 30, page = PAGE_SIZE;

	new_machine(at, 0, ".#. ..");
	KUNIT_EXPECT_TRUE(test, cma_is_free(at, at + page));
	KUNIT_EXPECT_TRUE(test, cma_is_free(at + BLOCK - page, at + BLOCK));
	KUNIT_EXPECT_FALSE(test, cma_is_free(at + BLOCK, at + BLOCK + page));
	KUNIT_EXPECT_FALSE(test, cma_is_free(at + 2 * BLOCK - page, at + 2 * BLOCK));
	KUNIT_EXPECT_FALSE(test, cma_is_free(at + BLOCK - page, at + BLOCK + page));
	KUNIT_EXPECT_FALSE(test, cma_is_free(at + 3 * BLOCK, at + 3 * BLOCK + 1));
	KUNIT_EXPECT_FALSE(test, cma_is_free(at, at));
	KUNIT_EXPECT_FALSE(test, cma_is_free(at + BLOCK - page, 0));

	/* Up to another zone, but not when that begins inside of the block. */
	new_machine(at, at + 2 * BLOCK, "......");
	KUNIT_EXPECT_TRUE(test, cma_is_free(at + 2 * BLOCK - page, at + 2 * BLOCK));
	KUNIT_EXPECT_TRUE(test, cma_is_free(at + 2 * BLOCK, at + 2 * BLOCK + page));
	new_machine(at, at + 2 * BLOCK + page, "......");
	KUNIT_EXPECT_FALSE(test, cma_is_free(at + 2 * BLOCK, at + 2 * BLOCK + page));
	KUNIT_EXPECT_FALSE(test, cma_is_free(at + 3 * BLOCK - page, at + 3 * BLOCK));
	KUNIT_EXPECT_TRUE(test, cma_is_free(at + 3 * BLOCK, at + 3 * BLOCK + page));
}

/* All of the blocks that an area is lent with. */
static void cma_makes_way(struct kunit *test)
{
	const phys_addr_t at = 1 << 30;
	enum block before[NR_BLOCKS];
	struct cma *cma;
	unsigned int nr;

	new_machine(at, 0, "..##....#... ..");
	KUNIT_ASSERT_EQ(test, declare_multi(6 * BLOCK, 0, 0, -1, &cma), 0);
	cma->count = 6 * pageblock_nr_pages;
	/* Of one block, it has but some pages. */
	cma->ranges[0].base_pfn += 3;
	cma->ranges[0].count -= 5;
	cma->count -= 5;
	totalcma_pages = 100 * pageblock_nr_pages;
	memcpy(before, blocks, sizeof(blocks));

	nr = cma_withdraw(cma);
	KUNIT_EXPECT_EQ(test, nr, 2);
	KUNIT_EXPECT_EQ(test, cma->nr_ranges, 0);
	KUNIT_EXPECT_EQ(test, cma->count, 0);
	KUNIT_EXPECT_EQ(test, cma->state, CMA_DEAD);
	KUNIT_EXPECT_EQ(test, totalcma_pages, 94 * pageblock_nr_pages);
	KUNIT_EXPECT_FALSE(test, memblock_is_region_reserved(at + 4 * BLOCK, 4 * BLOCK));
	KUNIT_EXPECT_FALSE(test, memblock_is_region_reserved(at + 9 * BLOCK, 3 * BLOCK));

	KUNIT_EXPECT_TRUE(test, cma_restore(cma, nr));
	KUNIT_EXPECT_EQ(test, cma->nr_ranges, 2);
	KUNIT_EXPECT_EQ(test, cma->count, 6 * pageblock_nr_pages - 5);
	KUNIT_EXPECT_EQ(test, cma->state, CMA_REGISTERED);
	KUNIT_EXPECT_EQ(test, totalcma_pages, 100 * pageblock_nr_pages);
	KUNIT_EXPECT_EQ(test, memcmp(before, blocks, sizeof(blocks)), 0);

	/* Not all of it is there any more: then nothing of it is the area's. */
	cma_withdraw(cma);
	KUNIT_ASSERT_EQ(test, memblock_reserve(PFN_PHYS(cma->ranges[1].base_pfn), BLOCK), 0);
	memcpy(before, blocks, sizeof(blocks));
	KUNIT_EXPECT_FALSE(test, cma_restore(cma, nr));
	KUNIT_EXPECT_EQ(test, cma->nr_ranges, 0);
	KUNIT_EXPECT_EQ(test, cma->count, 0);
	KUNIT_EXPECT_EQ(test, cma->state, CMA_DEAD);
	KUNIT_EXPECT_EQ(test, totalcma_pages, 94 * pageblock_nr_pages);
	KUNIT_EXPECT_EQ(test, memcmp(before, blocks, sizeof(blocks)), 0);
	KUNIT_EXPECT_FALSE(test, nonsense);
}

/*
 * Early allocation
 */

static void *early_aligned(struct cma *cma, unsigned long size)
{
	return cma_reserve_early_aligned(cma, size, size, false);
}

static void *early_from_end(struct cma *cma, unsigned long size)
{
	return cma_reserve_early_aligned(cma, size, size, true);
}

static void cma_reserves_early(struct kunit *test)
{
	const phys_addr_t at = 1 << 30;
	const unsigned long bad[] = { 0, 1, BLOCK, BLOCK + PAGE_SIZE, 3 * BLOCK, -BLOCK };
	const char *first = (char *)(unsigned long)at;
	struct cma *cma;

	/* Units of two blocks; ranges of six, four and four. */
	new_machine(at, 0, "......##....####....");
	KUNIT_ASSERT_EQ(test, declare_multi(14 * BLOCK, 0, pageblock_order + 1, -1, &cma), 0);
	KUNIT_EXPECT_EQ(test, cma->nr_ranges, 3);

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_NULL(test, cma_reserve_early(cma, bad[i]));
	cma->state = CMA_ACTIVE;
	KUNIT_EXPECT_NULL(test, cma_reserve_early(cma, 2 * BLOCK));
	cma->state = CMA_DEAD;
	KUNIT_EXPECT_NULL(test, cma_reserve_early(cma, 2 * BLOCK));
	cma->state = CMA_REGISTERED;
	for (unsigned int i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, cma->ranges[i].early, 0);

	KUNIT_EXPECT_TRUE(test, cma_reserve_early(cma, 4 * BLOCK) == first);
	KUNIT_EXPECT_TRUE(test, cma_reserve_early(cma, 4 * BLOCK) ==
			  first + (PFN_PHYS(cma->ranges[1].base_pfn) - at));
	KUNIT_EXPECT_TRUE(test, cma_reserve_early(cma, 2 * BLOCK) == first + 4 * BLOCK);
	KUNIT_EXPECT_NULL(test, cma_reserve_early(cma, 6 * BLOCK));
	KUNIT_EXPECT_TRUE(test, cma_reserve_early(cma, 4 * BLOCK) ==
			  first + (PFN_PHYS(cma->ranges[2].base_pfn) - at));
	KUNIT_EXPECT_NULL(test, cma_reserve_early(cma, 2 * BLOCK));

	/* Anywhere, or only where it is aligned. */
	new_machine(at, 0, "......##....");
	KUNIT_ASSERT_EQ(test, declare_multi(10 * BLOCK, 0, 0, -1, &cma), 0);
	KUNIT_EXPECT_TRUE(test, cma_reserve_early(cma, 2 * BLOCK) == first);
	KUNIT_EXPECT_TRUE(test, early_aligned(cma, 4 * BLOCK) == first + 8 * BLOCK);
	KUNIT_EXPECT_NULL(test, early_aligned(cma, 4 * BLOCK));
	KUNIT_EXPECT_TRUE(test, cma_reserve_early(cma, 4 * BLOCK) == first + 2 * BLOCK);

	/* A range in two zones does not keep the others from giving. */
	new_machine(at, 0, "......##....");
	KUNIT_ASSERT_EQ(test, declare_multi(10 * BLOCK, 0, 0, -1, &cma), 0);
	in_two_zones = cma->ranges;
	KUNIT_EXPECT_TRUE(test, cma_reserve_early(cma, 2 * BLOCK) == first + 8 * BLOCK);
	KUNIT_EXPECT_TRUE(test, early_from_end(cma, 2 * BLOCK) == first + 10 * BLOCK);
	KUNIT_EXPECT_NULL(test, cma_reserve_early(cma, BLOCK));
	in_two_zones = NULL;

	/* Small ones, before and after, leave room for all large ones but one. */
	new_machine(at, 0, "............");
	KUNIT_ASSERT_EQ(test, declare_multi(12 * BLOCK, 4 * BLOCK, 0, -1, &cma), 0);
	KUNIT_EXPECT_TRUE(test, early_from_end(cma, BLOCK) == first + 11 * BLOCK);
	KUNIT_EXPECT_TRUE(test, early_aligned(cma, 4 * BLOCK) == first);
	KUNIT_EXPECT_TRUE(test, early_from_end(cma, BLOCK) == first + 10 * BLOCK);
	KUNIT_EXPECT_TRUE(test, early_aligned(cma, 4 * BLOCK) == first + 4 * BLOCK);
	KUNIT_EXPECT_NULL(test, early_aligned(cma, 4 * BLOCK));
	KUNIT_EXPECT_NULL(test, early_from_end(cma, 4 * BLOCK));
	KUNIT_EXPECT_TRUE(test, early_from_end(cma, 2 * BLOCK) == first + 8 * BLOCK);
	KUNIT_EXPECT_NULL(test, early_from_end(cma, BLOCK));

	/* High memory has no address to return. */
	new_machine(at, at + 4 * BLOCK, "......");
	KUNIT_ASSERT_EQ(test, declare_multi(6 * BLOCK, 0, 0, -1, &cma), 0);
	KUNIT_EXPECT_EQ(test, area_base, at + 4 * BLOCK);
	KUNIT_EXPECT_TRUE(test, cma_reserve_early(cma, BLOCK) == first);
}

static struct kunit_case reserve_cases[] = {
	KUNIT_CASE(cma_reserves_where_asked),
	KUNIT_CASE(cma_reserves_at_the_top),
	KUNIT_CASE(cma_reserves_whole_units),
	KUNIT_CASE(cma_reserved_must_be),
	KUNIT_CASE(cma_reserves_or_not),
	KUNIT_CASE(cma_reserves_over_holes),
	KUNIT_CASE(cma_reserves_over_any_holes),
	KUNIT_CASE(cma_reserves_within),
	KUNIT_CASE(cma_reserves_within_anything),
	KUNIT_CASE(cma_lends_what_is_free),
	KUNIT_CASE(cma_makes_way),
	KUNIT_CASE(cma_reserves_early),
	{}
};

static struct kunit_suite reserve_suite = {
	.name = "cma_reserve",
	.test_cases = reserve_cases,
};

kunit_test_suites(&reserve_suite);
