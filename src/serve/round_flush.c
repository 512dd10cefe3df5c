/* The flush of a round. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/round.h"
#include "sys/reserve.h"

/* After a flush that failed: streams wait for the next one, and would ask for it in each round. */
#define FLUSH_PAUSE_MS 100
/* Of requests that run again: up to 2, 4 and 8 ms. */
#define AGAIN_PAUSE_US 1000U

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

/* ---- rounds of a shared engine ---- */

/* The longer, the more often the requests were run for nothing: other hosts wait as well. */
static void pause_again(struct turns *turns, unsigned lost_runs)
{
	int64_t now = clock_mono_us();

	if (turns->again_us <= now)
		turns->again_us = now + arc4random_uniform(AGAIN_PAUSE_US << lost_runs);
}

static struct connection *take_held(struct round *round)
{
	struct connection *held = round->held, *first = NULL;

	/* In the order of their turns. */
	while (held) {
		struct connection *next = held->next_ready;

		held->next_ready = first;
		first = held;
		held = next;
	}
	round->held = NULL;
	return first;
}

/* failure: of the flush; NULL: none. */
static bool end_turns(struct round *round, const struct err *failure)
{
	struct connection_shared *shared = round->connections->shared;
	struct connection *conn = take_held(round), *next;
	unsigned lost_runs = 0;
	bool refused = false;
	struct err err = { 0 };

	for (; conn; conn = next) {
		bool is_request = conn->exchange != NULL;
		enum turn_queue queue;

		next = conn->next_ready;
		if (!connection_end_round(conn, shared, failure, &queue, &err))
			return false;
		if (queue == TURN_AGAIN && conn->exchange->lost_runs > lost_runs)
			lost_runs = conn->exchange->lost_runs;
		refused |= is_request && queue != TURN_AGAIN;
		round_wait_or_send(round, conn, queue);
	}
	if (failure && lost_runs > 0)
		pause_again(&shared->turns, lost_runs);
	if (failure && refused)
		log_warn("round-lost", "%s", err_text(failure));
	return true;
}

static bool flush_shared(struct round *round, struct err *err)
{
	struct connection_shared *shared = round->connections->shared;

	if (!store_has_unflushed(shared->app.store))
		return true;
	atomic_fetch_add(&round->counters->flushes, 1);
	if (!flush(round, err))
		return false;
	shared->flushes++;
	return true;
}

static bool end_round(struct round *round)
{
	struct err err = { 0 };
	bool ok = flush_shared(round, &err);

	round->connections->shared->flush_due = false;
	return (ok || err.code != ERR_PANIC) && end_turns(round, ok ? NULL : &err);
}

void round_flush_undone(struct round *round)
{
	struct err err = { 0 };

	if (flush_shared(round, &err))
		return;
	round->connections->shared->app.lost |= err.code == ERR_PANIC;
	log_warn("undo", "cannot undo claims: %s", err_text(&err));
}

/* ---- the flush ---- */

bool round_flush(struct round *round)
{
	struct connection_shared *shared = round->connections->shared;
	struct store *store = shared->app.store;
	struct err err = { 0 };
	bool needed;

	if (round->held || store_has_unflushed(store))
		return end_round(round);
	needed = needs_flush(round);
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
