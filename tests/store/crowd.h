#pragma once
/*
 * Tests with several processes on one store: a page they share, and children that work until they
 * are killed.
 */
#include <sys/types.h>

#include "fixture.h"

#define WRITERS 4

struct crowd {
	struct store_shared store;
	_Atomic int place;
	_Atomic uint32_t written[WRITERS];	/* number of the newest task that was tried */
	_Atomic uint32_t acknowledged[WRITERS]; /* of the newest that was flushed */
	_Atomic uint32_t shown[WRITERS];	/* of the newest that the reader could have shown */
	_Atomic uint32_t good, busy, wrong;	/* what the counting reader met */
};

extern struct crowd *crowd;
extern struct store_options crowd_options;

int crowd_setup(void **state);
int crowd_teardown(void **state);
#define WITH_CROWD(function)                                           \
	{                                                              \
#function, function, crowd_setup, crowd_teardown, NULL \
	}

/* Opens the folder name alone, the counters at zero. */
struct store *crowd_recover(const char *name);
struct store *crowd_join(void);
/* A child ends only by a signal or with the status of a lost environment, never as a test. */
pid_t crowd_start(void (*work)(struct store *joined, unsigned number), unsigned number);
/* Kills them and sees that this is what they died of. */
void crowd_stop(const pid_t *pids, size_t count);
/* Waits until the counter has come so far; a slow machine gets its time. */
void crowd_wait(const _Atomic uint32_t *counter, uint32_t least);
/* One operation, its result thrown away. */
bool crowd_apply(struct store *joined, const struct op *op, struct err *err);
