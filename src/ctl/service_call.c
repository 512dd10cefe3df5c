#include "ctl/service_call.h"

#include <errno.h>
#include <stdlib.h>

#include "ctl/client.h"
#include "ctl/fail.h"

static int connect_status(int error, const struct err *err)
{
	if (error == EAGAIN)
		return EXIT_NO_ANSWER;
	return error == ENOENT || error == ECONNREFUSED ? EXIT_NO_SERVICE
							: (int)exit_status_of(err->code);
}

int service_try(const char *control, struct str request, int seconds, FILE *out, FILE *errors,
	struct err *err)
{
	bool answered;
	int status = EXIT_FAILED, error;

	if (client_call(control, request, seconds, NULL, out, errors, &answered, &status, err)) {
		if (answered)
			return status;
		error = errno;
		client_cannot_connect(control, error, err);
		return connect_status(error, err);
	}
	return err->code == ERR_BUSY ? EXIT_NO_ANSWER : (int)exit_status_of(err->code);
}

int service_call(const char *control, struct str request, int seconds, FILE *out)
{
	struct err err = { 0 };
	int status = service_try(control, request, seconds, out, stderr, &err);

	if (err.code == ERR_NONE)
		return status;
	return ctl_fail_call(&err) == EXIT_NO_READER ? EXIT_NO_READER : status;
}

bool service_is_silent(const char *control)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	struct err err = { 0 };
	bool silent = memory && service_try(control, STATUS_REQUEST, STATUS_SECONDS, memory, memory,
					&err) == EXIT_NO_ANSWER;

	if (memory)
		fclose(memory);
	free(text);
	if (silent)
		ctl_fail(err_text(&err));
	return silent;
}
