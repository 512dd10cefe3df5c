#pragma once
/* Private to transfer.c and transfer_options.c: one request, and what libcurl is told about it. */
#include <curl/curl.h>

#include "notify/transfer.h"

struct transfer {
	struct transfer *next, **link;
	struct transfers *transfers;
	struct transfer_pool *pool;
	struct notify_request request;
	void *owner;
	CURL *easy;
	struct curl_slist *fields;
	bool is_tls;
	int64_t at, began_us; /* wall clock; monotonic */
	/* Of the response: */
	unsigned tried, refused; /* addresses */
	size_t header_bytes, body_bytes;
	bool is_header_whole, is_header_too_large;
	char answer[DELIVERY_ANSWER_MAX];
	size_t answer_len;
};

struct transfer_pool {
	struct transfer_pool *next, **link;
	struct transfer_place *place;
	CURLSH *share;
	size_t under_way;
	int64_t idle_since; /* monotonic ms, without requests */
};

struct transfers {
	const struct network *networks;
	size_t network_count;
	CURLM *multi;
	struct transfer *running;
	struct transfer_pool *pools;
	size_t count, pool_count;
	struct buf text; /* of the answer that was taken last */
	char error[DELIVERY_ERROR_MAX];
};

/* Sets all options. False: libcurl refuses one, for instance the URL, or memory is exhausted. */
bool transfer_set_options(struct transfer *transfer);
/*
 * Why the attempt was not successful, at most DELIVERY_ERROR_MAX bytes; "" for a 2xx. Returns why
 * there is no response, if there is none.
 */
enum transfer_fault transfer_explain(
	const struct transfer *transfer, CURLcode code, unsigned status, char *text, size_t size);
