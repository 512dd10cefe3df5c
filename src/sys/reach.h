#pragma once
/* Whether another user may open a socket, by the owners and modes of it and of its directories. */
#include "base/err.h"

/*
 * Returns false, with a sentence that names the file or directory, if user may not connect to the
 * socket at path (absolute). Returns true if it cannot tell, for example for an unknown user. Does
 * not read access control lists.
 */
bool reach_check(const char *path, const char *user, struct err *err);
