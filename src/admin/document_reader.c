#include "admin/document_reader.h"

#include <string.h>

#define KEY_MAX 256 /* bytes of a member's name in its quotes */

/* ---- bytes ---- */

static bool is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next byte that is not white space; EOF. */
static int next_byte(struct document_reader *reader)
{
	int c = getc(reader->in);

	while (is_space(c))
		c = getc(reader->in);
	return c;
}

/* Appends to the error the byte that was read, if it can be printed. */
static bool fail(struct document_reader *reader, int c, const char *expected, struct err *err)
{
	char found[16] = "";

	if (ferror(reader->in))
		return err_set(err, ERR_MALFORMED, NULL,
			"reading the input failed in document %llu",
			(unsigned long long)reader->documents);
	if (c == EOF)
		return err_set(err, ERR_MALFORMED, NULL,
			"the input ends in the middle of document %llu",
			(unsigned long long)reader->documents);
	if (c > ' ' && c < 0x7F)
		snprintf(found, sizeof(found), ", not '%c'", c);
	return err_set(err, ERR_MALFORMED, NULL, "document %llu is not JSON: %s is expected%s",
		(unsigned long long)reader->documents, expected, found);
}

/* ---- values ---- */

static bool is_scalar_end(int c)
{
	return c == EOF || is_space(c) || c == ',' || c == ']' || c == '}' || c == ':';
}

/* A number, true, false or null. */
static void copy_scalar(struct document_reader *reader, int c, size_t max, struct buf *out)
{
	while (!is_scalar_end(c) && out->len <= max) {
		buf_putc(out, (char)c);
		c = getc(reader->in);
	}
	ungetc(c, reader->in);
}

static int copy_string(struct document_reader *reader, size_t max, struct buf *out)
{
	bool escaped = false;
	int c = getc(reader->in);

	while (c != EOF && (c != '"' || escaped) && out->len <= max) {
		escaped = c == '\\' && !escaped;
		buf_putc(out, (char)c);
		c = getc(reader->in);
	}
	if (c == '"')
		buf_putc(out, '"');
	return c;
}

/* An array or object, up to the bracket that closes it. */
static int copy_nested(struct document_reader *reader, size_t max, struct buf *out)
{
	size_t depth = 1;
	int c = 0;

	while (depth > 0 && c != EOF && out->len <= max) {
		c = getc(reader->in);
		if (c == EOF)
			break;
		buf_putc(out, (char)c);
		if (c == '"')
			c = copy_string(reader, max, out);
		else if (c == '[' || c == '{')
			depth++;
		else if (c == ']' || c == '}')
			depth--;
	}
	return c;
}

/* Appends the value that begins with c. */
static bool copy_value(
	struct document_reader *reader, int c, size_t max, struct buf *out, struct err *err)
{
	int last = 0;

	if (is_scalar_end(c))
		return fail(reader, c, "a value", err);
	max += out->len;
	if (c == '"' || c == '[' || c == '{') {
		buf_putc(out, (char)c);
		last = c == '"' ? copy_string(reader, max, out) : copy_nested(reader, max, out);
	} else {
		copy_scalar(reader, c, max, out);
	}
	if (!buf_ok(out))
		return err_no_memory(err);
	if (out->len > max)
		return err_set(err, ERR_TOO_LARGE, NULL,
			"document %llu has a value of more than %zu bytes",
			(unsigned long long)reader->documents, max);
	return last != EOF || fail(reader, EOF, "", err);
}

/* ---- elements ---- */

/* The first byte of the next element, or the closing bracket. */
static bool next_element(struct document_reader *reader, int close, int *c, struct err *err)
{
	*c = next_byte(reader);
	if (*c == close) {
		return true;
	}
	if (!reader->first) {
		if (*c != ',')
			return fail(reader, *c, "a comma or the end of a list", err);
		*c = next_byte(reader);
		if (*c == close)
			return fail(reader, *c, "a value", err);
	}
	reader->first = false;
	return *c != EOF || fail(reader, EOF, "", err);
}

static bool take_item(
	struct document_reader *reader, int c, struct str *text, bool *found, struct err *err)
{
	buf_reset(&reader->item);
	if (!copy_value(reader, c, DOCUMENT_ITEM_MAX, &reader->item, err))
		return false;
	*text = buf_str(&reader->item);
	*found = true;
	return true;
}

