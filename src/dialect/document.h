#pragma once
/*
 * Tasks as a vendor's own API shows them, for `polytaskctl import --from`: the column `document` of
 * struct dialect, and helpers for its functions. Pure.
 *
 * A reader takes one object of a response, of a list or alone, and fills in a task: the id or
 * number by which clients know it, its status, its times and its fields. It refuses members that
 * the API's page does not name, because they would be lost; VirtShell's keeps them as fields. The
 * caller checks the task as a request would be (check.h). Texts of the task are in item->arena.
 */
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "dialect/dialect.h"
#include "task/task.h"

struct document_item {
	json_t *json;	   /* an object */
	struct str parent; /* the object to which a list belongs (Vionlabs' item); ptr NULL: none */
	int64_t now;	   /* ms, for tasks of an API that shows no times */
	struct arena *arena;
};

struct dialect_document {
	/* The member of a response that has the array of objects, or one of them; NULL: none. */
	const char *list;
	bool timeless;	   /* responses have no times: tasks get item->now */
	bool needs_parent; /* lists do not name the object to which they belong: item->parent */
	/* Errors name the member: ERR_MISSING, ERR_INVALID, ERR_UNPROCESSABLE, ERR_NO_MEMORY. */
	bool (*read)(struct task *task, const struct document_item *item, struct err *err);
};

/* ERR_INVALID for a member that is not in the list, which ends with NULL. */
bool document_check_names(json_t *json, const char *const *names, struct err *err);
/*
 * The value of a member that must be a string, borrowed from json. ERR_MISSING, or ERR_INVALID for
 * another type; so do the next two.
 */
bool document_get_text(const json_t *json, const char *name, struct str *text, struct err *err);
/* The value of a member that must be a time as in RFC 3339, in ms. */
bool document_get_time(const json_t *json, const char *name, int64_t *ms, struct err *err);
/* The same for a number of seconds since 1970, which may be a string. */
bool document_get_seconds(const json_t *json, const char *name, int64_t *ms, struct err *err);
/* Copies members to fields of these names, which end with NULL; missing ones are null if `fill`. */
bool document_set_fields(struct task *task, const struct document_item *item, const json_t *from,
	const char *const *names, bool fill, struct err *err);
/* Sets one field to a value, as JSON text. ERR_TOO_LARGE beyond TASK_FIELDS_MAX. */
bool document_set_field(struct task *task, const struct document_item *item, const char *name,
	const json_t *value, struct err *err);
/* The same; of a longer string the last part, of at most max bytes of JSON text (worker_text.h). */
bool document_set_end(struct task *task, const struct document_item *item, const char *name,
	const json_t *value, size_t max, struct err *err);
/* Copies a text to the arena, such as the status. */
bool document_copy(
	struct str *copy, const struct document_item *item, struct str text, struct err *err);
/*
 * Sets the status, the state that it means, and the times that follow: a task that has ended did so
 * when it was updated last, one that runs had started by then. ERR_INVALID for an unknown status.
 */
bool document_set_status(struct task *task, const struct document_item *item,
	const struct dialect_statuses *statuses, struct str status, struct err *err);
/* Sets the error from a string or null. An empty text is no error; a long one is cut. */
bool document_set_error(
	struct task *task, const struct document_item *item, const json_t *value, struct err *err);
