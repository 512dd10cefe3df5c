#include "store/tasks/retry.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/index/state.h"

#define KEYS_AHEAD 64

/* A place among the failed tasks: that of one of them. */
struct place {
	uint8_t dialect;
	uint8_t created[8]; /* as in the key of the entry */
	struct id id;
};

struct retry_run {
	struct store *store;
	struct op op;	  /* borrows from the request */
	size_t table;	  /* of store->indexes */
	bool is_in_range; /* `next` is a position in the table's range, which ends before `end` */
	struct index_key next, end;
	struct place places[KEYS_AHEAD]; /* that were read ahead */
	size_t at, count;
	struct place last;  /* the last one that was looked at; dialect 0: none */
	struct arena arena; /* of the task that begins again */
};

/* ---- the tasks that have failed ---- */

static bool has_dialect(const struct op_retry *retry, uint8_t dialect)
{
	return dialect < INDEX_RESOURCE_DIALECTS &&
	       (retry->dialect_count == 0 ||
		       memchr(retry->dialects, dialect, retry->dialect_count) != NULL);
}

static bool enter_range(struct retry_run *run, uint8_t dialect)
{
	const struct index_field *field = index_field_by_code(
		run->store->indexes, dialect, INDEX_BY_STATE);

	if (!field || !has_dialect(&run->op.retry, dialect))
		return false;
	index_value_prefix(&run->next, run->op.tenant, dialect, false, field,
		str_cstr(task_state_name(TASK_FAILED)));
	run->end = run->next;
	run->is_in_range = index_prefix_end(&run->end);
	return run->is_in_range;
}

/* Goes on behind the place where another request ended. */
static bool enter_behind(struct retry_run *run, struct err *err)
{
	const struct index_table *tables = run->store->indexes;
	const struct str after = run->op.retry.after;

	if (after.len == 0)
		return true;
	if (after.len != sizeof(run->last))
		return err_set(err, ERR_INVALID, "cursor", "The cursor is not one of this list.");
	memcpy(&run->last, after.ptr, sizeof(run->last));
	while (tables[run->table].fields && tables[run->table].dialect != run->last.dialect)
		run->table++;
	if (!tables[run->table].fields || !enter_range(run, run->last.dialect))
		return err_set(err, ERR_INVALID, "cursor", "The cursor is not one of this list.");
	run->table++;
	memcpy(run->next.bytes + run->next.len, after.ptr + 1, after.len - 1);
	run->next.len += after.len - 1;
	run->next.bytes[run->next.len++] = 0;
	return true;
}

/* Moves to the next table that the operation asks for. False: there is none. */
static bool find_range(struct retry_run *run)
{
	const struct index_table *tables = run->store->indexes;

	while (!run->is_in_range && tables[run->table].fields)
		enter_range(run, tables[run->table++].dialect);
	return run->is_in_range;
}

static int step_read_ahead(struct store *store, void *data, struct err *err)
{
	struct retry_run *run = data;
	const struct engine_range range = { .from = key_str(&run->next), .to = key_str(&run->end) };
	int rc = store_scan(store, TABLE_INDEX, &range, false, KEYS_AHEAD);
	struct str key = STR_NULL;

	(void)err;
	run->at = run->count = 0;
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < store->batch.count; i++) {
		struct place *place = &run->places[run->count++];
		const size_t len = sizeof(place->created) + sizeof(place->id);

		key = engine_batch_key(&store->batch, i);
		if (key.len < len || key.len >= sizeof(run->next.bytes))
			return ENGINE_DAMAGED;
		place->dialect = run->store->indexes[run->table - 1].dialect;
		memcpy(place->created, key.ptr + key.len - len, sizeof(place->created));
		memcpy(place->id.bytes, key.ptr + key.len - sizeof(place->id), sizeof(place->id));
	}
	run->is_in_range = run->count == KEYS_AHEAD;
	if (run->is_in_range) {
		memcpy(run->next.bytes, key.ptr, key.len);
		run->next.len = key.len;
		run->next.bytes[run->next.len++] = 0;
	}
	return 0;
}

/* *found: run->places has a task. Otherwise the run has ended. */
static bool next_id(struct retry_run *run, bool *found, struct err *err)
{
	while (run->at == run->count && find_range(run)) {
		if (!step_run(run->store, ENGINE_READ, step_read_ahead, run, err))
			return false;
	}
	*found = run->at < run->count;
	return true;
}

/* ---- which ones ---- */

static bool has_kind(
	const struct store *store, const struct op_retry *retry, const struct task *task)
{
	const struct index_field *field = index_field_by_code(
		store->indexes, task->dialect, INDEX_BY_READY);
	char scratch[TASK_KIND_MAX];
	struct str kind = field ? field->kind(task, scratch) : STR("");
	size_t i = 0;

	while (i < retry->kind_count && !str_eq(kind, retry->kinds[i]))
		i++;
	return retry->kind_count == 0 || i < retry->kind_count;
}

