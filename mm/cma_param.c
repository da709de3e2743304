// SPDX-License-Identifier: GPL-2.0
/*
 * Parsing of kernel parameters, and of sizes in sysfs and the device tree
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/cma.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "cma_param.h"

/*
 * memparse() accepts everything: no digits at all mean 0, and a number that is too
 * large is cut to its low bits. That is not good enough to reserve memory by.
 * All parsers here return NULL, or what is wrong, and advance @pos past what they
 * have parsed.
 */
static const char *parse_number(const char **pos, u64 *number)
{
	unsigned long long value;
	const char *end;
	char digits[24];
	bool hex;
	int err;

	hex = **pos == '0' && tolower((*pos)[1]) == 'x';
	end = *pos + (hex ? 2 : 0);
	/* 'E' is a digit in 0x1E and the suffix in 1E. */
	while (hex ? isxdigit(*end) : isdigit(*end))
		end++;
	if (end == *pos)
		return "a number is missing";
	if (end - *pos >= sizeof(digits))
		return "a number is too large";

	strscpy(digits, *pos, end - *pos + 1);
	err = kstrtoull(digits, 0, &value);
	if (err)
		return err == -ERANGE ? "a number is too large" : "not a number";

	*number = value;
	*pos = end;
	return NULL;
}

static const char *parse_bytes(const char **pos, phys_addr_t *bytes)
{
	static const char suffixes[] = "KMGTPE";
	const char *suffix = NULL;
	const char *wrong;
	u64 number;

	wrong = parse_number(pos, &number);
	if (wrong)
		return wrong;

	if (**pos)
		suffix = strchr(suffixes, toupper(**pos));
	if (suffix)
		(*pos)++;
	if (check_shl_overflow(number, suffix ? 10 * (suffix - suffixes + 1) : 0,
			       bytes))
		return "a number is too large";

	return NULL;
}

static const char *__init parse_amount(const char **pos,
				       struct cma_amount *amount)
{
	const char *percent = *pos;
	const char *wrong;
	u64 number;

	*amount = (struct cma_amount){ };
	wrong = parse_number(&percent, &number);
	if (!wrong && *percent == '%') {
		if (number > 100)
			return "it is more than 100%";
		amount->percent = number;
		*pos = percent + 1;
		return NULL;
	}

	wrong = parse_bytes(pos, &amount->bytes);
	if (!wrong && ALIGN(amount->bytes, CMA_MIN_ALIGNMENT_BYTES) < amount->bytes)
		return "the size is too large";

	return wrong;
}

/**
 * cma_parse_share() - parse a size or a share of an area
 * @pos: nn[KMGTPE] or nn%; advanced past it
 * @all: pages of the area
 * @pages: receives the pages, rounded up
 *
 * Context: any.
 * Return: NULL, or what is wrong, and nothing is stored.
 */
const char *cma_parse_share(const char **pos, unsigned long all, unsigned long *pages)
{
	const char *it = *pos;
	unsigned int percent;
	phys_addr_t bytes;
	const char *wrong;
	u64 number;

	wrong = parse_number(&it, &number);
	if (!wrong && *it == '%') {
		if (number > 100)
			return "it is more than 100%";
		percent = number;
		*pages = all / 100 * percent + DIV_ROUND_UP(all % 100 * percent, 100);
		*pos = it + 1;
		return NULL;
	}

	it = *pos;
	wrong = parse_bytes(&it, &bytes);
	if (wrong)
		return wrong;
	if (bytes > PFN_PHYS(all))
		return "it is more than the area has";

	*pages = PHYS_PFN(bytes + PAGE_SIZE - 1);
	*pos = it;
	return NULL;
}

static const char amount_forms[] __initconst = "nn[KMGTPE] or nn%";

/*
 * Nobody has ever looked at what follows a value. What was served as "64MB" is not refused
 * now.
 */
static void __init ignore_rest(const char *param, const char *value, const char *rest,
			       const char *end)
{
	if (rest < end)
		pr_warn("%s=: \"%.*s\" behind %.*s ignored\n", param, (int)(end - rest), rest,
			(int)(rest - value), value);
}

