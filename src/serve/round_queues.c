/* Where a connection waits after its turn. */
#include "serve/round.h"

static void add_ready(struct round *round, struct connection *conn)
{
	conn->next_ready = round->ready;
	round->ready = conn;
}

static void hold(struct round *round, struct connection *conn)
{
	conn->next_ready = round->held;
	round->held = conn;
	/* It has failed because the round is lost, or holds tenants that others wait for. */
	round->ends = conn->exchange && conn->exchange->error == ERR_BUSY;
}

void round_wait_or_send(struct round *round, struct connection *conn, enum turn_queue queue)
{
	if (queue == TURN_NONE)
		add_ready(round, conn);
	else if (queue == TURN_FLUSH)
		hold(round, conn);
	else if (queue < TURN_QUEUES)
		turns_wait(&round->connections->shared->turns, conn, queue);
	if (queue == TURN_LARGE)
		connections_set_unread(round->connections, conn, true);
	if (queue == TURN_PARKED || queue == TURN_STREAM)
		connections_set_busy(round->connections, conn, false);
}
