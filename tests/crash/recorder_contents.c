/* Calls of the preloaded library that change the contents of files (recorder.c). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "recorder.h"

#define COPY_SIZE 65536

static ssize_t recorded_write(int fd, const void *data, size_t size, off_t offset, bool positioned)
{
	struct record record = { .kind = RECORD_WRITE, .length = (int64_t)size };
	char path[PATH_MAX];
	uint64_t begun;
	ssize_t done;

	if (!recorder_find(fd, &record, path))
		return positioned ? syscall(SYS_pwrite64, fd, data, size, offset)
				  : syscall(SYS_write, fd, data, size);
	if (!positioned)
		record.offset = fcntl(fd, F_GETFL) & O_APPEND ? record.size_before
							      : lseek(fd, 0, SEEK_CUR);
	else
		record.offset = offset;
	begun = recorder_begin(&record, path, NULL, data);
	done = positioned ? syscall(SYS_pwrite64, fd, data, size, offset)
			  : syscall(SYS_write, fd, data, size);
	recorder_end(begun, done, -1);
	return done;
}

ssize_t write(int fd, const void *data, size_t size)
{
	return recorded_write(fd, data, size, 0, false);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return recorded_write(fd, data, size, offset, true);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	return recorded_write(fd, data, size, offset, true);
}

/* Stops at the first short write, as the real calls may. */
static ssize_t write_parts(
	int fd, const struct iovec *parts, int count, off_t offset, bool positioned)
{
	ssize_t total = 0;

	for (int i = 0; i < count; i++) {
		ssize_t done = recorded_write(
			fd, parts[i].iov_base, parts[i].iov_len, offset + total, positioned);

		if (done < 0)
			return total > 0 ? total : -1;
		total += done;
		if ((size_t)done < parts[i].iov_len)
			break;
	}
	return total;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	struct record record = { 0 };
	char path[PATH_MAX];

	if (!recorder_find(fd, &record, path))
		return syscall(SYS_writev, fd, parts, count);
	return write_parts(fd, parts, count, 0, false);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	return write_parts(fd, parts, count, offset, true);
}

/* Both calls copy: from the position of `from` (or *place) to that of `to`, through a buffer. */
static ssize_t copy(int to, off_t *to_place, int from, off_t *from_place, size_t size)
{
	static char buffer[COPY_SIZE];
	size_t want = size < sizeof(buffer) ? size : sizeof(buffer);
	ssize_t got = from_place ? syscall(SYS_pread64, from, buffer, want, *from_place)
				 : syscall(SYS_read, from, buffer, want);

	if (got <= 0)
		return got;
	got = recorded_write(to, buffer, (size_t)got, to_place ? *to_place : 0, to_place != NULL);
	if (got > 0 && from_place)
		*from_place += got;
	if (got > 0 && to_place)
		*to_place += got;
	return got;
}

ssize_t sendfile(int to, int from, off_t *place, size_t size)
{
	struct record record = { 0 };
	char path[PATH_MAX];

	if (!recorder_find(to, &record, path))
		return syscall(SYS_sendfile, to, from, place, size);
	return copy(to, NULL, from, place, size);
}

ssize_t sendfile64(int to, int from, off64_t *place, size_t size)
{
	return sendfile(to, from, place, size);
}

ssize_t copy_file_range(
	int from, off64_t *from_place, int to, off64_t *to_place, size_t size, unsigned flags)
{
	struct record record = { 0 };
	char path[PATH_MAX];

	if (!recorder_find(to, &record, path))
		return syscall(SYS_copy_file_range, from, from_place, to, to_place, size, flags);
	return copy(to, to_place, from, from_place, size);
}

/* ---- size ---- */

static int recorded_size(int fd, enum record_kind kind, off_t size, int mode, off_t offset)
{
	struct record record = { .kind = kind, .length = size };
	char path[PATH_MAX];
	bool recorded = recorder_find(fd, &record, path);
	uint64_t begun = recorded ? recorder_begin(&record, path, NULL, NULL) : 0;
	int rc = (int)(kind == RECORD_TRUNCATE
			       ? syscall(SYS_ftruncate, fd, size)
			       : syscall(SYS_fallocate, fd, mode, offset, size - offset));

	if (recorded)
		recorder_end(begun, rc, -1);
	return rc;
}

int ftruncate(int fd, off_t size)
{
	return recorded_size(fd, RECORD_TRUNCATE, size, 0, 0);
}

int ftruncate64(int fd, off64_t size)
{
	return recorded_size(fd, RECORD_TRUNCATE, size, 0, 0);
}

/* With a mode, bytes or their place may change: not recorded. */
int fallocate(int fd, int mode, off_t offset, off_t size)
{
	return recorded_size(
		fd, mode ? RECORD_UNSUPPORTED : RECORD_EXTEND, offset + size, mode, offset);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size)
{
	return fallocate(fd, mode, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
	return recorded_size(fd, RECORD_EXTEND, offset + size, 0, offset) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t offset, off64_t size)
{
	return posix_fallocate(fd, offset, size);
}

/* ---- syncs ---- */

static int recorded_sync(int fd, long call)
{
	struct record record = { .kind = RECORD_SYNC,
		.flags = call == SYS_fdatasync ? RECORD_DATA : 0 };
	char path[PATH_MAX];
	bool recorded = recorder_find(fd, &record, path);
	uint64_t begun = recorded ? recorder_begin(&record, path, NULL, NULL) : 0;
	int rc = (int)syscall(call, fd);

	if (recorded)
		recorder_end(begun, rc, -1);
	return rc;
}

int fsync(int fd)
{
	return recorded_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return recorded_sync(fd, SYS_fdatasync);
}

/* ---- changes that bypass these calls ---- */

static void refuse_changes(int fd)
{
	struct record record = { .kind = RECORD_UNSUPPORTED };
	char path[PATH_MAX];

	if (recorder_find(fd, &record, path))
		recorder_begin(&record, path, NULL, NULL);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (fd >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE))
		refuse_changes(fd);
	return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
	return mmap(address, size, protection, flags, fd, offset);
}
