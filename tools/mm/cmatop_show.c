// SPDX-License-Identifier: GPL-2.0
/*
 * cmatop: show a sample as pages of text, as JSON and as SVG
 */

#include "cmatop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static const struct {
	const char *name;
	char sign;
	char attribute;		/* in a page of text, see below */
	const char *colour;	/* in a picture */
} kinds[NR_KINDS] = {
	[ALLOCATED] = { "allocated", '#', '\5', "#3465a4" },
	[STUCK] = { "stuck", 'X', '\6', "#cc0000" },
	[BORROWED] = { "borrowed", '+', '\7', "#edc04d" },
	[READY] = { "ready", '=', '\10', "#73d216" },
	[FREE] = { "free", '.', '\4', "#dfe9d8" },
};

/* --- Pages of text --- */

/* The characters of a page that are none, as terminals know them. */
static const char * const attributes[] = {
	[1] = "0", [2] = "1", [3] = "7", [4] = "32", [5] = "37;44",
	[6] = "1;37;41", [7] = "30;43", [8] = "30;42",
};

enum style style;
unsigned int columns = 80;
unsigned int cut;
FILE *page;

void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(page, fmt, args);
	va_end(args);
}

/* A line over the whole width. */
static void bar(const char *s)
{
	say(REVERSE "%-*s" NORMAL "\n", style == PLAIN ? 0 : columns, s);
}

/* Text at @indent, where the line is already; broken after ' ', '<' and ','. */
static void wrap(unsigned int indent, const char *s)
{
	size_t width = columns > indent + 20 ? columns - indent : 20;

	while (strlen(s) > width) {
		size_t len = width;

		while (len && !strchr(" <,", s[len - 1]))
			len--;
		if (!len)
			len = width;
		say("%.*s\n%*s", (int)(len - (s[len - 1] == ' ')), s, indent, "");
		s += len;
	}
	say("%s\n", s);
}

/* Show the line at @s; returns what comes after it. */
const char *show_line(FILE *to, const char *s)
{
	unsigned int column = 0;
	bool changed = false;

	for (; *s && *s != '\n'; s++) {
		unsigned char c = *s;

		if (c < ARRAY_SIZE(attributes)) {
			if (style == PLAIN || (style == MONOCHROME && c > 3))
				continue;
			fprintf(to, "\033[%sm", attributes[c]);
			changed = c != 1;
		} else if ((c & 0xc0) != 0x80 && (column++ < cut || !cut)) {
			fputc(c < 0x80 ? c : '?', to);
		}
	}
	if (changed)
		fputs("\033[0m", to);
	return *s ? s + 1 : s;
}

