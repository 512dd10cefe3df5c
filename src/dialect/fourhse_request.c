#include "dialect/fourhse.h"

/* ---- ids and texts ---- */

bool fourhse_is_blank(struct str text)
{
	size_t i = 0;

	while (i < text.len && memchr(" \t\r\n\v\f", text.ptr[i], 6))
		i++;
	return i == text.len;
}

struct str fourhse_requested_id(const struct request *request)
{
	struct str id = request_var(request, "id");

	return id.ptr ? id : fourhse_query(request, "id");
}

bool fourhse_resolve(
	struct id *id, struct str *text, struct str task_id, struct mem *mem, struct err *err)
{
	char lower[ID_TEXT_LEN + 1];

	if (task_id.len == 0 || str_characters(task_id) > FOURHSE_ID_MAX)
		return err_set(err, ERR_INVALID, "task_id", NULL);
	if (id_parse(id, task_id)) {
		id_format(id, lower);
		task_id = (struct str){ lower, ID_TEXT_LEN };
	} else if (!id_of_name(id, str_of(fourhse_dialect.name), task_id)) {
		return err_no_memory(err);
	}
	*text = mem_copy(mem, task_id);
	return text->ptr || err_no_memory(err);
}

struct str fourhse_quote(const json_t *value, struct mem *mem)
{
	struct str text;

	if (!value || json_is_null(value))
		return STR("null");
	text = json_is_string(value) ? json_str(value) : json_text(value, mem);
	return text.ptr ? json_quote(text, mem) : STR_NULL;
}

/* Which task a request is about: an id that no task can have is that of none. */
static bool read_id(const struct request *request, struct op *op, struct str *text, struct err *err)
{
	struct str asked = fourhse_requested_id(request);

	if (!request_must_accept_json(request, err))
		return false;
	if (!asked.ptr)
		return err_set(err, ERR_MISSING, "id", "Missing required parameters: id");
	if (fourhse_resolve(&op->id, text, asked, request->mem, err))
		return true;
	return err->code == ERR_INVALID ? err_set(err, ERR_NOT_FOUND, NULL, NULL) : false;
}

static void start(struct op *op, enum op_kind kind)
{
	op->kind = kind;
	op->dialect = fourhse_dialect.code;
}

/* ---- members of a body ---- */

/* A body while it is read. */
struct reading {
	const json_t *body;
	struct mem *mem;
	struct op *op;
	struct buf faults; /* the first of each member */
	struct err *err;
};

/* Of what is not right with a value the first is said. */
static bool is_valid(const struct fourhse_member *member, const json_t *value, struct buf *faults)
{
	if (member->nullable && json_is_null(value))
		return true;
	if (json_is_null(value) ||
		(!member->nullable && json_is_string(value) && fourhse_is_blank(json_str(value))))
		fourhse_complain(faults, member->name, "%s cannot be blank.", member->label);
	else if (!member->carries && !json_is_string(value))
		fourhse_complain(faults, member->name, "%s must be a string.", member->label);
	else if (member->max && str_characters(json_str(value)) > member->max)
		fourhse_complain(faults, member->name, "%s should contain at most %zu characters.",
			member->label, member->max);
	else
		return true;
	return false;
}

static bool set_field(struct reading *reading, const char *name, struct str json)
{
	if (!json.ptr)
		return err_no_memory(reading->err);
	/* Nine members at most: there is room. */
	change_set(&reading->op->change, str_of(name), json);
	return true;
}

static bool set_word(struct reading *reading, const json_t *value)
{
	struct change *change = &reading->op->change;

	change->word = mem_copy(reading->mem, json_str(value));
	if (!change->word.ptr)
		return err_no_memory(reading->err);
	change->state = dialect_state(&fourhse_dialect, change->word);
	return true;
}

static bool take(struct reading *reading, const struct fourhse_member *member, const json_t *value)
{
	if (!is_valid(member, value, &reading->faults))
		return true;
	if (member->source == FOURHSE_WORD)
		return set_word(reading, value);
	return set_field(reading, member->name, fourhse_quote(value, reading->mem));
}

/* Absent, null or "": the server's to choose. */
static bool is_open(const json_t *value)
{
	return !value || json_is_null(value) ||
	       (json_is_string(value) && json_string_length(value) == 0);
}

