#include "dialect/kind.h"

#include "base/encode.h"

/* ---- strings ---- */

#define SURROGATE_HIGH UINT32_C(0xD800)
#define SURROGATE_LOW  UINT32_C(0xDC00)
#define SURROGATE_END  UINT32_C(0xE000)

/* Takes the four digits of \uXXXX from *rest; false without them. */
static bool take_unit(struct str *rest, uint32_t *unit)
{
	uint8_t bytes[2];

	if (rest->len < 4 || !hex_decode(bytes, sizeof(bytes), (struct str){ rest->ptr, 4 }))
		return false;
	*unit = (uint32_t)bytes[0] << 8 | bytes[1];
	*rest = str_skip(*rest, 4);
	return true;
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || code == 0x7F;
}

/* Takes the character behind \u. Valid text has no half of a surrogate pair. */
static bool take_code(struct str *rest, uint32_t *code)
{
	uint32_t low;

	if (!take_unit(rest, code))
		return false;
	if (*code < SURROGATE_HIGH || *code >= SURROGATE_END)
		return true;
	if (*code >= SURROGATE_LOW || !str_starts(*rest, STR("\\u")))
		return false;
	*rest = str_skip(*rest, 2);
	if (!take_unit(rest, &low) || low < SURROGATE_LOW || low >= SURROGATE_END)
		return false;
	*code = UINT32_C(0x10000) + ((*code - SURROGATE_HIGH) << 10) + (low - SURROGATE_LOW);
	return true;
}

/* The bytes of a character in UTF-8; returns their number. */
static size_t put_utf8(char bytes[4], uint32_t code)
{
	static const uint8_t first[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (code & 0x3F));
		code >>= 6;
	}
	bytes[0] = (char)(first[len] | code);
	return len;
}

/*
 * Takes what follows a backslash; returns the bytes of the character. 0: a control character, which
 * no worker can name, or malformed.
 */
static size_t take_escape(struct str *rest, char bytes[4])
{
	uint32_t code;

	bytes[0] = rest->len > 0 ? rest->ptr[0] : '\0';
	*rest = str_skip(*rest, 1);
	if (bytes[0] == '"' || bytes[0] == '\\' || bytes[0] == '/')
		return 1;
	return bytes[0] == 'u' && take_code(rest, &code) && !is_control(code)
		       ? put_utf8(bytes, code)
		       : 0;
}

/* The same for any character of a string. */
static size_t take_character(struct str *rest, char bytes[4])
{
	size_t len;

	if (rest->ptr[0] == '\\') {
		*rest = str_skip(*rest, 1);
		return take_escape(rest, bytes);
	}
	len = is_control((unsigned char)rest->ptr[0]) ? 0 : str_utf8_sequence(*rest);
	memcpy(bytes, rest->ptr, len);
	*rest = str_skip(*rest, len);
	return len;
}

bool kind_put(struct str json, char scratch[TASK_KIND_MAX], size_t *len)
{
	struct str rest;
	size_t end = *len;

	if (json.len <= 2 || json.ptr[0] != '"' || json.ptr[json.len - 1] != '"')
		return false;
	rest = (struct str){ json.ptr + 1, json.len - 2 };
	while (rest.len > 0) {
		char bytes[4];
		size_t more = take_character(&rest, bytes);

		if (more == 0)
			return false;
		if (end + more > TASK_KIND_MAX)
			break;
		memcpy(scratch + end, bytes, more);
		end += more;
	}
	*len = end;
	return true;
}

struct str kind_of_field(const struct task *task, const char *name, char scratch[TASK_KIND_MAX])
{
	size_t len = 0;

	kind_put(task_field(task, str_cstr(name)), scratch, &len);
	return (struct str){ scratch, len };
}

/* ---- objects ---- */

/* The JSON string at the start of the text, with its quotes. */
static struct str first_string(struct str text)
{
	size_t at = 1;

	while (at < text.len && text.ptr[at] != '"')
		at += text.ptr[at] == '\\' ? 2 : 1;
	return (struct str){ text.ptr, at < text.len ? at + 1 : text.len };
}

static bool is_name(struct str string, struct str name)
{
	return string.len == name.len + 2 && str_eq((struct str){ string.ptr + 1, name.len }, name);
}

/* The value behind a member's name, if it is a string. */
static struct str string_value(struct str rest)
{
	while (rest.len > 0 && memchr(" \t\r\n:", rest.ptr[0], 5))
		rest = str_skip(rest, 1);
	return str_starts(rest, STR("\"")) ? first_string(rest) : STR_NULL;
}

struct str kind_member(struct str object, struct str name)
{
	unsigned depth = 0;
	bool expected = false; /* the next string is a member's name */

	while (object.len > 0 && (depth > 0 || object.ptr[0] == '{')) {
		char c = object.ptr[0];
		struct str string = { object.ptr, 1 };

		if (c == '"')
			string = first_string(object);
		object = str_skip(object, string.len);
		if (c == '"' && expected && is_name(string, name))
			return string_value(object);
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		expected = depth == 1 && (c == '{' || c == ',' || (expected && c != '"'));
	}
	return STR_NULL;
}

/* ---- whole kinds ---- */

bool kind_is_valid(struct str kind)
{
	for (size_t i = 0; i < kind.len; i++) {
		if (is_control((unsigned char)kind.ptr[i]))
			return false;
	}
	return kind.len > 0 && kind.len <= TASK_KIND_MAX;
}

struct str kind_quote(struct str kind, char scratch[INDEX_SCRATCH_SIZE])
{
	/* A character that did not fit has 4 bytes at most. */
	const size_t whole = TASK_KIND_MAX - 4;

	_Static_assert(TASK_KIND_MAX - 4 + 2 <= INDEX_SCRATCH_SIZE, "a quoted kind fits");
	if (!kind_is_valid(kind) || kind.len > whole || memchr(kind.ptr, '"', kind.len) ||
		memchr(kind.ptr, '\\', kind.len))
		return STR_NULL;
	scratch[0] = scratch[kind.len + 1] = '"';
	memcpy(scratch + 1, kind.ptr, kind.len);
	return (struct str){ scratch, kind.len + 2 };
}
