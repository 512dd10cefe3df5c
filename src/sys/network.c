#include "sys/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#define MAPPED_PREFIX 96

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static const char *const special_ipv4[] = {
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", /* carrier-grade NAT */
	"127.0.0.0/8", "169.254.0.0/16",	    /* link-local; metadata services of clouds */
	"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", /* documentation */
	"192.88.99.0/24",				 /* 6to4 relays, deprecated */
	"192.168.0.0/16", "198.18.0.0/15",		 /* benchmarks */
	"198.51.100.0/24",				 /* documentation */
	"203.0.113.0/24",				 /* documentation */
	"224.0.0.0/4",					 /* multicast */
	"240.0.0.0/4",					 /* reserved, broadcast */
};

/* Within 2000::/3. Everything outside of it is not global unicast. */
static const char *const special_ipv6[] = {
	"2001::/23",	 /* protocols, among them Teredo, which embeds IPv4 addresses */
	"2001:db8::/32", /* documentation */
	"3fff::/20",	 /* documentation */
};

bool network_contains(const struct network *network, const uint8_t address[16])
{
	size_t whole = network->prefix / 8;
	unsigned rest = network->prefix % 8;
	uint8_t mask = (uint8_t)(0xff00U >> rest);

	if (memcmp(network->bytes, address, whole) != 0)
		return false;
	return rest == 0 || ((network->bytes[whole] ^ address[whole]) & mask) == 0;
}

bool network_contains_any(const struct network *networks, size_t count, const uint8_t address[16])
{
	for (size_t i = 0; i < count; i++) {
		if (network_contains(&networks[i], address))
			return true;
	}
	return false;
}

static bool is_in(const uint8_t address[16], const char *text)
{
	struct network network;
	struct err err;

	return network_parse(&network, text, &err) && network_contains(&network, address);
}

static bool is_in_any(const uint8_t address[16], const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_in(address, texts[i]))
			return true;
	}
	return false;
}

static void map_ipv4(uint8_t address[16], const uint8_t ipv4[4])
{
	memcpy(address, mapped, sizeof(mapped));
	memcpy(address + sizeof(mapped), ipv4, 4);
}

static bool is_public_ipv4(const uint8_t ipv4[4])
{
	uint8_t address[16];

	map_ipv4(address, ipv4);
	return !is_in_any(address, special_ipv4, sizeof(special_ipv4) / sizeof(special_ipv4[0]));
}

bool network_is_public(const uint8_t address[16])
{
	if (memcmp(address, mapped, sizeof(mapped)) == 0)
		return is_public_ipv4(address + sizeof(mapped));
	if (is_in(address, "64:ff9b::/96"))
		return is_public_ipv4(address + 12);
	if (is_in(address, "2002::/16"))
		return is_public_ipv4(address + 2);
	return is_in(address, "2000::/3") &&
	       !is_in_any(address, special_ipv6, sizeof(special_ipv6) / sizeof(special_ipv6[0]));
}

bool network_address(const struct sockaddr *from, uint8_t address[16])
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	switch (from->sa_family) {
	case AF_INET:
		memcpy(&ipv4, from, sizeof(ipv4));
		map_ipv4(address, (const uint8_t *)&ipv4.sin_addr);
		return true;
	case AF_INET6:
		memcpy(&ipv6, from, sizeof(ipv6));
		memcpy(address, &ipv6.sin6_addr, sizeof(ipv6.sin6_addr));
		return true;
	default:
		return false;
	}
}

/* Whether all bits behind the prefix are zero. */
static bool is_whole(const struct network *network)
{
	struct network zero = { .prefix = network->prefix };

	for (unsigned bit = network->prefix; bit < 128; bit++)
		zero.bytes[bit / 8] |= (uint8_t)(network->bytes[bit / 8] & (0x80U >> bit % 8));
	return memcmp(zero.bytes, (uint8_t[16]){ 0 }, sizeof(zero.bytes)) == 0;
}

static bool parse_prefix(const char *text, uint64_t most, uint64_t *prefix)
{
	*prefix = most;
	return !text || (str_to_u64(str_cstr(text), prefix) && *prefix <= most);
}

bool network_parse(struct network *network, const char *text, struct err *err)
{
	struct network found = { 0 };
	char name[INET6_ADDRSTRLEN + 8], *slash;
	uint8_t ipv4[4];
	uint64_t prefix = 0;
	bool ok;

	if (snprintf(name, sizeof(name), "%s", text) >= (int)sizeof(name))
		return err_set(err, ERR_INVALID, NULL, "The network is too long.");
	slash = strchr(name, '/');
	if (slash)
		*slash++ = '\0';
	if (inet_pton(AF_INET, name, ipv4) == 1) {
		map_ipv4(found.bytes, ipv4);
		ok = parse_prefix(slash, 32, &prefix);
		prefix += MAPPED_PREFIX;
	} else {
		ok = inet_pton(AF_INET6, name, found.bytes) == 1 &&
		     parse_prefix(slash, 128, &prefix);
	}
	found.prefix = (unsigned)prefix;
	if (!ok)
		return err_set(err, ERR_INVALID, NULL,
			"\"%s\" is not a network such as 10.0.0.0/8 or fd00::/8.", text);
	if (!is_whole(&found))
		return err_set(err, ERR_INVALID, NULL,
			"\"%s\" has an address with bits behind the prefix.", text);
	*network = found;
	return true;
}
