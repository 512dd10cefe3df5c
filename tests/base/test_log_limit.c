/* The limit of repeated log lines. */
#include <jansson.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/captured_log.h"
#include "lib/check.h"

static struct log_limits *limits;
static int setup(void **state)
{
	(void)state;
	limits = mmap(
		NULL, sizeof(*limits), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return limits == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	captured_log_end(state);
	log_set_limits(NULL);
	return munmap(limits, sizeof(*limits));
}

/* The number of lines allowed of `count` at this time; *suppressed of the last allowed one. */
static unsigned allowed(unsigned count, const char *event, int64_t now, uint64_t *suppressed)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < count; i++)
		taken += log_limit_take(limits, event, "%d", now, suppressed);
	return taken;
}

static void burst_then_one_per_interval(void **state)
{
	uint64_t suppressed = 9;
	int64_t now = 1000000;

	(void)state;
	assert_int_equal(allowed(1000, "a", now, &suppressed), LOG_LIMIT_BURST);
	assert_int_equal(suppressed, 0);
	now += LOG_LIMIT_INTERVAL_MS - 1;
	assert_int_equal(allowed(10, "a", now, &suppressed), 0);
	assert_int_equal(allowed(10, "a", now + 1, &suppressed), 1);
	assert_int_equal(suppressed, 1000 - LOG_LIMIT_BURST + 10);
	now += (int64_t)LOG_LIMIT_BURST * LOG_LIMIT_INTERVAL_MS + 1;
	assert_int_equal(allowed(1000, "a", now, &suppressed), LOG_LIMIT_BURST);
}

static void each_message_has_its_own_limit(void **state)
{
	uint64_t suppressed;

	(void)state;
	assert_int_equal(allowed(1000, "a", 1, &suppressed), LOG_LIMIT_BURST);
	assert_int_equal(allowed(1000, "b", 1, &suppressed), LOG_LIMIT_BURST);
	assert_true(log_limit_take(limits, "a", "%s", 1, &suppressed));
}

static void message_without_a_slot_is_not_limited(void **state)
{
	uint64_t suppressed = 1;
	char event[16];

	(void)state;
	for (int i = 0; i < LOG_LIMIT_SLOTS; i++) {
		snprintf(event, sizeof(event), "%d", i);
		assert_true(log_limit_take(limits, event, "", 1, &suppressed));
	}
	assert_int_equal(allowed(1000, "new", 1, &suppressed), 1000);
	assert_int_equal(suppressed, 0);
}

static void processes_share_the_limit(void **state)
{
	uint64_t suppressed;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit((int)allowed(1000, "a", 1, &suppressed));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), LOG_LIMIT_BURST);
	assert_int_equal(allowed(1000, "a", 1, &suppressed), 0);
}

static void line_has_the_number_suppressed(void **state)
{
	json_t *json;

	captured_log_begin(state);
	log_set_limits(limits);
	for (int i = 0; i < LOG_LIMIT_BURST + 5; i++)
		log_error("full", "page %d", i);
	assert_int_equal(captured_log.lines, LOG_LIMIT_BURST);
	assert_null(
		memmem(captured_log.last_line.data, captured_log.last_line.len, "suppressed", 10));
	for (size_t i = 0; i < LOG_LIMIT_SLOTS; i++)
		limits->slots[i].full_at = 0;
	log_error("full", "page %d", 0);
	json = json_loadb(captured_log.last_line.data, captured_log.last_line.len, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(json, "suppressed")), 5);
	json_decref(json);
}

static void lines_below_warning_are_not_limited(void **state)
{
	captured_log_begin(state);
	log_set_limits(limits);
	for (int i = 0; i < 1000; i++)
		log_info("request", "%d", i);
	assert_int_equal(captured_log.lines, 1000);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(burst_then_one_per_interval),
		TEST(each_message_has_its_own_limit),
		TEST(message_without_a_slot_is_not_limited),
		TEST(processes_share_the_limit),
		TEST(line_has_the_number_suppressed),
		TEST(lines_below_warning_are_not_limited),
	};

	return CHECK_RUN(tests);
}
