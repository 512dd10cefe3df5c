#pragma once
/*
 * Processes that the guard of a command has left, because it was killed or could not end them. The
 * worker is their subreaper, so they are its children; it has no other ones than guards.
 */
#include "worker/worker.h"

/* Sends SIGKILL to all of them. Returns true if there was none; repeat it otherwise. */
bool orphans_end(const struct worker *worker);
/* Kills the guards, too, and all that they have started; waits a second for that at most. */
void orphans_end_all(void);
