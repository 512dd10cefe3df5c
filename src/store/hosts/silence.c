#include <poll.h>

#include "base/clock.h"
#include "store/hosts/parts.h"

#define LOOK_MS 200

static bool add_row(struct str key, struct str value, void *data)
{
	struct store_hosts_rows *rows = data;
	uint64_t host, number;

	(void)value;
	rows->count++;
	if (hosts_parse_key(key, &host, &number))
		rows->sum += host * 31 + number;
	return true;
}

static int step_look(struct store *store, void *data, struct err *err)
{
	struct store_hosts_rows *rows = data;

	(void)err;
	*rows = (struct store_hosts_rows){ 0 };
	return (int)store->engine->ops->each(store->engine, TABLE_HOSTS, true, add_row, rows);
}

bool store_hosts_look(struct store *store, struct store_hosts_rows *rows, struct err *err)
{
	*rows = (struct store_hosts_rows){ 0 };
	return !store_is_shared(store) || step_call(store, ENGINE_READ, step_look, rows, err);
}

bool store_hosts_are_same(const struct store_hosts_rows *a, const struct store_hosts_rows *b)
{
	return a->count == b->count && a->sum == b->sum;
}

/* A host that was killed leaves its rows. */
bool store_hosts_await_silence(struct store *store, struct store_hosts_rows *rows, struct err *err)
{
	int64_t until = clock_mono_ms() + HOSTS_SILENT_MS;
	struct store_hosts_rows now;

	if (!store_hosts_look(store, rows, err))
		return false;
	while (rows->count > 0 && clock_mono_ms() < until) {
		poll(NULL, 0, LOOK_MS);
		if (!store_hosts_look(store, &now, err))
			return false;
		if (!store_hosts_are_same(rows, &now))
			return err_set(err, ERR_BUSY, NULL,
				"a host uses the store of the server: stop its service first");
	}
	return true;
}
