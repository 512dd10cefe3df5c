#include "sys/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"

#define MIB ((uint64_t)1024 * 1024)

static void file_path(const char *home, char *path, size_t size)
{
	snprintf(path, size, "%s/reserve", home);
}

static uint64_t reserve_bytes(const struct conf *conf)
{
	return conf->reserve_mb * MIB;
}

bool reserve_free_bytes(const char *home, uint64_t *bytes, struct err *err)
{
	struct statvfs info;

	if (statvfs(home, &info) != 0)
		return err_set(err, ERR_INTERNAL, "home", "the free space cannot be determined: %s",
			strerror(errno));
	*bytes = (uint64_t)info.f_bavail * info.f_frsize;
	return true;
}

bool reserve_check(
	enum reserve_level *room, uint64_t *free_bytes, const struct conf *conf, struct err *err)
{
	uint64_t least = reserve_bytes(conf);

	if (!reserve_free_bytes(conf->home, free_bytes, err))
		return false;
	*room = *free_bytes < least	  ? RESERVE_LOW
		: *free_bytes < 2 * least ? RESERVE_FAIR
					  : RESERVE_PLENTY;
	return true;
}

void reserve_create(const struct conf *conf)
{
	char path[CONF_TEXT_MAX + 16];
	uint64_t free_bytes = 0;
	struct err err;
	int fd;

	file_path(conf->home, path, sizeof(path));
	/* The file, and twice as much beside it, which is RESERVE_PLENTY. */
	if (access(path, F_OK) == 0 || !reserve_free_bytes(conf->home, &free_bytes, &err) ||
		free_bytes < 3 * reserve_bytes(conf))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, (off_t)reserve_bytes(conf)) != 0)
		unlink(path);
	close(fd);
}

void reserve_release(const char *home)
{
	char path[CONF_TEXT_MAX + 16];

	file_path(home, path, sizeof(path));
	if (unlink(path) == 0)
		log_warn("reserve", "the disk is nearly full: the reserve file was removed");
}
