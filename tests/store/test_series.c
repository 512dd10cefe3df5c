/* Counts by time (OP_SERIES) equal those of a walk through the tasks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libdb_leak.h"
#include "life_fixture.h"
#include "store/engine.h"
#include "store/stats/series.h"
#include "store/store.h"

#define ROUNDS	40
#define CHANGES 25
#define MINUTE	((int64_t)60 * 1000)
#define DAY	(24 * 60 * MINUTE)

/* ---- the operation ---- */

static struct op series_op(const struct op_series *query)
{
	struct op op = fixture_op(OP_SERIES, 0);

	op.dialect = 0;
	op.now = CLAIM_NOW;
	op.series = query;
	return op;
}

static void read_series(struct store *store, const struct op *op, struct result *result)
{
	struct err err = { 0 };
	uint64_t steps = 0;

	must(store_apply(store, op, result, &err), &err);
	while (result->unfinished) {
		/* The last call of a slice may read SERIES_READ_MAX entries, 8 for a step. */
		assert_true(op->slice_steps == 0 ||
			    result->steps - steps <= op->slice_steps + SERIES_READ_MAX / 8 + 1);
		steps = result->steps;
		must(store_go_on(result, op->slice_steps, &err), &err);
	}
	assert_true(result->series->exact);
}

/* ---- the model ---- */

struct model {
	bool exists;
	uint64_t counts[SERIES_EVENTS][SERIES_STEPS_MAX];
};

static void add(const struct series_times *times, int64_t ms, uint64_t *counts)
{
	int64_t step = (ms - times->from) / times->step_ms;

	if (ms > 0 && ms >= times->from && step < times->steps)
		counts[step]++;
}

static void add_task(const struct series_times *times, const struct task *task, struct model *model)
{
	static const enum series_event events[TASK_STATES] = {
		[TASK_SUCCEEDED] = SERIES_SUCCEEDED,
		[TASK_FAILED] = SERIES_FAILED,
		[TASK_CANCELLED] = SERIES_CANCELLED,
	};

	model->exists = true;
	add(times, task->created, model->counts[SERIES_CREATED]);
	if (events[task->state] && optional_time_is_set(task->finished))
		add(times, optional_time_ms(task->finished), model->counts[events[task->state]]);
}

static void walk(
	struct store *store, const struct series_times *times, struct model models[DIALECT_B + 1])
{
	struct task task;

	memset(models, 0, (DIALECT_B + 1) * sizeof(*models));
	for (unsigned i = 0; i < LIFE_TASKS; i++) {
		if (life_read(store, i, &task))
			add_task(times, &task, &models[task.dialect]);
	}
}

static void compare_with_walk(struct store *store, const struct op *op)
{
	struct model *models = calloc(DIALECT_B + 1, sizeof(*models));
	struct result result = { 0 };
	size_t at = 0;

	assert_non_null(models);
	walk(store, &op->series->times, models);
	read_series(store, op, &result);
	for (uint8_t dialect = DIALECT_A; dialect <= DIALECT_B; dialect++) {
		const struct series_row *row = &result.series->rows[at];

		if (!models[dialect].exists)
			continue;
		assert_true(at++ < result.series->count);
		assert_int_equal(row->dialect, dialect);
		assert_memory_equal(row->counts, models[dialect].counts, sizeof(row->counts));
	}
	assert_int_equal(at, result.series->count);
	store_result_free(&result);
	free(models);
}

static void counts_equal_a_walk(void **state)
{
	static const int64_t steps[] = { 1000, 10 * 1000, MINUTE, 60 * MINUTE, DAY };
	static const unsigned counts[] = { 1, 2, 3, 60, 127, 200 };
	struct op_series query = { 0 };
	struct op op = series_op(&query);
	int64_t now = CLAIM_NOW * 1000;
	struct store *store = *state;

	srand(11);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < CHANGES; i++) {
			life_change(store, now);
			now += rand() % (10 * 1000);
		}
		now += round % 5 == 0 ? DAY / 3 : 1;
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			struct series_times *times = &query.times;

			times->step_ms = steps[i];
			times->steps = counts[(size_t)rand() % 6];
			times->from = (now / steps[i] + 1) * steps[i] - times->steps * steps[i];
			op.slice_steps = (unsigned)rand() % 3;
			compare_with_walk(store, &op);
		}
	}
}

/* ---- more tasks than are read one by one ---- */

#define MANY	   4000
#define MANY_STEPS 200

/* Created with its end: the second half of the steps has nine tenths of the tasks. */
static void create_ended(struct store *store, unsigned number, struct model *model)
{
	static const enum task_state ends[] = { TASK_SUCCEEDED, TASK_FAILED, TASK_CANCELLED };
	struct op op = fixture_op(OP_CREATE, number);
	int64_t step = rand() % (MANY_STEPS / 2) + (rand() % 10 ? MANY_STEPS / 2 : 0);
	int end = rand() % 3;

	op.now = (step + 1) * 1000 + rand() % 1000;
	op.change.state = ends[end];
	op.change.set = CHANGE_KIND | CHANGE_ARCHIVED;
	op.change.kind = rand() % 8 ? STR("often") : STR("seldom");
	op.change.archived = rand() % 2;
	claim_apply(store, &op);
	model->counts[SERIES_CREATED][step]++;
	model->counts[SERIES_SUCCEEDED + end][step]++;
}

