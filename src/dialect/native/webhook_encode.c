#include "base/date.h"
#include "base/encode.h"
#include "dialect/native/query.h"
#include "dialect/native/webhook.h"

static void put_time(struct buf *out, const char *name, struct optional_time time)
{
	buf_printf(out, ",\"%s\":", name);
	native_put_time(out, time);
}

/* ---- a webhook ---- */

static void put_pairs(struct buf *out, const char *name, const struct webhook_pair *pairs,
	size_t count, bool hidden)
{
	buf_printf(out, ",\"%s\":{", name);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		buf_put_json_string(out, pairs[i].name);
		buf_putc(out, ':');
		buf_put_json_string(out, hidden ? STR(NATIVE_HIDDEN) : pairs[i].value);
	}
	buf_putc(out, '}');
}

static void put_dialects(struct buf *out, const struct feed_filter *filter)
{
	buf_puts(out, filter->dialect_count > 0 ? "[" : "null");
	for (size_t i = 0; i < filter->dialect_count; i++) {
		buf_puts(out, i > 0 ? "," : "");
		buf_put_json_string(out, str_cstr(dialect_code_name(filter->dialects[i])));
	}
	buf_puts(out, filter->dialect_count > 0 ? "]" : "");
}

static void put_kinds(struct buf *out, const struct feed_filter *filter)
{
	buf_puts(out, filter->kind_count > 0 ? "[" : "null");
	for (size_t i = 0; i < filter->kind_count; i++) {
		buf_puts(out, i > 0 ? "," : "");
		if (filter->kinds[i].len > 0)
			buf_put_json_string(out, filter->kinds[i]);
		else
			buf_puts(out, "null");
	}
	buf_puts(out, filter->kind_count > 0 ? "]" : "");
}

static const char *state_name(unsigned state)
{
	return task_state_name((enum task_state)state);
}

static const char *type_name(unsigned type)
{
	return feed_type_name((enum feed_type)type);
}

static void put_bits(
	struct buf *out, unsigned bits, unsigned end, const char *(*name)(unsigned number))
{
	const char *separator = "[";

	if (bits == 0)
		buf_puts(out, "null");
	for (unsigned i = 1; i < end && bits != 0; i++) {
		if (!(bits & 1U << i))
			continue;
		buf_printf(out, "%s\"%s\"", separator, name(i));
		separator = ",";
	}
	buf_puts(out, bits != 0 ? "]" : "");
}

static void put_filter(struct buf *out, const struct feed_filter *filter)
{
	buf_puts(out, ",\"filter\":{\"dialects\":");
	put_dialects(out, filter);
	buf_puts(out, ",\"kinds\":");
	put_kinds(out, filter);
	buf_puts(out, ",\"states\":");
	put_bits(out, filter->states, TASK_STATES, state_name);
	buf_puts(out, ",\"types\":");
	put_bits(out, filter->types, FEED_TYPES, type_name);
	buf_putc(out, '}');
}

static void put_secret(struct buf *out, struct str secret)
{
	char text[BASE64_SIZE(WEBHOOK_SECRET_MAX)];

	if (secret.len == 0 || secret.len > WEBHOOK_SECRET_MAX)
		return;
	base64_encode(text, secret.ptr, secret.len);
	buf_printf(out, ",\"secret\":\"" NATIVE_SECRET_PREFIX "%s\"", text);
	explicit_bzero(text, sizeof(text));
}

static void put_state(struct buf *out, const struct webhook_state *state)
{
	buf_puts(out, ",\"state\":{\"pending\":");
	buf_put_number(out, (int64_t)state->pending);
	put_time(out, "last_success_at", state->last_success);
	put_time(out, "last_failure_at", state->last_failure);
	buf_puts(out, ",\"last_status\":");
	if (state->last_status > 0)
		buf_put_number(out, state->last_status);
	else
		buf_puts(out, "null");
	put_time(out, "failing_since", state->failing_since);
	buf_puts(out, state->missed ? ",\"missed\":true}" : ",\"missed\":false}");
}

static void put_url(struct buf *out, const struct request *request, const struct id *id)
{
	buf_put_str(out, request->base_url);
	buf_puts(out, NATIVE_WEBHOOKS_PATH "/");
	id_put(id, out);
}

static void put_webhook(struct buf *out, const struct request *request,
	const struct webhook *webhook, const struct webhook_state *state, bool with_secret)
{
	const struct dialect *dialect = dialect_by_code(webhook->format);

	buf_puts(out, "{\"id\":\"");
	id_put(&webhook->id, out);
	buf_putc(out, '"');
	native_put_text(out, "name", webhook->name);
	native_put_text(out, "url", webhook->url);
	native_put_text(
		out, "format", str_cstr(dialect && dialect->webhook ? dialect->webhook->name : ""));
	native_put_text(out, "method", str_cstr(native_method_name(webhook->method)));
	put_pairs(out, "headers", webhook->headers, webhook->header_count, true);
	put_pairs(out, "query", webhook->query, webhook->query_count, false);
	put_filter(out, &webhook->filter);
	buf_printf(out, ",\"max_parallel\":%u,\"enabled\":%s", webhook->parallel,
		webhook->enabled ? "true" : "false");
	native_put_text(out, "reason", webhook->reason);
	if (with_secret)
		put_secret(out, webhook->secret);
	put_time(out, "old_secret_ends_at",
		webhook->old_secret.len > 0 ? webhook->old_secret_ends : OPTIONAL_TIME_NONE);
	put_time(out, "created_at", optional_time(webhook->created));
	native_put_text(out, "created_by", webhook->created_by);
	put_time(out, "updated_at", optional_time(webhook->updated));
	native_put_text(out, "updated_by", webhook->updated_by);
	buf_puts(out, ",\"revision\":");
	buf_put_number(out, (int64_t)webhook->revision);
	put_state(out, state);
	buf_puts(out, ",\"links\":{\"self\":\"");
	put_url(out, request, &webhook->id);
	buf_puts(out, "\"}}");
}

