// SPDX-License-Identifier: GPL-2.0
/*
 * board HEAP SECONDS SEED - in a running kernel: users of one area, each in its own time
 *
 * A display, a camera, a decoder that changes resolutions and three programs that want
 * a bit now and then take buffers from /dev/dma_heap/HEAP. What they ask for is to be
 * recorded: see recording.h.
 */

#include <fcntl.h>
#include <linux/dma-heap.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NR(array)	(sizeof(array) / sizeof((array)[0]))

static int heap;
static atomic_bool over;
static atomic_uint taken, refused;

/* Milliseconds, from half of it to one and a half. */
static void rest(unsigned int *seed, unsigned int ms)
{
	usleep(1000 * (ms / 2 + rand_r(seed) % (ms + 1)));
}

static int take(unsigned int pages)
{
	struct dma_heap_allocation_data data = {
		.len = (unsigned long long)pages * getpagesize(),
		.fd_flags = O_RDWR | O_CLOEXEC,
	};

	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data)) {
		refused++;
		return -1;
	}
	taken++;
	return data.fd;
}

static void give_back(int *fds, unsigned int nr)
{
	while (nr--) {
		if (fds[nr] >= 0)
			close(fds[nr]);
	}
}

static void *bursts(unsigned int *seed, const unsigned int *pages, unsigned int kinds,
		    unsigned int buffers, unsigned int hold, unsigned int between)
{
	int fds[16];

	while (!over) {
		unsigned int size = pages[rand_r(seed) % kinds];

		for (unsigned int i = 0; i < buffers; i++)
			fds[i] = take(size);
		rest(seed, hold);
		give_back(fds, buffers);
		rest(seed, between);
	}
	return NULL;
}

/* Three buffers of 1920 by 1080, or 1280 by 720, with four bytes a pixel */
static void *display(void *arg)
{
	static const unsigned int pages[] = { 2025, 900 };
	unsigned int seed = (unsigned long)arg;

	return bursts(&seed, pages, NR(pages), 3, 6000, 20);
}

static void *camera(void *arg)
{
	static const unsigned int pages[] = { 1280 };
	unsigned int seed = (unsigned long)arg;

	return bursts(&seed, pages, NR(pages), 3, 1500, 1000);
}

/* Frames of 360p, 480p, 720p and 1080p, with one and a half bytes a pixel */
static void *decoder(void *arg)
{
	static const unsigned int pages[] = { 85, 113, 338, 760 };
	unsigned int seed = (unsigned long)arg;

	return bursts(&seed, pages, NR(pages), 6, 600, 200);
}

static void *bits(void *arg)
{
	unsigned int seed = (unsigned long)arg;
	int fds[12];

	for (unsigned int i = 0; i < NR(fds); i++)
		fds[i] = -1;
	while (!over) {
		unsigned int i = rand_r(&seed) % NR(fds);

		give_back(&fds[i], 1);
		fds[i] = rand_r(&seed) % 4 ? take(1 + rand_r(&seed) % 64) : -1;
		rest(&seed, 120);
	}
	give_back(fds, NR(fds));
	return NULL;
}

int main(int argc, char **argv)
{
	void *(*const users[])(void *) = { display, camera, decoder, bits, bits, bits };
	pthread_t threads[NR(users)];
	char path[256];

	if (argc != 4 || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: board HEAP SECONDS SEED\n");
		return 1;
	}
	snprintf(path, sizeof(path), "/dev/dma_heap/%s", argv[1]);
	heap = open(path, O_RDWR);
	if (heap < 0) {
		perror(path);
		return 1;
	}
	for (unsigned long i = 0; i < NR(users); i++) {
		if (pthread_create(&threads[i], NULL, users[i],
				   (void *)(atoi(argv[3]) * NR(users) + i))) {
			fprintf(stderr, "board: no thread\n");
			return 1;
		}
	}
	sleep(atoi(argv[2]));
	over = true;
	for (unsigned int i = 0; i < NR(users); i++)
		pthread_join(threads[i], NULL);
	fprintf(stderr, "board: %u buffers, %u refused\n", taken, refused);
	return refused != 0;
}