static bool is_finished_in(const struct list_time_range *range, const struct task *task)
{
	int64_t at = optional_time_is_set(task->finished) ? optional_time_ms(task->finished)
							  : task->updated;

	return at >= range->from &&
	       (!optional_time_is_set(range->to) || at < optional_time_ms(range->to));
}

static bool matches(
	const struct store *store, const struct op_retry *retry, const struct task *task)
{
	return task->state == TASK_FAILED && !task->archived &&
	       (retry->failures == 0 || retry->failures & 1U << task->failure) &&
	       is_finished_in(&retry->finished, task) && has_kind(store, retry, task);
}

struct look {
	const struct retry_run *run;
	struct id id;
	struct buf record;
	bool matches;
	uint64_t revision;
};

static int step_look(struct store *store, void *data, struct err *err)
{
	struct look *look = data;
	struct task task;
	int rc;

	look->matches = false;
	buf_reset(&look->record);
	rc = row_get(store, look->run->op.tenant, &look->id, false, &look->record);
	if (rc == ENGINE_NOT_FOUND || rc == ENGINE_DAMAGED)
		return 0;
	if (rc != 0)
		return rc;
	if (!row_decode(&task, &look->record, look->run->op.tenant, &look->id, err))
		return 0;
	look->matches = matches(store, &look->run->op.retry, &task);
	look->revision = task.revision;
	return 0;
}

/* ---- one task ---- */

static int step_retry(struct store *store, void *data, struct err *err)
{
	store->enforce_quota = true;
	return write_modify(store, data, err);
}

/* A task that has changed meanwhile is left alone. */
static bool retry_task(
	struct retry_run *run, const struct look *look, struct result *result, struct err *err)
{
	const struct op *op = &run->op;
	const struct op each = { .kind = OP_UPDATE,
		.arena = &run->arena,
		.tenant = op->tenant,
		.actor = op->actor,
		.request = op->request,
		.now = op->now,
		.tz = op->tz,
		.id = look->id,
		.leave_end = true,
		.if_match = { look->revision },
		.if_match_count = 1,
		.before_write = op->before_write,
		.follow = op->follow,
		.report = { .kind = REPORT_RETRY } };
	struct result one = { 0 };
	struct write write = { .op = &each, .result = &one };
	bool ok = step_run_write(run->store, run->op.tenant, step_retry, &write, err);

	err->detail = STR_NULL; /* was in the arena */
	arena_reset(&run->arena);
	buf_free(&one.record);
	if (ok) {
		result->retried++;
		result->written = !run->store->sync_commits;
	} else if (err->code == ERR_NOT_FOUND || err->code == ERR_PRECONDITION) {
		ok = true;
	} else if (change_error_is_of_task(err)) {
		result->refused++;
		ok = true;
	}
	return ok;
}

static bool look_at_next(struct retry_run *run, struct result *result, bool *found, struct err *err)
{
	struct look look = { .run = run, .record = BUF_INIT };
	bool ok = next_id(run, found, err);

	if (!ok || !*found)
		return ok;
	look.id = run->places[run->at].id;
	ok = step_run(run->store, ENGINE_READ, step_look, &look, err);
	if (ok && look.matches)
		ok = retry_task(run, &look, result, err);
	buf_free(&look.record);
	if (ok)
		run->last = run->places[run->at++];
	return ok;
}

/* ---- slices ---- */

static bool is_full(const struct retry_run *run, const struct result *result)
{
	return result->retried + result->refused >= run->op.retry.max;
}

/* What was done before an error remains: the client is told to repeat the request. */
static bool run_slice(
	struct retry_run *run, struct result *result, unsigned slice_steps, struct err *err)
{
	int64_t until = clock_mono_us() + LIST_SLICE_US;
	bool found = true, ok = true;
	unsigned steps = 0;

	while (ok && found && !is_full(run, result) &&
		(slice_steps == 0 || (steps < slice_steps && clock_mono_us() < until))) {
		ok = store_may_write(run->store, err) && look_at_next(run, result, &found, err);
		steps++;
	}
	result->steps += steps;
	result->unfinished = ok && found && !is_full(run, result);
	result->more = found;
	if (found && run->last.dialect != 0)
		result->next_cursor = (struct str){ (const char *)&run->last, sizeof(run->last) };
	return ok || (result->retried > 0 && err->code != ERR_PANIC);
}

bool retry_open(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct retry_run *run;

	if (!index_may_read(store, err))
		return false;
	run = calloc(1, sizeof(*run));
	if (!run)
		return err_no_memory(err);
	run->store = store;
	run->op = *op;
	result->retry = run;
	return enter_behind(run, err) && run_slice(run, result, op->slice_steps, err);
}

bool retry_go_on(struct result *result, unsigned slice_steps, struct err *err)
{
	struct retry_run *run = result->retry;
	bool ok;

	store_enter(run->store);
	ok = run_slice(run, result, slice_steps, err);
	store_leave(run->store);
	return ok;
}

void retry_free(struct retry_run *run)
{
	if (run)
		arena_free(&run->arena);
	free(run);
}
