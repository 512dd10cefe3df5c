#pragma once
/* Helpers that the decoders of several dialects share. */
#include "task/op.h"

/* Sets kind, dialect and, unless it is NULL, the id of an operation; returns true. */
bool decode_init_op(struct op *op, enum op_kind kind, uint8_t dialect, const struct id *id);
/* Sets the error of a member that is not a string; returns false. */
bool decode_not_a_string(struct err *err, enum err_code code, const char *member);
