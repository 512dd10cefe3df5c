#include "process/spawn.h"

#include <bsd/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/workers.h"
#include "sys/confine.h"
#include "sys/store_url.h"

bool spawn_open(struct spawn *spawn, struct err *err)
{
	if (pipe2(spawn->supervisor_pipe, O_CLOEXEC) != 0)
		return err_set(
			err, ERR_INTERNAL, NULL, "cannot create a pipe: %s", strerror(errno));
	for (size_t i = 0; i < FCGI_SOCKETS; i++) {
		if (!handover_open(&spawn->queues[i], err))
			return false;
	}
	return true;
}

void spawn_close(struct spawn *spawn)
{
	close(spawn->supervisor_pipe[0]);
	close(spawn->supervisor_pipe[1]);
	for (size_t i = 0; i < FCGI_SOCKETS; i++)
		handover_close(&spawn->queues[i]);
}

void spawn_process_name(const struct process *process, char *name, size_t size)
{
	role_process_name(process->role, process->number, name, size);
}

static int compare_ints(const void *a, const void *b)
{
	const int *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Closes all descriptors from 3 on except those in `kept`; ignores negative ones there. */
static void close_other_fds(int *kept, size_t count)
{
	unsigned next = 3;

	qsort(kept, count, sizeof(*kept), compare_ints);
	for (size_t i = 0; i < count; i++) {
		unsigned fd = (unsigned)kept[i];

		if (kept[i] < (int)next)
			continue;
		if (fd > next)
			close_range(next, fd - 1, 0);
		next = fd + 1;
	}
	close_range(next, ~0U, 0);
}

/* A recovery waits for nothing and is safe to end, so SIGTERM may end it at any time. */
static void reset_signals(enum role role)
{
	static const int handled[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t all;

	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		sigaction(handled[i], &action, NULL);
	sigfillset(&all);
	if (role == ROLE_RECOVER)
		sigdelset(&all, SIGTERM);
	sigprocmask(SIG_SETMASK, &all, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

static uid_t lookup_peer_uid(const struct conf *conf)
{
	const struct passwd *peer = getpwnam(conf->peer_user);

	return peer ? peer->pw_uid : geteuid();
}

/* The families of sockets that a process needs to reach the server of a shared store. */
static unsigned sockets_of(enum role role, const struct conf *conf)
{
	struct store_url url = { 0 };

	if (role == ROLE_MONITOR || !conf_is_shared(conf) || !store_url_parse(&url, conf->store))
		return CONFINE_NO_SOCKETS;
	return (url.local ? CONFINE_LOCAL : 0) | (url.hosts ? CONFINE_HOSTS : 0);
}

static _Noreturn void run_child(
	const struct spawn *spawn, const struct process *process, struct child_context *child)
{
	int kept[] = { child->supervisor_pipe, child->listeners[0], child->listeners[1],
		child->queues[0].put, child->queues[0].take, child->queues[1].put,
		child->queues[1].take, child->client.fd, child->monitor_socket, spawn->locks.home,
		spawn->locks.regions };
	char name[32];
	int status;

	reset_signals(process->role);
	close_other_fds(kept, sizeof(kept) / sizeof(kept[0]));
	spawn_process_name(process, name, sizeof(name));
	log_set_process(name);
	setproctitle("-polytaskd: %s", name);
	instance_register_child(&spawn->locks);
	if (workers_has_role(process->role))
		child->peer_uid = lookup_peer_uid(child->conf);
	confine_child(process->role == ROLE_NOTIFIER ? CONFINE_NOTIFIER : CONFINE_CHILD,
		sockets_of(process->role, child->conf));
	status = spawn->mains[process->role](child);
	/* A lost store cannot be closed, and a leak check at exit would change the status. */
	if (status == STORE_EXIT_PANIC)
		_exit(status);
	exit(status);
}

static void prepare_slot(struct scoreboard_slot *slot, const struct process *process)
{
	slot->number = process->number;
	slot->generation = process->generation;
	slot->since = clock_wall_ms();
	slot->pid = 0;
	slot->state = CHILD_STARTING;
	slot->store_activity = STORE_IDLE;
	slot->displaced = false;
	slot->waiting_since = 0;
	slot->report.code = ERR_NONE;
	slot->report.cause = CAUSE_OTHER;
	counters_reset(&slot->counters);
	open_files_reset(&slot->files);
	slot->role = process->role;
}

bool spawn_child(const struct spawn *spawn, const struct conf *conf, size_t slot,
	struct process *process, const struct child_client *client, struct err *err)
{
	struct child_context child = {
		.conf = conf,
		.scoreboard = spawn->scoreboard,
		.slot = &spawn->scoreboard->slots[slot],
		.supervisor_pipe = spawn->supervisor_pipe[0],
		.monitor_socket = process->role == ROLE_MONITOR ? spawn->monitor_socket : -1,
		.client = *client,
	};
	pid_t pid;

	workers_listeners(process->role, &spawn->sockets, child.listeners);
	for (size_t i = 0; i < FCGI_SOCKETS; i++)
		child.queues[i] = child.listeners[i] >= 0 ? spawn->queues[i] : HANDOVER_NONE;
	prepare_slot(child.slot, process);
	pid = fork();
	if (pid == 0)
		run_child(spawn, process, &child);
	if (pid < 0) {
		child.slot->role = ROLE_NONE;
		return err_set(err, ERR_BUSY, NULL, "cannot fork: %s", strerror(errno));
	}
	process->pid = pid;
	child.slot->pid = pid;
	atomic_fetch_add(&spawn->scoreboard->starts[process->role], 1);
	process->client_uid = client->uid;
	process->exit_requested = false;
	process->heartbeats = 0;
	process->last_heartbeat_ms = clock_mono_ms();
	process->stopped_since_ms = 0;
	process->sleeping_since_ms = 0;
	return true;
}
