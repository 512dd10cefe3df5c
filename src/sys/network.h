#pragma once
/*
 * Networks of IP addresses, and which addresses belong to hosts of the public Internet: clients
 * choose URLs that a program of Polytask connects to, and must not reach the hosts of the inside
 * network that way.
 *
 * An IPv4 address is handled as the IPv6 address that it is mapped to (::ffff:0:0/96, RFC 4291), so
 * both forms are the same address here.
 */
#include <sys/socket.h>

#include "base/err.h"

struct network {
	uint8_t bytes[16];
	unsigned prefix; /* bits, 0 to 128 */
};

/*
 * Parses "10.0.0.0/8", "fd00::/8" or a single address. ERR_INVALID, also if bits behind the prefix
 * are set.
 */
bool network_parse(struct network *network, const char *text, struct err *err);
bool network_contains(const struct network *network, const uint8_t address[16]);
/* Whether one of the networks contains it. */
bool network_contains_any(const struct network *networks, size_t count, const uint8_t address[16]);
/* False if it is neither an IPv4 nor an IPv6 address. */
bool network_address(const struct sockaddr *from, uint8_t address[16]);
/*
 * Whether the address is one of the public Internet, by the registries of special-purpose addresses
 * of IANA. Those of NAT64 (64:ff9b::/96) and 6to4 (2002::/16) are public if their IPv4 address is.
 */
bool network_is_public(const uint8_t address[16]);
