#include "admin/sample.h"

#include "admin/dialect_names.h"

/* 2015-04-16T18:00:33Z, the first date in VirtShell's specification; then one task per second. */
#define FIRST_MS INT64_C(1429207233000)
#define STEP_MS	 1000

#define SAMPLE_USER "92d30f0c-8c9c-11e5-8994-feff819cdc9f"

bool sample_open(struct sample *sample, struct str dialect, struct str tenant, uint64_t count,
	struct err *err)
{
	const struct dialect *found = dialect_by_name(dialect);

	if (!found)
		return dialect_name_fail("dialect", dialect, dialect_has_tasks, err);
	*sample = (struct sample){ .dialect = found, .tenant = tenant, .count = count };
	return true;
}

/* True for min(count, SAMPLE_FAILED_COUNT) numbers below count, evenly spread. */
static bool is_failed(uint64_t i, uint64_t count)
{
	uint64_t failures = count < SAMPLE_FAILED_COUNT ? count : SAMPLE_FAILED_COUNT;

	return i * failures / count != (i + 1) * failures / count;
}

static bool make_id(const struct sample *sample, int64_t created, struct id *id)
{
	return sample->store ? store_new_id(sample->store, created, id) : id_new(id, created);
}

bool sample_task(const struct sample *sample, uint64_t i, struct arena *arena, struct task *task)
{
	static const enum task_state states[] = { TASK_PENDING, TASK_RUNNING, TASK_SUCCEEDED };
	const struct dialect *dialect = sample->dialect;
	int64_t created = FIRST_MS + (int64_t)i * STEP_MS;

	*task = (struct task){
		.tenant = sample->tenant,
		.dialect = dialect->code,
		.state = is_failed(i, sample->count) ? TASK_FAILED : states[i % 3],
		.created = created,
		.updated = created,
		.revision = 1,
		.created_by = STR(SAMPLE_USER),
		.updated_by = STR(SAMPLE_USER),
	};
	if (!make_id(sample, created, &task->id) || !dialect->sample(task, i, arena))
		return false;
	task->status = str_cstr(dialect_status(dialect->statuses, task->state));
	task_set_state(task, task->state, created);
	return true;
}
