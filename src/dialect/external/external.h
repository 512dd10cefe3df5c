#pragma once
/*
 * External tasks of Camunda 7 (README.md): workers of that system carry out tasks of every dialect.
 *
 *     POST /external-task/fetchAndLock        ready tasks for a worker
 *     POST /external-task/{id}/complete       reports of the worker; also /failure, /bpmnError,
 *                                             /extendLock, /unlock, /lock
 *     GET  /external-task/{id}                one; also /errorDetails
 *     GET  /external-task                     tasks that match filters; also POST, and /count
 *     GET  /external-task/topic-names         topics of the tasks
 *     PUT  /external-task/{id}/retries        also /priority
 *     GET  /engine                            always the same name
 *
 * The protocol has no tasks of its own (PROTOCOL_LIST). Private to this folder: tables.c has the
 * routes, decode.c the requests about one task, fetch.c and filter.c the others, list.c topics and
 * responses to lists; body.c reads members of a request, variable.c variables from workers, value.c
 * writes fields as variables, topic.c relates topics to dialects and kinds, encode.c writes tasks.
 */
#include "dialect/dialect.h"
#include "dialect/work.h"
#include "http/json.h"

#define EXTERNAL_MEDIA_TYPE   "application/json"
#define EXTERNAL_BODY_MAX     ((size_t)16 * 1024 * 1024) /* bytes; see external_read_body() */
#define EXTERNAL_LOCK_MS_MAX  (INT64_C(30) * 24 * 3600 * 1000)
#define EXTERNAL_ASK_MS_MAX   1800000 /* of asyncResponseTimeout */
#define EXTERNAL_WAIT_MS_MAX  50000   /* that a fetch is held; nginx waits 60 s */
#define EXTERNAL_ITEMS_MAX    1000    /* of an array in a request */
#define EXTERNAL_MESSAGE_MAX  666     /* characters of errorMessage */
#define EXTERNAL_FIELDS_MAX   60      /* fields that a report sets */
#define EXTERNAL_FIELD_PREFIX STR("fields.")

/* ---- members of a request (body.c) ---- */

/* Where members are read from. The texts of results are in arena. */
struct external_body {
	const json_t *json; /* the object of the body; NULL: none */
	const struct request
		*request; /* parameters of its query count if json lacks them; or NULL */
	struct arena *arena;
	struct err *err;
};

/* A member: a scalar as its text, or an array or object. Neither: it is absent or null. */
struct external_value {
	struct str text; /* ptr NULL: none */
	const json_t *json;
};

/*
 * Reads the body as an object; without a body, or with null, *json is an empty object. Long texts
 * of workers are cut, so that no report is refused for them; without these the body has at most
 * body_limit bytes. The caller owns *json. ERR_MALFORMED, ERR_TOO_LARGE.
 */
bool external_read_body(const struct request *request, json_t **json, struct err *err);
/* False only without memory. */
bool external_get(const struct external_body *body, const char *name, struct external_value *value);

struct optional_number {
	bool is_set;
	int64_t value;
};

/*
 * Readers of a member, ERR_INVALID for a value of another type. Numbers and booleans may be sent as
 * strings, and texts as numbers, as Jackson reads them. An absent member leaves the output as it
 * is, and so does an empty text in place of a number, a boolean or a date.
 */
bool external_get_text(const struct external_body *body, const char *name, struct str *text);
bool external_get_number(const struct external_body *body, const char *name, int64_t min,
	int64_t max, struct optional_number *number);
bool external_get_flag(const struct external_body *body, const char *name, bool *flag);
/* In ms. Z, +00:00 and +0000 are read. */
bool external_get_date(
	const struct external_body *body, const char *name, struct optional_time *date);
/* *valid: the text is such a date. False only without memory. */
bool external_parse_date(
	struct str text, int64_t *ms, bool *valid, struct arena *arena, struct err *err);
/*
 * An array of strings or, in a query only, a text with commas. *texts and *count are unchanged if
 * it is absent; *texts is not NULL for an empty array.
 */
bool external_get_texts(const struct external_body *body, const char *name,
	const struct str **texts, size_t *count);
/* An item of `sorting`; ptr NULL: absent. */
struct external_sort {
	struct str by, order;
};

