#include "sys/store_url.h"

#include "base/str.h"

static bool skip_scheme(struct str *rest)
{
	static const struct str schemes[] = { STR("postgresql://"), STR("postgres://") };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (str_starts(*rest, schemes[i])) {
			*rest = str_skip(*rest, schemes[i].len);
			return true;
		}
	}
	return false;
}

/* Quotes and backslashes are in no URL, and could end a value where it is written into a file. */
static bool has_url_characters(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~' || strchr("\"'<>\\^`{|}", *text))
			return false;
	}
	return true;
}

/* Of one server, as libpq tells them apart: a path, an abstract name, or nothing. */
static void add_host(struct store_url *url, struct str host)
{
	bool local = host.len == 0 || host.ptr[0] == '/' || host.ptr[0] == '@' ||
		     str_starts(host, STR("%40")) ||
		     (host.len >= 3 && str_eq_nocase((struct str){ host.ptr, 3 }, STR("%2F")));

	url->local |= local;
	url->hosts |= !local;
}

/* An IPv6 address is in brackets, so its colons end no host. */
static void add_hosts(struct store_url *url, struct str list, bool with_ports)
{
	do {
		struct str host = str_split_next(&list, ',');

		if (with_ports && host.len > 0 && host.ptr[0] != '[')
			host = str_split_next(&host, ':');
		add_host(url, host);
	} while (list.ptr);
}

/* Names of parameters may be encoded, too; none needs it, and it would hide a password. */
static bool read_parameters(struct store_url *url, struct str rest, bool *named)
{
	while (rest.len > 0) {
		struct str value = str_split_next(&rest, '&');
		struct str name = str_split_next(&value, '=');

		if (!value.ptr || memchr(name.ptr, '%', name.len) ||
			str_eq(name, STR("password")) || str_eq(name, STR("sslpassword")))
			return false;
		if (str_eq(name, STR("host")))
			add_hosts(url, value, false);
		else if (str_eq(name, STR("hostaddr")))
			url->hosts = true;
		else if (str_eq(name, STR("service")))
			url->hosts = url->local = true;
		else
			continue;
		*named = true;
	}
	return true;
}

bool store_url_parse(struct store_url *url, const char *text)
{
	struct str rest = str_cstr(text), authority, user;
	struct store_url found = { 0 };
	bool named = false;
	size_t end;

	if (!has_url_characters(text) || !skip_scheme(&rest))
		return false;
	end = strcspn(rest.ptr, "/?");
	authority = (struct str){ rest.ptr, end };
	/* libpq looks for the user up to the first slash. */
	user = (struct str){ rest.ptr, strcspn(rest.ptr, "/@") };
	if (rest.ptr[user.len] == '@') {
		if (user.len > end || memchr(user.ptr, ':', user.len))
			return false;
		authority = str_skip(authority, user.len + 1);
	}
	rest = str_skip(rest, end);
	str_split_next(&rest, '?');
	if (!read_parameters(&found, rest, &named))
		return false;
	if (!named || authority.len > 0)
		add_hosts(&found, authority, true);
	*url = found;
	return true;
}

bool store_url_is_option(const char *value)
{
	struct store_url url;

	return !*value || store_url_parse(&url, value);
}
