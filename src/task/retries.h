#pragma once
/* Attempts that a worker or a client has set (task.attempts_end). Private to task/. Pure. */
#include "task/task.h"

/* Whether attempts_end lets an attempt follow task->attempt. */
bool retries_are_left(const struct task *task);
/* So many attempts may follow the attempt `from`. */
void retries_set(struct task *task, uint32_t from, uint32_t retries);
