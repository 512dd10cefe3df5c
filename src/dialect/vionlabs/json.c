#include "http/json.h"

#include "dialect/vionlabs/vionlabs.h"

/*
 * Scans JSON text like Python's json.decoder and reports its error and its position: Vionlabs
 * clients receive both, and jansson's differ. Accepts everything that Python accepts, including
 * NaN; http/json.c decides what the service accepts.
 */
struct scan {
	struct str text;
	size_t at;
	const char *error; /* a constant; NULL: none yet */
	bool too_deep;
};

static bool set_error(struct scan *scan, size_t at, const char *error)
{
	scan->at = at;
	scan->error = error;
	return false;
}

/* The byte at an offset; NUL past the end, because the text itself contains no NUL. */
static char byte_at(const struct scan *scan, size_t at)
{
	return at < scan->text.len ? scan->text.ptr[at] : '\0';
}

static char peek(const struct scan *scan)
{
	return byte_at(scan, scan->at);
}

static void skip_space(struct scan *scan)
{
	while (peek(scan) != '\0' && strchr(" \t\n\r", peek(scan)))
		scan->at++;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/*
 * Starts at the backslash. Text that ends within the four digits is an invalid escape, not an
 * unterminated string.
 */
static bool scan_escape(struct scan *scan, size_t quote)
{
	char c = byte_at(scan, scan->at + 1);

	if (c == '\0')
		return set_error(scan, quote, "Unterminated string starting at");
	if (!strchr("\"\\/bfnrtu", c))
		return set_error(scan, scan->at, "Invalid \\escape");
	if (c != 'u') {
		scan->at += 2;
		return true;
	}
	for (size_t i = 2; i < 6; i++) {
		if (!is_hex(byte_at(scan, scan->at + i)))
			return set_error(scan, scan->at + 1, "Invalid \\uXXXX escape");
	}
	if (scan->at + 6 >= scan->text.len)
		return set_error(scan, scan->at + 1, "Invalid \\uXXXX escape");
	scan->at += 6;
	return true;
}

/* Starts at the opening quote and ends after the closing one. */
static bool scan_string(struct scan *scan)
{
	size_t quote = scan->at++;

	while (peek(scan) != '"') {
		if (scan->at >= scan->text.len)
			return set_error(scan, quote, "Unterminated string starting at");
		if ((unsigned char)peek(scan) < 0x20)
			return set_error(scan, scan->at, "Invalid control character at");
		if (peek(scan) != '\\')
			scan->at++;
		else if (!scan_escape(scan, quote))
			return false;
	}
	scan->at++;
	return true;
}

static void skip_digits(struct scan *scan)
{
	while (is_digit(peek(scan)))
		scan->at++;
}

/* Stops after the longest prefix that is a number; the caller rejects what follows. */
static bool scan_number(struct scan *scan)
{
	size_t start = scan->at, exponent;

	scan->at += peek(scan) == '-';
	if (!is_digit(peek(scan)))
		return set_error(scan, start, "Expecting value");
	if (peek(scan) == '0')
		scan->at++;
	else
		skip_digits(scan);
	if (peek(scan) == '.' && is_digit(byte_at(scan, scan->at + 1))) {
		scan->at++;
		skip_digits(scan);
	}
	if (peek(scan) != 'e' && peek(scan) != 'E')
		return true;
	exponent = byte_at(scan, scan->at + 1) == '+' || byte_at(scan, scan->at + 1) == '-' ? 2 : 1;
	if (is_digit(byte_at(scan, scan->at + exponent))) {
		scan->at += exponent;
		skip_digits(scan);
	}
	return true;
}

static bool scan_literal(struct scan *scan)
{
	static const char *const literals[] = { "null", "true", "false", "NaN", "Infinity",
		"-Infinity" };

	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		struct str literal = str_cstr(literals[i]);

		if (str_starts(str_skip(scan->text, scan->at), literal)) {
			scan->at += literal.len;
			return true;
		}
	}
	return scan_number(scan);
}

static bool scan_value(struct scan *scan, unsigned depth);

/* A member's name and the colon. */
static bool scan_name(struct scan *scan)
{
	if (peek(scan) != '"')
		return set_error(
			scan, scan->at, "Expecting property name enclosed in double quotes");
	if (!scan_string(scan))
		return false;
	skip_space(scan);
	if (peek(scan) != ':')
		return set_error(scan, scan->at, "Expecting ':' delimiter");
	scan->at++;
	skip_space(scan);
	return true;
}

/* Starts at the opening bracket and ends after the closing one. */
static bool scan_container(struct scan *scan, char close, unsigned depth)
{
	scan->at++;
	skip_space(scan);
	if (peek(scan) == close) {
		scan->at++;
		return true;
	}
	for (;;) {
		if (close == '}' && !scan_name(scan))
			return false;
		if (!scan_value(scan, depth))
			return false;
		skip_space(scan);
		if (peek(scan) == close)
			break;
		if (peek(scan) != ',')
			return set_error(scan, scan->at, "Expecting ',' delimiter");
		scan->at++;
		skip_space(scan);
	}
	scan->at++;
	return true;
}

static bool scan_value(struct scan *scan, unsigned depth)
{
	char c = peek(scan);

	if (c == '"')
		return scan_string(scan);
	if (c != '{' && c != '[')
		return scan_literal(scan);
	if (depth == 0) {
		scan->too_deep = true;
		return false;
	}
	return scan_container(scan, c == '{' ? '}' : ']', depth - 1);
}

const char *vionlabs_find_json_error(struct str text, size_t *at)
{
	struct scan scan = { .text = text };

	skip_space(&scan);
	if (scan_value(&scan, JSON_DEPTH_MAX)) {
		skip_space(&scan);
		if (scan.at < text.len)
			set_error(&scan, scan.at, "Extra data");
	}
	*at = scan.at;
	return scan.too_deep ? NULL : scan.error;
}
