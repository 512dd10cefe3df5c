#pragma once
/*
 * Which tasks a list has, and in which order (OP_LIST). A query borrows from its request.
 */
#include "base/optional_time.h"
#include "base/str.h"

struct task;

#define LIST_FILTERS_MAX 16
#define LIST_VALUES_MAX	 64 /* values of one filter */
#define LIST_SORTS_MAX	 4
#define LIST_CURSOR_MAX	 512 /* bytes of struct result.next_cursor */
/* Largest page; decoders reject or clamp larger ones. */
#define LIST_PAGE_MAX 1000

/* Tasks whose field has one of the values, as in the task, before index_field.normalize. */
struct list_filter {
	uint8_t field; /* struct index_field.code of the op's dialect */
	struct str value;
	const struct str *more_values; /* further values */
	size_t more_value_count;
};

struct list_sort {
	uint8_t field;
	bool descending;
};

/* from (inclusive), in ms since 1970, to (exclusive); without to: unbounded. */
struct list_time_range {
	int64_t from;
	struct optional_time to;
};

enum list_scope { LIST_CURRENT = 0, LIST_ARCHIVED, LIST_BOTH };

/*
 * A list takes O(log n + page) if one index has its rows together and in order: with one filter, or
 * two that are an INDEX_PAIR, in the order of that index; or with any order and no filter. Several
 * values, scopes or dialects do not change that. Otherwise the rows of the most selective filter
 * are scanned, at most LIST_SCAN_MAX: beyond that the list fails with ERR_TOO_BROAD or, with
 * allow_partial, returns a shorter page.
 */
struct list_query {
	struct list_filter filters[LIST_FILTERS_MAX]; /* a task must match all */
	size_t filter_count;
	struct list_time_range created, updated;
	/* A further condition, which no index answers; NULL: none. Pure; its data is in the arena. */
	bool (*test)(const void *data, const struct task *task);
	const void *test_data;
	const uint8_t *dialects; /* if op.dialect is 0: only these */
	size_t dialect_count;	 /* 0: all */
	enum list_scope scope;
	struct list_sort sorts[LIST_SORTS_MAX];
	size_t sort_count; /* 0: by creation */

	bool by_time; /* `test` depends on op.now: the same list may be another one later */

	bool want_total;	 /* compute result.total */
	bool clamp_offset;	 /* take an offset past the end as that of the last page */
	bool allow_partial;	 /* a shorter page and a next_cursor instead of ERR_TOO_BROAD */
	uint64_t offset;	 /* rows to skip; not together with after_cursor */
	struct str after_cursor; /* a result's next_cursor; empty: from the start */
	uint64_t limit;		 /* most rows; 0: all, streamed */
	size_t limit_bytes; /* of records, after which a page ends with a next_cursor; 0: none */
};

#define LIST_SCAN_MAX 20000

/* Of a slice of a list (op.slice_steps): its steps are rows read or ranges counted. */
#define LIST_SLICE_STEPS 256
#define LIST_SLICE_US	 1000

/* Adds a filter of one value; false past LIST_FILTERS_MAX. */
bool list_filter_add(struct list_query *list, uint8_t field, struct str value);
/* Adds a sort; false past LIST_SORTS_MAX. */
bool list_sort_add(struct list_query *list, uint8_t field, bool descending);
