/*
 * A damaged journal: changes fail until the next recovery at the latest, which empties it. Tasks
 * are not affected.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/bdb/page.h"
#include "store/bdb/repair_fixture.h"
#include "store/feed_fixture.h"
#include "store/internal.h"
#include "store/scrub.h"

/* Enough that the journal has several leaves. */
#define CHANGES 3
#define MIDDLE	(DAMAGE_TASKS / 2)

/* Of now, before the damage. */
static struct feed_place place;

static struct store_options make_store(const char *name)
{
	struct store_options options = damage_options(name);
	struct store *store = fixture_open(&options);
	char path[512];
	struct err err;

	for (unsigned n = 1; n <= DAMAGE_TASKS; n++) {
		fixture_create(store, n, "new", NULL);
		for (int i = 1; i <= CHANGES; i++)
			journal_change(store, n, i);
	}
	must(store_checkpoint(store, true, NULL, &err), &err);
	place = feed_now(store);
	assert_int_equal(feed_error(store, place), ERR_NONE);
	store_close(store);
	snprintf(path, sizeof(path), "%s/data/doublewrite", options.home);
	assert_int_equal(unlink(path), 0);
	return options;
}

static void zero_page(const struct store_options *options, uint32_t page)
{
	static const unsigned char zeros[BDB_PAGE_SIZE];
	int fd = damage_open_table(options, TABLE_JOURNAL);

	assert_int_equal(
		pwrite(fd, zeros, sizeof(zeros), (off_t)page * BDB_PAGE_SIZE), sizeof(zeros));
	close(fd);
}

/* A new journal: what happens from now on is in it. A client's place is one of the old one. */
static void check_begins_anew(struct store *store)
{
	assert_int_equal(feed_error(store, place), ERR_GONE);
	place = feed_now(store);
	journal_expect(store, 1, "", true);
	journal_change(store, 1, 77);
	journal_expect(store, 1, "changed", true);
	fixture_create(store, DAMAGE_TASKS + 1, "new", NULL);
	journal_expect(store, DAMAGE_TASKS + 1, "created", false);
	feed_expect(store, &place, "1:changed 401:created");
	fixture_verify(store, DAMAGE_TASKS + 1);
}

/* A leaf with entries of the task. A start reads the first and the last one only. */
static uint32_t leaf_of(const struct store_options *options, unsigned number)
{
	struct id id = fixture_id(number);

	return damage_page_with(options, TABLE_JOURNAL, 5,
		(struct str){ (const char *)id.bytes, sizeof(id.bytes) });
}

/* All its slices: on a slow machine the first one may end before the damage. */
static bool run_chore(struct store *store, const char *name, struct err *err)
{
	struct store_chore chore;
	size_t number = 0;
	bool more, ok;

	while (store_chore(store, number, &chore) && strcmp(chore.name, name) != 0)
		number++;
	do {
		more = false;
		ok = store_run_chore(store, number, false, &more, err);
	} while (ok && more);
	return ok;
}

static void store_without_a_journal_opens(void **state)
{
	struct store_options options = make_store("without");
	struct store *store;
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/data/journal.db", options.home);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/data/journal.map", options.home);
	unlink(path);
	store = fixture_open(&options);
	check_begins_anew(store);
	store_close(store);
}

static void start_makes_a_damaged_file_again(void **state)
{
	struct store_options options = make_store("metadata");
	struct store *store;

	(void)state;
	damage_metadata(&options, TABLE_JOURNAL);
	expect_log("page-damaged");
	expect_log("file-set-aside");
	store = fixture_open(&options);
	check_begins_anew(store);
	assert_int_equal(damage_count(&damage_shared.damages), 0);
	store_close(store);
}

static void start_makes_a_short_file_again(void **state)
{
	struct store_options options = make_store("short");
	struct store *store;
	int fd;

	(void)state;
	fd = damage_open_table(&options, TABLE_JOURNAL);
	assert_int_equal(ftruncate(fd, 1000), 0);
	close(fd);
	store = fixture_open(&options);
	check_begins_anew(store);
	store_close(store);
}

