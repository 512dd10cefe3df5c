/* Which ready task has waited longest: the index has only their creation, the records the rest. */
#include "store/index/state.h"
#include "store/stats/stats.h"

static int64_t read_time(const uint8_t bytes[8])
{
	uint64_t ms = 0;

	for (int i = 0; i < 8; i++)
		ms = ms << 8 | bytes[i];
	return (int64_t)ms;
}

/* Since when workers could claim it, or its last change if that is not known. */
static int64_t ready_since(const struct task *task)
{
	if (optional_time_is_set(task->start_by))
		return optional_time_ms(task->start_by) - (int64_t)task->start_ms;
	return task->updated;
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
		since = ready_since(&task);
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
		created = read_time(key.bytes + pair_len);
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
