#pragma once
/* Cuts off a damaged log (log_end.h) where its records are no longer whole. */
#include "store/bdb/log_end.h"

/*
 * folder: descriptor of the logs' folder; no process uses the logs. Cuts the log of `end` off
 * there, durably, and keeps all its bytes as NAME.damaged. Renames later logs, which have no whole
 * record, in the same way. Can be repeated after an interruption. Returns an errno.
 */
int log_cut(int folder, struct log_position end);
