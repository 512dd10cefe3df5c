#include "store/bdb/file_hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/bdb/bdb.h"

/* As in libdb: a call that fails with one of some errors is made again, at most 100 times. */
#define TRIES_MAX 100

#define ENVIRONMENTS_MAX 16

struct descriptor {
	struct data_file file; /* file.files NULL: not a data file */
	off_t offset;	       /* of the last seek */
};

static struct data_files *environments[ENVIRONMENTS_MAX];
static struct descriptor *descriptors; /* by number */
static size_t descriptor_count;
static bool forbidden; /* to change files */

/*
 * libdb answers a failed pread with a seek and a read of its own. The seek must fail, or the page
 * would be read without a check.
 */
static struct {
	int fd, error;
	uint32_t page;
	char name[RING_NAME];
} failure = { .fd = -1 };

/* ---- descriptors ---- */

static struct descriptor *find(int fd)
{
	if (fd < 0 || (size_t)fd >= descriptor_count || !descriptors[fd].file.files)
		return NULL;
	return &descriptors[fd];
}

static bool grow(int fd)
{
	size_t count = ((size_t)fd + 64) & ~(size_t)63;
	struct descriptor *more;

	if ((size_t)fd < descriptor_count)
		return true;
	more = reallocarray(descriptors, count, sizeof(*more));
	if (!more)
		return false;
	memset(more + descriptor_count, 0, (count - descriptor_count) * sizeof(*more));
	descriptors = more;
	descriptor_count = count;
	return true;
}

/* The environment of a file, by its folder; *name: the file's name in it. */
static struct data_files *find_environment(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	struct stat info;

	*name = slash ? slash + 1 : path;
	if (!slash || (size_t)(slash - path) >= sizeof(folder))
		return NULL;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	if (stat(folder, &info) != 0)
		return NULL;
	for (size_t i = 0; i < ENVIRONMENTS_MAX; i++) {
		if (environments[i] && data_files_own(environments[i], info.st_dev, info.st_ino))
			return environments[i];
	}
	return NULL;
}

static int register_file(int fd, const char *path)
{
	const char *name;
	struct data_files *files = find_environment(path, &name);
	struct data_file *file;
	struct stat info;

	if (!files)
		return 0;
	if (!grow(fd))
		return ENOMEM;
	if (fstat(fd, &info) != 0)
		return errno;
	memset(&descriptors[fd], 0, sizeof(descriptors[fd]));
	file = &descriptors[fd].file;
	*file = (struct data_file){ .files = files, .device = info.st_dev, .inode = info.st_ino };
	if (strlen(name) < sizeof(file->name))
		memcpy(file->name, name, strlen(name));
	return 0;
}

/* ---- failed reads ---- */

static void set_failure(int fd, const struct data_file *file, uint32_t page, int error)
{
	failure.fd = fd;
	failure.error = error;
	failure.page = page;
	memcpy(failure.name, file->name, sizeof(failure.name));
}

struct page_failure file_hooks_failure(void)
{
	return (struct page_failure){ failure.error ? failure.name : NULL, failure.page };
}

void file_hooks_clear_failure(void)
{
	failure.fd = -1;
	failure.error = 0;
}

/* ---- no changes ---- */

void file_hooks_forbid_changes(void)
{
	forbidden = true;
}

bool file_hooks_may_change(void)
{
	return !forbidden;
}

/* Sets errno. */
static bool is_forbidden(void)
{
	if (forbidden)
		errno = EIO;
	return forbidden;
}

/* ---- libdb's functions: -1 and errno ---- */

