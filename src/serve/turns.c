#include "serve/turns.h"

#include <stdlib.h>

#include "serve/connection.h"

void turns_init(struct turns *turns)
{
	TAILQ_INIT(&turns->fresh);
	TAILQ_INIT(&turns->rest);
}

void turns_free(struct turns *turns)
{
	free(turns->spare);
	turns->spare = NULL;
}

/* ---- accounts ---- */

static struct account *account_new(struct turns *turns, uint64_t key)
{
	struct account *account = turns->spare;

	turns->spare = NULL;
	if (!account)
		account = malloc(sizeof(*account));
	if (!account)
		return NULL;
	*account = (struct account){ .key = key, .credit_us = TURN_US };
	for (size_t i = 0; i < TURN_QUEUES; i++)
		TAILQ_INIT(&account->queues[i]);
	LIST_INSERT_HEAD(&turns->buckets[key % TURNS_BUCKETS], account, bucket);
	return account;
}

static struct account *find_account(struct turns *turns, uint64_t key)
{
	struct account *account = LIST_FIRST(&turns->buckets[key % TURNS_BUCKETS]);

	while (account && account->key != key)
		account = LIST_NEXT(account, bucket);
	return account;
}

struct account *turns_enter(struct turns *turns, uint64_t key)
{
	struct account *account = find_account(turns, key);

	if (!account)
		account = account_new(turns, key);
	if (account)
		account->requests++;
	return account;
}

void turns_leave(struct turns *turns, struct account *account)
{
	if (--account->requests > 0)
		return;
	LIST_REMOVE(account, bucket);
	free(turns->spare);
	turns->spare = account;
}

/* ---- the ring ---- */

static void enter_ring(struct turns *turns, struct account *account, bool fresh)
{
	account->in_ring = true;
	account->fresh = fresh;
	if (!fresh)
		account->credit_us = TURN_US;
	if (fresh)
		TAILQ_INSERT_TAIL(&turns->fresh, account, ring);
	else
		TAILQ_INSERT_TAIL(&turns->rest, account, ring);
}

static void leave_ring(struct turns *turns, struct account *account)
{
	account->in_ring = false;
	if (account->fresh)
		TAILQ_REMOVE(&turns->fresh, account, ring);
	else
		TAILQ_REMOVE(&turns->rest, account, ring);
}

static void count_list(struct turns *turns, struct account *account, size_t change)
{
	account->lists += change;
	turns->lists += change;
}

void turns_wait(struct turns *turns, struct connection *conn, enum turn_queue queue)
{
	struct account *account = conn->account;

	conn->queue = queue;
	TAILQ_INSERT_TAIL(&account->queues[queue], conn, turn);
	account->waiting++;
	turns->waiting++;
	if (queue == TURN_LIST)
		count_list(turns, account, 1);
	if (!account->in_ring)
		enter_ring(turns, account, account->credit_us > 0);
}

void turns_cancel(struct turns *turns, struct connection *conn)
{
	struct account *account = conn->account;

	if (conn->queue == TURN_NONE)
		return;
	TAILQ_REMOVE(&account->queues[conn->queue], conn, turn);
	account->waiting--;
	turns->waiting--;
	if (conn->queue == TURN_LIST)
		count_list(turns, account, (size_t)-1);
	conn->queue = TURN_NONE;
	if (account->waiting == 0)
		leave_ring(turns, account);
}

static bool may_take(
	const struct turns *turns, const struct account *account, enum turn_queue queue)
{
	return !TAILQ_EMPTY(&account->queues[queue]) &&
	       (queue != TURN_NEW_LIST ||
		       (account->lists < TURNS_LISTS_PER_ACCOUNT && turns->lists < TURNS_LISTS));
}

/* The queue after the one of the last turn that has a connection; TURN_NONE: none. */
static enum turn_queue next_queue(
	const struct turns *turns, const struct account *account, bool short_only)
{
	if (short_only)
		return TAILQ_EMPTY(&account->queues[TURN_SHORT]) ? TURN_NONE : TURN_SHORT;
	for (int i = 1; i <= TURN_QUEUES; i++) {
		enum turn_queue queue = (enum turn_queue)((account->last + i) % TURN_QUEUES);

		if (queue != TURN_NONE && may_take(turns, account, queue))
			return queue;
	}
	return TURN_NONE;
}

static struct account *first_with_turn(
	const struct turns *turns, struct account *account, bool short_only)
{
	while (account && next_queue(turns, account, short_only) == TURN_NONE)
		account = TAILQ_NEXT(account, ring);
	return account;
}

struct connection *turns_next(struct turns *turns, bool short_only, enum turn_queue *queue)
{
	struct account *account = first_with_turn(turns, TAILQ_FIRST(&turns->fresh), short_only);
	struct connection *conn;

	if (!account)
		account = first_with_turn(turns, TAILQ_FIRST(&turns->rest), short_only);
	if (!account)
		return NULL;
	*queue = account->last = next_queue(turns, account, short_only);
	conn = TAILQ_FIRST(&account->queues[*queue]);
	turns_cancel(turns, conn);
	return conn;
}

void turns_spend(struct turns *turns, struct account *account, int64_t us)
{
	account->credit_us -= us;
	if (account->credit_us > 0 || !account->in_ring)
		return;
	leave_ring(turns, account);
	enter_ring(turns, account, false);
}

/* ---- responses that wait for their reader ---- */

bool turns_holds_share(
	const struct turns *turns, const struct account *account, size_t responses, size_t bytes)
{
	size_t shares = turns->holders + 1;

	return account->held * shares >= responses || account->held_bytes * shares > bytes;
}

void turns_hold(struct turns *turns, struct connection *conn, bool held, size_t bytes)
{
	struct account *account = conn->account;

	if (!account)
		return;
	turns->holders -= account->held > 0;
	account->held += (size_t)held - (size_t)conn->held;
	turns->held += (size_t)held - (size_t)conn->held;
	account->held_bytes += bytes - conn->held_bytes;
	turns->held_bytes += bytes - conn->held_bytes;
	turns->holders += account->held > 0;
	conn->held = held;
	conn->held_bytes = bytes;
}
