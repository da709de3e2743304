/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __MM_CMA_H__
#define __MM_CMA_H__

#include <linux/cma.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "cma_map.h"

struct cma_headroom;
struct cma_obstacle;
struct cma_stuck;
struct dentry;
struct seq_file;

/**
 * enum cma_state - the life of an area
 * @CMA_REGISTERED: memory is reserved, the page allocator does not have it yet
 * @CMA_ACTIVE: in service
 * @CMA_DEAD: could not be activated; nobody can use it
 */
enum cma_state {
	CMA_REGISTERED,
	CMA_ACTIVE,
	CMA_DEAD,
};

struct cma_kobject {
	struct kobject kobj;
	struct cma *cma;
};

/**
 * struct cma - an area
 * @node: in the list of all areas
 * @name: unique among all areas, without '/'
 * @state: written at boot only, while there is one thread
 * @reserve_pages_on_error: keep the pages reserved if activation fails
 * @had_folios: large folios may be among the pages that are held; stays set
 * @lock: taken in any context
 * @count: pages in all ranges
 * @history: what went wrong; NULL if there is no memory for it
 * @stuck: pages that were in the way recently; NULL if there is no memory for them
 * @next_stuck: which of them is overwritten next
 * @nowait_pfn: where to continue a search for free pages that had to end early; 0 if
 *	none had to; a hint, read and written without the lock
 * @headroom: what is kept ready; NULL if nothing ever was to be; set once, under
 *	cma_headroom_mutex, and read without it
 * @headroom_at_boot: pages that the device tree wants to be kept ready
 * @refilling: held for reading by allocations that have pages moved, so that they do not
 *	miss units that are about to be free again
 * @nr_pages_succeeded: pages handed out so far
 * @nr_pages_failed: pages requested by allocations that failed so far
 * @nr_pages_released: pages taken back so far
 * @nr_pages_migrated: pages moved away so far
 * @nr_given_up: ranges given up so far
 * @high_water: most pages allocated at any one time so far
 * @latency: how long allocations took; NULL if there is no memory for it
 * @cma_kobj: directory in /sys/kernel/mm/cma
 * @debug_held: what was allocated through debugfs, newest first
 * @track: records of its allocations; NULL if there is no memory for them
 * @nr_ranges: how many @ranges there are; 0 when dead
 * @ranges: physical memory; an allocation lies in one of them
 *
 * An area is never freed.
 */
struct cma {
	struct list_head node;
	char name[CMA_MAX_NAME];
	enum cma_state state;
	bool reserve_pages_on_error;
	bool had_folios;
	/* guards what changes in @ranges, @track and @latency, and what is below */
	spinlock_t lock;
	unsigned long count;
	struct cma_history *history;
	struct cma_stuck *stuck;
	unsigned int next_stuck;
	unsigned long nowait_pfn;
	struct cma_headroom *headroom;
	unsigned long headroom_at_boot;
	/* taken for writing while units are taken to be made ready, or not ready any more */
	struct rw_semaphore refilling;
#ifdef CONFIG_CMA_SYSFS
	u64 nr_pages_succeeded;
	u64 nr_pages_failed;
	u64 nr_pages_released;
	u64 nr_pages_migrated;
	u64 nr_given_up;
	u64 high_water;
	struct cma_latency *latency;
	struct cma_kobject *cma_kobj;
#endif
#ifdef CONFIG_CMA_DEBUGFS
	struct list_head debug_held;	/* cma_debug_mutex guards it */
#endif
#ifdef CONFIG_CMA_TRACK
	struct cma_track *track;
#endif
	unsigned int nr_ranges;
	struct cma_map ranges[];
};

#define cma_for_each_map(map, cma)					\
	for (map = (cma)->ranges; map < (cma)->ranges + (cma)->nr_ranges; map++)

/**
 * cma_find_range() - the range that a page is in
 * @cma: area
 * @pfn: page
 *
 * Context: any.
 * Return: the range, NULL if the page does not belong to the area.
 */
