#pragma once
/*
 * One action on all tasks that match a filter (README.md, "Bulks"). Private to this folder.
 *
 *     bulk.c           POST /bulk, and dialect/bulk_action.h
 *     bulk_filter.c    the filter: the conditions of GET /tasks as members of an object
 */
#include "dialect/native/native.h"

#define NATIVE_BULK_PATH       "/v1/bulk"
#define NATIVE_BULK_FILTER_MAX 8192 /* bytes of JSON text */

bool native_decode_bulk(struct request *request, struct op *op, struct err *err);
/* 200 with the token of a dry run, else 202 with the task of the bulk. */
bool native_encode_bulk(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

/*
 * Sets op->list and op->dialect; op->arena has their texts. *text is the filter as JSON text in its
 * canonical form: members in the order of their names, without `archived` if that is the default.
 * value may be NULL. ERR_UNPROCESSABLE.
 */
bool native_parse_bulk_filter(struct op *op, json_t *value, struct str *text, struct err *err);
