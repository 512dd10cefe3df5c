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

uint64_t reserve_bytes(const struct conf *conf)
{
	return conf->reserve_mb * MIB;
}

bool reserve_read_disk(struct reserve_disk *disk, const char *home, struct err *err)
{
	struct statvfs info;

	if (statvfs(home, &info) != 0)
		return err_set(err, ERR_INTERNAL, "home", "the free space cannot be determined: %s",
			strerror(errno));
	disk->free = (uint64_t)info.f_bavail * info.f_frsize;
	disk->size = (uint64_t)info.f_blocks * info.f_frsize;
	return true;
}

bool reserve_check(enum reserve_level *room, struct reserve_disk *disk, const struct conf *conf,
	struct err *err)
{
	uint64_t least = reserve_bytes(conf);

	if (!reserve_read_disk(disk, conf->home, err))
		return false;
	*room = disk->free < least	 ? RESERVE_LOW
		: disk->free < 2 * least ? RESERVE_FAIR
					 : RESERVE_PLENTY;
	return true;
}

void reserve_create(const struct conf *conf)
{
	char path[CONF_TEXT_MAX + 16];
	struct reserve_disk disk;
	struct err err;
	int fd;

	file_path(conf->home, path, sizeof(path));
	/* The file, and twice as much beside it, which is RESERVE_PLENTY. */
	if (access(path, F_OK) == 0 || !reserve_read_disk(&disk, conf->home, &err) ||
		disk.free < 3 * reserve_bytes(conf))
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
