#include "dialect/decode.h"

#include "dialect/check.h"
#include "dialect/fourhse/fourhse.h"

/* ---- ids and texts ---- */

bool fourhse_is_blank(struct str text)
{
	size_t i = 0;

	while (i < text.len && memchr(" \t\r\n\v\f", text.ptr[i], 6))
		i++;
	return i == text.len;
}

bool fourhse_parse_task_id(
	struct id *id, struct str *text, struct str task_id, struct arena *arena, struct err *err)
{
	char lower[ID_TEXT_LEN + 1];

	if (task_id.len == 0 || str_utf8_length(task_id) > FOURHSE_ID_MAX)
		return err_set(err, ERR_INVALID, "task_id", NULL);
	if (id_parse(id, task_id)) {
		id_format(id, lower);
		task_id = (struct str){ lower, ID_TEXT_LEN };
	} else if (!id_from_name(id, STR("fourhse"), task_id)) {
		return err_no_memory(err);
	}
	*text = arena_copy(arena, task_id);
	return text->ptr || err_no_memory(err);
}

struct str fourhse_as_string(const json_t *value, struct arena *arena)
{
	struct str text;

	if (!value || json_is_null(value))
		return STR("null");
	text = json_is_string(value) ? json_str(value) : json_text(value, arena);
	return text.ptr ? json_quote(text, arena) : STR_NULL;
}

/* The id in the request; one that no task can have is 404. */
static bool parse_id(
	const struct request *request, struct op *op, struct str *text, struct err *err)
{
	struct str requested = fourhse_requested_id(request);

	if (!request_check_accepts_json(request, err))
		return false;
	if (!requested.ptr)
		return err_set(err, ERR_MISSING, "id", "Missing required parameters: id");
	if (fourhse_parse_task_id(&op->id, text, requested, request->arena, err))
		return true;
	return err->code == ERR_INVALID ? err_set(err, ERR_NOT_FOUND, NULL, NULL) : false;
}

/* ---- members of a body ---- */

/* The state of the parser. */
struct body_parser {
	const json_t *body;
	struct arena *arena;
	struct op *op;
	struct buf errors; /* one object per invalid member */
	struct err *err;
};

/* An empty JSON object is an empty array in PHP. */
static bool is_empty_array(const json_t *value)
{
	return (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_object(value) && json_object_size(value) == 0);
}

/* Reports only the first problem of a value. */
static bool check_value(
	const struct fourhse_member *member, const json_t *value, struct buf *errors)
{
	if (member->nullable && json_is_null(value))
		return true;
	if (json_is_null(value) || (!member->any_json && is_empty_array(value)) ||
		(!member->nullable && json_is_string(value) && fourhse_is_blank(json_str(value))))
		fourhse_add_error(errors, member->name, "%s cannot be blank.", member->label);
	else if (!member->any_json && !json_is_string(value))
		fourhse_add_error(errors, member->name, "%s must be a string.", member->label);
	else if (member->max_chars && str_utf8_length(json_str(value)) > member->max_chars)
		fourhse_add_error(errors, member->name, "%s should contain at most %zu characters.",
			member->label, member->max_chars);
	else
		return true;
	return false;
}

static bool set_field(struct body_parser *parser, const char *name, struct str json)
{
	if (!json.ptr)
		return err_no_memory(parser->err);
	/* Cannot fail: there are nine members at most. */
	change_set_field(&parser->op->change, str_cstr(name), json);
	return true;
}

static bool set_status(struct body_parser *parser, const json_t *value)
{
	struct change *change = &parser->op->change;

	change->status = arena_copy(parser->arena, json_str(value));
	if (!change->status.ptr)
		return err_no_memory(parser->err);
	change->state = dialect_state(&fourhse_statuses, change->status);
	return true;
}

/* Absent, null or "": the server chooses the value. */
static bool is_unset(const json_t *value)
{
	return !value || json_is_null(value) ||
	       (json_is_string(value) && json_string_length(value) == 0);
}

static bool set_member(
	struct body_parser *parser, const struct fourhse_member *member, const json_t *value)
{
	/* The framework takes an empty text as null; request and response are JSON. */
	if (member->nullable && !member->any_json && is_unset(value))
		return set_field(parser, member->name, STR("null"));
	if (!check_value(member, value, &parser->errors))
		return true;
	if (member->source == FOURHSE_STATUS)
		return set_status(parser, value);
	return set_field(parser, member->name, fourhse_as_string(value, parser->arena));
}

