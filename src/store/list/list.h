#pragma once
/*
 * How lists are found. Private to the store.
 *
 *     listing.c  an open listing
 *     query.c    a query's parts: dialects, scope, fields, sort
 *     bounds.c   from its conditions to ranges of the index
 *     plan.c     which ranges answer it, or hold the fewest rows to read
 *     match.c    whether a task satisfies it, and the task's sort key
 *     cursor.c   reading several ranges as one list
 *     select.c   how many rows they have, which is row k
 *     scan.c     lists that have to read and test rows
 *     rows.c     the rows that such a list has found
 *     batch.c    batches of rows
 *     slice.c    bounds of one call's share of a long list
 */
#include "store/internal.h"

#define LIST_BATCH_ROWS 64
#define RANGES_MAX	192 /* read as one list */
/* Longest key suffix: the part of an entry's key behind its field code. */
#define KEY_SUFFIX_MAX (INDEX_KEY_MAX - 3)
_Static_assert(KEY_SUFFIX_MAX <= LIST_CURSOR_MAX, "a cursor of the API is a key suffix");

struct key_suffix {
	uint16_t len;
	uint8_t bytes[KEY_SUFFIX_MAX];
};

/* The index keys that begin with the prefix and lie from `from` (included) to `to` (excluded). */
struct key_range {
	const struct index_field *field;
	struct index_key prefix, from, to;
	bool to_end;	/* `to` is unused: up to the end of the table */
	uint64_t count; /* once counted */
	uint64_t hint;	/* engine_range.hint, once counted */
};

/* Ranges read as one list, ordered by key suffix. Owns the array (ranges_free). */
struct range_set {
	struct key_range *at;
	size_t count;
	bool descending;
	size_t counted; /* ranges */
	uint64_t total; /* of these; of all once all are counted */
};

/* Where to go on in a list: behind a suffix or at it; before the first row unless `set`. */
struct position {
	bool set, at;
	struct key_suffix suffix;
};

/* One row of a range set. */
struct index_entry {
	uint16_t range;
	struct key_suffix suffix;
};

/* ---- slice.c ---- */

/*
 * One call's share of a list's work. A long list is carried out in several calls, between which it
 * holds no lock, cursor or transaction.
 */
struct slice {
	uint64_t left, spent; /* steps */
	int64_t until_us;     /* monotonic; INT64_MAX: no limit */
};

/* steps: 0: no limit, neither of steps nor of time. */
struct slice slice_begin(unsigned steps);
void slice_spend(struct slice *slice, uint64_t steps);
/* Never true before the first slice_spend(), so each slice makes progress. */
static inline bool slice_is_over(const struct slice *slice)
{
	return slice->left == 0;
}

/* ---- cursor.c ---- */

/*
 * Reads up to max entries from a position on; fewer only at the end. *count is the number. Uses
 * store->batch.
 */
int ranges_read(struct store *store, const struct range_set *set, const struct position *position,
	struct index_entry *entries, size_t max, size_t *count);
/* The position behind a suffix that a client sent; ERR_INVALID when it cannot be one. */
bool position_after(
	const struct range_set *set, struct str suffix, struct position *position, struct err *err);
void ranges_free(struct range_set *set);
/* Bytes of memory. */
size_t ranges_memory(const struct range_set *set);
void index_entry_id(const struct index_entry *entry, struct id *id);
void key_suffix_set(struct key_suffix *suffix, struct str bytes);
int key_suffix_compare(const struct key_suffix *a, const struct key_suffix *b);
/* The key that an entry of the range with that suffix has. */
void range_key(
	const struct key_range *range, const struct key_suffix *suffix, struct index_key *key);
/* The range for the engine; borrows from it. */
struct engine_range range_bounds(const struct key_range *range);

/* ---- select.c ---- */

/* Counts ranges that are not counted yet, until the slice is over. */
int ranges_count(struct store *store, struct range_set *set, struct slice *slice);
static inline bool ranges_are_counted(const struct range_set *set)
{
	return set->counted == set->count;
}

/* A search for a row; all zero before it. Owns windows (selection_free). */
struct selection {
	struct window *windows; /* two for each range */
	bool found;
};

/*
 * Continues the search for row number `row`, from 0, of counted ranges until the slice is over or
 * selection->found: then *position is at the row. ENGINE_NOT_FOUND past the end.
 */
int ranges_select(struct store *store, const struct range_set *set, uint64_t row,
	struct selection *selection, struct slice *slice, struct position *position);
void selection_free(struct selection *selection);
/* Forgets what is valid in one transaction only (engine_range.hint). */
void ranges_new_step(struct range_set *set);

/* ---- query.c ---- */

/* A list_query and where it applies; borrows the op's texts, not the op. */
struct query {
	struct store *store;
	struct str tenant;
	uint8_t dialect;
	struct list_query list;
};

/* Drops sorts that change nothing: behind a unique field, or that the one before implies. */
void query_drop_sorts(struct query *query);
/* Whether all its fields exist (ERR_INTERNAL) and its cursor is short enough (ERR_INVALID). */
bool query_check(const struct query *query, struct err *err);
/* The dialects that it covers; returns how many. */
#define QUERY_DIALECTS_MAX 32
size_t query_dialects(const struct query *query, uint8_t dialects[QUERY_DIALECTS_MAX]);
bool query_has_dialect(const struct query *query, uint8_t dialect);
bool scope_includes(enum list_scope scope, bool archived);
/* The field of that code in one dialect. */
const struct index_field *query_field(const struct query *query, uint8_t dialect, uint8_t code);
/* The same in the query's first dialect: fields common to all are alike. */
const struct index_field *query_any_field(const struct query *query, uint8_t code);
/* Value i of a filter, from 0. */
struct str filter_value(const struct list_filter *filter, size_t i);
/*
 * The field of the dialect whose index entries answer the filter: the filter's own field or, for a
 * filter by kind, the field that has kind_value. NULL if no field answers each of its values.
 */
