#pragma once
/*
 * A histogram of durations in memory that processes share. Each process adds with atomics, so the
 * buckets and the sum of one that is read meanwhile may be of different moments.
 */
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS 14

/* Upper bounds in microseconds, ascending: of requests and flushes, and of tasks. */
extern const int64_t histogram_fast[HISTOGRAM_BOUNDS], histogram_slow[HISTOGRAM_BOUNDS];

/* Starts as zeros. */
struct histogram {
	/* buckets[i]: above bounds[i - 1] and up to bounds[i]; the last one: above all bounds. */
	_Atomic uint64_t buckets[HISTOGRAM_BOUNDS + 1];
	_Atomic uint64_t sum_us;
};

/* A negative duration, of a clock that was set back, counts as 0. */
void histogram_add(struct histogram *histogram, const int64_t bounds[HISTOGRAM_BOUNDS], int64_t us);
