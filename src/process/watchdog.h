#pragma once
/*
 * Finds children that do not turn their loop any more and kills them; what follows is up to their
 * death (restart.h). And tells systemd, where it asks (sd_watchdog_enabled(3)), that all is well: what
 * cannot be mended from here, a worker that SIGKILL does not end, is to be mended from there.
 */
#include "process/restart.h"

struct watchdog {
	int64_t last_check_ms;
	int64_t last_notify_ms,
		notify_interval_ms; /* systemd's, when last and how often; 0: it does not ask */
};

/* Finds out whether systemd asks. */
void watchdog_init(struct watchdog *watchdog);
/* Call it often; it looks every 200 ms. */
void watchdog_check(struct watchdog *watchdog, struct process *processes,
	const struct scoreboard *scoreboard, uint64_t stuck_seconds, int64_t now);
/*
 * Call it often; it says WATCHDOG=1 four times in systemd's interval, as long as every worker has
 * moved in half of it.
 */
void watchdog_notify_systemd(
	struct watchdog *watchdog, const struct process *processes, int64_t now);
