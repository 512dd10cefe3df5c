#pragma once
/*
 * Calls of the native API by commands: a request goes through the decoder, the store and the
 * encoder of its route, as one of a client with all rights in a tenant. So filters, checks, limits
 * and errors are those of src/dialect/native/README.md. The parts of serve/ do not apply: there are
 * no preconditions, no rate limits and no daily quota of creations of a dialect.
 */
#include "admin/admin.h"
#include "base/buf.h"
#include "base/tz.h"
#include "task/retention.h"

/* The user in updated_by and in the history. */
#define NATIVE_CALL_USER "operator"

/* What all calls of a command share. */
struct native_client {
	struct admin *admin; /* borrowed */
	struct retention retention;
	struct tz tz;
};

struct native_call {
	const char *method; /* "GET" */
	struct str tenant;
	struct str uri; /* "/v1/tasks?limit=2" */
	struct str body;
	/*
	 * Is given each row of a list, one line of JSON without its end, after the list was read;
	 * the response then has none. NULL: the rows are in the response.
	 */
	bool (*take_row)(struct str row, void *data, struct err *err);
	void *data;
};

/* Reads the configuration. ERR_INTERNAL if the time zone cannot be read. */
bool native_client_init(struct native_client *client, struct admin *admin, struct err *err);
/*
 * Carries out a request and appends the body of its response to out. On return, its changes are
 * on disk. If the request is refused, the text of the error is the detail of the API's problem,
 * after the place that is at fault, unless the detail begins with it: "/fields/url: url must be
 * present", "priority must be a 32-bit integer." ERR_PANIC as from store_apply().
 */
bool native_call(const struct native_client *client, const struct native_call *call,
	struct buf *out, struct err *err);

/* Appends "name=value" to a URI, percent-encoded, after `?` or `&`; NULL: nothing. */
void native_call_put_param(struct buf *uri, const char *name, const char *value);
