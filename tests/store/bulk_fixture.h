#pragma once
/*
 * Shared by the tests of bulks. Helpers end the test on failure. The tasks of fixture.h: tenant
 * "acme", the number as id.
 */
#include "claim_fixture.h"
#include "store/bulk/bulk.h"
#include "store/bulks.h"

#define BULK 900 /* number of the task of a bulk */

/* What each bulk does to each task of the list in it. */
extern struct op bulk_action;
/* An action on all tasks in a state. */
struct op bulk_action_on(const char *state, enum op_kind kind);
/* Sets bulk_action to retry all failed tasks. */
void bulk_set_retry(void);

/* The OP_BULK of bulk_action; the task of the bulk has that number. */
struct op bulk_op(struct op_bulk *bulk, unsigned number);
/* Applies it; returns the count. Only a dry run sets the token. */
uint64_t bulk_apply(struct store *store, const struct op *op, char token[BULK_TOKEN_SIZE]);
/* Both, without a token. */
uint64_t bulk_start(struct store *store, unsigned number);
/* One step of the keeper: a task of the page, or one transaction. False: no bulk runs. */
bool bulk_run_once(struct store *store, struct store_bulks *bulks);
void bulk_run_all(struct store *store);

/* Creates tasks with numbers from `from` on. type: NULL or JSON text. */
void bulk_create_in(struct store *store, unsigned from, unsigned count, enum task_state state,
	const char *type);
/* How many of them are in the state. */
unsigned bulk_count_in(struct store *store, enum task_state state, unsigned from, unsigned count);

/* The error of a client's request that changes the task of a bulk. */
enum err_code bulk_change(
	struct store *store, unsigned number, enum op_kind kind, enum task_state to);
void bulk_cancel(struct store *store, unsigned number);
/* Progress and, if it has succeeded, result. */
void bulk_expect_counts(struct store *store, unsigned number, const char *json);
/* Whether BULK has a row. */
bool bulk_has_row(struct store *store);
