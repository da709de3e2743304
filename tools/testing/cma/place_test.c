// SPDX-License-Identifier: GPL-2.0
/*
 * Where an allocation goes, over made-up pages
 */

#include <string.h>

#include "kunit.h"
#include "../../../mm/cma.h"
#include "../../../mm/cma_claim.h"
#include "../../../mm/cma_page.h"
#include "../../../mm/cma_place.h"

#define BASE		4096UL
#define PAGES		1024UL

/* Each page: what it is, and the folio or free block that it is of. */
static struct cma_page_state pages[PAGES];

void cma_inspect_page(unsigned long pfn, struct cma_page_state *state)
{
	*state = pages[pfn - BASE];
	/* A free block is not known by its head, nor a page by one before it. */
	if (state->use == CMA_FREE)
		state->head = pfn;
}

void cma_extend_page_state(struct cma_page_state *state, unsigned long end)
{
	for (; state->end < end; state->end++) {
		const struct cma_page_state *next = &pages[state->end - BASE];

		if (next->use != state->use || next->whole ||
		    next->needs_fs != state->needs_fs)
			break;
	}
}

/* They become one folio or free block, and cut off what they were a part of. */
static void set_pages(unsigned long first, unsigned long n, enum cma_use use)
{
	for (unsigned long i = 0; i < PAGES; i++) {
		if (i < first)
			pages[i].end = min(pages[i].end, BASE + first);
		else if (i < first + n)
			pages[i] = (struct cma_page_state){
				.use = use, .head = BASE + first, .end = BASE + first + n,
				.whole = use && n > 1,
			};
		else
			pages[i].head = max(pages[i].head, BASE + first + n);
	}
}

/* There are no other claims. */
bool cma_is_claimed(unsigned long first, unsigned long last)
{
	(void)first;
	(void)last;
	return false;
}

static struct cma *cma;

static void begin(struct kunit *test, unsigned int order_per_bit)
{
	cma = kunit_kzalloc(test, struct_size(cma, registered, 2), GFP_KERNEL);
	cma->ranges = cma->registered;
	cma->nr_ranges = 1;
	cma->ranges[0] = (struct cma_map){
		.base_pfn = BASE, .count = PAGES, .order_per_bit = order_per_bit,
	};
	KUNIT_ASSERT_EQ(test, cma_map_init(cma->ranges), 0);
	set_pages(0, PAGES, CMA_FREE);
}

static void end(void)
{
	struct cma_map *ready = cma->ranges->ready;

	if (ready)
		cma_map_destroy(ready);
	kfree(ready);
	cma_map_destroy(cma->ranges);
}

/* Whole units, detached from the free lists: inspection takes their pages for cached. */
static void set_ready(struct kunit *test, unsigned long first, unsigned long n)
{
	struct cma_map *map = cma->ranges;

	if (!map->ready)
		map->ready = cma_map_new_ready(map);
	KUNIT_ASSERT_NOT_NULL(test, map->ready);
	for (unsigned long i = 0; i < n; i++)
		set_pages(first + i, 1, CMA_CACHED);
	cma_map_drop(map->ready, first >> map->order_per_bit, n);
}

static bool is_ready(unsigned long pfn)
{
	const struct cma_map *map = cma->ranges;

	return map->ready && !test_bit(cma_map_pfn_unit(map, pfn), map->ready->taken);
}

/* What may not move, and what did not, is dearer than all that moves. */
#define BUSY		BIT_ULL(33)
#define OBSTACLE	BIT_ULL(50)

static void meet(struct cma_request *rq, unsigned long pfn, unsigned long weight)
{
	rq->obstacles.keys[rq->obstacles.nr] = pfn;
	rq->obstacles.values[rq->obstacles.nr++] = weight;
}

static unsigned long weight(const struct cma_request *rq, unsigned long i)
{
	const struct cma_page_state *page = &pages[i - BASE];

	if (is_ready(i))
		return 0;
	for (unsigned int o = 0; o < rq->obstacles.nr && page->use; o++) {
		unsigned long at = rq->obstacles.keys[o];

		if (page->whole ? at >= page->head && at < page->end : at == i)
			return rq->obstacles.values[o];
	}

	return 0;
}

