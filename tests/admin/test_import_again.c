/* Command import with tasks that are stored already: their revisions go on. */
#include <stdlib.h>

#include "admin/admin_fixture.h"
#include "base/clock.h"

#define ID "a62ad146-ccf4-11e5-9956-625662870761"
#define LINE(members)                                                                        \
	"{\"id\":\"" ID "\",\"tenant\":\"acme\",\"dialect\":\"virtshell\",\"created\":1000," \
	"\"state\":\"pending\",\"status\":\"pending\"" members ",\"fields\":{\"type\":\"\"}}\n"

#define VIRTSHELL(status)                                                                    \
	"{\"uuid\":\"" ID "\",\"status\":\"" status "\",\"created\":{\"at\":1,\"by\":\"\"}," \
	"\"last_update\":1,\"type\":\"\"}"
#define VIONLABS(status) \
	"[{\"product\":\"adbreaks\",\"version\":\"1\",\"task_status\":{\"status\":\"" status "\"}}]"

static void expect_import(const char *line, const char *input, const char *out)
{
	struct admin_call call = { .options = { [ADMIN_TENANT] = "acme" } };
	char *words = strdup(line), *at = words;
	const char *dialect = strsep(&at, " ");
	struct call_result done;

	call.options[ADMIN_FROM] = dialect;
	call.options[ADMIN_ID] = strcmp(dialect, "vionlabs") == 0 ? "movie" : NULL;
	call.options[ADMIN_REPLACE] = at;
	parse_call(&call, "import");
	done = run_call(&call, input, false);
	assert_string_equal(done.err, "");
	assert_string_equal(done.out, out);
	assert_int_equal(done.status, 0);
	free_result(&done);
	free(words);
}

static uint64_t number_of(const char *export, const char *name)
{
	const char *at = strstr(export, name);

	assert_non_null(at);
	return strtoull(at + strlen(name), NULL, 10);
}

/* Of the only task of the store. */
static uint64_t stored(const char *name)
{
	struct call_result done = run_line("export", " ");
	uint64_t number = number_of(done.out, name);

	free_result(&done);
	return number;
}

#define REVISION "\"revision\":"

static void lower_revision_of_another_line_goes_on(void **state)
{
	(void)state;
	expect_result("import", LINE(",\"revision\":5"), 0, "1 task imported\n", "");
	assert_int_equal(stored(REVISION), 5);
	expect_result("import", LINE(",\"revision\":5,\"priority\":1"), 0,
		"1 task imported: 0 new, 1 replaced, 0 unchanged\n", "");
	assert_int_equal(stored(REVISION), 6);
	expect_result("import", LINE(",\"revision\":2"), 0,
		"1 task imported: 0 new, 1 replaced, 0 unchanged\n", "");
	assert_int_equal(stored(REVISION), 7);
}

static void equal_line_leaves_the_task(void **state)
{
	(void)state;
	expect_result("import", LINE(",\"revision\":5"), 0, "1 task imported\n", "");
	expect_result("import", LINE(",\"revision\":5") LINE(",\"revision\":4"), 0,
		"2 tasks imported: 0 new, 0 replaced, 2 unchanged\n", "");
	assert_int_equal(stored(REVISION), 5);
	/* clients have seen a higher one with this content */
	expect_result("import", LINE(",\"revision\":9"), 0,
		"1 task imported: 0 new, 1 replaced, 0 unchanged\n", "");
	assert_int_equal(stored(REVISION), 9);
	expect_result(
		"import", LINE(""), 0, "1 task imported: 0 new, 0 replaced, 1 unchanged\n", "");
	assert_int_equal(stored(REVISION), 9);
}

static void revision_0_is_refused(void **state)
{
	(void)state;
	expect_result("import", LINE(",\"revision\":0"), 1, "0 tasks imported\n",
		"polytaskctl: line 1: revision must be at least 1\n");
}

static void response_that_is_read_again_leaves_the_task(void **state)
{
	uint64_t revision;

	(void)state;
	expect_import("virtshell", VIRTSHELL("pending"), "1 task imported\n");
	revision = stored(REVISION);
	expect_import("virtshell", VIRTSHELL("pending"),
		"1 task imported: 0 new, 0 replaced, 1 unchanged\n");
	assert_int_equal(stored(REVISION), revision);
	expect_import("virtshell", VIRTSHELL("in progress"),
		"1 task imported: 0 new, 1 replaced, 0 unchanged\n");
	assert_true(stored(REVISION) > revision);
}

#define CREATED "\"created\":"

static void time_of_the_first_import_is_kept(void **state)
{
	uint64_t revision, created;

	(void)state;
	expect_import("vionlabs", VIONLABS("pending"), "1 task imported\n");
	revision = stored(REVISION);
	created = stored(CREATED);
	while (clock_wall_ms() == (int64_t)created)
		;
	expect_import("vionlabs", VIONLABS("pending"),
		"1 task imported: 0 new, 0 replaced, 1 unchanged\n");
	assert_int_equal(stored(REVISION), revision);
	expect_import(
		"vionlabs", VIONLABS("done"), "1 task imported: 0 new, 1 replaced, 0 unchanged\n");
	assert_int_equal(stored(CREATED), created);
	assert_true(stored(REVISION) > revision);
}

static void change_of_a_client_is_kept(void **state)
{
	(void)state;
	expect_result("import", LINE(",\"revision\":1900000000000,\"updated_by\":\"ann\""), 0,
		"1 task imported\n", "");
	expect_import("virtshell", VIRTSHELL("in progress"),
		"0 tasks imported\n1 task kept, because a client has changed it here (--replace: "
		"replace it)\n");
	assert_int_equal(stored(REVISION), 1900000000000);
	expect_import("virtshell replace", VIRTSHELL("in progress"),
		"1 task imported: 0 new, 1 replaced, 0 unchanged\n");
	assert_int_equal(stored(REVISION), 1900000000001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(lower_revision_of_another_line_goes_on),
		WITH_STORE(equal_line_leaves_the_task),
		WITH_STORE(revision_0_is_refused),
		WITH_STORE(response_that_is_read_again_leaves_the_task),
		WITH_STORE(time_of_the_first_import_is_kept),
		WITH_STORE(change_of_a_client_is_kept),
	};

	return CHECK_RUN(tests);
}
