#pragma once
/*
 * All exit statuses of polytaskctl (polytaskctl.8, EXIT STATUS), besides those of `work`. Scripts
 * rely on them: no number changes its meaning.
 */
#include "base/err.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* for another reason than those below */
	EXIT_USAGE = 2,
	EXIT_NOT_YET = 3, /* the service does not serve, or the task has not ended in time */
	EXIT_NO_ANSWER = 4,
	EXIT_NOT_FOUND = 5,
	EXIT_REFUSED = 6,    /* the present state or the user's rights do not permit it */
	EXIT_NO_SERVICE = 7, /* it does not run */
	EXIT_BUSY = 75,	     /* did not begin: EX_TEMPFAIL of <sysexits.h> */
	EXIT_INTERRUPTED = 130,
	EXIT_NO_READER = 141, /* of standard output */
};

/* The status of a command that ended with this error. */
enum exit_status exit_status_of(enum err_code code);
/* An error with this status, for a command that another one carries out. ERR_NONE: done. */
enum err_code exit_status_error(int status);
