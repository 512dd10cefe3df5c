/* The counters that entity tags of lists are made of. */
#include "claim_fixture.h"
#include "store/lists.h"

static const uint8_t both[] = { DIALECT_A, DIALECT_B };

static uint64_t changes(struct store *store)
{
	bool comparable = false;
	uint64_t sum = store_list_changes(store, STR("acme"), both, 2, &comparable);

	assert_true(comparable);
	return sum;
}

/* Every operation that writes, in this order. */
static void each_change_raises_the_counter(void **state)
{
	struct store *store = *state;
	uint64_t before = changes(store), token;
	struct op op;

	claim_create(store, 1, NULL, 0);
	assert_int_equal(changes(store), ++before);
	token = claim_one(store, 1);
	assert_int_equal(changes(store), ++before);
	op = claim_report(REPORT_HEARTBEAT, 1, token);
	claim_apply(store, &op);
	assert_int_equal(changes(store), ++before);
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 3600000), 1);
	assert_int_equal(changes(store), ++before);
	claim_set_state(store, 1, TASK_CANCELLED);
	assert_int_equal(changes(store), ++before);
	op = fixture_op(OP_ARCHIVE, 1);
	claim_apply(store, &op);
	assert_int_equal(changes(store), ++before);
	op = fixture_op(OP_REMOVE, 1);
	claim_apply(store, &op);
	assert_int_equal(changes(store), ++before);
}

static void reads_lists_and_refused_changes_do_not(void **state)
{
	struct store *store = *state;
	uint64_t before;
	struct op op;

	claim_create(store, 1, NULL, 0);
	before = changes(store);
	op = fixture_op(OP_READ, 1);
	claim_apply(store, &op);
	op = fixture_list(BY_ALL, NULL);
	fixture_expect_rows(store, &op, 0, "1");
	op = fixture_op(OP_CREATE, 1);
	assert_code(fixture_error(store, &op), ERR_CONFLICT);
	op = claim_report(REPORT_COMPLETE, 1, 5);
	assert_code(fixture_error(store, &op), ERR_LEASE_LOST);
	assert_int_equal(changes(store), before);
}

static void dialects_and_tenants_have_counters_of_their_own(void **state)
{
	const uint8_t b = DIALECT_B;
	struct store *store = *state;
	uint64_t other = store_list_changes(store, STR("other"), both, 2, NULL);
	uint64_t of_b = store_list_changes(store, STR("acme"), &b, 1, NULL);

	claim_create(store, 1, NULL, 0);
	assert_int_equal(store_list_changes(store, STR("other"), both, 2, NULL), other);
	assert_int_equal(store_list_changes(store, STR("acme"), &b, 1, NULL), of_b);
}

static struct store *with_counters(struct store_shared *shared)
{
	struct store_options options = fixture_options(STORE_EPHEMERAL, "lists");

	options.shared = shared;
	return fixture_open(&options);
}

/* It may be visible without being counted. */
static void nothing_compares_during_a_commit_of_the_tenant(void **state)
{
	static struct store_shared shared;
	struct store *store = with_counters(&shared);
	bool comparable = true;

	(void)state;
	claim_create(store, 1, NULL, 0);
	changes(store);
	for (size_t i = 0; i < STORE_COMMIT_STRIPES; i++)
		shared.tenant_commits[i].started++;
	store_list_changes(store, STR("acme"), both, 2, &comparable);
	assert_false(comparable);
	for (size_t i = 0; i < STORE_COMMIT_STRIPES; i++)
		shared.tenant_commits[i].done++;
	changes(store);
	store_close(store);
}

static void recovery_has_another_epoch(void **state)
{
	static struct store_shared shared;
	struct store *store = with_counters(&shared);
	uint64_t epoch;

	(void)state;
	store_reset_commits(&shared);
	epoch = store_list_epoch(store);
	store_reset_commits(&shared);
	assert_int_not_equal(store_list_epoch(store), epoch);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(each_change_raises_the_counter),
		ON_EVERY_ENGINE(reads_lists_and_refused_changes_do_not),
		ON_ONE_MACHINE(dialects_and_tenants_have_counters_of_their_own),
		CHECK(nothing_compares_during_a_commit_of_the_tenant),
		CHECK(recovery_has_another_epoch),
	};

	return CHECK_RUN(tests);
}
