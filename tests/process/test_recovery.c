/* Recoveries that fail in a row: causes, and the end of the service. */
#include <bsd/unistd.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "lib/check.h"
#include "process/fake_service.h"
#include "process/recovery.h"
#include "store/store.h"

#define TIMEOUT_MS 15000

/* Statuses of waitpid(2). */
#define EXITED(code)   ((code) << 8)
#define KILLED(signal) (signal)

static void fail_with_fault(struct recovery *recovery, enum err_code code, const char *field,
	const char *text, int status)
{
	struct child_report report = { .code = ERR_NONE };
	struct err err;

	if (code != ERR_NONE) {
		err_set(&err, code, field, "%s", text);
		child_report_set(&report, &err);
	}
	recovery_note_failure(recovery, &report, "recover", status);
}

static void fail_recovery(
	struct recovery *recovery, enum err_code code, const char *text, int status)
{
	fail_with_fault(recovery, code, NULL, text, status);
}

static void fifth_failure_of_one_cause_gives_up(void **state)
{
	struct recovery recovery = { 0 };

	(void)state;
	for (int i = 1; i <= RECOVERY_ATTEMPTS; i++) {
		assert_false(recovery_must_give_up(&recovery));
		fail_recovery(&recovery, ERR_INTERNAL, i % 2 ? "file 7 is bad" : "file 11 is bad",
			EXITED(1));
	}
	assert_true(recovery_must_give_up(&recovery));
	assert_string_equal(recovery.text, "file 7 is bad");
}

static void another_cause_counts_from_one(void **state)
{
	struct recovery recovery = { 0 };

	(void)state;
	for (int i = 1; i < RECOVERY_ATTEMPTS; i++)
		fail_recovery(&recovery, ERR_INTERNAL, "a is bad", EXITED(1));
	fail_recovery(&recovery, ERR_INTERNAL, "b is bad", EXITED(1));
	assert_false(recovery_must_give_up(&recovery));
	assert_int_equal(recovery.same, 1);
	assert_int_equal(recovery.failures, RECOVERY_ATTEMPTS);
}

static void cause_that_can_pass_is_retried_for_ever(void **state)
{
	static const struct {
		enum err_code code;
		int status;
	} rows[] = {
		{ ERR_DISK_FULL, EXITED(1) },
		{ ERR_NO_MEMORY, EXITED(1) },
		{ ERR_NONE, KILLED(SIGKILL) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct recovery recovery = { 0 };

		for (int n = 0; n < 20; n++)
			fail_recovery(&recovery, rows[i].code, "full", rows[i].status);
		assert_false(recovery_must_give_up(&recovery));
	}
}

static void check_progress(const struct recovery *recovery, const char *text)
{
	struct buf out = BUF_INIT;

	recovery_put_progress(recovery, &out);
	assert_str(buf_str(&out), text);
	buf_free(&out);
}

static void progress_has_attempt_and_cause(void **state)
{
	struct recovery lasting = { 0 }, passing = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		fail_recovery(&lasting, ERR_INTERNAL, "tasks.db is bad", EXITED(1));
		fail_recovery(&passing, ERR_DISK_FULL, "full", EXITED(1));
	}
	check_progress(&lasting, "attempt 3 of 5: tasks.db is bad");
	check_progress(&passing, "attempt 3: full");
}

static void signal_is_named(void **state)
{
	struct recovery recovery = { 0 };

	(void)state;
	fail_recovery(&recovery, ERR_NONE, NULL, KILLED(SIGBUS));
	assert_non_null(strstr(recovery.text, "recover was killed by signal 7 (Bus error)"));
	assert_non_null(strstr(recovery_remedy(&recovery), "regions"));
	fail_recovery(&recovery, ERR_NONE, NULL, EXITED(3));
	assert_string_equal(recovery.text, "recover exited with status 3");
}

