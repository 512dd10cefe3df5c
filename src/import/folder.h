#pragma once
/*
 * Folders below the one of the media. They are opened one by one, and a symbolic link is never
 * followed, so that a name of a client or another user's link cannot lead outside.
 */
#include "base/err.h"

/*
 * Fills in the error of a file or folder from errno and returns false: ERR_DISK_FULL for want of
 * space, ERR_TOO_LARGE beyond the limit of the process (RLIMIT_FSIZE), else ERR_INTERNAL. The
 * sentence has the subject ("The folder of the media cannot be opened"), not the name.
 */
bool folder_fail(const char *subject, struct err *err);

/* Opens the folder of the media, which may itself be a link. -1 on failure. */
int folder_open(const char *path, struct err *err);
/* Opens a folder in another one, after making it (mode 0750) if it is missing. -1 on failure. */
int folder_enter(int parent, const char *name, struct err *err);
bool folder_sync(int folder, struct err *err);
