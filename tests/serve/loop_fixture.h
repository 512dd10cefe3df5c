#pragma once
/*
 * The event loop of a worker over an empty store in memory, and clients with a kept connection
 * each. A program that uses it calls fcgi_init() first.
 */
#include "serve/round.h"

#define LOOP_CLIENTS 4

struct loop_fixture {
	struct connection_shared shared;
	struct connections connections;
	struct round round;
	struct worker_counters counts;
	int clients[LOOP_CLIENTS]; /* their ends of the connections */
	/*
	 * Before loop_open(): a shared engine, with rounds and a journal; NULL: Berkeley DB without.
	 * loop_close() resets it.
	 */
	const struct engine_ops *engine;
};

extern struct loop_fixture loop;

/* Setup and teardown of each test. */
int loop_open(void **state);
int loop_close(void **state);
/* A round up to the responses, which are not sent. */
void loop_carry_out(void);
/* As many rounds as a request needs. */
void loop_run(void);
/* Sends a request of user "ann" of tenant "demo", who may read and write, and runs the loop. */
void loop_ask(size_t client, const char *method, const char *uri);
/* The same without running the loop. */
void loop_send(size_t client, const char *method, const char *uri);
/*
 * The same with the rights to work too. body: of JSON; "" without one. fields: further parameters,
 * pairs that end with NULL.
 */
void loop_send_body(size_t client, const char *method, const char *uri, const char *body,
	const char *const fields[]);
/* The status code of the response that has arrived; 0: none, -1: the connection was closed. */
int loop_status_of(size_t client);
