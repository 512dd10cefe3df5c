/*
 * A scope that the round has locked stays locked until the flush, whatever becomes of the
 * transaction of the engine that has locked it.
 *
 * A transaction that has changed nothing does not raise the version: hosts that look at versions
 * would wake one another for nothing.
 *
 * A transaction waits for a scope only if its round has locked none with a higher name, so that
 * processes that wait for one another cannot be a circle, and if the round has no commits, which
 * would stay locked meanwhile. Otherwise a scope that is locked is ENGINE_BUSY.
 */

#include "store/pg/pg.h"

static bool may_wait(const struct pg *pg, struct str name)
{
	if (pg->commits > 0)
		return false;
	for (size_t i = 0; i < pg->scopes.count; i++)
		if (str_compare(pg_scope_name(&pg->scopes.list[i]), name) > 0)
			return false;
	return true;
}

/* ---- locks ---- */

struct found {
	struct engine_scope state;
	bool row;
};

static enum engine_status take_state(struct pg *pg, const PGresult *result, void *data)
{
	struct found *found = data;

	(void)pg;
	found->row = PQntuples(result) == 1;
	if (found->row)
		found->state = (struct engine_scope){ pg_number(result, 0, 0),
			pg_number(result, 0, 1) };
	return ENGINE_OK;
}

static void ask_wait(struct pg *pg, int ms)
{
	char text[PG_TEXT_SIZE];

	pg_sql_limit(true, "lock_timeout", ms, text);
	pg_ask_text(pg, text);
}

static enum engine_status misuse(struct pg *pg, const char *text)
{
	pg_describe(pg, "PostgreSQL", text);
	return ENGINE_FAILED;
}

/* Waits for the transaction that has locked it. */
static enum engine_status ask_lock(struct pg *pg, struct str name, struct found *found)
{
	enum engine_status status = pg_start(pg);
	struct pg_params params = { 0 };

	if (status != ENGINE_OK)
		return status;
	pg_param_str(&params, name);
	/* Another transaction may have changed these rows before it unlocked the scope. */
	pg_rows_forget_reads(&pg->rows);
	pg_ask(pg, PG_LOCK_SCOPE, TABLE_META, &params, take_state, found);
	pg_ask_expected(pg);
	status = pg_run(pg);
	pg_expect_no_more(pg);
	/* Nothing was locked. */
	if (status == ENGINE_OK && !found->row)
		pg_rows_forget_reads(&pg->rows);
	return status;
}

/* ENGINE_BUSY: another transaction has locked it. The round goes on. */
static enum engine_status try_lock(struct pg *pg, struct str name, struct found *found)
{
	enum engine_status status = pg_start(pg);
	struct pg_params params = { 0 };
	struct found any = { 0 };

	if (status != ENGINE_OK)
		return status;
	pg_param_str(&params, name);
	pg_ask(pg, PG_TRY_SCOPE, TABLE_META, &params, take_state, found);
	pg_ask(pg, PG_READ_SCOPE, TABLE_META, &params, take_state, &any);
	status = pg_run(pg);
	pg_rows_forget_reads(&pg->rows);
	return status == ENGINE_OK && !found->row && any.row ? ENGINE_BUSY : status;
}

/* Makes a row, and locks it by that. Another transaction may make the same one meanwhile. */
static enum engine_status create(struct pg *pg, struct str name, bool hurried, struct found *found)
{
	enum engine_status status = pg_start(pg);
	struct pg_params params = { 0 };

	if (status != ENGINE_OK)
		return status;
	pg_param_str(&params, name);
	if (hurried)
		ask_wait(pg, pg_waits.hurried);
	pg_ask(pg, PG_NEW_SCOPE, TABLE_META, &params, NULL, NULL);
	pg_ask(pg, PG_LOCK_SCOPE, TABLE_META, &params, take_state, found);
	if (hurried)
		ask_wait(pg, pg_waits.lock);
	return pg_run(pg);
}

static enum engine_status lock_new(struct pg *pg, struct str name)
{
	bool waits = may_wait(pg, name);
	struct found found = { 0 };
	enum engine_status status = waits ? ask_lock(pg, name, &found) : try_lock(pg, name, &found);

	if (status == ENGINE_OK && !found.row)
		status = create(pg, name, !waits, &found);
	if (status != ENGINE_OK)
		return status;
	if (!found.row)
		return misuse(pg, "the row of a scope was removed");
	return pg_scope_add(pg, name, &found.state) ? ENGINE_OK : ENGINE_NO_MEMORY;
}

enum engine_status pg_lock(struct engine *engine, struct str scope)
{
	struct pg *pg = pg_of(engine);
	struct pg_scope *known = pg_scope_find(pg, scope);
	enum engine_status status = pg->lost;

	if (!pg->in_transaction || pg->access != ENGINE_WRITE)
		return misuse(pg, "a scope is locked outside a transaction that writes");
	if (status == ENGINE_OK && !known) {
		status = lock_new(pg, scope);
		known = pg_scope_find(pg, scope);
	}
	if (status != ENGINE_OK || known->locked)
		return status;
	known->locked = true;
	pg->scopes.locked++;
	return ENGINE_OK;
}

/* ---- numbers ---- */

enum engine_status pg_take_numbers(
	struct engine *engine, struct str scope, uint64_t count, uint64_t *first)
{
	struct pg *pg = pg_of(engine);
	struct pg_scope *known = pg_scope_find(pg, scope);

	if (pg->lost)
		return pg->lost;
	if (!known || !known->locked)
		return misuse(pg, "numbers are taken of a scope that is not locked");
	*first = known->state.number + known->taken + 1;
	known->taken += count;
	pg->changed = true;
	return ENGINE_OK;
}

enum engine_status pg_read_scope(
	struct engine *engine, struct str scope, struct engine_scope *state)
{
	struct pg *pg = pg_of(engine);
	const struct pg_scope *known = pg_scope_find(pg, scope);
	struct pg_params params = { 0 };
	struct found found = { 0 };
	enum engine_status status;

	if (known) {
		*state = known->state;
		state->number += known->taken;
		return ENGINE_OK;
	}
	status = pg_start(pg);
	if (status != ENGINE_OK)
		return status;
	pg_param_str(&params, scope);
	pg_ask(pg, PG_READ_SCOPE, TABLE_META, &params, take_state, &found);
	status = pg_run(pg);
	if (status == ENGINE_OK)
		*state = found.state;
	return status;
}
