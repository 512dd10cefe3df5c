#pragma once
/* Cuts off a damaged log (log_end.h) where its records are no longer whole. */
#include "store/bdb/log_end.h"

/*
 * folder: descriptor of the logs' folder; no process uses the logs. Cuts the log of `end` off
 * there, durably, and keeps its bytes as NAME.damaged. So are later logs kept, which have no whole
 * record. Interrupted, it is called again. Returns an errno.
 */
int log_cut(int folder, struct log_position end);
