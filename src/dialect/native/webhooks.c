#include "dialect/native/query.h"
#include "dialect/native/webhook.h"

static bool begin(
	struct op *op, enum webhook_action action, struct op_webhook **webhook, struct err *err)
{
	*webhook = arena_alloc(op->arena, sizeof(**webhook));
	if (!*webhook)
		return err_no_memory(err);
	**webhook = (struct op_webhook){ .action = action };
	op->kind = OP_WEBHOOK;
	op->dialect = 0;
	op->webhook = *webhook;
	return true;
}

bool native_begin_webhook(const struct request *request, struct op *op, enum webhook_action action,
	struct op_webhook **webhook, struct err *err)
{
	if (!id_parse(&op->id, request_path_var(request, "webhook")))
		return err_set(err, ERR_NOT_FOUND, NULL, "There is no such webhook.");
	return begin(op, action, webhook, err);
}

bool native_decode_webhook_create(struct request *request, struct op *op, struct err *err)
{
	struct op_webhook *webhook;
	json_t *json = NULL;
	bool ok;

	if (!begin(op, WEBHOOK_CREATE, &webhook, err) || !native_read_object(request, &json, err))
		return false;
	ok = native_parse_webhook(op, webhook, true, json, err);
	json_decref(json);
	return ok;
}

bool native_decode_webhooks(struct request *request, struct op *op, struct err *err)
{
	struct op_webhook *webhook;

	return request_check_accepts_json(request, err) && native_check_no_query(request, err) &&
	       begin(op, WEBHOOK_LIST, &webhook, err);
}

bool native_decode_webhook(struct request *request, struct op *op, struct err *err)
{
	struct op_webhook *webhook;

	return request_check_accepts_json(request, err) &&
	       native_begin_webhook(request, op, WEBHOOK_READ, &webhook, err);
}

/* The body may be of the type of merge patches. */
bool native_decode_webhook_update(struct request *request, struct op *op, struct err *err)
{
	struct op_webhook *webhook;
	json_t *json = NULL;
	bool ok;

	if (!request_check_accepts_json(request, err) ||
		!native_check_content_type(request, true, err) ||
		!native_begin_webhook(request, op, WEBHOOK_CHANGE, &webhook, err))
		return false;
	if (request->body.len > request->body_limit)
		return err_set(err, ERR_TOO_LARGE, NULL, NULL);
	if (!json_parse_object(&json, request->body, err))
		return false;
	ok = native_parse_webhook(op, webhook, false, json, err);
	json_decref(json);
	return ok;
}

/* The response has no body, so Accept does not matter. */
bool native_decode_webhook_delete(struct request *request, struct op *op, struct err *err)
{
	struct op_webhook *webhook;

	return native_begin_webhook(request, op, WEBHOOK_REMOVE, &webhook, err);
}

/* ---- rotate-secret ---- */

#define KEEP_SECONDS 86400

static bool parse_rotation(struct op *op, struct op_webhook *webhook, json_t *json, struct err *err)
{
	json_int_t seconds = KEEP_SECONDS;
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		bool keeps = strcmp(name, "keep_seconds") == 0;

		if (keeps && !native_parse_integer(value, 0, WEBHOOK_KEEP_MAX_MS / 1000, &seconds))
			return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_MEMBER(STR("keep_seconds")),
				"keep_seconds must be an integer from 0 to %lld.",
				WEBHOOK_KEEP_MAX_MS / 1000);
		if (!keeps && strcmp(name, "secret") != 0)
			return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_MEMBER(str_cstr(name)), "There is no such member.");
		if (!keeps && !json_is_null(value) &&
			!native_parse_secret(op, value, &webhook->secret, err))
			return false;
	}
	webhook->keep_ms = seconds * 1000;
	return true;
}

/* Without a body the service makes the secret. */
bool native_decode_webhook_rotate(struct request *request, struct op *op, struct err *err)
{
	struct op_webhook *webhook;
	json_t *json = NULL;
	bool ok;

	if (!native_begin_webhook(request, op, WEBHOOK_ROTATE, &webhook, err))
		return false;
	webhook->change = native_check_has_secret;
	webhook->keep_ms = KEEP_SECONDS * 1000LL;
	if (request->body.len == 0)
		return request_check_accepts_json(request, err);
	if (!native_read_object(request, &json, err))
		return false;
	ok = parse_rotation(op, webhook, json, err);
	json_decref(json);
	return ok;
}

/* ---- test ---- */

static void encode_test(const struct webhook *webhook, int64_t at, struct buf *out)
{
	const struct dialect *dialect = dialect_by_code(webhook->format);

	if (dialect && dialect->webhook)
		dialect->webhook->encode_test(at, out);
	else
		out->failed = true;
}

/* The body is ignored, as that of an archival. */
bool native_decode_webhook_test(struct request *request, struct op *op, struct err *err)
{
	struct op_webhook *webhook;

	if (!request_check_accepts_json(request, err) ||
		!native_begin_webhook(request, op, WEBHOOK_TEST, &webhook, err))
		return false;
	webhook->encode_test = encode_test;
	return true;
}
