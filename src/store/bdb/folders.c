/*
 * The folders of the environment. libdb keeps its regions in its own home, which is here the folder
 * of the regions, and writes the names of data folders into the logs. The names must be relative:
 * recovery of a copy of the logs would otherwise replace the files of the original. So the folder
 * of the regions has two symbolic links, `data` and `log`, to home/data and home/log.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/bdb/bdb.h"
#include "store/bdb/page_ring.h"

static int make_folder(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return len ? ENAMETOOLONG : ENOENT;
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return errno;
		part[i] = path[i];
	}
	return 0;
}

/* Regions left by a killed service may have another size or library version. */
static int empty_regions(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (!folder)
		return errno;
	while (rc == 0 && (entry = readdir(folder))) {
		if ((strncmp(entry->d_name, "__db.", 5) == 0 ||
			    strcmp(entry->d_name, RING_FILE) == 0) &&
			unlinkat(dirfd(folder), entry->d_name, 0) != 0)
			rc = errno;
	}
	closedir(folder);
	return rc;
}

static int join(char path[PATH_MAX], const char *folder, const char *name)
{
	int len = snprintf(path, PATH_MAX, "%s/%s", folder, name);

	return len < 0 || len >= PATH_MAX ? ENAMETOOLONG : 0;
}

/* The absolute path of home/name. */
static int sub_folder(const char *home, const char *name, bool create, char path[PATH_MAX])
{
	char joined[PATH_MAX];
	int rc = join(joined, home, name);

	if (rc == 0 && create)
		rc = make_folder(joined);
	if (rc == 0 && !realpath(joined, path))
		rc = errno;
	return rc;
}

/*
 * Makes the path lead to target, replacing a link to another folder. Home and regions may be one
 * folder, which then needs no link.
 */
static int link_to(struct bdb *bdb, const char *path, const char *target)
{
	char found[PATH_MAX];
	struct stat info;

	if (realpath(path, found) && strcmp(found, target) == 0)
		return 0;
	if (lstat(path, &info) == 0 && !S_ISLNK(info.st_mode)) {
		snprintf(bdb->engine.message, sizeof(bdb->engine.message),
			"'%s' in the folder of the regions is not a link: set regions to a folder"
			" of its own",
			strrchr(path, '/') + 1);
		return EEXIST;
	}
	if (unlink(path) != 0 && errno != ENOENT)
		return errno;
	return symlink(target, path) == 0 ? 0 : errno;
}

static int link_folder(
	struct bdb *bdb, const struct engine_options *options, const char *name, bool create)
{
	char target[PATH_MAX], path[PATH_MAX];
	int rc = sub_folder(options->home, name, create, target);

	if (rc == 0 && create && strcmp(name, BDB_LOG_FOLDER) == 0)
		bdb_trim_wal(target);
	if (rc == 0 && create)
		rc = join(path, options->regions, name);
	if (rc == 0 && create)
		rc = link_to(bdb, path, target);
	return rc;
}

static int make_folders(struct bdb *bdb, const struct engine_options *options)
{
	bool create = options->mode == ENGINE_RECOVER;
	int rc = create ? make_folder(options->regions) : 0;

	if (rc == 0 && create)
		rc = empty_regions(options->regions);
	if (rc == 0)
		rc = link_folder(bdb, options, BDB_DATA_FOLDER, create);
	if (rc == 0)
		rc = link_folder(bdb, options, BDB_LOG_FOLDER, create);
	return rc;
}

int bdb_set_folders(struct bdb *bdb, const struct engine_options *options)
{
	DB_ENV *env = bdb->env;
	/* A restore has private regions, and the home is libdb's. */
	int rc = options->mode == ENGINE_RESTORE ? 0 : make_folders(bdb, options);

	if (rc == 0)
		rc = env->set_data_dir(env, BDB_DATA_FOLDER);
	if (rc == 0)
		rc = env->set_create_dir(env, BDB_DATA_FOLDER);
	if (rc == 0)
		rc = env->set_lg_dir(env, BDB_LOG_FOLDER);
	return rc;
}

/* ---- names on the disk ---- */

static int sync_folder(const char *home, const char *name)
{
	char path[PATH_MAX];
	int rc = join(path, home, name), fd = -1;

	if (rc == 0 && (fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		rc = errno;
	if (rc == 0 && fsync(fd) != 0)
		rc = errno;
	if (fd >= 0)
		close(fd);
	return rc;
}

int bdb_sync_folders(const struct engine_options *options)
{
	int rc = sync_folder(options->home, BDB_DATA_FOLDER);

	if (rc == 0)
		rc = sync_folder(options->home, BDB_LOG_FOLDER);
	return rc == 0 ? sync_folder(options->home, ".") : rc;
}
