#include "import/transfer.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "import/reply.h"
#include "import/transfer_error.h"

/* Of one request: all header fields, those of interim responses and trailers included. */
#define HEADER_MAX	((size_t)256 << 10)
#define CONNECT_SECONDS 30L
#define STALL_BYTES	1024L
#define RECEIVE_BUFFER	(256L << 10)

/* ---- callbacks ---- */

static bool is_allowed(const struct transfer_limits *limits, const struct sockaddr *to)
{
	uint8_t address[16];

	return network_address(to, address) &&
	       (network_contains_any(limits->allowed, limits->allowed_count, address) ||
		       network_is_public(address));
}

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = data;

	(void)purpose;
	if (!is_allowed(transfer->limits, &address->addr)) {
		transfer->refused++;
		return CURL_SOCKET_BAD;
	}
	transfer->tried++;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t count_header(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;
	long status = 0;

	transfer->header_bytes += size * count;
	if (size * count > 0 && (bytes[0] == '\r' || bytes[0] == '\n')) {
		curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
		transfer->is_header_whole = status >= 200;
	}
	transfer->is_header_too_large = transfer->header_bytes > HEADER_MAX;
	return transfer->is_header_too_large ? 0 : size * count;
}

static const char *header_value(struct transfer *transfer, const char *name)
{
	struct curl_header *header;

	return curl_easy_header(transfer->curl, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
		       ? header->value
		       : NULL;
}

/*
 * libcurl takes a number that is too large as none, the digits before other characters as the
 * number, and the last one of several fields.
 */
static int64_t content_length(struct transfer *transfer)
{
	curl_off_t length = REPLY_LENGTH_UNKNOWN;
	struct curl_header *header;
	int64_t first = REPLY_LENGTH_UNKNOWN;

	for (size_t i = 0; curl_easy_header(transfer->curl, "Content-Length", i, CURLH_HEADER, -1,
				   &header) == CURLHE_OK;
		i++) {
		int64_t value = reply_parse_length(header->value);

		if (value == REPLY_LENGTH_INVALID || (i > 0 && value != first))
			return REPLY_LENGTH_INVALID;
		first = value;
	}
	/* Chunks have no length, whatever the field says. */
	curl_easy_getinfo(transfer->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	return length;
}

static void read_reply(struct transfer *transfer, struct reply *reply)
{
	*reply = (struct reply){
		.location = header_value(transfer, "Location"),
		.content_range = header_value(transfer, "Content-Range"),
		.etag = header_value(transfer, "ETag"),
		.last_modified = header_value(transfer, "Last-Modified"),
		.date = header_value(transfer, "Date"),
	};
	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &reply->status);
	reply->content_length = content_length(transfer);
}

/* Whether the file will fit: into the limit, and on the disk. */
static bool check_length(struct transfer *transfer, const struct reply_plan *plan)
{
	uint64_t before = transfer->sink->partial->size;

	if (plan->length == PARTIAL_TOTAL_UNKNOWN)
		return true;
	if (before + plan->length > transfer->limits->max_bytes)
		return transfer_too_large(transfer->limits, transfer->err);
	return partial_check_room(transfer->sink->partial, plan->length, transfer->err);
}

/* Acts on status and header fields, before the first byte of the body. */
static bool begin(struct transfer *transfer)
{
	struct partial *partial = transfer->sink->partial;
	struct reply_plan plan;
	struct reply reply;

	read_reply(transfer, &reply);
	if (!reply_judge(&reply, partial, transfer->asked, &plan, transfer->err))
		return false;
	transfer->length = plan.length;
	switch (plan.action) {
	case REPLY_REDIRECT:
		buf_puts(transfer->location, reply.location);
		transfer->end = TRANSFER_REDIRECTED;
		return false;
	case REPLY_RESTART:
		transfer->end = TRANSFER_RESTART;
		return false;
	case REPLY_REST:
		partial->total = plan.total;
		return check_length(transfer, &plan);
	case REPLY_WHOLE:
	default:
		memcpy(partial->target, transfer->target, sizeof(partial->target));
		return partial_restart(partial, &plan.version, plan.total, transfer->err) &&
		       digest_start(transfer->sink->digest, transfer->err) &&
		       check_length(transfer, &plan);
	}
}

/* False: the body is not wanted, and the transfer ends as `end` and `err` say. */
static bool begin_once(struct transfer *transfer)
{
	if (!transfer->begun) {
		transfer->begun = true;
		transfer->accepted = begin(transfer);
	}
	return transfer->accepted;
}

static bool take(struct transfer *transfer, const char *bytes, size_t len)
{
	const struct transfer_sink *sink = transfer->sink;

	/* More than the range: libcurl knows the Content-Length only. */
	if (len > transfer->length - transfer->received) {
		transfer->end = TRANSFER_RESTART;
		return false;
	}
	if (sink->partial->size + len > transfer->limits->max_bytes)
		return transfer_too_large(transfer->limits, transfer->err);
	if (!partial_append(sink->partial, bytes, len, transfer->err) ||
		!digest_add(sink->digest, bytes, len, transfer->err))
		return false;
	transfer->received += len;
	progress_report(sink->progress, sink->partial->size, sink->partial->total);
	return true;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;

	if (!begin_once(transfer))
		return 0;
	transfer->accepted = take(transfer, bytes, size * count);
	return transfer->accepted ? size * count : 0;
}

/* ---- the request ---- */

static bool set_range(struct transfer *transfer)
{
	const struct partial *partial = transfer->sink->partial;
	char range[32], condition[PARTIAL_VALIDATOR_SIZE + 16];
	struct curl_slist *fields;

	if (partial->size == 0 || !*partial->version.validator ||
		strcmp(partial->target, transfer->target) != 0)
		return true;
	transfer->asked = true;
	snprintf(range, sizeof(range), "%" PRIu64 "-", partial->size);
	snprintf(condition, sizeof(condition), "If-Range: %s", partial->version.validator);
	fields = curl_slist_append(NULL, condition);
	if (!fields)
		return false;
	transfer->fields = fields;
	return curl_easy_setopt(transfer->curl, CURLOPT_RANGE, range) == CURLE_OK &&
	       curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, fields) == CURLE_OK;
}

