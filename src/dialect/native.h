#pragma once
/*
 * The native API, as native.md says: tasks of every dialect in one shape.
 *
 *     GET    /tasks                 those that fit the query
 *     POST   /tasks                 create one of any dialect
 *     GET    /tasks/{id}            one
 *     PATCH  /tasks/{id}            merge patch
 *     DELETE /tasks/{id}            remove for good
 *     POST   /tasks/{id}/archive    take it out of the normal lists
 *
 * native.c holds the tables and the answers, native_request.c reads bodies, native_change.c fits a
 * task to its dialect inside the transaction, native_list.c and native_cursor.c read lists,
 * native_problem.c says what is wrong. Nobody else needs this header.
 */
#include "dialect/dialect.h"
#include "http/json.h"

#define NATIVE_PAGE	   50 /* rows, unless limit says otherwise */
#define NATIVE_PAGE_MAX	   500
#define NATIVE_MEMBERS_MAX 60
#define NATIVE_NAME_MAX	   64	/* bytes of a field's name */
#define NATIVE_WORD_MAX	   64	/* bytes */
#define NATIVE_TEXT_MAX	   4096 /* bytes of the JSON text of error and of progress */
#define NATIVE_TASKS	   "/v1/tasks"
#define NATIVE_MERGE_PATCH "application/merge-patch+json"

/* ---- decoders of the rows of that name (http/route.h) ---- */

bool native_decode_list(struct request *request, struct op *op, struct err *err);
bool native_decode_create(struct request *request, struct op *op, struct err *err);
bool native_decode_read(struct request *request, struct op *op, struct err *err);
bool native_decode_patch(struct request *request, struct op *op, struct err *err);
bool native_decode_remove(struct request *request, struct op *op, struct err *err);
bool native_decode_archive(struct request *request, struct op *op, struct err *err);

/* ---- a task and its dialect ---- */

/* What a merge patch says where a value is an object: a patch of its own. */
struct native_merges {
	struct str progress; /* JSON text, empty: none */
	size_t count;
	struct field fields[]; /* JSON text */
};

/*
 * Gives a new task's state and word the one that is not there; ERR_UNPROCESSABLE when the dialect
 * does not have the word, or the word stands for another state.
 */
bool native_settle(
	const struct dialect *dialect, struct change *change, struct mem *mem, struct err *err);
/* RFC 7396 for two objects, as JSON text in mem. */
bool native_merge(
	struct str *merged, struct str stored, struct str patch, struct mem *mem, struct err *err);
/* struct op's: state and word by the task's dialect, merges (op->own), the dialect's consent. */
bool native_adapt(
	const struct op *op, const struct task *before, struct task *task, struct err *err);
/* Turns what another dialect's prepare or admit refuses with into a problem of ours. */
bool native_translate(struct err *err, struct mem *mem);

/* ---- places in a list ---- */

/*
 * A cursor is base64url of: a version, 8 bytes of SHA-256 over tenant, query and position, the
 * position. Whoever makes one up gets no further than with the query itself: the store bounds what
 * it reads by the query.
 */
#define NATIVE_CURSOR_VERSION 1
#define NATIVE_CURSOR_SUM     8
/* In the request's memory; ptr NULL without memory. */
struct str native_cursor(const struct request *request, struct str position);
/* ERR_INVALID when it is damaged, or of another query. */
bool native_position(
	const struct request *request, struct str cursor, struct str *position, struct err *err);

/* ---- problems (RFC 9457) ---- */

/* Where a problem lies. */
struct native_place {
	const char *kind;   /* "pointer" (RFC 6901), "parameter", "header" */
	const char *parent; /* what a pointer begins with */
	struct str name;
};

#define NATIVE_MEMBER(name)    ((struct native_place){ "pointer", "/", (name) })
#define NATIVE_FIELD(name)     ((struct native_place){ "pointer", "/fields/", (name) })
#define NATIVE_PARAMETER(name) ((struct native_place){ "parameter", "", (name) })

/* Fills in the error, with what `errors` of the answer will be in err->detail; returns false. */
bool native_wrong(struct err *err, struct mem *mem, enum err_code code, struct native_place place,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
/* struct dialect's. */
void native_refuse(const struct request *request, const struct err *err, struct response *response);
