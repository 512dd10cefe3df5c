#pragma once
/*
 * A parked request: a copy of its parameters and its body in one block of memory of 2 or 3 KB. A
 * connection's struct exchange and libfcgi's buffers take 45 KB.
 */
#include "serve/exchange.h"
#include "serve/parked.h"

/* Larger requests are not parked. */
#define PARKED_REQUEST_MAX ((size_t)16 * 1024)

struct parked_request {
	struct waiter waiter;
	struct exchange_wait wait;
	struct rate_status rate_status;
	uint64_t account, tenant;
	bool has_principal;
	int64_t cost_us, began_us;
	size_t size; /* of this block */
	size_t param_count;
	struct str tenant_name; /* in bytes */
	struct str body;	/* in bytes, without its content coding */
	char bytes[];
};

/* Copies the request. NULL without memory, or beyond PARKED_REQUEST_MAX. Free it with free(). */
struct parked_request *parked_request_save(const struct exchange *exchange);
/*
 * Makes the exchange, which is reset, one of this request again, as app_resume() expects it. It
 * borrows from the parked request. now: ms since 1970.
 */
void parked_request_restore(
	const struct parked_request *parked, struct exchange *exchange, int64_t now);
