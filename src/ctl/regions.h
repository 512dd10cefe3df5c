#pragma once
/*
 * Removes the shared memory of a store that this process alone has used, so that commands on a
 * stopped service leave none behind. The caller holds the locks of the instance: no other process
 * uses these files. The next start makes them again.
 */

/*
 * Call it before the files are made. From now on SIGINT, SIGTERM and SIGHUP remove the files of the
 * folder and end the process, at any time: the store is crash-only. Without the folder it does
 * nothing.
 */
void regions_guard(const char *folder);
/* Removes the files now and ends the guard. */
void regions_remove(void);
