#pragma once
/* Helpers that the decoders of several dialects share. */
#include "task/op.h"

/* Sets kind, dialect and, unless it is NULL, the id of an operation; returns true. */
bool decode_init_op(struct op *op, enum op_kind kind, uint8_t dialect, const struct id *id);
/*
 * For an update whose task is looked up before the rest of the request is judged: keeps the error
 * as op->invalid, so that an unknown task is ERR_NOT_FOUND whatever the body has. Returns false
 * with ERR_NO_MEMORY.
 */
bool decode_keep_invalid(struct op *op, struct arena *arena, struct err *err);
/* Sets the error of a member that is not a string; returns false. */
bool decode_not_a_string(struct err *err, enum err_code code, const char *member);