/* A short text that lives until some more have been made. */
__printf(1, 2)
static const char *brief(const char *fmt, ...)
{
	static char buffer[16][32];
	static unsigned int next;
	char *s = buffer[next++ % ARRAY_SIZE(buffer)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(s, sizeof(buffer[0]), fmt, args);
	va_end(args);
	return s;
}

static const char *size(__u64 pages)
{
	double n = (double)pages * page_size / 1024;
	const char *unit = "KMGTPEZY";

	if (pages == NONE)
		return "-";
	if (!pages)
		return "0";
	while (n >= 1024) {
		n /= 1024;
		unit++;
	}
	return brief("%.*f%c", n < 99.95 && n != (__u64)n, n, *unit);
}

static const char *count(__u64 n)
{
	if (n == NONE)
		return "-";
	if (n < 10000000)
		return brief("%llu", n);
	return n < 10000000000 ? brief("%.1fM", n / 1e6) : brief("%.2gG", n / 1e9);
}

static const char *duration(__u64 ns)
{
	static const struct {
		double length;
		const char *name;
	} units[] = {
		{ 864e11, "d" }, { 36e11, "h" }, { 6e10, "m" }, { 1e9, "s" },
		{ 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" },
	};
	unsigned int i = 0;

	if (ns == NONE)
		return "-";
	while (i < ARRAY_SIZE(units) - 1 && ns < 2 * units[i].length)
		i++;
	return brief("%.0f%s", ns / units[i].length, units[i].name);
}

static const char *age(const char *ms)
{
	__u64 n = value(ms);

	return n > NONE / 1000000 ? "-" : duration(n * 1000000);
}

/* How fast a counter of an area grew between the samples, per second. */
static double rate(const struct area *a, int which)
{
	size_t i;

	for (i = 0; i < before.nr; i++) {
		__u64 was = before.area[i].number[which];
		__u64 is = a->number[which];

		if (!strcmp(before.area[i].name, a->name))
			return was == NONE || is == NONE || is < was ? -1 :
			       (is - was) / (now.time - before.time);
	}
	return -1;
}

/* Pages that are ready are free, too. */
static __u64 free_pages(const struct area *a)
{
	__u64 free = pages_of(a, FREE), ready = pages_of(a, READY);

	if (!a->borrowed_known || free == NONE)
		return NONE;
	return ready == NONE ? free : free + ready;
}

void show_areas(size_t first, size_t nr, size_t selected)
{
	size_t i;

	bar("  # AREA              TOTAL    HELD   AVAIL    FREE BORROWED LARGEST  FAILED");
	for (i = first; i < now.nr && i < first + nr; i++) {
		const struct area *a = &now.area[i];

		say("%s%c%2zu %-16.16s %6s %7s %7s %7s %8s %7s %7s" NORMAL "\n",
		    i == selected ? BOLD : "", i == selected ? '>' : ' ', i + 1,
		    a->name, size(total_pages(a)), size(held_pages(a)),
		    size(available_pages(a)), size(free_pages(a)),
		    size(pages_of(a, BORROWED)), size(largest(a)),
		    count(a->number[REFUSED]));
	}
}

void show_summary(void)
{
	__u64 total = now.cma_total == NONE ? NONE :
			 now.cma_total / (page_size / 1024);
	__u64 free = now.cma_free == NONE ? NONE :
			now.cma_free / (page_size / 1024);

	say(BOLD "%zu area%s" NORMAL ", CmaTotal %s, CmaFree %s", now.nr,
	    now.nr == 1 ? "" : "s", size(total), size(free));
	if (now.vm_success != NONE)
		say("; %s allocations", count(now.vm_success));
	if (now.vm_fail != NONE)
		say(", %s failed", count(now.vm_fail));
	say("\n");
}

static void show_note(const struct note *note, const char *what)
{
	wrap(2, what);
	if (note->how) {
		say("  What helps: ");
		wrap(14, note->how);
	}
}

/* Say what the note on a topic says. --once comes to its notes at its end. */
static void show_missing(const char *topic)
{
	size_t i;

	say("Not known%s", cut ? "" : ", see the end.\n");
	for (i = 0; cut && i < now.nr_notes; i++) {
		const char *what = now.note[i].what;

		if (!strncmp(what, topic, strlen(topic)) ||
		    !strncmp(what, "map, holders and failures", 25)) {
			say(". ");
			show_note(&now.note[i], strstr(what, ": ") + 2);
			return;
		}
	}
	say(cut ? "\n" : "");
}

/*
 * Blocks to draw, at most @most where that can be; neighbours are merged. The
 * caller frees them.
 */
static struct block *fewer_blocks(const struct area *a, size_t most, size_t *nr)
{
	size_t merge = (a->nr_blocks + most - 1) / most, merged = 0, i;
	struct block *blocks = must(calloc(a->nr_blocks + 1, sizeof(*blocks)));
	struct block *b = NULL;
	int k;

	*nr = 0;
	for (i = 0; i < a->nr_blocks; i++) {
		const struct block *from = &a->block[i];

		if (!b || merged == merge || from->pfn != b->pfn + b->pages) {
			b = &blocks[(*nr)++];
			b->pfn = from->pfn;
			merged = 0;
		}
		merged++;
		b->pages += from->pages;
		for (k = 0; k < NR_KINDS; k++)
			b->part[k] += from->part[k];
	}
	return blocks;
}

/* How many of @width marks each kind gets. A stuck page is never hidden. */
static void share(const struct block *b, int width, int marks[NR_KINDS])
{
	double sum = 0;
	int k, used = 0, most = FREE;

	for (k = 0; k < NR_KINDS; k++) {
		sum += b->part[k];
		marks[k] = k == FREE || !b->pages ? width :
			   sum / b->pages * width + 0.5;
		if (marks[k] > width)
			marks[k] = width;
		marks[k] -= used;
		used += marks[k];
		if (marks[k] > marks[most])
			most = k;
	}
	if (b->part[STUCK] && !marks[STUCK]) {
		marks[most]--;
		marks[STUCK]++;
	}
}

static const char *kind_name(const struct area *a, int kind)
{
	return kind == FREE && !a->borrowed_known ? "available" :
	       kinds[kind].name;
}

void show_map(const struct area *a, unsigned int height)
{
	unsigned int across = 16, width = 16, column = 0;
	__u64 next = NONE, each = 0;
	int marks[NR_KINDS], k, last = -1;
	struct block *blocks;
	size_t nr, i;

	if (!a->nr_blocks) {
		show_missing("map");
		return;
	}
	while (across * 2 + 12 <= columns)
		across *= 2;
	height = height > 4 ? height - 2 : 2;
	blocks = fewer_blocks(a, (size_t)across * height, &nr);
	while (width > 1 && nr * width > (size_t)across * height)
		width /= 2;
	for (i = 0; i < nr; i++)
		if (blocks[i].pages > each)
			each = blocks[i].pages;

	for (k = 0; k < NR_KINDS; k++)
		if (kind_known(a, k))
			say("%s%c%c" NORMAL " %s %s", k ? "   " : "", kinds[k].attribute,
			    kinds[k].sign, kind_name(a, k),
			    size(pages_of(a, k)));
	say("\n%-11s each %c is %s, sorted inside of blocks of %s\n", "PFN",
	    '.', size(each / width ? each / width : 1), size(each));
	for (i = 0; i < nr; i++) {
		if (column && (column == across || blocks[i].pfn != next)) {
			say(NORMAL "\n");
			column = 0;
			last = -1;
		}
		if (!column)
			say("%-11s", brief("0x%llx", blocks[i].pfn));
		share(&blocks[i], width, marks);
		for (k = 0; k < NR_KINDS; k++) {
			if (marks[k] && k != last) {
				say(NORMAL "%c", kinds[k].attribute);
				last = k;
			}
			while (marks[k]-- > 0)
				say("%c", kinds[k].sign);
		}
		column += width;
		next = blocks[i].pfn + blocks[i].pages;
	}
	say(NORMAL "\n");
	free(blocks);
}

static void show_rest(const struct table *table, size_t most)
{
	if (table->nr > most)
		say("... and %zu more\n", table->nr - most);
	if (!table->nr)
		say("No entry.\n");
}

void show_holders(const struct area *a, size_t most)
{
	const struct table *t = &a->table[HOLDERS];
	__u64 rest = held_pages(a), pages;
	size_t i;

	if (!t->there) {
		show_missing("holders");
		return;
	}
	say(BOLD "    HELD ALLOCATIONS  OLDEST CALLED FROM" NORMAL "\n");
	for (i = 0; i < t->nr; i++) {
		char **row = t->row[i];

		pages = value(row[0]);
		rest -= rest != NONE && pages <= rest ? pages : rest;
		if (i >= most)
			continue;
		say("%8s %11s %7s ", size(pages), row[1], age(row[2]));
		wrap(29, row[3]);
	}
	/* Both are read while they change; a few pages mean nothing. */
	if (rest && rest != NONE)
		say("%8s %11s %7s no record: see /sys/module/cma/parameters/track\n",
		    size(rest), "-", "-");
	show_rest(t, most);
}

void show_allocations(const struct area *a, size_t most)
{
	const struct table *t = &a->table[ALLOCATIONS];
	size_t i;

	if (!t->there) {
		show_missing("holders");
		return;
	}
	say(BOLD "PFN            SIZE     AGE     PID TASK            CALLED FROM"
	    NORMAL "\n");
	for (i = 0; i < t->nr && i < most; i++) {
		char **row = t->row[i];

		say("%-11s %7s %7s %7s %-15s ", row[0], size(value(row[1])),
		    age(row[2]), row[3], row[4]);
		wrap(52, row[5]);
	}
	show_rest(t, most);
}

static const struct {
	const char *reason;
	const char *meaning;
} meanings[] = {
	{ "no-room", "no free run of the area is long enough: see who holds it" },
	{ "anonymous", "memory of a process that could not be moved just then" },
	{ "file", "a page of a file: a disk may be slow, or the file busy" },
	{ "shmem", "shared memory or tmpfs that could not be moved just then" },
	{ "slab", "the kernel's own objects, which should not be there" },
	{ "page-table", "a page table, which should not be there" },
	{ "pinned", "in use by I/O or a device (O_DIRECT, io_uring, vmsplice): end that" },
	{ "hwpoison", "broken memory: nothing can be had over it" },
	{ "cma", "another allocation of the area was there first" },
	{ "hugetlb", "a huge page with nowhere to go: free some" },
	{ "lru-cache", "on its way between lists: passes by itself" },
	{ "other", "of another kind" },
	{ "no-memory", "nowhere to move pages to: free memory outside of the area" },
	{ "killed", "the task was killed while it waited" },
	{ "invalid", "nothing that the area can ever give" },
};

static const char *meaning(const char *reason)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(meanings); i++)
		if (!strcmp(meanings[i].reason, reason))
			return meanings[i].meaning;
	return "";
}

