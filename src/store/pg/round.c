#include "store/pg/pg.h"

/* The status of a flush whose round was lost for this cause: nothing of it was made. */
static enum engine_status outcome_of(enum engine_status cause)
{
	bool may_pass = cause != ENGINE_FULL && cause != ENGINE_NO_MEMORY && cause != ENGINE_FAILED;

	return may_pass ? ENGINE_RETRY : cause;
}

void pg_forget_round(struct pg *pg)
{
	pg_rows_forget(&pg->rows);
	pg_scopes_forget(pg);
}

static void rollback(struct pg *pg)
{
	char message[ENGINE_MESSAGE_SIZE];

	if (pg->in != PG_IN_NOTHING && pg->conn) {
		/* Its own failure is of no interest: the server undoes the rest. */
		memcpy(message, pg->engine.message, sizeof(message));
		pg_ask(pg, PG_ROLLBACK, TABLE_META, NULL, NULL, NULL);
		pg_trip(pg, pg_waits.answer);
		memcpy(pg->engine.message, message, sizeof(message));
	}
	pg->in = PG_IN_NOTHING;
}

static void lose(struct pg *pg, enum engine_status cause)
{
	if (pg->in == PG_IN_NOTHING)
		return;
	rollback(pg);
	pg_forget_round(pg);
	pg->lost = cause;
}

enum engine_status pg_start(struct pg *pg)
{
	bool in_round = pg->commits > 0 || (pg->in_transaction && pg->access == ENGINE_WRITE);
	enum engine_status status;

	if (pg->lost)
		return pg->lost;
	if (pg->in != PG_IN_NOTHING)
		return ENGINE_OK;
	if (pg->conn && pg_is_stale(pg)) {
		pg_describe(pg, "PostgreSQL", "the server has closed the connection");
		pg_lose_connection(pg);
	}
	status = pg_connect(pg);
	if (status == ENGINE_OK && in_round && pg->nameless)
		status = pg_introduce(pg);
	if (status != ENGINE_OK)
		return status;
	if (in_round) {
		pg_ask(pg, PG_BEGIN, TABLE_META, NULL, NULL, NULL);
		pg->in = PG_IN_ROUND;
	} else if (pg->in_transaction && pg->access == ENGINE_VIEW) {
		pg_ask(pg, PG_BEGIN_VIEW, TABLE_META, NULL, NULL, NULL);
		pg->in = PG_IN_VIEW;
	}
	return ENGINE_OK;
}

enum engine_status pg_run(struct pg *pg)
{
	enum engine_status status = pg_trip(pg, pg_waits.answer);

	if (pg->trip.failed)
		lose(pg, status);
	return status;
}

/* ---- the flush ---- */

static void end_round(struct pg *pg)
{
	pg_forget_round(pg);
	pg->in = PG_IN_NOTHING;
	pg->commits = 0;
	pg->lost = ENGINE_OK;
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
		rollback(pg);
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
	pg->in_transaction = true;
	pg->access = access;
	pg->changed = false;
	return ENGINE_OK;
}

/* Without commits the round ends with its only transaction. */
static void end_transaction(struct pg *pg)
{
	pg->in_transaction = false;
	if (pg->commits > 0)
		return;
	rollback(pg);
	end_round(pg);
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
	end_transaction(pg);
	return pg->rounds ? ENGINE_OK : pg_flush(engine);
}
