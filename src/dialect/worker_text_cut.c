#include "dialect/worker_text_cut.h"

#include "dialect/worker_text.h"
#include "http/json.h"

#define MARK_BEGIN "[the first "
#define MARK_END   " bytes were cut]\n"

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

struct str worker_text_cut_end(
	struct str text, uint64_t before, size_t max, struct arena *arena, bool *cut)
{
	bool whole = before == 0 && fit(text, max - strlen("\"\"")) == 0;
	size_t start = whole ? 0 : fit(text, max - WORKER_TEXT_MARK_ROOM);
	struct buf marked = BUF_INIT;
	struct str json;

	if (!whole) {
		buf_printf(
			&marked, MARK_BEGIN "%llu" MARK_END, (unsigned long long)(before + start));
		*cut = true;
	}
	buf_put_str(&marked, str_skip(text, start));
	json = buf_ok(&marked) ? json_quote(buf_str(&marked), arena) : STR_NULL;
	buf_free(&marked);
	return json;
}

struct str worker_text_cut_start(struct str text, size_t max, struct arena *arena, bool *cut)
{
	if (text.len > max) {
		*cut = true;
		text.len = max;
		while (text.len > 0 && (text.ptr[text.len] & 0xC0) == 0x80)
			text.len--;
	}
	return json_quote(text, arena);
}

/* The bytes that a mark at the start of the text names; *text is moved behind it. 0: no mark. */
static uint64_t skip_mark(struct str *text)
{
	struct str end = STR(MARK_END), digits, rest;
	uint64_t cut;

	if (!str_starts(*text, STR(MARK_BEGIN)))
		return 0;
	rest = str_skip(*text, strlen(MARK_BEGIN));
	digits = str_split_next(&rest, ' ');
	end = str_skip(end, 1);
	if (!rest.ptr || !str_starts(rest, end) || !str_to_u64(digits, &cut) || cut > INT64_MAX)
		return 0;
	*text = str_skip(rest, end.len);
	return cut;
}

struct str worker_text_quote_end(struct str text, size_t max, struct arena *arena)
{
	uint64_t before = 0;
	bool cut;

	/* A text that was cut before gets one mark for both cuts. */
	if (fit(text, max - strlen("\"\"")) > 0)
		before = skip_mark(&text);
	return worker_text_cut_end(text, before, max, arena, &cut);
}
