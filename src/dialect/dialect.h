#pragma once
/*
 * One wire language. Everything in it is constant and pure: no clock, files, logging, store or
 * mutable statics. A dialect translates, it does not act. Its page <name>.md stands beside its
 * source and wins over it. HACKING says how to add one.
 */
#include "http/route.h"
#include "task/index.h"

struct dialect_status_row {
	enum task_state state;
	const char *status;
};

/* An address that ends with a slash too many: not found, the same as without, or a redirect. */
enum dialect_slash_policy { SLASH_NOT_FOUND = 0, SLASH_IGNORE, SLASH_REDIRECT };

struct dialect {
	const char *name;
	uint8_t code;		     /* in records and index keys: from 1, never reused */
	const char *const *prefixes; /* whole path segments, "/api/virtshell/v1"; ends with NULL */
	enum dialect_slash_policy trailing_slash;
	const struct route *routes;
	/* Both ways: the first row of a state is its word, every word leads to its state. Ends with
	 * { 0 }. */
	const struct dialect_status_row *statuses;
	enum task_state default_state; /* the state of unknown words; TASK_STATE_NONE: refused */
	const struct index_field *index_fields; /* begins with INDEX_COMMON_FIELDS */
	const char *media_type;
	enum err_code method_error; /* ERR_METHOD, or ERR_NOT_IMPLEMENTED (501) */
	unsigned uuid_version;	    /* what its clients take ids for: 4; 0: ours, 7 */
	/* Writes status, headers and body of a refusal in the dialect's own shape, but Retry-After,
	 * which all have alike. The request may be one that could not be read: then it has no
	 * segments, query or variables. */
	void (*encode_error)(
		const struct request *request, const struct err *err, struct response *response);

	/*
	 * For tasks of this dialect that come in by the native API. prepare completes a CREATE that
	 * has the client's fields in op->change: the id where this dialect's clients name it
	 * (op->new_id), op->assign_number, members that every task has, and the state and word to begin
	 * with when the client gave neither (both are open then; else both are set and agree).
	 * admit says whether a task may be as it is, made or changed (before is NULL for a new
	 * one): required members there, each of its type, transitions that the dialect knows;
	 * err.field names the member. admit also is what keeps its encoder from writing nonsense.
	 * Both pure.
	 */
	bool (*native_defaults)(const struct request *request, struct op *op, struct err *err);
	bool (*validate)(const struct task *before, const struct task *task, struct err *err);
};

/*
 * The one list: a row X(name, code) makes <name>.c part of the service, which defines the two
 * constants below it. Codes stand in records and index keys: from 1, never reused.
 */
#define DIALECT_LIST(X) \
	X(virtshell, 1) \
	X(vionlabs, 2)  \
	X(uplynk, 3)    \
	X(fourhse, 4)   \
	X(idol, 5)      \
	X(native, 6)

/*
 * What tasks of a dialect are about and what it keeps besides them: records like those of tasks, in
 * no list of tasks. Codes from INDEX_RESOURCE_DIALECTS on. <name>_indexed is its table, without
 * INDEX_COMMON_FIELDS.
 */
#define RESOURCE_LIST(X) X(uplynk_point, 129)

#define X(name, code)                               \
	extern const struct dialect name##_dialect; \
	extern const struct index_field name##_indexed[];
DIALECT_LIST(X)
#undef X
#define X(name, code) extern const struct index_field name##_indexed[];
RESOURCE_LIST(X)
#undef X

enum dialect_code {
#define X(name, code) DIALECT_CODE_##name = (code),
	DIALECT_LIST(X) RESOURCE_LIST(X)
#undef X
};

/* The same list to walk; ends with NULL. */
extern const struct dialect *const dialects[];

/*
 * The dialect whose prefix the path has, compared segment by segment, longest first; NULL when
 * none. *skip is the number of segments of that prefix.
 */
const struct dialect *dialect_by_path(const struct request *request, size_t *skip);
const struct dialect *dialect_by_name(struct str name);
const struct dialect *dialect_by_code(uint8_t code);
/* The name of a dialect or a resource, NULL for no such code; and the code of a name, 0 for none.
 */
const char *dialect_code_name(uint8_t code);
uint8_t dialect_code_by_name(struct str name);
/* The tables of all dialects and resources: what store_open wants. */
const struct index_table *dialect_index_tables(void);

/* The dialect's word for a state; never NULL for a complete table. */
const char *dialect_status(const struct dialect *dialect, enum task_state state);
/* The state of a word; other_words when it is not in the table. */
enum task_state dialect_state(const struct dialect *dialect, struct str word);
