#pragma once
/*
 * Client of the control socket: sends one request and prints the response (process/control.h).
 */
#include <stdio.h>

#include "base/err.h"

/* Limits the time that the exchange on this socket waits for the service. */
void client_set_timeout(int fd, int seconds);
/*
 * Sends the request line and then all of `in` (NULL: nothing) over a connected socket. Writes the
 * response to out and errors and sets the exit status. ERR_UNKNOWN_OUTCOME if the connection ends
 * before the exit status arrived, ERR_BUSY if the service sent nothing for the time limit.
 */
bool client_exchange(int fd, struct str request, FILE *in, FILE *out, FILE *errors, int *status,
	struct err *err);
/*
 * The same over a new connection to the socket at path; seconds 0: without a time limit. If the
 * connection fails, returns true with *answered false and errno set.
 */
bool client_call(const char *path, struct str request, int seconds, FILE *in, FILE *out,
	FILE *errors, bool *answered, int *status, struct err *err);
/*
 * Sets an error for a connection that failed with this errno: ERR_FORBIDDEN if this user may not
 * use the socket. Returns false.
 */
bool client_cannot_connect(const char *path, int error, struct err *err);
