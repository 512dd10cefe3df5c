#include "http/multipart.h"

#define BOUNDARY_MAX 70 /* RFC 2046 §5.1.1 */
#define CRLF	     STR("\r\n")

/* Splits *rest at the first `text`, into *before and the new *rest; false if it is not found. */
static bool split_at(struct str *rest, struct str text, struct str *before)
{
	const char *at = rest->len > 0 ? memmem(rest->ptr, rest->len, text.ptr, text.len) : NULL;

	if (!at)
		return false;
	*before = (struct str){ rest->ptr, (size_t)(at - rest->ptr) };
	*rest = str_skip(*rest, before->len + text.len);
	return true;
}

/* Reads the quoted value at the start of *rest, without its quotes; escapes are kept. */
static struct str read_quoted(struct str *rest)
{
	size_t end = 1;
	struct str value;

	while (end < rest->len && rest->ptr[end] != '"')
		end += rest->ptr[end] == '\\' ? 2 : 1;
	if (end > rest->len)
		end = rest->len;
	value = (struct str){ rest->ptr + 1, end - 1 };
	*rest = str_skip(*rest, end + 1);
	return value;
}

/*
 * The parameter of a header field such as `form-data; name="a"`, or STR_NULL. *value: the field
 * behind its first word.
 */
static struct str find_param(struct str field, struct str name)
{
	str_split_next(&field, ';');
	while (field.len > 0) {
		struct str found = { field.ptr, 0 }, value;

		while (found.len < field.len && !strchr("=;", field.ptr[found.len]))
			found.len++;
		field = str_skip(field, found.len);
		if (field.len == 0 || field.ptr[0] == ';') {
			field = str_skip(field, 1);
			continue;
		}
		field = str_skip(field, 1);
		if (field.len > 0 && field.ptr[0] == '"') {
			value = read_quoted(&field);
			str_split_next(&field, ';');
		} else {
			value = str_trim(str_split_next(&field, ';'));
		}
		if (str_eq_nocase(str_trim(found), name))
			return value;
	}
	return STR_NULL;
}

/* The value of the header field Content-Disposition of a part, or STR_NULL. */
static struct str find_disposition(struct str head)
{
	static const struct str name = { "Content-Disposition", 19 };
	struct str line;

	for (bool more = true; more;) {
		struct str field;

		more = split_at(&head, CRLF, &line);
		field = more ? line : head;
		line = str_split_next(&field, ':');
		if (field.ptr && str_eq_nocase(str_trim(line), name))
			return str_trim(field);
	}
	return STR_NULL;
}

static bool set_malformed(struct err *err)
{
	return err_set(err, ERR_MALFORMED, NULL, "The multipart body is malformed.");
}

/* Sets *pair if the part is a text with a name; else pair->name.ptr is NULL. */
static bool read_part(struct str part, struct pair *pair, struct err *err)
{
	struct str head, field;

	*pair = (struct pair){ 0 };
	if (str_starts(part, CRLF))
		return true;
	if (!split_at(&part, STR("\r\n\r\n"), &head))
		return set_malformed(err);
	field = find_disposition(head);
	if (!field.ptr || find_param(field, STR("filename")).ptr)
		return true;
	*pair = (struct pair){ .name = find_param(field, STR("name")), .value = part };
	return !pair->name.ptr || (str_is_utf8(pair->name) && str_is_utf8(pair->value)) ||
	       set_malformed(err);
}

/* Moves *rest behind the line of a boundary. *last: it ends the body. */
static bool end_boundary(struct str *rest, bool *last)
{
	*last = str_starts(*rest, STR("--"));
	if (*last)
		return true;
	while (rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
		*rest = str_skip(*rest, 1);
	if (!str_starts(*rest, CRLF))
		return false;
	*rest = str_skip(*rest, CRLF.len);
	return true;
}

static bool split_parts(struct pair *pairs, size_t max, size_t *count, struct str delimiter,
	struct str rest, struct err *err)
{
	struct str first = str_skip(delimiter, CRLF.len), part;
	size_t parts = 0;
	bool last;

	*count = 0;
	if (str_starts(rest, first))
		rest = str_skip(rest, first.len);
	else if (!split_at(&rest, delimiter, &part))
		return set_malformed(err);
	for (;;) {
		struct pair pair;

		if (!end_boundary(&rest, &last))
			return set_malformed(err);
		if (last)
			return true;
		if (!split_at(&rest, delimiter, &part))
			return set_malformed(err);
		if (parts++ == max)
			return err_set(err, ERR_TOO_LARGE, NULL, NULL);
		if (!read_part(part, &pair, err))
			return false;
		if (pair.name.ptr)
			pairs[(*count)++] = pair;
	}
}

bool multipart_split(struct pair *pairs, size_t max, size_t *count, struct str content_type,
	struct str body, struct err *err)
{
	char delimiter[4 + BOUNDARY_MAX] = "\r\n--";
	struct str boundary = find_param(content_type, STR("boundary"));

	if (boundary.len == 0 || boundary.len > BOUNDARY_MAX)
		return set_malformed(err);
	memcpy(delimiter + 4, boundary.ptr, boundary.len);
	return split_parts(
		pairs, max, count, (struct str){ delimiter, 4 + boundary.len }, body, err);
}
