#include "process/watchdog.h"

#include <signal.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "process/spawn.h"
#include "sys/proc.h"

#define LOOK_MS 200
/* A gap this long between two looks means that we ourselves did not run: nobody is to blame. */
#define ASLEEP_MS 1500
/* A sibling that is busy for so long may hold up the others. */
#define BUSY_MS 500
/* How often systemd hears of us in the time that it waits. */
#define FEEDS 4

/*
 * Notes turns and stops; false when there is nothing to judge. What cannot be seen, because /proc
 * shows nothing of a process that is not dumpable (proc(5), hidepid), has as long as a busy one.
 */
static bool observe(struct process *process, uint64_t turns, int64_t now, char *state)
{
	struct proc_stat stat = { .state = 'R' };

	if (process->pid == 0)
		return false;
	proc_stat(process->pid, &stat);
	if (process->turns != turns) {
		process->turns = turns;
		process->moved_ms = now;
	}
	if (!pool_is_stopped(stat.state))
		process->stopped_ms = 0;
	else if (process->stopped_ms == 0)
		process->stopped_ms = now;
	if (stat.state != 'S')
		process->slept_ms = 0;
	else if (process->slept_ms == 0)
		process->slept_ms = now;
	*state = stat.state;
	return true;
}

static void excuse(struct process *processes, int64_t now)
{
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		processes[i].moved_ms = now;
		processes[i].stopped_ms = 0;
		processes[i].slept_ms = 0;
	}
}

/* Since when it has been as it is: what it did before, working or asleep, does not count. */
static int64_t still_since(const struct process *process)
{
	if (process->stopped_ms)
		return process->stopped_ms;
	return process->slept_ms > process->moved_ms ? process->slept_ms : process->moved_ms;
}

static void judge(
	const struct process *process, char state, uint64_t stuck_seconds, bool busy, int64_t now)
{
	int64_t since = still_since(process);
	char name[32];

	if (!pool_is_stuck(process->role, state, now - since, stuck_seconds, busy))
		return;
	spawn_name(process, name, sizeof(name));
	log_warn("stuck", "%s (%d, state %c) has not moved for %lld ms and is ended", name,
		(int)process->pid, state, (long long)(now - since));
	kill(process->pid, SIGKILL);
}

void watchdog_look(struct watchdog *watchdog, struct process *processes, const struct board *board,
	uint64_t stuck_seconds, int64_t now)
{
	char states[BOARD_SLOTS] = { 0 };
	bool busy = false;

	if (now - watchdog->last_ms < LOOK_MS)
		return;
	if (now - watchdog->last_ms > ASLEEP_MS)
		excuse(processes, now);
	watchdog->last_ms = now;
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		if (observe(&processes[i], board->slots[i].counters.turns, now, &states[i]) &&
			pool_is_busy(states[i]) && now - processes[i].moved_ms > BUSY_MS)
			busy = true;
	}
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		if (states[i])
			judge(&processes[i], states[i], stuck_seconds, busy, now);
	}
}

void watchdog_start(struct watchdog *watchdog)
{
	uint64_t us;

	if (sd_watchdog_enabled(0, &us) > 0)
		watchdog->every_ms = (int64_t)(us / 1000 / FEEDS);
}

void watchdog_feed(struct watchdog *watchdog, const struct process *processes, int64_t now)
{
	if (watchdog->every_ms == 0 || now - watchdog->fed_ms < watchdog->every_ms)
		return;
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		if (processes[i].pid && processes[i].role == ROLE_WORKER &&
			now - processes[i].moved_ms > watchdog->every_ms * FEEDS / 2)
			return;
	}
	watchdog->fed_ms = now;
	sd_notify(0, "WATCHDOG=1");
}
