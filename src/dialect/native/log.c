#include "dialect/native/log.h"

/* ---- of a report ---- */

/* Room for the line that says how many are left out. */
#define MARK_ROOM 64

static size_t text_size(const json_t *line, struct buf *scratch)
{
	buf_reset(scratch);
	buf_put_json_string(scratch, json_str(line));
	return scratch->len + 1;
}

/* The number of the first line that has room with all that follow it. */
static size_t first_with_room(const json_t *lines, size_t room, struct buf *scratch)
{
	size_t at = json_array_size(lines), size = 1;

	while (at > 0) {
		size += text_size(json_array_get(lines, at - 1), scratch);
		if (size > room)
			return at;
		at--;
	}
	return 0;
}

static void put_lines(const json_t *lines, struct buf *out, struct buf *scratch)
{
	size_t first = first_with_room(lines, REPORT_LOG_MAX, scratch);

	if (first > 0)
		first = first_with_room(lines, REPORT_LOG_MAX - MARK_ROOM, scratch);
	buf_putc(out, '[');
	if (first > 0)
		buf_printf(out, "\"[the first %zu lines were cut]\"", first);
	for (size_t i = first; i < json_array_size(lines); i++) {
		if (i > 0)
			buf_putc(out, ',');
		buf_put_json_string(out, json_str(json_array_get(lines, i)));
	}
	buf_putc(out, ']');
}

static bool is_log(const json_t *value)
{
	if (!json_is_array(value) || json_array_size(value) > NATIVE_LOG_LINES)
		return false;
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (!json_is_string(json_array_get(value, i)))
			return false;
	}
	return true;
}

bool native_make_log(const json_t *value, struct arena *arena, struct str *log, bool *memory)
{
	struct buf text = BUF_INIT, scratch = BUF_INIT;

	*memory = true;
	if (!is_log(value))
		return false;
	*log = STR_NULL;
	if (json_array_size(value) == 0)
		return true;
	put_lines(value, &text, &scratch);
	if (buf_ok(&text) && buf_ok(&scratch))
		*log = arena_copy(arena, buf_str(&text));
	*memory = log->ptr;
	buf_free(&text);
	buf_free(&scratch);
	return *memory;
}

/* ---- of an attempt ---- */

/* The last lines found up to now, the newest first. */
struct shown {
	struct str lines[NATIVE_LOG_LINES];
	size_t count, size;
	bool complete;
};

/* The first string of the rest of an array, with its quotes, and what follows it. */
static bool next_line(struct str *rest, struct str *line)
{
	size_t end = 1;

	if (rest->len < 2 || rest->ptr[0] != '"')
		return false;
	while (end < rest->len && rest->ptr[end] != '"')
		end += rest->ptr[end] == '\\' ? 2 : 1;
	if (end >= rest->len)
		return false;
	*line = (struct str){ rest->ptr, end + 1 };
	*rest = str_skip(*rest, end + 1);
	if (rest->len > 0 && rest->ptr[0] == ',')
		*rest = str_skip(*rest, 1);
	return true;
}

/* One more than NATIVE_LOG_LINES: a cut log begins with a line that says so. */
static size_t split(struct str log, struct str lines[NATIVE_LOG_LINES + 1])
{
	struct str rest = str_skip(log, log.len > 0);
	size_t count = 0;

	while (count < NATIVE_LOG_LINES + 1 && next_line(&rest, &lines[count]))
		count++;
	return count;
}

static void add_entry(struct shown *shown, const struct journal_entry *entry)
{
	struct str lines[NATIVE_LOG_LINES + 1];
	size_t count = split(entry->log, lines);

	while (count > 0 && shown->complete) {
		struct str line = lines[--count];

		shown->complete = shown->count < NATIVE_LOG_LINES &&
				  shown->size + line.len + 1 <= NATIVE_LOG_SHOWN;
		if (!shown->complete)
			return;
		shown->lines[shown->count++] = line;
		shown->size += line.len + 1;
	}
}

bool native_put_log(const struct journal_entry *entries, size_t count, struct buf *out)
{
	struct shown shown = { .size = 1, .complete = true };

	for (size_t i = 0; i < count && shown.complete; i++)
		add_entry(&shown, &entries[i]);
	buf_putc(out, '[');
	for (size_t i = shown.count; i > 0; i--) {
		if (i < shown.count)
			buf_putc(out, ',');
		buf_put_str(out, shown.lines[i - 1]);
	}
	buf_putc(out, ']');
	return shown.complete;
}
