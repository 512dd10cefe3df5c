#include "dialect/native/bulk.h"

#include <inttypes.h>

#include "dialect/bulk_action.h"

#define MEMBER_ERROR(parser, name, ...)                                         \
	native_set_error((parser)->err, (parser)->op->arena, ERR_UNPROCESSABLE, \
		NATIVE_AT_MEMBER(name), __VA_ARGS__)

#define DO	 STR("do")
#define FILTER	 STR("filter")
#define PRIORITY STR("priority")
#define TOKEN	 STR("token")

/* ---- actions: each does to a task what the request for one task does ---- */

static void cancel(struct op *op, int32_t priority)
{
	(void)priority;
	op->kind = OP_UPDATE;
	op->change.state = TASK_CANCELLED;
	op->only_changes = true;
	op->before_write = native_before_write;
	op->follow = native_follow;
}

static void retry(struct op *op, int32_t priority)
{
	(void)priority;
	op->kind = OP_UPDATE;
	op->report.kind = REPORT_RETRY;
	op->leave_end = true;
	op->before_write = native_before_write;
	op->follow = native_follow;
}

static void archive(struct op *op, int32_t priority)
{
	(void)priority;
	op->kind = OP_ARCHIVE;
	op->before_write = native_before_write;
}

static void delete (struct op *op, int32_t priority)
{
	(void)priority;
	op->kind = OP_REMOVE;
	op->follow = native_follow;
}

static void set_priority(struct op *op, int32_t priority)
{
	op->kind = OP_UPDATE;
	op->change.set = CHANGE_PRIORITY;
	op->change.priority = priority;
	op->only_changes = true;
	op->before_write = native_before_write;
	op->follow = native_follow;
}

static const struct action {
	const char *name;
	void (*set)(struct op *op, int32_t priority);
	enum right right;  /* besides that of the route */
	bool newest_first; /* tasks refer to older ones, which go after them */
	bool has_priority;
} actions[] = {
	{ "cancel", .set = cancel },
	{ "retry", .set = retry },
	{ "archive", .set = archive, .newest_first = true },
	{ "delete", .set = delete, .newest_first = true, .right = RIGHT_ADMIN },
	{ "set_priority", .set = set_priority, .has_priority = true },
};

/* ---- a body ---- */

/* The members of a body; those of action, too, are fields of the task of the bulk. */
struct parser {
	struct op *op;	      /* gets the list */
	struct op_bulk *bulk; /* NULL: only the members of action are allowed */
	const struct action *action;
	struct str filter; /* JSON text */
	bool has_priority;
	int32_t priority;
	struct err *err;
};

static bool parse_filter(struct parser *parser, struct str name, json_t *value)
{
	(void)name;
	return native_parse_bulk_filter(parser->op, value, &parser->filter, parser->err);
}

static bool parse_do(struct parser *parser, struct str name, json_t *value)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (str_eq(json_str(value), str_cstr(actions[i].name))) {
			parser->action = &actions[i];
			return true;
		}
	}
	return MEMBER_ERROR(
		parser, name, "do must be cancel, retry, archive, delete or set_priority.");
}

static bool parse_priority(struct parser *parser, struct str name, json_t *value)
{
	json_int_t number;

	if (!native_parse_integer(value, INT32_MIN, INT32_MAX, &number))
		return MEMBER_ERROR(parser, name, "priority must be a 32-bit integer.");
	parser->has_priority = true;
	parser->priority = (int32_t)number;
	return true;
}

static bool parse_dry_run(struct parser *parser, struct str name, json_t *value)
{
	if (!json_is_boolean(value))
		return MEMBER_ERROR(parser, name, "dry_run must be true or false.");
	parser->bulk->dry_run = json_is_true(value);
	return true;
}

static bool is_token(struct str text)
{
	static const char bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_";

	for (size_t i = 0; i < text.len; i++) {
		if (!memchr(bytes, text.ptr[i], sizeof(bytes) - 1))
			return false;
	}
	return text.len > 0 && text.len < BULK_TOKEN_SIZE;
}

static bool parse_token(struct parser *parser, struct str name, json_t *value)
{
	if (!is_token(json_str(value)))
		return MEMBER_ERROR(
			parser, name, "token must be the member token of a dry run's response.");
	parser->bulk->token = arena_copy(parser->op->arena, json_str(value));
	return parser->bulk->token.ptr || err_no_memory(parser->err);
}

static const struct {
	const char *name;
	bool (*parse)(struct parser *parser, struct str name, json_t *value);
	bool of_request;
} members[] = {
	{ "filter", parse_filter, false },
	{ "do", parse_do, false },
	{ "priority", parse_priority, false },
	{ "dry_run", parse_dry_run, true },
	{ "token", parse_token, true },
};

static bool parse_member(struct parser *parser, struct str name, json_t *value)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (str_eq(name, str_cstr(members[i].name)) &&
			(parser->bulk || !members[i].of_request))
			return members[i].parse(parser, name, value);
	}
	return MEMBER_ERROR(parser, name, "This request has no such member.");
}

