/*
 * The native API's hook inside the transaction: states and statuses, nested merge patches, the
 * dialect's validation. Also the filters on the indexes of every dialect.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dialect/dialect.h"
#include "http/alloc_fault.h"
#include "http/json.h"
#include "lib/check.h"
#include "task/member.h"

#define NOW    1429207233123
#define BEFORE 1429205633000

/* A request and its operation; both borrow from the arena. */
struct fixture {
	struct arena arena;
	struct request request;
	struct op op;
	struct err err;
};

static void setup_request(
	struct fixture *fixture, const char *method, const char *uri, const char *body)
{
	struct request *request = &fixture->request;
	struct err err;

	*fixture = (struct fixture){ .request = { .now = NOW, .body_limit = 4096 } };
	request->arena = &fixture->arena;
	request->body = str_cstr(body);
	fixture->op = (struct op){ .arena = &fixture->arena, .now = NOW, .new_id = { { 1 } } };
	must(request_add_cgi_param(request, STR("REQUEST_METHOD"), str_cstr(method), &err), &err);
	must(request_add_cgi_param(request, STR("REQUEST_URI"), str_cstr(uri), &err), &err);
}

static void setup_patch(struct fixture *fixture, const char *body)
{
	setup_request(fixture, "PATCH", "/v1/tasks/018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e", body);
}

static bool decode(struct fixture *fixture)
{
	const struct route *row;
	unsigned allowed;
	size_t skip;

	if (!request_parse(&fixture->request, &fixture->err))
		return false;
	assert_ptr_equal(dialect_by_path(&fixture->request, &skip), &native_dialect);
	assert_int_equal(route_find(native_dialect.routes, &fixture->request, skip, &row, &allowed),
		ROUTE_FOUND);
	return row->decode(&fixture->request, &fixture->op, &fixture->err);
}

/* ---- patches ---- */

struct patch {
	const char *name;
	const char *dialect, *status; /* the task before */
	const char *field, *json;     /* its only field, or progress; or NULL */
	const char *body;	      /* the patch */
	/* the task after; NULL: as before */
	const char *new_status, *new_state, *new_json;
	const char *errors; /* prefix of the response's errors; NULL: accepted */
};

