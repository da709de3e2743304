// SPDX-License-Identifier: GPL-2.0
/*
 * cmatop - show the areas of the Contiguous Memory Allocator (CMA)
 *
 * Reads sysfs, debugfs and procfs, and nothing else. Each file may be missing,
 * since kernels differ in what they show; then the rest is shown, and what is
 * missing is named. Described in cmatop.8.
 *
 * Here are the live view and the arguments. cmatop_read.c takes samples,
 * cmatop_show.c shows them.
 */

#include "cmatop.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static unsigned int lines = 24;

static const struct {
	char key;
	const char *name;
} views[] = {
	{ 'm', "map" }, { 'h', "holders" }, { 'a', "allocations" },
	{ 'f', "failures" }, { 'r', "rates" }, { 'n', "notes" },
	{ '?', "help" },
};

static struct {
	size_t selected;
	size_t first;			/* area in the list */
	char view;
	size_t scroll;
	double delay;
	bool asking;			/* for a delay */
	char answer[16];
	char message[80];
} state = { .view = 'm' };

static struct termios as_it_was;
static volatile sig_atomic_t ended, resized, stopped;

static void show_help(void)
{
	say("q        quit\n"
	    "space    update now\n"
	    "up down  choose an area, as k and j do; 1 to 9 choose by number\n"
	    "m        map: what is in each block of the area, and the most of the rest\n"
	    "h        holders: who holds the area, summed up by caller\n"
	    "a        allocations: all that is held, by address\n"
	    "f        failures: who was in the way\n"
	    "r        rates: counters and how long allocations take\n"
	    "n        notes: what cannot be shown, and what would help\n"
	    "PgDn     scroll, as v does; PgUp and b scroll back\n"
	    "d        delay between updates, in seconds\n"
	    "\nHELD belongs to drivers. AVAIL is FREE, or BORROWED by pages that can move away.\n"
	    "A page that is stuck cannot move now, and is in the way of allocations.\n"
	    "A page that is ready is free and not lent: it is headroom, to be had at once.\n"
	    "LARGEST is what one allocation may hope to get.\n");
}

static void show_view(unsigned int height)
{
	const struct area *a = &now.area[state.selected];

	if (state.view == '?')
		show_help();
	else if (state.view == 'n' || !now.nr)
		show_notes();
	else if (state.view == 'm')
		show_overview(a, height);
	else if (state.view == 'h')
		show_holders(a, MAX_ROWS);
	else if (state.view == 'a')
		show_allocations(a, MAX_ROWS);
	else if (state.view == 'f')
		show_failures(a, MAX_ROWS);
	else
		show_rates(a);
}

static size_t count_lines(const char *s)
{
	size_t n = 0;

	while ((s = strchr(s, '\n'))) {
		s++;
		n++;
	}
	return n;
}

/* The head of the screen: areas, at most a third of it, and what is below. */
static void show_head(void)
{
	size_t nr = lines < 6 ? 1 : lines / 3, i;

	if (state.selected >= now.nr)
		state.selected = now.nr ? now.nr - 1 : 0;
	if (state.first > state.selected)
		state.first = state.selected;
	if (state.first + nr <= state.selected)
		state.first = state.selected - nr + 1;
	show_summary();
	show_areas(state.first, nr, state.selected);
	for (i = 0; i < ARRAY_SIZE(views); i++)
		say("%s%c %s" NORMAL "  ",
		    views[i].key == state.view ? REVERSE : "", views[i].key,
		    views[i].name);
	say("\n");
	if (now.nr)
		show_title(&now.area[state.selected]);
}

/* A page in memory, until the caller frees it. */
static char *compose(void (*show)(unsigned int height), unsigned int height)
{
	char *result;
	size_t len;

	page = must(open_memstream(&result, &len));
	if (show)
		show(height);
	else
		show_head();
	if (fclose(page))
		die(FAILED, "out of memory");
	return result;
}

static void show_footer(FILE *to)
{
	char *s;

	if (state.asking)
		s = text("Seconds between updates (now %g): %s_", state.delay,
			 state.answer);
	else if (*state.message)
		s = text("%s", state.message);
	else
		s = text(REVERSE " every %g s%s" NORMAL, state.delay,
			 "   q quit   arrows area   d delay   space now   ? help ");
	show_line(to, s);
	free(s);
}

