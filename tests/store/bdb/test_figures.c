/* The figures that Berkeley DB's engine reports (store/health.h). */
#include <stdio.h>

#include "base/clock.h"
#include "lib/check.h"
#include "store/fixture.h"

static struct store_shared shared;

static void run_chores(struct store *store)
{
	struct store_chore chore;
	struct err err = { 0 };

	for (size_t i = 0; store_chore(store, i, &chore); i++) {
		bool more = false;

		must(store_run_chore(store, i, false, &more, &err), &err);
	}
}

static struct store *open_with(const char *name, const char *archive)
{
	struct store_options options = fixture_options(STORE_RECOVER, name);

	memset((void *)&shared, 0, sizeof(shared));
	options.shared = &shared;
	options.archive = archive;
	return fixture_open(&options);
}

static void start_writes_a_checkpoint(void **state)
{
	int64_t began = clock_wall_ms();
	struct store *store = open_with("start", NULL);

	(void)state;
	assert_in_range(shared.health.last_checkpoint, began, clock_wall_ms());
	store_close(store);
}

static void chore_counts_logs(void **state)
{
	struct store *store = open_with("logs", NULL);

	(void)state;
	assert_int_equal(shared.health.log_files, 0);
	run_chores(store);
	assert_int_equal(shared.health.log_files, 1);
	assert_in_range(shared.health.log_bytes, 4096, 64 * 1024 * 1024);
	/* The tables are as large as their holes leave them. */
	assert_in_range(shared.health.data_bytes, 4096, 256 * 1024 * 1024);
	store_close(store);
}

static void chore_tells_the_cache(void **state)
{
	struct store *store = open_with("cache", NULL);

	(void)state;
	run_chores(store);
	assert_in_range(shared.health.cache_bytes, 1024 * 1024, UINT64_C(1) << 40);
	assert_in_range(shared.health.cache_used_bytes, 4096, shared.health.cache_bytes);
	store_close(store);
}

static void idle_store_has_no_open_transaction(void **state)
{
	struct store *store = open_with("idle", NULL);

	(void)state;
	run_chores(store);
	run_chores(store);
	assert_int_equal(shared.health.oldest_transaction, 0);
	store_close(store);
}

static void archive_state_follows_the_options(void **state)
{
	struct store *store = open_with("no-archive", NULL);

	(void)state;
	run_chores(store);
	assert_int_equal(shared.health.archive, ARCHIVE_OFF);
	store_close(store);
	store = open_with("archive", check_temp_dir());
	run_chores(store);
	assert_int_equal(shared.health.archive, ARCHIVE_WORKING);
	assert_int_equal(shared.health.archive_waiting_files, 0);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(start_writes_a_checkpoint),
		CHECK(chore_counts_logs),
		CHECK(chore_tells_the_cache),
		CHECK(idle_store_has_no_open_transaction),
		CHECK(archive_state_follows_the_options),
	};

	return CHECK_RUN(tests);
}
