#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "import/partial.h"

/* <id> or <id>.state: other files are not ours. */
static bool is_ours(const char *name)
{
	struct str text = str_cstr(name);
	struct str id = { name, text.len < ID_TEXT_LEN ? text.len : ID_TEXT_LEN };
	struct str rest = str_skip(text, ID_TEXT_LEN);
	struct id parsed;

	return id_parse(&parsed, id) && (rest.len == 0 || str_eq(rest, STR(".state")));
}

/* A file without a state has no validator. */
static bool has_use(int folder, const char *name)
{
	char state[ID_TEXT_LEN + sizeof(".state")];
	struct stat info;

	if (strlen(name) != ID_TEXT_LEN)
		return true;
	snprintf(state, sizeof(state), "%s.state", name);
	return fstatat(folder, state, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_old(int folder, const char *name, const struct stat *info, int64_t now)
{
	int64_t keep = has_use(folder, name) ? PARTIAL_KEEP_SECONDS : PARTIAL_KEEP_USELESS_SECONDS;

	return S_ISREG(info->st_mode) && info->st_mtime < now - keep;
}

/* The file may be in use, or may have been replaced since it was looked at. */
static void remove_if_old(int folder, const char *name, int64_t now)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat opened, named;

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &opened) == 0 &&
		is_old(folder, name, &opened, now) &&
		fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		named.st_ino == opened.st_ino)
		unlinkat(folder, name, 0);
	close(fd);
}

void partial_remove_old(int folder, int64_t now)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	struct stat info;

	if (!entries) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(entries))) {
		if (is_ours(entry->d_name) &&
			fstatat(folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
			is_old(folder, entry->d_name, &info, now))
			remove_if_old(folder, entry->d_name, now);
	}
	closedir(entries);
}
