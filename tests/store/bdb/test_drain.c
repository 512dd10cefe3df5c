/* Pages that a full disk keeps in the ring. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/check.h"
#include "store/bdb/data_files.h"
#include "store/bdb/page_make.h"
#include "store/bdb/page_map.h"

#define FILE_NAME "named.db"
#define PAGES	  200
#define FIRST_BAD 100
/* Each appends all images again: together more than the doublewrite file can have. */
#define DRAINS 50

static uint64_t full_inode; /* the file whose pages from FIRST_BAD on have no space; 0: none */

/* Replaces the function of the C library in this program. */
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	struct stat info;

	if (full_inode != 0 && offset >= (off_t)FIRST_BAD * BDB_PAGE_SIZE &&
		fstat(fd, &info) == 0 && info.st_ino == full_inode) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

static struct damage_table damages;

static void make_path(char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/data/%s", check_temp_dir(), name);
}

static struct data_files *open_files(void)
{
	struct data_files *files;
	char path[PATH_MAX];
	unsigned restored;

	make_path(path, "");
	mkdir(path, 0700);
	assert_int_equal(data_files_open(&files, check_temp_dir(), check_temp_dir(), true, &damages,
				 &restored),
		0);
	return files;
}

static int open_file(struct data_files *files, struct data_file *file)
{
	struct stat info;
	char path[PATH_MAX];
	int fd;

	make_path(path, FILE_NAME);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &info), 0);
	*file = (struct data_file){
		.files = files, .device = info.st_dev, .inode = info.st_ino, .name = FILE_NAME
	};
	return fd;
}

/* The first page of a hash file. */
static void make_meta(unsigned char *page)
{
	uint32_t sum;

	memset(page, 0, BDB_PAGE_SIZE);
	page[PAGE_AT_TYPE] = 8;
	page[52] = 1; /* of its id */
	sum = page_checksum(page);
	memcpy(page + 492, &sum, sizeof(sum));
	assert_int_equal(page_check(page, 0), PAGE_GOOD);
}

static void write_pages(struct data_file *file, int fd)
{
	unsigned char page[BDB_PAGE_SIZE];

	make_meta(page);
	assert_int_equal(data_file_write(file, fd, 0, page), 0);
	for (uint32_t number = 1; number < PAGES; number++) {
		page_make_unused(page, number, 1);
		page_finish(page);
		assert_int_equal(data_file_write(file, fd, number, page), 0);
	}
}

/* A recovery would take it for one that the disk has lost. */
static void page_without_space_is_not_in_the_map(void **state)
{
	struct data_files *files = open_files();
	struct data_file file;
	struct page_map_file map;
	char path[PATH_MAX];
	int fd = open_file(files, &file), folder;

	(void)state;
	full_inode = file.inode;
	for (int i = 0; i < DRAINS; i++) {
		write_pages(&file, fd);
		assert_int_equal(data_file_sync(&file, fd), ENOSPC);
	}
	make_path(path, "");
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(folder >= 0);
	assert_true(page_map_identify(&map, folder, FILE_NAME, fd));
	assert_int_equal(page_map_next(&map, FIRST_BAD, PAGES), PAGES);
	full_inode = 0;
	assert_int_equal(data_file_sync(&file, fd), 0);
	for (uint32_t number = 0; number < PAGES; number++)
		assert_true(page_map_has(&map, number));
	close(folder);
	close(fd);
	data_files_close(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(page_without_space_is_not_in_the_map),
	};

	return CHECK_RUN(tests);
}
