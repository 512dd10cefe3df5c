#include "store/pg/pg.h"

static bool is_in(const struct engine_range *range, struct str key)
{
	return str_compare(key, range->from) >= 0 &&
	       (!range->to.ptr || str_compare(key, range->to) < 0);
}

static bool has_unsent_in(
	const struct pg_rows *rows, enum engine_table table, const struct engine_range *range)
{
	size_t left = rows->unsent[table];

	for (size_t i = 0; left > 0 && i < rows->count; i++) {
		const struct pg_row *row = rows->list[i];

		if (row->table != table || !pg_row_is_unsent(row))
			continue;
		if (is_in(range, row->key))
			return true;
		left--;
	}
	return false;
}

/* The writes of the range go before the statements of the call. */
static enum engine_status start(
	struct pg *pg, enum engine_table table, const struct engine_range *range)
{
	enum engine_status status = pg_start(pg);

	if (status != ENGINE_OK || !has_unsent_in(&pg->rows, table, range))
		return status;
	if (!pg_ask_writes(pg, table))
		pg->trip.refused = ENGINE_NO_MEMORY;
	return ENGINE_OK;
}

static enum engine_status take_keys(struct pg *pg, const PGresult *result, void *data)
{
	struct engine_batch *batch = data;

	(void)pg;
	for (int i = 0; i < PQntuples(result); i++)
		if (!pg_batch_add(batch, pg_column(result, i, 0)))
			return ENGINE_NO_MEMORY;
	return ENGINE_OK;
}

/* Whether no other process can change keys that this transaction reads before the round ends. */
static bool is_locked(const struct pg *pg, enum engine_table table)
{
	return pg->in_transaction && pg->access == ENGINE_WRITE && pg->scopes.locked > 0 &&
	       engine_tables[table].scoped;
}

/*
 * Once the round has commits it has probably claimed a task, and reads more keys than were asked
 * for: more claims are likely to follow.
 */
static enum engine_status scan_and_keep(struct pg *pg, enum engine_table table,
	const struct engine_range *range, size_t limit, struct engine_batch *batch)
{
	size_t ahead = pg->commits > 0 ? PG_KEYS_MAX : limit;
	enum engine_status status = start(pg, table, range);
	struct pg_params params = { 0 };
	struct pg_keys *kept;

	if (status != ENGINE_OK)
		return status;
	kept = pg_keys_begin(pg, table, range->from);
	pg_param_str(&params, range->from);
	pg_param_number(&params, ahead);
	pg_param_str(&params, range->to);
	pg_ask(pg, PG_SCAN_TO, table, &params, take_keys, &kept->keys);
	status = pg_run(pg);
	if (status != ENGINE_OK)
		return status;
	for (size_t i = 0; i < kept->keys.count && i < limit; i++)
		if (!pg_batch_add(batch, engine_batch_key(&kept->keys, i)))
			return ENGINE_NO_MEMORY;
	pg_keys_end(kept, range, ahead);
	return ENGINE_OK;
}

enum engine_status pg_scan(struct engine *engine, enum engine_table table,
	const struct engine_range *range, bool reverse, size_t limit, struct engine_batch *batch)
{
	static const enum pg_sql statements[2][2] = { { PG_SCAN, PG_SCAN_TO },
		{ PG_SCAN_DOWN, PG_SCAN_DOWN_TO } };
	bool is_short = !reverse && range->to.ptr && limit <= PG_KEYS_MAX / 2;
	struct pg *pg = pg_of(engine);
	struct pg_params params = { 0 };
	enum engine_status status = pg->lost;

	if (limit == 0 || status != ENGINE_OK)
		return status;
	if (is_short) {
		status = pg_keys_scan(pg, table, range, limit, batch);
		if (status != ENGINE_NOT_FOUND)
			return status;
		if (is_locked(pg, table))
			return scan_and_keep(pg, table, range, limit, batch);
	}
	status = start(pg, table, range);
	if (status != ENGINE_OK)
		return status;
	pg_param_str(&params, range->from);
	pg_param_number(&params, limit < INT64_MAX ? limit : INT64_MAX);
	if (range->to.ptr)
		pg_param_str(&params, range->to);
	pg_ask(pg, statements[reverse][range->to.ptr != NULL], table, &params, take_keys, batch);
	return pg_run(pg);
}

/* ---- counts: by the server's index, without engine_range.hint ---- */

static enum engine_status take_count(struct pg *pg, const PGresult *result, void *data)
{
	uint64_t *count = data;

	(void)pg;
	*count = PQntuples(result) == 1 ? pg_number(result, 0, 0) : 0;
	return ENGINE_OK;
}

static void ask_count(
	struct pg *pg, enum engine_table table, struct str from, struct str to, uint64_t *count)
{
	struct pg_params params = { 0 };

	pg_param_str(&params, from);
	if (to.ptr)
		pg_param_str(&params, to);
	pg_ask(pg, to.ptr ? PG_COUNT_TO : PG_COUNT, table, &params, take_count, count);
}

enum engine_status pg_count(
	struct engine *engine, enum engine_table table, struct engine_range *range, uint64_t *count)
{
	struct pg *pg = pg_of(engine);
	enum engine_status status = start(pg, table, range);

	range->hint = 0;
	if (status != ENGINE_OK)
		return status;
	ask_count(pg, table, range->from, range->to, count);
	return pg_run(pg);
}

enum engine_status pg_count_parts(struct engine *engine, enum engine_table table,
	struct engine_range *range, const struct str *ends, size_t parts, uint64_t *counts)
{
	struct pg *pg = pg_of(engine);
	struct engine_range all = { .from = range->from,
		.to = parts > 0 ? ends[parts - 1] : range->from };
	enum engine_status status = start(pg, table, &all);

	range->hint = 0;
	if (status != ENGINE_OK)
		return status;
	for (size_t i = 0; i < parts; i++)
		ask_count(pg, table, i > 0 ? ends[i - 1] : range->from, ends[i], &counts[i]);
	return pg_run(pg);
}

static enum engine_status take_nth(struct pg *pg, const PGresult *result, void *data)
{
	return PQntuples(result) == 0 ? ENGINE_NOT_FOUND : take_keys(pg, result, data);
}

enum engine_status pg_nth(struct engine *engine, enum engine_table table,
	const struct engine_range *range, uint64_t n, struct engine_batch *batch)
{
	struct pg *pg = pg_of(engine);
	struct pg_params params = { 0 };
	enum engine_status status;

	if (n > INT64_MAX)
		return ENGINE_NOT_FOUND;
	status = start(pg, table, range);
	if (status != ENGINE_OK)
		return status;
	pg_param_str(&params, range->from);
	pg_param_number(&params, n);
	if (range->to.ptr)
		pg_param_str(&params, range->to);
	pg_ask(pg, range->to.ptr ? PG_NTH_TO : PG_NTH, table, &params, take_nth, batch);
	return pg_run(pg);
}