/* Send the lines that differ from those that are on the screen. */
static void draw(bool all)
{
	static char **shown;
	static unsigned int nr_shown;
	char *head = compose(NULL, 0), *body, *line;
	size_t height = count_lines(head), len, i;
	const char *from_head = head, *from_body;

	height = lines > height + 1 ? lines - height - 1 : 0;
	body = compose(show_view, height);
	from_body = body;
	if (state.scroll + height > count_lines(body))
		state.scroll = count_lines(body) > height ?
			       count_lines(body) - height : 0;
	for (i = 0; i < state.scroll; i++)
		from_body = strchr(from_body, '\n') + 1;

	if (nr_shown != lines) {
		for (i = lines; i < nr_shown; i++)
			free(shown[i]);
		shown = must(realloc(shown, lines * sizeof(*shown)));
		for (i = nr_shown; i < lines; i++)
			shown[i] = NULL;
		nr_shown = lines;
	}
	if (all && style != PLAIN)
		fputs("\033[0m\033[2J", stdout);
	for (i = 0; i < lines; i++) {
		FILE *to = must(open_memstream(&line, &len));

		if (i == lines - 1)
			show_footer(to);
		else if (*from_head)
			from_head = show_line(to, from_head);
		else
			from_body = show_line(to, from_body);
		if (fclose(to))
			die(FAILED, "out of memory");
		/* Erase first: at the last column it would erase a letter. */
		if (style == PLAIN && *line)
			printf("%s\r\n", line);
		else if (style != PLAIN &&
			 (all || !shown[i] || strcmp(line, shown[i])))
			printf("\033[%zuH\033[K%s", i + 1, line);
		free(shown[i]);
		shown[i] = line;
	}
	if (style == PLAIN)
		fputs("\r\n", stdout);
	fflush(stdout);
	free(head);
	free(body);
}

static void on_signal(int signal)
{
	if (signal == SIGWINCH)
		resized = 1;
	else if (signal == SIGTSTP)
		stopped = 1;
	else
		ended = signal;
}

static void enter_screen(void)
{
	struct termios raw = as_it_was;

	raw.c_lflag &= ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	/* Another screen, no cursor. */
	if (style != PLAIN)
		fputs("\033[?1049h\033[?25l", stdout);
}

static void leave_screen(void)
{
	if (style != PLAIN)
		printf("\033[0m\033[%uH\n\033[?25h\033[?1049l", lines);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &as_it_was);
}

/* A serial line does not know its size. */
static void get_size(void)
{
	const char *c = getenv("COLUMNS"), *l = getenv("LINES");
	struct winsize w = { 0 };
	__u64 given;

	columns = 80;
	lines = 24;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col && w.ws_row) {
		columns = w.ws_col;
		lines = w.ws_row;
	} else {
		if (c && parse(c, 10, &given) && given && given <= 1000)
			columns = given;
		if (l && parse(l, 10, &given) && given && given <= 1000)
			lines = given;
	}
	/* What is smaller shows a part. */
	cut = columns;
	columns = columns < 40 ? 40 : columns;
}

static bool read_delay(const char *s, double *delay)
{
	char *end;
	double d;

	if (!*s || s[strspn(s, "0123456789.")])
		return false;
	d = strtod(s, &end);
	if (*end || !(d >= 0.1 && d <= 3600))
		return false;
	*delay = d;
	return true;
}

static void answer(unsigned char c)
{
	size_t len = strlen(state.answer);

	if (c == '\n' || c == '\r') {
		if (len && !read_delay(state.answer, &state.delay))
			snprintf(state.message, sizeof(state.message),
				 "delay \"%s\": expected seconds from 0.1 to 3600",
				 state.answer);
		state.asking = false;
	} else if (c == 0x7f || c == '\b') {
		state.answer[len ? len - 1 : 0] = 0;
	} else if (c > ' ' && c < 0x7f && len < sizeof(state.answer) - 1) {
		state.answer[len++] = c;
		state.answer[len] = 0;
	}
}

