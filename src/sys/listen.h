#pragma once
/* Listening unix sockets, bound or inherited. All are non-blocking and close-on-exec. */
#include <sys/types.h>

#include "sys/conf.h"

/*
 * Binds at path with this mode and, unless -1, owner and group. Replaces a socket file that refuses
 * connections. Fails if a process accepts connections there or if the path is another kind of file.
 */
bool listen_bind(int *fd, const char *path, mode_t mode, uid_t owner, gid_t group, int backlog,
	struct err *err);
/*
 * Opens the FastCGI socket: the one from systemd (LISTEN_FDS), else descriptor 0 if it listens
 * (spawn-fcgi), else a new one bound at conf->socket. If *bound, the caller unlinks it at the end.
 */
bool listen_open(
	int *fd, bool *bound, const struct conf *conf, uid_t owner, gid_t group, struct err *err);
#define LISTEN_CONNECT_SECONDS 3
/*
 * Connects to the socket at path. False with errno set on failure: EAGAIN if the listener's queue
 * stayed full for LISTEN_CONNECT_SECONDS.
 */
bool listen_connect(int *fd, const char *path);
