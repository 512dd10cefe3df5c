#pragma once
/*
 * The command reindex. While the service is down, the index is rebuilt by this process; otherwise
 * by the service, whose status is read until the index is complete.
 */
#include <stdbool.h>

#include "sys/conf.h"

/* wait: return when the index is complete. Prints the progress; returns the exit status. */
int ctl_reindex(const struct conf *conf, bool wait);
