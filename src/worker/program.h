#pragma once
/* The program that a worker runs for each task, and its environment. */
#include "worker/job.h"

/*
 * Finds the program as execvp() does. The caller frees *program. ERR_NOT_FOUND if there is no
 * such program, or it cannot be executed.
 */
bool program_find(char **program, const char *name, struct err *err);
/*
 * The environment of the worker, without its token and its own trace, and with variables of the
 * task. The caller frees the first `own` strings, and the array, which ends with NULL.
 */
char **program_environment(const struct job *job, size_t *own);
