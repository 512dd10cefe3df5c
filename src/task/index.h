#pragma once
/*
 * What is found quickly: each dialect names the fields that its lists filter or sort on, and the
 * store keeps one index entry a field and task (DESIGN §7). The table for dialect code 0 is that of
 * all tasks, whatever their dialect. The order within one value is that of creation.
 */
#include "task/task.h"

enum index_source {
	INDEX_END = 0,
	INDEX_ALL,     /* every task: the value is empty */
	INDEX_STATE,   /* the canonical state's name */
	INDEX_WORD,    /* the dialect's own word */
	INDEX_UPDATED, /* the time of the last write, 8 bytes big-endian */
	INDEX_FIELD,   /* the JSON text of the member called name; no entry when it is absent */
};

struct index_field {
	uint8_t code; /* part of the keys on disk: from 1, never reused */
	enum index_source source;
	const char *name;		/* the member for INDEX_FIELD, else what to call it */
	struct str (*fold)(struct str); /* spellings that count as one, or NULL; pure */
};

struct index_table {
	uint8_t dialect;
	const struct index_field *fields; /* ends with INDEX_END; NULL ends the array of tables */
};
