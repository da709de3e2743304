// SPDX-License-Identifier: GPL-2.0
/*
 * cmatop: read what the kernel shows of contiguous memory areas
 *
 * Nothing is trusted: a file may be missing, or be another kernel's.
 */

#include "cmatop.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/kernel-page-flags.h>

#define MAX_LINE	16384
#define MAX_BLOCKS	(1U << 20)
#define MAX_FLAGS	(1U << 20)	/* pages whose flags are looked up */

const char *root = "";
__u64 page_size;
struct sample now, before;

const struct format formats[NR_TABLES] = {
	[ALLOCATIONS] = { "allocations", {
		{ 'x', "pfn" }, { 'n', "pages" }, { 'n', "age_ms" },
		{ 'i', "pid" }, { 't', "comm" }, { 't', "site" } } },
	[HOLDERS] = { "holders", {
		{ 'n', "pages" }, { 'n', "allocations" }, { 'n', "oldest_ms" },
		{ 't', "site" } } },
	[FAILURES] = { "failures", {
		{ 'n', "age_ms" }, { 'n', "pages" }, { 'n', "align" },
		{ 'i', "error" }, { 'i', "pid" }, { 't', "comm" },
		{ 't', "reason" }, { 'x', "pfn" }, { 'i', "refs" },
		{ 'i', "maps" }, { 't', "owner" } } },
	[REASONS] = { "reasons", {
		{ 'n', "count" }, { 't', "reason" }, { 'n', "last_ms" } } },
	[LATENCY_OK] = { "latency_success", {
		{ 'l', "le_ns" }, { 'n', "count" } } },
	[LATENCY_BAD] = { "latency_fail", {
		{ 'l', "le_ns" }, { 'n', "count" } } },
};

static const struct format map_format = { "map", {
	{ 'X', "pfn" }, { 'N', "pages" }, { 'N', "free" }, { 'N', "borrowed" },
	{ 'N', "allocated" }, { 'N', "stuck" }, { 'O', "ready" } } };

const char * const number_files[NR_NUMBERS] = {
	"total_pages", "available_pages", "alloc_pages_success",
	"alloc_pages_fail", "release_pages_success", "pages_migrated",
	"pages_moved_in", "ranges_given_up", "largest_free", "largest_available",
	"high_water_pages", "headroom", "headroom_ready", "headroom_longest",
	"headroom_served", "headroom_served_partly", "headroom_not_served",
	"headroom_refill_us", "base_pfn", "count", "order_per_bit", "used",
	"maxchunk",
};

void die(int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("cmatop: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(status);
}

void *must(void *allocated)
{
	if (!allocated)
		die(FAILED, "out of memory");
	return allocated;
}

char *text(const char *fmt, ...)
{
	char *result;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&result, fmt, args) < 0)
		result = NULL;
	va_end(args);
	return must(result);
}

/* Have room for one more in an array; it is a power of two when it is full. */
static void *grow(void *array, size_t nr, size_t size)
{
	if (nr & (nr - 1))
		return array;
	return must(realloc(array, (nr ? 2 * nr : 1) * size));
}

/* What remains has no control characters and is UTF-8. */
static void clean(char *s)
{
	unsigned char *c = (unsigned char *)s;

	while (*c) {
		int more = *c >= 0xf0 && *c < 0xf5 ? 3 : *c >= 0xe0 ? 2 : 1;
		bool good = *c >= 0xc2 && *c < 0xf5;
		int i;

		if (*c < 0x80) {
			if (*c < ' ' || *c == 0x7f)
				*c = '?';
			c++;
			continue;
		}
		for (i = 1; good && i <= more; i++)
			good = (c[i] & 0xc0) == 0x80;
		/* What is too long, a surrogate or beyond the last one. */
		if ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] > 0x9f) ||
		    (*c == 0xf0 && c[1] < 0x90) || (*c == 0xf4 && c[1] > 0x8f))
			good = false;
		if (good) {
			c += more + 1;
			continue;
		}
		*c++ = '?';
	}
}

