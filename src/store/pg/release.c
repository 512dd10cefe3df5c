#include <stdlib.h>

#include "store/pg/pg.h"

void pg_release(struct pg *pg)
{
	pg_disconnect(pg);
	pg_rows_free(&pg->rows);
	pg_scopes_free(pg);
	pg_expected_free(pg);
	pg_prefetch_free(pg);
	pg_keys_free(pg);
	for (size_t i = 0; i < PG_PLACES; i++)
		buf_free(&pg->places[i].key);
	free(pg->trip.asked);
}
