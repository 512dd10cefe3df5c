#pragma once
/*
 * How lists are found, shared by the files that do it. Private to the store.
 *
 *     bdb_range.c   stretches of the index: places in them, reading several as one
 *     bdb_select.c  how many rows they have, which is the k-th
 *     bdb_ranges.c  from the conditions of a list_query to stretches
 *     bdb_query.c   which of them answer it, and what they leave open
 *     bdb_smallest.c  which condition of a query has the fewest rows
 *     bdb_look.c    lists for which rows have to be looked through
 *     bdb_list.c    the listing: batches of rows, one after the other
 */
#include "store/bdb.h"

#define BDB_BATCH_ROWS 64
/* What an entry's key has behind its field code, at most. */
#define BDB_TAIL_MAX (INDEX_KEY_MAX - 3)
_Static_assert(BDB_TAIL_MAX <= LIST_CURSOR_MAX, "a tail is the place a list goes on from");

struct bdb_tail {
	uint16_t len;
	uint8_t bytes[BDB_TAIL_MAX];
};

/* The entries that begin with the prefix and lie from `from` (included) to `to` (excluded). */
struct bdb_range {
	const struct index_field *field;
	struct index_key prefix, from, to;
	bool to_end;	     /* to has no key: until the end of all */
	uint64_t first, end; /* their record numbers, once counted; end is one past the last */
};

/*
 * Several ranges read as one list, ordered by what their entries have behind the prefix. The ranges
 * belong to it.
 */
struct bdb_ranges {
	struct bdb_range *at;
	size_t count;
	bool descending;
	uint64_t total; /* once counted */
};

/* A place in such a list: at a tail or behind it; without `set` its start. */
struct bdb_place {
	bool set, at;
	struct bdb_tail tail;
};

struct bdb_hit {
	uint16_t range;
	struct bdb_tail tail;
};

/* ---- bdb_select.c: with a cursor on store->ranks ---- */

int bdb_count_ranges(DBC *cursor, struct bdb_ranges *ranges);
/* The place of the row of that number, from 0; DB_NOTFOUND past the end. Counted before. */
int bdb_select_row(
	DBC *cursor, const struct bdb_ranges *ranges, uint64_t row, struct bdb_place *place);

/* ---- bdb_range.c: with a cursor on store->ranks ---- */

/* bdb_rank's work. */
int bdb_cursor_rank(DBC *cursor, const struct index_key *key, uint64_t *rank);
/* The key of the entry of that record number. */
int bdb_go_to_record(DBC *cursor, uint64_t number, struct index_key *key);
bool bdb_is_in_range(const struct bdb_range *range, const struct index_key *key);
/* The key that an entry of the range with that tail has. */
void bdb_key_at(const struct bdb_range *range, const struct bdb_tail *tail, struct index_key *key);
/* Reads up to max hits from a place on; fewer only at the end. */
int bdb_read_hits(DBC *cursor, const struct bdb_ranges *ranges, const struct bdb_place *place,
	struct bdb_hit *hits, size_t max, size_t *count);
/* The place behind those bytes, a tail that a client gives back; ERR_INVALID when it is none. */
bool bdb_place_behind(
	const struct bdb_ranges *ranges, struct str tail, struct bdb_place *place, struct err *err);
void bdb_free_ranges(struct bdb_ranges *ranges);
void bdb_hit_id(const struct bdb_hit *hit, struct id *id);
int bdb_compare_tails(const struct bdb_tail *a, const struct bdb_tail *b);

/* ---- bdb_query.c ---- */

/* A list_query with all that it hangs on; borrows the op's texts, not the op. */
struct bdb_query {
	struct store *store;
	struct str tenant;
	uint8_t dialect;
	struct list_query list;
};

/* Whether all its fields exist: ERR_INTERNAL; and its place may be one: ERR_INVALID. */
bool bdb_check_query(const struct bdb_query *query, struct err *err);
/* The order of the first sort. */
uint8_t bdb_sort_code(const struct bdb_query *query);
bool bdb_is_descending(const struct bdb_query *query);
/* How many conditions the query has: filters and spans. */
size_t bdb_conditions(const struct bdb_query *query);
/* The ranges that answer the query by themselves, in order; *direct false when there are none. */
bool bdb_direct_ranges(
	const struct bdb_query *query, struct bdb_ranges *ranges, bool *direct, struct err *err);
/* Whether a task fulfils every condition and lies where the query looks. */
bool bdb_fits(const struct bdb_query *query, const struct task *task);
/* What orders a task among those of the query; false when it has no place in that order. */
bool bdb_order(const struct bdb_query *query, const struct task *task, struct bdb_tail *order);

/* ---- bdb_ranges.c ---- */

/* Whether a span bounds anything (bdb_query.c). */
bool bdb_is_set(const struct list_time_range *span);
/* Whether the query looks at that dialect, and among the archived or current ones. */
bool bdb_is_asked_for(const struct bdb_query *query, uint8_t dialect);
bool bdb_is_in_place(enum list_scope place, bool archived);
/* A filter's values, from 0. */
struct str bdb_value_of(const struct list_filter *filter, size_t i);
/* The field of that code of one dialect, or of the first one asked for: the common ones are alike.
 */
const struct index_field *bdb_field_of(
	const struct bdb_query *query, uint8_t dialect, uint8_t code);
const struct index_field *bdb_any_field(const struct bdb_query *query, uint8_t code);
/*
 * The ranges of a filter (its number), or with BDB_WHOLE all that have the field: *covers says how
 * many of the conditions they fulfil. ERR_TOO_BROAD for too many ranges, ERR_INTERNAL for a field
 * that is not indexed.
 */
#define BDB_WHOLE SIZE_MAX
bool bdb_filter_ranges(const struct bdb_query *query, size_t filter, uint8_t field,
	struct bdb_ranges *ranges, size_t *covers, struct err *err);
/* The ranges of two filters at once; none, and *covers 0, where no index has them as a pair. */
bool bdb_pair_ranges(const struct bdb_query *query, size_t a, size_t b, struct bdb_ranges *ranges,
	size_t *covers, struct err *err);
/* ---- bdb_smallest.c ---- */

/* Whether the field of that code has entries. */
bool bdb_is_indexed(const struct bdb_query *query, uint8_t code);
/*
 * The ranges of the condition that has the fewest rows, counted, of `all` tasks that there are
 * where the query looks; those themselves when no condition has an index. *covers:
 * bdb_filter_ranges.
 */
bool bdb_find_smallest(const struct bdb_query *query, struct bdb_ranges *ranges, size_t *covers,
	uint64_t *all, struct err *err);

/* ---- bdb_look.c ---- */

struct bdb_found {
	struct id *ids; /* the caller frees */
	size_t count;
	uint64_t total, offset;
	bool counted;
	bool more; /* rows follow behind `last` */
	struct bdb_tail last;
};

/* Answers a query by looking through rows. */
bool bdb_look_through(const struct bdb_query *query, struct bdb_found *found, struct err *err);

/* ---- bdb_list.c ---- */

/* A listing of tasks by their ids, which it takes; none is looked at. */
struct listing *bdb_listing_of(
	struct store *store, struct str tenant, struct id *take_ids, size_t count);
/* The offset that an asked one means: with clamp, past the end is the last page. */
uint64_t bdb_offset(const struct list_query *list, uint64_t total);
