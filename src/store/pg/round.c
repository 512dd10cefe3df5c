#include "store/pg/pg.h"

/* The status of a flush whose round was lost for this cause: nothing of it was made. */
static enum engine_status outcome_of(enum engine_status cause)
{
	bool may_pass = cause != ENGINE_FULL && cause != ENGINE_NO_MEMORY && cause != ENGINE_FAILED;

	return may_pass ? ENGINE_RETRY : cause;
}

/* ---- the flush ---- */

static void end_round(struct pg *pg)
{
	pg_forget_round(pg);
	if (pg->commits > 0)
		pg_prefetch_end_round(pg);
	pg->in = PG_IN_NOTHING;
	pg->commits = 0;
	pg->lost = ENGINE_OK;
	pg->engine.round_open = pg->engine.round_lost = false;
}

static enum engine_status send_round(struct pg *pg)
{
	enum engine_status status = pg_start(pg);

	if (status != ENGINE_OK)
		return status;
	if (!pg_ask_all_writes(pg) || !pg_ask_scopes(pg))
		pg->trip.refused = ENGINE_NO_MEMORY;
	pg_ask_round(pg);
	pg_ask(pg, PG_COMMIT, TABLE_META, NULL, NULL, NULL);
	status = pg_trip(pg, pg_waits.commit);
	if (pg->trip.unsure)
		return pg_resolve(pg);
	if (pg->trip.failed) {
		pg_rollback(pg);
		return outcome_of(status);
	}
	pg->number++;
	if (pg->trip.warned) {
		pg_describe(pg, "PostgreSQL", "a standby may lack what was committed");
		return ENGINE_UNKNOWN;
	}
	return ENGINE_OK;
}

static enum engine_status make_round(struct pg *pg)
{
	enum engine_status status = send_round(pg);

	end_round(pg);
	return status;
}

enum engine_status pg_flush(struct engine *engine)
{
	struct pg *pg = pg_of(engine);
	enum engine_status status;

	if (pg->commits == 0)
		return ENGINE_OK;
	if (!pg->lost)
		return make_round(pg);
	status = outcome_of(pg->lost);
	end_round(pg);
	return status;
}

/* ---- transactions of the engine ---- */

enum engine_status pg_begin(struct engine *engine, enum engine_access access)
{
	struct pg *pg = pg_of(engine);

	if (pg->lost)
		return pg->lost;
	if (pg->held && access == ENGINE_WRITE) {
		pg_describe(pg, "PostgreSQL", "a transaction writes while a view is held");
		return ENGINE_FAILED;
	}
	pg->in_transaction = true;
	pg->access = access;
	pg->changed = false;
	return ENGINE_OK;
}

/* Without commits the round ends with its only transaction. */
static void end_transaction(struct pg *pg)
{
	pg->in_transaction = false;
	pg_expect_no_more(pg);
	if (pg->commits > 0 || pg->held)
		return;
	pg_rollback(pg);
	end_round(pg);
}

enum engine_status pg_hold_view(struct engine *engine, bool hold)
{
	struct pg *pg = pg_of(engine);

	if (hold && (pg->in_transaction || pg->commits > 0)) {
		pg_describe(pg, "PostgreSQL", "a view is held within a transaction");
		return ENGINE_FAILED;
	}
	pg->held = hold;
	if (!hold)
		end_transaction(pg);
	return ENGINE_OK;
}

enum engine_status pg_abort(struct engine *engine)
{
	struct pg *pg = pg_of(engine);

	if (pg->access == ENGINE_WRITE && !pg->lost) {
		pg_rows_abort(&pg->rows);
		pg_scopes_abort(pg);
	}
	end_transaction(pg);
	return ENGINE_OK;
}

enum engine_status pg_commit(struct engine *engine)
{
	struct pg *pg = pg_of(engine);
	enum engine_status lost = pg->lost;

	if (lost || !pg->changed) {
		pg_abort(engine);
		return lost;
	}
	pg_rows_commit(&pg->rows);
	pg_scopes_commit(pg);
	pg->commits++;
	engine->round_open = true;
	end_transaction(pg);
	return pg->rounds ? ENGINE_OK : pg_flush(engine);
}
