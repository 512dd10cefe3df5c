#include "repair_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/bdb/doublewrite.h"
#include "store/bdb/hash_page.h"
#include "store/bdb/page_make.h"

/* ---- the repair ---- */

static bool take_page(const char *table, uint32_t page, const char *text, void *data)
{
	struct repair_outcome *outcome = data;
	size_t len = strlen(outcome->pages);

	snprintf(outcome->pages + len, sizeof(outcome->pages) - len, "%s %u: %s\n", table, page,
		text);
	return true;
}

static bool take_lost(const char *tenant, const char *text, void *data)
{
	struct repair_outcome *outcome = data;
	unsigned number;
	struct id id;

	assert_string_equal(tenant, "acme");
	assert_true(id_parse(&id, str_cstr(text)));
	number = (unsigned)id.bytes[14] << 8 | id.bytes[15];
	assert_in_range(number, 1, REPAIR_TASKS_MAX);
	assert_false(outcome->lost[number]);
	outcome->lost[number] = true;
	outcome->lost_count++;
	return outcome->lost_count != outcome->stop_after;
}

bool repair_run(struct store *store, bool dry, struct repair_outcome *outcome)
{
	const struct store_repair_sink sink = { take_page, take_lost, outcome };
	unsigned stop_after = outcome->stop_after;
	struct err err;
	bool ok;

	memset(outcome, 0, sizeof(*outcome));
	outcome->stop_after = stop_after;
	ok = store_repair(store, dry, &sink, &outcome->report, &err);
	if (!ok && stop_after == 0)
		must(ok, &err);
	return ok;
}

/* ---- tasks ---- */

void repair_make_store(const struct store_options *options, unsigned count, size_t size)
{
	char *text = calloc(1, size + 3);
	struct store *store = fixture_open(options);
	struct err err;

	memset(text, 'x', size + 2);
	text[0] = text[size + 1] = '"';
	for (unsigned n = 1; n <= count; n++)
		fixture_create(store, n, "new", size > 0 ? text : NULL);
	must(store_checkpoint(store, true, NULL, &err), &err);
	store_close(store);
	free(text);
}

/* ---- pages ---- */

uint32_t repair_find_page(const struct store_options *options, enum engine_table table,
	unsigned type, bool previous, bool next)
{
	int fd = damage_open_table(options, table);
	unsigned char page[BDB_PAGE_SIZE];
	uint32_t number = 1;

	for (;; number++) {
		assert_int_equal(
			pread(fd, page, sizeof(page), (off_t)number * BDB_PAGE_SIZE), sizeof(page));
		if (page_check(page, number) == PAGE_GOOD && page_type(page) == type &&
			(page_previous(page) != 0) == previous && (page_next(page) != 0) == next)
			break;
	}
	close(fd);
	return number;
}

static void read_page(int fd, uint32_t number, unsigned char page[BDB_PAGE_SIZE])
{
	assert_int_equal(
		pread(fd, page, BDB_PAGE_SIZE, (off_t)number * BDB_PAGE_SIZE), BDB_PAGE_SIZE);
}

uint32_t repair_next_page(
	const struct store_options *options, enum engine_table table, uint32_t page)
{
	int fd = damage_open_table(options, table);
	unsigned char bytes[BDB_PAGE_SIZE];

	read_page(fd, page, bytes);
	close(fd);
	return page_next(bytes);
}

void repair_empty_value_page(
	const struct store_options *options, enum engine_table table, uint32_t page)
{
	int fd = damage_open_table(options, table);
	unsigned char bytes[BDB_PAGE_SIZE];
	struct page_links links;

	read_page(fd, page, bytes);
	links = (struct page_links){ page_previous(bytes), page_next(bytes) };
	page_make_placeholder(bytes, page, page_lsn(bytes), links);
	page_finish(bytes);
	assert_int_equal(
		pwrite(fd, bytes, sizeof(bytes), (off_t)page * BDB_PAGE_SIZE), sizeof(bytes));
	close(fd);
}

unsigned repair_count_tasks(
	const struct store_options *options, enum engine_table table, uint32_t page)
{
	int fd = damage_open_table(options, table);
	unsigned char bytes[BDB_PAGE_SIZE];
	unsigned count = 0;
	struct str key;

	assert_int_equal(
		pread(fd, bytes, sizeof(bytes), (off_t)page * BDB_PAGE_SIZE), sizeof(bytes));
	for (unsigned i = 0; hash_page_key(bytes, PAGE_AT_ITEMS, i, &key); i++)
		count += str_starts(key, STR("acme\0"));
	close(fd);
	return count;
}

struct store *repair_reopen(const struct store_options *options)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/data/%s", options->home, DOUBLEWRITE_NAME);
	unlink(path);
	return fixture_open(options);
}
