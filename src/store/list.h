#pragma once
/*
 * How lists are found, shared by the files that do it. Private to the store.
 *
 *     key_range.c   stretches of the index: places in them, reading several as one
 *     select.c  how many rows they have, which is the k-th
 *     range_set.c  from the conditions of a list_query to stretches
 *     query.c   which of them answer it, and what they leave open
 *     plan.c  which condition of a query has the fewest rows
 *     scan.c    lists for which rows have to be looked through
 *     listing.c    the listing: batches of rows, one after the other
 */
#include "store/internal.h"

#define LIST_BATCH_ROWS 64
/* What an entry's key has behind its field code, at most. */
#define KEY_SUFFIX_MAX (INDEX_KEY_MAX - 3)
_Static_assert(KEY_SUFFIX_MAX <= LIST_CURSOR_MAX, "a tail is the place a list goes on from");

struct key_suffix {
	uint16_t len;
	uint8_t bytes[KEY_SUFFIX_MAX];
};

/* The entries that begin with the prefix and lie from `from` (included) to `to` (excluded). */
struct key_range {
	const struct index_field *field;
	struct index_key prefix, from, to;
	bool to_end;	     /* to has no key: until the end of all */
	uint64_t first, end; /* their record numbers, once counted; end is one past the last */
};

/*
 * Several ranges read as one list, ordered by what their entries have behind the prefix. The ranges
 * belong to it.
 */
struct range_set {
	struct key_range *at;
	size_t count;
	bool descending;
	uint64_t total; /* once counted */
};

/* A place in such a list: at a tail or behind it; without `set` its start. */
struct position {
	bool set, at;
	struct key_suffix tail;
};

struct index_entry {
	uint16_t range;
	struct key_suffix tail;
};

/* ---- select.c: with a cursor on store->ranks ---- */

int ranges_count(DBC *cursor, struct range_set *ranges);
/* The place of the row of that number, from 0; DB_NOTFOUND past the end. Counted before. */
int ranges_select(
	DBC *cursor, const struct range_set *ranges, uint64_t row, struct position *place);

/* ---- key_range.c: with a cursor on store->ranks ---- */

/* index_rank's work. */
int cursor_rank(DBC *cursor, const struct index_key *key, uint64_t *rank);
/* The key of the entry of that record number. */
int cursor_go_to(DBC *cursor, uint64_t number, struct index_key *key);
bool range_contains(const struct key_range *range, const struct index_key *key);
/* The key that an entry of the range with that tail has. */
void range_key(const struct key_range *range, const struct key_suffix *tail, struct index_key *key);
/* Reads up to max hits from a place on; fewer only at the end. */
int ranges_read(DBC *cursor, const struct range_set *ranges, const struct position *place,
	struct index_entry *hits, size_t max, size_t *count);
/* The place behind those bytes, a tail that a client gives back; ERR_INVALID when it is none. */
bool position_after(
	const struct range_set *ranges, struct str tail, struct position *place, struct err *err);
void ranges_free(struct range_set *ranges);
void index_entry_id(const struct index_entry *hit, struct id *id);
int key_suffix_compare(const struct key_suffix *a, const struct key_suffix *b);

/* ---- query.c ---- */

/* A list_query with all that it hangs on; borrows the op's texts, not the op. */
struct query {
	struct store *store;
	struct str tenant;
	uint8_t dialect;
	struct list_query list;
};

/* Whether all its fields exist: ERR_INTERNAL; and its place may be one: ERR_INVALID. */
bool query_check(const struct query *query, struct err *err);
/* The order of the first sort. */
uint8_t query_sort_field(const struct query *query);
bool query_descending(const struct query *query);
/* How many conditions the query has: filters and spans. */
size_t query_conditions(const struct query *query);
/* The ranges that answer the query by themselves, in order; *direct false when there are none. */
bool query_direct_ranges(
	const struct query *query, struct range_set *ranges, bool *direct, struct err *err);
/* Whether a task fulfils every condition and lies where the query looks. */
bool query_matches(const struct query *query, const struct task *task);
/* What orders a task among those of the query; false when it has no place in that order. */
bool query_sort_key(const struct query *query, const struct task *task, struct key_suffix *order);

/* ---- range_set.c ---- */

/* Whether a span bounds anything (query.c). */
bool time_range_is_set(const struct list_time_range *span);
/* Whether the query looks at that dialect, and among the archived or current ones. */
bool query_has_dialect(const struct query *query, uint8_t dialect);
bool scope_includes(enum list_scope place, bool archived);
/* A filter's values, from 0. */
struct str filter_value(const struct list_filter *filter, size_t i);
/* The field of that code of one dialect, or of the first one asked for: the common ones are alike.
 */
const struct index_field *query_field(const struct query *query, uint8_t dialect, uint8_t code);
const struct index_field *query_any_field(const struct query *query, uint8_t code);
/*
 * The ranges of a filter (its number), or with NO_FILTER all that have the field: *satisfied says how
 * many of the conditions they fulfil. ERR_TOO_BROAD for too many ranges, ERR_INTERNAL for a field
 * that is not indexed.
 */
#define NO_FILTER SIZE_MAX
bool filter_ranges(const struct query *query, size_t filter, uint8_t field,
	struct range_set *ranges, size_t *satisfied, struct err *err);
/* The ranges of two filters at once; none, and *satisfied 0, where no index has them as a pair. */
bool pair_ranges(const struct query *query, size_t a, size_t b, struct range_set *ranges,
	size_t *satisfied, struct err *err);
/* ---- plan.c ---- */

/* Whether the field of that code has entries. */
bool query_is_indexed(const struct query *query, uint8_t code);
/*
 * The ranges of the condition that has the fewest rows, counted, of `all` tasks that there are
 * where the query looks; those themselves when no condition has an index. *satisfied:
 * filter_ranges.
 */
bool choose_index(const struct query *query, struct range_set *ranges, size_t *satisfied,
	uint64_t *all, struct err *err);

/* ---- scan.c ---- */

struct found_ids {
	struct id *ids; /* the caller frees */
	size_t count;
	uint64_t total, offset;
	bool counted;
	bool more; /* rows follow behind `last` */
	struct key_suffix last;
};

/* Answers a query by looking through rows. */
bool list_scan(const struct query *query, struct found_ids *found, struct err *err);

/* ---- listing.c ---- */

/* A listing of tasks by their ids, which it takes; none is looked at. */
struct listing *listing_of_ids(
	struct store *store, struct str tenant, struct id *take_ids, size_t count);
/* The offset that an asked one means: with clamp, past the end is the last page. */
uint64_t list_offset(const struct list_query *list, uint64_t total);
