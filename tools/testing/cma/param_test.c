// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel parameters: the kernel's own tests, and random strings
 */

/* First: a macro of the kernel, __used, is the name of a field in it. */
#include <regex.h>

#include "../../../mm/tests/cma_param_kunit.c"

/* The grammar, said in another way. In 0x1E the E is a digit. */
#define DIGITS	"(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)"
#define NUMBER	"(0[xX][0-9a-fA-F]+[kmgtpKMGTP]?|(0[0-7]*|[1-9][0-9]*)[kmgtpeKMGTPE]?)"
#define AMOUNT	"(" DIGITS "%|" NUMBER ")"

static regex_t area_grammar, node_grammar, share_grammar;

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

/* The value of an AMOUNT, of which @match is the group and those in it. */
static bool amount_of(const char *at, const regmatch_t *match,
		      struct cma_amount *amount)
{
	phys_addr_t number;

	*amount = (struct cma_amount){ };
	if (match[1].rm_so < 0)
		return value_of(at, match[2], &amount->bytes) &&
		       -amount->bytes % CMA_MIN_ALIGNMENT_BYTES <= -1 - amount->bytes;

	if (!value_of(at, match[1], &number) || number > 100)
		return false;
	amount->percent = number;
	return true;
}

static void check_amount(struct kunit *test, struct cma_amount got,
			 struct cma_amount want, const char *arg)
{
	KUNIT_EXPECT_EQ_MSG(test, got.bytes, want.bytes, "%s", arg);
	KUNIT_EXPECT_EQ_MSG(test, got.percent, want.percent, "%s", arg);
}

/* Zeros in front without end are the one thing it need not bear. */
static bool too_many_digits(const char *arg)
{
	return strstr(shim_last_line, "too large") && strlen(arg) > 23;
}

/*
 * Is what follows a match left over, as @rest, rather than a number that is not one? In 08,
 * and in 0x, the 0 alone would match. @number is where the last number starts.
 */
static bool rest_is_ignored(const char *rest, const char *number)
{
	char last = rest[-1];

	if (isdigit(last) && isdigit(*rest))
		return false;
	return !(rest == number + 1 && last == '0' && tolower(*rest) == 'x');
}

/* In one line, which repeats what was given. */
static void check_complaint(struct kunit *test, const char *arg)
{
	KUNIT_EXPECT_NOT_NULL(test, strstr(shim_last_line, arg));
	KUNIT_EXPECT_EQ(test, shim_last_line[strlen(shim_last_line) - 1], '\n');
}

static void check_area(struct kunit *test, const char *arg)
{
	struct cma_amount got_size = { 1, 4 }, size;
	phys_addr_t got_base = 2, got_limit = 3;
	phys_addr_t base, limit, end;
	const char *rest = "";
	regmatch_t match[11];
	bool good = false;
	int ret;

	if (!area_grammar.re_nsub &&
	    regcomp(&area_grammar, "^" AMOUNT "(@" NUMBER "?(-" NUMBER "?)?)?",
		    REG_EXTENDED))
		kunit_skip(test, "regcomp() failed");

	shim_last_line[0] = '\0';
	ret = cma_parse_area(arg, &got_size, &got_base, &got_limit);

	/* Groups: 1 to 4 the size, 5 all behind it, 6 the start, 8 and 9 the end. */
	if (!regexec(&area_grammar, arg, ARRAY_SIZE(match), match, 0)) {
		unsigned int number = match[9].rm_so >= 0 ? 9 : match[6].rm_so >= 0 ? 6 : 1;

		rest = arg + match[0].rm_eo;
		good = amount_of(arg, match + 1, &size) &&
		       value_of(arg, match[6], &base) &&
		       value_of(arg, match[9], &limit) &&
		       rest_is_ignored(rest, arg + match[number].rm_so);
		/* A number is missing behind '@'. Behind '-' there is no end then. */
		if (rest[-1] == '@' && *rest)
			good = false;
		if (match[8].rm_so >= 0 && !limit)
			limit = PHYS_ADDR_MAX;
		good = good && !__builtin_add_overflow(size.bytes +
				-size.bytes % CMA_MIN_ALIGNMENT_BYTES, base, &end);
		if (match[8].rm_so >= 0)
			good = good && end <= limit;
		else
			good = good && !(base % CMA_MIN_ALIGNMENT_BYTES);
	}
	if (good && ret && too_many_digits(arg))
		return;

	KUNIT_EXPECT_EQ_MSG(test, ret, good ? 0 : -EINVAL, "cma=%s", arg);
	if (ret) {
		check_complaint(test, arg);
		check_amount(test, got_size, (struct cma_amount){ 1, 4 }, arg);
		KUNIT_EXPECT_EQ(test, got_base, 2);
		KUNIT_EXPECT_EQ(test, got_limit, 3);
	} else if (good) {
		check_amount(test, got_size, size, arg);
		KUNIT_EXPECT_EQ_MSG(test, got_base, base, "cma=%s", arg);
		KUNIT_EXPECT_EQ_MSG(test, got_limit, limit, "cma=%s", arg);
		if (*rest)
			check_complaint(test, rest);
		else
			KUNIT_EXPECT_STREQ(test, shim_last_line, "");
	}
}