static const char *error_name(const char *number)
{
	switch (*number == '-' ? atoi(number + 1) : 0) {
	case EBUSY: return "EBUSY";
	case ENOMEM: return "ENOMEM";
	case EINTR: return "EINTR";
	case EINVAL: return "EINVAL";
	case EAGAIN: return "EAGAIN";
	default: return number;
	}
}

static void show_reasons(const struct area *a)
{
	const struct table *t = &a->table[REASONS];
	size_t i;

	if (t->nr)
		say(BOLD "   TIMES    LAST IN THE WAY  WHICH MEANS" NORMAL "\n");
	for (i = 0; i < t->nr; i++) {
		char **row = t->row[i];

		say("%8s %7s %-11s ", row[0], age(row[2]), row[1]);
		wrap(29, meaning(row[1]));
	}
	if (t->nr)
		say("\n");
}

void show_failures(const struct area *a, size_t most)
{
	const struct table *t = &a->table[FAILURES];
	size_t i;

	if (!t->there && !a->table[REASONS].there) {
		if (a->number[REFUSED] && a->number[REFUSED] != NONE)
			say("%llu pages were asked for in vain.\n",
			    a->number[REFUSED]);
		show_missing("failures");
		return;
	}
	show_reasons(a);
	if (t->nr)
		say(BOLD "     AGE    SIZE ALIGN ERROR  TASK" NORMAL "\n");
	for (i = 0; i < t->nr && i < most; i++) {
		char **row = t->row[i], *where;

		say("%8s %7s %5s %-6s %s (%s)\n", age(row[0]),
		    size(value(row[1])), row[2], error_name(row[3]), row[5],
		    row[4]);
		where = strcmp(row[7], "-") ?
			text("%s at PFN %s, %s references, %s mappings", row[6],
			     row[7], row[8], row[9]) : text("%s", row[6]);
		say("%17s", "");
		wrap(17, where);
		free(where);
		if (strcmp(row[10], "-")) {
			say("%17s", "");
			wrap(17, row[10]);
		}
	}
	show_rest(t, most);
}

