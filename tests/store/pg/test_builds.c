/* An upgrade of hosts one after another: the new build writes records that the old one can read. */
#include "store/claim_fixture.h"
#include "store/internal.h"
#include "store/pg/pg_server.h"
#include "store/pg/shared_stores.h"
#include "store/tasks/record.h"

#define OLD (RECORD_VERSION - 1)

/* Of all tasks: "lowest highest". */
static void expect_versions(const char *versions)
{
	char text[16];

	pg_server_ask("SELECT min(get_byte(value, 0)) || ' ' || max(get_byte(value, 0)) FROM "
		      "(SELECT value FROM polytask.tasks2 UNION ALL SELECT value FROM "
		      "polytask.named) AS records",
		text, sizeof(text));
	assert_string_equal(text, versions);
}

static void a_new_store_has_the_newest_version(void **state)
{
	const struct shared_stores *stores = *state;

	assert_int_equal(stores->a->engine->layout, 1);
	assert_int_equal(stores->a->record_version, RECORD_VERSION);
	claim_create(stores->a, 1, NULL, 0);
	expect_versions("6 6");
}

/* Every kind of write: creation, claim, report, change of state. */
static void an_older_version_is_written(void **state)
{
	const struct shared_stores *stores = *state;
	struct op report;

	stores->a->record_version = OLD;
	for (unsigned i = 1; i <= 3; i++)
		claim_create(stores->a, i, "k", 0);
	expect_versions("5 5");
	report = claim_report(REPORT_COMPLETE, 1, claim_one(stores->a, 1));
	claim_apply(stores->a, &report);
	claim_set_state(stores->a, 2, TASK_CANCELLED);
	expect_versions("5 5");
	assert_int_equal(claim_read(stores->a, 1).state, TASK_SUCCEEDED);
}

/* After the upgrade of the store each host writes the new version from its next start on. */
static void hosts_of_both_versions_work_on_one_task(void **state)
{
	const struct shared_stores *stores = *state;
	struct op report;
	uint64_t token;

	stores->a->record_version = OLD;
	claim_create(stores->a, 1, "k", 4);
	token = claim_one(stores->b, 1);
	expect_versions("6 6");
	report = claim_report(REPORT_COMPLETE, 1, token);
	claim_apply(stores->a, &report);
	expect_versions("5 5");
	assert_int_equal(claim_read(stores->b, 1).state, TASK_SUCCEEDED);
	assert_int_equal(claim_read(stores->b, 1).priority, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHARED_TEST(a_new_store_has_the_newest_version),
		SHARED_TEST(an_older_version_is_written),
		SHARED_TEST(hosts_of_both_versions_work_on_one_task),
	};

	return CHECK_RUN(tests);
}
