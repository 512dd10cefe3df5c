#include "notify/transfer_options.h"

#include <stdio.h>
#include <sys/socket.h>

/* ---- callbacks ---- */

static bool is_allowed(const struct transfer *transfer, const struct sockaddr *to)
{
	const struct transfers *transfers = transfer->transfers;
	uint8_t address[16];

	return network_address(to, address) &&
	       (network_contains_any(transfers->networks, transfers->network_count, address) ||
		       (transfer->is_tls && network_is_public(address)));
}

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = data;

	(void)purpose;
	if (!is_allowed(transfer, &address->addr)) {
		transfer->refused++;
		return CURL_SOCKET_BAD;
	}
	transfer->tried++;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Interim responses and trailers count, too. */
static size_t take_header(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;
	long status = 0;

	transfer->header_bytes += size * count;
	if (size * count > 0 && (bytes[0] == '\r' || bytes[0] == '\n')) {
		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
		transfer->is_header_whole = status >= 200;
	}
	transfer->is_header_too_large = transfer->header_bytes > TRANSFER_HEADER_MAX;
	return transfer->is_header_too_large ? 0 : size * count;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *transfer = data;
	size_t room = sizeof(transfer->answer) - transfer->answer_len;
	size_t len = size * count;

	if (room > len)
		room = len;
	memcpy(transfer->answer + transfer->answer_len, bytes, room);
	transfer->answer_len += room;
	transfer->body_bytes += len;
	return transfer->body_bytes > TRANSFER_BODY_MAX ? CURL_WRITEFUNC_ERROR : len;
}

/* ---- options ---- */

#define SET(option, value)                                                       \
	do {                                                                     \
		if (curl_easy_setopt(transfer->easy, option, value) != CURLE_OK) \
			return false;                                            \
	} while (0)

static bool add_line(struct transfer *transfer, const char *line)
{
	struct curl_slist *fields = curl_slist_append(transfer->fields, line);

	if (fields)
		transfer->fields = fields;
	return fields != NULL;
}

static bool set_fields(struct transfer *transfer)
{
	const char *line = transfer->request.lines.data;

	for (size_t i = 0; i < transfer->request.line_count; i++) {
		if (!add_line(transfer, line))
			return false;
		line += strlen(line) + 1;
	}
	/* Without it libcurl waits for 100 (Continue) before a large body. */
	if (!add_line(transfer, "Expect:"))
		return false;
	SET(CURLOPT_HTTPHEADER, transfer->fields);
	return true;
}

static bool set_method(struct transfer *transfer)
{
	const struct buf *body = &transfer->request.body;

	if (transfer->request.method == WEBHOOK_GET) {
		SET(CURLOPT_HTTPGET, 1L);
		return true;
	}
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
	SET(CURLOPT_POSTFIELDS, buf_str(body).ptr);
	if (transfer->request.method == WEBHOOK_PUT)
		SET(CURLOPT_CUSTOMREQUEST, "PUT");
	return true;
}

static bool set_security(struct transfer *transfer)
{
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, transfer);
	return true;
}

bool transfer_set_options(struct transfer *transfer)
{
	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_SHARE, transfer->pool->share);
	SET(CURLOPT_URL, transfer->request.url.data);
	SET(CURLOPT_NOSIGNAL, 1L);
	/* Does not wait for a name server when the request has ended. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)TRANSFER_CONNECT_MS);
	SET(CURLOPT_TIMEOUT_MS, (long)TRANSFER_MS);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, transfer);
	return set_method(transfer) && set_fields(transfer) && set_security(transfer);
}

/* ---- errors ---- */

/*
 * Tenants see these texts: they tell nothing of hosts and addresses that are not allowed, nor which
 * names the resolver of the service knows.
 */
#define NO_ADDRESS "The receiver's address cannot be used: it has none, or not a public one."

struct cause {
	CURLcode code;
	enum transfer_fault fault;
	const char *text;
};

