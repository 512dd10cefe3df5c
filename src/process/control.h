#pragma once
/*
 * The control socket, server side. A client sends one line of JSON, for example
 *
 *	{"verb":["user","add","demo"],"args":{"tenant":"default"}}
 *
 * and perhaps input for the verb. The response is lines: "o TEXT" for standard output, "e TEXT" for
 * standard error, and last "x STATUS", the exit status. If the request has the member "progress",
 * true, lines "p DONE TOTAL UNIT" may come between them (TOTAL 0: unknown). A connection that ends
 * without an x line failed. Exit status CONTROL_BUSY means that the command did not begin.
 *
 * Nothing here blocks or trusts the peer. Lines are bounded. Clients that send no request or do not
 * read the response are dropped after 5 s, or earlier if a newer client needs the place: then one
 * of the user with the most clients. The client may stop sending input once it receives a response,
 * so a verb puts out nothing before it has read its input.
 */
#include <poll.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define CONTROL_CLIENTS	     64			 /* at a time */
#define CONTROL_WAITING	     56			 /* RETRY or PENDING; the rest is for `status` */
#define CONTROL_USER_WAITING 48			 /* the same for one user */
#define CONTROL_LINE_MAX     ((size_t)64 * 1024) /* bytes of a request line */

#define CONTROL_BUSY 75 /* EX_TEMPFAIL of <sysexits.h> */

enum control_outcome {
	CONTROL_ANSWERED,    /* `out` holds the response */
	CONTROL_HANDED_OVER, /* another process answers on the descriptor */
	CONTROL_RETRY,	     /* client->delay is set: call again soon, for a limited time */
	CONTROL_PENDING,     /* the same without a limit of time */
};

struct control_client {
	int fd;		  /* -1: free */
	uid_t uid;	  /* of the peer */
	uint64_t number;  /* of its acceptance, from 1 */
	int64_t since;	  /* when it was accepted, later answered; monotonic ms */
	size_t line_len;  /* bytes of the request line with its newline; 0: incomplete */
	bool asked;	  /* on_request() was called, for a reload */
	bool begun;	  /* on_request() has begun with the request */
	uint64_t reloads; /* service->reloads when it was called first, for a reload */
	int generation;	  /* that it has begun, for a reload */
	bool answered;
	const char *delay;  /* cause of the last RETRY, for a client that has waited too long */
	struct buf in, out; /* out is sent when the request is answered */
};

struct control {
	int listener;
	uint64_t accepted; /* number of clients so far */
	struct control_client clients[CONTROL_CLIENTS];
	/* Handles a request. client->in holds the line and the bytes that followed it. */
	enum control_outcome (*on_request)(void *data, struct control_client *client);
	void *data;
};

/* Listens on path (mode 0600). Replaces a socket on which no process listens. */
bool control_open(struct control *control, const char *path, struct err *err);
void control_close(struct control *control);

/* Fills in the descriptors to poll, at most CONTROL_CLIENTS + 1. Returns their number. */
size_t control_pollfds(const struct control *control, struct pollfd *fds);
/* Handles what is ready and retries pending requests. Does not block. `now`: monotonic ms. */
void control_serve(struct control *control, int64_t now);

/* Appends an "o" or "e" line for each line of the text. */
void control_put_frame(struct buf *out, char kind, struct str text);
void control_put_exit(struct buf *out, int status);
