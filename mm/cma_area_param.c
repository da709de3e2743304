// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel parameters that set something for areas, which they name
 */

#define pr_fmt(fmt) "cma: " fmt

#include <linux/cma.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/seq_buf.h>
#include <linux/string.h>

#include "cma.h"
#include "cma_param.h"

struct named {
	const char *entry;
	struct cma *cma;
};

/* Which area does an entry begin with? A name may contain commas. */
static int __init find_named(struct cma *cma, void *data)
{
	struct named *named = data;
	size_t len = strlen(cma->name);

	if (!strncmp(named->entry, cma->name, len) && named->entry[len] == ':')
		named->cma = cma;
	return !!named->cma;
}

static int __init list_name(struct cma *cma, void *data)
{
	seq_buf_printf(data, " %s", cma->name);
	return 0;
}

/**
 * cma_set_by_param() - set something for each area that a parameter names
 * @param: the parameter's name
 * @value: its value, AREA:... any number of times, separated by ','; NULL for none
 * @expected: what may follow AREA, for the log
 * @set: called for each area, with what follows AREA: and where this ends; it returns
 *	NULL, or what is wrong
 *
 * A bad entry is logged, with what is wrong with it, and left out; the others count.
 *
 * Context: boot, when areas are active.
 */
void __init cma_set_by_param(const char *param, const char *value, const char *expected,
			     const char *(*set)(struct cma *cma, const char *pos,
						const char *end))
{
	char names[256];
	struct seq_buf areas;

	seq_buf_init(&areas, names, sizeof(names));
	cma_for_each_area(list_name, &areas);
	while (value && *value) {
		struct named named = { .entry = value };
		const char *wrong = "there is no such area";
		const char *end;

		end = strchrnul(value, ':');
		end += strcspn(end, ",");
		cma_for_each_area(find_named, &named);
		if (named.cma)
			wrong = set(named.cma, value + strlen(named.cma->name) + 1, end);
		if (wrong)
			pr_err("%s=: entry \"%.*s\" ignored: %s; expected AREA:%s, AREA one of:%s\n",
			       param, (int)(end - value), value, wrong, expected,
			       seq_buf_str(&areas));
		value = *end ? end + 1 : end;
	}
}
