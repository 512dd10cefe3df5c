/* Events that a feed has lost, and its places over starts. */
#include "feed_fixture.h"
#include "store/internal.h"

static void flush(struct store *store)
{
	struct err err = { 0 };

	must(store_flush(store, &err), &err);
}

static void create_in(struct store *store, const char *tenant, unsigned number)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.tenant = str_cstr(tenant);
	claim_apply(store, &op);
}

/* ---- lost events ---- */

static void removed_events_are_gone(void **state)
{
	struct store *store = *state;
	struct feed_place place = feed_now(store);

	for (int n = 1; n <= 6; n++)
		create_in(store, "acme", (unsigned)n);
	create_in(store, "other", 7);
	store->journal_entries = 4;
	journal_run_chore(store, "journal");
	/* those up to number 3 are removed */
	assert_int_equal(atomic_load(&store->shared->journal_trimmed), 3);
	feed_expect_gone(store, place, FEED_OLD);
	place.number = 2;
	feed_expect_gone(store, place, FEED_OLD);
	place.number = 3;
	feed_expect(store, &place, "4:created 5:created 6:created");
	feed_expect_all(store, "acme", "4:created 5:created 6:created");
	feed_expect_all(store, "other", "7:created");
}

static void needed_events_are_kept(void **state)
{
	struct store *store = *state;

	for (unsigned n = 1; n <= 12; n++)
		create_in(store, "acme", n);
	store->journal_entries = 4;
	atomic_store(&store->shared->journal_needed, 7);
	journal_run_chore(store, "journal");
	feed_expect_all(
		store, "acme", "7:created 8:created 9:created 10:created 11:created 12:created");
	atomic_store(&store->shared->journal_needed, 1);
	for (unsigned n = 13; n <= 18; n++)
		create_in(store, "acme", n);
	journal_run_chore(store, "journal");
	feed_expect_all(store, "acme",
		"11:created 12:created 13:created 14:created 15:created 16:created 17:created "
		"18:created");
	atomic_store(&store->shared->journal_needed, 0);
	journal_run_chore(store, "journal");
	feed_expect_all(store, "acme", "15:created 16:created 17:created 18:created");
}

static void without_a_journal_there_are_no_events(void **state)
{
	struct store *store = *state;
	struct feed_place place;

	fixture_create(store, 1, "new", NULL);
	flush(store);
	place = feed_now(store);
	store->journal_entries = 0;
	assert_int_equal(feed_error(store, place), ERR_EVENTS_OFF);
	journal_change(store, 1, 3);
	store->journal_entries = 100;
	/* the change has no event */
	assert_int_equal(feed_error(store, place), ERR_GONE);
	place = feed_now(store);
	journal_change(store, 1, 4);
	feed_expect(store, &place, "1:changed");
}

/* ---- starts ---- */

static void reopen(struct store **store, struct store_options *options)
{
	store_close(*store);
	*store = fixture_open(options);
}

static void places_outlive_a_start(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "start");
	struct store *store = fixture_open(&options);
	struct feed_place place;
	struct err err = { 0 };

	(void)state;
	fixture_create(store, 1, "new", NULL);
	fixture_create(store, 2, "new", NULL);
	flush(store);
	place = feed_now(store);
	assert_int_equal(place.number, 2);
	reopen(&store, &options);
	feed_expect(store, &place, "");
	fixture_create(store, 3, "new", NULL);
	flush(store);
	reopen(&store, &options);
	feed_expect(store, &place, "3:created");
	/* numbers go on although no entry is left */
	store->journal_ms = -60000;
	journal_run_chore(store, "journal");
	must(store_checkpoint(store, false, NULL, &err), &err);
	reopen(&store, &options);
	assert_int_equal(journal_next(store), 4);
	feed_expect(store, &place, "");
	place.number = 2;
	assert_int_equal(feed_error(store, place), ERR_GONE);
	/* while it was off, changes had no events */
	options.journal_entries = 0;
	place = feed_now(store);
	reopen(&store, &options);
	options.journal_entries = 1000;
	reopen(&store, &options);
	assert_int_equal(feed_error(store, place), ERR_GONE);
	store_close(store);
}

/* A process of before a reload writes a row while the keeper has no journal any more. */
static void epochs_do_not_outlast_a_time_without_a_journal(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "reload");
	uint64_t entries = options.journal_entries;
	struct feed_place place;
	struct store *store;

	(void)state;
	options.journal_entries = 0;
	store = fixture_open(&options);
	store->journal_entries = entries;
	place = feed_now(store);
	store->journal_entries = 0;
	journal_run_chore(store, "journal");
	options.journal_entries = entries;
	reopen(&store, &options);
	assert_int_equal(feed_error(store, place), ERR_GONE);
	store_close(store);
}

static void restored_store_has_another_epoch(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "restored");
	struct store *store = fixture_open(&options);
	struct feed_place place;

	(void)state;
	fixture_create(store, 1, "new", NULL);
	flush(store);
	place = feed_now(store);
	options.mode = STORE_RESTORE;
	reopen(&store, &options);
	assert_int_equal(feed_error(store, place), ERR_GONE);
	place = feed_now(store);
	options.mode = STORE_RECOVER;
	reopen(&store, &options);
	feed_expect(store, &place, "");
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_ONE_MACHINE(removed_events_are_gone),
		ON_ONE_MACHINE(needed_events_are_kept),
		ON_ONE_MACHINE(without_a_journal_there_are_no_events),
		CHECK(places_outlive_a_start),
		CHECK(epochs_do_not_outlast_a_time_without_a_journal),
		CHECK(restored_store_has_another_epoch),
	};

	return CHECK_RUN(tests);
}
