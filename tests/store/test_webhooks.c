/* Webhooks: their changes; events are gathered once, in their order and within bounds. */
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "libdb_leak.h"
#include "webhook_fixture.h"

/* ---- webhooks ---- */

static void webhooks_have_revisions_and_conditions(void **state)
{
	struct store *store = *state;
	struct op_webhook change = { .action = WEBHOOK_CHANGE };
	bool off = false;
	uint64_t changes = store_webhook_changes(store);
	struct result result;
	struct op op;

	webhook_act(store, WEBHOOK_CREATE, 900);
	assert_true(store_webhook_changes(store) > changes);
	result = webhook_run(store, change, 900);
	assert_int_equal(result.webhooks->webhooks[0].revision, 1);
	assert_false(result.written);
	store_result_free(&result);
	change.change_data = &off;
	op = webhook_make_op(&change, 900);
	op.if_match[0] = 2;
	op.if_match_count = 1;
	assert_int_equal(fixture_error(store, &op), ERR_PRECONDITION);
	op.if_match[0] = 1;
	assert_int_equal(fixture_error(store, &op), ERR_NONE);
	result = webhook_run(store, (struct op_webhook){ .action = WEBHOOK_READ }, 900);
	assert_int_equal(result.webhooks->webhooks[0].revision, 2);
	assert_int_equal(result.task.revision, 2);
	assert_str(result.webhooks->webhooks[0].url, "https://example.com/");
	assert_int_equal(result.webhooks->webhooks[0].secret.len, 32);
	store_result_free(&result);
	assert_int_equal(webhook_error(store, (struct op_webhook){ .action = WEBHOOK_READ }, 901),
		ERR_NOT_FOUND);
	op = webhook_make_op(&change, 900);
	op.tenant = STR("other");
	assert_int_equal(fixture_error(store, &op), ERR_NOT_FOUND);
}

static void secrets_rotate(void **state)
{
	struct store *store = *state;
	struct op_webhook rotate = { .action = WEBHOOK_ROTATE, .keep_ms = 1000 };
	struct result before, after;
	const struct webhook *webhook;

	webhook_act(store, WEBHOOK_CREATE, 900);
	before = webhook_run(store, (struct op_webhook){ .action = WEBHOOK_READ }, 900);
	after = webhook_run(store, rotate, 900);
	webhook = &after.webhooks->webhooks[0];
	assert_true(str_eq(webhook->old_secret, before.webhooks->webhooks[0].secret));
	assert_false(str_eq(webhook->secret, webhook->old_secret));
	assert_int_equal(optional_time_ms(webhook->old_secret_ends), WEBHOOK_NOW + 1000);
	store_result_free(&before);
	store_result_free(&after);
	rotate.keep_ms = 0;
	rotate.secret = STR("012345678901234567890123");
	after = webhook_run(store, rotate, 900);
	assert_str(after.webhooks->webhooks[0].secret, "012345678901234567890123");
	assert_int_equal(after.webhooks->webhooks[0].old_secret.len, 0);
	store_result_free(&after);
}

static void tenant_has_a_limit(void **state)
{
	struct store *store = *state;
	struct result result;

	for (unsigned i = 0; i < WEBHOOKS_MAX; i++)
		webhook_act(store, WEBHOOK_CREATE, 900 + i);
	assert_int_equal(webhook_error(store, (struct op_webhook){ .action = WEBHOOK_CREATE }, 999),
		ERR_CONFLICT);
	result = webhook_run(store, (struct op_webhook){ .action = WEBHOOK_LIST }, 1);
	assert_int_equal(result.webhooks->count, WEBHOOKS_MAX);
	for (unsigned i = 0; i < WEBHOOKS_MAX; i++) {
		struct id id = fixture_id(900 + i);

		assert_int_equal(id_compare(&result.webhooks->webhooks[i].id, &id), 0);
	}
	store_result_free(&result);
	webhook_act(store, WEBHOOK_REMOVE, 900);
	webhook_act(store, WEBHOOK_CREATE, 999);
}

/* ---- gather ---- */

static void events_are_gathered_once_and_in_order(void **state)
{
	struct store *store = *state;

	fixture_create(store, 1, "new", NULL);
	webhook_act(store, WEBHOOK_CREATE, 900);
	assert_int_equal(webhook_gather(store), 0);
	fixture_create(store, 2, "new", NULL);
	journal_change(store, 2, 7);
	claim_set_state(store, 1, TASK_SUCCEEDED);
	assert_int_equal(webhook_gather(store), 2);
	assert_int_equal(webhook_gather(store), 0);
	assert_string_equal(webhook_pending_of(store, 900).text,
		"{\"n\":2,\"there\":true} {\"n\":1,\"there\":true}");
	assert_int_equal(webhook_state_of(store, 900).pending, 2);
	assert_false(webhook_state_of(store, 900).missed);
}