/* *count: 0 without the member. ERR_INVALID if it is no array of objects with texts. */
bool external_get_sorting(
	const struct external_body *body, const struct external_sort **sorts, size_t *count);
/* Whether the member is there, and neither null nor empty. */
bool external_has(const struct external_body *body, const char *name, bool *has);
/* The name of a worker. required: ERR_INVALID if it is absent. */
bool external_get_worker(const struct external_body *body, bool required, struct str *worker);
/* The first `max` characters of a text. */
struct str external_characters(struct str text, size_t max);

/* ---- variables (variable.c, value.c) ---- */

/* Reads `variables` and `localVariables`; sets, unless change is NULL, result and fields. */
bool external_parse_variables(const struct external_body *body, struct change *change);
/* Writes the JSON text of a field as a variable: {"type":...,"value":...,"valueInfo":{}}. */
void external_put_variable(struct buf *out, struct str json);

/* ---- topics (topic.c) ---- */

/* A subscription of a fetch. */
struct external_topic {
	struct str name;
	const struct str *variables;
	size_t variable_count;
	bool all_variables, extensions;
};

/* What the encoder of a fetch needs (request->encoder_state). */
struct external_fetch {
	const struct claim_topic *claims; /* in the order of topics */
	const struct external_topic *topics;
	size_t count;
};

/* ERR_INVALID. The kind is a part of name. */
bool external_parse_topic(struct str name, struct claim_topic *topic, struct err *err);
bool external_topic_has(const struct claim_topic *topic, const struct task *task);
/* The kind of a task of any dialect; empty: none. */
struct str external_kind(const struct task *task, char scratch[TASK_KIND_MAX]);
void external_put_topic(struct buf *out, uint8_t dialect, struct str kind);

/* ---- tasks ---- */

/* Whether this API has the task: neither succeeded, cancelled nor archived. */
bool external_has_task(const struct task *task);
/* The end of the lock or of a failure's delay. Not set: no worker has the task. */
struct optional_time external_lock_end(const struct task *task);
/* "2026-11-27T22:00:00.000+0000" as a JSON string, or null. */
void external_put_time(struct buf *out, struct optional_time time);

/* ---- requests with encoders (decode.c, fetch.c, filter.c, list.c, encode.c) ---- */

/* The action of a route on one task, for the sentences of its errors (error.c). */
struct external_action {
	const char *done; /* "completed" */
	struct str worker;
};

bool external_decode_fetch(struct request *request, struct op *op, struct err *err);
bool external_decode_complete(struct request *request, struct op *op, struct err *err);
bool external_decode_failure(struct request *request, struct op *op, struct err *err);
bool external_decode_bpmn_error(struct request *request, struct op *op, struct err *err);
bool external_decode_extend(struct request *request, struct op *op, struct err *err);
bool external_decode_unlock(struct request *request, struct op *op, struct err *err);
bool external_decode_lock(struct request *request, struct op *op, struct err *err);
bool external_decode_retries(struct request *request, struct op *op, struct err *err);
bool external_decode_priority(struct request *request, struct op *op, struct err *err);
bool external_decode_read(struct request *request, struct op *op, struct err *err);
bool external_decode_engine(struct request *request, struct op *op, struct err *err);
extern const char *const external_list_params[], *const external_post_list_params[];
extern const char *const external_count_params[];
bool external_decode_list(struct request *request, struct op *op, struct err *err);
bool external_decode_count(struct request *request, struct op *op, struct err *err);
extern const char *const external_topics_params[];
bool external_decode_topics(struct request *request, struct op *op, struct err *err);

bool external_encode_fetch(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool external_encode_done(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool external_encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool external_encode_details(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool external_encode_engine(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool external_encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool external_encode_row(const struct request *request, const struct task *task, struct buf *out);
bool external_encode_end(
	const struct request *request, const struct result *result, struct buf *out);
bool external_encode_count(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool external_encode_count_row(
	const struct request *request, const struct task *task, struct buf *out);
bool external_encode_count_end(
	const struct request *request, const struct result *result, struct buf *out);
bool external_encode_topics(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

/* ---- columns of struct dialect ---- */

extern const struct error_override external_error_overrides[];
void external_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
