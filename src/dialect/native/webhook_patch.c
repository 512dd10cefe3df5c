#include "dialect/native/webhook.h"
#include "dialect/native/work.h"

/* Members that a body has: bits. */
enum given {
	GIVEN_NAME = 1,
	GIVEN_URL = 2,
	GIVEN_FORMAT = 4,
	GIVEN_METHOD = 8,
	GIVEN_HEADERS = 16,
	GIVEN_QUERY = 32,
	GIVEN_PARALLEL = 64,
	GIVEN_ENABLED = 128,
	GIVEN_DIALECTS = 256,
	GIVEN_KINDS = 512,
	GIVEN_STATES = 1024,
	GIVEN_TYPES = 2048,
};

/* What the body sets; null has set the default. */
struct patch {
	unsigned given;
	bool creates, resumes;
	struct str name, url;
	const struct dialect *format;
	enum webhook_method method; /* 0: the default of the format */
	struct native_pairs headers, query;
	struct feed_filter filter;
	unsigned parallel;
	bool enabled;
};

struct parser {
	struct op *op;
	struct op_webhook *webhook;
	struct patch *patch;
	struct err *err;
};

#define MEMBER_ERROR(parser, name, ...)                                         \
	native_set_error((parser)->err, (parser)->op->arena, ERR_UNPROCESSABLE, \
		NATIVE_AT_MEMBER(name), __VA_ARGS__)
#define FILTER_ERROR(parser, name, ...)                                         \
	native_set_error((parser)->err, (parser)->op->arena, ERR_UNPROCESSABLE, \
		NATIVE_AT_FILTER(name), __VA_ARGS__)

/* ---- formats and methods ---- */

static const char *const methods[] = {
	[WEBHOOK_POST] = "POST",
	[WEBHOOK_PUT] = "PUT",
	[WEBHOOK_GET] = "GET",
};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

const char *native_method_name(enum webhook_method method)
{
	return methods[method];
}

/* ---- values ---- */

static bool copy_text(struct parser *parser, json_t *value, struct str *text)
{
	*text = json_is_null(value) ? STR("") : arena_copy(parser->op->arena, json_str(value));
	return text->ptr || err_no_memory(parser->err);
}

static bool parse_name(struct parser *parser, struct str name, json_t *value)
{
	struct str text = json_str(value);

	if (!json_is_null(value) &&
		!(json_is_string(value) && work_is_printable(text, WEBHOOK_NAME_MAX)))
		return MEMBER_ERROR(parser, name,
			"name must be null, or a string of 1 to %d bytes without control characters.",
			WEBHOOK_NAME_MAX);
	parser->patch->given |= GIVEN_NAME;
	return copy_text(parser, value, &parser->patch->name);
}

static bool parse_url(struct parser *parser, struct str name, json_t *value)
{
	const char *reason = json_is_string(value) ? native_check_url(json_str(value))
						   : "url must be a string.";

	if (reason)
		return MEMBER_ERROR(parser, name, "%s", reason);
	parser->patch->given |= GIVEN_URL;
	return copy_text(parser, value, &parser->patch->url);
}

static bool parse_format(struct parser *parser, struct str name, json_t *value)
{
	parser->patch->given |= GIVEN_FORMAT;
	parser->patch->format = json_is_null(value) ? dialect_by_code(DIALECT_CODE_native)
						    : native_find_format(json_str(value));
	return (parser->patch->format && parser->patch->format->webhook) ||
	       MEMBER_ERROR(parser, name, "There is no format of this name.");
}

static bool parse_method(struct parser *parser, struct str name, json_t *value)
{
	size_t method = json_is_null(value) ? 0 : WEBHOOK_POST;

	while (method != 0 && method < METHODS &&
		!str_eq(json_str(value), str_cstr(methods[method])))
		method++;
	parser->patch->given |= GIVEN_METHOD;
	parser->patch->method = (enum webhook_method)method;
	return method < METHODS || MEMBER_ERROR(parser, name, "method must be POST, PUT or GET.");
}

static bool parse_headers(struct parser *parser, struct str name, json_t *value)
{
	(void)name;
	parser->patch->given |= GIVEN_HEADERS;
	return native_parse_pairs(parser->op, true, value, &parser->patch->headers, parser->err);
}

static bool parse_query(struct parser *parser, struct str name, json_t *value)
{
	(void)name;
	parser->patch->given |= GIVEN_QUERY;
	return native_parse_pairs(parser->op, false, value, &parser->patch->query, parser->err);
}

static bool parse_parallel(struct parser *parser, struct str name, json_t *value)
{
	json_int_t number = NATIVE_WEBHOOK_PARALLEL;

	if (!json_is_null(value) && !native_parse_integer(value, 1, WEBHOOK_PARALLEL_MAX, &number))
		return MEMBER_ERROR(parser, name, "max_parallel must be an integer from 1 to %d.",
			WEBHOOK_PARALLEL_MAX);
	parser->patch->given |= GIVEN_PARALLEL;
	parser->patch->parallel = (unsigned)number;
	return true;
}