static u64 page_cost(const struct cma_request *rq, unsigned long i)
{
	static const u64 costs[] = {
		[CMA_FREE] = 0, [CMA_CACHED] = 4, [CMA_CLEAN] = 1, [CMA_MOVABLE] = 4,
		[CMA_BATCHED] = 64, [CMA_SLOW] = 256, [CMA_BUSY] = BUSY, [CMA_BROKEN] = 0,
	};
	const struct cma_page_state *page = &pages[i - BASE];
	u64 cost = costs[page->use] + OBSTACLE * weight(rq, i);

	if (is_ready(i))
		return 0;
	if (page->whole && cost >= BUSY)
		cost >>= ilog2(page->end - page->head);
	return cost;
}

static enum cma_level page_level(const struct cma_request *rq, unsigned long i)
{
	unsigned long w = weight(rq, i);

	if (w)
		return w < CMA_STAYS ? CMA_NOTHING_STAYING : CMA_ANYTHING;
	return pages[i - BASE].use == CMA_BUSY ? CMA_NOTHING_MET : CMA_NOTHING_BUSY;
}

#define NO_WINDOW	(CMA_ANYTHING + 1)

/* Of the window at @pfn, and what it costs; or NO_WINDOW. */
static enum cma_level window_level(const struct cma_request *rq, unsigned long pfn,
				   u64 *cost)
{
	enum cma_level level = CMA_NOTHING_BUSY;
	unsigned long last = pfn + rq->count - 1;

	/* A folio is moved as a whole. */
	*cost = (pfn - pages[pfn - BASE].head) * page_cost(rq, pfn);
	if (pages[last - BASE].whole)
		*cost += (pages[last - BASE].end - last - 1) * page_cost(rq, last);

	for (unsigned long i = pfn; i <= last; i++) {
		const struct cma_page_state *page = &pages[i - BASE];

		if (test_bit((i - BASE) >> cma->ranges->order_per_bit, cma->ranges->taken))
			return NO_WINDOW;
		if (is_ready(i) && rq->leave_ready)
			return NO_WINDOW;
		if (is_ready(i))
			continue;
		if (page->use == CMA_BROKEN || (rq->nowait && page->use != CMA_FREE))
			return NO_WINDOW;
		level = max(level, page_level(rq, i));
		*cost += page_cost(rq, i);
	}

	return level;
}

/*
 * Compare with the result of inspecting each window: whether there is one at all,
 * what it holds at the most, and that it is hardly dearer than those which lie side by
 * side from the beginning of their run on.
 */
static bool check(struct kunit *test, struct cma_request *rq)
{
	struct cma_map *map = cma->ranges;
	unsigned long step = 1UL << max(rq->align, map->order_per_bit);
	unsigned long pitch = ALIGN(rq->count, step);
	enum cma_level level, best_level = NO_WINDOW;
	u64 cost, best[NO_WINDOW] = { U64_MAX, U64_MAX, U64_MAX, U64_MAX };
	struct cma_window window = { };
	unsigned long first = 0;
	bool found;

	for (unsigned long pfn = BASE; pfn + rq->count <= BASE + PAGES;
	     pfn += 1UL << map->order_per_bit) {
		unsigned long unit = cma_map_pfn_unit(map, pfn);

		if (test_bit(unit, map->taken))
			first = 0;
		if (!IS_ALIGNED(pfn, 1UL << rq->align) ||
		    cma_map_find(map, unit, rq->count, rq->align) != unit)
			continue;
		first = first ?: pfn;
		level = window_level(rq, pfn, &cost);
		best_level = min(best_level, level);
		if (!((pfn - first) % pitch) && level != NO_WINDOW)
			best[level] = min(best[level], cost);
	}

	found = !cma_find_window(cma, rq, &window);
	KUNIT_EXPECT_EQ(test, found, best_level != NO_WINDOW);
	if (!found || best_level == NO_WINDOW)
		return found;

	KUNIT_EXPECT_TRUE(test, window.map == map);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(window.pfn, 1UL << rq->align));
	KUNIT_EXPECT_TRUE(test, cma_map_contains(map, window.pfn, rq->count));
	KUNIT_EXPECT_EQ(test, rq->level, best_level);
	KUNIT_EXPECT_TRUE(test, window_level(rq, window.pfn, &cost) <= best_level);
	for (level = 0; level <= best_level; level++) {
		if (best[level] != U64_MAX)
			KUNIT_EXPECT_TRUE(test, cost <=
					  (best[level] ? best[level] + rq->count / 2 : 0));
	}
	return true;
}

