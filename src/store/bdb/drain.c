#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/bdb/data_files_internal.h"

struct batch {
	uint16_t slots[RING_SLOTS];
	unsigned count;
	bool written[RING_SLOTS]; /* in place */
};

/* ---- descriptors ---- */

/* Opens a name of the folder if it leads to the file; -1 without an error if it does not. */
static int open_name(
	const struct data_files *files, const struct ring_file *file, const char *name, int *rc)
{
	int fd = openat(files->folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat info;

	if (fd < 0) {
		*rc = errno == ENOENT ? 0 : errno;
		return -1;
	}
	*rc = fstat(fd, &info) == 0 ? 0 : errno;
	if (*rc == 0 && info.st_ino == file->inode && info.st_dev == file->device)
		return fd;
	close(fd);
	return -1;
}

/* A process that opened the file before it was renamed knows only its old name. */
static int search_file(const struct data_files *files, const struct ring_file *file, int *rc)
{
	int copy = openat(files->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	DIR *folder = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	*rc = folder ? 0 : errno;
	while (folder && fd < 0 && *rc == 0 && (entry = readdir(folder))) {
		if (entry->d_ino == file->inode)
			fd = open_name(files, file, entry->d_name, rc);
	}
	if (folder)
		closedir(folder);
	else if (copy >= 0)
		close(copy);
	return fd;
}

/*
 * The drain has descriptors of its own: the process may not have the file open that another one
 * wrote to. Returns -1, with *rc 0 if the file was removed.
 */
static int open_file(struct data_files *files, unsigned index, int *rc)
{
	const struct ring_file *file = &files->ring->files[index];
	int fd = files->open[index];

	*rc = 0;
	if (fd > 0 && files->inodes[index] == file->inode)
		return fd;
	if (fd > 0)
		close(fd);
	files->open[index] = 0;
	fd = *file->name ? open_name(files, file, file->name, rc) : -1;
	if (fd < 0 && *rc == 0)
		fd = search_file(files, file, rc);
	if (fd < 0)
		return -1;
	files->open[index] = fd;
	files->inodes[index] = file->inode;
	return fd;
}

void drain_forget_files(struct data_files *files)
{
	for (unsigned i = 0; i < RING_FILES; i++) {
		if (files->open[i] > 0)
			close(files->open[i]);
		files->open[i] = 0;
	}
}

/* ---- state ---- */

int drain_failed(struct data_files *files, int error)
{
	pthread_mutex_lock(&files->ring->lock);
	files->ring->failed = error;
	pthread_mutex_unlock(&files->ring->lock);
	return error;
}

void drain_synced(struct data_files *files, uint64_t device, uint64_t inode, uint64_t written)
{
	struct page_ring *ring = files->ring;
	int index;

	pthread_mutex_lock(&ring->lock);
	index = ring_find_file(ring, device, inode);
	if (index >= 0 && ring->files[index].synced < written)
		ring->files[index].synced = written;
	pthread_mutex_unlock(&ring->lock);
}

static bool all_synced(struct page_ring *ring)
{
	bool synced = true;

	pthread_mutex_lock(&ring->lock);
	for (unsigned i = 0; i < RING_FILES; i++) {
		const struct ring_file *file = &ring->files[i];

		synced &= file->inode == 0 || file->dead || file->written == file->synced;
	}
	pthread_mutex_unlock(&ring->lock);
	return synced;
}

/* ---- room in the doublewrite file ---- */

/* A failed sync is reported once by the kernel: here, so no later one may succeed. */
static int sync_files(struct data_files *files)
{
	struct page_ring *ring = files->ring;

	for (unsigned i = 0; i < RING_FILES; i++) {
		const struct ring_file *file = &ring->files[i];
		uint64_t written = file->written;
		int fd, rc;

		if (file->inode == 0 || file->dead || written == file->synced)
			continue;
		fd = open_file(files, i, &rc);
		if (rc == 0 && fd >= 0 && fdatasync(fd) != 0)
			rc = errno;
		if (rc != 0)
			return drain_failed(files, rc);
		drain_synced(files, file->device, file->inode, written);
	}
	return 0;
}

int drain_forget_images(struct data_files *files, bool sync)
{
	int rc = 0;

	if (files->ring->dw_used == 1)
		return 0;
	if (!all_synced(files->ring)) {
		if (!sync)
			return 0;
		rc = sync_files(files);
	}
	if (rc != 0)
		return rc;
	drain_map_images(files);
	doublewrite_reset(files->ring);
	return 0;
}

/* ---- the batch ---- */

/* The id, with which a restore recognises the file, is in the first page. */
static int read_ids(struct data_files *files, const struct batch *batch)
{
	struct page_ring *ring = files->ring;
	unsigned char page[BDB_PAGE_SIZE];

	for (unsigned i = 0; i < batch->count; i++) {
		unsigned index = ring->slots[batch->slots[i]].file;
		struct ring_file *file = &ring->files[index];
		const unsigned char *first = ring->pages[batch->slots[i]];
		int rc, fd;

		if (file->has_id || file->dead)
			continue;
		if (ring->slots[batch->slots[i]].page != 0) {
			fd = open_file(files, index, &rc);
			if (fd < 0 || pread(fd, page, sizeof(page), 0) != sizeof(page))
				continue;
			first = page;
		}
		if (!page_is_meta(first))
			continue;
		memcpy(file->id, page_file_id(first), sizeof(file->id));
		file->has_id = true;
	}
	return 0;
}

static int append(struct data_files *files, const struct batch *batch)
{
	struct page_ring *ring = files->ring;
	int rc = drain_forget_images(files, !doublewrite_has_room(ring, batch->count));

	if (rc != 0)
		return rc;
	read_ids(files, batch);
	rc = doublewrite_append(files->doublewrite, ring, batch->slots, batch->count);
	if ((rc == ENOSPC || rc == EDQUOT) && ring->dw_used > 1) {
		/* The file cannot grow: its space from the start is there. */
		rc = drain_forget_images(files, true);
		if (rc == 0)
			rc = doublewrite_append(
				files->doublewrite, ring, batch->slots, batch->count);
	}
	return rc;
}

static int write_in_place(struct data_files *files, uint16_t slot)
{
	struct page_ring *ring = files->ring;
	const struct ring_slot *from = &ring->slots[slot];
	int rc, fd = open_file(files, from->file, &rc);
	ssize_t put;

	/* A file that is gone needs no pages. */
	if (fd < 0 || ring->files[from->file].dead)
		return rc;
	put = pwrite(fd, ring->pages[slot], BDB_PAGE_SIZE, (off_t)from->page * BDB_PAGE_SIZE);
	if (put == BDB_PAGE_SIZE)
		return 0;
	return put < 0 ? errno : ENOSPC;
}

static int write_batch(struct data_files *files, struct batch *batch)
{
	int rc = append(files, batch), failed = 0;

	if (rc != 0)
		return rc;
	for (unsigned i = 0; i < batch->count; i++) {
		rc = write_in_place(files, batch->slots[i]);
		batch->written[i] = rc == 0;
		if (rc != 0)
			failed = rc;
	}
	return failed;
}

static void release(struct page_ring *ring, const struct batch *batch)
{
	uint8_t counted = RING_FILES;

	for (unsigned i = 0; i < batch->count; i++) {
		uint16_t slot = batch->slots[i];
		uint8_t file = ring->slots[slot].file;

		/* The slots of a file lie together. */
		if (file != counted) {
			ring->files[file].written++;
			counted = file;
		}
		ring_release(ring, slot, batch->written[i]);
	}
}

static int drain_locked(struct data_files *files)
{
	static struct batch batch;
	struct page_ring *ring = files->ring;
	int rc;

	memset(batch.written, 0, sizeof(batch.written));
	pthread_mutex_lock(&ring->lock);
	rc = ring->failed;
	batch.count = rc == 0 ? ring_take(ring, batch.slots) : 0;
	pthread_mutex_unlock(&ring->lock);
	if (batch.count == 0)
		return rc;
	rc = write_batch(files, &batch);
	pthread_mutex_lock(&ring->lock);
	if (rc != 0 && rc != ENOSPC && rc != EDQUOT)
		ring->failed = rc;
	release(ring, &batch);
	pthread_mutex_unlock(&ring->lock);
	return rc;
}

int drain(struct data_files *files)
{
	int rc;

	pthread_mutex_lock(&files->ring->drain);
	rc = drain_locked(files);
	pthread_mutex_unlock(&files->ring->drain);
	return rc;
}
