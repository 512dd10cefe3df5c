#pragma once
/*
 * The control socket, the client's side: one request, and what comes back (control.h).
 */
#include <stdio.h>

#include "base/err.h"

/*
 * Sends the request line over a connected socket, then all of `in` (NULL: nothing), writes what
 * comes back to out and to errors, and fills in the exit status. False when the connection ends
 * before that.
 */
bool client_exchange(int fd, struct str request, FILE *in, FILE *out, FILE *errors, int *status,
	struct err *err);
/*
 * The same over a connection to the socket at path. When nobody answers there *answered is false
 * and nothing was done.
 */
bool client_call(const char *path, struct str request, FILE *in, FILE *out, FILE *errors,
	bool *answered, int *status, struct err *err);
