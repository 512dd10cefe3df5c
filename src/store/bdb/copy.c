/* Copies of the data files for a backup, made without an environment while others write them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/bdb/bdb.h"
#include "store/bdb/page.h"
#include "store/bdb/page_map.h"

#define CHUNK ((size_t)256 * 1024) /* a multiple of the page size */
/* A page is torn only while another process copies 4 KiB to the page cache. */
#define READ_TRIES    100
#define READ_PAUSE_MS 1

struct copy {
	const char *name;
	int from, to;
	unsigned char *chunk;
	const struct file_pace *pace;
	bool has_map;
	struct page_map_file map;
};

static bool fail_copy(const struct copy *copy, const char *what, struct err *err)
{
	return err_set(err, errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_INTERNAL, NULL,
		"%s cannot be %s: %s", copy->name, what, strerror(errno));
}

static bool is_good(const struct copy *copy, const void *page, off_t offset)
{
	uint32_t number = (uint32_t)(offset / BDB_PAGE_SIZE);
	enum page_state state = page_check(page, number);

	return state == PAGE_GOOD ||
	       (state == PAGE_HOLE && !(copy->has_map && page_map_has(&copy->map, number)));
}

static bool read_page_again(const struct copy *copy, off_t offset, struct err *err)
{
	unsigned char page[BDB_PAGE_SIZE];

	for (int i = 0; i < READ_TRIES; i++) {
		if (pread(copy->from, page, sizeof(page), offset) != (ssize_t)sizeof(page))
			return fail_copy(copy, "read", err);
		if (is_good(copy, page, offset)) {
			memcpy(copy->chunk + offset % (off_t)CHUNK, page, sizeof(page));
			return true;
		}
		poll(NULL, 0, READ_PAUSE_MS);
	}
	return err_set(err, ERR_DAMAGED, NULL, "page %lld of %s is damaged",
		(long long)(offset / BDB_PAGE_SIZE), copy->name);
}

/* Reads and writes the pages of one chunk, at a multiple of its size. *bytes 0: the end. */
static bool copy_chunk(const struct copy *copy, off_t offset, size_t *bytes, struct err *err)
{
	ssize_t got = pread(copy->from, copy->chunk, CHUNK, offset);

	if (got < 0)
		return fail_copy(copy, "read", err);
	/* A page that is being appended is in the log, too. */
	*bytes = (size_t)got / BDB_PAGE_SIZE * BDB_PAGE_SIZE;
	for (size_t at = 0; at < *bytes; at += BDB_PAGE_SIZE) {
		if (!is_good(copy, copy->chunk + at, offset + (off_t)at) &&
			!read_page_again(copy, offset + (off_t)at, err))
			return false;
	}
	for (size_t at = 0; at < *bytes;) {
		ssize_t put = pwrite(copy->to, copy->chunk + at, *bytes - at, offset + (off_t)at);

		if (put < 0)
			return fail_copy(copy, "copied", err);
		at += (size_t)put;
	}
	return true;
}

/* A chunk that begins in a hole is copied whole, which writes at most its zeros. */
static bool copy_pages(const struct copy *copy, struct err *err)
{
	off_t offset = 0, data;
	size_t bytes = 0;

	while ((data = lseek(copy->from, offset, SEEK_DATA)) >= 0) {
		offset = data / (off_t)CHUNK * (off_t)CHUNK;
		if (!copy_chunk(copy, offset, &bytes, err))
			return false;
		if (bytes == 0)
			break;
		if (!copy->pace->wait(bytes, copy->pace->data, err))
			return false;
		offset += (off_t)CHUNK;
	}
	return data >= 0 || errno == ENXIO || fail_copy(copy, "read", err);
}

/* A file that was cut off. */
static bool has_end(const struct copy *copy, off_t size, struct err *err)
{
	uint32_t pages = (uint32_t)(size / BDB_PAGE_SIZE);

	if (!copy->has_map || page_map_next(&copy->map, pages, UINT32_MAX) == UINT32_MAX)
		return true;
	return err_set(err, ERR_DAMAGED, NULL, "%s was cut off at page %u", copy->name, pages);
}

static bool copy_file(struct copy *copy, struct err *err)
{
	struct stat info;

	if (!copy_pages(copy, err))
		return false;
	/* The holes at the end. */
	if (fstat(copy->from, &info) != 0)
		return fail_copy(copy, "read", err);
	if (!has_end(copy, info.st_size, err))
		return false;
	if (ftruncate(copy->to, info.st_size / BDB_PAGE_SIZE * BDB_PAGE_SIZE) != 0 ||
		fsync(copy->to) != 0)
		return fail_copy(copy, "copied", err);
	return true;
}

static bool open_and_copy(int from, int to, struct copy *copy, struct err *err)
{
	bool ok = false;

	copy->to = -1;
	copy->from = openat(from, copy->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	/* The file of a rebuilt table is replaced: recovery makes the new one from the logs. */
	if (copy->from < 0)
		return errno == ENOENT || fail_copy(copy, "opened", err);
	copy->has_map = page_map_identify(&copy->map, from, copy->name, copy->from);
	copy->to = openat(to, copy->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (copy->to < 0)
		fail_copy(copy, "created", err);
	else
		ok = copy_file(copy, err);
	close(copy->from);
	if (copy->to >= 0)
		close(copy->to);
	return ok;
}

static bool is_data_file(const char *name)
{
	size_t len = strlen(name);

	return strncmp(name, "__db.", 5) == 0 || (len > 3 && strcmp(name + len - 3, ".db") == 0);
}

bool bdb_copy_data(int from, int to, const struct file_pace *pace, struct err *err)
{
	struct copy copy = { .pace = pace, .chunk = malloc(CHUNK) };
	int listed = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = listed >= 0 ? fdopendir(listed) : NULL;
	const struct dirent *entry;
	bool ok = copy.chunk && folder;

	if (!ok)
		err_set(err, ERR_INTERNAL, NULL, "the data folder cannot be read: %s",
			strerror(errno));
	while (ok && (entry = readdir(folder))) {
		copy.name = entry->d_name;
		if (is_data_file(entry->d_name))
			ok = open_and_copy(from, to, &copy, err);
	}
	if (ok && fsync(to) != 0)
		ok = err_set(err, ERR_INTERNAL, NULL, "the copies cannot be synced: %s",
			strerror(errno));
	if (folder)
		closedir(folder);
	else if (listed >= 0)
		close(listed);
	free(copy.chunk);
	return ok;
}
