#include "store/index/state.h"
#include "store/stats/stats.h"

static const int64_t window_ms[STATS_WINDOWS] = {
	[STATS_MINUTE] = 60 * 1000,
	[STATS_HOUR] = 3600 * 1000,
	[STATS_DAY] = 24 * 3600 * 1000,
};

/* Entries of a stream and of one kind. */
struct kind_range {
	struct index_key prefix, end;
};

static void set_range(const struct stats_reading *reading, int stream, const struct stats_row *row,
	struct kind_range *range)
{
	stream_prefix(reading, stream, &range->prefix);
	index_put_text(&range->prefix, stats_kind(row));
	range->end = range->prefix;
	index_prefix_end(&range->end);
}

static int count(struct stats_reading *reading, struct slice *slice, const struct index_key *from,
	const struct index_key *to, uint64_t *number)
{
	struct engine_range range = { .from = key_str(from), .to = key_str(to) };

	slice_spend(slice, 1);
	return store_count(reading->store, &range, number);
}

/* Each window is a part of the next one. */
static int add_windows(struct stats_reading *reading, struct slice *slice,
	const struct kind_range *range, uint64_t sums[STATS_WINDOWS])
{
	uint64_t number = 1;
	int rc = 0;

	for (int i = STATS_WINDOWS - 1; rc == 0 && number > 0 && i >= 0; i--) {
		struct index_key from = range->prefix;

		index_put_time(&from, reading->answer->at - window_ms[i]);
		rc = count(reading, slice, &from, &range->end, &number);
		if (rc == 0)
			sums[i] += number;
	}
	return rc;
}

static int find_oldest(struct stats_reading *reading, struct slice *slice,
	const struct kind_range *range, struct stats_row *row)
{
	struct oldest_search search = {
		.store = reading->store, .tenant = reading->tenant, .further = OLDEST_FURTHER
	};
	struct index_key from = range->prefix, key;
	size_t pair_len = range->prefix.len + 4;
	bool found = true;
	int rc = 0;

	for (int i = 0; rc == 0 && i < STATS_PRIORITIES_MAX; i++) {
		slice_spend(slice, 1);
		rc = index_first_key(reading->store, &from, &range->end, &key, &found);
		if (rc != 0 || !found)
			break;
		rc = oldest_search_pair(&search, &key, pair_len);
		from = key;
		from.len = pair_len;
		if (!index_prefix_end(&from))
			break;
	}
	slice_spend(slice, search.steps);
	row->oldest_ready = search.since;
	return rc;
}

static int count_ready(struct stats_reading *reading, struct slice *slice, struct stats_row *row)
{
	struct kind_range range;
	int rc;

	set_range(reading, STREAM_READY, row, &range);
	rc = count(reading, slice, &range.prefix, &range.end, &row->ready);
	row->states[TASK_PENDING] += row->ready;
	return rc == 0 && row->ready > 0 ? find_oldest(reading, slice, &range, row) : rc;
}

static uint64_t *windows_of(struct stats_row *row, enum task_state state)
{
	return state == TASK_SUCCEEDED ? row->succeeded : row->failed;
}

static int count_state(struct stats_reading *reading, struct slice *slice, enum task_state state,
	struct stats_row *row)
{
	struct kind_range range;
	uint64_t number;
	int rc;

	set_range(reading, STREAM_STATES + (int)state, row, &range);
	rc = count(reading, slice, &range.prefix, &range.end, &number);
	if (rc != 0)
		return rc;
	row->states[state] += number;
	if (number == 0 || (state != TASK_SUCCEEDED && state != TASK_FAILED))
		return 0;
	return add_windows(reading, slice, &range, windows_of(row, state));
}

static int count_archived(
	struct stats_reading *reading, struct slice *slice, int stream, struct stats_row *row)
{
	enum task_state state = stream == STREAM_ARCHIVED_FAILED ? TASK_FAILED : TASK_SUCCEEDED;
	struct kind_range range;

	set_range(reading, stream, row, &range);
	return add_windows(reading, slice, &range, windows_of(row, state));
}

int stats_count(
	struct stats_reading *reading, struct slice *slice, unsigned streams, struct stats_row *row)
{
	int rc = 0;

	if (streams & STREAM_BIT(STREAM_READY))
		rc = count_ready(reading, slice, row);
	for (int state = TASK_PENDING; rc == 0 && state < TASK_STATES; state++) {
		if (streams & STREAM_BIT(STREAM_STATES + state))
			rc = count_state(reading, slice, (enum task_state)state, row);
	}
	for (int i = STREAM_ARCHIVED_SUCCEEDED; rc == 0 && i < STREAMS; i++) {
		if (streams & STREAM_BIT(i))
			rc = count_archived(reading, slice, i, row);
	}
	return rc;
}
