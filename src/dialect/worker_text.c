#include "dialect/worker_text.h"

#include "dialect/worker_text_cut.h"
#include "http/json.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
/* Bytes that are copied at once. */
#define PLAIN_MAX ((size_t)64 * 1024)

/* The last part, or the first, of a text that is read once. */
struct tail {
	struct buf text;
	size_t max;	  /* bytes that may be needed */
	uint64_t cut;	  /* bytes before it */
	bool keeps_start; /* it is the first part */
};

static void tail_put(struct tail *tail, const void *bytes, size_t len)
{
	struct buf *text = &tail->text;

	if (tail->keeps_start && text->len >= tail->max)
		return;
	buf_put(text, bytes, len);
	if (tail->keeps_start)
		return;
	if (text->len > 4 * tail->max) {
		tail->cut += text->len - tail->max;
		buf_consume(text, text->len - tail->max);
	}
}

static void tail_put_character(struct tail *tail, uint32_t code)
{
	char bytes[4];

	if (code == 0 || (code >= 0xD800 && code <= 0xDFFF)) {
		tail_put(tail, REPLACEMENT, strlen(REPLACEMENT));
	} else if (code < 0x80) {
		bytes[0] = (char)code;
		tail_put(tail, bytes, 1);
	} else if (code < 0x800) {
		bytes[0] = (char)(0xC0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 0x3F));
		tail_put(tail, bytes, 2);
	} else if (code < 0x10000) {
		bytes[0] = (char)(0xE0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[2] = (char)(0x80 | (code & 0x3F));
		tail_put(tail, bytes, 3);
	} else {
		bytes[0] = (char)(0xF0 | code >> 18);
		bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
		bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[3] = (char)(0x80 | (code & 0x3F));
		tail_put(tail, bytes, 4);
	}
}

/* Reads the four digits of \uXXXX at the start of raw; false for other text. */
static bool read_unicode_escape(struct str raw, uint32_t *code)
{
	uint32_t sum = 0;

	if (raw.len < 6 || raw.ptr[0] != '\\' || raw.ptr[1] != 'u')
		return false;
	for (size_t i = 2; i < 6; i++) {
		static const char digits[] = "0123456789abcdefABCDEF";
		const char *digit = memchr(digits, raw.ptr[i], sizeof(digits) - 1);
		uint32_t value;

		if (!digit)
			return false;
		value = (uint32_t)(digit - digits);
		sum = sum << 4 | (value < 16 ? value : value - 6);
	}
	*code = sum;
	return true;
}

/* Returns the bytes of raw that were read; 0 if JSON has no such escape. */
static size_t decode_escape(struct str raw, struct tail *tail)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	uint32_t code, low;
	const char *name;

	if (read_unicode_escape(raw, &code)) {
		bool pair = code >= 0xD800 && code <= 0xDBFF &&
			    read_unicode_escape(str_skip(raw, 6), &low) && low >= 0xDC00 &&
			    low <= 0xDFFF;

		if (pair)
			code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		tail_put_character(tail, code);
		return pair ? 12 : 6;
	}
	name = raw.len < 2 ? NULL : memchr(names, raw.ptr[1], sizeof(names) - 1);
	if (!name)
		return 0;
	tail_put(tail, &values[name - names], 1);
	return 2;
}

/* Whether eight bytes have a backslash, a NUL or a byte that is not ASCII. */
static bool has_special(const char *bytes)
{
	const uint64_t ones = UINT64_MAX / UINT8_MAX, highs = ones << 7;
	uint64_t word, slashes;

	memcpy(&word, bytes, sizeof(word));
	slashes = word ^ ones * '\\';
	return ((word | (word - ones) | (slashes - ones)) & highs) != 0;
}

