#include "serve/connections.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* Pause when no file descriptor or memory is left; without a pause the loop would spin. */
#define ACCEPT_RETRY_MS 200
/* Connections to take from a queue in one round. */
#define TAKE_MAX 4
/*
 * Connections to accept from a listener in one round. A client that resets its streams makes the
 * web server open hundreds at a time; requests on other connections are answered in between.
 */
#define ACCEPT_MAX 16

static bool watch_one(const struct connections *connections, int fd, void *source, bool on)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = source };

	return fd < 0 ||
	       epoll_ctl(connections->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &event) == 0;
}

static bool watch_listeners(struct connections *connections, bool on)
{
	bool ok = true;

	for (size_t i = 0; i < FCGI_SOCKETS && connections->listening != on; i++)
		ok &= watch_one(
			connections, connections->listeners[i], &connections->listeners, on);
	connections->listening = on;
	return ok;
}

static bool watch_queues(struct connections *connections, bool on)
{
	bool ok = true;

	for (size_t i = 0; i < FCGI_SOCKETS && connections->taking != on; i++)
		ok &= watch_one(connections, connections->queues[i].take, &connections->queues, on);
	connections->taking = on;
	return ok;
}

static bool watch(struct connections *connections, struct connection *conn, int how)
{
	struct epoll_event event = { .data.ptr = conn };

	if (!conn->unread)
		event.events = (conn->writing ? EPOLLOUT : EPOLLIN) | EPOLLRDHUP;
	return epoll_ctl(connections->epoll, how, fcgi_fd(conn->fcgi), &event) == 0;
}

bool connections_open(struct connections *connections, struct err *err)
{
	connections->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (connections->epoll < 0 || !watch_listeners(connections, true) ||
		!watch_queues(connections, true))
		return err_set(err, ERR_INTERNAL, "epoll", "cannot wait for connections");
	return true;
}

void connections_close(struct connections *connections)
{
	while (connections->first)
		connections_drop(connections, connections->first);
	if (connections->epoll >= 0)
		close(connections->epoll);
	connections->epoll = -1;
}

void connections_set_busy(struct connections *connections, struct connection *conn, bool busy)
{
	if (conn->busy == busy)
		return;
	conn->busy = busy;
	connections->busy += busy ? 1 : (size_t)-1;
}

static void add(struct connections *connections, struct fcgi *fcgi, size_t source, bool busy)
{
	struct connection *conn = connection_new(fcgi);

	if (!conn) {
		fcgi_close(fcgi);
		return;
	}
	conn->source = source;
	conn->next = connections->first;
	conn->prev_link = &connections->first;
	if (conn->next)
		conn->next->prev_link = &conn->next;
	connections->first = conn;
	connections->count++;
	connections_set_busy(connections, conn, busy);
	if (!watch(connections, conn, EPOLL_CTL_ADD))
		connections_drop(connections, conn);
}

void connections_drop(struct connections *connections, struct connection *conn)
{
	*conn->prev_link = conn->next;
	if (conn->next)
		conn->next->prev_link = conn->prev_link;
	connections->count--;
	connections->busy -= conn->busy;
	connections->writing -= conn->writing;
	connection_free(conn, connections->shared);
}

static bool may_take(const struct connections *connections)
{
	return !connections->closed && connections->accept_after_ms == 0 &&
	       connections->count < connections->max_open;
}

static bool may_accept(const struct connections *connections)
{
	return may_take(connections) && connections->busy < connections->max;
}

/* Adds what was accepted or, without `busy`, taken. Returns whether to go on. */
static bool admit(struct connections *connections, enum fcgi_accept_result result,
	struct fcgi *fcgi, size_t source, bool busy)
{
	if (result == FCGI_NO_RESOURCES) {
		log_warn("accept", "no file descriptor or memory for a connection");
		watch_listeners(connections, false);
		watch_queues(connections, false);
		connections->accept_after_ms = clock_mono_ms() + ACCEPT_RETRY_MS;
	}
	if (result == FCGI_ACCEPTED)
		add(connections, fcgi, source, busy);
	return result == FCGI_ACCEPTED || result == FCGI_WRONG_USER;
}

static void accept_from(struct connections *connections, size_t source)
{
	bool more = true;

	for (int i = 0; more && may_accept(connections) && i < ACCEPT_MAX; i++) {
		struct fcgi *fcgi = NULL;
		enum fcgi_accept_result result = fcgi_accept(
			&fcgi, connections->listeners[source], connections->peer);

		more = admit(connections, result, fcgi, source, true);
	}
}

static void take_from(struct connections *connections, size_t source)
{
	bool more = true;

	for (int i = 0; more && may_take(connections) && i < TAKE_MAX; i++) {
		struct fcgi *fcgi = NULL;
		enum fcgi_accept_result result = fcgi_take(
			&fcgi, &connections->queues[source], connections->peer);

		more = admit(connections, result, fcgi, source, false);
	}
}

void connections_accept(struct connections *connections)
{
	for (size_t i = 0; i < FCGI_SOCKETS; i++) {
		if (connections->listeners[i] >= 0)
			accept_from(connections, i);
	}
}

void connections_take(struct connections *connections)
{
	for (size_t i = 0; i < FCGI_SOCKETS; i++) {
		if (connections->queues[i].take >= 0)
			take_from(connections, i);
	}
}

/* epoll would report events of a closed descriptor as long as the other process has it open. */
static bool hand_over(struct connections *connections, struct connection *conn)
{
	if (!fcgi_hand_over(conn->fcgi, &connections->queues[conn->source]))
		return false;
	epoll_ctl(connections->epoll, EPOLL_CTL_DEL, fcgi_fd(conn->fcgi), NULL);
	connections_drop(connections, conn);
	return true;
}

/* epoll still reports that the peer has left. */
static void stop_reading(struct connections *connections, struct connection *conn)
{
	struct epoll_event event = { .data.ptr = conn };

	epoll_ctl(connections->epoll, EPOLL_CTL_MOD, fcgi_fd(conn->fcgi), &event);
}

bool connections_hand_over(struct connections *connections, bool reads)
{
	bool full[FCGI_SOCKETS] = { false };

	for (struct connection *conn = connections->first, *next; conn; conn = next) {
		size_t source = conn->source;

		next = conn->next;
		if (conn->exchange || conn->parked || conn->stream)
			continue;
		full[source] = full[source] || !hand_over(connections, conn);
		if (full[source] && !reads)
			stop_reading(connections, conn);
	}
	return !full[0] && !full[1];
}

void connections_resume_accepting(struct connections *connections)
{
	if (connections->accept_after_ms && clock_mono_ms() < connections->accept_after_ms)
		return;
	connections->accept_after_ms = 0;
	watch_queues(connections, may_take(connections));
	watch_listeners(connections, may_accept(connections));
}

void connections_stop_accepting(struct connections *connections)
{
	connections->closed = true;
	watch_listeners(connections, false);
	watch_queues(connections, false);
}

void connections_set_unread(struct connections *connections, struct connection *conn, bool unread)
{
	conn->unread = unread;
	watch(connections, conn, EPOLL_CTL_MOD);
}

void connections_set_writing(struct connections *connections, struct connection *conn, bool writing)
{
	if (!conn->exchange)
		connections_set_busy(connections, conn, false);
	if (conn->writing == writing)
		return;
	conn->writing = writing;
	connections->writing += writing ? 1 : (size_t)-1;
	if (!conn->closing && !watch(connections, conn, EPOLL_CTL_MOD))
		conn->closing = true;
}
