#include <errno.h>
#include <stdlib.h>

#include "store/list.h"

void ranges_free(struct range_set *ranges)
{
	free(ranges->at);
	*ranges = (struct range_set){ 0 };
}

void index_entry_id(const struct index_entry *hit, struct id *id)
{
	memcpy(id->bytes, hit->tail.bytes + hit->tail.len - sizeof(id->bytes), sizeof(id->bytes));
}

static int compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	return str_compare(
		(struct str){ (const char *)a, a_len }, (struct str){ (const char *)b, b_len });
}

static int compare_keys(const struct index_key *a, const struct index_key *b)
{
	return compare(a->bytes, a->len, b->bytes, b->len);
}

int key_suffix_compare(const struct key_suffix *a, const struct key_suffix *b)
{
	return compare(a->bytes, a->len, b->bytes, b->len);
}

/* ---- positions ---- */

static int get(DBC *cursor, struct index_key *key, uint32_t how)
{
	DBT at = bdb_out(key->bytes, sizeof(key->bytes), key->len), value = bdb_nothing();
	int rc = cursor->get(cursor, &at, &value, how);

	if (rc == 0)
		key->len = at.size;
	return rc;
}

static int record_number(DBC *cursor, uint64_t *number)
{
	db_recno_t recno;
	DBT key = bdb_nothing(), value = bdb_out(&recno, sizeof(recno), 0);
	int rc = cursor->get(cursor, &key, &value, DB_GET_RECNO);

	if (rc == 0)
		*number = recno;
	return rc;
}

int cursor_rank(DBC *cursor, const struct index_key *key, uint64_t *rank)
{
	struct index_key at = *key;
	uint64_t last = 0;
	int rc = get(cursor, &at, DB_SET_RANGE);

	if (rc == 0)
		return record_number(cursor, rank);
	if (rc != DB_NOTFOUND)
		return rc;
	rc = get(cursor, &at, DB_LAST);
	if (rc == 0)
		rc = record_number(cursor, &last);
	if (rc != 0 && rc != DB_NOTFOUND)
		return rc;
	*rank = last + 1;
	return 0;
}

int index_rank(DB *ranks, const struct index_key *key, uint64_t *rank)
{
	DBC *cursor;
	int rc = ranks->cursor(ranks, NULL, &cursor, 0), closed;

	if (rc != 0)
		return rc;
	rc = cursor_rank(cursor, key, rank);
	closed = cursor->close(cursor);
	return rc != 0 ? rc : closed;
}

int cursor_go_to(DBC *cursor, uint64_t number, struct index_key *key)
{
	db_recno_t recno = (db_recno_t)number;
	DBT at = bdb_in((struct str){ (const char *)&recno, sizeof(recno) });
	DBT value = bdb_nothing();
	int rc = cursor->get(cursor, &at, &value, DB_SET_RECNO);

	/* DB_SET_RECNO gives the key in memory of its own, so it is asked for once more. */
	return rc == 0 ? get(cursor, key, DB_CURRENT) : rc;
}

/* The last entry before a key, or the last of all; others may insert between our steps. */
static int go_before(DBC *cursor, const struct index_key *before, struct index_key *key)
{
	int rc = DB_NOTFOUND;

	if (before) {
		*key = *before;
		rc = get(cursor, key, DB_SET_RANGE);
	}
	if (rc == DB_NOTFOUND)
		rc = get(cursor, key, DB_LAST);
	while (rc == 0 && before && compare_keys(key, before) >= 0)
		rc = get(cursor, key, DB_PREV);
	return rc;
}

static int go_from(DBC *cursor, const struct index_key *from, struct index_key *key)
{
	*key = *from;
	return get(cursor, key, DB_SET_RANGE);
}

bool range_contains(const struct key_range *range, const struct index_key *key)
{
	return str_starts(key_str(key), key_str(&range->prefix)) &&
	       compare_keys(key, &range->from) >= 0 &&
	       (range->to_end || compare_keys(key, &range->to) < 0);
}

void range_key(const struct key_range *range, const struct key_suffix *tail, struct index_key *key)
{
	*key = range->prefix;
	memcpy(key->bytes + key->len, tail->bytes, tail->len);
	key->len += tail->len;
}

/* The same, and just behind it. Tails leave room for a byte. */
static void key_behind(
	const struct key_range *range, const struct key_suffix *tail, struct index_key *key)
{
	range_key(range, tail, key);
	key->bytes[key->len++] = 0;
}

