/* The notifier reads pending deliveries. */
#include "store/webhooks/webhooks.h"

#define PART_MAX 32 /* deliveries that are read before they are shown */

struct pending {
	const struct id *webhook;
	uint64_t after, last;
	size_t limit;
	size_t ends[PART_MAX];
	uint64_t numbers[PART_MAX];
	size_t count;
	size_t keys; /* that were read */
	struct buf records;
};

static int read_pending(struct store *store, struct pending *pending, uint64_t number)
{
	struct delivery delivery;
	int rc = delivery_get(store, pending->webhook, number, false, &pending->records, &delivery);

	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	pending->numbers[pending->count] = number;
	pending->ends[pending->count++] = pending->records.len;
	return 0;
}

static int step_pending(struct store *store, void *data, struct err *err)
{
	struct pending *pending = data;
	struct engine_batch batch;
	struct index_key from, to;
	int rc;

	(void)err;
	outbox_key(&from, OUTBOX_PENDING, pending->webhook);
	to = from;
	index_prefix_end(&to);
	outbox_put_number(&from, pending->after + 1);
	buf_reset(&pending->records);
	pending->count = 0;
	rc = outbox_scan(store, &from, &to, false,
		pending->limit < PART_MAX ? pending->limit : PART_MAX, &batch);
	pending->keys = batch.count;
	for (size_t i = 0; rc == 0 && i < batch.count; i++) {
		pending->last = outbox_number(engine_batch_key(&batch, i));
		rc = read_pending(store, pending, pending->last);
	}
	engine_batch_free(&batch);
	return rc == 0 && !buf_ok(&pending->records) ? ENGINE_NO_MEMORY : rc;
}

static bool show(const struct pending *pending,
	bool (*take)(const struct delivery *delivery, void *data), void *data)
{
	size_t start = 0;

	for (size_t i = 0; i < pending->count; i++) {
		struct delivery delivery = { .webhook = *pending->webhook,
			.number = pending->numbers[i] };
		struct str bytes = { pending->records.data + start, pending->ends[i] - start };

		start = pending->ends[i];
		if (delivery_decode(&delivery, bytes) && delivery.state == DELIVERY_PENDING &&
			!take(&delivery, data))
			return false;
	}
	return true;
}

bool store_webhook_pending(struct store *store, const struct id *webhook, uint64_t after,
	unsigned limit, bool (*take)(const struct delivery *delivery, void *data), void *data,
	struct err *err)
{
	struct pending pending = { .webhook = webhook, .after = after, .limit = limit };
	bool ok = true, more = true;

	while (ok && more && pending.limit > 0 && pending.after < UINT64_MAX) {
		ok = step_call(store, ENGINE_READ, step_pending, &pending, err);
		more = ok && pending.keys > 0 && show(&pending, take, data);
		pending.after = pending.last;
		pending.limit -= pending.keys < pending.limit ? pending.keys : pending.limit;
	}
	buf_free(&pending.records);
	return ok;
}
