/* Quotas: tasks and bytes of each tenant, counted in the transactions that write them. */
#include "store/internal.h"
#include "usage_fixture.h"

static struct op with_text(enum op_kind kind, unsigned number, size_t size)
{
	static char text[4096];
	struct op op = fixture_op(kind, number);

	assert_true(size + 2 <= sizeof(text));
	memset(text, 'x', sizeof(text));
	text[0] = text[size + 1] = '"';
	assert_true(change_set_field(&op.change, STR("type"), (struct str){ text, size + 2 }));
	return op;
}

static enum err_code error_of(struct store *store, enum op_kind kind, unsigned number, size_t size)
{
	struct op op = with_text(kind, number, size);

	return fixture_error(store, &op);
}

/* ---- counts ---- */

static void every_change_is_counted(void **state)
{
	struct store *store = *state;
	uint64_t one;

	assert_code(error_of(store, OP_CREATE, 1, 10), ERR_NONE);
	one = usage_of(store, "acme").bytes;
	assert_int_equal(usage_of(store, "acme").tasks, 1);
	assert_code(error_of(store, OP_CREATE, 1, 10), ERR_CONFLICT);
	assert_code(error_of(store, OP_CREATE, 2, 50), ERR_NONE);
	assert_int_equal(usage_of(store, "acme").tasks, 2);
	assert_int_equal(usage_of(store, "acme").bytes, 2 * one + 40);
	assert_code(error_of(store, OP_UPDATE, 2, 10), ERR_NONE);
	assert_int_equal(usage_of(store, "acme").bytes, 2 * one);
	assert_code(error_of(store, OP_ARCHIVE, 2, 10), ERR_NONE);
	assert_int_equal(usage_of(store, "acme").tasks, 2);
	assert_code(error_of(store, OP_REMOVE, 1, 10), ERR_NONE);
	assert_int_equal(usage_of(store, "acme").tasks, 1);
	fixture_verify(store, 1);
	assert_code(error_of(store, OP_REMOVE, 2, 10), ERR_NONE);
	assert_int_equal(usage_of(store, "acme").tasks, 0);
	assert_int_equal(usage_of(store, "acme").bytes, 0);
	fixture_verify(store, 0);
}

static void assert_usage(
	struct store *store, uint64_t tasks, uint64_t bytes, uint64_t max_tasks, uint64_t max_bytes)
{
	struct op op = fixture_op(OP_USAGE, 0);
	struct result result = { 0 };
	struct err err = { 0 };

	must(store_apply(store, &op, &result, &err), &err);
	assert_false(result.written);
	assert_int_equal(result.usage.tasks, tasks);
	assert_int_equal(result.usage.bytes, bytes);
	assert_int_equal(result.usage.max_tasks, max_tasks);
	assert_int_equal(result.usage.max_bytes, max_bytes);
	store_result_free(&result);
}

static void a_tenant_can_read_its_usage(void **state)
{
	struct store *store = *state;

	assert_usage(store, 0, 0, 0, 0);
	assert_code(error_of(store, OP_CREATE, 1, 10), ERR_NONE);
	assert_usage(store, 1, usage_of(store, "acme").bytes, 0, 0);
	usage_set_quota(store, 2, 70000);
	assert_usage(store, 1, usage_of(store, "acme").bytes, 2, 70000);
}

static void import_is_counted_and_never_refused(void **state)
{
	struct task tasks[20] = { 0 };
	struct store *store = *state;
	char tenants[20][8];
	struct err err = { 0 };

	usage_set_quota(store, 2, 1);
	for (unsigned i = 0; i < 20; i++) {
		tasks[i].id = fixture_id(i);
		snprintf(tenants[i], sizeof(tenants[i]), "t%u", i % 5);
		tasks[i].tenant = i < 10 ? STR("acme") : str_cstr(tenants[i]);
		tasks[i].dialect = DIALECT_A;
		tasks[i].state = TASK_FAILED;
	}
	must(store_put_tasks(store, tasks, 20, &err), &err);
	must(store_put_tasks(store, tasks, 10, &err), &err);
	assert_int_equal(usage_of(store, "acme").tasks, 10);
	assert_int_equal(usage_of(store, "t3").tasks, 2);
	fixture_verify(store, 20);
}

/* ---- quotas ---- */

