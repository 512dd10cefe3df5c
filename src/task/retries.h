#pragma once
/* Attempts that a worker or a client has set (task.attempts_end). Private to task/. Pure. */
#include "task/task.h"

/* Whether attempts_end lets an attempt follow task->attempt. */
bool retries_are_left(const struct task *task);
/* Lets `retries` attempts follow the attempt `from`; saturates at UINT32_MAX. */
void retries_set(struct task *task, uint32_t from, uint32_t retries);
