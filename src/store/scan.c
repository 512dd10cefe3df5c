#include <errno.h>
#include <stdlib.h>

#include "store/list.h"

/*
 * Where no index has the rows of a list together and in order, rows are looked through:
 *
 *   - those of the smallest condition, found by its exact count, when they are few. All that fit
 * are put in order; their number is exact.
 *   - else those of the order's own index, until the page is full: conditions that are not small
 * are met often. How many there are in all is known only of a single condition, from its count.
 *
 * Both look at LIST_SCAN_MAX rows at most.
 */

struct row {
	struct id id;
	size_t at; /* of its order in `orders` */
	uint16_t len;
};

struct look {
	const struct query *query;
	struct store *store;
	struct range_set ranges;  /* the rows that are looked at */
	struct position position; /* behind the last of them */
	uint64_t looked, most;
	bool through; /* there are no more */
	bool walking; /* in the order of the entries: the last one is where the next page begins */

	struct index_entry entries[LIST_BATCH_ROWS];
	size_t entry_count;
	struct buf record, orders;
	struct row *rows; /* those that fit */
	size_t row_count, row_room;
};

/* ---- reading rows ---- */

static int step_entries(struct store *store, void *data, struct err *err)
{
	struct look *look = data;

	(void)err;
	return ranges_read(store, &look->ranges, &look->position, look->entries, LIST_BATCH_ROWS,
		&look->entry_count);
}

struct reading {
	struct look *look;
	const struct id *id;
	bool gone;
};