bool native_encode_webhook_created(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct webhook_answer *answer = result->webhooks;
	struct buf url = BUF_INIT;

	put_url(&url, request, &answer->webhooks[0].id);
	response_add_location(response, &url);
	put_webhook(&response->body, request, &answer->webhooks[0], &answer->states[0], true);
	return response_finish(response, 201, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_webhook(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct webhook_answer *answer = result->webhooks;

	put_webhook(&response->body, request, &answer->webhooks[0], &answer->states[0], false);
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_webhook_rotated(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct webhook_answer *answer = result->webhooks;

	put_webhook(&response->body, request, &answer->webhooks[0], &answer->states[0], true);
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_webhooks(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct webhook_answer *answer = result->webhooks;

	buf_puts(&response->body, "{\"items\":[");
	for (size_t i = 0; i < answer->count; i++) {
		buf_puts(&response->body, i > 0 ? "," : "");
		put_webhook(
			&response->body, request, &answer->webhooks[i], &answer->states[i], false);
	}
	buf_puts(&response->body, "]}");
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

/* ---- deliveries ---- */

static void put_event(struct buf *out, const struct delivery *delivery)
{
	const struct journal_entry *entry = &delivery->entry;

	if (delivery->test) {
		buf_puts(out, ",\"event\":null");
		return;
	}
	buf_puts(out, ",\"event\":{\"type\":");
	buf_put_json_string(out, str_cstr(feed_type_name(feed_type_of(entry))));
	put_time(out, "at", optional_time(entry->at));
	buf_puts(out, ",\"task_id\":\"");
	id_put(&entry->id, out);
	buf_putc(out, '"');
	native_put_text(out, "dialect", str_cstr(dialect_code_name(entry->dialect)));
	native_put_text(out, "kind", entry->kind);
	buf_puts(out, ",\"revision\":");
	buf_put_number(out, (int64_t)entry->revision);
	buf_putc(out, '}');
}

static void put_attempt(struct buf *out, const struct delivery_attempt *attempt)
{
	buf_puts(out, "{\"at\":");
	native_put_time(out, optional_time(attempt->at));
	buf_printf(out, ",\"took_ms\":%u,\"status\":", (unsigned)attempt->took_ms);
	if (attempt->status > 0)
		buf_put_number(out, attempt->status);
	else
		buf_puts(out, "null");
	native_put_text(out, "error", attempt->error);
	native_put_text(out, "answer", attempt->answer);
	buf_putc(out, '}');
}

static void put_delivery(struct buf *out, const struct delivery *delivery, bool with_body)
{
	static const char *const states[] = {
		[DELIVERY_PENDING] = "pending",
		[DELIVERY_DELIVERED] = "delivered",
		[DELIVERY_FAILED] = "failed",
	};
	char id[DELIVERY_ID_SIZE];

	delivery_id_format(delivery, id);
	buf_printf(out, "{\"id\":\"%s\",\"state\":\"%s\",\"test\":%s", id, states[delivery->state],
		delivery->test ? "true" : "false");
	put_event(out, delivery);
	put_time(out, "created_at", optional_time(delivery->created));
	put_time(out, "next_attempt_at", delivery->next);
	put_time(out, "ended_at", delivery->ended);
	buf_printf(out, ",\"attempts\":%u,\"log\":[", delivery->attempts);
	for (size_t i = 0; i < delivery->log_count; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_attempt(out, &delivery->log[i]);
	}
	buf_putc(out, ']');
	if (with_body) {
		buf_puts(out, ",\"body\":");
		buf_put_str(out, delivery->body);
	}
	buf_putc(out, '}');
}

bool native_encode_webhook_test(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request;
	put_delivery(&response->body, &result->webhooks->deliveries[0], true);
	return response_finish(response, 202, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_delivery(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request;
	put_delivery(&response->body, &result->webhooks->deliveries[0], true);
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

/* The id of the last delivery if others follow, else empty. */
static struct str next_place(const struct webhook_answer *answer, char id[DELIVERY_ID_SIZE])
{
	const struct delivery last = { .webhook = answer->webhooks[0].id, .number = answer->next };

	if (answer->next == 0)
		return STR_NULL;
	delivery_id_format(&last, id);
	return str_cstr(id);
}

bool native_encode_deliveries(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct webhook_answer *answer = result->webhooks;
	struct buf *out = &response->body;
	char id[DELIVERY_ID_SIZE];
	struct str next = next_place(answer, id);

	buf_puts(out, "{\"items\":[");
	for (size_t i = 0; i < answer->delivery_count; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_delivery(out, &answer->deliveries[i], false);
	}
	buf_putc(out, ']');
	native_put_text(out, "next", next);
	buf_putc(out, '}');
	return native_add_links(request, NATIVE_DELIVERY_PLACE, next, response, err) &&
	       response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_redelivered(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct buf *out = &response->body;
	char id[DELIVERY_ID_SIZE];

	(void)request;
	buf_printf(out, "{\"redelivered\":%u,\"more\":%s", result->webhooks->redelivered,
		result->webhooks->more ? "true" : "false");
	native_put_text(out, "next", next_place(result->webhooks, id));
	buf_putc(out, '}');
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}
