#include <stdlib.h>

#include "base/clock.h"
#include "store/index/state.h"
#include "store/list/list.h"

#define BATCH_BYTES ((size_t)256 * 1024) /* a batch ends with the row that reaches it */
/* Limits on tries to read one moment. A try over many ranges takes milliseconds. */
#define EXACT_TRIES 200
#define EXACT_US    20000

/* Rows come from ranges of the index or, with by_ids, from a list of ids. */
struct listing {
	struct store *store;
	struct query query;
	struct range_set ranges;
	struct position position; /* of the next row */
	bool by_ids;
	struct found_ids found;
	size_t next_id;
	bool unfiltered; /* by ids: show all of them */
	bool consistent; /* the first batch is of one moment */

	uint64_t left; /* rows up to the limit */
	bool finished; /* the batch is the last one */
	bool more;     /* rows follow behind `last`, beyond the limit */
	struct key_suffix last;

	struct index_entry entries[LIST_BATCH_ROWS + 1];
	size_t entry_count;
	struct buf records; /* the rows of the batch, one after the other */
	size_t ends[LIST_BATCH_ROWS];
	size_t row_count, next_row;
};

/*
 * Reading of a batch. The first batch of a listing also counts and skips; it should be of one
 * moment. So should every batch of several ranges, or a task that moves from one range to another
 * could be missed in both.
 */
struct batch_read {
	struct listing *listing;
	bool first;
	bool exact;	 /* try to read one moment */
	bool consistent; /* it was one */
	unsigned tries;
	int64_t until; /* monotonic us */
};

/* ---- batches from ranges ---- */

static int find_start(struct store *store, struct listing *listing)
{
	const struct list_query *list = &listing->query.list;
	struct found_ids *found = &listing->found;
	int rc;

	if (!list->want_total && list->offset == 0)
		return 0;
	rc = ranges_count(store, &listing->ranges);
	if (rc != 0)
		return rc;
	found->counted = list->want_total;
	found->total = listing->ranges.total;
	found->offset = list_offset(list, found->total);
	if (found->offset == 0) {
		/* An earlier try may have skipped to an offset that is clamped now. */
		if (list->offset > 0)
			listing->position.set = false;
		return 0;
	}
	return ranges_select(store, &listing->ranges, found->offset, &listing->position);
}