/* The upper bound of the bucket where @part of all there is has been seen. */
static const char *quantile(const struct table *t, double part)
{
	double sum = 0, all = 0;
	size_t i;

	for (i = 0; i < t->nr; i++)
		all += value(t->row[i][1]);
	for (i = 0; i < t->nr; i++) {
		sum += value(t->row[i][1]);
		if (all && sum >= part * all)
			return t->row[i][0];
	}
	return "-";
}

static const char *latency(const char *bound)
{
	return !strcmp(bound, "inf") ? "more" : duration(value(bound));
}

void show_rates(const struct area *a)
{
	static const struct {
		int which;
		const char *name;
		bool counter;
	} rows[] = {
		{ GIVEN, "pages given out", true },
		{ REFUSED, "pages refused", true },
		{ TAKEN_BACK, "pages taken back", true },
		{ MIGRATED, "pages moved away", true },
		{ MOVED_IN, "pages moved in", true },
		{ GIVEN_UP, "ranges given up", true },
		{ HIGH_WATER, "most pages held", false },
		{ LARGEST_FREE, "largest, without moving", false },
		{ LARGEST_AVAILABLE, "largest, with moving", false },
		{ MAXCHUNK, "longest run in the map", false },
		{ SERVED, "headroom served", true },
		{ SERVED_PARTLY, "headroom served partly", true },
		{ NOT_SERVED, "headroom did not serve", true },
		{ REFILL_US, "headroom refilled in us", false },
	};
	const struct table *ok = &a->table[LATENCY_OK];
	const struct table *bad = &a->table[LATENCY_BAD];
	double most = 0;
	size_t i;
	int k;

	say(BOLD "%24s %14s%s" NORMAL "\n", "", "TOTAL",
	    before.nr ? "     PER SECOND" : "");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		__u64 n = a->number[rows[i].which];
		double per_second = rows[i].counter ? rate(a, rows[i].which) : -1;

		if (n == NONE)
			continue;
		/* Where there is no headroom they mean nothing. */
		if (!n && rows[i].which >= SERVED && rows[i].which <= REFILL_US)
			continue;
		say("%24s %14llu%s\n", rows[i].name, n,
		    per_second < 0 ? "" : brief("%15.1f", per_second));
	}
	say("\n");
	if (!ok->there) {
		show_missing("latencies");
		return;
	}
	say("An allocation took: half of them up to %s, 99%% up to %s\n",
	    latency(quantile(ok, 0.5)), latency(quantile(ok, 0.99)));
	say(BOLD "%9s %12s %12s" NORMAL "\n", "UP TO", "SUCCEEDED", "FAILED");
	for (i = 0; i < ok->nr; i++)
		if (value(ok->row[i][1]) > most)
			most = value(ok->row[i][1]);
	for (i = 0; i < ok->nr; i++) {
		double n = value(ok->row[i][1]);
		const char *f = i < bad->nr ? bad->row[i][1] : "-";

		if (!n && !strcmp(f, "0"))
			continue;
		say("%9s %12s %12s ", latency(ok->row[i][0]), ok->row[i][1], f);
		for (k = 0; k < (columns - 36) * (n / most); k++)
			say("=");
		say("\n");
	}
}

