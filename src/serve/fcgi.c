#include "serve/fcgi.h"

#include <errno.h>
#include <fastcgi.h>
#include <fcgiapp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/fcgi_records.h"

/* A request must arrive at this rate after FCGI_RECEIVE_TIMEOUT_MS: 16 MB/s. */
#define BYTES_PER_US 16

#define WRONG_LENGTH "The body is not as long as announced."

struct fcgi {
	FCGX_Request request;
	struct fcgi_records records;
	int64_t read_until_us; /* monotonic; each byte of the request moves it */
	/* A body in parts: its place, NULL to skip it; its length, and the bytes that were read. */
	char *body;
	uint64_t body_len, body_got;
	const unsigned char *replay; /* bytes that libfcgi reads instead; NULL: none */
	size_t replay_len;
};

/* The connection that libfcgi reads from at present, or NULL. */
static struct fcgi *reading;

/*
 * Replaces the function by which libfcgi reads: the dynamic linker searches the program before the
 * libraries. Without the replacement start_request() refuses every request.
 */
int OS_Read(int fd, char *bytes, size_t len);

static int replay(struct fcgi *fcgi, char *bytes, size_t len)
{
	size_t got = len < fcgi->replay_len ? len : fcgi->replay_len;

	memcpy(bytes, fcgi->replay, got);
	fcgi->replay += got;
	fcgi->replay_len -= got;
	return (int)got;
}

int OS_Read(int fd, char *bytes, size_t len)
{
	ssize_t got;

	if (reading && reading->replay)
		return replay(reading, bytes, len);
	if (reading && clock_mono_us() > reading->read_until_us) {
		errno = ETIMEDOUT;
		return -1;
	}
	got = read(fd, bytes, len);
	if (got <= 0 || !reading)
		return (int)got;
	reading->read_until_us += got / BYTES_PER_US;
	if (fcgi_records_accept(&reading->records, bytes, (size_t)got))
		return (int)got;
	log_warn("record-refused", "the web server sent an unexpected FastCGI record");
	errno = EPROTO;
	return -1;
}

bool fcgi_init(struct err *err)
{
	/* Otherwise closing waits up to 2 s for the peer. */
	if (setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 1) != 0 || FCGX_Init() != 0)
		return err_set(err, ERR_INTERNAL, "fcgi", "cannot initialise libfcgi");
	return true;
}

struct fcgi *fcgi_new(int take_fd)
{
	const struct timeval limit = { 0, FCGI_RECEIVE_TIMEOUT_MS * 1000L };
	struct fcgi *fcgi = calloc(1, sizeof(*fcgi));

