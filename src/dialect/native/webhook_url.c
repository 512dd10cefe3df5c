/*
 * Which URLs a webhook may have. The notifier parses them again, with libcurl, and decides by the
 * address of the connection whether it may connect; so this reader refuses whatever two parsers
 * could understand in two ways.
 */
#include <arpa/inet.h>

#include "dialect/native/webhook.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 3986: what a path and a query are made of. */
static bool is_url_character(struct str url, size_t i)
{
	char c = url.ptr[i];

	if (c == '%')
		return i + 2 < url.len && is_hex(url.ptr[i + 1]) && is_hex(url.ptr[i + 2]);
	return is_alnum(c) || (c != '\0' && strchr("-._~!$&'()*+,;=:@/?[]", c));
}

/* The port is empty, or a number from 1 to 65535. */
static bool is_port(struct str port)
{
	uint64_t number;

	return port.len <= 5 && str_to_u64(port, &number) && number >= 1 && number <= 65535;
}

/* An IPv6 address in brackets, without a zone. */
static const char *check_ipv6(struct str host)
{
	const char *end = memchr(host.ptr, ']', host.len);
	struct in6_addr parsed;
	struct str address, rest;
	char text[INET6_ADDRSTRLEN];

	if (!end)
		return "The IPv6 address of the URL must be in brackets.";
	address = (struct str){ host.ptr + 1, (size_t)(end - host.ptr - 1) };
	rest = str_skip(host, address.len + 2);
	if (address.len >= sizeof(text))
		return "The IPv6 address of the URL is malformed.";
	memcpy(text, address.ptr, address.len);
	text[address.len] = '\0';
	if (strlen(text) != address.len || inet_pton(AF_INET6, text, &parsed) != 1)
		return "The IPv6 address of the URL is malformed.";
	if (rest.len > 0 && (rest.ptr[0] != ':' || !is_port(str_skip(rest, 1))))
		return "The host or the port of the URL is malformed.";
	return NULL;
}

/* The last label may be empty: that of the root. */
static bool is_name(struct str name)
{
	size_t start = 0;

	if (name.len > 1 && name.ptr[name.len - 1] == '.')
		name.len--;
	for (size_t i = 0; i <= name.len; i++) {
		if (i < name.len && name.ptr[i] != '.')
			continue;
		if (i == start || i - start > 63 || name.ptr[start] == '-' ||
			name.ptr[i - 1] == '-')
			return false;
		start = i + 1;
	}
	return true;
}

static const char *check_authority(struct str host)
{
	const char *colon;
	struct str name = host;

	if (host.len == 0)
		return "The URL must have a host.";
	if (memchr(host.ptr, '@', host.len))
		return "The URL must not have a user name or a password: use a header field.";
	if (host.ptr[0] == '[')
		return check_ipv6(host);
	colon = memchr(host.ptr, ':', host.len);
	if (colon)
		name.len = (size_t)(colon - host.ptr);
	if (name.len == 0 || name.len > 253 || (colon && !is_port(str_skip(host, name.len + 1))))
		return "The host or the port of the URL is malformed.";
	for (size_t i = 0; i < name.len; i++) {
		if (!is_alnum(name.ptr[i]) && !strchr("-._", name.ptr[i]))
			return "The host of the URL must be a name of letters, digits, - and ., or "
			       "an address; write other letters in their form for the DNS (xn--).";
	}
	return is_name(name) ? NULL : "The host of the URL is no name of the DNS and no address.";
}

const char *native_check_url(struct str url)
{
	struct str rest = url;
	size_t end = 0;

	if (url.len > WEBHOOK_URL_MAX)
		return "The URL is too long.";
	if (str_eq_nocase((struct str){ url.ptr, url.len < 8 ? url.len : 8 }, STR("https://")))
		rest = str_skip(url, 8);
	else if (str_eq_nocase((struct str){ url.ptr, url.len < 7 ? url.len : 7 }, STR("http://")))
		rest = str_skip(url, 7);
	else
		return "The URL must begin with https:// or, for networks that the operator allows, "
		       "http://.";
	if (url.len > 0 && memchr(url.ptr, '#', url.len))
		return "The URL must not have a fragment (#).";
	while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
		end++;
	for (size_t i = end; i < rest.len; i++) {
		if (!is_url_character(rest, i))
			return "The URL has a character that must be percent-encoded.";
	}
	return check_authority((struct str){ rest.ptr, end });
}
