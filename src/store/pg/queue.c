/*
 * Statements that wait for a trip. A connection prepares a statement when it needs it first, in the
 * same trip: there are some two hundred, of which a command uses a few. After an error the server
 * skips the rest of the trip, so the statements that follow are not prepared.
 */
#include <stdlib.h>

#include "store/pg/pg.h"

static struct pg_asked *add(struct pg *pg)
{
	struct pg_trip *trip = &pg->trip;

	if (!pg->conn)
		trip->refused = ENGINE_AWAY;
	if (!trip->refused && trip->count == trip->capacity) {
		size_t capacity = 2 * trip->capacity + 64;
		struct pg_asked *asked = reallocarray(trip->asked, capacity, sizeof(*asked));

		if (asked) {
			trip->asked = asked;
			trip->capacity = capacity;
		} else {
			trip->refused = ENGINE_NO_MEMORY;
		}
	}
	if (trip->refused)
		return NULL;
	trip->asked[trip->count] = (struct pg_asked){ 0 };
	return &trip->asked[trip->count++];
}

static void note_queued(struct pg *pg, int is_queued)
{
	if (!is_queued)
		pg->trip.refused = ENGINE_AWAY;
}

void pg_then(struct pg *pg, pg_take *take, void *data)
{
	struct pg_asked *last;

	if (pg->trip.refused || pg->trip.count == 0)
		return;
	last = &pg->trip.asked[pg->trip.count - 1];
	last->take = take;
	last->data = data;
}

void pg_ask_text(struct pg *pg, const char *text)
{
	if (add(pg))
		note_queued(pg, PQsendQueryParams(pg->conn, text, 0, NULL, NULL, NULL, NULL, 1));
}

void pg_ask_params(struct pg *pg, const char *text, const struct pg_params *params)
{
	static const int formats[PG_PARAMS_MAX] = { 1, 1, 1, 1 };

	if (add(pg))
		note_queued(pg, PQsendQueryParams(pg->conn, text, params->count, NULL,
					params->values, params->lengths, formats, 1));
}

/* ---- prepared statements ---- */

/* A new connection has prepared nothing: 0. */
enum { NOT_PREPARED, ASKED, PREPARED };

static enum engine_status note_prepared(struct pg *pg, const PGresult *result, void *data)
{
	uint8_t *state = data;

	(void)pg, (void)result;
	*state = PREPARED;
	return ENGINE_OK;
}

void pg_prepare(struct pg *pg, enum pg_sql statement, enum engine_table table)
{
	uint8_t *state = &pg->prepared[statement][table];
	char text[PG_TEXT_SIZE], name[PG_NAME_SIZE];
	struct pg_asked *asked;

	if (*state != NOT_PREPARED)
		return;
	pg_sql_text(statement, table, text);
	pg_sql_name(statement, table, name);
	asked = add(pg);
	if (!asked)
		return;
	asked->take = note_prepared;
	asked->data = state;
	*state = ASKED;
	note_queued(pg, PQsendPrepare(pg->conn, name, text, 0, NULL));
}

void pg_ask(struct pg *pg, enum pg_sql statement, enum engine_table table,
	const struct pg_params *params, pg_take *take, void *data)
{
	static const int formats[PG_PARAMS_MAX] = { 1, 1, 1, 1 };
	struct pg_asked *asked;
	char name[PG_NAME_SIZE];

	pg_prepare(pg, statement, table);
	asked = add(pg);
	if (!asked)
		return;
	*asked = (struct pg_asked){ take, data, statement == PG_COMMIT };
	pg_sql_name(statement, table, name);
	note_queued(pg, PQsendQueryPrepared(pg->conn, name, params ? params->count : 0,
				params ? params->values : NULL, params ? params->lengths : NULL,
				params ? formats : NULL, 1));
}

void pg_prepare_after_error(struct pg *pg)
{
	for (int i = 0; i < PG_STATEMENTS; i++)
		for (int table = 0; table < SHARED_ENGINE_TABLES; table++)
			if (pg->prepared[i][table] == ASKED)
				pg->prepared[i][table] = NOT_PREPARED;
}
