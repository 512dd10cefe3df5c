#include "webhook_fixture.h"

#include <stdio.h>

static bool webhook_set_all(const struct op *op, struct webhook *webhook, struct err *err)
{
	(void)err;
	webhook->url = STR("https://example.com/");
	webhook->format = 1;
	webhook->filter.types = 1U << FEED_CREATED | 1U << FEED_SUCCEEDED;
	if (op->webhook->change_data)
		webhook->enabled = *(const bool *)op->webhook->change_data;
	return true;
}

void webhook_encode_small(const struct webhook *webhook, const struct journal_entry *entry,
	const struct task *task, struct buf *body)
{
	(void)webhook;
	buf_printf(body, "{\"n\":%u,\"there\":%s}",
		(unsigned)entry->id.bytes[14] << 8 | entry->id.bytes[15], task ? "true" : "false");
}

void webhook_encode_large(const struct webhook *webhook, const struct journal_entry *entry,
	const struct task *task, struct buf *body)
{
	static char filler[WEBHOOK_BODY_MAX];

	(void)webhook, (void)entry, (void)task;
	buf_put(body, filler, sizeof(filler));
}

static void encode_test(const struct webhook *webhook, int64_t at, struct buf *out)
{
	(void)webhook, (void)at;
	buf_puts(out, "{}");
}

struct op webhook_make_op(struct op_webhook *webhook, unsigned number)
{
	struct op op = fixture_op(OP_WEBHOOK, number);

	op.dialect = 0;
	op.now = WEBHOOK_NOW;
	op.new_id = op.id;
	op.webhook = webhook;
	if (!webhook->change)
		webhook->change = webhook_set_all;
	webhook->encode_test = encode_test;
	if (webhook->limit == 0)
		webhook->limit = WEBHOOK_PAGE_MAX;
	return op;
}

/* The caller frees the result. */
struct result webhook_run(struct store *store, struct op_webhook webhook, unsigned number)
{
	struct op op = webhook_make_op(&webhook, number);
	struct result result = { 0 };
	struct err err = { 0 };

	/* Whatever was acknowledged before is on disk. */
	must(store_flush(store, &err), &err);
	must(store_apply(store, &op, &result, &err), &err);
	return result;
}

void webhook_act(struct store *store, enum webhook_action action, unsigned number)
{
	struct result result = webhook_run(store, (struct op_webhook){ .action = action }, number);

	store_result_free(&result);
}

enum err_code webhook_error(struct store *store, struct op_webhook webhook, unsigned number)
{
	struct op op = webhook_make_op(&webhook, number);

	return fixture_error(store, &op);
}

void webhook_set_enabled(struct store *store, unsigned number, bool enabled, bool resumes)
{
	struct result result = webhook_run(store,
		(struct op_webhook){
			.action = WEBHOOK_CHANGE, .change_data = &enabled, .resumes = resumes },
		number);

	assert_int_equal(result.webhooks->webhooks[0].enabled, enabled);
	store_result_free(&result);
}

struct webhook_state webhook_state_of(struct store *store, unsigned number)
{
	struct result result = webhook_run(
		store, (struct op_webhook){ .action = WEBHOOK_READ }, number);
	struct webhook_state state = result.webhooks->states[0];

	store_result_free(&result);
	return state;
}

bool webhook_keep(const struct webhook *webhook, const struct webhook_state *state, void *data)
{
	struct webhook_gathering *gathering = data;
	struct buf bytes = BUF_INIT;
	struct webhook *copy = &gathering->webhooks[gathering->count++];

	(void)state;
	webhook_encode(webhook, &bytes);
	copy->id = webhook->id;
	copy->tenant = arena_copy(&gathering->arena, webhook->tenant);
	assert_true(webhook_decode(
		copy, arena_copy(&gathering->arena, buf_str(&bytes)), &gathering->arena));
	buf_free(&bytes);
	return gathering->count < 4;
}

/* As the notifier does. Returns the number of new deliveries. */
unsigned webhook_gather_with(struct store *store, outbox_encode_body *encoder, bool once)
{
	struct webhook_gathering gathering = { .count = 0 };
	unsigned sum = 0;
	struct err err;

	must(store_flush(store, &err), &err);
	must(store_webhook_each(store, webhook_keep, &gathering, &err), &err);
	for (size_t i = 0; i < gathering.count; i++) {
		unsigned added = 0;
		bool more = true;

		while (more) {
			must(store_webhook_gather(
				     store, &gathering.webhooks[i], encoder, &added, &more, &err),
				&err);
			sum += added;
			more &= !once;
		}
	}
	arena_free(&gathering.arena);
	must(store_flush(store, &err), &err);
	return sum;
}

unsigned webhook_gather(struct store *store)
{
	return webhook_gather_with(store, webhook_encode_small, false);
}

static bool list_one(const struct delivery *delivery, void *data)
{
	struct webhook_listing *list = data;
	size_t len = strlen(list->text);

	if (delivery->body.len < 100)
		snprintf(list->text + len, sizeof(list->text) - len, "%s%.*s", len ? " " : "",
			STR_ARGS(delivery->body));
	assert_true(list->count == 0 || delivery->number > list->numbers[list->count - 1]);
	list->numbers[list->count++] = delivery->number;
	return list->count < 300;
}

struct webhook_listing webhook_pending_of(struct store *store, unsigned number)
{
	struct webhook_listing list = { .count = 0 };
	struct id id = fixture_id(number);
	struct err err;

	must(store_webhook_pending(store, &id, 0, 300, list_one, &list, &err), &err);
	return list;
}

void webhook_settle(struct store *store, unsigned webhook, uint64_t number,
	enum delivery_state state, unsigned status, int64_t at)
{
	struct delivery_outcome outcome = { .webhook = fixture_id(webhook),
		.number = number,
		.attempt = { .at = at, .status = status, .error = STR("why") },
		.state = state,
		.next = optional_time(at + 5000) };
	struct err err;

	must(store_webhook_settle(store, &outcome, 1, &err), &err);
}