static void choose(size_t area)
{
	if (area < now.nr && area != state.selected) {
		state.selected = area;
		state.scroll = 0;
	}
}

/* Returns true if everything is to be read again. */
static bool press(unsigned char c)
{
	size_t page_lines = lines > 12 ? lines / 2 : 4, i;

	*state.message = 0;
	switch (c) {
	case 'q':
		ended = SIGQUIT;
		return false;
	case ' ':
		return true;
	case 'k':
		choose(state.selected - 1);
		return false;
	case 'j':
		choose(state.selected + 1);
		return false;
	case 'v':
		state.scroll += page_lines;
		return false;
	case 'b':
		state.scroll -= state.scroll < page_lines ? state.scroll :
							    page_lines;
		return false;
	case 'd':
		state.asking = true;
		*state.answer = 0;
		return false;
	}
	if (c >= '1' && c <= '9') {
		choose(c - '1');
		return false;
	}
	for (i = 0; i < ARRAY_SIZE(views); i++) {
		if (c == views[i].key && c != state.view) {
			state.view = c;
			state.scroll = 0;
		}
	}
	return false;
}

/* Keys such as arrows are several bytes, which may come one by one. */
static bool type(unsigned char c)
{
	static enum { NOTHING, ESCAPE, SEQUENCE } seen;
	static unsigned char last;

	if (seen == ESCAPE && (c == '[' || c == 'O')) {
		seen = SEQUENCE;
		last = 0;
	} else if (c == '\033') {
		state.asking = false;
		seen = ESCAPE;
	} else if (seen == SEQUENCE) {
		if (c < '@') {
			last = c;
			return false;
		}
		seen = NOTHING;
		if (state.asking)
			return false;
		press(c == 'A' ? 'k' : c == 'B' ? 'j' :
		      c == '~' && last == '5' ? 'b' :
		      c == '~' && last == '6' ? 'v' : 0);
	} else {
		seen = NOTHING;
		if (!state.asking)
			return press(c);
		answer(c);
	}
	return false;
}

/* Wait for a key until it is time; returns whether to take a sample. */
static bool wait_for_key(double until, const sigset_t *unblocked)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	double left = until - clock_seconds();
	struct timespec t = { 0 };
	unsigned char keys[64];
	bool again = false;
	ssize_t n, i;

	if (left > 0) {
		t.tv_sec = left;
		t.tv_nsec = (left - t.tv_sec) * 1e9;
	}
	n = ppoll(&in, 1, &t, unblocked);
	if (n < 0)
		return false;
	if (!n)
		return true;
	n = read(STDIN_FILENO, keys, sizeof(keys));
	if (n <= 0)
		ended = SIGHUP;
	for (i = 0; i < n && !ended; i++)
		again |= type(keys[i]);
	return again;
}

static void live(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				       SIGWINCH, SIGTSTP };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked, unblocked;
	bool all = true;
	double next;
	size_t i;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &as_it_was))
		die(WRONG_USE, "standard %s is no terminal: use --once or --json",
		    isatty(STDIN_FILENO) ? "output" : "input");
	sigemptyset(&blocked);
	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaddset(&blocked, signals[i]);
		sigaction(signals[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, &unblocked);

	get_size();
	enter_screen();
	next = clock_seconds() + state.delay;
	while (!ended) {
		draw(all);
		all = false;
		if (wait_for_key(next, &unblocked)) {
			take_sample();
			next = clock_seconds() + state.delay;
		}
		if (next > clock_seconds() + state.delay)
			next = clock_seconds() + state.delay;
		if (stopped) {
			leave_screen();
			raise(SIGSTOP);
			tcgetattr(STDIN_FILENO, &as_it_was);
			enter_screen();
		}
		if (resized || stopped) {
			get_size();
			all = true;
		}
		resized = 0;
		stopped = 0;
	}
	leave_screen();
}

/* --- Arguments --- */