static void numbers_do_not_begin_again(void **state)
{
	struct store *store = *state;
	struct webhook_listing list;

	clock_set_fake(WEBHOOK_NOW + 5);
	webhook_act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 1, "new", NULL);
	fixture_create(store, 2, "new", NULL);
	assert_int_equal(webhook_gather(store), 2);
	clock_set_fake(WEBHOOK_NOW);
	fixture_create(store, 3, "new", NULL);
	assert_int_equal(webhook_gather(store), 1);
	list = webhook_pending_of(store, 900);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(list.numbers[i], (WEBHOOK_NOW + 5) * 1000ULL + i);
	clock_set_fake(0);
}

static void disabled_webhooks_begin_anew_or_resume(void **state)
{
	struct store *store = *state;

	webhook_act(store, WEBHOOK_CREATE, 900);
	webhook_act(store, WEBHOOK_CREATE, 901);
	webhook_set_enabled(store, 900, false, false);
	webhook_set_enabled(store, 901, false, false);
	fixture_create(store, 1, "new", NULL);
	assert_int_equal(webhook_gather(store), 0);
	assert_int_equal(webhook_error(store, (struct op_webhook){ .action = WEBHOOK_TEST }, 900),
		ERR_CONFLICT);
	webhook_set_enabled(store, 900, true, false);
	webhook_set_enabled(store, 901, true, true);
	assert_int_equal(webhook_gather(store), 1);
	assert_int_equal(webhook_state_of(store, 900).pending, 0);
	assert_int_equal(webhook_state_of(store, 901).pending, 1);
}

/* The notifier has read the webhook before it was changed. */
static void stale_webhooks_are_not_gathered_for(void **state)
{
	struct store *store = *state;
	struct webhook_gathering gathering = { .count = 0 };
	unsigned added = 7;
	bool more = true;
	struct err err;

	webhook_act(store, WEBHOOK_CREATE, 900);
	must(store_webhook_each(store, webhook_keep, &gathering, &err), &err);
	webhook_set_enabled(store, 900, false, false);
	fixture_create(store, 1, "new", NULL);
	must(store_flush(store, &err), &err);
	must(store_webhook_gather(
		     store, &gathering.webhooks[0], webhook_encode_small, &added, &more, &err),
		&err);
	assert_int_equal(added, 0);
	assert_false(more);
	assert_int_equal(webhook_state_of(store, 900).pending, 0);
	arena_free(&gathering.arena);
}

static void pending_bytes_are_bounded(void **state)
{
	const unsigned most = WEBHOOK_PENDING_BYTES_MAX / WEBHOOK_BODY_MAX;
	struct store *store = *state;
	struct webhook_listing list;

	webhook_act(store, WEBHOOK_CREATE, 900);
	for (unsigned i = 1; i <= most + 5; i++)
		fixture_create(store, i, "new", NULL);
	assert_int_equal(webhook_gather_with(store, webhook_encode_large, false), most);
	assert_int_equal(webhook_gather_with(store, webhook_encode_large, false), 0);
	assert_int_equal(
		webhook_error(store, (struct op_webhook){ .action = WEBHOOK_TEST }, 900), ERR_NONE);
	list = webhook_pending_of(store, 900);
	webhook_settle(store, 900, list.numbers[0], DELIVERY_DELIVERED, 200, WEBHOOK_NOW);
	webhook_settle(store, 900, list.numbers[1], DELIVERY_DELIVERED, 200, WEBHOOK_NOW);
	assert_int_equal(webhook_gather_with(store, webhook_encode_large, false), 2);
	assert_int_equal(webhook_state_of(store, 900).pending, most + 1);
}

static void gathering_pauses_while_the_disk_is_nearly_full(void **state)
{
	struct store *store = *state;

	webhook_act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 1, "new", NULL);
	fixture_set_read_only(store, true);
	assert_int_equal(webhook_gather(store), 0);
	fixture_set_read_only(store, false);
	assert_int_equal(webhook_gather(store), 1);
}

/* A webhook that waits costs no transactions. */
static void idle_places_are_written_rarely(void **state)
{
	struct store *store = *state;
	uint64_t number, entries = store->journal_entries;

	clock_set_fake(WEBHOOK_NOW);
	webhook_act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 1, "new", NULL);
	assert_int_equal(webhook_gather(store), 1);
	number = webhook_state_of(store, 900).place.number;
	journal_change(store, 1, 3);
	clock_set_fake(WEBHOOK_NOW + 59999);
	assert_int_equal(webhook_gather(store), 0);
	assert_int_equal(webhook_state_of(store, 900).place.number, number);
	clock_set_fake(WEBHOOK_NOW + 60000);
	webhook_gather(store);
	assert_int_equal(webhook_state_of(store, 900).place.number, number + 1);
	for (unsigned i = 0; i < 64; i++)
		journal_change(store, 1, 4 + i);
	clock_stop_mono(true); /* a slow machine would read them in parts */
	webhook_gather(store);
	clock_stop_mono(false);
	assert_int_equal(webhook_state_of(store, 900).place.number, number + 65);
	store->journal_entries = 16;
	journal_change(store, 1, 3);
	webhook_gather(store);
	assert_int_equal(webhook_state_of(store, 900).place.number, number + 65);
	journal_change(store, 1, 4);
	webhook_gather(store);
	assert_int_equal(webhook_state_of(store, 900).place.number, number + 67);
	store->journal_entries = entries;
	clock_set_fake(0);
}

