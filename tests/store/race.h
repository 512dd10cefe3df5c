#pragma once
/* Shared by tests in which several processes do the same at the same time. */
#include "crowd.h"

#define RACERS 4

/* Memory shared by the racers. */
struct track {
	_Atomic uint32_t arrived;     /* at the start of a round, summed over the rounds */
	_Atomic uint32_t made, given; /* results that each test counts */
	_Atomic uint32_t wrong;	      /* unexpected results */
	_Atomic uint32_t slowest;     /* us */
	_Atomic bool stop;
};

extern struct track *track;

int race_setup(void **state);
int race_teardown(void **state);
#define RACE(function)                                               \
	{                                                            \
#function, function, race_setup, race_teardown, NULL \
	}

/* Flushes and ends a racer: the log's buffer does not outlive the last process. */
void race_leave(struct store *store);
/* Waits until all racers have reached the round. */
void race_line_up(unsigned round);
/* Repeats the operation while it is busy; any other error ends the racer. */
void race_insist(struct store *store, const struct op *op, struct result *result);

/* Waits for a racer; ends the test unless its status is 0. */
void race_await(pid_t pid);
/* Runs the racers to their end. */
void race_run(void (*work)(struct store *store, unsigned number));
