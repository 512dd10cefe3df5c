#pragma once
/* The parts of a copy (copy.h). Private to the store. */
#include "store/internal.h"
#include "store/journal/journal.h"

/* ---- copy_sum.c ---- */

/* Of rows in any order. */
struct copy_sum {
	uint64_t rows;
	uint64_t hash[2]; /* sum of the rows' hashes */
};

void copy_sum_add(struct copy_sum *sum, struct str key, struct str value);
/* One sum of those of all tables. */
struct copy_sum copy_sum_total(const struct copy_sum sums[ENGINE_TABLES]);
bool copy_sum_is_equal(const struct copy_sum *a, const struct copy_sum *b);
/* ERR_DAMAGED unless the tables of the target have these rows. show is called with rows. */
bool copy_compare(struct store *to, const struct copy_sum sums[ENGINE_TABLES],
	const struct store_progress *progress, struct err *err);

/* ---- copy_mark.c ---- */

/* How far the copy is: a row of the target's meta table. */
struct copy_mark {
	bool present;
	bool compared; /* both stores were compared: the source had this total */
	struct copy_sum total;
	enum engine_table table; /* else the copy has all rows of the tables before, */
	uint64_t rows;		 /* and so many of this one, in the order of the source's each() */
};

/* Within a step. */
int copy_mark_get(struct store *store, struct copy_mark *mark);
int copy_mark_put(struct store *store, const struct copy_mark *mark);
int copy_mark_remove(struct store *store);
/* The same as steps of their own. */
bool copy_mark_read(struct store *store, struct copy_mark *mark, struct err *err);
bool copy_mark_write(struct store *store, const struct copy_mark *mark, struct err *err);
/* Whether a row is not a part of what is copied. */
bool copy_is_own_row(enum engine_table table, struct str key);
/* ERR_INTERNAL with STORE_FAULT_UNFINISHED if the store is an unfinished copy. */
bool copy_check_finished(struct store *store, struct err *err);

/* ---- copy_rows.c ---- */

/* Limits of a transaction of the copy; tests change them. */
struct copy_limits {
	size_t rows, bytes;
	unsigned transactions; /* between two checkpoints */
};
extern struct copy_limits copy_limits;

/* Rows that wait for a transaction. */
struct copy_batch {
	struct buf bytes; /* of each: its length of key and value, key, value */
	size_t rows;
};

struct copying {
	struct store *from, *to;
	struct copy_mark mark; /* as it is in the target */
	const struct store_progress *progress;
	struct copy_sum sums[ENGINE_TABLES]; /* of the source */
	struct journal_floor floor;
	uint64_t passed;       /* rows of the tables before */
	unsigned transactions; /* since the last checkpoint */
	struct copy_batch batch;
	/* Of the table that is copied: */
	enum engine_table table;
	uint64_t seen, skip; /* rows that the walk has passed; that the target has already */
};

/* Copies the rows of all tables that the mark does not have. */
bool copy_rows(struct copying *copying, struct err *err);
void copying_free(struct copying *copying);
