#pragma once
/* Part of store/internal.h, which includes it: numbers of tasks, and revisions of named ones. */

/*
 * The next number of the op's tenant and dialect. STEP_FAILED with ERR_STORAGE_QUOTA after
 * TASK_NUMBER_MAX.
 */
int number_next(struct store *store, const struct op *op, uint64_t *number, struct err *err);
/* The row that it will read. */
void number_expect(struct store *store, const struct op *op);
/* Raises the last number that was assigned; *before is what it was, 0: none. */
int number_set_last(
	struct store *store, struct str tenant, uint8_t dialect, uint64_t number, uint64_t *before);
/* Numbers up to that of the task will not be assigned any more. */
int number_reserve(struct store *store, const struct task *task);
/*
 * The first revision of the op's task: 1 or, if a client has named the task, the time or one more
 * than the revision of any removed task of that kind. So it differs from those of a removed task
 * with the same name, also after the clock was set back.
 */
int revision_first(struct store *store, const struct op *op, uint64_t *revision);
/* Notes the revision of a task that is being removed; the removal has the next one. */
int revision_retire(struct store *store, const struct task *task);
/* Whether the key is one of the rows above. */
bool number_is_row(struct str key);
/* The parts of the key of a row of numbers; false for another row. */
bool number_parse_row(struct str key, uint8_t *dialect, struct str *tenant);
/* The same for a row of revisions. */
bool revision_parse_row(struct str key, uint8_t *dialect, struct str *tenant);
/* Raises such a row to the number, if it is less. The key has at most INDEX_KEY_MAX bytes. */
int number_raise(struct store *store, struct str key, uint64_t number);
/*
 * Finds another task of the tenant and dialect with the task's number, if the dialect has numbers.
 * Within a step; the index must be complete.
 */
int number_holder(struct store *store, const struct task *task, struct id *id, bool *found);
/* The id of the task that has the op's number; ERR_NOT_FOUND. */
bool number_find(struct store *store, const struct op *op, struct id *id, struct err *err);