static void start_empties_a_journal_whose_end_is_damaged(void **state)
{
	struct store_options options = make_store("end");
	struct err err = { 0 };
	struct store *store;

	(void)state;
	zero_page(&options, leaf_of(&options, DAMAGE_TASKS));
	expect_log("page-damaged");
	expect_log("journal-emptied");
	store = fixture_open(&options);
	check_begins_anew(store);
	assert_int_equal(damage_count(&damage_shared.damages), 0);
	must(store_flush(store, &err), &err);
	store_close(store);
	/* once: the mark is gone */
	store = fixture_open(&options);
	journal_expect(store, 1, "changed", true);
	store_close(store);
}

/* As a service does: the keeper marks the journal and ends, and its memory stays. */
static void recovery_of_a_service_empties_it(void **state)
{
	struct store_options options = make_store("service");
	struct store *store = fixture_open(&options);
	struct op op = fixture_op(OP_HISTORY, MIDDLE);
	uint64_t next = journal_next(store);
	struct err err = { 0 };

	(void)state;
	zero_page(&options, leaf_of(&options, MIDDLE));
	op.history.limit = 10;
	expect_log("page-damaged");
	assert_code(fixture_error(store, &op), ERR_DAMAGED);
	assert_fails(run_chore(store, "journal damage", &err), &err, ERR_PANIC);
	store_close(store);
	expect_log("journal-emptied");
	store = fixture_open(&options);
	check_begins_anew(store);
	assert_true(journal_next(store) > next);
	must(run_chore(store, "journal damage", &err), &err);
	store_close(store);
}

/* No request needs the page, but until it is gone no backup can be made. */
static void scrub_finds_it(void **state)
{
	struct store_options options = make_store("scrub");
	struct store *store = fixture_open(&options);
	struct err err = { 0 };
	bool more = false;
	int64_t last;

	(void)state;
	zero_page(&options, leaf_of(&options, MIDDLE));
	must(run_chore(store, "journal damage", &err), &err);
	expect_log("page-damaged");
	store->scrub_ms = 10;
	last = store->scrub.last;
	for (int i = 0; store->scrub.last == last; i++) {
		assert_true(i < 10000);
		must(scrub_some(store, false, &more, &err), &err);
		usleep(1000);
	}
	assert_fails(run_chore(store, "journal damage", &err), &err, ERR_PANIC);
	store_close(store);
	expect_log("journal-emptied");
	store = fixture_open(&options);
	check_begins_anew(store);
	store_close(store);
}

/* Without a keeper the next start does it. */
static void close_marks_it(void **state)
{
	struct store_options options = make_store("mark");
	struct err err = { 0 };
	struct store *store;

	(void)state;
	zero_page(&options, leaf_of(&options, MIDDLE));
	store = fixture_open(&options);
	expect_log("page-damaged");
	store->journal_entries = 0;
	assert_fails(run_chore(store, "journal", &err), &err, ERR_DAMAGED);
	store_close(store);
	memset(&damage_shared, 0, sizeof(damage_shared));
	expect_log("journal-emptied");
	store = fixture_open(&options);
	check_begins_anew(store);
	store_close(store);
}

static void repair_empties_it(void **state)
{
	static struct repair_outcome outcome;
	struct store_options options = make_store("repair");
	struct store_report report;
	struct store *store;
	struct err err;
	uint32_t page;

	(void)state;
	page = leaf_of(&options, MIDDLE);
	zero_page(&options, page);
	store = fixture_open(&options);
	expect_log("page-damaged");
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.damaged, 1);
	assert_string_equal(report.damages[0].table, "journal");
	assert_int_equal(report.damages[0].page, page);
	expect_log("page-repaired");
	assert_true(repair_run(store, false, &outcome));
	assert_int_equal(outcome.report.failed, 0);
	assert_int_equal(outcome.report.tables, 1U << TABLE_JOURNAL);
	assert_int_equal(outcome.report.tasks, 0);
	check_begins_anew(store);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(store_without_a_journal_opens),
		CHECK(start_makes_a_damaged_file_again),
		CHECK(start_makes_a_short_file_again),
		CHECK(start_empties_a_journal_whose_end_is_damaged),
		CHECK(recovery_of_a_service_empties_it),
		CHECK(scrub_finds_it),
		CHECK(close_marks_it),
		CHECK(repair_empties_it),
	};

	return CHECK_RUN(tests);
}
