#include "process/supervisor.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/json.h"
#include "process/children.h"
#include "process/control.h"
#include "process/status.h"
#include "process/watchdog.h"
#include "sys/signals.h"

#define OPERATORS_MAX 8
#define POLL_IDLE_MS  100
#define POLL_SOON_MS  10
/* Between two SIGTERMs: 1, 2, 4 s; then SIGKILL. */
#define STOP_FIRST_MS 1000
#define STOP_LAST_MS  4000

enum phase {
	PHASE_RECOVERING,
	PHASE_SERVING,
	PHASE_CLEARING,
	PHASE_STOPPING,
	PHASE_STOPPED,
	PHASES
};

struct supervisor {
	const struct supervisor_config *setup;
	struct conf conf;
	struct children children;
	struct control control;
	struct watchdog watchdog;
	struct restart_backoff delays[ROLES];
	enum phase phase;
	bool ready_announced; /* said so since the last recovery or reload */
	bool hurry;	      /* something is about to change: look again soon */
	int64_t started;
	int64_t stop_next, stop_wait;
};

/* ---- deaths ---- */

static void begin_clearing(struct supervisor *s)
{
	atomic_fetch_add(&s->children.scoreboard->recoveries, 1);
	log_warn("recovery", "the store is recovered: all processes are ended and started anew");
	sd_notify(0, "STATUS=recovering");
	children_signal(&s->children, SIGKILL);
	s->ready_announced = false;
	s->phase = PHASE_CLEARING;
}

/* While everybody is being ended, a death means nothing. */
static bool acts_on_exits(const struct supervisor *s)
{
	return s->phase == PHASE_SERVING || s->phase == PHASE_RECOVERING;
}

static void apply_action(
	struct supervisor *s, enum role role, enum restart_action verdict, int64_t now)
{
	switch (verdict) {
	case RESTART_NONE:
		break;
	case RESTART_NOW:
		restart_backoff_reset(&s->delays[role]);
		break;
	case RESTART_DELAYED:
	case RECOVERY_FAILED:
		restart_backoff_extend(&s->delays[role], now);
		break;
	case RESTART_RECOVER:
		/* A request that always ends like this must not keep us recovering at full speed.
		 */
		restart_backoff_extend(&s->delays[ROLE_RECOVER], now);
		begin_clearing(s);
		break;
	case RECOVERY_DONE:
		s->phase = PHASE_SERVING;
		break;
	}
}

static void reap(struct supervisor *s, int64_t now)
{
	struct child_exit death;

	while (children_reap(&s->children, &death, acts_on_exits(s))) {
		s->hurry = true;
		if (acts_on_exits(s))
			apply_action(s, death.role, restart_decide(&death), now);
	}
}

/* ---- phases ---- */

static void recover(struct supervisor *s, int64_t now)
{
	struct restart_backoff *delay = &s->delays[ROLE_RECOVER];

	if (children_count(&s->children, ROLE_NONE) > 0 || now < delay->retry_at_ms)
		return;
	atomic_store(&s->children.scoreboard->store.commits_started, 0);
	atomic_store(&s->children.scoreboard->store.commits_done, 0);
	atomic_store(&s->children.scoreboard->store.commits_flushed, 0);
	if (!children_start(&s->children, &s->conf, ROLE_RECOVER, 0, -1, STR_NULL))
		restart_backoff_extend(delay, now);
}

/*
 * One for two processors: the web server needs as much as a worker, and two workers on two
 * processors meet on the index's root (measured: a durable POST costs 97 us of processor time then,
 * 60 with one; reads are as fast).
 */
static int worker_count(const struct supervisor *s)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (s->conf.workers)
		return (int)s->conf.workers;
	return processors < 2 ? 1 : processors > 128 ? 64 : (int)processors / 2;
}

static void start_missing(struct supervisor *s, enum role role, int seats, int64_t now)
{
	int number;

	while (now >= s->delays[role].retry_at_ms &&
		(number = restart_next_number(s->children.processes, SCOREBOARD_SLOTS, role,
			 s->children.generation, seats)) != 0) {
		if (!children_start(&s->children, &s->conf, role, number, -1, STR_NULL))
			restart_backoff_extend(&s->delays[role], now);
	}
}

