// SPDX-License-Identifier: GPL-2.0
/*
 * Values of the kernel parameters of contiguous memory areas
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/align.h>
#include <linux/cma.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/string.h>

/*
 * memparse() accepts everything: no digits at all are 0, and of a number that
 * is too large the low bits remain. Somebody's memory depends on this one.
 * Return: NULL, or what is wrong.
 */
static const char *__init parse_bytes(const char **pos, phys_addr_t *bytes)
{
	static const char suffixes[] __initconst = "KMGTPE";
	const char *end, *suffix = NULL;
	unsigned long long number;
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
	err = kstrtoull(digits, 0, &number);
	if (err)
		return err == -ERANGE ? "a number is too large" : "not a number";

	if (*end)
		suffix = strchr(suffixes, toupper(*end));
	if (suffix)
		end++;
	if (check_shl_overflow(number, suffix ? 10 * (suffix - suffixes + 1) : 0,
			       bytes))
		return "a number is too large";

	*pos = end;
	return NULL;
}

static const char *__init parse_area(const char *pos, phys_addr_t *size,
				     phys_addr_t *base, phys_addr_t *limit)
{
	phys_addr_t end;
	const char *wrong;

	wrong = parse_bytes(&pos, size);
	if (wrong)
		return wrong;
	if (ALIGN(*size, CMA_MIN_ALIGNMENT_BYTES) < *size)
		return "the size is too large";
	*size = ALIGN(*size, CMA_MIN_ALIGNMENT_BYTES);

	if (*pos == '@') {
		pos++;
		if (*pos && *pos != '-') {
			wrong = parse_bytes(&pos, base);
			if (wrong)
				return wrong;
		}
		if (check_add_overflow(*base, *size, &end))
			return "start and size together are too large";
		if (*pos == '-') {
			pos++;
			wrong = parse_bytes(&pos, limit);
			if (wrong)
				return wrong;
			if (*limit < end)
				return "the size does not fit before the end";
		} else if (*base) {
			*limit = end;
			if (!IS_ALIGNED(*base, CMA_MIN_ALIGNMENT_BYTES))
				return "the start is not aligned";
		}
	}

	return *pos ? "there is something behind it" : NULL;
}

/**
 * cma_parse_area() - read the value of the cma= parameter
 * @arg: nn[KMGTPE][@[start[KMGTPE]][-end[KMGTPE]]], or NULL if there was none
 * @size: bytes of the area, rounded up to CMA_MIN_ALIGNMENT_BYTES; 0 means that
 *	none is wanted
 * @base: where it starts, 0 for anywhere
 * @limit: where it ends at the latest, 0 for the end of memory; with a start
 *	and no end it is @base + @size
 *
 * A bad value is named in the log, with what is wrong about it, and nothing is
 * stored.
 *
 * Context: boot.
 * Return: 0 or -EINVAL.
 */
int __init cma_parse_area(const char *arg, phys_addr_t *size,
			  phys_addr_t *base, phys_addr_t *limit)
{
	phys_addr_t new_size = 0, new_base = 0, new_limit = 0;
	const char *wrong;

	wrong = arg ? parse_area(arg, &new_size, &new_base, &new_limit) :
		      "a value is missing";
	if (wrong) {
		pr_err("cma=%s ignored: %s; expected size[@[start][-end]], each number with K, M, G, T, P, E or no unit, and a start without an end a multiple of %luK\n",
		       arg ?: "", wrong, CMA_MIN_ALIGNMENT_BYTES / 1024);
		return -EINVAL;
	}

	*size = new_size;
	*base = new_base;
	*limit = new_limit;
	return 0;
}
