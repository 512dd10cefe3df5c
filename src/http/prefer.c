#include "http/prefer.h"

static struct str unquote(struct str value)
{
	if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
		return (struct str){ value.ptr + 1, value.len - 2 };
	return value;
}

/* False if the field does not have the preference. Without a value, *value is empty. */
static bool find(struct str field, struct str wanted, struct str *value)
{
	while (field.len > 0) {
		struct str part = str_split_quoted(&field, ',');
		struct str preference = str_split_quoted(&part, ';');
		struct str name = str_split_next(&preference, '=');

		if (str_eq_nocase(str_trim(name), wanted)) {
			*value = unquote(str_trim(preference));
			return true;
		}
	}
	return false;
}

/* Fields of the same name form one list (RFC 9110 §5.3). */
static struct str preference(const struct request *request, struct str name)
{
	struct str value = STR_NULL;

	for (size_t i = 0; i < request->cgi_param_count; i++) {
		if (str_eq(request->cgi_params[i].name, STR("HTTP_PREFER")) &&
			find(request->cgi_params[i].value, name, &value))
			return value;
	}
	return STR_NULL;
}

enum prefer_return request_prefer_return(const struct request *request)
{
	struct str value = preference(request, STR("return"));

	if (str_eq_nocase(value, STR("minimal")))
		return PREFER_MINIMAL;
	return str_eq_nocase(value, STR("representation")) ? PREFER_REPRESENTATION
							   : PREFER_NO_RETURN;
}

bool request_prefer_wait(const struct request *request, unsigned *seconds)
{
	struct str value = preference(request, STR("wait"));
	unsigned sum = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return false;
		sum = 10 * sum + (unsigned)(value.ptr[i] - '0');
		if (sum > PREFER_WAIT_MAX)
			sum = PREFER_WAIT_MAX;
	}
	if (sum == 0)
		return false;
	*seconds = sum;
	return true;
}
