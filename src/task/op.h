#pragma once
/*
 * The operations that every dialect compiles down to, and what they give. A decoder (http side)
 * fills a struct op from a request, store_apply carries it out in one transaction, an encoder
 * writes the answer from the struct result. An op borrows from its request and never outlives it.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "task/task.h"

enum op_kind {
	OP_NONE = 0,
	OP_READ,    /* one task */
	OP_LIST,    /* those that fit op.list */
	OP_CREATE,  /* ERR_CONFLICT when there is one of that id */
	OP_ENSURE,  /* create, or begin anew: see below */
	OP_UPDATE,  /* changes what op.change names, leaves the rest */
	OP_REMOVE,  /* the record goes for good */
	OP_ARCHIVE, /* leaves the normal lists, stays readable by id */
	OP_KINDS
};

/*
 * OP_ENSURE makes the task op.fresh with op.change when there is none. One that is there gets the
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
	struct str word;
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
#define LIST_PLACE_MAX	 512 /* bytes of struct result.next */
/* The largest page: a decoder refuses or clamps what is more. */
#define LIST_PAGE_MAX 1000

/* The tasks whose field has one of the values, each as indexed, before folding. */
struct list_filter {
	uint8_t field; /* struct index_field.code of the op's dialect */
	struct str value;
	const struct str *others; /* further values */
	size_t other_count;
};

struct list_sort {
	uint8_t field;
	bool descending;
};

/* From (included) to (excluded), in ms; 0: open. */
struct list_span {
	int64_t from, to;
};

enum list_place { LIST_CURRENT = 0, LIST_ARCHIVED, LIST_BOTH };

/*
 * A list is answered in O(log n + page) when one index has its rows together and in order: any
 * filter alone, or two that are an INDEX_PAIR, in the order of the index; any order without a
 * filter; over several values, places or dialects alike. Otherwise the smallest filter's rows are
 * looked through, LIST_LOOKED_AT_MAX at most: past that the list is refused (ERR_TOO_BROAD), or,
 * with `partial`, shorter than asked for.
 */
struct list_query {
	struct list_filter filters[LIST_FILTERS_MAX]; /* all of them must hold */
	size_t filter_count;
	struct list_span created, updated;
	const uint8_t *dialects; /* op.dialect 0: only these */
	size_t dialect_count;	 /* 0: all */
	enum list_place place;
	struct list_sort sorts[LIST_SORTS_MAX];
	size_t sort_count; /* 0: by creation */

	bool count;	  /* result.total is wanted */
	bool clamp;	  /* an offset past the end means that of the last page */
	bool partial;	  /* fewer rows, and result.next, rather than ERR_TOO_BROAD */
	uint64_t offset;  /* rows to leave out; not together with after */
	struct str after; /* go on behind this place, a result's next; empty: from the start */
	uint64_t limit;	  /* rows at most; 0: all of them, streamed */
};

#define LIST_LOOKED_AT_MAX 20000

/* ---- operations ---- */

#define OP_TAGS_MAX    8
#define OP_KEY_MAX     255
#define OP_FINGERPRINT 32

/*
 * REMOVE, ARCHIVE: tasks whose `field` has the value are connected with the task, and so on with
 * theirs, each by its member `by` (or, without one, by its id as a JSON string). With follow they
 * share its fate; without, and when there are any, nothing is done and result.listing names them.
 */
struct op_connected {
	uint8_t field;	  /* 0: nothing is connected with a task of this dialect */
	const char *by;	  /* the member that holds what the others' field says */
	struct str value; /* the task's own, JSON text */
	bool follow;
};

/*
 * So many tasks of the tenant and the dialect may have been created from (included) to (excluded),
 * in ms, current and archived ones; what was removed for good does not count any more. Numbers are
 * given one after the other, so that creators who come together cannot exceed it.
 */
struct op_quota {
	uint64_t most; /* 0: no quota */
	int64_t from, to;
};

struct op {
	enum op_kind kind;
	/* The code of the tasks' dialect, or of a resource; 0: any dialect's. Others are not found.
	 */
	uint8_t dialect;
	struct mem *mem;   /* filled in by app, like all up to fresh: the request's */
	struct str tenant; /* the principal's */
	struct str actor;
	int64_t now;	 /* ms */
	struct id fresh; /* the id of what is created; a decoder may replace it */

	struct id id;	       /* READ, UPDATE, REMOVE, ARCHIVE: which */
	uint64_t number;       /* instead of id: which by its number */
	bool numbered;	       /* CREATE: the task gets the next number of its tenant and dialect */
	struct op_quota quota; /* CREATE, with numbered: ERR_QUOTA when it is used up */
	/* CREATE, ENSURE: the client named it: fresh is made of the name. A task of that
	 * name may have been removed before, so revisions begin at the time, not at 1: no tag of
	 * the old one fits the new one. */
	bool named;

	/* If-Match: the revisions of which the task must have one; ERR_PRECONDITION otherwise. */
	uint64_t revisions[OP_TAGS_MAX];
	size_t revision_count;
	bool only_there; /* ENSURE: ERR_PRECONDITION when it is not there (If-Match: *) */
	bool only_new;	 /* ENSURE: ERR_PRECONDITION when it is there (If-None-Match: *) */
	/* Idempotency-Key: what was created with it is given again; ERR_KEY_REUSED when the request
	 * was another. Kept for STORE_KEYS_HOURS. */
	struct str key;
	uint8_t fingerprint[OP_FINGERPRINT];

	struct change change;
	/*
	 * Looks at a task inside the transaction, after the change, before it is written: may
	 * complete it, with texts of op->mem or constants, or refuse it. `before` is NULL for a new
	 * one. Pure; may be called again.
	 */
	bool (*adapt)(
		const struct op *op, const struct task *before, struct task *task, struct err *err);
	const void *own; /* the decoder's, for its adapt; in mem */
	struct op_connected connected;
	struct list_query list;
	struct op *also; /* with CREATE, UPDATE, REMOVE: a CREATE in the same transaction */
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
	struct task other;	 /* what op.also made */
	struct buf record;	 /* what task borrows from */
	struct buf other_record; /* what other borrows from */
	bool written;	 /* something was committed: hold the answer until the log is on disk */
	bool made;	 /* ENSURE: the task was not there */
	bool blocked;	 /* REMOVE, ARCHIVE: connected tasks stand in the way, see listing */
	bool counted;	 /* LIST: total is known */
	bool settled;	 /* LIST: total and the first rows are of one moment */
	uint64_t total;	 /* LIST with count: how many in all */
	uint64_t offset; /* LIST: of the first row, after clamping */
	uint64_t rows;	 /* given out so far */
	struct str next; /* once the rows are through: where the next page begins, or empty */
	struct listing *listing;
};

/* Adds a member to the change, or replaces it; false when there are more than TASK_FIELDS_MAX. */
bool change_set(struct change *change, struct str name, struct str json);
/* What the change says of a member: its JSON text, empty where it is taken away; ptr is NULL when
 * it says nothing. */
struct str change_field(const struct change *change, struct str name);
/* Adds a filter of one value; false past LIST_FILTERS_MAX. */
bool list_where(struct list_query *list, uint8_t field, struct str value);
/* Adds a sort; false past LIST_SORTS_MAX. */
bool list_by(struct list_query *list, uint8_t field, bool descending);
