/* The member log: its last part is kept, and bytes that JSON cannot have are replaced. */
#include "dialect/virtshell/virtshell.h"
#include "http/json.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
/* Room for the line that marks a cut, and for the quotes. */
#define MARK_ROOM 64

/* The last part of a text that is read once. */
struct tail {
	struct buf text;
	uint64_t cut; /* bytes before it */
};

static void tail_put(struct tail *tail, const void *bytes, size_t len)
{
	struct buf *text = &tail->text;

	buf_put(text, bytes, len);
	if (text->len > 4 * VIRTSHELL_LOG_MAX) {
		tail->cut += text->len - VIRTSHELL_LOG_MAX;
		buf_consume(text, text->len - VIRTSHELL_LOG_MAX);
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

/* The number of ASCII bytes before the next escape or NUL, at most VIRTSHELL_LOG_MAX. */
static size_t plain_length(struct str raw)
{
	size_t len = 0;

	while (len < raw.len && len < VIRTSHELL_LOG_MAX && (unsigned char)raw.ptr[len] < 0x80 &&
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

/* Decodes the text between the quotes of a JSON string; false for an escape that JSON lacks. */
static bool decode_text(struct str raw, struct tail *tail)
{
	while (raw.len > 0) {
		size_t len = plain_length(raw);

		if (len == 0 && raw.ptr[0] == '\\') {
			len = decode_escape(raw, tail);
			if (len == 0)
				return false;
			raw = str_skip(raw, len);
			continue;
		}
		if (len == 0)
			len = str_utf8_sequence(raw);
		if (len > 0)
			tail_put(tail, raw.ptr, len);
		else
			tail_put_character(tail, 0);
		raw = str_skip(raw, len > 0 ? len : 1);
	}
	return true;
}

/* Bytes that a byte of a string takes in JSON text. */
static size_t json_size(char c)
{
	if (c == '"' || c == '\\' || c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t')
		return 2;
	return (unsigned char)c < 0x20 ? 6 : 1;
}

/* The start of the last part whose JSON text has at most `room` bytes. */
static size_t fit(struct str text, size_t room)
{
	size_t at = text.len, size = 0;

	while (at > 0 && size + json_size(text.ptr[at - 1]) <= room)
		size += json_size(text.ptr[--at]);
	while (at > 0 && at < text.len && (text.ptr[at] & 0xC0) == 0x80)
		at++;
	return at;
}

static struct str quote_end(const struct tail *tail, size_t max, struct arena *arena)
{
	struct str text = buf_str(&tail->text);
	bool whole = tail->cut == 0 && fit(text, max - strlen("\"\"")) == 0;
	size_t start = whole ? 0 : fit(text, max - MARK_ROOM);
	struct buf marked = BUF_INIT;
	struct str json;

	if (!whole)
		buf_printf(&marked, "[the first %llu bytes were cut]\n",
			(unsigned long long)(tail->cut + start));
	buf_put_str(&marked, str_skip(text, start));
	json = buf_ok(&marked) ? json_quote(buf_str(&marked), arena) : STR_NULL;
	buf_free(&marked);
	return json;
}

struct str virtshell_quote_end(struct str text, size_t max, struct arena *arena)
{
	struct tail tail = { .text = { .data = (char *)(uintptr_t)text.ptr, .len = text.len } };

	return quote_end(&tail, max, arena);
}

/* ---- the log within the text of a body ---- */

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

/* Returns the text of the member "log" as it was sent, or STR_NULL if there is no such string. */
static struct str find_log(struct str body)
{
	bool is_name = false, is_log = false;
	size_t depth = 0, len;

	for (struct str rest = body; rest.len > 0; rest = str_skip(rest, len)) {
		char c = rest.ptr[0];

		len = c == '"' ? string_length(rest) : 1;
		if (len == 0)
			return STR_NULL;
		if (c == '"' && depth == 1 && is_log && !is_name)
			return (struct str){ rest.ptr, len };
		if (c == '"' && depth == 1 && is_name) {
			is_log = str_eq((struct str){ rest.ptr, len }, STR("\"log\""));
			is_name = false;
		}
		if (c == '{' || c == '[')
			depth++;
		if ((c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth == 1 && (c == '{' || c == ','))
			is_name = true, is_log = false;
	}
	return STR_NULL;
}

static bool replace(struct str *body, struct str old, struct str new, struct arena *arena)
{
	size_t before = (size_t)(old.ptr - body->ptr);
	struct str after = str_skip(*body, before + old.len);
	char *text = arena_alloc(arena, before + new.len + after.len);

	if (!text)
		return false;
	memcpy(text, body->ptr, before);
	memcpy(text + before, new.ptr, new.len);
	if (after.len > 0)
		memcpy(text + before + new.len, after.ptr, after.len);
	*body = (struct str){ text, before + new.len + after.len };
	return true;
}

bool virtshell_shorten_log(struct str *body, struct arena *arena, struct err *err)
{
	struct str log = find_log(*body), text, json;
	struct tail tail = { 0 };
	bool ok;

	if (body->len - log.len > VIRTSHELL_OTHERS_MAX)
		return err_set(err, ERR_TOO_LARGE, NULL, NULL);
	if (!log.ptr)
		return true;
	text = (struct str){ log.ptr + 1, log.len - 2 };
	if (log.len <= VIRTSHELL_LOG_MAX && is_plain(text))
		return true;
	/* The strict parser reports an escape that JSON lacks. */
	ok = !decode_text(text, &tail);
	if (!ok && buf_ok(&tail.text)) {
		json = quote_end(&tail, VIRTSHELL_LOG_MAX, arena);
		ok = json.ptr && replace(body, log, json, arena);
	}
	buf_free(&tail.text);
	return ok || err_no_memory(err);
}
