// SPDX-License-Identifier: GPL-2.0
/*
 * What the allocator's files want of the kernel: the part that is not inline
 */

#include <stdarg.h>
#include <sys/mman.h>

#include "shim.h"

char shim_last_line[1024];
int shim_locks_held;
unsigned int shim_fail_alloc;

void shim_log(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(shim_last_line, sizeof(shim_last_line), fmt, args);
	va_end(args);
}

void shim_strscpy(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

int kstrtoull(const char *s, unsigned int base, unsigned long long *res)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(s, &end, base);
	if (errno)
		return -errno;
	/* One line end may follow. */
	if (end == s || !isxdigit(*s) || end[*end == '\n'])
		return -EINVAL;
	*res = value;
	return 0;
}

void shim_bitmap(unsigned long *map, unsigned int start, int len, bool set)
{
	while (len > 0) {
		unsigned long *word = &map[start / BITS_PER_LONG];
		unsigned int bit = start % BITS_PER_LONG;
		unsigned int n = min(len, (int)(BITS_PER_LONG - bit));
		unsigned long mask = ~0UL >> (BITS_PER_LONG - n) << bit;

		*word = set ? *word | mask : *word & ~mask;
		start += n;
		len -= n;
	}
}

int kstrtoul(const char *s, unsigned int base, unsigned long *res)
{
	unsigned long long value;
	int err = kstrtoull(s, base, &value);

	if (!err && value > ULONG_MAX)
		err = -ERANGE;
	if (!err)
		*res = value;
	return err;
}

int kstrtouint(const char *s, unsigned int base, unsigned int *res)
{
	unsigned long long value;
	int err = kstrtoull(s, base, &value);

	if (!err && value > UINT_MAX)
		err = -ERANGE;
	if (!err)
		*res = value;
	return err;
}

/* From here on a mapping is used, of which only what is written to is there. */
#define LARGE		(64UL << 20)

static struct {
	void *p;
	size_t size;
} large[8];

/* The kernel warns, once, and has nothing. */
void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	(void)gfp;
	if (size && n > INT_MAX / size) {
		printf("WARNING: more than INT_MAX bytes wanted in one block\n");
		exit(1);
	}
	return vcalloc(n, size);
}

void *vcalloc(size_t n, size_t size)
{
	void *p;

	if (shim_fail_alloc && !--shim_fail_alloc)
		return NULL;
	/* The kernel has an answer to 0 bytes that is not NULL. */
	if (!n || n * size / n != size || n * size < LARGE)
		return calloc(n ?: 1, size ?: 1);

	p = mmap(NULL, n * size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;

	for (unsigned int i = 0; i < ARRAY_SIZE(large); i++) {
		if (!large[i].p) {
			large[i].p = p;
			large[i].size = n * size;
			return p;
		}
	}

	munmap(p, n * size);
	return NULL;
}

void kvfree(void *p)
{
	for (unsigned int i = 0; p && i < ARRAY_SIZE(large); i++) {
		if (large[i].p == p) {
			munmap(p, large[i].size);
			large[i].p = NULL;
			return;
		}
	}

	free(p);
}

u32 prandom_u32_state(struct rnd_state *state)
{
	u32 drawn = 0;

	if (!state->data) {
		/* A linear congruence; of its bits the upper ones are good. */
		state->seed = state->seed * 6364136223846793005ULL + 1442695040888963407ULL;
		return state->seed >> 32;
	}

	for (unsigned int i = 0; i < sizeof(drawn) && state->size; i++) {
		drawn = drawn << 8 | *state->data++;
		state->size--;
	}

	return drawn;
}

void prandom_seed_state(struct rnd_state *state, u64 seed)
{
	*state = (struct rnd_state){ .seed = seed };
	prandom_u32_state(state);
}

void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, int mark)
{
	unsigned int found = xa->nr;

	(void)mark;
	for (unsigned int i = 0; i < xa->nr; i++) {
		if (xa->keys[i] >= *index && xa->keys[i] <= max &&
		    (found == xa->nr || xa->keys[i] < xa->keys[found]))
			found = i;
	}
	if (found == xa->nr)
		return NULL;

	*index = xa->keys[found];
	return &xa->values[found];
}