/* Entry after entry, as a whole list has it. */
static void check_nodes(struct kunit *test, const char *arg)
{
	struct cma_amount got[MAX_NUMNODES] = { }, want[MAX_NUMNODES] = { };
	bool seen[MAX_NUMNODES] = { };
	char *list = strdup(arg), *rest = list, *entry;
	bool all_good = true;
	int ret;

	if (!node_grammar.re_nsub &&
	    regcomp(&node_grammar, "^[[:space:]]*0*(0[xX][0-9a-fA-F]+|[0-9]+):" AMOUNT,
		    REG_EXTENDED))
		kunit_skip(test, "regcomp() failed");

	shim_last_line[0] = '\0';
	ret = cma_parse_nodes("p", arg, got);
	if (ret && too_many_digits(arg))
		goto out;

	while ((entry = strsep(&rest, ","))) {
		struct cma_amount amount;
		regmatch_t match[6];
		phys_addr_t node;

		/* Groups: 1 the node, 2 to 5 the amount. */
		if (regexec(&node_grammar, entry, ARRAY_SIZE(match), match, 0) ||
		    !value_of(entry, match[1], &node) || node >= MAX_NUMNODES ||
		    !amount_of(entry, match + 2, &amount) || seen[node] ||
		    !rest_is_ignored(entry + match[0].rm_eo, entry + match[2].rm_so)) {
			all_good = false;
			if (!rest)
				check_complaint(test, entry);
			continue;
		}
		seen[node] = true;
		want[node] = amount;
	}

	KUNIT_EXPECT_EQ_MSG(test, ret, all_good ? 0 : -EINVAL, "p=%s", arg);
	for (unsigned int nid = 0; nid < MAX_NUMNODES; nid++)
		check_amount(test, got[nid], want[nid], arg);
out:
	free(list);
}

/* Of areas of one page, of some, and of all that there can be. */
static void check_share(struct kunit *test, const char *arg)
{
	static const unsigned long areas[] = { 1, 99, 1000, 16384, ULONG_MAX >> PAGE_SHIFT };
	regmatch_t match[5];
	bool fits;

	if (!share_grammar.re_nsub &&
	    regcomp(&share_grammar, "^" AMOUNT "$", REG_EXTENDED))
		kunit_skip(test, "regcomp() failed");
	/* Groups: 2 the percentage, 3 the bytes. */
	fits = !regexec(&share_grammar, arg, ARRAY_SIZE(match), match, 0);

	for (unsigned int i = 0; i < ARRAY_SIZE(areas); i++) {
		u64 all = areas[i], value = 0, want = 0;
		bool percent = fits && match[2].rm_so >= 0;
		unsigned long got = 12345;
		const char *pos = arg;
		const char *wrong = cma_parse_share(&pos, all, &got);
		bool good = fits && value_of(arg, match[percent ? 2 : 3], &value);

		if (good && percent) {
			good = value <= 100;
			want = (all * value + 99) / 100;
		} else if (good) {
			want = value / PAGE_SIZE + !!(value % PAGE_SIZE);
			good = want <= all;
		}
		/* Zeros in front, as in too_many_digits() */
		if (good && wrong && strstr(wrong, "too large") && strlen(arg) > 23)
			continue;

		KUNIT_EXPECT_EQ_MSG(test, !wrong && !*pos, good, "%s of %llu", arg, all);
		if (wrong) {
			KUNIT_EXPECT_EQ_MSG(test, got, 12345, "%s of %llu", arg, all);
			KUNIT_EXPECT_TRUE(test, pos == arg);
		} else {
			/* Also if there is something behind it. */
			KUNIT_EXPECT_TRUE(test, pos > arg && got <= all);
		}
		if (good)
			KUNIT_EXPECT_EQ_MSG(test, got, want, "%s of %llu", arg, all);
	}
}

static void check_value(struct kunit *test, const char *arg)
{
	check_area(test, arg);
	check_nodes(test, arg);
	check_share(test, arg);
}

