#include "monitor/listener.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

#define REQUEST_BYTES ((size_t)16 * 1024)
#define TURN_MS	      100

struct connection {
	bool open;
	bool busy; /* with a request, from its first line to the end of the response */
	bool used; /* a request has ended */
	int fd;
	int64_t since_ms; /* its begin, or the end of its last request */
};

struct listener {
	struct MHD_Daemon *daemon;
	struct connection connections[LISTENER_CONNECTIONS];
	const struct page *pages;
	void *data;
	bool is_loopback, retiring;
	int fd;
};

struct listener_query {
	struct MHD_Connection *connection;
};

/* ---- the query ---- */

struct sought {
	const char *name, *value; /* value NULL: any */
	bool found;
};

static enum MHD_Result compare(
	void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct sought *sought = data;

	(void)kind;
	sought->found = strcmp(name, sought->name) == 0 &&
			(!sought->value || (value && strcmp(value, sought->value) == 0));
	return sought->found ? MHD_NO : MHD_YES;
}

static bool find(const struct listener_query *query, const char *name, const char *value)
{
	struct sought sought = { .name = name, .value = value };

	MHD_get_connection_values(query->connection, MHD_GET_ARGUMENT_KIND, compare, &sought);
	return sought.found;
}

bool listener_has_param(const struct listener_query *query, const char *name)
{
	return find(query, name, NULL);
}

bool listener_has_value(const struct listener_query *query, const char *name, const char *value)
{
	return find(query, name, value);
}

/* ---- requests ---- */

/* "192.0.2.1", "[::1]" or "localhost", with or without a port. */
static bool is_address(const char *host)
{
	uint8_t address[sizeof(struct in6_addr)];
	char name[INET6_ADDRSTRLEN + 2];
	size_t len = host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":");

	if (len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	if (name[0] == '[')
		return inet_pton(AF_INET6, name + 1, address) == 1;
	return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, address) == 1;
}

static bool is_read(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static enum MHD_Result respond(const struct listener *listener, struct MHD_Connection *connection,
	int status, const char *media_type, const struct buf *body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		body->len, body->data, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, media_type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (listener->retiring)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, (unsigned)status, response);
	MHD_destroy_response(response);
	return result;
}

static int refuse(struct buf *body, int status, const char *text)
{
	buf_printf(body, "%s\n", text);
	return status;
}

static const struct page *find_page(const struct listener *listener, const char *path)
{
	for (const struct page *page = listener->pages; page->path; page++) {
		if (strcmp(page->path, path) == 0)
			return page;
	}
	return NULL;
}

/* Returns the status; *page: the one that was written, or NULL. */
static int write_page(const struct listener *listener, struct MHD_Connection *connection,
	const char *path, const char *method, const struct page **page, struct buf *body)
{
	const struct listener_query query = { connection };
	const char *host = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);

	*page = NULL;
	if (listener->is_loopback && host && !is_address(host))
		return refuse(body, MHD_HTTP_MISDIRECTED_REQUEST,
			"This host is not an address: use that of the listener.");
	if (!is_read(method))
		return refuse(body, MHD_HTTP_METHOD_NOT_ALLOWED, "The method is not allowed.");
	*page = find_page(listener, path);
	if (!*page)
		return refuse(body, MHD_HTTP_NOT_FOUND, "There is nothing at this address.");
	return (*page)->write(&query, listener->data, body);
}

/*
 * libmicrohttpd calls it first with the head of a request, and closes the connection if that is
 * answered at once; then with each part of the body; then at the end.
 */
static enum MHD_Result answer(void *data, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **request)
{
	const struct listener *listener = data;
	const struct page *page;
	struct buf body = BUF_INIT;
	enum MHD_Result result = MHD_NO;
	int status;

	(void)version, (void)upload;
	if (*upload_len > 0)
		return MHD_NO;
	if (!*request && is_read(method)) {
		*request = data;
		return MHD_YES;
	}
	status = write_page(listener, connection, path, method, &page, &body);
	if (buf_ok(&body))
		result = respond(listener, connection, status,
			page ? page->media_type : "text/plain; charset=utf-8", &body);
	buf_free(&body);
	return result;
}

/* ---- time limits ---- */

/*
 * libmicrohttpd closes connections without progress. A client that sends or reads a byte now and
 * then makes progress, so each request has a limit, too.
 */
static void note_connection(void *data, struct MHD_Connection *handle, void **context,
	enum MHD_ConnectionNotificationCode code)
{
	struct listener *listener = data;
	struct connection *connection = *context;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED && connection) {
		connection->open = false;
		return;
	}
	for (size_t i = 0; code == MHD_CONNECTION_NOTIFY_STARTED && i < LISTENER_CONNECTIONS; i++) {
		connection = &listener->connections[i];
		if (connection->open)
			continue;
		*connection = (struct connection){
			.open = true,
			.fd = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)
				      ->connect_fd,
			.since_ms = clock_mono_ms(),
		};
		*context = connection;
		return;
	}
}

