#pragma once
/*
 * Finds children that do not turn their loop any more and kills them; what follows is up to their
 * death (pool.h).
 */
#include "server/pool.h"

struct watchdog {
	int64_t last_ms;
};

/* Call it often; it looks every 200 ms. */
void watchdog_look(struct watchdog *watchdog, struct process *processes, const struct board *board,
	uint64_t stuck_seconds, int64_t now);