static bool parse_enabled(struct parser *parser, struct str name, json_t *value)
{
	if (!json_is_boolean(value))
		return MEMBER_ERROR(parser, name, "enabled must be true or false.");
	parser->patch->given |= GIVEN_ENABLED;
	parser->patch->enabled = json_is_true(value);
	return true;
}

static bool parse_resume(struct parser *parser, struct str name, json_t *value)
{
	if (!json_is_boolean(value) || parser->patch->creates)
		return MEMBER_ERROR(
			parser, name, "resume must be true or false, in a change with enabled.");
	parser->webhook->resumes = json_is_true(value);
	parser->patch->resumes = true;
	return true;
}

static bool parse_secret(struct parser *parser, struct str name, json_t *value)
{
	if (!parser->patch->creates)
		return MEMBER_ERROR(parser, name,
			"The secret is changed by POST " NATIVE_WEBHOOKS_PATH
			"/{id}/rotate-secret.");
	return json_is_null(value) ||
	       native_parse_secret(parser->op, value, &parser->webhook->secret, parser->err);
}

/* ---- the filter ---- */

/* States or types of events, as bits. */
static bool parse_bits(struct parser *parser, struct str name, json_t *value,
	unsigned (*find)(struct str name), const char *unknown, unsigned *bits)
{
	size_t count = json_array_size(value);

	*bits = 0;
	if (json_is_null(value))
		return true;
	if (!json_is_array(value) || count == 0 || count > FEED_VALUES_MAX)
		return FILTER_ERROR(parser, name,
			"%.*s must be null, or an array of 1 to %d names.", STR_ARGS(name),
			FEED_VALUES_MAX);
	for (size_t i = 0; i < count; i++) {
		unsigned number = find(json_str(json_array_get(value, i)));

		if (number == 0)
			return native_set_error(parser->err, parser->op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_ITEM("/filter/", name, i), "%s", unknown);
		*bits |= 1U << number;
	}
	return true;
}

static unsigned find_state(struct str name)
{
	return (unsigned)task_state_parse(name);
}

static unsigned find_type(struct str name)
{
	return (unsigned)feed_type_by_name(name);
}

static bool parse_claim_filter(struct parser *parser, struct str name, json_t *value)
{
	struct feed_filter *filter = &parser->patch->filter;
	struct op_claim claim = { 0 };
	bool found;

	if (!json_is_null(value) && !native_parse_claim_filter(parser->op, NATIVE_CLAIM_FILTER,
					    name, value, &claim, &found, parser->err))
		return false;
	if (claim.kind_count > FEED_VALUES_MAX)
		return FILTER_ERROR(
			parser, name, "kinds must have at most %d kinds.", FEED_VALUES_MAX);
	if (str_eq(name, STR("dialects"))) {
		parser->patch->given |= GIVEN_DIALECTS;
		filter->dialects = claim.dialects;
		filter->dialect_count = claim.dialect_count;
	} else {
		parser->patch->given |= GIVEN_KINDS;
		filter->kinds = claim.kinds;
		filter->kind_count = claim.kind_count;
	}
	return true;
}

static bool parse_filter_member(struct parser *parser, struct str name, json_t *value)
{
	struct feed_filter *filter = &parser->patch->filter;

	if (str_eq(name, STR("dialects")) || str_eq(name, STR("kinds")))
		return parse_claim_filter(parser, name, value);
	if (str_eq(name, STR("states"))) {
		parser->patch->given |= GIVEN_STATES;
		return parse_bits(parser, name, value, find_state, "There is no such state.",
			&filter->states);
	}
	if (!str_eq(name, STR("types")))
		return FILTER_ERROR(parser, name, "A filter has no such member.");
	parser->patch->given |= GIVEN_TYPES;
	return parse_bits(
		parser, name, value, find_type, "There is no such type of events.", &filter->types);
}

static bool parse_filter(struct parser *parser, struct str name, json_t *value)
{
	const char *key;
	json_t *item;

	if (json_is_null(value)) {
		parser->patch->given |= GIVEN_DIALECTS | GIVEN_KINDS | GIVEN_STATES | GIVEN_TYPES;
		parser->patch->filter = (struct feed_filter){ 0 };
		return true;
	}
	if (!json_is_object(value))
		return MEMBER_ERROR(parser, name, "filter must be an object or null.");
	json_object_foreach (value, key, item) {
		if (!parse_filter_member(parser, str_cstr(key), item))
			return false;
	}
	return true;
}

/* ---- the body ---- */

