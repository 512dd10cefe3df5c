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
	return dialect_by_name(str_of(basename(dirname(copy))));
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
	mem_free(&vector->mem);
}

/* ---- the request ---- */

/* "Content-Type" as the CGI parameter: HTTP_CONTENT_TYPE, or CONTENT_TYPE itself. */
static struct str param_name(struct mem *mem, const char *header)
{
	char name[100];
	size_t len = (size_t)snprintf(name, sizeof(name), "HTTP_%s", header);

	assert_true(len < sizeof(name));
	for (size_t i = 0; i < len; i++)
		name[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
	if (strcmp(name, "HTTP_CONTENT_TYPE") == 0)
		return STR("CONTENT_TYPE");
	return mem_copy(mem, str_of(name));
}

static unsigned hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c);

	assert_true(c != '\0' && at != NULL);
	return (unsigned)(at - digits);
}

static struct str from_hex(struct mem *mem, struct str hex)
{
	char *bytes = mem_alloc(mem, hex.len / 2 + 1);

	assert_non_null(bytes);
	assert_true(hex.len % 2 == 0);
	for (size_t i = 0; i < hex.len / 2; i++)
		bytes[i] = (char)(hex_digit(hex.ptr[2 * i]) << 4 | hex_digit(hex.ptr[2 * i + 1]));
	return (struct str){ bytes, hex.len / 2 };
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
	request->mem = &outcome->mem;
	must(request_add_param(request, STR("REQUEST_METHOD"), str_of(method), &err), &err);
	must(request_add_param(request, STR("REQUEST_URI"), str_of(uri), &err), &err);
	json_object_foreach (headers, name, value) {
		must(request_add_param(
			     request, param_name(&vector->mem, name), json_str(value), &err),
			&err);
	}
	if (body)
		request->body = json_str(body);
	else if (hex)
		request->body = from_hex(&vector->mem, json_str(hex));
}

/* ---- the result ---- */

static void fill_task(struct vector *vector, json_t *from, struct task *task)
{
	const char *uuid, *word, *by, *name;
	json_int_t created, updated;
	json_t *fields = NULL, *value;
	json_error_t error;

	*task = (struct task){ .dialect = vector->dialect->code, .revision = 1 };
	if (json_unpack_ex(from, &error, 0, "{s:s, s:s, s:I, s:s, s:I, s?o !}", "uuid", &uuid,
		    "word", &word, "created", &created, "created_by", &by, "updated", &updated,
		    "fields", &fields) != 0)
		fail_msg("task: %s", error.text);
	assert_true(id_parse(&task->id, str_of(uuid)));
	task->word = str_of(word);
	task->state = dialect_state(vector->dialect, task->word);
	task->created = created;
	task->created_by = str_of(by);
	task->updated = updated;
	json_object_foreach (fields, name, value) {
		assert_true(task_set_field(
			task, (struct field){ str_of(name), json_text(value, &vector->mem) }));
	}
}

static enum err_code code_of(const char *name)
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
	json_t *error = json_object_get(vector->result, "error");
	json_t *task = json_object_get(vector->result, "task");
	json_t *tasks = json_object_get(vector->result, "tasks"), *row;
	size_t i;

	if (error)
		outcome->failure = code_of(json_string_value(error));
	if (task)
		fill_task(vector, task, &outcome->result.task);
	assert_true(json_array_size(tasks) <= VECTOR_ROWS_MAX);
	json_array_foreach (tasks, i, row) {
		fill_task(vector, row, &outcome->rows[i]);
	}
	outcome->row_count = json_array_size(tasks);
}

void vector_prepare(struct vector *vector, struct outcome *outcome)
{
	*outcome = (struct outcome){ 0 };
	fill_request(vector, outcome);
	fill_result(vector, outcome);
}

void vector_finish(struct outcome *outcome)
{
	response_free(&outcome->response);
	mem_free(&outcome->mem);
}

/* ---- the run: nothing here allocates but the code under test ---- */

static bool find_row(const struct dialect *dialect, struct outcome *outcome)
{
	struct request *request = &outcome->request;
	enum route_found found = ROUTE_NO_PATH;
	unsigned allowed;
	size_t skip;

	if (dialect_by_path(request, &skip) == dialect &&
		(dialect->slash_optional || !request->slash))
		found = route_find(dialect->routes, request, skip, &outcome->row, &allowed);
	if (found == ROUTE_FOUND)
		return true;
	return err_set(&outcome->err,
		found == ROUTE_NO_METHOD ? dialect->unknown_method : ERR_NO_ROUTE, NULL, NULL);
}

