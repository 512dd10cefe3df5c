#include "process/server_watch.h"

#include "base/clock.h"

void server_watch_note(struct store_health *health, bool answers)
{
	if (answers)
		atomic_store(&health->server_away_since, 0);
	else if (!health_server_is_away(health))
		atomic_store(&health->server_away_since, (uint64_t)clock_wall_ms());
}

bool server_watch_ask(struct store *store, struct store_health *health, struct err *err)
{
	const struct op op = { .kind = OP_READ, .now = clock_wall_ms() };
	struct result result = { 0 };
	bool answers = store_apply(store, &op, &result, err) || err->code == ERR_NOT_FOUND;

	store_result_free(&result);
	server_watch_note(health, answers);
	return answers || err->code != ERR_PANIC;
}
