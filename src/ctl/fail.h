#pragma once
/* Failures of a command: an error message on standard error, and the exit status. */
#include "admin/exit_status.h"

/* Prints an error message; returns EXIT_FAILED. */
int ctl_fail(const char *text);
/*
 * Prints the text of an error; returns its exit status. If standard output has failed because its
 * reader has gone, prints nothing and returns EXIT_NO_READER.
 */
int ctl_fail_call(const struct err *err);
/* The same if standard output cannot be written. */
int ctl_fail_output(void);
