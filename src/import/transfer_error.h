#pragma once
/* Internal to transfer.c: the state of a request, and the sentences about one that failed. */
#include "import/transfer.h"

struct transfer {
	CURL *curl;
	struct curl_slist *fields;
	const struct transfer_limits *limits;
	const struct transfer_sink *sink;
	char target[DIGEST_SHA256_LEN + 1]; /* of the source */
	bool asked;			    /* for a range */
	unsigned tried, refused;	    /* addresses */
	size_t header_bytes;
	bool is_header_too_large; /* with the trailer */
	bool is_header_whole;	  /* of the final response */
	bool begun;		  /* status and header fields were looked at */
	bool accepted;		  /* the body is wanted */
	uint64_t length;	  /* of the body, or PARTIAL_TOTAL_UNKNOWN */
	uint64_t received;
	struct buf *location;
	enum transfer_end end; /* if the body is not wanted */
	struct err *err;
};

/* Fills in the error for a code of libcurl: TRANSFER_CUT or TRANSFER_FAILED. */
enum transfer_end transfer_explain(
	struct transfer *transfer, const struct source *source, CURLcode code);