static void serve(struct supervisor *s, int64_t now)
{
	int workers = worker_count(s);
	int ready, keepers;

	start_missing(s, ROLE_KEEPER, 1, now);
	start_missing(s, ROLE_WORKER, workers, now);
	ready = children_count_ready(&s->children, ROLE_WORKER);
	keepers = children_count_ready(&s->children, ROLE_KEEPER);
	if (ready < workers || keepers < 1)
		s->hurry = true;
	else
		children_retire_older(&s->children);
	if (!s->ready_announced && ready > 0 && keepers > 0) {
		s->ready_announced = true;
		log_info("ready", "generation %d serves", s->children.generation);
		sd_notifyf(0, "READY=1\nSTATUS=serving, generation %d", s->children.generation);
	}
}

static void wait_for_exits(struct supervisor *s, int64_t now)
{
	(void)now;
	if (children_count(&s->children, ROLE_NONE) > 0)
		return;
	s->phase = PHASE_RECOVERING;
	s->hurry = true;
}

static void stop(struct supervisor *s, int64_t now)
{
	if (children_count(&s->children, ROLE_NONE) == 0) {
		s->phase = PHASE_STOPPED;
		return;
	}
	if (now < s->stop_next)
		return;
	if (s->stop_wait > STOP_LAST_MS)
		log_warn("stop", "%zu processes did not leave and are ended",
			children_count(&s->children, ROLE_NONE));
	children_signal(&s->children, s->stop_wait > STOP_LAST_MS ? SIGKILL : SIGTERM);
	s->stop_next = now + s->stop_wait;
	s->stop_wait *= 2;
}

static const struct {
	const char *name;
	void (*act)(struct supervisor *s, int64_t now);
} phases[PHASES] = {
	[PHASE_RECOVERING] = { "recovering", recover },
	[PHASE_SERVING] = { "serving", serve },
	[PHASE_CLEARING] = { "clearing", wait_for_exits },
	[PHASE_STOPPING] = { "stopping", stop },
	[PHASE_STOPPED] = { "stopped", NULL },
};

/* ---- signals and requests ---- */

static void begin_stop(struct supervisor *s)
{
	if (s->phase == PHASE_STOPPING)
		return;
	log_info("stop", "stopping");
	sd_notify(0, "STOPPING=1\nSTATUS=stopping");
	s->phase = PHASE_STOPPING;
	s->stop_next = 0;
	s->stop_wait = STOP_FIRST_MS;
	s->hurry = true;
}

static void begin_reload(struct supervisor *s)
{
	struct conf fresh = s->conf;
	struct err err = { 0 };
	enum log_level level;

	if (s->phase == PHASE_STOPPING)
		return;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_mono_us());
	if (s->setup->reload && !s->setup->reload(&fresh, s->setup->data, &err)) {
		log_error("reload", "the configuration stays as it was: %s", err_text(&err));
		if (s->ready_announced)
			sd_notify(0, "READY=1");
		return;
	}
	s->conf = fresh;
	if (log_level_parse(&level, s->conf.log_level))
		log_set_level(level);
	s->children.generation++;
	s->ready_announced = false;
	s->hurry = true;
	log_info("reload", "generation %d starts", s->children.generation);
}

static enum control_outcome handle_status(struct supervisor *s, struct control_client *client)
{
	struct status status = {
		.phase = phases[s->phase].name,
		.generation = s->children.generation,
		.started = s->started,
		.processes = s->children.processes,
		.scoreboard = s->children.scoreboard,
	};
	struct buf line = BUF_INIT;

	status_write(&status, &line);
	control_put_frame(&client->out, 'o', buf_str(&line));
	control_put_exit(&client->out, buf_ok(&line) ? 0 : 1);
	buf_free(&line);
	return CONTROL_ANSWERED;
}

static enum control_outcome handle_reload(struct supervisor *s, struct control_client *client)
{
	signals_request_reload();
	s->hurry = true;
	control_put_exit(&client->out, 0);
	return CONTROL_ANSWERED;
}

static enum control_outcome handle_stop(struct supervisor *s, struct control_client *client)
{
	signals_request_stop();
	s->hurry = true;
	control_put_exit(&client->out, 0);
	return CONTROL_ANSWERED;
}

/* An operator may join only while nobody recovers. */
static enum control_outcome start_operator(struct supervisor *s, struct control_client *client)
{
	if (s->phase != PHASE_SERVING ||
		children_count(&s->children, ROLE_OPERATOR) >= OPERATORS_MAX)
		return CONTROL_RETRY;
	return children_start(
		       &s->children, &s->conf, ROLE_OPERATOR, 0, client->fd, buf_str(&client->in))
		       ? CONTROL_HANDED_OVER
		       : CONTROL_RETRY;
}

