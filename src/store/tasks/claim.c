#include "store/tasks/claim.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/index/state.h"
#include "store/tasks/ready.h"
#include "store/workers/workers.h"
#include "task/timeout.h"

/* A claim ends when its tasks have so many bytes: the response is made in one turn. */
#define CLAIM_BYTES ((size_t)1024 * 1024)

static int add_claimed(struct result *result, struct str record)
{
	struct claimed *claimed = reallocarray(
		result->claimed, result->claimed_count + 1, sizeof(*claimed));

	if (!claimed)
		return ENGINE_NO_MEMORY;
	result->claimed = claimed;
	claimed = &claimed[result->claimed_count];
	claimed->start = result->claimed_records.len;
	buf_put_str(&result->claimed_records, record);
	claimed->end = result->claimed_records.len;
	if (!buf_ok(&result->claimed_records))
		return ENGINE_NO_MEMORY;
	result->claimed_count++;
	return 0;
}

/*
 * Whether the entry of a task is passed over: one that it does not have any more, or should not
 * have, which verify reports; or that of one that cannot be read, which the log has. It must not
 * keep all others from workers.
 */
static bool is_passed_over(const struct store *store, int rc, const struct task *task,
	const struct index_key *entry, const struct err *err)
{
	return rc == ENGINE_NOT_FOUND || rc == ENGINE_DAMAGED ||
	       (rc == STEP_FAILED && err->code == ERR_INTERNAL) ||
	       (rc == 0 && !ready_has_entry(store, task, entry));
}

static const struct index_field *ready_field(const struct store *store, const struct task *task)
{
	return index_field_by_code(store->indexes, task->dialect, INDEX_BY_READY);
}

/* The length of the lease is that of the first topic that the task matches. */
static void set_lease(const struct store *store, const struct task *task, struct op_claim *claim)
{
	const struct index_field *field = ready_field(store, task);
	char scratch[TASK_KIND_MAX];
	struct str kind = STR_NULL;
	size_t i = 0;

	if (claim->topic_count == 0)
		return;
	if (field)
		kind = field->kind(task, scratch);
	while (i < claim->topic_count &&
		(claim->topics[i].dialect != task->dialect ||
			(claim->topics[i].kind.ptr && !str_eq(claim->topics[i].kind, kind))))
		i++;
	if (i == claim->topic_count)
		return;
	claim->lease_ms = claim->topics[i].lease_ms;
	if (claim->confirm_ms > claim->lease_ms)
		claim->confirm_ms = claim->lease_ms;
}

static int take(struct store *store, const struct op *op, const struct index_key *entry,
	struct result *result, struct err *err)
{
	struct op_claim claim = *op->claim;
	struct id id = ready_id(entry);
	struct buf record = BUF_INIT;
	struct task task, old;
	int rc = change_load(store, op, &id, &task, err);

	if (is_passed_over(store, rc, &task, entry, err))
		return 0;
	if (rc != 0)
		return rc;
	/* The keeper has not ended it yet: the lease would be over at once. */
	if (timeout_passed(&task, op->now) != TIMEOUT_NONE)
		return 0;
	old = task;
	set_lease(store, &task, &claim);
	work_claim(&claim, &task, op->now, store_random(store));
	if (!change_apply(op, &old, &task, err))
		return STEP_FAILED;
	rc = change_save(store, op, &old, &task, &record, err);
	if (rc == 0)
		rc = add_claimed(result, buf_str(&record));
	if (rc == 0)
		rc = follow_run(store, op, &old, &task, err);
	buf_free(&record);
	return rc;
}

/* The dialect and kind of a task. The kind is in scratch. */
static bool claim_as_before(const struct store *store, const struct task *task, struct str *kind,
	char scratch[TASK_KIND_MAX], struct op_claim *claim)
{
	const struct index_field *field = ready_field(store, task);

	if (!field)
		return false;
	*kind = field->kind(task, scratch);
	claim->dialects = &task->dialect;
	claim->dialect_count = 1;
	claim->kinds = kind;
	claim->kind_count = 1;
	return true;
}

