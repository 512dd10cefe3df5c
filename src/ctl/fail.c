#include "ctl/fail.h"

#include <stdio.h>

#include "sys/output.h"

int ctl_fail(const char *text)
{
	fprintf(stderr, "polytaskctl: %s\n", text);
	return 1;
}

int ctl_fail_call(const struct err *err)
{
	bool gone = err->code == ERR_INTERNAL && output_reader_has_gone(stdout);

	return gone ? OUTPUT_READER_GONE : ctl_fail(err_text(err));
}

int ctl_fail_output(void)
{
	struct err err = { 0 };

	err_set(&err, ERR_INTERNAL, NULL, "cannot write the output");
	return ctl_fail_call(&err);
}
