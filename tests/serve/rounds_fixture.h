#pragma once
/*
 * The loop of a worker over a shared engine in memory, whose rounds fail as memory_faults says. All
 * requests are of one user of the tenant "demo".
 */
#include "lib/check.h"
#include "serve/loop_fixture.h"
#include "store/memory_rounds.h"

#define ROUNDS_BURST 100000 /* requests that the user may make */

/* Setup and teardown of each test. */
int rounds_open(void **state);
int rounds_close(void **state);
#define ROUNDS_TEST(function) cmocka_unit_test_setup_teardown(function, rounds_open, rounds_close)

/* The next flushes of a round fail: nothing of it was made. */
void rounds_lose(unsigned times);
/* Sends a batch of 900 tasks, which takes several slices unless it is atomic. */
void rounds_send_batch(size_t client, const char *uri);
/* Sends POST and runs the loop until a lost round was run again as often as it may be. */
void rounds_post(size_t client, const char *uri, const char *body);
void rounds_run(void);
/* Creates a task, with no faults, and has its answer. */
void rounds_make_task(void);
/* Claims one task. Returns how many were given; asserts that the response has the status. */
size_t rounds_claim(size_t client, int status);
#define ROUNDS_URI   60
#define ROUNDS_TOKEN 17
/* Creates a task, claims it, and writes its path and the token of the claim. */
void rounds_claim_task(char uri[ROUNDS_URI], char token[ROUNDS_TOKEN]);
/* Opens a round, as a change of another tenant does, before requests are carried out. */
void rounds_open_round(void);
/* Tasks of the tenant that are stored. */
uint64_t rounds_count(void);
/*
 * Appends the head and the body of the response that a client has got. Returns its status code; 0:
 * there is none, -1: the connection was closed.
 */
int rounds_take(size_t client, struct buf *out);
/* Asserts the status, and that the response has the text. */
void rounds_expect(size_t client, int status, const char *text);
/* Asserts that the client has no response. */
void rounds_expect_none(size_t client);
/* How many requests the user has been charged for, those of this function included. */
uint64_t rounds_charged(void);