/* Tell once, whatever the number of areas, that something cannot be shown. */
static void note(char *what, const char *how)
{
	struct note *n;
	size_t i;

	clean(what);
	for (i = 0; i < now.nr_notes; i++) {
		if (!strcmp(now.note[i].what, what)) {
			free(what);
			return;
		}
	}
	now.note = grow(now.note, now.nr_notes, sizeof(*now.note));
	n = &now.note[now.nr_notes++];
	n->what = what;
	n->how = how ? text("%s", how) : NULL;
}

/* Undo what the kernel escaped, but keep a tab or newline as \011, \012. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		int c = 0, i;

		for (i = 1; *s == '\\' && i <= 3 && s[i] >= '0' && s[i] <= '7'; i++)
			c = 8 * c + s[i] - '0';
		if (i == 4 && c >= ' ' && c <= 0xff && c != 0x7f) {
			*to++ = c;
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
}

bool parse(const char *s, int base, __u64 *value)
{
	char *end;

	if (!(base == 16 ? isxdigit(*s) : isdigit(*s)))
		return false;
	errno = 0;
	*value = strtoull(s, &end, base);
	return !errno && !*end;
}

/* For numbers in a table, which have been checked. */
__u64 value(const char *cell)
{
	return *cell == '-' ? NONE : strtoull(cell, NULL, 0);
}

static bool valid(char kind, const char *s)
{
	__u64 number;

	if (kind == 't' || (kind == 'l' && !strcmp(s, "inf")))
		return true;
	if (islower(kind) && !strcmp(s, "-"))
		return true;
	if (tolower(kind) == 'x')
		return !strcmp(s, "0") ||
		       (!strncmp(s, "0x", 2) && parse(s + 2, 16, &number));
	return parse(s + (kind == 'i' && *s == '-'), 10, &number);
}

static const char *describe(char kind)
{
	return tolower(kind) == 'x' ? "a hexadecimal number such as 0x1000" :
	       kind == 'l' ? "a number or inf" : "a number";
}

static FILE *open_file(const char *path)
{
	char *full = text("%s%s", root, path);
	FILE *file = fopen(full, "re");
	int error = errno;

	/* What a kernel does not have is explained for all areas at once. */
	if (!file && error != ENOENT && error != ENOTDIR)
		note(text("%s: %s", path, strerror(error)),
		     error == EACCES ? "run cmatop as root" :
		     error == EPERM ? "boot without lockdown=" : NULL);
	free(full);
	return file;
}

static bool exists(const char *path)
{
	char *full = text("%s%s", root, path);
	bool there = !access(full, F_OK);

	free(full);
	return there;
}

static __u64 read_number(char *path)
{
	FILE *file = open_file(path);
	__u64 number = NONE;
	char line[64];

	if (file) {
		if (!fgets(line, sizeof(line), file))
			*line = 0;
		line[strcspn(line, "\n")] = 0;
		if (!parse(line, 10, &number)) {
			number = NONE;
			clean(line);
			note(text("%s: expected a number, found \"%s\"", path,
				  line), NULL);
		}
		fclose(file);
	}
	free(path);
	return number;
}

/* The caller frees it. */
static char *read_words(char *path)
{
	FILE *file = open_file(path);
	char line[64] = "";

	if (file) {
		if (!fgets(line, sizeof(line), file))
			*line = 0;
		line[strcspn(line, "\n")] = 0;
		clean(line);
		fclose(file);
	}
	free(path);
	return *line ? text("%s", line) : NULL;
}

/* The number after a name, in a file with a line for each. */
static __u64 named_number(const char *path, const char *name)
{
	FILE *file = open_file(path);
	__u64 number = NONE;
	size_t len = strlen(name);
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		char *s = line + len;

		if (strncmp(line, name, len))
			continue;
		s += strspn(s, " ");
		s[strcspn(s, "\n ")] = 0;
		if (!parse(s, 10, &number))
			number = NONE;
		break;
	}
	if (file)
		fclose(file);
	return number;
}

/* Take a line of a table apart. Columns that are added later do not disturb. */
static char *split(const struct format *format, char *line,
		   char *row[NR_COLUMNS])
{
	unsigned int i;

	for (i = 0; i < NR_COLUMNS && format->column[i].kind; i++) {
		char kind = format->column[i].kind;

		row[i] = strsep(&line, " ");
		if (!row[i] && kind == 'O')
			break;
		if (!row[i])
			return text("%s is missing", format->column[i].name);
		if (kind == 't')
			unescape(row[i]);
		clean(row[i]);
		if (!valid(kind, row[i]))
			return text("%s: expected %s, found \"%.40s\"",
				    format->column[i].name, describe(kind),
				    row[i]);
	}
	for (; i < NR_COLUMNS; i++)
		row[i] = NULL;
	return NULL;
}

