#include "task/member.h"

#define AT(member) \
	.offset = offsetof(struct task, member), .size = sizeof(((struct task *)0)->member)
#define CHANGED_BY(bit, member) .change = (bit), .change_offset = offsetof(struct change, member)

const struct member_row task_members[MEMBERS] = {
	[MEMBER_ID] = { "id", TYPE_ID, AT(id), .required = true, .since = 1 },
	[MEMBER_DIALECT] = { "dialect", TYPE_DIALECT, AT(dialect), .required = true, .since = 1 },
	[MEMBER_ARCHIVED] = { "archived", TYPE_BOOL, AT(archived), .since = 1,
		CHANGED_BY(CHANGE_ARCHIVED, archived) },
	[MEMBER_STATE] = { "state", TYPE_STATE, AT(state), .required = true, .since = 1 },

	[MEMBER_NUMBER] = { "number", TYPE_SERIAL, AT(number), .since = 1 },
	[MEMBER_CREATED] = { "created", TYPE_TIME, AT(created), .required = true, .since = 1 },
	[MEMBER_UPDATED] = { "updated", TYPE_TIME, AT(updated), .since = 1 },
	[MEMBER_STARTED] = { "started", TYPE_OPTIONAL_TIME, AT(started), .since = 1 },
	[MEMBER_FINISHED] = { "finished", TYPE_OPTIONAL_TIME, AT(finished), .since = 1 },
	[MEMBER_REVISION] = { "revision", TYPE_UINT64, AT(revision), .since = 1 },
	[MEMBER_PRIORITY] = { "priority", TYPE_INT32, AT(priority), .since = 1,
		CHANGED_BY(CHANGE_PRIORITY, priority) },
	[MEMBER_NOT_BEFORE] = { "not_before", TYPE_OPTIONAL_TIME, AT(not_before), .since = 1,
		CHANGED_BY(CHANGE_NOT_BEFORE, not_before) },
	[MEMBER_ATTEMPT] = { "attempt", TYPE_UINT32, AT(attempt), .since = 1 },
	[MEMBER_MAX_ATTEMPTS] = { "max_attempts", TYPE_UINT32, AT(max_attempts), .since = 1,
		CHANGED_BY(CHANGE_MAX_ATTEMPTS, max_attempts) },
	[MEMBER_LEASE_TOKEN] = { "lease_token", TYPE_UINT64, AT(lease.token), .since = 1 },
	[MEMBER_LEASE_EXPIRES] = { "lease_expires", TYPE_OPTIONAL_TIME, AT(lease.expires),
		.since = 1 },

	[MEMBER_LEASE_LENGTH] = { "lease_ms", TYPE_UINT32, AT(lease.length_ms), .since = 3 },
	[MEMBER_LEASE_UNCONFIRMED] = { "lease_unconfirmed", TYPE_UINT32, AT(lease.unconfirmed),
		.since = 3 },
	[MEMBER_READY_AFTER] = { "ready_after", TYPE_OPTIONAL_TIME, AT(ready_after), .since = 3 },
	[MEMBER_JOURNAL] = { "journal", TYPE_SERIAL, AT(journal), .local = true, .since = 3 },
	[MEMBER_START_BY] = { "start_by", TYPE_OPTIONAL_TIME, AT(start_by), .since = 3 },
	[MEMBER_START_MS] = { "start_ms", TYPE_UINT64, AT(start_ms), .since = 3 },
	[MEMBER_ATTEMPT_BY] = { "attempt_by", TYPE_OPTIONAL_TIME, AT(attempt_by), .since = 3 },
	[MEMBER_END_BY] = { "end_by", TYPE_OPTIONAL_TIME, AT(end_by), .since = 3 },
	[MEMBER_RETRIED] = { "retried", TYPE_OPTIONAL_TIME, AT(retried), .since = 3 },
	[MEMBER_ATTEMPTS_BEFORE] = { "attempts_before", TYPE_UINT32, AT(attempts_before),
		.since = 3 },
	[MEMBER_FAILURE] = { "failure", TYPE_FAILURE, AT(failure), .since = 3 },
	[MEMBER_ATTEMPTS_END] = { "attempts_end", TYPE_UINT32, AT(attempts_end), .since = 4 },
	[MEMBER_LEASE_EXPIRY_FAILS] = { "lease_expiry_fails", TYPE_UINT32, AT(lease.expiry_fails),
		.since = 4 },
	[MEMBER_IS_BULK] = { "is_bulk", TYPE_UINT32, AT(is_bulk), .since = 6 },

	[MEMBER_TENANT] = { "tenant", TYPE_TENANT, AT(tenant), .required = true, .since = 1 },
	[MEMBER_STATUS] = { "status", TYPE_TEXT, AT(status), .since = 1 },
	[MEMBER_CREATED_BY] = { "created_by", TYPE_TEXT, AT(created_by), .since = 1 },
	[MEMBER_UPDATED_BY] = { "updated_by", TYPE_TEXT, AT(updated_by), .since = 1 },
	[MEMBER_ERROR] = { "error", TYPE_JSON, AT(error), .since = 1,
		CHANGED_BY(CHANGE_ERROR, error) },
	[MEMBER_PROGRESS] = { "progress", TYPE_JSON, AT(progress), .since = 1,
		CHANGED_BY(CHANGE_PROGRESS, progress) },
	[MEMBER_LEASE_HOLDER] = { "lease_holder", TYPE_TEXT, AT(lease.holder), .since = 1 },
	[MEMBER_KIND] = { "kind", TYPE_TEXT, AT(kind), .since = 3, CHANGED_BY(CHANGE_KIND, kind) },
	[MEMBER_RESULT] = { "result", TYPE_JSON, AT(result), .since = 3,
		CHANGED_BY(CHANGE_RESULT, result) },
	[MEMBER_POLICY] = { "policy", TYPE_POLICY, AT(policy), .since = 3,
		CHANGED_BY(CHANGE_POLICY, policy) },
	[MEMBER_TRACE_PARENT] = { "traceparent", TYPE_TEXT, AT(trace.parent), .since = 5 },
	[MEMBER_TRACE_STATE] = { "tracestate", TYPE_TEXT, AT(trace.state), .since = 5 },
};

