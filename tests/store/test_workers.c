/* Workers: what they hold, when they were heard of (OP_WORKERS), which get no tasks (OP_DRAIN). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claim_fixture.h"
#include "store/store.h"
#include "store/wake.h"

#define DAY ((int64_t)24 * 3600 * 1000)

/* ---- operations ---- */

static struct op drain_op(const struct op_drain *drain)
{
	struct op op = fixture_op(OP_DRAIN, 0);

	op.dialect = 0;
	op.now = CLAIM_NOW;
	op.drain = drain;
	return op;
}

/* Returns whether the worker gets no tasks then. */
static bool set_drain(struct store *store, const char *worker, bool on)
{
	const struct op_drain drain = { str_cstr(worker), on };
	struct op op = drain_op(&drain);
	struct result result = { 0 };
	struct err err = { 0 };
	bool drained;

	must(store_apply(store, &op, &result, &err), &err);
	drained = result.drain;
	store_result_free(&result);
	return drained;
}

/* A claim of a task; returns result.drain. */
static bool claim_as(struct store *store, const char *worker, size_t want)
{
	struct op_claim claim = claim_any(1);
	struct op op = claim_op(&claim);
	struct result result = { 0 };
	struct err err = { 0 };
	bool drained;

	claim.worker = str_cstr(worker);
	must(store_apply(store, &op, &result, &err), &err);
	assert_int_equal(result.claimed_count, want);
	assert_int_equal(result.nothing, want == 0 && !result.drain);
	drained = result.drain;
	store_result_free(&result);
	return drained;
}

/* The workers as text: "w1:2 w2! w3~" (tasks; drained; without a time). */
static void expect_workers_of(struct store *store, struct str tenant, int64_t now,
	const struct op_workers *query, const char *want)
{
	struct op op = fixture_op(OP_WORKERS, 0);
	struct result result = { 0 };
	struct err err = { 0 };
	char text[2000] = "";
	size_t used = 0;

	op.dialect = 0;
	op.tenant = tenant;
	op.now = now;
	op.workers = query;
	op.slice_steps = 1;
	must(store_apply(store, &op, &result, &err), &err);
	while (result.unfinished)
		must(store_go_on(&result, 1, &err), &err);
	for (size_t i = 0; i < result.workers->count; i++) {
		const struct worker_row *row = &result.workers->rows[i];

		used += claim_put_worker(row, i == 0, text + used, sizeof(text) - used);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
			row->drain ? "!" : "", optional_time_is_set(row->last_seen) ? "" : "~");
	}
	snprintf(text + used, sizeof(text) - used, "%s%s", result.workers->drain_all ? " *" : "",
		result.workers->next.len ? " ..." : "");
	assert_string_equal(text, want);
	store_result_free(&result);
}

static void expect_workers(struct store *store, const char *want)
{
	static const struct op_workers all = { .limit = WORKERS_ROWS_MAX };

	expect_workers_of(store, STR("acme"), CLAIM_NOW, &all, want);
}

static void create_tasks(struct store *store, unsigned count)
{
	for (unsigned i = 1; i <= count; i++)
		claim_create(store, i, "a", 0);
}

/* ---- drain ---- */

static void drained_worker_gets_no_task(void **state)
{
	struct store *store = *state;

	create_tasks(store, 5);
	assert_false(claim_as(store, "w1", 1));
	assert_true(set_drain(store, "w1", true));
	assert_true(claim_as(store, "w1", 0));
	assert_false(claim_as(store, "w10", 1));
	assert_false(claim_as(store, "w", 1));
	assert_true(set_drain(store, "w1", true));
	assert_false(set_drain(store, "w1", false));
	assert_false(set_drain(store, "w1", false));
	assert_false(claim_as(store, "w1", 1));
}

/* The name by itself and all of them are two things. */
static void all_workers_are_drained(void **state)
{
	struct store *store = *state;

	create_tasks(store, 3);
	assert_true(set_drain(store, "w1", true));
	assert_true(set_drain(store, "*", true));
	assert_true(claim_as(store, "w2", 0));
	assert_true(set_drain(store, "w1", false));
	assert_true(set_drain(store, "w1", true));
	assert_false(set_drain(store, "*", false));
	assert_false(claim_as(store, "w2", 1));
	assert_true(claim_as(store, "w1", 0));
}

static void other_tenants_are_not_drained(void **state)
{
	struct store *store = *state;
	bool drained = true;
	struct err err = { 0 };

	set_drain(store, "*", true);
	must(store_is_drained(store, STR("acm"), STR("w1"), &drained, &err), &err);
	assert_false(drained);
	must(store_is_drained(store, STR("acme"), STR("w1"), &drained, &err), &err);
	assert_true(drained);
}