static void add_row(struct table *table, const struct format *format,
		    char *line, size_t len)
{
	char *copy = must(malloc(len + 1));

	table->row = grow(table->row, table->nr, sizeof(*table->row));
	memcpy(copy, line, len + 1);
	free(split(format, copy, table->row[table->nr++]));
}

static struct block *add_block(struct area *a, __u64 pfn)
{
	struct block *block;

	a->block = grow(a->block, a->nr_blocks, sizeof(*a->block));
	block = &a->block[a->nr_blocks++];
	*block = (struct block){ .pfn = pfn };
	return block;
}

/* A line of "map". */
static void add_map(struct area *a, char *row[NR_COLUMNS])
{
	static const int order[] = { FREE, BORROWED, ALLOCATED, STUCK };
	struct block *block = add_block(a, value(row[0]));
	__u64 sum = 0;
	unsigned int i;

	block->pages = value(row[1]);
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		block->part[order[i]] = value(row[2 + i]);
		if (order[i] != STUCK)
			sum += block->part[order[i]];
	}
	/* Where stuck pages are counted as borrowed too, count them once. */
	if (sum + block->part[STUCK] > block->pages &&
	    block->part[BORROWED] >= block->part[STUCK])
		block->part[BORROWED] -= block->part[STUCK];

	/* Pages that are ready are counted as free too. */
	if (row[6]) {
		__u64 ready = value(row[6]), *free = &block->part[FREE];

		block->part[READY] = ready < *free ? ready : *free;
		*free -= block->part[READY];
		a->ready_known = true;
		a->any_ready |= block->part[READY] > 0;
	}
}

/* Read a table of an area, or its map when @table is NULL. */
static bool read_table(struct area *a, struct table *table,
		       const struct format *format, char *path)
{
	FILE *file = open_file(path);
	char *row[NR_COLUMNS], line[MAX_LINE], copy[MAX_LINE];
	size_t nr = 0, number = 0;

	while (file && fgets(line, sizeof(line), file)) {
		size_t len = strcspn(line, "\n");
		char *wrong;

		number++;
		if (!line[len] && len == MAX_LINE - 1) {
			note(text("%s:%zu: line is too long", path, number),
			     NULL);
			break;
		}
		line[len] = 0;
		if (*line == '#')
			continue;
		if (nr++ == (size_t)(table ? MAX_ROWS : MAX_BLOCKS)) {
			note(text("%s: what comes after line %zu", path,
				  number - 1), NULL);
			break;
		}
		memcpy(copy, line, len + 1);
		wrong = split(format, copy, row);
		if (wrong) {
			note(text("%s:%zu: %s", path, number, wrong), NULL);
			free(wrong);
			break;
		}
		if (table)
			add_row(table, format, line, len);
		else
			add_map(a, row);
	}
	if (file && ferror(file))
		note(text("%s: %s", path, strerror(errno)), NULL);
	if (file)
		fclose(file);
	free(path);
	return file;
}

/* The flags of one page, out of /proc/kpageflags. */
struct flags {
	int fd;				/* -1 when they cannot be read */
	__u64 first;
	unsigned int nr;
	__u64 flag[512];
};

static __u64 page_flags(struct flags *f, __u64 pfn)
{
	if (pfn < f->first || pfn - f->first >= f->nr) {
		ssize_t len = pread(f->fd, f->flag, sizeof(f->flag), pfn * 8);

		f->first = pfn;
		f->nr = len > 0 ? len / 8 : 0;
		if (!f->nr) {
			close(f->fd);
			f->fd = -1;
			return 0;
		}
	}
	return f->flag[pfn - f->first];
}

