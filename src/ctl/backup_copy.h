#pragma once
/* What backup and restore have in common: copies of the files of a manifest, and their recovery. */
#include "admin/manifest.h"
#include "store/verify.h"
#include "sys/conf.h"

#define DATA_FOLDER "data"
#define LOG_FOLDER  "log"
/* No limit: a copy made during a rebuild of the index gets the rest of it. */
#define COPY_BUILD_MS ((int64_t)7 * 24 * 3600 * 1000)
/* In the folder of a backup that is not finished; STORE_UNFINISHED is that of a restore. */
#define COPY_INCOMPLETE "incomplete"
#define LOG_ENTRY_MAX	(STORE_LOG_NAME_SIZE + 4)

/* A folder with the two folders of a store: a home or a backup. */
struct copy_tree {
	int folder, data, log; /* -1: not open */
};

/* create: makes the two folders in it. Takes `folder` in any case. */
bool copy_tree_open(struct copy_tree *tree, int folder, bool create, struct err *err);
void copy_tree_close(struct copy_tree *tree);
/* Syncs the folders, so that the names of new files are on disk. */
bool copy_tree_sync(const struct copy_tree *tree, struct err *err);

/*
 * Opens a folder. With create, makes it (0700), or fails with ERR_CONFLICT if it exists and is not
 * empty; the text then names an unfinished backup or restore in it.
 */
bool copy_open_folder(const char *path, bool create, int *folder, struct err *err);

/* ERR_CONFLICT if the path is in the folder. The path may be new. what: names the folder. */
bool copy_check_outside(const char *path, const char *folder, const char *what, struct err *err);

/* The sum of the sizes of the files in it, as far as they can be read. */
uint64_t copy_folder_bytes(int folder);

/* "log/log.0000000001" */
void copy_log_entry(uint64_t number, char entry[LOG_ENTRY_MAX]);

/* Copies all files of the manifest, with the sizes in it. */
bool copy_entries(const struct manifest *manifest, const struct copy_tree *from,
	const struct copy_tree *to, const struct file_pace *pace, struct err *err);

/*
 * Recovers the copy of a home, compares tasks and index, checks each task's address, and counts the
 * rows into the manifest. Tasks without an address are no error: the copy is as good as the store.
 * until: seconds since the epoch, 0: the end of the logs.
 */
bool copy_recover(const struct conf *conf, const char *home, int64_t until,
	struct manifest *counted, struct err *err);
/* ERR_DAMAGED unless the copy is as it should be. */
bool copy_check_report(const struct store_report *report, struct err *err);
/* Prints to standard error how many tasks have no address or share a number, if there are any. */
void copy_print_unreached(const struct manifest *counted);
