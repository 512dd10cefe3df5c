#pragma once
/* Internal to src/admin: names of dialects on the command line. */
#include "dialect/dialect.h"

/*
 * Sets the error for a name that the option does not take. The error lists the names that it takes:
 * dialects with tasks for which takes() is true or, if takes is NULL, all protocols. Returns false.
 */
bool dialect_name_fail(const char *option, struct str name,
	bool (*takes)(const struct dialect *dialect), struct err *err);
