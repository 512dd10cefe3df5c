#include "ctl/backup_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/store_options.h"
#include "dialect/check.h"
#include "sys/service_user.h"

/* ---- folders ---- */

bool copy_tree_open(struct copy_tree *tree, int folder, bool create, struct err *err)
{
	*tree = (struct copy_tree){ folder, -1, -1 };
	tree->data = file_open_folder(folder, DATA_FOLDER, create, err);
	if (tree->data >= 0)
		tree->log = file_open_folder(folder, LOG_FOLDER, create, err);
	return tree->log >= 0;
}

void copy_tree_close(struct copy_tree *tree)
{
	const int all[] = { tree->log, tree->data, tree->folder };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] >= 0)
			close(all[i]);
	}
	*tree = (struct copy_tree){ -1, -1, -1 };
}

bool copy_tree_sync(const struct copy_tree *tree, struct err *err)
{
	return file_sync(tree->data, DATA_FOLDER, err) && file_sync(tree->log, LOG_FOLDER, err) &&
	       file_sync(tree->folder, "the folder", err);
}

/* The end of the sentence about a folder that is not empty. */
static const char *rest_in(int folder)
{
	if (faccessat(folder, COPY_INCOMPLETE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return ": it has an unfinished backup; remove it, then run the command again";
	if (faccessat(folder, STORE_UNFINISHED, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return ": it has an unfinished restore; remove it, then run the command again";
	return "";
}

static bool is_empty(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	unsigned count = 0;

	if (!entries)
		return false;
	while ((entry = readdir(entries)))
		count++;
	closedir(entries);
	return count <= 2; /* "." and ".." */
}

bool copy_open_folder(const char *path, bool create, int *folder, struct err *err)
{
	int fd;

	if (create && mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_set(err, service_user_error(errno), NULL, "%s cannot be created: %s",
			path, strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err,
			!create && errno == ENOENT ? ERR_NOT_FOUND : service_user_error(errno),
			NULL, "%s cannot be opened: %s%s", path, strerror(errno),
			service_user_hint(errno));
	if (create && !is_empty(fd)) {
		err_set(err, ERR_CONFLICT, NULL, "%s is not empty%s", path, rest_in(fd));
		close(fd);
		return false;
	}
	*folder = fd;
	return true;
}

/* ---- files ---- */

uint64_t copy_folder_bytes(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	struct stat status;
	uint64_t sum = 0;

	while (entries && (entry = readdir(entries))) {
		if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(status.st_mode))
			sum += (uint64_t)status.st_size;
	}
	if (entries)
		closedir(entries);
	else if (fd >= 0)
		close(fd);
	return sum;
}

void copy_log_entry(uint64_t number, char entry[LOG_ENTRY_MAX])
{
	char name[STORE_LOG_NAME_SIZE];

	store_log_name(number, name);
	snprintf(entry, LOG_ENTRY_MAX, LOG_FOLDER "/%s", name);
}

bool copy_entries(const struct manifest *manifest, const struct copy_tree *from,
	const struct copy_tree *to, const struct file_pace *pace, struct err *err)
{
	const char *entry;
	json_t *file;

	json_object_foreach (manifest->files, entry, file) {
		const char *name = strchr(entry, '/') + 1;
		bool is_log = entry[0] == LOG_FOLDER[0];
		uint64_t size;

		if (!manifest_file_size(manifest, entry, &size) ||
			!file_copy(is_log ? from->log : from->data, is_log ? to->log : to->data,
				name, size, pace, err))
			return false;
	}
	return copy_tree_sync(to, err);
}

/* ---- places ---- */

/* The resolved path of the folder that has or will have the entry of this path. */
static bool find_parent(const char *path, char parent[PATH_MAX])
{
	char copy[CONF_TEXT_MAX];

	if (!realpath(path, parent)) {
		snprintf(copy, sizeof(copy), "%s", path);
		return realpath(dirname(copy), parent) != NULL;
	}
	dirname(parent);
	return true;
}

static bool is_inside(const char *path, const char *folder)
{
	struct stat wanted, found;
	char place[PATH_MAX];
	bool inside = false, more = stat(folder, &wanted) == 0 && find_parent(path, place);

	while (more && !inside) {
		inside = stat(place, &found) == 0 && found.st_dev == wanted.st_dev &&
			 found.st_ino == wanted.st_ino;
		more = strcmp(place, "/") != 0;
		dirname(place);
	}
	return inside;
}

bool copy_check_outside(const char *path, const char *folder, const char *what, struct err *err)
{
	return !is_inside(path, folder) ||
	       err_set(err, ERR_CONFLICT, NULL,
		       "%s is in %s, and would be lost with it: choose a folder outside of it",
		       path, what);
}

/* ---- recovery ---- */

bool copy_check_report(const struct store_report *report, struct err *err)
{
	if (report->damaged > 0 || report->left_out > 0)
		return err_set(err, ERR_DAMAGED, NULL,
			"the copy of the store has damaged pages, it is no backup");
	if (report->missing_entries == 0 && report->stray_entries == 0 &&
		report->unreadable_records == 0 && report->wrong_counts == 0)
		return true;
	return err_set(err, ERR_DAMAGED, NULL,
		"the copy of the store is damaged (index entries missing: %" PRIu64
		", stray: %" PRIu64 ", tasks unreadable: %" PRIu64 ", tenants miscounted: %" PRIu64
		")",
		report->missing_entries, report->stray_entries, report->unreadable_records,
		report->wrong_counts);
}

bool copy_recover(const struct conf *conf, const char *home, int64_t until,
	struct manifest *counted, struct err *err)
{
	static const struct store_verify_sink sink = { .check = dialect_check_address };
	struct store_options options;
	struct store_report report;
	struct store *store;
	bool ok;

	store_options_from_conf(&options, conf, STORE_RESTORE);
	options.home = home;
	options.archive = NULL;
	options.restore_until = until;
	options.build_ms = COPY_BUILD_MS;
	if (!store_open(&store, &options, err))
		return false;
	ok = store_verify(store, &sink, &report, err) && copy_check_report(&report, err) &&
	     store_count_rows(store, manifest_take_count, counted, err);
	store_close(store);
	if (ok) {
		counted->tasks = report.tasks;
		counted->unreachable = report.unreachable;
		counted->doubled = report.doubled;
	}
	return ok;
}

void copy_print_unreached(const struct manifest *counted)
{
	if (counted->unreachable + counted->doubled > 0)
		fprintf(stderr,
			"polytaskctl: tasks that their clients cannot reach: %" PRIu64
			", that share a number: %" PRIu64 " (polytaskctl verify names them)\n",
			counted->unreachable, counted->doubled);
}
