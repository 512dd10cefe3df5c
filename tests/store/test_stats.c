/* Counts of tasks by dialect and kind (OP_STATS) equal those of a walk through the tasks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "life_fixture.h"
#include "store/store.h"

#define ROUNDS	40
#define CHANGES 25
#define MINUTE	((int64_t)60 * 1000)
#define HOUR	(60 * MINUTE)
#define DAY	(24 * HOUR)

/* ---- the operation ---- */

static struct op stats_op(const struct op_stats *query, int64_t now)
{
	struct op op = fixture_op(OP_STATS, 0);

	op.dialect = 0;
	op.now = now;
	op.stats = query;
	return op;
}

static void read_stats(struct store *store, const struct op *op, struct result *result)
{
	struct err err = { 0 };

	must(store_apply(store, op, result, &err), &err);
	while (result->unfinished)
		must(store_go_on(result, op->slice_steps, &err), &err);
	assert_true(result->stats->exact);
}

/* The kinds of an answer ("1:a 1:b 2:"), or "..." at its end if there may be more. */
static void expect_kinds(struct store *store, const struct op_stats *query, const char *want)
{
	struct op op = stats_op(query, CLAIM_NOW);
	struct result result = { 0 };
	char text[1000] = "";
	size_t used = 0;

	read_stats(store, &op, &result);
	for (size_t i = 0; i < result.stats->count; i++) {
		const struct stats_row *row = &result.stats->rows[i];

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%d:%.*s",
			i ? " " : "", row->dialect, STR_ARGS(stats_kind(row)));
	}
	snprintf(text + used, sizeof(text) - used, "%s", result.stats->next.len ? "..." : "");
	assert_string_equal(text, want);
	store_result_free(&result);
}

/* ---- the model ---- */

struct model {
	struct stats_row rows[2][LIFE_KINDS];
	bool exists[2][LIFE_KINDS];
	int64_t created[2][LIFE_KINDS]; /* of the ready task that was created first; 0: none */
	uint64_t tasks;
};

static void count_windows(const struct task *task, int64_t now, uint64_t windows[STATS_WINDOWS])
{
	static const int64_t lengths[] = { MINUTE, HOUR, DAY };

	for (int i = 0; i < STATS_WINDOWS; i++)
		windows[i] += optional_time_ms(task->finished) >= now - lengths[i];
}

static void add_task(struct model *model, const struct task *task, unsigned number, int64_t now)
{
	int dialect = task->dialect == DIALECT_B;
	struct stats_row *row = &model->rows[dialect][life_kind(number)];
	bool ended_well = task->state == TASK_SUCCEEDED;

	model->tasks++;
	if (ended_well || task->state == TASK_FAILED)
		count_windows(task, now, ended_well ? row->succeeded : row->failed);
	if (task->archived && !ended_well && task->state != TASK_FAILED)
		return;
	model->exists[dialect][life_kind(number)] = true;
	if (task->archived)
		return;
	row->states[task->state]++;
	if (!task_is_ready(task))
		return;
	row->ready++;
	if (!optional_time_is_set(row->oldest_ready) ||
		task->updated < optional_time_ms(row->oldest_ready))
		row->oldest_ready = optional_time(task->updated);
	if (model->created[dialect][life_kind(number)] == 0 ||
		task->created < model->created[dialect][life_kind(number)])
		model->created[dialect][life_kind(number)] = task->created;
}

static struct model *walk(struct store *store, int64_t now)
{
	struct model *model = calloc(1, sizeof(*model));
	struct task task;

	assert_non_null(model);
	for (unsigned i = 0; i < LIFE_TASKS; i++) {
		if (life_read(store, i, &task))
			add_task(model, &task, i, now);
	}
	return model;
}

/* A task was ready at its last change at the latest: rows of the model have the first of these. */
static void compare_rows(const struct stats_row *row, const struct stats_row *want, int64_t created)
{
	assert_memory_equal(row->states, want->states, sizeof(row->states));
	assert_memory_equal(row->succeeded, want->succeeded, sizeof(row->succeeded));
	assert_memory_equal(row->failed, want->failed, sizeof(row->failed));
	assert_int_equal(row->ready, want->ready);
	assert_int_equal(optional_time_is_set(row->oldest_ready), row->ready > 0);
	if (row->ready > 0)
		assert_in_range(optional_time_ms(row->oldest_ready), created,
			optional_time_ms(want->oldest_ready));
}

