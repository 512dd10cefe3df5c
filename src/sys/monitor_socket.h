#pragma once
/* The listening socket of the monitor: the option monitor. */
#include <sys/socket.h>

#include "sys/conf.h"

/* An address of TCP, or of a unix socket: then path is set. */
struct monitor_address {
	struct sockaddr_storage tcp;
	socklen_t len;
	const char *path; /* borrowed; NULL: TCP */
};

/* "192.0.2.1:9464", "[::1]:9464" or an absolute path. ERR_INVALID with the field "monitor". */
bool monitor_address_parse(struct monitor_address *address, const char *text, struct err *err);
/* Binds to the option's address; *fd: -1 without one. The caller owns the descriptor. */
bool monitor_socket_open(
	int *fd, const struct conf *conf, uid_t owner, gid_t group, struct err *err);
/* Removes the file of a socket that monitor_socket_open() has bound. */
void monitor_socket_remove(const struct conf *conf);
