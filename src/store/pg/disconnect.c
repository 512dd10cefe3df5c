#include <poll.h>

#include "base/log.h"
#include "store/pg/pg.h"

void pg_disconnect(struct pg *pg)
{
	if (pg->conn)
		PQfinish(pg->conn);
	pg->conn = NULL;
	memset(pg->prepared, 0, sizeof(pg->prepared));
}

void pg_lose_connection(struct pg *pg)
{
	pg_disconnect(pg);
	if (!pg->was_away && pg->opened)
		log_warn("store-away", "%s", pg->engine.message);
	pg->was_away = true;
}

bool pg_is_stale(struct pg *pg)
{
	struct pollfd fd = { .fd = PQsocket(pg->conn), .events = POLLIN };

	while (poll(&fd, 1, 0) > 0) {
		if (!PQconsumeInput(pg->conn))
			return true;
		PQisBusy(pg->conn); /* takes notices and parameters of the server */
	}
	return PQstatus(pg->conn) == CONNECTION_BAD;
}
