#include "process/control.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/listen.h"

#define CLIENT_TIMEOUT_MS 5000	/* to send the line; to read the response */
#define RETRY_TIMEOUT_MS  20000 /* for an outcome of CONTROL_RETRY */
#define BACKLOG		  16

void control_put_frame(struct buf *out, char kind, struct str text)
{
	do {
		buf_putc(out, kind);
		buf_putc(out, ' ');
		buf_put_str(out, str_split_next(&text, '\n'));
		buf_putc(out, '\n');
	} while (text.len > 0);
}

void control_put_exit(struct buf *out, int status)
{
	buf_printf(out, "x %d\n", status);
}

bool control_open(struct control *control, const char *path, struct err *err)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		control->clients[i] = (struct control_client){ .fd = -1 };
	return listen_bind(&control->listener, path, 0600, (uid_t)-1, (gid_t)-1, BACKLOG, err);
}

static void close_client(struct control_client *client)
{
	close(client->fd);
	buf_free(&client->in);
	buf_free(&client->out);
	client->fd = -1;
}

void control_close(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		if (control->clients[i].fd >= 0)
			close_client(&control->clients[i]);
	}
	close(control->listener);
}

size_t control_pollfds(const struct control *control, struct pollfd *fds)
{
	size_t count = 0;

	fds[count++] = (struct pollfd){ .fd = control->listener, .events = POLLIN };
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		const struct control_client *client = &control->clients[i];

		if (client->fd < 0)
			continue;
		fds[count++] = (struct pollfd){
			.fd = client->fd,
			.events = client->answered   ? POLLOUT
				  : client->line_len ? 0
						     : POLLIN,
		};
	}
	return count;
}

static void refuse(struct control_client *client, const char *text)
{
	buf_reset(&client->out);
	control_put_frame(&client->out, 'e', str_cstr(text));
	control_put_exit(&client->out, 1);
	client->answered = true;
}

/* A free entry, or that of the client that has sent no whole line for the longest time, or NULL. */
static struct control_client *make_room(struct control *control)
{
	struct control_client *silent = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd < 0)
			return client;
		if (!client->answered && client->line_len == 0 &&
			(!silent || client->since < silent->since))
			silent = client;
	}
	if (silent)
		close_client(silent);
	return silent;
}

static void accept_clients(struct control *control, int64_t now)
{
	int fd;

	while ((fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		struct control_client *client = make_room(control);

		if (client)
			*client = (struct control_client){ .fd = fd, .since = now };
		else
			close(fd);
	}
}

static size_t count_waiting(const struct control *control)
{
	size_t count = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		if (control->clients[i].fd >= 0 && control->clients[i].line_len > 0 &&
			!control->clients[i].answered)
			count++;
	}
	return count;
}

/* Returns false if the client has disconnected. */
static bool receive(struct control_client *client)
{
	const char *end;
	ssize_t len;

	if (!buf_reserve(&client->in, 4096))
		return false;
	len = recv(client->fd, client->in.data + client->in.len, 4096, 0);
	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	if (len == 0)
		return false;
	end = memchr(client->in.data + client->in.len, '\n', (size_t)len);
	client->in.len += (size_t)len;
	if (end)
		client->line_len = (size_t)(end - client->in.data) + 1;
	else if (client->in.len > CONTROL_LINE_MAX)
		refuse(client, "the request line is too long");
	return true;
}

static bool transmit(struct control_client *client)
{
	ssize_t len = send(client->fd, client->out.data, client->out.len, MSG_NOSIGNAL);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	buf_consume(&client->out, (size_t)len);
	return client->out.len > 0;
}

/* Whether the peer closed both directions; after shutdown(SHUT_WR) it still reads. */
static bool peer_closed(int fd)
{
	struct pollfd poller = { .fd = fd };

	return poll(&poller, 1, 0) == 1 && (poller.revents & (POLLHUP | POLLERR));
}

/* Returns false if the connection can be closed. */
static bool serve_client(struct control *control, struct control_client *client, int64_t now)
{
	if (!client->answered && !client->line_len && !receive(client))
		return false;
	if (!client->answered && client->line_len) {
		switch (control->on_request(control->data, client)) {
		case CONTROL_HANDED_OVER:
			return false;
		case CONTROL_ANSWERED:
			client->answered = true;
			client->since = now;
			break;
		case CONTROL_PENDING:
			if (peer_closed(client->fd))
				return false;
			/* What has begun is not undone: a refusal would be a wrong answer. */
			if (!client->begun && count_waiting(control) > CONTROL_WAITING)
				refuse(client, "too many commands wait for the service");
			break;
		case CONTROL_RETRY:
			if (peer_closed(client->fd))
				return false;
			if (now > client->since + RETRY_TIMEOUT_MS ||
				count_waiting(control) > CONTROL_WAITING)
				refuse(client, "the service is busy or recovering; try again");
			break;
		}
	}
	if (client->answered)
		return transmit(client) && now < client->since + CLIENT_TIMEOUT_MS;
	return client->line_len || now < client->since + CLIENT_TIMEOUT_MS;
}

void control_serve(struct control *control, int64_t now)
{
	accept_clients(control, now);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd >= 0 && !serve_client(control, client, now))
			close_client(client);
	}
}
