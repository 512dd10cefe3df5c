#include "base/clock.h"
#include "store/list/listing.h"

#define BATCH_BYTES ((size_t)32 * 1024) /* a batch ends with the row that reaches it */
/* Limits on tries to read one moment. A try over many ranges takes 2 ms. */
#define EXACT_TRIES    200
#define EXACT_US       20000
#define EXACT_SLICE_US 2000 /* of later batches of a list in slices */

/* ---- rows ---- */

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
		*gone = !entry_is_current(&listing->ranges, entry, &task);
	else if (!*gone && !listing->unfiltered)
		*gone = !query_matches(&listing->query, &task);
	if (*gone)
		listing->records.len = start;
	else
		listing->ends[listing->row_count++] = listing->records.len;
	return 0;
}

static bool has_room(const struct listing *listing)
{
	return listing->row_count < LIST_BATCH_ROWS && listing->records.len < BATCH_BYTES &&
	       listing->records.len < listing->bytes_left;
}

/* Whether the page ends with this batch, though rows follow. */
static bool page_is_full(const struct listing *listing)
{
	return listing->row_count == listing->left || listing->records.len >= listing->bytes_left;
}

/* Of entries or ids: some from number `at` on, so that the memory of large rows is bounded. */
static void expect_rows(struct store *store, const struct listing *listing, size_t at)
{
	size_t count = listing->by_ids ? listing->found.count : listing->entry_count;
	size_t first = listing->by_ids ? listing->next_id : 0, end = at + ENGINE_EXPECTED_MAX;

	if (!store->engine->ops->expect || (at - first) % ENGINE_EXPECTED_MAX != 0)
		return;
	for (size_t i = at; i < count && i < end; i++) {
		struct id id;

		if (listing->by_ids)
			id = listing->found.ids[i];
		else
			index_entry_id(&listing->entries[i], &id);
		row_expect(store, listing->query.tenant, &id);
	}
}

static int fetch_entries(struct store *store, struct listing *listing, bool exact)
{
	size_t i = 0;

	for (; i < listing->entry_count && listing->row_count < listing->left && has_room(listing);
		i++) {
		const struct index_entry *entry = &listing->entries[i];
		struct id id;
		bool gone;
		int rc;

		expect_rows(store, listing, i);
		index_entry_id(entry, &id);
		rc = fetch_row(store, listing, &id, entry, &gone);
		if (rc != 0)
			return rc;
		if (gone && exact)
			return STEP_RETRY;
		if (!gone)
			listing->sources[listing->row_count - 1] = i;
	}
	if (i > 0)
		listing->position = (struct position){ .set = true,
			.suffix = listing->entries[i - 1].suffix };
	/*
	 * Removed tasks may have used up the extra entry: then a full page gets a cursor in any
	 * case.
	 */
	if (i < listing->entry_count || !listing->finished) {
		listing->finished = listing->more = page_is_full(listing);
		listing->last = listing->position.suffix;
	}
	return 0;
}

