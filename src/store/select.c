#include <errno.h>
#include <stdlib.h>

#include "store/list.h"

static int count_range(DBC *cursor, struct key_range *range)
{
	struct index_key last = { .len = INDEX_KEY_MAX };
	int rc = cursor_rank(cursor, &range->from, &range->first);

	memset(last.bytes, 0xFF, sizeof(last.bytes));
	if (rc == 0)
		rc = cursor_rank(cursor, range->to_end ? &last : &range->to, &range->end);
	if (rc == 0 && range->end < range->first)
		range->end = range->first;
	return rc;
}

int ranges_count(DBC *cursor, struct range_set *ranges)
{
	ranges->total = 0;
	for (size_t i = 0; i < ranges->count; i++) {
		struct key_range *range = &ranges->at[i];
		int rc = count_range(cursor, range);

		if (rc != 0)
			return rc;
		ranges->total += range->end - range->first;
	}
	return 0;
}

static void set_place(
	struct position *place, const struct key_range *range, const struct index_key *key)
{
	place->set = place->at = true;
	place->tail.len = (uint16_t)(key->len - range->prefix.len);
	memcpy(place->tail.bytes, key->bytes + range->prefix.len, place->tail.len);
}

/* The entry of that record number, which must still be one of the range's. */
static int take_record(
	DBC *cursor, const struct key_range *range, uint64_t number, struct position *place)
{
	struct index_key key;
	int rc = cursor_go_to(cursor, number, &key);

	if (rc != 0)
		return rc;
	if (!range_contains(range, &key))
		return STEP_RETRY;
	set_place(place, range, &key);
	return 0;
}

/* Which part of each range may still hold the row that is looked for, as record numbers. */
struct window {
	uint64_t low, high;
};

static size_t widest(const struct window *windows, size_t count)
{
	size_t best = 0;

	for (size_t i = 1; i < count; i++) {
		if (windows[i].high - windows[i].low > windows[best].high - windows[best].low)
			best = i;
	}
	return best;
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/*
 * One step: the entry in the middle of the widest window splits every window; *below is how many
 * rows of all lie before it, and cuts has where.
 */
static int split(DBC *cursor, const struct range_set *ranges, const struct window *windows,
	struct window *cuts, struct position *middle, uint64_t *below)
{
	size_t wide = widest(windows, ranges->count);
	uint64_t number = windows[wide].low + (windows[wide].high - windows[wide].low) / 2;
	int rc = take_record(cursor, &ranges->at[wide], number, middle);

	*below = 0;
	for (size_t i = 0; rc == 0 && i < ranges->count; i++) {
		const struct key_range *range = &ranges->at[i];
		struct index_key key;
		uint64_t rank = number;

		range_key(range, &middle->tail, &key);
		if (i != wide)
			rc = cursor_rank(cursor, &key, &rank);
		rank = clamp(rank, range->first, range->end);
		*below += rank - range->first;
		cuts[i].low = rank + (i == wide);
		cuts[i].high = rank;
	}
	return rc;
}

/* The row of that number among ascending rows of several ranges: O(ranges · log rows). */
static int select_among(
	DBC *cursor, const struct range_set *ranges, uint64_t row, struct position *place)
{
	struct window *windows = calloc(ranges->count, 2 * sizeof(*windows)), *cuts;
	uint64_t below = row + 1;
	int rc = 0;

	if (!windows)
		return ENOMEM;
	cuts = windows + ranges->count;
	for (size_t i = 0; i < ranges->count; i++)
		windows[i] = (struct window){ ranges->at[i].first, ranges->at[i].end };
	while (rc == 0 && below != row) {
		size_t wide = widest(windows, ranges->count);

		/* Somebody wrote between our steps; who wants it exact sees that by the counters.
		 */
		if (windows[wide].low >= windows[wide].high)
			break;
		rc = split(cursor, ranges, windows, cuts, place, &below);
		for (size_t i = 0; rc == 0 && i < ranges->count; i++) {
			if (below < row && cuts[i].low > windows[i].low)
				windows[i].low = cuts[i].low;
			if (below > row && cuts[i].high < windows[i].high)
				windows[i].high = cuts[i].high;
		}
	}
	free(windows);
	return rc;
}

int ranges_select(DBC *cursor, const struct range_set *ranges, uint64_t row, struct position *place)
{
	if (row >= ranges->total)
		return DB_NOTFOUND;
	if (ranges->descending)
		row = ranges->total - 1 - row;
	if (ranges->count == 1)
		return take_record(cursor, &ranges->at[0], ranges->at[0].first + row, place);
	return select_among(cursor, ranges, row, place);
}
