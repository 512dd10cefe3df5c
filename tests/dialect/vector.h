#pragma once
/*
 * One vector of tests/vectors/<dialect>/: a request, the operation or error that it must decode to,
 * and the response to a given result. HACKING has the format.
 */
#include "dialect/dialect.h"
#include "http/json.h"
#include "lib/check.h"

struct vector {
	json_t *json; /* owns every text below */
	const struct dialect *dialect;
	json_t *request, *expect, *result, *response, *retention;
	struct arena arena;
};

#define VECTOR_ROWS_MAX 8

/* The context of every vector's request. */
#define VECTOR_USER	    "92d30f0c-8c9c-11e5-8994-feff819cdc9f"
#define VECTOR_TENANT	    "demo"
#define VECTOR_NOW	    1429207233123
#define VECTOR_BODY_LIMIT   262144
#define VECTOR_NEW_ID	    "ab8076c0-db91-71e2-82ce-0002a5d5c51b"
#define VECTOR_COMPANION_ID "ab8076c0-db91-71e2-82ce-0002a5d5c51c"
#define VECTOR_URL	    "https://tasks.example.com"
#define VECTOR_ZONE	    "Europe/Paris"
/*
 * The webhook that a change begins with: of the native format, POST, enabled, max_parallel 4, types
 * task.failed, the header field X-Key: secret, the query parameter source=tasks.
 */
#define VECTOR_WEBHOOK_URL "https://hooks.example.com/old"

/* Input and output of the code under test. */
struct outcome {
	struct arena arena; /* the request's */
	struct request request;
	struct retention retention;
	enum err_code store_error; /* of the store; ERR_NONE: result is valid */
	const char *error_field;   /* err.field of that error, or NULL */
	struct result result;
	struct task rows[VECTOR_ROWS_MAX];
	size_t row_count;
	struct batch_answer batch;
	struct bulk_answer bulk;
	struct err item_errors[VECTOR_ROWS_MAX]; /* of the items of a batch; ERR_NONE: a row */
	struct str next;
	struct buf allow; /* err.detail borrows from it */

	const struct route *route;
	struct op op;
	struct webhook webhook; /* OP_WEBHOOK that changes one: after the change */
	struct err err;
	bool decoded;
	struct response response;
};

/* Fails the test if the file is not a vector. */
void vector_open(struct vector *vector, const char *path);
void vector_close(struct vector *vector);
/* Prepares the input of the code under test. */
void vector_setup(struct vector *vector, struct outcome *outcome);
/* Parses the request, finds the route and decodes it to an operation or an error. */
void vector_decode(const struct vector *vector, struct outcome *outcome);
/* Encodes the vector's result, or the error. */
void vector_encode(const struct vector *vector, struct outcome *outcome);
void vector_teardown(struct outcome *outcome);
/*
 * Runs test once for each file of tests/vectors/, with the path as *state, then one more test
 * unless it is NULL. Returns the number of failures.
 */
int vector_run_all(CMUnitTestFunction test, const struct CMUnitTest *more);

/* ---- parts; the vector's arena owns what is filled in, and json may be NULL ---- */

/* Memory of the vector's arena. */
void *vector_alloc(struct vector *vector, size_t size);
/* A task as in an export (admin/task_json.h); members that the vector leaves out have defaults. */
void vector_fill_task(struct vector *vector, const json_t *from, struct task *task);
/* The result of a claim; the arena owns it. */
void vector_fill_claimed(struct vector *vector, const json_t *claimed, struct result *result);
/* The error of that name; without one the test fails. */
enum err_code vector_err_code(const char *name);
/* Fills in what became of the items of a batch. */
void vector_fill_batch(struct vector *vector, const json_t *items, struct outcome *outcome);
/* Fills in what became of a bulk, or of a dry run. */
void vector_fill_bulk(const json_t *json, struct outcome *outcome);
/* Before the encoder, after the decoder: makes the result of an atomic batch. */
void vector_refuse_batch(struct outcome *outcome);
/* Encodes the items. */
bool vector_put_items(struct outcome *outcome);
void vector_fill_entry(struct vector *vector, json_t *json, struct journal_entry *entry);
void vector_fill_history(struct vector *vector, json_t *json, struct result *result);
void vector_fill_feed(struct vector *vector, json_t *json, struct result *result);
void vector_fill_series(struct vector *vector, json_t *series, struct result *result);
void vector_fill_health(struct vector *vector, const json_t *checks, struct result *result);
void vector_fill_usage(const json_t *usage, struct result *result);
void vector_fill_webhooks(struct vector *vector, json_t *json, struct result *result);
void vector_fill_access(struct vector *vector, json_t *json, struct result *result);
/* Makes outcome.webhook by op.webhook->change. False: it refuses, as in the store. */
bool vector_change_webhook(struct outcome *outcome);
/* What op.feed, a filter of events, and op.webhook have, as in "op"; the caller owns it. */
json_t *vector_feed(const struct op_feed *feed);
json_t *vector_filter(const struct feed_filter *filter);
json_t *vector_webhook(const struct outcome *outcome);
/* What op.batch has, as in "op"; the caller owns it. */
json_t *vector_batch(const struct op *op, const struct dialect *dialect);
/* The operation in the form of a vector's "op", without "right"; the caller owns it. */
json_t *vector_op_json(const struct op *op, const struct dialect *dialect, const char *usual_id);
/* What op.claim, op.report and op.retry have, as in "op"; the caller owns it. */
json_t *vector_claim(const struct op_claim *claim);
json_t *vector_report(const struct op_report *report);
json_t *vector_retry(const struct op_retry *retry);
/* What op.bulk has, as in "op"; the caller owns it. */
json_t *vector_bulk(const struct op_bulk *bulk);
/* What op.stats asks for, as in "op"; the caller owns it. */
json_t *vector_stats(const struct op_stats *stats);
json_t *vector_series(const struct op_series *series);
/* What op.access asks for, as in "op"; the caller owns it. */
json_t *vector_access(const struct op_access *access);
/* The operation in the form of a vector's "op"; the caller owns it. */
json_t *vector_op(const struct outcome *outcome, const struct dialect *dialect);
