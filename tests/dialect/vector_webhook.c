/* Webhooks in vectors: the request about them, and its answer (HACKING, VECTORS). */
#include "dialect/native/webhook.h"
#include "dialect/vector_json.h"
#include "lib/check.h"

static const char *const actions[WEBHOOK_ACTIONS] = {
	[WEBHOOK_CREATE] = "create",
	[WEBHOOK_LIST] = "list",
	[WEBHOOK_READ] = "read",
	[WEBHOOK_CHANGE] = "change",
	[WEBHOOK_REMOVE] = "remove",
	[WEBHOOK_ROTATE] = "rotate",
	[WEBHOOK_TEST] = "test",
	[WEBHOOK_DELIVERIES] = "deliveries",
	[WEBHOOK_DELIVERY] = "delivery",
	[WEBHOOK_REDELIVER] = "redeliver",
};

static const char *const states[] = {
	[DELIVERY_PENDING] = "pending",
	[DELIVERY_DELIVERED] = "delivered",
	[DELIVERY_FAILED] = "failed",
};

/* ---- the operation ---- */

/* As the store does it: a creation begins with a new webhook, a change with the one of vector.h. */
bool vector_change_webhook(struct outcome *outcome)
{
	struct webhook *webhook = &outcome->webhook;

	*webhook = (struct webhook){ .method = WEBHOOK_POST, .parallel = 1, .enabled = true };
	if (outcome->op.webhook->action == WEBHOOK_CHANGE) {
		webhook->url = STR(VECTOR_WEBHOOK_URL);
		webhook->format = DIALECT_CODE_native;
		webhook->parallel = 4;
		webhook->filter.types = 1U << FEED_FAILED;
		webhook->header_count = webhook->query_count = 1;
		webhook->headers[0] = (struct webhook_pair){ STR("X-Key"), STR("secret") };
		webhook->query[0] = (struct webhook_pair){ STR("source"), STR("tasks") };
	}
	return outcome->op.webhook->change(&outcome->op, webhook, &outcome->err);
}

static void set_pairs(
	json_t *json, const char *name, const struct webhook_pair *pairs, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_setn_new(object, pairs[i].name.ptr, pairs[i].name.len,
			json_of_text(&pairs[i].value));
	if (count > 0)
		json_object_set(json, name, object);
	json_decref(object);
}

static json_t *webhook_json(const struct webhook *webhook)
{
	json_t *json = json_object();

	if (webhook->name.len > 0)
		set_str(json, "name", webhook->name);
	set_str(json, "url", webhook->url);
	set_str(json, "format", str_cstr(dialect_code_name(webhook->format)));
	set_str(json, "method", str_cstr(native_method_name(webhook->method)));
	set_pairs(json, "headers", webhook->headers, webhook->header_count);
	set_pairs(json, "query", webhook->query, webhook->query_count);
	json_object_set_new(json, "filter", vector_filter(&webhook->filter));
	set_number(json, "parallel", webhook->parallel);
	json_object_set_new(json, "enabled", json_boolean(webhook->enabled));
	return json;
}

static void set_deliveries(json_t *json, const struct op_webhook *webhook)
{
	json_t *names = json_array(), *numbers = json_array();

	for (unsigned i = DELIVERY_PENDING; i <= DELIVERY_FAILED; i++) {
		if (webhook->states & 1U << i)
			json_array_append_new(names, json_string(states[i]));
	}
	for (size_t i = 0; i < webhook->delivery_count; i++)
		json_array_append_new(numbers, json_integer((json_int_t)webhook->deliveries[i]));
	if (json_array_size(names) > 0)
		json_object_set(json, "states", names);
	if (json_array_size(numbers) > 0)
		json_object_set(json, "deliveries", numbers);
	json_decref(names);
	json_decref(numbers);
}

