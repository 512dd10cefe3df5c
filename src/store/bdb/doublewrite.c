#include "store/bdb/doublewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "store/bdb/doublewrite_format.h"

static int write_blocks(int fd, const void *blocks, size_t count, uint64_t at)
{
	const char *bytes = blocks;
	size_t left = count * BDB_PAGE_SIZE;
	off_t offset = (off_t)(at * BDB_PAGE_SIZE);

	while (left > 0) {
		ssize_t done = pwrite(fd, bytes, left, offset);

		if (done < 0 && errno != EINTR)
			return errno;
		if (done > 0) {
			bytes += done;
			offset += done;
			left -= (size_t)done;
		}
	}
	return 0;
}

static uint64_t groups(unsigned count)
{
	return (count + DW_GROUP - 1) / DW_GROUP;
}

int doublewrite_open(int *fd, int folder, bool create)
{
	int opened = openat(
		folder, DOUBLEWRITE_NAME, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
	off_t size = (off_t)((1 + groups(RING_SLOTS) + RING_SLOTS) * BDB_PAGE_SIZE);
	int rc = 0;

	if (opened < 0)
		return errno;
	if (create && lseek(opened, 0, SEEK_END) < size)
		rc = posix_fallocate(opened, 0, size);
	if (rc == 0 && create && (fsync(opened) != 0 || fsync(folder) != 0))
		rc = errno;
	if (rc == 0)
		*fd = opened;
	else
		close(opened);
	return rc;
}

bool doublewrite_has_room(const struct page_ring *ring, unsigned count)
{
	return ring->dw_used + groups(count) + count <= DW_BLOCKS_MAX;
}

void doublewrite_reset(struct page_ring *ring)
{
	ring->dw_used = 1;
	ring->dw_header_written = false;
}

bool doublewrite_read_group(int fd, uint64_t block, struct dw_group *group)
{
	unsigned char bytes[BDB_PAGE_SIZE];

	if (pread(fd, bytes, sizeof(bytes), (off_t)(block * BDB_PAGE_SIZE)) !=
		(ssize_t)sizeof(bytes))
		return false;
	memcpy(group, bytes, sizeof(*group));
	return group->magic == DW_GROUP_MAGIC && group->count > 0 && group->count <= DW_GROUP &&
	       group->sum == dw_group_sum(group);
}

/* All images of earlier rounds are older than those of the first batch. */
static int write_header(int fd, struct page_ring *ring, const uint16_t *batch, unsigned count)
{
	static unsigned char block[BDB_PAGE_SIZE];
	struct dw_header header = { .magic = DW_HEADER_MAGIC, .base = ring->sequence };
	int rc;

	for (unsigned i = 0; i < count; i++) {
		if (ring->slots[batch[i]].sequence < header.base)
			header.base = ring->slots[batch[i]].sequence;
	}
	header.sum = dw_header_sum(&header);
	memcpy(block, &header, sizeof(header));
	rc = write_blocks(fd, block, 1, 0);
	if (rc == 0)
		ring->dw_header_written = true;
	return rc;
}

static void describe(
	struct dw_image *image, const struct page_ring *ring, const struct ring_slot *slot)
{
	const struct ring_file *file = &ring->files[slot->file];
	const unsigned char *page = ring->pages[slot - ring->slots];

	image->sequence = slot->sequence;
	image->lsn = page_lsn(page);
	image->page = slot->page;
	image->sum = page_checksum(page);
	memcpy(image->id, file->id, sizeof(image->id));
	memcpy(image->name, file->name, sizeof(image->name));
}

/* One write per group: a copy is cheaper than a call for each image. */
static int append_group(int fd, struct page_ring *ring, const uint16_t *batch, unsigned count)
{
	static unsigned char blocks[1 + DW_GROUP][BDB_PAGE_SIZE];
	struct dw_group group = { .magic = DW_GROUP_MAGIC, .count = count };
	int rc;

	for (unsigned i = 0; i < count; i++) {
		describe(&group.images[i], ring, &ring->slots[batch[i]]);
		memcpy(blocks[1 + i], ring->pages[batch[i]], BDB_PAGE_SIZE);
	}
	group.sum = dw_group_sum(&group);
	memcpy(blocks[0], &group, sizeof(group));
	rc = write_blocks(fd, blocks, 1 + count, ring->dw_used);
	if (rc == 0)
		ring->dw_used += 1 + count;
	return rc;
}

int doublewrite_append(int fd, struct page_ring *ring, const uint16_t *batch, unsigned count)
{
	uint64_t used = ring->dw_used;
	int rc = ring->dw_header_written ? 0 : write_header(fd, ring, batch, count);

	for (unsigned i = 0; rc == 0 && i < count; i += DW_GROUP)
		rc = append_group(fd, ring, batch + i, count - i < DW_GROUP ? count - i : DW_GROUP);
	if (rc == 0 && fdatasync(fd) != 0) {
		/* The next flush would report success, whatever was lost. */
		ring->failed = rc = errno;
	}
	if (rc != 0)
		ring->dw_used = used;
	return rc;
}
