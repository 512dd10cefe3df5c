#include "dialect/native.h"
#include "http/time.h"

/* What a body says, while it is read. */
struct body {
	struct mem *mem;
	struct change *change;
	struct native_merges *merges; /* NULL: a new task */
	struct err *err;
};

#define WRONG(body, name, ...) \
	native_wrong((body)->err, (body)->mem, ERR_UNPROCESSABLE, NATIVE_MEMBER(name), __VA_ARGS__)

/* ---- members ---- */

static bool take_dialect(const struct body *body, struct str name, json_t *value)
{
	const struct dialect *dialect = dialect_by_name(json_str(value));

	if (!json_is_string(value) || !dialect)
		return WRONG(body, name, "This is not the name of a dialect.");
	/* read before the members are taken: see find_dialect */
	return true;
}

static bool take_state(const struct body *body, struct str name, json_t *value)
{
	enum task_state state = task_state_parse(json_str(value));

	if (!json_is_string(value) || state == TASK_STATE_NONE)
		return WRONG(
			body, name, "A state is pending, running, succeeded, failed or cancelled.");
	body->change->state = state;
	return true;
}

static bool take_word(const struct body *body, struct str name, json_t *value)
{
	struct str word = json_str(value);

	if (!json_is_string(value) || word.len == 0 || word.len > NATIVE_WORD_MAX)
		return WRONG(body, name, "A word is a string of 1 to %d bytes.", NATIVE_WORD_MAX);
	body->change->word = mem_copy(body->mem, word);
	return body->change->word.ptr || err_no_memory(body->err);
}

static bool is_integer(const json_t *value, json_int_t least, json_int_t most)
{
	return json_is_integer(value) && json_integer_value(value) >= least &&
	       json_integer_value(value) <= most;
}

static bool take_priority(const struct body *body, struct str name, json_t *value)
{
	if (!is_integer(value, INT32_MIN, INT32_MAX))
		return WRONG(body, name, "A priority is an integer of 32 bits.");
	body->change->priority = (int32_t)json_integer_value(value);
	body->change->set |= CHANGE_PRIORITY;
	return true;
}

static bool take_max_attempts(const struct body *body, struct str name, json_t *value)
{
	if (!is_integer(value, 0, INT32_MAX))
		return WRONG(body, name, "max_attempts is an integer from 0 to %d.", INT32_MAX);
	body->change->max_attempts = (uint32_t)json_integer_value(value);
	body->change->set |= CHANGE_MAX_ATTEMPTS;
	return true;
}

static bool take_not_before(const struct body *body, struct str name, json_t *value)
{
	int64_t ms = 0;

	if (!json_is_null(value) && (!json_is_string(value) || !time_parse(&ms, json_str(value))))
		return WRONG(body, name, "not_before is a time as RFC 3339 has it, or null.");
	body->change->not_before = ms;
	body->change->set |= CHANGE_NOT_BEFORE;
	return true;
}

static bool take_archived(const struct body *body, struct str name, json_t *value)
{
	if (!json_is_boolean(value))
		return WRONG(body, name, "archived is true or false.");
	body->change->archived = json_is_true(value);
	body->change->set |= CHANGE_ARCHIVED;
	return true;
}

/* The JSON text, empty for null. */
static bool take_text(const struct body *body, struct str name, json_t *value, struct str *text)
{
	struct str json = STR("");

	if (!json_is_null(value))
		json = json_text(value, body->mem);
	if (!json.ptr)
		return err_no_memory(body->err);
	if (json.len > NATIVE_TEXT_MAX)
		return WRONG(
			body, name, "The JSON text may have at most %d bytes.", NATIVE_TEXT_MAX);
	*text = json;
	return true;
}

static bool take_error(const struct body *body, struct str name, json_t *value)
{
	if (!json_is_null(value) && !json_is_string(value))
		return WRONG(body, name, "error is a string or null.");
	body->change->set |= CHANGE_ERROR;
	return take_text(body, name, value, &body->change->error);
}