json_t *vector_webhook(const struct outcome *outcome)
{
	const struct op_webhook *webhook = outcome->op.webhook;
	json_t *json = json_object();

	set_str(json, "action", str_cstr(actions[webhook->action]));
	if (webhook->change)
		json_object_set_new(json, "webhook", webhook_json(&outcome->webhook));
	if (webhook->resumes)
		json_object_set_new(json, "resumes", json_true());
	if (webhook->secret.len > 0)
		set_str(json, "secret", webhook->secret);
	set_number(json, "keep_ms", (uint64_t)webhook->keep_ms);
	if (webhook->encode_test)
		json_object_set_new(json, "encode_test", json_true());
	set_number(json, "delivery", webhook->delivery);
	set_number(json, "before", webhook->before);
	set_number(json, "limit", webhook->limit);
	set_deliveries(json, webhook);
	set_number(json, "from", (uint64_t)webhook->from);
	if (optional_time_is_set(webhook->to))
		json_object_set_new(json, "to", json_of_time(&webhook->to));
	return json;
}

/* ---- the answer ---- */

static struct optional_time time_of(json_t *json, const char *name)
{
	json_t *value = json_object_get(json, name);

	return value ? optional_time(json_integer_value(value)) : OPTIONAL_TIME_NONE;
}

static struct str text_of(json_t *json, const char *name)
{
	return json_str(json_object_get(json, name));
}

static uint64_t number_of(json_t *json, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(json, name));
}

static enum webhook_method method_of(json_t *json)
{
	int method = WEBHOOK_POST;

	while (!str_eq(
		text_of(json, "method"), str_cstr(native_method_name((enum webhook_method)method))))
		method++;
	return (enum webhook_method)method;
}

static size_t fill_pairs(json_t *json, struct webhook_pair *pairs)
{
	size_t count = 0;
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value)
		pairs[count++] = (struct webhook_pair){ str_cstr(name), json_str(value) };
	return count;
}

static unsigned bits_of(json_t *names, unsigned (*find)(struct str name))
{
	unsigned bits = 0;
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name)
		bits |= 1U << find(json_str(name));
	return bits;
}

static unsigned find_state(struct str name)
{
	return (unsigned)task_state_parse(name);
}

static unsigned find_type(struct str name)
{
	return (unsigned)feed_type_by_name(name);
}

static void fill_filter(struct vector *vector, json_t *json, struct feed_filter *filter)
{
	json_t *names = json_object_get(json, "dialects"), *kinds = json_object_get(json, "kinds");
	uint8_t *codes = vector_alloc(vector, json_array_size(names) + 1);
	struct str *texts = vector_alloc(vector, (json_array_size(kinds) + 1) * sizeof(*texts));
	json_t *item;
	size_t i;

	json_array_foreach (names, i, item)
		codes[i] = dialect_code_by_name(json_str(item));
	json_array_foreach (kinds, i, item)
		texts[i] = json_str(item);
	*filter = (struct feed_filter){ .dialects = codes,
		.dialect_count = json_array_size(names),
		.kinds = texts,
		.kind_count = json_array_size(kinds),
		.states = bits_of(json_object_get(json, "states"), find_state),
		.types = bits_of(json_object_get(json, "types"), find_type) };
}

static void fill_webhook(struct vector *vector, json_t *json, struct webhook *webhook)
{
	*webhook = (struct webhook){ .name = text_of(json, "name"),
		.url = text_of(json, "url"),
		.format = dialect_code_by_name(text_of(json, "format")),
		.method = method_of(json),
		.secret = text_of(json, "secret"),
		.old_secret = text_of(json, "old_secret"),
		.old_secret_ends = time_of(json, "old_secret_ends"),
		.parallel = (unsigned)number_of(json, "parallel"),
		.enabled = json_is_true(json_object_get(json, "enabled")),
		.reason = text_of(json, "reason"),
		.created = VECTOR_NOW,
		.updated = VECTOR_NOW,
		.revision = number_of(json, "revision"),
		.created_by = STR(VECTOR_USER),
		.updated_by = STR(VECTOR_USER) };
	assert_true(id_parse(&webhook->id, STR(VECTOR_NEW_ID)));
	webhook->header_count = fill_pairs(json_object_get(json, "headers"), webhook->headers);
	webhook->query_count = fill_pairs(json_object_get(json, "query"), webhook->query);
	fill_filter(vector, json_object_get(json, "filter"), &webhook->filter);
}

