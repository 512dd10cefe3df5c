#include "serve/turns.h"

#include <stdlib.h>

#include "serve/connection.h"

void turns_init(struct turns *turns)
{
	share_ring_init(&turns->ring);
}

void turns_free(struct turns *turns)
{
	free(turns->spare);
	free(turns->spare_tenant);
	turns->spare = NULL;
	turns->spare_tenant = NULL;
}

/* ---- tenants ---- */

static int64_t credit_at(const struct turns_debt *debt, int64_t now)
{
	return debt->credit_us + (now - debt->refilled_us) / SHARE_REFILL;
}

/* The place of the key or, if it has none, the one with the most credit. */
static struct turns_debt *debt_of(struct turns *turns, uint64_t key)
{
	struct turns_debt *set = turns->debts[key % TURNS_DEBT_SETS], *best = set;

	for (size_t i = 0; i < TURNS_DEBT_WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (credit_at(&set[i], turns->now_us) > credit_at(best, turns->now_us))
			best = &set[i];
	}
	return best;
}

static void keep_debt(struct turns *turns, const struct turns_tenant *tenant)
{
	struct turns_debt *debt = debt_of(turns, tenant->key);
	struct turns_debt own = { tenant->key, tenant->share.credit_us, tenant->share.refilled_us };

	if (debt->key == own.key || credit_at(&own, turns->now_us) < credit_at(debt, turns->now_us))
		*debt = own;
}

static struct turns_tenant *tenant_new(struct turns *turns, uint64_t key, bool is_client)
{
	struct turns_tenant *tenant = turns->spare_tenant;
	const struct turns_debt *debt = debt_of(turns, key);

	turns->spare_tenant = NULL;
	if (!tenant)
		tenant = malloc(sizeof(*tenant));
	if (!tenant)
		return NULL;
	*tenant = (struct turns_tenant){ .key = key, .is_client = is_client };
	share_init(&tenant->share, tenant, turns->now_us);
	if (debt->key == key) {
		tenant->share.credit_us = debt->credit_us;
		tenant->share.refilled_us = debt->refilled_us;
	}
	share_ring_init(&tenant->ring);
	LIST_INSERT_HEAD(&turns->tenants[key % TURNS_TENANT_BUCKETS], tenant, bucket);
	return tenant;
}

static struct turns_tenant *enter_tenant(struct turns *turns, uint64_t key, bool is_client)
{
	struct turns_tenant *tenant = LIST_FIRST(&turns->tenants[key % TURNS_TENANT_BUCKETS]);

	while (tenant && tenant->key != key)
		tenant = LIST_NEXT(tenant, bucket);
	if (!tenant)
		tenant = tenant_new(turns, key, is_client);
	if (tenant)
		tenant->accounts++;
	return tenant;
}

static void leave_tenant(struct turns *turns, struct turns_tenant *tenant)
{
	if (--tenant->accounts > 0)
		return;
	keep_debt(turns, tenant);
	LIST_REMOVE(tenant, bucket);
	free(turns->spare_tenant);
	turns->spare_tenant = tenant;
}

/* ---- accounts ---- */

static struct account *account_new(struct turns *turns, uint64_t key, uint64_t tenant_key)
{
	struct account *account = turns->spare;
	struct turns_tenant *tenant = enter_tenant(
		turns, tenant_key ? tenant_key : key, tenant_key == 0);

	turns->spare = NULL;
	if (!account && tenant)
		account = malloc(sizeof(*account));
	if (!account || !tenant) {
		if (tenant)
			leave_tenant(turns, tenant);
		free(account);
		return NULL;
	}
	*account = (struct account){ .key = key, .tenant = tenant };
	share_init(&account->share, account, turns->now_us);
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

struct account *turns_enter(struct turns *turns, uint64_t key, uint64_t tenant)
{
	struct account *account = find_account(turns, key);

