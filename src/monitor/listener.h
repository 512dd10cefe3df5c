#pragma once
/*
 * The HTTP server of the monitor, by libmicrohttpd: GET and HEAD of a few pages, without TLS and
 * credentials. One thread; the caller polls listener_fd() and calls listener_run().
 *
 * Limits: LISTENER_CONNECTIONS at a time, LISTENER_SECONDS without progress, LISTENER_REQUEST_MS
 * between the ends of requests, or LISTENER_CROWDED_MS while there are as many connections as there
 * may be; 16 KB of a request.
 * On a loopback address the Host must be an address or localhost, so that no web page can read the
 * answers by a name of its own that leads there (DNS rebinding).
 */
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define LISTENER_CONNECTIONS 32
#define LISTENER_SECONDS     10
#define LISTENER_REQUEST_MS  20000
#define LISTENER_CROWDED_MS  2000
/* A retiring listener waits so long for the first request of a connection. */
#define LISTENER_FIRST_MS 200

struct listener;
struct listener_query; /* of the request */

struct page {
	const char *path;
	const char *media_type;
	/* Appends the body and returns the status. */
	int (*write)(const struct listener_query *query, void *data, struct buf *out);
};

/*
 * Answers requests on a listening socket, which stays the caller's. pages ends with a row without a
 * path and is borrowed, as data is. Use listener_close().
 */
bool listener_open(struct listener **listener, int socket, const struct page *pages, void *data,
	struct err *err);
/* To poll for input. */
int listener_fd(const struct listener *listener);
/* Does what can be done without waiting. Call it at least each second. */
void listener_run(struct listener *listener);
/*
 * Accepts no more connections and closes the idle ones. Each of the others ends with its next
 * response. The caller then repeats listener_run() while listener_is_busy(), so that no response is
 * cut off.
 */
void listener_retire(struct listener *listener);
bool listener_is_busy(const struct listener *listener);
/* Cuts off what is under way. NULL is allowed. */
void listener_close(struct listener *listener);

/* Whether the query has the parameter, with any value. */
bool listener_has_param(const struct listener_query *query, const char *name);
/* Whether one of the parameters of this name has the value. */
bool listener_has_value(const struct listener_query *query, const char *name, const char *value);