void show_notes(void)
{
	size_t i;

	if (!now.nr_notes)
		say("Nothing is missing.\n");
	for (i = 0; i < now.nr_notes; i++) {
		say("* ");
		show_note(&now.note[i], now.note[i].what);
	}
}

/* The map, and as much of the rest as there is room for. */
void show_overview(const struct area *a, unsigned int height)
{
	show_map(a, height - height / 4);
	if (a->table[HOLDERS].there) {
		say("\n");
		show_holders(a, 3);
	}
	if (a->table[REASONS].nr) {
		say("\n");
		show_reasons(a);
	}
}

static const char *bytes(__u64 n)
{
	return size(n == NONE ? NONE : n / page_size);
}

static void show_headroom(const struct area *a)
{
	const __u64 *n = a->number;
	const char *why = a->short_of_headroom;

	if (n[HEADROOM] == NONE || (!n[HEADROOM] && !n[HEADROOM_READY]))
		return;
	say("headroom %s: %s ready, at most %s at once", bytes(n[HEADROOM]),
	    bytes(n[HEADROOM_READY]), bytes(n[HEADROOM_LONGEST]));
	if (why && strcmp(why, "no"))
		say("; short: %.40s", why);
	say("\n");
}

void show_title(const struct area *a)
{
	const struct block *b = a->block;
	size_t i, pieces = 0;

	for (i = 0; i < a->nr_blocks; i++)
		pieces += !i || b[i].pfn != b[i - 1].pfn + b[i - 1].pages;
	say(BOLD "%s" NORMAL ": %s", a->name, size(total_pages(a)));
	if (pieces == 1)
		say(" at 0x%llx", b->pfn * page_size);
	if (pieces > 1)
		say(" in %zu pieces from 0x%llx", pieces, b->pfn * page_size);
	if (a->number[ORDER] != NONE && a->number[ORDER] && a->number[ORDER] < 41)
		say(", in units of %s", size(1ULL << a->number[ORDER]));
	say("\n");
	show_headroom(a);
}

void show_once(const char *only)
{
	size_t i, most = 10;

	show_summary();
	show_areas(0, now.nr, NONE);
	for (i = 0; i < now.nr; i++) {
		const struct area *a = &now.area[i];

		if (only && strcmp(a->name, only))
			continue;
		say("\n");
		show_title(a);
		show_map(a, 18);
		say("\n" BOLD "Who holds %s" NORMAL "\n", a->name);
		show_holders(a, most);
		say("\n" BOLD "Who was in the way in %s" NORMAL "\n", a->name);
		show_failures(a, most);
		say("\n" BOLD "How %s fares" NORMAL "\n", a->name);
		show_rates(a);
	}
	if (now.nr_notes) {
		say("\n" BOLD "What is missing" NORMAL "\n");
		show_notes();
	}
}

/* --- JSON --- */

