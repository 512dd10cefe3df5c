#include "store/pg/cut_links.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINKS_MAX 16
#define WAY_SIZE  65536
#define HEAD_MAX  5 /* type and length of a message */

enum link_state {
	LINK_FREE,
	LINK_FORWARDS,
	LINK_SILENT,
	LINK_DEAF,   /* its answers are lost */
	LINK_ORPHAN, /* the same, and the side of the client is closed */
};

/* Bytes of one direction. */
struct way {
	char bytes[WAY_SIZE];
	size_t start, end;
	/* Of the message that is being forwarded. */
	uint8_t head[HEAD_MAX];
	size_t head_len, head_size;
	uint64_t left;
};

struct link {
	enum link_state state;
	bool later; /* made after the cut */
	int fds[2]; /* by enum cut_from; -1: closed */
	struct way ways[2];
};

static struct link links[LINKS_MAX];
static const struct cut *order;
static struct cut_report *report;
static struct cut armed;
static bool was_cut_again;

/* What was received and not read would become an error of the peer, which hides what it has. */
static void close_side(struct link *link, enum cut_from side)
{
	char bytes[4096];

	if (link->fds[side] < 0)
		return;
	while (recv(link->fds[side], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	close(link->fds[side]);
	link->fds[side] = -1;
}

static void close_link(struct link *link)
{
	close_side(link, CUT_CLIENT);
	close_side(link, CUT_SERVER);
	link->state = LINK_FREE;
}

static void open_link(int listener, const struct sockaddr_un *server)
{
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct link *link = links;

	while (link < links + LINKS_MAX && link->state != LINK_FREE)
		link++;
	if (client < 0 || fd < 0 || link == links + LINKS_MAX ||
		(report->is_cut && armed.refuses) ||
		connect(fd, (const struct sockaddr *)server, sizeof(*server)) != 0) {
		close(client);
		close(fd);
		return;
	}
	link->state = LINK_FORWARDS;
	link->later = report->is_cut;
	link->fds[CUT_CLIENT] = client;
	link->fds[CUT_SERVER] = fd;
	for (int i = 0; i < 2; i++) {
		struct way *way = &link->ways[i];

		way->start = way->end = way->head_len = 0;
		way->left = 0;
		way->head_size = i == CUT_CLIENT ? 4 : 5; /* the startup message has no type */
	}
}

static void cut_link(struct link *link, enum cut_kind kind)
{
	if (kind == CUT_CLOSES)
		close_link(link);
	else
		link->state = kind == CUT_SILENT ? LINK_SILENT : LINK_DEAF;
}

static bool is_empty(const struct link *link, enum cut_from from)
{
	return link->ways[from].start == link->ways[from].end;
}

/* What was counted must have arrived before the cut. */
static bool is_delivered(enum cut_from from)
{
	for (size_t i = 0; i < LINKS_MAX; i++)
		if (links[i].state == LINK_FORWARDS && !is_empty(&links[i], from))
			return false;
	return true;
}

static void cut_if_due(void)
{
	const struct cut *cut = &armed;

	if (cut->kind == CUT_NEVER || !is_delivered(cut->from))
		return;
	if (!report->is_cut && report->bytes[cut->from] >= cut->after) {
		report->is_cut = true;
		for (size_t i = 0; i < LINKS_MAX; i++)
			if (links[i].state == LINK_FORWARDS)
				cut_link(&links[i], cut->kind);
	}
	if (cut->again == 0 || was_cut_again || report->later[cut->from] < cut->again)
		return;
	was_cut_again = true;
	for (size_t i = 0; i < LINKS_MAX; i++)
		if (links[i].state == LINK_FORWARDS && links[i].later)
			close_link(&links[i]);
}

/* How many bytes may be read of this side before the next cut. */
static size_t allowance(const struct link *link, enum cut_from side)
{
	const struct cut *cut = &armed;
	uint64_t limit = UINT64_MAX, done = 0;

	if (link->state == LINK_FORWARDS && cut->kind != CUT_NEVER && cut->from == side) {
		limit = !link->later			   ? cut->after
			: cut->again > 0 && !was_cut_again ? cut->again
							   : UINT64_MAX;
		done = link->later ? report->later[side] : report->bytes[side];
	}
	return limit - done < WAY_SIZE ? (size_t)(limit - done) : WAY_SIZE;
}

static void note_end(enum cut_from side, uint64_t at)
{

	if (report->ends_count[side] < CUT_ENDS_MAX)
		report->ends[side][report->ends_count[side]++] = (uint32_t)at;
}

static void follow_messages(struct way *way, enum cut_from side, uint64_t at)
{
	for (size_t i = way->start; i < way->end; i++, at++) {
		if (way->left == 0) {
			const uint8_t *length = way->head + way->head_size - 4;

			way->head[way->head_len++] = (uint8_t)way->bytes[i];
			if (way->head_len < way->head_size)
				continue;
			way->left = ((uint64_t)length[0] << 24 | (uint64_t)length[1] << 16 |
					    (uint64_t)length[2] << 8 | length[3]) -
				    4;
		} else {
			way->left--;
		}
		if (way->left > 0)
			continue;
		way->head_len = 0;
		way->head_size = HEAD_MAX;
		note_end(side, at + 1);
	}
}

/* Returns false at the end of the connection. */
static bool receive(struct link *link, enum cut_from side)
{
	struct way *way = &link->ways[side];
	uint64_t *count = link->later ? &report->later[side] : &report->bytes[side];
	size_t room = allowance(link, side);
	ssize_t got;

	if (room == 0)
		return true;
	got = recv(link->fds[side], way->bytes, room, MSG_DONTWAIT);
	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	way->start = 0;
	way->end = (size_t)got;
	if (link->state != LINK_FORWARDS)
		return true;
	if (!link->later && !report->is_cut)
		follow_messages(way, side, *count);
	*count += (uint64_t)got;
	return true;
}

static bool deliver(struct link *link, enum cut_from from)
{
	struct way *way = &link->ways[from];
	ssize_t sent = send(link->fds[!from], way->bytes + way->start, way->end - way->start,
		MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0)
		return errno == EAGAIN;
	way->start += (size_t)sent;
	return true;
}

static void lose_answers(struct link *link)
{
	link->ways[CUT_SERVER].start = link->ways[CUT_SERVER].end;
	if (link->fds[CUT_CLIENT] < 0)
		return;
	/* The server gets what the client has sent before. */
	while (is_empty(link, CUT_CLIENT) && receive(link, CUT_CLIENT) &&
		!is_empty(link, CUT_CLIENT) && deliver(link, CUT_CLIENT))
		;
	close_side(link, CUT_CLIENT);
	link->state = LINK_ORPHAN;
}

static void end_side(struct link *link, enum cut_from side)
{
	if (link->state == LINK_FORWARDS || side == CUT_SERVER)
		close_link(link);
	else if (link->state == LINK_DEAF)
		close_side(link, CUT_CLIENT);
}

static void serve_side(struct link *link, enum cut_from side, short events)
{
	bool ok = true;

	if (link->fds[side] < 0)
		return;
	if (events & POLLOUT)
		ok = deliver(link, !side);
	if (ok && events & (POLLIN | POLLHUP | POLLERR) && is_empty(link, side))
		ok = receive(link, side);
	if (!ok)
		end_side(link, side);
	else if (side == CUT_SERVER && !is_empty(link, side) &&
		 (link->state == LINK_DEAF || link->state == LINK_ORPHAN))
		lose_answers(link);
	else if (!is_empty(link, side) && !deliver(link, side))
		end_side(link, !side);
}

static struct pollfd watch(const struct link *link, enum cut_from side)
{
	struct pollfd watched = { .fd = -1 };

	if (link->state == LINK_FREE || link->state == LINK_SILENT)
		return watched;
	if (is_empty(link, side) && allowance(link, side) > 0)
		watched.events |= POLLIN;
	if (!is_empty(link, !side))
		watched.events |= POLLOUT;
	if (watched.events)
		watched.fd = link->fds[side];
	return watched;
}

static void release(void)
{
	armed = (struct cut){ 0 };
	report->is_cut = false;
	for (size_t i = 0; i < LINKS_MAX; i++) {
		links[i].later = false;
		if (links[i].state != LINK_FREE && links[i].state != LINK_FORWARDS)
			close_link(&links[i]);
	}
}

static void obey(int fd)
{
	char command;

	if (read(fd, &command, 1) != 1)
		_exit(0);
	if (command == CUT_RELEASE)
		release();
	if (command == CUT_ARM) {
		memset(report, 0, sizeof(*report));
		armed = *order;
		was_cut_again = false;
		cut_if_due();
	}
	report->live = 0;
	for (size_t i = 0; i < LINKS_MAX; i++)
		report->live += links[i].state == LINK_FORWARDS;
	if (write(fd, &command, 1) != 1)
		_exit(0);
}

_Noreturn void cut_links_run(const struct cut_links *setup)
{
	int listener = setup->listener, commands = setup->commands;
	struct pollfd fds[2 + 2 * LINKS_MAX];

	order = setup->order;
	report = setup->report;
	for (;;) {
		for (size_t i = 0; i < 2 * (size_t)LINKS_MAX; i++)
			fds[i] = watch(&links[i / 2], i % 2 ? CUT_SERVER : CUT_CLIENT);
		fds[2 * LINKS_MAX] = (struct pollfd){ .fd = listener, .events = POLLIN };
		fds[2 * LINKS_MAX + 1] = (struct pollfd){ .fd = commands, .events = POLLIN };
		poll(fds, sizeof(fds) / sizeof(fds[0]), -1);
		for (size_t i = 0; i < 2 * (size_t)LINKS_MAX; i++) {
			struct link *link = &links[i / 2];
			enum cut_from side = i % 2 ? CUT_SERVER : CUT_CLIENT;

			if (fds[i].revents && fds[i].fd == link->fds[side])
				serve_side(link, side, fds[i].revents);
			cut_if_due();
		}
		if (fds[2 * LINKS_MAX].revents)
			open_link(listener, &setup->server);
		if (fds[2 * LINKS_MAX + 1].revents)
			obey(commands);
	}
}
