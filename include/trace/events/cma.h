/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cma

#if !defined(_TRACE_CMA_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_CMA_H

#include <linux/kdev_t.h>
#include <linux/tracepoint.h>
#include <linux/types.h>

struct cma_obstacle;

/*
 * In all events, name is that of the area, pfn and page are the first page of a range,
 * count is its pages, and align is the requested alignment, as the log2 of pages.
 */

/* Every call of an allocating function begins with this event ... */
TRACE_EVENT(cma_alloc_start,

	TP_PROTO(const char *area, unsigned long count, unsigned int align),
	TP_ARGS(area, count, align),

	TP_STRUCT__entry(
		__field(unsigned int, align)
		__field(unsigned long, count)
		__string(name, area)
	),

	TP_fast_assign(
		__entry->align = align;
		__entry->count = count;
		__assign_str(name);
	),

	TP_printk("name=%s count=%lu align=%u", __get_str(name), __entry->count,
		  __entry->align)
);

/* ... and ends with this one; errorno is 0 or a negative error. */
TRACE_EVENT(cma_alloc_finish,

	TP_PROTO(const char *area, unsigned long pfn, const struct page *page,
		 unsigned long count, unsigned int align, int errorno),
	TP_ARGS(area, pfn, page, count, align, errorno),

	TP_STRUCT__entry(
		__field(int, errorno)
		__field(unsigned int, align)
		__field(unsigned long, count)
		__field(const struct page *, page)
		__field(unsigned long, pfn)
		__string(name, area)
	),

	TP_fast_assign(
		__entry->errorno = errorno;
		__entry->align = align;
		__entry->count = count;
		__entry->page = page;
		__entry->pfn = pfn;
		__assign_str(name);
	),

	TP_printk("name=%s pfn=0x%lx page=%p count=%lu align=%u errorno=%d",
		  __get_str(name), __entry->pfn, __entry->page, __entry->count,
		  __entry->align, __entry->errorno)
);

/* A range was chosen and given up, since a page in it could not be moved. */
TRACE_EVENT(cma_alloc_busy_retry,

	TP_PROTO(const char *area, unsigned long pfn, const struct page *page,
		 unsigned long count, unsigned int align),
	TP_ARGS(area, pfn, page, count, align),

	TP_STRUCT__entry(
		__field(unsigned int, align)
		__field(unsigned long, count)
		__field(const struct page *, page)
		__field(unsigned long, pfn)
		__string(name, area)
	),

	TP_fast_assign(
		__entry->align = align;
		__entry->count = count;
		__entry->page = page;
		__entry->pfn = pfn;
		__assign_str(name);
	),

	TP_printk("name=%s pfn=0x%lx page=%p count=%lu align=%u",
		  __get_str(name), __entry->pfn, __entry->page, __entry->count,
		  __entry->align)
);

/*
 * These events follow an allocation in progress, in the calling task: a range that
 * is tried, and may be given up; cost is that of emptying it, 0 if all is free ...
 */
TRACE_EVENT(cma_range_chosen,

	TP_PROTO(const char *area, unsigned long pfn, unsigned long count,
		 unsigned int align, u64 cost),
	TP_ARGS(area, pfn, count, align, cost),

	TP_STRUCT__entry(
		__field(unsigned int, align)
		__field(unsigned long, pfn)
		__field(unsigned long, count)
		__field(u64, cost)
		__string(name, area)
	),

	TP_fast_assign(
		__entry->align = align;
		__entry->pfn = pfn;
		__entry->count = count;
		__entry->cost = cost;
		__assign_str(name);
	),

	TP_printk("name=%s pfn=0x%lx count=%lu align=%u cost=%llu",
		  __get_str(name), __entry->pfn, __entry->count, __entry->align,
		  __entry->cost)
);

/* ... the pages that were moved out of it, whether or not that was enough ... */
TRACE_EVENT(cma_pages_migrated,

	TP_PROTO(const char *area, unsigned long pfn, unsigned long count,
		 unsigned long migrated, int errorno),
	TP_ARGS(area, pfn, count, migrated, errorno),

	TP_STRUCT__entry(
		__field(int, errorno)
		__field(unsigned long, pfn)
		__field(unsigned long, count)
		__field(unsigned long, migrated)
		__string(name, area)
	),

	TP_fast_assign(
		__entry->errorno = errorno;
		__entry->pfn = pfn;
		__entry->count = count;
		__entry->migrated = migrated;
		__assign_str(name);
	),

	TP_printk("name=%s pfn=0x%lx count=%lu migrated=%lu errorno=%d",
		  __get_str(name), __entry->pfn, __entry->count,
		  __entry->migrated, __entry->errorno)
);

/*
 * ... the page because of which it was given up, or, with a count of 0, because of
 * which no range can be tried: obstacle is its PFN, reason is what it is, dev, ino
 * and file are the file it belongs to (0 and "" if none), pid and comm are the task
 * that allocated it, if page_owner knows ...
 */
