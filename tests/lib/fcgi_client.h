#pragma once
/* The web server's side of FastCGI, as far as tests need it: requests and responses in buffers. */
#include "base/buf.h"

#define FCGI_CLIENT_BEGIN  1
#define FCGI_CLIENT_END	   3
#define FCGI_CLIENT_PARAMS 4
#define FCGI_CLIENT_STDIN  5
#define FCGI_CLIENT_STDOUT 6

void fcgi_client_put_record(struct buf *out, int type, struct str content);
void fcgi_client_put_begin(struct buf *out, bool keep);
/* One PARAMS record with these pairs, then the empty one. pairs ends with NULL. */
void fcgi_client_put_params(struct buf *out, const char *const pairs[]);
/* STDIN records of at most 16000 bytes each, then the empty one. */
void fcgi_client_put_stdin(struct buf *out, struct str body);
/* A complete request on a kept connection. */
void fcgi_client_put_request(struct buf *out, const char *const pairs[], struct str body);

/*
 * Removes one complete response from the front of `in` and appends the contents of its STDOUT
 * records to `out`. Returns false and changes nothing if the response is not complete.
 */
bool fcgi_client_take_response(struct buf *in, struct buf *out);