static struct connection *connection_of(struct MHD_Connection *handle)
{
	return MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* Called with the first line of a request. The result is the data of the request: none. */
static void *note_request(void *data, const char *uri, struct MHD_Connection *handle)
{
	struct connection *connection = connection_of(handle);

	(void)data, (void)uri;
	if (connection)
		connection->busy = true;
	return NULL;
}

static void note_end_of_request(void *data, struct MHD_Connection *handle, void **request,
	enum MHD_RequestTerminationCode code)
{
	struct connection *connection = connection_of(handle);

	(void)data, (void)request, (void)code;
	if (!connection)
		return;
	connection->busy = false;
	connection->used = true;
	connection->since_ms = clock_mono_ms();
}

/* libmicrohttpd notices the end of the connection, and closes it. */
static void end_slow_connections(struct listener *listener)
{
	int64_t now = clock_mono_ms(), most = LISTENER_REQUEST_MS;
	size_t open = 0;

	for (size_t i = 0; i < LISTENER_CONNECTIONS; i++)
		open += listener->connections[i].open;
	if (open == LISTENER_CONNECTIONS)
		most = LISTENER_CROWDED_MS;
	for (size_t i = 0; i < LISTENER_CONNECTIONS; i++) {
		const struct connection *connection = &listener->connections[i];

		if (connection->open && now - connection->since_ms >= most)
			shutdown(connection->fd, SHUT_RDWR);
	}
}

/* ---- the server ---- */

static bool is_loopback(int socket)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	const struct sockaddr_in *four = (const void *)&address;
	const struct sockaddr_in6 *six = (const void *)&address;

	if (getsockname(socket, (struct sockaddr *)&address, &len) != 0)
		return true;
	if (address.ss_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	if (address.ss_family != AF_INET6)
		return false;
	/* The last four bytes of a mapped address are one of IPv4. */
	return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr) &&
		       six->sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
}

bool listener_open(struct listener **listener, int socket, const struct page *pages, void *data,
	struct err *err)
{
	struct listener *opened = calloc(1, sizeof(*opened));
	const union MHD_DaemonInfo *info = NULL;

	if (!opened)
		return err_no_memory(err);
	*opened = (struct listener){
		.pages = pages, .data = data, .is_loopback = is_loopback(socket)
	};
	opened->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer, opened,
		MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)LISTENER_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)LISTENER_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_BYTES,
		MHD_OPTION_NOTIFY_CONNECTION, note_connection, opened, MHD_OPTION_NOTIFY_COMPLETED,
		note_end_of_request, opened, MHD_OPTION_URI_LOG_CALLBACK, note_request, opened,
		MHD_OPTION_END);
	if (opened->daemon)
		info = MHD_get_daemon_info(opened->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info) {
		listener_close(opened);
		return err_set(err, ERR_INTERNAL, "monitor", "the HTTP server cannot be started");
	}
	opened->fd = info->epoll_fd;
	*listener = opened;
	return true;
}

int listener_fd(const struct listener *listener)
{
	return listener->fd;
}

void listener_run(struct listener *listener)
{
	int64_t until = clock_mono_ms() + TURN_MS;
	MHD_UNSIGNED_LONG_LONG wait_ms;

	/* Pipelined requests are in buffers already, for which poll() would wait in vain. */
	do
		MHD_run(listener->daemon);
	while (MHD_get_timeout(listener->daemon, &wait_ms) == MHD_YES && wait_ms == 0 &&
		clock_mono_ms() < until);
	end_slow_connections(listener);
}

/* Whether the client has sent a request, or may be sending its first one. */
static bool is_awaited(const struct connection *connection)
{
	return connection->open &&
	       (connection->busy || (!connection->used && clock_mono_ms() - connection->since_ms <
								  LISTENER_FIRST_MS));
}

void listener_retire(struct listener *listener)
{
	listener->retiring = true;
	MHD_quiesce_daemon(listener->daemon);
	/* Requests that have come already are begun. */
	listener_run(listener);
	for (size_t i = 0; i < LISTENER_CONNECTIONS; i++) {
		const struct connection *connection = &listener->connections[i];

		if (connection->open && !is_awaited(connection))
			shutdown(connection->fd, SHUT_RDWR);
	}
	listener_run(listener);
}

bool listener_is_busy(const struct listener *listener)
{
	for (size_t i = 0; i < LISTENER_CONNECTIONS; i++) {
		if (is_awaited(&listener->connections[i]))
			return true;
	}
	return false;
}

/* MHD would close the socket, which the next generation uses, too. */
void listener_close(struct listener *listener)
{
	if (!listener)
		return;
	if (listener->daemon) {
		MHD_quiesce_daemon(listener->daemon);
		MHD_stop_daemon(listener->daemon);
	}
	free(listener);
}