static void place_free_one(struct kunit *test)
{
	struct cma_request rq = { .count = 256 };
	struct cma_window window;

	begin(test, 0);
	set_pages(0, 512, CMA_MOVABLE);
	set_pages(700, 1, CMA_MOVABLE);
	KUNIT_EXPECT_TRUE(test, check(test, &rq));
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 768);
	KUNIT_EXPECT_EQ(test, window.cost, 0);
	end();
}

static void place_lowest_unless_much_cheaper(struct kunit *test)
{
	struct cma_request rq = { .count = 256 };
	struct cma_window window;

	begin(test, 0);
	for (unsigned long i = 0; i < PAGES; i += 2)
		set_pages(i, 1, CMA_MOVABLE);
	set_pages(300, 10, CMA_FREE);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE);
	set_pages(600, 80, CMA_FREE);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 512);
	KUNIT_EXPECT_EQ(test, window.cost, 88);
	end();
}

/* To drop is cheaper than to move. */
static void place_where_files_are(struct kunit *test)
{
	struct cma_request rq = { .count = 256 };
	struct cma_window window;

	begin(test, 0);
	for (unsigned long i = 0; i < PAGES; i++)
		set_pages(i, 1, i >= 512 && i < 768 ? CMA_CLEAN : CMA_MOVABLE);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 512);
	KUNIT_EXPECT_EQ(test, window.cost, 64);
	/* But not by more than there is to gain. */
	set_pages(0, 200, CMA_FREE);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE);
	end();
}

/*
 * As many of a size as fit into an area do fit, whatever is cheap meanwhile; but one
 * in sixteen may be lost where they are many.
 */
static void place_leaves_room(struct kunit *test)
{
	for (unsigned long count = 1; count <= PAGES; count += count / 3 + 1) {
		struct cma_request rq = { .count = count };
		struct rnd_state rnd;

		begin(test, 0);
		prandom_seed_state(&rnd, count);
		for (unsigned long n = 0; n < PAGES / count; n++) {
			struct cma_window window;
			unsigned long unit;

			for (unsigned long i = 0; i < PAGES; i++)
				set_pages(i, 1, prandom_u32_state(&rnd) % 2 ?
					  CMA_MOVABLE : CMA_FREE);
			if (cma_find_window(cma, &rq, &window)) {
				if (n >= PAGES / count - PAGES / count / 16)
					break;
				kunit_failed(test, __FILE__, __LINE__, "room", false,
					     "%lu of %lu allocations of %lu pages", n,
					     PAGES / count, count);
				break;
			}
			unit = cma_map_pfn_unit(cma->ranges, window.pfn);
			cma_map_take(cma->ranges, unit, count);
		}
		end();
	}
}

/* Room for one of four is not given up to move nothing, that for one of 32 is. */
static void place_takes_room_of_two(struct kunit *test)
{
	struct cma_request rq = { .count = PAGES / 4 };
	struct cma_window window;

	begin(test, 0);
	set_pages(0, PAGES, CMA_MOVABLE);
	set_pages(128, rq.count, CMA_FREE);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE);
	rq.count = PAGES / 32;
	set_pages(0, PAGES, CMA_MOVABLE);
	set_pages(40, rq.count, CMA_FREE);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 40);
	end();
}

static void place_between_broken_pages(struct kunit *test)
{
	struct cma_request rq = { .count = 200 };
	struct cma_window window;

	begin(test, 0);
	set_pages(0, PAGES, CMA_MOVABLE);
	for (unsigned long i = 100; i < PAGES; i += 150)
		set_pages(i, 1, CMA_BROKEN);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), -EBUSY);
	KUNIT_EXPECT_NE(test, rq.blocker, 0);

	/* One window, at a place that is a multiple of nothing. */
	for (unsigned long i = 551; i < 751; i++)
		set_pages(i, 1, CMA_MOVABLE);
	set_pages(550, 1, CMA_BROKEN);
	set_pages(751, 1, CMA_BROKEN);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 551);
	end();
}

