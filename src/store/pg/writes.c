/*
 * The writes of a table are at most three statements: new rows, which must not exist; other rows;
 * and removals. Keys are sorted, so that transactions without a common scope meet rows in one
 * order.
 */
#include <stdlib.h>

#include "store/pg/pg.h"

static int by_key(const void *a, const void *b)
{
	const struct pg_row *const *one = a, *const *two = b;

	return str_compare((*one)->key, (*two)->key);
}

/* The rows of the table that wait, sorted; NULL without memory. The caller frees the list. */
static struct pg_row **list_unsent(struct pg *pg, enum engine_table table, size_t *count)
{
	size_t expected = pg->rows.unsent[table], found = 0;
	struct pg_row **list = calloc(expected + 1, sizeof(struct pg_row *));

	if (!list)
		return NULL;
	for (size_t i = 0; i < pg->rows.count && found < expected; i++) {
		struct pg_row *row = pg->rows.list[i];

		if (row->table == table && pg_row_is_unsent(row))
			list[found++] = row;
	}
	qsort(list, found, sizeof(struct pg_row *), by_key);
	*count = found;
	return list;
}

/* ---- what an undo will need ---- */

/* The current transaction is not the first of the round: what it overwrites must be known. */
static bool needs_old_value(const struct pg *pg, const struct pg_row *row)
{
	return pg->commits > 0 && row->own.known && !row->round.known && !row->undo.known &&
	       (row->server.known == PG_UNKNOWN || row->server.known == PG_PRESENT);
}

static enum engine_status take_old_values(struct pg *pg, const PGresult *result, void *data)
{
	enum engine_table table = (enum engine_table)(uintptr_t)data;

	for (int i = 0; i < PQntuples(result); i++) {
		struct pg_row *row = pg_rows_find(&pg->rows, table, pg_column(result, i, 0));

		if (row && !pg_row_read(row, PG_VALUE, pg_column(result, i, 1)))
			return ENGINE_NO_MEMORY;
	}
	for (size_t i = 0; i < pg->rows.count; i++) {
		struct pg_row *row = pg->rows.list[i];

		if (row->table == table && needs_old_value(pg, row))
			pg_row_read(row, PG_ABSENT, STR_NULL);
	}
	return ENGINE_OK;
}

static bool ask_old_values(
	struct pg *pg, enum engine_table table, struct pg_row *const *list, size_t count)
{
	struct pg_params params = { 0 };
	struct pg_array keys = { 0 };
	bool ok = true;

	pg_array_begin(&keys, false);
	for (size_t i = 0; i < count; i++)
		if (needs_old_value(pg, list[i]))
			pg_array_add(&keys, list[i]->key);
	if (keys.count > 0) {
		ok = pg_param_array(&params, &keys);
		if (ok)
			pg_ask(pg, PG_FETCH, table, &params, take_old_values,
				(void *)(uintptr_t)table);
	}
	buf_free(&keys.bytes);
	return ok;
}

/* ---- the statements ---- */

static enum engine_status note_sent(struct pg *pg, const PGresult *result, void *data)
{
	enum engine_table table = (enum engine_table)(uintptr_t)data;

	(void)result;
	for (size_t i = 0; i < pg->rows.count; i++) {
		struct pg_row *row = pg->rows.list[i];

		if (row->table == table && pg_row_is_unsent(row))
			pg_row_sent(&pg->rows, row, pg->commits > 0);
	}
	return ENGINE_OK;
}

/* Which statement writes the row; PG_STATEMENTS: none, because it is as the write wants it. */
static enum pg_sql statement_of(const struct pg_row *row)
{
	bool absent = row->server.known == PG_ABSENT;

	if (pg_row_value(row)->known == PG_VALUE)
		return absent ? PG_INSERT : PG_UPSERT;
	return absent ? PG_STATEMENTS : PG_DELETE;
}

static bool ask_one(struct pg *pg, enum engine_table table, enum pg_sql statement,
	struct pg_row *const *list, size_t count)
{
	bool with_values = statement != PG_DELETE && !pg_is_keys(table), ok = true;
	struct pg_array keys = { 0 }, values = { 0 };
	struct pg_params params = { 0 };

	pg_array_begin(&keys, false);
	pg_array_begin(&values, false);
	for (size_t i = 0; i < count; i++) {
		if (statement_of(list[i]) != statement)
			continue;
		pg_array_add(&keys, list[i]->key);
		if (with_values)
			pg_array_add(&values, pg_row_value(list[i])->bytes);
	}
	if (keys.count > 0) {
		ok = pg_param_array(&params, &keys) &&
		     (!with_values || pg_param_array(&params, &values));
		if (ok)
			pg_ask(pg, statement, table, &params, NULL, NULL);
	}
	buf_free(&keys.bytes);
	buf_free(&values.bytes);
	return ok;
}

bool pg_ask_writes(struct pg *pg, enum engine_table table)
{
	static const enum pg_sql statements[] = { PG_DELETE, PG_INSERT, PG_UPSERT };
	size_t count, before = pg->trip.count;
	struct pg_row **list;
	bool ok;

	if (!pg_rows_are_unsent(&pg->rows, table))
		return true;
	pg_keys_forget(pg, table);
	list = list_unsent(pg, table, &count);
	ok = list && ask_old_values(pg, table, list, count);
	for (size_t i = 0; ok && i < sizeof(statements) / sizeof(statements[0]); i++)
		ok = ask_one(pg, table, statements[i], list, count);
	free(list);
	if (!ok)
		return false;
	/* The rows change their state when the last statement has succeeded. */
	if (pg->trip.count == before)
		note_sent(pg, NULL, (void *)(uintptr_t)table);
	else if (!pg->trip.refused)
		pg_then(pg, note_sent, (void *)(uintptr_t)table);
	return true;
}

bool pg_ask_all_writes(struct pg *pg)
{
	bool ok = true;

	for (int table = 0; ok && table < SHARED_ENGINE_TABLES; table++)
		ok = pg_ask_writes(pg, (enum engine_table)table);
	return ok;
}

enum engine_status pg_spill(struct pg *pg)
{
	enum engine_status status;

	if (pg->rows.unsent_bytes <= PG_SPILL)
		return ENGINE_OK;
	status = pg_start(pg);
	if (status != ENGINE_OK)
		return status;
	if (!pg_ask_all_writes(pg))
		pg->trip.refused = ENGINE_NO_MEMORY;
	status = pg_run(pg);
	if (status == ENGINE_OK)
		pg_rows_trim(&pg->rows);
	return status;
}
