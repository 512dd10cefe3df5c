#pragma once
/*
 * The window of one webhook: its next pending deliveries, in their order. A delivery may be sent
 * when no earlier one of the same task is in the window; so a task's deliveries are sent one after
 * the other. Tests wait for nothing. Bodies are not in memory; they are read when they are sent.
 * Pure; times are wall-clock ms.
 */
#include "task/webhook.h"

#define QUEUE_MAX 500 /* deliveries; later ones wait in the store */

struct queue_item {
	uint64_t number;
	struct id task;
	int64_t next; /* not sent before; 0: at once */
	bool test;
	bool sending;
	bool blocked; /* an earlier one of the task is in the window */
};

/* Zero-initialise; free with queue_free(). */
struct queue {
	struct queue_item *items;
	size_t count, capacity;
	/* Pending deliveries up to this number are in the window, or were when they were read. */
	uint64_t after;
	bool is_complete; /* the store had none behind it */
	int64_t due;	  /* queue_due(), if it is known */
	bool due_known;
};

void queue_free(struct queue *queue);
/*
 * Adds a pending delivery; one that is in the window takes its time from it unless it is being
 * sent. If the window is full, the last one that is not being sent leaves it. False: the delivery
 * is not in the window, because it is full of earlier ones, or because memory is exhausted.
 */
bool queue_add(struct queue *queue, const struct delivery *delivery);
/* Begins to read the pending deliveries again, from the first. */
void queue_reread(struct queue *queue);
/* The next delivery that may be sent; NULL: none now. only_tests: no others. */
struct queue_item *queue_next(struct queue *queue, int64_t now, bool only_tests);
/* A delivery is being sent. */
void queue_begin(struct queue *queue, struct queue_item *item);
/* Its attempt has ended; it is tried again at `next`. */
void queue_retry(struct queue *queue, uint64_t number, int64_t next);
/* A delivery has ended, or does not exist any more. */
void queue_remove(struct queue *queue, uint64_t number);
/* When the next delivery may be sent; INT64_MAX: none waits. */
int64_t queue_due(struct queue *queue);
