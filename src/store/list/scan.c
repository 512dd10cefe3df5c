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

struct row {
	struct id id;
	size_t key_at; /* its sort key, in scan.sort_keys */
	uint16_t key_len;
};

struct scan {
	const struct query *query;
	struct store *store;
	struct range_set ranges;  /* the rows that are read */
	struct position position; /* behind the last row read */
	uint64_t rows_read, rows_max;
	bool ended;    /* the ranges have no more rows */
	bool in_order; /* rows come in the list's order: the position is a cursor for the client */

	struct index_entry entries[LIST_BATCH_ROWS];
	size_t entry_count;
	struct buf record, sort_keys;
	struct row *rows; /* that match */
	size_t row_count, row_capacity;
};

/* ---- reading rows ---- */

static int step_entries(struct store *store, void *data, struct err *err)
{
	struct scan *scan = data;

	(void)err;
	return ranges_read(store, &scan->ranges, &scan->position, scan->entries, LIST_BATCH_ROWS,
		&scan->entry_count);
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
	rc = row_get(store, scan->query->tenant, reading->id, false, &scan->record);
	reading->gone = rc == ENGINE_NOT_FOUND;
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool keep_row(struct scan *scan, const struct task *task, const struct index_entry *entry,
	struct err *err)
{
	struct key_suffix key;
	struct row *row;

	if (!query_sort_key(scan->query, task, &key))
		return true; /* no place in this order */
	/* It has moved since its entry was read. */
	if (scan->in_order && key_suffix_compare(&key, &entry->suffix) != 0)
		return true;
	if (scan->row_count == scan->row_capacity) {
		size_t capacity = scan->row_capacity ? 2 * scan->row_capacity : LIST_BATCH_ROWS;
		struct row *rows = reallocarray(scan->rows, capacity, sizeof(*rows));

		if (!rows)
			return err_no_memory(err);
		scan->rows = rows;
		scan->row_capacity = capacity;
	}
	row = &scan->rows[scan->row_count++];
	*row = (struct row){ task->id, scan->sort_keys.len, key.len };
	buf_put(&scan->sort_keys, key.bytes, key.len);
	return buf_ok(&scan->sort_keys) || err_no_memory(err);
}

static bool test_entry(struct scan *scan, const struct index_entry *entry, struct err *err)
{
	struct task task;
	struct id id;
	struct reading reading = { scan, &id, false };

	scan->rows_read++;
	scan->position = (struct position){ .set = true, .suffix = entry->suffix };
	index_entry_id(entry, &id);
	if (!step_run(scan->store, ENGINE_READ, step_record, &reading, err))
		return false;
	if (reading.gone || !record_decode(&task, buf_str(&scan->record)) ||
		!query_matches(scan->query, &task))
		return true;
	return keep_row(scan, &task, entry, err);
}

/* Reads until that many rows match, the ranges end, or the limit is reached. */
static bool scan_until(struct scan *scan, uint64_t enough, struct err *err)
{
	while (!scan->ended && scan->row_count < enough && scan->rows_read < scan->rows_max) {
		if (!step_run(scan->store, ENGINE_READ, step_entries, scan, err))
			return false;
		for (size_t i = 0; i < scan->entry_count && scan->row_count < enough; i++) {
			if (!test_entry(scan, &scan->entries[i], err))
				return false;
		}
		scan->ended = scan->entry_count < LIST_BATCH_ROWS && scan->row_count < enough;
	}
	return true;
}

/* ---- the page ---- */

static const char *sort_key_of(const struct scan *scan, const struct row *row)
{
	return scan->sort_keys.data + row->key_at;
}

static int compare_rows(const void *left, const void *right, void *data)
{
	const struct row *a = left, *b = right;
	const struct scan *scan = data;
	const struct list_query *list = &scan->query->list;
	int order = str_compare((struct str){ sort_key_of(scan, a), a->key_len },
		(struct str){ sort_key_of(scan, b), b->key_len });

	return list->sort_count == 1 && list->sorts[0].descending ? -order : order;
}

static void row_suffix(const struct scan *scan, const struct row *row, struct key_suffix *suffix)
{
	key_suffix_set(suffix, (struct str){ sort_key_of(scan, row), row->key_len });
}

/* The first of the sorted rows behind the cursor. */
static size_t first_after(const struct scan *scan, struct str after)
{
	bool descending = scan->query->list.sort_count == 1 && query_is_descending(scan->query);
	struct key_suffix cursor, suffix;
	size_t i = 0;

	if (after.len == 0)
		return 0;
	key_suffix_set(&cursor, after);
	for (; i < scan->row_count; i++) {
		int order;

		row_suffix(scan, &scan->rows[i], &suffix);
		order = key_suffix_compare(&suffix, &cursor);
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
	size_t left = first < scan->row_count ? scan->row_count - first : 0;

	found->count = limit && limit < left ? (size_t)limit : left;
	found->more = found->count < left;
	found->ids = calloc(found->count + 1, sizeof(*found->ids));
	if (!found->ids)
		return err_no_memory(err);
	for (size_t i = 0; i < found->count; i++)
		found->ids[i] = scan->rows[first + i].id;
	if (found->count > 0)
		row_suffix(scan, &scan->rows[first + found->count - 1], &found->last);
	return true;
}

/* ---- all rows of the smallest condition ---- */

static bool scan_all(struct scan *scan, struct found_ids *found, struct err *err)
{
	const struct list_query *list = &scan->query->list;
	size_t first;

	/* Other processes may add rows meanwhile. */
	scan->rows_max = 2 * (uint64_t)LIST_SCAN_MAX;
	if (!scan_until(scan, UINT64_MAX, err))
		return false;
	if (!scan->ended)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	if (scan->row_count > 0)
		qsort_r(scan->rows, scan->row_count, sizeof(*scan->rows), compare_rows, scan);
	found->counted = true;
	found->total = scan->row_count;
	found->offset = list_offset(list, found->total);
	first = first_after(scan, list->after_cursor);
	if (found->offset > scan->row_count - first)
		first = scan->row_count;
	else
		first += (size_t)found->offset;
	return cut_page(scan, first, found, err);
}

/* ---- in the order of an index ---- */

/* How the page is reached. */
struct page_plan {
	uint64_t skip, want; /* rows before the page, rows of the page */
	bool backwards;
	uint64_t reads; /* estimated number of rows to read */
};

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

static void reverse_rows(struct scan *scan)
{
	for (size_t i = 0, k = scan->row_count; i + 1 < k; i++) {
		struct row row = scan->rows[i];

		scan->rows[i] = scan->rows[--k];
		scan->rows[k] = row;
	}
}

/* The page's rows are the last ones read; reversed, the first. */
static bool scan_backwards(
	struct scan *scan, const struct page_plan *plan, struct found_ids *found, struct err *err)
{
	scan->ranges.descending = !scan->ranges.descending;
	if (!scan_until(scan, plan->skip + plan->want, err))
		return false;
	if (!scan->ended && scan->row_count < plan->skip + plan->want)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	reverse_rows(scan);
	return cut_page(scan, 0, found, err);
}

/* Reads one row more than the page has, to know whether there are more. */
static bool scan_forwards(
	struct scan *scan, const struct page_plan *plan, struct found_ids *found, struct err *err)
{
	const struct list_query *list = &scan->query->list;
	uint64_t end = plan->skip + plan->want;
	bool complete;

	if (!position_after(&scan->ranges, list->after_cursor, &scan->position, err) ||
		!scan_until(scan, end + 1, err))
		return false;
	complete = scan->ended || scan->row_count > end;
	if (!complete && !list->allow_partial)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	if (!cut_page(scan, (size_t)plan->skip, found, err))
		return false;
	if (!complete) {
		found->more = true;
		found->last = scan->position.suffix;
	}
	return true;
}

static bool scan_in_order(
	struct scan *scan, const struct page_plan *plan, struct found_ids *found, struct err *err)
{
	const struct query *query = scan->query;
	size_t satisfied;

	scan->rows_max = LIST_SCAN_MAX;
	scan->in_order = true;
	if (!filter_ranges(
		    query, NO_FILTER, query_sort_field(query), &scan->ranges, &satisfied, err))
		return false;
	return plan->backwards ? scan_backwards(scan, plan, found, err)
			       : scan_forwards(scan, plan, found, err);
}

/* ---- the choice ---- */

/* Reads all rows of a small condition, unless the page is reached much sooner in order. */
static bool choose(struct scan *scan, struct range_set *smallest, size_t satisfied, uint64_t all,
	struct found_ids *found, struct err *err)
{
	const struct query *query = scan->query;
	const struct list_query *list = &query->list;
	bool few = smallest->total <= LIST_SCAN_MAX;
	bool known = satisfied == query_conditions(query), can_scan;
	struct page_plan plan;

	found->counted = list->want_total && known;
	found->total = found->counted ? smallest->total : 0;
	found->offset = found->counted ? list_offset(list, found->total) : list->offset;
	plan_page(list, found, all, &plan);
	can_scan = list->sort_count <= 1 && query_is_indexed(query, query_sort_field(query)) &&
		   (found->counted || !list->want_total || list->allow_partial) &&
		   plan.skip <= LIST_SCAN_MAX;
	if (few && !(can_scan && found->counted && 2 * plan.reads < smallest->total)) {
		scan->ranges = *smallest;
		*smallest = (struct range_set){ 0 };
		return scan_all(scan, found, err);
	}
	if (!can_scan)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	return scan_in_order(scan, &plan, found, err);
}

static void scan_free(struct scan *scan)
{
	ranges_free(&scan->ranges);
	buf_free(&scan->record);
	buf_free(&scan->sort_keys);
	free(scan->rows);
	free(scan);
}

static struct scan *scan_new(const struct query *query)
{
	struct scan *scan = calloc(1, sizeof(*scan));

	if (scan) {
		scan->query = query;
		scan->store = query->store;
	}
	return scan;
}

bool list_scan(const struct query *query, struct found_ids *found, struct err *err)
{
	struct scan *scan = scan_new(query);
	struct range_set smallest = { 0 };
	uint64_t all = 0;
	size_t satisfied = 0;
	bool ok;

	*found = (struct found_ids){ 0 };
	if (!scan)
		return err_no_memory(err);
	ok = choose_index(query, &smallest, &satisfied, &all, err) &&
	     choose(scan, &smallest, satisfied, all, found, err);
	ranges_free(&smallest);
	scan_free(scan);
	return ok;
}
