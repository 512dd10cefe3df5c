/* Calls of the preloaded library that create, rename and remove files (recorder.c). */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recorder.h"

/* The checked forms of open, which _FORTIFY_SOURCE selects. */
int __open_2(const char *name, int flags);
int __open64_2(const char *name, int flags);
int __openat_2(int folder, const char *name, int flags);
int __openat64_2(int folder, const char *name, int flags);

/* ---- open ---- */

static int real_open(int folder, const char *name, int flags, mode_t mode)
{
	return (int)syscall(SYS_openat, folder, name, flags, mode);
}

/* Creates the file, or fails with EEXIST. */
static int create(int folder, const char *name, int flags, mode_t mode, const char *path)
{
	struct record record = { .kind = RECORD_CREATE };
	uint64_t begun = recorder_begin(&record, path, NULL, NULL);
	int fd = real_open(folder, name, flags | O_EXCL, mode);

	recorder_end(begun, fd < 0 ? -1 : 0, fd);
	return fd;
}

/* O_TRUNC is carried out as a call of its own, so that it is recorded. */
static int open_existing(int folder, const char *name, int flags)
{
	int fd = real_open(folder, name, flags & ~(O_CREAT | O_TRUNC), 0);

	if (fd >= 0 && (flags & O_TRUNC) && ftruncate(fd, 0) != 0) {
		syscall(SYS_close, fd);
		return -1;
	}
	return fd;
}

static int recorded_open(int folder, const char *name, int flags, mode_t mode)
{
	char path[PATH_MAX];
	int fd;

	if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE ||
		!recorder_resolve(folder, name, path))
		return real_open(folder, name, flags, mode);
	if (flags & O_EXCL)
		return create(folder, name, flags, mode, path);
	/* Another process may create or remove the file between the two calls. */
	do {
		fd = open_existing(folder, name, flags);
		if (fd >= 0 || errno != ENOENT || !(flags & O_CREAT))
			return fd;
		fd = create(folder, name, flags, mode, path);
	} while (fd < 0 && errno == EEXIST);
	return fd;
}

#define OPEN_MODE(mode, flags)                                                                \
	do {                                                                                  \
		va_list arguments;                                                            \
		va_start(arguments, flags);                                                   \
		mode = (flags) & (O_CREAT | O_TMPFILE) ? va_arg(arguments, unsigned int) : 0; \
		va_end(arguments);                                                            \
	} while (0)

int open(const char *name, int flags, ...)
{
	mode_t mode;

	OPEN_MODE(mode, flags);
	return recorded_open(AT_FDCWD, name, flags, mode);
}

int open64(const char *name, int flags, ...)
{
	mode_t mode;

	OPEN_MODE(mode, flags);
	return recorded_open(AT_FDCWD, name, flags, mode);
}

int openat(int folder, const char *name, int flags, ...)
{
	mode_t mode;

	OPEN_MODE(mode, flags);
	return recorded_open(folder, name, flags, mode);
}

int openat64(int folder, const char *name, int flags, ...)
{
	mode_t mode;

	OPEN_MODE(mode, flags);
	return recorded_open(folder, name, flags, mode);
}

int __open_2(const char *name, int flags)
{
	return recorded_open(AT_FDCWD, name, flags, 0);
}

int __open64_2(const char *name, int flags)
{
	return recorded_open(AT_FDCWD, name, flags, 0);
}

int __openat_2(int folder, const char *name, int flags)
{
	return recorded_open(folder, name, flags, 0);
}

int __openat64_2(int folder, const char *name, int flags)
{
	return recorded_open(folder, name, flags, 0);
}

