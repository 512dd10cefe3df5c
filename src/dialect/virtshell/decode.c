#include "dialect/decode.h"

#include "dialect/virtshell/virtshell.h"
#include "dialect/worker_text.h"
#include "http/json.h"

#define MEMBERS_MAX	60
#define MEMBER_NAME_MAX 64

/* The state of the parser. */
struct body {
	struct arena *arena;
	struct change *change;
	struct err *err;
	bool creates;
};

static bool set_member(const struct body *body, const char *name, struct str json)
{
	struct str copy = arena_copy(body->arena, str_cstr(name));

	if (!copy.ptr)
		return err_no_memory(body->err);
	if (!change_set_field(body->change, copy, json))
		return err_set(body->err, ERR_INVALID, name, "A task has too many members");
	return true;
}

/* Keeps any value unchanged. */
static bool parse_any(const struct body *body, const char *name, const json_t *value)
{
	struct str json = json_text(value, body->arena);

	return json.ptr ? set_member(body, name, json) : err_no_memory(body->err);
}

/* null removes the member. */
static bool parse_text(const struct body *body, const char *name, const json_t *value)
{
	if (json_is_null(value))
		return set_member(body, name, STR(""));
	if (!json_is_string(value))
		return decode_not_a_string(body->err, ERR_INVALID, name);
	return parse_any(body, name, value);
}

/* Any value is accepted, so that no report is refused for its log; others become their text. */
static bool parse_log(const struct body *body, const char *name, const json_t *value)
{
	struct str text;

	if (json_is_null(value) || json_is_string(value))
		return parse_text(body, name, value);
	text = json_text(value, body->arena);
	if (text.ptr)
		text = worker_text_quote_end(text, VIRTSHELL_LOG_MAX, body->arena);
	return text.ptr ? set_member(body, name, text) : err_no_memory(body->err);
}

/* The service keeps the history of a task: a client can only set the first one. */
static bool parse_history(const struct body *body, const char *name, const json_t *value)
{
	struct str json;

	if (!body->creates)
		return true;
	json = json_text(value, body->arena);
	if (!json.ptr)
		return err_no_memory(body->err);
	if (!json_is_array(value) || json_array_size(value) > VIRTSHELL_HISTORY_MAX ||
		json.len > VIRTSHELL_HISTORY_SIZE_MAX)
		json = STR("[]");
	return set_member(body, name, json);
}

/* Shown beside the history, as the time of the last update. */
static bool parse_date(const struct body *body, const char *name, const json_t *value)
{
	(void)name, (void)value;
	return !body->creates || change_field(body->change, STR("status_history")).ptr ||
	       set_member(body, "status_history", STR("[]"));
}

/* null leaves the status unchanged. */
static bool parse_status(const struct body *body, const char *name, const json_t *value)
{
	struct str status;

	if (json_is_null(value))
		return true;
	if (!json_is_string(value))
		return decode_not_a_string(body->err, ERR_INVALID, name);
	status = json_str(value);
	if (status.len == 0 || status.len > VIRTSHELL_STATUS_MAX)
		return err_set(body->err, ERR_INVALID, name, "%s must have 1 to %d bytes", name,
			VIRTSHELL_STATUS_MAX);
	status = arena_copy(body->arena, status);
	if (!status.ptr)
		return err_no_memory(body->err);
	body->change->status = status;
	body->change->state = dialect_state(&virtshell_statuses, status);
	return true;
}

/* Set by the server: ignored, so that a client may send a task back as it received it. */
static bool ignore_member(const struct body *body, const char *name, const json_t *value)
{
	(void)body, (void)name, (void)value;
	return true;
}

static const struct member {
	const char *name;
	bool (*parse)(const struct body *body, const char *name, const json_t *value);
} members[] = {
	{ "description", parse_text },
	{ "status", parse_status },
	{ "type", parse_text },
	{ "object_uuid", parse_text },
	{ "log", parse_log },
	{ "status_history", parse_history },
	{ "date", parse_date },
	{ "uuid", ignore_member },
	{ "task_id", ignore_member },
	{ "created", ignore_member },
	{ "last_update", ignore_member },
	{ NULL, parse_any },
};

static const struct member *find_member(struct str name)
{
	const struct member *member = members;

	while (member->name && !str_eq(name, str_cstr(member->name)))
		member++;
	return member;
}

bool virtshell_is_known_member(struct str name)
{
	return find_member(name)->name != NULL;
}

