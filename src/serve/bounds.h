#pragma once
/*
 * The bounds on what a worker holds at a time: a user's requests, and the memory of responses,
 * lists and removals, of a user and of all. A user without more than an equal share is not refused
 * because of others, until all bounds are reached.
 */
#include "serve/connection.h"

/*
 * Whether the worker may begin the request; ERR_TOO_MANY_REQUESTS, or ERR_BUSY because of others.
 * The number of the account's requests is compared only when a request has just arrived: it
 * includes refused ones, until their responses are sent, and these must not cause the refusal of
 * requests that wait for their turn.
 */
bool bounds_admit(const struct connection *conn, const struct connection_shared *shared,
	bool arrived, struct err *err);
/*
 * Ends a list in slices with ERR_TOO_MANY_REQUESTS, and returns true, if all accounts have more
 * memory than they may and its own has more than a share: a list grows after it was admitted, and
 * others would be refused instead. Nothing of its response may have been sent.
 */
bool bounds_end_list(struct connection *conn, struct connection_shared *shared);
