#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/bdb/doublewrite.h"
#include "store/bdb/doublewrite_format.h"
#include "store/bdb/page_map.h"

/* An image of the file, and its block there. */
struct found {
	struct dw_image image;
	uint64_t block;
};

struct restore {
	int folder, fd;
	bool has_header;
	uint64_t base; /* of the header */
	struct found *found;
	size_t count, capacity;
	uint64_t sequence;
	unsigned restored;
};

/* ---- reading the doublewrite file ---- */

static bool read_block(int fd, uint64_t block, void *bytes)
{
	return pread(fd, bytes, BDB_PAGE_SIZE, (off_t)(block * BDB_PAGE_SIZE)) == BDB_PAGE_SIZE;
}

/* A header that was never written or is torn: all images count. */
static void read_header(struct restore *restore)
{
	unsigned char block[BDB_PAGE_SIZE];
	struct dw_header header;

	if (!read_block(restore->fd, 0, block))
		return;
	memcpy(&header, block, sizeof(header));
	if (header.magic != DW_HEADER_MAGIC || header.sum != dw_header_sum(&header))
		return;
	restore->has_header = true;
	restore->base = header.base;
}

/* The description and the image were not written at one moment: an image may be an older one. */
static bool read_image(int fd, uint64_t block, const struct dw_image *image, void *page)
{
	return read_block(fd, block, page) && page_check(page, image->page) != PAGE_BAD &&
	       page_lsn(page) == image->lsn && page_checksum(page) == image->sum;
}

static int add_image(struct restore *restore, const struct dw_image *image, uint64_t block)
{
	unsigned char page[BDB_PAGE_SIZE];

	if (image->name[0] == '\0' || memchr(image->name, '\0', sizeof(image->name)) == NULL ||
		strchr(image->name, '/') || !read_image(restore->fd, block, image, page))
		return 0;
	if (restore->count == restore->capacity) {
		size_t capacity = restore->capacity ? 2 * restore->capacity : 256;
		struct found *more = reallocarray(restore->found, capacity, sizeof(*more));

		if (!more)
			return ENOMEM;
		restore->found = more;
		restore->capacity = capacity;
	}
	restore->found[restore->count++] = (struct found){ *image, block };
	return 0;
}

static int collect(struct restore *restore)
{
	off_t size = lseek(restore->fd, 0, SEEK_END);
	struct dw_group group;
	int rc = 0;

	read_header(restore);
	for (uint64_t block = 1; rc == 0 && (off_t)(block * BDB_PAGE_SIZE) < size; block++) {
		if (!doublewrite_read_group(restore->fd, block, &group))
			continue;
		for (unsigned i = 0; rc == 0 && i < group.count; i++) {
			const struct dw_image *image = &group.images[i];

			if (image->sequence > restore->sequence)
				restore->sequence = image->sequence;
			if (image->sequence >= restore->base)
				rc = add_image(restore, image, block + 1 + i);
		}
	}
	return rc;
}

/* By file and page, the newest image first. */
static int compare(const void *left, const void *right)
{
	const struct dw_image *a = &((const struct found *)left)->image;
	const struct dw_image *b = &((const struct found *)right)->image;
	int order = strcmp(a->name, b->name);

	if (order != 0)
		return order;
	if (a->page != b->page)
		return a->page < b->page ? -1 : 1;
	return a->sequence > b->sequence ? -1 : a->sequence < b->sequence;
}

/* ---- the data files ---- */

/* The id of the file: from its first page, or if that is bad from its image. */
static bool has_id(int file, const struct dw_image *image)
{
	unsigned char page[BDB_PAGE_SIZE];

	if (!read_block(file, 0, page) || page_check(page, 0) != PAGE_GOOD || !page_is_meta(page))
		return image->page == 0;
	return memcmp(page_file_id(page), image->id, sizeof(image->id)) == 0;
}

enum place {
	PLACE_WHOLE,
	PLACE_UNWRITTEN, /* zeros: the image did not get there */
	PLACE_BAD,
};

/* Zeros in place of a page that was on disk are a loss. */
static enum place zeros_of(const struct restore *restore, int file, const struct dw_image *image)
{
	struct page_map_file map;

	if (!restore->has_header)
		return PLACE_WHOLE; /* the image may be of an earlier round */
	return page_map_identify(&map, restore->folder, image->name, file) &&
			       page_map_has(&map, image->page)
		       ? PLACE_BAD
		       : PLACE_UNWRITTEN;
}

