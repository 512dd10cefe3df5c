#pragma once
/*
 * An administrative call, by whatever way there is: the running service carries it out, or, while
 * it is down, this process does, alone in the store.
 */
#include "admin/admin.h"

/* The exit status; what went wrong is on standard error. */
int ctl_admin_run(const struct conf *conf, const struct admin_call *call);