/* Reads one entry more than the batch has rows, to know whether there are more. */
static int read_entries(struct store *store, struct listing *listing)
{
	size_t max = listing->left < LIST_BATCH_ROWS ? (size_t)listing->left : LIST_BATCH_ROWS;
	int rc;

	max++;
	listing->entry_count = 0;
	rc = ranges_read(store, &listing->ranges, &listing->position, listing->entries, max,
		&listing->entry_count);
	listing->finished = listing->entry_count < max;
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static void empty_batch(struct listing *listing)
{
	buf_reset(&listing->records);
	listing->row_count = listing->next_row = 0;
	listing->finished = listing->more = false;
}

/* Counts a try. Returns whether it has to read one moment; if not, the limits are reached. */
static bool begin_exact(struct listing *listing, int64_t longest_us)
{
	int64_t now = clock_mono_us();

	if (listing->exact_until == 0)
		listing->exact_until = now + longest_us;
	return listing->exact_tries++ < EXACT_TRIES && now < listing->exact_until;
}

static void end_exact(struct listing *listing)
{
	listing->exact_until = 0;
	listing->exact_tries = 0;
}

/* ---- the first batch of ranges ---- */

struct first_read {
	struct listing *listing;
	struct slice *slice;
};

/*
 * Counts and entries are of one moment if no commit of the tenant happened while they were read:
 * none was under way before (started = done), and none has started since. The counters show this
 * without a lock. After a commit the try is repeated, up to the limits. The rows are read
 * afterwards; each must still have its entry.
 */
static int begin_try(struct store *store, struct listing *listing)
{
	const struct list_query *list = &listing->query.list;
	struct first_batch *first = &listing->first;
	struct commit_counts commits;
	int rc = store_read_commits(store, listing->query.tenant, &commits);

	if (rc != 0)
		return rc;
	first->started = commits.started;
	first->exact = (listing->ranges.count > 1 || list->want_total || list->offset > 0) &&
		       begin_exact(listing, EXACT_US);
	if (first->exact && commits.started != commits.done)
		return STEP_RETRY;
	listing->ranges.counted = 0;
	listing->ranges.total = 0;
	selection_free(&first->selection);
	first->phase = list->want_total || list->offset > 0 ? FIRST_COUNT : FIRST_READ;
	return 0;
}

static bool is_disturbed(struct store *store, const struct listing *listing)
{
	return listing->first.exact &&
	       store_has_committed(store, listing->query.tenant, listing->first.started);
}

static int count_ranges(struct store *store, struct listing *listing, struct slice *slice)
{
	const struct list_query *list = &listing->query.list;
	struct found_ids *found = &listing->found;
	int rc = ranges_count(store, &listing->ranges, slice);

	if (rc != 0 || !ranges_are_counted(&listing->ranges))
		return rc;
	found->counted = list->want_total;
	found->total = listing->ranges.total;
	found->offset = list_offset(list, found->total);
	listing->first.phase = found->offset > 0 ? FIRST_SELECT : FIRST_READ;
	/* An earlier try may have skipped to an offset that is clamped now. */
	if (found->offset == 0 && list->offset > 0)
		listing->position.set = false;
	return 0;
}

static int select_row(struct store *store, struct listing *listing, struct slice *slice)
{
	struct selection *selection = &listing->first.selection;
	int rc = ranges_select(store, &listing->ranges, listing->found.offset, selection, slice,
		&listing->position);

	if (rc == 0 && selection->found)
		listing->first.phase = FIRST_READ;
	return rc;
}

/* past_end: the offset is behind the last row. */
static int read_first(
	struct store *store, struct listing *listing, struct slice *slice, bool past_end)
{
	struct first_batch *first = &listing->first;
	int rc = 0;

	empty_batch(listing);
	listing->entry_count = 0;
	listing->finished = true;
	if (!past_end) {
		slice_spend(slice, listing->ranges.count);
		rc = read_entries(store, listing);
	}
	if (rc == 0 && is_disturbed(store, listing))
		rc = STEP_RETRY;
	if (rc == 0)
		rc = fetch_entries(store, listing, first->exact);
	if (rc != 0)
		return rc;
	slice_spend(slice, listing->row_count);
	listing->consistent = first->exact;
	listing->open = true;
	end_exact(listing);
	return 0;
}

static int run_phase(struct store *store, struct listing *listing, struct slice *slice)
{
	int rc;

	switch (listing->first.phase) {
	case FIRST_TRY:
		return begin_try(store, listing);
	case FIRST_COUNT:
		return count_ranges(store, listing, slice);
	case FIRST_SELECT:
		rc = select_row(store, listing, slice);
		return rc == ENGINE_NOT_FOUND ? read_first(store, listing, slice, true) : rc;
	case FIRST_READ:
	default:
		return read_first(store, listing, slice, false);
	}
}

static int step_first(struct store *store, void *data, struct err *err)
{
	const struct first_read *read = data;
	struct listing *listing = read->listing;
	int rc = 0;

	(void)err;
	ranges_new_step(&listing->ranges);
	if (is_disturbed(store, listing))
		listing->first.phase = FIRST_TRY;
	while (rc == 0 && !listing->open && !slice_is_over(read->slice))
		rc = run_phase(store, listing, read->slice);
	if (rc != STEP_RETRY)
		return rc;
	listing->first.phase = FIRST_TRY;
	slice_spend(read->slice, 1);
	return slice_is_over(read->slice) ? 0 : STEP_RETRY;
}

bool batch_first(struct listing *listing, struct slice *slice, struct err *err)
{
	struct first_read read = { listing, slice };

	return step_call(listing->store, ENGINE_READ, step_first, &read, err);
}

/* ---- further batches ---- */

/* A task that moves from one range to another must not be missed in both. */
struct next_read {
	struct listing *listing;
	int64_t until_us;
};

static int step_ranges(struct store *store, const struct next_read *read)
{
	struct listing *listing = read->listing;
	int64_t longest = read->until_us == INT64_MAX ? EXACT_US : EXACT_SLICE_US;
	bool exact = listing->ranges.count > 1 && begin_exact(listing, longest);
	struct commit_counts commits = { 0 };
	int rc = exact ? store_read_commits(store, listing->query.tenant, &commits) : 0;

	if (rc != 0)
		return rc;
	if (exact && commits.started != commits.done)
		return STEP_RETRY;
	rc = read_entries(store, listing);
	if (rc != 0)
		return rc;
	if (exact && store_has_committed(store, listing->query.tenant, commits.started))
		return STEP_RETRY;
	rc = fetch_entries(store, listing, exact);
	if (rc == 0)
		end_exact(listing);
	return rc;
}

/* Ends the page with the last row read; the next one begins behind its sort key. */
static void end_page(struct listing *listing)
{
	size_t start = listing->row_count > 1 ? listing->ends[listing->row_count - 2] : 0;
	struct task task;

	listing->finished = listing->more = record_decode(&task,
						    str_skip(buf_str(&listing->records), start)) &&
					    query_sort_key(&listing->query, &task, &listing->last);
	if (!listing->finished)
		listing->bytes_left = SIZE_MAX;
}

static int step_ids(struct store *store, struct listing *listing)
{
	size_t i = listing->next_id;
	int rc = 0;

	for (; rc == 0 && i < listing->found.count && has_room(listing); i++) {
		bool gone;

		expect_rows(store, listing, i);
		rc = fetch_row(store, listing, &listing->found.ids[i], NULL, &gone);
		if (rc == 0 && !gone)
			listing->sources[listing->row_count - 1] = i;
	}
	if (rc != 0)
		return rc;
	listing->next_id = i;
	listing->finished = i == listing->found.count;
	listing->more = listing->found.more;
	listing->last = listing->found.last;
	if (!listing->finished && listing->records.len >= listing->bytes_left)
		end_page(listing);
	return 0;
}

static int step_next(struct store *store, void *data, struct err *err)
{
	const struct next_read *read = data;
	struct listing *listing = read->listing;
	int rc;

	(void)err;
	empty_batch(listing);
	rc = listing->by_ids ? step_ids(store, listing) : step_ranges(store, read);
	if (rc != STEP_RETRY || clock_mono_us() < read->until_us)
		return rc;
	empty_batch(listing);
	return 0;
}

bool batch_next(struct listing *listing, int64_t until_us, struct err *err)
{
	struct next_read read = { listing, until_us };

	return step_call(listing->store, ENGINE_READ, step_next, &read, err);
}

void batch_unread(struct listing *listing)
{
	size_t source = listing->sources[listing->next_row];

	if (listing->by_ids)
		listing->next_id = source;
	else
		listing->position = (struct position){
			.set = true, .at = true, .suffix = listing->entries[source].suffix
		};
	empty_batch(listing);
}
