#pragma once
/*
 * FastCGI connections over libfcgi, one struct fcgi each; the only file that includes <fcgiapp.h>.
 *
 * libfcgi's own loop serves one connection at a time and blocks (DESIGN §5: it starves as soon as
 * the web server keeps connections). So the worker accepts and waits by itself, and calls libfcgi
 * only for a connection that is readable, by setting members of FCGX_Request that its header says
 * not to touch: ipcFd, keepConnection, isBeginProcessed and the stream pointers. configure takes
 * only releases that the suite was run with, and tests/serve/test_fcgi holds the behaviour.
 *
 * libfcgi trusts its peer: a hostile record can end the process. So fcgi_accept lets in only the
 * web server's user and our own. The web server sends whole requests (fastcgi_request_buffering
 * on); a peer that stops in the middle is dropped after FCGI_RECEIVE_TIMEOUT_MS.
 */
#include <sys/types.h>

#include "base/err.h"
#include "http/request.h"

#define FCGI_RECEIVE_TIMEOUT_MS 300
/*
 * So much may be written to a connection that epoll calls writable without waiting: Linux says so
 * of a unix socket while a quarter of its buffer, 208 KiB by default, is in use at most.
 */
#define FCGI_SEND_MAX ((size_t)32 * 1024)

struct fcgi;

/* Once a process, before anything else here; the caller installs its signal handlers after it. */
bool fcgi_init(struct err *err);

enum fcgi_accept_result {
	FCGI_ACCEPTED,
	FCGI_NO_CONNECTION, /* nobody waits any more */
	FCGI_WRONG_USER,    /* a foreign user: closed and logged; try again */
	FCGI_NO_RESOURCES,  /* of descriptors or memory: try again later */
};
/* Takes one connection from a non-blocking listening socket; the caller owns it (fcgi_close). */
enum fcgi_accept_result fcgi_accept(struct fcgi **fcgi, int listener, uid_t peer);
void fcgi_close(struct fcgi *fcgi);
/* For epoll; -1 once libfcgi has closed it. */
int fcgi_fd(const struct fcgi *fcgi);

/*
 * Reads one request from a readable connection into request (whose arena is set): all parameters,
 * which borrow from the connection until fcgi_end, and the body, copied to arena. False with ERR_NONE
 * the peer has left or broken the protocol: close; any other      a request is there and must be
 * refused with this error, then fcgi_end: its body was too large (ERR_TOO_LARGE), not as long as
 * announced (ERR_MALFORMED), ...
 */
bool fcgi_receive(struct fcgi *fcgi, struct request *request, size_t body_limit, struct err *err);
/* Sends part of the answer now, at most FCGI_SEND_MAX bytes; false: the peer has left, close. */
bool fcgi_send(struct fcgi *fcgi, const char *bytes, size_t len);
/* Ends the answer. False when the connection did not outlive it: close. */
bool fcgi_end(struct fcgi *fcgi);
