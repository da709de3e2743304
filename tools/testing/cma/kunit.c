// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the test suites that are linked in, and prints TAP
 */

#include <stdarg.h>

#include "kunit.h"

struct kunit_memory {
	struct kunit_memory *next;
	char bytes[] __aligned(16);
};

static struct kunit_suite *suites;

void kunit_register(struct kunit_suite *suite)
{
	struct kunit_suite **last = &suites;

	while (*last)
		last = &(*last)->next;
	*last = suite;
}

void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	struct kunit_memory *memory = calloc(1, sizeof(*memory) + size);

	(void)gfp;
	if (!memory)
		return NULL;

	memory->next = test->memory;
	test->memory = memory;
	return memory->bytes;
}

void kunit_kfree(struct kunit *test, const void *p)
{
	struct kunit_memory **it = &test->memory;

	while (*it && (*it)->bytes != p)
		it = &(*it)->next;
	if (*it) {
		struct kunit_memory *found = *it;

		*it = found->next;
		free(found);
	}
}

void kunit_free_all(struct kunit *test)
{
	while (test->memory)
		kunit_kfree(test, test->memory->bytes);
}

void kunit_skip(struct kunit *test, const char *why)
{
	test->skipped = why;
	longjmp(test->abort, 1);
}

void kunit_failed(struct kunit *test, const char *file, int line,
		  const char *what, bool is_assertion, const char *fmt, ...)
{
	va_list args;

	printf("# %s:%d: expected %s: ", file, line, what);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	test->failed = true;
	if (is_assertion)
		longjmp(test->abort, 1);
}

static bool run(struct kunit_suite *suite, struct kunit_case *test_case,
		unsigned int number)
{
	struct kunit test = { };

	if (!setjmp(test.abort))
		test_case->run_case(&test);
	kunit_free_all(&test);

	printf("%s %u - %s.%s%s%s\n", test.failed ? "not ok" : "ok", number,
	       suite->name, test_case->name, test.skipped ? " # SKIP " : "",
	       test.skipped ?: "");
	fflush(stdout);
	return !test.failed;
}

/* Arguments are results from elsewhere: "ok NAME", "not ok NAME", "skip NAME WHY". */
static bool report(const char *result, unsigned int number)
{
	char name[64] = "";
	int why = 0;

	if (sscanf(result, "skip %63s %n", name, &why) == 1)
		printf("ok %u - %s # SKIP %s\n", number, name, result + why);
	else if (sscanf(result, "ok %63s", name) == 1)
		printf("ok %u - %s\n", number, name);
	else
		printf("not ok %u - %s\n", number, result);
	return name[0];
}

int main(int argc, char **argv)
{
	unsigned int number = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n");
	for (struct kunit_suite *suite = suites; suite; suite = suite->next) {
		struct kunit_case *test_case = suite->test_cases;

		for (; test_case->run_case; test_case++)
			failed += !run(suite, test_case, ++number);
	}
	for (int i = 1; i < argc; i++)
		failed += !report(argv[i], ++number);
	printf("1..%u\n", number);
	return failed ? 1 : 0;
}
