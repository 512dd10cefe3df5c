/* Fields of a task as variables. */
#include "dialect/external/external.h"

/* Digits, with a minus: as Integer or Long. A larger number is a String, which keeps its digits. */
static const char *integer_type(struct str digits)
{
	bool negative = digits.ptr[0] == '-';
	uint64_t value, most = (uint64_t)INT64_MAX + negative;

	if (!str_to_u64(str_skip(digits, negative), &value) || value > most)
		return "String";
	return value <= (uint64_t)INT32_MAX + negative ? "Integer" : "Long";
}

static bool is_real(struct str json)
{
	for (size_t i = 0; i < json.len; i++) {
		if (strchr(".eE", json.ptr[i]))
			return true;
	}
	return false;
}

static const char *type_of(struct str json)
{
	switch (json.len > 0 ? json.ptr[0] : 'n') {
	case '"':
		return "String";
	case 't':
	case 'f':
		return "Boolean";
	case 'n':
		return "Null";
	case '{':
	case '[':
		return "Json";
	default:
		return is_real(json) ? "Double" : integer_type(json);
	}
}

void external_put_variable(struct buf *out, struct str json)
{
	const char *type = type_of(json);
	bool quoted = strcmp(type, "Json") == 0 ||
		      (strcmp(type, "String") == 0 && json.ptr[0] != '"');

	buf_puts(out, "{\"type\":\"");
	buf_puts(out, type);
	buf_puts(out, "\",\"value\":");
	if (quoted)
		buf_put_json_string(out, json);
	else
		buf_put_str(out, json.len > 0 ? json : STR("null"));
	buf_puts(out, ",\"valueInfo\":{}}");
}
