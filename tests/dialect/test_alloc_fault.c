/*
 * Runs every vector with each of its allocations failing in turn, alone and together with all later
 * ones. The result must be an error or the complete response, never a part of it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dialect/vector.h"
#include "http/alloc_fault.h"
#include "lib/check.h"

/*
 * The linker replaces calls of these functions too (--wrap): an arena allocates large blocks, and
 * most of its allocations never call malloc.
 */
void *__real_arena_alloc(struct arena *arena, size_t size);
struct str __real_arena_copy(struct arena *arena, struct str text);
void *__wrap_arena_alloc(struct arena *arena, size_t size);
struct str __wrap_arena_copy(struct arena *arena, struct str text);

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
	return alloc_fault_must_fail() ? NULL : __real_arena_alloc(arena, size);
}

struct str __wrap_arena_copy(struct arena *arena, struct str text)
{
	return alloc_fault_must_fail() ? STR_NULL : __real_arena_copy(arena, text);
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

/* Lets the n-th allocation fail; returns false if the run needs fewer. */
static bool fail_at(
	struct vector *vector, const struct outcome *expected, enum alloc_fault kind, unsigned n)
{
	struct outcome outcome;
	bool hit;

	vector_setup(vector, &outcome);
	alloc_fault_begin(kind, n);
	run(vector, &outcome);
	hit = alloc_fault_end();
	if (!same_response(&outcome, expected, vector->dialect) &&
		!(hit && is_error_response(&outcome, expected)))
		fail_msg("allocation %u: %s, status %d, body %.*s", n, err_text(&outcome.err),
			outcome.response.status, STR_ARGS(buf_str(&outcome.response.body)));
	vector_teardown(&outcome);
	return hit;
}

static void one_vector(void **state)
{
	struct vector vector;
	struct outcome expected;
	unsigned count = 0;

	vector_open(&vector, *state);
	vector_setup(&vector, &expected);
	run(&vector, &expected);
	while (fail_at(&vector, &expected, ALLOC_FAULT_ONCE, count))
		count++;
	while (count > 0)
		assert_true(fail_at(&vector, &expected, ALLOC_FAULT_FROM_THERE_ON, --count));
	vector_teardown(&expected);
	vector_close(&vector);
}

static void allocations_do_fail(void **state)
{
	struct arena arena = { 0 };
	struct str copy;
	json_t *json;

	(void)state;
	alloc_fault_begin(ALLOC_FAULT_FROM_THERE_ON, 0);
	json = json_object();
	copy = arena_copy(&arena, STR("a"));
	assert_true(alloc_fault_end());
	assert_null(json);
	assert_null(copy.ptr);
}

int main(void)
{
	static const struct CMUnitTest more = CHECK(allocations_do_fail);

	return vector_run_all(one_vector, &more);
}
