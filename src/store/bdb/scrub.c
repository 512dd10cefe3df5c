/* Verification of the pages on disk, without libdb and its cache. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/bdb/bdb.h"
#include "store/bdb/data_files_internal.h"
#include "store/bdb/table_file.h"

/* Pages of one read. */
#define READ_PAGES 64

/*
 * A restored home has no map at first. Pages that were read may be in the kernel's cache only, and
 * those at the end may be cut off meanwhile; under the lock none is.
 */
static void add_to_map(struct table_file *opened, const uint32_t *pages, size_t count)
{
	struct page_ring *ring = opened->file.files->ring;
	struct stat info;

	if (!opened->has_map || count == 0 || page_map_has_all(&opened->map, pages, count) ||
		fdatasync(opened->fd) != 0)
		return;
	pthread_mutex_lock(&ring->drain);
	if (fstat(opened->fd, &info) == 0 && info.st_size / BDB_PAGE_SIZE > (off_t)pages[count - 1])
		page_map_add(&opened->map, pages, count);
	pthread_mutex_unlock(&ring->drain);
}

/* A page of zeros that is not in the map was never written; its content may be in the cache. */
static bool is_unwritten(const struct table_file *opened, uint32_t page, enum page_state state)
{
	return state == PAGE_HOLE && page > 0 &&
	       !(opened->has_map && page_map_has(&opened->map, page));
}

/* Verifies pages that lie one after the other; damaged ones get into the table of damages. */
static int verify_run(struct table_file *opened, uint32_t first, unsigned count, bool from_disk)
{
	static unsigned char bytes[READ_PAGES][BDB_PAGE_SIZE], again[BDB_PAGE_SIZE];
	uint32_t good[READ_PAGES];
	size_t good_count = 0;
	off_t offset = (off_t)first * BDB_PAGE_SIZE;
	size_t size = (size_t)count * BDB_PAGE_SIZE;
	ssize_t got;

	if (from_disk)
		posix_fadvise(opened->fd, offset, (off_t)size, POSIX_FADV_DONTNEED);
	got = pread(opened->fd, bytes, size, offset);
	if (got < 0 && errno != EIO)
		return errno;
	for (unsigned i = 0; i < count; i++) {
		bool complete = got >= (ssize_t)((i + 1) * (size_t)BDB_PAGE_SIZE);
		enum page_state state = complete ? page_check(bytes[i], first + i) : PAGE_BAD;

		if (state == PAGE_GOOD && page_is_placeholder(bytes[i]))
			state = PAGE_BAD;
		if (state == PAGE_GOOD)
			good[good_count++] = first + i;
		else if ((complete || got < 0) && !is_unwritten(opened, first + i, state))
			table_file_read(opened, first + i, again);
	}
	add_to_map(opened, good, good_count);
	return 0;
}

/* The next page that the file has or had; the number of its pages if only a hole follows. */
static uint32_t skip_hole(const struct table_file *opened, uint32_t page)
{
	off_t data = lseek(opened->fd, (off_t)page * BDB_PAGE_SIZE, SEEK_DATA);
	uint32_t end = opened->pages;

	if (data >= 0)
		end = (uint32_t)(data / BDB_PAGE_SIZE);
	else if (errno != ENXIO)
		end = page;
	return opened->has_map ? page_map_next(&opened->map, page, end) : end;
}

/* Reports the first page behind the end of the file that was on disk. */
static void verify_end(struct table_file *opened)
{
	unsigned char bytes[BDB_PAGE_SIZE];
	uint32_t page = UINT32_MAX;

	if (opened->has_map)
		page = page_map_next(&opened->map, opened->pages, UINT32_MAX);
	if (page < UINT32_MAX)
		table_file_read(opened, page, bytes);
}

/* Verifies at most `left` pages of one table from *page on; *page: where to go on. */
static int scrub_table(struct table_file *opened, uint32_t *page, unsigned *left, bool from_disk)
{
	int rc = 0;

	while (rc == 0 && *left > 0 && (*page = skip_hole(opened, *page)) < opened->pages) {
		unsigned count = *left < READ_PAGES ? *left : READ_PAGES;

		if (count > opened->pages - *page)
			count = opened->pages - *page;
		rc = verify_run(opened, *page, count, from_disk);
		*page += count;
		*left -= count;
	}
	return rc;
}

static int measure(struct data_files *files, struct engine_scrub *at)
{
	struct table_file opened;
	int rc = 0;

	at->done = at->page;
	at->total = 0;
	for (unsigned table = 0; rc == 0 && table < ENGINE_TABLES; table++) {
		rc = table_file_open(files, table, &opened);
		at->total += opened.pages;
		if (table < at->table)
			at->done += opened.pages;
		table_file_close(&opened);
	}
	return rc;
}

enum engine_status bdb_scrub(
	struct engine *engine, struct engine_scrub *at, unsigned pages, bool *end)
{
	struct bdb *bdb = bdb_of(engine);
	struct table_file opened;
	int rc = 0;

	/* Files of a restore are read by libdb alone, which verifies each page that it reads. */
	*end = !bdb->files;
	while (rc == 0 && !*end && pages > 0) {
		rc = table_file_open(bdb->files, at->table, &opened);
		if (rc == 0 && opened.fd >= 0)
			rc = scrub_table(&opened, &at->page, &pages, at->from_disk);
		if (rc == 0 && at->page >= opened.pages) {
			verify_end(&opened);
			at->page = 0;
			*end = ++at->table == ENGINE_TABLES;
		}
		table_file_close(&opened);
	}
	if (rc == 0 && bdb->files)
		rc = measure(bdb->files, at);
	if (rc == 0)
		return ENGINE_OK;
	snprintf(engine->message, sizeof(engine->message), "the data files cannot be read: %s",
		strerror(rc));
	return ENGINE_FAILED;
}