static const struct patch patches[] = {
	{ "a state sets the dialect's status", "virtshell", "pending", NULL, NULL,
		"{\"state\":\"running\"}", "in progress", "running", NULL, NULL },
	{ "a status sets the state", "virtshell", "pending", NULL, NULL,
		"{\"status\":\"provisioned\"}", "provisioned", "succeeded", NULL, NULL },
	{ "a state has several statuses", "virtshell", "pending", NULL, NULL,
		"{\"status\":\"installing\"}", "installing", "running", NULL, NULL },
	{ "a status that already means the state is kept", "virtshell", "installing", NULL, NULL,
		"{\"state\":\"running\"}", "installing", "running", NULL, NULL },
	{ "another state sets its first status", "virtshell", "installing", NULL, NULL,
		"{\"state\":\"succeeded\"}", "sucess", "succeeded", NULL, NULL },
	{ "an open set accepts an unknown status", "virtshell", "pending", NULL, NULL,
		"{\"status\":\"melting\"}", "melting", "running", NULL, NULL },
	{ "a state and a status that agree are accepted", "virtshell", "pending", NULL, NULL,
		"{\"status\":\"error\",\"state\":\"failed\"}", "error", "failed", NULL, NULL },
	{ "a state and a status that disagree are rejected", "virtshell", "pending", NULL, NULL,
		"{\"status\":\"error\",\"state\":\"running\"}", NULL, NULL, NULL,
		"[{\"pointer\":\"/status\",\"detail\":\"In the dialect virtshell" },
	{ "a closed set rejects an unknown status", "native", "pending", NULL, NULL,
		"{\"status\":\"done\"}", NULL, NULL, NULL,
		"[{\"pointer\":\"/status\",\"detail\":\"The dialect native has no" },
	{ "a status of another dialect is rejected", "native", "pending", NULL, NULL,
		"{\"status\":\"processing\"}", NULL, NULL, NULL, "[{\"pointer\":\"/status\"" },
	{ "a failed task may be retried", "native", "failed", NULL, NULL, "{\"state\":\"pending\"}",
		"pending", "pending", NULL, NULL },
	{ "an ended task keeps its state", "native", "succeeded", NULL, NULL,
		"{\"state\":\"pending\"}", NULL, NULL, NULL, "[{\"pointer\":\"/state\"" },
	{ "a status does not move it either", "uplynk", "COMPLETED", NULL, NULL,
		"{\"status\":\"FAILED\"}", NULL, NULL, NULL, "[{\"pointer\":\"/state\"" },
	{ "force moves it", "native", "succeeded", NULL, NULL,
		"{\"state\":\"pending\",\"force\":true}", "pending", "pending", NULL, NULL },
	{ "a patch without state and status keeps both", "native", "running", NULL, NULL,
		"{\"priority\":1}", "running", "running", NULL, NULL },

	{ "a field is replaced", "native", "pending", "f", "1", "{\"fields\":{\"f\":[2]}}", NULL,
		NULL, "[2]", NULL },
	{ "null removes a field", "native", "pending", "f", "1", "{\"fields\":{\"f\":null}}", NULL,
		NULL, "", NULL },
	{ "objects are merged", "native", "pending", "f", "{\"a\":1,\"b\":2}",
		"{\"fields\":{\"f\":{\"b\":3,\"c\":4}}}", NULL, NULL, "{\"a\":1,\"b\":3,\"c\":4}",
		NULL },
	{ "null removes a member of an object", "native", "pending", "f", "{\"a\":1,\"b\":2}",
		"{\"fields\":{\"f\":{\"a\":null,\"x\":null}}}", NULL, NULL, "{\"b\":2}", NULL },
	{ "removing the last member leaves an empty object", "native", "pending", "f", "{\"a\":1}",
		"{\"fields\":{\"f\":{\"a\":null}}}", NULL, NULL, "{}", NULL },
	{ "objects are merged at any depth", "native", "pending", "f",
		"{\"a\":{\"b\":{\"c\":1,\"d\":2}},\"e\":[1]}",
		"{\"fields\":{\"f\":{\"a\":{\"b\":{\"c\":null,\"x\":{\"y\":null}}},\"e\":[null]}}}",
		NULL, NULL, "{\"a\":{\"b\":{\"d\":2,\"x\":{}}},\"e\":[null]}", NULL },
	{ "an object replaces another value, without its nulls", "native", "pending", "f", "[1]",
		"{\"fields\":{\"f\":{\"a\":1,\"b\":null}}}", NULL, NULL, "{\"a\":1}", NULL },
	{ "a nested object replaces another value, without its nulls", "native", "pending", "f",
		"{\"a\":[1]}", "{\"fields\":{\"f\":{\"a\":{\"b\":null,\"c\":1}}}}", NULL, NULL,
		"{\"a\":{\"c\":1}}", NULL },
	{ "another value replaces an object", "native", "pending", "f", "{\"a\":1}",
		"{\"fields\":{\"f\":\"x\"}}", NULL, NULL, "\"x\"", NULL },
	{ "a stored null stays unless the patch names it", "native", "pending", "f",
		"{\"a\":null,\"b\":1}", "{\"fields\":{\"f\":{\"b\":2}}}", NULL, NULL,
		"{\"a\":null,\"b\":2}", NULL },
	{ "numbers keep their digits", "native", "pending", "f",
		"{\"a\":9223372036854775807,\"b\":0.1}", "{\"fields\":{\"f\":{\"c\":1e300}}}", NULL,
		NULL, "{\"a\":9223372036854775807,\"b\":0.1,\"c\":1e300}", NULL },
	{ "progress is merged", "native", "pending", "progress", "{\"percent\":10,\"at\":1}",
		"{\"progress\":{\"percent\":20,\"at\":null}}", NULL, NULL, "{\"percent\":20}",
		NULL },
	{ "progress that is not an object is replaced", "native", "pending", "progress", "0.5",
		"{\"progress\":{\"percent\":20,\"at\":null}}", NULL, NULL, "{\"percent\":20}",
		NULL },
	{ "progress may become another value", "native", "pending", "progress", "{\"percent\":10}",
		"{\"progress\":0.5}", NULL, NULL, "0.5", NULL },
	{ "null removes progress", "native", "pending", "progress", "{\"percent\":10}",
		"{\"progress\":null}", NULL, NULL, "", NULL },
	{ "the dialect rejects an invalid field", "virtshell", "pending", "description", "\"d\"",
		"{\"fields\":{\"description\":{\"a\":1}}}", NULL, NULL, NULL,
		"[{\"pointer\":\"/fields/description\",\"detail\":\"description must be a string" },
	{ "the dialect ignores an unknown field", "virtshell", "pending", "mine", "\"d\"",
		"{\"fields\":{\"mine\":{\"a\":1}}}", NULL, NULL, "{\"a\":1}", NULL },
};

static bool is_progress(const struct patch *patch)
{
	return patch->field && strcmp(patch->field, "progress") == 0;
}

static struct task task_before(const struct patch *patch)
{
	const struct dialect *dialect = dialect_by_name(str_cstr(patch->dialect));
	struct task task = { .dialect = dialect->code, .created = BEFORE, .updated = BEFORE };

