#pragma once
/*
 * Notices that the shared memory of the store was removed under the running service: by a cleaner
 * of temporary files, by logind's RemoveIPC, by hand. Processes that have it mapped go on, but no
 * new one can join, so the service must recover at once. The supervisor compares device and inode
 * of the files with those after the recovery; it does not open them. Files beyond REGION_FILES_MAX
 * are not watched.
 */
#include <stdbool.h>
#include <sys/types.h>

#define REGION_FILES_MAX 32
#define REGION_NAME_SIZE 32

struct region_watch {
	size_t count; /* 0: nothing is watched */
	struct {
		char name[REGION_NAME_SIZE];
		dev_t device;
		ino_t inode;
	} files[REGION_FILES_MAX];
};

/* Watches the regions that are in the folder now, and no others. */
void region_watch_begin(struct region_watch *watch, const char *folder);
/* Whether all watched files still exist and none was replaced; true if nothing is watched. */
bool region_watch_holds(const struct region_watch *watch, const char *folder);
