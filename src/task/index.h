#pragma once
/*
 * Indexed fields. Each dialect has a table of the fields that its lists filter or sort by, and the
 * store keeps one index entry per field and task. Entries of equal value are ordered by the members
 * of order_by, then by creation.
 *
 * A list sorted by a member omits tasks that do not have it: a dialect that offers such an order
 * must give the member to all of its tasks, as null if necessary.
 */
#include "task/task.h"

enum index_source {
	INDEX_END = 0,
	INDEX_ALL,     /* every task: the value is empty */
	INDEX_STATE,   /* name of the canonical state */
	INDEX_STATUS,  /* the dialect's status */
	INDEX_UPDATED, /* the time of the last write, 8 bytes big-endian */
	INDEX_NUMBER,  /* the task's number, 8 bytes big-endian; decimal as a filter's value */
	INDEX_FIELD,   /* JSON text of the member `name`; no entry if absent */
	INDEX_PAIR,  /* two other fields together, for their common filter; never named by a list */
	INDEX_READY, /* tasks that workers may claim: kind, then by descending priority */
	INDEX_DUE,   /* tasks that the store has to change by itself, of all tenants, by time */
	INDEX_KIND,  /* the task's kind; no entry without one, and first in a list sorted by it */
	INDEX_PRIORITY, /* 4 bytes, the lowest first; decimal as a filter's value */
	INDEX_WORK,	/* tasks that are not INDEX_READY: state, kind, worker, then by time */
	INDEX_FAILURE,	/* task_failure_name(); no entry without one */
};

#define INDEX_ORDER_BY_MAX 2

#define INDEX_SCRATCH_SIZE 64

struct index_field {
	uint8_t code; /* from 1, in keys on disk: never reuse one */
	enum index_source source;
	const char *name; /* of the member if INDEX_FIELD */
	/*
	 * Maps equal spellings to one: returns a part of value, a constant, or text in scratch.
	 * Pure. NULL: every spelling is a value of its own.
	 */
	struct str (*normalize)(struct str value, char scratch[INDEX_SCRATCH_SIZE]);
	/* INDEX_FIELD: at most INDEX_ORDER_BY_MAX members, ends with NULL; or NULL */
	const char *const *order_by;
	/*
	 * INDEX_FIELD: the value is that of this member of another task, on which the task depends
	 * (struct op_dependents); NULL: it refers to no task
	 */
	const char *refers_to;
	const struct index_field *pair[2]; /* INDEX_PAIR: of the same table, STATUS or FIELD */
	task_kind_function *kind;	   /* INDEX_READY, INDEX_KIND, INDEX_WORK */
	/*
	 * The entries of this field answer filters by INDEX_BY_KIND: returns the value that the
	 * tasks of the kind have, and no others, a text in scratch or the kind itself; STR_NULL for
	 * a kind whose tasks do not all have one value. Pure. Not together with order_by. NULL in
	 * all rows of a table: filters by kind are scanned.
	 */
	struct str (*kind_value)(struct str kind, char scratch[INDEX_SCRATCH_SIZE]);
	bool unindexed; /* no entries: usable only in a scan */
};

/* First rows of every dialect's table: lists over all dialects use them. */
enum index_common {
	INDEX_BY_CREATED = 1,
	INDEX_BY_STATE = 2,
	INDEX_BY_UPDATED = 3,
	INDEX_FIRST_OWN = 4,
	INDEX_BY_READY = 200,
	INDEX_BY_DUE = 201,
	INDEX_BY_KIND = 202,
	INDEX_BY_PRIORITY = 203,
	INDEX_BY_WORK = 204,
	INDEX_BY_FAILURE = 205
};
/*
 * kind_function: that of the dialect. Kind, priority and failure have no entries, because one entry
 * more costs a creation a tenth of its time: lists test the tasks.
 */
#define INDEX_COMMON_FIELDS(kind_function)                                                \
	{ .code = INDEX_BY_CREATED, .source = INDEX_ALL, .name = "created" },             \
		{ .code = INDEX_BY_STATE, .source = INDEX_STATE, .name = "state" },       \
		{ .code = INDEX_BY_UPDATED, .source = INDEX_UPDATED, .name = "updated" }, \
		{ .code = INDEX_BY_READY,                                                 \
			.source = INDEX_READY,                                            \
			.name = "ready",                                                  \
			.kind = (kind_function) },                                        \
		{ .code = INDEX_BY_DUE, .source = INDEX_DUE, .name = "due" },             \
		{ .code = INDEX_BY_KIND,                                                  \
			.source = INDEX_KIND,                                             \
			.name = "kind",                                                   \
			.kind = (kind_function),                                          \
			.unindexed = true },                                              \
		{ .code = INDEX_BY_PRIORITY,                                              \
			.source = INDEX_PRIORITY,                                         \
			.name = "priority",                                               \
			.unindexed = true },                                              \
		{ .code = INDEX_BY_WORK,                                                  \
			.source = INDEX_WORK,                                             \
			.name = "work",                                                   \
			.kind = (kind_function) },                                        \
	{                                                                                 \
		.code = INDEX_BY_FAILURE, .source = INDEX_FAILURE, .name = "failure",     \
		.unindexed = true                                                         \
	}
/* Their number: the place of the dialect's first own row. */
#define INDEX_COMMON_ROWS                                                    \
	(sizeof((const struct index_field[]){ INDEX_COMMON_FIELDS(NULL) }) / \
		sizeof(struct index_field))

/* Codes from here on are of resources: records that are not tasks but belong to them. */
#define INDEX_RESOURCE_DIALECTS 128

struct index_table {
	uint8_t dialect;
	const struct index_field *fields; /* ends with INDEX_END; NULL ends the array of tables */
};
