#include "dialect/native/work.h"

struct parser {
	struct op *op;
	struct op_claim *claim;
	enum native_claim_place place;
	bool has_worker, has_confirm;
	struct err *err;
};

static const char *const parents[] = {
	[NATIVE_CLAIM_BODY] = "/",
	[NATIVE_CLAIM_NEXT] = "/claim_next/",
	[NATIVE_CLAIM_FILTER] = "/filter/",
};

#define MEMBER_ERROR(parser, name, ...)                                         \
	native_set_error((parser)->err, (parser)->op->arena, ERR_UNPROCESSABLE, \
		NATIVE_AT(parents[(parser)->place], name), __VA_ARGS__)
#define ITEM_ERROR(parser, name, i, ...)                                        \
	native_set_error((parser)->err, (parser)->op->arena, ERR_UNPROCESSABLE, \
		NATIVE_AT_ITEM(parents[(parser)->place], name, i), __VA_ARGS__)

/* ---- values ---- */

bool native_parse_seconds(const json_t *value, int64_t min, int64_t max, int64_t *ms)
{
	double number = json_number_value(value) * 1000;

	if (!json_is_number(value) || number < (double)min || number > (double)max)
		return false;
	*ms = (int64_t)number;
	return true;
}

static bool parse_worker(struct parser *parser, struct str name, const json_t *value)
{
	struct str worker = json_str(value);

	if (!json_is_string(value) || !work_is_worker_name(worker))
		return MEMBER_ERROR(parser, name,
			"worker must be a string of 1 to %d bytes without control characters, and "
			"not *.",
			TASK_WORKER_MAX);
	parser->claim->worker = arena_copy(parser->op->arena, worker);
	parser->has_worker = true;
	return parser->claim->worker.ptr || err_no_memory(parser->err);
}

static bool parse_dialects(struct parser *parser, struct str name, const json_t *value)
{
	size_t count = json_array_size(value), kept = 0;
	uint8_t *codes = arena_alloc(parser->op->arena, count + 1);

	if (!codes)
		return err_no_memory(parser->err);
	if (!json_is_array(value) || count == 0 || count > CLAIM_DIALECTS_MAX)
		return MEMBER_ERROR(parser, name, "dialects must be an array of 1 to %d names.",
			CLAIM_DIALECTS_MAX);
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(value, i);
		const struct dialect *dialect = dialect_by_name(json_str(item));

		if (!json_is_string(item) || !dialect)
			return ITEM_ERROR(parser, name, i, "There is no dialect of this name.");
		/* Each one is looked up once, however often it is named. */
		if (!memchr(codes, dialect->code, kept))
			codes[kept++] = dialect->code;
	}
	parser->claim->dialects = codes;
	parser->claim->dialect_count = kept;
	return true;
}

static bool has_kind(const struct str *kinds, size_t count, struct str kind)
{
	size_t i = 0;

	while (i < count && !str_eq(kinds[i], kind))
		i++;
	return i < count;
}

/* null: tasks without a kind. */
static bool parse_kinds(struct parser *parser, struct str name, const json_t *value)
{
	size_t count = json_array_size(value), kept = 0;
	struct str *kinds;

	if (!json_is_array(value) || count == 0 || count > CLAIM_KINDS_MAX)
		return MEMBER_ERROR(parser, name, "kinds must be an array of 1 to %d strings.",
			CLAIM_KINDS_MAX);
	kinds = arena_alloc(parser->op->arena, count * sizeof(*kinds));
	if (!kinds)
		return err_no_memory(parser->err);
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(value, i);
		struct str kind = json_is_null(item) ? STR("") : json_str(item);

		if (!json_is_null(item) &&
			(!json_is_string(item) ||
				!work_is_printable(json_str(item), TASK_KIND_MAX)))
			return ITEM_ERROR(parser, name, i,
				"A kind must be null, or a string of 1 to %d bytes.",
				TASK_KIND_MAX);
		if (has_kind(kinds, kept, kind))
			continue;
		kinds[kept] = arena_copy(parser->op->arena, kind);
		if (!kinds[kept++].ptr)
			return err_no_memory(parser->err);
	}
	parser->claim->kinds = kinds;
	parser->claim->kind_count = kept;
	return true;
}

static bool parse_max(struct parser *parser, struct str name, const json_t *value)
{
	json_int_t number;

	if (!native_parse_integer(value, 1, CLAIM_TASKS_MAX, &number))
		return MEMBER_ERROR(
			parser, name, "max must be an integer from 1 to %d.", CLAIM_TASKS_MAX);
	parser->claim->max = (unsigned)number;
	return true;
}

