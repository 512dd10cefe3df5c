#pragma once
/*
 * Checks the bytes of a FastCGI connection before libfcgi interprets them. libfcgi trusts its peer:
 * it aborts the process if it cannot allocate the memory for a length, formats the names of a
 * management record into 64 bytes, and skips records of other requests without a limit.
 *
 * Only what a web server sends for one request at a time is accepted (FastCGI specification,
 * sections 3, 5 and 6): BEGIN_REQUEST, then PARAMS and STDIN, each with the same request id and
 * closed by an empty record. Everything else is refused, for example FCGI_ABORT_REQUEST, management
 * records and bytes after the end of STDIN. So is padding of BEGIN_REQUEST and of empty records,
 * which libfcgi would take for the next record. The data of STDIN is not limited here.
 *
 * Also writes the records of a response that libfcgi does not write (stream.h).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the parameters of a request. nginx sends them in one record, which has at most these. */
#define FCGI_PARAMS_MAX 65535

struct fcgi_records {
	unsigned char expected; /* type of the next record; 0: none */
	unsigned char header[8];
	unsigned char header_len; /* bytes of the header that were read */
	bool in_params;		  /* the content of this record is parameters */
	uint16_t request_id;
	uint16_t content, padding; /* bytes of this record that were not read */
	size_t params;		   /* content bytes of all PARAMS records */
	uint64_t body;		   /* content bytes of STDIN that were accepted */
	unsigned char lengths[8];  /* lengths of the name and the value of a pair */
	unsigned char lengths_len; /* bytes of them that were read */
	size_t pair;		   /* bytes of the name and the value that were not read */
};

/* Call it before the first byte of each request. */
void fcgi_records_start(struct fcgi_records *records);
/*
 * Takes the next bytes of the request, in pieces of any size. Returns false if the peer has broken
 * the protocol: close the connection, and do not call it again.
 */
bool fcgi_records_accept(struct fcgi_records *records, const void *bytes, size_t len);
/* Whether all parameters were accepted. */
bool fcgi_records_have_params(const struct fcgi_records *records);

/* Bytes of a record's header, and the most that its content has here: a multiple of 8. */
#define FCGI_HEADER_SIZE 8
#define FCGI_CONTENT_MAX ((size_t)65528)
/* Writes the header of an FCGI_STDOUT record, which is not closed: len is 1 to FCGI_CONTENT_MAX. */
void fcgi_records_put_header(char header[FCGI_HEADER_SIZE], uint16_t request_id, size_t len);
/* Bytes of the records that end a response: an empty FCGI_STDOUT, and FCGI_END_REQUEST. */
#define FCGI_END_SIZE (3 * FCGI_HEADER_SIZE)
void fcgi_records_put_end(char end[FCGI_END_SIZE], uint16_t request_id);
