#include "import/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

bool folder_fail(const char *subject, struct err *err)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
		return err_set(err, ERR_DISK_FULL, NULL, "The disk is full.");
	case EFBIG:
		return err_set(err, ERR_TOO_LARGE, NULL, "The file is too large.");
	default:
		return err_set(err, ERR_INTERNAL, NULL, "%s: %s.", subject, strerror(errno));
	}
}

int folder_open(const char *path, struct err *err)
{
	int fd = open(path, FLAGS);

	if (fd < 0)
		folder_fail("The folder of the media cannot be opened", err);
	return fd;
}

int folder_enter(int parent, const char *name, struct err *err)
{
	bool made = mkdirat(parent, name, 0750) == 0;
	int fd;

	if (!made && errno != EEXIST) {
		folder_fail("A folder of the media cannot be made", err);
		return -1;
	}
	fd = openat(parent, name, FLAGS | O_NOFOLLOW);
	if (fd < 0)
		folder_fail("A folder of the media cannot be opened", err);
	if (fd >= 0 && made && !folder_sync(parent, err)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

bool folder_sync(int folder, struct err *err)
{
	return fsync(folder) == 0 || folder_fail("A folder of the media cannot be written", err);
}
