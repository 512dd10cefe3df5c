#include "process/control.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/listen.h"

#define CLIENT_TIMEOUT_MS 5000	/* to send the line; to read the response */
#define RETRY_TIMEOUT_MS  20000 /* for an outcome of CONTROL_RETRY */
#define BACKLOG		  64

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

static void refuse(struct control_client *client, const char *text, int status)
{
	buf_reset(&client->out);
	control_put_frame(&client->out, 'e', str_cstr(text));
	control_put_exit(&client->out, status);
	client->answered = true;
}

/* Returns false if the connection can be closed. */
static bool transmit(struct control_client *client)
{
	ssize_t len = send(client->fd, client->out.data, client->out.len, MSG_NOSIGNAL);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	buf_consume(&client->out, (size_t)len);
	return client->out.len > 0;
}

/* ---- places ---- */

static size_t count_clients(const struct control *control, uid_t uid)
{
	size_t count = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		count += control->clients[i].fd >= 0 && control->clients[i].uid == uid;
	return count;
}

static bool is_waiting(const struct control_client *client)
{
	return client->fd >= 0 && client->line_len > 0 && !client->answered;
}

/* Whether as many requests as may wait, of all users or of this one, were accepted before. */
static bool too_many_wait(const struct control *control, const struct control_client *last)
{
	size_t all = 0, own = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		const struct control_client *client = &control->clients[i];

		if (is_waiting(client) && client->number < last->number) {
			all++;
			own += client->uid == last->uid;
		}
	}
	return all >= CONTROL_WAITING || own >= CONTROL_USER_WAITING;
}

/* A client of the user with more clients goes first, then the older one. */
static bool goes_before(const struct control *control, const struct control_client *client,
	const struct control_client *other)
{
	size_t count = count_clients(control, client->uid);
	size_t others = other ? count_clients(control, other->uid) : 0;

	return !other || count > others || (count == others && client->since < other->since);
}

/* A free entry, or that of a client that waits for nothing here, or NULL. */
static struct control_client *make_room(struct control *control)
{
	struct control_client *idle = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd < 0)
			return client;
		if (!is_waiting(client) && goes_before(control, client, idle))
			idle = client;
	}
	if (!idle)
		return NULL;
	if (!idle->answered) {
		refuse(idle, "no request arrived, and newer clients need the place", CONTROL_BUSY);
		transmit(idle);
	}
	close_client(idle);
	return idle;
}

static bool read_peer(int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return false;
	*uid = peer.uid;
	return true;
}

/* At most one for each place: the rest of the queue is accepted after the other descriptors. */
static void accept_clients(struct control *control, int64_t now)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct control_client *client;
		uid_t uid;

		if (fd < 0)
			return;
		client = make_room(control);
		if (client && read_peer(fd, &uid))
			*client = (struct control_client){
				.fd = fd, .uid = uid, .number = ++control->accepted, .since = now
			};
		else
			close(fd);
	}
}

/* ---- requests ---- */

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
		refuse(client, "the request line is too long", 1);
	return true;
}

/* Whether the peer closed both directions; after shutdown(SHUT_WR) it still reads. */
static bool peer_closed(int fd)
{
	struct pollfd poller = { .fd = fd };

	return poll(&poller, 1, 0) == 1 && (poller.revents & (POLLHUP | POLLERR));
}

static void await(struct control *control, struct control_client *client, bool limited, int64_t now)
{
	if (limited && now > client->since + RETRY_TIMEOUT_MS)
		refuse(client, client->delay, CONTROL_BUSY);
	else if (too_many_wait(control, client))
		refuse(client, "too many commands wait for the service; try again", CONTROL_BUSY);
}

/* Returns false if the connection can be closed. */
static bool answer(struct control *control, struct control_client *client, int64_t now)
{
	enum control_outcome outcome = control->on_request(control->data, client);

	if (outcome == CONTROL_HANDED_OVER)
		return false;
	if (outcome == CONTROL_ANSWERED) {
		client->answered = true;
		client->since = now;
		return true;
	}
	if (peer_closed(client->fd))
		return false;
	/* A request that has begun is not undone: a refusal would be a wrong answer. */
	if (!client->begun)
		await(control, client, outcome == CONTROL_RETRY, now);
	return true;
}

/* Returns false if the connection can be closed. */
static bool serve_client(struct control *control, struct control_client *client, int64_t now)
{
	if (!client->answered && !client->line_len && !receive(client))
		return false;
	if (!client->answered && client->line_len && !answer(control, client, now))
		return false;
	if (client->answered)
		return transmit(client) && now < client->since + CLIENT_TIMEOUT_MS;
	if (!client->line_len && now >= client->since + CLIENT_TIMEOUT_MS)
		refuse(client, "no request arrived within 5 s", CONTROL_BUSY);
	return true;
}

/* The client among those after `last` that was accepted first, or NULL. */
static struct control_client *next_client(struct control *control, uint64_t last)
{
	struct control_client *next = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd >= 0 && client->number > last &&
			(!next || client->number < next->number))
			next = client;
	}
	return next;
}

/* In order of arrival: a request gets a free place before all later ones. */
void control_serve(struct control *control, int64_t now)
{
	struct control_client *client = NULL;

	accept_clients(control, now);
	for (uint64_t last = 0; (client = next_client(control, last)); last = client->number) {
		if (!serve_client(control, client, now))
			close_client(client);
	}
}
