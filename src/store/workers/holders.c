#include <stdlib.h>

#include "store/workers/workers.h"

/* The next dialect with work entries, in the order of the codes; 0: none. */
static uint8_t next_dialect(const struct holders *holders)
{
	uint8_t next = 0;

	for (const struct index_table *table = holders->store->indexes; table->fields; table++) {
		if (table->dialect > holders->dialect && (next == 0 || table->dialect < next) &&
			index_field_by_code(holders->store->indexes, table->dialect, INDEX_BY_WORK))
			next = table->dialect;
	}
	return next;
}

/* To the archived tasks of the dialect, or to the next dialect. */
static void begin_range(struct holders *holders)
{
	if (holders->dialect > 0 && !holders->archived) {
		holders->archived = true;
	} else {
		holders->dialect = next_dialect(holders);
		holders->archived = false;
	}
	holders->done = holders->dialect == 0;
	index_work_prefix(
		&holders->from, holders->tenant, holders->dialect, holders->archived, TASK_RUNNING);
	holders->end = holders->from;
	index_prefix_end(&holders->end);
}

static bool add(struct holders *holders, const struct holder *holder)
{
	if (holders->count == holders->capacity) {
		size_t capacity = holders->capacity ? 2 * holders->capacity : 16;
		struct holder *at = reallocarray(holders->at, capacity, sizeof(*at));

		if (!at)
			return false;
		holders->at = at;
		holders->capacity = capacity;
	}
	holders->at[holders->count++] = *holder;
	return true;
}

/* Splits kind NUL holder NUL time (8) id (16); *len is where the time begins. */
static bool parse(struct str key, size_t prefix, struct holder *holder, size_t *len)
{
	struct str rest = str_skip(key, prefix), kind = str_split_next(&rest, '\0'), name;

	if (!rest.ptr || kind.len > TASK_KIND_MAX)
		return false;
	name = str_split_next(&rest, '\0');
	if (!rest.ptr || name.len > TASK_WORKER_MAX || rest.len != 8 + sizeof(struct id))
		return false;
	holder->hold.kind_len = (uint8_t)kind.len;
	memcpy(holder->hold.kind, kind.ptr, kind.len);
	holder->name_len = (uint8_t)name.len;
	memcpy(holder->name, name.ptr, name.len);
	for (size_t i = 0; i < 8; i++)
		holder->hold.oldest = holder->hold.oldest << 8 | (uint8_t)rest.ptr[i];
	*len = key.len - rest.len;
	return true;
}

/* Tasks that nobody has claimed have an empty holder, and are passed over. */
static int read_one(struct holders *holders, struct slice *slice)
{
	const struct engine_range rest = { .from = key_str(&holders->from),
		.to = key_str(&holders->end) };
	struct holder holder = { .hold.dialect = holders->dialect };
	struct index_key prefix, next;
	struct engine_range range;
	size_t len;
	struct str key;
	int rc = store_scan(holders->store, TABLE_INDEX, &rest, false, 1);

	slice_spend(slice, 1);
	if (rc == 0 && holders->store->batch.count == 0)
		begin_range(holders);
	if (rc != 0 || holders->store->batch.count == 0)
		return rc;
	key = engine_batch_key(&holders->store->batch, 0);
	index_work_prefix(
		&prefix, holders->tenant, holders->dialect, holders->archived, TASK_RUNNING);
	if (key.len > sizeof(prefix.bytes) || !parse(key, prefix.len, &holder, &len))
		return ENGINE_DAMAGED;
	memcpy(prefix.bytes, key.ptr, len);
	prefix.len = len;
	next = prefix;
	index_prefix_end(&next);
	range = (struct engine_range){ .from = key_str(&prefix), .to = key_str(&next) };
	if (holder.name_len > 0) {
		slice_spend(slice, 1);
		rc = store_count(holders->store, &range, &holder.hold.tasks);
	}
	if (rc == 0 && holder.hold.tasks > 0 && !add(holders, &holder))
		rc = ENGINE_NO_MEMORY;
	if (rc == 0)
		holders->from = next;
	holders->full = holders->count >= WORKERS_HELD_MAX;
	holders->done |= holders->full;
	return rc;
}

int holders_read(struct holders *holders, struct slice *slice)
{
	int rc = 0;

	if (holders->dialect == 0 && !holders->done)
		begin_range(holders);
	while (rc == 0 && !holders->done && !slice_is_over(slice))
		rc = read_one(holders, slice);
	return rc;
}

/* ---- sort ---- */

static struct str name_of(const struct holder *holder)
{
	return (struct str){ holder->name, holder->name_len };
}

static int compare(const void *a, const void *b)
{
	const struct holder *one = a, *other = b;
	int order = str_compare(name_of(one), name_of(other));

	if (order == 0)
		order = one->hold.dialect - other->hold.dialect;
	return order ? order
		     : str_compare(worker_hold_kind(&one->hold), worker_hold_kind(&other->hold));
}

void holders_sort(struct holders *holders)
{
	size_t kept = 0;

	if (holders->count > 0)
		qsort(holders->at, holders->count, sizeof(*holders->at), compare);
	for (size_t i = 0; i < holders->count; i++) {
		const struct holder *holder = &holders->at[i];
		struct holder *last = kept > 0 ? &holders->at[kept - 1] : NULL;

		if (!last || compare(last, holder) != 0) {
			holders->at[kept++] = *holder;
			continue;
		}
		/* The archived tasks of the same. */
		last->hold.tasks += holder->hold.tasks;
		if (holder->hold.oldest < last->hold.oldest)
			last->hold.oldest = holder->hold.oldest;
	}
	holders->count = kept;
}

void holders_free(struct holders *holders)
{
	free(holders->at);
	holders->at = NULL;
}
