#pragma once
/*
 * The made-up dialect of the tests (README.md). Each file depends only on those before it: model,
 * decode, encode, error, tables.
 */
#include "dialect/dialect.h"

#define TOYBOX_TOY_MAX 40 /* bytes */

enum toybox_index { TOYBOX_BY_TOY = INDEX_FIRST_OWN };

/* Decoders of the routes (http/route.h). */
bool toybox_decode_list(struct request *request, struct op *op, struct err *err);
bool toybox_decode_create(struct request *request, struct op *op, struct err *err);
bool toybox_decode_read(struct request *request, struct op *op, struct err *err);
bool toybox_decode_delete(struct request *request, struct op *op, struct err *err);

/* Encoders of the routes (http/route.h). */
bool toybox_encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool toybox_encode_row(const struct request *request, const struct task *task, struct buf *out);
bool toybox_encode_end(const struct request *request, const struct result *result, struct buf *out);
bool toybox_encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool toybox_encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

/* Columns of struct dialect. */
extern const struct dialect_statuses toybox_statuses;
task_kind_function toybox_kind;
extern const struct error_override toybox_error_overrides[];
void toybox_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool toybox_native_defaults(const struct request *request, struct op *op, struct err *err);
bool toybox_validate(const struct task *before, const struct task *task, struct err *err);
bool toybox_sample(struct task *task, uint64_t i, struct arena *arena);
