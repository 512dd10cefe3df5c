/*
 * The worker: an event loop over kept FastCGI connections (DESIGN §5). A round is
 *
 *	1. wait; accept whoever waits; read and answer into memory every request that is there;
 *	2. one log flush, if anybody's commit is not on disk: nothing is told or shown before it is;
 *	3. what was answered leaves.
 *
 * The worker never closes a kept connection that is idle, because the web server does not repeat a
 *POST that crossed the close; only leaving does.
 */
#include "serve/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "dialect/dialect.h"
#include "serve/connection.h"
#include "sys/reserve.h"

#define ROUND_EVENTS_MAX 256
#define LOOP_MS		 200
/* Without descriptors or memory: so long nobody is accepted, or the loop would spin. */
#define ACCEPT_RETRY_MS 200
/* Descriptors besides connections: the store's files, the log, epoll. */
#define OTHER_FDS 64
/* What is in hand when it is time to leave has so long; a slow reader would take for ever. */
#define SHUTDOWN_GRACE_MS 3000

struct worker {
	const struct worker_setup *setup;
	struct worker_counters *counters;
	struct connection_shared shared;
	struct tz tz;
	int epoll;
	bool accepting;
	struct connection *conns;
	size_t conn_count, want_write;
	struct connection
		*round_conns[ROUND_EVENTS_MAX]; /* those in whose hand is something to send */
	size_t round_count;
	int64_t accept_from; /* monotonic ms; the listener is left alone until then */
	int64_t leave_by;    /* when retiring: leave when nobody is connected, or then; else 0 */
	int64_t must_leave;  /* leave then, whatever is in hand; else 0 */
	bool shutting_down;  /* as soon as nothing is in hand */
};

static volatile sig_atomic_t stop_requested, retire_requested;

/* WARNING: runs at any instant of epoll_pwait. Sets a flag, nothing else. */
static void handle_signal(int number)
{
	if (number == SIGTERM)
		stop_requested = 1;
	else
		retire_requested = 1;
}

/* The store is lost to this process. No answer may leave: nobody knows what will have been. */
static void exit_on_panic(void)
{
	log_error("panic", "the store must be recovered");
	log_batch(false);
	_exit(STORE_EXIT_PANIC);
}

/* What epoll tells of: a connection, or one of these two. */
static char listener_event, supervisor_event;

static bool watch_listener(struct worker *worker, bool on)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE,
		.data.ptr = &listener_event };

	if (worker->accepting == on)
		return true;
	worker->accepting = on;
	return epoll_ctl(worker->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, worker->setup->listener,
		       &event) == 0;
}

static bool watch_conn(struct worker *worker, struct connection *conn, int how, uint32_t events)
{
	struct epoll_event event = { .events = events | EPOLLRDHUP, .data.ptr = conn };

	return epoll_ctl(worker->epoll, how, fcgi_fd(conn->fcgi), &event) == 0;
}

static void drop_conn(struct worker *worker, struct connection *conn)
{
	*conn->prev_link = conn->next;
	if (conn->next)
		conn->next->prev_link = conn->prev_link;
	worker->conn_count--;
	worker->want_write -= conn->want_write;
	connection_free(conn, &worker->shared);
}

static void add_conn(struct worker *worker, struct fcgi *fcgi)
{
	struct connection *conn = connection_new(fcgi);

	if (!conn) {
		fcgi_close(fcgi);
		return;
	}
	conn->next = worker->conns;
	conn->prev_link = &worker->conns;
	if (conn->next)
		conn->next->prev_link = &conn->next;
	worker->conns = conn;
	worker->conn_count++;
	if (!watch_conn(worker, conn, EPOLL_CTL_ADD, EPOLLIN))
		drop_conn(worker, conn);
}

/* Until nobody waits: with one accept a round, newcomers would wait for as many rounds. */
static void accept_all(struct worker *worker)
{
	enum fcgi_accept_result accepted = FCGI_ACCEPTED;

	while (worker->accepting && (accepted == FCGI_ACCEPTED || accepted == FCGI_WRONG_USER)) {
		struct fcgi *fcgi;

		accepted = fcgi_accept(&fcgi, worker->setup->listener, worker->setup->peer);
		if (accepted == FCGI_NO_RESOURCES) {
			log_warn("accept", "no descriptor or no memory for a connection");
			watch_listener(worker, false);
			worker->accept_from = clock_mono_ms() + ACCEPT_RETRY_MS;
		}
		if (accepted == FCGI_ACCEPTED)
			add_conn(worker, fcgi);
		if (worker->conn_count >= worker->setup->conf->connections)
			watch_listener(worker, false);
	}
}

