/* The census of the keeper, on a store of a few tasks. */
#include "lib/check.h"
#include "process/census.h"
#include "store/claim_fixture.h"
#include "store/internal.h"
#include "store/libdb_leak.h"
#include "store/stats/state_counts.h"
#include "store/stats/stats.h"

static struct census census;
static struct census_page page;

static void begin(void)
{
	memset(&census, 0, sizeof(census));
}

/* Ends the pass, or a new one, and reads the last one that was published. */
static void run_on(struct census_pass *pass, struct store *store)
{
	struct err err = { 0 };
	bool more = true;

	while (more) {
		more = false;
		must(census_run(pass, store, &more, &err), &err);
	}
	assert_true(census_read(&census, &page));
}

static void run_pass(struct store *store)
{
	struct census_pass pass = { .census = &census };

	run_on(&pass, store);
}

static void create_of(struct store *store, const char *tenant, unsigned from, unsigned count)
{
	for (unsigned i = from; i < from + count; i++) {
		struct op op = fixture_op(OP_CREATE, i);

		op.tenant = str_cstr(tenant);
		claim_apply(store, &op);
	}
}

static void nothing_is_shown_before_the_first_pass(void **state)
{
	begin();
	assert_false(census_read(&census, &page));
	run_pass(*state);
	assert_int_equal(page.tenant_count, 0);
}

static void tasks_are_counted_by_state(void **state)
{
	struct store *store = *state;
	struct op late = fixture_op(OP_CREATE, 4);

	begin();
	claim_create(store, 1, "b", 0);
	claim_create(store, 2, "a", 5);
	claim_create(store, 3, "a", 0);
	late.change.set = CHANGE_NOT_BEFORE;
	late.change.not_before = optional_time(CLAIM_NOW * 2);
	claim_apply(store, &late);
	claim_one(store, 2);
	run_pass(store);
	assert_int_equal(page.tenant_count, 1);
	assert_string_equal(page.tenants[0].name, "acme");
	assert_int_equal(page.tenants[0].tasks, 4);
	assert_true(page.tenants[0].bytes > 0);
	assert_int_equal(page.row_count, 1);
	assert_int_equal(page.rows[0].dialect, DIALECT_A);
	assert_int_equal(page.rows[0].states[TASK_PENDING], 3);
	assert_int_equal(page.rows[0].states[TASK_RUNNING], 1);
	assert_int_equal(page.rows[0].ready, 2);
}

/* The oldest one has neither the first kind nor the highest priority. */
static void oldest_ready_task_is_found(void **state)
{
	struct store *store = *state;
	struct state_counts counts;
	struct err err = { 0 };

	claim_create(store, 1, "z", -5);
	for (unsigned i = 2; i < 20; i++)
		claim_create(store, i, i % 2 ? "a" : "m", (int32_t)(i % 5));
	must(store_count_states(store, STR("acme"), DIALECT_A, &counts, &err), &err);
	assert_int_equal(counts.ready, 19);
	assert_int_equal(optional_time_ms(counts.oldest_ready), claim_read(store, 1).created);
	claim_set_state(store, 1, TASK_CANCELLED);
	must(store_count_states(store, STR("acme"), DIALECT_A, &counts, &err), &err);
	assert_int_equal(optional_time_ms(counts.oldest_ready), claim_read(store, 2).created);
	must(store_count_states(store, STR("nobody"), DIALECT_A, &counts, &err), &err);
	assert_int_equal(counts.ready, 0);
	assert_false(optional_time_is_set(counts.oldest_ready));
}

static int64_t read_oldest(struct store *store)
{
	struct state_counts counts;
	struct err err = { 0 };

	must(store_count_states(store, STR("acme"), DIALECT_A, &counts, &err), &err);
	assert_true(optional_time_is_set(counts.oldest_ready));
	return optional_time_ms(counts.oldest_ready);
}

/* A task counts from the moment when it became ready, not from its creation. */
static void delays_and_attempts_do_not_count_as_waiting(void **state)
{
	struct store *store = *state;
	struct op late = fixture_op(OP_CREATE, 1), again;
	struct err err = { 0 };
	struct state_counts counts;

	late.change.set = CHANGE_NOT_BEFORE;
	late.change.not_before = optional_time(CLAIM_NOW / 2);
	claim_apply(store, &late);
	must(store_count_states(store, STR("acme"), DIALECT_A, &counts, &err), &err);
	assert_false(optional_time_is_set(counts.oldest_ready));
	assert_int_equal(claim_run_due(store, CLAIM_NOW / 2), 1);
	assert_int_equal(read_oldest(store), CLAIM_NOW / 2);
	/* One that was created later, but has been ready for longer. */
	claim_create(store, 2, NULL, 0);
	assert_int_equal(read_oldest(store), claim_read(store, 2).created);
	claim_set_state(store, 2, TASK_CANCELLED);
	again = claim_report(REPORT_RELEASE, 1, claim_one(store, 1));
	claim_apply(store, &again);
	assert_int_equal(read_oldest(store), CLAIM_NOW);
}

