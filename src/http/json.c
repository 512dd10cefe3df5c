#include "http/json.h"

#include <stdio.h>
#include <stdlib.h>

/* A double written with 17 digits reads back as itself; 15 digits survive a double. */
#define REAL_DIGITS	17
#define REAL_DIGITS_MIN 15
/* A longer text of a real number is refused. */
#define REAL_TEXT_MAX 127

/*
 * jansson's lexer ignores that its token could not grow: without memory it drops a byte and
 * continues, so a shortened text or number results, an assertion ends the process, or it reads past
 * the token if the byte was the closing quote. Measured with jansson 2.14: without what follows,
 * the walk of failing allocations (tests/http/test_json_memory.c) reports valid bodies as malformed
 * and ends with the assertion in lex_unget_unsave.
 *
 * Therefore the allocators are replaced during a parse: the first allocation that fails is served
 * from a reserve, all later ones fail, and the result is discarded. The parser reads a copy of the
 * text, which then becomes invalid as a whole: the next byte ends the parse like the end of the
 * input does.
 */
struct parse {
	json_malloc_t take;
	json_free_t give;
	char *reserve;
	size_t reserve_size;
	char *text; /* the copy, behind the reserve */
	size_t len;
	bool failed;
};

/* In no UTF-8 text: jansson stops at it before its lexer sees a byte. */
#define INVALID_BYTE 0xFF

static struct parse *parse; /* the allocators have no other argument */

static void *parse_malloc(size_t size)
{
	void *at = parse->failed ? NULL : parse->take(size);

	if (at || parse->failed)
		return at;
	parse->failed = true;
	memset(parse->text, INVALID_BYTE, parse->len);
	return size <= parse->reserve_size ? parse->reserve : NULL;
}

static void parse_free(void *at)
{
	if (at != parse->reserve)
		parse->give(at);
}

static bool set_syntax_error(const json_error_t *error, struct err *err)
{
	bool is_nul = json_error_code(error) == json_error_null_character;

	return err_set(err, ERR_MALFORMED, NULL, "%s at line %d, column %d",
		is_nul ? "\\u0000 is not allowed" : error->text, error->line, error->column);
}

