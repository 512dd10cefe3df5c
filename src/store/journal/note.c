#include "store/journal/journal.h"
#include "task/member.h"

/* A lock of the task's own worker only extends its lease. */
static enum journal_event event_of_lock(const struct task *old, const struct task *task)
{
	if (old->lease.token != task->lease.token)
		return JOURNAL_CLAIMED;
	return task_equal(old, task) ? JOURNAL_NONE : JOURNAL_PROGRESS;
}

/* Of a task that nobody has: the name of its last worker alone has no entry. */
static enum journal_event event_of_unlock(const struct task *old, const struct task *task)
{
	if (task->attempt < old->attempt)
		return JOURNAL_RELEASED;
	return task_is_ready(task) && !task_is_ready(old) ? JOURNAL_READY : JOURNAL_NONE;
}

static enum journal_event event_of_report(
	const struct op *op, const struct task *old, const struct task *task)
{
	switch (op->report.kind) {
	case REPORT_HEARTBEAT:
		return op->report.log.len == 0 && task_equal(old, task) ? JOURNAL_NONE
									: JOURNAL_PROGRESS;
	case REPORT_COMPLETE:
		return JOURNAL_COMPLETED;
	case REPORT_FAIL:
		return JOURNAL_FAILED;
	case REPORT_RELEASE:
		return op->report.any_holder && old->state == TASK_PENDING
			       ? event_of_unlock(old, task)
			       : JOURNAL_RELEASED;
	case REPORT_RETRY:
		return JOURNAL_RETRIED;
	case REPORT_LOCK:
		return event_of_lock(old, task);
	case REPORT_RETRIES:
		return old->state == TASK_FAILED ? JOURNAL_RETRIED : JOURNAL_CHANGED;
	case REPORT_UNDO:
	case REPORT_DUE:
		if (op->report.kind == REPORT_DUE && timeout_passed(old, op->now) != TIMEOUT_NONE)
			return JOURNAL_TIMED_OUT;
		if (old->state == TASK_PENDING)
			return JOURNAL_READY;
		return task->attempt < old->attempt ? JOURNAL_UNDONE : JOURNAL_EXPIRED;
	case REPORT_NONE:
	default:
		return JOURNAL_CHANGED;
	}
}

static enum journal_event event_of(
	const struct op *op, const struct task *old, const struct task *task)
{
	if (!old)
		return JOURNAL_CREATED;
	if (op->kind == OP_CLAIM)
		return JOURNAL_CLAIMED;
	if (op->report.kind != REPORT_NONE)
		return event_of_report(op, old, task);
	return !old->archived && task->archived ? JOURNAL_ARCHIVED : JOURNAL_CHANGED;
}

/* A timeout ends the attempt of a worker, if there is one. */
static bool is_of_attempt(enum journal_event event, const struct task *old)
{
	if (event == JOURNAL_TIMED_OUT)
		return task_is_held(old);
	return event >= JOURNAL_CLAIMED && event <= JOURNAL_EXPIRED;
}

/* A report that takes a task up again begins its attempt: the task has the higher number. */
static void set_attempt(
	struct journal_entry *entry, const struct task *old, const struct task *task)
{
	entry->attempt = task->attempt > old->attempt ? task->attempt : old->attempt;
	entry->worker = task->lease.holder.len > 0 ? task->lease.holder : old->lease.holder;
}

int journal_note(
	struct store *store, const struct op *op, const struct task *old, struct task *task)
{
	struct journal_entry entry = { .id = task->id,
		.event = event_of(op, old, task),
		.from = old ? old->state : TASK_STATE_NONE,
		.to = task->state,
		.at = task->updated,
		.previous = task->journal,
		.revision = task->revision,
		.actor = op->actor,
		.request = op->request,
		.status = task->status,
		.log = op->kind == OP_CLAIM ? STR_NULL : op->report.log };
	struct buf *bytes = &store->journal_entry;
	struct index_key key;
	uint64_t number;
	int rc;

	if (entry.event == JOURNAL_NONE || store->journal_entries == 0 ||
		task->dialect >= INDEX_RESOURCE_DIALECTS)
		return 0;
	if (old && is_of_attempt(entry.event, old))
		set_attempt(&entry, old, task);
	if (entry.event == JOURNAL_FAILED || entry.event == JOURNAL_EXPIRED ||
		entry.event == JOURNAL_TIMED_OUT)
		entry.error = task->error;
	buf_reset(bytes);
	if (!journal_encode(&entry, bytes))
		return ENGINE_NO_MEMORY;
	number = atomic_fetch_add(
		&store->shared->journal_next, 1 + (bytes->len - 1) / JOURNAL_NUMBER_BYTES);
	journal_key(&key, task->tenant, number);
	rc = store_put(store, TABLE_JOURNAL, key_str(&key), buf_str(bytes), ENGINE_REPLACE);
	if (rc == 0)
		task->journal = number;
	return rc;
}
