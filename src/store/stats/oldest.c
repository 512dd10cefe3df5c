/* Which ready task has waited longest: the index has only their creation, the records the rest. */
#include "store/index/state.h"
#include "store/journal/journal.h"
#include "store/stats/stats.h"

/* Reads an entry of the task and goes on to the one before. False: there is none, or no time. */
static bool read_entry(struct oldest_search *search, const struct task *task, struct buf *bytes,
	uint64_t *number, struct journal_entry *entry)
{
	struct index_key key;

	if (*number == 0 || search->further == 0)
		return false;
	search->further--;
	search->steps++;
	journal_key(&key, search->tenant, *number);
	buf_reset(bytes);
	/* What cannot be read is found by the next call that needs it. */
	if (store_get(search->store, TABLE_JOURNAL, key_str(&key), false, bytes) != 0 ||
		!journal_decode(entry, buf_str(bytes)) ||
		memcmp(&entry->id, &task->id, sizeof(entry->id)) != 0)
		return false;
	*number = entry->previous < *number ? entry->previous : 0;
	return true;
}

/*
 * Since when workers could claim it. Clients may have changed it since, which the journal tells. If
 * it does not, the last change counts.
 */
static int64_t ready_since(struct oldest_search *search, const struct task *task)
{
	struct buf bytes = BUF_INIT;
	struct journal_entry entry;
	int64_t since = task->updated;
	uint64_t number = task->journal;

	if (optional_time_is_set(task->start_by))
		return optional_time_ms(task->start_by) - (int64_t)task->start_ms;
	while (since > task->created && read_entry(search, task, &bytes, &number, &entry)) {
		since = entry.at;
		if (entry.event != JOURNAL_CHANGED || entry.from != TASK_PENDING)
			break;
	}
	buf_free(&bytes);
	return since;
}

static bool is_older(int64_t ms, const struct oldest_search *search)
{
	return !optional_time_is_set(search->since) || ms < optional_time_ms(search->since);
}

/* A task that cannot be read counts from its creation; one that has gone meanwhile not at all. */
static int note_task(struct oldest_search *search, const struct index_key *key, int64_t created)
{
	struct buf record = BUF_INIT;
	struct task task;
	int64_t since = created;
	struct id id;
	int rc;

	memcpy(id.bytes, key->bytes + key->len - sizeof(id.bytes), sizeof(id.bytes));
	rc = row_get(search->store, search->tenant, &id, false, &record);
	if (rc == 0 && record_decode(&task, buf_str(&record)))
		since = ready_since(search, &task);
	if (rc == 0 && !buf_ok(&record))
		rc = ENGINE_NO_MEMORY;
	if ((rc == 0 || rc == ENGINE_DAMAGED) && is_older(since, search))
		search->since = optional_time(since);
	buf_free(&record);
	return rc == ENGINE_DAMAGED || rc == ENGINE_NOT_FOUND ? 0 : rc;
}

/* The smallest key behind it. */
static bool step_over(struct index_key *key)
{
	if (key->len == sizeof(key->bytes))
		return false;
	key->bytes[key->len++] = 0;
	return true;
}

int oldest_search_pair(struct oldest_search *search, const struct index_key *first, size_t pair_len)
{
	struct index_key key = *first, from, end = *first;
	bool found = true;
	int rc = 0;

	end.len = pair_len;
	if (!index_prefix_end(&end))
		return 0;
	for (unsigned i = 0; rc == 0 && found && i < OLDEST_PAIR_MAX; i++) {
		int64_t created;

		if (key.len != pair_len + 8 + sizeof(struct id))
			return ENGINE_DAMAGED;
		created = index_read_time((const char *)key.bytes + pair_len);
		/* No task was ready before it was created, and those that follow are younger. */
		if (!is_older(created, search) || (i > 0 && search->further == 0))
			break;
		search->further -= i > 0;
		search->steps += 2;
		rc = note_task(search, &key, created);
		from = key;
		if (rc != 0 || !step_over(&from))
			break;
		rc = index_first_key(search->store, &from, &end, &key, &found);
	}
	return rc;
}
