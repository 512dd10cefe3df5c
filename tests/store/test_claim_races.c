/* Several processes that claim side by side, beside the one that ends leases. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "claim_fixture.h"
#include "race.h"
#include "store/due.h"
#include "store/tasks/claim.h"

#define TASKS 1000

/* Shared by the racers: how often each task was given, and completed. */
struct claim_track {
	_Atomic uint32_t given[TASKS + 1], completed[TASKS + 1];
	_Atomic uint32_t done, refused;
};

static struct claim_track *shared;

static void create_tasks(const char *name)
{
	struct store *store = crowd_recover(name);

	for (unsigned i = 1; i <= TASKS; i++)
		claim_create(store, i, i % 3 ? "a" : "b", (int32_t)(i % 5));
	store_close(store);
}

static unsigned number_of(const struct task *task)
{
	return (unsigned)task->id.bytes[14] << 8 | task->id.bytes[15];
}

static void claim_until_nothing_is_left(struct store *store, unsigned racer)
{
	const struct op_claim claim = claim_any(1 + racer);
	bool found = true;

	race_line_up(0);
	while (found) {
		struct op op = claim_op(&claim);
		struct result result = { 0 };

		race_insist(store, &op, &result);
		found = result.claimed_count > 0;
		for (size_t i = 0; i < result.claimed_count; i++)
			shared->given[number_of(&result.claimed[i].task)]++;
		store_result_free(&result);
	}
	race_leave(store);
}

static void no_task_is_given_twice(void **state)
{
	(void)state;
	create_tasks("twice");
	race_run(claim_until_nothing_is_left);
	for (unsigned i = 1; i <= TASKS; i++)
		assert_int_equal(shared->given[i], 1);
	print_message("# %u busy, slowest %u us\n", crowd->busy, track->slowest);
}

/* As its worker sends it after a response that was lost. */
static void repeat(struct store *store, const struct op *report)
{
	struct result result = { 0 };
	struct err err = { 0 };

	while (!store_apply(store, report, &result, &err)) {
		if (err.code != ERR_BUSY) {
			track->wrong++;
			return;
		}
	}
	track->wrong += !result.nothing || result.written;
	store_result_free(&result);
}

/* One of five reports is too late: its lease has ended, and another worker may have the task. */
static void work(struct store *store, unsigned racer)
{
	struct op_claim claim = claim_any(2);
	unsigned random = racer + 1;

	claim.confirm_ms = 2;
	while (shared->done < TASKS) {
		struct op op = claim_op(&claim);
		struct result result = { 0 };

		op.now = clock_wall_ms();
		race_insist(store, &op, &result);
		for (size_t i = 0; i < result.claimed_count; i++) {
			const struct task *task = &result.claimed[i].task;
			struct op report = claim_report(
				REPORT_COMPLETE, number_of(task), task->lease.token);
			enum err_code code;

			random = random * 1103515245 + 12345;
			if (random >> 16 & 3)
				usleep(random >> 8 & 4095);
			report.now = clock_wall_ms();
			do {
				code = fixture_error(store, &report);
			} while (code == ERR_BUSY);
			if (code == ERR_NONE) {
				repeat(store, &report);
				shared->completed[number_of(task)]++;
				shared->done++;
			} else {
				shared->refused += code == ERR_LEASE_LOST;
				track->wrong += code != ERR_LEASE_LOST;
			}
		}
		store_result_free(&result);
	}
	race_leave(store);
}

/* The keeper: ends leases while the others work. */
static void end_leases(struct store *store)
{
	struct buf place = BUF_INIT;
	struct arena arena = { 0 };
	struct err err = { 0 };
	bool leases = false;

	while (shared->done < TASKS) {
		struct op op = claim_report(REPORT_DUE, 0, 0);
		bool found;

		op.arena = &arena;
		op.now = clock_wall_ms();
		leases = !leases;
		if (!store_next_due(
			    store, op.now, leases, &place, &op.tenant, &op.id, &found, &err))
			_exit(90);
		if (found)
			fixture_error(store, &op);
		buf_reset(&place);
		arena_reset(&arena);
	}
	race_leave(store);
}

static void work_or_end_leases(struct store *store, unsigned racer)
{
	if (racer == 0)
		end_leases(store);
	else
		work(store, racer);
}

static void one_result_of_each_task_is_accepted(void **state)
{
	struct store *store;

	(void)state;
	create_tasks("results");
	race_run(work_or_end_leases);
	print_message("# %u reports too late, %u busy, slowest %u us\n", shared->refused,
		crowd->busy, track->slowest);
	assert_int_equal(track->wrong, 0);
	assert_int_equal(shared->done, TASKS);
	for (unsigned i = 1; i <= TASKS; i++)
		assert_int_equal(shared->completed[i], 1);
	assert_true(shared->refused > 0);
	store = crowd_recover("results");
	fixture_verify(store, TASKS);
	for (unsigned i = 1; i <= TASKS; i++)
		assert_int_equal(claim_read(store, i).state, TASK_SUCCEEDED);
	store_close(store);
}

struct found {
	const struct op *op;
	struct index_key entry;
	struct result result;
};

static int step_claim(struct store *store, void *data, struct err *err)
{
	struct found *found = data;

	return claim_tasks(store, found->op, NULL, &found->entry, &found->result, err);
}

/* The entry was found without a lock: another process may have changed its task since. */
static void entry_that_is_gone_is_passed_over(void **state)
{
	const struct str a = STR("a");
	struct op_claim claim = claim_kinds(1, &a, 1);
	struct op op = claim_op(&claim), change = fixture_op(OP_UPDATE, 1);
	struct found found = { .op = &op };
	struct store *store = *state;
	struct err err = { 0 };
	bool any;

	claim_create(store, 1, "a", 0);
	claim_create(store, 2, "a", -1);
	must(claim_find(store, &op, &found.entry, &any, &err), &err);
	assert_true(any);
	change.change.set = CHANGE_KIND;
	change.change.kind = STR("b");
	claim_apply(store, &change);
	must(step_call_write(store, STR("acme"), step_claim, &found, &err), &err);
	assert_int_equal(found.result.claimed_count, 1);
	store_result_free(&found.result);
	assert_int_equal(claim_read(store, 1).state, TASK_PENDING);
	assert_int_equal(claim_read(store, 2).state, TASK_RUNNING);
}

static int setup(void **state)
{
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	return race_setup(state);
}

static int teardown(void **state)
{
	munmap(shared, sizeof(*shared));
	return race_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(entry_that_is_gone_is_passed_over),
		cmocka_unit_test_setup_teardown(no_task_is_given_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(
			one_result_of_each_task_is_accepted, setup, teardown),
	};

	return CHECK_RUN(tests);
}
