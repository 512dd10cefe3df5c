#include "sys/file_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 20)

static bool fail(const char *name, const char *what, struct err *err)
{
	enum err_code code = errno == ENOENT			  ? ERR_NOT_FOUND
			     : errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL
								  : ERR_INTERNAL;

	return err_set(err, code, NULL, "%s cannot be %s: %s", name, what, strerror(errno));
}

/* ---- one file ---- */

struct copy {
	const char *name;
	int from, to;
	const struct file_pace *pace;
};

/* For file systems without copy_file_range(2). */
static ssize_t copy_bytes(const struct copy *copy, off_t offset, size_t size)
{
	char bytes[65536];
	ssize_t got = pread(copy->from, bytes, size < sizeof(bytes) ? size : sizeof(bytes), offset);

	return got > 0 ? pwrite(copy->to, bytes, (size_t)got, offset) : got;
}

static ssize_t copy_piece(const struct copy *copy, off_t offset, size_t size)
{
	off_t from = offset, to = offset;
	ssize_t done = copy_file_range(copy->from, &from, copy->to, &to, size, 0);

	if (done < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP ||
				errno == ENOSYS || errno == EPERM))
		done = copy_bytes(copy, offset, size);
	return done;
}

/* Copies the data from offset to end, which has no hole. */
static bool copy_extent(const struct copy *copy, off_t offset, off_t end, struct err *err)
{
	while (offset < end) {
		size_t left = (size_t)(end - offset);
		ssize_t done = copy_piece(copy, offset, left < PIECE ? left : PIECE);

		if (done < 0)
			return fail(copy->name, "copied", err);
		if (done == 0)
			return err_set(err, ERR_INTERNAL, NULL, "%s was cut while it was copied",
				copy->name);
		offset += done;
		if (copy->pace && !copy->pace->wait((size_t)done, copy->pace->data, err))
			return false;
	}
	return true;
}

static bool copy_extents(const struct copy *copy, off_t size, struct err *err)
{
	off_t data = 0, hole = 0;

	while (hole < size && (data = lseek(copy->from, hole, SEEK_DATA)) >= 0 && data < size) {
		hole = lseek(copy->from, data, SEEK_HOLE);
		if (hole < 0)
			break;
		if (!copy_extent(copy, data, hole < size ? hole : size, err))
			return false;
	}
	if ((data < 0 || hole < 0) && errno != ENXIO)
		return fail(copy->name, "read", err);
	return ftruncate(copy->to, size) == 0 || fail(copy->name, "copied", err);
}

static bool copy_opened(const struct copy *copy, uint64_t size, struct err *err)
{
	struct stat info;

	if (fstat(copy->from, &info) != 0)
		return fail(copy->name, "read", err);
	if (size == FILE_WHOLE)
		size = (uint64_t)info.st_size;
	if ((uint64_t)info.st_size < size)
		return err_set(err, ERR_INTERNAL, NULL, "%s has %lld bytes instead of %llu",
			copy->name, (long long)info.st_size, (unsigned long long)size);
	return copy_extents(copy, (off_t)size, err) && file_sync(copy->to, copy->name, err);
}

static bool part_name(const char *name, char part[NAME_MAX + 1], struct err *err)
{
	int len = snprintf(part, NAME_MAX + 1, "%s.part", name);

	return (len > 0 && len <= NAME_MAX) ||
	       err_set(err, ERR_INTERNAL, NULL, "the file name %.40s... is too long", name);
}

bool file_copy(int from, int to, const char *name, uint64_t size, const struct file_pace *pace,
	struct err *err)
{
	struct copy copy = { .name = name, .to = -1, .pace = pace };
	char part[NAME_MAX + 1];
	bool ok = false;

	if (!part_name(name, part, err))
		return false;
	copy.from = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (copy.from < 0)
		return fail(name, "opened", err);
	copy.to = openat(to, part, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (copy.to < 0)
		fail(part, "created", err);
	else
		ok = copy_opened(&copy, size, err) &&
		     (renameat(to, part, to, name) == 0 || fail(name, "renamed", err));
	if (copy.to >= 0)
		close(copy.to);
	close(copy.from);
	if (!ok)
		unlinkat(to, part, 0);
	return ok;
}

/* ---- small files ---- */

bool file_sync(int fd, const char *name, struct err *err)
{
	return fsync(fd) == 0 || fail(name, "synced", err);
}

bool file_write(int folder, const char *name, struct str text, struct err *err)
{
	char part[NAME_MAX + 1];
	bool ok;
	int fd;

	if (!part_name(name, part, err))
		return false;
	fd = openat(folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(name, "created", err);
	ok = write(fd, text.ptr, text.len) == (ssize_t)text.len || fail(name, "written", err);
	ok = ok && file_sync(fd, name, err);
	close(fd);
	if (ok && renameat(folder, part, folder, name) != 0)
		ok = fail(name, "renamed", err);
	if (!ok)
		unlinkat(folder, part, 0);
	return ok && file_sync(folder, name, err);
}

bool file_read(int folder, const char *name, size_t limit, struct buf *out, struct err *err)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	char bytes[16384];
	ssize_t got = -1;

	if (fd < 0)
		return fail(name, "opened", err);
	while (out->len <= limit && (got = read(fd, bytes, sizeof(bytes))) > 0)
		buf_put(out, bytes, (size_t)got);
	close(fd);
	if (got < 0)
		return fail(name, "read", err);
	if (out->len > limit)
		return err_set(err, ERR_INTERNAL, NULL, "%s is too large", name);
	return buf_ok(out) || err_no_memory(err);
}

/* ---- folders ---- */

int file_open_folder(int folder, const char *name, bool create, struct err *err)
{
	int fd;

	if (create && mkdirat(folder, name, 0700) != 0 && errno != EEXIST) {
		fail(name, "created", err);
		return -1;
	}
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail(name, "opened", err);
	return fd;
}

static bool remove_entries(int folder, struct err *err)
{
	DIR *entries = fdopendir(folder);
	const struct dirent *entry;
	bool ok = entries != NULL;

	if (!ok)
		close(folder);
	while (ok && (entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = file_remove(dirfd(entries), entry->d_name, err);
	}
	if (entries)
		closedir(entries);
	return ok;
}

bool file_remove(int folder, const char *name, struct err *err)
{
	int fd;

	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return fail(name, "removed", err);
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(name, "removed", err);
	return remove_entries(fd, err) &&
	       (unlinkat(folder, name, AT_REMOVEDIR) == 0 || fail(name, "removed", err));
}
