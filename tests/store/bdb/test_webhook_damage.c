/*
 * Lost and damaged files of webhooks: tasks are not affected. An outbox is emptied; a webhook that
 * cannot be read is an error of the requests about it.
 */
#include <stdio.h>
#include <unistd.h>

#include "store/bdb/page.h"
#include "store/bdb/repair_fixture.h"
#include "store/internal.h"
#include "store/scrub.h"
#include "store/webhook_fixture.h"

#define TASKS	 50
#define WEBHOOKS 2

static void remove_file(const struct store_options *options, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/data/%s", options->home, name);
	assert_int_equal(unlink(path), 0);
}

static void zero_page(const struct store_options *options, enum engine_table table, uint32_t page)
{
	static const unsigned char zeros[BDB_PAGE_SIZE];
	int fd = damage_open_table(options, table);

	assert_int_equal(
		pwrite(fd, zeros, sizeof(zeros), (off_t)page * BDB_PAGE_SIZE), sizeof(zeros));
	close(fd);
}

static void create_tasks(struct store *store, unsigned from, unsigned to)
{
	for (unsigned n = from; n <= to; n++)
		fixture_create(store, n, "new", NULL);
}

static struct store_options make_store(const char *name)
{
	struct store_options options = damage_options(name);
	struct store *store = fixture_open(&options);
	struct err err;

	for (unsigned n = 1; n <= WEBHOOKS; n++)
		webhook_act(store, WEBHOOK_CREATE, n);
	create_tasks(store, 1, TASKS);
	must(store_flush(store, &err), &err);
	assert_int_equal(webhook_gather(store), WEBHOOKS * TASKS);
	must(store_checkpoint(store, true, NULL, &err), &err);
	store_close(store);
	remove_file(&options, "doublewrite");
	return options;
}

/* A leaf with a delivery of the task, of one of the webhooks. */
static uint32_t leaf_of(const struct store_options *options, unsigned task)
{
	char body[40];

	snprintf(body, sizeof(body), "{\"n\":%u,", task);
	return damage_page_with(options, TABLE_OUTBOX, 5, str_cstr(body));
}

/* The webhooks whose deliveries cannot be read. */
static unsigned count_damaged(struct store *store)
{
	const struct op_webhook webhook = { .action = WEBHOOK_DELIVERIES };
	unsigned count = 0;

	for (unsigned n = 1; n <= WEBHOOKS; n++) {
		enum err_code code = webhook_error(store, webhook, n);

		count += code == ERR_DAMAGED;
		assert_true(code == ERR_DAMAGED || code == ERR_NONE);
	}
	return count;
}

static bool run_chore(struct store *store, const char *name, struct err *err)
{
	struct store_chore chore;
	size_t number = 0;
	bool more = false;

	while (store_chore(store, number, &chore) && strcmp(chore.name, name) != 0)
		number++;
	return store_run_chore(store, number, false, &more, err);
}

/* The webhooks are there, say that they may have missed events, and get those from now on. */
static void check_begins_anew(struct store *store)
{
	expect_log("webhook-missed");
	expect_log("webhook-missed");
	webhook_gather(store);
	for (unsigned n = 1; n <= WEBHOOKS; n++) {
		assert_true(webhook_state_of(store, n).missed);
		assert_int_equal(webhook_pending_of(store, n).count, 0);
	}
	create_tasks(store, TASKS + 1, TASKS + 2);
	assert_int_equal(webhook_gather(store), WEBHOOKS * 2);
	fixture_verify(store, TASKS + 2);
	assert_int_equal(damage_count(&damage_shared.damages), 0);
}

/* ---- the outbox ---- */

static void store_without_an_outbox_opens(void **state)
{
	struct store_options options = make_store("without");
	struct store *store;

	(void)state;
	remove_file(&options, "outbox.db");
	store = fixture_open(&options);
	check_begins_anew(store);
	store_close(store);
}

static void start_makes_a_damaged_outbox_again(void **state)
{
	struct store_options options = make_store("metadata");
	struct store *store;

	(void)state;
	damage_metadata(&options, TABLE_OUTBOX);
	expect_log("page-damaged");
	expect_log("file-set-aside");
	store = fixture_open(&options);
	check_begins_anew(store);
	store_close(store);
}

