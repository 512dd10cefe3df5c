#include <stdlib.h>

#include "store/list/list.h"

/*
 * When no index has the rows of a list together and in order, rows are read and tested:
 *
 *   - the rows of the smallest condition, found by exact counts, if they are few. All that match
 *     are sorted; their number is exact.
 *   - else the rows of the sort field's own index, until the page is full: if many rows match, few
 *     have to be read. The total is known only for a single condition, from its count.
 *
 * Both read LIST_SCAN_MAX rows at most.
 */

enum scan_phase { SCAN_CHOOSE, SCAN_READ, SCAN_SORT, SCAN_DONE };
enum scan_method { SCAN_ALL, SCAN_FORWARDS, SCAN_BACKWARDS };

/* How the page is reached in the order of an index. */
struct page_plan {
	uint64_t skip, want; /* rows before the page, rows of the page */
	bool backwards;
	uint64_t reads; /* estimated number of rows to read */
};

struct scan {
	const struct query *query;
	struct store *store;
	enum scan_phase phase;
	enum scan_method method; /* once chosen */
	struct index_choice choice;
	struct page_plan plan;
	struct range_set ranges;  /* the rows that are read */
	struct position position; /* behind the last row read */
	uint64_t rows_read, rows_max;
	uint64_t enough; /* rows that match */
	bool ended;	 /* the ranges have no more rows */

	struct index_entry entries[LIST_BATCH_ROWS];
	size_t entry_count, next_entry;
	bool last_entries; /* no more follow */
	struct buf record;
	struct found_rows rows;
};

/* ---- reading rows ---- */

static int step_entries(struct store *store, void *data, struct err *err)
{
	struct scan *scan = data;

	(void)err;
	return ranges_read(store, &scan->ranges, &scan->position, scan->entries, LIST_BATCH_ROWS,
		&scan->entry_count);
}

/* Rows that a shared engine reads by one trip. */
#define TOGETHER 16

static void prefetch_rows(const struct scan *scan)
{
	size_t end = scan->next_entry + TOGETHER;

	if (!scan->store->engine->ops->prefetch || scan->next_entry % TOGETHER != 0)
		return;
	for (size_t i = scan->next_entry; i < scan->entry_count && i < end; i++) {
		struct id id;

		index_entry_id(&scan->entries[i], &id);
		row_prefetch(scan->store, scan->query->tenant, &id);
	}
}

struct reading {
	struct scan *scan;
	const struct id *id;
	bool gone;
};

