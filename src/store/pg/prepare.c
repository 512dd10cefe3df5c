/*
 * A connection prepares a statement when it needs it first, in the same trip: there are some two
 * hundred, of which a command uses a few. An error in a trip keeps the server from preparing those
 * that follow.
 */
#include "store/pg/pg.h"

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

	if (*state != NOT_PREPARED)
		return;
	pg_sql_text(statement, table, text);
	pg_sql_name(statement, table, name);
	pg_ask_prepare(pg, name, text);
	if (pg->trip.refused)
		return;
	pg_then(pg, note_prepared, state);
	*state = ASKED;
}

void pg_prepare_after_error(struct pg *pg)
{
	for (int i = 0; i < PG_STATEMENTS; i++)
		for (int table = 0; table < SHARED_ENGINE_TABLES; table++)
			if (pg->prepared[i][table] == ASKED)
				pg->prepared[i][table] = NOT_PREPARED;
}

void pg_prepare_none(struct pg *pg)
{
	memset(pg->prepared, NOT_PREPARED, sizeof(pg->prepared));
}
