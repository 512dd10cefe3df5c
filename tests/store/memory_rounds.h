#pragma once
/*
 * The engine in memory as one that several machines share, with rounds (engine_options.rounds):
 * what was committed since the last flush is undone if the flush fails, as a test asks for. No
 * other process uses it, so scopes are never waited for.
 */
#include "memory_engine.h"

/* What fails in the open store, or the one that is opened next. All zero: nothing. */
struct memory_faults {
	enum engine_status flush; /* of the next `flushes` flushes of a round */
	unsigned flushes;
	bool unknown_is_made; /* flush ENGINE_UNKNOWN: the changes were made */
	/* The round is lost at WRITE transaction number `lost_at` from now; 0: it is not. */
	unsigned lost_at;
	/* Lock number `busy_at` from now is not granted: another round has it; 0: all are. */
	unsigned busy_at;
	unsigned flushed, failed; /* counted: flushes of a round, and of these, that have failed */
};

extern struct memory_faults memory_faults;

/* Calls of engine_ops.prefetch and get_prefetched. */
extern struct memory_reads {
	unsigned announced, prefetched;
} memory_reads;

const struct engine_ops *memory_shared_engine(void);
