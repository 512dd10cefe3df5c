#pragma once
/*
 * Limit of repeated log lines. A message is an event and its format, so that lines which differ in
 * numbers or names only are the same message. Of each message LOG_LIMIT_BURST lines may be written
 * at once, then one per LOG_LIMIT_INTERVAL_MS.
 *
 * The table lies in memory shared by all processes, so that they have one allowance together, also
 * processes that are started again and again. It is lock-free; a process that dies between any two
 * steps leaves it usable. A message without a free slot is not limited.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_BURST	      10
#define LOG_LIMIT_INTERVAL_MS 10000
#define LOG_LIMIT_SLOTS	      128 /* more than there are messages at warning or above */

struct log_limit_slot {
	_Atomic uint64_t message;    /* hash; 0: free */
	_Atomic int64_t full_at;     /* monotonic ms: the whole burst is allowed from then on */
	_Atomic uint64_t suppressed; /* lines since the last one that was written */
};

/* Zero-initialised. */
struct log_limits {
	struct log_limit_slot slots[LOG_LIMIT_SLOTS];
};

/*
 * Returns true if a line may be written, with the number of lines suppressed before it; else counts
 * it and leaves *suppressed unchanged. now: monotonic ms.
 */
bool log_limit_take(struct log_limits *limits, const char *event, const char *format, int64_t now,
	uint64_t *suppressed);