const struct index_field *filter_index(
	const struct query *query, const struct list_filter *filter, uint8_t dialect);
/* Value i of the filter as those entries have it; may be text in scratch. */
struct str filter_index_value(const struct index_field *index, const struct list_filter *filter,
	size_t i, char scratch[INDEX_SCRATCH_SIZE]);
/* The field code of the first sort. */
uint8_t query_sort_field(const struct query *query);
bool query_is_descending(const struct query *query);
bool time_range_is_set(const struct list_time_range *range);
/* The number of conditions: filters, time ranges and the test. */
size_t query_conditions(const struct query *query);
/* The offset that the list means: with clamp_offset one past the end is that of the last page. */
uint64_t list_offset(const struct list_query *list, uint64_t total);

/* ---- bounds.c ---- */

/*
 * The ranges of filter number `filter` or, with NO_FILTER, of all tasks that have the field.
 * *satisfied is the number of conditions that they imply. ERR_TOO_BROAD for too many ranges,
 * ERR_INTERNAL for a field that is not indexed.
 */
#define NO_FILTER SIZE_MAX
bool filter_ranges(const struct query *query, size_t filter, uint8_t field, struct range_set *set,
	size_t *satisfied, struct err *err);
/* The ranges of two filters together; none, and *satisfied 0, unless an index has the pair. */
bool pair_ranges(const struct query *query, size_t a, size_t b, struct range_set *set,
	size_t *satisfied, struct err *err);

/* ---- plan.c ---- */

bool query_is_indexed(const struct query *query, uint8_t code);
/* Whether entries answer the filter in each of the query's dialects, in RANGES_MAX ranges. */
bool filter_is_indexed(const struct query *query, const struct list_filter *filter);
/* The ranges that alone answer the query, in order; *direct is false if no index has them. */
bool query_direct_ranges(
	const struct query *query, struct range_set *set, bool *direct, struct err *err);
/* The choice of the ranges with the fewest rows; all zero before it. Owns the sets. */
struct index_choice {
	struct range_set best, counting;
	size_t satisfied, counting_satisfied; /* as in filter_ranges */
	size_t next;			      /* candidate */
	uint64_t all;			      /* tasks in scope */
	bool done;
};

/*
 * Counts the ranges of each condition that has an index, until the slice is over. Once done, `best`
 * is the smallest, or all tasks in scope if no condition has one.
 */
bool choice_go_on(const struct query *query, struct index_choice *choice, struct slice *slice,
	struct err *err);
void choice_free(struct index_choice *choice);

/* ---- match.c ---- */

/* Whether a task satisfies every condition, in scope and dialect. */
bool query_matches(const struct query *query, const struct task *task);
/* The task's sort key among the query's tasks; false when it has no place in that order. */
bool query_sort_key(const struct query *query, const struct task *task, struct key_suffix *key);
/* Whether the record, read after the entry, still has this entry. */
bool entry_is_current(
	const struct range_set *set, const struct index_entry *entry, const struct task *task);

/* ---- scan.c ---- */

struct found_ids {
	struct id *ids; /* the caller frees */
	size_t count;
	uint64_t total, offset;
	bool counted;
	bool more; /* rows follow behind `last` */
	struct key_suffix last;
};

struct scan;

/* Answers a query, which it borrows, by reading rows and testing them. NULL without memory. */
struct scan *scan_new(const struct query *query);
void scan_free(struct scan *scan);
/* Bytes of memory; 0 without one. */
size_t scan_memory(const struct scan *scan);
/* Goes on until the slice is over or *found is complete: *done. */
bool scan_go_on(struct scan *scan, struct slice *slice, struct found_ids *found, bool *done,
	struct err *err);

/* ---- rows.c ---- */

struct found_row {
	struct id id;
	size_t key_at; /* its sort key, in found_rows.keys */
	uint16_t key_len;
};

/* Rows that match, with their sort keys; sorted by a merge sort that can pause. */
struct found_rows {
	struct found_row *at;
	size_t count, capacity;
	struct buf keys;
	uint64_t seed;	 /* of the table: unknown to clients */
	uint32_t *slots; /* hash table of the ids: number of the row, from 1; 0: free */
	size_t slot_count;
	/* The sort: `at` is merged to `merged`, pairs of runs of `width` rows, one after the other. */
	struct found_row *merged;
	size_t width, left, right, out; /* next rows: of both runs, and of merged */
	bool sorted;
};

/* A task that is there already, because it moved while the rows were read, is not added again. */
bool rows_add(struct found_rows *rows, const struct id *id, const struct key_suffix *key,
	struct err *err);
struct str rows_key(const struct found_rows *rows, size_t i);
/* Goes on with the sort until the slice is over or rows->sorted. ERR_NO_MEMORY. */
bool rows_sort(struct found_rows *rows, bool descending, struct slice *slice, struct err *err);
void rows_reverse(struct found_rows *rows);
/* Bytes of memory. */
size_t rows_memory(const struct found_rows *rows);
void rows_free(struct found_rows *rows);

/* ---- listing.c ---- */

/* A listing of tasks by their ids, which it takes over; all of them are shown. */
struct listing *listing_of_ids(
	struct store *store, struct str tenant, struct id *take_ids, size_t count);