	if (!fcgi || setsockopt(take_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
		setsockopt(take_fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0) {
		free(fcgi);
		return NULL;
	}
	/* Listening socket -1: otherwise libfcgi accepts a connection when this one breaks. */
	FCGX_InitRequest(&fcgi->request, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	fcgi->request.ipcFd = take_fd;
	return fcgi;
}

void fcgi_close(struct fcgi *fcgi)
{
	if (!fcgi)
		return;
	/* detached: close(2) without shutdown(2) and a wait. */
	fcgi->request.detached = 1;
	FCGX_Free(&fcgi->request, fcgi->request.ipcFd >= 0);
	free(fcgi);
}

int fcgi_fd(const struct fcgi *fcgi)
{
	return fcgi->request.ipcFd;
}

uint16_t fcgi_request_id(const struct fcgi *fcgi)
{
	return fcgi->records.request_id;
}

bool fcgi_keeps_connection(const struct fcgi *fcgi)
{
	return fcgi->request.keepConnection != 0;
}

/* Makes libfcgi read the next request of a connection that it did not accept itself. */
static bool start_request(struct fcgi *fcgi)
{
	FCGX_Request *fcgx = &fcgi->request;
	int fd = fcgx->ipcFd;

	fcgx->isBeginProcessed = 0;
	fcgx->keepConnection = 1; /* otherwise FCGX_Accept_r() closes the connection */
	fcgx->detached = 1;
	fcgx->in = fcgx->out = fcgx->err = NULL;
	fcgx->envp = NULL;
	fcgx->paramsPtr = NULL;
	return FCGX_Accept_r(fcgx) == 0 && fcgx->ipcFd == fd &&
	       fcgi_records_have_params(&fcgi->records);
}

static bool read_params(struct request *request, char **envp, struct err *err)
{
	for (; *envp; envp++) {
		const char *equal = strchr(*envp, '=');
		struct str name, value;

		if (!equal)
			continue;
		name = (struct str){ *envp, (size_t)(equal - *envp) };
		value = str_cstr(equal + 1);
		if (!request_add_cgi_param(request, name, value, err))
			return false;
	}
	return true;
}

/* Skips the rest of the body, so that the next request follows on a kept connection. */
static uint64_t drain(FCGX_Stream *in)
{
	char scrap[4096];
	uint64_t drained = 0;
	int got;

	while ((got = FCGX_GetStr(scrap, sizeof(scrap), in)) > 0)
		drained += (uint64_t)got;
	return drained;
}

/* A missing or empty CONTENT_LENGTH is 0. */
static bool parse_length(
	const struct request *request, size_t limit, uint64_t *length, struct err *err)
{
	struct str text = request_cgi_param(request, "CONTENT_LENGTH");

	*length = 0;
	if (text.len > 0 && !str_to_u64(text, length))
		return err_set(err, ERR_MALFORMED, "Content-Length", NULL);
	return *length <= limit || err_set(err, ERR_TOO_LARGE, NULL, NULL);
}

static bool read_body(FCGX_Stream *in, struct request *request, size_t limit, struct arena *arena,
	struct err *err)
{
	uint64_t length;
	char *body = NULL;
	int got = 0;
	uint64_t extra;

	if (!parse_length(request, limit, &length, err)) {
		drain(in);
		return false;
	}
	if (length > 0) {
		body = arena_alloc(arena, length);
		if (body)
			got = FCGX_GetStr(body, (int)length, in);
	}
	extra = drain(in);
	if (length > 0 && !body)
		return err_no_memory(err);
	/* The peer left or stalled; a 4xx would wrongly blame the client. */
	if (FCGX_GetError(in) != 0) {
		err->code = ERR_NONE;
		return false;
	}
	if ((uint64_t)got != length || extra > 0)
		return err_set(err, ERR_MALFORMED, "Content-Length", WRONG_LENGTH);
	request->body = (struct str){ body, (size_t)length };
	return true;
}

static void begin_reading(struct fcgi *fcgi)
{
	reading = fcgi;
	fcgi->read_until_us = clock_mono_us() + FCGI_RECEIVE_TIMEOUT_MS * 1000;
}

bool fcgi_receive_params(struct fcgi *fcgi, struct request *request, struct err *err)
{
	bool ok = false;

	begin_reading(fcgi);
	fcgi_records_start(&fcgi->records);
	if (start_request(fcgi))
		ok = read_params(request, fcgi->request.envp, err);
	else
		err->code = ERR_NONE;
	reading = NULL;
	return ok;
}

bool fcgi_receive_body(struct fcgi *fcgi, struct request *request, size_t limit,
	struct arena *arena, struct err *err)
{
	bool ok;

	begin_reading(fcgi);
	ok = read_body(fcgi->request.in, request, limit, arena, err);
	reading = NULL;
	return ok;
}

bool fcgi_begin_body(struct fcgi *fcgi, struct request *request, size_t limit, struct arena *arena,
	struct err *err)
{
	fcgi->body = NULL;
	fcgi->body_len = fcgi->body_got = 0;
	if (!parse_length(request, limit > 0 ? limit : SIZE_MAX, &fcgi->body_len, err))
		return false;
	if (limit == 0 || fcgi->body_len == 0)
		return true;
	fcgi->body = arena_alloc(arena, fcgi->body_len);
	return fcgi->body || err_no_memory(err);
}

/* Bytes of the body that libfcgi has read and not given yet. */
static uint64_t read_ahead(const struct fcgi *fcgi)
{
	return fcgi->records.body - fcgi->body_got;
}

static size_t at_most(uint64_t len, uint64_t max)
{
	return (size_t)(len < max ? len : max);
}

/* Bytes to read now: all that has arrived, less the headers of records; at least 1. */
static size_t part_length(const struct fcgi *fcgi)
{
	uint64_t left = fcgi->body_len - fcgi->body_got, arrived = read_ahead(fcgi);
	int pending = 0;

	if (ioctl(fcgi->request.ipcFd, FIONREAD, &pending) == 0 && pending > 64)
		arrived += (uint64_t)(pending - pending / 8 - 8);
	return at_most(arrived > 0 ? arrived : 1, at_most(left, FCGI_PART_MAX));
}

/* Reads and forgets. Returns the number of bytes. */
static size_t skip(FCGX_Stream *in, size_t len)
{
	char scrap[4096];
	size_t skipped = 0, part = 0;

	do {
		part = len - skipped < sizeof(scrap) ? len - skipped : sizeof(scrap);
		part = (size_t)FCGX_GetStr(scrap, (int)part, in);
		skipped += part;
	} while (part > 0 && skipped < len);
	return skipped;
}

/* Returns whether all `len` bytes were read. */
static bool read_part(struct fcgi *fcgi, size_t len)
{
	FCGX_Stream *in = fcgi->request.in;
	size_t got = fcgi->body ? (size_t)FCGX_GetStr(fcgi->body + fcgi->body_got, (int)len, in)
				: skip(in, len);

	fcgi->body_got += got;
	return got == len;
}

/*
 * Returns the number of bytes after the body, which must not be there. epoll does not report bytes
 * that were read ahead, so none may be left when the next part has to arrive.
 */
static uint64_t receive(struct fcgi *fcgi, bool *more)
{
	*more = read_part(fcgi, part_length(fcgi)) &&
		read_part(fcgi, at_most(read_ahead(fcgi), fcgi->body_len - fcgi->body_got)) &&
		fcgi->body_got < fcgi->body_len;
	return *more ? 0 : drain(fcgi->request.in);
}

enum fcgi_body fcgi_receive_part(struct fcgi *fcgi, struct request *request, struct err *err)
{
	uint64_t extra;
	bool more;

	begin_reading(fcgi);
	extra = receive(fcgi, &more);
	reading = NULL;
	if (more)
		return FCGI_BODY_MORE;
	if (FCGX_GetError(fcgi->request.in) != 0)
		return FCGI_BODY_BROKEN;
	if (fcgi->body_got != fcgi->body_len || extra > 0) {
		err_set(err, ERR_MALFORMED, "Content-Length", WRONG_LENGTH);
		return FCGI_BODY_REFUSED;
	}
	if (fcgi->body)
		request->body = (struct str){ fcgi->body, (size_t)fcgi->body_len };
	return FCGI_BODY_DONE;
}

void fcgi_suspend(struct fcgi *fcgi)
{
	FCGX_Free(&fcgi->request, 0);
}

/* libfcgi reads the beginning of the request again, without parameters. */
bool fcgi_resume(struct fcgi *fcgi)
{
	const FCGX_Request *fcgx = &fcgi->request;
	const unsigned char high = (unsigned char)(fcgx->requestId >> 8);
	const unsigned char low = (unsigned char)fcgx->requestId;
	const struct {
		FCGI_BeginRequestRecord begin;
		FCGI_Header params;
	} records = {
		{ { FCGI_VERSION_1, FCGI_BEGIN_REQUEST, high, low, 0, sizeof(FCGI_BeginRequestBody),
			  0, 0 },
			{ .roleB0 = (unsigned char)fcgx->role,
				.flags = fcgx->keepConnection ? FCGI_KEEP_CONN : 0 } },
		{ FCGI_VERSION_1, FCGI_PARAMS, high, low, 0, 0, 0, 0 },
	};
	bool ok;

	if (fcgx->in)
		return true;
	begin_reading(fcgi);
	fcgi->replay = (const unsigned char *)&records;
	fcgi->replay_len = sizeof(records);
	ok = start_request(fcgi);
	fcgi->replay = NULL;
	reading = NULL;
	return ok;
}

bool fcgi_complete(struct fcgi *fcgi)
{
	/* In the order of FCGX_Finish_r(), so that both ends are one write. */
	int err = FCGX_FClose(fcgi->request.err);
	int out = FCGX_FClose(fcgi->request.out);

	return err == 0 && out == 0;
}

bool fcgi_send(struct fcgi *fcgi, const char *bytes, size_t len)
{
	return len == 0 || FCGX_PutStr(bytes, (int)len, fcgi->request.out) == (int)len;
}

bool fcgi_end(struct fcgi *fcgi)
{
	FCGX_Finish_r(&fcgi->request);
	return fcgi->request.ipcFd >= 0;
}
