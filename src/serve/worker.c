/*
 * The worker: an event loop over kept FastCGI connections, one round (round.h) per turn.
 *
 * The worker never closes an idle kept connection: nginx does not repeat a POST that crosses the
 * close. It closes them only when it exits. A retiring worker hands them over to the next
 * generation; libfcgi keeps nothing of a connection between two requests.
 */
#include "serve/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "dialect/dialect.h"
#include "dialect/retention_conf.h"
#include "serve/list_tag.h"
#include "serve/parking.h"
#include "serve/rate.h"
#include "serve/round.h"

#define LOOP_MS 200 /* longest wait for events */
#define FULL_MS 5   /* the same with connections for which a queue had no room */
/* Descriptors of the store, the log, epoll: a store that cannot open a file needs recovery. */
#define FDS_OTHER 64
/* The largest value of conf.connections, because kept connections may exceed the present one. */
#define FDS_MAX (65536 + FDS_OTHER)
/* Time to finish the current responses on exit; a slow reader must not prevent the exit. */
#define SHUTDOWN_GRACE_MS 3000

struct worker {
	const struct worker_setup *setup;
	struct connection_shared shared;
	struct connections connections;
	struct round round;
	struct tz tz;
	bool stopping;		/* exit when all responses are sent */
	int64_t drain_until_ms; /* retiring: exit then, or when no connection is left; else 0 */
	bool retired;		/* WORKER_RETIRING was reported */
	bool full;		/* a queue has no room for the rest of the connections */
	int64_t exit_by_ms;	/* stopping or retiring: exit then in any case; else 0 */
};

static volatile sig_atomic_t stop_requested, retire_requested;

/* WARNING: may run at any time during epoll_pwait(). Only sets a flag. */
static void handle_signal(int number)
{
	if (number == SIGTERM)
		stop_requested = 1;
	else
		retire_requested = 1;
}

/* The store is lost to this process: no response may leave, its outcome is unknown. */
static void exit_on_panic(void)
{
	log_error("panic", "the store needs recovery");
	log_batch(false);
	_exit(STORE_EXIT_PANIC);
}

static void stop(struct worker *worker)
{
	if (worker->stopping)
		return;
	worker->stopping = true;
	worker->exit_by_ms = clock_mono_ms() + SHUTDOWN_GRACE_MS;
	connections_stop_accepting(&worker->connections);
	parking_end(&worker->shared);
}

/* The supervisor is gone: no process would replace this worker or maintain the store. */
static void stop_as_orphan(struct worker *worker)
{
	epoll_ctl(worker->connections.epoll, EPOLL_CTL_DEL, worker->setup->supervisor_pipe, NULL);
	stop(worker);
}

static void retire(struct worker *worker)
{
	if (worker->drain_until_ms)
		return;
	worker->drain_until_ms = clock_mono_ms() +
				 (int64_t)worker->setup->conf->drain_seconds * 1000;
	worker->exit_by_ms = worker->drain_until_ms + SHUTDOWN_GRACE_MS;
	connections_stop_accepting(&worker->connections);
	parking_end(&worker->shared);
}

/*
 * Until the queues have room, requests on the remaining connections are answered here, but none
 * after WORKER_RETIRING was reported.
 */
static void hand_over(struct worker *worker)
{
	if (!worker->drain_until_ms)
		return;
	worker->full = !connections_hand_over(&worker->connections, !worker->retired);
	if (worker->full || worker->retired)
		return;
	worker->retired = true;
	worker->setup->report(worker->setup->data, WORKER_RETIRING);
}

static bool is_finished(const struct worker *worker)
{
	int64_t now;
	bool drained;

	if (!worker->stopping && !worker->drain_until_ms)
		return false;
	now = clock_mono_ms();
	drained = worker->drain_until_ms &&
		  (worker->connections.count == 0 || now >= worker->drain_until_ms);
	return now >= worker->exit_by_ms ||
	       ((worker->stopping || drained) && worker->connections.writing == 0 &&
		       !round_has_work(&worker->round));
}