static void creation_stops_at_the_number_of_tasks(void **state)
{
	struct store *store = *state;
	struct op other = fixture_op(OP_CREATE, 4);

	usage_set_quota(store, 2, 0);
	other.tenant = STR("acm");
	assert_code(error_of(store, OP_CREATE, 1, 10), ERR_NONE);
	assert_code(error_of(store, OP_CREATE, 2, 10), ERR_NONE);
	assert_code(error_of(store, OP_CREATE, 3, 10), ERR_STORAGE_QUOTA);
	assert_code(fixture_error(store, &other), ERR_NONE);
	/* changes, and places of removed tasks but not of archived ones */
	assert_code(error_of(store, OP_UPDATE, 2, 500), ERR_NONE);
	assert_code(error_of(store, OP_ARCHIVE, 1, 10), ERR_NONE);
	assert_code(error_of(store, OP_CREATE, 3, 10), ERR_STORAGE_QUOTA);
	assert_code(error_of(store, OP_REMOVE, 1, 10), ERR_NONE);
	assert_code(error_of(store, OP_CREATE, 3, 10), ERR_NONE);
	/* a lower quota refuses creations only */
	usage_set_quota(store, 1, 0);
	assert_code(error_of(store, OP_CREATE, 4, 10), ERR_STORAGE_QUOTA);
	assert_code(error_of(store, OP_UPDATE, 3, 20), ERR_NONE);
	assert_code(error_of(store, OP_REMOVE, 3, 10), ERR_NONE);
	fixture_verify(store, 2);
}

static void growth_stops_at_the_number_of_bytes(void **state)
{
	struct store *store = *state;
	unsigned more;
	uint64_t one;

	assert_code(error_of(store, OP_CREATE, 1, 100), ERR_NONE);
	one = usage_of(store, "acme").bytes;
	usage_set_quota(store, 0, 2 * one);
	assert_code(error_of(store, OP_CREATE, 2, 101), ERR_STORAGE_QUOTA);
	assert_code(error_of(store, OP_CREATE, 2, 100), ERR_NONE);
	assert_code(error_of(store, OP_CREATE, 3, 0), ERR_STORAGE_QUOTA);
	assert_code(error_of(store, OP_UPDATE, 1, 90), ERR_NONE);
	assert_code(error_of(store, OP_UPDATE, 2, 110), ERR_NONE);
	assert_int_equal(usage_of(store, "acme").bytes, 2 * one);
	/* changes have an eighth more; a long text has a longer prefix */
	more = (unsigned)(2 * one / STORE_QUOTA_REPORTS);
	assert_code(error_of(store, OP_UPDATE, 2, 111 + more), ERR_STORAGE_QUOTA);
	assert_code(error_of(store, OP_UPDATE, 2, 106 + more), ERR_NONE);
	assert_code(error_of(store, OP_CREATE, 3, 0), ERR_STORAGE_QUOTA);
	assert_code(error_of(store, OP_UPDATE, 1, 96), ERR_STORAGE_QUOTA);
	/* over the quota, a change may shrink the task, and an archival or removal always works */
	usage_set_quota(store, 0, 1);
	assert_code(error_of(store, OP_UPDATE, 2, 100), ERR_NONE);
	assert_code(error_of(store, OP_ARCHIVE, 2, 200), ERR_NONE);
	assert_code(error_of(store, OP_REMOVE, 1, 0), ERR_NONE);
	fixture_verify(store, 1);
}

static void own_quota_replaces_the_default(void **state)
{
	const uint64_t none = 0, general = STORE_QUOTA_DEFAULT, four = 4;
	struct store_options options = fixture_options(STORE_EPHEMERAL, "none");
	struct store *store = NULL;
	struct err err = { 0 };

	(void)state;
	options.tenant_tasks = 1;
	store = fixture_open(&options);
	assert_code(error_of(store, OP_CREATE, 1, 10), ERR_NONE);
	assert_code(error_of(store, OP_CREATE, 2, 10), ERR_STORAGE_QUOTA);
	assert_int_equal(usage_of(store, "acme").max_tasks, 1);
	assert_false(usage_of(store, "acme").own_tasks);
	must(store_set_quota(store, STR("acme"), &none, NULL, &err), &err);
	assert_code(error_of(store, OP_CREATE, 2, 10), ERR_NONE);
	assert_code(error_of(store, OP_CREATE, 3, 10), ERR_NONE);
	must(store_set_quota(store, STR("acme"), &four, NULL, &err), &err);
	assert_true(usage_of(store, "acme").own_tasks);
	assert_false(usage_of(store, "acme").own_bytes);
	assert_code(error_of(store, OP_CREATE, 4, 10), ERR_NONE);
	assert_code(error_of(store, OP_CREATE, 5, 10), ERR_STORAGE_QUOTA);
	must(store_set_quota(store, STR("acme"), &general, NULL, &err), &err);
	assert_int_equal(usage_of(store, "acme").max_tasks, 1);
	must(store_set_quota(store, STR("new"), &four, NULL, &err), &err);
	assert_int_equal(usage_of(store, "new").max_tasks, 4);
	assert_int_equal(usage_of(store, "new").tasks, 0);
	store_close(store);
}

static void refused_operation_changes_nothing(void **state)
{
	struct store *store = *state;
	struct op op = with_text(OP_CREATE, 1, 10);
	struct err err = { 0 };

	op.assign_number = true;
	op.idempotency_key = STR("k");
	usage_set_quota(store, 0, 10);
	assert_code(fixture_error(store, &op), ERR_STORAGE_QUOTA);
	fixture_verify(store, 0);
	usage_set_quota(store, 1, 0);
	for (int i = 0; i < 2; i++) { /* the second one is a repetition */
		struct result result = { 0 };

		must(store_apply(store, &op, &result, &err), &err);
		assert_int_equal(result.task.number, 1);
		store_result_free(&result);
	}
	fixture_verify(store, 1);
}

