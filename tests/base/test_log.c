#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "lib/captured_log.h"
#include "lib/check.h"

/* Returns the only line logged since the last call, as JSON; the caller frees it. */
static json_t *take_single_line(void)
{
	json_t *json = json_loadb(captured_log.last_line.data, captured_log.last_line.len,
		JSON_REJECT_DUPLICATES, NULL);

	assert_int_equal(captured_log.lines, 1);
	assert_null(memchr(captured_log.last_line.data, '\n', captured_log.last_line.len));
	assert_true(json_is_object(json));
	captured_log.lines = 0;
	return json;
}

static const char *text_of(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static int teardown(void **state)
{
	log_set_level(LOG_INFO);
	log_set_process("main");
	clock_set_fake(0);
	return captured_log_end(state);
}

static void line_has_its_members(void **state)
{
	json_t *json;

	(void)state;
	clock_set_fake(1429207233007);
	log_set_process("worker 1");
	log_warn("store-busy", "tried %d times", 3);
	json = take_single_line();
	assert_string_equal(text_of(json, "time"), "2015-04-16T18:00:33.007Z");
	assert_string_equal(text_of(json, "level"), "warn");
	assert_string_equal(text_of(json, "process"), "worker 1");
	assert_int_equal(json_integer_value(json_object_get(json, "pid")), getpid());
	assert_string_equal(text_of(json, "event"), "store-busy");
	assert_string_equal(text_of(json, "text"), "tried 3 times");
	json_decref(json);
}

static void newlines_are_escaped(void **state)
{
	json_t *json;

	(void)state;
	log_info("event", "a\r\n{\"level\":\"error\"}%c\"\\", 1);
	json = take_single_line();
	assert_string_equal(text_of(json, "level"), "info");
	assert_string_equal(text_of(json, "text"), "a\r\n{\"level\":\"error\"}\x01\"\\");
	json_decref(json);
	log_set_process("a\nb");
	log_info("c\nd", "%s", "\xFF\xFE");
	json = take_single_line();
	assert_string_equal(text_of(json, "process"), "a\nb");
	assert_string_equal(text_of(json, "event"), "c\nd");
	assert_string_equal(text_of(json, "text"), "\xEF\xBF\xBD\xEF\xBF\xBD");
	json_decref(json);
}

static void long_text_is_cut(void **state)
{
	json_t *json;

	(void)state;
	log_info("event", "%*s", 5000, "x");
	json = take_single_line();
	assert_int_equal(strlen(text_of(json, "text")), 1023);
	json_decref(json);
}

static void lines_below_the_level_are_dropped(void **state)
{
	struct buf line = BUF_INIT;
	enum log_level level;

	(void)state;
	log_debug("event", "%s", "x");
	assert_int_equal(captured_log.lines, 0);
	assert_false(log_begin(&line, LOG_DEBUG, "event"));
	assert_int_equal(line.len, 0);
	log_set_level(LOG_ERROR);
	log_warn("event", "%s", "x");
	assert_int_equal(captured_log.lines, 0);
	log_error("event", "%s", "x");
	assert_int_equal(captured_log.lines, 1);
	assert_true(log_level_parse(&level, "debug"));
	assert_int_equal(level, LOG_DEBUG);
	assert_true(log_level_parse(&level, "error"));
	assert_int_equal(level, LOG_ERROR);
	assert_false(log_level_parse(&level, "Error"));
	assert_false(log_level_parse(&level, ""));
	assert_int_equal(level, LOG_ERROR);
}

static void callers_add_members(void **state)
{
	struct buf line = BUF_INIT;
	json_t *json;

	(void)state;
	assert_true(log_begin(&line, LOG_INFO, "request"));
	buf_puts(&line, ",\"status\":200");
	log_end(&line);
	buf_free(&line);
	json = take_single_line();
	assert_int_equal(json_integer_value(json_object_get(json, "status")), 200);
	json_decref(json);
}

/* Without a capture, lines go to standard error. */
static void fatal_logs_and_exits(void **state)
{
	char text[512];
	int ends[2], status;
	ssize_t len;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		log_capture(NULL);
		log_fatal("config", "line %d", 7);
	}
	close(ends[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	len = read(ends[0], text, sizeof(text));
	assert_true(len > 2);
	assert_memory_equal(text + len - 2, "}\n", 2);
	assert_non_null(memmem(text, (size_t)len, "\"text\":\"line 7\"", 15));
	close(ends[0]);
}

/* A pipe with O_DIRECT keeps writes apart. */
static void batches_are_whole_lines(void **state)
{
	char text[PIPE_BUF + 1];
	int ends[2], status, writes = 0;
	ssize_t len;
	pid_t child;

	(void)state;
	assert_int_equal(pipe2(ends, O_DIRECT), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		log_capture(NULL);
		log_batch(true);
		for (int i = 0; i < 100; i++)
			log_info("event", "line %d", i);
		log_batch(false);
		_exit(0);
	}
	close(ends[1]);
	for (; (len = read(ends[0], text, sizeof(text))) > 0; writes++) {
		assert_in_range(len, 2, PIPE_BUF);
		assert_memory_equal(text + len - 2, "}\n", 2);
	}
	assert_in_range(writes, 2, 10);
	assert_int_equal(waitpid(child, &status, 0), child);
	close(ends[0]);
}

#define LOG_TEST(function) cmocka_unit_test_setup_teardown(function, captured_log_begin, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(line_has_its_members),
		LOG_TEST(newlines_are_escaped),
		LOG_TEST(long_text_is_cut),
		LOG_TEST(lines_below_the_level_are_dropped),
		LOG_TEST(callers_add_members),
		LOG_TEST(fatal_logs_and_exits),
		LOG_TEST(batches_are_whole_lines),
	};

	return CHECK_RUN(tests);
}