/* An object in a patch is a patch itself: see put_field. */
static bool take_progress(const struct body *body, struct str name, json_t *value)
{
	struct str *progress = &body->change->progress;

	body->change->set |= CHANGE_PROGRESS;
	if (!take_text(body, name, value, progress))
		return false;
	if (!body->merges || !json_is_object(value))
		return true;
	body->merges->progress = *progress;
	return native_merge(progress, STR("{}"), *progress, body->mem, body->err);
}

static bool take_what_is_ours(const struct body *body, struct str name, json_t *value)
{
	(void)value;
	return WRONG(body, name, "The service sets this member itself.");
}

/* ---- fields ---- */

/*
 * An object in a patch is a patch itself: the change holds what it makes of nothing, for a task
 * that does not have the field as an object; native_adapt looks.
 */
static bool put_field(const struct body *body, struct str name, json_t *value)
{
	struct str copy = mem_copy(body->mem, name), json = STR("");
	bool merges = body->merges && json_is_object(value);

	if (!body->merges || !json_is_null(value))
		json = json_text(value, body->mem);
	if (!copy.ptr || !json.ptr)
		return err_no_memory(body->err);
	if (merges) {
		body->merges->fields[body->merges->count++] = (struct field){ copy, json };
		if (!native_merge(&json, STR("{}"), json, body->mem, body->err))
			return false;
	}
	if (!change_set(body->change, copy, json))
		return WRONG(body, STR("fields"), "A task has too many fields.");
	return true;
}

static bool take_fields(const struct body *body, struct str name, json_t *value)
{
	const char *field;
	json_t *content;

	if (!json_is_object(value))
		return WRONG(body, name, "fields is an object.");
	if (json_object_size(value) > NATIVE_MEMBERS_MAX)
		return WRONG(body, name, "fields has at most %d members.", NATIVE_MEMBERS_MAX);
	json_object_foreach (value, field, content) {
		size_t len = strlen(field);

		if (len == 0 || len > NATIVE_NAME_MAX)
			return WRONG(body, name, "The name of a field has 1 to %d bytes.",
				NATIVE_NAME_MAX);
		if (!put_field(body, str_of(field), content))
			return false;
	}
	return true;
}

/* ---- bodies ---- */

#define IN_CREATE 1
#define IN_PATCH  2
#define IN_BOTH	  (IN_CREATE | IN_PATCH)

static const struct member {
	const char *name;
	unsigned where;
	bool (*take)(const struct body *body, struct str name, json_t *value);
} members[] = {
	{ "dialect", IN_CREATE, take_dialect },
	{ "state", IN_BOTH, take_state },
	{ "word", IN_BOTH, take_word },
	{ "archived", IN_PATCH, take_archived },
	{ "priority", IN_BOTH, take_priority },
	{ "not_before", IN_BOTH, take_not_before },
	{ "max_attempts", IN_BOTH, take_max_attempts },
	{ "error", IN_BOTH, take_error },
	{ "progress", IN_BOTH, take_progress },
	{ "fields", IN_BOTH, take_fields },
	{ "dialect", IN_PATCH, take_what_is_ours },
	{ "archived", IN_CREATE, take_what_is_ours },
	{ "id", IN_BOTH, take_what_is_ours },
	{ "number", IN_BOTH, take_what_is_ours },
	{ "revision", IN_BOTH, take_what_is_ours },
	{ "created_at", IN_BOTH, take_what_is_ours },
	{ "updated_at", IN_BOTH, take_what_is_ours },
	{ "started_at", IN_BOTH, take_what_is_ours },
	{ "finished_at", IN_BOTH, take_what_is_ours },
	{ "created_by", IN_BOTH, take_what_is_ours },
	{ "updated_by", IN_BOTH, take_what_is_ours },
	{ "attempt", IN_BOTH, take_what_is_ours },
	{ "links", IN_BOTH, take_what_is_ours },
	{ NULL, 0, NULL },
};

static bool take_member(const struct body *body, struct str name, json_t *value)
{
	unsigned where = body->merges ? IN_PATCH : IN_CREATE;
	const struct member *member = members;

	while (member->name && (!(member->where & where) || !str_eq(name, str_of(member->name))))
		member++;
	if (!member->name)
		return WRONG(body, name, "A task has no such member.");
	return member->take(body, name, value);
}

