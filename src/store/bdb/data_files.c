#include "store/bdb/data_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/bdb/data_files_internal.h"
#include "store/bdb/page_map.h"
#include "store/engine.h"

/* At this number a write drains the ring; the rest is for the writes of others meanwhile. */
#define SLOTS_TO_DRAIN (RING_SLOTS * 3 / 4)

/* ---- open, close ---- */

static int open_folder(struct data_files *files, const char *home)
{
	struct stat info;
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/data", home);

	if (len < 0 || (size_t)len >= sizeof(path))
		return ENAMETOOLONG;
	files->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (files->folder < 0 || fstat(files->folder, &info) != 0)
		return errno;
	files->device = info.st_dev;
	files->inode = info.st_ino;
	return 0;
}

/*
 * A file whose last page was not written whole, because the disk was full or by a power cut. libdb
 * refuses such a file. A file without a whole first page stays as it is: it cannot be made again.
 */
static int cut_partial_page(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC), rc = 0;
	struct stat info;
	off_t rest;

	if (fd < 0)
		return errno;
	if (fstat(fd, &info) != 0)
		rc = errno;
	rest = rc == 0 && info.st_size > BDB_PAGE_SIZE ? info.st_size % BDB_PAGE_SIZE : 0;
	if (rest > 0 && (ftruncate(fd, info.st_size - rest) != 0 || fsync(fd) != 0))
		rc = errno;
	if (rest > 0 && rc == 0)
		log_warn("page-cut-off",
			"%s ended within page %lld: what there was of that page was cut off", name,
			(long long)(info.st_size / BDB_PAGE_SIZE));
	close(fd);
	return rc;
}

static int cut_partial_pages(int folder)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (!entries) {
		rc = errno;
		if (copy >= 0)
			close(copy);
		return rc;
	}
	while (rc == 0 && (entry = readdir(entries))) {
		size_t len = strlen(entry->d_name);

		if (len > 3 && strcmp(entry->d_name + len - 3, ".db") == 0)
			rc = cut_partial_page(folder, entry->d_name);
	}
	closedir(entries);
	return rc;
}

static int create_ring(struct data_files *files, const char *path, unsigned *restored)
{
	uint64_t sequence;
	int rc = doublewrite_restore(files->folder, &sequence, restored);

	if (rc == 0)
		rc = cut_partial_pages(files->folder);
	if (rc == 0)
		rc = ring_create(&files->ring, path);
	if (rc == 0) {
		files->ring->sequence = sequence;
		doublewrite_reset(files->ring);
	}
	return rc;
}

int data_files_open(struct data_files **files, const char *home, const char *regions, bool create,
	struct damage_table *damages, unsigned *restored)
{
	struct data_files *opened = calloc(1, sizeof(*opened));
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", regions, RING_FILE);
	int rc = 0;

	if (!opened)
		return ENOMEM;
	*opened = (struct data_files){
		.folder = -1, .doublewrite = -1, .damages = damages, .recovering = create
	};
	if (len < 0 || (size_t)len >= sizeof(path))
		rc = ENAMETOOLONG;
	if (rc == 0)
		rc = open_folder(opened, home);
	if (rc == 0)
		rc = create ? create_ring(opened, path, restored)
			    : ring_attach(&opened->ring, path);
	if (rc == 0)
		rc = doublewrite_open(&opened->doublewrite, opened->folder, create);
	if (rc == 0)
		*files = opened;
	else
		data_files_close(opened);
	return rc;
}

void data_files_close(struct data_files *files)
{
	if (!files)
		return;
	drain_forget_files(files);
	ring_close(files->ring);
	if (files->doublewrite >= 0)
		close(files->doublewrite);
	if (files->folder >= 0)
		close(files->folder);
	free(files);
}

void data_files_recovered(struct data_files *files)
{
	files->recovering = false;
}

void data_files_give_up(struct data_files *files)
{
	files->give_up = true;
}

unsigned data_files_given_up(const struct data_files *files)
{
	return files->given_up;
}

bool data_files_own(const struct data_files *files, uint64_t device, uint64_t inode)
{
	return files->device == device && files->inode == inode;
}

/* ---- tables ---- */

unsigned data_files_table(const char *name)
{
	unsigned table = 0;

	for (; table < ENGINE_TABLES; table++) {
		size_t len = strlen(engine_tables[table].name);

		if (strncmp(name, engine_tables[table].name, len) == 0 &&
			strcmp(name + len, ".db") == 0)
			break;
	}
	return table;
}

bool data_files_can_be_made_again(unsigned table)
{
	return table == TABLE_INDEX || table == TABLE_USAGE || table == TABLE_SNAPSHOT ||
	       table == TABLE_JOURNAL || table == TABLE_OUTBOX ||
	       (table < ENGINE_TABLES && engine_tables[table].old);
}

bool data_files_can_be_emptied(unsigned table)
{
	return table == TABLE_IDEMPOTENCY;
}

