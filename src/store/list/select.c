#include <stdlib.h>

#include "store/list/list.h"

void ranges_new_step(struct range_set *set)
{
	for (size_t i = 0; i < set->counted; i++)
		set->at[i].hint = 0;
}

int ranges_count(struct store *store, struct range_set *set, struct slice *slice)
{
	while (set->counted < set->count && !slice_is_over(slice)) {
		struct key_range *range = &set->at[set->counted];
		struct engine_range bounds;
		int rc;

		range->hint = 0;
		bounds = range_bounds(range);
		rc = store_count(store, &bounds, &range->count);
		if (rc != 0)
			return rc;
		range->hint = bounds.hint;
		set->total += range->count;
		set->counted++;
		slice_spend(slice, 1);
	}
	return 0;
}

/* The position at key number n of a range. A concurrent commit may have removed it. */
static int find_nth(
	struct store *store, const struct key_range *range, uint64_t n, struct position *position)
{
	const struct engine_range bounds = range_bounds(range);
	int rc;

	rc = store_nth(store, &bounds, n);
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? STEP_RETRY : rc;
	position->set = position->at = true;
	key_suffix_set(
		&position->suffix, str_skip(engine_batch_key(&store->batch, 0), range->prefix.len));
	return 0;
}

/* How many keys of a range lie before that of the suffix. */
static int count_before(struct store *store, const struct key_range *range,
	const struct key_suffix *suffix, uint64_t *count)
{
	struct engine_range bounds = range_bounds(range);
	struct index_key key;
	int rc;

	range_key(range, suffix, &key);
	bounds.to = key_str(&key);
	*count = 0;
	if (str_compare(bounds.to, bounds.from) <= 0)
		return 0;
	rc = store_count(store, &bounds, count);
	if (*count > range->count)
		*count = range->count;
	return rc;
}

/* ---- row k of several ranges: O(ranges · log rows) ---- */

/* The part of a range that may still hold the row, as key numbers of the range. */
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

/*
 * One step: the key in the middle of the widest window splits every window. *below is the number of
 * rows before it in all ranges, cuts holds those of each.
 */
static int split(struct store *store, const struct range_set *set, const struct window *windows,
	struct window *cuts, struct position *middle, uint64_t *below)
{
	size_t wide = widest(windows, set->count);
	uint64_t number = windows[wide].low + (windows[wide].high - windows[wide].low) / 2;
	int rc = find_nth(store, &set->at[wide], number, middle);

	*below = 0;
	for (size_t i = 0; rc == 0 && i < set->count; i++) {
		uint64_t before = number;

		if (i != wide)
			rc = count_before(store, &set->at[i], &middle->suffix, &before);
		*below += before;
		cuts[i].low = before + (i == wide);
		cuts[i].high = before;
	}
	return rc;
}

static bool begin_selection(const struct range_set *set, struct selection *selection)
{
	selection->windows = calloc(set->count, 2 * sizeof(*selection->windows));
	for (size_t i = 0; selection->windows && i < set->count; i++)
		selection->windows[i].high = set->at[i].count;
	return selection->windows;
}

void selection_free(struct selection *selection)
{
	free(selection->windows);
	*selection = (struct selection){ 0 };
}

static void narrow(struct window *window, const struct window *cut, bool low)
{
	if (low && cut->low > window->low)
		window->low = cut->low;
	if (!low && cut->high < window->high)
		window->high = cut->high;
}

static int select_among(struct store *store, const struct range_set *set, uint64_t row,
	struct selection *selection, struct slice *slice, struct position *position)
{
	struct window *windows = selection->windows, *cuts = windows + set->count;
	int rc = 0;

	while (rc == 0 && !selection->found && !slice_is_over(slice)) {
		size_t wide = widest(windows, set->count);
		uint64_t below;

		/* A concurrent commit moved the rows; exact callers detect it from the counters. */
		if (windows[wide].low >= windows[wide].high) {
			selection->found = true;
			break;
		}
		rc = split(store, set, windows, cuts, position, &below);
		for (size_t i = 0; rc == 0 && below != row && i < set->count; i++)
			narrow(&windows[i], &cuts[i], below < row);
		selection->found = rc == 0 && below == row;
		slice_spend(slice, set->count);
	}
	return rc;
}

int ranges_select(struct store *store, const struct range_set *set, uint64_t row,
	struct selection *selection, struct slice *slice, struct position *position)
{
	if (row >= set->total)
		return ENGINE_NOT_FOUND;
	if (set->descending)
		row = set->total - 1 - row;
	if (set->count == 1) {
		selection->found = true;
		return find_nth(store, &set->at[0], row, position);
	}
	if (!selection->windows && !begin_selection(set, selection))
		return ENGINE_NO_MEMORY;
	return select_among(store, set, row, selection, slice, position);
}