static const struct {
	const char *verb;
	enum control_outcome (*answer)(struct supervisor *s, struct control_client *client);
} supervisor_verbs[] = {
	{ "status", handle_status },
	{ "reload", handle_reload },
	{ "stop", handle_stop },
};

static enum control_outcome answer(void *data, struct control_client *client)
{
	enum control_outcome (*take)(struct supervisor *, struct control_client *) = start_operator;
	struct str line = { client->in.data, client->line_len };
	enum control_outcome result;
	const char *verb = NULL;
	json_t *json = NULL;
	struct err err;

	if (json_parse_trusted(&json, line, &err))
		verb = json_string_value(json_array_get(json_object_get(json, "verb"), 0));
	for (size_t i = 0; verb && i < sizeof(supervisor_verbs) / sizeof(supervisor_verbs[0]);
		i++) {
		if (strcmp(verb, supervisor_verbs[i].verb) == 0)
			take = supervisor_verbs[i].answer;
	}
	if (verb) {
		result = take(data, client);
	} else {
		control_put_frame(&client->out, 'e', STR("the request is not {\"verb\":[...]}"));
		control_put_exit(&client->out, 2);
		result = CONTROL_ANSWERED;
	}
	json_decref(json);
	return result;
}

/* ---- the loop ---- */

static void wait_for_events(struct supervisor *s)
{
	int64_t ms = s->hurry ? POLL_SOON_MS : POLL_IDLE_MS;
	struct timespec timeout = { .tv_nsec = ms * 1000000 };
	struct pollfd fds[CONTROL_CLIENTS + 1];
	size_t count = control_pollfds(&s->control, fds);
	sigset_t none;

	sigemptyset(&none);
	s->hurry = false;
	ppoll(fds, count, &timeout, &none);
	control_serve(&s->control, clock_mono_ms());
}

static void loop(struct supervisor *s)
{
	while (s->phase != PHASE_STOPPED) {
		int64_t now = clock_mono_ms();

		if (signals_stop_requested())
			begin_stop(s);
		if (signals_take_reload_request())
			begin_reload(s);
		reap(s, now);
		phases[s->phase].act(s, now);
		watchdog_check(&s->watchdog, s->children.processes, s->children.scoreboard,
			s->conf.stuck_seconds, now);
		watchdog_notify_systemd(&s->watchdog, s->children.processes, now);
		if (s->phase != PHASE_STOPPED)
			wait_for_events(s);
	}
}

static bool prepare(struct supervisor *s, const struct supervisor_config *setup, struct err *err)
{
	s->setup = setup;
	s->conf = setup->conf;
	s->started = clock_wall_ms();
	s->children.generation = 1;
	s->children.scoreboard = scoreboard_new();
	if (!s->children.scoreboard)
		return err_no_memory(err);
	s->children.spawn = (struct spawn){
		.scoreboard = s->children.scoreboard,
		.roles = setup->roles,
		.listener = setup->listener,
		.lock = setup->lock,
	};
	for (int role = 0; role < ROLES; role++)
		s->delays[role] = (struct restart_backoff){ .min_ms = 50, .max_ms = 10000 };
	/* Nobody is served meanwhile, and room on the disk may come at any time. */
	s->delays[ROLE_RECOVER] = (struct restart_backoff){ .min_ms = 100, .max_ms = 1000 };
	watchdog_init(&s->watchdog);
	s->control.on_request = answer;
	s->control.data = s;
	return control_open(&s->control, setup->conf.control, err) &&
	       spawn_open(&s->children.spawn, err);
}

int supervisor_run(const struct supervisor_config *setup)
{
	struct supervisor *s = calloc(1, sizeof(*s));
	struct err err = { 0 };
	int result = 1;

	if (!s)
		log_fatal("start", "memory is exhausted");
	signals_install();
	if (!prepare(s, setup, &err)) {
		log_error("start", "%s", err_text(&err));
		goto out;
	}
	loop(s);
	control_close(&s->control);
	unlink(setup->conf.control);
	spawn_close(&s->children.spawn);
	log_info("stop", "stopped");
	result = 0;
out:
	scoreboard_free(s->children.scoreboard);
	free(s);
	return result;
}
