/* The operation that the task of a bulk asks for (dialect/bulk_action.h). */
#include "dialect/bulk_action.h"
#include "dialect/native/bulk.h"
#include "lib/check.h"
#include "task/member.h"

struct fixture {
	struct arena arena;
	struct request request;
	struct op bulk; /* of the request */
	struct task task;
	struct op op; /* that the task asks for */
	struct err err;
};

/* Decodes a request, and makes its task as the store does. */
static void begin(struct fixture *fixture, const char *body)
{
	*fixture = (struct fixture){
		.request = { .arena = &fixture->arena, .body_limit = 262144 },
	};
	fixture->request.body = str_cstr(body);
	fixture->bulk.arena = fixture->op.arena = &fixture->arena;
	must(native_decode_bulk(&fixture->request, &fixture->bulk, &fixture->err), &fixture->err);
	must(task_apply_change(&fixture->task, &fixture->bulk.change, 1000, &fixture->err),
		&fixture->err);
}

static void read_op(struct fixture *fixture, const char *body)
{
	begin(fixture, body);
	must(bulk_action_read(&fixture->task, &fixture->op, &fixture->err), &fixture->err);
}

static void end(struct fixture *fixture)
{
	arena_free(&fixture->arena);
}

static void assert_same_filter(const struct list_filter *a, const struct list_filter *b)
{
	assert_int_equal(a->field, b->field);
	assert_true(str_eq(a->value, b->value));
	assert_int_equal(a->more_value_count, b->more_value_count);
	for (size_t i = 0; i < a->more_value_count; i++)
		assert_true(str_eq(a->more_values[i], b->more_values[i]));
}

static void assert_same_list(const struct op *a, const struct op *b)
{
	assert_int_equal(a->dialect, b->dialect);
	assert_int_equal(a->list.filter_count, b->list.filter_count);
	for (size_t i = 0; i < a->list.filter_count; i++)
		assert_same_filter(&a->list.filters[i], &b->list.filters[i]);
	assert_int_equal(a->list.dialect_count, b->list.dialect_count);
	assert_memory_equal(a->list.dialects ? a->list.dialects : (const uint8_t *)"",
		b->list.dialects ? b->list.dialects : (const uint8_t *)"", a->list.dialect_count);
	assert_memory_equal(&a->list.created, &b->list.created, sizeof(a->list.created));
	assert_memory_equal(&a->list.updated, &b->list.updated, sizeof(a->list.updated));
	assert_int_equal(a->list.scope, b->list.scope);
	assert_int_equal(a->list.sort_count, 1);
	assert_int_equal(b->list.sort_count, 1);
	assert_int_equal(a->list.sorts[0].field, INDEX_BY_CREATED);
	assert_int_equal(a->list.sorts[0].descending, b->list.sorts[0].descending);
	assert_true(a->list.allow_partial);
	assert_true(b->list.allow_partial);
	assert_false(b->list.want_total);
}

static void the_list_is_that_of_the_request(void **state)
{
	static const char *const filters[] = {
		"{\"state\":\"failed\"}",
		"{\"kind\":[\"a\",null,\"b\"],\"priority\":[1,\"2\"],\"archived\":\"any\"}",
		"{\"dialect\":[\"idol\",\"virtshell\"],\"created_to\":\"2015-04-01T00:00:00Z\"}",
		"{\"dialect\":\"virtshell\",\"status\":\"running\",\"archived\":true}",
		"{\"dialect\":\"idol\",\"number\":[5,\"6\"],\"updated_from\":\"2015-04-01T00:00:00Z\"}",
		"{\"failure\":\"reported\",\"kind\":\"\\u00e9\\\\\\\"\"}",
	};
	char body[400];
	(void)state;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct fixture fixture;

		snprintf(body, sizeof(body), "{\"do\":\"archive\",\"filter\":%s}", filters[i]);
		read_op(&fixture, body);
		assert_same_list(&fixture.bulk, &fixture.op);
		end(&fixture);
	}
}

static void hooks_are_those_of_a_request(const struct op *op, bool writes, bool follows)
{
	assert_true(op->before_write == (writes ? native_before_write : NULL));
	assert_true(op->follow == (follows ? native_follow : NULL));
	assert_null(op->hook_data);
}

