#include "base/clock.h"
#include "base/log.h"
#include "store/index/state.h"

#define AWAY_LOG_MS 5000

void store_enter(struct store *store)
{
	if (store->depth++ == 0)
		atomic_store(store->activity, STORE_IN_CALL);
}

void store_leave(struct store *store)
{
	if (--store->depth == 0)
		atomic_store(store->activity, STORE_IDLE);
}

static bool fail_lost(struct store *store, struct err *err)
{
	if (!store->lost) {
		store->lost = true;
		log_error("store-lost", "%s", store->engine->message);
	}
	return err_set(err, ERR_PANIC, NULL, NULL);
}

/* The server of a shared engine: every request would log it. */
static void note_away(struct store *store)
{
	int64_t now = clock_mono_ms();

	if (now < store->next_away_log)
		return;
	store->next_away_log = now + AWAY_LOG_MS;
	log_warn("store-away", "%s", store->engine->message);
}

bool store_fail(struct store *store, int status, struct err *err)
{
	static const enum err_code codes[] = {
		[ENGINE_NOT_FOUND] = ERR_NOT_FOUND,
		[ENGINE_EXISTS] = ERR_CONFLICT,
		[ENGINE_RETRY] = ERR_BUSY,
		[ENGINE_BUSY] = ERR_BUSY,
		[ENGINE_FULL] = ERR_DISK_FULL,
		[ENGINE_NO_MEMORY] = ERR_NO_MEMORY,
		[ENGINE_DAMAGED] = ERR_DAMAGED,
		[ENGINE_AWAY] = ERR_BUSY,
		[ENGINE_UNKNOWN] = ERR_UNKNOWN_OUTCOME,
	};

	if (status == ENGINE_LOST)
		return fail_lost(store, err);
	if (status == ENGINE_AWAY || status == ENGINE_UNKNOWN)
		note_away(store);
	if (status == ENGINE_FAILED)
		return err_set(err, ERR_INTERNAL, NULL, "%s", store->engine->message);
	if (status == ENGINE_DAMAGED)
		atomic_store(&store->shared->health.damaged_pages,
			damage_count(&store->shared->damages));
	/* A damaged page of the index: index_replace_later() was called. */
	if (status == ENGINE_DAMAGED && store->damaged_index && !index_may_read(store, err))
		return false;
	return err_set(err, status == STEP_RETRY ? ERR_BUSY : codes[status], NULL, NULL);
}

bool store_may_write(const struct store *store, struct err *err)
{
	return !atomic_load(&store->shared->read_only) || err_set(err, ERR_DISK_FULL, NULL, NULL);
}