bool position_after(
	const struct range_set *ranges, struct str tail, struct position *place, struct err *err)
{
	for (size_t i = 0; i < ranges->count; i++) {
		if (ranges->at[i].prefix.len + tail.len >= INDEX_KEY_MAX)
			return err_set(err, ERR_INVALID, "cursor", NULL);
	}
	*place = (struct position){ .set = tail.len > 0 };
	if (!place->set)
		return true;
	place->tail.len = (uint16_t)tail.len;
	memcpy(place->tail.bytes, tail.ptr, tail.len);
	return true;
}

/* ---- reading ---- */

/* Where one range stands while several are read as one. */
struct head {
	bool done;
	struct index_key key;
};

/* Finds the first entry of the range that the place does not lie behind. */
static int find_head(DBC *cursor, const struct range_set *ranges, const struct key_range *range,
	const struct position *place, struct head *head)
{
	struct index_key start = range->from;
	int rc;

	if (ranges->descending) {
		start = range->to;
		if (place->set && place->at)
			key_behind(range, &place->tail, &start);
		else if (place->set)
			range_key(range, &place->tail, &start);
		if (!range->to_end && compare_keys(&start, &range->to) > 0)
			start = range->to;
		rc = go_before(cursor, place->set || !range->to_end ? &start : NULL, &head->key);
	} else {
		if (place->set && place->at)
			range_key(range, &place->tail, &start);
		else if (place->set)
			key_behind(range, &place->tail, &start);
		if (compare_keys(&start, &range->from) < 0)
			start = range->from;
		rc = go_from(cursor, &start, &head->key);
	}
	head->done = rc != 0 || !range_contains(range, &head->key);
	return rc == DB_NOTFOUND ? 0 : rc;
}

static size_t tail_of(const struct key_range *range, const struct head *head, const uint8_t **tail)
{
	*tail = head->key.bytes + range->prefix.len;
	return head->key.len - range->prefix.len;
}

/* The range whose head comes first, or ranges->count when all are done. */
static size_t first_head(const struct range_set *ranges, const struct head *heads)
{
	size_t best = ranges->count;

	for (size_t i = 0; i < ranges->count; i++) {
		const uint8_t *tail, *other;
		size_t len, other_len;
		int order;

		if (heads[i].done)
			continue;
		if (best == ranges->count) {
			best = i;
			continue;
		}
		len = tail_of(&ranges->at[i], &heads[i], &tail);
		other_len = tail_of(&ranges->at[best], &heads[best], &other);
		order = compare(tail, len, other, other_len);
		if (ranges->descending ? order > 0 : order < 0)
			best = i;
	}
	return best;
}

static void take_hit(const struct range_set *ranges, size_t range, const struct head *head,
	struct index_entry *hit)
{
	const uint8_t *tail;

	hit->range = (uint16_t)range;
	hit->tail.len = (uint16_t)tail_of(&ranges->at[range], head, &tail);
	memcpy(hit->tail.bytes, tail, hit->tail.len);
}

/* Moves a range's head on; the cursor stands on it or not. */
static int advance(DBC *cursor, const struct range_set *ranges, size_t range, bool stands_on_it,
	const struct index_entry *hit, struct head *head)
{
	struct position behind = { .set = true, .tail = hit->tail };
	int rc;

	if (!stands_on_it)
		return find_head(cursor, ranges, &ranges->at[range], &behind, head);
	rc = get(cursor, &head->key, ranges->descending ? DB_PREV : DB_NEXT);
	head->done = rc != 0 || !range_contains(&ranges->at[range], &head->key);
	return rc == DB_NOTFOUND ? 0 : rc;
}

static int read_from(DBC *cursor, const struct range_set *ranges, const struct position *place,
	struct head *heads, struct index_entry *hits, size_t max, size_t *count)
{
	size_t on = ranges->count; /* the range that the cursor stands on */
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ranges->count; i++) {
		rc = find_head(cursor, ranges, &ranges->at[i], place, &heads[i]);
		on = i;
	}
	for (*count = 0; rc == 0 && *count < max;) {
		size_t first = first_head(ranges, heads);

		if (first == ranges->count)
			break;
		take_hit(ranges, first, &heads[first], &hits[*count]);
		rc = advance(cursor, ranges, first, on == first, &hits[*count], &heads[first]);
		on = first;
		/* An entry that is too short for an id is none of ours. */
		*count += hits[*count].tail.len >= sizeof(struct id);
	}
	return rc;
}

int ranges_read(DBC *cursor, const struct range_set *ranges, const struct position *place,
	struct index_entry *hits, size_t max, size_t *count)
{
	struct head one = { .done = true }, *heads = &one;
	int rc;

	if (ranges->count > 1)
		heads = calloc(ranges->count, sizeof(*heads));

	if (!heads)
		return ENOMEM;
	rc = read_from(cursor, ranges, place, heads, hits, max, count);
	if (heads != &one)
		free(heads);
	return rc;
}
