#include "worker/log_lines.h"

#include <inttypes.h>
#include <stdlib.h>

#include "worker/fatal.h"
#include "worker/text.h"

#define CUT_MARK " [cut]"

void log_lines_free(struct log_lines *log)
{
	free(log->ring);
	log->ring = NULL;
	log->count = 0;
}

static struct log_line *line_at(const struct log_lines *log, size_t number)
{
	return &log->ring[(log->first + number) % LOG_LINES_MAX];
}

static void drop_oldest(struct log_lines *log)
{
	log->first = (log->first + 1) % LOG_LINES_MAX;
	log->count--;
	if (log->taken > 0) {
		log->taken--;
		log->dropped_since++;
	} else {
		log->dropped++;
	}
}

static void copy_line(struct log_line *to, const struct log_line *from)
{
	to->len = from->len;
	to->cut = from->cut;
	memcpy(to->text, from->text, from->len);
}

static bool is_blank(const struct log_line *line)
{
	struct str text = { line->text, line->len };

	return str_trim(text).len == 0;
}

/* The partial line is complete. */
static void add_line(struct log_lines *log)
{
	if (!log->ring)
		log->ring = need(calloc(LOG_LINES_MAX, sizeof(*log->ring)));
	if (log->partial.len > 0 && log->partial.text[log->partial.len - 1] == '\r')
		log->partial.len--;
	if (log->count == LOG_LINES_MAX)
		drop_oldest(log);
	copy_line(line_at(log, log->count), &log->partial);
	log->count++;
	if (!is_blank(&log->partial))
		copy_line(&log->last, &log->partial);
	log->partial.len = 0;
	log->partial.cut = false;
}

static void add_part(struct log_line *line, struct str part)
{
	size_t room = LOG_LINE_BYTES_MAX - line->len;

	if (part.len > room) {
		line->cut = true;
		part.len = room;
	}
	if (part.len > 0)
		memcpy(line->text + line->len, part.ptr, part.len);
	line->len = (uint16_t)(line->len + part.len);
}

void log_lines_add(struct log_lines *log, struct str bytes)
{
	const char *end;

	while (bytes.len > 0) {
		end = memchr(bytes.ptr, '\n', bytes.len);
		add_part(&log->partial,
			(struct str){ bytes.ptr, end ? (size_t)(end - bytes.ptr) : bytes.len });
		if (!end)
			return;
		bytes = str_skip(bytes, (size_t)(end - bytes.ptr) + 1);
		add_line(log);
	}
}

void log_lines_end(struct log_lines *log)
{
	if (log->partial.len > 0)
		add_line(log);
}

bool log_lines_waiting(const struct log_lines *log)
{
	return log->count > 0;
}

/* ---- reports ---- */

/* Writes the JSON text of the line, cut at a character. */
static void put_line(const struct log_line *line, struct buf *clean, struct buf *out)
{
	bool cut = line->cut;
	struct str text;

	buf_reset(clean);
	text_put_utf8(clean, (struct str){ line->text, line->len });
	text = buf_str(clean);
	for (;;) {
		buf_reset(out);
		buf_put_json_string(out, text);
		need_buf(clean);
		need_buf(out);
		if (out->len <= LOG_LINE_BYTES_MAX + 2)
			break;
		/* A byte has 6 bytes of JSON text at most. */
		cut = true;
		text.len -= (out->len - LOG_LINE_BYTES_MAX - 2 + 5) / 6;
		while (text.len > 0 && (text.ptr[text.len] & 0xc0) == 0x80)
			text.len--;
	}
	if (cut) {
		out->len--;
		buf_puts(out, CUT_MARK "\"");
	}
	need_buf(out);
}

static json_t *line_json(const struct log_line *line, size_t *size)
{
	struct buf clean = BUF_INIT, text = BUF_INIT;
	json_t *json;

	put_line(line, &clean, &text);
	json = need(json_loadb(text.data, text.len, JSON_DECODE_ANY, NULL));
	*size = text.len + 1;
	buf_free(&clean);
	buf_free(&text);
	return json;
}

/* From the oldest on; returns their number. */
static size_t take_oldest(const struct log_lines *log, json_t *array)
{
	size_t size, total = 0, number;
	json_t *line;

	for (number = 0; number < log->count; number++) {
		line = line_json(line_at(log, number), &size);
		total += size;
		if (total > LOG_REPORT_BYTES) {
			json_decref(line);
			break;
		}
		need_zero(json_array_append_new(array, line));
	}
	return number;
}

/* From the newest back; the oldest have to give way. */
static void drop_what_does_not_fit(struct log_lines *log)
{
	size_t size, total = 0, fitting = 0;

	for (; fitting < log->count; fitting++) {
		json_decref(line_json(line_at(log, log->count - 1 - fitting), &size));
		total += size;
		if (total > LOG_REPORT_BYTES)
			break;
	}
	while (log->count > fitting)
		drop_oldest(log);
}

json_t *log_lines_take(struct log_lines *log, bool last)
{
	json_t *array, *line;
	size_t taken;

	if (log->count == 0)
		return NULL;
	if (last)
		drop_what_does_not_fit(log);
	array = need(json_array());
	taken = take_oldest(log, array);
	if (log->dropped > 0) {
		line = text_json("[%" PRIu64 " line%s dropped]", log->dropped,
			log->dropped == 1 ? " was" : "s were");
		need_zero(json_array_insert_new(array, 0, line));
	}
	log->taken = taken;
	log->dropped_reported = log->dropped;
	log->dropped_since = 0;
	return array;
}

void log_lines_settle(struct log_lines *log, bool stored)
{
	if (stored) {
		log->first = (log->first + log->taken) % LOG_LINES_MAX;
		log->count -= log->taken;
		log->dropped -= log->dropped_reported;
	} else {
		log->dropped += log->dropped_since;
	}
	log->taken = 0;
	log->dropped_reported = 0;
	log->dropped_since = 0;
}

json_t *log_lines_last(const struct log_lines *log)
{
	size_t size;

	return log->last.len > 0 ? line_json(&log->last, &size) : NULL;
}
