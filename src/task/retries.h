#pragma once
/* Attempts that a worker or a client has set (task.last_attempt). Private to task/. Pure. */
#include "task/task.h"

/* Whether last_attempt lets an attempt follow task->attempt. */
bool retries_are_left(const struct task *task);
/* So many attempts may follow the attempt `from`. It is at least 1: 0 would mean "not set". */
void retries_set(struct task *task, uint32_t from, uint32_t retries);