TRACE_EVENT(cma_obstacle,

	TP_PROTO(const char *area, unsigned long pfn, unsigned long count,
		 const struct cma_obstacle *obstacle, const char *why),
	TP_ARGS(area, pfn, count, obstacle, why),

	TP_STRUCT__entry(
		__field(int, refs)
		__field(int, maps)
		__field(int, pid)
		__field(dev_t, dev)
		__field(unsigned long, pfn)
		__field(unsigned long, count)
		__field(unsigned long, obstacle)
		__field(unsigned long, ino)
		__string(name, area)
		__string(reason, why)
		__string(file, obstacle->name)
		__string(comm, obstacle->owner_comm)
	),

	TP_fast_assign(
		__entry->refs = obstacle->refs;
		__entry->maps = obstacle->maps;
		__entry->pid = obstacle->owner_pid;
		__entry->dev = obstacle->dev;
		__entry->pfn = pfn;
		__entry->count = count;
		__entry->obstacle = obstacle->pfn;
		__entry->ino = obstacle->ino;
		__assign_str(name);
		__assign_str(reason);
		__assign_str(file);
		__assign_str(comm);
	),

	TP_printk("name=%s pfn=0x%lx count=%lu obstacle=0x%lx reason=%s refs=%d maps=%d dev=%d:%d ino=%lu file=%s pid=%d comm=%s",
		  __get_str(name), __entry->pfn, __entry->count,
		  __entry->obstacle, __get_str(reason), __entry->refs,
		  __entry->maps, MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->ino, __get_str(file), __entry->pid, __get_str(comm))
);

/* ... and how long the allocation took; tried is the number of ranges chosen. */
TRACE_EVENT(cma_alloc_latency,

	TP_PROTO(const char *area, unsigned long pfn, unsigned long count,
		 unsigned int align, unsigned long tried,
		 unsigned long migrated, int errorno, u64 ns),
	TP_ARGS(area, pfn, count, align, tried, migrated, errorno, ns),

	TP_STRUCT__entry(
		__field(int, errorno)
		__field(unsigned int, align)
		__field(unsigned long, pfn)
		__field(unsigned long, count)
		__field(unsigned long, tried)
		__field(unsigned long, migrated)
		__field(u64, ns)
		__string(name, area)
	),

	TP_fast_assign(
		__entry->errorno = errorno;
		__entry->align = align;
		__entry->pfn = pfn;
		__entry->count = count;
		__entry->tried = tried;
		__entry->migrated = migrated;
		__entry->ns = ns;
		__assign_str(name);
	),

	TP_printk("name=%s pfn=0x%lx count=%lu align=%u tried=%lu migrated=%lu errorno=%d ns=%llu",
		  __get_str(name), __entry->pfn, __entry->count, __entry->align,
		  __entry->tried, __entry->migrated, __entry->errorno,
		  __entry->ns)
);

/*
 * Memory was made ready, or given up: pages that are wanted, pages that are ready, and the
 * longest run of these. errorno tells why less is ready than is wanted.
 */
TRACE_EVENT(cma_headroom,

	TP_PROTO(const char *area, unsigned long wanted, unsigned long ready,
		 unsigned long longest, int errorno, u64 ns),
	TP_ARGS(area, wanted, ready, longest, errorno, ns),

	TP_STRUCT__entry(
		__field(int, errorno)
		__field(unsigned long, wanted)
		__field(unsigned long, ready)
		__field(unsigned long, longest)
		__field(u64, ns)
		__string(name, area)
	),

	TP_fast_assign(
		__entry->errorno = errorno;
		__entry->wanted = wanted;
		__entry->ready = ready;
		__entry->longest = longest;
		__entry->ns = ns;
		__assign_str(name);
	),

	TP_printk("name=%s wanted=%lu ready=%lu longest=%lu errorno=%d ns=%llu",
		  __get_str(name), __entry->wanted, __entry->ready,
		  __entry->longest, __entry->errorno, __entry->ns)
);

/* Movable pages of a node were moved into areas, to make room elsewhere. */
TRACE_EVENT(cma_balance,

	TP_PROTO(int nid, int highest_zoneidx, unsigned long wanted, unsigned long moved),
	TP_ARGS(nid, highest_zoneidx, wanted, moved),

	TP_STRUCT__entry(
		__field(int, nid)
		__field(int, highest_zoneidx)
		__field(unsigned long, wanted)
		__field(unsigned long, moved)
	),

	TP_fast_assign(
		__entry->nid = nid;
		__entry->highest_zoneidx = highest_zoneidx;
		__entry->wanted = wanted;
		__entry->moved = moved;
	),

	TP_printk("nid=%d highest_zoneidx=%d wanted=%lu moved=%lu", __entry->nid,
		  __entry->highest_zoneidx, __entry->wanted, __entry->moved)
);

/* Pages were released; refused releases are not traced. */
TRACE_EVENT(cma_release,

	TP_PROTO(const char *area, unsigned long pfn, const struct page *page,
		 unsigned long count),
	TP_ARGS(area, pfn, page, count),

	TP_STRUCT__entry(
		__field(unsigned long, count)
		__field(const struct page *, page)
		__field(unsigned long, pfn)
		__string(name, area)
	),

	TP_fast_assign(
		__entry->count = count;
		__entry->page = page;
		__entry->pfn = pfn;
		__assign_str(name);
	),

	TP_printk("name=%s pfn=0x%lx page=%p count=%lu", __get_str(name),
		  __entry->pfn, __entry->page, __entry->count)
);

#endif /* _TRACE_CMA_H */

#include <trace/define_trace.h>