int creat(const char *name, mode_t mode)
{
	return recorded_open(AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* libc writes a stream by calls of its own. */
FILE *fopen(const char *name, const char *mode)
{
	FILE *(*next)(const char *, const char *);
	struct record record = { .kind = RECORD_UNSUPPORTED };
	char path[PATH_MAX];

	*(void **)&next = dlsym(RTLD_NEXT, "fopen");
	if (strpbrk(mode, "wa+") && recorder_resolve(AT_FDCWD, name, path))
		recorder_begin(&record, path, NULL, NULL);
	return next(name, mode);
}

FILE *fopen64(const char *name, const char *mode)
{
	return fopen(name, mode);
}

/* ---- names ---- */

static int end_name(bool recorded, uint64_t begun, long rc)
{
	if (recorded)
		recorder_end(begun, rc, -1);
	return (int)rc;
}

static uint64_t begin_name(
	bool recorded, enum record_kind kind, const char *path, const char *target)
{
	struct record record = { .kind = kind };

	return recorded ? recorder_begin(&record, path, target, NULL) : 0;
}

int mkdirat(int folder, const char *name, mode_t mode)
{
	char path[PATH_MAX];
	bool recorded = recorder_resolve(folder, name, path);
	uint64_t begun = begin_name(recorded, RECORD_MKDIR, path, NULL);

	return end_name(recorded, begun, syscall(SYS_mkdirat, folder, name, mode));
}

int mkdir(const char *name, mode_t mode)
{
	return mkdirat(AT_FDCWD, name, mode);
}

int unlinkat(int folder, const char *name, int flags)
{
	char path[PATH_MAX];
	bool recorded = recorder_resolve(folder, name, path);
	uint64_t begun = begin_name(recorded, RECORD_UNLINK, path, NULL);

	return end_name(recorded, begun, syscall(SYS_unlinkat, folder, name, flags));
}

int unlink(const char *name)
{
	return unlinkat(AT_FDCWD, name, 0);
}

int rmdir(const char *name)
{
	return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

int remove(const char *name)
{
	int rc = unlink(name);

	return rc != 0 && (errno == EISDIR || errno == EPERM) ? rmdir(name) : rc;
}

int renameat2(int folder, const char *name, int target_folder, const char *target, unsigned flags)
{
	char path[PATH_MAX], target_path[PATH_MAX];
	bool from = recorder_resolve(folder, name, path);
	bool to = recorder_resolve(target_folder, target, target_path);
	/* A move from or to another place, and an exchange, have no record. */
	enum record_kind kind = from && to && flags == 0 ? RECORD_RENAME : RECORD_UNSUPPORTED;
	uint64_t begun = begin_name(
		from || to, kind, from ? path : target_path, to ? target_path : NULL);

	return end_name(from || to, begun,
		syscall(SYS_renameat2, folder, name, target_folder, target, flags));
}

int renameat(int folder, const char *name, int target_folder, const char *target)
{
	return renameat2(folder, name, target_folder, target, 0);
}

int rename(const char *name, const char *target)
{
	return renameat2(AT_FDCWD, name, AT_FDCWD, target, 0);
}

int linkat(int folder, const char *name, int target_folder, const char *target, int flags)
{
	char path[PATH_MAX], target_path[PATH_MAX];
	bool from = recorder_resolve(folder, name, path);
	bool to = recorder_resolve(target_folder, target, target_path);
	enum record_kind kind = from && to ? RECORD_LINK : RECORD_UNSUPPORTED;
	uint64_t begun = begin_name(to, kind, from ? path : target_path, target_path);

	return end_name(to, begun, syscall(SYS_linkat, folder, name, target_folder, target, flags));
}

int link(const char *name, const char *target)
{
	return linkat(AT_FDCWD, name, AT_FDCWD, target, 0);
}

int symlinkat(const char *text, int folder, const char *name)
{
	char path[PATH_MAX];
	bool recorded = recorder_resolve(folder, name, path);
	uint64_t begun = begin_name(recorded, RECORD_SYMLINK, path, text);

	return end_name(recorded, begun, syscall(SYS_symlinkat, text, folder, name));
}

int symlink(const char *text, const char *name)
{
	return symlinkat(text, AT_FDCWD, name);
}

int truncate(const char *name, off_t size)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	rc = ftruncate(fd, size);
	syscall(SYS_close, fd);
	return rc;
}
