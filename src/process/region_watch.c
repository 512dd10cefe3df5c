#include "process/region_watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

static void add(struct region_watch *watch, int folder, const char *name)
{
	struct stat info;

	if (watch->count == REGION_FILES_MAX || strlen(name) >= REGION_NAME_SIZE ||
		fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	memcpy(watch->files[watch->count].name, name, strlen(name) + 1);
	watch->files[watch->count].device = info.st_dev;
	watch->files[watch->count].inode = info.st_ino;
	watch->count++;
}

void region_watch_begin(struct region_watch *watch, const char *folder)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;

	watch->count = 0;
	if (!entries)
		return;
	while ((entry = readdir(entries))) {
		if (store_is_region(entry->d_name))
			add(watch, dirfd(entries), entry->d_name);
	}
	closedir(entries);
}

bool region_watch_holds(const struct region_watch *watch, const char *folder)
{
	struct stat info;
	size_t i = 0;
	int fd;

	if (watch->count == 0)
		return true;
	fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && i < watch->count &&
		fstatat(fd, watch->files[i].name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
		info.st_dev == watch->files[i].device && info.st_ino == watch->files[i].inode)
		i++;
	if (fd >= 0)
		close(fd);
	return i == watch->count;
}