static void handle_event(struct worker *worker, const struct epoll_event *event)
{
	struct connection *conn = event->data.ptr;
	struct err err = { 0 };
	bool sane;

	if (event->data.ptr == &listener_event || event->data.ptr == &supervisor_event)
		return;
	if (conn->want_write && (event->events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)))
		conn->closing = true;
	sane = conn->want_write ? connection_fetch_rows(conn, &err)
				: connection_receive(conn, &worker->shared, &err);
	if (!sane)
		exit_on_panic();
	worker->round_conns[worker->round_count++] = conn;
}

/* Whether this round shows or tells of anything: what is still being streamed counts. */
static bool round_has_output(const struct worker *worker)
{
	for (size_t i = 0; i < worker->round_count; i++) {
		if (!worker->round_conns[i]->closing)
			return true;
	}
	return false;
}

static void flush_round(struct worker *worker)
{
	struct store *store = worker->shared.app.store;
	struct err err = { 0 };

	if (!round_has_output(worker) || store_is_flushed(store))
		return;
	atomic_fetch_add(&worker->counters->flushes, 1);
	if (store_flush(store, &err))
		return;
	/* The disk is full: the reserve is for what is committed already, and nothing may follow
	   until the keeper finds room. */
	if (err.code == ERR_UNKNOWN_OUTCOME) {
		atomic_store(&worker->setup->store.shared->read_only, true);
		reserve_release(worker->setup->conf->home);
		if (store_flush(store, &err))
			return;
	}
	if (err.code == ERR_PANIC)
		exit_on_panic();
	log_error("flush", "%s", err_text(&err));
	for (size_t i = 0; i < worker->round_count; i++)
		connection_flush_failed(worker->round_conns[i], &err);
}

static void send_one(struct worker *worker, struct connection *conn)
{
	bool was_sending = conn->want_write;
	int status = 0;

	switch (connection_send(conn, &worker->shared, &status)) {
	case CONNECTION_DONE:
		atomic_fetch_add(&worker->counters->served, 1);
		if (status >= 400)
			atomic_fetch_add(&worker->counters->refused, 1);
		conn->want_write = false;
		break;
	case CONNECTION_MORE:
		conn->want_write = true;
		break;
	case CONNECTION_BROKEN:
	default:
		return;
	}
	if (conn->want_write == was_sending)
		return;
	worker->want_write += conn->want_write ? 1 : (size_t)-1;
	if (!conn->closing &&
		!watch_conn(worker, conn, EPOLL_CTL_MOD, conn->want_write ? EPOLLOUT : EPOLLIN))
		conn->closing = true;
}

static void send_round(struct worker *worker)
{
	for (size_t i = 0; i < worker->round_count; i++) {
		struct connection *conn = worker->round_conns[i];

		if (!conn->closing)
			send_one(worker, conn);
		if (conn->closing)
			drop_conn(worker, conn);
	}
	worker->round_count = 0;
	atomic_store(&worker->counters->waiting, worker->want_write);
	atomic_store(&worker->counters->connections, worker->conn_count);
	if (!worker->shutting_down && !worker->leave_by &&
		worker->conn_count < worker->setup->conf->connections &&
		(worker->accept_from == 0 || clock_mono_ms() >= worker->accept_from)) {
		worker->accept_from = 0;
		watch_listener(worker, true);
	}
}

/* ---- life ---- */

/* Finishes what is in hand, within the grace. */
static void leave(struct worker *worker)
{
	if (worker->shutting_down)
		return;
	worker->shutting_down = true;
	worker->must_leave = clock_mono_ms() + SHUTDOWN_GRACE_MS;
	watch_listener(worker, false);
}

/* Nobody replaces us and nobody keeps the store any more. */
static void stop_as_orphan(struct worker *worker)
{
	epoll_ctl(worker->epoll, EPOLL_CTL_DEL, worker->setup->supervisor_pipe, NULL);
	leave(worker);
}

static void retire(struct worker *worker)
{
	if (worker->leave_by)
		return;
	worker->leave_by = clock_mono_ms() + (int64_t)worker->setup->conf->drain_seconds * 1000;
	worker->must_leave = worker->leave_by + SHUTDOWN_GRACE_MS;
	worker->setup->report(worker->setup->data, WORKER_RETIRING);
	watch_listener(worker, false);
}

