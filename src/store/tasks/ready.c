#include "store/tasks/ready.h"

#include <stdlib.h>

#include "store/index/state.h"

/*
 * Kinds with ready tasks that one claim looks at, more than CLAIM_TOPICS_MAX. Tasks of further
 * kinds wait until one of these has none left.
 */
#define RANGES_MAX 256

/* ---- ranges ---- */

static int add_range(struct ready *ready, const struct index_key *prefix)
{
	struct ready_range *range;

	if (ready->count == ready->capacity) {
		size_t capacity = ready->capacity ? 2 * ready->capacity : 4;
		struct ready_range *ranges = reallocarray(ready->ranges, capacity, sizeof(*ranges));

		if (!ranges)
			return ENGINE_NO_MEMORY;
		ready->ranges = ranges;
		ready->capacity = capacity;
	}
	range = &ready->ranges[ready->count++];
	range->prefix = range->next = range->end = *prefix;
	range->at = range->count = 0;
	range->is_read = !index_prefix_end(&range->end);
	return 0;
}

/* The keys that were read, the first ones of the rest of the range. */
static int take_keys(struct ready_range *range, const struct engine_batch *batch)
{
	range->at = 0;
	range->count = batch->count;
	for (size_t i = 0; i < range->count; i++) {
		struct str key = engine_batch_key(batch, i);

		if (key.len >= sizeof(range->keys[i].bytes) ||
			key.len < range->prefix.len + 4 + 8 + sizeof(struct id))
			return ENGINE_DAMAGED;
		memcpy(range->keys[i].bytes, key.ptr, key.len);
		range->keys[i].len = key.len;
	}
	if (range->count > 0) {
		range->next = range->keys[range->count - 1];
		range->next.bytes[range->next.len++] = 0;
	}
	return 0;
}

/* A shared engine brings the rows of these tasks together. */
static void expect_rows(const struct ready *ready, const struct ready_range *range)
{
	for (size_t i = 0; ready->ahead > 1 && i < range->count; i++) {
		struct id id = ready_id(&range->keys[i]);

		row_expect(ready->store, ready->tenant, &id);
	}
}

static int read_ahead(struct ready *ready, struct ready_range *range)
{
	struct store *store = ready->store;
	const struct engine_range keys = { .from = key_str(&range->next),
		.to = key_str(&range->end) };
	/* The first keys were taken, or entries passed over: there will be more of both. */
	size_t limit = range->count > 0 ? READY_KEYS_AHEAD : ready->ahead;
	int rc;

	if (range->at < range->count || range->is_read)
		return 0;
	rc = store_scan(store, TABLE_INDEX, &keys, false, limit);
	if (rc != 0)
		return rc;
	range->is_read = store->batch.count < limit;
	rc = take_keys(range, &store->batch);
	if (rc == 0)
		expect_rows(ready, range);
	return rc;
}

static const struct index_field *ready_field(const struct store *store, uint8_t dialect)
{
	return index_field_by_code(store->indexes, dialect, INDEX_BY_READY);
}

/* Topics may name a kind beside all kinds of its dialect. */
static bool has_range(const struct ready *ready, const struct index_key *prefix)
{
	size_t i = 0;

	if (!ready->by_topic)
		return false;
	while (i < ready->count && !str_eq(key_str(&ready->ranges[i].prefix), key_str(prefix)))
		i++;
	return i < ready->count;
}

/* Adds a range for each kind that has a ready task. */
static int add_all_kinds(struct ready *ready, uint8_t dialect, const struct index_field *field)
{
	struct index_key from, end, key;
	size_t prefix_len;
	int rc = 0;

	index_field_prefix(&from, ready->tenant, dialect, false, field);
	prefix_len = from.len;
	end = from;
	index_prefix_end(&end);
	while (ready->count < RANGES_MAX) {
		const uint8_t *nul;
		bool found;

		rc = index_first_key(ready->store, &from, &end, &key, &found);
		if (rc != 0 || !found)
			return rc;
		nul = memchr(key.bytes + prefix_len, 0, key.len - prefix_len);
		if (!nul)
			return ENGINE_DAMAGED;
		key.len = (size_t)(nul - key.bytes) + 1;
		if (!has_range(ready, &key)) {
			rc = add_range(ready, &key);
			if (rc == 0)
				rc = take_keys(
					&ready->ranges[ready->count - 1], &ready->store->batch);
		}
		if (rc != 0 || !index_prefix_end(&key))
			return rc;
		from = key;
	}
	return 0;
}

/* Adds the range of a kind that has a ready task. */
static int add_kind(
	struct ready *ready, uint8_t dialect, const struct index_field *field, struct str kind)
{
	struct index_key prefix;
	int rc;

