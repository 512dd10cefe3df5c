#pragma once
/*
 * The operations that every dialect compiles down to, and what they give. A decoder (http side)
 * fills a struct op from a request, store_apply carries it out in one transaction, an encoder
 * writes the answer from the struct result. An op borrows from its request and never outlives it.
 */
#include "base/buf.h"
#include "task/task.h"

enum op_kind {
	OP_NONE = 0,
	OP_READ, /* one task */
	OP_LIST, /* the tasks with one value of one indexed field, by creation */
	OP_CREATE,
	OP_UPDATE,  /* changes what op.change names, leaves the rest */
	OP_REMOVE,  /* the record goes for good */
	OP_ARCHIVE, /* leaves the normal lists, stays readable by id */
	OP_KINDS
};

/* What CREATE and UPDATE set. Zero members mean "leave". */
struct change {
	enum task_state state;
	struct str word;
	struct field fields[TASK_FIELDS_MAX]; /* an empty json removes the member */
	size_t field_count;
};

struct list_query {
	uint8_t field;	  /* struct index_field.code of the op's dialect */
	struct str value; /* as indexed, before folding */
	bool archived;	  /* the archived ones instead of the current ones */
	bool descending;
	bool count;	 /* result.total is wanted */
	uint64_t offset; /* rows to leave out */
	uint64_t limit;	 /* rows at most; 0: all of them, streamed */
};

struct op {
	enum op_kind kind;
	uint8_t dialect;   /* 0: any. Tasks of other dialects are not found */
	struct str tenant; /* filled in by app from the principal, like actor, now and fresh */
	struct str actor;
	int64_t now;	      /* ms */
	struct id fresh;      /* the id of what is created */
	struct id id;	      /* READ, UPDATE, REMOVE, ARCHIVE: which */
	uint64_t if_revision; /* 0: any; else ERR_PRECONDITION when the task has another */
	struct change change;
	struct list_query list;
};

struct listing;

/*
 * After READ, CREATE, UPDATE, REMOVE, ARCHIVE: the task as it is now (REMOVE: as it was). After
 * LIST: an open listing (store.h walks it). Zero-initialise; store_result_free frees.
 */
struct result {
	enum op_kind kind;
	struct task task;
	struct buf record; /* what task borrows from */
	bool written;	   /* something was committed: hold the answer until the log is on disk */
	uint64_t total;	   /* LIST with count: how many in all */
	struct listing *listing;
};

/* Adds a member to the change, or replaces it; false when there are more than TASK_FIELDS_MAX. */
bool change_set(struct change *change, struct str name, struct str json);