	task.status = str_cstr(patch->status);
	task_set_state(&task, dialect_state(dialect->statuses, task.status), BEFORE);
	if (is_progress(patch))
		task.progress = str_cstr(patch->json);
	else if (patch->field)
		task_set_field(
			&task, (struct field){ str_cstr(patch->field), str_cstr(patch->json) });
	return task;
}

static bool run(struct fixture *fixture, const struct task *before, struct task *after)
{
	*after = *before;
	if (!decode(fixture))
		return false;
	must(task_apply_change(after, &fixture->op.change, fixture->op.now, &fixture->err),
		&fixture->err);
	return fixture->op.before_write(&fixture->op, before, after, &fixture->err);
}

static void check_after(const struct patch *patch, const struct task *before, struct task *after)
{
	const char *status = patch->new_status ? patch->new_status : patch->status;
	enum task_state state = patch->new_state ? task_state_parse(str_cstr(patch->new_state))
						 : before->state;
	struct str json = is_progress(patch)
				  ? after->progress
				  : task_field(after, str_cstr(patch->field ? patch->field : ""));

	assert_str(after->status, status);
	assert_int_equal(after->state, state);
	assert_int_equal(optional_time_is_set(after->finished), task_state_is_final(state));
	assert_true(state != TASK_RUNNING || optional_time_is_set(after->started));
	if (patch->new_json)
		assert_str(json, patch->new_json);
}

static void one_patch(void **state)
{
	const struct patch *patch = *state;
	struct task before = task_before(patch), after;
	struct fixture fixture;
	bool ok;

	setup_patch(&fixture, patch->body);
	ok = run(&fixture, &before, &after);
	if (patch->errors) {
		assert_false(ok);
		assert_err(&fixture.err,
			strstr(patch->errors, "/state\"") ? ERR_CONFLICT : ERR_UNPROCESSABLE);
		assert_true(str_starts(fixture.err.detail, str_cstr(patch->errors)));
	} else {
		must(ok, &fixture.err);
		check_after(patch, &before, &after);
	}
	arena_free(&fixture.arena);
}

/* Lets the n-th allocation of a patch fail; returns false if the patch needs fewer. */
static bool survives_alloc_fault(const struct patch *patch, enum alloc_fault kind, unsigned n)
{
	struct task before = task_before(patch), after;
	struct fixture fixture;
	bool ok, hit;

	setup_patch(&fixture, patch->body);
	alloc_fault_begin(kind, n);
	ok = run(&fixture, &before, &after);
	hit = alloc_fault_end();
	if (ok)
		check_after(patch, &before, &after);
	else if (hit)
		assert_true(fixture.err.code == ERR_NO_MEMORY || patch->errors);
	arena_free(&fixture.arena);
	return hit;
}

static void patches_survive_alloc_faults(void **state)
{
	unsigned hits = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		for (unsigned n = 0; survives_alloc_fault(&patches[i], ALLOC_FAULT_ONCE, n); n++)
			hits++;
		for (unsigned n = 0;
			survives_alloc_fault(&patches[i], ALLOC_FAULT_FROM_THERE_ON, n); n++)
			;
	}
	assert_true(hits > sizeof(patches) / sizeof(patches[0]));
}

/* Both parts are within the limit, the merged value is not. */
static void merged_progress_has_a_limit(void **state)
{
	struct task before = { .dialect = DIALECT_CODE_native, .status = STR("pending") }, after;
	char stored[3000], body[3000];
	struct fixture fixture;

	(void)state;
	snprintf(stored, sizeof(stored), "{\"a\":\"%02500d\"}", 1);
	snprintf(body, sizeof(body), "{\"progress\":{\"b\":\"%02500d\"}}", 1);
	before.progress = str_cstr(stored);
	setup_patch(&fixture, body);
	assert_false(run(&fixture, &before, &after));
	assert_err(&fixture.err, ERR_UNPROCESSABLE);
	assert_true(str_starts(fixture.err.detail, STR("[{\"pointer\":\"/progress\"")));
	arena_free(&fixture.arena);
}

static void resources_cannot_be_patched(void **state)
{
	struct task before = { .dialect = DIALECT_CODE_uplynk_point }, after;
	struct fixture fixture;

	(void)state;
	setup_patch(&fixture, "{}");
	assert_false(run(&fixture, &before, &after));
	assert_err(&fixture.err, ERR_NOT_FOUND);
	arena_free(&fixture.arena);
}

/* ---- every dialect ---- */