	index_value_prefix(&prefix, ready->tenant, dialect, false, field, kind);
	if (ready->count == RANGES_MAX || has_range(ready, &prefix))
		return 0;
	rc = add_range(ready, &prefix);
	if (rc == 0)
		rc = read_ahead(ready, &ready->ranges[ready->count - 1]);
	if (rc == 0 && ready->ranges[ready->count - 1].count == 0)
		ready->count--;
	return rc;
}

static int add_dialect(struct ready *ready, const struct op_claim *claim, uint8_t dialect)
{
	const struct index_field *field = ready_field(ready->store, dialect);
	int rc = 0;

	if (!field)
		return 0;
	if (claim->kind_count == 0)
		return add_all_kinds(ready, dialect, field);
	for (size_t i = 0; rc == 0 && i < claim->kind_count; i++)
		rc = add_kind(ready, dialect, field, claim->kinds[i]);
	return rc;
}

static int add_topic(struct ready *ready, const struct claim_topic *topic)
{
	const struct index_field *field = ready_field(ready->store, topic->dialect);

	if (!field)
		return 0;
	return topic->kind.ptr ? add_kind(ready, topic->dialect, field, topic->kind)
			       : add_all_kinds(ready, topic->dialect, field);
}

/* Begins with any of them, so that one with RANGES_MAX kinds does not hide the others for ever. */
static int add_topics(struct ready *ready, const struct op_claim *claim)
{
	size_t first = (size_t)(store_random(ready->store) % claim->topic_count);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < claim->topic_count; i++)
		rc = add_topic(ready, &claim->topics[(first + i) % claim->topic_count]);
	return rc;
}

/* Begins with any of them, as add_topics() does. */
static int add_all_dialects(struct ready *ready, const struct op_claim *claim)
{
	const struct index_table *tables = ready->store->indexes;
	size_t count = 0, first;
	int rc = 0;

	while (tables[count].fields)
		count++;
	first = count > 0 ? (size_t)(store_random(ready->store) % count) : 0;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = add_dialect(ready, claim, tables[(first + i) % count].dialect);
	return rc;
}

int ready_begin(struct ready *ready, struct store *store, struct str tenant,
	const struct op_claim *claim, size_t wanted)
{
	/* On a shared engine, further claims of the round will need the next keys. */
	bool is_alone = !store_has_unflushed(store);
	int rc = 0;

	*ready = (struct ready){ .store = store,
		.tenant = tenant,
		.by_topic = claim->topic_count > 0,
		.ahead = wanted < READY_KEYS_AHEAD && is_alone ? wanted : READY_KEYS_AHEAD };
	if (claim->topic_count > 0)
		rc = add_topics(ready, claim);
	else if (claim->dialect_count == 0)
		rc = add_all_dialects(ready, claim);
	for (size_t i = 0; rc == 0 && claim->topic_count == 0 && i < claim->dialect_count; i++)
		rc = add_dialect(ready, claim, claim->dialects[i]);
	/* A counter could give each worker the same kind again, if their claims take turns. */
	if (ready->count > 0)
		ready->turn = (size_t)(store_random(store) % ready->count);
	return rc;
}

/* ---- the next candidate ---- */

/* Of two keys: by the four bytes of their priorities. */
static int compare_priority(const struct ready_range *a, const struct ready_range *b)
{
	return memcmp(
		a->keys[a->at].bytes + a->prefix.len, b->keys[b->at].bytes + b->prefix.len, 4);
}

int ready_next(struct ready *ready, struct index_key *entry, bool *found)
{
	struct ready_range *best = NULL;
	size_t number = 0;

	*found = false;
	for (size_t i = 0; i < ready->count; i++) {
		size_t at = (ready->turn + i) % ready->count;
		struct ready_range *range = &ready->ranges[at];
		int rc = read_ahead(ready, range);

		if (rc != 0)
			return rc;
		if (range->at < range->count && (!best || compare_priority(range, best) < 0)) {
			best = range;
			number = at;
		}
	}
	if (!best)
		return 0;
	ready->turn = number + 1;
	*found = true;
	*entry = best->keys[best->at++];
	return 0;
}

struct id ready_id(const struct index_key *entry)
{
	struct id id;

	memcpy(id.bytes, entry->bytes + entry->len - sizeof(id.bytes), sizeof(id.bytes));
	return id;
}

bool ready_has_entry(
	const struct store *store, const struct task *task, const struct index_key *entry)
{
	const struct index_field *field = ready_field(store, task->dialect);
	struct index_key key;

	return field && index_field_key(&key, task, field) && str_eq(key_str(&key), key_str(entry));
}

void ready_free(struct ready *ready)
{
	free(ready->ranges);
	ready->ranges = NULL;
}
