#include "store/pg/pg.h"

#define CACHED_MAX  4096	      /* rows that a round keeps of what it has read */
#define CACHED_SIZE ((size_t)1 << 16) /* bytes of a value that is kept */

/* What is known of the row without the server. */
static const struct pg_value *recall(struct pg *pg, enum engine_table table, struct str key)
{
	const struct pg_row *row = pg_rows_find(&pg->rows, table, key);

	return row ? pg_row_value(row) : NULL;
}

static bool is_known(const struct pg_value *value)
{
	return value && value->known != PG_UNKNOWN;
}

static enum engine_status append(struct buf *out, struct str value)
{
	buf_put_str(out, value);
	return buf_ok(out) ? ENGINE_OK : ENGINE_NO_MEMORY;
}

/* ---- get ---- */

struct reading {
	enum engine_table table;
	struct str key;
	struct buf *out;
	bool keep;
};

/* A failure to keep it only costs another trip. */
static void keep(
	struct pg *pg, const struct reading *reading, enum pg_known known, struct str value)
{
	struct pg_row *row;

	if (!reading->keep || pg->rows.count >= CACHED_MAX || value.len > CACHED_SIZE)
		return;
	row = pg_rows_add(&pg->rows, reading->table, reading->key);
	if (row)
		pg_row_read(row, known, value);
}

static enum engine_status take_value(struct pg *pg, const PGresult *result, void *data)
{
	const struct reading *reading = data;

	if (PQntuples(result) == 0) {
		keep(pg, reading, PG_ABSENT, STR_NULL);
		return ENGINE_NOT_FOUND;
	}
	keep(pg, reading, PG_VALUE, pg_column(result, 0, 0));
	return append(reading->out, pg_column(result, 0, 0));
}

/* Whether the row itself must be locked, because no scope protects it. */
static bool needs_lock(const struct pg *pg, enum engine_table table)
{
	return pg->scopes.locked == 0 || !engine_tables[table].scoped;
}

/* A row that is read for an update is kept for the round. */
enum engine_status pg_get(struct engine *engine, enum engine_table table, struct str key,
	bool for_update, struct buf *out)
{
	struct pg *pg = pg_of(engine);
	bool to_change = for_update && pg->access == ENGINE_WRITE;
	struct reading reading = { table, key, out, to_change };
	const struct pg_value *value = recall(pg, table, key);
	struct pg_params params = { 0 };
	enum engine_status status = pg->lost;

	if (status != ENGINE_OK)
		return status;
	if (engine_tables[table].old || (value && value->known == PG_ABSENT))
		return ENGINE_NOT_FOUND;
	if (value && value->known == PG_VALUE)
		return append(out, value->bytes);
	status = pg_start(pg);
	if (status != ENGINE_OK)
		return status;
	pg_param_str(&params, key);
	pg_ask(pg, to_change && needs_lock(pg, table) ? PG_GET_LOCKED : PG_GET, table, &params,
		take_value, &reading);
	pg_ask_expected(pg);
	status = pg_run(pg);
	pg_expect_no_more(pg);
	return status;
}

/* ---- put, del ---- */

static enum engine_status take_presence(struct pg *pg, const PGresult *result, void *data)
{
	bool *exists = data;

	(void)pg;
	*exists = PQntuples(result) > 0;
	return ENGINE_OK;
}

static enum engine_status look(struct pg *pg, enum engine_table table, struct str key, bool *exists)
{
	const struct pg_value *value = recall(pg, table, key);
	struct pg_params params = { 0 };
	enum engine_status status;
	struct pg_row *row;

	*exists = is_known(value) && value->known != PG_ABSENT;
	if (is_known(value))
		return ENGINE_OK;
	status = pg_start(pg);
	if (status != ENGINE_OK)
		return status;
	pg_param_str(&params, key);
	pg_ask(pg, PG_HAS, table, &params, take_presence, exists);
	status = pg_run(pg);
	if (status != ENGINE_OK)
		return status;
	row = pg_rows_add(&pg->rows, table, key);
	return row && pg_row_read(row, *exists ? PG_PRESENT : PG_ABSENT, STR_NULL)
		       ? ENGINE_OK
		       : ENGINE_NO_MEMORY;
}

/* If it is there all the same, the server refuses the round: ENGINE_RETRY. */
static enum engine_status assume_absent(struct pg *pg, enum engine_table table, struct str key)
{
	struct pg_row *row = pg_rows_add(&pg->rows, table, key);

	if (row && pg_row_value(row)->known == PG_UNKNOWN)
		pg_row_read(row, PG_ABSENT, STR_NULL);
	return row ? ENGINE_OK : ENGINE_NO_MEMORY;
}

static enum engine_status write(struct pg *pg, enum engine_table table, struct str key,
	enum pg_known known, struct str value)
{
	struct pg_row *row = pg_rows_add(&pg->rows, table, key);

	if (!row || !pg_row_write(&pg->rows, row, known, value))
		return ENGINE_NO_MEMORY;
	pg->changed = true;
	return pg_spill(pg);
}

static enum engine_status check_write(struct pg *pg, enum engine_table table)
{
	if (pg->lost)
		return pg->lost;
	if (pg->in_transaction && pg->access == ENGINE_WRITE && !engine_tables[table].old)
		return ENGINE_OK;
	pg_describe(pg, "PostgreSQL", "a row is written outside a transaction that writes");
	return ENGINE_FAILED;
}

enum engine_status pg_put(struct engine *engine, enum engine_table table, struct str key,
	struct str value, enum engine_put how)
{
	struct pg *pg = pg_of(engine);
	enum engine_status status = check_write(pg, table);
	bool exists = false;

	if (status == ENGINE_OK && how == ENGINE_NEW)
		status = assume_absent(pg, table, key);
	if (status == ENGINE_OK && how != ENGINE_REPLACE)
		status = look(pg, table, key, &exists);
	if (status != ENGINE_OK)
		return status;
	return exists ? ENGINE_EXISTS : write(pg, table, key, PG_VALUE, value);
}

/*
 * A key of the index is removed without a look, which would cost a trip: ENGINE_OK although it may
 * be absent.
 */
enum engine_status pg_del(struct engine *engine, enum engine_table table, struct str key)
{
	struct pg *pg = pg_of(engine);
	enum engine_status status = check_write(pg, table);
	bool exists = true;

	if (status == ENGINE_OK && (!pg_is_keys(table) || is_known(recall(pg, table, key))))
		status = look(pg, table, key, &exists);
	if (status != ENGINE_OK)
		return status;
	return exists ? write(pg, table, key, PG_ABSENT, STR_NULL) : ENGINE_NOT_FOUND;
}
