#pragma once
/*
 * The operations that every dialect compiles down to, and what they give. A decoder (http side)
 * fills a struct op from a request, store_apply carries it out in one transaction, an encoder
 * writes the answer from the struct result. An op borrows from its request and never outlives it.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "task/task.h"

enum op_kind {
	OP_NONE = 0,
	OP_READ,    /* one task */
	OP_LIST,    /* those that fit op.list */
	OP_CREATE,  /* ERR_CONFLICT when there is one of that id */
	OP_UPSERT,  /* create, or begin anew: see below */
	OP_UPDATE,  /* changes what op.change names, leaves the rest */
	OP_REMOVE,  /* the record goes for good */
	OP_ARCHIVE, /* leaves the normal lists, stays readable by id */
	OP_KINDS
};

/*
 * OP_UPSERT makes the task op.new_id with op.change when there is none. One that is there gets the
 * change, but its state only when it has ended or is archived: it then begins anew, without the old
 * error and progress, among the current ones. When that alters nothing, nothing is written.
 */

/* Which of the members of struct change are to be set besides state, word and fields. */
enum change_member {
	CHANGE_PRIORITY = 1,
	CHANGE_NOT_BEFORE = 2,
	CHANGE_MAX_ATTEMPTS = 4,
	CHANGE_ARCHIVED = 8,
	CHANGE_ERROR = 16,
	CHANGE_PROGRESS = 32,
};

/* What CREATE, ENSURE and UPDATE set. A zero state, word or count means "leave". */
struct change {
	enum task_state state;
	struct str status;
	struct field fields[TASK_FIELDS_MAX]; /* an empty json removes the member */
	size_t field_count;
	unsigned set; /* enum change_member */
	int32_t priority;
	int64_t not_before;
	uint32_t max_attempts;
	bool archived;
	struct str error, progress; /* JSON text; empty: none */
};

/* ---- lists ---- */

#define LIST_FILTERS_MAX 16
#define LIST_VALUES_MAX	 64 /* values of one filter */
#define LIST_SORTS_MAX	 4
#define LIST_CURSOR_MAX	 512 /* bytes of struct result.next_cursor */
/* The largest page: a decoder refuses or clamps what is more. */
#define LIST_PAGE_MAX 1000

/* The tasks whose field has one of the values, each as indexed, before folding. */
struct list_filter {
	uint8_t field; /* struct index_field.code of the op's dialect */
	struct str value;
	const struct str *more_values; /* further values */
	size_t more_value_count;
};

struct list_sort {
	uint8_t field;
	bool descending;
};

/* From (included) to (excluded), in ms; 0: open. */
struct list_time_range {
	int64_t from, to;
};

enum list_scope { LIST_CURRENT = 0, LIST_ARCHIVED, LIST_BOTH };

/*
 * A list is answered in O(log n + page) when one index has its rows together and in order: any
 * filter alone, or two that are an INDEX_PAIR, in the order of the index; any order without a
 * filter; over several values, places or dialects alike. Otherwise the smallest filter's rows are
 * looked through, LIST_SCAN_MAX at most: past that the list is refused (ERR_TOO_BROAD), or,
 * with `partial`, shorter than asked for.
 */
struct list_query {
	struct list_filter filters[LIST_FILTERS_MAX]; /* all of them must hold */
	size_t filter_count;
	struct list_time_range created, updated;
	const uint8_t *dialects; /* op.dialect 0: only these */
	size_t dialect_count;	 /* 0: all */
	enum list_scope scope;
	struct list_sort sorts[LIST_SORTS_MAX];
	size_t sort_count; /* 0: by creation */

	bool want_total;    /* result.total is wanted */
	bool clamp_offset;  /* an offset past the end means that of the last page */
	bool allow_partial; /* fewer rows, and result.next_cursor, rather than ERR_TOO_BROAD */
	uint64_t offset;    /* rows to leave out; not together with after */
	struct str
		after_cursor; /* go on behind this place, a result's next; empty: from the start */
	uint64_t limit;	      /* rows at most; 0: all of them, streamed */
};

#define LIST_SCAN_MAX 20000

/* ---- operations ---- */

#define OP_IF_MATCH_MAX	       8
#define OP_IDEMPOTENCY_KEY_MAX 255
#define OP_FINGERPRINT_SIZE    32

/*
 * REMOVE, ARCHIVE: tasks whose `field` has the value are connected with the task, and so on with
 * theirs, each by its member `by` (or, without one, by its id as a JSON string). With follow they
 * share its fate; without, and when there are any, nothing is done and result.listing names them.
 */
