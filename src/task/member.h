#pragma once
/*
 * The members of struct task, one row each: name, type and place. The record, the comparison, the
 * change, the export and the native API walk this table, so a new member is one row here and one
 * line in struct task (HACKING, "How to add a member of the task").
 *
 * The order of the rows is the order in the record on disk: fixed-size members, numbers, texts. New
 * rows go to the end of their group, with `since` of the new record version.
 *
 * The dialect's own fields (task.fields) are not members; callers handle them after the rows.
 */
#include <stddef.h>

#include "task/op.h"

enum member_type {
	/* fixed-size members */
	TYPE_ID,
	TYPE_DIALECT, /* uint8_t */
	TYPE_BOOL,
	TYPE_STATE, /* enum task_state */
	/* numbers */
	TYPE_INT32,
	TYPE_UINT32,
	TYPE_UINT64,
	TYPE_SERIAL, /* uint64_t, 0: none */
	TYPE_TIME,   /* int64_t, ms since 1970 */
	TYPE_OPTIONAL_TIME,
	TYPE_FAILURE, /* enum task_failure */
	/* texts: struct str */
	TYPE_TEXT,
	TYPE_TENANT,
	TYPE_JSON,   /* JSON text, empty: none */
	TYPE_POLICY, /* policy_put_json() */
	MEMBER_TYPES
};

enum member {
	MEMBER_ID,
	MEMBER_DIALECT,
	MEMBER_ARCHIVED,
	MEMBER_STATE,

	MEMBER_NUMBER,
	MEMBER_CREATED,
	MEMBER_UPDATED,
	MEMBER_STARTED,
	MEMBER_FINISHED,
	MEMBER_REVISION,
	MEMBER_PRIORITY,
	MEMBER_NOT_BEFORE,
	MEMBER_ATTEMPT,
	MEMBER_MAX_ATTEMPTS,
	MEMBER_LEASE_TOKEN,
	MEMBER_LEASE_EXPIRES,
	MEMBER_LEASE_LENGTH,
	MEMBER_LEASE_UNCONFIRMED,
	MEMBER_READY_AFTER,
	MEMBER_JOURNAL,
	MEMBER_START_BY,
	MEMBER_START_MS,
	MEMBER_ATTEMPT_BY,
	MEMBER_END_BY,
	MEMBER_RETRIED,
	MEMBER_ATTEMPTS_BEFORE,
	MEMBER_FAILURE,
	MEMBER_ATTEMPTS_END,
	MEMBER_LEASE_EXPIRY_FAILS,
	MEMBER_IS_BULK,

	MEMBER_TENANT,
	MEMBER_STATUS,
	MEMBER_CREATED_BY,
	MEMBER_UPDATED_BY,
	MEMBER_ERROR,
	MEMBER_PROGRESS,
	MEMBER_LEASE_HOLDER,
	MEMBER_KIND,
	MEMBER_RESULT,
	MEMBER_POLICY,
	MEMBER_TRACE_PARENT,
	MEMBER_TRACE_STATE,

	MEMBERS,
	MEMBER_FIRST_NUMBER = MEMBER_NUMBER,
	MEMBER_FIRST_TEXT = MEMBER_TENANT,
};

struct member_row {
	const char *name; /* in exports */
	enum member_type type;
	size_t offset, size; /* within struct task */
	bool required;	     /* in exports */
	bool local;	     /* means nothing in another store: neither exported nor compared */
	uint8_t since;	     /* the first record version that has it */
	/*
	 * How an operation changes it: a bit of change.set and the offset in struct change. A row
	 * without a bit is set by the service or, like state and status, has a rule of its own.
	 */
	enum change_member change;
	size_t change_offset;
};

extern const struct member_row task_members[MEMBERS];

static inline void *member_at(struct task *task, const struct member_row *row)
{
	return (char *)task + row->offset;
}

static inline const void *member_of(const struct task *task, const struct member_row *row)
{
	return (const char *)task + row->offset;
}

/*
 * Sets what the change names: state, status, members, fields. ERR_UNPROCESSABLE when the task would
 * have more than TASK_FIELDS_MAX fields; the task is then partly changed. Texts are borrowed from
 * the change.
 */
bool task_apply_change(
	struct task *task, const struct change *change, int64_t now_ms, struct err *err);
/* Whether the tasks agree in every member and in their fields. */
bool task_identical(const struct task *a, const struct task *b);
/*
 * Whether the tasks agree in everything that a change can set. Times, revision, users, attempt and
 * lease do not count: they follow from writing.
 */
bool task_equal(const struct task *a, const struct task *b);