/* The number of ASCII bytes before the next escape or NUL, at most PLAIN_MAX. */
static size_t plain_length(struct str raw)
{
	size_t len = 0;

	while (len + sizeof(uint64_t) <= raw.len && len < PLAIN_MAX && !has_special(raw.ptr + len))
		len += sizeof(uint64_t);
	while (len < raw.len && len < PLAIN_MAX && (unsigned char)raw.ptr[len] < 0x80 &&
		raw.ptr[len] != '\\' && raw.ptr[len] != '\0')
		len++;
	return len;
}

/* Whether the text between the quotes of a JSON string can stay as it is. */
static bool is_plain(struct str raw)
{
	for (size_t i = 0; i < raw.len; i++) {
		if ((unsigned char)raw.ptr[i] < 0x20 || (unsigned char)raw.ptr[i] >= 0x80 ||
			raw.ptr[i] == '\\')
			return false;
	}
	return true;
}

/* Decodes the text between the quotes of a JSON string; false: *raw begins with a wrong escape. */
static bool decode_text(struct str *raw, struct tail *tail)
{
	while (raw->len > 0) {
		size_t len = plain_length(*raw);

		if (len == 0 && raw->ptr[0] == '\\') {
			len = decode_escape(*raw, tail);
			if (len == 0)
				return false;
			*raw = str_skip(*raw, len);
			continue;
		}
		if (len == 0)
			len = str_utf8_sequence(*raw);
		if (len > 0)
			tail_put(tail, raw->ptr, len);
		else
			tail_put_character(tail, 0);
		*raw = str_skip(*raw, len > 0 ? len : 1);
	}
	return true;
}

/* A string of the escape alone: the parser would read megabytes before it. */
static struct str keep_escape(struct str raw, struct arena *arena)
{
	const char text[] = { '"', raw.ptr[0], raw.ptr[1], '"' };

	return arena_copy(arena, (struct str){ text, sizeof(text) });
}

/* ---- texts within a body ---- */

/* The text of a body, read from left to right. */
struct reader {
	struct str rest;
	size_t depth;
	struct str names[2]; /* of the present member on the first two levels, with quotes */
};