struct op_dependents {
	uint8_t field;		/* 0: nothing is connected with a task of this dialect */
	const char *key_member; /* the member that holds what the others' field says */
	struct str value;	/* the task's own, JSON text */
	bool cascade;
};

/*
 * So many tasks of the tenant and the dialect may have been created from (included) to (excluded),
 * in ms, current and archived ones; what was removed for good does not count any more. Numbers are
 * given one after the other, so that creators who come together cannot exceed it.
 */
struct op_quota {
	uint64_t max_tasks; /* 0: no quota */
	int64_t from, to;
};

struct op {
	enum op_kind kind;
	/* The code of the tasks' dialect, or of a resource; 0: any dialect's. Others are not found.
	 */
	uint8_t dialect;
	struct arena *arena; /* filled in by app, like all up to fresh: the request's */
	struct str tenant;   /* the principal's */
	struct str actor;
	int64_t now;	  /* ms */
	struct id new_id; /* the id of what is created; a decoder may replace it */

	struct id id;	       /* READ, UPDATE, REMOVE, ARCHIVE: which */
	uint64_t number;       /* instead of id: which by its number */
	bool assign_number;    /* CREATE: the task gets the next number of its tenant and dialect */
	struct op_quota quota; /* CREATE, with numbered: ERR_QUOTA when it is used up */
	/* CREATE, ENSURE: the client named it: fresh is made of the name. A task of that
	 * name may have been removed before, so revisions begin at the time, not at 1: no tag of
	 * the old one fits the new one. */
	bool client_named;

	/* If-Match: the revisions of which the task must have one; ERR_PRECONDITION otherwise. */
	uint64_t if_match[OP_IF_MATCH_MAX];
	size_t if_match_count;
	bool must_exist;     /* ENSURE: ERR_PRECONDITION when it is not there (If-Match: *) */
	bool must_not_exist; /* ENSURE: ERR_PRECONDITION when it is there (If-None-Match: *) */
	/* Idempotency-Key: what was created with it is given again; ERR_KEY_REUSED when the request
	 * was another. Kept for STORE_IDEMPOTENCY_HOURS. */
	struct str idempotency_key;
	uint8_t idempotency_fingerprint[OP_FINGERPRINT_SIZE];

	struct change change;
	/*
	 * Looks at a task inside the transaction, after the change, before it is written: may
	 * complete it, with texts of op->arena or constants, or refuse it. `before` is NULL for a new
	 * one. Pure; may be called again.
	 */
	bool (*before_write)(
		const struct op *op, const struct task *before, struct task *task, struct err *err);
	const void *hook_data; /* the decoder's, for its adapt; in arena */
	struct op_dependents dependents;
	struct list_query list;
	struct op *companion; /* with CREATE, UPDATE, REMOVE: a CREATE in the same transaction */
};

struct listing;

/*
 * After READ, CREATE, ENSURE, UPDATE, REMOVE, ARCHIVE: the task as it is now (REMOVE: as it was).
 * After LIST, or when connected tasks stand in the way: an open listing (store.h walks it).
 * Zero-initialise; store_result_free frees.
 */
struct result {
	enum op_kind kind;
	struct task task;
	struct task companion;	     /* what op.companion made */
	struct buf record;	     /* what task borrows from */
	struct buf companion_record; /* what other borrows from */
	bool written;	     /* something was committed: hold the answer until the log is on disk */
	bool created;	     /* ENSURE: the task was not there */
	bool has_dependents; /* REMOVE, ARCHIVE: connected tasks stand in the way, see listing */
	bool total_known;    /* LIST: total is known */
	bool consistent;     /* LIST: total and the first rows are of one moment */
	uint64_t total;	     /* LIST with count: how many in all */
	uint64_t offset;     /* LIST: of the first row, after clamping */
	uint64_t rows_returned; /* given out so far */
	struct str
		next_cursor; /* once the rows are through: where the next page begins, or empty */
	struct listing *listing;
};

/* Adds a member to the change, or replaces it; false when there are more than TASK_FIELDS_MAX. */
bool change_set_field(struct change *change, struct str name, struct str json);
/* What the change says of a member: its JSON text, empty where it is taken away; ptr is NULL when
 * it says nothing. */
struct str change_field(const struct change *change, struct str name);
/* Adds a filter of one value; false past LIST_FILTERS_MAX. */
bool list_filter_add(struct list_query *list, uint8_t field, struct str value);
/* Adds a sort; false past LIST_SORTS_MAX. */
bool list_sort_add(struct list_query *list, uint8_t field, bool descending);