static void upsert_and_companion_count(void **state)
{
	struct store *store = *state;
	struct op companion = with_text(OP_CREATE, 2, 10), op = with_text(OP_UPSERT, 1, 10);

	op.new_id = fixture_id(1);
	op.companion = &companion;
	usage_set_quota(store, 1, 0);
	assert_code(fixture_error(store, &op), ERR_STORAGE_QUOTA);
	usage_set_quota(store, 2, 0);
	assert_code(fixture_error(store, &op), ERR_NONE);
	assert_int_equal(usage_of(store, "acme").tasks, 2);
	/* a removal is not refused, though its companion takes the place */
	usage_set_quota(store, 1, 1);
	op = fixture_op(OP_REMOVE, 1);
	companion.new_id = fixture_id(3);
	op.companion = &companion;
	assert_code(fixture_error(store, &op), ERR_NONE);
	fixture_verify(store, 2);
}

static void run_watch(struct store *store)
{
	struct err err = { 0 };
	bool more = false;

	must(usage_watch(store, false, &more, &err), &err);
	assert_false(more);
}

static void nearly_used_quota_is_logged_once_an_hour(void **state)
{
	struct store *store = *state;

	usage_set_quota(store, 10, 0);
	for (unsigned i = 1; i <= 8; i++)
		assert_code(error_of(store, OP_CREATE, i, 10), ERR_NONE);
	run_watch(store);
	assert_int_equal(store->shared->health.tenants_near_quota, 0);
	assert_code(error_of(store, OP_CREATE, 9, 10), ERR_NONE);
	expect_log("quota");
	run_watch(store);
	assert_int_equal(store->shared->health.tenants_near_quota, 1);
	run_watch(store);
	store->next_quota_log = 0;
	usage_set_quota(store, 3, usage_of(store, "acme").bytes);
	expect_log("quota");
	expect_log("quota");
	run_watch(store);
	store->next_quota_log = 0;
	usage_set_quota(store, 0, 0);
	run_watch(store);
	assert_int_equal(store->shared->health.tenants_near_quota, 0);
}

/* ---- wrong rows ---- */

static void show(uint64_t done, uint64_t total, void *data)
{
	unsigned *shown = data;

	assert_int_equal(done, *shown);
	assert_int_equal(total, 1);
	(*shown)++;
}

static void recount_corrects_wrong_rows(void **state)
{
	unsigned shown = 0;
	const struct store_progress progress = { show, &shown };
	struct store *store = *state;
	uint64_t wrong = 9, changed = 9;
	struct store_report report;
	struct err err = { 0 };

	fixture_create(store, 1, "new", NULL);
	usage_set_quota(store, 7, 0);
	fixture_miscount(store, STR("acme"));
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.wrong_counts, 1);
	must(store_recount(store, &progress, &wrong, &changed, &err), &err);
	assert_int_equal(shown, 1);
	assert_int_equal(wrong, 1);
	assert_int_equal(changed, 0);
	fixture_verify(store, 1);
	assert_int_equal(usage_of(store, "acme").max_tasks, 7);
	must(store_recount(store, NULL, &wrong, &changed, &err), &err);
	assert_int_equal(wrong, 0);
}

static int step_forget(struct store *store, void *data, struct err *err)
{
	(void)data, (void)err;
	return store_del(store, TABLE_META, STR("usage"));
}

static void home_of_an_earlier_build_is_counted(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "earlier");
	struct store *store = fixture_open(&options);
	struct err err = { 0 };

	(void)state;
	fixture_create(store, 1, "new", NULL);
	fixture_create(store, 2, "new", NULL);
	fixture_miscount(store, STR("acme"));
	must(step_call(store, ENGINE_WRITE, step_forget, NULL, &err), &err);
	must(store_flush(store, &err), &err);
	store_close(store);
	store = fixture_open(&options);
	fixture_verify(store, 2);
	assert_int_equal(usage_of(store, "acme").tasks, 2);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(every_change_is_counted),
		ON_EVERY_ENGINE(a_tenant_can_read_its_usage),
		ON_EVERY_ENGINE(import_is_counted_and_never_refused),
		ON_EVERY_ENGINE(creation_stops_at_the_number_of_tasks),
		ON_EVERY_ENGINE(growth_stops_at_the_number_of_bytes),
		cmocka_unit_test(own_quota_replaces_the_default),
		ON_EVERY_ENGINE(refused_operation_changes_nothing),
		ON_EVERY_ENGINE(upsert_and_companion_count),
		ON_EVERY_ENGINE(nearly_used_quota_is_logged_once_an_hour),
		ON_EVERY_ENGINE(recount_corrects_wrong_rows),
		cmocka_unit_test(home_of_an_earlier_build_is_counted),
	};

	return CHECK_RUN(tests);
}
