#pragma once
/*
 * How lists are found. Private to the store.
 *
 *     listing.c  an open listing: batches of rows
 *     query.c    a query's parts: dialects, scope, fields, sort
 *     bounds.c   from its conditions to ranges of the index
 *     plan.c     which ranges answer it, or hold the fewest rows to read
 *     match.c    whether a task satisfies it, and the task's sort key
 *     cursor.c   reading several ranges as one list
 *     select.c   how many rows they have, which is row k
 *     scan.c     lists that have to read and test rows
 */
#include "store/internal.h"

#define LIST_BATCH_ROWS 64
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
	uint64_t total; /* once counted */
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
void index_entry_id(const struct index_entry *entry, struct id *id);
void key_suffix_set(struct key_suffix *suffix, struct str bytes);
int key_suffix_compare(const struct key_suffix *a, const struct key_suffix *b);
/* The key that an entry of the range with that suffix has. */
void range_key(
	const struct key_range *range, const struct key_suffix *suffix, struct index_key *key);
/* The range for the engine; borrows from it. */
struct engine_range range_bounds(const struct key_range *range);

/* ---- select.c ---- */

int ranges_count(struct store *store, struct range_set *set);
/* The position at row number `row`, from 0, of counted ranges; ENGINE_NOT_FOUND past the end. */
int ranges_select(
	struct store *store, const struct range_set *set, uint64_t row, struct position *position);

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
/* The field code of the first sort. */
uint8_t query_sort_field(const struct query *query);
bool query_is_descending(const struct query *query);
bool time_range_is_set(const struct list_time_range *range);
/* The number of conditions: filters and time ranges. */
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
/* The ranges that alone answer the query, in order; *direct is false if no index has them. */
bool query_direct_ranges(
	const struct query *query, struct range_set *set, bool *direct, struct err *err);
/*
 * Counts the ranges of each condition that has an index and returns the smallest, or all tasks in
 * scope when none has. *all is the number of tasks in scope; *satisfied as in filter_ranges.
 */
bool choose_index(const struct query *query, struct range_set *set, size_t *satisfied,
	uint64_t *all, struct err *err);

/* ---- match.c ---- */

/* Whether a task satisfies every condition, in scope and dialect. */
bool query_matches(const struct query *query, const struct task *task);
/* The task's sort key among the query's tasks; false when it has no place in that order. */
bool query_sort_key(const struct query *query, const struct task *task, struct key_suffix *key);

/* ---- scan.c ---- */

struct found_ids {
	struct id *ids; /* the caller frees */
	size_t count;
	uint64_t total, offset;
	bool counted;
	bool more; /* rows follow behind `last` */
	struct key_suffix last;
};

/* Answers a query by reading rows and testing them. */
bool list_scan(const struct query *query, struct found_ids *found, struct err *err);

/* ---- listing.c ---- */

/* A listing of tasks by their ids, which it takes over; all of them are shown. */
struct listing *listing_of_ids(
	struct store *store, struct str tenant, struct id *take_ids, size_t count);
