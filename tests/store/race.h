#pragma once
/* What tests share in which several processes want the same at the same moment. */
#include "crowd.h"

#define RACERS 4

/* What the racers share besides the store. */
struct track {
	_Atomic uint32_t arrived; /* at the starts of all rounds so far */
	_Atomic uint32_t made, given, wrong;
	_Atomic uint32_t slowest; /* us */
	_Atomic bool stop;
};

extern struct track *track;

int race_setup(void **state);
int race_teardown(void **state);
#define RACE(function)                                               \
	{                                                            \
#function, function, race_setup, race_teardown, NULL \
	}

/* For the racers. Ends one: the log's buffer does not outlive the last process. */
void race_leave(struct store *store);
/* All begin a round together. */
void race_line_up(unsigned round);
/* Carries it out until it is not busy; any other error ends the racer. */
void race_insist(struct store *store, const struct op *op, struct result *result);

/* Sees that a racer ends well. */
void race_await(pid_t pid);
/* Runs the racers to their end. */
void race_run(void (*work)(struct store *store, unsigned number));
