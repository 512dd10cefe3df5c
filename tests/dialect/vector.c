#include "dialect/vector.h"

#include <ctype.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/task_json.h"
#include "base/encode.h"
#include "lib/check.h"

static const struct dialect *dialect_of(const char *path)
{
	char copy[512];

	snprintf(copy, sizeof(copy), "%s", path);
	return protocol_by_name(str_cstr(basename(dirname(copy))));
}

void vector_open(struct vector *vector, const char *path)
{
	json_error_t error;
	const char *name;

	*vector = (struct vector){ .dialect = dialect_of(path) };
	if (!vector->dialect)
		fail_msg("%s: its folder does not have the name of a dialect", path);
	vector->json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!vector->json)
		fail_msg("%s: %s, line %d", path, error.text, error.line);
	if (json_unpack_ex(vector->json, &error, 0, "{s:s, s:o, s:o, s?o, s?o, s?o !}", "name",
		    &name, "request", &vector->request, "expect", &vector->expect, "result",
		    &vector->result, "response", &vector->response, "retention",
		    &vector->retention) != 0)
		fail_msg("%s: %s", path, error.text);
}

void vector_close(struct vector *vector)
{
	json_decref(vector->json);
	arena_free(&vector->arena);
}

/* ---- the request ---- */

/* "Content-Type" as the CGI parameter: HTTP_CONTENT_TYPE, or CONTENT_TYPE itself. */
static struct str param_name(struct arena *arena, const char *header)
{
	char name[100];
	size_t len = (size_t)snprintf(name, sizeof(name), "HTTP_%s", header);

	assert_true(len < sizeof(name));
	for (size_t i = 0; i < len; i++)
		name[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
	if (strcmp(name, "HTTP_CONTENT_TYPE") == 0)
		return STR("CONTENT_TYPE");
	return arena_copy(arena, str_cstr(name));
}

static struct str from_hex(struct arena *arena, struct str hex)
{
	size_t len = hex.len / 2;
	uint8_t *bytes = arena_alloc(arena, len + 1);

