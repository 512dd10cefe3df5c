#include "store/engine.h"

#include <stdlib.h>

const struct engine_table_spec engine_tables[SHARED_ENGINE_TABLES] = {
	[TABLE_TASKS] = { .name = "tasks2", .serial = true, .scoped = true },
	[TABLE_NAMED_TASKS] = { .name = "named", .scoped = true },
	[TABLE_INDEX] = { .name = "index", .ordered = true, .counted = true, .scoped = true },
	[TABLE_META] = { .name = "meta" },
	[TABLE_IDEMPOTENCY] = { .name = "once", .ordered = true },
	[TABLE_USERS] = { .name = "users" },
	[TABLE_TOKENS] = { .name = "tokens" },
	[TABLE_SIGNING_KEYS] = { .name = "keys" },
	[TABLE_LOGINS] = { .name = "logins" },
	[TABLE_USAGE] = { .name = "usage", .ordered = true, .scoped = true },
	[TABLE_SNAPSHOT] = { .name = "snapshot", .ordered = true },
	[TABLE_JOURNAL] = { .name = "journal", .ordered = true, .scoped = true },
	[TABLE_WEBHOOKS] = { .name = "webhooks" },
	[TABLE_OUTBOX] = { .name = "outbox", .ordered = true },
	[TABLE_OLD_TASKS] = { .name = "tasks", .old = true },
	[TABLE_HOSTS] = { .name = "hosts", .ordered = true },
};

void engine_batch_reset(struct engine_batch *batch)
{
	buf_reset(&batch->bytes);
	batch->count = 0;
}

void engine_batch_free(struct engine_batch *batch)
{
	buf_free(&batch->bytes);
	free(batch->ends);
	*batch = (struct engine_batch){ 0 };
}

bool engine_batch_accept(struct engine_batch *batch, size_t len)
{
	if (batch->count == batch->capacity) {
		size_t capacity = batch->capacity ? 2 * batch->capacity : 128;
		size_t *ends = reallocarray(batch->ends, capacity, sizeof(*ends));

		if (!ends)
			return false;
		batch->ends = ends;
		batch->capacity = capacity;
	}
	batch->bytes.len += len;
	batch->ends[batch->count++] = batch->bytes.len;
	return true;
}