static void cancel_sets_the_state(void **state)
{
	struct fixture fixture;
	(void)state;

	read_op(&fixture, "{\"do\":\"cancel\",\"filter\":{\"state\":\"running\"}}");
	assert_int_equal(fixture.op.kind, OP_UPDATE);
	assert_int_equal(fixture.op.change.state, TASK_CANCELLED);
	assert_int_equal(fixture.op.change.status.len, 0);
	assert_int_equal(fixture.op.change.set, 0);
	assert_true(fixture.op.only_changes);
	assert_false(fixture.op.leave_end);
	assert_false(fixture.op.list.sorts[0].descending);
	hooks_are_those_of_a_request(&fixture.op, true, true);
	end(&fixture);
}

static void retry_is_a_report(void **state)
{
	struct fixture fixture;
	(void)state;

	read_op(&fixture, "{\"do\":\"retry\",\"filter\":{\"state\":\"failed\"}}");
	assert_int_equal(fixture.op.kind, OP_UPDATE);
	assert_int_equal(fixture.op.report.kind, REPORT_RETRY);
	assert_int_equal(fixture.op.change.state, TASK_STATE_NONE);
	assert_true(fixture.op.leave_end);
	assert_false(fixture.op.list.sorts[0].descending);
	hooks_are_those_of_a_request(&fixture.op, true, true);
	end(&fixture);
}

static void archive_and_delete_begin_with_the_newest(void **state)
{
	struct fixture fixture;
	(void)state;

	read_op(&fixture, "{\"do\":\"archive\",\"filter\":{\"state\":\"failed\"}}");
	assert_int_equal(fixture.op.kind, OP_ARCHIVE);
	assert_true(fixture.op.list.sorts[0].descending);
	assert_int_equal(fixture.bulk.right, RIGHT_NONE);
	hooks_are_those_of_a_request(&fixture.op, true, false);
	end(&fixture);
	read_op(&fixture, "{\"do\":\"delete\",\"filter\":{\"state\":\"failed\"}}");
	assert_int_equal(fixture.op.kind, OP_REMOVE);
	assert_true(fixture.op.list.sorts[0].descending);
	assert_int_equal(fixture.bulk.right, RIGHT_ADMIN);
	hooks_are_those_of_a_request(&fixture.op, false, true);
	end(&fixture);
}

static void set_priority_changes_nothing_else(void **state)
{
	struct fixture fixture;
	(void)state;

	read_op(&fixture,
		"{\"do\":\"set_priority\",\"priority\":-2147483648,\"filter\":{\"priority\":3}}");
	assert_int_equal(fixture.op.kind, OP_UPDATE);
	assert_int_equal(fixture.op.change.set, CHANGE_PRIORITY);
	assert_int_equal(fixture.op.change.priority, INT32_MIN);
	assert_int_equal(fixture.op.change.state, TASK_STATE_NONE);
	assert_int_equal(fixture.op.change.field_count, 0);
	assert_true(fixture.op.only_changes);
	hooks_are_those_of_a_request(&fixture.op, true, true);
	end(&fixture);
}

static void damaged_fields_are_an_internal_error(void **state)
{
	static const struct {
		const char *name, *json;
	} damages[] = {
		{ "do", "" },
		{ "do", "\"purge\"" },
		{ "do", "5" },
		{ "do", "\"set_priority\"" },
		{ "filter", "" },
		{ "filter", "{}" },
		{ "filter", "\"state\"" },
		{ "filter", "{\"state\":\"done\"}" },
		{ "filter", "{\"state\":\"failed\",\"sort\":\"created\"}" },
		{ "priority", "5" },
		{ "priority", "{" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct fixture fixture;

		begin(&fixture, "{\"do\":\"cancel\",\"filter\":{\"state\":\"running\"}}");
		task_set_field(&fixture.task,
			(struct field){ str_cstr(damages[i].name), str_cstr(damages[i].json) });
		assert_false(bulk_action_read(&fixture.task, &fixture.op, &fixture.err));
		assert_err(&fixture.err, ERR_INTERNAL);
		assert_int_equal(fixture.op.kind, OP_NONE);
		end(&fixture);
	}
}

static void a_task_without_fields_is_an_internal_error(void **state)
{
	struct arena arena = { 0 };
	struct task task = { 0 };
	struct op op = { .arena = &arena };
	struct err err;
	(void)state;

	assert_fails(bulk_action_read(&task, &op, &err), &err, ERR_INTERNAL);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(the_list_is_that_of_the_request),
		CHECK(cancel_sets_the_state),
		CHECK(retry_is_a_report),
		CHECK(archive_and_delete_begin_with_the_newest),
		CHECK(set_priority_changes_nothing_else),
		CHECK(damaged_fields_are_an_internal_error),
		CHECK(a_task_without_fields_is_an_internal_error),
	};

	return CHECK_RUN(tests);
}
