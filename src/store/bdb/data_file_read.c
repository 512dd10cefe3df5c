#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/bdb/data_files_internal.h"
#include "store/bdb/page_map.h"
#include "store/engine.h"

#define READ_TRIES 4

/* ---- damaged pages ---- */

static void note_damage(const struct data_file *file, uint32_t page, const char *why)
{
	unsigned table = data_files_table(file->name);

	if (table == ENGINE_TABLES ||
		damage_add(file->files->damages, table, page, clock_wall_ms()))
		log_error(
			"page-damaged", "page %u of %s cannot be read: %s", page, file->name, why);
}

static void note_good(const struct data_file *file, uint32_t page)
{
	if (damage_count(file->files->damages) > 0)
		damage_remove(file->files->damages, data_files_table(file->name), page);
}

/* ---- in place ---- */

static bool was_on_disk(const struct data_file *file, int fd, uint32_t page)
{
	struct page_map_file map;

	return page_map_identify(&map, file->files->folder, file->name, fd) &&
	       page_map_has(&map, page);
}

/*
 * Whether a page of zeros is not one that was never written. Only tables without an order have
 * such pages, but while a recovery writes pages again there may be others.
 */
static bool is_lost(const struct data_file *file, int fd, uint32_t page)
{
	unsigned table = data_files_table(file->name);

	if (table == ENGINE_TABLES)
		return false;
	return page == 0 || (engine_tables[table].ordered && !file->files->recovering) ||
	       was_on_disk(file, fd, page);
}

/* libdb would return a value with bytes that were never set. */
static bool is_left_over(const struct data_file *file, uint32_t page, const void *bytes)
{
	const struct data_files *files = file->files;
	bool in_repair = files->in_repair.page == page &&
			 files->in_repair.table == data_files_table(file->name);

	return !files->recovering && !in_repair && page_is_placeholder(bytes);
}

/* NULL if the `got` bytes of the page are good; otherwise what is wrong. */
static const char *find_fault(
	const struct data_file *file, int fd, uint32_t page, const void *bytes, ssize_t got)
{
	if (got < 0)
		return strerror(errno);
	if (got < BDB_PAGE_SIZE)
		return was_on_disk(file, fd, page) ? "the file was cut off before it" : NULL;
	switch (page_check(bytes, page)) {
	case PAGE_GOOD:
		return is_left_over(file, page, bytes) ? "its repair was interrupted" : NULL;
	case PAGE_HOLE:
		return is_lost(file, fd, page) ? "it was written, but is all zeros" : NULL;
	case PAGE_BAD:
		break;
	}
	return "its checksum or its number is wrong";
}

static ssize_t read_in_place(const struct data_file *file, int fd, uint32_t page, void *bytes)
{
	const char *fault = NULL;

	for (int i = 0; i < READ_TRIES; i++) {
		ssize_t got = pread(fd, bytes, BDB_PAGE_SIZE, (off_t)page * BDB_PAGE_SIZE);

		fault = find_fault(file, fd, page, bytes, got);
		if (!fault)
			return got;
	}
	note_damage(file, page, fault);
	errno = EBADMSG;
	return -1;
}

static bool read_from_ring(const struct data_file *file, uint32_t page, void *bytes)
{
	struct page_ring *ring = file->files->ring;
	const unsigned char *image = NULL;
	int index;

	pthread_mutex_lock(&ring->lock);
	index = ring_find_file(ring, file->device, file->inode);
	if (index >= 0)
		image = ring_find(ring, (unsigned)index, page);
	if (image)
		memcpy(bytes, image, BDB_PAGE_SIZE);
	pthread_mutex_unlock(&ring->lock);
	return image;
}

bool data_files_may_give_up(const char *name, uint32_t page)
{
	unsigned table = data_files_table(name);

	return page > 0 && table != ENGINE_TABLES && !engine_tables[table].ordered;
}

static ssize_t give_up(const struct data_file *file, void *bytes)
{
	memset(bytes, 0, BDB_PAGE_SIZE);
	file->files->given_up++;
	return BDB_PAGE_SIZE;
}

/*
 * libdb reads a page only while no process has it in its cache, so no process can write it between
 * the two steps.
 */
ssize_t data_file_read(struct data_file *file, int fd, uint32_t page, void *bytes)
{
	ssize_t got;

	if (read_from_ring(file, page, bytes))
		return BDB_PAGE_SIZE;
	got = read_in_place(file, fd, page, bytes);
	if (got == BDB_PAGE_SIZE)
		note_good(file, page);
	if (got < 0 && errno == EBADMSG && file->files->give_up && file->files->recovering &&
		data_files_may_give_up(file->name, page))
		return give_up(file, bytes);
	return got;
}

int data_file_opened(struct data_file *file, int fd)
{
	struct page_ring *ring = file->files->ring;
	unsigned char page[BDB_PAGE_SIZE];
	bool pending;
	int index, rc = 0;

	pthread_mutex_lock(&ring->lock);
	index = ring_find_file(ring, file->device, file->inode);
	pending = index >= 0 && ring->files[index].slots > 0;
	pthread_mutex_unlock(&ring->lock);
	if (pending)
		rc = drain(file->files);
	if (rc == 0 && read_in_place(file, fd, 0, page) < 0)
		rc = errno;
	return rc;
}
