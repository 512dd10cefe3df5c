#include "auth/auth_member.h"

#include <string.h>

#include "auth/password.h"
#include "auth/principal.h"
#include "auth/token.h"
#include "auth/user.h"
#include "base/date.h"
#include "http/json.h"
#include "task/right.h"

#define HEX_DIGITS "0123456789abcdef"

/* ---- values ---- */

static bool is_hex(struct str text, size_t len)
{
	size_t digits = 0;

	while (digits < text.len && text.ptr[digits] && strchr(HEX_DIGITS, text.ptr[digits]))
		digits++;
	return text.len == len && digits == len;
}

bool auth_is_token_hash(struct str text)
{
	return is_hex(text, TOKEN_HASH_LEN);
}

/* In the form that the service writes. */
static bool is_id(const json_t *value)
{
	char text[ID_TEXT_LEN + 1];
	struct id id;

	if (!json_is_string(value) || !id_parse(&id, json_str(value)))
		return false;
	id_format(&id, text);
	return str_eq(str_cstr(text), json_str(value));
}

static bool is_tenant(const json_t *value)
{
	return json_is_string(value) && auth_is_tenant(json_str(value));
}

static bool is_rights(const json_t *value)
{
	unsigned rights;

	return json_is_string(value) && rights_parse(&rights, json_str(value)) &&
	       rights != RIGHT_NONE;
}

static bool is_time(const json_t *value)
{
	json_int_t ms = json_integer_value(value);

	return json_is_integer(value) && ms >= 0 && ms <= DATE_MS_MAX;
}

static bool is_boolean(const json_t *value)
{
	return json_is_boolean(value);
}

static bool is_password(const json_t *value)
{
	return json_is_string(value) && password_is_hash(json_string_value(value));
}

static bool is_networks(const json_t *value)
{
	struct str rest = json_str(value);
	size_t count = 0;
	bool ok = json_is_string(value) && rest.len > 0 && rest.ptr[rest.len - 1] != ',';

	while (ok && rest.len > 0) {
		ok = is_hex(str_split_next(&rest, ','), USER_NETWORK_DIGITS);
		count++;
	}
	return ok && count <= USER_NETWORKS_MAX;
}

static bool is_label(const json_t *value)
{
	return json_is_string(value) && auth_is_text(json_str(value), AUTH_NAME_MAX - 1);
}

static bool is_user_name(const json_t *value)
{
	return json_is_string(value) && user_name_is_valid(json_str(value));
}

static bool is_dialects(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) > 0 &&
	       auth_is_dialect_list(json_str(value));
}

static bool is_secret(const json_t *value)
{
	return json_is_string(value) && auth_is_text(json_str(value), AUTH_SECRET_MAX - 1);
}

static bool is_token_hash(const json_t *value)
{
	return json_is_string(value) && auth_is_token_hash(json_str(value));
}

/* ---- the records ---- */

#define TIME_RULE is_time, "a time in ms since 1970, up to the year 9999"
#define TERMS_RULES                                                                        \
	{ "user", true, is_user_name, "the name of a user" },                              \
		{ "rights", true, is_rights, "a list of read, write, work and admin" },    \
		{ "dialects", false, is_dialects, "names of dialects, joined by commas" }, \
		{ "created", true, TIME_RULE }, { "expires", true, TIME_RULE },            \
	{                                                                                  \
		"revoked", false, TIME_RULE                                                \
	}

const struct auth_member_rule auth_user_members[] = {
	{ "id", true, is_id, "a UUID in lower case" },
	{ "tenant", true, is_tenant, "1 to 31 lower-case letters, digits and -" },
	{ "rights", true, is_rights, "a list of read, write, work and admin" },
	{ "created", true, TIME_RULE },
	{ "revoked", true, is_boolean, "true or false" },
	{ "password", false, is_password, "an Argon2id hash with the parameters of this service" },
	{ "expires", false, TIME_RULE },
	{ "password_since", false, TIME_RULE },
	{ "password_expires", false, TIME_RULE },
	{ "networks", false, is_networks, "1 to 8 digests of 16 hex digits, joined by commas" },
	{ .name = NULL },
};

const struct auth_member_rule auth_token_members[] = {
	{ "label", true, is_label, "1 to 63 bytes of UTF-8 without control characters" },
	{ "replaced", false, TIME_RULE },
	{ "login", false, TIME_RULE },
	{ "refresh", false, is_boolean, "true or false" },
	{ "pair", false, is_token_hash, "64 lower-case hex digits" },
	{ "current", false, is_token_hash, "64 lower-case hex digits" },
	{ "before", false, is_token_hash, "64 lower-case hex digits" },
	TERMS_RULES,
	{ .name = NULL },
};

const struct auth_member_rule auth_key_members[] = {
	{ "secret", true, is_secret, "1 to 127 bytes of UTF-8 without control characters" },
	{ "previous", false, is_secret, "1 to 127 bytes of UTF-8 without control characters" },
	{ "previous_until", false, TIME_RULE },
	TERMS_RULES,
	{ .name = NULL },
};

/* ---- checking ---- */

static bool check_names(const struct auth_member_rule *rules, json_t *json, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		const struct auth_member_rule *rule = rules;

		while (rule->name && strcmp(rule->name, name) != 0)
			rule++;
		if (!rule->name)
			return err_set(err, ERR_INVALID, name, "unknown member %.60s", name);
	}
	return true;
}

static bool check_values(const struct auth_member_rule *rules, const json_t *json, struct err *err)
{
	for (const struct auth_member_rule *rule = rules; rule->name; rule++) {
		const json_t *value = json_object_get(json, rule->name);

		if (!value && rule->required)
			return err_set(err, ERR_INVALID, rule->name, "%s is missing", rule->name);
		if (value && !rule->is_valid(value))
			return err_set(err, ERR_INVALID, rule->name, "%s must be %s", rule->name,
				rule->expected);
	}
	return true;
}

bool auth_members_check(const struct auth_member_rule *rules, struct str text, struct err *err)
{
	struct err cause = { 0 };
	json_t *json;
	bool ok;

	if (!json_parse_object(&json, text, &cause))
		return cause.code == ERR_NO_MEMORY
			       ? err_no_memory(err)
			       : err_set(err, ERR_INVALID, NULL, "value must be a JSON object: %s",
					 err_text(&cause));
	ok = check_names(rules, json, err) && check_values(rules, json, err);
	json_decref(json);
	return ok;
}
