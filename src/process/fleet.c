#include "process/fleet.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/log.h"

bool fleet_start(struct fleet *fleet, const struct conf *conf, enum role role, int number,
	int client, struct str head)
{
	struct process process = {
		.role = role, .number = number, .generation = fleet->generation
	};
	struct err err = { 0 };
	size_t i = 0;
	bool done;

	while (i < BOARD_SLOTS && fleet->processes[i].pid)
		i++;
	done = i < BOARD_SLOTS ? spawn_child(&fleet->spawn, conf, i, &process, client, head, &err)
			       : err_set(&err, ERR_BUSY, NULL, "too many processes");
	if (done)
		fleet->processes[i] = process;
	else
		log_error("spawn", "%s: %s", role_name(role), err_text(&err));
	return done;
}

size_t fleet_count(const struct fleet *fleet, enum role role)
{
	size_t count = 0;

	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		const struct process *process = &fleet->processes[i];

		if (process->pid && (role == ROLE_NONE || process->role == role))
			count++;
	}
	return count;
}

int fleet_count_ready(const struct fleet *fleet, enum role role)
{
	int count = 0;

	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		const struct process *process = &fleet->processes[i];

		if (process->pid && process->role == role &&
			process->generation == fleet->generation &&
			fleet->board->slots[i].state == CHILD_READY)
			count++;
	}
	return count;
}

void fleet_signal(const struct fleet *fleet, int signal)
{
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		if (fleet->processes[i].pid)
			kill(fleet->processes[i].pid, signal);
	}
}

void fleet_retire_older(struct fleet *fleet)
{
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		struct process *process = &fleet->processes[i];
		bool worker = process->role == ROLE_WORKER;

		if (!process->pid || process->dismissed ||
			process->generation == fleet->generation ||
			(!worker && process->role != ROLE_KEEPER))
			continue;
		process->dismissed = true;
		kill(process->pid, worker ? SIGUSR2 : SIGTERM);
	}
}

static void log_death(const struct process *process, const struct pool_death *death)
{
	int status = death->status;
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	char name[32];

	spawn_name(process, name, sizeof(name));
	log_line(clean ? LOG_DEBUG : LOG_WARN, "exit", "%s (%d) %s %d%s", name, (int)process->pid,
		WIFSIGNALED(status) ? "was ended by signal" : "left with status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		death->inside ? ", inside the store" : "");
}

static void bury(struct process *process, struct board_slot *slot, int status,
	struct pool_death *death, bool log)
{
	*death = (struct pool_death){
		.role = process->role,
		.status = status,
		.inside = slot->place != STORE_OUTSIDE,
		.proven = process->role == ROLE_KEEPER ? slot->state != CHILD_STARTING
						       : slot->counters.served > 0,
		.dismissed = process->dismissed,
	};
	if (log)
		log_death(process, death);
	process->pid = 0;
	slot->role = ROLE_NONE;
}

bool fleet_reap(struct fleet *fleet, struct pool_death *death, bool log)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < BOARD_SLOTS; i++) {
			if (fleet->processes[i].pid == pid) {
				bury(&fleet->processes[i], &fleet->board->slots[i], status, death,
					log);
				return true;
			}
		}
	}
	return false;
}
