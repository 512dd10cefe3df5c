/* Log lines of a command between its output and the reports. */
#include <stdlib.h>

#include "http/json.h"
#include "lib/check.h"
#include "worker/log_lines.h"

/* Compares the JSON text of the lines for a report. */
static void expect_lines(struct log_lines *log, const char *expected)
{
	json_t *lines = log_lines_take(log, false);
	struct buf text = BUF_INIT;

	if (lines)
		json_put(&text, lines);
	assert_str(buf_str(&text), expected);
	buf_free(&text);
	json_decref(lines);
}

static void add_number(struct log_lines *log, int number)
{
	char line[32];

	snprintf(line, sizeof(line), "%d\n", number);
	log_lines_add(log, str_cstr(line));
}

static void output_becomes_lines(void **state)
{
	struct log_lines log = { 0 };

	(void)state;
	expect_lines(&log, "");
	log_lines_add(&log, STR("on"));
	assert_false(log_lines_waiting(&log));
	log_lines_add(&log, STR("e\r\n\ntwo\nthr"));
	assert_true(log_lines_waiting(&log));
	expect_lines(&log, "[\"one\",\"\",\"two\"]");
	log_lines_settle(&log, true);
	assert_false(log_lines_waiting(&log));
	log_lines_end(&log);
	expect_lines(&log, "[\"thr\"]");
	log_lines_settle(&log, true);
	log_lines_end(&log);
	expect_lines(&log, "");
	log_lines_free(&log);
}

static void lines_are_kept_until_they_are_stored(void **state)
{
	struct log_lines log = { 0 };

	(void)state;
	log_lines_add(&log, STR("a\n"));
	expect_lines(&log, "[\"a\"]");
	log_lines_add(&log, STR("b\n"));
	log_lines_settle(&log, false);
	expect_lines(&log, "[\"a\",\"b\"]");
	log_lines_add(&log, STR("c\n"));
	log_lines_settle(&log, true);
	expect_lines(&log, "[\"c\"]");
	log_lines_free(&log);
}

static void oldest_lines_are_dropped(void **state)
{
	struct log_lines log = { 0 };
	json_t *lines;

	(void)state;
	for (int i = 0; i < LOG_LINES_MAX + 3; i++)
		add_number(&log, i);
	lines = log_lines_take(&log, false);
	assert_int_equal(json_array_size(lines), LOG_LINES_MAX + 1);
	assert_string_equal(json_string_value(json_array_get(lines, 0)), "[3 lines were dropped]");
	assert_string_equal(json_string_value(json_array_get(lines, 1)), "3");
	json_decref(lines);
	/* Two lines of the report in flight have to give way. */
	add_number(&log, 1000);
	add_number(&log, 1001);
	log_lines_settle(&log, false);
	lines = log_lines_take(&log, false);
	assert_string_equal(json_string_value(json_array_get(lines, 0)), "[5 lines were dropped]");
	json_decref(lines);
	add_number(&log, 1002);
	log_lines_settle(&log, true);
	expect_lines(&log, "[\"1002\"]");
	log_lines_free(&log);
}

static void one_dropped_line_is_singular(void **state)
{
	struct log_lines log = { 0 };
	json_t *lines;

	(void)state;
	for (int i = 0; i < LOG_LINES_MAX + 1; i++)
		add_number(&log, i);
	lines = log_lines_take(&log, false);
	assert_string_equal(json_string_value(json_array_get(lines, 0)), "[1 line was dropped]");
	json_decref(lines);
	log_lines_free(&log);
}

/* Adds the byte this many times. */
static void add_bytes(struct log_lines *log, char byte, size_t count)
{
	char *text = malloc(count);

	assert_non_null(text);
	memset(text, byte, count);
	log_lines_add(log, (struct str){ text, count });
	free(text);
}