	if (!account)
		account = account_new(turns, key, tenant);
	if (account)
		account->requests++;
	return account;
}

void turns_leave(struct turns *turns, struct account *account)
{
	if (--account->requests > 0)
		return;
	leave_tenant(turns, account->tenant);
	LIST_REMOVE(account, bucket);
	free(turns->spare);
	turns->spare = account;
}

/* ---- turns ---- */

static void count_list(struct turns *turns, struct account *account, size_t change)
{
	account->lists += change;
	turns->lists += change;
}

void turns_wait(struct turns *turns, struct connection *conn, enum turn_queue queue)
{
	struct account *account = conn->account;

	conn->queue = queue;
	if (queue == TURN_LARGE || queue == TURN_WHOLE)
		conn->large_since_us = turns->now_us;
	TAILQ_INSERT_TAIL(&account->queues[queue], conn, turn);
	account->waiting++;
	turns->waiting++;
	turns->again += queue == TURN_AGAIN;
	if (queue == TURN_LIST)
		count_list(turns, account, 1);
	share_wait(&account->tenant->ring, &account->share, turns->now_us);
	share_wait(&turns->ring, &account->tenant->share, turns->now_us);
}

void turns_cancel(struct turns *turns, struct connection *conn)
{
	struct account *account = conn->account;

	if (conn->queue == TURN_NONE)
		return;
	TAILQ_REMOVE(&account->queues[conn->queue], conn, turn);
	account->waiting--;
	turns->waiting--;
	turns->again -= conn->queue == TURN_AGAIN;
	if (conn->queue == TURN_LIST)
		count_list(turns, account, (size_t)-1);
	conn->queue = TURN_NONE;
	if (account->waiting == 0)
		share_leave(&account->tenant->ring, &account->share);
	if (share_ring_is_empty(&account->tenant->ring))
		share_leave(&turns->ring, &account->tenant->share);
}

static bool may_take_large(
	const struct turns *turns, const struct account *account, enum turn_queue queue)
{
	const struct connection *first = TAILQ_FIRST(&account->queues[queue]);

	if (turns->large && queue == TURN_LARGE)
		return false;
	return !turns_are_contended(turns) || account->tenant->share.credit_us > 0 ||
	       (account->share.credit_us > 0 &&
		       turns->now_us - first->large_since_us >= TURNS_LARGE_WAIT_US);
}

static bool may_take(
	const struct turns *turns, const struct account *account, enum turn_queue queue)
{
	if (TAILQ_EMPTY(&account->queues[queue]))
		return false;
	if (queue == TURN_AGAIN)
		return turns->now_us >= turns->again_us;
	if (queue == TURN_NEW_LIST)
		return account->lists < TURNS_LISTS_PER_ACCOUNT && turns->lists < TURNS_LISTS;
	return (queue != TURN_LARGE && queue != TURN_WHOLE) ||
	       may_take_large(turns, account, queue);
}

#define ALL_QUEUES   ((1U << TURN_QUEUES) - 1 - (1U << TURN_NONE))
#define SHORT_QUEUES (1U << TURN_SHORT | 1U << TURN_AGAIN)

/* A bit for each queue. */
static const unsigned queues_of[] = {
	[TURNS_AGAIN_ONLY] = 1U << TURN_AGAIN,
	[TURNS_ANY] = ALL_QUEUES,
	[TURNS_NOT_WOKEN] = ALL_QUEUES & ~(1U << TURN_WOKEN),
	[TURNS_SHORT_OR_WOKEN] = SHORT_QUEUES | 1U << TURN_WOKEN,
	[TURNS_SHORT_ONLY] = SHORT_QUEUES,
	[TURNS_LIGHT_ONLY] = SHORT_QUEUES,
};

/* The queue after the one of the last turn that has a connection; TURN_NONE: none. */
static enum turn_queue next_queue(
	const struct turns *turns, const struct account *account, enum turns_choice choice)
{
	for (int i = 1; i <= TURN_QUEUES; i++) {
		enum turn_queue queue = (enum turn_queue)((account->last + i) % TURN_QUEUES);

		if ((queues_of[choice] & 1U << queue) && may_take(turns, account, queue))
			return queue;
	}
	return TURN_NONE;
}

static struct account *account_with_turn(
	const struct turns *turns, struct turns_tenant *tenant, enum turns_choice choice)
{
	const struct share *share;

	share_promote(&tenant->ring, turns->now_us);
	share = share_first(&tenant->ring);
	while (share && next_queue(turns, share->owner, choice) == TURN_NONE)
		share = share_next(&tenant->ring, share);
	return share ? share->owner : NULL;
}

/* A light tenant has a turn before one that is not. */
static void note_contention(struct turns *turns, const struct turns_tenant *tenant)
{
	if (tenant->share.light && !tenant->is_client && !TAILQ_EMPTY(&turns->ring.others))
		turns->contended_until_us = turns->now_us + TURNS_CONTENDED_US;
}

static void note_account(struct turns *turns, const struct account *account)
{
	if (turns->last_key != 0 && turns->last_key != account->key)
		turns->shared_until_us = turns->now_us + TURNS_SHARED_US;
	turns->last_key = account->key;
}

struct connection *turns_next(struct turns *turns, enum turns_choice choice, enum turn_queue *queue)
{
	struct account *account = NULL;
	struct connection *conn;
	struct share *share;

	share_promote(&turns->ring, turns->now_us);
	share = share_first(&turns->ring);
	for (; share && !account; share = share_next(&turns->ring, share)) {
		if (choice == TURNS_LIGHT_ONLY && !share->light)
			return NULL;
		share_refill(share, turns->now_us);
		account = account_with_turn(turns, share->owner, choice);
	}
	if (!account)
		return NULL;
	note_contention(turns, account->tenant);
	note_account(turns, account);
	*queue = account->last = next_queue(turns, account, choice);
	conn = TAILQ_FIRST(&account->queues[*queue]);
	turns_cancel(turns, conn);
	return conn;
}

void turns_spend(struct turns *turns, struct account *account, int64_t us)
{
	share_spend(&account->tenant->ring, &account->share, us, turns->now_us);
	share_spend(&turns->ring, &account->tenant->share, us, turns->now_us);
}

/* ---- responses that wait for their reader ---- */

bool turns_holds_share(
	const struct turns *turns, const struct account *account, size_t responses, size_t bytes)
{
	size_t shares = turns->holders + 1;

	return account->held * shares >= responses || account->held_bytes * shares > bytes;
}

static bool is_holder(const struct account *account)
{
	return account->held > 0 || account->held_bytes > 0;
}

void turns_hold(struct turns *turns, struct connection *conn, bool held, size_t bytes)
{
	struct account *account = conn->account;

	if (!account)
		return;
	turns->holders -= is_holder(account);
	account->held += (size_t)held - (size_t)conn->held;
	turns->held += (size_t)held - (size_t)conn->held;
	account->held_bytes += bytes - conn->held_bytes;
	turns->held_bytes += bytes - conn->held_bytes;
	turns->holders += is_holder(account);
	conn->held = held;
	conn->held_bytes = bytes;
}
