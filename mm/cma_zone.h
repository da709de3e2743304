/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Areas in ZONE_MOVABLE
 */

#ifndef __MM_CMA_ZONE_H__
#define __MM_CMA_ZONE_H__

#include <linux/jump_label.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>
#include <linux/types.h>

/**
 * struct cma_span - what a zone spans
 * @start: first page frame
 * @end: page frame after the last; as @start if it spans none
 */
struct cma_span {
	unsigned long start;
	unsigned long end;
};

/**
 * cma_span_join() - extend a span to more memory
 * @span: what is spanned; on return, that and the memory, and what lies between them
 * @start: first page frame of the memory
 * @end: page frame after its last; above @start
 *
 * Context: any.
 */
static inline void cma_span_join(struct cma_span *span, unsigned long start,
				 unsigned long end)
{
	bool none = span->start == span->end;

	span->start = none ? start : min(span->start, start);
	span->end = none ? end : max(span->end, end);
}

/**
 * cma_span_trim() - take memory off the ends of a span
 * @span: what is spanned; on return, without the memory, if that is at an end of it
 * @start: first page frame of the memory
 * @end: page frame after its last; above @start
 *
 * Context: any.
 * Return: true if there was any at an end.
 */
static inline bool cma_span_trim(struct cma_span *span, unsigned long start,
				 unsigned long end)
{
	bool head = start <= span->start && end > span->start;
	bool tail = start < span->end && end >= span->end;

	if (span->start == span->end)
		return false;
	if (head)
		span->start = min(end, span->end);
	else if (tail)
		span->end = start;
	return head || tail;
}

#ifdef CONFIG_CMA
DECLARE_STATIC_KEY_FALSE(cma_zone_used);

void cma_zone_move(void);
bool cma_zone_intersects(struct zone *zone, unsigned long pfn, unsigned long nr_pages);

/**
 * cma_zone_is_movable() - are all who come to a zone to have pages of areas?
 * @zone: zone
 *
 * Only allocations of movable memory for user space come to ZONE_MOVABLE.
 *
 * Context: any.
 * Return: true for ZONE_MOVABLE, if areas are moved there.
 */
static inline bool cma_zone_is_movable(const struct zone *zone)
{
	return static_branch_unlikely(&cma_zone_used) && zone_idx(zone) == ZONE_MOVABLE;
}

/**
 * cma_zone_sure() - how much of a zone is there for all who may have pages of it
 * @zone: zone
 *
 * Callers may hold pages of areas for good, so lower zones keep no memory in reserve for
 * them.
 *
 * Context: any.
 * Return: managed pages, without those of areas in ZONE_MOVABLE if areas are moved there.
 */
static inline unsigned long cma_zone_sure(struct zone *zone)
{
	unsigned long managed = zone_managed_pages(zone);

	/* A balloon may have taken away pages of areas. */
	return cma_zone_is_movable(zone) ? managed - min(managed, zone_cma_pages(zone)) :
					   managed;
}
#else
static inline void cma_zone_move(void) { }

static inline bool cma_zone_is_movable(const struct zone *zone)
{
	return false;
}

static inline unsigned long cma_zone_sure(struct zone *zone)
{
	return zone_managed_pages(zone);
}

static inline bool cma_zone_intersects(struct zone *zone, unsigned long pfn,
				       unsigned long nr_pages)
{
	return zone_intersects(zone, pfn, nr_pages);
}
#endif

#endif /* __MM_CMA_ZONE_H__ */
