#pragma once
/* Simulated work on a task, without a command: `work --simulate`, and the words of sandbox.h. */
#include "worker/job.h"

extern const struct run_type simulation_run;
