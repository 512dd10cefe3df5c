#include "damage_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "store/bdb/doublewrite.h"
#include "store/bdb/page.h"

struct store_shared damage_shared;

struct store_options damage_options(const char *name)
{
	struct store_options options = fixture_options(STORE_RECOVER, name);

	memset(&damage_shared, 0, sizeof(damage_shared));
	options.shared = &damage_shared;
	options.expected_tasks = DAMAGE_TASKS;
	return options;
}

void damage_make_store(const struct store_options *options)
{
	char path[512];
	struct store *store = fixture_open(options);
	struct err err;

	for (unsigned n = 1; n <= DAMAGE_TASKS; n++)
		fixture_create(store, n, "new", NULL);
	must(store_checkpoint(store, true, NULL, &err), &err);
	store_close(store);
	snprintf(path, sizeof(path), "%s/data/%s", options->home, DOUBLEWRITE_NAME);
	assert_int_equal(unlink(path), 0);
}

unsigned damage_read_all(struct store *store, unsigned count, bool *unreadable)
{
	unsigned damaged = 0;

	for (unsigned n = 1; n <= count; n++) {
		struct op op = fixture_op(OP_READ, n);
		enum err_code code = fixture_error(store, &op);

		if (unreadable)
			unreadable[n] = code == ERR_DAMAGED;
		if (code == ERR_DAMAGED)
			damaged++;
		else
			assert_code(code, ERR_NONE);
	}
	return damaged;
}

int damage_open_table(const struct store_options *options, enum engine_table table)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/data/%s.db", options->home, engine_tables[table].name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

void damage_page(const struct store_options *options, enum engine_table table, uint32_t page)
{
	int fd = damage_open_table(options, table);
	unsigned char bytes[512];

	assert_int_equal(getrandom(bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), (off_t)page * BDB_PAGE_SIZE + 2048),
		sizeof(bytes));
	close(fd);
}

uint32_t damage_used_page(
	const struct store_options *options, enum engine_table table, uint32_t page)
{
	int fd = damage_open_table(options, table);
	unsigned char bytes[BDB_PAGE_SIZE];

	do {
		assert_int_equal(pread(fd, bytes, sizeof(bytes), (off_t)page * BDB_PAGE_SIZE),
			sizeof(bytes));
		page++;
	} while (page_check(bytes, page - 1) != PAGE_GOOD);
	close(fd);
	return page - 1;
}

uint32_t damage_page_with(const struct store_options *options, enum engine_table table,
	uint8_t type, struct str bytes)
{
	int fd = damage_open_table(options, table);
	unsigned char page[BDB_PAGE_SIZE];
	uint32_t found = 0;

	for (uint32_t number = 1;
		pread(fd, page, sizeof(page), (off_t)number * BDB_PAGE_SIZE) == sizeof(page);
		number++) {
		if (page[25] == type && memmem(page, sizeof(page), bytes.ptr, bytes.len))
			found = number;
	}
	assert_true(found > 0);
	close(fd);
	return found;
}

void damage_metadata(const struct store_options *options, enum engine_table table)
{
	int fd = damage_open_table(options, table);

	assert_int_equal(pwrite(fd, "damaged", 7, 100), 7);
	close(fd);
}
