#pragma once
/*
 * FastCGI connections over libfcgi, one struct fcgi each. Only fcgi.c includes <fcgiapp.h>.
 *
 * libfcgi's own loop serves one connection at a time and blocks: other connections starve as soon
 * as the web server keeps them open. So the worker accepts and waits itself and calls libfcgi only
 * for readable connections, by setting members of FCGX_Request that <fcgiapp.h> reserves: ipcFd,
 * keepConnection, isBeginProcessed and the stream pointers. configure accepts only libfcgi releases
 * that the tests were run with; tests/serve/test_fcgi.c checks the behaviour.
 *
 * fcgi_accept() admits only the web server's user and the service's own, and libfcgi sees only
 * bytes that fcgi_records.h accepts: other records close the connection. The web server sends whole
 * requests (fastcgi_request_buffering on). A peer that pauses within one for
 * FCGI_RECEIVE_TIMEOUT_MS, or sends it more slowly than 16 MB/s after this time, is disconnected.
 */
#include <sys/types.h>

#include "base/err.h"
#include "http/request.h"
#include "sys/handover.h"

#define FCGI_RECEIVE_TIMEOUT_MS 300
/*
 * Bytes that can be written without blocking after epoll reports a connection as writable: Linux
 * does so while at most a quarter of the socket buffer (208 KiB by default) is in use.
 */
#define FCGI_SEND_MAX ((size_t)32 * 1024)

struct fcgi;

/* Call once per process, before all else here. Replaces the signal handlers. */
bool fcgi_init(struct err *err);

enum fcgi_accept_result {
	FCGI_ACCEPTED,
	FCGI_NO_CONNECTION, /* none is pending */
	FCGI_WRONG_USER,    /* closed and logged; call again */
	FCGI_NO_RESOURCES,  /* no descriptor or memory; call again later */
};
/* Accepts one connection from a non-blocking socket. The caller owns it: fcgi_close(). */
enum fcgi_accept_result fcgi_accept(struct fcgi **fcgi, int listener, uid_t peer);
/* The same for a connection from a queue: as it is between two requests, perhaps with the next. */
enum fcgi_accept_result fcgi_take(struct fcgi **fcgi, const struct handover *queue, uid_t peer);
/*
 * Puts the connection into the queue. Call it between two requests, and close the connection here
 * if it returns true. Returns false if the queue is full.
 */
bool fcgi_hand_over(const struct fcgi *fcgi, const struct handover *queue);
/*
 * A connection of an accepted descriptor, between two requests. NULL without memory; the descriptor
 * then remains the caller's.
 */
struct fcgi *fcgi_new(int take_fd);
void fcgi_close(struct fcgi *fcgi);
/* The descriptor, for epoll; -1 if libfcgi has closed it. */
int fcgi_fd(const struct fcgi *fcgi);

/*
 * Read one request from a readable connection: first the parameters, which borrow from the
 * connection until fcgi_end(), then the body, of at most `limit` bytes, into the arena. Both return
 * false
 *
 *	with ERR_NONE       if the peer left or broke the protocol: close the connection;
 *	with another error  if the request must be refused with it, then fcgi_end(): for example
 *	                    ERR_TOO_LARGE (body), ERR_MALFORMED (body differs from Content-Length).
 *	                    Read or skip the body also after fcgi_receive_params() has refused.
 */
bool fcgi_receive_params(struct fcgi *fcgi, struct request *request, struct err *err);
bool fcgi_receive_body(struct fcgi *fcgi, struct request *request, size_t limit,
	struct arena *arena, struct err *err);
/*
 * The same for a body in parts. fcgi_begin_body() allocates it in the arena, which must outlive the
 * last part; if it returns false, or with limit 0, the parts are skipped. Then call
 * fcgi_receive_part() whenever the connection is readable until it returns something else than
 * FCGI_BODY_MORE. A call takes the bytes that libfcgi has read ahead, and reads at most
 * FCGI_PART_MAX further ones that have arrived. The last call also waits for the end of the stream
 * (FCGI_RECEIVE_TIMEOUT_MS).
 */
#define FCGI_PART_MAX ((size_t)256 * 1024)
bool fcgi_begin_body(struct fcgi *fcgi, struct request *request, size_t limit, struct arena *arena,
	struct err *err);
enum fcgi_body {
	FCGI_BODY_MORE,
	FCGI_BODY_DONE,	   /* request->body is set, unless the body was skipped */
	FCGI_BODY_REFUSED, /* with an error, as above */
	FCGI_BODY_BROKEN,  /* close the connection */
};
enum fcgi_body fcgi_receive_part(struct fcgi *fcgi, struct request *request, struct err *err);
/*
 * Frees libfcgi's buffers, 17 KB, and the parameters of a request that was read and waits; then
 * only fcgi_close() and fcgi_resume() may be called. fcgi_resume() makes buffers for the response;
 * it reads nothing, and does nothing if they are there. False: without memory; close.
 */
void fcgi_suspend(struct fcgi *fcgi);
bool fcgi_resume(struct fcgi *fcgi);
/* Of the request that was read last: its id, and whether the connection is kept after it. */
uint16_t fcgi_request_id(const struct fcgi *fcgi);
bool fcgi_keeps_connection(const struct fcgi *fcgi);
/* Sends at most FCGI_SEND_MAX bytes of the response. False: the peer left; close. */
bool fcgi_send(struct fcgi *fcgi, const char *bytes, size_t len);
/* Sends what is left of the response, and its end. False: the peer has left. */
bool fcgi_complete(struct fcgi *fcgi);
/* Ends the request. False: the connection cannot be reused; close. */
bool fcgi_end(struct fcgi *fcgi);
