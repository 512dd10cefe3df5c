#pragma once
/* The log lines of a test: counted, the last one kept, none written. One capture per process. */
#include "base/buf.h"

struct captured_log {
	struct buf last_line;
	unsigned lines; /* the test may set it to 0 */
};
extern struct captured_log captured_log;

/* Setup and teardown of a test, or calls from these; state is not used. */
int captured_log_begin(void **state);
int captured_log_end(void **state);
