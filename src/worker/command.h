#pragma once
/*
 * Work on a task by a command: `work -- COMMAND`. It has the task on standard input; standard
 * output is the result, standard error the log, and each line on descriptor 3 is progress. Nothing
 * that it does with these streams blocks the worker, and its output takes bounded memory.
 */
#include "worker/job.h"

extern const struct run_type command_run;
