#pragma once
/*
 * Kills children that give no heartbeat any more; the supervisor then treats the exit like any
 * other (restart.h). Also reports to systemd's watchdog, if the unit has one: systemd restarts the
 * service if a killed worker does not exit.
 */
#include "process/restart.h"

struct watchdog {
	int64_t last_check_ms;
	int64_t last_notify_ms;
	int64_t useful_ms;	    /* when workers were ready, or a recovery ran, the last time */
	int64_t notify_interval_ms; /* 0: systemd has no watchdog for this service */
	bool shared;		    /* children wait for the server of a shared store */
};

/* Reads the interval of systemd's watchdog (sd_watchdog_enabled(3)). shared: the store is. */
void watchdog_init(struct watchdog *watchdog, bool shared);
/* Call in every turn of the loop; checks every 200 ms. `now`: monotonic ms. */
void watchdog_check(struct watchdog *watchdog, struct process *processes,
	const struct scoreboard *scoreboard, uint64_t stuck_seconds, int64_t now);
/*
 * Call in every turn of the loop. Sends WATCHDOG=1 four times per interval, as long as each worker
 * gave a heartbeat within half of it, and workers for all requests were ready, or a recovery ran,
 * within 30 s.
 */
void watchdog_notify_systemd(struct watchdog *watchdog, const struct process *processes,
	const struct scoreboard *scoreboard, int64_t now);
