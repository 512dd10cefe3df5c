#include "ctl/fail.h"

#include <stdio.h>

#include "process/control.h"
#include "sys/output.h"

_Static_assert(EXIT_BUSY == CONTROL_BUSY, "the service sends this status itself");
_Static_assert(EXIT_NO_READER == OUTPUT_READER_GONE, "and this one, too");

int ctl_fail(const char *text)
{
	fprintf(stderr, "polytaskctl: %s\n", text);
	return EXIT_FAILED;
}

int ctl_fail_call(const struct err *err)
{
	if (err->code == ERR_INTERNAL && output_reader_has_gone(stdout))
		return EXIT_NO_READER;
	ctl_fail(err_text(err));
	return exit_status_of(err->code);
}

int ctl_fail_output(void)
{
	struct err err = { 0 };

	err_set(&err, ERR_INTERNAL, NULL, "cannot write the output");
	return ctl_fail_call(&err);
}
