#include "serve/round.h"

#include <sys/epoll.h>
#include <time.h>

#include "base/clock.h"
#include "serve/parking.h"
#include "serve/rate.h"

/* A response that waits longer for its reader keeps no rows that can be read again. */
#define KEEP_ROWS_MS 1000
#define SWEEP_MS     500
/* For a large body to arrive. The web server waits 10 s to send the next (fastcgi_send_timeout). */
#define BODY_MS 8000
/* For events, while no connection may have a turn: large bodies wait for one, or for a debt. */
#define BLOCKED_MS 5
/* For events, while requests are parked: the time after which a commit of another process wakes. */
#define PARKED_MS 20
/* Steps of a slice: a light tenant's requests wait for it. */
#define CONTENDED_STEPS (LIST_SLICE_STEPS / 4)
/* Of a claim beside requests of others: it then ends with fewer tasks than it may have. */
#define CLAIM_SHARED_US 2000

/* ---- events ---- */

/* The web server closes a connection in both directions when its client has left. */
static bool is_gone(uint32_t events)
{
	return events & (EPOLLHUP | EPOLLERR);
}

/*
 * Ends a request that waits for its turn, or is parked, if its client has left. The room to write
 * in TURN_ROWS and the bytes of a large body are used at its turn. Before the response, the web
 * server sends nothing else except FCGI_ABORT_REQUEST.
 */
static void interrupt(struct round *round, struct connection *conn, uint32_t events)
{
	bool is_expected = conn->queue == TURN_ROWS || conn->queue == TURN_LARGE ||
			   conn->queue == TURN_BODY;

	if (is_expected && !is_gone(events))
		return;
	atomic_fetch_add(&round->counters->abandoned, 1);
	connections_drop(round->connections, conn);
}

void round_receive(struct round *round, struct connection *conn, uint32_t events)
{
	struct connection_shared *shared = round->connections->shared;
	enum turn_queue queue = TURN_NONE;

	if (conn->stream) {
		streams_receive(round->connections, conn, events);
		return;
	}
	if (conn->queue != TURN_NONE || (conn->parked && !conn->exchange)) {
		interrupt(round, conn, events);
		return;
	}
	if (is_gone(events) || (conn->writing && (events & EPOLLRDHUP))) {
		conn->closing = true;
	} else if (conn->receiving) {
		queue = TURN_BODY;
	} else if (conn->writing) {
		conn->progress_ms = shared->now_ms;
		queue = connection_wants_rows(conn);
	} else {
		connection_receive(conn, shared, &queue);
	}
	round_wait_or_send(round, conn, queue);
}

/* ---- work ---- */

/*
 * Processor time of a turn of `us` by the clock. Assumes that a short turn was not interrupted by
 * other processes.
 */
static int64_t processor_time(struct round *round, int64_t us)
{
	struct timespec time;
	int64_t used, before = round->processor_us;

	if (us < RATE_COST_US || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) != 0)
		return us;
	round->processor_us = (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
	used = round->processor_us - before;
	return used < us ? used : us;
}

static bool take_turn(
	struct round *round, struct connection *conn, enum turn_queue queue, int64_t *now)
{
	struct connection_shared *shared = round->connections->shared;
	struct err err = { 0 };
	int64_t began = *now;
	bool is_large = queue == TURN_LARGE || queue == TURN_BODY || queue == TURN_WHOLE;

	if (queue == TURN_LARGE)
		connections_set_unread(round->connections, conn, false);
	connections_set_busy(round->connections, conn, true);
	shared->app.slice_steps = turns_are_contended(&shared->turns) ? CONTENDED_STEPS
								      : LIST_SLICE_STEPS;
	shared->app.claim_us = turns_are_shared(&shared->turns) ? CLAIM_SHARED_US : 0;
	if (!connection_take_turn(conn, shared, &queue, &err))
		return false;
	round->has_responses |= queue == TURN_NONE || queue == TURN_FLUSH;
	round_wait_or_send(round, conn, queue);
	*now = shared->turns.now_us = clock_mono_us();
	connection_add_cost(conn, processor_time(round, *now - began));
	turns_spend(
		&shared->turns, conn->account, (*now - began) * (is_large ? TURN_LARGE_WEIGHT : 1));
	return true;
}

bool round_has_work(const struct round *round)
{
	const struct turns *turns = &round->connections->shared->turns;

	return turns->waiting > 0 || turns->large || round->connections->shared->streams.all > 0;
}

static int blocked_ms(const struct turns *turns)
{
	int64_t pause_us = turns->again_us - turns->now_us;

	if (turns->again == 0 || pause_us >= BLOCKED_MS * 1000)
		return BLOCKED_MS;
	return pause_us > 0 ? (int)(pause_us / 1000) + 1 : 0;
}

