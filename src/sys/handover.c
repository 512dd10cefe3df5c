#include "sys/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A message has one byte, because one without bytes would carry no descriptor. */
union control {
	struct cmsghdr header; /* for the alignment */
	char bytes[CMSG_SPACE(sizeof(int))];
};

bool handover_open(struct handover *queue, struct err *err)
{
	int pair[2];

	*queue = HANDOVER_NONE;
	/* Not a stream: a process takes one connection at a time. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
		return err_set(err, ERR_INTERNAL, NULL, "cannot create a pair of sockets: %s",
			strerror(errno));
	*queue = (struct handover){ .put = pair[0], .take = pair[1] };
	return true;
}

void handover_close(struct handover *queue)
{
	if (queue->put >= 0)
		close(queue->put);
	if (queue->take >= 0)
		close(queue->take);
	*queue = HANDOVER_NONE;
}

bool handover_put(const struct handover *queue, int fd)
{
	char byte = 0;
	struct iovec data = { &byte, 1 };
	union control control = { .bytes = { 0 } };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	*header = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fd))
	};
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(queue->put, &message, MSG_NOSIGNAL) == 1;
}

/* recvmsg(2) closes a received descriptor for which the process has no room. */
static bool has_room(int any)
{
	int spare = fcntl(any, F_DUPFD_CLOEXEC, 0);

	if (spare >= 0)
		close(spare);
	return spare >= 0;
}

int handover_take(const struct handover *queue)
{
	char byte;
	struct iovec data = { &byte, 1 };
	union control control;
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	int fd = -1;

	if (!has_room(queue->take))
		return -1;
	if (recvmsg(queue->take, &message, MSG_CMSG_CLOEXEC) < 0)
		return -1;
	errno = EAGAIN;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}