static void json_text(FILE *to, const char *s)
{
	fputc('"', to);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', to);
		fputc(*s, to);
	}
	fputc('"', to);
}

static void json_number(FILE *to, const char *name, __u64 n)
{
	fprintf(to, ",\"%s\":", name);
	if (n == NONE)
		fputs("null", to);
	else
		fprintf(to, "%llu", n);
}

/* A number that is not known is null, and so is an upper bound that is none. */
static void json_cell(FILE *to, char kind, const char *s)
{
	if (kind == 't')
		json_text(to, s);
	else if (kind == 'i' && *s == '-' && s[1])
		fprintf(to, "-%llu", strtoull(s + 1, NULL, 10));
	else if (*s == '-' || *s == 'i')
		fputs("null", to);
	else
		fprintf(to, "%llu",
			(__u64)strtoull(s, NULL, kind == 'x' ? 16 : 10));
}

static void json_table(FILE *to, const struct format *format,
		       const struct table *t)
{
	size_t i, k;

	fprintf(to, ",\n  \"%s\":", format->file);
	if (!t->there) {
		fputs("null", to);
		return;
	}
	for (i = 0; i < t->nr; i++) {
		for (k = 0; k < NR_COLUMNS && format->column[k].kind; k++) {
			fputs(k ? "," : i ? ",\n   {" : "[\n   {", to);
			fprintf(to, "\"%s\":", format->column[k].name);
			json_cell(to, format->column[k].kind, t->row[i][k]);
		}
		fputc('}', to);
	}
	fputs(t->nr ? "]" : "[]", to);
}

void show_json(FILE *to, const char *only)
{
	struct utsname machine;
	bool any = false;
	size_t i, k;

	uname(&machine);
	fputs("{\"kernel\":", to);
	json_text(to, *root ? "" : machine.release);
	json_number(to, "page_size", page_size);
	json_number(to, "cma_total_kib", now.cma_total);
	json_number(to, "cma_free_kib", now.cma_free);
	json_number(to, "vmstat_cma_alloc_success", now.vm_success);
	json_number(to, "vmstat_cma_alloc_fail", now.vm_fail);
	fputs(",\n\"areas\":[", to);
	for (i = 0; i < now.nr; i++) {
		const struct area *a = &now.area[i];

		if (only && strcmp(a->name, only))
			continue;
		fputs(any ? ",\n {\"name\":" : "\n {\"name\":", to);
		any = true;
		json_text(to, a->name);
		json_number(to, "held_pages", held_pages(a));
		json_number(to, "free_pages", free_pages(a));
		json_number(to, "borrowed_pages", pages_of(a, BORROWED));
		json_number(to, "stuck_pages", pages_of(a, STUCK));
		for (k = 0; k < NR_NUMBERS; k++)
			json_number(to, number_files[k], a->number[k]);
		fputs(",\"headroom_short\":", to);
		if (a->short_of_headroom)
			json_text(to, a->short_of_headroom);
		else
			fputs("null", to);
		for (k = 0; k < NR_TABLES; k++)
			json_table(to, &formats[k], &a->table[k]);
		fputs(",\n  \"map\":[", to);
		for (k = 0; k < a->nr_blocks; k++) {
			const struct block *b = &a->block[k];

			fprintf(to, "%s\n   {\"pfn\":%llu", k ? "," : "",
				b->pfn);
			json_number(to, "pages", b->pages);
			json_number(to, "free", a->borrowed_known ?
				    b->part[FREE] + b->part[READY] : NONE);
			json_number(to, "borrowed", a->borrowed_known ?
				    b->part[BORROWED] : NONE);
			json_number(to, "allocated", b->part[ALLOCATED]);
			json_number(to, "stuck", a->stuck_known ?
				    b->part[STUCK] : NONE);
			json_number(to, "ready", a->ready_known ?
				    b->part[READY] : NONE);
			fputc('}', to);
		}
		fputs("]}", to);
	}
	fputs("],\n\"missing\":[", to);
	for (i = 0; i < now.nr_notes; i++) {
		fputs(i ? ",\n {\"what\":" : "\n {\"what\":", to);
		json_text(to, now.note[i].what);
		fputs(",\"how\":", to);
		if (now.note[i].how)
			json_text(to, now.note[i].how);
		else
			fputs("null", to);
		fputc('}', to);
	}
	fputs("]}\n", to);
}

/* --- SVG --- */

#define SVG_LEFT	110
#define SVG_ACROSS	896

