#pragma once
/* Requests to the service itself, on its control socket. */
#include <stdio.h>

#include "base/err.h"

#define STATUS_SECONDS 3
#define STATUS_REQUEST STR("{\"verb\":[\"status\"]}\n")

/*
 * Sends the request and waits `seconds` for each part of the answer, which goes to `out`; what the
 * service prints on standard error goes to `errors`. Returns the exit status that it sends, or,
 * with *err set, EXIT_NO_SERVICE, EXIT_NO_ANSWER, EXIT_REFUSED or EXIT_FAILED.
 */
int service_try(const char *control, struct str request, int seconds, FILE *out, FILE *errors,
	struct err *err);
/* The same; prints an error. */
int service_call(const char *control, struct str request, int seconds, FILE *out);
/*
 * Whether a service accepts connections but has not answered for 3 s, because its supervisor is
 * stopped for example; then prints an error. Commands that take long have no other limit of time.
 */
bool service_is_silent(const char *control);
