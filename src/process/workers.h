#pragma once
/*
 * The workers of a service and the sockets that they accept from. Pure functions.
 *
 * With two sockets, a writer answers the requests that change tasks, and readers answer all
 * others: a second writer would wait for the pages of the first (HACKING, Processes). Of a shared
 * store there are several writers: while one waits for the server, another one works. A single
 * worker, or workers with a single socket, answer all requests. Every worker can carry out every
 * request, so a request on the other socket costs time, not correctness.
 */
#include "process/scoreboard.h"
#include "sys/listen.h"

/* Whether processes of this role answer requests. */
bool workers_has_role(enum role role);
/*
 * The number of workers of this role. asked: the option workers, their total; 0: by the number of
 * processors. shared: the store is.
 */
int workers_seats(enum role role, const struct fcgi_sockets *sockets, uint64_t asked,
	long processors, bool shared);
/* Sets the sockets that this role accepts from; -1: none. */
void workers_listeners(
	enum role role, const struct fcgi_sockets *sockets, int listeners[FCGI_SOCKETS]);
/* Whether workers of these roles answer all requests. */
bool workers_suffice(const bool roles[ROLES]);