/* As a service does: the keeper marks the outbox and ends, and its memory stays. */
static void recovery_empties_a_damaged_outbox(void **state)
{
	struct store_options options = make_store("page");
	struct store *store;
	struct err err = { 0 };

	(void)state;
	zero_page(&options, TABLE_OUTBOX, leaf_of(&options, TASKS / 2));
	store = fixture_open(&options);
	expect_log("page-damaged");
	assert_true(count_damaged(store) > 0);
	/* the damage is known, and tasks are not affected */
	assert_int_equal(damage_count(&damage_shared.damages), 1);
	create_tasks(store, TASKS + 1, TASKS + 1);
	journal_change(store, 1, 7);
	fixture_verify(store, TASKS + 1);
	assert_fails(run_chore(store, "outbox damage", &err), &err, ERR_PANIC);
	store_close(store);
	expect_log("outbox-emptied");
	store = fixture_open(&options);
	expect_log("webhook-missed");
	expect_log("webhook-missed");
	webhook_gather(store);
	assert_true(webhook_state_of(store, 1).missed && webhook_state_of(store, 2).missed);
	create_tasks(store, TASKS + 2, TASKS + 2);
	assert_int_equal(webhook_gather(store), WEBHOOKS);
	assert_int_equal(damage_count(&damage_shared.damages), 0);
	store_close(store);
}

/* ---- webhooks ---- */

static void damaged_webhooks_do_not_stop_tasks(void **state)
{
	struct store_options options = make_store("webhooks");
	const struct op_webhook list = { .action = WEBHOOK_LIST };
	struct id id = fixture_id(1);
	struct store_report report;
	struct store *store;
	struct err err = { 0 };
	uint32_t page = damage_page_with(&options, TABLE_WEBHOOKS, 13,
		(struct str){ (const char *)id.bytes, sizeof(id.bytes) });

	(void)state;
	zero_page(&options, TABLE_WEBHOOKS, page);
	expect_log("page-damaged");
	store = fixture_open(&options);
	assert_code(webhook_error(store, (struct op_webhook){ .action = WEBHOOK_READ }, 1),
		ERR_DAMAGED);
	assert_code(webhook_error(store, list, 1), ERR_DAMAGED);
	assert_int_equal(damage_count(&damage_shared.damages), 1);
	create_tasks(store, TASKS + 1, TASKS + 2);
	journal_change(store, 1, 7);
	fixture_verify(store, TASKS + 2);
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.damaged, 1);
	assert_string_equal(report.damages[0].table, "webhooks");
	assert_int_equal(report.damages[0].page, page);
	must(store_flush(store, &err), &err);
	store_close(store);
	store = fixture_open(&options);
	fixture_verify(store, TASKS + 2);
	store_close(store);
}

/* They cannot be made again, as users: an empty file would hide the loss. */
static void store_without_its_webhooks_is_refused(void **state)
{
	struct store_options options = make_store("lost");
	struct store *store = NULL;
	struct err err = { 0 };

	(void)state;
	remove_file(&options, "webhooks.db");
	assert_false(store_open(&store, &options, &err));
	assert_non_null(strstr(err.text, "webhooks.db is missing"));
}

/* Such a build had neither these files nor their maps. */
static void home_of_an_earlier_build_gets_the_files(void **state)
{
	static const char *const files[] = { "webhooks.db", "webhooks.map", "outbox.db",
		"outbox.map" };
	struct store_options options = damage_options("earlier");
	struct store *store;
	char path[512];
	struct err err = { 0 };

	(void)state;
	damage_make_store(&options);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/data/%s", options.home, files[i]);
		unlink(path);
		assert_int_equal(access(path, F_OK), -1);
	}
	store = fixture_open(&options);
	fixture_verify(store, DAMAGE_TASKS);
	webhook_act(store, WEBHOOK_CREATE, 1);
	create_tasks(store, DAMAGE_TASKS + 1, DAMAGE_TASKS + 1);
	assert_int_equal(webhook_gather(store), 1);
	must(store_flush(store, &err), &err);
	store_close(store);
	store = fixture_open(&options);
	assert_int_equal(webhook_pending_of(store, 1).count, 1);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(store_without_an_outbox_opens),
		CHECK(start_makes_a_damaged_outbox_again),
		CHECK(recovery_empties_a_damaged_outbox),
		CHECK(damaged_webhooks_do_not_stop_tasks),
		CHECK(store_without_its_webhooks_is_refused),
		CHECK(home_of_an_earlier_build_gets_the_files),
	};

	return CHECK_RUN(tests);
}
