#include "store/webhooks/webhooks.h"

/* ---- keys ---- */

static void put_id(struct index_key *key, const struct id *id)
{
	memcpy(key->bytes + key->len, id->bytes, sizeof(id->bytes));
	key->len += sizeof(id->bytes);
}

void outbox_key(struct index_key *key, enum outbox_kind kind, const struct id *webhook)
{
	key->len = 1;
	key->bytes[0] = (uint8_t)kind;
	put_id(key, webhook);
}

void outbox_put_number(struct index_key *key, uint64_t number)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		key->bytes[key->len++] = (uint8_t)(number >> shift);
}

uint64_t outbox_number(struct str key)
{
	uint64_t number = 0;

	for (size_t i = key.len < 8 ? 0 : key.len - 8; i < key.len; i++)
		number = number << 8 | (uint8_t)key.ptr[i];
	return number;
}

bool outbox_parse(struct str key, struct id *webhook)
{
	size_t numbers = 0;

	if (key.len > 0 && (key.ptr[0] == OUTBOX_DELIVERY || key.ptr[0] == OUTBOX_PENDING))
		numbers = 1;
	else if (key.len > 0 && key.ptr[0] == OUTBOX_ENDED)
		numbers = 2;
	if (key.len != 1 + sizeof(webhook->bytes) + numbers * sizeof(uint64_t))
		return false;
	memcpy(webhook->bytes, key.ptr + 1, sizeof(webhook->bytes));
	return true;
}

/* A tenant's name is cut as in the keys of tasks. */
void webhook_key(struct index_key *key, struct str tenant, const struct id *id)
{
	index_primary_key(key, tenant, id);
}

bool webhook_parse_key(struct str key, struct str *tenant, struct id *id)
{
	size_t len = strnlen(key.ptr, key.len);

	if (key.len != len + 1 + sizeof(id->bytes))
		return false;
	*tenant = (struct str){ key.ptr, len };
	memcpy(id->bytes, key.ptr + len + 1, sizeof(id->bytes));
	return true;
}

/* ---- webhooks ---- */

/* It has secrets. */
static void wipe(struct buf *record)
{
	if (record->data)
		explicit_bzero(record->data, record->capacity);
	buf_free(record);
}

int webhook_get(struct store *store, struct str tenant, const struct id *id, bool for_update,
	struct arena *arena, struct webhook *webhook)
{
	struct buf record = BUF_INIT;
	struct index_key key;
	struct str copy;
	int rc;

	webhook_key(&key, tenant, id);
	rc = store_get(store, TABLE_WEBHOOKS, key_str(&key), for_update, &record);
	if (rc != 0)
		goto out;
	webhook->id = *id;
	webhook->tenant = tenant;
	copy = arena_copy(arena, buf_str(&record));
	if (!copy.ptr)
		rc = ENGINE_NO_MEMORY;
	else if (!webhook_decode(webhook, copy, arena))
		rc = ENGINE_DAMAGED;
out:
	wipe(&record);
	return rc;
}

int webhook_put(struct store *store, const struct webhook *webhook, enum engine_put how)
{
	struct buf record = BUF_INIT;
	struct index_key key;
	int rc = ENGINE_NO_MEMORY;

	webhook_key(&key, webhook->tenant, &webhook->id);
	webhook_encode(webhook, &record);
	if (buf_ok(&record))
		rc = store_put(store, TABLE_WEBHOOKS, key_str(&key), buf_str(&record), how);
	wipe(&record);
	return rc;
}

/* ---- the row of a webhook ---- */

int outbox_get(struct store *store, const struct id *webhook, bool for_update,
	struct outbox *outbox, bool *found)
{
	struct buf record = BUF_INIT;
	struct index_key key;
	int rc;

	outbox_key(&key, OUTBOX_STATE, webhook);
	rc = store_get(store, TABLE_OUTBOX, key_str(&key), for_update, &record);
	*found = rc == 0 && outbox_decode_row(outbox, buf_str(&record));
	buf_free(&record);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

struct outbox outbox_begin(const struct feed_place *now)
{
	return (struct outbox){ .state = { .place = *now, .missed = true } };
}

int outbox_lock(struct store *store, const struct id *webhook, const struct feed_place *now,
	struct outbox *outbox)
{
	bool found;
	int rc = outbox_get(store, webhook, true, outbox, &found);

