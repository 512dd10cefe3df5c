#include "auth/principal.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool has_only_chars(struct str text, size_t most, const char *chars)
{
	if (text.len == 0 || text.len > most)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\0' || !strchr(chars, text.ptr[i]))
			return false;
	}
	return true;
}

bool auth_is_key_id(struct str name)
{
	return has_only_chars(name, AUTH_NAME_MAX - 1, LOWER UPPER DIGITS "._@-");
}

bool auth_is_tenant(struct str tenant)
{
	return has_only_chars(tenant, AUTH_TENANT_MAX - 1, LOWER DIGITS "-");
}

bool auth_is_dialect_list(struct str dialects)
{
	return dialects.len == 0 || has_only_chars(dialects, AUTH_DIALECTS_MAX - 1, LOWER ",");
}

bool auth_is_text(struct str text, size_t most)
{
	if (text.len == 0 || text.len > most || !str_is_utf8(text))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 || c == 0x7F)
			return false;
	}
	return true;
}

bool identity_allows_dialect(const struct identity *who, struct str dialect)
{
	struct str rest = str_cstr(who->dialects);

	if (rest.len == 0)
		return true;
	while (rest.len > 0) {
		if (str_eq(str_split_next(&rest, ','), dialect))
			return true;
	}
	return false;
}
