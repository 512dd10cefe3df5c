#pragma once
/*
 * Tests with several processes on one store: memory that they share, and children that run until
 * they are killed.
 */
#include <sys/types.h>

#include "fixture.h"

#define WRITERS 4

struct crowd {
	struct store_shared store;
	_Atomic int activity;
	_Atomic uint32_t written[WRITERS];	/* number of the newest task tried */
	_Atomic uint32_t acknowledged[WRITERS]; /* of the newest task flushed */
	_Atomic uint32_t shown[WRITERS];	/* of the newest task that the reader could show */
	_Atomic uint32_t good, busy, wrong;	/* results of the counting reader */
};

extern struct crowd *crowd;
extern struct store_options crowd_options;

int crowd_setup(void **state);
int crowd_teardown(void **state);
#define WITH_CROWD(function)                                           \
	{                                                              \
#function, function, crowd_setup, crowd_teardown, NULL \
	}

/* Opens the folder `name` with recovery, the counters at zero. */
struct store *crowd_recover(const char *name);
struct store *crowd_join(void);
/* A child never returns as a test: it ends by a signal or by _exit. */
pid_t crowd_start(void (*work)(struct store *joined, unsigned number), unsigned number);
/* Kills the children; ends the test if one died of another cause. */
void crowd_stop(const pid_t *pids, size_t count);
/* Waits until the counter has reached the value, at most 60 s. */
void crowd_wait(const _Atomic uint32_t *counter, uint32_t least);
/* Applies one operation and frees its result. */
bool crowd_apply(struct store *joined, const struct op *op, struct err *err);