static bool parse_lease(struct parser *parser, struct str name, const json_t *value)
{
	int64_t ms;

	if (!native_parse_seconds(value, 1000, LEASE_MS_MAX, &ms))
		return MEMBER_ERROR(parser, name, "lease_seconds must be a number from 1 to %u.",
			LEASE_MS_MAX / 1000);
	parser->claim->lease_ms = (uint32_t)ms;
	return true;
}

static bool parse_confirm(struct parser *parser, struct str name, const json_t *value)
{
	int64_t ms;

	if (!native_parse_seconds(value, 100, LEASE_MS_MAX, &ms))
		return MEMBER_ERROR(parser, name,
			"confirm_seconds must be a number from 0.1 to lease_seconds.");
	parser->claim->confirm_ms = (uint32_t)ms;
	parser->has_confirm = true;
	return true;
}

static bool parse_wait(struct parser *parser, struct str name, const json_t *value)
{
	if (parser->place != NATIVE_CLAIM_BODY)
		return MEMBER_ERROR(parser, name, "The next claim does not wait.");
	return native_parse_seconds(value, 0, NATIVE_WAIT_MAX * 1000, &parser->op->wait_ms) ||
	       MEMBER_ERROR(parser, name, "wait must be a number from 0 to %d.", NATIVE_WAIT_MAX);
}

/* ---- the object ---- */

static const struct {
	const char *name;
	bool (*parse)(struct parser *parser, struct str name, const json_t *value);
} members[] = {
	{ "worker", parse_worker },
	{ "dialects", parse_dialects },
	{ "kinds", parse_kinds },
	{ "max", parse_max },
	{ "lease_seconds", parse_lease },
	{ "confirm_seconds", parse_confirm },
	{ "wait", parse_wait },
};

static bool parse_member(struct parser *parser, struct str name, const json_t *value)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (str_eq(name, str_cstr(members[i].name)))
			return members[i].parse(parser, name, value);
	}
	return MEMBER_ERROR(parser, name, "A claim has no such member.");
}

bool native_parse_claim_filter(struct op *op, enum native_claim_place place, struct str name,
	const json_t *value, struct op_claim *claim, bool *found, struct err *err)
{
	struct parser parser = { .op = op, .claim = claim, .place = place, .err = err };
	bool by_dialect = str_eq(name, STR("dialects"));

	*found = by_dialect || str_eq(name, STR("kinds"));
	if (!*found)
		return true;
	return by_dialect ? parse_dialects(&parser, name, value)
			  : parse_kinds(&parser, name, value);
}

static bool check(struct parser *parser)
{
	struct op_claim *claim = parser->claim;

	if (!parser->has_worker && parser->place == NATIVE_CLAIM_BODY)
		return MEMBER_ERROR(parser, STR("worker"), "worker is required.");
	if (parser->has_confirm && claim->lease_ms > 0 && claim->confirm_ms > claim->lease_ms)
		return MEMBER_ERROR(parser, STR("confirm_seconds"),
			"confirm_seconds must be a number from 0.1 to lease_seconds.");
	return true;
}

bool native_parse_claim(struct op *op, enum native_claim_place place, json_t *json, struct err *err)
{
	struct op_claim *claim = arena_alloc(op->arena, sizeof(*claim));
	struct parser parser = { .op = op, .claim = claim, .place = place, .err = err };
	const char *name;
	json_t *value;

	if (!claim)
		return err_no_memory(err);
	*claim = (struct op_claim){ .max = 1, .confirm_ms = NATIVE_CONFIRM_MS };
	if (place == NATIVE_CLAIM_BODY)
		claim->lease_ms = NATIVE_LEASE_SECONDS * 1000;
	json_object_foreach (json, name, value) {
		if (!parse_member(&parser, str_cstr(name), value))
			return false;
	}
	if (!check(&parser))
		return false;
	op->claim = claim;
	op->claim_change = &work_claim_change;
	op->wait_group = work_claim_group(op, claim);
	return true;
}

bool native_decode_claim(struct request *request, struct op *op, struct err *err)
{
	json_t *json = NULL;
	bool ok;

	if (!native_read_object(request, &json, err))
		return false;
	op->kind = OP_CLAIM;
	op->dialect = 0;
	op->before_write = native_before_write;
	op->follow = native_follow;
	ok = native_parse_claim(op, NATIVE_CLAIM_BODY, json, err);
	json_decref(json);
	return ok;
}
