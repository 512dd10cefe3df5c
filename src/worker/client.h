#pragma once
/*
 * Client of the native API over HTTP: any number of requests at once in one thread, with libcurl's
 * multi interface. TLS is always verified, redirects are never followed, and a response has a limit
 * of size and time. The bearer token is sent to the service's own address only.
 */
#include <poll.h>

#include "base/err.h"

struct client;
struct client_request;

struct client_config {
	const char *url;     /* http or https, without a slash at its end */
	const char *token;   /* printable ASCII without spaces */
	const char *ca_file; /* NULL: the certificates of the system */
};

struct client_answer {
	long status;	      /* of HTTP; 0: there is no complete response */
	const char *failure;  /* why status is 0: one sentence without a full stop */
	struct str body;      /* borrowed, valid during the call */
	unsigned retry_after; /* seconds; 0: absent */
	int64_t date_ms;      /* header field Date; -1: absent */
};

/* May send and cancel requests, but not the one that has ended. */
typedef void client_done(void *data, const struct client_answer *answer);

struct client_call {
	const char *method; /* POST or PATCH */
	const char *path;   /* behind the URL, begins with a slash */
	struct str body;    /* JSON, copied */
	long timeout_ms;    /* of the whole exchange */
	size_t answer_max;  /* bytes of the response's body; a longer one is a failure */
	client_done *done;  /* called once, from client_wait() */
	void *data;
};

/* config is borrowed until client_free. */
bool client_new(struct client **client, const struct client_config *config, struct err *err);
/* Cancels all requests. NULL is allowed. */
void client_free(struct client *client);

/* Starts a request. Ends the program if memory is exhausted. */
struct client_request *client_send(struct client *client, const struct client_call *call);
/* Ends a request without calling done. NULL is allowed. */
void client_cancel(struct client *client, struct client_request *request);

/*
 * Waits until a request makes progress, one of the descriptors is ready, or the time is over, and
 * calls done of the requests that have ended. Descriptors below 0 are ignored; revents are not set.
 */
void client_wait(struct client *client, const struct pollfd *fds, size_t count, int timeout_ms);
