/* Checksums of pages: computed as libdb does, over files that libdb wrote. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/bdb/page_make.h"
#include "store/engine.h"
#include "store/fixture.h"

#define TASKS 3000

struct counts {
	unsigned good, holes, metadata;
};

/* The checksum of a metadata page covers its first 512 bytes. */
static void changed_byte_is_noticed(const unsigned char *page)
{
	unsigned char copy[BDB_PAGE_SIZE];
	size_t size = page_is_meta(page) ? 512 : BDB_PAGE_SIZE;

	for (size_t i = 0; i < size; i += 1 + i % 7) {
		memcpy(copy, page, sizeof(copy));
		copy[i] ^= 1;
		assert_int_equal(page_check(copy, page_number(page)), PAGE_BAD);
	}
}

static void check_file(const char *path, struct counts *counts)
{
	size_t size;
	char *bytes = check_read_file(path, &size);

	assert_non_null(bytes);
	assert_int_equal(size % BDB_PAGE_SIZE, 0);
	for (uint32_t n = 0; n < size / BDB_PAGE_SIZE; n++) {
		const unsigned char *page = (unsigned char *)bytes + (size_t)n * BDB_PAGE_SIZE;
		enum page_state state = page_check(page, n);

		if (state == PAGE_BAD)
			fail_msg("page %u of %s has checksum %08x", n, path, page_checksum(page));
		counts->good += state == PAGE_GOOD;
		counts->holes += state == PAGE_HOLE;
		if (state == PAGE_HOLE)
			continue;
		assert_int_equal(page_number(page), n);
		counts->metadata += page_is_meta(page);
		if (n < 40)
			changed_byte_is_noticed(page);
	}
	free(bytes);
}

static void check_folder(const char *home, struct counts *counts)
{
	char path[512];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/data", home);
	folder = opendir(path);
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		if (!strstr(entry->d_name, ".db"))
			continue;
		snprintf(path, sizeof(path), "%s/data/%s", home, entry->d_name);
		check_file(path, counts);
	}
	closedir(folder);
}

/* Splits, deletions, free pages and overflow pages. */
static void fill(struct store *store)
{
	static char large[20000];
	struct err err;

	for (unsigned n = 1; n <= TASKS; n++)
		fixture_create(store, n, "new", NULL);
	for (unsigned n = 1; n <= TASKS; n += n % 5 ? 1 : 2) {
		struct op op = fixture_op(OP_REMOVE, n);

		assert_code(fixture_error(store, &op), ERR_NONE);
	}
	large[0] = '"';
	memset(large + 1, 'x', sizeof(large) - 3);
	large[sizeof(large) - 2] = '"';
	for (unsigned n = 1; n <= 50; n++)
		fixture_create(store, TASKS + n, "new", large);
	must(store_checkpoint(store, false, NULL, &err), &err);
}

static void checksums_are_those_of_libdb(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "page");
	struct counts counts = { 0 };
	struct store *store;

	(void)state;
	options.expected_tasks = 100000; /* most buckets are never written */
	store = fixture_open(&options);
	fill(store);
	store_close(store);
	check_folder(options.home, &counts);
	/* There is no table of an older build. */
	assert_int_equal(counts.metadata, ENGINE_TABLES - 1);
	assert_true(counts.good > 500);
	assert_true(counts.holes > 10);
}

static void zeros_are_a_hole(void **state)
{
	unsigned char page[BDB_PAGE_SIZE] = { 0 };

	(void)state;
	assert_int_equal(page_check(page, 0), PAGE_HOLE);
	for (size_t i = 0; i < sizeof(page); i += 511) {
		page[i] = 1;
		assert_int_equal(page_check(page, 0), PAGE_BAD);
		page[i] = 0;
	}
}

/* libdb makes one when it undoes the deletion of a long value. */
static void empty_page_of_a_value_is_a_placeholder_if_it_is_marked(void **state)
{
	unsigned char page[BDB_PAGE_SIZE];

	(void)state;
	page_make_placeholder(page, 9, 1, (struct page_links){ 8, 10 });
	page_finish(page);
	assert_int_equal(page_check(page, 9), PAGE_GOOD);
	assert_true(page_is_placeholder(page));
	page[PAGE_AT_FREE_END] = 1;
	assert_false(page_is_placeholder(page));
	page[PAGE_AT_FREE_END] = 0;
	page[PAGE_AT_ITEMS] = 'x';
	assert_false(page_is_placeholder(page));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(checksums_are_those_of_libdb),
		CHECK(zeros_are_a_hole),
		CHECK(empty_page_of_a_value_is_a_placeholder_if_it_is_marked),
	};

	return CHECK_RUN(tests);
}
