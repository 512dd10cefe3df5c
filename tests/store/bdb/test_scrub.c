/* The keeper verifies all pages, the cold ones too. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
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

/* Syncs of the file with this inode. */
static ino_t counted_inode;
static unsigned syncs;

/* Replaces the function of the C library in this program. */
int fdatasync(int fd)
{
	struct stat info;

	syncs += fstat(fd, &info) == 0 && info.st_ino == counted_inode;
	return (int)syscall(SYS_fdatasync, fd);
}

/* A page that is in the kernel's cache only must not get into the map. */
static void pages_are_on_disk_before_the_map_has_them(void **state)
{
	struct store_options options = damage_options("synced");
	char path[512];
	struct store *store;
	struct stat info;

	(void)state;
	damage_make_store(&options);
	snprintf(path, sizeof(path), "%s/data/named.db", options.home);
	assert_int_equal(stat(path, &info), 0);
	store = open_fast(&options);
	snprintf(path, sizeof(path), "%s/data/named.map", options.home);
	assert_int_equal(unlink(path), 0);
	counted_inode = info.st_ino;
	run_pass(store);
	assert_int_equal(access(path, F_OK), 0);
	assert_in_range(syncs, 1, 100);
	/* All pages are in the map now. */
	syncs = 0;
	run_pass(store);
	assert_int_equal(syncs, 0);
	counted_inode = 0;
	store_close(store);
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

/* The pass counts as begun so long ago that its pages were due until now. */
static void check_rate_goes_on(struct store *store)
{
	const struct engine_scrub *at = &store->scrub.at;
	int64_t before = clock_mono_ms(), after, share;
	struct err err;
	bool more;

	store->scrub_ms = 1000000;
	share = (int64_t)((double)at->done / (double)at->total * 1000000);
	store->scrub.loaded = false;
	must(scrub_some(store, false, &more, &err), &err);
	after = clock_mono_ms();
	assert_in_range(after - store->scrub.began_ms, share, share + after - before);
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
	store->scrub_ms = 0; /* off: only the state is written and read */
	store->scrub.at.table = TABLE_INDEX;
	store->scrub.at.page = 3;
	store->scrub.saved_ms -= 3600000;
	must(scrub_some(store, false, &more, &err), &err);
	must(store_flush(store, &err), &err);
	store_close(store);
	store = open_fast(&options);
	store->scrub_ms = 0;
	must(scrub_some(store, false, &more, &err), &err);
	assert_int_equal(store->scrub.at.table, TABLE_INDEX);
	assert_int_equal(store->scrub.at.page, 3);
	assert_int_equal(store->scrub.last, last);
	assert_in_range(store->scrub.at.done, 4, store->scrub.at.total - 1);
	check_rate_goes_on(store);
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
	}
	/* At most one call of the engine in these milliseconds of an hour. */
	assert_in_range(store->scrub.at.done, 0, 2 * 64);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(cold_page_is_found),
		CHECK(pages_are_on_disk_before_the_map_has_them),
		CHECK(pass_goes_on_after_a_restart),
		CHECK(rate_is_bounded),
	};

	return CHECK_RUN(tests);
}