bool json_parse_trusted(json_t **json, struct str text, struct err *err)
{
	/* The lexer doubles its token from 16 bytes on, so no allocation is larger. */
	struct parse mine = { .len = text.len, .reserve_size = 4 * text.len + 64 };
	json_error_t error = { .line = -1 };
	json_t *read;

	/* With JSON_DECODE_ANY, jansson accepts a number that is followed by one NUL. */
	if (text.len > 0 && memchr(text.ptr, '\0', text.len))
		return err_set(err, ERR_MALFORMED, NULL, "The JSON text holds a NUL byte.");
	mine.reserve = malloc(mine.reserve_size + text.len);
	if (!mine.reserve)
		return err_no_memory(err);
	mine.text = mine.reserve + mine.reserve_size;
	if (text.len > 0)
		memcpy(mine.text, text.ptr, text.len);
	json_get_alloc_funcs(&mine.take, &mine.give);
	parse = &mine;
	json_set_alloc_funcs(parse_malloc, parse_free);
	read = json_loadb(mine.text, mine.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (mine.failed)
		json_decref(read);
	json_set_alloc_funcs(mine.take, mine.give);
	parse = NULL;
	free(mine.reserve);
	if (mine.failed)
		return err_no_memory(err);
	if (!read)
		return set_syntax_error(&error, err);
	*json = read;
	return true;
}

static bool is_number_byte(char c)
{
	return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E';
}

/* Returns the string, number or single byte at the start of well-formed JSON text. */
static struct str first_token(struct str text)
{
	size_t len = 1;

	if (text.ptr[0] == '"') {
		while (len < text.len && text.ptr[len] != '"')
			len += text.ptr[len] == '\\' ? 2 : 1;
		len++;
	} else if (text.ptr[0] == '-' || (text.ptr[0] >= '0' && text.ptr[0] <= '9')) {
		while (len < text.len && is_number_byte(text.ptr[len]))
			len++;
	}
	return (struct str){ text.ptr, len };
}

/* Copies a number's digits without zeros at either end; returns REAL_DIGITS + 1 if too many. */
static size_t significant_digits(struct str number, char digits[REAL_DIGITS + 1])
{
	size_t count = 0, zeros = 0;

	for (size_t i = 0; i < number.len; i++) {
		char c = number.ptr[i];

		if (c == 'e' || c == 'E')
			break;
		if (c < '0' || c > '9' || (c == '0' && count == 0))
			continue;
		if (c == '0') {
			zeros++;
			continue;
		}
		if (count + zeros >= REAL_DIGITS)
			return REAL_DIGITS + 1;
		for (; zeros > 0; zeros--)
			digits[count++] = '0';
		digits[count++] = c;
	}
	return count;
}

/* Whether the double nearest to the text has the same digits. LC_NUMERIC must be "C". */
static bool round_trips(struct str number)
{
	char text[REAL_TEXT_MAX + 1], again[REAL_TEXT_MAX + 1];
	char digits[REAL_DIGITS + 1], digits_again[REAL_DIGITS + 1];
	size_t count = significant_digits(number, digits);

	if (number.len > REAL_TEXT_MAX || count > REAL_DIGITS)
		return false;
	if (count == 0)
		return true;
	memcpy(text, number.ptr, number.len);
	text[number.len] = '\0';
	snprintf(again, sizeof(again), "%.*e", (int)count - 1, strtod(text, NULL));
	return significant_digits(str_cstr(again), digits_again) == count &&
	       memcmp(digits, digits_again, count) == 0;
}

static bool is_real(struct str token)
{
	return token.ptr[0] != '"' && token.len > 1 &&
	       (memchr(token.ptr, '.', token.len) || memchr(token.ptr, 'e', token.len) ||
		       memchr(token.ptr, 'E', token.len));
}

/*
 * Checks what jansson does not: its own limit is 2048 levels, and it rounds. The text must be
 * well-formed.
 */
static bool check_depth_and_digits(struct str text, size_t depth_max, struct err *err)
{
	size_t depth = 0;

	while (text.len > 0) {
		struct str token = first_token(text);

		if (token.ptr[0] == '[' || token.ptr[0] == '{')
			depth++;
		else if (token.ptr[0] == ']' || token.ptr[0] == '}')
			depth--;
		if (depth > depth_max)
			return err_set(err, ERR_MALFORMED, NULL,
				"The JSON text has more than %zu levels.", depth_max);
		if (is_real(token) && !round_trips(token))
			return err_set(err, ERR_MALFORMED, NULL,
				"The number %.*s cannot be kept with all its digits.",
				token.len < 40 ? (int)token.len : 40, token.ptr);
		text = str_skip(text, token.len);
	}
	return true;
}

static bool parse_checked(json_t **json, struct str text, size_t depth_max, struct err *err)
{
	json_t *read;

	if (!json_parse_trusted(&read, text, err))
		return false;
	if (!check_depth_and_digits(text, depth_max, err)) {
		json_decref(read);
		return false;
	}
	*json = read;
	return true;
}

bool json_parse_strict(json_t **json, struct str body, struct err *err)
{
	return parse_checked(json, body, JSON_DEPTH_MAX, err);
}

bool json_parse_exact(json_t **json, struct str text, struct err *err)
{
	return parse_checked(json, text, JSON_TEXT_DEPTH_MAX, err);
}

bool json_parse_object(json_t **json, struct str body, struct err *err)
{
	json_t *read;

	if (!json_parse_strict(&read, body, err))
		return false;
	if (!json_is_object(read)) {
		json_decref(read);
		return err_set(err, ERR_MALFORMED, NULL, "The body must be a JSON object.");
	}
	*json = read;
	return true;
}

static int dump_to_buf(const char *bytes, size_t len, void *data)
{
	buf_put(data, bytes, len);
	return buf_ok(data) ? 0 : -1;
}

/* Returns the fewest digits that read back as the same number: 0.1, not 0.10000000000000001. */
static size_t real_precision(double value)
{
	char text[REAL_TEXT_MAX + 1];
	int digits = REAL_DIGITS_MIN;

	for (; digits < REAL_DIGITS; digits++) {
		double again;

		snprintf(text, sizeof(text), "%.*g", digits, value);
		again = strtod(text, NULL);
		if (memcmp(&again, &value, sizeof(value)) == 0)
			break;
	}
	return (size_t)digits;
}

static void put_json(const json_t *json, struct buf *out, unsigned depth);

static void put_array(const json_t *array, struct buf *out, unsigned depth)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		buf_putc(out, i ? ',' : '[');
		put_json(json_array_get(array, i), out, depth);
	}
	buf_puts(out, json_array_size(array) ? "]" : "[]");
}

