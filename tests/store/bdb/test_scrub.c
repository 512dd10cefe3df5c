/* The keeper verifies all pages, the cold ones too. */
#include <unistd.h>

#include "store/bdb/damage_fixture.h"
#include "store/internal.h"

/* Runs the chore until a pass ends. */
static void run_pass(struct store *store)
{
	int64_t last = store->scrub.last;
	struct err err;
	bool more;

	for (int i = 0; store->scrub.last == last; i++) {
		assert_true(i < 1000);
		must(scrub_some(store, false, &more, &err), &err);
		usleep(1000);
	}
}

static struct store *open_fast(struct store_options *options)
{
	struct store *store = fixture_open(options);

	store->scrub_ms = 10;
	return store;
}

static void cold_page_is_found(void **state)
{
	struct store_options options = damage_options("cold");
	const struct store_health *health = &damage_shared.health;
	struct store_damage list[2];
	struct store *store;

	(void)state;
	damage_make_store(&options);
	damage_page(&options, TABLE_NAMED_TASKS, damage_used_page(&options, TABLE_NAMED_TASKS, 7));
	store = open_fast(&options);
	expect_log("page-damaged");
	run_pass(store);
	assert_int_equal(atomic_load(&health->damaged_pages), 1);
	assert_true(atomic_load(&health->last_scrub) > 0);
	assert_int_equal(store_damages(&damage_shared, list, 2), 1);
	assert_string_equal(list[0].table, "named");
	/* It is logged once. */
	run_pass(store);
	store_close(store);
}

static void pass_goes_on_after_a_restart(void **state)
{
	struct store_options options = damage_options("restart");
	struct store *store;
	int64_t last;
	struct err err;
	bool more;

	(void)state;
	damage_make_store(&options);
	store = open_fast(&options);
	run_pass(store);
	last = store->scrub.last;
	store->scrub_ms = 1000000;
	store->scrub.at.table = TABLE_INDEX;
	store->scrub.at.page = 3;
	store->scrub.saved_ms -= 3600000;
	store->scrub.began_ms += 1000; /* not yet due */
	must(scrub_some(store, false, &more, &err), &err);
	must(store_flush(store, &err), &err);
	store_close(store);
	store = open_fast(&options);
	store->scrub_ms = 1000000;
	must(scrub_some(store, false, &more, &err), &err);
	assert_int_equal(store->scrub.at.table, TABLE_INDEX);
	assert_int_equal(store->scrub.at.page, 3);
	assert_int_equal(store->scrub.last, last);
	assert_in_range(store->scrub.at.done, 4, store->scrub.at.total - 1);
	store_close(store);
}

static void rate_is_bounded(void **state)
{
	struct store_options options = damage_options("rate");
	struct store *store;
	struct err err;
	bool more;

	(void)state;
	damage_make_store(&options);
	store = fixture_open(&options);
	store->scrub_ms = 3600000;
	for (int i = 0; i < 10; i++) {
		must(scrub_some(store, false, &more, &err), &err);
		assert_false(more);
	}
	/* At most one call of the engine in these milliseconds of an hour. */
	assert_in_range(store->scrub.at.done, 0, 2 * 64);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(cold_page_is_found),
		CHECK(pass_goes_on_after_a_restart),
		CHECK(rate_is_bounded),
	};

	return CHECK_RUN(tests);
}
