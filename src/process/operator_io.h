#pragma once
/*
 * The connection of an operator to its client, as two streams for the command. A wait for the
 * client ends when the client sends or reads nothing for a time limit, when the supervisor
 * displaces this operator (operators.h), and when the service stops. Both streams then fail, so the
 * command fails as it does for any input or output that breaks.
 */
#include <stdio.h>

#include "process/child.h"

#define OPERATOR_INPUT_SECONDS 600
/* Shorter, because an export keeps its view of the store while it waits. */
#define OPERATOR_OUTPUT_SECONDS 60

struct operator_io {
	const struct child_context *child;
	struct str rest;   /* input that the supervisor has received; the connection is next */
	size_t progress;   /* bytes transferred since slot->waiting_since was set */
	const char *ended; /* cause, for the client, of the end of the transfer; else NULL */
};

/*
 * Opens a stream of the input behind the request line and one for the output. Borrows io; the
 * caller closes the streams. Returns false with errno set on failure; none is then open.
 */
bool operator_io_open(struct operator_io *io, FILE **in, FILE **out);
/*
 * Sleeps, as a command that waits for its client. False if this process must exit, or the client
 * has left. For struct admin: io is a struct operator_io.
 */
bool operator_io_pause(void *io, int64_t ms);
/*
 * Ends the response with this exit status. With io->ended, sends the cause and status 1 instead, in
 * place of output for which there is no room.
 */
void operator_io_finish(struct operator_io *io, FILE *out, int status);
