#include "process/children.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/log.h"
#include "process/workers.h"

bool children_start(struct children *children, const struct conf *conf, enum role role, int number,
	const struct child_client *client)
{
	const struct child_client none = CHILD_NO_CLIENT;
	struct process process = {
		.role = role, .number = number, .generation = children->generation
	};
	struct err err = { 0 };
	size_t i = 0;
	bool done;

	while (i < SCOREBOARD_SLOTS && children->processes[i].pid)
		i++;
	done = i < SCOREBOARD_SLOTS ? spawn_child(&children->spawn, conf, i, &process,
					      client ? client : &none, &err)
				    : err_set(&err, ERR_BUSY, NULL, "too many processes");
	if (done)
		children->processes[i] = process;
	else
		log_error("spawn", "%s: %s", role_name(role), err_text(&err));
	return done;
}

static bool opens_store(enum role role)
{
	return role != ROLE_NONE && role != ROLE_MONITOR;
}

size_t children_count_in_store(const struct children *children)
{
	size_t count = 0;

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (children->processes[i].pid && opens_store(children->processes[i].role))
			count++;
	}
	return count;
}

size_t children_count(const struct children *children, enum role role)
{
	size_t count = 0;

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct process *process = &children->processes[i];

		if (process->pid && (role == ROLE_NONE || process->role == role))
			count++;
	}
	return count;
}

int children_count_ready(const struct children *children, enum role role)
{
	int count = 0;

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct process *process = &children->processes[i];

		if (process->pid && process->role == role &&
			process->generation == children->generation &&
			children->scoreboard->slots[i].state == CHILD_READY)
			count++;
	}
	return count;
}

bool children_answer(const struct children *children)
{
	bool ready[ROLES] = { false };

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct process *process = &children->processes[i];

		if (process->pid && children->scoreboard->slots[i].state == CHILD_READY)
			ready[process->role] = true;
	}
	return workers_suffice(ready);
}

void children_kill_in_store(const struct children *children)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (children->processes[i].pid && opens_store(children->processes[i].role))
			kill(children->processes[i].pid, SIGKILL);
	}
}

void children_signal(const struct children *children, int signal)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		if (children->processes[i].pid)
			kill(children->processes[i].pid, signal);
	}
}

static bool is_stopped(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

void children_continue_stopped(const struct children *children)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		pid_t pid = children->processes[i].pid;

		if (pid && is_stopped(pid))
			kill(pid, SIGCONT);
	}
}

bool children_retired_before(const struct children *children, int generation)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct process *process = &children->processes[i];

		if (process->pid && process->generation < generation &&
			workers_has_role(process->role) &&
			children->scoreboard->slots[i].state != CHILD_RETIRING)
			return false;
	}
	return true;
}

bool children_starting_before(const struct children *children, int generation)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct process *process = &children->processes[i];

		if (process->pid && process->generation < generation &&
			process->role != ROLE_OPERATOR &&
			children->scoreboard->slots[i].state == CHILD_STARTING)
			return true;
	}
	return false;
}

/* The roles that answer no requests and run all the time. */
static bool is_helper(enum role role)
{
	return role == ROLE_KEEPER || role == ROLE_NOTIFIER || role == ROLE_MONITOR;
}

void children_retire(struct children *children, int first)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		struct process *process = &children->processes[i];
		bool worker = workers_has_role(process->role);

		if (!process->pid || process->exit_requested || process->generation < first ||
			process->generation == children->generation ||
			(!worker && !is_helper(process->role)))
			continue;
		process->exit_requested = true;
		kill(process->pid, worker ? SIGUSR2 : SIGTERM);
	}
}

static void log_exit(const struct process *process, const struct child_exit *child)
{
	int status = child->status;
	/* A failed recovery is logged with its cause. */
	bool expected = (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
			child->role == ROLE_RECOVER;
	char name[32];

	spawn_process_name(process, name, sizeof(name));
	log_line(expected ? LOG_DEBUG : LOG_WARN, "exit", "%s (%d) %s %d%s", name,
		(int)process->pid,
		WIFSIGNALED(status) ? "was killed by signal" : "exited with status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		child->in_store ? ", inside the store" : "");
}

/* For the metrics. */
static void count_exit(struct scoreboard *scoreboard, const struct child_exit *child, bool log)
{
	bool clean = WIFEXITED(child->status) && WEXITSTATUS(child->status) == 0;

	if (log && !clean && !child->exit_requested)
		atomic_fetch_add(&scoreboard->deaths[child->role], 1);
}

static void reap_one(struct process *process, struct scoreboard_slot *slot, int status, bool shared,
	struct child_exit *child, bool log)
{
	*child = (struct child_exit){
		.role = process->role,
		.status = status,
		.in_store = slot->store_activity != STORE_IDLE,
		.was_healthy = is_helper(process->role) ? slot->state != CHILD_STARTING
							: slot->counters.served > 0,
		.exit_requested = process->exit_requested,
		.shared = shared,
		.report = &slot->report,
	};
	if (log)
		log_exit(process, child);
	process->pid = 0;
}

bool children_reap(struct children *children, struct child_exit *child, bool log)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
			if (children->processes[i].pid == pid) {
				struct scoreboard_slot *slot = &children->scoreboard->slots[i];

				reap_one(&children->processes[i], slot, status,
					health_is_shared(&children->scoreboard->store.health),
					child, log);
				scoreboard_end_child(children->scoreboard, slot);
				count_exit(children->scoreboard, child, log);
				return true;
			}
		}
	}
	return false;
}
