#pragma once
/*
 * What is found quickly: each dialect names the fields that its lists filter or sort on, and the
 * store keeps one index entry a field and task (DESIGN §7). The order within one value is that of
 * the members `order`, then that of creation. A list sorted by a member leaves out tasks that do
 * not have it: a dialect that offers the order gives the member to all of its tasks, as null if
 * need be.
 */
#include "task/task.h"

enum index_source {
	INDEX_END = 0,
	INDEX_ALL,     /* every task: the value is empty */
	INDEX_STATE,   /* the canonical state's name */
	INDEX_STATUS,  /* the dialect's own word */
	INDEX_UPDATED, /* the time of the last write, 8 bytes big-endian */
	INDEX_NUMBER,  /* the task's number, 8 bytes big-endian; as a filter's value: in decimal */
	INDEX_FIELD,   /* the JSON text of the member called name; no entry when it is absent */
	INDEX_PAIR,    /* two other fields at once, for filters that come together; not asked for
			  itself */
};

struct index_field {
	uint8_t code; /* part of the keys on disk: from 1, never reused */
	enum index_source source;
	const char *name;		     /* the member for INDEX_FIELD, else what to call it */
	struct str (*normalize)(struct str); /* spellings that count as one, or NULL; pure */
	const char *const *order_by; /* INDEX_FIELD: further members, ends with NULL; or NULL */
	const struct index_field *pair[2]; /* INDEX_PAIR: of the same table, words or members */
	bool unindexed; /* no entries: can be asked for only where the rows are looked through */
};

/* The first rows of the table of every dialect of tasks, by which lists go over all dialects. */
enum index_common {
	INDEX_BY_CREATED = 1,
	INDEX_BY_STATE = 2,
	INDEX_BY_UPDATED = 3,
	INDEX_FIRST_OWN = 4
};
#define INDEX_COMMON_FIELDS                                                          \
	{ .code = INDEX_BY_CREATED, .source = INDEX_ALL, .name = "created" },        \
		{ .code = INDEX_BY_STATE, .source = INDEX_STATE, .name = "state" },  \
	{                                                                            \
		.code = INDEX_BY_UPDATED, .source = INDEX_UPDATED, .name = "updated" \
	}

/* Codes from here on are records that are no tasks themselves, but what tasks are about. */
#define INDEX_RESOURCE_DIALECTS 128

struct index_table {
	uint8_t dialect;
	const struct index_field *fields; /* ends with INDEX_END; NULL ends the array of tables */
};
