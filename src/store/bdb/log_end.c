#include "store/bdb/log_end.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "store/bdb/page.h"
#include "store/transfer/backup.h"

/* ---- records ---- */

static bool is_whole(const uint8_t *record, size_t left, uint32_t *size)
{
	struct log_record_head head;

	if (left < sizeof(head))
		return false;
	memcpy(&head, record, sizeof(head));
	if (head.size <= sizeof(head) || head.size > left)
		return false;
	*size = head.size;
	return (page_hash(0, record + sizeof(head), head.size - sizeof(head)) ^ head.previous ^
		       head.size) == head.checksum;
}

size_t log_whole_bytes(const void *log, size_t size)
{
	const uint8_t *bytes = log;
	uint32_t record;
	size_t at = 0;

	while (is_whole(bytes + at, size - at, &record))
		at += record;
	return at;
}

/* ---- files ---- */

static int read_all(int fd, uint8_t *bytes, size_t size, size_t *len)
{
	ssize_t got = 1;

	for (*len = 0; *len < size && got != 0; *len += got > 0 ? (size_t)got : 0) {
		got = pread(fd, bytes + *len, size - *len, (off_t)*len);
		if (got < 0 && errno != EINTR)
			return errno;
	}
	return 0;
}

static int read_whole_bytes(int fd, size_t size, uint32_t *offset)
{
	uint8_t *bytes = malloc(size + 1);
	size_t len;
	int rc = bytes ? read_all(fd, bytes, size, &len) : ENOMEM;

	if (rc == 0)
		*offset = (uint32_t)log_whole_bytes(bytes, len);
	free(bytes);
	return rc;
}

/* ENOENT if there is no such log. */
static int find_end_of(int folder, uint32_t number, uint32_t *offset)
{
	char name[STORE_LOG_NAME_SIZE];
	struct stat info;
	int fd, rc;

	store_log_name(number, name);
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	rc = fstat(fd, &info) == 0 ? 0 : errno;
	if (rc == 0)
		rc = read_whole_bytes(fd, (size_t)info.st_size, offset);
	close(fd);
	return rc;
}

int log_find_newest(int folder, uint32_t *newest)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *logs = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t number;

	*newest = 0;
	if (!logs)
		return errno;
	while ((entry = readdir(logs))) {
		if (store_log_number(entry->d_name, &number) && number > *newest &&
			number <= UINT32_MAX)
			*newest = (uint32_t)number;
	}
	closedir(logs);
	return 0;
}

int log_end_find(int folder, struct log_position *end)
{
	struct log_position found = { 0 };
	uint32_t number;
	int rc = log_find_newest(folder, &found.number);

	for (number = found.number; rc == 0 && number > 0 && found.offset == 0; number--) {
		rc = find_end_of(folder, number, &found.offset);
		if (found.offset > 0)
			found.number = number;
	}
	if (rc == 0 || rc == ENOENT)
		*end = found;
	return rc == ENOENT ? 0 : rc;
}

/* ---- the synced position ---- */

#define SYNCED_NAME "synced"
#define MAGIC	    0x706b7331U

/* Within one sector, so that it is never torn. */
struct synced {
	uint32_t magic;
	struct log_position position;
	uint32_t sum;
};

static uint32_t sum_of(const struct synced *synced)
{
	return (uint32_t)crc32(0, (const Bytef *)synced, offsetof(struct synced, sum));
}

int log_synced_open(int folder, bool create)
{
	return openat(folder, SYNCED_NAME,
		O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
}

struct log_position log_synced_read(int fd)
{
	struct synced synced;

	if (pread(fd, &synced, sizeof(synced), 0) != (ssize_t)sizeof(synced) ||
		synced.magic != MAGIC || synced.sum != sum_of(&synced))
		return (struct log_position){ 0 };
	return synced.position;
}

void log_synced_write(int fd, struct log_position position)
{
	struct synced synced = { .magic = MAGIC, .position = position };

	synced.sum = sum_of(&synced);
	if (fd >= 0 && pwrite(fd, &synced, sizeof(synced), 0) < 0)
		return;
}