/* Pages of one kind, in blocks that end at multiples of @stride. */
static void add_pages(struct area *a, __u64 pfn, __u64 pages, int kind,
		      __u64 stride)
{
	while (pages) {
		struct block *b = a->nr_blocks ? a->block + a->nr_blocks - 1 :
						 NULL;
		__u64 n = stride - pfn % stride;

		if (n > pages)
			n = pages;
		if (!b || pfn % stride == 0 || pfn != b->pfn + b->pages)
			b = add_block(a, pfn);
		b->pages += n;
		b->part[kind] += n;
		pfn += n;
		pages -= n;
	}
}

/* What a kernel without "map" shows: a bitmap in 32-bit words. */
static void read_bitmap(struct area *a, char *path, __u64 pfn,
			__u64 pages, struct flags *f, __u64 stride)
{
	FILE *file = open_file(path);
	__u64 unit = 1ULL << a->number[ORDER], word = 0;
	int c = ' ', i;

	while (file && pages && c != EOF) {
		bool any = false;

		word = 0;
		while ((c = getc(file)) != EOF && isdigit(c)) {
			any = true;
			word = 10 * word + c - '0';
			if (word > UINT_MAX)
				break;
		}
		if (c != EOF && c != ' ' && c != '\n') {
			note(text("%s: expected 32-bit numbers, found \"%llu%c\"",
				  path, word, isgraph(c) ? c : '?'), NULL);
			break;
		}
		for (i = 0; any && i < 32 && pages; i++) {
			__u64 n = unit < pages ? unit : pages;

			pages -= n;
			if (word >> i & 1) {
				add_pages(a, pfn, n, ALLOCATED, stride);
				pfn += n;
				continue;
			}
			if (f->fd < 0) {
				add_pages(a, pfn, n, FREE, stride);
				pfn += n;
				continue;
			}
			/* A free page in the list of a processor has none. */
			for (; n; n--, pfn++) {
				__u64 flags = f->fd < 0 ? 0 :
						 page_flags(f, pfn);
				bool free = !flags || flags & 1 << KPF_BUDDY;

				add_pages(a, pfn, 1, free ? FREE : BORROWED,
					  stride);
			}
		}
	}
	if (file)
		fclose(file);
	free(path);
}

static void read_ranges(struct area *a, const char *dir)
{
	__u64 left = a->number[COUNT], stride;
	struct flags f = { .fd = -1 };
	int i;

	if (left == NONE || a->number[ORDER] > 40)
		return;
	if (left <= MAX_FLAGS) {
		char *path = text("%s/proc/kpageflags", root);

		f.fd = open(path, O_RDONLY | O_CLOEXEC);
		free(path);
	}

	stride = named_number("/proc/pagetypeinfo", "Pages per block:");
	if (stride == NONE || !stride || stride > 1 << 20)
		stride = 512;
	while (left / stride > MAX_BLOCKS / 2)
		stride *= 2;

	for (i = 0; left; i++) {
		char *range = text("%s/ranges/%d", dir, i);
		__u64 base = NONE, count = NONE, nr = a->nr_blocks;

		/* An area of one range on an older kernel has no "ranges". */
		if (!exists(range)) {
			free(range);
			if (i)
				break;
			range = text("%s", dir);
		}
		base = read_number(text("%s/base_pfn", range));
		count = read_number(text("%s/count", range));
		if (count == NONE || count > left)
			count = left;
		if (base != NONE)
			read_bitmap(a, text("%s/bitmap", range), base, count,
				    &f, stride);
		free(range);
		for (; nr < a->nr_blocks; nr++)
			left -= a->block[nr].pages;
	}
	a->borrowed_known = f.fd >= 0;
	if (f.fd >= 0)
		close(f.fd);
}

static void read_area(struct area *a)
{
	int i;

	for (i = 0; i < NR_NUMBERS; i++) {
		const char *dir = i < NR_SYSFS ? a->sysfs : a->debugfs;

		a->number[i] = NONE;
		if (dir)
			a->number[i] = read_number(text("%s/%s", dir,
							number_files[i]));
	}
	if (a->sysfs)
		a->short_of_headroom =
			read_words(text("%s/headroom_short", a->sysfs));
	for (i = 0; i < NR_TABLES; i++) {
		const char *dir = i < NR_DEBUG_TABLES ? a->debugfs : a->sysfs;

		if (dir)
			a->table[i].there =
				read_table(a, &a->table[i], &formats[i],
					   text("%s/%s", dir, formats[i].file));
	}
	if (!a->debugfs)
		return;
	a->stuck_known = read_table(a, NULL, &map_format,
				    text("%s/map", a->debugfs));
	a->borrowed_known = a->stuck_known;
	if (!a->stuck_known)
		read_ranges(a, a->debugfs);
}