/**
 * cma_parse_amount() - parse a parameter that is a size or a percentage
 * @param: the parameter's name
 * @arg: its value, nn[KMGTPE] or nn%; NULL if there was none
 * @amount: receives the amount
 * @alone: must nothing follow it? Otherwise, what does is logged and ignored
 *
 * A bad value is logged, with what is wrong with it, and nothing is stored.
 *
 * Context: boot.
 * Return: 0 or -EINVAL.
 */
int __init cma_parse_amount(const char *param, const char *arg,
			    struct cma_amount *amount, bool alone)
{
	const char *wrong = "a value is missing";
	struct cma_amount new;
	const char *pos = arg;

	if (arg)
		wrong = parse_amount(&pos, &new);
	if (!wrong && alone && *pos)
		wrong = "there is something behind it";
	if (wrong) {
		pr_err("%s=%s ignored: %s; expected %s\n", param, arg ?: "", wrong,
		       amount_forms);
		return -EINVAL;
	}

	ignore_rest(param, arg, pos, pos + strlen(pos));
	*amount = new;
	return 0;
}

/* One <node>:amount of a list */
static const char *__init parse_node(const char **pos, u64 *node,
				     struct cma_amount *amount)
{
	const char *wrong;

	/* Nodes are decimal, and there may be blanks in front, but 0x1 is one, too. */
	*pos = skip_spaces(*pos);
	while (**pos == '0' && isdigit((*pos)[1]))
		(*pos)++;
	wrong = parse_number(pos, node);
	if (wrong)
		return wrong;
	if (**pos != ':')
		return "there is no ':' behind the node";
	if (*node >= MAX_NUMNODES)
		return "there cannot be such a node";

	(*pos)++;
	return parse_amount(pos, amount);
}

/**
 * cma_parse_nodes() - parse a parameter that gives sizes for some nodes
 * @param: the parameter's name
 * @arg: its value, <node>:nn[KMGTPE] or <node>:nn%, any number of them separated
 *	by ','; NULL if there was none
 * @amounts: MAX_NUMNODES of them; those of nodes that are not in @arg stay as
 *	they are
 *
 * A bad entry is logged, with what is wrong with it, and left out; the others count.
 * What follows a good one, up to the ',', is logged, too.
 * If a node has two entries the first counts; if the parameter is given twice, the
 * last. Whether a node exists is not known this early.
 *
 * Context: boot.
 * Return: 0, or -EINVAL if there was a bad entry.
 */
int __init cma_parse_nodes(const char *param, const char *arg,
			   struct cma_amount *amounts)
{
	DECLARE_BITMAP(seen, MAX_NUMNODES) = { };
	const char *pos = arg ?: "";
	int ret = 0;

	for (;;) {
		const char *end = pos + strcspn(pos, ",");
		struct cma_amount amount;
		const char *rest = pos;
		const char *wrong;
		u64 node;

		wrong = parse_node(&rest, &node, &amount);
		if (!wrong && __test_and_set_bit(node, seen))
			wrong = "the node has an entry already";
		if (!wrong) {
			ignore_rest(param, pos, rest, end);
			amounts[node] = amount;
		} else {
			pr_err("%s=: entry \"%.*s\" ignored: %s; expected <node>:size, node below %u, size %s\n",
			       param, (int)(end - pos), pos, wrong, MAX_NUMNODES,
			       amount_forms);
			ret = -EINVAL;
		}

		if (!*end)
			return ret;
		pos = end + 1;
	}
}

/**
 * cma_amount_bytes() - an amount in bytes
 * @amount: as it was given
 * @memory: bytes that are 100%
 *
 * Return: bytes; for a percentage, whole pages.
 */
phys_addr_t __init cma_amount_bytes(const struct cma_amount *amount,
				    phys_addr_t memory)
{
	unsigned long pages = PHYS_PFN(memory);

	/* Of a product the top bits would be lost; of 32 bits, half of it. */
	return amount->bytes + PFN_PHYS(pages / 100 * amount->percent +
					pages % 100 * amount->percent / 100);
}