static void put_object(const json_t *object, struct buf *out, unsigned depth)
{
	/* jansson's iterators take a mutable object but do not change it. */
	json_t *walked = (json_t *)(uintptr_t)object;
	char before = '{';

	for (void *at = json_object_iter(walked); at; at = json_object_iter_next(walked, at)) {
		buf_putc(out, before);
		buf_put_json_string(out, str_cstr(json_object_iter_key(at)));
		buf_putc(out, ':');
		put_json(json_object_iter_value(at), out, depth);
		before = ',';
	}
	buf_puts(out, before == '{' ? "{}" : "}");
}

/* Containers are walked here because jansson has one precision for all numbers of a dump. */
static void put_json(const json_t *json, struct buf *out, unsigned depth)
{
	size_t flags = JSON_ENCODE_ANY | JSON_COMPACT;

	if (depth == 0) {
		out->failed = true;
	} else if (json_is_array(json)) {
		put_array(json, out, depth - 1);
	} else if (json_is_object(json)) {
		put_object(json, out, depth - 1);
	} else if (json_is_string(json)) {
		buf_put_json_string(out, json_str(json));
	} else {
		if (json_is_real(json))
			flags |= JSON_REAL_PRECISION(real_precision(json_real_value(json)));
		if (json_dump_callback(json, dump_to_buf, out, flags) != 0)
			out->failed = true;
	}
}

/* Copies the text to the arena and frees the buffer. */
static struct str move_to_arena(struct buf *buf, struct arena *arena)
{
	struct str text = buf_ok(buf) ? arena_copy(arena, buf_str(buf)) : STR_NULL;

	buf_free(buf);
	return text;
}

void json_put(struct buf *out, const json_t *json)
{
	put_json(json, out, JSON_TEXT_DEPTH_MAX);
}

struct str json_text(const json_t *json, struct arena *arena)
{
	struct buf out = BUF_INIT;

	json_put(&out, json);
	return move_to_arena(&out, arena);
}

struct str json_str(const json_t *json)
{
	return (struct str){ json_string_value(json), json_string_length(json) };
}

struct str json_quote(struct str text, struct arena *arena)
{
	struct buf out = BUF_INIT;

	buf_put_json_string(&out, text);
	return move_to_arena(&out, arena);
}

void json_put_as_string(struct buf *out, struct str json)
{
	if (json.len == 0)
		buf_puts(out, "null");
	else if (json.ptr[0] == '"' || str_eq(json, STR("null")))
		buf_put_str(out, json);
	else
		buf_put_json_string(out, json);
}

struct str json_unquote(struct str text, struct arena *arena)
{
	struct str value = STR_NULL;
	struct err err;
	json_t *json;

	if (!json_parse_strict(&json, text, &err))
		return STR_NULL;
	if (json_is_string(json))
		value = arena_copy(arena, json_str(json));
	json_decref(json);
	return value;
}

/* Past the string that begins at i, or the end of the text. */
static size_t skip_string(struct str text, size_t i)
{
	for (i++; i < text.len && text.ptr[i] != '"'; i++)
		i += text.ptr[i] == '\\';
	return i;
}

unsigned json_text_depth(struct str text)
{
	unsigned depth = 0, deepest = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '"')
			i = skip_string(text, i);
		else if (c == '[' || c == '{')
			deepest = ++depth > deepest ? depth : deepest;
		else if (c == ']' || c == '}')
			depth -= depth > 0;
	}
	return deepest;
}
