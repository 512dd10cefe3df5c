#include "base/histogram.h"

#define MS     INT64_C(1000)
#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

const int64_t histogram_fast[HISTOGRAM_BOUNDS] = { MS / 4, MS / 2, MS, 5 * MS / 2, 5 * MS, 10 * MS,
	25 * MS, 50 * MS, 100 * MS, 250 * MS, 500 * MS, SECOND, 5 * SECOND, 30 * SECOND };

const int64_t histogram_slow[HISTOGRAM_BOUNDS] = { 10 * MS, 100 * MS, SECOND / 2, SECOND,
	5 * SECOND, 15 * SECOND, 60 * SECOND, 300 * SECOND, 900 * SECOND, HOUR, 4 * HOUR, 12 * HOUR,
	24 * HOUR, 7 * 24 * HOUR };

void histogram_add(struct histogram *histogram, const int64_t bounds[HISTOGRAM_BOUNDS], int64_t us)
{
	size_t i = 0;

	us = us > 0 ? us : 0;
	while (i < HISTOGRAM_BOUNDS && us > bounds[i])
		i++;
	atomic_fetch_add_explicit(&histogram->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum_us, (uint64_t)us, memory_order_relaxed);
}