/* The length of the JSON string at the start of text, quotes included; 0: it does not end. */
static size_t string_length(struct str text)
{
	size_t from = 1;

	for (;;) {
		const char *quote = from < text.len ? memchr(text.ptr + from, '"', text.len - from)
						    : NULL;
		size_t end, backslashes = 0;

		if (!quote)
			return 0;
		end = (size_t)(quote - text.ptr);
		while (end - backslashes > from && text.ptr[end - backslashes - 1] == '\\')
			backslashes++;
		if (backslashes % 2 == 0)
			return end + 1;
		from = end + 1;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether the string at the start of text is the name of a member. */
static bool is_name(struct str text, size_t len)
{
	while (len < text.len && is_blank(text.ptr[len]))
		len++;
	return len < text.len && text.ptr[len] == ':';
}

/*
 * Returns the next string that is a value, with its quotes, and leaves reader->rest behind it;
 * STR_NULL at the end, or if a string does not end.
 */
static struct str next_value(struct reader *reader)
{
	while (reader->rest.len > 0) {
		struct str at = reader->rest;
		char c = at.ptr[0];
		size_t len = c == '"' ? string_length(at) : 1;
		bool name = c == '"' && is_name(at, len);

		if (len == 0)
			return STR_NULL;
		reader->rest = str_skip(at, len);
		if (c == '"' && !name)
			return (struct str){ at.ptr, len };
		if (name && reader->depth >= 1 && reader->depth <= 2)
			reader->names[reader->depth - 1] = (struct str){ at.ptr, len };
		if (c == '{' || c == '[')
			reader->depth++;
		if ((c == '}' || c == ']') && reader->depth > 0)
			reader->depth--;
		if ((c == '{' || c == '[') && reader->depth <= 2)
			reader->names[1] = STR_NULL;
	}
	return STR_NULL;
}

static bool is_quoted(struct str quoted, const char *name)
{
	return quoted.len > 2 &&
	       str_eq((struct str){ quoted.ptr + 1, quoted.len - 2 }, str_cstr(name));
}

/* Whether the reader's present value is that of the member. */
static bool is_value(const struct reader *reader, const struct worker_text *text)
{
	if (!text->parent)
		return reader->depth == 1 && is_quoted(reader->names[0], text->name);
	return reader->depth == 2 && is_quoted(reader->names[0], text->parent) &&
	       is_quoted(reader->names[1], text->name);
}

/* Whether it is within the member's array or object. */
static bool is_nested(const struct reader *reader, const struct worker_text *text)
{
	return text->nested && !text->parent && reader->depth > 1 &&
	       is_quoted(reader->names[0], text->name);
}

/* Returns a string as the parser must read it: unchanged or in arena; STR_NULL without memory. */
static struct str clean(
	struct str value, size_t max, bool keeps_start, struct arena *arena, bool *cut)
{
	struct str raw = { value.ptr + 1, value.len - 2 }, json = value;
	struct tail tail = { .max = max, .keeps_start = keeps_start };

	if (value.len <= max && is_plain(raw))
		return value;
	/* The strict parser reports an escape that JSON lacks. */
	if (decode_text(&raw, &tail))
		json = !buf_ok(&tail.text) ? STR_NULL
		       : keeps_start ? worker_text_cut_start(buf_str(&tail.text), max, arena, cut)
				     : worker_text_cut_end(
					       buf_str(&tail.text), tail.cut, max, arena, cut);
	else if (value.len > max)
		json = keep_escape(raw, arena);
	buf_free(&tail.text);
	return json;
}

/* A body that is copied as soon as one of its texts changes. */
struct copy {
	struct arena *arena;
	struct buf text;
	struct str rest; /* of the body: not yet copied */
	size_t texts;	 /* bytes of the texts so far */
};

static bool take_value(
	struct copy *copy, const struct reader *reader, struct str value, struct worker_text *text)
{
	/* The parser refuses a second member of the name; to copy it would cost memory. */
	bool whole = is_value(reader, text) && !text->seen;
	bool item = !whole && is_nested(reader, text) && text->item++ < text->items;
	/* An escape has six bytes at most, so that nothing is cut. */
	size_t max = whole  ? text->max
		     : item ? text->item_max
			    : 6 * value.len + WORKER_TEXT_MARK_ROOM,
	       before;
	struct str json;

	if (!whole && !is_nested(reader, text))
		return true;
	copy->texts += whole || item ? value.len : 0;
	text->seen = text->seen || whole;
	json = clean(value, max, text->keeps_start && whole, copy->arena, &text->cut);
	if (!json.ptr || json.ptr == value.ptr)
		return json.ptr;
	before = (size_t)(value.ptr - copy->rest.ptr);
	buf_put(&copy->text, copy->rest.ptr, before);
	buf_put_str(&copy->text, json);
	copy->rest = str_skip(copy->rest, before + value.len);
	return true;
}

bool worker_text_shorten(struct str *body, struct worker_text *texts, size_t count,
	size_t others_max, struct arena *arena, struct err *err)
{
	struct reader reader = { .rest = *body };
	struct copy copy = { .arena = arena, .rest = *body };
	struct str value, text;
	bool ok = true;

	/* Ends as soon as the rest is too large. */
	while (ok && body->len - reader.rest.len - copy.texts <= others_max &&
		(value = next_value(&reader)).ptr) {
		for (size_t i = 0; ok && i < count; i++)
			ok = take_value(&copy, &reader, value, &texts[i]);
	}
	if (ok && body->len - copy.texts > others_max) {
		buf_free(&copy.text);
		return err_set(err, ERR_TOO_LARGE, NULL, NULL);
	}
	if (ok && copy.rest.ptr != body->ptr) {
		buf_put_str(&copy.text, copy.rest);
		text = buf_ok(&copy.text) ? arena_copy(arena, buf_str(&copy.text)) : STR_NULL;
		ok = text.ptr;
		*body = ok ? text : *body;
	}
	buf_free(&copy.text);
	return ok || err_no_memory(err);
}
