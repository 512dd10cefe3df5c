#include "store/pg/prefetch.h"

#include "store/pg/pg.h"

#define VALUE_KEPT 4096 /* bytes of memory that are kept for the next value */

static struct pg_prefetched *find(struct pg *pg, enum engine_table table, struct str key)
{
	for (size_t i = 0; i < PG_PREFETCH_MAX; i++) {
		struct pg_prefetched *row = &pg->prefetch.rows[i];

		if (row->gets > 0 && row->table == table && str_eq(buf_str(&row->key), key))
			return row;
	}
	return NULL;
}

/* An unused one, else the oldest. */
static struct pg_prefetched *take_slot(struct pg_prefetch *prefetch)
{
	for (size_t i = 0; i < PG_PREFETCH_MAX; i++)
		if (prefetch->rows[i].gets == 0)
			return &prefetch->rows[i];
	return &prefetch->rows[prefetch->next++ % PG_PREFETCH_MAX];
}

void pg_prefetch(struct engine *engine, enum engine_table table, struct str key)
{
	struct pg *pg = pg_of(engine);
	struct pg_prefetched *row = find(pg, table, key);

	if (engine_tables[table].old)
		return;
	if (!row) {
		row = take_slot(&pg->prefetch);
		row->gets = 0;
		row->table = table;
		buf_reset(&row->key);
		buf_put_str(&row->key, key);
	}
	/* A value that was read before this call may lack changes that its caller must see. */
	row->known = PG_UNKNOWN;
	row->was_asked = false;
	if (buf_ok(&row->key))
		row->gets++;
}

/* ---- the trip ---- */

/* Whether the round has the row: it may have changed it. */
static bool is_of_round(struct pg *pg, enum engine_table table, struct str key)
{
	const struct pg_row *row = pg_rows_find(&pg->rows, table, key);

	return row && pg_row_value(row)->known != PG_UNKNOWN;
}

/* Once: a request that has left, or a list that has ended, may never read its row. */
static bool is_wanted(struct pg *pg, const struct pg_prefetched *row)
{
	return row->gets > 0 && row->known == PG_UNKNOWN && !row->was_asked &&
	       !is_of_round(pg, row->table, buf_str(&row->key));
}

/* Without memory for the value, it is read again later. */
static void take_row(struct pg_prefetched *row, const PGresult *result, int at)
{
	buf_reset(&row->value);
	if (!PQgetisnull(result, at, 1))
		buf_put_str(&row->value, pg_column(result, at, 1));
	row->known = PQgetisnull(result, at, 1) || !buf_ok(&row->value) ? PG_PRESENT : PG_VALUE;
}

/* What the result lacks is absent. */
static enum engine_status take_rows(struct pg *pg, const PGresult *result, void *data)
{
	enum engine_table table = (enum engine_table)(uintptr_t)data;

	for (int i = 0; i < PQntuples(result); i++) {
		struct pg_prefetched *row = find(pg, table, pg_column(result, i, 0));

		if (row && row->asked)
			take_row(row, result, i);
	}
	for (size_t i = 0; i < PG_PREFETCH_MAX; i++) {
		struct pg_prefetched *row = &pg->prefetch.rows[i];

		if (row->asked && row->table == table && row->known == PG_UNKNOWN)
			row->known = PG_ABSENT;
	}
	return ENGINE_OK;
}

static void ask_table(struct pg *pg, enum engine_table table)
{
	struct pg_params params = { 0 };
	struct pg_array keys = { 0 };

	pg_array_begin(&keys, false);
	for (size_t i = 0; i < PG_PREFETCH_MAX; i++) {
		struct pg_prefetched *row = &pg->prefetch.rows[i];

		if (row->table != table || !is_wanted(pg, row))
			continue;
		pg_array_add(&keys, buf_str(&row->key));
		row->asked = row->was_asked = true;
	}
	if (!pg_param_array(&params, &keys))
		pg->trip.refused = ENGINE_NO_MEMORY;
	pg_ask(pg, PG_FETCH_SMALL, table, &params, take_rows, (void *)(uintptr_t)table);
	buf_free(&keys.bytes);
}

static enum engine_status bring(struct pg *pg)
{
	enum engine_status status = pg_start(pg);

	if (status != ENGINE_OK)
		return status;
	for (size_t i = 0; i < PG_PREFETCH_MAX; i++)
		pg->prefetch.rows[i].asked = false;
	for (size_t i = 0; i < PG_PREFETCH_MAX; i++) {
		struct pg_prefetched *row = &pg->prefetch.rows[i];

		if (!row->asked && is_wanted(pg, row))
			ask_table(pg, row->table);
	}
	return pg_run(pg);
}

/* ---- the read ---- */

/* Whether other reads get their rows by the same trip. */
static bool is_shared(struct pg *pg, const struct pg_prefetched *wanted)
{
	if (wanted->gets > 1)
		return true;
	for (size_t i = 0; i < PG_PREFETCH_MAX; i++) {
		const struct pg_prefetched *row = &pg->prefetch.rows[i];

		if (row != wanted && is_wanted(pg, row))
			return true;
	}
	return false;
}

/* A row that was not brought is read alone. */
static enum engine_status answer(struct pg *pg, const struct pg_prefetched *row, struct buf *out)
{
	if (row->known == PG_ABSENT)
		return ENGINE_NOT_FOUND;
	if (row->known != PG_VALUE)
		return pg_get(&pg->engine, row->table, buf_str(&row->key), false, out);
	buf_put_str(out, buf_str(&row->value));
	return buf_ok(out) ? ENGINE_OK : ENGINE_NO_MEMORY;
}

static enum engine_status read(struct pg *pg, const struct pg_prefetched *row, struct buf *out)
{
	enum engine_status status = pg->lost;

	if (status == ENGINE_OK && is_wanted(pg, row) && is_shared(pg, row))
		status = bring(pg);
	/* Another row may be damaged. */
	if (status != ENGINE_OK && (pg->lost || pg->trip.lost))
		return status;
	return answer(pg, row, out);
}

static void end_get(struct pg_prefetched *row)
{
	if (--row->gets == 0 && row->value.capacity > VALUE_KEPT)
		buf_free(&row->value);
}

enum engine_status pg_get_prefetched(
	struct engine *engine, enum engine_table table, struct str key, struct buf *out)
{
	struct pg *pg = pg_of(engine);
	struct pg_prefetched *row = find(pg, table, key);
	enum engine_status status;

	if (!row || pg->access != ENGINE_READ || pg->held || is_of_round(pg, table, key))
		status = pg_get(engine, table, key, false, out);
	else
		status = read(pg, row, out);
	if (row)
		end_get(row);
	return status;
}

/* ---- the end ---- */

void pg_prefetch_end_round(struct pg *pg)
{
	for (size_t i = 0; i < PG_PREFETCH_MAX; i++)
		pg->prefetch.rows[i].known = PG_UNKNOWN;
}

void pg_prefetch_free(struct pg *pg)
{
	for (size_t i = 0; i < PG_PREFETCH_MAX; i++) {
		buf_free(&pg->prefetch.rows[i].key);
		buf_free(&pg->prefetch.rows[i].value);
	}
}