static const char *__init parse_area(const char **pos, struct cma_amount *size,
				     phys_addr_t *base, phys_addr_t *limit)
{
	phys_addr_t aligned, end;
	const char *wrong;

	wrong = parse_amount(pos, size);
	if (wrong || **pos != '@')
		return wrong;

	(*pos)++;
	if (**pos && **pos != '-') {
		wrong = parse_bytes(pos, base);
		if (wrong)
			return wrong;
	}
	aligned = ALIGN(size->bytes, CMA_MIN_ALIGNMENT_BYTES);
	if (check_add_overflow(*base, aligned, &end))
		return "start and size together are too large";
	if (**pos != '-')
		return IS_ALIGNED(*base, CMA_MIN_ALIGNMENT_BYTES) ?
		       NULL : "the start is not aligned";

	(*pos)++;
	if (isdigit(**pos)) {
		wrong = parse_bytes(pos, limit);
		if (wrong)
			return wrong;
	}
	/* Without a number, or with 0, there is no end. */
	if (!*limit)
		*limit = PHYS_ADDR_MAX;
	return *limit < end ? "the size does not fit before the end" : NULL;
}

/**
 * cma_parse_area() - parse the value of the cma= parameter
 * @arg: size[@[start][-[end]]], the size nn[KMGTPE] or nn%, the others nn[KMGTPE];
 *	NULL if there was none
 * @size: how large it is; 0 means that none is wanted
 * @base: where it starts, 0 for anywhere
 * @limit: highest address that it may end at; 0 if none is given, and then an area
 *	with a start must be exactly there
 *
 * A bad value is logged, with what is wrong with it, and nothing is stored. What follows a
 * good one is logged, too.
 *
 * Context: boot.
 * Return: 0 or -EINVAL.
 */
int __init cma_parse_area(const char *arg, struct cma_amount *size,
			  phys_addr_t *base, phys_addr_t *limit)
{
	phys_addr_t new_base = 0, new_limit = 0;
	const char *wrong = "a value is missing";
	struct cma_amount new_size;
	const char *pos = arg;

	if (arg)
		wrong = parse_area(&pos, &new_size, &new_base, &new_limit);
	if (wrong) {
		pr_err("cma=%s ignored: %s; expected size[@[start][-[end]]], the size %s, the others nn[KMGTPE], and a start without a '-' a multiple of %luK\n",
		       arg ?: "", wrong, amount_forms,
		       CMA_MIN_ALIGNMENT_BYTES / 1024);
		return -EINVAL;
	}

	ignore_rest("cma", arg, pos, pos + strlen(pos));
	*size = new_size;
	*base = new_base;
	*limit = new_limit;
	return 0;
}

/**
 * cma_parse_lend() - parse to whom an area is to lend
 * @text: what is one of CMA_LEND_EXPECTED
 * @len: its length
 *
 * Context: any.
 * Return: 1 for user space only, 0 for all movable allocations; else -EINVAL.
 */
int cma_parse_lend(const char *text, size_t len)
{
	if (len == strlen("user") && !memcmp(text, "user", len))
		return 1;
	if (len == strlen("movable") && !memcmp(text, "movable", len))
		return 0;
	return -EINVAL;
}

/**
 * cma_trim() - trim a piece of memory to what can become an area
 * @base: first byte
 * @size: bytes
 * @before: what precedes it in its first block of CMA_MIN_ALIGNMENT_BYTES can be lent, too
 * @after: so can what follows it in its last block
 *
 * Moves the start up and the end down to the next block, or only to the next page if the
 * block can be lent.
 *
 * Return: false, and nothing is stored, if nothing is left.
 */
bool __init cma_trim(phys_addr_t *base, phys_addr_t *size, bool before, bool after)
{
	phys_addr_t start = ALIGN(*base, before ? PAGE_SIZE : CMA_MIN_ALIGNMENT_BYTES);
	phys_addr_t end;

	if (start < *base || check_add_overflow(*base, *size, &end))
		return false;
	end = ALIGN_DOWN(end, after ? PAGE_SIZE : CMA_MIN_ALIGNMENT_BYTES);
	if (end <= start)
		return false;

	*base = start;
	*size = end - start;
	return true;
}
