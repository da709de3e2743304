/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of KUnit as the tests of the allocator use, for a user program that
 * prints TAP. The Makefile puts this in the place of kunit/test.h.
 */
#ifndef CMA_KUNIT_H
#define CMA_KUNIT_H

#include <setjmp.h>

#include "shim.h"

struct kunit {
	bool failed;
	jmp_buf abort;
	struct kunit_memory *memory;
	const char *skipped;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

struct kunit_suite {
	const char *name;
	struct kunit_case *test_cases;
	struct kunit_suite *next;
};

void kunit_register(struct kunit_suite *suite);
void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp);
void kunit_kfree(struct kunit *test, const void *p);
void kunit_free_all(struct kunit *test);
void kunit_skip(struct kunit *test, const char *why);
void kunit_failed(struct kunit *test, const char *file, int line,
		  const char *what, bool is_assertion, const char *fmt, ...);

#define KUNIT_CASE(fn)		{ .run_case = fn, .name = #fn }
#define KUNIT_REGISTER(suite, n)					\
static void __attribute__((constructor)) kunit_register_##n(void)	\
{									\
	kunit_register(suite);						\
}

#define KUNIT_REGISTER_AS(suite, n)	KUNIT_REGISTER(suite, n)
#define kunit_test_suites(suite)	KUNIT_REGISTER_AS(suite, __COUNTER__)
#define kunit_test_init_section_suites(suite)	kunit_test_suites(suite)

#define KUNIT_CHECK(test, is_assertion, good, what, fmt, ...) do {	\
	if (!(good))							\
		kunit_failed(test, __FILE__, __LINE__, what,		\
			     is_assertion, fmt, ##__VA_ARGS__);		\
} while (0)

#define KUNIT_COMPARE(test, is_assertion, l, op, r, fmt, ...) do {	\
	typeof(l) __l = (l);						\
	typeof(r) __r = (r);						\
									\
	if (!(__l op __r))						\
		kunit_failed(test, __FILE__, __LINE__,			\
			     #l " " #op " " #r, is_assertion,		\
			     "%#llx and %#llx " fmt,			\
			     (unsigned long long)__l,			\
			     (unsigned long long)__r, ##__VA_ARGS__);	\
} while (0)

#define KUNIT_EXPECT_TRUE(test, x)					\
	KUNIT_CHECK(test, false, x, #x, "")
#define KUNIT_EXPECT_FALSE(test, x)					\
	KUNIT_CHECK(test, false, !(x), "!" #x, "")
#define KUNIT_EXPECT_NULL(test, p)					\
	KUNIT_CHECK(test, false, !(p), #p " is NULL", "")
#define KUNIT_EXPECT_NOT_NULL(test, p)					\
	KUNIT_CHECK(test, false, p, #p " is not NULL", "")
#define KUNIT_ASSERT_NOT_NULL(test, p)					\
	KUNIT_CHECK(test, true, p, #p " is not NULL", "")
#define KUNIT_EXPECT_EQ(test, l, r)	KUNIT_COMPARE(test, false, l, ==, r, "")
#define KUNIT_ASSERT_EQ(test, l, r)	KUNIT_COMPARE(test, true, l, ==, r, "")
#define KUNIT_EXPECT_NE(test, l, r)	KUNIT_COMPARE(test, false, l, !=, r, "")
#define KUNIT_EXPECT_EQ_MSG(test, l, r, fmt, ...)			\
	KUNIT_COMPARE(test, false, l, ==, r, fmt, ##__VA_ARGS__)
#define KUNIT_STREQ(test, is_assertion, l, r)				\
	kunit_streq(test, __FILE__, __LINE__, #l " is " #r,		\
		    is_assertion, l, r)
#define KUNIT_EXPECT_STREQ(test, l, r)	KUNIT_STREQ(test, false, l, r)
#define KUNIT_ASSERT_STREQ(test, l, r)	KUNIT_STREQ(test, true, l, r)

static inline void kunit_streq(struct kunit *test, const char *file, int line,
			       const char *what, bool is_assertion,
			       const char *l, const char *r)
{
	if (strcmp(l, r))
		kunit_failed(test, file, line, what, is_assertion,
			     "\"%s\" and \"%s\"", l, r);
}

#endif