static bool read_array(
	struct document_reader *reader, struct str *text, bool *found, struct err *err)
{
	int c;

	if (!next_element(reader, ']', &c, err))
		return false;
	if (c != ']')
		return take_item(reader, c, text, found, err);
	reader->place = reader->place == DOCUMENT_IN_LIST ? DOCUMENT_IN_OBJECT : DOCUMENT_BETWEEN;
	reader->first = false;
	return true;
}

/* The value of the member `list`: the elements of an array, or one object. */
static bool begin_list(
	struct document_reader *reader, int c, struct str *text, bool *found, struct err *err)
{
	reader->listed = true;
	if (c != '[')
		return take_item(reader, c, text, found, err);
	reader->place = DOCUMENT_IN_LIST;
	reader->first = true;
	return true;
}

static bool is_list(const struct document_reader *reader, struct str key)
{
	return reader->list && key.len > 2 &&
	       str_eq((struct str){ key.ptr + 1, key.len - 2 }, str_cstr(reader->list));
}

/* Members beside a list, such as links, are skipped. */
static bool copy_member(struct document_reader *reader, struct str key, int c, struct err *err)
{
	size_t room = DOCUMENT_ITEM_MAX;

	if (reader->listed)
		buf_reset(&reader->single);
	if (reader->single.len > 1)
		buf_putc(&reader->single, ',');
	buf_put_str(&reader->single, key);
	buf_putc(&reader->single, ':');
	room -= reader->single.len < room ? reader->single.len : room;
	return copy_value(reader, c, room, &reader->single, err);
}

static bool read_member(
	struct document_reader *reader, int c, struct str *text, bool *found, struct err *err)
{
	char key[KEY_MAX];
	size_t len;

	if (c != '"')
		return fail(reader, c, "the name of a member", err);
	buf_reset(&reader->item);
	if (!copy_value(reader, c, KEY_MAX - 2, &reader->item, err))
		return false;
	len = reader->item.len;
	memcpy(key, reader->item.data, len);
	c = next_byte(reader);
	if (c != ':')
		return fail(reader, c, "a colon", err);
	c = next_byte(reader);
	if (is_list(reader, (struct str){ key, len }))
		return begin_list(reader, c, text, found, err);
	return copy_member(reader, (struct str){ key, len }, c, err);
}

static bool read_object(
	struct document_reader *reader, struct str *text, bool *found, struct err *err)
{
	int c;

	if (!next_element(reader, '}', &c, err))
		return false;
	if (c != '}')
		return read_member(reader, c, text, found, err);
	reader->place = DOCUMENT_BETWEEN;
	if (reader->listed)
		return true;
	buf_putc(&reader->single, '}');
	*text = buf_str(&reader->single);
	*found = true;
	return buf_ok(&reader->single) || err_no_memory(err);
}

/* The first byte of a document, behind a byte order mark of UTF-8. */
static int first_byte(struct document_reader *reader)
{
	int c = next_byte(reader);

	if (c == 0xEF && getc(reader->in) == 0xBB && getc(reader->in) == 0xBF)
		c = next_byte(reader);
	return c;
}

static bool begin_document(struct document_reader *reader, bool *end, struct err *err)
{
	int c = first_byte(reader);

	*end = c == EOF && !ferror(reader->in);
	if (*end)
		return true;
	reader->documents++;
	if (c != '[' && c != '{')
		return fail(reader, c, "an array or an object", err);
	reader->place = c == '[' ? DOCUMENT_IN_ARRAY : DOCUMENT_IN_OBJECT;
	reader->first = true;
	reader->listed = false;
	buf_reset(&reader->single);
	buf_putc(&reader->single, '{');
	return true;
}

bool document_next(struct document_reader *reader, struct str *text, bool *end, struct err *err)
{
	bool found = false, ok = true;

	*end = false;
	while (ok && !found && !*end) {
		if (reader->place == DOCUMENT_BETWEEN)
			ok = begin_document(reader, end, err);
		else if (reader->place == DOCUMENT_IN_OBJECT)
			ok = read_object(reader, text, &found, err);
		else
			ok = read_array(reader, text, &found, err);
	}
	return ok;
}

void document_reader_free(struct document_reader *reader)
{
	buf_free(&reader->item);
	buf_free(&reader->single);
}
