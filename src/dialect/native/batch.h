#pragma once
/*
 * POST /tasks with an array, or with lines of JSON (README.md, "Batches"). The body is only divided
 * here; each item is decoded when it is created, as the body of a request of its own. Private to
 * this folder.
 */
#include "dialect/native/native.h"

#define NATIVE_LINES_TYPE   "application/x-ndjson"
#define NATIVE_CREATE_TYPES NATIVE_MEDIA_TYPE ", " NATIVE_LINES_TYPE

/* Query parameters of a creation; ends with NULL. */
extern const char *const native_create_params[];
/* Of one task, or of a batch: the media type, or a body that is an array, tells. */
bool native_decode_creation(struct request *request, struct op *op, struct err *err);

/*
 * The response to either. A batch is 201, or 207 if an item was not created; false with the error
 * of an atomic one that was refused.
 */
bool native_encode_creation(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_batch_item(
	const struct request *request, const struct batch_item *item, struct buf *out);
