#pragma once
/*
 * The task to carry out: an IDOL import-task in the shape of the native API, as workers get it
 * (src/dialect/native/README.md), with the fields of src/dialect/idol/README.md.
 */
#include <jansson.h>

#include "base/err.h"
#include "import/digest.h"

/* Bytes of the JSON text; tasks have some 1 MiB at most. */
#define IMPORT_TASK_MAX ((size_t)4 << 20)

struct import_task {
	json_t *json; /* owns all texts below */
	struct id id;
	uint64_t number; /* 0: none */
	const char *url;
	const char *attachable_type, *attachable_id; /* as the client wrote them */
	char md5[DIGEST_MD5_LEN + 1];		     /* lower case; empty: none was given */
};

/*
 * Errors: ERR_UNPROCESSABLE if this task can never be carried out; ERR_INVALID if it is of another
 * dialect: the worker was started for the wrong tasks. The caller frees the task.
 */
bool import_task_parse(struct import_task *task, struct str text, struct err *err);
void import_task_free(struct import_task *task);
