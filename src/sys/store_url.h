#pragma once
/*
 * The option store: the URL of the server that has a shared store, in the form of libpq
 * (PostgreSQL's manual, "Connection URIs"):
 *
 *	postgresql://USER@HOST:PORT,HOST:PORT/DATABASE?PARAMETER=VALUE&PARAMETER=VALUE
 *
 * libpq parses it when it connects. Here is only what must be known before: that it holds no
 * secret, because configurations are printed and command lines are seen by others, and which
 * sockets lead to its servers, because a confined process can open no others (confine.h).
 */
#include <stdbool.h>

struct store_url {
	bool local; /* a server is at a unix socket */
	bool hosts; /* a server is at an address of IPv4 or IPv6 */
};

/*
 * False if the text is no URL of PostgreSQL, has a character that URLs do not have, or has a
 * password. A server without a name is the one at libpq's unix socket.
 */
bool store_url_parse(struct store_url *url, const char *text);
/* The rule of the option: such a URL, or nothing. */
bool store_url_is_option(const char *value);
