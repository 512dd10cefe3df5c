/* Tasks as a worker gets them, and exit statuses. Hostile ones: tests/e2e/test_import_worker.py. */
#include <sysexits.h>

#include "import/import.h"
#include "lib/check.h"

#define TASK(number, fields)                                                     \
	"{\"id\":\"018F2F6E-7c3a-7b21-9d55-3f0b8a1c2d3e\",\"dialect\":\"idol\"," \
	"\"number\":" number ",\"fields\":{" fields "}}"
#define ATTACHABLE "\"attachable\":{\"type\":\"tracks\",\"id\":\"12\"}"

static void tasks_are_read(void **state)
{
	struct import_task found;
	struct err err = { 0 };

	(void)state;
	must(import_task_parse(&found,
		     STR(TASK("17", "\"url\":\"http://a/\",\"md5\":"
				    "\"ABCDEF00abcdef00ABCDEF00abcdef00\"," ATTACHABLE)),
		     &err),
		&err);
	assert_int_equal(found.number, 17);
	assert_string_equal(found.url, "http://a/");
	assert_string_equal(found.attachable_type, "tracks");
	assert_string_equal(found.attachable_id, "12");
	assert_string_equal(found.md5, "abcdef00abcdef00abcdef00abcdef00");
	import_task_free(&found);
}

static void number_and_md5_may_be_absent(void **state)
{
	static const char *const texts[] = {
		TASK("null", "\"url\":\"http://a/\"," ATTACHABLE),
		TASK("0", "\"md5\":null,\"url\":\"http://a/\"," ATTACHABLE),
		TASK("-1", "\"url\":\"http://a/\"," ATTACHABLE),
		TASK("\"x\"", "\"url\":\"http://a/\"," ATTACHABLE),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct import_task found;
		struct err err = { 0 };

		must(import_task_parse(&found, str_cstr(texts[i]), &err), &err);
		assert_int_equal(found.number, 0);
		assert_string_equal(found.md5, "");
		import_task_free(&found);
	}
}

static void faults_are_final(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"null",
		"{}",
		TASK("1", ""),
		TASK("1", ATTACHABLE),
		TASK("1", "\"url\":null," ATTACHABLE),
		TASK("1", "\"url\":\"http://a/\""),
		TASK("1", "\"url\":\"http://a/\",\"attachable\":{\"type\":\"tracks\"}"),
		TASK("1", "\"url\":\"http://a/\",\"md5\":5," ATTACHABLE),
		TASK("1", "\"url\":\"http://a/\",\"md5\":\"\"," ATTACHABLE),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct import_task found = { .number = 77 };
		struct err err = { 0 };

		assert_fails(import_task_parse(&found, str_cstr(texts[i]), &err), &err,
			ERR_UNPROCESSABLE);
		assert_int_equal(found.number, 77);
	}
}

static void errors_have_exit_statuses(void **state)
{
	static const struct {
		enum err_code code;
		int status;
	} cases[] = {
		{ ERR_UNPROCESSABLE, EX_DATAERR },
		{ ERR_TOO_LARGE, EX_DATAERR },
		{ ERR_BUSY, 1 },
		{ ERR_DISK_FULL, EX_TEMPFAIL },
		{ ERR_CONFLICT, EX_TEMPFAIL },
		{ ERR_INVALID, EX_TEMPFAIL },
		{ ERR_INTERNAL, EX_TEMPFAIL },
		{ ERR_NO_MEMORY, EX_TEMPFAIL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { .code = cases[i].code };

		assert_int_equal(import_exit_status(&err), cases[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(tasks_are_read),
		CHECK(number_and_md5_may_be_absent),
		CHECK(faults_are_final),
		CHECK(errors_have_exit_statuses),
	};

	return CHECK_RUN(tests);
}
