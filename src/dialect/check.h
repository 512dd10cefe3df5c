#pragma once
/*
 * Validation of whole tasks that do not come from a request of their own API: those of the native
 * API, of imports and of samples. A task that passes could have been made by its dialect or by the
 * native API: same limits, known values, and an address of its dialect that leads to it. Pure.
 */
#include "dialect/dialect.h"

/*
 * Checks a task that is about to be created (before is NULL) or changed. ERR_UNPROCESSABLE, with
 * the member at fault in err->field and the reason in its text; ERR_TOO_LARGE as
 * dialect_check_room().
 */
bool dialect_check_task(const struct task *before, const struct task *task, struct err *err);
/*
 * Keeps room in the record for later reports of workers: ERR_TOO_LARGE if the fields other than the
 * dialect's error_field leave too little and are larger than before. before is NULL for a new task.
 */
bool dialect_check_room(const struct task *before, const struct task *task, struct err *err);
/* Whether the ids of the dialect's tasks are numbers that the service assigns. */
bool dialect_has_numbers(const struct dialect *dialect);
/*
 * Whether clients of its dialect reach the task: the id or number that they derive from its members
 * is its own. Returns false with ERR_UNPROCESSABLE otherwise, or with ERR_NO_MEMORY.
 */
bool dialect_check_address(const struct task *task, struct err *err);
