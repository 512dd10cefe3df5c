/* Log lines about the archive. */
#include <errno.h>

#include "lib/captured_log.h"
#include "lib/check.h"
#include "process/archive_report.h"

static void expect_line(const char *text)
{
	assert_int_equal(captured_log.lines, 1);
	buf_putc(&captured_log.last_line, '\0');
	assert_non_null(strstr(captured_log.last_line.data, text));
	captured_log.lines = 0;
}

/* Once a second for this time. */
static void pass(struct archive_report *report, const struct store_health *health, int64_t *now,
	int64_t seconds)
{
	for (; seconds > 0; seconds--, *now += 1000)
		archive_report_update(report, health, *now);
}

static void failure_is_reported_once_and_then_every_hour(void **state)
{
	struct store_health health = {
		.archive = ARCHIVE_FAILING,
		.archive_error = ENOSPC,
		.archive_waiting_files = 2,
		.archive_waiting_bytes = 67000000,
	};
	struct archive_report report = { 0 };
	int64_t now = 1000000;

	(void)state;
	pass(&report, &health, &now, 1);
	expect_line("No space left on device; 2 files of 67 MB");
	pass(&report, &health, &now, 3599);
	assert_int_equal(captured_log.lines, 0);
	health.archive_waiting_files = 9;
	pass(&report, &health, &now, 3600);
	expect_line("; 9 files of 67 MB");
}

static void end_of_the_failure_is_reported_once(void **state)
{
	struct store_health health = { .archive = ARCHIVE_FAILING };
	struct archive_report report = { 0 };
	int64_t now = 1000000;

	(void)state;
	pass(&report, &health, &now, 10);
	captured_log.lines = 0;
	health.archive = ARCHIVE_WORKING;
	pass(&report, &health, &now, 10000);
	expect_line("again");
}

static void working_archive_is_not_reported(void **state)
{
	struct store_health health = { .archive = ARCHIVE_WORKING };
	struct archive_report report = { 0 };
	int64_t now = 1000000;

	(void)state;
	pass(&report, &health, &now, 10000);
	health.archive = ARCHIVE_OFF;
	pass(&report, &health, &now, 10000);
	assert_int_equal(captured_log.lines, 0);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, captured_log_begin, captured_log_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(failure_is_reported_once_and_then_every_hour),
		TEST(end_of_the_failure_is_reported_once),
		TEST(working_archive_is_not_reported),
	};

	return CHECK_RUN(tests);
}
