#include "sys/monitor_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/listen.h"

#define BACKLOG 64

static bool parse_port(in_port_t *port, const char *text)
{
	uint64_t number;

	if (!str_to_u64(str_cstr(text), &number) || number == 0 || number > UINT16_MAX)
		return false;
	*port = htons((uint16_t)number);
	return true;
}

static bool parse_tcp(struct monitor_address *address, char *host, const char *port)
{
	struct sockaddr_in *four = (void *)&address->tcp;
	struct sockaddr_in6 *six = (void *)&address->tcp;
	size_t len = strlen(host);

	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		six->sin6_family = AF_INET6;
		address->len = sizeof(*six);
		return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1 &&
		       parse_port(&six->sin6_port, port);
	}
	four->sin_family = AF_INET;
	address->len = sizeof(*four);
	return inet_pton(AF_INET, host, &four->sin_addr) == 1 && parse_port(&four->sin_port, port);
}

bool monitor_address_parse(struct monitor_address *address, const char *text, struct err *err)
{
	struct monitor_address parsed = { .len = 0 };
	char host[INET6_ADDRSTRLEN + 2] = "";
	const char *colon = strrchr(text, ':');
	bool ok;

	if (text[0] == '/') {
		parsed.path = text;
		*address = parsed;
		return true;
	}
	ok = colon && colon > text && (size_t)(colon - text) < sizeof(host);
	if (ok) {
		memcpy(host, text, (size_t)(colon - text));
		ok = parse_tcp(&parsed, host, colon + 1);
	}
	if (!ok)
		return err_set(err, ERR_INVALID, "monitor",
			"must be an address with a port, such as 127.0.0.1:9464 or [::1]:9464, or "
			"the path of a socket");
	*address = parsed;
	return true;
}

static bool bind_tcp(
	int *fd, const struct monitor_address *address, const char *text, struct err *err)
{
	int sock = socket(address->tcp.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;

	if (sock >= 0) {
		/* A restart must not wait until connections of before are forgotten. */
		setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(sock, (const struct sockaddr *)&address->tcp, address->len) == 0 &&
			listen(sock, BACKLOG) == 0) {
			*fd = sock;
			return true;
		}
	}
	err_set(err, ERR_INTERNAL, "monitor", "cannot listen on %s: %s", text, strerror(errno));
	if (sock >= 0)
		close(sock);
	return false;
}

bool monitor_socket_open(
	int *fd, const struct conf *conf, uid_t owner, gid_t group, struct err *err)
{
	struct monitor_address address;

	*fd = -1;
	if (!*conf->monitor)
		return true;
	if (!monitor_address_parse(&address, conf->monitor, err))
		return false;
	if (!address.path)
		return bind_tcp(fd, &address, conf->monitor, err);
	return listen_bind(fd, address.path, (mode_t)conf->socket_mode, owner, group, BACKLOG, err);
}

void monitor_socket_remove(const struct conf *conf)
{
	if (conf->monitor[0] == '/')
		unlink(conf->monitor);
}
