#include "process/service.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/workers.h"

/* While stopping, SIGTERM is sent after 0, 1 and 3 s, SIGKILL after 7 s. */
#define FIRST_SIGNAL_INTERVAL_MS 1000
#define LAST_SIGNAL_INTERVAL_MS	 4000
#define REGION_CHECK_MS		 500

/* ---- ended children ---- */

static void begin_clearing(struct service *service)
{
	atomic_fetch_add(&service->children.scoreboard->recoveries, 1);
	log_warn("recovery", "killing all processes that use the store, to recover it");
	sd_notify(0, "STATUS=recovering");
	children_kill_in_store(&service->children);
	service->ready_announced = false;
	service->phase = PHASE_CLEARING;
}

/*
 * The first recovery begins at once. Later ones are delayed: a request that crashes every worker
 * must not cause a fast loop.
 */
static void recover_soon(struct service *service, int64_t now)
{
	struct restart_backoff *backoff = &service->backoffs[ROLE_RECOVER];

	restart_backoff_extend(backoff, now);
	if (backoff->delay_ms == backoff->min_ms)
		backoff->retry_at_ms = now;
	begin_clearing(service);
}

/* In the other phases all children are being ended, so their exits are expected. */
static bool acts_on_exits(const struct service *service)
{
	return service->phase == PHASE_SERVING || service->phase == PHASE_RECOVERING;
}

/* Ends the service, with one line that holds cause and remedy. */
static void give_up(struct service *service)
{
	const struct recovery *recovery = &service->recovery;

	log_error("unrecoverable",
		"the service ends because recovery failed %u times in a row: %s. %s",
		recovery->same, recovery->text, recovery_remedy(recovery));
	service->exit_status = RECOVERY_EXIT_GIVEN_UP;
	service_stop(service);
}

/* Returns false if the service ends. */
static bool note_failed_recovery(struct service *service, const struct child_exit *child)
{
	struct buf progress = BUF_INIT;

	recovery_note_failure(
		&service->recovery, child->report, role_name(child->role), child->status);
	if (recovery_must_give_up(&service->recovery)) {
		give_up(service);
		return false;
	}
	if (child->role != ROLE_RECOVER && !service->recovery.lasting)
		return true;
	recovery_put_progress(&service->recovery, &progress);
	log_error("recover", "recovery failed; next is %.*s", STR_ARGS(buf_str(&progress)));
	buf_free(&progress);
	return true;
}

static void apply_action(struct service *service, const struct child_exit *child,
	enum restart_action action, int64_t now)
{
	enum role role = child->role;

	switch (action) {
	case RESTART_NONE:
		break;
	case RESTART_NOW:
		restart_backoff_reset(&service->backoffs[role]);
		break;
	case RESTART_DELAYED:
		restart_backoff_extend(&service->backoffs[role], now);
		break;
	case RECOVERY_FAILED:
		restart_backoff_extend(&service->backoffs[role], now);
		note_failed_recovery(service, child);
		break;
	case RESTART_RECOVER:
		if (!service->proven && !note_failed_recovery(service, child))
			break;
		recover_soon(service, now);
		break;
	case RECOVERY_DONE:
		region_watch_begin(&service->regions, service->conf.regions);
		service->phase = PHASE_SERVING;
		break;
	}
}

static void reap(struct service *service, int64_t now)
{
	struct child_exit child;

	while (children_reap(&service->children, &child, acts_on_exits(service))) {
		service->hurry = true;
		if (acts_on_exits(service))
			apply_action(service, &child, restart_decide(&child), now);
	}
}

/* ---- phases ---- */

/*
 * The lock of the regions may have been removed together with them, and another home may have taken
 * the folder since.
 */
static bool hold_regions(struct service *service, int64_t now)
{
	struct child_report report = { .code = ERR_NONE };
	struct child_exit failure = {
		.role = ROLE_RECOVER, .status = W_EXITCODE(1, 0), .report = &report
	};
	struct err err = { 0 };

	if (instance_renew(&service->children.spawn.locks, &service->conf, &err))
		return true;
	if (err.code == ERR_INTERNAL)
		snprintf(err.field, sizeof(err.field), "%s", RECOVERY_FAULT_DIRECTORY);
	child_report_set(&report, &err);
	restart_backoff_extend(&service->backoffs[ROLE_RECOVER], now);
	note_failed_recovery(service, &failure);
	return false;
}

