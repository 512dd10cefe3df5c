#pragma once
/*
 * What a process of the service gives up for good, so that one that was taken over through a
 * request can do little more than it was made for: no other program, no other process's memory, no
 * other user, and in a child no new process and no new socket either. A call that was given up
 * fails with EPERM.
 *
 * With it go cores and the view of other processes of the same user: what is in memory are
 * credentials and tasks.
 */
#include <stdbool.h>

/* No core is ever written, and nobody but root may look in, by ptrace(2) or /proc/PID/mem. */
void confine_memory(void);
/*
 * Before the first fork; children inherit it. No capability is kept, but CAP_DAC_OVERRIDE by a
 * process of root's that stays root's: the home may lie where only another user may enter. A kernel
 * without seccomp(2) is said in the log once, and the service runs without.
 */
void confine_supervisor(void);
/*
 * A child, before it sees the first byte from outside; after the names of users were looked up,
 * which takes sockets on some systems. Lets itself be ended before the supervisor when memory is
 * short.
 */
void confine_child(void);
