#pragma once
/* Failures of a command: an error message on standard error, and the exit status. */
#include "base/err.h"

/* Prints an error message; returns 1, the exit status. */
int ctl_fail(const char *text);
/*
 * The same with the text of an error. If standard output has failed because its reader has gone,
 * prints nothing and returns OUTPUT_READER_GONE.
 */
int ctl_fail_call(const struct err *err);
/* The same if standard output cannot be written. */
int ctl_fail_output(void);
