#include "store/index/state.h"
#include "store/stats/state_counts.h"
#include "store/stats/stats.h"

struct counting {
	struct stats_reading reading; /* its prefixes */
	struct state_counts counts;
};

static int count_prefix(struct counting *counting, int stream, uint64_t *number)
{
	struct index_key from, to;
	struct engine_range range;

	stream_prefix(&counting->reading, stream, &from);
	to = from;
	index_prefix_end(&to);
	range = (struct engine_range){ .from = key_str(&from), .to = key_str(&to) };
	return store_count(counting->reading.store, &range, number);
}

/* The key is prefix, kind, NUL, priority (4), creation (8), id. *from is set behind the pair. */
static int note_pair(struct counting *counting, size_t prefix, const struct index_key *key,
	struct index_key *from, bool *more)
{
	struct state_counts *counts = &counting->counts;
	const uint8_t *nul = memchr(key->bytes + prefix, 0, key->len - prefix);
	int64_t created;
	size_t at;

	if (!nul || key->bytes + key->len - nul < 1 + 4 + 8)
		return ENGINE_DAMAGED;
	at = (size_t)(nul - key->bytes) + 1 + 4;
	created = stats_read_time(key->bytes + at);
	if (!optional_time_is_set(counts->oldest_ready) ||
		created < optional_time_ms(counts->oldest_ready))
		counts->oldest_ready = optional_time(created);
	*from = *key;
	from->len = at;
	*more = index_prefix_end(from);
	return 0;
}

static int find_oldest(struct counting *counting)
{
	struct index_key prefix, from, end, key;
	bool more = true;
	int rc = 0;

	stream_prefix(&counting->reading, STREAM_READY, &prefix);
	from = end = prefix;
	index_prefix_end(&end);
	for (int i = 0; rc == 0 && more && i < STATE_COUNTS_PAIRS_MAX; i++) {
		rc = index_first_key(counting->reading.store, &from, &end, &key, &more);
		if (rc == 0 && more)
			rc = note_pair(counting, prefix.len, &key, &from, &more);
	}
	return rc;
}

/* Most tenants have tasks of one or two dialects. */
static int find_any(struct counting *counting, bool *found)
{
	const struct stats_reading *reading = &counting->reading;
	struct index_key from, to, key;

	index_field_prefix(&from, reading->tenant, reading->dialect, false,
		index_field_by_code(reading->store->indexes, reading->dialect, INDEX_BY_CREATED));
	to = from;
	index_prefix_end(&to);
	return index_first_key(reading->store, &from, &to, &key, found);
}

static int step_count(struct store *store, void *data, struct err *err)
{
	struct counting *counting = data;
	struct state_counts *counts = &counting->counts;
	bool found;
	int rc;

	*counts = (struct state_counts){ 0 };
	if (!index_may_read(store, err))
		return STEP_FAILED;
	rc = find_any(counting, &found);
	if (rc != 0 || !found)
		return rc;
	rc = count_prefix(counting, STREAM_READY, &counts->ready);
	for (int state = TASK_PENDING; rc == 0 && state < TASK_STATES; state++)
		rc = count_prefix(counting, STREAM_STATES + state, &counts->states[state]);
	counts->states[TASK_PENDING] += counts->ready;
	return rc == 0 && counts->ready > 0 ? find_oldest(counting) : rc;
}

bool store_count_states(struct store *store, struct str tenant, uint8_t dialect,
	struct state_counts *counts, struct err *err)
{
	struct counting counting = {
		.reading = { .store = store, .tenant = tenant, .dialect = dialect }
	};

	if (!index_field_by_code(store->indexes, dialect, INDEX_BY_WORK)) {
		*counts = (struct state_counts){ 0 };
		return true;
	}
	if (!step_call(store, ENGINE_READ, step_count, &counting, err))
		return false;
	*counts = counting.counts;
	return true;
}
