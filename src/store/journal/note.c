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

/* Whether changes of the task have entries. Without a journal, the feed has a gap. */
static bool is_noted(struct store *store, const struct task *task)
{
	if (task->dialect >= INDEX_RESOURCE_DIALECTS)
		return false;
	if (store->journal_entries > 0)
		return true;
	if (atomic_load(&store->shared->journal_epoch) != 0)
		atomic_store(&store->shared->journal_epoch, 0);
	return false;
}

static struct str kind_of(const struct store *store, const struct task *task, char *scratch)
{
	const struct index_field *field = index_field_by_code(
		store->indexes, task->dialect, INDEX_BY_READY);

	return field ? field->kind(task, scratch) : STR_NULL;
}

/* Fills in what every entry has of its task, writes it, and sets the number. */
static int append(struct store *store, const struct task *task, struct journal_entry *entry)
{
	struct buf *bytes = &store->journal_entry;
	char scratch[TASK_KIND_MAX];
	struct index_key key;
	int rc;

	entry->id = task->id;
	entry->dialect = task->dialect;
	entry->task_number = task->number;
	entry->kind = kind_of(store, task, scratch);
	entry->to = task->state;
	entry->previous = task->journal;
	entry->status = task->status;
	buf_reset(bytes);
	if (!journal_encode(entry, bytes))
		return ENGINE_NO_MEMORY;
	rc = journal_take_numbers(
		store, task->tenant, 1 + (bytes->len - 1) / JOURNAL_NUMBER_BYTES, &entry->number);
	if (rc != 0)
		return rc;
	journal_key(&key, task->tenant, entry->number);
	return store_put(store, TABLE_JOURNAL, key_str(&key), buf_str(bytes), ENGINE_REPLACE);
}

int journal_note(
	struct store *store, const struct op *op, const struct task *old, struct task *task)
{
	struct journal_entry entry = { .event = event_of(op, old, task),
		.from = old ? old->state : TASK_STATE_NONE,
		.at = task->updated,
		.revision = task->revision,
		.actor = op->actor,
		.request = op->request,
		.log = op->kind == OP_CLAIM ? STR_NULL : op->report.log };
	int rc;

	if (entry.event == JOURNAL_NONE)
		return 0;
	metrics_note(store, entry.event, old, task);
	if (!is_noted(store, task))
		return 0;
	if (old && is_of_attempt(entry.event, old))
		set_attempt(&entry, old, task);
	if (entry.event == JOURNAL_FAILED || entry.event == JOURNAL_EXPIRED ||
		entry.event == JOURNAL_TIMED_OUT)
		entry.error = task->error;
	rc = append(store, task, &entry);
	if (rc == 0)
		task->journal = entry.number;
	return rc;
}

int journal_note_removal(struct store *store, const struct op *op, const struct task *task)
{
	struct journal_entry entry = { .event = JOURNAL_REMOVED,
		.from = task->state,
		.at = task_change_time(task, op->now),
		.revision = task->revision + 1,
		.actor = op->actor,
		.request = op->request };

	metrics_note(store, JOURNAL_REMOVED, task, task);
	return is_noted(store, task) ? append(store, task, &entry) : 0;
}

int journal_note_import(struct store *store, const struct task *old, struct task *task, int64_t now)
{
	struct journal_entry entry = { .event = JOURNAL_IMPORTED,
		.from = old ? old->state : TASK_STATE_NONE,
		.at = now,
		.revision = task->revision };
	int rc;

	metrics_note(store, JOURNAL_IMPORTED, old, task);
	task->journal = old ? old->journal : 0;
	if (!is_noted(store, task))
		return 0;
	rc = append(store, task, &entry);
	if (rc == 0)
		task->journal = entry.number;
	return rc;
}