/* The words of the cause do not matter. */
static void remedy_depends_on_the_field(void **state)
{
	static const struct {
		const char *field, *remedy;
	} rows[] = {
		{ NULL, "backup" },
		{ "home", "backup" },
		{ STORE_FAULT_INDEX, "the index is rebuilt" },
		{ STORE_FAULT_DERIVED, "Move that file, usage.db or snapshot.db" },
		{ STORE_FAULT_REGIONS, "Then start the service again." },
		{ STORE_FAULT_REFUSED, "Then start the service again;" },
		{ STORE_FAULT_VERSION, "Then start the service again." },
		{ STORE_FAULT_UNFINISHED, "Then start the service again." },
		{ RECOVERY_FAULT_DIRECTORY, "the service's user" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct recovery recovery = { 0 };

		fail_with_fault(&recovery, ERR_INTERNAL, rows[i].field,
			"index.db: run polytaskctl migrate", EXITED(1));
		assert_non_null(strstr(recovery_remedy(&recovery), rows[i].remedy));
	}
}

static void remedy_of_a_cause_that_can_pass(void **state)
{
	struct recovery recovery = { 0 };

	(void)state;
	fail_recovery(&recovery, ERR_DISK_FULL, "The disk is full.", EXITED(1));
	assert_string_equal(recovery.text, "The disk is full");
	assert_non_null(strstr(recovery_remedy(&recovery), "free disk space"));
}

/* It keeps the words of its own, whatever other causes can pass. */
static void server_that_is_away_is_waited_for(void **state)
{
	struct recovery recovery = { 0 };

	(void)state;
	for (int n = 0; n < 20; n++)
		fail_with_fault(&recovery, ERR_BUSY, STORE_FAULT_SERVER, "no answer", EXITED(1));
	assert_false(recovery_must_give_up(&recovery));
	assert_non_null(strstr(recovery_remedy(&recovery), "until the server answers"));
}

static void damaged_report_is_printable(void **state)
{
	struct child_report report = { .code = ERR_INTERNAL, .cause = CAUSES };
	struct recovery recovery = { 0 };

	(void)state;
	memset(report.text, 0xC3, sizeof(report.text));
	recovery_note_failure(&recovery, &report, "recover", EXITED(1));
	assert_int_equal(strlen(recovery.text), RECOVERY_CAUSE_SIZE - 1);
	assert_int_equal(strspn(recovery.text, "?"), RECOVERY_CAUSE_SIZE - 1);
}

/* ---- the service ---- */

static int wait_for_end(void)
{
	int64_t until = clock_mono_ms() + TIMEOUT_MS;
	int status = -1;

	while (waitpid(supervisor, &status, WNOHANG) == 0 && clock_mono_ms() < until)
		poll(NULL, 0, 10);
	assert_int_not_equal(status, -1);
	supervisor = 0;
	return status;
}

static void service_ends_when_recovery_fails_again_and_again(void **state)
{
	int status;

	(void)state;
	fake_service_prepare();
	script->recover_failures = 100;
	script->report_code = ERR_DAMAGED;
	fake_service_start();
	status = wait_for_end();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), RECOVERY_EXIT_GIVEN_UP);
	assert_int_equal(script->start_counts[ROLE_RECOVER], RECOVERY_ATTEMPTS);
	assert_int_equal(script->start_counts[ROLE_WORKER], 0);
}

static void service_ends_when_no_worker_can_join(void **state)
{
	int status;

	(void)state;
	fake_service_prepare();
	script->injected_fault = INJECT_CANNOT_JOIN;
	script->report_code = ERR_PANIC;
	fake_service_start();
	status = wait_for_end();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), RECOVERY_EXIT_GIVEN_UP);
	assert_int_equal(script->start_counts[ROLE_RECOVER], RECOVERY_ATTEMPTS);
}

static void full_disk_does_not_end_the_service(void **state)
{
	enum { FAILURES = RECOVERY_ATTEMPTS + 1 };

	(void)state;
	fake_service_prepare();
	script->recover_failures = FAILURES;
	script->report_code = ERR_DISK_FULL;
	fake_service_start();
	fake_service_wait_ready(0, 1, 0);
	assert_int_equal(script->start_counts[ROLE_RECOVER], FAILURES + 1);
	assert_int_equal(fake_service_stop(), 0);
}

/* The attempt in the status of the service; 0 for null. */
static int query_attempt(json_int_t *limit)
{
	int status, attempt;
	char *text = fake_service_request("{\"verb\":[\"status\"]}\n", &status);
	json_t *json = text ? json_loads(text, 0, NULL) : NULL;
	const json_t *recovery = json_object_get(json, "recovery");

	attempt = (int)json_integer_value(json_object_get(recovery, "attempt"));
	*limit = json_integer_value(json_object_get(recovery, "limit"));
	if (attempt > 0) {
		assert_int_equal(status, 3);
		assert_non_null(strstr(text, "tasks.db"));
	}
	json_decref(json);
	free(text);
	return attempt;
}

static void status_has_the_attempt_until_the_service_is_ready(void **state)
{
	int64_t until = clock_mono_ms() + TIMEOUT_MS;
	json_int_t limit = 0;

	(void)state;
	fake_service_prepare();
	script->recover_failures = RECOVERY_ATTEMPTS - 1;
	script->report_code = ERR_DAMAGED;
	fake_service_start();
	while (query_attempt(&limit) < 2 && clock_mono_ms() < until)
		poll(NULL, 0, 5);
	assert_int_equal(limit, RECOVERY_ATTEMPTS);
	fake_service_wait_ready(0, 1, 0);
	assert_int_equal(query_attempt(&limit), 0);
	assert_int_equal(fake_service_stop(), 0);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, fake_service_setup, fake_service_teardown)

int main(int argc, char **argv, char **envp)
{
	const struct CMUnitTest tests[] = {
		CHECK(fifth_failure_of_one_cause_gives_up),
		CHECK(another_cause_counts_from_one),
		CHECK(cause_that_can_pass_is_retried_for_ever),
		CHECK(progress_has_attempt_and_cause),
		CHECK(signal_is_named),
		CHECK(remedy_depends_on_the_field),
		CHECK(remedy_of_a_cause_that_can_pass),
		CHECK(server_that_is_away_is_waited_for),
		CHECK(damaged_report_is_printable),
		TEST(service_ends_when_recovery_fails_again_and_again),
		TEST(service_ends_when_no_worker_can_join),
		TEST(full_disk_does_not_end_the_service),
		TEST(status_has_the_attempt_until_the_service_is_ready),
	};

	setproctitle_init(argc, argv, envp);
	return CHECK_RUN(tests);
}
