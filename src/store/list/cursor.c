#include <stdlib.h>

#include "store/list/list.h"

void ranges_free(struct range_set *set)
{
	free(set->at);
	*set = (struct range_set){ 0 };
}

size_t ranges_memory(const struct range_set *set)
{
	return set->count * sizeof(*set->at);
}

void index_entry_id(const struct index_entry *entry, struct id *id)
{
	memcpy(id->bytes, entry->suffix.bytes + entry->suffix.len - sizeof(id->bytes),
		sizeof(id->bytes));
}

static struct str suffix_str(const struct key_suffix *suffix)
{
	return (struct str){ (const char *)suffix->bytes, suffix->len };
}

void key_suffix_set(struct key_suffix *suffix, struct str bytes)
{
	suffix->len = (uint16_t)bytes.len;
	memcpy(suffix->bytes, bytes.ptr, bytes.len);
}

int key_suffix_compare(const struct key_suffix *a, const struct key_suffix *b)
{
	return str_compare(suffix_str(a), suffix_str(b));
}

/* ---- positions ---- */

void range_key(
	const struct key_range *range, const struct key_suffix *suffix, struct index_key *key)
{
	*key = range->prefix;
	memcpy(key->bytes + key->len, suffix->bytes, suffix->len);
	key->len += suffix->len;
}

struct engine_range range_bounds(const struct key_range *range)
{
	return (struct engine_range){
		.from = key_str(&range->from),
		.to = range->to_end ? STR_NULL : key_str(&range->to),
		.hint = range->hint,
	};
}

bool position_after(
	const struct range_set *set, struct str suffix, struct position *position, struct err *err)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->at[i].prefix.len + suffix.len >= INDEX_KEY_MAX)
			return err_set(err, ERR_INVALID, "cursor", NULL);
	}
	*position = (struct position){ .set = suffix.len > 0 };
	if (position->set)
		key_suffix_set(&position->suffix, suffix);
	return true;
}

/*
 * Cuts a range to what lies behind the position, in the direction of the list. A key's successor is
 * the key and a zero byte; suffixes leave room for it.
 */
static void cut_at(const struct key_range *range, bool descending, const struct position *position,
	struct index_key *cut, struct engine_range *bounds)
{
	if (!position->set)
		return;
	range_key(range, &position->suffix, cut);
	if (descending == position->at)
		cut->bytes[cut->len++] = 0;
	if (!descending && str_compare(key_str(cut), bounds->from) > 0)
		bounds->from = key_str(cut);
	if (descending && (!bounds->to.ptr || str_compare(key_str(cut), bounds->to) < 0))
		bounds->to = key_str(cut);
}

/* ---- reading ---- */

/* One range of a set that is being read: keys next..end of store->batch are its next ones. */
struct head {
	size_t next, end;
	bool complete; /* nothing follows behind them */
};

/* A read of several ranges: they are merged, each is read in parts of `part` keys. */
struct merge {
	struct store *store;
	const struct range_set *set;
	struct head *heads;
	size_t part;
};

static int read_part(const struct merge *merge, size_t i, const struct position *position)
{
	const struct key_range *range = &merge->set->at[i];
	struct engine *engine = merge->store->engine;
	struct engine_batch *batch = &merge->store->batch;
	struct engine_range bounds = range_bounds(range);
	struct head *head = &merge->heads[i];
	struct index_key cut;
	int rc;

	cut_at(range, merge->set->descending, position, &cut, &bounds);
	head->next = batch->count;
	rc = store_note(merge->store, TABLE_INDEX,
		engine->ops->scan(
			engine, TABLE_INDEX, &bounds, merge->set->descending, merge->part, batch));
	head->end = batch->count;
	head->complete = head->end - head->next < merge->part;
	return rc;
}

static struct str head_suffix(const struct merge *merge, size_t i)
{
	struct str key = engine_batch_key(&merge->store->batch, merge->heads[i].next);

	return str_skip(key, merge->set->at[i].prefix.len);
}

/* The range whose next key comes first, or set->count when all have ended. */
static size_t first_head(const struct merge *merge)
{
	size_t best = merge->set->count;
	struct str first = STR_NULL;

	for (size_t i = 0; i < merge->set->count; i++) {
		struct str suffix;
		int order;

		if (merge->heads[i].next == merge->heads[i].end)
			continue;
		suffix = head_suffix(merge, i);
		order = best < merge->set->count ? str_compare(suffix, first) : 0;
		if (best == merge->set->count || (merge->set->descending ? order > 0 : order < 0)) {
			best = i;
			first = suffix;
		}
	}
	return best;
}

static int read_next_part(const struct merge *merge, size_t i, const struct index_entry *last)
{
	struct position behind = { .set = true, .suffix = last->suffix };
	const struct head *head = &merge->heads[i];

	return head->next < head->end || head->complete ? 0 : read_part(merge, i, &behind);
}

static int read_merged(const struct merge *merge, const struct position *position,
	struct index_entry *entries, size_t max, size_t *count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < merge->set->count; i++)
		rc = read_part(merge, i, position);
	for (*count = 0; rc == 0 && *count < max;) {
		size_t first = first_head(merge);
		struct index_entry *entry = &entries[*count];
		struct str suffix;

		if (first == merge->set->count)
			break;
		suffix = head_suffix(merge, first);
		entry->range = (uint16_t)first;
		key_suffix_set(&entry->suffix, suffix);
		/* A key that is too short for an id is not one of the index. */
		*count += suffix.len >= sizeof(struct id);
		merge->heads[first].next++;
		if (*count < max)
			rc = read_next_part(merge, first, entry);
	}
	return rc;
}

/* The parts of many ranges are small, because few of their keys are among the next rows. */
static size_t part_size(const struct range_set *set, size_t max)
{
	size_t part = set->count > 1 ? 2 * max / set->count + 2 : max;

	return part < max ? part : max;
}

int ranges_read(struct store *store, const struct range_set *set, const struct position *position,
	struct index_entry *entries, size_t max, size_t *count)
{
	struct head one = { 0 };
	struct merge merge = { store, set, &one, part_size(set, max) };
	int rc;

	if (set->count > 1)
		merge.heads = calloc(set->count, sizeof(*merge.heads));
	if (!merge.heads)
		return ENGINE_NO_MEMORY;
	engine_batch_reset(&store->batch);
	rc = read_merged(&merge, position, entries, max, count);
	if (merge.heads != &one)
		free(merge.heads);
	return rc;
}
