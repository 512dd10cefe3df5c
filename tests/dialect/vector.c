#include "dialect/vector.h"

#include <ctype.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/check.h"

static const struct dialect *dialect_of(const char *path)
{
	char copy[512];

	snprintf(copy, sizeof(copy), "%s", path);
	return dialect_by_name(str_cstr(basename(dirname(copy))));
}

void vector_open(struct vector *vector, const char *path)
{
	json_error_t error;
	const char *name;

	*vector = (struct vector){ .dialect = dialect_of(path) };
	if (!vector->dialect)
		fail_msg("%s: its folder is no dialect's name", path);
	vector->json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!vector->json)
		fail_msg("%s: %s, line %d", path, error.text, error.line);
	if (json_unpack_ex(vector->json, &error, 0, "{s:s, s:o, s:o, s?o, s?o !}", "name", &name,
		    "request", &vector->request, "expect", &vector->expect, "result",
		    &vector->result, "response", &vector->response) != 0)
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

static unsigned hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c);

	assert_true(c != '\0' && at != NULL);
	return (unsigned)(at - digits);
}

static struct str from_hex(struct arena *arena, struct str hex)
{
	char *bytes = arena_alloc(arena, hex.len / 2 + 1);

	assert_non_null(bytes);
	assert_true(hex.len % 2 == 0);
	for (size_t i = 0; i < hex.len / 2; i++)
		bytes[i] = (char)(hex_digit(hex.ptr[2 * i]) << 4 | hex_digit(hex.ptr[2 * i + 1]));
	return (struct str){ bytes, hex.len / 2 };
}