/* The client's id, or a new one. */
static bool set_task_id(struct body_parser *parser)
{
	const struct fourhse_member *member = fourhse_member_by_name(STR("task_id"));
	const json_t *value = json_object_get(parser->body, member->name);
	struct op *op = parser->op;
	char new_id[ID_TEXT_LEN + 1];
	struct str text;

	id_format(&op->new_id, new_id);
	if (is_unset(value))
		return set_field(parser, member->name, json_quote(str_cstr(new_id), parser->arena));
	if (!check_value(member, value, &parser->errors))
		return true;
	if (!request_is_valid_segment(json_str(value))) {
		fourhse_add_error(&parser->errors, member->name, "%s is invalid.", member->label);
		return true;
	}
	op->client_named = true;
	return fourhse_parse_task_id(
		       &op->new_id, &text, json_str(value), parser->arena, parser->err) &&
	       set_field(parser, member->name, json_quote(text, parser->arena));
}

/* The value of a member that the body of a creation does not set. */
static bool set_default(
	struct body_parser *parser, const struct fourhse_member *member, struct str user)
{
	if (member->nullable)
		return set_field(parser, member->name, STR("null"));
	if (member->source == FOURHSE_STATUS) {
		parser->op->change.status = STR("pending");
		parser->op->change.state = TASK_PENDING;
		return true;
	}
	if (str_eq(str_cstr(member->name), STR("user_id")))
		return set_field(parser, member->name, json_quote(user, parser->arena));
	fourhse_add_error(&parser->errors, member->name, "%s cannot be blank.", member->label);
	return true;
}

static bool is_settable(const struct fourhse_member *member)
{
	return (member->source == FOURHSE_FIELD || member->source == FOURHSE_STATUS) &&
	       member->index != FOURHSE_BY_TASK_ID;
}

static bool parse_create(struct body_parser *parser, struct str user)
{
	bool ok = set_task_id(parser);

	for (size_t i = 0; ok && i < FOURHSE_MEMBER_COUNT; i++) {
		const struct fourhse_member *member = &fourhse_members[i];
		const json_t *value = json_object_get(parser->body, member->name);

		if (!is_settable(member))
			continue;
		if (!value || (!member->nullable && is_unset(value)))
			ok = set_default(parser, member, user);
		else
			ok = set_member(parser, member, value);
	}
	return ok;
}

static bool parse_update(struct body_parser *parser)
{
	bool ok = true;

	for (size_t i = 0; ok && i < FOURHSE_MEMBER_COUNT; i++) {
		const json_t *value = json_object_get(parser->body, fourhse_members[i].name);

		if (value && is_settable(&fourhse_members[i]))
			ok = set_member(parser, &fourhse_members[i], value);
	}
	return ok;
}

static bool parse_members(
	const struct request *request, struct op *op, bool create, struct err *err)
{
	struct body_parser parser = { .arena = request->arena, .op = op, .err = err };
	json_t *body;
	bool ok;

	if (!fourhse_parse_body(&body, request, err))
		return false;
	parser.body = body;
	ok = create ? parse_create(&parser, request->principal.user) : parse_update(&parser);
	ok = ok && fourhse_finish_errors(&parser.errors, request->arena, err);
	buf_free(&parser.errors);
	json_decref(body);
	return ok;
}

/* ---- the decoders ---- */

static bool check_room(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	(void)op;
	return dialect_check_room(before, task, err);
}

bool fourhse_decode_create(struct request *request, struct op *op, struct err *err)
{
	decode_init_op(op, OP_CREATE, DIALECT_CODE_fourhse, NULL);
	op->before_write = check_room;
	fourhse_select_fields(request);
	return request_check_accepts_json(request, err) && parse_members(request, op, true, err);
}

bool fourhse_decode_read(struct request *request, struct op *op, struct err *err)
{
	struct str text;

	decode_init_op(op, OP_READ, DIALECT_CODE_fourhse, NULL);
	fourhse_select_fields(request);
	return parse_id(request, op, &text, err);
}

/* The framework looks the task up before it reads the body. */
bool fourhse_decode_update(struct request *request, struct op *op, struct err *err)
{
	struct str text;

	decode_init_op(op, OP_UPDATE, DIALECT_CODE_fourhse, NULL);
	op->before_write = check_room;
	fourhse_select_fields(request);
	if (!parse_id(request, op, &text, err))
		return false;
	return parse_members(request, op, false, err) ||
	       decode_keep_invalid(op, request->arena, err);
}

static bool flag_is_set(const struct request *request, const char *name)
{
	struct str value = fourhse_last_query_param(request, name);

	return fourhse_text_is_true(value);
}

/* historicize archives the task with its dependents; a removal cascades only with force. */
bool fourhse_decode_delete(struct request *request, struct op *op, struct err *err)
{
	bool archive = flag_is_set(request, "historicize");
	struct str text;

	decode_init_op(op, archive ? OP_ARCHIVE : OP_REMOVE, DIALECT_CODE_fourhse, NULL);
	if (!parse_id(request, op, &text, err))
		return false;
	op->dependents = (struct op_dependents){
		.field = FOURHSE_BY_ENTITY_ID,
		.key_member = "task_id",
		.value = json_quote(text, request->arena),
		.cascade = archive || flag_is_set(request, "force"),
	};
	return op->dependents.value.ptr || err_no_memory(err);
}