static void cma_param_as_the_grammar_says(struct kunit *test)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(good_values); i++)
		check_value(test, good_values[i].arg);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_values); i++) {
		if (bad_values[i])
			check_value(test, bad_values[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(node_lists); i++) {
		if (node_lists[i].arg)
			check_value(test, node_lists[i].arg);
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
		" ", "\n", "+", ",", ",", ",", "%s", "%", "%", "x", "\x80",
		"0:", "0:", "1:", "2:", "7:", "8:", ",1:5%", ",3:64M,",
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

static void cma_param_shares(struct kunit *test)
{
	static const struct {
		const char *arg;
		unsigned long all;
		unsigned long pages;
		const char *rest;
	} good[] = {
		{ "0", 1000, 0, "" },
		{ "0%", 1000, 0, "" },
		{ "0E", 1000, 0, "" },
		/* Rounded up to pages, of 4 KiB here. */
		{ "1", 1000, 1, "" },
		{ "4096", 1000, 1, "" },
		{ "4097", 1000, 2, "" },
		{ "0x1001", 1000, 2, "" },
		{ "010001", 1000, 2, "" },
		{ "1K", 1000, 1, "" },
		{ "5k", 1000, 2, "" },
		{ "3M", 1000, 768, "" },
		{ "2g", 1 << 20, 1 << 19, "" },
		{ "1%", 1000, 10, "" },
		{ "1%", 99, 1, "" },
		{ "1%", 101, 2, "" },
		{ "33%", 3, 1, "" },
		{ "34%", 3, 2, "" },
		{ "50%", 99, 50, "" },
		{ "99%", 99, 99, "" },
		/* All of it. */
		{ "4000K", 1000, 1000, "" },
		{ "4095999", 1000, 1000, "" },
		{ "4096000", 1000, 1000, "" },
		{ "100%", 1000, 1000, "" },
		{ "100%", 1, 1, "" },
		{ "100%", ULONG_MAX >> PAGE_SHIFT, ULONG_MAX >> PAGE_SHIFT, "" },
#if BITS_PER_LONG == 64
		{ "15E", ULONG_MAX >> PAGE_SHIFT, 15UL << 48, "" },
		{ "4T", 1UL << 30, 1UL << 30, "" },
		{ "50%", (1UL << 52) - 1, 1UL << 51, "" },
#endif
		/* What is behind it is left to the caller. */
		{ "1K\n", 1000, 1, "\n" },
		{ "1M 500", 1000, 256, " 500" },
		{ "50% 500", 1000, 500, " 500" },
		{ "50%%", 1000, 500, "%" },
		{ "1MB", 1000, 256, "B" },
		{ "5 %", 1000, 1, " %" },
		{ "2.5%", 1000, 1, ".5%" },
		{ "1K,b:2K", 1000, 1, ",b:2K" },
	};
	static const struct {
		const char *arg;
		const char *wrong;
	} bad[] = {
		{ "4001K", "it is more than the area has" },
		{ "4096001", "it is more than the area has" },
		{ "16383P", "it is more than the area has" },
		{ "18446744073709551615", "it is more than the area has" },
		{ "101%", "it is more than 100%" },
		{ "18446744073709551615%", "it is more than 100%" },
		{ "18446744073709551616%", "a number is too large" },
		{ "18446744073709551617", "a number is too large" },
		{ "0x10000000000000000", "a number is too large" },
		{ "16E", "a number is too large" },
		{ "18014398509481985K", "a number is too large" },
		{ "000000000000000000000000", "a number is too large" },
		{ "08", "not a number" },
		{ "08%", "not a number" },
		{ "", "a number is missing" },
		{ "%", "a number is missing" },
		{ "K", "a number is missing" },
		{ " 1K", "a number is missing" },
		{ "-1", "a number is missing" },
		{ "+1", "a number is missing" },
		{ "0x", "not a number" },
		{ "all", "a number is missing" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		const char *pos = good[i].arg;
		unsigned long pages = 12345;

		KUNIT_EXPECT_STREQ(test, "", cma_parse_share(&pos, good[i].all, &pages) ?: "");
		KUNIT_EXPECT_EQ_MSG(test, pages, good[i].pages, "%s", good[i].arg);
		KUNIT_EXPECT_STREQ(test, pos, good[i].rest);
		check_share(test, good[i].arg);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *pos = bad[i].arg;
		unsigned long pages = 12345;

		KUNIT_EXPECT_STREQ(test, cma_parse_share(&pos, 1000, &pages) ?: "",
				   bad[i].wrong);
		KUNIT_EXPECT_EQ_MSG(test, pages, 12345, "%s", bad[i].arg);
		KUNIT_EXPECT_TRUE(test, pos == bad[i].arg);
		check_share(test, bad[i].arg);
	}
}

static struct kunit_case random_cases[] = {
	KUNIT_CASE(cma_param_shares),
	KUNIT_CASE(cma_param_as_the_grammar_says),
	KUNIT_CASE(cma_param_random_values),
	{}
};

static struct kunit_suite random_suite = {
	.name = "cma_param_random",
	.test_cases = random_cases,
};

kunit_test_suites(&random_suite);