/* Areas have the same name in both places; before 5.18, debugfs put cma- first. */
static void find_areas(const char *dir, bool debugfs)
{
	char *full = text("%s%s", root, dir);
	struct dirent **entry;
	int i, nr = scandir(full, &entry, NULL, versionsort);

	free(full);
	for (i = 0; i < nr; free(entry[i++])) {
		char *name = entry[i]->d_name;
		char *path = text("%s/%s", dir, name);
		struct area *a = NULL;
		size_t k;

		full = text("%s%s/.", root, path);
		if (*name == '.' || access(full, F_OK)) {
			free(full);
			free(path);
			continue;
		}
		free(full);
		clean(name);
		for (k = 0; k < now.nr && debugfs; k++) {
			a = &now.area[k];
			if (!strcmp(a->name, name) ||
			    (!strncmp(name, "cma-", 4) &&
			     !strcmp(a->name, name + 4)))
				break;
		}
		if (!debugfs || k == now.nr) {
			now.area = grow(now.area, now.nr, sizeof(*now.area));
			a = &now.area[now.nr++];
			*a = (struct area){ .name = text("%s", name) };
		}
		*(debugfs ? &a->debugfs : &a->sysfs) = path;
	}
	if (nr >= 0)
		free(entry);
}

/* Is it there and can it be read? Returns an error number, ENODATA if empty. */
static int look_into(const char *dir)
{
	char *path = text("%s%s", root, dir);
	struct dirent **entry;
	int i, nr = scandir(path, &entry, NULL, NULL);
	int error = nr < 0 ? errno : nr <= 2 ? ENODATA : 0;

	free(path);
	for (i = 0; i < nr; i++)
		free(entry[i]);
	if (nr >= 0)
		free(entry);
	return error;
}

/* Say what cannot be shown, and what would help. */
static void explain(void)
{
	int error = look_into("/sys/kernel/debug"), i;
	bool all[NR_TABLES], map = true, debugfs = false;
	bool sysfs = false;
	size_t k;

	if (!exists("/proc/meminfo"))
		note(text("/proc: it is not mounted"), "mount -t proc none /proc");
	else if (now.cma_total == NONE)
		note(text("areas: this kernel cannot have any"),
		     "build it with CONFIG_CMA=y");
	else if (!now.cma_total)
		note(text("areas: none is set up"),
		     "boot with cma=64M, or as much as your devices need");
	if (!exists("/sys/kernel"))
		note(text("/sys: it is not mounted"), "mount -t sysfs none /sys");
	else if (!exists("/sys/kernel/mm/cma") && now.cma_total &&
		 now.cma_total != NONE)
		note(text("counters, rates and latencies: there is no /sys/kernel/mm/cma"),
		     "build the kernel with CONFIG_CMA_SYSFS=y");

	if (!now.nr && (!now.cma_total || now.cma_total == NONE))
		return;
	if (error == EACCES || error == EPERM)
		note(text("map, holders and failures: /sys/kernel/debug cannot be read"),
		     "run cmatop as root");
	else if (error == ENODATA)
		note(text("map, holders and failures: debugfs is not mounted"),
		     "mount -t debugfs none /sys/kernel/debug");
	else if (error)
		note(text("map, holders and failures: there is no /sys/kernel/debug"),
		     "build the kernel with CONFIG_DEBUG_FS=y and CONFIG_CMA_DEBUGFS=y");
	else if (!exists("/sys/kernel/debug/cma"))
		note(text("map, holders and failures: there is no /sys/kernel/debug/cma"),
		     "build the kernel with CONFIG_CMA_DEBUGFS=y");

	memset(all, true, sizeof(all));
	for (k = 0; k < now.nr; k++) {
		struct area *a = &now.area[k];

		sysfs |= !!a->sysfs;
		debugfs |= !!a->debugfs;
		map &= a->borrowed_known || !a->debugfs;
		for (i = 0; i < NR_TABLES; i++)
			all[i] &= a->table[i].there;
	}
	if (debugfs && (!all[ALLOCATIONS] || !all[HOLDERS]))
		note(text("holders: this kernel does not record who holds an area"),
		     "use one with CONFIG_CMA_TRACK=y, or boot with page_owner=on and see debug/page_owner");
	if (debugfs && (!all[FAILURES] || !all[REASONS]))
		note(text("failures: this kernel does not record who was in the way"),
		     "see dmesg, and enable the trace events of cma");
	if (debugfs && !map)
		note(text("borrowed pages: no /proc/kpageflags, or not for so large an area"),
		     "run cmatop as root, on a kernel with CONFIG_PROC_PAGE_MONITOR=y");
	if (sysfs && !all[LATENCY_OK])
		note(text("latencies: this kernel does not measure them"), NULL);
}