/* Tests a row in both directions, on a task in another state. */
static void check_status(const struct dialect *dialect, const struct dialect_status_row *row)
{
	enum task_state other = row->state == TASK_PENDING ? TASK_FAILED : TASK_PENDING;
	struct task after, before = { .dialect = dialect->code, .state = other };
	struct op op = { .change.status = str_cstr(row->status), .now = NOW };
	struct fixture fixture;

	before.status = str_cstr(dialect_status(dialect->statuses, other));
	setup_patch(&fixture, "{}");
	must(decode(&fixture), &fixture.err);
	op.arena = &fixture.arena;
	after = before;
	/* The dialect may reject the task, which has no fields: ignore the result. */
	fixture.op.before_write(&op, &before, &after, &fixture.err);
	assert_int_equal(after.state, row->state);
	op.change.status = STR_NULL;
	op.change.state = row->state;
	after = before;
	fixture.op.before_write(&op, &before, &after, &fixture.err);
	assert_str(after.status, dialect_status(dialect->statuses, row->state));
	arena_free(&fixture.arena);
}

static void states_and_statuses_agree(void **state)
{
	(void)state;
	for (size_t i = 0; dialects[i] && dialect_has_tasks(dialects[i]); i++) {
		for (const struct dialect_status_row *row = dialects[i]->statuses->rows;
			row->status; row++)
			check_status(dialects[i], row);
	}
}

/* The parameter that filters by an index; empty if there is none. */
static void parameter_name(const struct index_field *field, char *name, size_t size)
{
	static const char *const names[] = {
		[INDEX_STATUS] = "status",
		[INDEX_NUMBER] = "number",
	};

	name[0] = '\0';
	if (field->source == INDEX_FIELD)
		snprintf(name, size, "fields.%s", field->name);
	else if (field->source == INDEX_STATUS || field->source == INDEX_NUMBER)
		snprintf(name, size, "%s", names[field->source]);
}

/* A field is JSON: its filter has the string and the number, unless its index treats them alike. */
static bool has_two_values(const struct index_field *field)
{
	char a[INDEX_SCRATCH_SIZE], b[INDEX_SCRATCH_SIZE];
	return field->source == INDEX_FIELD &&
	       !(field->normalize &&
		       str_eq(field->normalize(STR("5"), a), field->normalize(STR("\"5\""), b)));
}

static void check_filter(const struct dialect *dialect, const struct index_field *field)
{
	const struct list_filter *filter;
	struct fixture fixture;
	char name[100], uri[300];

	parameter_name(field, name, sizeof(name));
	if (!name[0])
		return;
	snprintf(uri, sizeof(uri), "/v1/tasks?dialect=%s&%s=5&%s=5&sort=-%s", dialect->name, name,
		name, name);
	setup_request(&fixture, "GET", uri, "");
	if (field->unindexed) {
		assert_false(decode(&fixture));
		assert_err(&fixture.err, ERR_INVALID);
		arena_free(&fixture.arena);
		return;
	}
	must(decode(&fixture), &fixture.err);
	filter = &fixture.op.list.filters[0];
	assert_int_equal(fixture.op.dialect, dialect->code);
	assert_int_equal(fixture.op.list.filter_count, 1);
	assert_int_equal(filter->field, field->code);
	assert_int_equal(fixture.op.list.sorts[0].field, field->code);
	assert_str(filter->value, field->source == INDEX_FIELD ? "\"5\"" : "5");
	assert_int_equal(filter->more_value_count, has_two_values(field));
	if (has_two_values(field))
		assert_str(filter->more_values[0], "5");
	arena_free(&fixture.arena);
}

static void every_index_has_a_filter(void **state)
{
	size_t count = 0;

	(void)state;
	for (size_t i = 0; dialects[i] && dialect_has_tasks(dialects[i]); i++) {
		for (const struct index_field *field = dialects[i]->index_fields; field->source;
			field++, count++)
			check_filter(dialects[i], field);
	}
	assert_true(count > 0);
}

int main(void)
{
	const size_t count = sizeof(patches) / sizeof(patches[0]);
	struct CMUnitTest tests[sizeof(patches) / sizeof(patches[0]) + 5];

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ patches[i].name, one_patch, check_setup,
			check_teardown, (void *)(uintptr_t)&patches[i] };
	tests[count] = (struct CMUnitTest)CHECK(patches_survive_alloc_faults);
	tests[count + 1] = (struct CMUnitTest)CHECK(resources_cannot_be_patched);
	tests[count + 2] = (struct CMUnitTest)CHECK(states_and_statuses_agree);
	tests[count + 3] = (struct CMUnitTest)CHECK(every_index_has_a_filter);
	tests[count + 4] = (struct CMUnitTest)CHECK(merged_progress_has_a_limit);
	return CHECK_RUN(tests);
}
