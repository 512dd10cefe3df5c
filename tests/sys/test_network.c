/* Networks, and which addresses are public. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "lib/check.h"
#include "sys/network.h"

static void address_of(const char *text, uint8_t address[16])
{
	struct network network;
	struct err err = { 0 };

	must(network_parse(&network, text, &err), &err);
	assert_int_equal(network.prefix, 128);
	memcpy(address, network.bytes, 16);
}

static void public_addresses(void **state)
{
	static const char *const texts[] = {
		"8.8.8.8",
		"1.1.1.1",
		"9.255.255.255",
		"11.0.0.0",
		"100.63.255.255",
		"100.128.0.0",
		"126.255.255.255",
		"128.0.0.0",
		"169.253.255.255",
		"169.255.0.0",
		"172.15.255.255",
		"172.32.0.0",
		"192.0.1.0",
		"192.167.255.255",
		"192.169.0.0",
		"198.17.255.255",
		"198.20.0.0",
		"223.255.255.255",
		"::ffff:8.8.8.8",
		"2001:4860:4860::8888",
		"2600::1",
		"2001:200::1",
		"64:ff9b::808:808",
		"2002:808:808::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint8_t address[16];

		address_of(texts[i], address);
		if (!network_is_public(address))
			fail_msg("%s is public", texts[i]);
	}
}

static void other_addresses(void **state)
{
	static const char *const texts[] = {
		"0.0.0.0",
		"0.255.255.255",
		"10.0.0.0",
		"10.255.255.255",
		"100.64.0.0",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.255.255",
		"169.254.0.0",
		"169.254.169.254",
		"172.16.0.0",
		"172.31.255.255",
		"192.0.0.1",
		"192.0.2.1",
		"192.88.99.1",
		"192.168.0.0",
		"192.168.255.255",
		"198.18.0.0",
		"198.19.255.255",
		"198.51.100.1",
		"203.0.113.1",
		"224.0.0.1",
		"239.255.255.255",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"::127.0.0.1",
		"::8.8.8.8",
		"::ffff:127.0.0.1",
		"::ffff:10.0.0.1",
		"::ffff:169.254.169.254",
		"::ffff:0:8.8.8.8",
		"64:ff9b::127.0.0.1",
		"64:ff9b::10.1.2.3",
		"64:ff9b::169.254.169.254",
		"64:ff9b:1::8.8.8.8",
		"100::1",
		"1fff:ffff::1",
		"2001::1",
		"2001:0:808:808::1",
		"2001:db8::1",
		"2002:7f00:1::1",
		"2002:a00:1::1",
		"2002:a9fe:a9fe::",
		"3fff::1",
		"4000::1",
		"5f00::1",
		"fc00::1",
		"fdff::1",
		"fe80::1",
		"fec0::1",
		"ff02::1",
		"ff0e::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint8_t address[16];

		address_of(texts[i], address);
		if (network_is_public(address))
			fail_msg("%s is not public", texts[i]);
	}
}

static void networks_contain_addresses(void **state)
{
	static const struct {
		const char *network, *address;
		bool contains;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
		{ "10.0.0.0/8", "64:ff9b::10.1.2.3", false },
		{ "::ffff:10.0.0.0/104", "10.1.2.3", true },
		{ "192.168.0.128/25", "192.168.0.127", false },
		{ "192.168.0.128/25", "192.168.0.200", true },
		{ "127.0.0.1", "127.0.0.1", true },
		{ "127.0.0.1", "127.0.0.2", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "fd00::1", false },
		{ "::/0", "fd00::1", true },
		{ "::/0", "10.0.0.1", true },
		{ "fd00::/8", "fdff::1", true },
		{ "fd00::/8", "fc00::1", false },
		{ "fd00::/9", "fd80::1", false },
		{ "::1", "::1", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct network network;
		struct err err = { 0 };
		uint8_t address[16];

		must(network_parse(&network, cases[i].network, &err), &err);
		address_of(cases[i].address, address);
		if (network_contains(&network, address) != cases[i].contains)
			fail_msg("%s in %s", cases[i].address, cases[i].network);
	}
}

static void malformed_networks_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"/",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/8/8",
		"10.0.0.0/ 8",
		"10.0.0.1/8",
		"10.0.0",
		"10.0.0.0.0/8",
		"256.0.0.0/8",
		"localhost",
		"::/129",
		"fd00::1/8",
		"fe80::1%eth0",
		"::ffff:10.0.0.0/102",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct network network = { .prefix = 77 };
		struct err err = { 0 };

		if (network_parse(&network, texts[i], &err))
			fail_msg("accepted: %s", texts[i]);
		assert_err(&err, ERR_INVALID);
		assert_int_equal(network.prefix, 77);
	}
}

static void only_ip_addresses_are_read(void **state)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	uint8_t address[16], expected[16];

	(void)state;
	inet_pton(AF_INET, "192.0.2.7", &ipv4.sin_addr);
	assert_true(network_address((const struct sockaddr *)&ipv4, address));
	address_of("::ffff:192.0.2.7", expected);
	assert_memory_equal(address, expected, 16);
	assert_true(network_address((const struct sockaddr *)&ipv6, address));
	address_of("::1", expected);
	assert_memory_equal(address, expected, 16);
	assert_false(network_address((const struct sockaddr *)&local, address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(public_addresses),
		CHECK(other_addresses),
		CHECK(networks_contain_addresses),
		CHECK(malformed_networks_are_refused),
		CHECK(only_ip_addresses_are_read),
	};

	return CHECK_RUN(tests);
}