void vector_decode(const struct vector *vector, struct outcome *outcome)
{
	outcome->decoded = request_parse(&outcome->request, &outcome->err) &&
			   find_row(vector->dialect, outcome) &&
			   outcome->row->decode(&outcome->request, &outcome->op, &outcome->err);
}

static bool put_rows(struct outcome *outcome)
{
	struct buf *body = &outcome->response.body;

	for (size_t i = 0; i < outcome->row_count; i++) {
		if (i > 0)
			buf_putc(body, ',');
		if (!outcome->row->row(&outcome->rows[i], body))
			return err_set(&outcome->err, ERR_NO_MEMORY, NULL, NULL);
	}
	if (!outcome->row->tail(&outcome->result, body))
		return err_set(&outcome->err, ERR_NO_MEMORY, NULL, NULL);
	return true;
}

void vector_answer(const struct vector *vector, struct outcome *outcome)
{
	bool ok = outcome->decoded;

	outcome->result.kind = outcome->op.kind;
	if (ok && outcome->failure != ERR_NONE)
		ok = err_set(&outcome->err, outcome->failure, NULL, NULL);
	ok = ok && outcome->row->encode(&outcome->result, &outcome->response, &outcome->err);
	if (ok && outcome->op.kind == OP_LIST)
		ok = put_rows(outcome);
	if (!ok)
		vector->dialect->refuse(&outcome->err, &outcome->response);
}

/* ---- the operation as JSON ---- */

static const char *const kinds[OP_KINDS] = {
	[OP_NONE] = "none",
	[OP_READ] = "read",
	[OP_LIST] = "list",
	[OP_CREATE] = "create",
	[OP_UPDATE] = "update",
	[OP_REMOVE] = "remove",
	[OP_ARCHIVE] = "archive",
};

static void set_str(json_t *json, const char *name, struct str value)
{
	json_object_set_new(json, name, json_stringn(value.ptr ? value.ptr : "", value.len));
}

static void set_change(json_t *json, const struct change *change)
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
	if (change->state != TASK_STATE_NONE)
		set_str(json, "state", str_of(task_state_name(change->state)));
	if (change->word.len > 0)
		set_str(json, "word", change->word);
	if (json_object_size(fields) > 0)
		json_object_set(json, "fields", fields);
	if (json_array_size(removed) > 0)
		json_object_set(json, "removed", removed);
	json_decref(fields);
	json_decref(removed);
}

static void set_list(json_t *json, const struct list_query *list, const struct dialect *dialect)
{
	const struct index_field *field = dialect->indexed;
	json_t *query = json_object();

	while (field->source != INDEX_END && field->code != list->field)
		field++;
	set_str(query, "by", str_of(field->name));
	if (field->source != INDEX_ALL)
		set_str(query, "value", field->fold ? field->fold(list->value) : list->value);
	if (list->archived)
		json_object_set_new(query, "archived", json_true());
	if (list->descending)
		json_object_set_new(query, "descending", json_true());
	if (list->count)
		json_object_set_new(query, "count", json_true());
	if (list->offset)
		json_object_set_new(query, "offset", json_integer((json_int_t)list->offset));
	if (list->limit)
		json_object_set_new(query, "limit", json_integer((json_int_t)list->limit));
	json_object_set_new(json, "list", query);
}

json_t *vector_op(const struct outcome *outcome, const struct dialect *dialect)
{
	char rights[32], id[ID_TEXT_LEN + 1];
	json_t *json = json_object();

	assert_int_equal(outcome->op.dialect, dialect->code);
	set_str(json, "kind", str_of(kinds[outcome->op.kind]));
	rights_format(outcome->row->right, rights, sizeof(rights));
	set_str(json, "right", str_of(rights));
	if (!id_is_zero(&outcome->op.id)) {
		id_format(&outcome->op.id, id);
		set_str(json, "id", str_of(id));
	}
	set_change(json, &outcome->op.change);
	if (outcome->op.kind == OP_LIST)
		set_list(json, &outcome->op.list, dialect);
	return json;
}
