#include "base/encode.h"
#include "dialect/native/webhook.h"

const struct dialect *native_find_format(struct str name)
{
	for (size_t i = 0; dialects[i]; i++) {
		if (dialects[i]->webhook && str_eq(name, str_cstr(dialects[i]->webhook->name)))
			return dialects[i];
	}
	return NULL;
}

enum webhook_method native_default_method(const struct dialect_webhook *format)
{
	size_t method = WEBHOOK_POST;

	while (method < WEBHOOK_GET && !(format->methods & 1U << method))
		method++;
	return (enum webhook_method)method;
}

bool native_parse_secret(struct op *op, const json_t *value, struct str *secret, struct err *err)
{
	struct str text = json_str(value), prefix = STR(NATIVE_SECRET_PREFIX);
	char bytes[WEBHOOK_SECRET_MAX];
	size_t len = 0;
	bool ok = json_is_string(value) && str_starts(text, prefix) &&
		  base64_decode(bytes, sizeof(bytes), &len, str_skip(text, prefix.len)) &&
		  len >= WEBHOOK_SECRET_MIN;

	if (!ok)
		return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
			NATIVE_AT_MEMBER(STR("secret")),
			"secret must be " NATIVE_SECRET_PREFIX
			" and the base64 text of %d to %d bytes.",
			WEBHOOK_SECRET_MIN, WEBHOOK_SECRET_MAX);
	*secret = arena_copy(op->arena, (struct str){ bytes, len });
	explicit_bzero(bytes, sizeof(bytes));
	return secret->ptr || err_no_memory(err);
}

bool native_leave_out_secret(const struct op *op, const struct dialect_webhook *format,
	struct webhook *webhook, struct err *err)
{
	webhook->secret = STR("");
	return op->webhook->secret.len == 0 ||
	       native_set_error(err, op->arena, ERR_UNPROCESSABLE, NATIVE_AT_MEMBER(STR("secret")),
		       "The format %s is not signed: the webhook has no secret.", format->name);
}

bool native_check_has_secret(const struct op *op, struct webhook *webhook, struct err *err)
{
	const struct dialect *dialect = dialect_by_code(webhook->format);

	(void)op;
	if (!dialect || !dialect->webhook || dialect->webhook->is_signed)
		return true;
	return err_set(err, ERR_CONFLICT, NULL,
		"The format %s is not signed: the webhook has no secret.", dialect->webhook->name);
}

bool native_keep_own_tasks(const struct op *op, struct webhook *webhook, struct err *err)
{
	struct feed_filter *filter = &webhook->filter;
	uint8_t *own;

	for (size_t i = 0; i < filter->dialect_count; i++) {
		if (filter->dialects[i] != webhook->format)
			return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_FILTER(STR("dialects")),
				"The format has tasks of its own dialect only.");
	}
	own = arena_alloc(op->arena, 1);
	if (!own)
		return err_no_memory(err);
	*own = webhook->format;
	filter->dialects = own;
	filter->dialect_count = 1;
	return true;
}