/* ---- starts ---- */

static struct store *reopen(
	struct store *store, struct store_options *options, enum store_mode mode)
{
	struct err err;

	must(store_flush(store, &err), &err);
	store_close(store);
	options->mode = mode;
	return fixture_open(options);
}

/* The outbox and the journal of a backup are of the same moment. */
static void restored_webhooks_go_on_where_they_were(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "restored");
	struct store *store = fixture_open(&options);

	(void)state;
	webhook_act(store, WEBHOOK_CREATE, 900);
	fixture_create(store, 1, "new", NULL);
	assert_int_equal(webhook_gather(store), 1);
	fixture_create(store, 2, "new", NULL);
	for (unsigned i = 0; i < 2; i++) {
		store = reopen(store, &options, STORE_RESTORE);
		store = reopen(store, &options, STORE_RECOVER);
	}
	assert_int_equal(webhook_gather(store), 1);
	assert_int_equal(webhook_gather(store), 0);
	store = reopen(store, &options, STORE_RESTORE);
	fixture_create(store, 3, "new", NULL);
	assert_int_equal(webhook_gather(store), 1);
	assert_int_equal(webhook_state_of(store, 900).pending, 3);
	assert_false(webhook_state_of(store, 900).missed);
	store_close(store);
}

static void events_may_be_missed_without_a_journal(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "off");
	struct store *store = fixture_open(&options);
	uint64_t entries = options.journal_entries;

	(void)state;
	webhook_act(store, WEBHOOK_CREATE, 900);
	options.journal_entries = 0;
	store = reopen(store, &options, STORE_RESTORE);
	fixture_create(store, 1, "new", NULL);
	options.journal_entries = entries;
	store = reopen(store, &options, STORE_RECOVER);
	expect_log("webhook-missed");
	assert_int_equal(webhook_gather(store), 0);
	assert_true(webhook_state_of(store, 900).missed);
	store_close(store);
}

/* ---- processes that die ---- */

static void gather_until_killed(const struct store_options *options)
{
	struct store_options attach = *options;
	struct store *store;

	attach.mode = STORE_RECOVER;
	store = fixture_open(&attach);
	for (unsigned i = 0; i < 20; i++) {
		fixture_create(
			store, 1 + (unsigned)(journal_next(store) * 7919 % 1000000), "new", NULL);
		webhook_gather_with(store, webhook_encode_small, true);
		if (i == (unsigned)getpid() % 17)
			_exit(0);
	}
	_exit(0);
}

/* Without a flush what was gathered may be lost, together with its place. */
static void each_event_is_gathered_once_across_deaths(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "killed");
	struct store *store = fixture_open(&options);
	struct webhook_listing list;
	struct err err;

	(void)state;
	webhook_act(store, WEBHOOK_CREATE, 900);
	must(store_flush(store, &err), &err);
	store_close(store);
	for (unsigned round = 0; round < 5; round++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			gather_until_killed(&options);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
	store = fixture_open(&options);
	webhook_gather(store);
	list = webhook_pending_of(store, 900);
	{
		struct op op = fixture_list(BY_ALL, NULL);
		struct result result = { 0 };

		op.list.want_total = true;
		fixture_open_list(store, &op, &result);
		assert_int_equal(list.count, result.total);
		assert_true(list.count > 5);
		store_result_free(&result);
	}
	assert_int_equal(webhook_state_of(store, 900).pending, list.count);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(webhooks_have_revisions_and_conditions),
		ON_EVERY_ENGINE(secrets_rotate),
		ON_EVERY_ENGINE(tenant_has_a_limit),
		ON_EVERY_ENGINE(events_are_gathered_once_and_in_order),
		ON_EVERY_ENGINE(numbers_do_not_begin_again),
		ON_EVERY_ENGINE(disabled_webhooks_begin_anew_or_resume),
		ON_EVERY_ENGINE(stale_webhooks_are_not_gathered_for),
		FIXTURE_TEST(
			pending_bytes_are_bounded, "Berkeley DB in files", fixture_setup_folder),
		ON_EVERY_ENGINE(gathering_pauses_while_the_disk_is_nearly_full),
		ON_EVERY_ENGINE(idle_places_are_written_rarely),
		CHECK(restored_webhooks_go_on_where_they_were),
		CHECK(events_may_be_missed_without_a_journal),
		CHECK(each_event_is_gathered_once_across_deaths),
	};

	return CHECK_RUN(tests);
}