static void receive(struct worker *worker, struct connection *conn, uint32_t events)
{
	connections_set_busy(&worker->connections, conn, true);
	round_receive(&worker->round, conn, events);
}

static void handle_events(struct worker *worker, const struct epoll_event *events, int count)
{
	int64_t began = worker->shared.turns.now_us;
	int64_t limit = turns_are_contended(&worker->shared.turns) ? ROUND_EVENTS_CONTENDED_US
								   : ROUND_EVENTS_US;

	for (int i = 0; i < count && clock_mono_us() - began < limit; i++) {
		void *source = events[i].data.ptr;

		if (source == worker)
			stop_as_orphan(worker);
		else if (source == &worker->connections.queues)
			connections_take(&worker->connections);
		else if (source == &worker->connections.listeners)
			connections_accept(&worker->connections);
		else
			receive(worker, source, events[i].events);
	}
}

static void run(struct worker *worker)
{
	struct epoll_event events[ROUND_MAX];
	sigset_t mask;

	sigfillset(&mask);
	sigdelset(&mask, SIGTERM);
	sigdelset(&mask, SIGUSR2);
	while (hand_over(worker), !is_finished(worker)) {
		int count = epoll_pwait(worker->connections.epoll, events, ROUND_MAX,
			round_wait_ms(&worker->round, worker->full ? FULL_MS : LOOP_MS), &mask);

		atomic_fetch_add(&worker->setup->counters->heartbeats, 1);
		if (stop_requested)
			stop(worker);
		if (retire_requested)
			retire(worker);
		worker->shared.now = clock_wall_ms();
		worker->shared.turns.now_us = clock_mono_us();
		worker->shared.now_ms = worker->shared.turns.now_us / 1000;
		open_files_count(worker->setup->files, worker->shared.now_ms);
		log_batch(true);
		handle_events(worker, events, count);
		if (!round_work(&worker->round) || !round_flush(&worker->round))
			exit_on_panic();
		round_send(&worker->round);
		if (worker->shared.app.lost)
			exit_on_panic();
		round_sweep(&worker->round);
		connections_resume_accepting(&worker->connections);
		log_batch(false);
	}
}

/*
 * Raises the soft limit of file descriptors, because the usual one, 1024, is too low. Returns how
 * many of them connections may have.
 */
static size_t raise_fd_limit(void)
{
	struct rlimit limit, wanted;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= FDS_MAX)
		return FDS_MAX - FDS_OTHER;
	wanted = limit;
	wanted.rlim_cur = limit.rlim_max < FDS_MAX ? limit.rlim_max : FDS_MAX;
	if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		limit = wanted;
	else
		log_warn("limit", "cannot raise the limit of file descriptors");
	return limit.rlim_cur > 2 * FDS_OTHER ? limit.rlim_cur - FDS_OTHER : FDS_OTHER;
}

/* Requests that wait leave room for the connections of others. */
static void limit_waits(struct connection_bounds *bounds, size_t max_open)
{
	if (bounds->waits > max_open / 2)
		bounds->waits = max_open / 2;
	if (bounds->principal_waits > bounds->waits * 3 / 4)
		bounds->principal_waits = bounds->waits * 3 / 4;
}

static bool open_worker(struct worker *worker, struct err *err)
{
	const struct worker_setup *setup = worker->setup;
	struct epoll_event supervisor_gone = { .events = EPOLLIN, .data.ptr = worker };
	struct sigaction action = { .sa_handler = handle_signal };

	worker->connections.max_open = raise_fd_limit();
	limit_waits(&worker->shared.bounds, worker->connections.max_open);
	if (!tz_load(&worker->tz, setup->conf->timezone))
		return err_set(err, ERR_INTERNAL, "zone", "cannot read the time zone %s",
			setup->conf->timezone);
	worker->shared.app.tz = &worker->tz;
	if (!fcgi_init(err))
		return false;
	/* After fcgi_init(): FCGX_Init() installs handlers of its own. */
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (!store_open(&worker->shared.app.store, &setup->store, err) ||
		!connections_open(&worker->connections, err))
		return false;
	if (epoll_ctl(worker->connections.epoll, EPOLL_CTL_ADD, setup->supervisor_pipe,
		    &supervisor_gone) != 0)
		return err_set(err, ERR_INTERNAL, "epoll", "cannot watch the supervisor");
	return true;
}

