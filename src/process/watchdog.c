#include "process/watchdog.h"

#include <signal.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "process/spawn.h"
#include "process/workers.h"
#include "sys/process_info.h"

#define CHECK_INTERVAL_MS 200
/* If checks are this far apart, the supervisor itself was not running: no child is at fault. */
#define SELF_STALL_MS 1500
/* A child that is busy for this long may block its siblings. */
#define BUSY_SIBLING_MS	      500
#define NOTIFIES_PER_INTERVAL 4
/* Time in which workers must be ready after a start, a recovery or their end. */
#define NO_WORKER_MS 30000

/*
 * Updates the times of a process and sets *state; returns false for a free entry. If /proc does not
 * show the state (hidepid, proc(5)), the process is assumed to be busy. A recover process gives no
 * heartbeats: processor time counts as one.
 */
static bool observe(struct process *process, uint64_t heartbeats, int64_t now, char *state)
{
	struct process_info info = { .state = 'R' };

	if (process->pid == 0)
		return false;
	process_info_read(process->pid, &info);
	if (process->role == ROLE_RECOVER)
		heartbeats = info.cpu;
	if (process->heartbeats != heartbeats) {
		process->heartbeats = heartbeats;
		process->last_heartbeat_ms = now;
	}
	if (!restart_state_is_stopped(info.state))
		process->stopped_since_ms = 0;
	else if (process->stopped_since_ms == 0)
		process->stopped_since_ms = now;
	if (info.state != 'S')
		process->sleeping_since_ms = 0;
	else if (process->sleeping_since_ms == 0)
		process->sleeping_since_ms = now;
	*state = info.state;
	return true;
}

static void reset_timers(struct process *processes, int64_t now)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		processes[i].last_heartbeat_ms = now;
		processes[i].stopped_since_ms = 0;
		processes[i].sleeping_since_ms = 0;
	}
}

/* Start of the present state, or the last heartbeat if that is later. */
static int64_t unchanged_since(const struct process *process)
{
	if (process->stopped_since_ms)
		return process->stopped_since_ms;
	return process->sleeping_since_ms > process->last_heartbeat_ms ? process->sleeping_since_ms
								       : process->last_heartbeat_ms;
}

static void kill_if_stuck(
	const struct process *process, char state, uint64_t stuck_seconds, bool busy, int64_t now)
{
	int64_t since = unchanged_since(process);
	char name[32];

	if (!restart_child_is_stuck(process->role, state, now - since, stuck_seconds, busy))
		return;
	spawn_process_name(process, name, sizeof(name));
	log_warn("stuck", "killing %s (%d, state %c): no heartbeat for %lld ms", name,
		(int)process->pid, state, (long long)(now - since));
	kill(process->pid, SIGKILL);
}

void watchdog_check(struct watchdog *watchdog, struct process *processes,
	const struct scoreboard *scoreboard, uint64_t stuck_seconds, int64_t now)
{
	char states[SCOREBOARD_SLOTS] = { 0 };
	bool busy = watchdog->shared;

	if (now - watchdog->last_check_ms < CHECK_INTERVAL_MS)
		return;
	if (now - watchdog->last_check_ms > SELF_STALL_MS)
		reset_timers(processes, now);
	watchdog->last_check_ms = now;
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (observe(&processes[i], scoreboard->slots[i].counters.heartbeats, now,
			    &states[i]) &&
			restart_state_is_busy(states[i]) &&
			now - processes[i].last_heartbeat_ms > BUSY_SIBLING_MS)
			busy = true;
	}
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (states[i])
			kill_if_stuck(&processes[i], states[i], stuck_seconds, busy, now);
	}
}

void watchdog_init(struct watchdog *watchdog, bool shared)
{
	uint64_t us;

	watchdog->shared = shared;
	if (sd_watchdog_enabled(0, &us) > 0)
		watchdog->notify_interval_ms = (int64_t)(us / 1000 / NOTIFIES_PER_INTERVAL);
}

/* Whether workers answer requests, or a recovery runs, which the watchdog itself limits. */
static bool is_useful(const struct process *processes, const struct scoreboard *scoreboard)
{
	bool present[ROLES] = { false };

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (processes[i].pid && (processes[i].role == ROLE_RECOVER ||
						scoreboard->slots[i].state != CHILD_STARTING))
			present[processes[i].role] = true;
	}
	return present[ROLE_RECOVER] || workers_suffice(present);
}

void watchdog_notify_systemd(struct watchdog *watchdog, const struct process *processes,
	const struct scoreboard *scoreboard, int64_t now)
{
	if (watchdog->useful_ms == 0 || is_useful(processes, scoreboard))
		watchdog->useful_ms = now;
	if (now - watchdog->useful_ms > NO_WORKER_MS)
		return;
	if (watchdog->notify_interval_ms == 0 ||
		now - watchdog->last_notify_ms < watchdog->notify_interval_ms)
		return;
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (processes[i].pid && workers_has_role(processes[i].role) &&
			now - processes[i].last_heartbeat_ms >
				watchdog->notify_interval_ms * NOTIFIES_PER_INTERVAL / 2)
			return;
	}
	watchdog->last_notify_ms = now;
	sd_notify(0, "WATCHDOG=1");
}
