/*
 * Space of the regions, the shared memory of the environment. libdb makes and extends a region by
 * writing its last byte and then uses the memory: on a full file system the kernel ends the process
 * with SIGBUS. So the space is allocated before that byte is written: a region that cannot be
 * extended is an ENOSPC of the call that needs it.
 *
 * Recovery also reserves the space that the cache and a normal number of locks will need, so that
 * the service runs on when something else fills the file system later.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/bdb/bdb.h"
#include "store/bdb/page_ring.h"

/* libdb adds a quarter to a cache of less than 500 MB. */
#define SMALL_CACHE_MB 500
/* libdb doubles a region when it first extends it, and then adds 1 MB each time. */
#define GROWTH_MB 4
/*
 * Bytes of all regions but the cache: two of 22 MB together, and the ring of pages (page_ring.h).
 * Not rounded up: shared memory of 64 MB, as containers have it, has room for a cache of 8 MB and
 * the lock of the folder.
 */
#define OTHER_REGIONS (((uint64_t)(2 * 22 + 2 * GROWTH_MB) << 20) + sizeof(struct page_ring))
#define REGION_NAME   "__db.0"

static bool is_region(int fd)
{
	char link[64], path[PATH_MAX];
	const char *name;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return false;
	path[len] = '\0';
	name = strrchr(path, '/');
	return name && strncmp(name + 1, REGION_NAME, strlen(REGION_NAME)) == 0;
}

/* Allocates what is missing before the offset. Returns 0 or an errno. */
static int allocate(int fd, off_t offset)
{
	struct stat info;
	int rc;

	if (fstat(fd, &info) != 0)
		return errno;
	if (offset < info.st_size)
		return 0;
	do
		rc = posix_fallocate(fd, info.st_size, offset + 1 - info.st_size);
	while (rc == EINTR);
	return rc;
}

int bdb_allocate_region(int fd, size_t size)
{
	off_t offset = size == 1 && is_region(fd) ? lseek(fd, 0, SEEK_CUR) : -1;

	return offset >= 0 ? allocate(fd, offset) : 0;
}

bool bdb_is_region(const char *name)
{
	return strncmp(name, REGION_NAME, strlen(REGION_NAME)) == 0 || strcmp(name, RING_FILE) == 0;
}

static uint64_t largest_cache_mb(const struct engine_options *options)
{
	uint64_t cache = bdb_cache_mb(options);

	return cache < SMALL_CACHE_MB ? cache * 5 / 4 : cache;
}

static uint64_t needed_bytes(const struct engine_options *options)
{
	return (largest_cache_mb(options) << 20) + OTHER_REGIONS;
}

static int refuse(struct bdb *bdb, const struct engine_options *options, uint64_t free_bytes)
{
	snprintf(bdb->engine.message, sizeof(bdb->engine.message),
		"shared memory needs %llu MB in %.80s, where %llu MB are free: enlarge its file"
		" system, lower cache_mb (%llu), or set regions to another folder",
		(unsigned long long)((needed_bytes(options) + (1 << 20) - 1) >> 20),
		options->regions, (unsigned long long)free_bytes >> 20,
		(unsigned long long)bdb_cache_mb(options));
	bdb->engine.fault = ENGINE_FAULT_REGIONS;
	return ENOBUFS;
}

int bdb_check_regions(struct bdb *bdb, const struct engine_options *options)
{
	struct statvfs room;
	uint64_t available;

	if (statvfs(options->regions, &room) != 0)
		return errno;
	available = (uint64_t)room.f_bavail * room.f_frsize;
	return available >= needed_bytes(options) ? 0 : refuse(bdb, options, available);
}

/* The number of regions; the last one is the cache. */
static unsigned count_regions(DIR *folder)
{
	struct dirent *entry;
	unsigned last = 0, number;

	while ((entry = readdir(folder))) {
		if (sscanf(entry->d_name, "__db.%3u", &number) == 1 && number > last)
			last = number;
	}
	return last;
}

/* Reserves space without a change of the size, by which libdb recognises a finished region. */
static int reserve(int folder, unsigned number, bool is_cache, uint64_t cache_mb)
{
	char name[16];
	struct stat info;
	off_t size;
	int fd, rc = 0;

	snprintf(name, sizeof(name), "__db.%03u", number);
	fd = openat(folder, name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (fstat(fd, &info) != 0)
		rc = errno;
	size = is_cache ? (off_t)(cache_mb << 20) : 2 * info.st_size + (GROWTH_MB << 20);
	while (rc == 0 && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size) != 0) {
		if (errno != EINTR)
			rc = errno;
	}
	close(fd);
	return rc == EOPNOTSUPP ? 0 : rc;
}

int bdb_reserve_regions(struct bdb *bdb, const struct engine_options *options)
{
	DIR *folder = opendir(options->regions);
	struct statvfs room;
	unsigned count;
	int rc = 0;

	if (!folder)
		return errno;
	count = count_regions(folder);
	for (unsigned i = 1; rc == 0 && i <= count; i++)
		rc = reserve(dirfd(folder), i, i == count, largest_cache_mb(options));
	if (rc == ENOSPC && fstatvfs(dirfd(folder), &room) == 0)
		rc = refuse(bdb, options, (uint64_t)room.f_bavail * room.f_frsize);
	closedir(folder);
	return rc;
}
