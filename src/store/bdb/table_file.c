#include "store/bdb/table_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/bdb/data_files_internal.h"
#include "store/engine.h"

int table_file_open(struct data_files *files, unsigned table, struct table_file *opened)
{
	struct data_file *file = &opened->file;
	struct stat info;

	*opened = (struct table_file){ .fd = -1 };
	file->files = files;
	if ((size_t)snprintf(file->name, sizeof(file->name), "%s.db", engine_tables[table].name) >=
		sizeof(file->name))
		return ENAMETOOLONG;
	opened->fd = openat(files->folder, file->name, O_RDONLY | O_CLOEXEC);
	if (opened->fd < 0)
		return errno == ENOENT ? 0 : errno;
	if (fstat(opened->fd, &info) != 0)
		return errno;
	file->device = info.st_dev;
	file->inode = info.st_ino;
	opened->pages = (uint32_t)(info.st_size / BDB_PAGE_SIZE);
	opened->has_map = page_map_identify(&opened->map, files->folder, file->name, opened->fd);
	return 0;
}

void table_file_close(const struct table_file *opened)
{
	if (opened->fd >= 0)
		close(opened->fd);
}

int table_file_read(struct table_file *opened, uint32_t page, void *bytes)
{
	struct page_ring *ring = opened->file.files->ring;
	ssize_t got;
	int rc;

	pthread_mutex_lock(&ring->drain);
	got = data_file_read(&opened->file, opened->fd, page, bytes);
	rc = got < 0 ? errno : 0;
	pthread_mutex_unlock(&ring->drain);
	return rc == 0 && got != BDB_PAGE_SIZE ? ENXIO : rc;
}

int table_file_each(struct table_file *opened, table_file_take *take, void *data)
{
	static unsigned char page[BDB_PAGE_SIZE];
	bool more = true;

	for (uint32_t number = 0; more && number < opened->pages; number++) {
		int rc = table_file_read(opened, number, page);

		if (rc == 0 && page_check(page, number) == PAGE_GOOD)
			more = take(number, page, data);
		else if (rc != 0 && rc != EBADMSG)
			return rc == ENXIO ? 0 : rc;
	}
	return 0;
}
