#pragma once
/*
 * The control socket, the supervisor's side. A client sends one line of JSON,
 * {"verb":["user","add","demo"],"args":{"tenant":"default"}}, perhaps followed by input for the
 * verb, and gets lines back: "o " and text for its standard output, "e " and text for its standard
 * error, and last "x " and the exit status. A connection that ends without an x failed.
 *
 * Nothing here blocks or trusts the peer: lines are bounded, the slow and the silent are dropped.
 */
#include <poll.h>

#include "base/buf.h"
#include "base/err.h"

#define CONTROL_CLIENTS	 16
#define CONTROL_LINE_MAX ((size_t)64 * 1024)

enum control_outcome {
	CONTROL_ANSWERED,    /* out holds the frames */
	CONTROL_HANDED_OVER, /* somebody else has the descriptor now */
	CONTROL_RETRY,	     /* cannot be said yet: ask again soon */
};

struct control_client {
	int fd;		  /* -1: free */
	int64_t deadline; /* monotonic ms */
	size_t line_len;  /* size of the request line with its end; 0: not there yet */
	bool answered;
	struct buf in, out;
};

struct control {
	int listener;
	struct control_client clients[CONTROL_CLIENTS];
	/* Judges a request. The client's `in` holds the line and whatever came behind it. */
	enum control_outcome (*on_request)(void *data, struct control_client *client);
	void *data;
};

/* Listens at path (0600), in place of a socket that nobody answers on any more. */
bool control_open(struct control *control, const char *path, struct err *err);
void control_close(struct control *control);

/* What to poll for; fds has room for CONTROL_CLIENTS + 1. Returns how many. */
size_t control_pollfds(const struct control *control, struct pollfd *fds);
/* Goes on with whatever is ready, and with what has waited; does not block. */
void control_serve(struct control *control, int64_t now);

/* Frames. Text with line ends becomes several frames. */
void control_put_frame(struct buf *out, char kind, struct str text);
void control_put_exit(struct buf *out, int status);
