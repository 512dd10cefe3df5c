#pragma once
/*
 * The connections of one worker: their list, the events that epoll reports for them, and the
 * listening sockets. Owns the connections and the epoll descriptor; borrows all else.
 *
 * A connection is busy while it has a request that is not parked; a new one is busy from the
 * start, because the web server opens it to send a request. `max` bounds the busy ones: while
 * there are as many, new connections wait in the listening socket. The others do not count. The
 * worker must not close them, and each process of the web server keeps its own and opens a new
 * one although another process has some: it would wait until these are closed. So there can be
 * more requests than `max`, because those on kept connections are always read. `max_open` bounds
 * all connections, and leaves file descriptors for the store.
 */
#include "serve/connection.h"
#include "sys/listen.h"

struct connections {
	struct connection_shared *shared;
	int epoll;		     /* events carry the struct connection, &listeners or &queues */
	int listeners[FCGI_SOCKETS]; /* -1: none */
	struct handover queues[FCGI_SOCKETS]; /* of connections that a retired worker leaves */
	uid_t peer;			      /* user that may connect, besides the service's */
	size_t max; /* of busy connections: accepts no more; takes more, they are open already */
	size_t max_open; /* of all: accepts and takes no more */
	struct connection *first;
	size_t count;
	size_t busy;
	size_t writing;		 /* connections with a response that is not sent completely */
	bool listening;		 /* epoll reports new connections */
	bool taking;		 /* epoll reports connections in the queues */
	bool closed;		 /* connections_stop_accepting() was called */
	int64_t accept_after_ms; /* monotonic; 0: no pause */
};

/*
 * The caller has set shared, listeners, peer, max, max_open, and epoll to -1; the rest is zero.
 * Call connections_close() also if this fails or was never called.
 */
bool connections_open(struct connections *connections, struct err *err);
void connections_close(struct connections *connections);

/* Accepts several pending connections: with one per round, a burst would wait many rounds. */
void connections_accept(struct connections *connections);
/*
 * Takes some connections from the queues; epoll reports the rest again. So the workers of a role
 * share them.
 */
void connections_take(struct connections *connections);
/*
 * Puts all connections without a request into their queues. Returns false if there was no room for
 * some; with `reads` their next requests are answered here, without it they wait for room. Call it
 * between two rounds, after connections_stop_accepting().
 */
bool connections_hand_over(struct connections *connections, bool reads);
/*
 * Accepting and taking pause at the limits and without resources: resumes them when the cause is
 * gone. Call it once per round.
 */
void connections_resume_accepting(struct connections *connections);
/* Stops accepting permanently: the worker will exit. */
void connections_stop_accepting(struct connections *connections);

/* Counts the connection as busy or not. Call it with true before its next request is read. */
void connections_set_busy(struct connections *connections, struct connection *conn, bool busy);
/*
 * Sets whether epoll reports room for the rest of a response or the next request. A connection
 * without an exchange is not busy after it. On failure the connection is marked as closing.
 */
void connections_set_writing(
	struct connections *connections, struct connection *conn, bool writing);
/*
 * Sets whether a large body waits for its turn: epoll, which would report it in each round, then
 * reports only that the peer has left.
 */
void connections_set_unread(struct connections *connections, struct connection *conn, bool unread);
/* Removes the connection from the list, closes and frees it. */
void connections_drop(struct connections *connections, struct connection *conn);
