#include "dialect/webhook_rules.h"

#include "base/encode.h"
#include "dialect/native/webhook.h"

/* ---- the body of the request ---- */

static json_t *text_of(struct str text)
{
	return json_stringn(text.len > 0 ? text.ptr : "", text.len);
}

/* A text that may be absent. */
static json_t *optional_text(struct str text)
{
	return text.len > 0 ? text_of(text) : json_null();
}

static json_t *name_of(const char *name)
{
	return name ? json_string(name) : json_null();
}

static json_t *secret_of(struct str secret)
{
	char bytes[BASE64_SIZE(WEBHOOK_SECRET_MAX)];
	json_t *text;

	if (secret.len > WEBHOOK_SECRET_MAX)
		return json_string("");
	base64_encode(bytes, secret.ptr, secret.len);
	text = json_sprintf(NATIVE_SECRET_PREFIX "%s", bytes);
	explicit_bzero(bytes, sizeof(bytes));
	return text;
}

/* Members that cannot be added make the webhook another one, which is refused. */
static json_t *pairs_of(const struct webhook_pair *pairs, size_t count, struct arena *arena)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++) {
		const char *name = arena_copy(arena, pairs[i].name).ptr;

		json_object_set_new(object, name ? name : "", text_of(pairs[i].value));
	}
	return object;
}

static json_t *bits_of(unsigned bits, unsigned end, const char *(*name)(unsigned number))
{
	json_t *array = bits != 0 ? json_array() : json_null();

	for (unsigned i = 1; i < end; i++) {
		if (bits & 1U << i)
			json_array_append_new(array, name_of(name(i)));
	}
	return array;
}

static const char *state_name(unsigned state)
{
	return task_state_name((enum task_state)state);
}

static const char *type_name(unsigned type)
{
	return feed_type_name((enum feed_type)type);
}

static json_t *dialects_of(const struct feed_filter *filter)
{
	json_t *array = filter->dialect_count > 0 ? json_array() : json_null();

	for (size_t i = 0; i < filter->dialect_count; i++)
		json_array_append_new(array, name_of(dialect_code_name(filter->dialects[i])));
	return array;
}

static json_t *kinds_of(const struct feed_filter *filter)
{
	json_t *array = filter->kind_count > 0 ? json_array() : json_null();

	for (size_t i = 0; i < filter->kind_count; i++)
		json_array_append_new(array, optional_text(filter->kinds[i]));
	return array;
}

/* NULL if a text is not UTF-8, or without memory. */
static json_t *body_of(
	const struct webhook *webhook, const struct dialect_webhook *format, struct arena *arena)
{
	const struct feed_filter *filter = &webhook->filter;

	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:i, s:b, s:o, s:{s:o, s:o, s:o, s:o}}",
		"name", optional_text(webhook->name), "url", text_of(webhook->url), "format",
		format->name, "method", name_of(native_method_name(webhook->method)), "headers",
		pairs_of(webhook->headers, webhook->header_count, arena), "query",
		pairs_of(webhook->query, webhook->query_count, arena), "max_parallel",
		(int)webhook->parallel, "enabled", (int)webhook->enabled, "secret",
		format->is_signed ? secret_of(webhook->secret) : json_null(), "filter", "dialects",
		dialects_of(filter), "kinds", kinds_of(filter), "states",
		bits_of(filter->states, TASK_STATES, state_name), "types",
		bits_of(filter->types, FEED_TYPES, type_name));
}

/* ---- the request ---- */

bool webhook_rules_apply(
	const struct webhook *webhook, struct arena *arena, struct webhook *made, struct err *err)
{
	const struct dialect *dialect = dialect_by_code(webhook->format);
	struct op_webhook create = { .action = WEBHOOK_CREATE };
	struct op op = { .kind = OP_WEBHOOK, .arena = arena, .webhook = &create };
	json_t *body;
	bool ok;

	if (!dialect || !dialect->webhook)
		return err_set(err, ERR_UNPROCESSABLE, "format", "there is no format of this code");
	body = body_of(webhook, dialect->webhook, arena);
	if (!body)
		return err_set(err, ERR_UNPROCESSABLE, NULL, "its texts must be UTF-8");
	*made = *webhook;
	made->name = made->url = STR("");
	made->header_count = made->query_count = 0;
	made->filter = (struct feed_filter){ 0 };
	ok = native_parse_webhook(&op, &create, true, body, err) && create.change(&op, made, err);
	/* Webhooks of earlier builds have one that signs nothing. */
	made->secret = dialect->webhook->is_signed ? create.secret : webhook->secret;
	json_decref(body);
	if (!ok)
		err->detail = STR_NULL; /* for a response; it is in the arena */
	return ok;
}
