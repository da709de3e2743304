/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cma

#if !defined(_TRACE_CMA_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_CMA_H

#include <linux/tracepoint.h>
#include <linux/types.h>

/*
 * In all of them name is the area's, pfn and page the first page of a range,
 * count its pages, and align the alignment asked for, as the log2 of pages.
 */

/* Every call of an allocating function begins with this one ... */
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

/* Pages were released; refused releases leave no trace here. */
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
