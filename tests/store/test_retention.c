/* Removal of finished tasks by their age. */
#include <stdio.h>

#include "base/clock.h"
#include "operation_fixture.h"
#include "store/internal.h"

#define KEEP 1000000 /* ms that succeeded tasks are kept; failed ones twice as long */
#define END  5000    /* when tasks of these tests end */

static void set_rules(struct store *store)
{
	struct retention rules = { 0 };

	rules.keep_ms[CODE_A][TASK_SUCCEEDED] = KEEP;
	rules.keep_ms[CODE_A][TASK_FAILED] = 2 * KEEP;
	retention_init(&store->retention, &rules);
}

/* Removes what is due at that time. Returns the number of slices. */
static unsigned remove_at(struct store *store, int64_t now)
{
	struct err err = { 0 };
	unsigned slices = 0;
	bool more = true;

	set_rules(store);
	for (; more; slices++) {
		assert_true(slices < 10000);
		must(store_remove_finished(store, now, &more, &err), &err);
	}
	return slices;
}

static void create_in(struct store *store, const char *tenant, unsigned id, const char *parent)
{
	char name[16];
	struct op op = fixture_op(OP_CREATE, id);

	snprintf(name, sizeof(name), "\"%u\"", id);
	op.tenant = str_cstr(tenant);
	change_set_field(&op.change, STR("name"), str_cstr(name));
	if (parent)
		change_set_field(&op.change, STR("parent"), str_cstr(parent));
	apply_only(store, &op);
}

static void end_in(struct store *store, const char *tenant, unsigned id, enum task_state state)
{
	struct op op = fixture_op(OP_UPDATE, id);

	op.tenant = str_cstr(tenant);
	op.now = END;
	op.change.state = state;
	apply_only(store, &op);
}

static void create(struct store *store, unsigned id, enum task_state state, const char *parent)
{
	create_in(store, "acme", id, parent);
	if (state != TASK_PENDING)
		end_in(store, "acme", id, state);
}

static bool exists_in(struct store *store, const char *tenant, unsigned id)
{
	struct op op = fixture_op(OP_READ, id);

	op.tenant = str_cstr(tenant);
	return fixture_error(store, &op) == ERR_NONE;
}

static bool exists(struct store *store, unsigned id)
{
	return exists_in(store, "acme", id);
}

static void time_counts_from_the_end(void **state)
{
	struct store *store = *state;

	create(store, 1, TASK_SUCCEEDED, NULL);
	remove_at(store, END + KEEP - 1);
	assert_true(exists(store, 1));
	remove_at(store, END + KEEP);
	assert_false(exists(store, 1));
	fixture_verify(store, 0);
}

static void each_outcome_has_its_time(void **state)
{
	struct store *store = *state;

	create(store, 1, TASK_SUCCEEDED, NULL);
	create(store, 2, TASK_FAILED, NULL);
	create(store, 3, TASK_CANCELLED, NULL);
	remove_at(store, END + KEEP);
	assert_false(exists(store, 1));
	assert_true(exists(store, 2));
	remove_at(store, END + 100 * KEEP);
	assert_false(exists(store, 2));
	assert_true(exists(store, 3));
	fixture_verify(store, 1);
}

static void unfinished_tasks_are_kept(void **state)
{
	struct store *store = *state;

	create(store, 1, TASK_PENDING, NULL);
	create(store, 2, TASK_RUNNING, NULL);
	create(store, 3, TASK_SUCCEEDED, NULL);
	end_in(store, "acme", 3, TASK_PENDING);
	remove_at(store, END + 100 * KEEP);
	fixture_verify(store, 3);
}

static void archived_tasks_are_removed_too(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_ARCHIVE, 1);

	create(store, 1, TASK_SUCCEEDED, NULL);
	create(store, 2, TASK_PENDING, NULL);
	apply_only(store, &op);
	op = fixture_op(OP_ARCHIVE, 2);
	apply_only(store, &op);
	remove_at(store, END + KEEP);
	assert_false(exists(store, 1));
	assert_true(exists(store, 2));
	fixture_verify(store, 1);
}