static void many_tasks_of_one_kind(void **state)
{
	static const struct op_series query = { .times = { 1000, 1000, MANY_STEPS } };
	struct model *model = calloc(1, sizeof(*model));
	struct op op = series_op(&query);
	struct store *store = *state;
	struct result result = { 0 };

	assert_non_null(model);
	srand(13);
	for (unsigned i = 1; i <= MANY; i++)
		create_ended(store, i, model);
	for (op.slice_steps = 0; op.slice_steps <= 64; op.slice_steps += 16) {
		read_series(store, &op, &result);
		assert_int_equal(result.series->count, 1);
		assert_memory_equal(
			result.series->rows[0].counts, model->counts, sizeof(model->counts));
		store_result_free(&result);
	}
	free(model);
}

/* ---- single tasks ---- */

/* Each count that is not 0, as " DIALECT:EVENT STEP=COUNT". */
static void expect(struct store *store, const struct op_series *query, const char *want)
{
	static const char names[SERIES_EVENTS] = { 'c', 's', 'f', 'x' };
	struct op op = series_op(query);
	struct result result = { 0 };
	char text[1000] = "";
	size_t used = 0;

	read_series(store, &op, &result);
	for (size_t i = 0; i < result.series->count; i++) {
		const struct series_row *row = &result.series->rows[i];

		used += (size_t)snprintf(text + used, sizeof(text) - used, " %d", row->dialect);
		for (int event = 0; event < SERIES_EVENTS; event++) {
			for (unsigned step = 0; step < query->times.steps; step++) {
				if (row->counts[event][step] > 0)
					used += (size_t)snprintf(text + used, sizeof(text) - used,
						" %c%u=%d", names[event], step,
						(int)row->counts[event][step]);
			}
		}
	}
	assert_string_equal(text, want);
	store_result_free(&result);
}

static void create_at(struct store *store, unsigned number, uint8_t dialect, int64_t now)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.dialect = dialect;
	op.now = now;
	op.change.set = CHANGE_KIND;
	op.change.kind = number % 2 ? STR("odd") : STR("even");
	claim_apply(store, &op);
}

static void end_at(struct store *store, unsigned number, enum task_state end, int64_t now)
{
	struct op op = fixture_op(OP_UPDATE, number);

	op.dialect = 0;
	op.now = now;
	op.change.state = end;
	claim_apply(store, &op);
}

static void apply(struct store *store, enum op_kind kind, unsigned number)
{
	struct op op = fixture_op(kind, number);

	op.dialect = 0;
	claim_apply(store, &op);
}

/* A step has its first millisecond, and not the one behind its last. */
static void ends_of_steps(void **state)
{
	static const struct op_series query = { .times = { 10000, 1000, 3 } };
	struct store *store = *state;

	expect(store, &query, "");
	create_at(store, 1, DIALECT_A, 9999);
	expect(store, &query, " 1");
	create_at(store, 2, DIALECT_A, 10000);
	create_at(store, 3, DIALECT_A, 10999);
	create_at(store, 4, DIALECT_A, 11000);
	create_at(store, 5, DIALECT_A, 12999);
	create_at(store, 6, DIALECT_A, 13000);
	expect(store, &query, " 1 c0=2 c1=1 c2=1");
	end_at(store, 1, TASK_FAILED, 12999);
	end_at(store, 2, TASK_CANCELLED, 13000);
	end_at(store, 3, TASK_SUCCEEDED, 12000);
	expect(store, &query, " 1 c0=2 c1=1 c2=1 s2=1 f2=1");
}

static void archived_tasks_count_and_removed_ones_do_not(void **state)
{
	static const struct op_series query = { .times = { 0, 1000, 200 } };
	struct store *store = *state;

	for (unsigned i = 1; i <= 6; i++)
		create_at(store, i, DIALECT_A, 1000 * i);
	end_at(store, 1, TASK_SUCCEEDED, 10000);
	end_at(store, 2, TASK_FAILED, 10000);
	end_at(store, 3, TASK_CANCELLED, 10000);
	end_at(store, 4, TASK_FAILED, 10000);
	expect(store, &query, " 1 c1=1 c2=1 c3=1 c4=1 c5=1 c6=1 s10=1 f10=2 x10=1");
	for (unsigned i = 1; i <= 5; i++)
		apply(store, i == 4 ? OP_REMOVE : OP_ARCHIVE, i);
	expect(store, &query, " 1 c1=1 c2=1 c3=1 c5=1 c6=1 s10=1 f10=1 x10=1");
	/* One that begins again has not ended. */
	end_at(store, 2, TASK_PENDING, 20000);
	expect(store, &query, " 1 c1=1 c2=1 c3=1 c5=1 c6=1 s10=1 x10=1");
	apply(store, OP_REMOVE, 6);
	for (unsigned i = 1; i <= 5; i++) {
		if (i != 4)
			apply(store, OP_REMOVE, i);
	}
	expect(store, &query, "");
}

static void dialects_and_tenants(void **state)
{
	static const uint8_t b[] = { DIALECT_B };
	struct op_series query = { .times = { 0, 1000, 10 } };
	struct op op = fixture_op(OP_CREATE, 9);
	struct store *store = *state;

	create_at(store, 1, DIALECT_B, 1000);
	create_at(store, 2, DIALECT_A, 2000);
	op.tenant = STR("acm");
	claim_apply(store, &op);
	op.tenant = STR("acme2");
	op.new_id = fixture_id(10);
	claim_apply(store, &op);
	expect(store, &query, " 1 c2=1 2 c1=1");
	query.dialects = b;
	query.dialect_count = 1;
	expect(store, &query, " 2 c1=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(counts_equal_a_walk),
		ON_EVERY_ENGINE(many_tasks_of_one_kind),
		ON_EVERY_ENGINE(ends_of_steps),
		ON_EVERY_ENGINE(archived_tasks_count_and_removed_ones_do_not),
		ON_EVERY_ENGINE(dialects_and_tenants),
	};

	return CHECK_RUN(tests);
}