/* Reports go on, and say so; the claim in them gets nothing. */
static void reports_of_a_drained_worker(void **state)
{
	static const enum report_kind kinds[] = { REPORT_HEARTBEAT, REPORT_RELEASE };
	const struct op_claim next = { .as_before = true, .max = 1, .confirm_ms = 800 };
	struct store *store = *state;

	create_tasks(store, 3);
	for (size_t i = 0; i < 2; i++) {
		for (int on = 0; on < 2; on++) {
			uint64_t token;
			struct op op;
			struct result result = { 0 };
			struct err err = { 0 };

			set_drain(store, "w1", false);
			token = claim_one(store, 1);
			set_drain(store, "w1", on);
			op = claim_report(kinds[i], 1, token);
			op.claim = kinds[i] == REPORT_RELEASE ? &next : NULL;
			must(store_apply(store, &op, &result, &err), &err);
			assert_int_equal(result.drain, on);
			assert_int_equal(result.claimed_count, op.claim && !on ? 1 : 0);
			store_result_free(&result);
			if (claim_read(store, 1).state == TASK_RUNNING) {
				token = claim_read(store, 1).lease.token;
				op = claim_report(REPORT_RELEASE, 1, token);
				claim_apply(store, &op);
			}
		}
	}
}

static void names_are_bounded(void **state)
{
	struct store *store = *state;
	struct op_drain drain = { STR("one more"), true };
	struct op op = drain_op(&drain);
	char name[16];

	for (unsigned i = 0; i < WORKERS_DRAINED_MAX; i++) {
		snprintf(name, sizeof(name), "w%u", i * 7919 % 10007);
		assert_true(set_drain(store, name, true));
	}
	assert_int_equal(fixture_error(store, &op), ERR_CONFLICT);
	assert_true(set_drain(store, "*", true));
	assert_false(set_drain(store, "*", false));
	drain.worker = STR("w0");
	assert_int_equal(fixture_error(store, &op), ERR_NONE);
	for (unsigned i = 0; i < WORKERS_DRAINED_MAX; i++) {
		snprintf(name, sizeof(name), "w%u", i * 7919 % 10007);
		assert_true(claim_as(store, name, 0));
		assert_false(set_drain(store, name, false));
	}
	expect_workers_of(
		store, STR("acme"), CLAIM_NOW + 2 * DAY, &(struct op_workers){ .limit = 10 }, "");
}

static void nothing_changes_while_writes_are_refused(void **state)
{
	static const struct op_drain drains[] = { { STR("w1"), true }, { STR("w2"), false } };
	struct store *store = *state;

	set_drain(store, "w2", true);
	fixture_set_read_only(store, true);
	for (size_t i = 0; i < 2; i++) {
		struct op op = drain_op(&drains[i]);

		assert_int_equal(fixture_error(store, &op), ERR_DISK_FULL);
	}
	expect_workers(store, "w2!~");
}

static void drain_is_durable(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "drain");
	struct store *store = fixture_open(&options);
	struct err err = { 0 };

	(void)state;
	create_tasks(store, 1);
	set_drain(store, "w1", true);
	must(store_flush(store, &err), &err);
	store_close(store);
	store = fixture_open(&options);
	expect_workers(store, "w1!~");
	assert_true(claim_as(store, "w1", 0));
	set_drain(store, "w1", false);
	assert_false(claim_as(store, "w1", 1));
	store_close(store);
}

/* ---- the list ---- */

static void workers_hold_tasks(void **state)
{
	struct op_workers page = { .limit = 1 };
	struct store *store = *state;
	struct op op;
	uint64_t token;

	expect_workers(store, "");
	create_tasks(store, 6);
	claim_create(store, 7, "b", 9);
	token = claim_one(store, 7);
	claim_as(store, "w2", 1);
	claim_as(store, "w1", 1);
	claim_as(store, "w1", 1);
	claim_set_state(store, 6, TASK_RUNNING); /* by nobody */
	expect_workers(store, "w1:3 w2:1");
	op = claim_report(REPORT_COMPLETE, 7, token);
	claim_apply(store, &op);
	expect_workers(store, "w1:2 w2:1");
	op = fixture_op(OP_ARCHIVE, 1);
	op.dialect = 0;
	claim_apply(store, &op);
	expect_workers(store, "w1:2 w2:1");
	set_drain(store, "w0", true);
	set_drain(store, "w2", true);
	set_drain(store, "*", true);
	expect_workers(store, "w0!~ w1:2 w2:1! *");
	set_drain(store, "*", false);
	expect_workers_of(store, STR("acme"), CLAIM_NOW, &page, "w0!~ ...");
	page.after = STR("w0");
	expect_workers_of(store, STR("acme"), CLAIM_NOW, &page, "w1:2 ...");
	page.after = STR("w1");
	expect_workers_of(store, STR("acme"), CLAIM_NOW, &page, "w2:1!");
	page = (struct op_workers){ .limit = 10 };
	expect_workers_of(store, STR("acme"), CLAIM_NOW + DAY + 1, &page, "w0!~ w1:2~ w2:1!~");
	expect_workers_of(store, STR("other"), CLAIM_NOW, &page, "");
}