static void dialects_without_a_rule_are_kept(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);

	op.dialect = CODE_POINT;
	op.change.state = TASK_SUCCEEDED;
	apply_only(store, &op);
	remove_at(store, END + 100 * KEEP);
	fixture_verify(store, 1);
}

static void a_change_after_the_end_does_not_prolong(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_UPDATE, 1);

	create(store, 1, TASK_SUCCEEDED, NULL);
	op.now = END + KEEP - 1;
	change_set_field(&op.change, STR("name"), STR("\"new\""));
	apply_only(store, &op);
	remove_at(store, END + KEEP);
	assert_false(exists(store, 1));
}

/* Many tenants, one of them without finished tasks, and more tasks than a batch has. */
static void every_tenant_is_visited(void **state)
{
	static const char *const tenants[] = { "a", "a-b", "b", "acme", "zoo" };
	struct store *store = *state;

	for (size_t i = 0; i < 5; i++) {
		for (unsigned id = 1; id <= 40; id++) {
			create_in(store, tenants[i], id, NULL);
			if (i != 2 && id % 4 != 0)
				end_in(store, tenants[i], id, TASK_SUCCEEDED);
		}
	}
	remove_at(store, END + KEEP);
	for (size_t i = 0; i < 5; i++) {
		for (unsigned id = 1; id <= 40; id++)
			assert_int_equal(exists_in(store, tenants[i], id), i == 2 || id % 4 == 0);
	}
	fixture_verify(store, 4 * 10 + 40);
}

static void claim_of(struct store *store, const char *tenant)
{
	const struct op_claim claim = {
		.worker = STR("w1"), .max = 1, .lease_ms = 60000, .confirm_ms = 800
	};
	struct op op = fixture_op(OP_CLAIM, 0);
	struct result result;

	op.dialect = 0;
	op.tenant = str_cstr(tenant);
	op.claim = &claim;
	result = apply(store, &op);
	assert_int_equal(result.claimed_count, 1);
	store_result_free(&result);
}

/* Their entries in the index are of no tenant, and before those of all tenants. */
static void delays_and_leases_do_not_stop_a_pass(void **state)
{
	static const char *const tenants[] = { "aaa", "acme", "zoo" };
	struct store *store = *state;

	for (size_t i = 0; i < 3; i++) {
		struct op op = fixture_op(OP_CREATE, 1);

		op.tenant = str_cstr(tenants[i]);
		op.change.set = CHANGE_NOT_BEFORE;
		op.change.not_before = optional_time(END + 500 * (int64_t)KEEP);
		apply_only(store, &op);
		create_in(store, tenants[i], 2, NULL);
		claim_of(store, tenants[i]);
		create_in(store, tenants[i], 3, NULL);
		end_in(store, tenants[i], 3, TASK_SUCCEEDED);
	}
	remove_at(store, END + KEEP);
	for (size_t i = 0; i < 3; i++) {
		assert_true(exists_in(store, tenants[i], 1));
		assert_true(exists_in(store, tenants[i], 2));
		assert_false(exists_in(store, tenants[i], 3));
	}
	fixture_verify(store, 6);
}

/* 1 <- 2 <- 3: 3 has not ended. */
static void a_task_that_others_refer_to_is_kept(void **state)
{
	struct store *store = *state;

	create(store, 1, TASK_SUCCEEDED, NULL);
	create(store, 2, TASK_SUCCEEDED, "\"1\"");
	create(store, 3, TASK_PENDING, "\"2\"");
	remove_at(store, END + KEEP);
	fixture_verify(store, 3);
	end_in(store, "acme", 3, TASK_FAILED);
	remove_at(store, END + KEEP);
	fixture_verify(store, 3);
	remove_at(store, END + 2 * KEEP);
	fixture_verify(store, 0);
}