	if (rc == 0 && !found)
		*outbox = outbox_begin(now);
	return rc;
}

uint64_t outbox_next_number(struct outbox *outbox, int64_t now)
{
	uint64_t number = (uint64_t)now * 1000;

	if (number < outbox->next)
		number = outbox->next;
	outbox->next = number + 1;
	return number;
}

int outbox_put(struct store *store, const struct id *webhook, const struct outbox *outbox)
{
	struct buf record = BUF_INIT;
	struct index_key key;
	int rc = ENGINE_NO_MEMORY;

	outbox_key(&key, OUTBOX_STATE, webhook);
	outbox_encode_row(outbox, &record);
	if (buf_ok(&record))
		rc = store_put(
			store, TABLE_OUTBOX, key_str(&key), buf_str(&record), ENGINE_REPLACE);
	buf_free(&record);
	return rc;
}

bool outbox_has_room(const struct outbox *outbox, size_t body)
{
	return outbox->state.pending < WEBHOOK_PENDING_MAX &&
	       outbox->pending_bytes + body <= WEBHOOK_PENDING_BYTES_MAX;
}

int outbox_scan(struct store *store, const struct index_key *from, const struct index_key *to,
	bool reverse, size_t limit, struct engine_batch *batch)
{
	const struct engine_range range = { .from = key_str(from), .to = key_str(to) };
	int rc = store_scan(store, TABLE_OUTBOX, &range, reverse, limit);

	*batch = (struct engine_batch){ 0 };
	if (rc == 0) {
		*batch = store->batch;
		store->batch = (struct engine_batch){ 0 };
	}
	return rc;
}

/* ---- deliveries ---- */

int delivery_get(struct store *store, const struct id *webhook, uint64_t number, bool for_update,
	struct buf *record, struct delivery *delivery)
{
	size_t start = record->len;
	struct index_key key;
	int rc;

	outbox_key(&key, OUTBOX_DELIVERY, webhook);
	outbox_put_number(&key, number);
	rc = store_get(store, TABLE_OUTBOX, key_str(&key), for_update, record);
	if (rc != 0)
		return rc;
	delivery->webhook = *webhook;
	delivery->number = number;
	return delivery_decode(delivery, (struct str){ record->data + start, record->len - start })
		       ? 0
		       : ENGINE_NOT_FOUND;
}

/* A row without a value, of a pending delivery or of one that has ended. */
static void mark_key(struct index_key *key, const struct delivery *delivery)
{
	bool pending = delivery->state == DELIVERY_PENDING;

	outbox_key(key, pending ? OUTBOX_PENDING : OUTBOX_ENDED, &delivery->webhook);
	if (!pending)
		outbox_put_number(key, (uint64_t)optional_time_ms(delivery->ended));
	outbox_put_number(key, delivery->number);
}

static int add_mark(struct store *store, struct outbox *outbox, const struct delivery *delivery)
{
	struct index_key key;

	mark_key(&key, delivery);
	if (delivery->state == DELIVERY_PENDING) {
		outbox->state.pending++;
		outbox->pending_bytes += delivery->body.len;
	} else {
		outbox->ended++;
	}
	return store_put(store, TABLE_OUTBOX, key_str(&key), STR(""), ENGINE_REPLACE);
}

static void subtract(uint64_t *from, uint64_t number)
{
	*from -= number < *from ? number : *from;
}

static int remove_mark(struct store *store, struct outbox *outbox, const struct delivery *delivery)
{
	struct index_key key;
	int rc;

	mark_key(&key, delivery);
	rc = store_del(store, TABLE_OUTBOX, key_str(&key));
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	if (delivery->state == DELIVERY_PENDING) {
		subtract(&outbox->state.pending, 1);
		subtract(&outbox->pending_bytes, delivery->body.len);
	} else {
		subtract(&outbox->ended, 1);
	}
	return 0;
}

int delivery_save(struct store *store, struct outbox *outbox, const struct delivery *before,
	const struct delivery *delivery)
{
	struct buf record = BUF_INIT;
	struct index_key key;
	int rc = ENGINE_NO_MEMORY;

	outbox_key(&key, OUTBOX_DELIVERY, &delivery->webhook);
	outbox_put_number(&key, delivery->number);
	delivery_encode(delivery, &record);
	if (buf_ok(&record))
		rc = store_put(
			store, TABLE_OUTBOX, key_str(&key), buf_str(&record), ENGINE_REPLACE);
	buf_free(&record);
	if (rc == 0 && before)
		rc = remove_mark(store, outbox, before);
	return rc == 0 ? add_mark(store, outbox, delivery) : rc;
}

int delivery_remove_ended(struct store *store, struct outbox *outbox, const struct id *webhook,
	int64_t ended, uint64_t number)
{
	const struct delivery delivery = { .webhook = *webhook,
		.number = number,
		.state = DELIVERY_DELIVERED,
		.ended = optional_time(ended) };
	struct index_key key;
	int rc;

	outbox_key(&key, OUTBOX_DELIVERY, webhook);
	outbox_put_number(&key, number);
	rc = store_del(store, TABLE_OUTBOX, key_str(&key));
	return rc == 0 || rc == ENGINE_NOT_FOUND ? remove_mark(store, outbox, &delivery) : rc;
}
