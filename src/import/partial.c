#include "import/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "import/folder.h"
#include "import/partial_state.h"

#define OPEN_FLAGS (O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
/* How often the file may be replaced by other runs while this one opens it. */
#define OPEN_TRIES 8

static bool fail(struct err *err)
{
	return folder_fail("The partial file cannot be written", err);
}

/* ---- opening ---- */

/* Whether the name still belongs to the opened file. */
static bool is_in_place(const struct partial *partial, const struct stat *opened)
{
	struct stat named;

	return fstatat(partial->folder, partial->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       named.st_dev == opened->st_dev && named.st_ino == opened->st_ino;
}

/*
 * Opens and locks the file. Sets fd to -1 and returns true if another one has to be opened: this
 * one was completed or removed meanwhile, or it has a second name, whose bytes must stay.
 */
static bool open_once(struct partial *partial, struct err *err)
{
	struct stat info;

	partial->fd = openat(partial->folder, partial->name, OPEN_FLAGS | O_CREAT, 0640);
	if (partial->fd < 0)
		return fail(err);
	if (fstat(partial->fd, &info) != 0)
		return fail(err);
	if (!S_ISREG(info.st_mode))
		return err_set(err, ERR_INTERNAL, NULL, "The partial file is not a file.");
	if (flock(partial->fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? err_set(err, ERR_CONFLICT, NULL,
						      "Another worker imports this file now.")
					    : fail(err);
	if (!is_in_place(partial, &info)) {
		partial_close(partial);
	} else if (info.st_nlink > 1) {
		if (unlinkat(partial->folder, partial->name, 0) != 0)
			return fail(err);
		partial_close(partial);
	}
	return true;
}

static bool open_locked(struct partial *partial, struct err *err)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		if (!open_once(partial, err)) {
			partial_close(partial);
			return false;
		}
		if (partial->fd >= 0)
			return true;
	}
	return err_set(err, ERR_CONFLICT, NULL, "Another worker imports this file now.");
}

/* Takes over what is there if its state allows that; else the file is empty. */
static bool take_over(struct partial *partial, struct err *err)
{
	struct stat info;

	if (fstat(partial->fd, &info) != 0)
		return fail(err);
	if (info.st_size > 0 && partial_state_read(partial) &&
		(uint64_t)info.st_size <= partial->total) {
		partial->size = (uint64_t)info.st_size;
		return lseek(partial->fd, 0, SEEK_END) >= 0 || fail(err);
	}
	return partial_restart(partial, NULL, PARTIAL_TOTAL_UNKNOWN, err);
}

bool partial_open(
	struct partial *partial, int folder, const struct id *id, const char *url, struct err *err)
{
	*partial = (struct partial){ .folder = folder, .fd = -1, .total = PARTIAL_TOTAL_UNKNOWN };
	id_format(id, partial->name);
	if (!digest_of_text(str_cstr(url), partial->url_digest, err) || !open_locked(partial, err))
		return false;
	if (!take_over(partial, err)) {
		partial_close(partial);
		return false;
	}
	return true;
}

/* ---- writing ---- */

bool partial_restart(struct partial *partial, const struct partial_version *version, uint64_t total,
	struct err *err)
{
	partial_state_remove(partial);
	if (ftruncate(partial->fd, 0) != 0 || lseek(partial->fd, 0, SEEK_SET) != 0)
		return fail(err);
	partial->size = 0;
	partial->total = total;
	partial->version = version ? *version : (struct partial_version){ 0 };
	return !*partial->version.validator || partial_state_write(partial, err);
}

bool partial_append(struct partial *partial, const void *bytes, size_t len, struct err *err)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t done = write(partial->fd, at, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail(err);
		at += done;
		len -= (size_t)done;
		partial->size += (uint64_t)done;
	}
	return true;
}

bool partial_is_complete(const struct partial *partial)
{
	return partial->total != PARTIAL_TOTAL_UNKNOWN && partial->size == partial->total;
}

bool partial_check_room(const struct partial *partial, uint64_t bytes, struct err *err)
{
	struct statvfs system;

	if (fstatvfs(partial->fd, &system) != 0)
		return fail(err);
	return bytes / system.f_frsize < system.f_bavail ||
	       err_set(err, ERR_DISK_FULL, NULL, "The disk has no room for the file.");
}

/* ---- the end ---- */

void partial_remove(struct partial *partial)
{
	struct stat info;

	if (fstat(partial->fd, &info) == 0 && is_in_place(partial, &info))
		unlinkat(partial->folder, partial->name, 0);
	partial_state_remove(partial);
}

void partial_close(struct partial *partial)
{
	if (partial->fd >= 0)
		close(partial->fd);
	partial->fd = -1;
}
