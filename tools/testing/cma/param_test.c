// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel parameters: the kernel's own tests, and random strings
 */

/* First: a macro of the kernel, __used, is the name of a field in it. */
#include <regex.h>

#include "../../../mm/tests/cma_param_kunit.c"

/* The grammar, said in another way. In 0x1E the E is a digit. */
#define NUMBER	"(0[xX][0-9a-fA-F]+[kmgtpKMGTP]?|(0[0-7]*|[1-9][0-9]*)[kmgtpeKMGTPE]?)"

static regex_t grammar;

/* The value of a number of the grammar, or of none; false if it is too large. */
static bool value_of(const char *at, regmatch_t match, phys_addr_t *value)
{
	static const char suffixes[] = "kmgtpe";
	const char *end = at + match.rm_eo;
	unsigned int base = 10;
	bool fits = true;

	*value = 0;
	if (match.rm_so < 0)
		return true;

	at += match.rm_so;
	if (at[0] == '0' && tolower(at[1]) == 'x') {
		base = 16;
		at += 2;
	} else if (at[0] == '0') {
		base = 8;
	}

	for (; at < end; at++) {
		unsigned int digit = isdigit(*at) ? *at - '0' : tolower(*at) - 'a' + 10;

		if (digit < base) {
			fits = fits && !__builtin_mul_overflow(*value, base, value) &&
			       !__builtin_add_overflow(*value, digit, value);
			continue;
		}
		for (const char *s = suffixes; s <= strchr(suffixes, tolower(*at)); s++)
			fits = fits && !__builtin_mul_overflow(*value, 1024U, value);
	}

	return fits;
}

static void check_value(struct kunit *test, const char *arg)
{
	phys_addr_t got_size = 1, got_base = 2, got_limit = 3;
	phys_addr_t size, base, limit, end;
	regmatch_t match[9];
	bool good = false;
	int ret;

	if (!grammar.re_nsub &&
	    regcomp(&grammar, "^" NUMBER "(@" NUMBER "?(-" NUMBER ")?)?$",
		    REG_EXTENDED))
		kunit_skip(test, "regcomp() failed");

	shim_last_line[0] = '\0';
	ret = cma_parse_area(arg, &got_size, &got_base, &got_limit);

	/* Groups: 1 number, 3 all behind it, 4 the start, 6 and 7 the end. */
	if (!regexec(&grammar, arg, ARRAY_SIZE(match), match, 0)) {
		phys_addr_t more;

		good = value_of(arg, match[1], &size) && value_of(arg, match[4], &base) &&
		       value_of(arg, match[7], &limit);
		more = -size % CMA_MIN_ALIGNMENT_BYTES;
		good = good && !__builtin_add_overflow(size, more, &size) &&
		       !__builtin_add_overflow(base, size, &end);
		if (match[6].rm_so >= 0) {
			good = good && end <= limit;
		} else if (good && base) {
			good = !(base % CMA_MIN_ALIGNMENT_BYTES);
			limit = end;
		}
	}

	/* Zeros in front without end are the one thing it need not bear. */
	if (good && ret && strstr(shim_last_line, "too large") &&
	    strlen(arg) > 23)
		return;

	KUNIT_EXPECT_EQ_MSG(test, ret, good ? 0 : -EINVAL, "cma=%s", arg);
	if (ret) {
		/* In one line, which repeats what was given. */
		KUNIT_EXPECT_NOT_NULL(test, strstr(shim_last_line, arg));
		KUNIT_EXPECT_EQ(test, shim_last_line[strlen(shim_last_line) - 1],
				'\n');
		KUNIT_EXPECT_EQ(test, got_size, 1);
		KUNIT_EXPECT_EQ(test, got_base, 2);
		KUNIT_EXPECT_EQ(test, got_limit, 3);
	} else if (good) {
		KUNIT_EXPECT_EQ_MSG(test, got_size, size, "cma=%s", arg);
		KUNIT_EXPECT_EQ_MSG(test, got_base, base, "cma=%s", arg);
		KUNIT_EXPECT_EQ_MSG(test, got_limit, limit, "cma=%s", arg);
		KUNIT_EXPECT_STREQ(test, shim_last_line, "");
	}
}

static void cma_param_as_the_grammar_says(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(good_values); i++)
		check_value(test, good_values[i].arg);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_values); i++) {
		if (bad_values[i])
			check_value(test, bad_values[i]);
	}
}

/* Pieces of values, put together at random: most are nearly right. */
static void cma_param_random_values(struct kunit *test)
{
	static const char * const pieces[] = {
		"@", "@", "@", "-", "-", "K", "m", "G", "T", "P", "E", "e",
		"0", "1", "7", "8", "9", "64", "128", "1023", "0x", "0X", "00",
		"4294967295", "18446744073709551615", "18446744073709551616",
		"0xffffffffffe00000", "0xffffffffffffffff", "9007199254740992",
		" ", "\n", "+", ",", "%s", "x", "\x80",
	};
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 12);
	for (unsigned int i = 0; i < 200000; i++) {
		unsigned int n = prandom_u32_state(&rnd) % 9;
		char arg[256] = "";

		while (n--)
			strcat(arg, pieces[prandom_u32_state(&rnd) %
					   ARRAY_SIZE(pieces)]);
		check_value(test, arg);
	}
}

static struct kunit_case random_cases[] = {
	KUNIT_CASE(cma_param_as_the_grammar_says),
	KUNIT_CASE(cma_param_random_values),
	{}
};

static struct kunit_suite random_suite = {
	.name = "cma_param_random",
	.test_cases = random_cases,
};

kunit_test_suites(&random_suite);
