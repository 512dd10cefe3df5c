#include "store/emptying.h"

struct mark {
	struct str key;
	bool on;
};

static int step_set(struct store *store, void *data, struct err *err)
{
	const struct mark *mark = data;
	int rc;

	(void)err;
	if (mark->on)
		return store_put(store, TABLE_META, mark->key, STR("empty"), ENGINE_REPLACE);
	rc = store_del(store, TABLE_META, mark->key);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool set_mark(struct store *store, const char *key, bool on, struct err *err)
{
	struct mark mark = { str_cstr(key), on };

	return step_run_write(store, STR(""), step_set, &mark, err) && store_flush(store, err);
}

static int step_read(struct store *store, void *data, struct err *err)
{
	struct mark *mark = data;
	struct buf value = BUF_INIT;
	int rc = store_get(store, TABLE_META, mark->key, false, &value);

	(void)err;
	mark->on = rc == 0;
	buf_free(&value);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

bool emptying_mark(struct store *store, const struct emptying *emptying, struct err *err)
{
	return set_mark(store, emptying->key, true, err);
}

bool emptying_is_marked(
	struct store *store, const struct emptying *emptying, bool *marked, struct err *err)
{
	struct mark mark = { .key = str_cstr(emptying->key) };

	if (!step_run(store, ENGINE_READ, step_read, &mark, err))
		return false;
	*marked = mark.on;
	return true;
}

bool emptying_run(struct store *store, const struct emptying *emptying, struct err *err)
{
	enum engine_status status = store->engine->ops->clear(store->engine, emptying->table);

	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	damage_forget(&store->shared->damages, emptying->table);
	return set_mark(store, emptying->key, false, err);
}
