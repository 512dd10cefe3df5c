#include "store/webhooks/webhooks.h"

struct incoming {
	struct webhook webhook; /* its record is not read: only tenant and id are set */
	struct str value;
	struct feed_place now;
	bool has_now; /* false without a journal */
	struct webhook_keys keys;
};

/* The rows of a removed webhook are removed by a chore, which would remove those of this one. */
static int check_not_removed(struct store *store, const struct id *id, struct err *err)
{
	struct buf record = BUF_INIT;
	struct index_key key;
	int rc;

	outbox_key(&key, OUTBOX_REMOVED, id);
	rc = store_get(store, TABLE_OUTBOX, key_str(&key), true, &record);
	buf_free(&record);
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	err_set(err, ERR_BUSY, NULL, "the webhook was removed a moment ago: import it in a minute");
	return STEP_FAILED;
}

static int insert(struct store *store, const struct incoming *row, const struct webhook *webhook,
	struct err *err)
{
	const struct outbox outbox = { .state.place = row->now };
	int rc = check_not_removed(store, &webhook->id, err);

	if (rc == 0 && !webhook_check_count(&row->keys, err))
		return STEP_FAILED;
	if (rc == 0)
		rc = retry_if_exists(webhook_put(store, webhook, ENGINE_INSERT));
	/* Without the row it begins when there is a journal (gather.c). */
	return rc == 0 && row->has_now ? outbox_put(store, &webhook->id, &outbox) : rc;
}

/* Enabled by the import: it begins with the events from now on, as one that a request enables. */
static int enable(
	struct store *store, const struct incoming *row, const struct id *id, struct err *err)
{
	struct outbox outbox;
	int rc;

	if (!row->has_now) {
		err_set(err, ERR_EVENTS_OFF, NULL, NULL);
		return STEP_FAILED;
	}
	rc = outbox_lock(store, id, &row->now, &outbox);
	outbox.state.place = row->now;
	outbox.state.missed = false;
	outbox.state.failing_since = OPTIONAL_TIME_NONE;
	return rc == 0 ? outbox_put(store, id, &outbox) : rc;
}

static int replace(struct store *store, const struct incoming *row, const struct webhook *before,
	struct webhook *webhook, struct err *err)
{
	bool equal;
	int rc;

	if (!webhook_is_equal(before, webhook, &equal))
		return ENGINE_NO_MEMORY;
	if (equal)
		return 0;
	/* Clients have ETags of the lower ones. */
	if (webhook->revision <= before->revision)
		webhook->revision = before->revision + 1;
	rc = webhook_put(store, webhook, ENGINE_REPLACE);
	return rc == 0 && webhook->enabled && !before->enabled
		       ? enable(store, row, &webhook->id, err)
		       : rc;
}

static int step_import(struct store *store, void *data, struct err *err)
{
	const struct incoming *row = data;
	struct webhook before, webhook = row->webhook;
	struct arena arena = { 0 };
	int rc = ENGINE_NO_MEMORY;

	if (!webhook_decode(&webhook, row->value, &arena))
		goto out;
	rc = webhook_get(store, webhook.tenant, &webhook.id, true, &arena, &before);
	if (rc == ENGINE_NOT_FOUND)
		rc = insert(store, row, &webhook, err);
	else if (rc == 0)
		rc = replace(store, row, &before, &webhook, err);
out:
	arena_free(&arena);
	return rc;
}

static int step_read_keys(struct store *store, void *data, struct err *err)
{
	struct incoming *row = data;

	(void)err;
	return webhook_read_keys(store, row->webhook.tenant, &row->keys);
}

bool webhook_import(struct store *store, struct str key, struct str value, struct err *err)
{
	struct incoming row = { .value = value };
	bool ok;

	if (!webhook_parse_key(key, &row.webhook.tenant, &row.webhook.id))
		return err_set(err, ERR_INVALID, NULL, "the row is malformed");
	store_enter(store);
	row.has_now = webhook_find_now(store, row.webhook.tenant, &row.now, err);
	ok = (row.has_now || err->code == ERR_EVENTS_OFF) &&
	     step_run(store, ENGINE_VIEW, step_read_keys, &row, err) &&
	     step_run_write(store, row.webhook.tenant, step_import, &row, err);
	store_leave(store);
	if (ok)
		wake_raise_webhooks(store);
	buf_free(&row.keys.bytes);
	return ok;
}