/* A page past the end of the file is whole: it was never written, or cut off on purpose. */
static enum place inspect(const struct restore *restore, int file, const struct dw_image *image)
{
	unsigned char page[BDB_PAGE_SIZE];
	ssize_t got = pread(file, page, sizeof(page), (off_t)image->page * BDB_PAGE_SIZE);

	if (got != (ssize_t)sizeof(page))
		return got == 0 ? PLACE_WHOLE : PLACE_BAD;
	switch (page_check(page, image->page)) {
	case PAGE_GOOD:
		return PLACE_WHOLE;
	case PAGE_HOLE:
		return zeros_of(restore, file, image);
	case PAGE_BAD:
		break;
	}
	return PLACE_BAD;
}

static int write_page(int file, uint32_t number, const void *page)
{
	ssize_t put = pwrite(file, page, BDB_PAGE_SIZE, (off_t)number * BDB_PAGE_SIZE);

	return put == BDB_PAGE_SIZE ? 0 : put < 0 ? errno : ENOSPC;
}

static int restore_page(struct restore *restore, int file, const struct found *found)
{
	const struct dw_image *image = &found->image;
	unsigned char page[BDB_PAGE_SIZE];
	enum place place;
	int rc;

	if (!has_id(file, image))
		return 0;
	place = inspect(restore, file, image);
	if (place == PLACE_WHOLE)
		return 0;
	if (!read_image(restore->fd, found->block, image, page))
		return EIO;
	rc = write_page(file, image->page, page);
	if (rc != 0 || place != PLACE_BAD)
		return rc;
	log_debug("page-restored", "page %u of %s", image->page, image->name);
	restore->restored++;
	return 0;
}

static int restore_file(struct restore *restore, const struct found *found, size_t count)
{
	int file = openat(restore->folder, found->image.name, O_RDWR | O_CLOEXEC);
	int rc = 0;

	if (file < 0)
		return errno == ENOENT ? 0 : errno;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (i == 0 || found[i].image.page != found[i - 1].image.page)
			rc = restore_page(restore, file, &found[i]);
	}
	if (rc == 0 && fsync(file) != 0)
		rc = errno;
	close(file);
	return rc;
}

static int restore_files(struct restore *restore)
{
	const struct found *found = restore->found;
	size_t start = 0;
	int rc = 0;

	for (size_t i = 1; rc == 0 && i <= restore->count; i++) {
		if (i < restore->count && strcmp(found[i].image.name, found[start].image.name) == 0)
			continue;
		rc = restore_file(restore, &found[start], i - start);
		start = i;
	}
	return rc;
}

int doublewrite_restore(int folder, uint64_t *sequence, unsigned *restored)
{
	struct restore restore = { .folder = folder };
	int rc;

	*sequence = 0;
	*restored = 0;
	restore.fd = openat(folder, DOUBLEWRITE_NAME, O_RDONLY | O_CLOEXEC);
	if (restore.fd < 0)
		return errno == ENOENT ? 0 : errno;
	rc = collect(&restore);
	if (rc == 0 && restore.count > 0) {
		qsort(restore.found, restore.count, sizeof(*restore.found), compare);
		rc = restore_files(&restore);
	}
	*sequence = restore.sequence;
	*restored = restore.restored;
	free(restore.found);
	close(restore.fd);
	return rc;
}

/* ---- one page ---- */

static bool is_of(const struct dw_image *image, const char *name, const void *id, uint32_t page)
{
	return image->page == page && strcmp(image->name, name) == 0 &&
	       memcmp(image->id, id, sizeof(image->id)) == 0;
}

/* An image that does not count may be older than the page in place was (read_base). */
int doublewrite_find(int folder, const char *name, const void *file_id, uint32_t page, void *bytes)
{
	struct restore restore = { .folder = folder };
	const struct found *newest = NULL;
	int rc;

	restore.fd = openat(folder, DOUBLEWRITE_NAME, O_RDONLY | O_CLOEXEC);
	if (restore.fd < 0)
		return errno;
	rc = collect(&restore);
	for (size_t i = 0; rc == 0 && i < restore.count; i++) {
		const struct found *found = &restore.found[i];

		if (is_of(&found->image, name, file_id, page) &&
			(!newest || found->image.sequence > newest->image.sequence))
			newest = found;
	}
	if (rc == 0)
		rc = newest && read_image(restore.fd, newest->block, &newest->image, bytes)
			     ? 0
			     : ENOENT;
	free(restore.found);
	close(restore.fd);
	return rc;
}
