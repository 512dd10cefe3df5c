#include "auth/credential_purge.h"

#include "auth/key.h"
#include "auth/token_change.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"

static bool purge_logins(
	struct store *store, struct store_auth_place *place, unsigned *removed, struct err *err)
{
	return token_purge(store, TOKEN_LOGIN_LABEL, clock_wall_ms() - TOKEN_LOGIN_RETENTION_MS,
		place, removed, err);
}

static bool purge_tokens(
	struct store *store, struct store_auth_place *place, unsigned *removed, struct err *err)
{
	return token_purge(
		store, NULL, clock_wall_ms() - CREDENTIAL_RETENTION_MS, place, removed, err);
}

static bool purge_keys(
	struct store *store, struct store_auth_place *place, unsigned *removed, struct err *err)
{
	return key_purge(store, clock_wall_ms() - CREDENTIAL_RETENTION_MS, place, removed, err);
}

static const struct {
	const char *name;
	bool (*run)(struct store *store, struct store_auth_place *place, unsigned *removed,
		struct err *err);
} tables[] = {
	{ "login tokens", purge_logins },
	{ "other tokens", purge_tokens },
	{ "keys", purge_keys },
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

bool credential_purge_run(
	struct store *store, struct credential_purge *purge, bool *more, struct err *err)
{
	size_t table = purge->table;
	unsigned removed;
	bool ok;

	*more = false;
	if (!store_clock_is_steady(store))
		return true;
	ok = tables[table].run(store, &purge->place, &removed, err);
	purge->removed += removed;
	*more = ok && (!purge->place.end || table + 1 < TABLES);
	if (!ok || !purge->place.end)
		return ok;
	if (purge->removed > 0)
		log_info("purge", "removed credentials that had ended (%s: %u)", tables[table].name,
			purge->removed);
	*purge = (struct credential_purge){ .table = (table + 1) % TABLES };
	return true;
}
