/* Parts of query parameters that decoders and encoders share. */
#include "dialect/idol/idol.h"

#define INTEGER_DIGITS_MAX 40 /* more digits are not an integer */
/* Larger than any list has; its offset fits into 64 bits. */
#define PAGE_NUMBER_MAX INT64_C(1000000000000)

bool idol_split_brackets(struct str name, const char *object, struct str *key)
{
	size_t len = strlen(object);

	if (!str_starts(name, str_cstr(object)) || name.len < len + 2 || name.ptr[len] != '[' ||
		name.ptr[name.len - 1] != ']')
		return false;
	*key = (struct str){ name.ptr + len + 1, name.len - len - 2 };
	return true;
}

bool idol_parse_integer(struct str text, struct str *digits)
{
	bool negative;
	struct str rest;

	text = str_trim(text);
	negative = text.len > 0 && text.ptr[0] == '-';
	rest = str_skip(text, text.len > 0 && (negative || text.ptr[0] == '+') ? 1 : 0);
	if (rest.len == 0 || rest.len > INTEGER_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < rest.len; i++) {
		if (rest.ptr[i] < '0' || rest.ptr[i] > '9')
			return false;
	}
	while (rest.len > 1 && rest.ptr[0] == '0')
		rest = str_skip(rest, 1);
	/* Keep the sign: negative ids do not exist, so it matches nothing. */
	*digits = negative ? text : rest;
	return true;
}

/* json_api_client, a client of Ruby, sends page and per_page unless it is configured. */
enum idol_page_key idol_find_page_key(struct str key)
{
	if (str_eq(key, STR("number")) || str_eq(key, STR("page")))
		return IDOL_PAGE_NUMBER;
	if (str_eq(key, STR("size")) || str_eq(key, STR("per_page")))
		return IDOL_PAGE_SIZE;
	return IDOL_PAGE_UNKNOWN;
}

struct idol_page idol_parse_page(const struct request *request)
{
	struct idol_page page = { 1, IDOL_PAGE_SIZE_DEFAULT };

	for (size_t i = 0; i < request->query_count; i++) {
		const struct pair *pair = &request->query[i];
		struct str key = str_eq(pair->name, STR("page")) ? STR("number") : STR("");

		idol_split_brackets(pair->name, "page", &key);
		if (idol_find_page_key(key) == IDOL_PAGE_NUMBER)
			page.number = str_leading_number(pair->value, PAGE_NUMBER_MAX);
		else if (idol_find_page_key(key) == IDOL_PAGE_SIZE)
			page.size = str_leading_number(pair->value, PAGE_NUMBER_MAX);
	}
	return page;
}