static bool take_members(const struct body *body, json_t *json)
{
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		if (!take_member(body, str_of(name), value))
			return false;
	}
	return true;
}

/* Without a Content-Type the body is taken for what it must be (RFC 9110 §8.3). */
static bool check_type(const struct request *request, bool patch, struct err *err)
{
	struct str type = request_media_type(request);

	if (type.len == 0 || str_eq_nocase(type, STR("application/json")) ||
		(patch && str_eq_nocase(type, STR(NATIVE_MERGE_PATCH))))
		return true;
	return err_set(err, ERR_MEDIA_TYPE, "Content-Type", "The body must be %s.",
		patch ? NATIVE_MERGE_PATCH : "application/json");
}

/* ---- create ---- */

static const struct dialect *find_dialect(const json_t *json)
{
	const json_t *name = json_object_get(json, "dialect");

	return name ? dialect_by_name(json_str(name)) : &native_dialect;
}

/*
 * What the client said of the state is settled before the dialect looks; what it left open is the
 * dialect's to say: not every one begins with what is pending.
 */
static bool complete(const struct request *request, const struct dialect *dialect, struct op *op,
	struct err *err)
{
	struct change *change = &op->change;
	bool open = change->state == TASK_STATE_NONE && change->word.len == 0;

	if (!open && !native_settle(dialect, change, request->mem, err))
		return false;
	op->kind = OP_CREATE;
	op->dialect = dialect->code;
	op->adapt = native_adapt;
	if (dialect->id_version)
		id_set_version(&op->fresh, dialect->id_version);
	if (dialect->prepare && !dialect->prepare(request, op, err))
		return native_translate(err, request->mem);
	return native_settle(dialect, change, request->mem, err);
}

bool native_decode_create(struct request *request, struct op *op, struct err *err)
{
	struct change change = { 0 };
	const struct body body = { .mem = request->mem, .change = &change, .err = err };
	const struct dialect *dialect = NULL;
	json_t *json = NULL;
	bool ok;

	if (!request_must_accept_json(request, err) || !check_type(request, false, err) ||
		!json_read_object(&json, request->body, err))
		return false;
	ok = take_members(&body, json);
	if (ok)
		dialect = find_dialect(json);
	json_decref(json);
	if (!ok)
		return false;
	op->change = change;
	return complete(request, dialect, op, err);
}

/* ---- one task ---- */

static bool read_id(
	const struct request *request, struct op *op, enum op_kind kind, struct err *err)
{
	if (!id_parse(&op->id, request_var(request, "id")))
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	op->kind = kind;
	op->dialect = 0;
	return true;
}

bool native_decode_read(struct request *request, struct op *op, struct err *err)
{
	return request_must_accept_json(request, err) && read_id(request, op, OP_READ, err);
}

/* The answer has no body: what the client takes does not matter. */
bool native_decode_remove(struct request *request, struct op *op, struct err *err)
{
	return read_id(request, op, OP_REMOVE, err);
}

bool native_decode_archive(struct request *request, struct op *op, struct err *err)
{
	op->adapt = native_adapt;
	return request_must_accept_json(request, err) && read_id(request, op, OP_ARCHIVE, err);
}

bool native_decode_patch(struct request *request, struct op *op, struct err *err)
{
	struct change change = { 0 };
	struct body body = { .mem = request->mem, .change = &change, .err = err };
	json_t *json = NULL;
	bool ok;

	if (!request_must_accept_json(request, err) || !check_type(request, true, err) ||
		!read_id(request, op, OP_UPDATE, err))
		return false;
	body.merges = mem_alloc(request->mem,
		sizeof(*body.merges) + NATIVE_MEMBERS_MAX * sizeof(body.merges->fields[0]));
	if (!body.merges)
		return err_no_memory(err);
	*body.merges = (struct native_merges){ 0 };
	if (!json_read_object(&json, request->body, err))
		return false;
	ok = take_members(&body, json);
	json_decref(json);
	if (!ok)
		return false;
	op->change = change;
	op->own = body.merges;
	op->adapt = native_adapt;
	return true;
}
