#include "base/log.h"
#include "store/webhooks/webhooks.h"

/* Row of the meta table: the outbox has to be emptied. */
#define MARK_KEY STR("outbox")

static int step_mark(struct store *store, void *data, struct err *err)
{
	const bool *on = data;
	int rc;

	(void)err;
	if (*on)
		return store_put(store, TABLE_META, MARK_KEY, STR("empty"), ENGINE_REPLACE);
	rc = store_del(store, TABLE_META, MARK_KEY);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool set_mark(struct store *store, bool on, struct err *err)
{
	return step_run(store, ENGINE_WRITE, step_mark, &on, err) && store_flush(store, err);
}

bool outbox_mark_for_emptying(struct store *store, struct err *err)
{
	return set_mark(store, true, err);
}

static int step_is_marked(struct store *store, void *data, struct err *err)
{
	bool *marked = data;
	struct buf value = BUF_INIT;
	int rc = store_get(store, TABLE_META, MARK_KEY, false, &value);

	(void)err;
	*marked = rc == 0;
	buf_free(&value);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static bool empty(struct store *store, struct err *err)
{
	enum engine_status status = store->engine->ops->clear(store->engine, TABLE_OUTBOX);

	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	damage_forget(&store->shared->damages, TABLE_OUTBOX);
	log_error("outbox-emptied",
		"the outbox was damaged: webhooks are not told of events that were not delivered yet");
	return set_mark(store, false, err);
}

static int step_count(struct store *store, void *data, struct err *err)
{
	(void)err;
	return webhook_read_keys(store, STR_NULL, data);
}

/* Until the places of the webhooks are known, the journal keeps its entries for them. */
static bool hold_journal(struct store *store, struct err *err)
{
	struct webhook_keys keys = { 0 };
	bool ok = step_run(store, ENGINE_VIEW, step_count, &keys, err);

	/* Damaged rows are met when they are read. */
	if (!ok && err->code == ERR_DAMAGED)
		ok = true;
	if (ok && keys.count > 0)
		atomic_store(&store->shared->journal_needed, 1);
	buf_free(&keys.bytes);
	return ok;
}

bool outbox_open(struct store *store, struct err *err)
{
	bool marked = atomic_load(&store->shared->empty_outbox);

	if (!store->alone)
		return true;
	if (!marked && !step_run(store, ENGINE_READ, step_is_marked, &marked, err))
		return false;
	if (marked && !empty(store, err))
		return false;
	atomic_store(&store->shared->empty_outbox, false);
	return hold_journal(store, err);
}
