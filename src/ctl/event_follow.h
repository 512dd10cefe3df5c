#pragma once
/*
 * `events --follow`: prints a line for each event, until a signal ends it or the reader of its
 * output has gone. It asks for new events every 0.5 s, and every 2 s while there are none.
 *
 * Each call begins where the last one that was answered ended, so each event is printed once,
 * whatever happens to the service. As with `task watch`, only a service is asked once the first
 * call was answered, and the command waits while it is down.
 */
#include "admin/admin.h"

/* Returns the exit status: that of an error, or EXIT_NO_READER. */
int ctl_event_follow(const struct conf *conf, const struct admin_call *call);
