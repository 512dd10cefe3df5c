/* Runs every file of tests/vectors/<dialect>/ as one test case (HACKING has the format). */
#include <stdio.h>
#include <stdlib.h>

#include "dialect/check.h"
#include "dialect/vector.h"
#include "lib/check.h"
#include "task/member.h"

static void assert_json_equal(json_t *wanted, json_t *found)
{
	char *left, *right;

	if (json_equal(wanted, found))
		return;
	left = json_dumps(wanted, JSON_SORT_KEYS);
	right = json_dumps(found, JSON_SORT_KEYS);
	print_error("wanted %s\nfound  %s\n", left, right);
	free(left);
	free(right);
	fail();
}

static void check_decoded(struct vector *vector, const struct outcome *outcome)
{
	json_t *error = json_object_get(vector->expect, "error");
	json_t *op = json_object_get(vector->expect, "op"), *found;

	assert_int_equal(json_object_size(vector->expect), 1);
	if (error) {
		assert_false(outcome->decoded);
		assert_string_equal(err_name(outcome->err.code), json_string_value(error));
		return;
	}
	if (!outcome->decoded)
		fail_msg("%s: %s", err_name(outcome->err.code), err_text(&outcome->err));
	found = vector_op(outcome, vector->dialect);
	assert_json_equal(op, found);
	json_decref(found);
}

/* As the store makes the task of a creation (store/tasks/operation.c). */
static struct task make_task(const struct op *op, const struct op *of)
{
	struct task task = {
		.id = op->new_id,
		.tenant = of->tenant,
		.dialect = op->dialect,
		.created = of->now,
		.updated = of->now,
		.revision = 1,
		.number = op->assign_number,
		.created_by = of->actor,
		.updated_by = of->actor,
	};
	struct err err;

	if (op->change.state == TASK_STATE_NONE)
		task_set_state(&task, TASK_PENDING, of->now);
	must(task_apply_change(&task, &op->change, of->now, &err), &err);
	if (op->before_write)
		must(op->before_write(op, NULL, &task, &err), &err);
	return task;
}

/* An export can be imported: what requests create passes the check of an import. */
static void check_created(const struct outcome *outcome)
{
	const struct op *op = &outcome->op;
	struct task task;
	struct err err;

	if (!outcome->decoded || outcome->store_error != ERR_NONE)
		return;
	if (op->kind == OP_CREATE || op->kind == OP_UPSERT) {
		task = make_task(op, op);
		must(dialect_check_task(NULL, &task, &err), &err);
	}
	if (op->companion) {
		task = make_task(op->companion, op);
		must(dialect_check_task(NULL, &task, &err), &err);
	}
}

static bool reads_webhooks(const struct op *op)
{
	enum webhook_action action = op->kind == OP_WEBHOOK ? op->webhook->action : 0;

	return action == WEBHOOK_LIST || action == WEBHOOK_READ || action == WEBHOOK_DELIVERIES ||
	       action == WEBHOOK_DELIVERY;
}

static bool reads_access(const struct op *op)
{
	enum access_action action = op->kind == OP_ACCESS ? op->access->action : 0;

	return action == ACCESS_USERS || action == ACCESS_USER || action == ACCESS_CREDENTIALS ||
	       action == ACCESS_CREDENTIAL;
}

/* nginx sends such a route to the readers. */
static void check_read_changes_nothing(const struct outcome *outcome)
{
	enum op_kind kind = outcome->op.kind;

	if (outcome->decoded && route_is_read(outcome->route))
		assert_true(kind == OP_NONE || kind == OP_READ || kind == OP_LIST ||
			    kind == OP_HISTORY || kind == OP_STATS || kind == OP_SERIES ||
			    kind == OP_WORKERS || kind == OP_FEED || kind == OP_USAGE ||
			    kind == OP_HEALTH || reads_webhooks(&outcome->op) ||
			    reads_access(&outcome->op));
}

static void check_body(
	struct vector *vector, const struct response *response, json_t *wanted, const char *type)
{
	struct str text;

	if (json_is_null(wanted)) {
		assert_null(response->media_type);
		assert_int_equal(response->body.len, 0);
		return;
	}
	text = json_text(wanted, &vector->arena);
	assert_non_null(text.ptr);
	assert_str(buf_str(&response->body), text.ptr);
	assert_non_null(response->media_type);
	if (!type)
		assert_string_equal(response->media_type, vector->dialect->media_type);
}

static void check_headers(const struct response *response, json_t *headers)
{
	const char *name;
	json_t *value;

	json_object_foreach (headers, name, value) {
		char line[200];

		snprintf(line, sizeof(line), "%s: %s\r\n", name, json_string_value(value));
		assert_non_null(memmem(buf_str(&response->headers).ptr, response->headers.len, line,
			strlen(line)));
	}
}

/* A response with a media type is valid JSON, unless it is plain text. */
static void check_is_json(const struct response *response)
{
	json_t *json;
	struct err err;

	if (!response->media_type || strncmp(response->media_type, "text/", 5) == 0)
		return;
	must(json_parse_strict(&json, buf_str(&response->body), &err), &err);
	json_decref(json);
}

static void check_response(struct vector *vector, const struct response *response)
{
	json_t *body = NULL, *part = NULL, *headers = NULL;
	const char *type = NULL;
	json_error_t error;
	int status;

	check_is_json(response);
	if (!vector->response)
		return;
	if (json_unpack_ex(vector->response, &error, 0, "{s:i, s?s, s?o, s?o, s?o !}", "status",
		    &status, "media_type", &type, "body", &body, "body_contains", &part, "headers",
		    &headers) != 0)
		fail_msg("response: %s", error.text);
	assert_int_equal(response->status, status);
	if (type)
		assert_string_equal(response->media_type ? response->media_type : "", type);
	if (body)
		check_body(vector, response, body, type);
	if (part)
		assert_non_null(memmem(buf_str(&response->body).ptr, response->body.len,
			json_string_value(part), json_string_length(part)));
	check_headers(response, headers);
}

static void one_vector(void **state)
{
	struct vector vector;
	struct outcome outcome;

	vector_open(&vector, *state);
	vector_setup(&vector, &outcome);
	vector_decode(&vector, &outcome);
	check_decoded(&vector, &outcome);
	check_created(&outcome);
	check_read_changes_nothing(&outcome);
	if (!outcome.decoded || vector.result) {
		vector_encode(&vector, &outcome);
		check_response(&vector, &outcome.response);
	} else {
		assert_null(vector.response);
	}
	vector_teardown(&outcome);
	vector_close(&vector);
}

int main(void)
{
	return vector_run_all(one_vector, NULL);
}
