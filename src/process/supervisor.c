#include "process/supervisor.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/json.h"
#include "process/control.h"
#include "process/fleet.h"
#include "process/status.h"
#include "process/watchdog.h"
#include "sys/signals.h"

#define OPERATORS 8
#define IDLE_MS	  100
#define HURRY_MS  10
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
	const struct supervisor_setup *setup;
	struct conf conf;
	struct fleet fleet;
	struct control control;
	struct watchdog watchdog;
	struct pool_delay delays[ROLES];
	enum phase phase;
	bool ready; /* said so since the last recovery or reload */
	bool hurry; /* something is about to change: look again soon */
	int64_t started;
	int64_t stop_next, stop_wait;
};

/* ---- deaths ---- */

static void begin_clearing(struct supervisor *s)
{
	atomic_fetch_add(&s->fleet.board->recoveries, 1);
	log_warn("recovery", "the store is recovered: all processes are ended and started anew");
	sd_notify(0, "STATUS=recovering");
	fleet_signal(&s->fleet, SIGKILL);
	s->ready = false;
	s->phase = PHASE_CLEARING;
}

/* While everybody is being ended, a death means nothing. */
static bool judges(const struct supervisor *s)
{
	return s->phase == PHASE_SERVING || s->phase == PHASE_RECOVERING;
}

static void follow(struct supervisor *s, enum role role, enum pool_verdict verdict, int64_t now)
{
	switch (verdict) {
	case POOL_FORGET:
		break;
	case POOL_REPLACE:
		pool_delay_reset(&s->delays[role]);
		break;
	case POOL_THROTTLE:
	case POOL_UNRECOVERED:
		pool_delay_extend(&s->delays[role], now);
		break;
	case POOL_RECOVER:
		/* A request that always ends like this must not keep us recovering at full speed.
		 */
		pool_delay_extend(&s->delays[ROLE_RECOVER], now);
		begin_clearing(s);
		break;
	case POOL_RECOVERED:
		s->phase = PHASE_SERVING;
		break;
	}
}

static void reap(struct supervisor *s, int64_t now)
{
	struct pool_death death;

	while (fleet_reap(&s->fleet, &death, judges(s))) {
		s->hurry = true;
		if (judges(s))
			follow(s, death.role, pool_judge(&death), now);
	}
}

/* ---- phases ---- */

static void recover(struct supervisor *s, int64_t now)
{
	struct pool_delay *delay = &s->delays[ROLE_RECOVER];

	if (fleet_count(&s->fleet, ROLE_NONE) > 0 || now < delay->until)
		return;
	atomic_store(&s->fleet.board->store.started, 0);
	atomic_store(&s->fleet.board->store.done, 0);
	atomic_store(&s->fleet.board->store.flushed, 0);
	if (!fleet_start(&s->fleet, &s->conf, ROLE_RECOVER, 0, -1, STR_NULL))
		pool_delay_extend(delay, now);
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

static void fill(struct supervisor *s, enum role role, int seats, int64_t now)
{
	int number;

	while (now >= s->delays[role].until &&
		(number = pool_vacant(
			 s->fleet.processes, BOARD_SLOTS, role, s->fleet.generation, seats)) != 0) {
		if (!fleet_start(&s->fleet, &s->conf, role, number, -1, STR_NULL))
			pool_delay_extend(&s->delays[role], now);
	}
}

static void serve(struct supervisor *s, int64_t now)
{
	int workers = worker_count(s);
	int ready, keepers;

	fill(s, ROLE_KEEPER, 1, now);
	fill(s, ROLE_WORKER, workers, now);
	ready = fleet_count_ready(&s->fleet, ROLE_WORKER);
	keepers = fleet_count_ready(&s->fleet, ROLE_KEEPER);
	if (ready < workers || keepers < 1)
		s->hurry = true;
	else
		fleet_retire_older(&s->fleet);
	if (!s->ready && ready > 0 && keepers > 0) {
		s->ready = true;
		log_info("ready", "generation %d serves", s->fleet.generation);
		sd_notifyf(0, "READY=1\nSTATUS=serving, generation %d", s->fleet.generation);
	}
}

static void clear(struct supervisor *s, int64_t now)
{
	(void)now;
	if (fleet_count(&s->fleet, ROLE_NONE) > 0)
		return;
	s->phase = PHASE_RECOVERING;
	s->hurry = true;
}

static void stop(struct supervisor *s, int64_t now)
{
	if (fleet_count(&s->fleet, ROLE_NONE) == 0) {
		s->phase = PHASE_STOPPED;
		return;
	}
	if (now < s->stop_next)
		return;
	if (s->stop_wait > STOP_LAST_MS)
		log_warn("stop", "%zu processes did not leave and are ended",
			fleet_count(&s->fleet, ROLE_NONE));
	fleet_signal(&s->fleet, s->stop_wait > STOP_LAST_MS ? SIGKILL : SIGTERM);
	s->stop_next = now + s->stop_wait;
	s->stop_wait *= 2;
}

static const struct {
	const char *name;
	void (*act)(struct supervisor *s, int64_t now);
} phases[PHASES] = {
	[PHASE_RECOVERING] = { "recovering", recover },
	[PHASE_SERVING] = { "serving", serve },
	[PHASE_CLEARING] = { "clearing", clear },
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
		if (s->ready)
			sd_notify(0, "READY=1");
		return;
	}
	s->conf = fresh;
	if (log_level_parse(&level, s->conf.log_level))
		log_threshold(level);
	s->fleet.generation++;
	s->ready = false;
	s->hurry = true;
	log_info("reload", "generation %d starts", s->fleet.generation);
}

