// SPDX-License-Identifier: GPL-2.0
/*
 * The words of the bitmap on a big-endian machine
 *
 * Compiled for one, and not run: it compiles if the compiler, which knows what
 * is in the map, finds that the right words are read.
 */

#include "shim.h"

#undef READ_ONCE
#define READ_ONCE(x)	(x)

#include "../../../mm/cma_map.c"

#if BITS_PER_LONG != 64 || __BYTE_ORDER__ != __ORDER_BIG_ENDIAN__
#error "is to be built for a 64-bit big-endian machine"
#endif

void wrong_word(void) __attribute__((error("cma_map_word32() depends on the byte order")));

void check_words(void)
{
	unsigned long bits[] = { 0x0123456789abcdef, 0xf0e1d2c3b4a59687 };
	const struct cma_map map = { .count = 128, .taken = bits };

	if (cma_map_word32(&map, 0) != 0x89abcdef ||
	    cma_map_word32(&map, 1) != 0x01234567 ||
	    cma_map_word32(&map, 2) != 0xb4a59687 ||
	    cma_map_word32(&map, 3) != 0xf0e1d2c3)
		wrong_word();
}
