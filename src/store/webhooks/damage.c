#include "base/log.h"
#include "store/emptying.h"
#include "store/webhooks/webhooks.h"

static const struct emptying emptying = {
	.table = TABLE_OUTBOX,
	.key = "outbox",
};

static bool empty(struct store *store, struct err *err)
{
	if (!emptying_run(store, &emptying, err))
		return false;
	log_error("outbox-emptied",
		"the outbox was damaged: undelivered events of webhooks are lost");
	return true;
}

bool outbox_mark_for_emptying(struct store *store, struct err *err)
{
	return emptying_mark(store, &emptying, err);
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
	if (!marked && !emptying_is_marked(store, &emptying, &marked, err))
		return false;
	if (marked && !empty(store, err))
		return false;
	atomic_store(&store->shared->empty_outbox, false);
	return hold_journal(store, err);
}
