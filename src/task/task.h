#pragma once
/*
 * The one model of a task, whatever dialect it came in by. A struct task borrows all its text: from
 * the record it was read from (struct result, struct listing) or from the request that makes it,
 * and is never freed itself.
 */
#include "base/buf.h"
#include "base/id.h"
#include "base/str.h"

#define TASK_FIELDS_MAX 64

/* Canonical states. The numbers stand in records and index keys: never change one. */
enum task_state {
	TASK_STATE_NONE = 0,
	TASK_PENDING = 1,
	TASK_RUNNING = 2,
	TASK_SUCCEEDED = 3,
	TASK_FAILED = 4,
	TASK_CANCELLED = 5,
	TASK_STATES
};

/* A dialect's own member: the value is the JSON text that will be sent (DESIGN: "kept as JSON
 * text"). */
struct field {
	struct str name;
	struct str json;
};

struct lease {
	struct str holder;
	uint64_t token;	 /* 0: not leased */
	int64_t expires; /* ms */
};

struct task {
	/* identity and place */
	struct id id;
	uint64_t number; /* per tenant and dialect, for dialects whose ids are integers; else 0 */
	struct str tenant;
	uint8_t dialect; /* its code, see dialect.c */
	bool archived;

	/* state */
	enum task_state state;
	struct str status; /* the dialect's own word, as the client wrote it */

	/* time in ms since 1970, 0 when not yet */
	int64_t created, updated, started, finished;
	uint64_t revision; /* counts writes, from 1 or (op.client_named) its time; it is the ETag */

	/* who */
	struct str created_by, updated_by;

	/* work */
	int32_t priority;
	int64_t not_before;
	uint32_t attempt, max_attempts;
	struct lease lease;
	struct str error;    /* JSON text or empty */
	struct str progress; /* JSON text or empty */

	/* the dialect's members, in the order in which they came */
	struct field fields[TASK_FIELDS_MAX];
	size_t field_count;
};

const char *task_state_name(enum task_state state);
/* TASK_STATE_NONE for an unknown name. */
enum task_state task_state_parse(struct str name);
/* Whether the state is an end: succeeded, failed, cancelled. */
bool task_state_is_final(enum task_state state);

/* The JSON text of a member; ptr is NULL when the task does not have it. */
struct str task_field(const struct task *task, struct str name);
/* Sets or replaces; an empty json removes. False when there would be more than TASK_FIELDS_MAX. */
bool task_set_field(struct task *task, struct field field);
/* Writes the members as one JSON object, in their order. */
void task_put_fields(const struct task *task, struct buf *out);
/*
 * Moves to a state at a time: started is set when it first runs, finished when it ends and taken
 * back when it leaves an end. Any state may follow any: whether a dialect allows it is the
 * dialect's table.
 */
void task_set_state(struct task *task, enum task_state state, int64_t now_ms);
