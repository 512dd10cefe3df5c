#pragma once
/*
 * Rows that later reads will ask for. The first of these reads brings the rows of all of them by
 * one trip, so requests that wait for their turns share it.
 *
 * The server does not lock these rows: a read may get a row as it was at any moment since
 * pg_prefetch(). They are kept apart from those of the round (rows.h) and are never used for a
 * change. A round with changes ends them, because they may show what was not made. Large
 * values are read one by one: the trip for all is charged to the request that begins it.
 */
#include "store/engine.h"
#include "store/pg/rows.h"

#define PG_PREFETCH_MAX 32

struct pg_prefetched {
	unsigned gets;	/* that will follow; 0: unused */
	bool asked;	/* by the current trip */
	bool was_asked; /* since the last pg_prefetch() of the key */
	enum engine_table table;
	enum pg_known known; /* PG_UNKNOWN: not read yet; PG_PRESENT: too large to be kept */
	struct buf key, value;
};

struct pg_prefetch {
	struct pg_prefetched rows[PG_PREFETCH_MAX];
	size_t next; /* grows */
};

struct pg;

void pg_prefetch(struct engine *engine, enum engine_table table, struct str key);
enum engine_status pg_get_prefetched(
	struct engine *engine, enum engine_table table, struct str key, struct buf *out);
/* At the end of a round. */
void pg_prefetch_end_round(struct pg *pg);
void pg_prefetch_free(struct pg *pg);