/* The id as the client names it, or a fresh one. */
static bool take_id(struct reading *reading)
{
	const struct fourhse_member *member = fourhse_member_of(STR("task_id"));
	const json_t *value = json_object_get(reading->body, member->name);
	struct op *op = reading->op;
	char fresh[ID_TEXT_LEN + 1];
	struct str text;

	id_format(&op->fresh, fresh);
	if (is_open(value))
		return set_field(reading, member->name, json_quote(str_of(fresh), reading->mem));
	if (!is_valid(member, value, &reading->faults))
		return true;
	op->named = true;
	return fourhse_resolve(&op->fresh, &text, json_str(value), reading->mem, reading->err) &&
	       set_field(reading, member->name, json_quote(text, reading->mem));
}

/* What is left out of a creation. */
static bool take_default(
	struct reading *reading, const struct fourhse_member *member, struct str user)
{
	if (member->nullable)
		return set_field(reading, member->name, STR("null"));
	if (member->source == FOURHSE_WORD) {
		reading->op->change.word = STR("pending");
		reading->op->change.state = TASK_PENDING;
		return true;
	}
	if (str_eq(str_of(member->name), STR("user_id")))
		return set_field(reading, member->name, json_quote(user, reading->mem));
	fourhse_complain(&reading->faults, member->name, "%s cannot be blank.", member->label);
	return true;
}

static bool is_settable(const struct fourhse_member *member)
{
	return (member->source == FOURHSE_FIELD || member->source == FOURHSE_WORD) &&
	       member->index != FOURHSE_BY_TASK_ID;
}

static bool take_new(struct reading *reading, struct str user)
{
	bool ok = take_id(reading);

	for (size_t i = 0; ok && i < FOURHSE_MEMBERS; i++) {
		const struct fourhse_member *member = &fourhse_members[i];
		const json_t *value = json_object_get(reading->body, member->name);

		if (!is_settable(member))
			continue;
		if (!value || (!member->nullable && is_open(value)))
			ok = take_default(reading, member, user);
		else
			ok = take(reading, member, value);
	}
	return ok;
}

static bool take_changes(struct reading *reading)
{
	bool ok = true;

	for (size_t i = 0; ok && i < FOURHSE_MEMBERS; i++) {
		const json_t *value = json_object_get(reading->body, fourhse_members[i].name);

		if (value && is_settable(&fourhse_members[i]))
			ok = take(reading, &fourhse_members[i], value);
	}
	return ok;
}

static bool read_members(const struct request *request, struct op *op, bool create, struct err *err)
{
	struct reading reading = { .mem = request->mem, .op = op, .err = err };
	json_t *body;
	bool ok;

	if (!fourhse_body(&body, request, err))
		return false;
	reading.body = body;
	ok = create ? take_new(&reading, request->principal.user) : take_changes(&reading);
	ok = ok && fourhse_must_be_valid(&reading.faults, request->mem, err);
	buf_free(&reading.faults);
	json_decref(body);
	return ok;
}

/* ---- the decoders ---- */

bool fourhse_decode_create(struct request *request, struct op *op, struct err *err)
{
	start(op, OP_CREATE);
	fourhse_choose_members(request);
	return request_must_accept_json(request, err) && read_members(request, op, true, err);
}

bool fourhse_decode_view(struct request *request, struct op *op, struct err *err)
{
	struct str text;

	start(op, OP_READ);
	fourhse_choose_members(request);
	return read_id(request, op, &text, err);
}

bool fourhse_decode_update(struct request *request, struct op *op, struct err *err)
{
	struct str text;

	start(op, OP_UPDATE);
	fourhse_choose_members(request);
	return read_id(request, op, &text, err) && read_members(request, op, false, err);
}

static bool asks(const struct request *request, const char *name)
{
	struct str value = fourhse_query(request, name);

	return fourhse_is_yes(value);
}

/* Into the history goes a task with all that is connected with it; out of the store only by force.
 */
bool fourhse_decode_delete(struct request *request, struct op *op, struct err *err)
{
	bool keep = asks(request, "historicize");
	struct str text;

	start(op, keep ? OP_ARCHIVE : OP_REMOVE);
	if (!read_id(request, op, &text, err))
		return false;
	op->connected = (struct op_connected){
		.field = FOURHSE_BY_ENTITY_ID,
		.by = "task_id",
		.value = json_quote(text, request->mem),
		.follow = keep || asks(request, "force"),
	};
	return op->connected.value.ptr || err_no_memory(err);
}