static inline struct cma_map *cma_find_range(struct cma *cma, unsigned long pfn)
{
	struct cma_map *map;

	cma_for_each_map(map, cma) {
		if (cma_map_contains(map, pfn, 1))
			return map;
	}

	return NULL;
}

/*
 * A range is what can be allocated. The pageblocks that it lies in are lent as a whole,
 * with what else is in the first and the last.
 */
static inline unsigned long cma_lent_start(const struct cma_map *map)
{
	return ALIGN_DOWN(map->base_pfn, pageblock_nr_pages);
}

static inline unsigned long cma_lent_end(const struct cma_map *map)
{
	return ALIGN(map->base_pfn + map->count, pageblock_nr_pages);
}

unsigned long cma_available_pages(struct cma *cma);
unsigned long cma_longest_run(struct cma *cma);

/**
 * enum cma_use - what a page is used for while no caller holds it
 * @CMA_FREE: it is on the free lists
 * @CMA_CACHED: free, but on a per-CPU list
 * @CMA_CLEAN: borrowed by a file, and can be dropped instead of moved
 * @CMA_MOVABLE: borrowed
 * @CMA_BATCHED: borrowed, and on its way to or from an LRU list
 * @CMA_SLOW: borrowed, and slow to move: it is locked, under writeback, or a huge page,
 *	for which another one has to be found
 * @CMA_BUSY: it has references that nothing explains, or is of an unknown kind; most
 *	such references are gone in a moment
 * @CMA_BROKEN: memory that has failed; it will never move
 */
enum cma_use {
	CMA_FREE,
	CMA_CACHED,
	CMA_CLEAN,
	CMA_MOVABLE,
	CMA_BATCHED,
	CMA_SLOW,
	CMA_BUSY,
	CMA_BROKEN,
};

/**
 * struct cma_sight - what was seen of a page
 * @use: of all pages up to @end
 * @head: first page of its folio, or the page itself
 * @end: PFN after its folio or free block, or after others that are used alike
 * @whole: it is part of a large folio, which moves as a whole
 * @needs_fs: it can be moved only if calls into file systems are allowed
 * @excess: references of its folio that nothing explains, if it is busy
 */
struct cma_sight {
	enum cma_use use;
	unsigned long head;
	unsigned long end;
	bool whole;
	bool needs_fs;
	int excess;
};

void cma_look(unsigned long pfn, struct cma_sight *sight);
void cma_look_on(struct cma_sight *sight, unsigned long end);

/**
 * enum cma_level - what windows may contain besides pages that can be moved
 * @CMA_NOTHING_BUSY: nothing else
 * @CMA_NOTHING_MET: busy pages, but none that this allocation has failed to move
 * @CMA_NOTHING_STAYING: such pages too, but none that has kept its references for long
 * @CMA_ANYTHING: all of these
 *
 * A level is used only if the level before it has no window.
 */
enum cma_level {
	CMA_NOTHING_BUSY,
	CMA_NOTHING_MET,
	CMA_NOTHING_STAYING,
	CMA_ANYTHING,
};

/* Least weight, in @obstacles of struct cma_request, of a page that stays. */
#define CMA_STAYS	64

/**
 * struct cma_request - an allocation under way
 * @count: pages wanted
 * @align: log2 of what the first PFN is to be a multiple of
 * @gfp: flags for the allocated pages
 * @move_gfp: flags for the memory to which borrowed pages are moved
 * @nowait: leave borrowed pages where they are
 * @leave_ready: look for a place without units that are ready
 * @begun: when it began, by local_clock()
 * @claims: how often it had pages moved away
 * @claimed_ns: how long that took
 * @waited_ns: how long it waited for pages that were in the way
 * @tried: ranges tried
 * @short_of_memory: there was too little memory to move pages to: move as few as possible
 * @level: level of the window found last
 * @moved: pages moved
 * @blocker: the last page that was in the way, or 0
 * @obstacle: what was in the way last; has a reason if anything was
 * @looks: with @nowait, pages and blocks looked at
 * @from: with @nowait, the page from which the search goes on
 * @from_map: the range that @from is in; NULL to begin at the first range
 * @obstacles: first pages of folios that were in the way, each with a weight: how often
 *	it was in the way, plus CMA_STAYS if it is known to stay
 */
