/*
 * Preloaded library that records every change of files below some directories: tests/crash/cuts.py
 * builds from the records how the files could be after a power cut.
 *
 *     POLYTASK_RECORD         directory of the records; it has the file `sequence` of 8 bytes
 *     POLYTASK_RECORD_BELOW   the recorded directories, absolute, without links, separated by ':'
 *
 * Each process appends to a file of its own, named by its pid. A call writes two records: one with
 * the contents before it, and one with the result after it. Both take a number from the counter in
 * `sequence`, which all processes map. So a sync covers exactly those writes whose second number is
 * smaller than the sync's first one, and whatever a process does after a sync has larger numbers
 * than both. A reader of the counter learns which records are older than a response.
 *
 * Files are named by device and inode, and by their real path, whatever path the caller used. Calls
 * that change files in another way (mapped writes, streams of stdio) are recorded as UNSUPPORTED.
 */
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static _Atomic uint64_t *sequence; /* NULL: nothing is recorded */
/* Copies: setproctitle writes over the environment. */
static char records[PATH_MAX - 32], below[2 * PATH_MAX];
static int journal = -1;
static pid_t journal_pid;

/* ---- the journal of this process ---- */

__attribute__((constructor)) static void start(void)
{
	const char *folder = getenv("POLYTASK_RECORD"), *roots = getenv("POLYTASK_RECORD_BELOW");
	char path[PATH_MAX];
	void *map;
	int fd;

	if (!folder || !roots)
		return;
	snprintf(records, sizeof(records), "%s", folder);
	snprintf(below, sizeof(below), "%s", roots);
	snprintf(path, sizeof(path), "%s/sequence", records);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	map = fd < 0 ? MAP_FAILED
		     : (void *)syscall(SYS_mmap, NULL, sizeof(*sequence), PROT_READ | PROT_WRITE,
			       MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		fprintf(stderr, "recorder: cannot map %s: %s\n", path, strerror(errno));
		abort();
	}
	syscall(SYS_close, fd);
	sequence = map;
}

static void open_journal(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%d", records, (int)getpid());
	journal = (int)syscall(
		SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	journal_pid = getpid();
}

uint64_t recorder_begin(
	struct record *record, const char *path, const char *target, const void *data)
{
	struct iovec parts[] = {
		{ record, sizeof(*record) },
		{ (void *)(uintptr_t)path, path ? strlen(path) : 0 },
		{ (void *)(uintptr_t)target, target ? strlen(target) : 0 },
		{ (void *)(uintptr_t)data, data ? (size_t)record->length : 0 },
	};
	int error = errno;

	if (journal_pid != getpid())
		open_journal();
	record->magic = RECORD_MAGIC;
	record->path_size = (uint32_t)parts[1].iov_len;
	record->target_size = (uint32_t)parts[2].iov_len;
	record->data_size = parts[3].iov_len;
	record->number = atomic_fetch_add(sequence, 1);
	if (syscall(SYS_writev, journal, parts, 4) < 0)
		abort();
	errno = error;
	return record->number;
}

void recorder_end(uint64_t begun, int64_t result, int fd)
{
	struct record record = { .kind = RECORD_END, .begun = begun, .result = result };
	struct stat info;

	if (fd >= 0 && fstat(fd, &info) == 0) {
		record.device = info.st_dev;
		record.inode = info.st_ino;
	}
	recorder_begin(&record, NULL, NULL, NULL);
}

/* ---- which files are recorded ---- */

static bool is_below(const char *path)
{
	for (const char *root = below; *root; root += *root == ':') {
		size_t size = strcspn(root, ":");

		if (strncmp(path, root, size) == 0 && (path[size] == '/' || path[size] == '\0'))
			return true;
		root += size;
	}
	return false;
}

/* The real path of a descriptor. */
static bool find_path(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, path, PATH_MAX - 1);
	path[size > 0 ? size : 0] = '\0';
	return size > 0;
}

bool recorder_find(int fd, struct record *record, char path[PATH_MAX])
{
	int error = errno;
	struct stat info;
	bool found;

	found = sequence && fstat(fd, &info) == 0 &&
		(S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) && find_path(fd, path) &&
		is_below(path);
	errno = error;
	if (!found)
		return false;
	record->device = info.st_dev;
	record->inode = info.st_ino;
	record->size_before = info.st_size;
	if (fcntl(fd, F_GETFL) & O_DSYNC)
		record->flags |= RECORD_DSYNC;
	if (S_ISDIR(info.st_mode))
		record->flags |= RECORD_FOLDER;
	return true;
}

bool recorder_resolve(int folder, const char *name, char path[PATH_MAX])
{
	const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
	char parent[PATH_MAX];
	int error = errno, fd;
	bool found;
	size_t used;

	if (!sequence)
		return false;
	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - name) + 1 : 1,
		slash ? name : ".");
	fd = (int)syscall(SYS_openat, folder, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	found = fd >= 0 && find_path(fd, path) && is_below(path);
	if (fd >= 0)
		syscall(SYS_close, fd);
	used = found ? strlen(path) : 0;
	if (found)
		snprintf(path + used, PATH_MAX - used, "/%s", last);
	errno = error;
	return found;
}