static void a_circle_is_removed_together(void **state)
{
	struct store *store = *state;

	create(store, 1, TASK_SUCCEEDED, "\"3\"");
	create(store, 2, TASK_SUCCEEDED, "\"1\"");
	create(store, 3, TASK_FAILED, "\"2\"");
	create(store, 4, TASK_SUCCEEDED, "\"4\"");
	remove_at(store, END + KEEP);
	assert_false(exists(store, 4));
	fixture_verify(store, 3);
	remove_at(store, END + 2 * KEEP);
	fixture_verify(store, 0);
}

static void removed_tasks_are_counted(void **state)
{
	struct store *store = *state;

	create(store, 1, TASK_SUCCEEDED, NULL);
	create(store, 2, TASK_SUCCEEDED, NULL);
	remove_at(store, END + KEEP);
	assert_int_equal(atomic_load(&store->shared->health.retention_removed), 2);
	assert_true(atomic_load(&store->shared->health.retention_pass) > 0);
	assert_true(store_is_flushed(store));
}

static void a_number_is_not_given_again(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);
	struct result result;

	op.assign_number = true;
	op.change.state = TASK_SUCCEEDED;
	apply_only(store, &op);
	remove_at(store, END + KEEP);
	op.new_id = fixture_id(2);
	result = apply(store, &op);
	assert_int_equal(result.task.number, 2);
	store_result_free(&result);
}

static void run_chore(struct store *store)
{
	struct store_chore chore;
	struct err err = { 0 };
	size_t number = 0;
	bool more = true;

	while (store_chore(store, number, &chore) && strcmp(chore.name, "retention") != 0)
		number++;
	while (more)
		must(store_run_chore(store, number, false, &more, &err), &err);
}

static void nothing_is_removed_after_the_clock_was_set_forward(void **state)
{
	struct store *store = *state;

	set_rules(store);
	create(store, 1, TASK_SUCCEEDED, NULL);
	clock_set_fake(END + 10);
	run_chore(store);
	clock_set_fake(END + 2 * KEEP);
	store->clock.next_pass_ms = 0;
	expect_log("clock");
	run_chore(store);
	assert_true(exists(store, 1));
	/* A day later. */
	store->clock.wait_until_ms = 0;
	run_chore(store);
	assert_false(exists(store, 1));
	clock_set_fake(0);
}

static void passes_have_an_interval(void **state)
{
	struct store *store = *state;

	set_rules(store);
	create(store, 1, TASK_SUCCEEDED, NULL);
	clock_set_fake(END + KEEP);
	run_chore(store);
	assert_false(exists(store, 1));
	create(store, 2, TASK_SUCCEEDED, NULL);
	run_chore(store);
	assert_true(exists(store, 2));
	assert_in_range(store->clock.next_pass_ms, clock_mono_ms() + KEEP / 64 - 5000,
		clock_mono_ms() + KEEP / 64);
	clock_set_fake(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(time_counts_from_the_end),
		ON_EVERY_ENGINE(each_outcome_has_its_time),
		ON_EVERY_ENGINE(unfinished_tasks_are_kept),
		ON_EVERY_ENGINE(archived_tasks_are_removed_too),
		ON_EVERY_ENGINE(dialects_without_a_rule_are_kept),
		ON_EVERY_ENGINE(a_change_after_the_end_does_not_prolong),
		ON_EVERY_ENGINE(every_tenant_is_visited),
		ON_EVERY_ENGINE(delays_and_leases_do_not_stop_a_pass),
		ON_EVERY_ENGINE(a_task_that_others_refer_to_is_kept),
		ON_EVERY_ENGINE(a_circle_is_removed_together),
		ON_EVERY_ENGINE(removed_tasks_are_counted),
		ON_EVERY_ENGINE(a_number_is_not_given_again),
		ON_EVERY_ENGINE(nothing_is_removed_after_the_clock_was_set_forward),
		ON_EVERY_ENGINE(passes_have_an_interval),
	};

	fixture_tables = operation_tables;
	return CHECK_RUN(tests);
}
