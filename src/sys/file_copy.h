#pragma once
/*
 * Copies of files for backups. Names are relative to open directories. A copy gets its name only
 * when all of it is on disk; the caller syncs the directory. Errors: ERR_NOT_FOUND (no such file),
 * ERR_DISK_FULL, ERR_INTERNAL, and those of the pace.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Called after each piece of a copy, of at most 1 MiB; false ends the copy with that error. */
struct file_pace {
	bool (*wait)(size_t bytes, void *data, struct err *err);
	void *data;
};

#define FILE_WHOLE UINT64_MAX

/*
 * Copies the first `size` bytes (FILE_WHOLE: all), with its holes, to a new file of mode 0600 or
 * over an existing one. ERR_INTERNAL if the file is shorter.
 */
bool file_copy(int from, int to, const char *name, uint64_t size, const struct file_pace *pace,
	struct err *err);
/* Writes a whole file, of mode 0600, and syncs it and its directory. */
bool file_write(int folder, const char *name, struct str text, struct err *err);
/* Appends a whole file of at most `limit` bytes. */
bool file_read(int folder, const char *name, size_t limit, struct buf *out, struct err *err);
/* Removes a file, or a folder with all that is in it. A missing one is no error. */
bool file_remove(int folder, const char *name, struct err *err);
/* Opens a folder in another one, with `create` after making it (0700). Returns -1 on failure. */
int file_open_folder(int folder, const char *name, bool create, struct err *err);
bool file_sync(int fd, const char *name, struct err *err);