	assert_non_null(bytes);
	assert_true(hex_decode(bytes, len, hex));
	return (struct str){ (const char *)bytes, len };
}

static const struct tz *zone(void)
{
	static struct tz paris;

	if (paris.count == 0)
		assert_true(tz_load(&paris, VECTOR_ZONE));
	return &paris;
}

static void fill_retention(const struct vector *vector, struct outcome *outcome)
{
	const char *dialect, *state;
	json_t *states, *seconds;

	json_object_foreach (vector->retention, dialect, states) {
		uint8_t code = dialect_code_by_name(str_cstr(dialect));

		assert_int_not_equal(code, 0);
		json_object_foreach (states, state, seconds) {
			enum task_state outcome_state = task_state_parse(str_cstr(state));

			assert_true(task_state_is_final(outcome_state));
			outcome->retention.keep_ms[code][outcome_state] = json_integer_value(
										  seconds) *
									  1000;
		}
	}
	outcome->request.retention = &outcome->retention;
}

static void fill_request(struct vector *vector, struct outcome *outcome)
{
	struct request *request = &outcome->request;
	json_t *headers = NULL, *body = NULL, *hex = NULL, *value;
	const char *method, *uri, *name;
	json_error_t error;
	struct err err;

	if (json_unpack_ex(vector->request, &error, 0, "{s:s, s:s, s?o, s?o, s?o !}", "method",
		    &method, "uri", &uri, "headers", &headers, "body", &body, "body_hex",
		    &hex) != 0)
		fail_msg("request: %s", error.text);
	request->arena = &outcome->arena;
	request->now = VECTOR_NOW;
	request->base_url = STR(VECTOR_URL);
	request->tz = zone();
	request->body_limit = VECTOR_BODY_LIMIT;
	fill_retention(vector, outcome);
	request->principal = (struct principal){ STR(VECTOR_USER), STR(VECTOR_TENANT),
		str_cstr(vector->dialect->name), RIGHT_ALL };
	must(request_add_cgi_param(request, STR("REQUEST_METHOD"), str_cstr(method), &err), &err);
	must(request_add_cgi_param(request, STR("REQUEST_URI"), str_cstr(uri), &err), &err);
	json_object_foreach (headers, name, value) {
		must(request_add_cgi_param(
			     request, param_name(&vector->arena, name), json_str(value), &err),
			&err);
	}
	if (body)
		request->body = json_str(body);
	else if (hex)
		request->body = from_hex(&vector->arena, json_str(hex));
}

/* ---- the result ---- */

void *vector_alloc(struct vector *vector, size_t size)
{
	void *memory = arena_alloc(&vector->arena, size);

	assert_non_null(memory);
	return memory;
}

static void set_default(json_t *json, const char *name, struct str value)
{
	if (!json_object_get(json, name))
		json_object_set_new(json, name, json_stringn(value.ptr, value.len));
}

void vector_fill_task(struct vector *vector, const json_t *from, struct task *task)
{
	const struct dialect *dialect = vector->dialect;
	json_t *json = json_deep_copy(from), *named = json_object_get(json, "dialect");
	struct str status = json_str(json_object_get(json, "status"));
	enum task_state state;
	struct err err;

	/* The vectors of a protocol without tasks name the dialect. */
	if (!dialect_has_tasks(dialect))
		dialect = dialect_by_name(json_str(named));
	assert_non_null(dialect);
	state = dialect_state(dialect->statuses, status);
	set_default(json, "tenant", STR(VECTOR_TENANT));
	set_default(json, "dialect", str_cstr(dialect->name));
	set_default(json, "state", str_cstr(task_state_name(state)));
	set_default(json, "created_by", STR(VECTOR_USER));
	set_default(json, "updated_by", json_str(json_object_get(json, "created_by")));
	must(task_json_read(task, &vector->arena, json_text(json, &vector->arena),
		     TASK_JSON_VERSION, &err),
		&err);
	task->revision += task->revision == 0;
	json_decref(json);
}

enum err_code vector_err_code(const char *name)
{
	for (int code = ERR_NONE; code < ERR_CODES; code++) {
		if (strcmp(err_name((enum err_code)code), name) == 0)
			return (enum err_code)code;
	}
	fail_msg("there is no error %s", name);
	return ERR_NONE;
}

static void fill_rows(struct vector *vector, const json_t *tasks, struct outcome *outcome)
{
	outcome->row_count = json_array_size(tasks);
	assert_in_range(outcome->row_count, 0, VECTOR_ROWS_MAX);
	for (size_t i = 0; i < outcome->row_count; i++)
		vector_fill_task(vector, json_array_get(tasks, i), &outcome->rows[i]);
	/* Never dereferenced: a listing tells the encoder that rows follow. */
	outcome->result.listing = tasks ? (struct listing *)outcome->rows : NULL;
}

static void fill_result(struct vector *vector, struct outcome *outcome)
{
	json_t *failure = NULL, *task = NULL, *companion = NULL, *tasks = NULL, *next = NULL,
	       *claimed = NULL, *history = NULL, *batch = NULL, *feed = NULL, *webhooks = NULL,
	       *usage = NULL, *bulk = NULL, *series = NULL, *health = NULL, *access = NULL;
	struct result *result = &outcome->result;
	json_int_t total = -1, offset = 0, history_next = 0;
	int has_dependents = 0, more_dependents = 0, created = 0, nothing = 0, history_cut = 0;
	int drain = 0, retried = 0, refused = 0, more = 0;
	json_error_t error;

	if (!vector->result)
		return;
	if (json_unpack_ex(vector->result, &error, 0,
		    "{s?o, s?o, s?o, s?o, s?I, s?I, s?b, s?b, s?b, s?o, s?o, s?b, s?o, s?I, s?b, s?b, "
		    "s?i, s?i, s?b, s?o, s?o, s?o, s?o, s?o, s?o, s?o, s?o, s?s !}",
		    "error", &failure, "task", &task, "companion", &companion, "tasks", &tasks,
		    "total", &total, "offset", &offset, "has_dependents", &has_dependents,
		    "more_dependents", &more_dependents, "created", &created, "next_cursor", &next,
		    "claimed", &claimed, "nothing", &nothing, "history", &history, "history_next",
		    &history_next, "history_cut", &history_cut, "drain", &drain, "retried",
		    &retried, "refused", &refused, "more", &more, "batch", &batch, "feed", &feed,
		    "webhooks", &webhooks, "usage", &usage, "bulk", &bulk, "series", &series,
		    "health", &health, "access", &access, "error_field",
		    &outcome->error_field) != 0)
		fail_msg("result: %s", error.text);
	if (failure)
		outcome->store_error = vector_err_code(json_string_value(failure));
	if (task)
		vector_fill_task(vector, task, &result->task);
	if (companion)
		vector_fill_task(vector, companion, &result->companion);
	fill_rows(vector, tasks, outcome);
	result->total_known = total >= 0;
	result->total = total >= 0 ? (uint64_t)total : 0;
	result->offset = (uint64_t)offset;
	result->has_dependents = has_dependents;
	result->more_dependents = more_dependents;
	result->created = created;
	result->nothing = nothing;
	result->drain = drain;
	vector_fill_claimed(vector, claimed, result);
	vector_fill_history(vector, history, result);
	vector_fill_feed(vector, feed, result);
	vector_fill_webhooks(vector, webhooks, result);
	vector_fill_access(vector, access, result);
	vector_fill_batch(vector, batch, outcome);
	vector_fill_bulk(bulk, outcome);
	result->history_next = (uint64_t)history_next;
	result->history_cut = history_cut;
	result->retried = (unsigned)retried;
	result->refused = (unsigned)refused;
	result->more = more;
	vector_fill_usage(usage, result);
	vector_fill_series(vector, series, result);
	vector_fill_health(vector, health, result);
	outcome->next = next ? json_str(next) : STR_NULL;
}

void vector_setup(struct vector *vector, struct outcome *outcome)
{
	*outcome = (struct outcome){ 0 };
	fill_request(vector, outcome);
	fill_result(vector, outcome);
}

void vector_teardown(struct outcome *outcome)
{
	response_free(&outcome->response);
	buf_free(&outcome->allow);
	arena_free(&outcome->arena);
}

/* ---- the run: only the code under test allocates ---- */

static bool match_route(const struct dialect *dialect, struct outcome *outcome)
{
	struct request *request = &outcome->request;
	enum route_match found = ROUTE_NOT_FOUND;
	unsigned allowed;
	size_t skip;

	if (dialect_by_path(request, &skip) == dialect &&
		(dialect->merges_slashes || !request->empty_segments) &&
		(dialect->trailing_slash == SLASH_IGNORE || !request->trailing_slash))
		found = route_find(dialect->routes, request, skip, &outcome->route, &allowed);
	if (found == ROUTE_FOUND)
		return true;
	err_set(&outcome->err,
		found == ROUTE_METHOD_NOT_ALLOWED ? dialect->method_error : ERR_NO_ROUTE, NULL,
		NULL);
	if (found == ROUTE_METHOD_NOT_ALLOWED) {
		route_write_allow(allowed, &outcome->allow);
		outcome->err.detail = buf_str(&outcome->allow);
	}
	return false;
}

void vector_decode(const struct vector *vector, struct outcome *outcome)
{
	bool changes;

	outcome->decoded = request_parse(&outcome->request, &outcome->err) &&
			   match_route(vector->dialect, outcome);
	if (!outcome->decoded)
		return;
	changes = outcome->request.method != METHOD_GET && outcome->request.method != METHOD_HEAD;
	outcome->op = (struct op){
		.arena = outcome->request.arena,
		.tenant = outcome->request.principal.tenant,
		.actor = outcome->request.principal.user,
		.now = outcome->request.now,
	};
	if (changes)
		id_parse(&outcome->op.new_id, STR(VECTOR_NEW_ID));
	outcome->decoded = outcome->route->decode(&outcome->request, &outcome->op, &outcome->err);
	if (outcome->decoded && outcome->op.invalid && !vector->result) {
		outcome->err = *outcome->op.invalid;
		outcome->decoded = false;
	}
	if (outcome->decoded && outcome->op.kind == OP_WEBHOOK && outcome->op.webhook->change)
		outcome->decoded = vector_change_webhook(outcome);
}

static bool put_rows(struct outcome *outcome)
{
	struct buf *body = &outcome->response.body;

	for (size_t i = 0; i < outcome->row_count; i++) {
		if (i > 0)
			buf_putc(body, ',');
		if (!outcome->route->encode_row(&outcome->request, &outcome->rows[i], body))
			return err_no_memory(&outcome->err);
		outcome->result.rows_returned++;
	}
	if (!outcome->route->encode_end(&outcome->request, &outcome->result, body))
		return err_no_memory(&outcome->err);
	return !outcome->route->encode_links ||
	       outcome->route->encode_links(
		       &outcome->request, &outcome->result, &outcome->response, &outcome->err);
}

void vector_encode(const struct vector *vector, struct outcome *outcome)
{
	bool ok = outcome->decoded;

	outcome->result.kind = outcome->op.kind;
	outcome->result.next_cursor = outcome->next;
	if (ok && outcome->store_error != ERR_NONE)
		ok = err_set(&outcome->err, outcome->store_error, outcome->error_field, NULL);
	if (ok && outcome->op.kind == OP_READ && outcome->op.shows &&
		!outcome->op.shows(&outcome->result.task))
		ok = err_set(&outcome->err, ERR_NOT_FOUND, NULL, NULL);
	vector_refuse_batch(outcome);
	ok = ok && outcome->route->encode(
			   &outcome->request, &outcome->result, &outcome->response, &outcome->err);
	if (ok && outcome->result.listing)
		ok = put_rows(outcome);
	if (ok && outcome->result.batch)
		ok = vector_put_items(outcome);
	if (!ok) {
		dialect_encode_error(
			vector->dialect, &outcome->request, &outcome->err, &outcome->response);
		response_add_retry_after(&outcome->response, outcome->err.retry_after);
	}
}

/* ---- the programs ---- */

int vector_run_all(CMUnitTestFunction test, const struct CMUnitTest *more)
{
	const char *source = getenv("top_srcdir") ? getenv("top_srcdir") : ".";
	char pattern[512];
	struct CMUnitTest *tests;
	glob_t files;
	size_t folder, count;
	int failed;

	folder = (size_t)snprintf(pattern, sizeof(pattern), "%s/tests/vectors/*/*.json", source) -
		 strlen("*/*.json");
	if (glob(pattern, 0, NULL, &files) != 0) {
		fprintf(stderr, "no vectors at %s\n", pattern);
		return 1;
	}
	count = files.gl_pathc;
	tests = calloc(count + 1, sizeof(*tests));
	if (!tests)
		return 1;
	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ files.gl_pathv[i] + folder, test, check_setup,
			check_teardown, files.gl_pathv[i] };
	if (more)
		tests[count++] = *more;
	failed = check_run("vectors", tests, count, NULL, NULL);
	free(tests);
	globfree(&files);
	return failed;
}
