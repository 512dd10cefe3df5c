#pragma once
/*
 * Removes the shared memory of a store that this process alone has used, so that commands on a
 * stopped service leave none behind. The caller holds the locks of the instance: no other process
 * uses these files. The next start makes them again.
 */

/* Blocks SIGINT, SIGTERM and SIGHUP until regions_guard(), while the files are made. */
void regions_expect(void);
/* From now on these signals remove the files of the folder before they end the process. */
void regions_guard(const char *folder);
/* Removes the files now and ends the guard. */
void regions_remove(const char *folder);