#define SET(option, value)                                                       \
	do {                                                                     \
		if (curl_easy_setopt(transfer->curl, option, value) != CURLE_OK) \
			return false;                                            \
	} while (0)

static bool set_target(struct transfer *transfer, const struct source *source)
{
	struct buf target = BUF_INIT;
	bool ok = source_target(source, &target, transfer->err) &&
		  digest_of_text(buf_str(&target), transfer->target, transfer->err);

	buf_free(&target);
	return ok;
}

static bool set_limits(struct transfer *transfer)
{
	const struct transfer_limits *limits = transfer->limits;
	int64_t left = limits->deadline_ms - clock_mono_ms();

	SET(CURLOPT_TIMEOUT_MS, (long)(left > 1 ? left : 1));
	SET(CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	SET(CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES);
	SET(CURLOPT_LOW_SPEED_TIME, (long)limits->stall_seconds);
	SET(CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
	return true;
}

static bool set_security(struct transfer *transfer)
{
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	/* The certificates of the system's folder (CURLOPT_CAPATH) are trusted besides. */
	if (transfer->limits->ca)
		SET(CURLOPT_CAINFO, transfer->limits->ca);
	return true;
}

static bool set_up(struct transfer *transfer, const struct source *source)
{
	SET(CURLOPT_CURLU, source->url);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_USERAGENT, "polytask-import/" POLYTASK_VERSION);
	/* HTTP/2 would save nothing for one file on a connection of its own. */
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, count_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, transfer);
	return set_target(transfer, source) && set_security(transfer) && set_limits(transfer) &&
	       set_range(transfer);
}

/* A response without a body, or whose body did not come, has not called take_body(). */
static enum transfer_end finish(struct transfer *transfer, const struct source *source)
{
	const struct partial *partial = transfer->sink->partial;
	CURLcode code = curl_easy_perform(transfer->curl);

	if (transfer->is_header_whole)
		begin_once(transfer);
	if (transfer->begun && !transfer->accepted)
		return transfer->end;
	if (code == CURLE_OK && !transfer->begun)
		code = CURLE_WEIRD_SERVER_REPLY;
	if (code != CURLE_OK)
		return transfer_explain(transfer, source, code);
	if (partial->total == PARTIAL_TOTAL_UNKNOWN || partial_is_complete(partial))
		return TRANSFER_DONE;
	err_set(transfer->err, ERR_BUSY, NULL, "The server sent a part of the file only.");
	return TRANSFER_CUT;
}

enum transfer_end transfer_run(const struct transfer_limits *limits, const struct source *source,
	const struct transfer_sink *sink, struct buf *location, struct err *err)
{
	struct transfer transfer = { .limits = limits,
		.sink = sink,
		.location = location,
		.err = err,
		.end = TRANSFER_FAILED,
		.curl = curl_easy_init() };
	enum transfer_end end = TRANSFER_FAILED;

	if (transfer.curl && set_up(&transfer, source))
		end = finish(&transfer, source);
	else
		err_set(err, ERR_INTERNAL, NULL, "The download cannot be set up.");
	curl_easy_cleanup(transfer.curl);
	curl_slist_free_all(transfer.fields);
	return end;
}