/* Reads one entry more than the batch has rows, to know whether there are more. */
static int read_index(struct store *store, struct listing *listing, const struct batch_read *batch)
{
	size_t max = listing->left < LIST_BATCH_ROWS ? (size_t)listing->left : LIST_BATCH_ROWS;
	int rc = batch->first ? find_start(store, listing) : 0;

	max++;
	listing->entry_count = 0;
	if (rc == 0)
		rc = ranges_read(store, &listing->ranges, &listing->position, listing->entries, max,
			&listing->entry_count);
	listing->finished = listing->entry_count < max;
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

/* Whether the record, read after the entry, still has this entry. */
static bool has_entry(
	const struct listing *listing, const struct task *task, const struct index_entry *entry)
{
	const struct key_range *range = &listing->ranges.at[entry->range];
	struct index_key key;

	return index_field_key(&key, task, range->field) &&
	       key.len == range->prefix.len + entry->suffix.len &&
	       memcmp(key.bytes, range->prefix.bytes, range->prefix.len) == 0 &&
	       memcmp(key.bytes + range->prefix.len, entry->suffix.bytes, entry->suffix.len) == 0;
}

/* Reads one row; *gone when the task does not belong to the list any more. */
static int fetch_row(struct store *store, struct listing *listing, const struct id *id,
	const struct index_entry *entry, bool *gone)
{
	size_t start = listing->records.len;
	struct task task;
	int rc = row_get(store, listing->query.tenant, id, false, &listing->records);

	if (rc != 0 && rc != ENGINE_NOT_FOUND)
		return rc;
	*gone = rc == ENGINE_NOT_FOUND ||
		!record_decode(&task, str_skip(buf_str(&listing->records), start));
	if (!*gone && entry)
		*gone = !has_entry(listing, &task, entry);
	else if (!*gone && !listing->unfiltered)
		*gone = !query_matches(&listing->query, &task);
	if (*gone)
		listing->records.len = start;
	else
		listing->ends[listing->row_count++] = listing->records.len;
	return 0;
}

static int fetch_entries(struct store *store, struct listing *listing, bool exact)
{
	size_t i = 0;

	for (; i < listing->entry_count && listing->row_count < listing->left &&
		listing->row_count < LIST_BATCH_ROWS && listing->records.len < BATCH_BYTES;
		i++) {
		const struct index_entry *entry = &listing->entries[i];
		struct id id;
		bool gone;
		int rc;

		index_entry_id(entry, &id);
		rc = fetch_row(store, listing, &id, entry, &gone);
		if (rc != 0)
			return rc;
		if (gone && exact)
			return STEP_RETRY;
	}
	if (i > 0)
		listing->position = (struct position){ .set = true,
			.suffix = listing->entries[i - 1].suffix };
	/*
	 * Removed tasks may have used up the extra entry: then a full page gets a cursor in any
	 * case.
	 */
	if (i < listing->entry_count || !listing->finished) {
		listing->finished = listing->more = listing->row_count == listing->left;
		listing->last = listing->position.suffix;
	}
	return 0;
}

/*
 * Counts and entries are of one moment if no commit happened while they were read: none was under
 * way before (started = done), and none has started since. The counters show this without a lock.
 * After a commit the step is repeated, up to the limits. The rows are read afterwards; each must
 * still have its entry.
 */
static int step_ranges(struct store *store, struct batch_read *batch)
{
	struct listing *listing = batch->listing;
	uint64_t done = atomic_load(&store->shared->commits_done);
	uint64_t started = atomic_load(&store->shared->commits_started);
	bool exact = batch->exact && batch->tries++ < EXACT_TRIES && clock_mono_us() < batch->until;
	int rc;

	if (exact && started != done)
		return STEP_RETRY;
	rc = read_index(store, listing, batch);
	if (rc != 0)
		return rc;
	if (exact && started != atomic_load(&store->shared->commits_started))
		return STEP_RETRY;
	batch->consistent = exact;
	return fetch_entries(store, listing, exact);
}

/* ---- batches from ids ---- */

static int step_ids(struct store *store, struct listing *listing)
{
	size_t i = listing->next_id;
	int rc = 0;

	for (; rc == 0 && i < listing->found.count && listing->row_count < LIST_BATCH_ROWS &&
		listing->records.len < BATCH_BYTES;
		i++) {
		bool gone;

		rc = fetch_row(store, listing, &listing->found.ids[i], NULL, &gone);
	}
	if (rc != 0)
		return rc;
	listing->next_id = i;
	listing->finished = i == listing->found.count;
	listing->more = listing->found.more;
	listing->last = listing->found.last;
	return 0;
}

/* ---- listings ---- */

static int step_batch(struct store *store, void *data, struct err *err)
{
	struct batch_read *batch = data;
	struct listing *listing = batch->listing;

	(void)err;
	buf_reset(&listing->records);
	listing->row_count = listing->next_row = 0;
	listing->finished = listing->more = false;
	return listing->by_ids ? step_ids(store, listing) : step_ranges(store, batch);
}

static bool load_batch(struct listing *listing, bool first, struct err *err)
{
	const struct list_query *list = &listing->query.list;
	struct batch_read batch = { .listing = listing,
		.first = first,
		.exact = listing->ranges.count > 1 ||
			 (first && (list->want_total || list->offset > 0)),
		.until = clock_mono_us() + EXACT_US };
	bool ok;

	ok = step_call(listing->store, ENGINE_READ, step_batch, &batch, err);
	if (first)
		listing->consistent = batch.consistent;
	return ok;
}

static struct listing *listing_new(struct store *store, const struct query *query)
{
	struct listing *listing = calloc(1, sizeof(*listing));

	if (!listing)
		return NULL;
	listing->store = store;
	listing->query = *query;
	listing->left = query->list.limit ? query->list.limit : UINT64_MAX;
	return listing;
}

struct listing *listing_of_ids(
	struct store *store, struct str tenant, struct id *take_ids, size_t count)
{
	const struct query query = { .store = store, .tenant = tenant };
	struct listing *listing = listing_new(store, &query);

	if (!listing) {
		free(take_ids);
		return NULL;
	}
	listing->by_ids = listing->unfiltered = true;
	listing->found.ids = take_ids;
	listing->found.count = count;
	return listing;
}

static bool open_ranges(struct listing *listing, struct err *err)
{
	if (!position_after(
		    &listing->ranges, listing->query.list.after_cursor, &listing->position, err))
		return false;
	return load_batch(listing, true, err);
}

static bool open_listing(struct listing *listing, struct err *err)
{
	bool direct;

	if (!query_check(&listing->query, err))
		return false;
	query_drop_sorts(&listing->query);
	if (!query_direct_ranges(&listing->query, &listing->ranges, &direct, err))
		return false;
	if (direct)
		return open_ranges(listing, err);
	listing->by_ids = true;
	return list_scan(&listing->query, &listing->found, err);
}

bool list_open(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	const struct query query = { store, op->tenant, op->dialect, op->list };
	struct listing *listing;

	if (!index_may_read(store, err))
		return false;
	listing = listing_new(store, &query);
	if (!listing)
		return err_no_memory(err);
	if (!open_listing(listing, err)) {
		listing_free(listing);
		return false;
	}
	result->listing = listing;
	result->total_known = listing->found.counted;
	result->total = listing->found.counted ? listing->found.total : 0;
	result->offset = listing->found.offset;
	result->consistent = listing->consistent;
	return true;
}

bool store_list_next(struct result *result, struct task *row, bool *end, struct err *err)
{
	struct listing *listing = result->listing;
	size_t start;

	while (listing->next_row == listing->row_count && !listing->finished && listing->left > 0) {
		if (!load_batch(listing, false, err))
			return false;
	}
	if (listing->next_row == listing->row_count || listing->left == 0) {
		if (listing->more)
			result->next_cursor = (struct str){ (const char *)listing->last.bytes,
				listing->last.len };
		*end = true;
		return true;
	}
	start = listing->next_row ? listing->ends[listing->next_row - 1] : 0;
	if (!record_decode(row, (struct str){ listing->records.data + start,
					listing->ends[listing->next_row] - start }))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	listing->next_row++;
	listing->left--;
	result->rows_returned++;
	*end = false;
	return true;
}

void listing_free(struct listing *listing)
{
	if (!listing)
		return;
	ranges_free(&listing->ranges);
	free(listing->found.ids);
	buf_free(&listing->records);
	free(listing);
}