static void change_priority(struct store *store, unsigned number, int64_t now)
{
	struct op op = fixture_op(OP_UPDATE, number);

	op.now = now;
	op.change.set = CHANGE_PRIORITY;
	op.change.priority = (int32_t)(now % 100);
	claim_apply(store, &op);
	assert_int_equal(claim_read(store, number).updated, now);
}

/* The journal has the change that made it ready. */
static void changes_of_a_waiting_task_do_not_hide_its_wait(void **state)
{
	struct store *store = *state;
	struct op release;

	claim_create(store, 1, NULL, 0);
	change_priority(store, 1, CLAIM_NOW - 2);
	change_priority(store, 1, CLAIM_NOW - 1);
	assert_int_equal(read_oldest(store), claim_read(store, 1).created);
	release = claim_report(REPORT_RELEASE, 1, claim_one(store, 1));
	claim_apply(store, &release);
	change_priority(store, 1, CLAIM_NOW + 1);
	assert_int_equal(read_oldest(store), CLAIM_NOW);
	/* The search is bounded. */
	for (int64_t i = 1; i <= OLDEST_FURTHER + 1; i++)
		change_priority(store, 1, CLAIM_NOW + 1 + i);
	assert_int_equal(read_oldest(store), CLAIM_NOW + 2 + 1);
}

/* So has the record if there is a timeout for it. */
static void start_timeout_tells_the_begin_of_the_wait(void **state)
{
	struct store *store = *state;
	struct policy policy = { 0 };

	policy_set(&policy, POLICY_START_TIMEOUT, CLAIM_NOW * 2);
	assert_true(policies_add(&store->policies, DIALECT_A, NULL, &policy));
	claim_create(store, 1, NULL, 0);
	for (int64_t i = 1; i <= OLDEST_FURTHER + 1; i++)
		change_priority(store, 1, CLAIM_NOW + i);
	assert_int_equal(read_oldest(store), claim_read(store, 1).created);
}

/* Only some of those that were created first are looked at: their number is bounded. */
static void many_delayed_tasks_are_not_all_read(void **state)
{
	struct store *store = *state;

	for (unsigned i = 1; i <= OLDEST_PAIR_MAX; i++) {
		struct op late = fixture_op(OP_CREATE, i);

		late.change.set = CHANGE_NOT_BEFORE;
		late.change.not_before = optional_time(CLAIM_NOW / 2);
		claim_apply(store, &late);
	}
	claim_create(store, OLDEST_PAIR_MAX + 1, NULL, 0);
	claim_run_due(store, CLAIM_NOW / 2);
	assert_int_equal(read_oldest(store), CLAIM_NOW / 2);
	claim_set_state(store, 1, TASK_CANCELLED);
	assert_int_equal(read_oldest(store), claim_read(store, OLDEST_PAIR_MAX + 1).created);
}

static void large_tenants_come_first_and_small_ones_are_summed_up(void **state)
{
	struct store *store = *state;
	char name[16];

	begin();
	for (unsigned i = 0; i < CENSUS_TENANTS + 5; i++) {
		snprintf(name, sizeof(name), "t%03u", i);
		create_of(store, name, 10 * i + 1, i < 5 ? 1 : 2);
	}
	run_pass(store);
	assert_int_equal(page.tenant_count, CENSUS_TENANTS);
	assert_int_equal(page.other_tenants, 5);
	assert_int_equal(page.other_tasks, 5);
	for (size_t i = 0; i < page.tenant_count; i++)
		assert_int_equal(page.tenants[i].tasks, 2);
	create_of(store, "t001", 9001, 5);
	run_pass(store);
	assert_string_equal(page.tenants[0].name, "t001");
	assert_int_equal(page.tenants[0].tasks, 6);
	assert_int_equal(page.other_tasks, 4 + 2);
}

/* Without one, a row without tasks. */
static struct census_row row_of_others(void)
{
	for (size_t i = 0; i < page.row_count; i++) {
		if (page.rows[i].tenant == CENSUS_OTHERS)
			return page.rows[i];
	}
	return (struct census_row){ 0 };
}

/* The sums over all rows are those of all tenants. */
static void others_have_one_row_of_each_dialect(void **state)
{
	struct store *store = *state;
	struct census_row others;
	uint64_t pending = 0, ready = 0;
	char name[16];

	begin();
	for (unsigned i = 0; i < CENSUS_TENANTS + 3; i++) {
		snprintf(name, sizeof(name), "t%03u", i);
		create_of(store, name, 10 * i + 1, i < 3 ? 1 : 2);
	}
	run_pass(store);
	others = row_of_others();
	assert_int_equal(others.dialect, DIALECT_A);
	assert_int_equal(others.states[TASK_PENDING], 3);
	assert_int_equal(others.ready, 3);
	assert_true(optional_time_is_set(others.oldest_ready));
	for (size_t i = 0; i < page.row_count; i++) {
		pending += page.rows[i].states[TASK_PENDING];
		ready += page.rows[i].ready;
	}
	assert_int_equal(pending, 2 * CENSUS_TENANTS + 3);
	assert_int_equal(ready, pending);
	/* A tenant that is named now is counted once. */
	create_of(store, "t001", 9001, 5);
	run_pass(store);
	assert_int_equal(row_of_others().states[TASK_PENDING], 2 + 2);
}

