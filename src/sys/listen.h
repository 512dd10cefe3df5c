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

#define FCGI_SOCKETS 2 /* at most */

/* The FastCGI sockets of a service. */
struct fcgi_sockets {
	int main;   /* for requests that change tasks; for all requests if read is -1 */
	int read;   /* for all other requests; -1: none */
	bool bound; /* this process has bound them */
};

/*
 * Opens the FastCGI sockets: those from systemd (LISTEN_FDS), one or two with `read` last; else
 * descriptor 0 as the only one if it listens (spawn-fcgi); else two new ones, bound at conf->socket
 * and at that path with LISTEN_READ_SUFFIX. The caller owns the descriptors.
 */
#define LISTEN_READ_SUFFIX ".read"
bool listen_open(struct fcgi_sockets *sockets, const struct conf *conf, uid_t owner, gid_t group,
	struct err *err);
/* Removes the files of sockets that listen_open() has bound. */
void listen_remove(const struct fcgi_sockets *sockets, const struct conf *conf);

#define LISTEN_CONNECT_SECONDS 3
/*
 * Connects to the socket at path. False with errno set on failure: EAGAIN if the listener's queue
 * stayed full for LISTEN_CONNECT_SECONDS.
 */
bool listen_connect(int *fd, const char *path);