static void close_worker(struct worker *worker)
{
	connections_close(&worker->connections);
	if (worker->shared.app.store)
		round_flush_undone(&worker->round);
	connection_shared_free(&worker->shared);
	store_close(worker->shared.app.store);
}

static struct app_options app_options(const struct conf *conf)
{
	struct app_options options = {
		.principal_rate = limit_per_second(conf->principal_rate, conf->principal_burst),
		.login_burst = conf->login_burst,
		.body_limit = conf->body_limit,
		.public_url = conf->public_url,
	};

	options.principal_rate.overdraft_us = RATE_OVERDRAFT_US;
	retention_from_conf(&options.retention, conf);
	options.body_hash = list_tag_hash_options(&options, conf->timezone);
	for (size_t i = 0; dialects[i]; i++) {
		const struct dialect *dialect = dialects[i];
		uint64_t skew = option_number(
			&conf_options, conf, dialect->auth->clock_skew_option);

		options.clock_skew_ms[dialect->code] = (int64_t)skew * 1000;
		options.creates_per_day[dialect->code] = option_number(
			&conf_options, conf, dialect->quota_option);
		options.completes_tasks[dialect->code] = option_number(&conf_options, conf,
								 dialect->complete_option) > 0;
	}
	return options;
}

static struct connection_bounds bounds(const struct conf *conf)
{
	const size_t mib = 1024 * 1024;

	return (struct connection_bounds){
		.principal_requests = conf->principal_requests,
		.principal_held_bytes = conf->principal_held_mb * mib,
		.held_bytes = conf->held_mb * mib,
		.held_responses = conf->held_responses,
		.reader_ms = (int64_t)conf->reader_seconds * 1000,
		.principal_waits = conf->principal_waits,
		.waits = conf->waits,
	};
}

static void init_worker(struct worker *worker, const struct worker_setup *setup)
{
	*worker = (struct worker){
		.setup = setup,
		.shared.app = {
			.limit = setup->limit,
			.metrics = setup->metrics,
			.serving = setup->serving,
			.wake_counters = setup->store.shared->wake_counters,
			.all_drains = &setup->store.shared->all_drains,
			.options = app_options(setup->conf),
		},
		.shared.bounds = bounds(setup->conf),
		.connections = {
			.shared = &worker->shared,
			.epoll = -1,
			.listeners = { setup->listeners[0], setup->listeners[1] },
			.queues = { setup->queues[0], setup->queues[1] },
			.peer = setup->peer,
			.max = setup->conf->connections,
		},
		.round = {
			.connections = &worker->connections,
			.counters = setup->counters,
			.store_shared = setup->store.shared,
			.home = setup->conf->home,
		},
	};
}

_Static_assert(PARKED_SOURCES == STORE_WAKE_COUNTERS, "each counter of the store is a source");

int worker_run(const struct worker_setup *setup, struct err *err)
{
	struct worker worker;
	int status = 0;

	init_worker(&worker, setup);
	request_numbers_init(&worker.shared.app.numbers);
	turns_init(&worker.shared.turns);
	streams_init(&worker.shared.streams);
	parked_init(&worker.shared.parked, setup->store.shared->wake_counters, clock_mono_ms());
	if (open_worker(&worker, err)) {
		setup->report(setup->data, WORKER_READY);
		run(&worker);
	} else {
		log_error("worker", "%s", err_text(err));
		status = err->code == ERR_PANIC ? STORE_EXIT_PANIC : 1;
	}
	close_worker(&worker);
	return status;
}
