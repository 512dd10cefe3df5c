#include "process/watchdog.h"

#include <signal.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "process/spawn.h"
#include "sys/process_info.h"

#define CHECK_INTERVAL_MS 200
/* A gap this long between two looks means that we ourselves did not run: nobody is to blame. */
#define SELF_STALL_MS 1500
/* A sibling that is busy for so long may hold up the others. */
#define BUSY_SIBLING_MS 500
/* How often systemd hears of us in the time that it waits. */
#define NOTIFIES_PER_INTERVAL 4

/*
 * Notes turns and stops; false when there is nothing to judge. What cannot be seen, because /proc
 * shows nothing of a process that is not dumpable (proc(5), hidepid), has as long as a busy one.
 */
static bool observe(struct process *process, uint64_t turns, int64_t now, char *state)
{
	struct process_info stat = { .state = 'R' };

	if (process->pid == 0)
		return false;
	process_info_read(process->pid, &stat);
	if (process->heartbeats != turns) {
		process->heartbeats = turns;
		process->last_heartbeat_ms = now;
	}
	if (!restart_state_is_stopped(stat.state))
		process->stopped_since_ms = 0;
	else if (process->stopped_since_ms == 0)
		process->stopped_since_ms = now;
	if (stat.state != 'S')
		process->sleeping_since_ms = 0;
	else if (process->sleeping_since_ms == 0)
		process->sleeping_since_ms = now;
	*state = stat.state;
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

/* Since when it has been as it is: what it did before, working or asleep, does not count. */
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
	log_warn("stuck", "%s (%d, state %c) has not moved for %lld ms and is ended", name,
		(int)process->pid, state, (long long)(now - since));
	kill(process->pid, SIGKILL);
}

void watchdog_check(struct watchdog *watchdog, struct process *processes,
	const struct scoreboard *scoreboard, uint64_t stuck_seconds, int64_t now)
{
	char states[SCOREBOARD_SLOTS] = { 0 };
	bool busy = false;

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

void watchdog_init(struct watchdog *watchdog)
{
	uint64_t us;

	if (sd_watchdog_enabled(0, &us) > 0)
		watchdog->notify_interval_ms = (int64_t)(us / 1000 / NOTIFIES_PER_INTERVAL);
}

void watchdog_notify_systemd(
	struct watchdog *watchdog, const struct process *processes, int64_t now)
{
	if (watchdog->notify_interval_ms == 0 ||
		now - watchdog->last_notify_ms < watchdog->notify_interval_ms)
		return;
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (processes[i].pid && processes[i].role == ROLE_WORKER &&
			now - processes[i].last_heartbeat_ms >
				watchdog->notify_interval_ms * NOTIFIES_PER_INTERVAL / 2)
			return;
	}
	watchdog->last_notify_ms = now;
	sd_notify(0, "WATCHDOG=1");
}
