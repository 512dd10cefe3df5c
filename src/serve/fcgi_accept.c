/* How a worker gets its connections. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/fcgi.h"

static bool is_allowed_peer(int fd, uid_t peer)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
		return false;
	if (credentials.uid == peer || credentials.uid == geteuid())
		return true;
	log_warn("peer-refused", "refused a connection from user %u, process %d",
		(unsigned)credentials.uid, (int)credentials.pid);
	return false;
}

/* Makes a connection of the result of a call that returned fd and errno. */
static enum fcgi_accept_result adopt(struct fcgi **fcgi, int fd, uid_t peer)
{
	struct fcgi *made;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM
			       ? FCGI_NO_RESOURCES
			       : FCGI_NO_CONNECTION;
	if (!is_allowed_peer(fd, peer)) {
		close(fd);
		return FCGI_WRONG_USER;
	}
	made = fcgi_new(fd);
	if (!made) {
		close(fd);
		return FCGI_NO_RESOURCES;
	}
	*fcgi = made;
	return FCGI_ACCEPTED;
}

enum fcgi_accept_result fcgi_accept(struct fcgi **fcgi, int listener, uid_t peer)
{
	return adopt(fcgi, accept4(listener, NULL, NULL, SOCK_CLOEXEC), peer);
}

enum fcgi_accept_result fcgi_take(struct fcgi **fcgi, const struct handover *queue, uid_t peer)
{
	return adopt(fcgi, handover_take(queue), peer);
}

bool fcgi_hand_over(const struct fcgi *fcgi, const struct handover *queue)
{
	return handover_put(queue, fcgi_fd(fcgi));
}
