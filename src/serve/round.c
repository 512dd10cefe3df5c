#include "serve/round.h"

#include <sys/epoll.h>

#include "base/log.h"
#include "sys/reserve.h"

bool round_receive(struct round *round, struct connection *conn, uint32_t events)
{
	struct err err = { 0 };

	if (conn->writing && (events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)))
		conn->closing = true;
	round->ready[round->ready_count++] = conn;
	return conn->writing ? connection_fetch_rows(conn, &err)
			     : connection_receive(conn, round->connections->shared, &err);
}

/* Whether a response, or a part of one that is being streamed, leaves in this round. */
static bool has_output(const struct round *round)
{
	for (size_t i = 0; i < round->ready_count; i++) {
		if (!round->ready[i]->closing)
			return true;
	}
	return false;
}

bool round_flush(struct round *round)
{
	struct store *store = round->connections->shared->app.store;
	struct err err = { 0 };

	if (!has_output(round) || store_is_flushed(store))
		return true;
	atomic_fetch_add(&round->counters->flushes, 1);
	if (store_flush(store, &err))
		return true;
	/*
	 * The disk is full. The reserve makes room for what is already committed; no write follows
	 * until the keeper finds free space.
	 */
	if (err.code == ERR_UNKNOWN_OUTCOME) {
		atomic_store(&round->store_shared->read_only, true);
		reserve_release(round->home);
		if (store_flush(store, &err))
			return true;
	}
	if (err.code == ERR_PANIC)
		return false;
	log_error("flush", "%s", err_text(&err));
	for (size_t i = 0; i < round->ready_count; i++)
		connection_flush_failed(round->ready[i], &err);
	return true;
}

static void send_one(struct round *round, struct connection *conn)
{
	int status = 0;

	switch (connection_send(conn, round->connections->shared, &status)) {
	case CONNECTION_DONE:
		atomic_fetch_add(&round->counters->served, 1);
		if (status >= 400)
			atomic_fetch_add(&round->counters->refused, 1);
		connections_set_writing(round->connections, conn, false);
		break;
	case CONNECTION_MORE:
		connections_set_writing(round->connections, conn, true);
		break;
	case CONNECTION_BROKEN:
	default:
		break;
	}
}

void round_send(struct round *round)
{
	struct connections *connections = round->connections;

	for (size_t i = 0; i < round->ready_count; i++) {
		struct connection *conn = round->ready[i];

		if (!conn->closing)
			send_one(round, conn);
		if (conn->closing)
			connections_drop(connections, conn);
	}
	round->ready_count = 0;
	atomic_store(&round->counters->waiting, connections->writing);
	atomic_store(&round->counters->connections, connections->count);
}