static struct webhook_state state_of(json_t *json)
{
	return (struct webhook_state){ .pending = number_of(json, "pending"),
		.missed = json_is_true(json_object_get(json, "missed")),
		.last_success = time_of(json, "last_success"),
		.last_failure = time_of(json, "last_failure"),
		.failing_since = time_of(json, "failing_since"),
		.last_status = (unsigned)number_of(json, "last_status") };
}

static struct delivery_attempt attempt_of(json_t *json)
{
	return (struct delivery_attempt){ .at = (int64_t)number_of(json, "at"),
		.took_ms = (uint32_t)number_of(json, "took_ms"),
		.status = (unsigned)number_of(json, "status"),
		.error = text_of(json, "error"),
		.answer = text_of(json, "answer") };
}

static enum delivery_state delivery_state_of(json_t *json)
{
	for (int state = DELIVERY_PENDING; state <= DELIVERY_FAILED; state++) {
		if (str_eq(text_of(json, "state"), str_cstr(states[state])))
			return (enum delivery_state)state;
	}
	fail_msg("a delivery has no state");
	return DELIVERY_PENDING;
}

static void fill_delivery(struct vector *vector, json_t *json, struct delivery *delivery)
{
	json_t *entry = json_object_get(json, "event"), *item;
	size_t i;

	*delivery = (struct delivery){ .number = number_of(json, "number"),
		.state = delivery_state_of(json),
		.test = !entry,
		.body = json_text(json_object_get(json, "body"), &vector->arena),
		.created = VECTOR_NOW,
		.next = time_of(json, "next"),
		.ended = time_of(json, "ended"),
		.attempts = (unsigned)number_of(json, "attempts") };
	assert_true(id_parse(&delivery->webhook, STR(VECTOR_NEW_ID)));
	if (entry)
		vector_fill_entry(vector, entry, &delivery->entry);
	json_array_foreach (json_object_get(json, "log"), i, item)
		delivery->log[delivery->log_count++] = attempt_of(item);
}

void vector_fill_webhooks(struct vector *vector, json_t *json, struct result *result)
{
	json_t *webhooks = NULL, *deliveries = NULL, *item;
	json_int_t next = 0, redelivered = 0;
	struct webhook_answer *answer;
	json_error_t error;
	int more = 0;
	size_t i;

	if (!json)
		return;
	if (json_unpack_ex(json, &error, 0, "{s?o, s?o, s?I, s?I, s?b !}", "webhooks", &webhooks,
		    "deliveries", &deliveries, "next", &next, "redelivered", &redelivered, "more",
		    &more) != 0)
		fail_msg("webhooks: %s", error.text);
	answer = vector_alloc(vector, sizeof(*answer));
	*answer = (struct webhook_answer){ .count = json_array_size(webhooks),
		.delivery_count = json_array_size(deliveries),
		.next = (uint64_t)next,
		.redelivered = (unsigned)redelivered,
		.more = more };
	answer->webhooks = vector_alloc(vector, (answer->count + 1) * sizeof(*answer->webhooks));
	answer->states = vector_alloc(vector, (answer->count + 1) * sizeof(*answer->states));
	answer->deliveries = vector_alloc(
		vector, (answer->delivery_count + 1) * sizeof(*answer->deliveries));
	json_array_foreach (webhooks, i, item) {
		fill_webhook(vector, item, &answer->webhooks[i]);
		answer->states[i] = state_of(json_object_get(item, "state"));
		result->task.revision = answer->webhooks[i].revision;
	}
	json_array_foreach (deliveries, i, item)
		fill_delivery(vector, item, &answer->deliveries[i]);
	result->webhooks = answer;
}