static void svg_text(FILE *to, int x, int y, int size, const char *anchor,
		     const char *s)
{
	fprintf(to, "<text x=\"%d\" y=\"%d\" font-size=\"%d\" text-anchor=\"%s\">",
		x, y, size, anchor);
	for (; *s; s++) {
		if (*s == '<')
			fputs("&lt;", to);
		else if (*s == '&')
			fputs("&amp;", to);
		else
			fputc(*s, to);
	}
	fputs("</text>\n", to);
}

static void svg_rect(FILE *to, double x, double y, double width, double height,
		     const char *colour)
{
	fprintf(to, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>\n",
		x, y, width, height, colour);
}

/* Draw an area from @y on; returns where it ends. */
static int svg_area(FILE *to, const struct area *a, int y)
{
	int across = 16, column = 0, k, x = SVG_LEFT, width, height;
	struct block *blocks;
	__u64 next = NONE;
	char *s;
	size_t nr, i;

	s = text("%s: %s, %s held, largest %s", a->name, size(total_pages(a)),
		 size(held_pages(a)), size(largest(a)));
	svg_text(to, 14, y + 18, 18, "start", s);
	free(s);
	y += 32;
	if (!a->nr_blocks) {
		svg_text(to, 14, y + 12, 13, "start",
			 "The map is not known: see cmatop --once.");
		return y + 32;
	}
	for (k = 0; k < NR_KINDS; k++) {
		if (!kind_known(a, k))
			continue;
		svg_rect(to, x, y, 14, 14, kinds[k].colour);
		s = text("%s %s", kind_name(a, k), size(pages_of(a, k)));
		svg_text(to, x + 20, y + 12, 13, "start", s);
		free(s);
		x += 140;
	}
	y += 24;

	blocks = fewer_blocks(a, 128 * 128, &nr);
	s = text("each box %s, sorted inside", size(blocks->pages));
	svg_text(to, SVG_LEFT + SVG_ACROSS, y - 12, 13, "end", s);
	free(s);
	while (across < 128 && nr > (size_t)across * across / 4)
		across *= 2;
	width = SVG_ACROSS / across;
	height = width < 28 ? width : 28;
	for (i = 0; i < nr; i++) {
		const struct block *b = &blocks[i];
		double from = SVG_LEFT + column * width, parts = b->pages;

		if (column && (column == across || b->pfn != next)) {
			column = 0;
			y += height;
			from = SVG_LEFT;
		}
		if (!column && (height > 10 || !(i / across % 2)))
			svg_text(to, SVG_LEFT - 8, y + height / 2 + 4, 11, "end",
				 brief("0x%llx", b->pfn * page_size));
		fprintf(to, "<g><title>PFN 0x%llx, %s:", b->pfn,
			size(b->pages));
		for (k = 0; k < NR_KINDS; k++)
			if (kind_known(a, k))
				fprintf(to, " %s %llu", kind_name(a, k),
					b->part[k]);
		fputs("</title>\n", to);
		svg_rect(to, from, y, width - 1, height - 1, kinds[FREE].colour);
		for (k = 0; k < FREE && parts > 0; k++) {
			double part = b->part[k] / parts * (width - 1);

			/* A single stuck page is to be seen. */
			if (k == STUCK && b->part[k] && part < 2)
				part = 2;
			if (from + part > SVG_LEFT + column * width + width - 1)
				part = SVG_LEFT + column * width + width - 1 - from;
			if (part > 0)
				svg_rect(to, from, y, part, height - 1,
					 kinds[k].colour);
			from += part;
		}
		fputs("</g>\n", to);
		column++;
		next = b->pfn + b->pages;
	}
	free(blocks);
	return y + height + 24;
}

void show_svg(FILE *to, const char *only)
{
	char *body;
	size_t len, i;
	int y = 14;
	FILE *areas = must(open_memstream(&body, &len));

	for (i = 0; i < now.nr; i++)
		if (!only || !strcmp(now.area[i].name, only))
			y = svg_area(areas, &now.area[i], y);
	if (fclose(areas))
		die(FAILED, "out of memory");
	fprintf(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1020\" height=\"%d\" viewBox=\"0 0 1020 %d\" font-family=\"sans-serif\">\n"
		"<rect width=\"1020\" height=\"%d\" fill=\"white\"/>\n%s</svg>\n",
		y, y, y, body);
	free(body);
}