static bool check_members(struct parser *parser)
{
	if (!parser->filter.ptr)
		return native_parse_bulk_filter(parser->op, NULL, &parser->filter, parser->err);
	if (!parser->action)
		return MEMBER_ERROR(parser, DO, "do must be present.");
	if (parser->action->has_priority && !parser->has_priority)
		return MEMBER_ERROR(parser, PRIORITY, "set_priority needs priority.");
	if (!parser->action->has_priority && parser->has_priority)
		return MEMBER_ERROR(parser, PRIORITY, "Only set_priority has priority.");
	if (parser->bulk && parser->bulk->dry_run && parser->bulk->token.ptr)
		return MEMBER_ERROR(parser, TOKEN, "A dry run has no token.");
	return true;
}

static bool parse_body(struct parser *parser, json_t *json)
{
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		if (!parse_member(parser, str_cstr(name), value))
			return false;
	}
	if (!check_members(parser))
		return false;
	return list_sort_add(&parser->op->list, INDEX_BY_CREATED, parser->action->newest_first);
}

/* ---- the request ---- */

/* The members of the action in their canonical form: what the token of a dry run is for. */
static struct str action_text(const struct parser *parser)
{
	struct buf out = BUF_INIT;
	struct str text = STR_NULL;

	buf_printf(&out, "{\"do\":\"%s\",\"filter\":", parser->action->name);
	buf_put_str(&out, parser->filter);
	if (parser->has_priority)
		buf_printf(&out, ",\"priority\":%" PRId32, parser->priority);
	buf_putc(&out, '}');
	if (buf_ok(&out))
		text = arena_copy(parser->op->arena, buf_str(&out));
	buf_free(&out);
	return text;
}

static bool set_fields(const struct parser *parser, struct change *change)
{
	struct arena *arena = parser->op->arena;
	struct str name = json_quote(str_cstr(parser->action->name), arena), priority = STR("");
	char number[16];

	snprintf(number, sizeof(number), "%" PRId32, parser->priority);
	if (parser->has_priority)
		priority = arena_copy(arena, str_cstr(number));
	if (!name.ptr || !priority.ptr)
		return err_no_memory(parser->err);
	change_set_field(change, DO, name);
	change_set_field(change, FILTER, parser->filter);
	if (parser->has_priority)
		change_set_field(change, PRIORITY, priority);
	return true;
}

/* The task of the bulk. */
static bool set_task(const struct parser *parser, struct change *change)
{
	change->state = TASK_RUNNING;
	change->kind = STR(BULK_KIND);
	change->set = CHANGE_KIND;
	return native_complete_state(dialect_by_code(DIALECT_CODE_native), change,
		       parser->op->arena, parser->err) &&
	       set_fields(parser, change);
}

static bool parse_request(struct op *op, json_t *json, struct op_bulk *bulk, struct err *err)
{
	struct parser parser = { .op = op, .bulk = bulk, .err = err };

	if (!parse_body(&parser, json) || !set_task(&parser, &op->change))
		return false;
	bulk->request = action_text(&parser);
	op->right = parser.action->right;
	return bulk->request.ptr || err_no_memory(err);
}

bool native_decode_bulk(struct request *request, struct op *op, struct err *err)
{
	struct op_bulk *bulk;
	json_t *json = NULL;
	bool ok;

	if (!native_read_object(request, &json, err))
		return false;
	op->kind = OP_BULK;
	op->before_write = native_before_write;
	op->follow = native_follow;
	bulk = arena_alloc(op->arena, sizeof(*bulk));
	ok = bulk || err_no_memory(err);
	if (ok) {
		*bulk = (struct op_bulk){ .dialect = DIALECT_CODE_native };
		op->bulk = bulk;
		ok = parse_request(op, json, bulk, err);
	}
	json_decref(json);
	return ok;
}

bool native_encode_bulk(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct bulk_answer *bulk = result->bulk;

	if (!bulk || !bulk->is_dry_run)
		return native_encode_new(request, result, 202, response, err);
	buf_printf(&response->body, "{\"dry_run\":true,\"count\":%" PRIu64 ",\"token\":\"%s\"}",
		bulk->count, bulk->token);
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

/* ---- the task of a bulk ---- */

static void put_field(struct buf *out, const struct task *bulk, struct str name)
{
	struct str json = task_field(bulk, name);

	if (json.len == 0)
		return;
	buf_putc(out, out->len > 0 ? ',' : '{');
	buf_put_json_string(out, name);
	buf_putc(out, ':');
	buf_put_str(out, json);
}

static bool read_fields(const struct task *bulk, json_t **json, struct err *err)
{
	struct buf text = BUF_INIT;
	bool ok;

	put_field(&text, bulk, DO);
	put_field(&text, bulk, FILTER);
	put_field(&text, bulk, PRIORITY);
	buf_putc(&text, '}');
	ok = buf_ok(&text) ? json_parse_object(json, buf_str(&text), err) : err_no_memory(err);
	buf_free(&text);
	return ok;
}

bool bulk_action_read(const struct task *bulk, struct op *op, struct err *err)
{
	struct op made = { .arena = op->arena };
	struct parser parser = { .op = &made, .err = err };
	json_t *json = NULL;
	bool ok = read_fields(bulk, &json, err) && parse_body(&parser, json);

	json_decref(json);
	if (ok) {
		parser.action->set(&made, parser.priority);
		*op = made;
	} else if (err->code != ERR_NO_MEMORY) {
		err_set(err, ERR_INTERNAL, NULL, "The task of a bulk does not say what it does.");
	}
	return ok;
}