int round_wait_ms(const struct round *round, int longest)
{
	const struct connection_shared *shared = round->connections->shared;

	if (store_has_unflushed(shared->app.store))
		return 0;
	if (shared->turns.waiting > 0)
		return round->blocked ? blocked_ms(&shared->turns) : 0;
	longest = streams_wait_ms(shared, longest);
	return shared->parked.count > 0 && longest > PARKED_MS ? PARKED_MS : longest;
}

/* Which turns may follow in this round after `used` microseconds. */
static enum turns_choice choose(const struct round *round, int64_t used)
{
	int64_t limit = round->flush_us < ROUND_US ? round->flush_us : ROUND_US;
	bool is_long = used >= ROUND_CONTENDED_US && used >= limit;

	if (turns_are_contended(&round->connections->shared->turns)) {
		if (is_long)
			return TURNS_LIGHT_ONLY;
		return round->has_responses ? TURNS_SHORT_OR_WOKEN : TURNS_ANY;
	}
	if (used >= ROUND_US)
		return TURNS_SHORT_ONLY;
	/* Without a response there is no flush that more turns could share. */
	is_long = is_long || (used >= ROUND_CONTENDED_US && !round->has_responses);
	return is_long ? TURNS_NOT_WOKEN : TURNS_ANY;
}

/* Requests that run again come first: only the first one of a round waits for its tenant. */
static struct connection *next_turn(struct round *round, int64_t used, enum turn_queue *queue)
{
	struct turns *turns = &round->connections->shared->turns;
	struct connection *conn = NULL;

	if (turns->again > 0)
		conn = turns_next(turns, TURNS_AGAIN_ONLY, queue);
	return conn ? conn : turns_next(turns, choose(round, used), queue);
}

bool round_work(struct round *round)
{
	struct turns *turns = &round->connections->shared->turns;
	int64_t began, now;

	round->blocked = round->has_responses = round->ends = false;
	if (turns->waiting == 0)
		return true;
	began = now = turns->now_us = clock_mono_us();
	while (now - began < ROUND_SHORT_US && !round->ends) {
		enum turn_queue queue;
		struct connection *conn = next_turn(round, now - began, &queue);

		if (!conn) {
			round->blocked = now == began && !round->ready && !round->held;
			return true;
		}
		if (!take_turn(round, conn, queue, &now))
			return false;
	}
	return true;
}

/* ---- send ---- */

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
		if (!conn->writing)
			conn->progress_ms = round->connections->shared->now_ms;
		connections_set_writing(round->connections, conn, true);
		connection_count_held(conn, round->connections->shared, true);
		break;
	case CONNECTION_BROKEN:
	default:
		break;
	}
}

void round_send(struct round *round)
{
	struct connections *connections = round->connections;
	struct connection *conn = round->ready;

	round->ready = NULL;
	while (conn) {
		struct connection *next = conn->next_ready;

		if (!conn->closing)
			send_one(round, conn);
		if (conn->closing)
			connections_drop(connections, conn);
		conn = next;
	}
	round_flush_undone(round);
	atomic_store(&round->counters->waiting, connections->writing);
	atomic_store(&round->counters->connections, connections->count);
	parking_wake(connections->shared);
	streams_work(connections);
	atomic_fetch_add(&round->counters->served, connections->shared->streams.completed);
	connections->shared->streams.completed = 0;
	atomic_store(&round->counters->streams, connections->shared->streams.all);
	atomic_store(&round->counters->queued, connections->shared->turns.waiting);
	atomic_store(&round->counters->parked, connections->shared->parked.count);
	atomic_store(&round->counters->undone, connections->shared->app.undone);
}

/* ---- slow readers ---- */

static void sweep_one(struct round *round, struct connection *conn)
{
	struct connection_shared *shared = round->connections->shared;
	int64_t idle = shared->now_ms - conn->progress_ms;
	bool ends = conn->stream && conn->stream->ends;

	if (idle >= (ends ? STREAM_END_MS : shared->bounds.reader_ms)) {
		atomic_fetch_add(&round->counters->dropped, 1);
		connections_drop(round->connections, conn);
	} else if (idle >= KEEP_ROWS_MS && conn->exchange) {
		connection_count_held(conn, shared, false);
	}
}

/* One that arrives too slowly would keep others from being read. */
static void sweep_large_body(struct round *round)
{
	const struct connection_shared *shared = round->connections->shared;
	struct connection *large = shared->turns.large;

	if (!large || shared->now_ms - large->receiving_ms < BODY_MS)
		return;
	atomic_fetch_add(&round->counters->dropped, 1);
	connections_drop(round->connections, large);
}

void round_sweep(struct round *round)
{
	struct connections *connections = round->connections;

	sweep_large_body(round);
	if (connections->writing == 0 || connections->shared->now_ms - round->swept_ms < SWEEP_MS)
		return;
	round->swept_ms = connections->shared->now_ms;
	for (struct connection *conn = connections->first, *next; conn; conn = next) {
		next = conn->next;
		if (conn->writing && conn->queue == TURN_NONE)
			sweep_one(round, conn);
	}
}