/* In slices of one step, and at once. */
static void compare_with_walk(struct store *store, int64_t now, unsigned slice_steps)
{
	static const struct op_stats query = { .limit = STATS_ROWS_MAX };
	struct op op = stats_op(&query, now);
	struct model *model = walk(store, now);
	struct result result = { 0 };
	size_t at = 0;

	op.slice_steps = slice_steps;
	read_stats(store, &op, &result);
	for (int dialect = 0; dialect < 2; dialect++) {
		for (size_t kind = 0; kind < LIFE_KINDS; kind++) {
			const struct stats_row *row = &result.stats->rows[at];

			if (!model->exists[dialect][kind])
				continue;
			assert_true(at++ < result.stats->count);
			assert_int_equal(row->dialect, dialect ? DIALECT_B : DIALECT_A);
			assert_str(stats_kind(row), life_kinds[kind]);
			compare_rows(
				row, &model->rows[dialect][kind], model->created[dialect][kind]);
		}
	}
	assert_int_equal(at, result.stats->count);
	store_result_free(&result);
	fixture_verify(store, model->tasks);
	free(model);
}

static void counts_equal_a_walk(void **state)
{
	int64_t now = CLAIM_NOW * 1000;
	struct store *store = *state;

	srand(7);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < CHANGES; i++) {
			life_change(store, now);
			now += rand() % (10 * 1000);
		}
		now += round % 5 == 0 ? DAY / 3 : round % 3 == 0 ? 20 * MINUTE : 1;
		compare_with_walk(store, now, round % 2 ? 1 : 0);
	}
}

/* ---- questions ---- */

static void create_kind(struct store *store, unsigned number, uint8_t dialect, const char *kind)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.dialect = dialect;
	op.change.set = CHANGE_KIND;
	op.change.kind = str_cstr(kind);
	claim_apply(store, &op);
}

static void filters_and_pages(void **state)
{
	static const uint8_t b[] = { DIALECT_B };
	static const struct str two[] = { STR("video"), STR("audio"), STR("none of it") };
	struct op_stats query = { .limit = 10 };
	struct store *store = *state;

	expect_kinds(store, &query, "");
	create_kind(store, 1, DIALECT_B, "audio");
	create_kind(store, 2, DIALECT_A, "video");
	create_kind(store, 3, DIALECT_A, "");
	create_kind(store, 4, DIALECT_A, "audio");
	create_kind(store, 5, DIALECT_A, "audiobook");
	expect_kinds(store, &query, "1: 1:audio 1:audiobook 1:video 2:audio");
	query.dialects = b;
	query.dialect_count = 1;
	expect_kinds(store, &query, "2:audio");
	query = (struct op_stats){ .limit = 10, .kinds = two, .kind_count = 3 };
	expect_kinds(store, &query, "1:audio 1:video 2:audio");
	query = (struct op_stats){ .limit = 2 };
	expect_kinds(store, &query, "1: 1:audio...");
	query.after = STR("\001audio");
	expect_kinds(store, &query, "1:audiobook 1:video...");
	query.after = STR("\001video");
	expect_kinds(store, &query, "2:audio");
	query.after = STR("\002");
	expect_kinds(store, &query, "2:audio");
	query.after = STR("\003x");
	expect_kinds(store, &query, "");
	query = (struct op_stats){
		.limit = 1, .kinds = two, .kind_count = 3, .after = STR("\001b")
	};
	expect_kinds(store, &query, "1:video...");
}

static void other_tenants_do_not_count(void **state)
{
	struct op_stats query = { .limit = 10 };
	struct op op = fixture_op(OP_CREATE, 9);
	struct store *store = *state;

	create_kind(store, 1, DIALECT_A, "mine");
	op.tenant = STR("acm");
	claim_apply(store, &op);
	op.tenant = STR("acme2");
	op.new_id = fixture_id(10);
	claim_apply(store, &op);
	expect_kinds(store, &query, "1:mine");
}

/* The oldest task may have the lowest of many priorities. */
static void oldest_ready_is_looked_for_below_other_priorities(void **state)
{
	static const struct op_stats query = { .limit = 10 };
	struct op op = stats_op(&query, CLAIM_NOW);
	struct store *store = *state;
	struct result result = { 0 };

	for (unsigned i = 1; i <= STATS_PRIORITIES_MAX; i++)
		claim_create(store, i, "a", (int32_t)i - 10);
	read_stats(store, &op, &result);
	assert_int_equal(optional_time_ms(result.stats->rows[0].oldest_ready), 1001);
	store_result_free(&result);
	/* Beyond the limit it is that of the highest priorities. */
	claim_create(store, 0, "a", -100);
	read_stats(store, &op, &result);
	assert_int_equal(result.stats->rows[0].ready, STATS_PRIORITIES_MAX + 1);
	assert_int_equal(optional_time_ms(result.stats->rows[0].oldest_ready), 1001);
	store_result_free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(counts_equal_a_walk),
		ON_EVERY_ENGINE(filters_and_pages),
		ON_EVERY_ENGINE(other_tenants_do_not_count),
		ON_EVERY_ENGINE(oldest_ready_is_looked_for_below_other_priorities),
	};

	return CHECK_RUN(tests);
}
