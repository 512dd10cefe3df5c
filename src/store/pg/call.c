/* The trips of calls, and the loss of a round. */
#include "store/pg/pg.h"

void pg_forget_round(struct pg *pg)
{
	pg_rows_forget(&pg->rows);
	pg_scopes_forget(pg);
	pg_keys_forget_all(pg);
}

void pg_rollback(struct pg *pg)
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
	pg_rollback(pg);
	pg_forget_round(pg);
	pg->lost = cause;
	pg->engine.round_lost = pg->engine.round_open;
}

/* The caller of a view that is held may do other work for long between two calls. */
static void ask_patience(struct pg *pg)
{
	char text[PG_TEXT_SIZE];

	pg_sql_limit(true, "idle_in_transaction_session_timeout", 0, text);
	pg_ask_text(pg, text);
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
	} else if (pg->held || (pg->in_transaction && pg->access == ENGINE_VIEW)) {
		pg_ask(pg, PG_BEGIN_VIEW, TABLE_META, NULL, NULL, NULL);
		if (pg->held)
			ask_patience(pg);
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