static void complete_claim(const struct task *before, struct op_claim *claim)
{
	if (claim->worker.len == 0)
		claim->worker = before->lease.holder;
	if (claim->lease_ms == 0)
		claim->lease_ms = before->lease.length_ms;
	if (claim->lease_ms > 0 && claim->confirm_ms > claim->lease_ms)
		claim->confirm_ms = claim->lease_ms;
}

static bool is_enough(const struct op *op, const struct result *result)
{
	return result->claimed_count >= op->claim->max ||
	       result->claimed_records.len >= CLAIM_BYTES ||
	       (result->claimed_count > 0 && op->claim_until_us > 0 &&
		       clock_mono_us() >= op->claim_until_us);
}

static int take_ready(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	const struct op_claim *claim = op->claim;
	struct ready ready = { 0 };
	bool found = true;
	int rc = ready_begin(&ready, store, op->tenant, claim, claim->max);

	while (rc == 0 && found && !is_enough(op, result)) {
		struct index_key entry;

		rc = ready_next(&ready, &entry, &found);
		if (rc == 0 && found)
			rc = take(store, op, &entry, result, err);
	}
	ready_free(&ready);
	return rc;
}

int claim_tasks(struct store *store, const struct op *op, const struct task *before,
	const struct index_key *first, struct result *result, struct err *err)
{
	struct op_claim claim = *op->claim;
	struct op each = { .kind = OP_CLAIM,
		.arena = op->arena,
		.tenant = op->tenant,
		.actor = op->actor,
		.request = op->request,
		.now = op->now,
		.tz = op->tz,
		.before_write = op->before_write,
		.follow = op->follow,
		.claim = &claim,
		.claim_until_us = op->claim_until_us };
	char scratch[TASK_KIND_MAX];
	struct str kind;
	int rc = 0;

	result->claimed_count = 0;
	buf_reset(&result->claimed_records);
	if (op->claim_change)
		each.change = *op->claim_change;
	if (claim.as_before && !(before && claim_as_before(store, before, &kind, scratch, &claim)))
		return 0;
	if (before)
		complete_claim(before, &claim);
	if (drain_has(store, op->tenant, claim.worker))
		return 0;
	/* With more tasks to take, the ranges of their kinds have to be read in any case. */
	if (first && claim.max == 1)
		rc = take(store, &each, first, result, err);
	return rc == 0 && !is_enough(&each, result) ? take_ready(store, &each, result, err) : rc;
}

void claim_expect_first(struct store *store, const struct op *op, const struct index_key *first)
{
	struct id id = ready_id(first);

	row_expect(store, op->tenant, &id);
}

/* ---- without locks ---- */

struct probe {
	const struct op *op;
	struct index_key *entry;
	bool found;
};

static int step_probe(struct store *store, void *data, struct err *err)
{
	struct probe *probe = data;
	struct ready ready = { 0 };
	int rc = ready_begin(&ready, store, probe->op->tenant, probe->op->claim, 1);

	(void)err;
	if (rc == 0)
		rc = ready_next(&ready, probe->entry, &probe->found);
	ready_free(&ready);
	return rc;
}

bool claim_find(struct store *store, const struct op *op, struct index_key *entry, bool *found,
	struct err *err)
{
	struct probe probe = { .op = op, .entry = entry };

	if (!index_may_read(store, err) || !step_run(store, ENGINE_READ, step_probe, &probe, err))
		return false;
	*found = probe.found;
	return true;
}

bool claim_decode(const struct op *op, struct result *result, struct err *err)
{
	for (size_t i = 0; i < result->claimed_count; i++) {
		struct claimed *claimed = &result->claimed[i];
		const struct str record = { result->claimed_records.data + claimed->start,
			claimed->end - claimed->start };
		struct index_key key;

		if (record_decode(&claimed->task, record))
			continue;
		index_primary_key(&key, op->tenant, &op->id);
		return row_unreadable(key_str(&key), err);
	}
	return true;
}