static int step_record(struct store *store, void *data, struct err *err)
{
	struct reading *reading = data;
	struct look *look = reading->look;
	int rc;

	(void)err;
	buf_reset(&look->record);
	rc = row_get(store, look->query->tenant, reading->id, false, &look->record);
	reading->gone = rc == ENGINE_NOT_FOUND;
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool keep_row(struct look *look, const struct task *task, const struct index_entry *entry,
	struct err *err)
{
	struct key_suffix order;
	struct row *row;

	if (!query_sort_key(look->query, task, &order))
		return true; /* it has no place in this order */
	/* One that moved since its entry was read is not here any more. */
	if (look->walking && key_suffix_compare(&order, &entry->suffix) != 0)
		return true;
	if (look->row_count == look->row_room) {
		size_t room = look->row_room ? 2 * look->row_room : LIST_BATCH_ROWS;
		struct row *rows = reallocarray(look->rows, room, sizeof(*rows));

		if (!rows)
			return err_no_memory(err);
		look->rows = rows;
		look->row_room = room;
	}
	row = &look->rows[look->row_count++];
	*row = (struct row){ task->id, look->orders.len, order.len };
	buf_put(&look->orders, order.bytes, order.len);
	return buf_ok(&look->orders) || err_no_memory(err);
}

static bool look_at(struct look *look, const struct index_entry *entry, struct err *err)
{
	struct task task;
	struct id id;
	struct reading reading = { look, &id, false };

	look->looked++;
	look->position = (struct position){ .set = true, .suffix = entry->suffix };
	index_entry_id(entry, &id);
	if (!step_run(look->store, ENGINE_READ, step_record, &reading, err))
		return false;
	if (reading.gone || !record_decode(&task, buf_str(&look->record)) ||
		!query_matches(look->query, &task))
		return true;
	return keep_row(look, &task, entry, err);
}

/* Looks until so many rows fit, the rows end, or as many were looked at as may be. */
static bool look_until(struct look *look, uint64_t enough, struct err *err)
{
	while (!look->through && look->row_count < enough && look->looked < look->most) {
		if (!step_run(look->store, ENGINE_READ, step_entries, look, err))
			return false;
		for (size_t i = 0; i < look->entry_count && look->row_count < enough; i++) {
			if (!look_at(look, &look->entries[i], err))
				return false;
		}
		look->through = look->entry_count < LIST_BATCH_ROWS && look->row_count < enough;
	}
	return true;
}

/* ---- the page ---- */

static const char *order_bytes(const struct look *look, const struct row *row)
{
	return look->orders.data + row->at;
}

static int compare_rows(const void *left, const void *right, void *data)
{
	const struct row *a = left, *b = right;
	const struct look *look = data;
	const struct list_query *list = &look->query->list;
	int order = str_compare((struct str){ order_bytes(look, a), a->len },
		(struct str){ order_bytes(look, b), b->len });

	return list->sort_count == 1 && list->sorts[0].descending ? -order : order;
}

static void row_tail(const struct look *look, const struct row *row, struct key_suffix *tail)
{
	tail->len = row->len;
	memcpy(tail->bytes, order_bytes(look, row), row->len);
}

/* The first row behind the place to go on from; rows are in order. */
static size_t first_behind(const struct look *look, struct str after)
{
	bool descending = look->query->list.sort_count == 1 && query_is_descending(look->query);
	struct key_suffix place = { .len = (uint16_t)after.len }, tail;
	size_t i = 0;

	if (after.len == 0)
		return 0;
	memcpy(place.bytes, after.ptr, after.len);
	for (; i < look->row_count; i++) {
		int order;

		row_tail(look, &look->rows[i], &tail);
		order = key_suffix_compare(&tail, &place);
		if (descending ? order < 0 : order > 0)
			break;
	}
	return i;
}

/* Copies the ids of the rows from `first` on, as many as a page has. */
static bool cut_page(
	const struct look *look, size_t first, struct found_ids *found, struct err *err)
{
	uint64_t limit = look->query->list.limit;
	size_t left = first < look->row_count ? look->row_count - first : 0;

	found->count = limit && limit < left ? (size_t)limit : left;
	found->more = found->count < left;
	found->ids = calloc(found->count + 1, sizeof(*found->ids));
	if (!found->ids)
		return err_no_memory(err);
	for (size_t i = 0; i < found->count; i++)
		found->ids[i] = look->rows[first + i].id;
	if (found->count > 0)
		row_tail(look, &look->rows[first + found->count - 1], &found->last);
	return true;
}

/* ---- all that fit ---- */

static bool gather(struct look *look, struct found_ids *found, struct err *err)
{
	const struct list_query *list = &look->query->list;
	size_t first;

	/* Others may add to them meanwhile. */
	look->most = 2 * (uint64_t)LIST_SCAN_MAX;
	if (!look_until(look, UINT64_MAX, err))
		return false;
	if (!look->through)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	if (look->row_count > 0)
		qsort_r(look->rows, look->row_count, sizeof(*look->rows), compare_rows, look);
	found->counted = true;
	found->total = look->row_count;
	found->offset = list_offset(list, found->total);
	first = first_behind(look, list->after_cursor);
	if (found->offset > look->row_count - first)
		first = look->row_count;
	else
		first += (size_t)found->offset;
	return cut_page(look, first, found, err);
}

/* ---- along the order ---- */

/* What is known before a walk: where it begins, and from which end. */
struct page_walk {
	uint64_t skip, want; /* rows to leave out, rows of the page */
	bool backwards;
	uint64_t looks; /* about how many rows it will look at */
};

/*
 * Plans the walk. The total is known of a single condition only, from its count; then a page near
 * the end is walked to from there.
 */
static void plan_walk(const struct list_query *list, const struct found_ids *found, uint64_t all,
	struct page_walk *walk)
{
	uint64_t left = found->total > found->offset ? found->total - found->offset : 0;

	*walk = (struct page_walk){ .skip = found->offset, .want = list->limit };
	if (list->limit == 0)
		walk->want = LIST_SCAN_MAX;
	if (found->counted && left < walk->want)
		walk->want = left;
	if (found->counted && left - walk->want < walk->skip) {
		walk->skip = left - walk->want;
		walk->backwards = true;
	}
	walk->looks = walk->skip + walk->want + 1;
	if (found->total > 0)
		walk->looks = (uint64_t)((double)walk->looks * (double)all / (double)found->total);
}

static void reverse_rows(struct look *look)
{
	for (size_t i = 0, k = look->row_count; i + 1 < k; i++) {
		struct row row = look->rows[i];

		look->rows[i] = look->rows[--k];
		look->rows[k] = row;
	}
}

/* The page's rows stand at the end of what was walked over, then at its start. */
static bool walk_backwards(
	struct look *look, const struct page_walk *walk, struct found_ids *found, struct err *err)
{
	look->ranges.descending = !look->ranges.descending;
	if (!look_until(look, walk->skip + walk->want, err))
		return false;
	if (!look->through && look->row_count < walk->skip + walk->want)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	reverse_rows(look);
	return cut_page(look, 0, found, err);
}

/* One row more than the page has says whether there are more. */
static bool walk_on(
	struct look *look, const struct page_walk *walk, struct found_ids *found, struct err *err)
{
	const struct list_query *list = &look->query->list;
	uint64_t end = walk->skip + walk->want;
	bool complete;

	if (!position_after(&look->ranges, list->after_cursor, &look->position, err) ||
		!look_until(look, end + 1, err))
		return false;
	complete = look->through || look->row_count > end;
	if (!complete && !list->allow_partial)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	if (!cut_page(look, (size_t)walk->skip, found, err))
		return false;
	if (!complete) {
		found->more = true;
		found->last = look->position.suffix;
	}
	return true;
}

static bool walk_order(
	struct look *look, const struct page_walk *walk, struct found_ids *found, struct err *err)
{
	const struct query *query = look->query;
	size_t satisfied;

	look->most = LIST_SCAN_MAX;
	look->walking = true;
	if (!filter_ranges(
		    query, NO_FILTER, query_sort_field(query), &look->ranges, &satisfied, err))
		return false;
	return walk->backwards ? walk_backwards(look, walk, found, err)
			       : walk_on(look, walk, found, err);
}

/* ---- the choice ---- */

/* Few rows in all are gathered, unless the walk is to end much sooner. */
static bool choose(struct look *look, struct range_set *smallest, size_t satisfied, uint64_t all,
	struct found_ids *found, struct err *err)
{
	const struct query *query = look->query;
	const struct list_query *list = &query->list;
	bool few = smallest->total <= LIST_SCAN_MAX;
	bool known = satisfied == query_conditions(query), can_walk;
	struct page_walk walk;

	found->counted = list->want_total && known;
	found->total = found->counted ? smallest->total : 0;
	found->offset = found->counted ? list_offset(list, found->total) : list->offset;
	plan_walk(list, found, all, &walk);
	can_walk = list->sort_count <= 1 && query_is_indexed(query, query_sort_field(query)) &&
		   (found->counted || !list->want_total || list->allow_partial) &&
		   walk.skip <= LIST_SCAN_MAX;
	if (few && !(can_walk && found->counted && 2 * walk.looks < smallest->total)) {
		look->ranges = *smallest;
		*smallest = (struct range_set){ 0 };
		return gather(look, found, err);
	}
	if (!can_walk)
		return err_set(err, ERR_TOO_BROAD, NULL, NULL);
	return walk_order(look, &walk, found, err);
}

static void look_free(struct look *look)
{
	ranges_free(&look->ranges);
	buf_free(&look->record);
	buf_free(&look->orders);
	free(look->rows);
	free(look);
}

static struct look *look_new(const struct query *query)
{
	struct look *look = calloc(1, sizeof(*look));

	if (look) {
		look->query = query;
		look->store = query->store;
	}
	return look;
}

bool list_scan(const struct query *query, struct found_ids *found, struct err *err)
{
	struct look *look = look_new(query);
	struct range_set smallest = { 0 };
	uint64_t all = 0;
	size_t satisfied = 0;
	bool ok;

	*found = (struct found_ids){ 0 };
	if (!look)
		return err_no_memory(err);
	ok = choose_index(query, &smallest, &satisfied, &all, err) &&
	     choose(look, &smallest, satisfied, all, found, err);
	ranges_free(&smallest);
	look_free(look);
	return ok;
}