static int step_record(struct store *store, void *data, struct err *err)
{
	struct reading *reading = data;
	struct scan *scan = reading->scan;
	int rc;

	(void)err;
	buf_reset(&scan->record);
	rc = row_get_prefetched(store, scan->query->tenant, reading->id, &scan->record);
	reading->gone = rc == ENGINE_NOT_FOUND;
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

/*
 * A task that has moved since its entry was read is left out of rows that are read in order. Other
 * rows are sorted, and none is added twice, so the task is added with its present sort key: its new
 * entry may have been passed already.
 */
static bool has_moved(
	const struct scan *scan, const struct index_entry *entry, const struct key_suffix *key)
{
	return scan->method != SCAN_ALL && key_suffix_compare(key, &entry->suffix) != 0;
}

static bool test_entry(struct scan *scan, const struct index_entry *entry, struct err *err)
{
	struct key_suffix key;
	struct task task;
	struct id id;
	struct reading reading = { scan, &id, false };

	scan->rows_read++;
	scan->position = (struct position){ .set = true, .suffix = entry->suffix };
	index_entry_id(entry, &id);
	if (!step_run(scan->store, ENGINE_READ, step_record, &reading, err))
		return false;
	if (reading.gone || !record_decode(&task, buf_str(&scan->record)) ||
		!query_matches(scan->query, &task) || !query_sort_key(scan->query, &task, &key) ||
		has_moved(scan, entry, &key))
		return true;
	return rows_add(&scan->rows, &id, &key, err);
}

static bool may_read(const struct scan *scan)
{
	return !scan->ended && scan->rows.count < scan->enough &&
	       (scan->next_entry < scan->entry_count || scan->last_entries ||
		       scan->rows_read < scan->rows_max);
}

/* Reads until enough rows match, the ranges end, or the limit is reached. */
static bool read_rows(struct scan *scan, struct slice *slice, struct err *err)
{
	while (may_read(scan) && !slice_is_over(slice)) {
		if (scan->next_entry < scan->entry_count) {
			prefetch_rows(scan);
			if (!test_entry(scan, &scan->entries[scan->next_entry++], err))
				return false;
		} else if (scan->last_entries) {
			scan->ended = true;
		} else {
			if (!step_run(scan->store, ENGINE_READ, step_entries, scan, err))
				return false;
			scan->next_entry = 0;
			scan->last_entries = scan->entry_count < LIST_BATCH_ROWS;
		}
		slice_spend(slice, 1);
	}
	if (!may_read(scan))
		scan->phase = scan->method == SCAN_ALL ? SCAN_SORT : SCAN_DONE;
	return true;
}

/* ---- the page ---- */

/* The first of the sorted rows behind the cursor. */
static size_t first_after(const struct scan *scan, struct str after)
{
	bool descending = scan->query->list.sort_count == 1 && query_is_descending(scan->query);
	size_t i = 0;

	if (after.len == 0)
		return 0;
	for (; i < scan->rows.count; i++) {
		int order = str_compare(rows_key(&scan->rows, i), after);

		if (descending ? order < 0 : order > 0)
			break;
	}
	return i;
}

/* Copies the ids of one page of rows, from `first` on. */
static bool cut_page(
	const struct scan *scan, size_t first, struct found_ids *found, struct err *err)
{
	uint64_t limit = scan->query->list.limit;
	size_t left = first < scan->rows.count ? scan->rows.count - first : 0;

	found->count = limit && limit < left ? (size_t)limit : left;
	found->more = found->count < left;
	found->ids = calloc(found->count + 1, sizeof(*found->ids));
	if (!found->ids)
		return err_no_memory(err);
	for (size_t i = 0; i < found->count; i++)
		found->ids[i] = scan->rows.at[first + i].id;
	if (found->count > 0)
		key_suffix_set(&found->last, rows_key(&scan->rows, first + found->count - 1));
	return true;
}

static bool page_of_all(struct scan *scan, struct found_ids *found, struct err *err)
{
	const struct list_query *list = &scan->query->list;
	size_t first = first_after(scan, list->after_cursor);

	found->counted = true;
	found->total = scan->rows.count;
	found->offset = list_offset(list, found->total);
	if (found->offset > scan->rows.count - first)
		first = scan->rows.count;
	else
		first += (size_t)found->offset;
	return cut_page(scan, first, found, err);
}

/* The page's rows are the last ones read; reversed, the first. */
static bool page_backwards(struct scan *scan, struct found_ids *found, struct err *err)
{
	if (!scan->ended && scan->rows.count < scan->enough)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	rows_reverse(&scan->rows);
	return cut_page(scan, 0, found, err);
}

/* One row more than the page has was read, to know whether there are more. */
static bool page_forwards(struct scan *scan, struct found_ids *found, struct err *err)
{
	bool complete = scan->ended || scan->rows.count >= scan->enough;

	if (!complete && !scan->query->list.allow_partial)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	if (!cut_page(scan, (size_t)scan->plan.skip, found, err))
		return false;
	if (!complete) {
		found->more = true;
		found->last = scan->position.suffix;
	}
	return true;
}

static bool make_page(struct scan *scan, struct found_ids *found, struct err *err)
{
	if (scan->method == SCAN_ALL)
		return page_of_all(scan, found, err);
	return scan->method == SCAN_BACKWARDS ? page_backwards(scan, found, err)
					      : page_forwards(scan, found, err);
}

/* ---- the choice ---- */

/*
 * The total is known only for a single condition, from its count; then a page near the end is
 * reached from there.
 */
static void plan_page(const struct list_query *list, const struct found_ids *found, uint64_t all,
	struct page_plan *plan)
{
	uint64_t left = found->total > found->offset ? found->total - found->offset : 0;

	*plan = (struct page_plan){ .skip = found->offset, .want = list->limit };
	if (list->limit == 0)
		plan->want = LIST_SCAN_MAX;
	if (found->counted && left < plan->want)
		plan->want = left;
	if (found->counted && left - plan->want < plan->skip) {
		plan->skip = left - plan->want;
		plan->backwards = true;
	}
	plan->reads = plan->skip + plan->want + 1;
	if (found->total > 0)
		plan->reads = (uint64_t)((double)plan->reads * (double)all / (double)found->total);
}

static bool start_in_order(struct scan *scan, struct err *err)
{
	const struct query *query = scan->query;
	const struct page_plan *plan = &scan->plan;
	size_t satisfied;

	scan->method = plan->backwards ? SCAN_BACKWARDS : SCAN_FORWARDS;
	scan->rows_max = LIST_SCAN_MAX;
	scan->enough = plan->skip + plan->want + !plan->backwards;
	if (!filter_ranges(
		    query, NO_FILTER, query_sort_field(query), &scan->ranges, &satisfied, err))
		return false;
	if (!plan->backwards)
		return position_after(
			&scan->ranges, query->list.after_cursor, &scan->position, err);
	scan->ranges.descending = !scan->ranges.descending;
	return true;
}

/* Ascending: a task that is updated meanwhile moves towards rows that are not read yet. */
static void start_all(struct scan *scan)
{
	scan->method = SCAN_ALL;
	/* Other processes may add rows meanwhile. */
	scan->rows_max = 2 * (uint64_t)LIST_SCAN_MAX;
	scan->enough = UINT64_MAX;
	scan->ranges = scan->choice.best;
	scan->ranges.descending = false;
	scan->choice.best = (struct range_set){ 0 };
}

/* Reads all rows of a small condition, unless the page is reached much sooner in order. */
static bool choose(struct scan *scan, struct found_ids *found, struct err *err)
{
	const struct query *query = scan->query;
	const struct list_query *list = &query->list;
	const struct range_set *smallest = &scan->choice.best;
	const struct page_plan *plan = &scan->plan;
	bool few = smallest->total <= LIST_SCAN_MAX;
	bool known = scan->choice.satisfied == query_conditions(query), can_scan;

	scan->phase = SCAN_READ;
	found->counted = list->want_total && known;
	found->total = found->counted ? smallest->total : 0;
	found->offset = found->counted ? list_offset(list, found->total) : list->offset;
	plan_page(list, found, scan->choice.all, &scan->plan);
	can_scan = list->sort_count <= 1 && query_is_indexed(query, query_sort_field(query)) &&
		   (found->counted || !list->want_total || list->allow_partial) &&
		   plan->skip <= LIST_SCAN_MAX;
	if (few && !(can_scan && found->counted && 2 * plan->reads < smallest->total)) {
		start_all(scan);
		return true;
	}
	if (!can_scan)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	return start_in_order(scan, err);
}

/* ---- the phases ---- */

void scan_free(struct scan *scan)
{
	if (!scan)
		return;
	choice_free(&scan->choice);
	ranges_free(&scan->ranges);
	buf_free(&scan->record);
	rows_free(&scan->rows);
	free(scan);
}

size_t scan_memory(const struct scan *scan)
{
	if (!scan)
		return 0;
	return sizeof(*scan) + ranges_memory(&scan->choice.best) +
	       ranges_memory(&scan->choice.counting) + ranges_memory(&scan->ranges) +
	       scan->record.capacity + rows_memory(&scan->rows);
}

struct scan *scan_new(const struct query *query)
{
	struct scan *scan = calloc(1, sizeof(*scan));

	if (scan) {
		scan->query = query;
		scan->store = query->store;
		scan->rows.seed = query->store->random;
	}
	return scan;
}

static bool choose_in_slices(
	struct scan *scan, struct slice *slice, struct found_ids *found, struct err *err)
{
	return choice_go_on(scan->query, &scan->choice, slice, err) &&
	       (!scan->choice.done || choose(scan, found, err));
}

static bool sort_in_slices(struct scan *scan, struct slice *slice, struct err *err)
{
	const struct list_query *list = &scan->query->list;
	bool descending = list->sort_count == 1 && list->sorts[0].descending;

	if (!scan->ended)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	if (!rows_sort(&scan->rows, descending, slice, err))
		return false;
	if (scan->rows.sorted)
		scan->phase = SCAN_DONE;
	return true;
}

bool scan_go_on(struct scan *scan, struct slice *slice, struct found_ids *found, bool *done,
	struct err *err)
{
	bool ok = true;

	while (ok && scan->phase != SCAN_DONE && !slice_is_over(slice)) {
		if (scan->phase == SCAN_CHOOSE)
			ok = choose_in_slices(scan, slice, found, err);
		else if (scan->phase == SCAN_READ)
			ok = read_rows(scan, slice, err);
		else
			ok = sort_in_slices(scan, slice, err);
	}
	*done = ok && scan->phase == SCAN_DONE;
	return ok && (!*done || make_page(scan, found, err));
}
