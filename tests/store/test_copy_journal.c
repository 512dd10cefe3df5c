/* Feeds and webhooks of a store that was copied: places are good, or known to be too old. */
#include "copy_fixture.h"
#include "store/transfer/copy_parts.h"
#include "webhook_fixture.h"

static void create_in(struct store *store, const char *tenant, unsigned number)
{
	struct op op = fixture_op(OP_CREATE, number);
	struct err err = { 0 };

	op.tenant = str_cstr(tenant);
	claim_apply(store, &op);
	must(store_flush(store, &err), &err);
}

static struct feed_place now_of(struct store *store, const char *tenant)
{
	const struct op_feed query = { .start = FEED_FROM_NOW, .limit = 1 };
	struct result result = feed_read(store, tenant, &query);
	struct feed_place place = result.feed->next;

	store_result_free(&result);
	return place;
}

/* The events of a tenant behind a place, which moves to their end; FEED_LOST: it is too old. */
#define FEED_LOST 1000
static unsigned count_events(struct store *store, const char *tenant, struct feed_place *place)
{
	const struct op_feed query = { .start = FEED_FROM_PLACE, .after = *place, .limit = 100 };
	struct op op = feed_op(&query);
	struct result result = { 0 };
	struct err err = { 0 };
	unsigned count = FEED_LOST;

	op.tenant = str_cstr(tenant);
	if (store_apply(store, &op, &result, &err)) {
		count = (unsigned)result.feed->count;
		*place = result.feed->next;
	} else {
		assert_err(&err, ERR_GONE);
	}
	store_result_free(&result);
	return count;
}

/* ---- places ---- */

static void places_are_good(void **state)
{
	const struct copy_pair *pair = *state;
	struct store *store = fixture_open(&pair->from);
	struct feed_place start = feed_now(store), middle, end, quiet, none;

	none = now_of(store, "none");
	create_in(store, "quiet", 90);
	for (unsigned i = 1; i <= 20; i++)
		create_in(store, "acme", i);
	middle = feed_now(store);
	quiet = now_of(store, "quiet");
	for (unsigned i = 21; i <= 30; i++)
		create_in(store, "acme", i);
	end = feed_now(store);
	store_close(store);
	copy_whole(pair);
	store = fixture_open(&pair->to);
	assert_int_equal(count_events(store, "acme", &start), 30);
	assert_int_equal(count_events(store, "acme", &middle), 10);
	assert_int_equal(count_events(store, "acme", &end), 0);
	assert_int_equal(count_events(store, "quiet", &quiet), 0);
	assert_int_equal(count_events(store, "none", &none), 0);
	create_in(store, "acme", 31);
	create_in(store, "quiet", 91);
	create_in(store, "none", 92);
	assert_int_equal(count_events(store, "acme", &middle), 1);
	assert_int_equal(count_events(store, "acme", &end), 1);
	assert_int_equal(count_events(store, "acme", &start), 1);
	assert_int_equal(count_events(store, "quiet", &quiet), 1);
	assert_int_equal(count_events(store, "none", &none), 1);
	journal_expect(store, 1, "created", false);
	store_close(store);
}

/* An entry with a log takes many numbers: a place behind them is not given again. */
static void numbers_of_large_entries_are_not_given_again(void **state)
{
	const struct copy_pair *pair = *state;
	struct store *store = fixture_open(&pair->from);
	struct feed_place end;
	struct err err = { 0 };
	struct op_claim claim = claim_any(1);
	static char line[9000];
	struct op report;

	memset(line, 'x', sizeof(line) - 1);
	claim_create(store, 1, "k", 0);
	claim_expect(store, &claim, "1");
	report = claim_report(REPORT_HEARTBEAT, 1, claim_read(store, 1).lease.token);
	report.report.log = str_cstr(line);
	report.report.lease_ms = 60000;
	claim_apply(store, &report);
	must(store_flush(store, &err), &err);
	end = feed_now(store);
	store_close(store);
	copy_whole(pair);
	store = fixture_open(&pair->to);
	assert_int_equal(count_events(store, "acme", &end), 0);
	create_in(store, "acme", 2);
	assert_int_equal(count_events(store, "acme", &end), 1);
	store_close(store);
}

