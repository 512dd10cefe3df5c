#include "dialect/virtshell.h"
#include "http/json.h"

#define MEMBERS_MAX	60
#define MEMBER_NAME_MAX 64
#define STATUS_MAX	64

/* What a body says, while it is read. */
struct body {
	struct mem *mem;
	struct change *change;
	struct err *err;
};

static bool put_member(const struct body *body, const char *name, struct str json)
{
	struct str copy = mem_copy(body->mem, str_of(name));

	if (!copy.ptr)
		return err_no_memory(body->err);
	if (!change_set(body->change, copy, json))
		return err_set(body->err, ERR_INVALID, name, "A task has too many members");
	return true;
}

/* Takes any value as it is. */
static bool take_any(const struct body *body, const char *name, const json_t *value)
{
	struct str json = json_text(value, body->mem);

	return json.ptr ? put_member(body, name, json) : err_no_memory(body->err);
}

/* null takes the member away. */
static bool take_text(const struct body *body, const char *name, const json_t *value)
{
	if (json_is_null(value))
		return put_member(body, name, STR(""));
	if (!json_is_string(value))
		return err_set(body->err, ERR_INVALID, name, "%s must be a string", name);
	return take_any(body, name, value);
}

/* null leaves the status as it is. */
static bool take_status(const struct body *body, const char *name, const json_t *value)
{
	struct str word;

	if (json_is_null(value))
		return true;
	if (!json_is_string(value))
		return err_set(body->err, ERR_INVALID, name, "%s must be a string", name);
	word = json_str(value);
	if (word.len == 0 || word.len > STATUS_MAX)
		return err_set(body->err, ERR_INVALID, name, "%s must have 1 to %d bytes", name,
			STATUS_MAX);
	word = mem_copy(body->mem, word);
	if (!word.ptr)
		return err_no_memory(body->err);
	body->change->word = word;
	body->change->state = dialect_state(&virtshell_dialect, word);
	return true;
}

/* What the server sets itself: a client may send back a task as it got it. */
static bool take_nothing(const struct body *body, const char *name, const json_t *value)
{
	(void)body, (void)name, (void)value;
	return true;
}

static const struct member {
	const char *name;
	bool (*take)(const struct body *body, const char *name, const json_t *value);
} members[] = {
	{ "description", take_text },
	{ "status", take_status },
	{ "type", take_text },
	{ "object_uuid", take_text },
	{ "log", take_text },
	{ "uuid", take_nothing },
	{ "task_id", take_nothing },
	{ "created", take_nothing },
	{ "last_update", take_nothing },
	{ NULL, take_any },
};

static const struct member *member_of(struct str name)
{
	const struct member *member = members;

	while (member->name && !str_eq(name, str_of(member->name)))
		member++;
	return member;
}

bool virtshell_is_member(struct str name)
{
	return member_of(name)->name != NULL;
}

static bool take_members(const struct body *body, json_t *json)
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
		if (!member_of(str_of(name))->take(body, name, value))
			return false;
	}
	return true;
}

/* The body whatever its Content-Type: curl -d says it is a form. */
static bool read_body(
	const struct request *request, const char *action, struct change *change, struct err *err)
{
	const struct body body = { request->mem, change, err };
	json_t *json = NULL;
	bool ok;

	if (request->body.len > 0 && !json_read_object(&json, request->body, err))
		return false;
	if (json_object_size(json) == 0)
		ok = err_set(err, ERR_MISSING, NULL, "Missing input for %s task", action);
	else
		ok = take_members(&body, json);
	json_decref(json);
	return ok;
}

/* What the client takes comes first, then which task, then the body. */
static bool read_id(const struct request *request, struct id *id, struct err *err)
{
	if (!request_must_accept_json(request, err))
		return false;
	if (!id_parse(id, request_var(request, "key")))
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	return true;
}

static bool start(struct op *op, enum op_kind kind, const struct id *id)
{
	op->kind = kind;
	op->dialect = virtshell_dialect.code;
	if (id)
		op->id = *id;
	return true;
}

/* What an answer copies as it is must be what the specification says it is. */
bool virtshell_admit(const struct task *before, const struct task *task, struct err *err)
{
	static const char *const texts[] = { "description", "type", "object_uuid", "log" };

	(void)before;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str json = task_field(task, str_of(texts[i]));

		if (json.ptr && json.ptr[0] != '"')
			return err_set(
				err, ERR_UNPROCESSABLE, texts[i], "%s must be a string", texts[i]);
	}
	return true;
}

bool virtshell_decode_list(struct request *request, struct op *op, struct err *err)
{
	if (!request_must_accept_json(request, err))
		return false;
	return start(op, OP_LIST, NULL);
}

bool virtshell_decode_status(struct request *request, struct op *op, struct err *err)
{
	if (!request_must_accept_json(request, err))
		return false;
	list_where(&op->list, VIRTSHELL_BY_STATUS, request_var(request, "key"));
	return start(op, OP_LIST, NULL);
}

bool virtshell_decode_no_status(struct request *request, struct op *op, struct err *err)
{
	(void)op;
	if (!request_must_accept_json(request, err))
		return false;
	return err_set(err, ERR_MISSING, "status", "missing status name parameter");
}

/* No status looks like a UUID. */
bool virtshell_decode_key(struct request *request, struct op *op, struct err *err)
{
	struct id id;

	if (!id_parse(&id, request_var(request, "key")))
		return virtshell_decode_status(request, op, err);
	return request_must_accept_json(request, err) && start(op, OP_READ, &id);
}

bool virtshell_decode_create(struct request *request, struct op *op, struct err *err)
{
	struct change change = { .state = TASK_PENDING, .word = STR("pending") };

	if (!request_must_accept_json(request, err) || !read_body(request, "create", &change, err))
		return false;
	op->change = change;
	return start(op, OP_CREATE, NULL);
}

bool virtshell_decode_update(struct request *request, struct op *op, struct err *err)
{
	struct change change = { 0 };
	struct id id;

	if (!read_id(request, &id, err) || !read_body(request, "update", &change, err))
		return false;
	op->change = change;
	return start(op, OP_UPDATE, &id);
}

bool virtshell_decode_remove(struct request *request, struct op *op, struct err *err)
{
	struct id id;

	return read_id(request, &id, err) && start(op, OP_REMOVE, &id);
}