static void place_where_all_is_ready(struct kunit *test)
{
	struct cma_request rq = { .count = 256 };
	struct cma_window window;

	begin(test, 0);
	set_pages(0, PAGES, CMA_MOVABLE);
	set_ready(test, 512, 256);
	KUNIT_EXPECT_TRUE(test, check(test, &rq));
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 512);
	KUNIT_EXPECT_EQ(test, window.cost, 0);

	/* It is as good as what is free, beside it or below. */
	set_pages(768, 256, CMA_FREE);
	rq.count = 512;
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 512);
	KUNIT_EXPECT_EQ(test, window.cost, 0);
	set_pages(256, 256, CMA_FREE);
	rq.count = 256;
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 256);

	/* Of an allocation that does not wait, too. */
	set_pages(256, 256, CMA_MOVABLE);
	rq.nowait = true;
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 512);
	end();
}

/* What is ready of a window costs nothing, and the rest what it costs without that. */
static void place_where_a_part_is_ready(struct kunit *test)
{
	struct cma_request rq = { .count = 256 };
	struct cma_window window;

	begin(test, 0);
	for (unsigned long i = 0; i < PAGES; i++)
		set_pages(i, 1, CMA_MOVABLE);
	set_ready(test, 600, 100);
	KUNIT_EXPECT_TRUE(test, check(test, &rq));
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 512);
	KUNIT_EXPECT_EQ(test, window.cost, 156);
	/* A page that was in the way has been moved since. */
	meet(&rq, BASE + 650, CMA_STAYS);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 512);
	KUNIT_EXPECT_EQ(test, rq.level, CMA_NOTHING_BUSY);

	/* Given up, it is free like the rest. */
	cma_map_take(cma->ranges->ready, 600, 100);
	set_pages(600, 100, CMA_FREE);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 512);
	KUNIT_EXPECT_EQ(test, window.cost, 156);
	end();
}

static void place_beside_what_is_ready(struct kunit *test)
{
	struct cma_request rq = { .count = 256, .leave_ready = true };
	struct cma_window window;

	begin(test, 0);
	for (unsigned long i = 0; i < PAGES; i++)
		set_pages(i, 1, CMA_MOVABLE);
	set_ready(test, 0, 256);
	KUNIT_EXPECT_TRUE(test, check(test, &rq));
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 256);
	/* One window, between two ready pages. */
	set_ready(test, 256, 187);
	set_ready(test, 700, 1);
	set_ready(test, 900, 1);
	rq.count = 257;
	KUNIT_EXPECT_TRUE(test, check(test, &rq));
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 443);
	KUNIT_EXPECT_EQ(test, window.cost, 257);
	rq.count = 258;
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), -EBUSY);

	rq.leave_ready = false;
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE);
	KUNIT_EXPECT_EQ(test, window.cost, 0);
	end();

	/* With nothing in the area that is not. */
	begin(test, 3);
	set_ready(test, 0, PAGES);
	rq.count = 1;
	KUNIT_EXPECT_TRUE(test, check(test, &rq));
	rq.leave_ready = true;
	KUNIT_EXPECT_FALSE(test, check(test, &rq));
	end();
}

/* A page that may not move is no verdict: what has fewer of them comes first. */
static void place_among_busy_pages(struct kunit *test)
{
	struct cma_request rq = { .count = 256 };
	struct cma_window window;

	begin(test, 0);
	for (unsigned long i = 0; i < PAGES; i++)
		set_pages(i, 1, i % 64 || (i > 520 && i < 700) ? CMA_MOVABLE : CMA_BUSY);
	KUNIT_EXPECT_TRUE(test, check(test, &rq));
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, rq.level, CMA_NOTHING_MET);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 512);
	KUNIT_EXPECT_EQ(test, window.cost, 256);

	/* A page that did not move is worse than any number that may not. */
	meet(&rq, BASE + 600, 1);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, rq.level, CMA_NOTHING_MET);
	KUNIT_EXPECT_TRUE(test, window.pfn > BASE + 600 || window.pfn + 256 <= BASE + 600);
	/* One that did not move several times is worse than one that did not once. */
	meet(&rq, BASE + 100, 2);
	meet(&rq, BASE + 300, 2);
	meet(&rq, BASE + 450, 2);
	meet(&rq, BASE + 800, 2);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, rq.level, CMA_NOTHING_STAYING);
	KUNIT_EXPECT_TRUE(test, window.pfn <= BASE + 600 && window.pfn + 256 > BASE + 600);
	KUNIT_EXPECT_TRUE(test, check(test, &rq));

	/* If memory is short, those that may not move are like others. */
	rq.obstacles.nr = 0;
	rq.short_of_memory = true;
	set_pages(0, 100, CMA_FREE);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE);
	KUNIT_EXPECT_EQ(test, window.cost, 156);
	end();
}

