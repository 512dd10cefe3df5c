#include "base/clock.h"
#include "store/internal.h"

#define IDEMPOTENCY_EXPIRY_MS 600000

/* ---- chores of the store, besides those of its engine ---- */

static bool expire_keys(struct store *store, bool low_space, bool *more, struct err *err)
{
	uint64_t expired;

	(void)low_space, (void)more;
	return store_expire_idempotency(store, clock_wall_ms(), &expired, err);
}

static const struct {
	struct store_chore chore;
	bool (*run)(struct store *store, bool low_space, bool *more, struct err *err);
} own_chores[] = {
	{ { .name = "idempotency keys", .interval_ms = IDEMPOTENCY_EXPIRY_MS }, expire_keys },
};

#define OWN_CHORES (sizeof(own_chores) / sizeof(own_chores[0]))

/* ---- all chores: first those of the engine ---- */

static size_t count_engine_chores(const struct store *store)
{
	const struct engine_chore *chores = store->engine->ops->chores;
	size_t count = 0;

	while (chores[count].name)
		count++;
	return count;
}

bool store_chore(const struct store *store, size_t number, struct store_chore *chore)
{
	const struct engine_chore *chores = store->engine->ops->chores;
	size_t count = count_engine_chores(store);

	if (number >= count + OWN_CHORES)
		return false;
	if (number < count)
		*chore = (struct store_chore){ chores[number].name, chores[number].interval_ms,
			chores[number].duty_percent };
	else
		*chore = own_chores[number - count].chore;
	return true;
}

bool store_run_chore(
	struct store *store, size_t number, bool low_space, bool *more, struct err *err)
{
	size_t count = count_engine_chores(store);
	enum engine_status status;

	*more = false;
	if (number >= count)
		return own_chores[number - count].run(store, low_space, more, err);
	store_enter(store);
	status = store->engine->ops->chores[number].run(store->engine, low_space, more);
	store_leave(store);
	return status == ENGINE_OK || store_fail(store, (int)status, err);
}
