#include "store/bdb/page_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define VERSION 1
#define NONE	RING_SLOTS

/* ---- the memory ---- */

static int map(struct page_ring **ring, int fd)
{
	void *memory = mmap(NULL, sizeof(**ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return errno;
	*ring = memory;
	return 0;
}

static int init_mutexes(struct page_ring *ring)
{
	pthread_mutexattr_t shared;
	int rc = pthread_mutexattr_init(&shared);

	if (rc != 0)
		return rc;
	rc = pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	if (rc == 0)
		rc = pthread_mutex_init(&ring->lock, &shared);
	if (rc == 0)
		rc = pthread_mutex_init(&ring->drain, &shared);
	pthread_mutexattr_destroy(&shared);
	return rc;
}

static int init(struct page_ring *ring)
{
	for (size_t i = 0; i < 2 * RING_SLOTS; i++)
		ring->buckets[i] = NONE;
	for (uint16_t i = 0; i < RING_SLOTS; i++)
		ring->slots[i].next = (uint16_t)(i + 1);
	ring->version = VERSION;
	return init_mutexes(ring);
}

/* Without its space reserved, a full file system would end the process at a later write. */
int ring_create(struct page_ring **ring, const char *path)
{
	int fd, rc;

	if (unlink(path) != 0 && errno != ENOENT)
		return errno;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	rc = posix_fallocate(fd, 0, sizeof(**ring));
	if (rc == 0)
		rc = map(ring, fd);
	close(fd);
	return rc == 0 ? init(*ring) : rc;
}

int ring_attach(struct page_ring **ring, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), rc;

	if (fd < 0)
		return errno;
	rc = lseek(fd, 0, SEEK_END) == (off_t)sizeof(**ring) ? map(ring, fd) : EINVAL;
	close(fd);
	if (rc == 0 && (*ring)->version != VERSION) {
		ring_close(*ring);
		rc = EINVAL;
	}
	return rc;
}

void ring_close(struct page_ring *ring)
{
	if (ring)
		munmap(ring, sizeof(*ring));
}

/* ---- files ---- */

int ring_find_file(struct page_ring *ring, uint64_t device, uint64_t inode)
{
	for (int i = 0; i < RING_FILES; i++) {
		const struct ring_file *file = &ring->files[i];

		if (file->inode == inode && file->device == device && !file->dead)
			return i;
	}
	return -1;
}

void ring_set_name(struct page_ring *ring, unsigned file, const char *name)
{
	char *to = ring->files[file].name;

	memset(to, 0, RING_NAME);
	if (strlen(name) < RING_NAME)
		memcpy(to, name, strlen(name));
}

static bool is_free(const struct ring_file *file)
{
	return file->slots == 0 && (file->inode == 0 || file->dead);
}

/* All its pages are on disk: it is added again at its next write. */
static bool is_unused(const struct ring_file *file)
{
	return file->slots == 0 && file->written == file->synced;
}

static int find_entry(const struct page_ring *ring, bool (*fits)(const struct ring_file *file))
{
	for (int i = 0; i < RING_FILES; i++) {
		if (fits(&ring->files[i]))
			return i;
	}
	return -1;
}

int ring_add_file(struct page_ring *ring, uint64_t device, uint64_t inode, const char *name)
{
	int index = find_entry(ring, is_free);

	if (index < 0)
		index = find_entry(ring, is_unused);
	if (index < 0)
		return -1;
	ring->files[index] = (struct ring_file){ .device = device, .inode = inode };
	ring_set_name(ring, (unsigned)index, name);
	return index;
}

/* ---- slots ---- */

static size_t bucket_of(unsigned file, uint32_t page)
{
	return (page * 2654435761U + file * 97U) % (2 * RING_SLOTS);
}

static uint16_t find(const struct page_ring *ring, unsigned file, uint32_t page)
{
	uint16_t at = ring->buckets[bucket_of(file, page)], found = NONE;

	for (; at != NONE; at = ring->slots[at].next) {
		const struct ring_slot *slot = &ring->slots[at];

		if (slot->page == page && slot->file == file &&
			(found == NONE || slot->sequence > ring->slots[found].sequence))
			found = at;
	}
	return found;
}

const unsigned char *ring_find(const struct page_ring *ring, unsigned file, uint32_t page)
{
	uint16_t slot = find(ring, file, page);

	return slot == NONE ? NULL : ring->pages[slot];
}

static void set_free(struct page_ring *ring, uint16_t slot)
{
	struct ring_slot *freed = &ring->slots[slot];
	uint16_t *link = &ring->buckets[bucket_of(freed->file, freed->page)];

	while (*link != slot)
		link = &ring->slots[*link].next;
	*link = freed->next;
	ring->files[freed->file].slots--;
	freed->state = SLOT_FREE;
	freed->next = ring->free;
	ring->free = slot;
}

static uint16_t take_free(struct page_ring *ring, unsigned file, uint32_t page)
{
	uint16_t slot = ring->free, *bucket = &ring->buckets[bucket_of(file, page)];

	if (slot == NONE)
		return NONE;
	ring->free = ring->slots[slot].next;
	ring->slots[slot] = (struct ring_slot){
		.page = page, .file = (uint8_t)file, .state = SLOT_FULL, .next = *bucket
	};
	*bucket = slot;
	ring->files[file].slots++;
	ring->full++;
	return slot;
}

bool ring_put(struct page_ring *ring, unsigned file, uint32_t page, const void *image)
{
	uint16_t slot = find(ring, file, page);

	if (slot == NONE || ring->slots[slot].state != SLOT_FULL)
		slot = take_free(ring, file, page);
	if (slot == NONE)
		return false;
	ring->slots[slot].sequence = ++ring->sequence;
	memcpy(ring->pages[slot], image, BDB_PAGE_SIZE);
	return true;
}

void ring_drop(struct page_ring *ring, unsigned file, uint32_t first)
{
	for (uint16_t i = 0; i < RING_SLOTS; i++) {
		const struct ring_slot *slot = &ring->slots[i];

		if (slot->state != SLOT_FULL || slot->file != file || slot->page < first)
			continue;
		ring->full--;
		set_free(ring, i);
	}
}

/* ---- batches ---- */

static int by_place(const void *left, const void *right, void *data)
{
	const struct page_ring *ring = data;
	const struct ring_slot *a = &ring->slots[*(const uint16_t *)left];
	const struct ring_slot *b = &ring->slots[*(const uint16_t *)right];

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->page < b->page ? -1 : a->page > b->page;
}

unsigned ring_take(struct page_ring *ring, uint16_t batch[RING_SLOTS])
{
	unsigned count = 0;

	for (uint16_t i = 0; i < RING_SLOTS; i++) {
		if (ring->slots[i].state != SLOT_FULL)
			continue;
		ring->slots[i].state = SLOT_WRITING;
		batch[count++] = i;
	}
	ring->full -= count;
	qsort_r(batch, count, sizeof(*batch), by_place, ring);
	return count;
}

void ring_release(struct page_ring *ring, uint16_t slot, bool written)
{
	struct ring_slot *released = &ring->slots[slot];

	if (!written && find(ring, released->file, released->page) == slot) {
		released->state = SLOT_FULL;
		ring->full++;
		return;
	}
	set_free(ring, slot);
}
