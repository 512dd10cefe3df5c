#include <stdlib.h>

#include "store/webhooks/webhooks.h"

/* Rows that one request reads: a page with a filter may have fewer deliveries than its limit. */
#define SCAN_MAX 200
/* Bytes of records that one request reads. */
#define SCAN_BYTES ((size_t)2 * 1024 * 1024)
/* Deliveries that have ended, until the chore has removed the oldest. */
#define ENDED_ALL ((size_t)WEBHOOK_PENDING_MAX + 2 * WEBHOOK_ENDED_MAX)

/* ---- read ---- */

static int not_found(struct err *err)
{
	err_set(err, ERR_NOT_FOUND, NULL, "There is no such delivery.");
	return STEP_FAILED;
}

static int new_page(struct webhook_answer *answer, size_t count)
{
	answer->deliveries = arena_alloc(&answer->arena, count * sizeof(*answer->deliveries));
	answer->delivery_count = 0;
	return answer->deliveries ? 0 : ENGINE_NO_MEMORY;
}

static int add_to_page(
	struct webhook_answer *answer, const struct delivery *delivery, bool with_body)
{
	struct delivery *copy = &answer->deliveries[answer->delivery_count];

	*copy = *delivery;
	if (!delivery_copy(copy, with_body, &answer->arena))
		return ENGINE_NO_MEMORY;
	answer->delivery_count++;
	return 0;
}

static int read_one(
	struct store *store, const struct op *op, struct webhook_answer *answer, struct err *err)
{
	struct buf record = BUF_INIT;
	struct delivery delivery;
	int rc = delivery_get(store, &op->id, op->webhook->delivery, false, &record, &delivery);

	if (rc == ENGINE_NOT_FOUND)
		rc = not_found(err);
	if (rc == 0)
		rc = new_page(answer, 1);
	if (rc == 0)
		rc = add_to_page(answer, &delivery, true);
	buf_free(&record);
	return rc;
}

static bool has_state(const struct op_webhook *query, const struct delivery *delivery)
{
	return query->states == 0 || query->states & 1U << delivery->state;
}

/* Reads the deliveries of the keys, the newest first. */
static int read_page(struct store *store, const struct op *op, const struct engine_batch *batch,
	struct webhook_answer *answer)
{
	const struct op_webhook *query = op->webhook;
	struct buf record = BUF_INIT;
	size_t bytes = 0, i = 0;
	int rc = 0;

	for (; rc == 0 && i < batch->count && bytes < SCAN_BYTES &&
		answer->delivery_count < query->limit;
		i++) {
		uint64_t number = outbox_number(engine_batch_key(batch, i));
		struct delivery delivery;

		buf_reset(&record);
		rc = delivery_get(store, &op->id, number, false, &record, &delivery);
		bytes += record.len;
		if (rc == 0 && has_state(query, &delivery))
			rc = add_to_page(answer, &delivery, false);
		if (rc == ENGINE_NOT_FOUND)
			rc = 0;
		answer->next = number;
	}
	if (i == batch->count && batch->count < SCAN_MAX)
		answer->next = 0;
	buf_free(&record);
	return rc;
}

static int read_many(struct store *store, const struct op *op, struct webhook_answer *answer)
{
	const struct op_webhook *query = op->webhook;
	bool pending = query->states == 1U << DELIVERY_PENDING;
	struct engine_batch batch;
	struct index_key from, to;
	int rc;

	outbox_key(&from, pending ? OUTBOX_PENDING : OUTBOX_DELIVERY, &op->id);
	to = from;
	outbox_put_number(&from, 0);
	outbox_put_number(&to, query->before > 0 ? query->before : UINT64_MAX);
	rc = outbox_scan(store, &from, &to, true, SCAN_MAX, &batch);
	if (rc == 0)
		rc = new_page(answer, query->limit);
	if (rc == 0)
		rc = read_page(store, op, &batch, answer);
	engine_batch_free(&batch);
	return rc;
}

int webhook_read_deliveries(
	struct store *store, const struct op *op, struct webhook_answer *answer, struct err *err)
{
	return op->webhook->action == WEBHOOK_DELIVERY ? read_one(store, op, answer, err)
						       : read_many(store, op, answer);
}

/* ---- add ---- */

static int no_room(struct err *err)
{
	err_set(err, ERR_CONFLICT, NULL,
		"The webhook has too many pending deliveries: wait until some have ended.");
	return STEP_FAILED;
}

static int add_test(struct store *store, const struct op *op, struct outbox *outbox,
	struct webhook_answer *answer, struct err *err)
{
	struct delivery delivery = { .webhook = op->id,
		.number = outbox_next_number(outbox, op->now),
		.state = DELIVERY_PENDING,
		.test = true,
		.entry.at = op->now,
		.created = op->now };
	struct buf body = BUF_INIT;
	int rc = ENGINE_NO_MEMORY;

