/*
 * Runs every vector with each of its allocations failing in turn, alone and together with all later
 * ones. The result must be an error or the complete response, never a part of it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dialect/vector.h"
#include "lib/check.h"

static struct {
	bool armed, lasting;
	long left; /* allocations that still succeed */
	bool fired;
} fault;

static bool must_fail(void)
{
	if (!fault.armed || fault.left-- > 0)
		return false;
	if (fault.fired && !fault.lasting)
		return false;
	fault.fired = true;
	return true;
}

/* The linker replaces calls of malloc and the like by these (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);

void *__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return must_fail() ? NULL : __real_realloc(at, size);
}

/* An arena allocates large blocks: most of its allocations never call malloc. */
void *__real_arena_alloc(struct arena *arena, size_t size);
struct str __real_arena_copy(struct arena *arena, struct str text);
void *__wrap_arena_alloc(struct arena *arena, size_t size);
struct str __wrap_arena_copy(struct arena *arena, struct str text);

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
	return must_fail() ? NULL : __real_arena_alloc(arena, size);
}

struct str __wrap_arena_copy(struct arena *arena, struct str text)
{
	return must_fail() ? STR_NULL : __real_arena_copy(arena, text);
}

static void run(const struct vector *vector, struct outcome *outcome)
{
	vector_decode(vector, outcome);
	if (!outcome->decoded || vector->result)
		vector_encode(vector, outcome);
}

static bool same_op(const struct outcome *a, const struct outcome *b, const struct dialect *dialect)
{
	json_t *left = vector_op(a, dialect), *right = vector_op(b, dialect);
	bool same = json_equal(left, right);

	json_decref(left);
	json_decref(right);
	return same;
}

static bool same_response(
	const struct outcome *a, const struct outcome *b, const struct dialect *dialect)
{
	if (a->decoded && b->decoded && !same_op(a, b, dialect))
		return false;
	return a->decoded == b->decoded && a->err.code == b->err.code &&
	       a->response.status == b->response.status &&
	       a->response.media_type == b->response.media_type &&
	       str_eq(buf_str(&a->response.body), buf_str(&b->response.body));
}

/* Whether it is the expected error or that of memory, with a whole body or none. */
static bool is_error_response(const struct outcome *outcome, const struct outcome *expected)
{
	const struct response *response = &outcome->response;

	if (outcome->err.code != ERR_NO_MEMORY && outcome->err.code != expected->err.code)
		return false;
	if (response->status < 400)
		return false;
	return response->media_type
		       ? strchr("]}", response->body.data[response->body.len - 1]) != NULL
		       : response->body.len == 0;
}

/* Lets the allocation after so many fail; returns false if the run did not need it. */
static bool fail_at(struct vector *vector, const struct outcome *expected, long left, bool lasting)
{
	struct outcome outcome;
	bool fired;

	vector_setup(vector, &outcome);
	fault.lasting = lasting;
	fault.left = left;
	fault.fired = false;
	fault.armed = true;
	run(vector, &outcome);
	fault.armed = false;
	fired = fault.fired;
	if (!same_response(&outcome, expected, vector->dialect) &&
		!(fired && is_error_response(&outcome, expected)))
		fail_msg("allocation %ld: %s, status %d, body %.*s", left, err_text(&outcome.err),
			outcome.response.status, STR_ARGS(buf_str(&outcome.response.body)));
	vector_teardown(&outcome);
	return fired;
}

static void one_vector(void **state)
{
	struct vector vector;
	struct outcome expected;
	long count = 0;

	vector_open(&vector, *state);
	vector_setup(&vector, &expected);
	run(&vector, &expected);
	while (fail_at(&vector, &expected, count, false))
		count++;
	while (count > 0)
		assert_true(fail_at(&vector, &expected, --count, true));
	vector_teardown(&expected);
	vector_close(&vector);
}

static void allocations_do_fail(void **state)
{
	struct arena arena = { 0 };
	json_t *json;
	bool failed;

	(void)state;
	fault.left = 0;
	fault.fired = false;
	fault.lasting = true;
	fault.armed = true;
	json = json_object();
	failed = !json && !arena_copy(&arena, STR("a")).ptr;
	fault.armed = false;
	assert_true(failed);
}

int main(void)
{
	static const struct CMUnitTest more = CHECK(allocations_do_fail);

	json_set_alloc_funcs(malloc, free);
	return vector_run_all(one_vector, &more);
}
