/*
 * Rows that a transaction will read. The trip that waits for the lock of a scope brings them as
 * well: its statements are carried out one after the other, so the rows are read when the scope is
 * locked. Otherwise the first such row that is read brings the others.
 *
 * Outside a round they are forgotten with the transaction. Within one, a transaction that does not
 * write brings none: its rows would be kept, and no lock protects them.
 */
#include "store/pg/pg.h"

void pg_expect(struct engine *engine, enum engine_table table, struct str key)
{
	struct pg *pg = pg_of(engine);
	struct pg_expected *row = &pg->expected[pg->expected_count];

	if (pg->expected_count == PG_EXPECTED_MAX || engine_tables[table].old)
		return;
	row->table = table;
	buf_reset(&row->key);
	buf_put_str(&row->key, key);
	pg->expected_count += buf_ok(&row->key);
}

static bool is_wanted(struct pg *pg, const struct pg_expected *row)
{
	const struct pg_row *known = pg_rows_find(&pg->rows, row->table, buf_str(&row->key));

	return !known || pg_row_value(known)->known == PG_UNKNOWN;
}

static enum engine_status keep(struct pg *pg, enum engine_table table, struct str key,
	enum pg_known known, struct str value)
{
	struct pg_row *row = pg_rows_add(&pg->rows, table, key);

	return row && pg_row_read(row, known, value) ? ENGINE_OK : ENGINE_NO_MEMORY;
}

/* What the result lacks is absent. */
static enum engine_status take_rows(struct pg *pg, const PGresult *result, void *data)
{
	enum engine_table table = (enum engine_table)(uintptr_t)data;
	enum engine_status status = ENGINE_OK;

	for (int i = 0; status == ENGINE_OK && i < PQntuples(result); i++)
		status = keep(
			pg, table, pg_column(result, i, 0), PG_VALUE, pg_column(result, i, 1));
	for (size_t i = 0; status == ENGINE_OK && i < pg->expected_count; i++) {
		const struct pg_expected *row = &pg->expected[i];

		if (row->table == table && is_wanted(pg, row))
			status = keep(pg, table, buf_str(&row->key), PG_ABSENT, STR_NULL);
	}
	return status;
}

static void ask_table(struct pg *pg, enum engine_table table)
{
	bool locks = pg->access == ENGINE_WRITE && !engine_tables[table].scoped;
	enum pg_sql statement = locks ? PG_FETCH_LOCKED : PG_FETCH;
	struct pg_params params = { 0 };
	struct pg_array keys = { 0 };

	pg_array_begin(&keys, false);
	for (size_t i = 0; i < pg->expected_count; i++)
		if (pg->expected[i].table == table && is_wanted(pg, &pg->expected[i]))
			pg_array_add(&keys, buf_str(&pg->expected[i].key));
	if (keys.count > 0 && !pg_param_array(&params, &keys))
		pg->trip.refused = ENGINE_NO_MEMORY;
	else if (keys.count > 0)
		pg_ask(pg, statement, table, &params, take_rows, (void *)(uintptr_t)table);
	buf_free(&keys.bytes);
}

void pg_ask_expected(struct pg *pg)
{
	bool asked[SHARED_ENGINE_TABLES] = { false };

	if (!pg->in_transaction || (pg->access != ENGINE_WRITE && pg->commits > 0))
		return;
	for (size_t i = 0; i < pg->expected_count; i++) {
		enum engine_table table = pg->expected[i].table;

		if (!asked[table])
			ask_table(pg, table);
		asked[table] = true;
	}
}

void pg_expect_no_more(struct pg *pg)
{
	pg->expected_count = 0;
}

void pg_expected_free(struct pg *pg)
{
	for (size_t i = 0; i < PG_EXPECTED_MAX; i++)
		buf_free(&pg->expected[i].key);
}