	op->webhook->encode_test(&answer->webhooks[0], op->now, &body);
	delivery.body = buf_str(&body);
	if (!buf_ok(&body))
		goto out;
	rc = outbox_has_room(outbox, body.len) ? delivery_save(store, outbox, NULL, &delivery)
					       : no_room(err);
	if (rc == 0)
		rc = new_page(answer, 1);
	if (rc == 0)
		rc = add_to_page(answer, &delivery, true);
out:
	buf_free(&body);
	return rc;
}

/* The delivery becomes pending again, with the attempts that it had. */
static int redeliver(struct store *store, const struct op *op, struct outbox *outbox,
	uint64_t number, struct webhook_answer *answer)
{
	struct buf record = BUF_INIT;
	struct delivery before, delivery;
	int rc = delivery_get(store, &op->id, number, true, &record, &before);

	if (rc != 0 || before.state == DELIVERY_PENDING || !has_state(op->webhook, &before))
		goto out;
	answer->more = !outbox_has_room(outbox, before.body.len);
	if (answer->more)
		goto out;
	delivery = before;
	delivery.state = DELIVERY_PENDING;
	delivery.attempts = 0;
	delivery.next = delivery.ended = OPTIONAL_TIME_NONE;
	rc = delivery_save(store, outbox, &before, &delivery);
	answer->redelivered += rc == 0;
out:
	buf_free(&record);
	return rc;
}

static int redeliver_listed(struct store *store, const struct op *op, struct outbox *outbox,
	struct webhook_answer *answer, struct err *err)
{
	const struct op_webhook *query = op->webhook;
	int rc = 0;

	for (size_t i = 0; rc == 0 && !answer->more && i < query->delivery_count; i++)
		rc = redeliver(store, op, outbox, query->deliveries[i], answer);
	return rc == ENGINE_NOT_FOUND ? not_found(err) : rc;
}

/* The number of a delivery tells when it was made. */
static bool is_in_range(const struct op_webhook *query, uint64_t number)
{
	int64_t created = (int64_t)(number / 1000);

	return number > query->after && created >= query->from &&
	       (!optional_time_is_set(query->to) || created < optional_time_ms(query->to));
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/*
 * The numbers of the deliveries in the range that have ended, in their order: a number stays the
 * same, so a client that goes on behind one meets each delivery once, whatever ends meanwhile.
 */
static int list_ended(struct store *store, const struct op *op, struct arena *arena,
	uint64_t **numbers, size_t *count)
{
	struct engine_batch batch;
	struct index_key from, to;
	int rc;

	*count = 0;
	outbox_key(&from, OUTBOX_ENDED, &op->id);
	to = from;
	index_prefix_end(&to);
	rc = outbox_scan(store, &from, &to, false, ENDED_ALL, &batch);
	*numbers = arena_alloc(arena, (batch.count + 1) * sizeof(**numbers));
	if (rc == 0 && !*numbers)
		rc = ENGINE_NO_MEMORY;
	for (size_t i = 0; rc == 0 && i < batch.count; i++) {
		uint64_t number = outbox_number(engine_batch_key(&batch, i));

		if (is_in_range(op->webhook, number))
			(*numbers)[(*count)++] = number;
	}
	engine_batch_free(&batch);
	if (*count > 0)
		qsort(*numbers, *count, sizeof(**numbers), compare_numbers);
	return rc;
}

/* answer->next is the last one that was looked at, if others follow. */
static int redeliver_range(struct store *store, const struct op *op, struct outbox *outbox,
	struct webhook_answer *answer)
{
	uint64_t *numbers, last = op->webhook->after;
	size_t count, i = 0;
	int rc = list_ended(store, op, &answer->arena, &numbers, &count);

	for (; rc == 0 && i < count && i < SCAN_MAX && answer->redelivered < WEBHOOK_REDELIVER_MAX;
		i++) {
		rc = redeliver(store, op, outbox, numbers[i], answer);
		if (rc == ENGINE_NOT_FOUND)
			rc = 0;
		if (answer->more)
			break;
		last = numbers[i];
	}
	answer->more = i < count;
	answer->next = i < count ? last : 0;
	return rc;
}

int webhook_add_deliveries(struct store *store, const struct op *op, const struct feed_place *now,
	struct webhook_answer *answer, struct err *err)
{
	struct outbox outbox;
	int rc = 0;

	if (!answer->webhooks[0].enabled) {
		err_set(err, ERR_CONFLICT, NULL, "The webhook is disabled: enable it first.");
		return STEP_FAILED;
	}
	rc = outbox_lock(store, &op->id, now, &outbox);
	if (rc != 0)
		return rc;
	if (op->webhook->action == WEBHOOK_TEST)
		rc = add_test(store, op, &outbox, answer, err);
	else
		rc = op->webhook->delivery_count > 0
			     ? redeliver_listed(store, op, &outbox, answer, err)
			     : redeliver_range(store, op, &outbox, answer);
	if (rc == 0 && answer->more && answer->redelivered == 0 &&
		answer->next <= op->webhook->after)
		rc = no_room(err);
	answer->states[0] = outbox.state;
	return rc == 0 ? outbox_put(store, &op->id, &outbox) : rc;
}
