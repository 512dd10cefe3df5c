#pragma once
/*
 * The descendants of a process, by /proc. They are those that can be found by parents: with
 * PR_SET_CHILD_SUBREAPER a process keeps all of them, also daemons.
 */
#include <stddef.h>
#include <sys/types.h>

/*
 * Sends a signal to every living descendant of root but those that are spared and their
 * descendants. Returns how many it found, -1 if /proc cannot be read: repeat SIGKILL until it
 * returns 0, because a process may fork meanwhile.
 */
int processes_signal(pid_t root, const pid_t *spared, size_t spared_count, int number);
