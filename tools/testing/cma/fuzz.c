// SPDX-License-Identifier: GPL-2.0
/*
 * The free map, its sums and its ready units, the parsers of parameters and the choice
 * and the cutting of ranges, under libFuzzer
 *
 * The first byte says which; the rest is the random numbers of a walk next to the
 * model, or the value, or the random numbers that make a machine.
 */

#include "param_test.c"
#include "map_test.c"
#include "reserve_test.c"

/* There are no areas yet. */
int (cma_for_each_area)(int (*it)(struct cma *cma, void *data), void *data)
{
	return 0;
}

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

	if (data[0] % 6) {
		struct rnd_state rnd = { .data = data + 1, .size = size - 1 };

		/* A step takes about three numbers. */
		if (data[0] % 6 == 1)
			walk_map(&test, &rnd, size / 12);
		else if (data[0] % 6 == 2)
			choose_anything(&test, &rnd);
		else if (data[0] % 6 == 3)
			cut_anything(&test, &rnd);
		else if (data[0] % 6 == 4)
			walk_ready(&test, &rnd, pick_length(&rnd, 9000), size / 24);
		else
			walk_sums(&test, &rnd, pick_length(&rnd, 70000), size / 24);
	} else {
		char arg[256] = "";

		memcpy(arg, data + 1, min(size - 1, sizeof(arg) - 1));
		check_value(&test, arg);
	}

	return 0;
}