static const struct {
	const char *name;
	bool (*parse)(struct parser *parser, struct str name, json_t *value);
} members[] = {
	{ "name", parse_name },
	{ "url", parse_url },
	{ "format", parse_format },
	{ "method", parse_method },
	{ "headers", parse_headers },
	{ "query", parse_query },
	{ "filter", parse_filter },
	{ "secret", parse_secret },
	{ "max_parallel", parse_parallel },
	{ "enabled", parse_enabled },
	{ "resume", parse_resume },
};

static bool parse_member(struct parser *parser, struct str name, json_t *value)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (str_eq(name, str_cstr(members[i].name)))
			return members[i].parse(parser, name, value);
	}
	return MEMBER_ERROR(parser, name, "A webhook has no such member, or it cannot be set.");
}

/* ---- the change, in the transaction ---- */

static void apply_filter(const struct patch *patch, struct feed_filter *filter)
{
	if (patch->given & GIVEN_DIALECTS) {
		filter->dialects = patch->filter.dialects;
		filter->dialect_count = patch->filter.dialect_count;
	}
	if (patch->given & GIVEN_KINDS) {
		filter->kinds = patch->filter.kinds;
		filter->kind_count = patch->filter.kind_count;
	}
	if (patch->given & GIVEN_STATES)
		filter->states = patch->filter.states;
	if (patch->given & GIVEN_TYPES)
		filter->types = patch->filter.types;
}

static void apply_values(const struct patch *patch, struct webhook *webhook)
{
	if (patch->given & GIVEN_NAME)
		webhook->name = patch->name;
	if (patch->given & GIVEN_URL)
		webhook->url = patch->url;
	if (patch->given & GIVEN_FORMAT)
		webhook->format = patch->format->code;
	if (patch->given & GIVEN_PARALLEL)
		webhook->parallel = patch->parallel;
	if (patch->given & GIVEN_ENABLED)
		webhook->enabled = patch->enabled;
	apply_filter(patch, &webhook->filter);
}

/* The format decides which methods there are, and which events count without types. */
static bool complete(
	const struct op *op, const struct patch *patch, struct webhook *webhook, struct err *err)
{
	const struct dialect *dialect = dialect_by_code(webhook->format);
	const struct dialect_webhook *format = dialect ? dialect->webhook : NULL;

	if (!format)
		return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
			NATIVE_AT_MEMBER(STR("format")), "There is no format of this name.");
	if (patch->given & GIVEN_METHOD)
		webhook->method = patch->method;
	if (webhook->method == 0 || (patch->creates && !(patch->given & GIVEN_METHOD)))
		webhook->method = native_default_method(format);
	if (!(format->methods & 1U << webhook->method))
		return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
			NATIVE_AT_MEMBER(STR("method")),
			"The format %s does not have the method %s.", format->name,
			methods[webhook->method]);
	if (webhook->filter.types == 0)
		webhook->filter.types = format->default_types;
	if (patch->creates && !format->is_signed &&
		!native_leave_out_secret(op, format, webhook, err))
		return false;
	return !format->own_tasks || native_keep_own_tasks(op, webhook, err);
}

static bool change(const struct op *op, struct webhook *webhook, struct err *err)
{
	const struct patch *patch = op->webhook->change_data;

	if (patch->creates) {
		webhook->format = DIALECT_CODE_native;
		webhook->parallel = NATIVE_WEBHOOK_PARALLEL;
	}
	/* Pending deliveries have bodies of the format. */
	if (!patch->creates && patch->given & GIVEN_FORMAT &&
		patch->format->code != webhook->format)
		return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
			NATIVE_AT_MEMBER(STR("format")),
			"The format cannot be changed: create another webhook.");
	apply_values(patch, webhook);
	return native_merge_pairs(
		       op, true, &patch->headers, webhook->headers, &webhook->header_count, err) &&
	       native_merge_pairs(
		       op, false, &patch->query, webhook->query, &webhook->query_count, err) &&
	       complete(op, patch, webhook, err);
}

bool native_parse_webhook(
	struct op *op, struct op_webhook *webhook, bool creates, json_t *json, struct err *err)
{
	struct patch *patch = arena_alloc(op->arena, sizeof(*patch));
	struct parser parser = { .op = op, .webhook = webhook, .patch = patch, .err = err };
	const char *name;
	json_t *value;

	if (!patch)
		return err_no_memory(err);
	*patch = (struct patch){ .creates = creates };
	json_object_foreach (json, name, value) {
		if (!parse_member(&parser, str_cstr(name), value))
			return false;
	}
	if (creates && !(patch->given & GIVEN_URL))
		return MEMBER_ERROR(&parser, STR("url"), "url is required.");
	if (patch->resumes && !(patch->given & GIVEN_ENABLED && patch->enabled))
		return MEMBER_ERROR(
			&parser, STR("resume"), "resume needs the member enabled, which is true.");
	webhook->change = change;
	webhook->change_data = patch;
	return true;
}
