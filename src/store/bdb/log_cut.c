#include "store/bdb/log_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/transfer/backup.h"

#define NEW_NAME       "cut"
#define KEPT_NAME_SIZE (STORE_LOG_NAME_SIZE + sizeof(".damaged"))

/* ---- files ---- */

static int write_durably(int folder, const void *bytes, size_t size)
{
	int fd = openat(
		folder, NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t done = 0;
	int rc = 0;

	if (fd < 0)
		return errno;
	for (size_t at = 0; rc == 0 && at < size; at += (size_t)done) {
		done = write(fd, (const char *)bytes + at, size - at);
		if (done < 0) {
			rc = errno;
			done = 0;
		}
	}
	if (rc == 0 && fsync(fd) != 0)
		rc = errno;
	close(fd);
	return rc;
}

/* The name under which the bytes of a log are kept. */
static void kept_name(uint32_t number, char name[KEPT_NAME_SIZE])
{
	char log[STORE_LOG_NAME_SIZE];

	store_log_name(number, log);
	snprintf(name, KEPT_NAME_SIZE, "%s.damaged", log);
}

/* If an earlier call has kept the log, that copy has more bytes: it stays. */
static int replace(int folder, uint32_t number, const void *bytes, size_t size)
{
	char name[STORE_LOG_NAME_SIZE], kept[KEPT_NAME_SIZE];
	int rc = write_durably(folder, bytes, size);

	store_log_name(number, name);
	kept_name(number, kept);
	if (rc == 0 && linkat(folder, name, folder, kept, 0) != 0 && errno != EEXIST)
		rc = errno;
	if (rc == 0 && renameat(folder, NEW_NAME, folder, name) != 0)
		rc = errno;
	return rc;
}

static int set_aside(int folder, uint32_t number)
{
	char name[STORE_LOG_NAME_SIZE], kept[KEPT_NAME_SIZE];

	store_log_name(number, name);
	kept_name(number, kept);
	return renameat(folder, name, folder, kept) == 0 || errno == ENOENT ? 0 : errno;
}

static int read_log(int folder, struct log_position end, char **bytes)
{
	char name[STORE_LOG_NAME_SIZE];
	ssize_t got;
	int fd, rc = 0;

	store_log_name(end.number, name);
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	*bytes = malloc(end.offset);
	if (!*bytes)
		rc = ENOMEM;
	got = rc == 0 ? pread(fd, *bytes, end.offset, 0) : 0;
	if (rc == 0 && got != (ssize_t)end.offset)
		rc = got < 0 ? errno : EIO;
	close(fd);
	return rc;
}

/* ---- the logs ---- */

int log_cut(int folder, struct log_position end)
{
	char *log = NULL;
	uint32_t newest;
	int rc = log_find_newest(folder, &newest);

	if (rc == 0)
		rc = read_log(folder, end, &log);
	if (rc == 0)
		rc = replace(folder, end.number, log, end.offset);
	for (uint32_t number = newest; rc == 0 && number > end.number; number--)
		rc = set_aside(folder, number);
	if (rc == 0 && fsync(folder) != 0)
		rc = errno;
	free(log);
	return rc;
}