static void long_lines_are_cut(void **state)
{
	struct log_lines log = { 0 };
	json_t *lines;
	const char *line;

	(void)state;
	add_bytes(&log, 'x', LOG_LINE_BYTES_MAX);
	log_lines_add(&log, STR("\n"));
	for (int i = 0; i < 100; i++)
		add_bytes(&log, 'y', 100000);
	log_lines_add(&log, STR("\n"));
	/* A control character has 6 bytes of JSON text, an invalid byte becomes 3. */
	add_bytes(&log, '\1', 500);
	log_lines_add(&log, STR("\n"));
	add_bytes(&log, '\xff', 900);
	log_lines_end(&log);
	lines = log_lines_take(&log, false);
	assert_int_equal(json_array_size(lines), 4);
	line = json_string_value(json_array_get(lines, 0));
	assert_int_equal(strlen(line), LOG_LINE_BYTES_MAX);
	line = json_string_value(json_array_get(lines, 1));
	assert_int_equal(strlen(line), LOG_LINE_BYTES_MAX + strlen(" [cut]"));
	line = json_string_value(json_array_get(lines, 2));
	assert_int_equal(strspn(line, "\1"), LOG_LINE_BYTES_MAX / 6);
	line = json_string_value(json_array_get(lines, 3));
	assert_in_range(strlen(line), LOG_LINE_BYTES_MAX - 8, LOG_LINE_BYTES_MAX + 6);
	assert_true(str_is_utf8(str_cstr(line)));
	json_decref(lines);
	log_lines_free(&log);
}

static void fill(struct log_lines *log)
{
	for (int i = 0; i < LOG_LINES_MAX; i++) {
		add_bytes(log, (char)('a' + i % 26), LOG_LINE_BYTES_MAX);
		log_lines_add(log, STR("\n"));
	}
}

static void expect_size(const json_t *lines)
{
	struct buf text = BUF_INIT;

	json_put(&text, lines);
	assert_in_range(text.len, 14000, 16384);
	buf_free(&text);
}

static void last_report_drops_the_oldest_lines(void **state)
{
	struct log_lines log = { 0 };
	json_t *lines;

	(void)state;
	fill(&log);
	lines = log_lines_take(&log, true);
	expect_size(lines);
	assert_string_equal(json_string_value(json_array_get(lines, 0)), "[85 lines were dropped]");
	json_decref(lines);
	log_lines_free(&log);
}

static void other_reports_leave_lines_for_the_next_one(void **state)
{
	struct log_lines log = { 0 };
	size_t count = 0, i;
	json_t *lines, *line;

	(void)state;
	fill(&log);
	while (log_lines_waiting(&log)) {
		lines = log_lines_take(&log, false);
		json_array_foreach (lines, i, line)
			assert_int_equal(json_string_value(line)[0], 'a' + count++ % 26);
		if (log.count > log.taken)
			expect_size(lines);
		json_decref(lines);
		log_lines_settle(&log, true);
	}
	assert_int_equal(count, LOG_LINES_MAX);
	log_lines_free(&log);
}

static void waiting_lines_overflow(void **state)
{
	struct log_lines log = { 0 };
	json_t *lines;

	(void)state;
	fill(&log);
	json_decref(log_lines_take(&log, false));
	log_lines_settle(&log, true);
	fill(&log);
	lines = log_lines_take(&log, false);
	assert_string_equal(json_string_value(json_array_get(lines, 0)), "[85 lines were dropped]");
	assert_int_equal(json_string_value(json_array_get(lines, 1))[0], 'a');
	json_decref(lines);
	log_lines_free(&log);
}

static void last_line_is_not_blank(void **state)
{
	struct log_lines log = { 0 };
	json_t *last;

	(void)state;
	assert_null(log_lines_last(&log));
	log_lines_add(&log, STR("the \"reason\"\n \t\n\n"));
	log_lines_settle(&log, true);
	last = log_lines_last(&log);
	assert_string_equal(json_string_value(last), "the \"reason\"");
	json_decref(last);
	log_lines_free(&log);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(output_becomes_lines),
		CHECK(lines_are_kept_until_they_are_stored),
		CHECK(oldest_lines_are_dropped),
		CHECK(one_dropped_line_is_singular),
		CHECK(long_lines_are_cut),
		CHECK(last_report_drops_the_oldest_lines),
		CHECK(other_reports_leave_lines_for_the_next_one),
		CHECK(waiting_lines_overflow),
		CHECK(last_line_is_not_blank),
	};

	return CHECK_RUN(tests);
}