static void usage(void)
{
	puts("Usage: cmatop [option]...\n"
	     "Show contiguous memory areas: how full they are, who holds them, who\n"
	     "is in the way.\n\n"
	     "  -1, --once           print everything once\n"
	     "  -j, --json           print everything once, as JSON\n"
	     "  -s, --svg FILE       draw the map into FILE; - is standard output\n"
	     "  -a, --area AREA      of this area only; in the live view, begin with it\n"
	     "  -d, --delay SECONDS  between two updates of the live view; 0.1 to 3600, else 2\n"
	     "  -r, --root DIR       read DIR/sys and DIR/proc, such as those of a board\n"
	     "  -h, --help           print this\n\n"
	     "Without -1, -j and -s there is a live view; ? explains its keys. The exit\n"
	     "status is 0, 1 when there is nothing to see or no way to write it, or 2 for\n"
	     "wrong arguments. Some of what is shown needs root.");
}

static void check_area(const char *name)
{
	char *names = text("%s", "");
	size_t i;

	for (i = 0; i < now.nr; i++) {
		char *longer;

		if (!strcmp(now.area[i].name, name)) {
			state.selected = i;
			free(names);
			return;
		}
		longer = text("%s%s%s", names, i ? ", " : "", now.area[i].name);
		free(names);
		names = longer;
	}
	die(WRONG_USE, "--area \"%s\": no such area; there are: %s", name,
	    now.nr ? names : "none");
}

static FILE *create(const char *path)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "we") : stdout;

	if (!file)
		die(FAILED, "--svg \"%s\": %s", path, strerror(errno));
	return file;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "once", no_argument, NULL, '1' },
		{ "json", no_argument, NULL, 'j' },
		{ "svg", required_argument, NULL, 's' },
		{ "area", required_argument, NULL, 'a' },
		{ "delay", required_argument, NULL, 'd' },
		{ "root", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *area = NULL, *svg = NULL, *term = getenv("TERM");
	const char *no_colour = getenv("NO_COLOR");
	const char *where = "standard output";
	int option, mode = 0;
	FILE *to = stdout;
	struct stat dir;

	while ((option = getopt_long(argc, argv, "1js:a:d:r:h", options,
				     NULL)) != -1) {
		switch (option) {
		case 's':
			svg = optarg;
			__attribute__((fallthrough));
		case '1':
		case 'j':
			if (mode && mode != option)
				die(WRONG_USE, "only one of --once, --json and --svg can be given");
			mode = option;
			break;
		case 'a':
			area = optarg;
			break;
		case 'd':
			if (!read_delay(optarg, &state.delay))
				die(WRONG_USE, "--delay \"%s\": expected seconds from 0.1 to 3600",
				    optarg);
			break;
		case 'r':
			root = optarg;
			if (stat(root, &dir) || !S_ISDIR(dir.st_mode))
				die(WRONG_USE, "--root \"%s\": expected a folder",
				    root);
			break;
		case 'h':
			usage();
			return DONE;
		default:
			/* getopt_long() has said what is wrong. */
			fputs("cmatop: see cmatop --help\n", stderr);
			return WRONG_USE;
		}
	}
	if (optind < argc)
		die(WRONG_USE, "\"%s\": expected options only; see cmatop --help",
		    argv[optind]);
	if (state.delay && mode)
		die(WRONG_USE, "--delay cannot go with --once, --json or --svg");
	if (!state.delay)
		state.delay = 2;

	if (isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb"))
		style = no_colour && *no_colour ? MONOCHROME : COLOUR;
	take_sample();
	if (area)
		check_area(area);

	if (!mode) {
		live();
	} else if (mode == 'j') {
		show_json(to, area);
	} else if (mode == 's') {
		where = svg;
		to = create(svg);
		show_svg(to, area);
	} else {
		char *all;
		const char *s;
		size_t len;

		page = must(open_memstream(&all, &len));
		show_once(area);
		if (fclose(page))
			die(FAILED, "out of memory");
		for (s = all; *s; putchar('\n'))
			s = show_line(to, s);
		free(all);
	}
	if (fflush(to) || ferror(to) || (to != stdout && fclose(to)))
		die(FAILED, "could not write %s: %s", where, strerror(errno));
	mode = now.nr ? DONE : FAILED;
	free_sample(&before);
	free_sample(&now);
	return mode;
}
