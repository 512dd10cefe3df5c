#pragma once
/*
 * Parked requests: each has found nothing and waits until a counter is raised
 * (store_ready_changes()) or its time is over. Requests with the same filter are in one line, first
 * come, first served. A raised counter wakes the first request of each line, which tries again. If
 * it finds something, the next one tries. A request that finds nothing keeps its place, and no
 * other one tries. So a task costs two attempts, however many requests wait for it.
 *
 * Only the order and the deadlines: the caller carries out the attempts. A waiter is part of the
 * caller's memory; lines belong to struct parked. Times in ms of the monotonic clock.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define PARKED_SOURCES 4224 /* counters */
/* A deadline is met after at most this time; the wheel has a slot for each, for 65 s in all. */
#define PARKED_SLOT_MS 32
#define PARKED_SLOTS   2048
#define PARKED_BUCKETS 1024

TAILQ_HEAD(waiter_list, waiter);

/* All zero before parked_add(), but owner and until_ms. */
struct waiter {
	void *owner;
	struct wait_line *line; /* NULL: neither parked nor trying */
	bool trying;
	int64_t until_ms;
	TAILQ_ENTRY(waiter) place; /* in the line; these three while it is parked */
	TAILQ_ENTRY(waiter) due;   /* in the slot of its deadline */
	TAILQ_ENTRY(waiter) age;   /* in parked.oldest */
	struct waiter_list *slot;
};

/* Exists while it has waiters, parked or trying. */
struct wait_line {
	uint64_t key;
	struct parked_source *source;
	uint64_t seen; /* value of the counter before the last attempt that found nothing */
	struct waiter *trying;
	struct waiter_list waiters;
	LIST_ENTRY(wait_line) bucket;
	LIST_ENTRY(wait_line) lines; /* of the source */
};

LIST_HEAD(wait_line_list, wait_line);

/* A counter. Exists while it has lines. */
struct parked_source {
	unsigned number;
	bool changed; /* a line has not been compared with the counter */
	uint64_t checked;
	struct wait_line_list lines;
	LIST_ENTRY(parked_source) sources;
};

LIST_HEAD(parked_source_list, parked_source);

/* All zero, then parked_init(). */
struct parked {
	const _Atomic uint64_t *counters; /* PARKED_SOURCES of them */
	size_t count; /* parked requests; those that try again are not counted */
	struct waiter_list oldest;
	int64_t slot; /* the next one to look at, counted since 0 ms */
	struct waiter_list slots[PARKED_SLOTS];
	struct wait_line_list buckets[PARKED_BUCKETS];
	struct parked_source *sources[PARKED_SOURCES]; /* NULL: no line */
	struct parked_source_list with_lines;
};

/* Borrows the counters. */
void parked_init(struct parked *parked, const _Atomic uint64_t *counters, int64_t now_ms);
/*
 * Parks a waiter whose attempt found nothing: at the end of the line of this key or, if it was
 * trying, at its front. `seen` is the value that the counter of the source had before the attempt,
 * so that a change during the attempt wakes the line. Returns false without memory; a waiter that
 * was trying then has left.
 */
bool parked_add(
	struct parked *parked, struct waiter *waiter, uint64_t key, unsigned source, uint64_t seen);
/*
 * Before parked_add() of a waiter that was trying: lets it leave its line if this has another key.
 * Returns the next waiter of that line, as parked_leave(), or NULL.
 */
struct waiter *parked_change_line(struct parked *parked, struct waiter *waiter, uint64_t key);
/*
 * Removes the waiter in any state, because it has got what it waits for, was refused, or its client
 * has left. Returns the next waiter of the line that has to try now, or NULL.
 */
struct waiter *parked_leave(struct parked *parked, struct waiter *waiter);
/* Removes a waiter that was trying and found nothing. The next ones do not try. */
void parked_give_up(struct parked *parked, struct waiter *waiter);
/*
 * Calls back with the first waiter of each line whose counter has changed and of which none is
 * trying: it has to try now.
 */
void parked_wake(
	struct parked *parked, void (*take)(struct waiter *waiter, void *data), void *data);
/* Removes and returns a parked waiter whose deadline has passed; NULL if there is none. */
struct waiter *parked_take_due(struct parked *parked, int64_t now_ms);
/* Removes each parked waiter for which `ends` returns true, and calls back with it. */
void parked_end(struct parked *parked, bool (*ends)(const struct waiter *waiter, void *data),
	void (*take)(struct waiter *waiter, void *data), void *data);
/* Removes and returns the waiter that was parked first; NULL if there is none. */
struct waiter *parked_take_oldest(struct parked *parked);
