#include "serve/connections.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* Pause when no file descriptor or memory is left; without a pause the loop would spin. */
#define ACCEPT_RETRY_MS 200

static bool watch_listeners(struct connections *connections, bool on)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE,
		.data.ptr = &connections->listeners };
	bool ok = true;

	if (connections->listening == on)
		return true;
	connections->listening = on;
	for (size_t i = 0; i < FCGI_SOCKETS; i++) {
		if (connections->listeners[i] >= 0 &&
			epoll_ctl(connections->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
				connections->listeners[i], &event) != 0)
			ok = false;
	}
	return ok;
}

static bool watch(struct connections *connections, struct connection *conn, int how)
{
	struct epoll_event event = { .events = (conn->writing ? EPOLLOUT : EPOLLIN) | EPOLLRDHUP,
		.data.ptr = conn };

	return epoll_ctl(connections->epoll, how, fcgi_fd(conn->fcgi), &event) == 0;
}

bool connections_open(struct connections *connections, struct err *err)
{
	connections->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (connections->epoll < 0 || !watch_listeners(connections, true))
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

static void add(struct connections *connections, struct fcgi *fcgi)
{
	struct connection *conn = connection_new(fcgi);

	if (!conn) {
		fcgi_close(fcgi);
		return;
	}
	conn->next = connections->first;
	conn->prev_link = &connections->first;
	if (conn->next)
		conn->next->prev_link = &conn->next;
	connections->first = conn;
	connections->count++;
	if (!watch(connections, conn, EPOLL_CTL_ADD))
		connections_drop(connections, conn);
}

void connections_drop(struct connections *connections, struct connection *conn)
{
	*conn->prev_link = conn->next;
	if (conn->next)
		conn->next->prev_link = conn->prev_link;
	connections->count--;
	connections->writing -= conn->writing;
	connection_free(conn, connections->shared);
}

static void accept_from(struct connections *connections, int listener)
{
	enum fcgi_accept_result result = FCGI_ACCEPTED;

	while (connections->listening && (result == FCGI_ACCEPTED || result == FCGI_WRONG_USER)) {
		struct fcgi *fcgi;

		result = fcgi_accept(&fcgi, listener, connections->peer);
		if (result == FCGI_NO_RESOURCES) {
			log_warn("accept", "no file descriptor or memory for a connection");
			watch_listeners(connections, false);
			connections->accept_after_ms = clock_mono_ms() + ACCEPT_RETRY_MS;
		}
		if (result == FCGI_ACCEPTED)
			add(connections, fcgi);
		if (connections->count >= connections->max)
			watch_listeners(connections, false);
	}
}

void connections_accept(struct connections *connections)
{
	for (size_t i = 0; i < FCGI_SOCKETS; i++) {
		if (connections->listeners[i] >= 0)
			accept_from(connections, connections->listeners[i]);
	}
}

void connections_resume_accepting(struct connections *connections)
{
	if (connections->closed || connections->count >= connections->max ||
		(connections->accept_after_ms && clock_mono_ms() < connections->accept_after_ms))
		return;
	connections->accept_after_ms = 0;
	watch_listeners(connections, true);
}

void connections_stop_accepting(struct connections *connections)
{
	connections->closed = true;
	watch_listeners(connections, false);
}

void connections_set_writing(struct connections *connections, struct connection *conn, bool writing)
{
	if (conn->writing == writing)
		return;
	conn->writing = writing;
	connections->writing += writing ? 1 : (size_t)-1;
	if (!conn->closing && !watch(connections, conn, EPOLL_CTL_MOD))
		conn->closing = true;
}
