#pragma once
/*
 * Counts and durations of requests, in memory that all processes of the service share: they only
 * grow, and outlive the workers. A request belongs to a row of its dialect's routes, or to one of
 * the calls that are no row.
 */
#include "base/histogram.h"
#include "dialect/dialect.h"

#define REQUEST_ROUTES	 320 /* of all dialects, with their calls */
#define REQUEST_STATUSES 40

/* What a request is if it is none of a row. */
enum request_call {
	CALL_NO_ROUTE, /* the path, or the method there, is unknown */
	CALL_AUTHORIZE,
	CALL_TOKEN,
	CALL_READY,
	REQUEST_CALLS
};

struct request_metrics {
	/* By status (request_statuses); the last one: of any other status. */
	_Atomic uint64_t counts[REQUEST_ROUTES][REQUEST_STATUSES];
	/* From the arrival at a worker to the response, by histogram_fast; without waits. */
	struct histogram durations[REQUEST_ROUTES];
	_Atomic uint64_t errors[ERR_CODES]; /* responses with this error */
};

/* Ends with 0. */
extern const int request_statuses[REQUEST_STATUSES];

/* The numbers of the routes in struct request_metrics. */
struct request_numbers {
	/* Of each dialect's first call; its rows follow the calls. By code; 0 is of no dialect. */
	size_t first[UINT8_MAX + 1];
	size_t count;
};

/* Rows that find no room are counted as CALL_NO_ROUTE of no dialect. */
void request_numbers_init(struct request_numbers *numbers);
/* dialect NULL: the path is of none. route NULL: the call counts. */
size_t request_number(const struct request_numbers *numbers, const struct dialect *dialect,
	const struct route *route, enum request_call call);
/* Counts a response. us negative: the request has waited, so its duration says nothing. */
void request_metrics_add(struct request_metrics *metrics, size_t number, int status,
	enum err_code error, int64_t us);