static int hook_open(const char *path, int flags, ...)
{
	struct descriptor *opened;
	va_list args;
	mode_t mode;
	int fd, rc;

	if (is_forbidden())
		return -1;
	va_start(args, flags);
	mode = (mode_t)va_arg(args, int);
	va_end(args);
	do
		fd = open(path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -1;
	rc = register_file(fd, path);
	opened = rc == 0 ? find(fd) : NULL;
	if (opened)
		rc = data_file_opened(&opened->file, fd);
	if (rc == 0)
		return fd;
	if (opened && rc == EBADMSG)
		set_failure(-1, &opened->file, 0, rc);
	if (opened)
		opened->file.files = NULL;
	close(fd);
	errno = rc;
	return -1;
}

static bool is_page(size_t size, off_t offset)
{
	return size == BDB_PAGE_SIZE && offset % BDB_PAGE_SIZE == 0;
}

static ssize_t hook_pread(int fd, void *bytes, size_t size, off_t offset)
{
	struct descriptor *descriptor = find(fd);
	uint32_t page = (uint32_t)(offset / BDB_PAGE_SIZE);
	ssize_t got;

	failure.fd = -1;
	if (!descriptor || !is_page(size, offset))
		return pread(fd, bytes, size, offset);
	got = data_file_read(&descriptor->file, fd, page, bytes);
	if (got < 0)
		set_failure(fd, &descriptor->file, page, errno);
	return got;
}

static bool may_repeat(int error)
{
	return error == EINTR || error == EAGAIN || error == EBUSY || error == EIO;
}

static ssize_t write_plain(int fd, const char *bytes, size_t size)
{
	size_t done = 0;
	int rc = bdb_allocate_region(fd, size);

	if (rc != 0) {
		errno = rc;
		return -1;
	}
	for (int tries = 0; done < size;) {
		ssize_t put = write(fd, bytes + done, size - done);

		if (put >= 0)
			done += (size_t)put;
		else if (!may_repeat(errno) || ++tries == TRIES_MAX)
			return -1;
	}
	return (ssize_t)done;
}

static ssize_t hook_write(int fd, const void *bytes, size_t size)
{
	struct descriptor *descriptor = find(fd);
	off_t offset = descriptor ? descriptor->offset : 0;
	int rc;

	if (is_forbidden())
		return -1;
	if (!descriptor || !is_page(size, offset))
		return write_plain(fd, bytes, size);
	rc = data_file_write(&descriptor->file, fd, (uint32_t)(offset / BDB_PAGE_SIZE), bytes);
	if (rc != 0) {
		errno = rc;
		return -1;
	}
	descriptor->offset += (off_t)size;
	return (ssize_t)size;
}

/* ---- libdb's functions: 0 or an errno ---- */

static int hook_seek(int fd, off_t offset, int whence)
{
	struct descriptor *descriptor = find(fd);

	if (fd == failure.fd)
		return failure.error;
	if (descriptor)
		descriptor->offset = offset;
	return lseek(fd, offset, whence) < 0 ? errno : 0;
}

/*
 * libdb's own way with a data file: sync with fdatasync. A second try after an error would report
 * success, whatever was lost.
 */
static int hook_fsync(int fd)
{
	struct descriptor *descriptor = find(fd);

	if (descriptor)
		return data_file_sync(&descriptor->file, fd);
	while (fdatasync(fd) != 0) {
		if (errno != EINTR)
			return errno;
	}
	return 0;
}

static int hook_ftruncate(int fd, off_t size)
{
	struct descriptor *descriptor = find(fd);

	if (is_forbidden())
		return errno;
	if (descriptor)
		return data_file_truncate(&descriptor->file, fd, size);
	return ftruncate(fd, size) == 0 ? 0 : errno;
}

static int hook_close(int fd)
{
	struct descriptor *descriptor = find(fd);

	if (descriptor)
		descriptor->file.files = NULL;
	return close(fd) == 0 || errno == EINTR ? 0 : errno;
}

static void rename_descriptors(const struct stat *info, const char *name)
{
	for (size_t i = 0; i < descriptor_count; i++) {
		struct data_file *file = &descriptors[i].file;

		if (!file->files || file->inode != info->st_ino || file->device != info->st_dev)
			continue;
		memset(file->name, 0, sizeof(file->name));
		if (strlen(name) < sizeof(file->name))
			memcpy(file->name, name, strlen(name));
	}
}

static int hook_rename(const char *from, const char *to)
{
	const char *name;
	struct data_files *files = find_environment(to, &name);
	struct stat moved, replaced;
	bool known = files && stat(from, &moved) == 0;
	bool replaces = files && stat(to, &replaced) == 0;

	if (is_forbidden() || rename(from, to) != 0)
		return errno;
	if (replaces)
		data_files_removed(files, replaced.st_dev, replaced.st_ino);
	if (known) {
		data_files_renamed(files, moved.st_dev, moved.st_ino, name);
		rename_descriptors(&moved, name);
	}
	return 0;
}

static int hook_unlink(const char *path)
{
	const char *name;
	struct data_files *files = find_environment(path, &name);
	struct stat info;
	bool known = files && stat(path, &info) == 0 && info.st_nlink == 1;

	if (is_forbidden() || unlink(path) != 0)
		return errno;
	if (known)
		data_files_removed(files, info.st_dev, info.st_ino);
	return 0;
}

/* ---- environments ---- */

static void install(void)
{
	static bool installed;

	if (installed)
		return;
	installed = true;
	/*
	 * With a read function of ours, libdb takes a page past the end of a file for an error: all
	 * reads of pages are preads. With a write function, all writes are seeks and writes.
	 */
	db_env_set_func_open(hook_open);
	db_env_set_func_pread(hook_pread);
	db_env_set_func_write(hook_write);
	db_env_set_func_seek(hook_seek);
	db_env_set_func_fsync(hook_fsync);
	db_env_set_func_ftruncate(hook_ftruncate);
	db_env_set_func_close(hook_close);
	db_env_set_func_rename(hook_rename);
	db_env_set_func_unlink(hook_unlink);
}

/* The newest environment of a folder is found first. */
bool file_hooks_add(struct data_files *files)
{
	size_t room = 0;

	while (room < ENVIRONMENTS_MAX && environments[room])
		room++;
	if (room == ENVIRONMENTS_MAX)
		return false;
	install();
	forbidden = false;
	memmove(environments + 1, environments, room * sizeof(*environments));
	environments[0] = files;
	return true;
}

void file_hooks_remove(struct data_files *files)
{
	for (size_t i = 0; i < ENVIRONMENTS_MAX; i++) {
		if (environments[i] == files)
			environments[i] = NULL;
	}
	for (size_t i = 0; i < descriptor_count; i++) {
		if (descriptors[i].file.files == files)
			descriptors[i].file.files = NULL;
	}
}