bool task_apply_change(
	struct task *task, const struct change *change, int64_t now_ms, struct err *err)
{
	if (change->state != TASK_STATE_NONE)
		task_set_state(task, change->state, now_ms);
	if (change->status.len > 0)
		task->status = change->status;
	for (size_t i = 0; change->set && i < MEMBERS; i++) {
		const struct member_row *row = &task_members[i];

		if (change->set & row->change)
			memcpy(member_at(task, row), (const char *)change + row->change_offset,
				row->size);
	}
	for (size_t i = 0; i < change->field_count; i++) {
		if (!task_set_field(task, change->fields[i]))
			return err_set(err, ERR_UNPROCESSABLE, NULL,
				"A task may have at most %d members.", TASK_FIELDS_MAX);
	}
	return true;
}

static bool member_equal(const struct member_row *row, const struct task *a, const struct task *b)
{
	const void *x = member_of(a, row), *y = member_of(b, row);

	if (row->type < TYPE_TEXT)
		return memcmp(x, y, row->size) == 0;
	return str_eq(*(const struct str *)x, *(const struct str *)y);
}

static bool fields_equal(const struct task *a, const struct task *b)
{
	if (a->field_count != b->field_count)
		return false;
	for (size_t i = 0; i < a->field_count; i++) {
		if (!str_eq(a->fields[i].name, b->fields[i].name) ||
			!str_eq(a->fields[i].json, b->fields[i].json))
			return false;
	}
	return true;
}

bool task_identical(const struct task *a, const struct task *b)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		if (!task_members[i].local && !member_equal(&task_members[i], a, b))
			return false;
	}
	return fields_equal(a, b);
}

bool task_equal(const struct task *a, const struct task *b)
{
	if (a->state != b->state || !str_eq(a->status, b->status))
		return false;
	for (size_t i = 0; i < MEMBERS; i++) {
		const struct member_row *row = &task_members[i];

		if (row->change && !member_equal(row, a, b))
			return false;
	}
	return fields_equal(a, b);
}