static void workers_without_tasks_are_forgotten(void **state)
{
	const struct op_workers all = { .limit = 10 };
	struct store *store = *state;

	assert_false(claim_as(store, "idle", 0));
	expect_workers(store, "idle");
	expect_workers_of(store, STR("acme"), CLAIM_NOW + DAY, &all, "idle");
	expect_workers_of(store, STR("acme"), CLAIM_NOW + DAY + 1, &all, "");
}

static void holds_are_by_kind(void **state)
{
	const struct op_workers all = { .limit = 10 };
	struct op op = fixture_op(OP_WORKERS, 0);
	struct store *store = *state;
	struct result result = { 0 };
	struct err err = { 0 };

	claim_create(store, 1, "b", 0);
	claim_create(store, 2, NULL, 0);
	claim_create(store, 3, "b", 0);
	for (int i = 0; i < 3; i++)
		claim_as(store, "w1", 1);
	op.dialect = 0;
	op.workers = &all;
	must(store_apply(store, &op, &result, &err), &err);
	assert_int_equal(result.workers->count, 1);
	assert_int_equal(result.workers->rows[0].hold_count, 2);
	assert_str(worker_hold_kind(&result.workers->holds[0]), "");
	assert_int_equal(result.workers->holds[0].tasks, 1);
	assert_str(worker_hold_kind(&result.workers->holds[1]), "b");
	assert_int_equal(result.workers->holds[1].tasks, 2);
	assert_int_equal(result.workers->holds[1].oldest, CLAIM_NOW);
	assert_int_equal(result.workers->busy, 1);
	assert_true(result.workers->complete);
	store_result_free(&result);
}

/* ---- contacts ---- */

static bool count_one(const struct contact *contact, void *data)
{
	unsigned *count = data;

	(void)contact;
	(*count)++;
	return true;
}

static unsigned count_contacts(struct contacts *contacts, struct str tenant)
{
	unsigned count = 0;

	assert_true(contacts_each(contacts, tenant, 0, count_one, &count));
	return count;
}

/* A tenant that makes up names displaces its own. */
static void flood_of_names_displaces_no_other_tenant(void **state)
{
	struct contacts *contacts = calloc(1, sizeof(*contacts));
	char name[24];

	(void)state;
	assert_non_null(contacts);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "worker %d", i);
		contacts_note(contacts, STR("light"), str_cstr(name), 1 + i);
	}
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "made up %d", i);
		contacts_note(contacts, STR("heavy"), str_cstr(name), 1000 + i);
	}
	assert_int_equal(count_contacts(contacts, STR("light")), 100);
	assert_int_equal(count_contacts(contacts, STR("heavy")), CONTACT_SETS * CONTACT_WAYS - 100);
	assert_int_equal(count_contacts(contacts, STR("none")), 0);
	free(contacts);
}

/* A process was killed while it had the table. */
static void table_that_is_not_given_back(void **state)
{
	struct contacts *contacts = calloc(1, sizeof(*contacts));
	unsigned count = 0;

	(void)state;
	assert_non_null(contacts);
	atomic_store(&contacts->locked, 1);
	contacts_note(contacts, STR("t"), STR("w"), 5);
	assert_false(contacts_each(contacts, STR("t"), 0, count_one, &count));
	contacts_unlock(contacts);
	assert_int_equal(count_contacts(contacts, STR("t")), 0);
	contacts->places[0][0] = (struct contact){ .last = 1, .tenant_len = 200, .name_len = 200 };
	assert_int_equal(count_contacts(contacts, STR("")), 0);
	free(contacts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(drained_worker_gets_no_task),
		ON_EVERY_ENGINE(all_workers_are_drained),
		ON_EVERY_ENGINE(other_tenants_are_not_drained),
		ON_EVERY_ENGINE(reports_of_a_drained_worker),
		ON_EVERY_ENGINE(names_are_bounded),
		ON_EVERY_ENGINE(nothing_changes_while_writes_are_refused),
		CHECK(drain_is_durable),
		ON_EVERY_ENGINE(workers_hold_tasks),
		ON_EVERY_ENGINE(workers_without_tasks_are_forgotten),
		ON_EVERY_ENGINE(holds_are_by_kind),
		CHECK(flood_of_names_displaces_no_other_tenant),
		CHECK(table_that_is_not_given_back),
	};

	return CHECK_RUN(tests);
}