static void recover(struct service *service, int64_t now)
{
	struct store_shared *store = &service->children.scoreboard->store;
	struct restart_backoff *backoff = &service->backoffs[ROLE_RECOVER];

	if (children_count_in_store(&service->children) > 0 || now < backoff->retry_at_ms)
		return;
	if (!hold_regions(service, now))
		return;
	store_reset_commits(store);
	health_reset(&store->health);
	service->proven = false;
	damage_reset(&store->damages);
	if (!children_start(&service->children, &service->conf, ROLE_RECOVER, 0, NULL))
		restart_backoff_extend(backoff, now);
}

static int seat_count(const struct service *service, enum role role)
{
	return role == ROLE_KEEPER ? 1
				   : workers_seats(role, &service->children.spawn.sockets,
					     service->conf.workers, sysconf(_SC_NPROCESSORS_ONLN),
					     conf_is_shared(&service->conf));
}

static void start_missing(struct service *service, enum role role, int seats, int64_t now)
{
	struct children *children = &service->children;
	int number;

	while (now >= service->backoffs[role].retry_at_ms &&
		(number = restart_next_number(children->processes, SCOREBOARD_SLOTS, role,
			 children->generation, seats)) != 0) {
		if (!children_start(children, &service->conf, role, number, NULL))
			restart_backoff_extend(&service->backoffs[role], now);
	}
}

/*
 * If only the file of the lock was removed, it is made again. New children must inherit it. If it
 * cannot be made now, the next check tries again.
 */
static void keep_region_lock(struct service *service)
{
	struct instance_locks *locks = &service->children.spawn.locks;
	struct err err = { 0 };

	if (instance_holds_regions(locks, &service->conf) ||
		!instance_renew(locks, &service->conf, &err))
		return;
	log_warn(
		"regions", "the lock of %s was removed, and is taken again", service->conf.regions);
	service->children.generation++;
	service->hurry = true;
}

static bool has_lost_regions(struct service *service, int64_t now)
{
	if (conf_is_shared(&service->conf) || now < service->next_region_check_ms)
		return false;
	service->next_region_check_ms = now + REGION_CHECK_MS;
	if (region_watch_holds(&service->regions, service->conf.regions)) {
		keep_region_lock(service);
		return false;
	}
	log_error("regions", "files of the shared memory in %s were removed or replaced",
		service->conf.regions);
	return true;
}

static void announce_ready(struct service *service)
{
	if (service->ready_announced)
		return;
	/* Until then a request may be answered with the old configuration. */
	if (!children_retired_before(&service->children, service->children.generation)) {
		service->hurry = true;
		return;
	}
	service->ready_announced = true;
	service->reloading = false;
	log_info("ready", "serving, generation %d", service->children.generation);
	sd_notifyf(0, "READY=1\nSTATUS=serving, generation %d", service->children.generation);
}

static void serve(struct service *service, int64_t now)
{
	bool complete = true, usable = true;
	int workers = 0;

	if (has_lost_regions(service, now)) {
		recover_soon(service, now);
		return;
	}
	for (enum role role = ROLE_KEEPER; role <= ROLE_READER; role++) {
		int seats = seat_count(service, role);
		int ready;

		workers += workers_has_role(role) ? seats : 0;
		start_missing(service, role, seats, now);
		ready = children_count_ready(&service->children, role);
		complete = complete && ready >= seats;
		usable = usable && (seats == 0 || ready > 0);
	}
	service->children.scoreboard->supervisor.workers = workers;
	/* The service answers without it. */
	start_missing(service, ROLE_NOTIFIER, service->conf.webhooks ? 1 : 0, now);
	if (complete) {
		service->complete_generation = service->children.generation;
		children_retire(&service->children, 0);
	} else {
		service->hurry = true;
	}
	if (!usable)
		return;
	service->proven = true;
	service->recovery = (struct recovery){ 0 };
	announce_ready(service);
}

static void wait_for_exits(struct service *service, int64_t now)
{
	(void)now;
	if (children_count_in_store(&service->children) > 0)
		return;
	service->phase = PHASE_RECOVERING;
	service->hurry = true;
}