/*
 * An allocation that meets one page after the other ends up in a place that holds none
 * of them, if there is one at all.
 */
static void place_round_what_stays(struct kunit *test)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 3);
	for (unsigned int round = 0; round < 500 && !test->failed; round++) {
		struct cma_request rq = {
			.count = 1 + prandom_u32_state(&rnd) % 800,
			.align = prandom_u32_state(&rnd) % 8,
		};
		unsigned int nr = 1 + prandom_u32_state(&rnd) % 6;
		unsigned long pins[6], claims, pin;
		struct cma_window window;
		bool any = false;

		begin(test, 0);
		for (unsigned long i = 0; i < PAGES; i++)
			set_pages(i, 1, CMA_MOVABLE);
		for (unsigned int i = 0; i < nr; i++)
			pins[i] = BASE + prandom_u32_state(&rnd) % PAGES;
		for (unsigned long at = BASE; at + rq.count <= BASE + PAGES && !any;
		     at += 1UL << rq.align) {
			any = true;
			for (unsigned int i = 0; i < nr; i++)
				any &= pins[i] < at || pins[i] >= at + rq.count;
		}

		for (claims = 0; claims <= nr; claims++) {
			pin = 0;
			if (cma_find_window(cma, &rq, &window))
				break;
			for (unsigned int i = 0; i < nr; i++)
				if (pins[i] >= window.pfn && pins[i] < window.pfn + rq.count)
					pin = pins[i];
			if (!pin || rq.level >= CMA_NOTHING_STAYING)
				break;
			meet(&rq, pin, 1);
		}
		if (cma_count_places(cma, &rq) > 1 || any)
			KUNIT_EXPECT_EQ(test, !pin, any);
		end();
	}
}

/* As many as stand in the way of a caller that goes from one to the next. */
static void place_counts(struct kunit *test)
{
	struct cma_request rq = { .count = 100 };

	begin(test, 0);
	KUNIT_EXPECT_EQ(test, cma_count_places(cma, &rq), PAGES - 99);
	rq.align = 6;
	KUNIT_EXPECT_EQ(test, cma_count_places(cma, &rq), PAGES / 64 - 1);
	rq.align = 0;
	cma_map_take(cma->ranges, 300, 1);
	KUNIT_EXPECT_EQ(test, cma_count_places(cma, &rq), 201 + PAGES - 301 - 99);
	rq.count = PAGES;
	KUNIT_EXPECT_EQ(test, cma_count_places(cma, &rq), 1);
	end();

	begin(test, 3);
	rq.count = 100;
	KUNIT_EXPECT_EQ(test, cma_count_places(cma, &rq), PAGES / 8 - 12);
	end();
}

static void place_not_waiting(struct kunit *test)
{
	struct cma_request rq = { .count = 30, .nowait = true };

	begin(test, 0);
	set_pages(0, PAGES, CMA_MOVABLE);
	set_pages(777, 29, CMA_FREE);
	KUNIT_EXPECT_FALSE(test, check(test, &rq));
	set_pages(777, 30, CMA_FREE);
	KUNIT_EXPECT_TRUE(test, check(test, &rq));
	set_pages(790, 1, CMA_CACHED);
	KUNIT_EXPECT_FALSE(test, check(test, &rq));
	end();
}

/* However large the area: it ends after so many, and the next one goes on from there. */
static void place_not_looking_for_ever(struct kunit *test)
{
	struct cma_request rq = { .count = 30, .nowait = true, .inspected = 2048 - 100 };
	struct cma_window window;

	begin(test, 0);
	for (unsigned long i = 0; i < PAGES; i++)
		set_pages(i, 1, CMA_MOVABLE);
	set_pages(200, 30, CMA_FREE);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), -EBUSY);
	KUNIT_EXPECT_EQ(test, rq.inspected, 2048);
	KUNIT_EXPECT_EQ(test, rq.from, BASE + 100);
	KUNIT_EXPECT_TRUE(test, rq.from_map == cma->ranges);
	rq.inspected = 0;
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + 200);
	KUNIT_EXPECT_EQ(test, rq.inspected, 101);
	end();
}

