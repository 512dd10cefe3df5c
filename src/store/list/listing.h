#pragma once
/*
 * An open listing. Private to listing.c, which opens and ends it, and batch.c, which reads rows.
 *
 * The first batch of ranges is read in phases, so that a long list can pause in between: count the
 * ranges, find the row of the offset, read. An exact try is repeated if a commit happens before its
 * end.
 */
#include "store/list/list.h"

enum first_phase { FIRST_TRY, FIRST_COUNT, FIRST_SELECT, FIRST_READ };

struct first_batch {
	enum first_phase phase;
	uint64_t started; /* commits, when the try began */
	struct selection selection;
	bool exact;
};

/* Rows come from ranges of the index or, with by_ids, from a list of ids. */
struct listing {
	struct store *store;
	struct query query;
	struct range_set ranges;
	struct position position; /* of the next row */
	struct scan *scan;	  /* while it runs; then by_ids */
	bool by_ids;
	struct found_ids found;
	size_t next_id;
	bool unfiltered; /* by ids: show all of them */
	bool consistent; /* the first batch is of one moment */
	bool open;	 /* the first batch is read, or the ids are known */
	struct first_batch first;
	unsigned exact_tries; /* to read this batch from one moment */
	int64_t exact_until;  /* monotonic us: no such try begins later; 0: not set */

	uint64_t left;	   /* rows up to the limit */
	size_t bytes_left; /* of records: the page ends with the row that uses them up */
	bool finished;	   /* the batch is the last one */
	bool more;	   /* rows follow behind `last`, beyond the limit */
	struct key_suffix last;

	struct index_entry entries[LIST_BATCH_ROWS + 1];
	size_t entry_count;
	struct buf records; /* the rows of the batch, one after the other */
	size_t ends[LIST_BATCH_ROWS];
	size_t sources[LIST_BATCH_ROWS]; /* of each row: number of its entry, or of its id */
	size_t row_count, next_row;
};

/* Goes on with the first batch until the slice is over or listing->open. */
bool batch_first(struct listing *listing, struct slice *slice, struct err *err);
/*
 * Reads the next batch. If a commit disturbed a try that ended after until_us (monotonic;
 * INT64_MAX: the list is not in slices), the batch is empty and listing->finished is false.
 */
bool batch_next(struct listing *listing, int64_t until_us, struct err *err);
/* Forgets the rows that were not returned: the next batch begins with them. */
void batch_unread(struct listing *listing);
