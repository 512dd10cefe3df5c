/* The flush of a round. */
#include "base/clock.h"
#include "base/log.h"
#include "serve/round.h"
#include "sys/reserve.h"

/* After a flush that failed: streams wait for the next one, and would ask for it in each round. */
#define FLUSH_PAUSE_MS 100

/* Whether a response, or a part of one that is being streamed, has to wait for a flush. */
static bool needs_flush(const struct round *round)
{
	const struct connection_shared *shared = round->connections->shared;

	for (const struct connection *conn = round->ready; conn; conn = conn->next_ready) {
		if (!connection_is_durable(conn, shared))
			return true;
	}
	return shared->flush_due;
}

static void refuse_unflushed(struct round *round, const struct err *err)
{
	for (struct connection *conn = round->ready; conn; conn = conn->next_ready) {
		if (!connection_is_durable(conn, round->connections->shared))
			connection_flush_failed(conn, round->connections->shared, err);
	}
}

/* Flushes, and measures the time that it takes. */
static bool flush(struct round *round, struct err *err)
{
	int64_t began = clock_mono_us();
	bool ok = store_flush(round->connections->shared->app.store, err);

	round->flush_us += (clock_mono_us() - began - round->flush_us) / 8;
	return ok;
}

bool round_flush(struct round *round)
{
	struct connection_shared *shared = round->connections->shared;
	struct store *store = shared->app.store;
	struct err err = { 0 };
	bool needed = needs_flush(round);

	shared->flush_due = false;
	if (!needed || store_is_flushed(store))
		return true;
	atomic_fetch_add(&round->counters->flushes, 1);
	if (flush(round, &err)) {
		shared->flushes++;
		return true;
	}
	/*
	 * The disk is full. The reserve makes room for what is already committed; no write follows
	 * until the keeper finds free space.
	 */
	if (err.code == ERR_UNKNOWN_OUTCOME) {
		atomic_store(&round->store_shared->read_only, true);
		reserve_release(round->home);
		if (store_flush(store, &err)) {
			shared->flushes++;
			return true;
		}
	}
	if (err.code == ERR_PANIC)
		return false;
	shared->flush_pause_ms = shared->now_ms + FLUSH_PAUSE_MS;
	log_error("flush", "%s", err_text(&err));
	refuse_unflushed(round, &err);
	return true;
}
