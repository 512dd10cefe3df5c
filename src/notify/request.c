#include "notify/request.h"

#include <inttypes.h>

#include "http/json.h"
#include "http/query.h"
#include "notify/sign.h"

/* ---- URL ---- */

static void put_parameter(struct buf *url, char *separator, struct str name, struct str value)
{
	buf_putc(url, *separator);
	query_encode(url, name, QUERY_PLUS_IS_SPACE);
	buf_putc(url, '=');
	query_encode(url, value, QUERY_PLUS_IS_SPACE);
	*separator = '&';
}

/* The members of the body's object, for a GET. A body that is no object adds none. */
static void put_body(struct buf *url, char *separator, struct str body)
{
	struct buf text = BUF_INIT;
	struct err ignored;
	json_t *json = NULL, *value;
	const char *name;

	if (!json_parse_trusted(&json, body, &ignored))
		return;
	json_object_foreach (json, name, value) {
		buf_reset(&text);
		if (!json_is_string(value) && !json_is_null(value))
			json_put(&text, value);
		url->failed = url->failed || !buf_ok(&text);
		put_parameter(url, separator, str_cstr(name),
			json_is_string(value) ? json_str(value) : buf_str(&text));
	}
	buf_free(&text);
	json_decref(json);
}

/* A fragment is never sent; without a path the query would belong to the host. */
static void put_url(struct notify_request *request, const struct webhook *webhook,
	const struct delivery *delivery)
{
	struct str rest = webhook->url, url = str_split_next(&rest, '#');
	char separator = memchr(url.ptr, '?', url.len) ? '&' : '?';

	buf_put_str(&request->url, url);
	for (size_t i = 0; i < webhook->query_count; i++)
		put_parameter(
			&request->url, &separator, webhook->query[i].name, webhook->query[i].value);
	if (webhook->method == WEBHOOK_GET)
		put_body(&request->url, &separator, delivery->body);
	buf_putc(&request->url, '\0');
	if (buf_ok(&request->url))
		request->url.len--;
}

/* ---- header fields ---- */

/* libcurl's form of a field without a value is "name;". */
static void put_field(struct notify_request *request, struct str name, struct str value)
{
	buf_put_str(&request->lines, name);
	buf_puts(&request->lines, value.len > 0 ? ": " : ";");
	buf_put_str(&request->lines, value);
	buf_putc(&request->lines, '\0');
	request->line_count++;
}

static bool is_field(const struct webhook_pair *pair)
{
	static const char separators[] = "\"(),/:;<=>?@[\\]{}";

	for (size_t i = 0; i < pair->name.len; i++) {
		char c = pair->name.ptr[i];

		if (c <= ' ' || c > '~' || strchr(separators, c))
			return false;
	}
	for (size_t i = 0; i < pair->value.len; i++) {
		unsigned char c = (unsigned char)pair->value.ptr[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return pair->name.len > 0;
}

static bool has_field(const struct webhook *webhook, struct str name)
{
	for (size_t i = 0; i < webhook->header_count; i++) {
		if (str_eq_nocase(webhook->headers[i].name, name))
			return true;
	}
	return false;
}

static void put_signature(struct notify_request *request, const struct webhook *webhook,
	const struct delivery *delivery, int64_t now)
{
	char id[DELIVERY_ID_SIZE], seconds[24];
	struct buf signature = BUF_INIT;

	delivery_id_format(delivery, id);
	snprintf(seconds, sizeof(seconds), "%" PRId64, now / 1000);
	sign_put(webhook, str_cstr(id), now / 1000, buf_str(&request->body), &signature);
	put_field(request, STR("webhook-id"), str_cstr(id));
	put_field(request, STR("webhook-timestamp"), str_cstr(seconds));
	put_field(request, STR("webhook-signature"), buf_str(&signature));
	request->lines.failed = request->lines.failed || !buf_ok(&signature);
	buf_free(&signature);
}

static void put_trace(
	struct notify_request *request, const struct webhook *webhook, const struct trace *trace)
{
	if (trace->parent.len == 0 || has_field(webhook, STR("traceparent")))
		return;
	put_field(request, STR("traceparent"), trace->parent);
	if (trace->state.len > 0 && !has_field(webhook, STR("tracestate")))
		put_field(request, STR("tracestate"), trace->state);
}

static bool put_own_fields(
	struct notify_request *request, const struct webhook *webhook, struct err *err)
{
	for (size_t i = 0; i < webhook->header_count; i++) {
		const struct webhook_pair *pair = &webhook->headers[i];

		if (!is_field(pair))
			return err_set(err, ERR_INVALID, NULL,
				"A header field of the webhook cannot be sent.");
		put_field(request, pair->name, pair->value);
	}
	return true;
}

/* The fields of the webhook replace those of the service, but not the signature. */
bool notify_request_make(struct notify_request *request, const struct webhook *webhook,
	const struct delivery *delivery, bool is_signed, int64_t now, struct err *err)
{
	request->method = webhook->method;
	put_url(request, webhook, delivery);
	if (webhook->method != WEBHOOK_GET)
		buf_put_str(&request->body, delivery->body);
	if (!has_field(webhook, STR("User-Agent")))
		put_field(request, STR("User-Agent"), STR("Polytask/" POLYTASK_VERSION));
	if (webhook->method != WEBHOOK_GET && !has_field(webhook, STR("Content-Type")))
		put_field(request, STR("Content-Type"), STR("application/json"));
	put_trace(request, webhook, &delivery->trace);
	if (!put_own_fields(request, webhook, err))
		return false;
	if (is_signed)
		put_signature(request, webhook, delivery, now);
	return (buf_ok(&request->url) && buf_ok(&request->lines) && buf_ok(&request->body)) ||
	       err_no_memory(err);
}

void notify_request_free(struct notify_request *request)
{
	buf_free(&request->url);
	buf_free(&request->lines);
	buf_free(&request->body);
}
