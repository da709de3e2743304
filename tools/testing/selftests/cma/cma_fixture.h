/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a test of an area begins and ends: none of it is held, and afterwards
 * it is what it was before.
 */
#ifndef CMA_FIXTURE_H
#define CMA_FIXTURE_H

#include "../kselftest_harness.h"
#include "cma_selftest.h"

/* Return: NULL, or what is missing */
static inline const char *open_area(bool large_units, int *fd, struct area *area)
{
	*fd = cma_open();
	if (*fd < 0)
		return "no " CMA_TEST_DEVICE ": needs CONFIG_CMA_TEST and root";
	if (find_area(*fd, large_units, area))
		return NULL;
	return large_units ?
		"no area with units of many pages, boot with hugetlb_cma= or cma_test_multi=" :
		"no area with units of one page, boot with cma=";
}

/* The same for a test that has pages of an area borrowed, and asks @pagemap which these are */
static inline const char *open_lent_area(int *fd, int *pagemap, struct area *area)
{
	const char *missing = open_area(false, fd, area);

	if (missing)
		return missing;
	*pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (*pagemap < 0)
		return "no pagemap: needs CONFIG_PROC_PAGE_MONITOR";
	if (!can_be_emptied(area))
		return "the area is too large a part of all memory to be emptied";
	return NULL;
}

/* @first is what it looks like. */
static inline void expect_idle(struct __test_metadata *_metadata, int fd,
			       const struct area *area, struct state *first)
{
	read_settled_state(fd, area, first);
	for (int i = 0; i < 50 && first->missing; i++) {
		usleep(100000);
		free(first->bitmap);
		read_settled_state(fd, area, first);
	}
	ASSERT_EQ(0, first->missing);
	ASSERT_EQ(0, first->used)
		TH_LOG("%s is in use by another program", area->name);
}

static inline void expect_unchanged(struct __test_metadata *_metadata,
				    const struct area *area,
				    const struct state *first)
{
	const char *wrong = state_changed(area, first);

	EXPECT_EQ(NULL, wrong)
		TH_LOG("%s is not what it was before", wrong);
}

static inline void expect_lists_agree(struct __test_metadata *_metadata,
				      const struct lists *first)
{
	const char *wrong = lists_differ(first);

	EXPECT_EQ(NULL, wrong)
		TH_LOG("not as they should be: %s", wrong);
}

/* What a test has to leave as it was, and the log from then on */
struct before {
	struct state state;
	struct lists lists;
	int logs[2];
};

static inline void note_before(struct __test_metadata *_metadata, int fd,
			       const struct area *area, struct before *before)
{
	for (int i = 0; i < 2; i++)
		before->logs[i] = log_open();
	expect_idle(_metadata, fd, area, &before->state);
	ASSERT_TRUE(read_lists(&before->lists));
}

/* Page cache in the area would be a difference, too. */
static inline void expect_as_before(struct __test_metadata *_metadata,
				    const struct area *area, const struct before *before)
{
	set_number("/proc/sys/vm/drop_caches", 3);
	expect_unchanged(_metadata, area, &before->state);
	expect_lists_agree(_metadata, &before->lists);
	EXPECT_EQ(0, log_count(before->logs[0], "WARNING:", NULL));
	EXPECT_EQ(0, log_count(before->logs[1], "BUG:", NULL));
}

#endif /* CMA_FIXTURE_H */
