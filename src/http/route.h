#pragma once
/*
 * Routes: each dialect has a constant table with a row per request that it serves. route_find
 * returns the row whose pattern and method match. A literal segment beats a variable, so the order
 * carries no meaning.
 */
#include "http/request.h"
#include "http/response.h"
#include "task/op.h"
#include "task/right.h"

struct route {
	enum method method;
	const char *pattern; /* after the prefix: "/tasks/{id}" */
	enum right right;    /* that the principal needs, or any of several; not RIGHT_NONE */
	/*
	 * Names of the query parameters that decode reads, without credentials; ends with NULL. NULL:
	 * it reads none. "fields.*" is each name that begins so.
	 */
	const char *const *params;
	/* Of POST: the media types of Accept-Post in a response to OPTIONS; NULL: the dialect's. */
	const char *post_types;
	/*
	 * Makes the operation of a request, which may be OP_NONE. Pure; op borrows from the
	 * request.
	 */
	bool (*decode)(struct request *request, struct op *op, struct err *err);
	/*
	 * Writes the response to a result. If result->listing is set, encode writes the part before
	 * the rows, encode_row each row (the caller writes the commas between them) and encode_end
	 * the rest; a route without lists has neither. result->total and offset are known from the
	 * start, rows_returned and next_cursor only in encode_end.
	 */
	bool (*encode)(const struct request *request, const struct result *result,
		struct response *response, struct err *err);
	bool (*encode_row)(const struct request *request, const struct task *task, struct buf *out);
	bool (*encode_end)(
		const struct request *request, const struct result *result, struct buf *out);
	/*
	 * Of a row that makes OP_BATCH: writes what became of an item, between what encode writes
	 * and, with item NULL, the rest. The caller writes the commas.
	 */
	bool (*encode_item)(
		const struct request *request, const struct batch_item *item, struct buf *out);
	/*
	 * Of a row whose OP_CREATE, or OP_BULK, the client may want to wait for (Prefer: wait): the
	 * response shows the task when it has ended, or as it is at the end of the wait. If it has been
	 * removed meanwhile, result->task has its id only, and the revision 0.
	 */
	bool waits_for_end;
	/*
	 * Of a row that makes READ of one task by its id: decode is called once when the request
	 * arrives, too (serve/prefetch.h), whatever it returns.
	 */
	bool reads_task;
	/*
	 * Of a row whose op.feed streams: the data of one event, JSON text in one line. encode then
	 * writes the head only. One text is for all streams of a tenant with the same
	 * op_feed.with_tasks, so `request` has only what these have in common: tz, retention,
	 * completes_tasks, body_limit, selected_fields and the arena; all else is zero.
	 */
	bool (*encode_event)(
		const struct request *request, const struct feed_event *event, struct buf *out);
	/*
	 * Of a list with pages: adds header fields after encode_end. Its response is held back until
	 * then (serve/held_page.h). NULL: none.
	 */
	bool (*encode_links)(const struct request *request, const struct result *result,
		struct response *response, struct err *err);
};

/* The last row of a table. */
#define ROUTE_END                     \
	{                             \
		.method = METHOD_NONE \
	}

enum route_match { ROUTE_FOUND, ROUTE_NOT_FOUND, ROUTE_METHOD_NOT_ALLOWED };

/*
 * Returns whether the row changes nothing: any row of GET, and one of another method that needs
 * only RIGHT_READ. nginx sends its requests to the readers (HACKING, Processes).
 */
bool route_is_read(const struct route *route);
/*
 * Finds the row for the request and sets its path variables. The first `skip` segments are the
 * prefix. HEAD finds the row of GET. On ROUTE_METHOD_NOT_ALLOWED, *allowed has a bit (1 << method)
 * for each method of the path, HEAD and OPTIONS included.
 */
enum route_match route_find(const struct route *routes, struct request *request, size_t skip,
	const struct route **found, unsigned *allowed);
/* The row of the path for any method, NULL: none. Sets no variables. */
const struct route *route_of_method(
	const struct route *routes, const struct request *request, size_t skip, enum method method);
/* Writes the value of the header field Allow for such bits. */
void route_write_allow(unsigned allowed, struct buf *out);
