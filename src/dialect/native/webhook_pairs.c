#include "dialect/native/webhook.h"

/* Header fields that the notifier sets, or that are about the connection; then their prefixes. */
static const char *const reserved[] = { "host", "connection", "keep-alive", "http2-settings",
	"transfer-encoding", "te", "trailer", "upgrade", "expect", "accept-encoding", "user-agent",
	"date", "via", NULL };
static const char *const reserved_prefixes[] = { "content-", "webhook-", "proxy-", NULL };

static struct native_location place_of(bool headers, struct str name)
{
	return NATIVE_AT(headers ? "/headers/" : "/query/", name);
}

#define PAIR_ERROR(...) \
	native_set_error(err, op->arena, ERR_UNPROCESSABLE, place_of(headers, name), __VA_ARGS__)

/* RFC 9110 §5.6.2 */
static bool is_token(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');

		if (!alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return name.len > 0;
}

static bool is_reserved(struct str name)
{
	for (size_t i = 0; reserved[i]; i++) {
		if (str_eq_nocase(name, str_cstr(reserved[i])))
			return true;
	}
	for (size_t i = 0; reserved_prefixes[i]; i++) {
		struct str prefix = str_cstr(reserved_prefixes[i]);

		if (name.len >= prefix.len &&
			str_eq_nocase((struct str){ name.ptr, prefix.len }, prefix))
			return true;
	}
	return false;
}

/* Values of header fields are printable ASCII; those of parameters may have any characters. */
static bool is_value(bool headers, struct str value)
{
	if (value.len > WEBHOOK_PAIR_VALUE_MAX || (headers && value.len == 0))
		return false;
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c < 0x20 || c == 0x7F || (headers && c > 0x7E))
			return false;
	}
	return !headers || (value.ptr[0] != ' ' && value.ptr[value.len - 1] != ' ');
}

static bool check_name(struct op *op, bool headers, struct str name, struct err *err)
{
	if (name.len == 0 || name.len > WEBHOOK_PAIR_NAME_MAX)
		return PAIR_ERROR("A name has 1 to %d bytes.", WEBHOOK_PAIR_NAME_MAX);
	if (headers && !is_token(name))
		return PAIR_ERROR("This is not the name of a header field.");
	if (headers && is_reserved(name))
		return PAIR_ERROR("The service sets this header field itself.");
	for (size_t i = 0; !headers && i < name.len; i++) {
		if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7F)
			return PAIR_ERROR("A name must not have control characters.");
	}
	return true;
}

static bool parse_pair(struct op *op, bool headers, struct str name, const json_t *value,
	struct webhook_pair *pair, struct err *err)
{
	struct str text = json_str(value);

	if (!check_name(op, headers, name, err))
		return false;
	pair->name = arena_copy(op->arena, name);
	pair->value = STR_NULL;
	if (!pair->name.ptr)
		return err_no_memory(err);
	if (json_is_null(value))
		return true;
	if (!json_is_string(value) || !is_value(headers, text))
		return PAIR_ERROR("The value must be a string of at most %d %s.",
			WEBHOOK_PAIR_VALUE_MAX,
			headers ? "printable ASCII characters, without spaces at its ends"
				: "bytes without control characters");
	if (headers && str_eq(text, STR(NATIVE_HIDDEN)))
		return PAIR_ERROR("Values are not shown: leave this member out to keep the value.");
	pair->value = arena_copy(op->arena, text);
	return pair->value.ptr || err_no_memory(err);
}

static size_t find(bool headers, const struct webhook_pair *pairs, size_t count, struct str name)
{
	size_t i = 0;

	while (i < count &&
		!(headers ? str_eq_nocase(pairs[i].name, name) : str_eq(pairs[i].name, name)))
		i++;
	return i;
}

/* Names of header fields that differ in case are the same. */
static bool is_repeated(bool headers, const struct native_pairs *pairs, struct str name)
{
	return find(headers, pairs->pairs, pairs->count, name) < pairs->count;
}

bool native_parse_pairs(
	struct op *op, bool headers, json_t *value, struct native_pairs *pairs, struct err *err)
{
	struct str name = headers ? STR("headers") : STR("query");
	const char *key;
	json_t *item;

	pairs->count = 0;
	pairs->removes_all = json_is_null(value);
	if (pairs->removes_all)
		return true;
	if (!json_is_object(value) || json_object_size(value) > WEBHOOK_PAIRS_MAX)
		return native_set_error(err, op->arena, ERR_UNPROCESSABLE, NATIVE_AT_MEMBER(name),
			"%.*s must be an object of at most %d members.", STR_ARGS(name),
			WEBHOOK_PAIRS_MAX);
	json_object_foreach (value, key, item) {
		if (is_repeated(headers, pairs, str_cstr(key)))
			return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
				place_of(headers, str_cstr(key)),
				"A header field of this name is given twice.");
		if (!parse_pair(
			    op, headers, str_cstr(key), item, &pairs->pairs[pairs->count++], err))
			return false;
	}
	return true;
}

bool native_merge_pairs(const struct op *op, bool headers, const struct native_pairs *patch,
	struct webhook_pair *pairs, size_t *count, struct err *err)
{
	struct str member = headers ? STR("headers") : STR("query");

	if (patch->removes_all)
		*count = 0;
	for (size_t i = 0; i < patch->count; i++) {
		size_t at = find(headers, pairs, *count, patch->pairs[i].name);

		if (!patch->pairs[i].value.ptr) {
			if (at < *count)
				memmove(&pairs[at], &pairs[at + 1],
					(--*count - at) * sizeof(*pairs));
			continue;
		}
		if (at == WEBHOOK_PAIRS_MAX)
			return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_MEMBER(member), "%.*s would have more than %d members.",
				STR_ARGS(member), WEBHOOK_PAIRS_MAX);
		pairs[at] = patch->pairs[i];
		*count += at == *count;
	}
	return true;
}
