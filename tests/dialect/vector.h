#pragma once
/*
 * One vector of tests/vectors/<dialect>/: a request, what it must decode to, and what the answer to
 * a given result must be. HACKING has the format.
 */
#include "dialect/dialect.h"
#include "http/json.h"

struct vector {
	json_t *json; /* owns every text below */
	const struct dialect *dialect;
	json_t *request, *expect, *result, *response;
	struct arena arena;
};

#define VECTOR_ROWS_MAX 8

/* What a vector's request stands in: who asks, when, what is made. */
#define VECTOR_USER	    "92d30f0c-8c9c-11e5-8994-feff819cdc9f"
#define VECTOR_TENANT	    "demo"
#define VECTOR_NOW	    1429207233123
#define VECTOR_NEW_ID	    "ab8076c0-db91-71e2-82ce-0002a5d5c51b"
#define VECTOR_COMPANION_ID "ab8076c0-db91-71e2-82ce-0002a5d5c51c"
#define VECTOR_URL	    "https://tasks.example.com"
#define VECTOR_ZONE	    "Europe/Paris"

/* What the code under test is given, and what it made of it. */
struct outcome {
	struct arena arena; /* the request's own */
	struct request request;
	enum err_code store_error; /* what the store would say; ERR_NONE: the result below */
	struct result result;
	struct task rows[VECTOR_ROWS_MAX];
	size_t row_count;
	struct str next;
	struct buf allow; /* what err.detail borrows from */

	const struct route *route;
	struct op op;
	struct err err;
	bool decoded;
	struct response response;
};

/* Ends the test when the file is not a vector. */
void vector_open(struct vector *vector, const char *path);
void vector_close(struct vector *vector);
/* Sets up what the code under test is given. */
void vector_setup(struct vector *vector, struct outcome *outcome);
/* Runs it: parses, finds the row, decodes up to the operation or the error. */
void vector_decode(const struct vector *vector, struct outcome *outcome);
/* Runs it: encodes the given result, or refuses. */
void vector_encode(const struct vector *vector, struct outcome *outcome);
void vector_teardown(struct outcome *outcome);
/* The operation in the form of a vector's "op"; the caller owns it. */
json_t *vector_op(const struct outcome *outcome, const struct dialect *dialect);