void free_sample(struct sample *s)
{
	size_t i, k;
	int t;

	for (i = 0; i < s->nr; i++) {
		struct area *a = &s->area[i];

		for (t = 0; t < NR_TABLES; t++) {
			for (k = 0; k < a->table[t].nr; k++)
				free(a->table[t].row[k][0]);
			free(a->table[t].row);
		}
		free(a->block);
		free(a->name);
		free(a->sysfs);
		free(a->debugfs);
		free(a->short_of_headroom);
	}
	for (i = 0; i < s->nr_notes; i++) {
		free(s->note[i].what);
		free(s->note[i].how);
	}
	free(s->area);
	free(s->note);
	*s = (struct sample){ 0 };
}

double clock_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

__u64 total_pages(const struct area *a)
{
	return a->number[TOTAL] != NONE ? a->number[TOTAL] : a->number[COUNT];
}

__u64 held_pages(const struct area *a)
{
	__u64 total = total_pages(a), available = a->number[AVAILABLE];

	if (total != NONE && available <= total)
		return total - available;
	return a->number[USED];
}

__u64 available_pages(const struct area *a)
{
	__u64 total = total_pages(a), used = a->number[USED];

	if (a->number[AVAILABLE] != NONE)
		return a->number[AVAILABLE];
	return total != NONE && used <= total ? total - used : NONE;
}

__u64 largest(const struct area *a)
{
	return a->number[LARGEST_AVAILABLE] != NONE ?
	       a->number[LARGEST_AVAILABLE] : a->number[MAXCHUNK];
}

/*
 * Where what is borrowed is not known, it is counted as free. Most areas have no
 * headroom, and nothing to say about it.
 */
bool kind_known(const struct area *a, int kind)
{
	return a->nr_blocks && (kind != STUCK || a->stuck_known) &&
	       (kind != BORROWED || a->borrowed_known) &&
	       (kind != READY || a->any_ready);
}

__u64 pages_of(const struct area *a, int kind)
{
	__u64 sum = 0;
	size_t i;

	if (!kind_known(a, kind))
		return NONE;
	for (i = 0; i < a->nr_blocks; i++)
		sum += a->block[i].part[kind];
	return sum;
}

/* Files of another machine may have pages of another size than this one. */
static void guess_page_size(void)
{
	__u64 pages = 0, size;
	size_t i;

	page_size = sysconf(_SC_PAGESIZE);
	for (i = 0; i < now.nr; i++)
		pages += total_pages(&now.area[i]);
	if (!*root || !pages || !now.cma_total || now.cma_total > NONE >> 10)
		return;
	size = (now.cma_total << 10) / pages;
	if (size >= 4096 && size <= 1 << 20 && !(size & (size - 1)))
		page_size = size;
}

void take_sample(void)
{
	size_t i;

	free_sample(&before);
	before = now;
	now = (struct sample){ .time = clock_seconds() };
	now.cma_total = named_number("/proc/meminfo", "CmaTotal:");
	now.cma_free = named_number("/proc/meminfo", "CmaFree:");
	now.vm_success = named_number("/proc/vmstat", "cma_alloc_success ");
	now.vm_fail = named_number("/proc/vmstat", "cma_alloc_fail ");
	find_areas("/sys/kernel/mm/cma", false);
	find_areas("/sys/kernel/debug/cma", true);
	for (i = 0; i < now.nr; i++)
		read_area(&now.area[i]);
	guess_page_size();
	explain();
}