struct cma_request {
	unsigned long count;
	unsigned int align;
	gfp_t gfp;
	gfp_t move_gfp;
	bool nowait;
	bool leave_ready;
	u64 begun;
	unsigned long claims;
	u64 claimed_ns;
	u64 waited_ns;
	unsigned long tried;
	bool short_of_memory;
	enum cma_level level;
	unsigned long moved;
	unsigned long blocker;
	struct cma_obstacle *obstacle;
	unsigned long looks;
	unsigned long from;
	struct cma_map *from_map;
	struct xarray obstacles;
};

/**
 * enum cma_ready - how much of a window was ready when it was taken
 * @CMA_READY: all of it; its pages are detached from the free lists
 * @CMA_PARTLY_READY: a part, which is on the free lists now
 * @CMA_NOT_READY: nothing
 * @CMA_NR_READY: how many there are
 */
enum cma_ready {
	CMA_READY,
	CMA_PARTLY_READY,
	CMA_NOT_READY,
	CMA_NR_READY,
};

/**
 * struct cma_window - where an allocation may lie
 * @map: range
 * @pfn: first page
 * @cost: cost of emptying it, in pages to be moved, as cma_find_window() leaves it: all
 *	pages if some may not move, 0 if all are free
 * @ready: how much of it was ready; as cma_take() leaves it
 */
struct cma_window {
	struct cma_map *map;
	unsigned long pfn;
	u64 cost;
	enum cma_ready ready;
};

int cma_find_window(struct cma *cma, struct cma_request *rq,
		    struct cma_window *window);
bool cma_is_claimed(unsigned long start, unsigned long end);
int cma_claim(struct cma_request *rq, unsigned long start);
unsigned long cma_count_places(struct cma *cma, const struct cma_request *rq);
int cma_persevere(struct cma *cma, struct cma_request *rq, int error);
void cma_recall_obstacles(struct cma *cma, struct cma_request *rq);
void cma_claim_init(struct cma *cma);

/* Physical memory, in bytes. */
struct cma_extent {
	phys_addr_t base;
	phys_addr_t size;
};

struct cma *cma_register(const struct cma_extent *extents, unsigned int nr,
			 unsigned int order_per_bit, const char *name);
unsigned int cma_choose_extents(struct cma_extent *extents, unsigned int nr,
				phys_addr_t size, phys_addr_t align,
				phys_addr_t high, phys_addr_t *found);
bool cma_cut_extents(struct cma_extent *extents, unsigned int *nr, unsigned int max,
		     phys_addr_t start, phys_addr_t end);
int cma_declare_within(const struct cma_extent *windows, unsigned int nr,
		       phys_addr_t size, phys_addr_t align, phys_addr_t limit,
		       const char *name, struct cma **res_cma);
bool cma_is_free(phys_addr_t start, phys_addr_t end);
bool cma_trim(phys_addr_t *base, phys_addr_t *size, bool before, bool after);
bool cma_offer_default(struct cma *cma);
void cma_withdraw(struct cma *cma);
void cma_restore(struct cma *cma);
const char *cma_parse_share(const char **pos, unsigned long all, unsigned long *pages);

#if IS_ENABLED(CONFIG_KUNIT)
void cma_activate_area(struct cma *cma);
#endif

