#pragma once
/*
 * The validation of whole tasks: the one for every way into the store that is not a request of the
 * task's own API. A task that passes is one that the decoders of its dialect, or the native API,
 * could have made: same limits, known values, and an address of its dialect that leads to it. Pure.
 */
#include "dialect/dialect.h"

/*
 * Checks a task that is about to be created (before is NULL) or changed. ERR_UNPROCESSABLE, with
 * the member at fault in err->field and the reason in its text.
 */
bool dialect_check_task(const struct task *before, const struct task *task, struct err *err);
/*
 * Whether clients of its dialect reach the task: the id or number that they derive from its members
 * is its own. Otherwise false with ERR_UNPROCESSABLE.
 */
bool dialect_check_address(const struct task *task, struct err *err);
