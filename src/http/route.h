#pragma once
/*
 * One row: a request that a dialect understands. Rows stand in a constant table; route_find takes
 * the row whose pattern and method fit. A literal segment beats a variable, so the order carries no
 * meaning.
 */
#include "http/request.h"
#include "http/response.h"
#include "task/op.h"
#include "task/right.h"

struct route {
	enum method method;
	const char *pattern; /* behind the prefix: "/tasks/{id}" */
	enum right right;    /* what the caller must be allowed; RIGHT_NONE is an invalid row */
	/* Request to operation. Pure; the op borrows from the request. */
	bool (*decode)(struct request *request, struct op *op, struct err *err);
	/*
	 * Result to answer. For a list, and where connected tasks stand in the way of a removal
	 * (result->listing), it writes what stands before the rows; then row is called for each,
	 * with a comma between them written by the caller, then tail. A row that gives no list has
	 * neither. result->total and offset are known from the start, rows and next in the tail.
	 */
	bool (*encode)(const struct request *request, const struct result *result,
		struct response *response, struct err *err);
	bool (*encode_row)(const struct request *request, const struct task *task, struct buf *out);
	bool (*encode_end)(
		const struct request *request, const struct result *result, struct buf *out);
};

/* The last row of a table. */
#define ROUTE_END                     \
	{                             \
		.method = METHOD_NONE \
	}

enum route_match { ROUTE_FOUND, ROUTE_NOT_FOUND, ROUTE_METHOD_NOT_ALLOWED };

/*
 * Finds the row for the request's segments from `skip` on (those of the prefix), sets the request's
 * variables. HEAD finds the row of GET. On ROUTE_METHOD_NOT_ALLOWED, allowed has a bit (1 << method) for
 * each method that the path knows, HEAD and OPTIONS included.
 */
enum route_match route_find(const struct route *routes, struct request *request, size_t skip,
	const struct route **found, unsigned *allowed);
/* The value of an Allow header for such bits. */
void route_write_allow(unsigned allowed, struct buf *out);
