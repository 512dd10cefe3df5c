#pragma once
/*
 * The window of one webhook: its pending deliveries, in their order. A delivery may be sent
 * when no earlier one of the same task is in the window; so a task's deliveries are sent one after
 * the other. Tests wait for nothing. Bodies are not in memory; they are read when they are sent.
 * Pure; times are wall-clock ms.
 *
 * The window has room for all deliveries of a webhook, so that those that wait for their next
 * attempt do not keep out later ones. More than WEBHOOK_PENDING_MAX are pending only after a
 * redelivery.
 */
#include "task/webhook.h"

#define QUEUE_MAX  WEBHOOK_PENDING_MAX /* deliveries of 40 bytes; later ones wait in the store */
#define QUEUE_FILL 500		       /* deliveries that are read together */

struct queue_item {
	uint64_t number;
	struct id task;
	int64_t next; /* not sent before; 0: at once */
	uint8_t attempts;
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
	bool again;	  /* to be read again after that */
	int64_t due;	  /* queue_due(), if it is known */
	bool due_known;
};

void queue_free(struct queue *queue);
/*
 * Adds a pending delivery; one that is in the window takes its time and its attempts from it unless
 * it is being sent. A time that is later than any wait from now, because the clock was set back, is
 * shortened. If the window is full, the last one that is not being sent leaves it. False: the
 * delivery is not in the window, because it is full of earlier ones, or because memory is
 * exhausted.
 */
bool queue_add(struct queue *queue, const struct delivery *delivery, int64_t now);
/*
 * How many pending deliveries are to be read now, behind queue->after: at most QUEUE_FILL; 0: none.
 */
size_t queue_wants(const struct queue *queue);
/* They were read. is_last: the store has none behind them. */
void queue_was_filled(struct queue *queue, bool is_last);
/* Has the pending deliveries read again, from the first, after those that are being read. */
void queue_reread(struct queue *queue);
enum queue_choice {
	QUEUE_FIRST,	 /* of those that may be sent now, the first one */
	QUEUE_LEAST,	 /* the first one of those with the fewest attempts */
	QUEUE_FIRST_TEST /* no others */
};

/* The next delivery that may be sent; NULL: none now. */
struct queue_item *queue_next(struct queue *queue, int64_t now, enum queue_choice choice);
/* A delivery is being sent. */
void queue_begin(struct queue *queue, struct queue_item *item);
/* Its attempt has ended; it is tried again at `next`. attempts: so many were made. */
void queue_retry(struct queue *queue, uint64_t number, unsigned attempts, int64_t next);
/* It was not sent, for a reason of the service. */
void queue_put_back(struct queue *queue, uint64_t number, int64_t next);
/* A delivery has ended, or does not exist any more. */
void queue_remove(struct queue *queue, uint64_t number);
/* When the next delivery may be sent; INT64_MAX: none waits. */
int64_t queue_due(struct queue *queue);