static const struct cause causes[] = {
	{ CURLE_URL_MALFORMAT, TRANSFER_UNREACHABLE, "The URL cannot be used." },
	{ CURLE_UNSUPPORTED_PROTOCOL, TRANSFER_UNREACHABLE, "The URL cannot be used." },
	{ CURLE_COULDNT_RESOLVE_HOST, TRANSFER_UNREACHABLE, NO_ADDRESS },
	{ CURLE_COULDNT_CONNECT, TRANSFER_UNREACHABLE, "Cannot connect to the receiver." },
	{ CURLE_PEER_FAILED_VERIFICATION, TRANSFER_UNREACHABLE,
		"The certificate of the receiver is not valid." },
	{ CURLE_SSL_CONNECT_ERROR, TRANSFER_UNREACHABLE,
		"The TLS handshake with the receiver failed." },
	{ CURLE_GOT_NOTHING, TRANSFER_BROKEN,
		"The receiver ended the connection without a response." },
	{ CURLE_RECV_ERROR, TRANSFER_BROKEN, "The receiver ended the connection early." },
	{ CURLE_SEND_ERROR, TRANSFER_BROKEN, "The receiver ended the connection early." },
	{ CURLE_PARTIAL_FILE, TRANSFER_BROKEN, "The receiver ended the connection early." },
	{ CURLE_SSL_CACERT_BADFILE, TRANSFER_NOT_BEGUN,
		"The certificates of the system cannot be read." },
	{ CURLE_OUT_OF_MEMORY, TRANSFER_NOT_BEGUN, "Memory was exhausted." },
};

/* libcurl's error for HTTP/0.9, which is what anything else looks like, is one of them. */
static const struct cause not_http = { CURLE_OK, TRANSFER_BROKEN,
	"The response cannot be read as HTTP." };
static const struct cause redirect = { CURLE_OK, TRANSFER_BROKEN, "Redirects are not followed." };
static const struct cause other_status = { CURLE_OK, TRANSFER_BROKEN, "The status is not 2xx." };
static const struct cause large_header = { CURLE_OK, TRANSFER_BROKEN,
	"The header of the response is too large." };
static const struct cause no_address = { CURLE_OK, TRANSFER_UNREACHABLE, NO_ADDRESS };
static const struct cause no_answer = { CURLE_OK, TRANSFER_TIMEOUT,
	"The receiver has not answered in time." };
static const struct cause no_connection = { CURLE_OK, TRANSFER_UNREACHABLE,
	"Cannot connect to the receiver in time." };

static const struct cause *cause_of(CURLcode code)
{
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (causes[i].code == code)
			return &causes[i];
	}
	return &not_http;
}

static bool was_connected(const struct transfer *transfer)
{
	curl_off_t us = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &us);
	return us > 0;
}

static const struct cause *find_cause(
	const struct transfer *transfer, CURLcode code, unsigned status)
{
	if (transfer->is_header_whole)
		return status >= 300 && status < 400 ? &redirect : &other_status;
	/* libcurl's error for a line of the header that is too long is CURLE_OUT_OF_MEMORY. */
	if (transfer->is_header_too_large ||
		(transfer->header_bytes > 0 && code == CURLE_OUT_OF_MEMORY))
		return &large_header;
	if (code == CURLE_COULDNT_CONNECT && transfer->refused > 0 && transfer->tried == 0)
		return &no_address;
	if (code == CURLE_UNSUPPORTED_PROTOCOL && transfer->tried > 0)
		return &not_http;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return was_connected(transfer) ? &no_answer : &no_connection;
	return cause_of(code);
}

enum transfer_fault transfer_explain(
	const struct transfer *transfer, CURLcode code, unsigned status, char *text, size_t size)
{
	const struct cause *cause = find_cause(transfer, code, status);
	bool is_delivered = status >= 200 && status < 300;

	snprintf(text, size, "%s", is_delivered ? "" : cause->text);
	return cause->fault;
}