static bool parse_members(const struct body *body, json_t *json)
{
	const char *name;
	json_t *value;

	if (json_object_size(json) > MEMBERS_MAX)
		return err_set(body->err, ERR_INVALID, NULL, "A task may have at most %d members",
			MEMBERS_MAX);
	json_object_foreach (json, name, value) {
		if (strlen(name) > MEMBER_NAME_MAX)
			return err_set(body->err, ERR_INVALID, NULL,
				"A member's name may have at most %d bytes", MEMBER_NAME_MAX);
		if (!find_member(str_cstr(name))->parse(body, name, value))
			return false;
	}
	return true;
}

/* Accepts any Content-Type: curl -d announces a form. */
static bool parse_body(
	const struct request *request, const char *action, struct change *change, struct err *err)
{
	const struct body body = { request->arena, change, err, strcmp(action, "create") == 0 };
	struct worker_text log = { .name = "log", .max = VIRTSHELL_LOG_MAX };
	struct str text = request->body;
	json_t *json = NULL;
	bool ok;

	if (text.len > 0 &&
		(!worker_text_shorten(&text, &log, 1, VIRTSHELL_OTHERS_MAX, request->arena, err) ||
			!json_parse_object(&json, text, err)))
		return false;
	if (json_object_size(json) == 0)
		ok = err_set(err, ERR_MISSING, NULL, "Missing input for %s task", action);
	else
		ok = parse_members(&body, json);
	json_decref(json);
	return ok;
}

/* The order of errors: Accept, then the id, then the body. */
static bool parse_id(const struct request *request, struct id *id, struct err *err)
{
	if (!request_check_accepts_json(request, err))
		return false;
	if (!id_parse(id, request_path_var(request, "key")))
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	return true;
}

bool virtshell_decode_list(struct request *request, struct op *op, struct err *err)
{
	if (!request_check_accepts_json(request, err))
		return false;
	return decode_init_op(op, OP_LIST, DIALECT_CODE_virtshell, NULL);
}

bool virtshell_decode_status(struct request *request, struct op *op, struct err *err)
{
	if (!request_check_accepts_json(request, err))
		return false;
	list_filter_add(&op->list, VIRTSHELL_BY_STATUS, request_path_var(request, "key"));
	return decode_init_op(op, OP_LIST, DIALECT_CODE_virtshell, NULL);
}

bool virtshell_decode_missing_status(struct request *request, struct op *op, struct err *err)
{
	(void)op;
	if (!request_check_accepts_json(request, err))
		return false;
	return err_set(err, ERR_MISSING, "status", "missing status name parameter");
}

static bool is_known_status(struct str text)
{
	for (const struct dialect_status_row *row = virtshell_statuses.rows; row->status; row++) {
		if (str_eq(text, str_cstr(row->status)))
			return true;
	}
	return false;
}

/* Other texts are ids with an error, or statuses that need the longer address. */
bool virtshell_decode_task_or_status(struct request *request, struct op *op, struct err *err)
{
	struct id id;

	if (is_known_status(request_path_var(request, "key")))
		return virtshell_decode_status(request, op, err);
	return parse_id(request, &id, err) &&
	       decode_init_op(op, OP_READ, DIALECT_CODE_virtshell, &id);
}

bool virtshell_decode_create(struct request *request, struct op *op, struct err *err)
{
	struct change change = { .state = TASK_PENDING, .status = STR("pending") };

	if (!request_check_accepts_json(request, err) ||
		!parse_body(request, "create", &change, err))
		return false;
	op->change = change;
	return decode_init_op(op, OP_CREATE, DIALECT_CODE_virtshell, NULL);
}

bool virtshell_decode_update(struct request *request, struct op *op, struct err *err)
{
	struct change change = { 0 };
	struct id id;

	if (!parse_id(request, &id, err))
		return false;
	if (!parse_body(request, "update", &change, err))
		/* Like the original, refuses an unreadable or missing body before the lookup. */
		return err->code == ERR_INVALID &&
		       decode_init_op(op, OP_UPDATE, DIALECT_CODE_virtshell, &id) &&
		       decode_keep_invalid(op, request->arena, err);
	op->change = change;
	op->before_write = virtshell_before_update;
	return decode_init_op(op, OP_UPDATE, DIALECT_CODE_virtshell, &id);
}

bool virtshell_decode_delete(struct request *request, struct op *op, struct err *err)
{
	struct id id;

	return parse_id(request, &id, err) &&
	       decode_init_op(op, OP_REMOVE, DIALECT_CODE_virtshell, &id);
}