/* ---- entries that were removed ---- */

static void trim(struct store *store, uint64_t entries)
{
	uint64_t before = store->journal_entries;
	struct err err = { 0 };

	store->journal_entries = entries;
	journal_run_chore(store, "journal");
	store->journal_entries = before;
	/* A chore leaves the flush to others. */
	must(store_checkpoint(store, false, NULL, &err), &err);
}

static void old_places_are_known_to_be_too_old(void **state)
{
	const struct copy_pair *pair = *state;
	struct store *store = fixture_open(&pair->from);
	struct feed_place start = feed_now(store), middle;

	for (unsigned i = 1; i <= 20; i++)
		create_in(store, "acme", i);
	middle = feed_now(store);
	for (unsigned i = 21; i <= 30; i++)
		create_in(store, "acme", i);
	trim(store, 12);
	store_close(store);
	copy_whole(pair);
	store = fixture_open(&pair->to);
	assert_int_equal(count_events(store, "acme", &start), FEED_LOST);
	assert_int_equal(count_events(store, "acme", &middle), 10);
	feed_expect_gone(store, start, FEED_OLD);
	trim(store, 4);
	middle.number -= 8;
	assert_int_equal(count_events(store, "acme", &middle), FEED_LOST);
	store_close(store);
}

/* What a busy tenant has lost on a server says nothing about the places of a quiet one. */
static void tenants_of_a_server_are_trimmed_by_themselves(void **state)
{
	const struct copy_pair *pair = *state;
	struct store *store = fixture_open(&pair->from);
	struct feed_place start, busy_start = feed_now(store), quiet, old;

	start = now_of(store, "quiet");
	for (unsigned i = 1; i <= 3; i++)
		create_in(store, "quiet", 90 + i);
	quiet = now_of(store, "quiet");
	for (unsigned i = 1; i <= 40; i++)
		create_in(store, "acme", i);
	trim(store, 10);
	store_close(store);
	copy_whole(pair);
	store = fixture_open(&pair->to);
	old = start;
	assert_int_equal(count_events(store, "quiet", &old), 3);
	assert_int_equal(count_events(store, "quiet", &quiet), 0);
	assert_int_equal(count_events(store, "acme", &busy_start), FEED_LOST);
	create_in(store, "quiet", 95);
	assert_int_equal(count_events(store, "quiet", &quiet), 1);
	/* All tenants are trimmed together from now on. */
	trim(store, 3);
	assert_int_equal(count_events(store, "quiet", &start), FEED_LOST);
	assert_int_equal(count_events(store, "quiet", &quiet), 0);
	store_close(store);
}

/* ---- webhooks ---- */

/* A webhook of a quiet tenant that has not been told yet: its low numbers are kept for it. */
static void webhooks_miss_nothing(void **state)
{
	const struct copy_pair *pair = *state;
	struct store *store = fixture_open(&pair->from);

	webhook_act(store, WEBHOOK_CREATE, 900);
	create_in(store, "acme", 1);
	assert_int_equal(webhook_gather(store), 1);
	create_in(store, "acme", 2);
	for (unsigned i = 1; i <= 60; i++)
		create_in(store, "busy", 100 + i);
	store_close(store);
	copy_whole(pair);
	store = fixture_open(&pair->to);
	assert_int_equal(webhook_pending_of(store, 900).count, 1);
	journal_run_chore(store, "outbox");
	trim(store, 5);
	create_in(store, "acme", 3);
	assert_int_equal(webhook_gather(store), 2);
	assert_int_equal(webhook_gather(store), 0);
	assert_false(webhook_state_of(store, 900).missed);
	assert_int_equal(webhook_pending_of(store, 900).count, 3);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COPY_BOTH_WAYS(places_are_good),
		COPY_BOTH_WAYS(numbers_of_large_entries_are_not_given_again),
		COPY_BOTH_WAYS(old_places_are_known_to_be_too_old),
		COPY_TEST(tenants_of_a_server_are_trimmed_by_themselves, "server to files",
			copy_setup_to_files),
		COPY_BOTH_WAYS(webhooks_miss_nothing),
	};

	return CHECK_RUN(tests);
}