static void signal_children(struct service *service, int64_t now)
{
	size_t count = children_count(&service->children, ROLE_NONE);
	bool last = service->signal_interval_ms > LAST_SIGNAL_INTERVAL_MS;

	if (count == 0) {
		service->phase = PHASE_STOPPED;
		return;
	}
	if (now < service->next_signal_ms)
		return;
	if (last)
		log_warn("stop", "killing %zu process%s that did not exit on SIGTERM", count,
			count == 1 ? "" : "es");
	children_signal(&service->children, last ? SIGKILL : SIGTERM);
	children_continue_stopped(&service->children);
	service->next_signal_ms = now + service->signal_interval_ms;
	service->signal_interval_ms *= 2;
}

static const struct {
	const char *name;
	void (*step)(struct service *service, int64_t now);
} phases[PHASES] = {
	[PHASE_RECOVERING] = { "recovering", recover },
	[PHASE_SERVING] = { "serving", serve },
	[PHASE_CLEARING] = { "clearing", wait_for_exits },
	[PHASE_STOPPING] = { "stopping", signal_children },
	[PHASE_STOPPED] = { "stopped", NULL },
};

bool service_is_serving(const struct service *service)
{
	return service->phase == PHASE_SERVING && children_answer(&service->children) &&
	       !health_server_is_away(&service->children.scoreboard->store.health);
}

const char *service_phase_name(const struct service *service)
{
	if (service->phase == PHASE_SERVING && service->reloading)
		return "reloading";
	return phases[service->phase].name;
}

/* In all phases but the last ones: it tells that the store is being recovered, too. */
static void keep_monitor(struct service *service, int64_t now)
{
	bool wanted = service->children.spawn.monitor_socket >= 0 &&
		      service->phase != PHASE_STOPPING && service->phase != PHASE_STOPPED;

	start_missing(service, ROLE_MONITOR, wanted ? 1 : 0, now);
}

/* For the monitor, and for probes that workers answer. */
static void publish(const struct service *service, int64_t now)
{
	struct supervisor_state *state = &service->children.scoreboard->supervisor;

	open_files_count(&state->files, now);
	atomic_store(&state->turn_ms, now);
	atomic_store(&state->started_ms, service->started_ms);
	atomic_store(&state->generation, service->children.generation);
	atomic_store(&state->serving, service_is_serving(service));
	atomic_store(&state->recovering,
		service->phase == PHASE_RECOVERING || service->phase == PHASE_CLEARING);
}

void service_step(struct service *service, int64_t now)
{
	reap(service, now);
	keep_monitor(service, now);
	if (phases[service->phase].step)
		phases[service->phase].step(service, now);
	publish(service, now);
}

void service_stop(struct service *service)
{
	if (service->phase == PHASE_STOPPING)
		return;
	log_info("stop", "stopping");
	sd_notify(0, "STOPPING=1\nSTATUS=stopping");
	service->phase = PHASE_STOPPING;
	service->next_signal_ms = 0;
	service->signal_interval_ms = FIRST_SIGNAL_INTERVAL_MS;
	service->hurry = true;
}

bool service_init(struct service *service, const struct conf *conf, child_main *const *mains,
	const struct fcgi_sockets *sockets, int monitor_socket, struct instance_locks locks,
	struct err *err)
{
	struct scoreboard *scoreboard = scoreboard_new();

	if (!scoreboard)
		return err_no_memory(err);
	log_set_limits(&scoreboard->log_limits);
	service->conf = *conf;
	service->started_ms = clock_wall_ms();
	service->children.generation = 1;
	service->children.scoreboard = scoreboard;
	scoreboard->store.health.engine = health_engine_of(conf_is_shared(conf));
	service->children.spawn = (struct spawn){
		.scoreboard = scoreboard,
		.mains = mains,
		.sockets = *sockets,
		.monitor_socket = monitor_socket,
		.locks = locks,
		.supervisor_pipe = { -1, -1 },
		.queues = { HANDOVER_NONE, HANDOVER_NONE },
	};
	for (int role = 0; role < ROLES; role++)
		service->backoffs[role] = (struct restart_backoff){ .min_ms = 50, .max_ms = 10000 };
	/* Shorter: no request is answered until recovery succeeds. */
	service->backoffs[ROLE_RECOVER] = (struct restart_backoff){ .min_ms = 100, .max_ms = 1000 };
	return spawn_open(&service->children.spawn, err);
}

void service_free(struct service *service)
{
	if (service->children.scoreboard)
		spawn_close(&service->children.spawn);
	log_set_limits(NULL);
	scoreboard_free(service->children.scoreboard);
	buf_free(&service->reload_waiting);
}
