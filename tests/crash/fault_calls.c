#include "crash/fault_calls.h"

#ifndef POLYTASK_SANITIZED
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const bool fault_available = true;

static struct fault armed;
static unsigned count;
static bool inside;

/* Names of libc's own functions, and the checked forms of open that _FORTIFY_SOURCE selects. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
int __open_2(const char *name, int flags);
int __open64_2(const char *name, int flags);
int __openat_2(int folder, const char *name, int flags);

void fault_arm(const struct fault *fault)
{
	armed = *fault;
	count = 0;
}

void fault_enter(void)
{
	inside = true;
}

void fault_leave(void)
{
	inside = false;
}

unsigned fault_count(void)
{
	return count;
}

static void die(void)
{
	syscall(SYS_kill, getpid(), SIGKILL);
}

/* Whether this is the call to fail; sets errno. */
static bool fails(enum fault_kind kind)
{
	if (!inside || kind != armed.kind)
		return false;
	count++;
	if (count == armed.number && armed.mode == FAULT_KILL_BEFORE)
		die();
	if (count != armed.number && (armed.mode != FAULT_ALWAYS || count < armed.number))
		return false;
	if (armed.number == 0 || armed.mode > FAULT_ALWAYS)
		return false;
	errno = armed.error;
	return true;
}

/* After a call that did not fail here. */
static void after(enum fault_kind kind)
{
	if (inside && kind == armed.kind && armed.mode == FAULT_KILL_AFTER && count == armed.number)
		die();
}

/* ---- files ---- */

static int do_open(int folder, const char *name, int flags, mode_t mode)
{
	int fd;

	if (fails(FAULT_OPEN))
		return -1;
	fd = (int)syscall(SYS_openat, folder, name, flags, mode);
	after(FAULT_OPEN);
	return fd;
}

int open(const char *name, int flags, ...)
{
	va_list arguments;
	mode_t mode = 0;

	va_start(arguments, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(arguments, unsigned int);
	va_end(arguments);
	return do_open(AT_FDCWD, name, flags, mode);
}

int openat(int folder, const char *name, int flags, ...)
{
	va_list arguments;
	mode_t mode = 0;

	va_start(arguments, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(arguments, unsigned int);
	va_end(arguments);
	return do_open(folder, name, flags, mode);
}

int __open_2(const char *name, int flags)
{
	return do_open(AT_FDCWD, name, flags, 0);
}

int __open64_2(const char *name, int flags)
{
	return do_open(AT_FDCWD, name, flags, 0);
}

int __openat_2(int folder, const char *name, int flags)
{
	return do_open(folder, name, flags, 0);
}

ssize_t read(int fd, void *data, size_t size)
{
	ssize_t got = fails(FAULT_READ) ? -1 : syscall(SYS_read, fd, data, size);

	after(FAULT_READ);
	return got;
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
	ssize_t got = fails(FAULT_READ) ? -1 : syscall(SYS_pread64, fd, data, size, offset);

	after(FAULT_READ);
	return got;
}

static bool is_half(void)
{
	return inside && armed.kind == FAULT_WRITE && armed.mode == FAULT_HALF &&
	       count == armed.number;
}

/* The kernel looks for SIGKILL between pages: those of libdb, of 4096 bytes, are not divided. */
static size_t written_size(size_t size)
{
	if (!is_half())
		return size;
	return size % 4096 == 0 ? size / 8192 * 4096 : size / 2;
}

ssize_t write(int fd, const void *data, size_t size)
{
	ssize_t done;

	if (fails(FAULT_WRITE))
		return -1;
	done = syscall(SYS_write, fd, data, written_size(size));
	if (is_half())
		die();
	after(FAULT_WRITE);
	return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	ssize_t done;

	if (fails(FAULT_WRITE))
		return -1;
	done = syscall(SYS_pwrite64, fd, data, written_size(size), offset);
	if (is_half())
		die();
	after(FAULT_WRITE);
	return done;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t size)
{
	ssize_t done;

	if (fails(FAULT_WRITE))
		return -1;
	done = syscall(SYS_sendfile, to, from, offset, written_size(size));
	if (is_half())
		die();
	after(FAULT_WRITE);
	return done;
}

int fsync(int fd)
{
	int rc = fails(FAULT_SYNC) ? -1 : (int)syscall(SYS_fsync, fd);

	after(FAULT_SYNC);
	return rc;
}

int fdatasync(int fd)
{
	int rc = fails(FAULT_SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);

	after(FAULT_SYNC);
	return rc;
}

int ftruncate(int fd, off_t size)
{
	int rc = fails(FAULT_SIZE) ? -1 : (int)syscall(SYS_ftruncate, fd, size);

	after(FAULT_SIZE);
	return rc;
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
	int rc = fails(FAULT_SIZE) || syscall(SYS_fallocate, fd, 0, offset, size) != 0 ? errno : 0;

	after(FAULT_SIZE);
	return rc;
}

/* ---- names ---- */

int renameat(int folder, const char *name, int target_folder, const char *target)
{
	int rc = fails(FAULT_NAME)
			 ? -1
			 : (int)syscall(SYS_renameat, folder, name, target_folder, target);

	after(FAULT_NAME);
	return rc;
}

int rename(const char *name, const char *target)
{
	return renameat(AT_FDCWD, name, AT_FDCWD, target);
}

int unlinkat(int folder, const char *name, int flags)
{
	int rc = fails(FAULT_NAME) ? -1 : (int)syscall(SYS_unlinkat, folder, name, flags);

	after(FAULT_NAME);
	return rc;
}

int unlink(const char *name)
{
	return unlinkat(AT_FDCWD, name, 0);
}

int mkdir(const char *name, mode_t mode)
{
	int rc = fails(FAULT_NAME) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode);

	after(FAULT_NAME);
	return rc;
}

int symlink(const char *text, const char *name)
{
	int rc = fails(FAULT_NAME) ? -1 : (int)syscall(SYS_symlinkat, text, AT_FDCWD, name);

	after(FAULT_NAME);
	return rc;
}

/* ---- memory ---- */

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	void *map = fails(FAULT_MAP) ? MAP_FAILED
				     : (void *)syscall(SYS_mmap, address, size, protection, flags,
					       fd, offset);

	after(FAULT_MAP);
	return map;
}

void *malloc(size_t size)
{
	void *memory = fails(FAULT_MEMORY) ? NULL : __libc_malloc(size);

	after(FAULT_MEMORY);
	return memory;
}

void *calloc(size_t number, size_t size)
{
	void *memory = fails(FAULT_MEMORY) ? NULL : __libc_calloc(number, size);

	after(FAULT_MEMORY);
	return memory;
}

void *realloc(void *memory, size_t size)
{
	void *larger = fails(FAULT_MEMORY) ? NULL : __libc_realloc(memory, size);

	after(FAULT_MEMORY);
	return larger;
}
#else
const bool fault_available = false;

void fault_arm(const struct fault *fault)
{
	(void)fault;
}

void fault_enter(void)
{
}

void fault_leave(void)
{
}

unsigned fault_count(void)
{
	return 0;
}
#endif
