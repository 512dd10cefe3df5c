#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/bdb/bdb.h"

/* Whether all bytes from offset to the end are zero; false for a file that cannot be read. */
static bool is_zero_from(int fd, off_t offset, off_t size)
{
	static const char zero[4096];
	char bytes[sizeof(zero)];

	while (offset < size && (offset = lseek(fd, offset, SEEK_DATA)) >= 0 && offset < size) {
		ssize_t got = pread(fd, bytes, sizeof(bytes), offset);

		if (got <= 0 || memcmp(bytes, zero, (size_t)got) != 0)
			return false;
		offset += got;
	}
	return true;
}

/* The path of the log with the highest number, in libdb's naming; false when there is none. */
static bool find_last(const char *folder, char *path, size_t size)
{
	unsigned last = 0, number;
	struct dirent *entry;
	DIR *logs = opendir(folder);
	int len;

	if (!logs)
		return false;
	while ((entry = readdir(logs))) {
		if (sscanf(entry->d_name, "log.%u", &number) == 1 && number > last)
			last = number;
	}
	closedir(logs);
	len = snprintf(path, size, "%s/log.%010u", folder, last);
	return last > 0 && len > 0 && (size_t)len < size;
}

void bdb_trim_wal(const char *folder)
{
	char path[PATH_MAX];
	struct stat info;
	off_t hole;
	int fd;

	if (!find_last(folder, path, sizeof(path)))
		return;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &info) == 0 && (hole = lseek(fd, 0, SEEK_HOLE)) > 0 && hole < info.st_size &&
		is_zero_from(fd, hole, info.st_size) && ftruncate(fd, hole) == 0)
		log_debug("log-cut", "cut %lld unwritten bytes off the last log file",
			(long long)(info.st_size - hole));
	close(fd);
}
