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

/* Behind the prefix a key has kind, NUL, priority (4), creation and id; these two are cut off. */
static bool cut_to_pair(struct index_key *key, size_t prefix_len)
{
	const uint8_t *nul = memchr(key->bytes + prefix_len, 0, key->len - prefix_len);
	size_t len = nul ? (size_t)(nul - key->bytes) + 1 + 4 : key->len;

	if (len >= key->len)
		return false;
	key->len = len;
	return true;
}

static int find_oldest(struct counting *counting)
{
	struct oldest_search search = { .store = counting->reading.store,
		.tenant = counting->reading.tenant,
		.further = OLDEST_FURTHER };
	struct index_key from, end, key;
	bool more = true;
	int rc = 0;
	size_t prefix_len;

	stream_prefix(&counting->reading, STREAM_READY, &from);
	prefix_len = from.len;
	end = from;
	index_prefix_end(&end);
	for (int i = 0; rc == 0 && i < STATE_COUNTS_PAIRS_MAX; i++) {
		rc = index_first_key(search.store, &from, &end, &key, &more);
		if (rc != 0 || !more)
			break;
		from = key;
		more = cut_to_pair(&from, prefix_len);
		rc = more ? oldest_search_pair(&search, &key, from.len) : ENGINE_DAMAGED;
		if (!more || !index_prefix_end(&from))
			break;
	}
	counting->counts.oldest_ready = search.since;
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
