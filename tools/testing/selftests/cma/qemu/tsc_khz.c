// SPDX-License-Identifier: GPL-2.0
/* How many thousands the time stamp counter of this host counts in a second */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static double now(unsigned long long *ticks)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	*ticks = __rdtsc();
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(void)
{
	const struct timespec tenth = { .tv_nsec = 100000000 };
	unsigned long long first, last;
	double start = now(&first), end;

	nanosleep(&tenth, NULL);
	end = now(&last);
	printf("%.0f\n", (last - first) / (end - start));
	return 0;
}
