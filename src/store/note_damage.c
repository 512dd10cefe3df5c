#include <inttypes.h>

#include "base/log.h"
#include "store/internal.h"

void row_note_damaged(struct store *store, enum engine_table table, struct str key)
{
	struct str tenant = { key.ptr, strnlen(key.ptr, key.len) };
	char id_text[ID_TEXT_LEN + 1], task[DAMAGE_TASK_SIZE];
	uint32_t page = store->engine->damaged_page;
	struct id id;

	if ((table != TABLE_TASKS && table != TABLE_NAMED_TASKS) ||
		key.len != tenant.len + 1 + sizeof(id.bytes))
		return;
	memcpy(id.bytes, key.ptr + tenant.len + 1, sizeof(id.bytes));
	id_format(&id, id_text);
	snprintf(task, sizeof(task), "task %s of tenant %.*s", id_text, STR_ARGS(tenant));
	if (damage_name(&store->shared->damages, table, page, task))
		log_error("task-damaged", "page %" PRIu32 " of %s.db is needed for %s", page,
			engine_tables[table].name, task);
}

void journal_empty_later(struct store *store)
{
	atomic_store(&store->shared->empty_journal, true);
}

void outbox_empty_later(struct store *store)
{
	atomic_store(&store->shared->empty_outbox, true);
}

void usage_remake_later(struct store *store)
{
	atomic_store(&store->shared->remake_usage, true);
}
