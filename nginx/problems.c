/* The pages that the problem types of the native API lead to: one for each error, and all of them. */
#include <stdlib.h>

#include "generate.h"

#define REPEAT	     "Repeat the request after the seconds in Retry-After."
#define CHANGE_FIRST "Change the request before you send it again."
#define CHANGE_NAMED "Change the part that errors names. " CHANGE_FIRST

/* What a client does about an error. */
static const char *const remedies[ERR_CODES] = {
	[ERR_MALFORMED] = "detail says what could not be parsed. " CHANGE_FIRST,
	[ERR_PLAIN_HTTP] = "Use an address that begins with https://, and a new credential.",
	[ERR_INVALID] = CHANGE_NAMED,
	[ERR_MISSING] = CHANGE_NAMED,
	[ERR_UNAUTHENTICATED] = "Send a valid credential. WWW-Authenticate and detail say what is "
				"wrong with the one that was sent.",
	[ERR_FORBIDDEN] = "Use a credential with the right that WWW-Authenticate names, or that is "
			  "valid for this API.",
	[ERR_STORAGE_QUOTA] = "Remove tasks, or ask the operator for a larger quota.",
	[ERR_NOT_FOUND] = "Check the id. The task may have been removed, also by its age.",
	[ERR_NO_ROUTE] = "Check the path against the OpenAPI document.",
	[ERR_EVENTS_OFF] = "Read the list of tasks instead, or ask the operator for a journal.",
	[ERR_METHOD] = "Use one of the methods in Allow.",
	[ERR_NOT_ACCEPTABLE] = "Name application/json in Accept, or leave Accept out.",
	[ERR_CONFLICT] = "Read the task, and decide again. detail has its present state; task, "
			 "if present, is the one that exists.",
	[ERR_LEASE_LOST] = "Stop the work on this attempt and report no more on it.",
	[ERR_TOO_DEEP] = "Remove a lower task first.",
	[ERR_GONE] = "Read all tasks again, then go on with the events from oldest or now.",
	[ERR_PRECONDITION] = "Read it again, and decide again with its new ETag.",
	[ERR_TOO_LARGE] = "Send less. detail has the limit, if it is that of one member.",
	[ERR_URI_TOO_LONG] = "Shorten the query: fewer values of filters, or several requests.",
	[ERR_MEDIA_TYPE] = "Use one of the types in Accept-Post or Accept-Patch.",
	[ERR_CODING] = "Send the body with gzip or without a content coding.",
	[ERR_MISDIRECTED] = "Use a name of the service in the address, or ask the operator to add "
			    "this one.",
	[ERR_UNPROCESSABLE] = CHANGE_NAMED,
	[ERR_TOO_BROAD] = "Add a filter, or leave the order out.",
	[ERR_KEY_REUSED] = "Use a new Idempotency-Key for another request.",
	[ERR_TOO_MANY_REQUESTS] = REPEAT " RateLimit says how many requests are left.",
	[ERR_QUOTA] = "Create the task on the next day (UTC), or ask the operator for more.",
	[ERR_HEADER_TOO_LARGE] = "Send fewer and shorter header fields.",
	[ERR_INTERNAL] = "Report the request's id to the operator. A change may have been made.",
	[ERR_NO_MEMORY] =
		"Repeat the request later. A change may have been made: read the task first.",
	[ERR_DAMAGED] = "Report the request's id to the operator. Other tasks are not affected.",
	[ERR_NOT_IMPLEMENTED] = "Use another method.",
	[ERR_BUSY] = REPEAT,
	[ERR_REBUILDING] = REPEAT " Tasks can be read and written by id meanwhile.",
	[ERR_UNKNOWN_OUTCOME] = "Repeat a creation with the same Idempotency-Key; before other "
				"changes read the task.",
	[ERR_DISK_FULL] = "Repeat the request later. The operator has to make room.",
	[ERR_PANIC] = REPEAT " A change may have been made: read the task first.",
	[ERR_HTTP_VERSION] = "Use HTTP/1.1 or HTTP/2.",
};

/* Texts are words of this tree: a quote or '$' in one would be a mistake. */
static void put_page(enum err_code code, const char *newline)
{
	const struct err err = { .code = code };

	if (!remedies[code])
		abort();
	buf_printf(&generated, "%d %s%s%s%s%s%s", err_status(code), err_name(code), newline,
		err_text(&err), newline, remedies[code], newline);
}

void generate_problem_map(void)
{
	buf_puts(&generated, "map $uri $polytask_problem {\n");
	for (int i = ERR_NONE + 1; i < ERR_CODES; i++) {
		buf_printf(&generated, "\t\"/v1/problems/%s\" \"", err_name((enum err_code)i));
		put_page((enum err_code)i, "\\n");
		buf_puts(&generated, "\";\n");
	}
	buf_puts(&generated, "\tdefault \"\";\n}\n");
}

void generate_problem_page(void)
{
	buf_puts(&generated, "Problems (RFC 9457) of Polytask's own API. For each one: its status "
			     "and the last part of its type,\nwhat it means, and what a client "
			     "does.\n");
	for (int i = ERR_NONE + 1; i < ERR_CODES; i++) {
		buf_putc(&generated, '\n');
		put_page((enum err_code)i, "\n");
	}
}