static void without_others_there_is_no_row_of_them(void **state)
{
	begin();
	claim_create(*state, 1, "a", 0);
	run_pass(*state);
	assert_int_equal(page.row_count, 1);
	assert_int_equal(row_of_others().tenant, 0);
}

static bool has_tenant(const char *name)
{
	for (size_t i = 0; i < page.tenant_count; i++) {
		if (strcmp(page.tenants[i].name, name) == 0)
			return true;
	}
	return false;
}

/* The other one has 3 tasks, then 6, against 4. */
static void tenants_of_about_one_size_do_not_take_turns(void **state)
{
	struct store *store = *state;
	char name[16];

	begin();
	for (unsigned i = 0; i < CENSUS_TENANTS; i++) {
		snprintf(name, sizeof(name), "t%03u", i);
		create_of(store, name, 20 * i + 1, i == 0 ? 4 : 5);
	}
	run_pass(store);
	for (unsigned i = 0; i < 2; i++) {
		create_of(store, "other", 9001 + i, 1);
		create_of(store, "other", 9011 + 2 * i, 2);
		run_pass(store);
		assert_true(has_tenant("t000"));
		assert_false(has_tenant("other"));
	}
	assert_int_equal(page.other_tasks, 6);
	create_of(store, "other", 9021, 2);
	run_pass(store);
	assert_true(has_tenant("other"));
	assert_false(has_tenant("t000"));
	create_of(store, "t000", 9031, 5);
	run_pass(store);
	assert_true(has_tenant("other"));
}

/* During a reload there are two keepers. */
static void pass_is_given_up_if_another_was_published(void **state)
{
	struct store *store = *state;
	struct census_pass old = { .census = &census, .begun = true };

	begin();
	claim_create(store, 1, "a", 0);
	run_pass(store);
	claim_create(store, 2, "a", 0);
	run_pass(store);
	old.page.tenant_count = 1;
	old.page.tenants[0] = (struct census_tenant){ .name = "ghost", .tasks = 9 };
	run_on(&old, store);
	assert_int_equal(census.passes, 2);
	assert_int_equal(page.tenant_count, 1);
	assert_string_equal(page.tenants[0].name, "acme");
	assert_int_equal(page.tenants[0].tasks, 2);
	assert_int_equal(page.row_count, 1);
	run_on(&old, store);
	assert_int_equal(census.passes, 3);
}

/* A change that was undone is no event, nor is one that was refused. */
static void events_count_when_they_are_committed(void **state)
{
	struct store *store = *state;
	const struct task_metrics *metrics = &store->shared->metrics.tasks[DIALECT_A];
	struct op again = fixture_op(OP_CREATE, 1);
	uint64_t token;

	claim_create(store, 1, "a", 0);
	assert_int_equal(fixture_error(store, &again), ERR_CONFLICT);
	assert_int_equal(metrics->events[JOURNAL_CREATED], 1);
	token = claim_one(store, 1);
	assert_int_equal(metrics->events[JOURNAL_CLAIMED], 1);
	again = claim_report(REPORT_COMPLETE, 1, token + 1);
	assert_int_equal(fixture_error(store, &again), ERR_LEASE_LOST);
	assert_int_equal(metrics->events[JOURNAL_COMPLETED], 0);
	again = claim_report(REPORT_COMPLETE, 1, token);
	claim_apply(store, &again);
	assert_int_equal(metrics->events[JOURNAL_COMPLETED], 1);
	assert_int_equal(metrics->ended[TASK_SUCCEEDED], 1);
	again = fixture_op(OP_REMOVE, 1);
	claim_apply(store, &again);
	assert_int_equal(metrics->events[JOURNAL_REMOVED], 1);
	assert_int_equal(metrics->ended[TASK_SUCCEEDED], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(nothing_is_shown_before_the_first_pass),
		ON_EVERY_ENGINE(tasks_are_counted_by_state),
		ON_EVERY_ENGINE(oldest_ready_task_is_found),
		ON_EVERY_ENGINE(delays_and_attempts_do_not_count_as_waiting),
		ON_EVERY_ENGINE(changes_of_a_waiting_task_do_not_hide_its_wait),
		ON_EVERY_ENGINE(start_timeout_tells_the_begin_of_the_wait),
		ON_EVERY_ENGINE(many_delayed_tasks_are_not_all_read),
		ON_EVERY_ENGINE(large_tenants_come_first_and_small_ones_are_summed_up),
		ON_EVERY_ENGINE(others_have_one_row_of_each_dialect),
		ON_EVERY_ENGINE(without_others_there_is_no_row_of_them),
		ON_EVERY_ENGINE(tenants_of_about_one_size_do_not_take_turns),
		ON_EVERY_ENGINE(pass_is_given_up_if_another_was_published),
		ON_EVERY_ENGINE(events_count_when_they_are_committed),
	};

	return CHECK_RUN(tests);
}
