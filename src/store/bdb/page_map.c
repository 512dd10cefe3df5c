#include "store/bdb/page_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/bdb/page_ring.h"

#define MAGIC 0x70616765706d6170U

struct header {
	uint64_t magic;
	uint8_t id[PAGE_FILE_ID_SIZE];
	uint32_t zero;
};

_Static_assert(sizeof(struct header) == 32, "the header has no padding");

/* Bytes of the map that one call reads or changes. */
#define CHUNK 4096

static off_t place_of(uint32_t page)
{
	return (off_t)sizeof(struct header) + page / 8;
}

static uint8_t bit_of(uint32_t page)
{
	return (uint8_t)(1U << page % 8);
}

/* ---- the file ---- */

/* "tasks2.db" has "tasks2.map". */
static bool put_name(char name[RING_NAME + 4], const char *file)
{
	size_t len = strlen(file);

	if (len <= 3 || len >= RING_NAME || strcmp(file + len - 3, ".db") != 0)
		return false;
	snprintf(name, RING_NAME + 4, "%.*s.map", (int)(len - 3), file);
	return true;
}

static void fill_header(struct header *header, const struct page_map_file *map)
{
	*header = (struct header){ .magic = MAGIC };
	memcpy(header->id, map->id, sizeof(header->id));
}

/* Returns 0, ENOENT if the file has no map of its own, or another errno. */
static int check_header(const struct page_map_file *map, int fd)
{
	struct header header, wanted;
	ssize_t got = pread(fd, &header, sizeof(header), 0);

	if (got < 0)
		return errno;
	fill_header(&wanted, map);
	return got == (ssize_t)sizeof(header) && memcmp(&header, &wanted, sizeof(header)) == 0
		       ? 0
		       : ENOENT;
}

/* -1 with errno, which is ENOENT if the file has no map. */
static int open_map(const struct page_map_file *map, int flags)
{
	char name[RING_NAME + 4];
	int fd, rc;

	errno = ENOENT;
	if (!put_name(name, map->name))
		return -1;
	fd = openat(map->folder, name, flags | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	rc = check_header(map, fd);
	if (rc == 0)
		return fd;
	close(fd);
	errno = rc;
	return -1;
}

/* Never writes over the map of another file: its bits could be on disk behind the new header. */
static int create_map(const struct page_map_file *map)
{
	char name[RING_NAME + 4];
	struct header header;
	int fd;

	if (!put_name(name, map->name) || (unlinkat(map->folder, name, 0) != 0 && errno != ENOENT))
		return -1;
	fill_header(&header, map);
	fd = openat(map->folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 && pwrite(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

bool page_map_exists(int folder, const char *file)
{
	char name[RING_NAME + 4];

	return put_name(name, file) && faccessat(folder, name, F_OK, 0) == 0;
}

bool page_map_identify(struct page_map_file *map, int folder, const char *name, int fd)
{
	unsigned char first[BDB_PAGE_SIZE];

	if (pread(fd, first, sizeof(first), 0) != (ssize_t)sizeof(first) ||
		page_check(first, 0) != PAGE_GOOD || !page_is_meta(first))
		return false;
	map->folder = folder;
	map->name = name;
	memcpy(map->id, page_file_id(first), sizeof(map->id));
	return true;
}

/* ---- questions ---- */

uint32_t page_map_next(const struct page_map_file *map, uint32_t begin, uint32_t end)
{
	int fd = open_map(map, O_RDONLY);
	uint8_t bits[CHUNK];
	uint32_t page = begin;

	while (fd >= 0 && page < end) {
		off_t at = place_of(page);
		ssize_t got = pread(fd, bits, sizeof(bits), at);

		if (got <= 0)
			break;
		for (; page < end && place_of(page) < at + got; page++) {
			if (bits[place_of(page) - at] & bit_of(page))
				goto out;
		}
	}
	page = end;
out:
	if (fd >= 0)
		close(fd);
	return page;
}

bool page_map_has(const struct page_map_file *map, uint32_t page)
{
	return page_map_next(map, page, page + 1) == page;
}

bool page_map_has_all(const struct page_map_file *map, const uint32_t *pages, size_t count)
{
	int fd = open_map(map, O_RDONLY);
	bool all = fd >= 0;
	uint8_t bits;

	for (size_t i = 0; all && i < count; i++)
		all = pread(fd, &bits, 1, place_of(pages[i])) == 1 &&
		      (bits & bit_of(pages[i])) != 0;
	if (fd >= 0)
		close(fd);
	return all;
}

/* ---- changes ---- */

/* Adds those pages that lie in one chunk of the map; returns their number. */
static size_t add_chunk(int fd, const uint32_t *pages, size_t count)
{
	uint8_t bits[CHUNK] = { 0 };
	off_t at = place_of(pages[0]);
	ssize_t got = pread(fd, bits, sizeof(bits), at);
	bool changed = false;
	size_t done = 0, used = 0;

	for (; done < count && place_of(pages[done]) < at + CHUNK; done++) {
		size_t byte = (size_t)(place_of(pages[done]) - at);

		changed |= (bits[byte] & bit_of(pages[done])) == 0;
		bits[byte] |= bit_of(pages[done]);
		used = byte + 1;
	}
	if (got >= 0 && changed && pwrite(fd, bits, used, at) < 0)
		return count;
	return done;
}

void page_map_add(const struct page_map_file *map, const uint32_t *pages, size_t count)
{
	int fd = open_map(map, O_RDWR);

	/* A map that cannot be opened now, for want of descriptors, may be good. */
	if (fd < 0 && errno == ENOENT)
		fd = create_map(map);
	if (fd < 0)
		return;
	while (count > 0) {
		size_t done = add_chunk(fd, pages, count);

		pages += done;
		count -= done;
	}
	close(fd);
}

void page_map_remove(int folder, const char *file)
{
	char name[RING_NAME + 4];

	if (put_name(name, file))
		unlinkat(folder, name, 0);
}

int page_map_cut(const struct page_map_file *map, uint32_t first)
{
	int fd = open_map(map, O_RDWR), rc = 0;
	uint8_t last;

	if (fd < 0)
		return errno == ENOENT ? 0 : errno;
	if (pread(fd, &last, 1, place_of(first)) == 1) {
		last &= (uint8_t)(bit_of(first) - 1);
		if (pwrite(fd, &last, 1, place_of(first)) != 1 ||
			ftruncate(fd, place_of(first) + 1) != 0 || fdatasync(fd) != 0)
			rc = errno;
	}
	close(fd);
	return rc;
}
