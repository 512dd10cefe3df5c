#pragma once
/*
 * Listening unix sockets: our own, or one that came with us. All are non-blocking and
 * close-on-exec.
 */
#include <sys/types.h>

#include "sys/conf.h"

/*
 * Binds at path with that mode and, unless they are -1, owner and group. A socket file that nobody
 * answers on is replaced; one that somebody does answer on, or another kind of file, is an error.
 */
bool listen_bind(int *fd, const char *path, mode_t mode, uid_t owner, gid_t group, int backlog,
	struct err *err);
/*
 * The FastCGI socket: from systemd (LISTEN_FDS), else descriptor 0 if that listens (spawn-fcgi),
 * else bound at conf->socket. *bound says whether it was, and is the caller's to unlink.
 */
bool listen_open(
	int *fd, bool *bound, const struct conf *conf, uid_t owner, gid_t group, struct err *err);
/* Connects to the socket at path. False with errno set if it cannot. */
bool listen_connect(int *fd, const char *path);