static void place_in_the_second_range(struct kunit *test)
{
	struct cma_request rq = { .count = PAGES / 2 };
	struct cma_window window;

	begin(test, 0);
	cma->ranges[1] = (struct cma_map){ .base_pfn = BASE + PAGES / 2, .count = PAGES / 2 };
	cma->ranges[0].count = PAGES / 2;
	cma->nr_ranges = 2;
	KUNIT_ASSERT_EQ(test, cma_map_init(&cma->ranges[1]), 0);
	set_pages(3, 1, CMA_BUSY);
	KUNIT_EXPECT_EQ(test, cma_find_window(cma, &rq, &window), 0);
	KUNIT_EXPECT_TRUE(test, window.map == &cma->ranges[1]);
	KUNIT_EXPECT_EQ(test, window.pfn, BASE + PAGES / 2);
	cma_map_destroy(&cma->ranges[1]);
	end();
}

static void place_at_random(struct kunit *test)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 11);
	for (unsigned int round = 0; round < 3000 && !test->failed; round++) {
		struct cma_request rq = {
			.count = 1 + prandom_u32_state(&rnd) % (round % 2 ? 40 : 700),
			.align = prandom_u32_state(&rnd) % 3 ?
				 0 : prandom_u32_state(&rnd) % 9,
			.nowait = !(prandom_u32_state(&rnd) % 8),
			.leave_ready = !(prandom_u32_state(&rnd) % 4),
		};
		unsigned int stuck = prandom_u32_state(&rnd) % 6;
		unsigned long i, n;

		begin(test, prandom_u32_state(&rnd) % 2 ? 0 : prandom_u32_state(&rnd) % 4);
		for (i = 0; i < PAGES; i += n) {
			u32 number = prandom_u32_state(&rnd);
			enum cma_use use = number % 11 ? number % 3 ? CMA_MOVABLE : CMA_FREE :
					   CMA_CACHED + number / 11 % 5;

			n = min(1UL << prandom_u32_state(&rnd) % 7, PAGES - i);
			set_pages(i, n, use);
		}
		while (stuck--)
			set_pages(prandom_u32_state(&rnd) % PAGES, 1,
				  stuck % 2 ? CMA_BROKEN : CMA_BUSY);
		for (unsigned int ready = prandom_u32_state(&rnd) % 5; ready--; ) {
			unsigned long unit = 1UL << cma->ranges->order_per_bit;

			n = ALIGN(1UL << prandom_u32_state(&rnd) % 9, unit);
			i = ALIGN_DOWN(prandom_u32_state(&rnd) % (PAGES - n + 1), unit);
			for (; n; n -= unit, i += unit) {
				if (!is_ready(BASE + i))
					set_ready(test, i, unit);
			}
		}
		for (unsigned int taken = prandom_u32_state(&rnd) % 6; taken--; ) {
			struct cma_map *map = cma->ranges;
			unsigned long unit = prandom_u32_state(&rnd) % cma_map_units(map);

			if (cma_map_find(map, unit, 1, 0) == unit)
				cma_map_take(map, unit, 1);
		}
		/* One that does not wait meets none. */
		for (unsigned int met = prandom_u32_state(&rnd) % 4; met-- && !rq.nowait; ) {
			i = prandom_u32_state(&rnd) % PAGES;
			meet(&rq, pages[i].use ? pages[i].head : BASE + i,
			     prandom_u32_state(&rnd) % 2 ? 1 : CMA_STAYS);
		}
		check(test, &rq);
		end();
	}
}

static struct kunit_case place_cases[] = {
	KUNIT_CASE(place_free_one),
	KUNIT_CASE(place_lowest_unless_much_cheaper),
	KUNIT_CASE(place_where_files_are),
	KUNIT_CASE(place_leaves_room),
	KUNIT_CASE(place_takes_room_of_two),
	KUNIT_CASE(place_between_broken_pages),
	KUNIT_CASE(place_where_all_is_ready),
	KUNIT_CASE(place_where_a_part_is_ready),
	KUNIT_CASE(place_beside_what_is_ready),
	KUNIT_CASE(place_among_busy_pages),
	KUNIT_CASE(place_round_what_stays),
	KUNIT_CASE(place_counts),
	KUNIT_CASE(place_not_waiting),
	KUNIT_CASE(place_not_looking_for_ever),
	KUNIT_CASE(place_in_the_second_range),
	KUNIT_CASE(place_at_random),
	{}
};

static struct kunit_suite place_suite = {
	.name = "cma_place",
	.test_cases = place_cases,
};

kunit_test_suites(&place_suite);