static bool is_finished(const struct worker *worker)
{
	int64_t now;
	bool drained;

	if (!worker->shutting_down && !worker->leave_by)
		return false;
	now = clock_mono_ms();
	drained = worker->leave_by && (worker->conn_count == 0 || now >= worker->leave_by);
	return now >= worker->must_leave ||
	       ((worker->shutting_down || drained) && worker->want_write == 0);
}

static void run(struct worker *worker)
{
	struct epoll_event events[ROUND_EVENTS_MAX];
	sigset_t waiting;

	sigfillset(&waiting);
	sigdelset(&waiting, SIGTERM);
	sigdelset(&waiting, SIGUSR2);
	while (!is_finished(worker)) {
		int count = epoll_pwait(worker->epoll, events, ROUND_EVENTS_MAX, LOOP_MS, &waiting);

		atomic_fetch_add(&worker->counters->heartbeats, 1);
		if (stop_requested)
			leave(worker);
		if (retire_requested)
			retire(worker);
		worker->shared.now = clock_wall_ms();
		log_batch(true);
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr == &supervisor_event)
				stop_as_orphan(worker);
			handle_event(worker, &events[i]);
		}
		accept_all(worker);
		flush_round(worker);
		send_round(worker);
		log_batch(false);
	}
}

/* As many descriptors as there may be connections; the usual soft limit is just too low. */
static void raise_fd_limit(uint64_t connections)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= connections + OTHER_FDS)
		return;
	limit.rlim_cur = connections + OTHER_FDS < limit.rlim_max ? connections + OTHER_FDS
								  : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn("limit", "the limit of descriptors could not be raised");
}

static bool open_worker(struct worker *worker, struct err *err)
{
	const struct worker_setup *setup = worker->setup;
	struct epoll_event supervisor_pipe = { .events = EPOLLIN, .data.ptr = &supervisor_event };
	struct sigaction action = { .sa_handler = handle_signal };

	raise_fd_limit(setup->conf->connections);
	if (!tz_load(&worker->tz, setup->conf->zone))
		return err_set(err, ERR_INTERNAL, "zone", "the time zone %s cannot be read",
			setup->conf->zone);
	worker->shared.app.tz = &worker->tz;
	if (!fcgi_init(err))
		return false;
	/* After FCGX_Init, which installs its own. */
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (!store_open(&worker->shared.app.store, &setup->store, err))
		return false;
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (worker->epoll < 0 || fcntl(setup->listener, F_SETFL, O_NONBLOCK) != 0 ||
		!watch_listener(worker, true) ||
		epoll_ctl(worker->epoll, EPOLL_CTL_ADD, setup->supervisor_pipe, &supervisor_pipe) !=
			0)
		return err_set(err, ERR_INTERNAL, "epoll", "cannot wait for connections");
	return true;
}

static void close_worker(struct worker *worker)
{
	while (worker->conns)
		drop_conn(worker, worker->conns);
	connection_shared_free(&worker->shared);
	store_close(worker->shared.app.store);
	if (worker->epoll >= 0)
		close(worker->epoll);
}

int worker_run(const struct worker_setup *setup)
{
	struct worker worker = {
		.setup = setup,
		.counters = setup->counters,
		.epoll = -1,
		.shared.app = {
			.rules.virtshell_ms = (int64_t)setup->conf->signature_seconds * 1000,
			.rules.uplynk_ms = (int64_t)setup->conf->uplynk_seconds * 1000,
			.limit = setup->limit,
			.principal_limit = limit_per_second(
				setup->conf->principal_rate, setup->conf->principal_burst),
			.login_burst = setup->conf->login_burst,
			.creates_per_day[DIALECT_CODE_idol] = setup->conf->idol_creates_a_day,
			.body_limit = setup->conf->body_limit,
			.public_url = setup->conf->public_url,
		},
	};
	struct err err = { 0 };
	int status = 0;

	if (open_worker(&worker, &err)) {
		setup->report(setup->data, WORKER_READY);
		run(&worker);
	} else {
		log_error("worker", "%s", err_text(&err));
		status = err.code == ERR_PANIC ? STORE_EXIT_PANIC : 1;
	}
	close_worker(&worker);
	return status;
}