static enum control_answer say_status(struct supervisor *s, struct control_client *client)
{
	struct status status = {
		.phase = phases[s->phase].name,
		.generation = s->fleet.generation,
		.started = s->started,
		.processes = s->fleet.processes,
		.board = s->fleet.board,
	};
	struct buf line = BUF_INIT;

	status_write(&status, &line);
	control_frame(&client->out, 'o', buf_str(&line));
	control_exit(&client->out, buf_ok(&line) ? 0 : 1);
	buf_free(&line);
	return CONTROL_ANSWERED;
}

static enum control_answer take_reload(struct supervisor *s, struct control_client *client)
{
	signals_ask_reload();
	s->hurry = true;
	control_exit(&client->out, 0);
	return CONTROL_ANSWERED;
}

static enum control_answer take_stop(struct supervisor *s, struct control_client *client)
{
	signals_ask_stop();
	s->hurry = true;
	control_exit(&client->out, 0);
	return CONTROL_ANSWERED;
}

/* An operator may join only while nobody recovers. */
static enum control_answer pass_on(struct supervisor *s, struct control_client *client)
{
	if (s->phase != PHASE_SERVING || fleet_count(&s->fleet, ROLE_OPERATOR) >= OPERATORS)
		return CONTROL_LATER;
	return fleet_start(&s->fleet, &s->conf, ROLE_OPERATOR, 0, client->fd, buf_str(&client->in))
		       ? CONTROL_TAKEN
		       : CONTROL_LATER;
}

static const struct {
	const char *verb;
	enum control_answer (*answer)(struct supervisor *s, struct control_client *client);
} own_verbs[] = {
	{ "status", say_status },
	{ "reload", take_reload },
	{ "stop", take_stop },
};

static enum control_answer answer(void *data, struct control_client *client)
{
	enum control_answer (*take)(struct supervisor *, struct control_client *) = pass_on;
	struct str line = { client->in.data, client->line };
	enum control_answer result;
	const char *verb = NULL;
	json_t *json = NULL;
	struct err err;

	if (json_parse(&json, line, &err))
		verb = json_string_value(json_array_get(json_object_get(json, "verb"), 0));
	for (size_t i = 0; verb && i < sizeof(own_verbs) / sizeof(own_verbs[0]); i++) {
		if (strcmp(verb, own_verbs[i].verb) == 0)
			take = own_verbs[i].answer;
	}
	if (verb) {
		result = take(data, client);
	} else {
		control_frame(&client->out, 'e', STR("the request is not {\"verb\":[...]}"));
		control_exit(&client->out, 2);
		result = CONTROL_ANSWERED;
	}
	json_decref(json);
	return result;
}

/* ---- the loop ---- */

static void wait_for_events(struct supervisor *s)
{
	int64_t ms = s->hurry ? HURRY_MS : IDLE_MS;
	struct timespec timeout = { .tv_nsec = ms * 1000000 };
	struct pollfd fds[CONTROL_CLIENTS + 1];
	size_t count = control_poll(&s->control, fds);
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

		if (signals_stop_asked())
			begin_stop(s);
		if (signals_take_reload())
			begin_reload(s);
		reap(s, now);
		phases[s->phase].act(s, now);
		watchdog_look(&s->watchdog, s->fleet.processes, s->fleet.board,
			s->conf.stuck_seconds, now);
		watchdog_feed(&s->watchdog, s->fleet.processes, now);
		if (s->phase != PHASE_STOPPED)
			wait_for_events(s);
	}
}

static bool prepare(struct supervisor *s, const struct supervisor_setup *setup, struct err *err)
{
	s->setup = setup;
	s->conf = setup->conf;
	s->started = clock_wall_ms();
	s->fleet.generation = 1;
	s->fleet.board = board_new();
	if (!s->fleet.board)
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	s->fleet.spawn = (struct spawn){
		.board = s->fleet.board,
		.roles = setup->roles,
		.listener = setup->listener,
		.lock = setup->lock,
	};
	for (int role = 0; role < ROLES; role++)
		s->delays[role] = (struct pool_delay){ .least = 50, .most = 10000 };
	/* Nobody is served meanwhile, and room on the disk may come at any time. */
	s->delays[ROLE_RECOVER] = (struct pool_delay){ .least = 100, .most = 1000 };
	watchdog_start(&s->watchdog);
	s->control.answer = answer;
	s->control.data = s;
	return control_open(&s->control, setup->conf.control, err) &&
	       spawn_open(&s->fleet.spawn, err);
}

int supervisor_run(const struct supervisor_setup *setup)
{
	struct supervisor *s = calloc(1, sizeof(*s));
	struct err err = { 0 };
	int result = 1;

	if (!s)
		log_fatal("start", "memory is exhausted");
	signals_catch();
	if (!prepare(s, setup, &err)) {
		log_error("start", "%s", err_text(&err));
		goto out;
	}
	loop(s);
	control_close(&s->control);
	unlink(setup->conf.control);
	spawn_close(&s->fleet.spawn);
	log_info("stop", "stopped");
	result = 0;
out:
	board_free(s->fleet.board);
	free(s);
	return result;
}
