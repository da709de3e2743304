// SPDX-License-Identifier: GPL-2.0
/*
 * The free map and the parser of cma=, under libFuzzer
 *
 * Of the first byte one bit says which; the rest is the random numbers of a walk
 * next to the model, or the value.
 */

#include "param_test.c"
#include "map_test.c"

void kunit_register(struct kunit_suite *suite)
{
}

void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return calloc(1, size);
}

void kunit_kfree(struct kunit *test, const void *p)
{
	free((void *)p);
}

void kunit_skip(struct kunit *test, const char *why)
{
	exit(1);
}

void kunit_failed(struct kunit *test, const char *file, int line,
		  const char *what, bool is_assertion, const char *fmt, ...)
{
	fprintf(stderr, "%s:%d: expected %s\n", file, line, what);
	abort();
}

int test_one_input(const u8 *data, size_t size) asm("LLVMFuzzerTestOneInput");
int test_one_input(const u8 *data, size_t size)
{
	struct kunit test = { };

	if (!size)
		return 0;

	if (data[0] & 1) {
		struct rnd_state rnd = { .data = data + 1, .size = size - 1 };

		/* A step takes about three numbers. */
		walk_map(&test, &rnd, size / 12);
	} else {
		char arg[256] = "";

		memcpy(arg, data + 1, min(size - 1, sizeof(arg) - 1));
		check_value(&test, arg);
	}

	return 0;
}