static const struct tz *zone(void)
{
	static struct tz paris;

	if (paris.count == 0)
		assert_true(tz_load(&paris, VECTOR_ZONE));
	return &paris;
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

/* Any JSON as its text, "" for null. */
static struct str text_of(struct vector *vector, const json_t *json)
{
	struct str text;

	if (!json || json_is_null(json))
		return STR_NULL;
	text = json_text(json, &vector->arena);
	assert_non_null(text.ptr);
	return text;
}

static void fill_task(struct vector *vector, json_t *from, struct task *task)
{
	const char *id, *status, *by = VECTOR_USER, *updated_by = NULL, *dialect, *state = NULL,
				 *name;
	json_int_t created, updated, started = 0, finished = 0, number = 0, revision = 1;
	json_int_t not_before = 0, attempt = 0, max_attempts = 0;
	json_t *fields = NULL, *failure = NULL, *progress = NULL, *value;
	int archived = 0, priority = 0;
	json_error_t error;

	*task = (struct task){ .tenant = STR(VECTOR_TENANT) };
	dialect = vector->dialect->name;
	if (json_unpack_ex(from, &error, 0,
		    "{s:s, s:s, s:I, s?s, s?s, s:I, s?I, s?I, s?I, s?I, s?I, s?I, s?I, s?b, s?i, s?s, "
		    "s?s, s?o, s?o, s?o !}",
		    "id", &id, "status", &status, "created", &created, "created_by", &by,
		    "updated_by", &updated_by, "updated", &updated, "started", &started, "finished",
		    &finished, "number", &number, "revision", &revision, "not_before", &not_before,
		    "attempt", &attempt, "max_attempts", &max_attempts, "archived", &archived,
		    "priority", &priority, "dialect", &dialect, "state", &state, "error", &failure,
		    "progress", &progress, "fields", &fields) != 0)
		fail_msg("task: %s", error.text);
	assert_true(id_parse(&task->id, str_cstr(id)));
	task->dialect = dialect_code_by_name(str_cstr(dialect));
	assert_int_not_equal(task->dialect, 0);
	task->status = str_cstr(status);
	task->state = state ? task_state_parse(str_cstr(state))
			    : dialect_state(vector->dialect->statuses, task->status);
	task->created = created;
	task->created_by = str_cstr(by);
	task->updated = updated;
	task->updated_by = str_cstr(updated_by ? updated_by : by);
	task->started = started;
	task->finished = finished;
	task->number = (uint64_t)number;
	task->revision = (uint64_t)revision;
	task->archived = archived;
	task->priority = priority;
	task->not_before = not_before;
	task->attempt = (uint32_t)attempt;
	task->max_attempts = (uint32_t)max_attempts;
	task->error = text_of(vector, failure);
	task->progress = text_of(vector, progress);
	json_object_foreach (fields, name, value) {
		assert_true(task_set_field(
			task, (struct field){ str_cstr(name), json_text(value, &vector->arena) }));
	}
}

static enum err_code err_code_by_name(const char *name)
{
	for (int code = ERR_NONE; code < ERR_CODES; code++) {
		if (strcmp(err_name((enum err_code)code), name) == 0)
			return (enum err_code)code;
	}
	fail_msg("there is no error %s", name);
	return ERR_NONE;
}

static void fill_result(struct vector *vector, struct outcome *outcome)
{
	json_t *failure = NULL, *task = NULL, *companion = NULL, *tasks = NULL, *next = NULL, *row;
	struct result *result = &outcome->result;
	json_int_t total = -1, offset = 0;
	int has_dependents = 0, created = 0;
	json_error_t error;
	size_t i;

	if (!vector->result)
		return;
	if (json_unpack_ex(vector->result, &error, 0,
		    "{s?o, s?o, s?o, s?o, s?I, s?I, s?b, s?b, s?o !}", "error", &failure, "task",
		    &task, "companion", &companion, "tasks", &tasks, "total", &total, "offset",
		    &offset, "has_dependents", &has_dependents, "created", &created, "next_cursor",
		    &next) != 0)
		fail_msg("result: %s", error.text);
	if (failure)
		outcome->store_error = err_code_by_name(json_string_value(failure));
	if (task)
		fill_task(vector, task, &result->task);
	if (companion)
		fill_task(vector, companion, &result->companion);
	assert_true(json_array_size(tasks) <= VECTOR_ROWS_MAX);
	json_array_foreach (tasks, i, row) {
		fill_task(vector, row, &outcome->rows[i]);
	}
	outcome->row_count = json_array_size(tasks);
	/* Never dereferenced: a listing tells the encoder that rows follow. */
	result->listing = tasks ? (struct listing *)outcome->rows : NULL;
	result->total_known = total >= 0;
	result->total = total >= 0 ? (uint64_t)total : 0;
	result->offset = (uint64_t)offset;
	result->has_dependents = has_dependents;
	result->created = created;
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

/* ---- the run: nothing here allocates but the code under test ---- */

static bool match_route(const struct dialect *dialect, struct outcome *outcome)
{
	struct request *request = &outcome->request;
	enum route_match found = ROUTE_NOT_FOUND;
	unsigned allowed;
	size_t skip;

	if (dialect_by_path(request, &skip) == dialect &&
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
	outcome->result.next_cursor = outcome->next;
	if (!outcome->route->encode_end(&outcome->request, &outcome->result, body))
		return err_no_memory(&outcome->err);
	return true;
}

void vector_encode(const struct vector *vector, struct outcome *outcome)
{
	bool ok = outcome->decoded;

	outcome->result.kind = outcome->op.kind;
	if (ok && outcome->store_error != ERR_NONE)
		ok = err_set(&outcome->err, outcome->store_error, NULL, NULL);
	ok = ok && outcome->route->encode(
			   &outcome->request, &outcome->result, &outcome->response, &outcome->err);
	if (ok && outcome->result.listing)
		ok = put_rows(outcome);
	if (!ok) {
		dialect_encode_error(
			vector->dialect, &outcome->request, &outcome->err, &outcome->response);
		response_add_retry_after(&outcome->response, outcome->err.retry_after);
	}
}

/* ---- the operation as JSON ---- */

static const char *const kinds[OP_KINDS] = {
	[OP_NONE] = "none",
	[OP_READ] = "read",
	[OP_LIST] = "list",
	[OP_CREATE] = "create",
	[OP_UPSERT] = "upsert",
	[OP_UPDATE] = "update",
	[OP_REMOVE] = "remove",
	[OP_ARCHIVE] = "archive",
};

static void set_str(json_t *json, const char *name, struct str value)
{
	json_object_set_new(json, name, json_stringn(value.ptr ? value.ptr : "", value.len));
}

static void set_number(json_t *json, const char *name, uint64_t number)
{
	if (number > 0)
		json_object_set_new(json, name, json_integer((json_int_t)number));
}

static void set_json(json_t *json, const char *name, struct str text)
{
	json_object_set_new(json, name,
		text.len ? json_loadb(text.ptr, text.len, JSON_DECODE_ANY, NULL) : json_null());
}

static void set_id(json_t *json, const char *name, const struct id *id, const char *usual)
{
	char text[ID_TEXT_LEN + 1];

	id_format(id, text);
	if (!id_is_zero(id) && strcmp(text, usual) != 0)
		set_str(json, name, str_cstr(text));
}

static void set_fields(json_t *json, const struct change *change)
{
	json_t *fields = json_object(), *removed = json_array();

	for (size_t i = 0; i < change->field_count; i++) {
		struct str name = change->fields[i].name, text = change->fields[i].json;

		if (text.len == 0)
			json_array_append_new(removed, json_stringn(name.ptr, name.len));
		else
			json_object_setn_new(fields, name.ptr, name.len,
				json_loadb(text.ptr, text.len, JSON_DECODE_ANY, NULL));
	}
	if (json_object_size(fields) > 0)
		json_object_set(json, "fields", fields);
	if (json_array_size(removed) > 0)
		json_object_set(json, "removed", removed);
	json_decref(fields);
	json_decref(removed);
}

static void set_change(json_t *json, const struct change *change)
{
	if (change->state != TASK_STATE_NONE)
		set_str(json, "state", str_cstr(task_state_name(change->state)));
	if (change->status.len > 0)
		set_str(json, "status", change->status);
	if (change->set & CHANGE_PRIORITY)
		json_object_set_new(json, "priority", json_integer(change->priority));
	if (change->set & CHANGE_NOT_BEFORE)
		json_object_set_new(json, "not_before", json_integer(change->not_before));
	if (change->set & CHANGE_MAX_ATTEMPTS)
		json_object_set_new(json, "max_attempts", json_integer(change->max_attempts));
	if (change->set & CHANGE_ARCHIVED)
		json_object_set_new(json, "archived", json_boolean(change->archived));
	if (change->set & CHANGE_ERROR)
		set_json(json, "error", change->error);
	if (change->set & CHANGE_PROGRESS)
		set_json(json, "progress", change->progress);
	set_fields(json, change);
}

/* The fields of resources stand in tables of their own. */
static const struct index_field *field_of(uint8_t dialect, uint8_t code)
{
	const struct index_table *table = dialect_index_tables();
	const struct index_field *field;

	while (table->fields && dialect && table->dialect != dialect)
		table++;
	assert_non_null(table->fields);
	for (field = table->fields; field->source != INDEX_END && field->code != code; field++)
		;
	assert_int_not_equal(field->source, INDEX_END);
	return field;
}

static json_t *filter_values(const struct list_filter *filter, const struct index_field *field)
{
	json_t *values = json_array();

	for (size_t i = 0; i <= filter->more_value_count; i++) {
		struct str value = i == 0 ? filter->value : filter->more_values[i - 1];

		value = field->normalize ? field->normalize(value) : value;
		json_array_append_new(values, json_stringn(value.ptr ? value.ptr : "", value.len));
	}
	return values;
}

/* "filters": { name: [values] } */
static void set_filters(json_t *query, const struct op *op)
{
	json_t *filters = json_object();

	for (size_t i = 0; i < op->list.filter_count; i++) {
		const struct list_filter *filter = &op->list.filters[i];
		const struct index_field *field = field_of(op->dialect, filter->field);

		assert_null(json_object_get(filters, field->name));
		json_object_set_new(filters, field->name, filter_values(filter, field));
	}
	if (json_object_size(filters) > 0)
		json_object_set(query, "filters", filters);
	json_decref(filters);
}

/* "sorts": "state,-created" */
static void set_sorts(json_t *query, const struct op *op)
{
	char text[400] = "";
	size_t len = 0;

	for (size_t i = 0; i < op->list.sort_count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%s", i ? "," : "",
			op->list.sorts[i].descending ? "-" : "",
			field_of(op->dialect, op->list.sorts[i].field)->name);
	if (len > 0)
		set_str(query, "sorts", str_cstr(text));
}

static void set_span(json_t *query, const char *name, const struct list_time_range *span)
{
	if (span->from || span->to)
		json_object_set_new(query, name,
			json_pack("[I, I]", (json_int_t)span->from, (json_int_t)span->to));
}

static void set_list(json_t *json, const struct op *op)
{
	static const char *const scopes[] = { "current", "archived", "both" };
	const struct list_query *list = &op->list;
	json_t *query = json_object();

	set_filters(query, op);
	set_sorts(query, op);
	set_span(query, "created", &list->created);
	set_span(query, "updated", &list->updated);
	for (size_t i = 0; i < list->dialect_count; i++) {
		if (i == 0)
			json_object_set_new(query, "dialects", json_array());
		json_array_append_new(json_object_get(query, "dialects"),
			json_string(dialect_code_name(list->dialects[i])));
	}
	if (list->scope != LIST_CURRENT)
		set_str(query, "scope", str_cstr(scopes[list->scope]));
	if (list->want_total)
		json_object_set_new(query, "want_total", json_true());
	if (list->clamp_offset)
		json_object_set_new(query, "clamp_offset", json_true());
	if (list->allow_partial)
		json_object_set_new(query, "allow_partial", json_true());
	if (list->after_cursor.len > 0)
		set_str(query, "after_cursor", list->after_cursor);
	set_number(query, "offset", list->offset);
	set_number(query, "limit", list->limit);
	json_object_set_new(json, "list", query);
}

static void set_dependents(json_t *json, const struct op *op)
{
	const struct op_dependents *dependents = &op->dependents;

	if (!dependents->field)
		return;
	json_object_set_new(json, "dependents",
		json_pack("{s:s, s:s, s:b}", "field",
			field_of(op->dialect, dependents->field)->name, "key_member",
			dependents->key_member ? dependents->key_member : "", "cascade",
			dependents->cascade));
	set_json(json_object_get(json, "dependents"), "value", dependents->value);
}

static json_t *op_json(const struct op *op, const struct dialect *dialect, const char *usual_id)
{
	json_t *json = json_object();

	set_str(json, "kind", str_cstr(kinds[op->kind]));
	if (op->dialect != dialect->code)
		set_str(json, "dialect",
			str_cstr(op->dialect ? dialect_code_name(op->dialect) : "any"));
	set_id(json, "new_id", &op->new_id, usual_id);
	set_id(json, "id", &op->id, "");
	set_number(json, "number", op->number);
	if (op->assign_number)
		json_object_set_new(json, "assign_number", json_true());
	set_change(json, &op->change);
	set_dependents(json, op);
	if (op->kind == OP_LIST)
		set_list(json, op);
	if (op->companion)
		json_object_set_new(
			json, "companion", op_json(op->companion, dialect, VECTOR_COMPANION_ID));
	return json;
}

json_t *vector_op(const struct outcome *outcome, const struct dialect *dialect)
{
	char rights[32];
	json_t *json = op_json(&outcome->op, dialect, VECTOR_NEW_ID);

	rights_format(outcome->route->right, rights, sizeof(rights));
	set_str(json, "right", str_cstr(rights));
	return json;
}