bool data_files_set_aside(const struct data_files *files, const char *name)
{
	char aside[RING_NAME + sizeof(".damaged")];
	unsigned table = data_files_table(name);

	bool forget = files->give_up && data_files_can_be_emptied(table);

	if ((!data_files_can_be_made_again(table) && !forget) || engine_tables[table].old)
		return false;
	snprintf(aside, sizeof(aside), "%s.damaged", name);
	if (renameat(files->folder, name, files->folder, aside) != 0)
		return false;
	page_map_remove(files->folder, name);
	log_error("file-set-aside", "%s is damaged: it was renamed to %s and is made again%s", name,
		aside, forget ? ", empty" : "");
	damage_forget(files->damages, table);
	return true;
}

/* ---- write ---- */

/* The caller holds the lock. */
static int file_index(struct data_file *file)
{
	struct page_ring *ring = file->files->ring;
	int index = ring_find_file(ring, file->device, file->inode);

	return index >= 0 ? index : ring_add_file(ring, file->device, file->inode, file->name);
}

static int put(struct data_file *file, uint32_t page, const void *bytes, bool *due)
{
	struct page_ring *ring = file->files->ring;
	int index, rc;

	pthread_mutex_lock(&ring->lock);
	rc = ring->failed;
	index = rc == 0 ? file_index(file) : -1;
	if (rc == 0 && index < 0)
		rc = ENFILE;
	if (rc == 0 && !ring_put(ring, (unsigned)index, page, bytes))
		rc = EAGAIN;
	*due = ring->full == SLOTS_TO_DRAIN;
	pthread_mutex_unlock(&ring->lock);
	return rc;
}

int data_file_write(struct data_file *file, int fd, uint32_t page, const void *bytes)
{
	bool due;
	int rc;

	(void)fd;
	while ((rc = put(file, page, bytes, &due)) == EAGAIN) {
		rc = drain(file->files);
		if (rc != 0)
			return rc;
	}
	if (rc == 0 && due)
		rc = drain(file->files);
	/* The page is in the ring; the next drain meets the full disk again. */
	return rc == ENOSPC || rc == EDQUOT ? 0 : rc;
}

int data_file_sync(struct data_file *file, int fd)
{
	struct page_ring *ring = file->files->ring;
	int index, rc = drain(file->files);
	uint64_t written = 0;

	if (rc != 0)
		return rc;
	pthread_mutex_lock(&ring->lock);
	index = ring_find_file(ring, file->device, file->inode);
	if (index >= 0)
		written = ring->files[index].written;
	pthread_mutex_unlock(&ring->lock);
	if (fdatasync(fd) != 0)
		return drain_failed(file->files, errno);
	drain_synced(file->files, file->device, file->inode, written);
	pthread_mutex_lock(&ring->drain);
	rc = drain_forget_images(file->files, false);
	pthread_mutex_unlock(&ring->drain);
	return rc;
}

/* An image of a page that is cut off must not be taken for one of a later page in its place. */
static int forget_pages(struct data_file *file, int fd, uint32_t first)
{
	struct page_ring *ring = file->files->ring;
	struct page_map_file map;
	int index, rc = drain_forget_images(file->files, true);

	pthread_mutex_lock(&ring->lock);
	index = ring_find_file(ring, file->device, file->inode);
	if (index >= 0)
		ring_drop(ring, (unsigned)index, first);
	pthread_mutex_unlock(&ring->lock);
	if (rc == 0 && page_map_identify(&map, file->files->folder, file->name, fd))
		rc = page_map_cut(&map, first);
	return rc;
}

int data_file_truncate(struct data_file *file, int fd, off_t size)
{
	struct page_ring *ring = file->files->ring;
	uint32_t first = (uint32_t)((size + BDB_PAGE_SIZE - 1) / BDB_PAGE_SIZE);
	int rc;

	pthread_mutex_lock(&ring->drain);
	rc = forget_pages(file, fd, first);
	if (rc == 0 && ftruncate(fd, size) != 0)
		rc = errno;
	pthread_mutex_unlock(&ring->drain);
	return rc;
}

/* ---- names ---- */

void data_files_renamed(struct data_files *files, uint64_t device, uint64_t inode, const char *name)
{
	struct page_ring *ring = files->ring;
	int index;

	pthread_mutex_lock(&ring->lock);
	index = ring_find_file(ring, device, inode);
	if (index >= 0)
		ring_set_name(ring, (unsigned)index, name);
	pthread_mutex_unlock(&ring->lock);
}

void data_files_removed(struct data_files *files, uint64_t device, uint64_t inode)
{
	struct page_ring *ring = files->ring;
	int index;

	pthread_mutex_lock(&ring->lock);
	index = ring_find_file(ring, device, inode);
	if (index >= 0) {
		ring_drop(ring, (unsigned)index, 0);
		ring->files[index].dead = true;
	}
	pthread_mutex_unlock(&ring->lock);
}