/**
 * enum cma_reason - why a range was given up, or an allocation failed
 * @CMA_REASON_NONE: none is known
 * @CMA_REASON_NO_ROOM: no free range is long enough at the alignment
 * @CMA_REASON_ANONYMOUS: memory of a process did not move, though it could
 * @CMA_REASON_FILE: page cache did not
 * @CMA_REASON_SHMEM: tmpfs or shared memory did not
 * @CMA_REASON_SLAB: objects of the kernel
 * @CMA_REASON_PAGE_TABLE: a page table
 * @CMA_REASON_PINNED: movable but for references that nothing explains
 * @CMA_REASON_HWPOISON: memory that has failed
 * @CMA_REASON_HELD: allocated from the area
 * @CMA_REASON_HUGETLB: a huge page of hugetlb
 * @CMA_REASON_LRU_CACHE: on its way to or from the LRU lists
 * @CMA_REASON_OTHER: a page of another kind, or one that is gone
 * @CMA_REASON_NO_MEMORY: there was no memory to move pages to
 * @CMA_REASON_KILLED: the caller is being killed
 * @CMA_REASON_INVALID: size or GFP flags cannot be served
 * @CMA_NR_REASONS: how many there are
 */
enum cma_reason {
	CMA_REASON_NONE,
	CMA_REASON_NO_ROOM,
	CMA_REASON_ANONYMOUS,
	CMA_REASON_FILE,
	CMA_REASON_SHMEM,
	CMA_REASON_SLAB,
	CMA_REASON_PAGE_TABLE,
	CMA_REASON_PINNED,
	CMA_REASON_HWPOISON,
	CMA_REASON_HELD,
	CMA_REASON_HUGETLB,
	CMA_REASON_LRU_CACHE,
	CMA_REASON_OTHER,
	CMA_REASON_NO_MEMORY,
	CMA_REASON_KILLED,
	CMA_REASON_INVALID,
	CMA_NR_REASONS,
};

/**
 * struct cma_obstacle - why an allocation did not get a range
 * @reason: what was in the way; for a page, its kind
 * @has_file: @dev to @name are valid
 * @shmem: the file is one of tmpfs or shared memory
 * @has_owner: @owner_pid to @owner_site are valid
 * @pfn: page that was in the way; 0 if it was no page
 * @refs: its reference count
 * @maps: how often it is mapped
 * @dev: device of the file
 * @ino: inode number of the file
 * @name: a name of the file, may be truncated; empty if there is none
 * @owner_pid: task that allocated the page
 * @owner_comm: its command name
 * @owner_site: where it allocated the page; a stack depot handle
 */
struct cma_obstacle {
	enum cma_reason reason;
	bool has_file;
	bool shmem;
	bool has_owner;
	unsigned long pfn;
	int refs;
	int maps;
	dev_t dev;
	unsigned long ino;
	char name[40];
	pid_t owner_pid;
	char owner_comm[TASK_COMM_LEN];
	u32 owner_site;
};

void cma_describe_page(struct cma *cma, unsigned long pfn,
		       struct cma_obstacle *obstacle);
unsigned long cma_longest_free_run(struct cma *cma);
void cma_describe_add_files(struct cma *cma, struct dentry *dir);

void cma_failure_init(struct cma *cma);
void cma_note_obstacle(struct cma *cma, struct cma_obstacle *obstacle,
		       unsigned long pfn, unsigned long start,
		       unsigned long pages);
void cma_note_failure(struct cma *cma, const struct cma_request *rq, int error);
void cma_note_wait(struct cma *cma, const struct cma_obstacle *obstacle, u64 ns);
void cma_obstacle_text(const struct cma_obstacle *obstacle, char *buf,
		       size_t size);
void cma_failure_add_files(struct cma *cma, struct dentry *dir);
void cma_show_text(struct seq_file *m, const char *text);
void cma_show_site(struct seq_file *m, u32 site);
u64 cma_age_ms(u64 since);

