#pragma once
/*
 * One wire language. Everything in it is constant and pure: no clock, files, logging, store or
 * mutable statics. A dialect translates, it does not act. Its page <name>.md stands beside its
 * source and wins over it. HACKING says how to add one.
 */
#include "http/route.h"
#include "task/index.h"

struct state_word {
	enum task_state state;
	const char *word;
};

struct dialect {
	const char *name;
	uint8_t code;		     /* in records and index keys: from 1, never reused */
	const char *const *prefixes; /* whole path segments, "/api/virtshell/v1"; ends with NULL */
	bool slash_optional;	     /* /tasks and /tasks/ are the same */
	const struct route *routes;
	/* Both ways: the first row of a state is its word, every word leads to its state. Ends with
	 * { 0 }. */
	const struct state_word *words;
	enum task_state other_words; /* the state of unknown words; TASK_STATE_NONE: refused */
	const struct index_field *indexed;
	const char *media_type;
	enum err_code unknown_method; /* ERR_METHOD, or ERR_NOT_IMPLEMENTED (501) */
	/* Writes status, headers and body of a refusal in the dialect's own shape. */
	void (*refuse)(const struct err *err, struct response *response);
};

/*
 * The one list: a row X(name, code) makes <name>.c part of the service, which defines the two
 * constants below it. Codes stand in records and index keys: from 1, never reused.
 */
#define DIALECT_LIST(X) X(virtshell, 1)

#define X(name, code)                               \
	extern const struct dialect name##_dialect; \
	extern const struct index_field name##_indexed[];
DIALECT_LIST(X)
#undef X

enum dialect_code {
#define X(name, code) DIALECT_CODE_##name = (code),
	DIALECT_LIST(X)
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
/* The tables of all dialects and the one of all tasks (code 0): what store_open wants. */
const struct index_table *dialect_indexes(void);

/* The dialect's word for a state; never NULL for a complete table. */
const char *dialect_word(const struct dialect *dialect, enum task_state state);
/* The state of a word; other_words when it is not in the table. */
enum task_state dialect_state(const struct dialect *dialect, struct str word);