#ifdef CONFIG_CMA_TRACK
/**
 * struct cma_record - an allocation, or what is left of it
 * @node: in @records of its area
 * @pfn: first page
 * @pages: pages
 * @since: when it was allocated, in jiffies
 * @site: who called the allocator, a stack depot handle; 0 if not recorded
 * @pid: task that called it, in the initial namespace; 0 in an interrupt
 * @comm: its command name
 */
struct cma_record {
	struct rb_node node;
	unsigned long pfn;
	unsigned long pages;
	u64 since;
	u32 site;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

void cma_track_init(struct cma *cma);
u32 cma_track_site(const struct cma *cma, unsigned long caller, gfp_t gfp);
bool cma_track_wants(const struct cma *cma);
struct cma_record *cma_new_record(gfp_t gfp);
void cma_track_give(struct cma *cma, struct cma_record *record);
void cma_track_enter(struct cma *cma, unsigned long pfn, unsigned long pages,
		     u32 site);
bool cma_track_release(struct cma *cma, unsigned long pfn, unsigned long pages);
bool cma_track_get(struct cma *cma, unsigned long pfn,
		   struct cma_record *copy);
unsigned long cma_track_lost(const struct cma *cma);
void cma_track_holder(struct cma *cma, unsigned long pfn, unsigned long pages,
		      char *buf, size_t size);
void cma_track_add_files(struct cma *cma, struct dentry *dir);
#if IS_ENABLED(CONFIG_KUNIT)
void cma_track_destroy(struct cma *cma);
#endif
#else
static inline void cma_track_init(struct cma *cma) { }
static inline u32 cma_track_site(const struct cma *cma, unsigned long caller,
				 gfp_t gfp)
{
	return 0;
}

static inline bool cma_track_wants(const struct cma *cma)
{
	return false;
}

static inline struct cma_record *cma_new_record(gfp_t gfp)
{
	return NULL;
}

static inline void cma_track_give(struct cma *cma, struct cma_record *record) { }

static inline void cma_track_enter(struct cma *cma, unsigned long pfn,
				   unsigned long pages, u32 site) { }

static inline bool cma_track_release(struct cma *cma, unsigned long pfn,
				     unsigned long pages)
{
	return true;
}

static inline void cma_track_holder(struct cma *cma, unsigned long pfn,
				    unsigned long pages, char *buf, size_t size)
{
	*buf = '\0';
}

static inline void cma_track_add_files(struct cma *cma, struct dentry *dir) { }
#endif

/* Counters are updated under cma->lock. */
#ifdef CONFIG_CMA_SYSFS
void cma_latency_init(struct cma *cma);
void cma_count_latency(struct cma *cma, u64 ns, bool success);

static inline void cma_count_success(struct cma *cma, unsigned long pages)
{
	cma->nr_pages_succeeded += pages;
	cma->high_water = max(cma->high_water, cma->nr_pages_succeeded -
					       cma->nr_pages_released);
}

static inline void cma_count_failure(struct cma *cma, unsigned long pages)
{
	cma->nr_pages_failed += pages;
}

static inline void cma_count_release(struct cma *cma, unsigned long pages)
{
	cma->nr_pages_released += pages;
}

static inline void cma_count_migrated(struct cma *cma, unsigned long pages)
{
	cma->nr_pages_migrated += pages;
}

static inline void cma_count_given_up(struct cma *cma)
{
	cma->nr_given_up++;
}
#else
static inline void cma_latency_init(struct cma *cma) { }
static inline void cma_count_latency(struct cma *cma, u64 ns, bool success) { }
static inline void cma_count_success(struct cma *cma, unsigned long pages) { }
static inline void cma_count_failure(struct cma *cma, unsigned long pages) { }
static inline void cma_count_release(struct cma *cma, unsigned long pages) { }
static inline void cma_count_migrated(struct cma *cma, unsigned long pages) { }
static inline void cma_count_given_up(struct cma *cma) { }
#endif

#endif /* __MM_CMA_H__ */
