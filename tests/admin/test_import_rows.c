/* Rows of `export --all`: valid ones are imported unchanged, wrong lines are refused. */
#include <stdlib.h>

#include "admin/full_store.h"

static void imported_rows_are_exported_again(void **state)
{
	char *before, *text, *after;
	void *unused = NULL;
	struct call_result done;

	(void)state;
	fill_store();
	before = export_all();
	text = strdup(before);
	assert_non_null(text);
	store_close(store);
	assert_int_equal(open_store(&unused), 0);
	done = run_line("import", text);
	assert_string_equal(done.err, "");
	assert_int_equal(done.status, 0);
	free_result(&done);
	/* again: each row replaces itself */
	done = run_line("import", text);
	assert_int_equal(done.status, 0);
	free_result(&done);
	after = export_all();
	assert_same_rows(before, after);
	free(before);
	free(text);
	free(after);
}

static void line_must_have_its_three_members(void **state)
{
	(void)state;
	expect_refused_line("{\"table\":\"keys\",\"key\":\"YQ\"}\n");
	expect_refused_line("{\"table\":\"keys\",\"key\":\"YQ\",\"value\":1}\n");
	expect_refused_line("{\"table\":\"keys\",\"key\":\"YQ==\",\"value\":\"e30\"}\n");
	expect_refused_line("{\"table\":\"keys\",\"key\":\"YQ\",\"value\":\"e30\",\"x\":1}\n");
	expect_refused_line(
		"{\"table\":\"keys\",\"key\":\"YQ\",\"key\":\"YQ\",\"value\":\"e30\"}\n");
	expect_refused_line("{\"table\":\"keys\",\"key\":\"YQ\",\"value\":\"e30\"\n");
}

static void refusal_names_table_member_and_rule(void **state)
{
	(void)state;
	expect_result("import", "\n{\"table\":\"keys\",\"key\":\"YQ\",\"value\":\"e30\"}\n", 1,
		"0 tasks imported\n", "polytaskctl: line 2: keys: secret is missing\n");
	expect_result("import", "{\"table\":\"users\",\"key\":\"YW5u\",\"value\":\"e30\"}\n", 1,
		"0 tasks imported\n", "polytaskctl: line 1: users, ann: id is missing\n");
	expect_result("import", "{\"table\":\"quotas\",\"key\":\"YQ\",\"value\":\"YQ\"}\n", 1,
		"0 tasks imported\n",
		"polytaskctl: line 1: quotas: value must be two limits of 8 bytes\n");
}

static void refusal_is_one_line(void **state)
{
	(void)state;
	expect_result("import",
		"{\"table\":\"keys\",\"key\":\"YQ\",\"value\":\"e30\",\"a\\nx 0\":1}\n", 1,
		"0 tasks imported\n", "polytaskctl: line 1: unknown member a x 0\n");
}

static void row_that_is_there_twice_is_refused(void **state)
{
	char *text, *line, *end;
	struct call_result done;
	struct buf twice = BUF_INIT;

	(void)state;
	run_ok("user add ann", "");
	text = export_all();
	line = strstr(text, "{\"table\":\"users\"");
	end = strchr(line, '\n') + 1;
	buf_put(&twice, text, (size_t)(end - text));
	buf_put(&twice, line, (size_t)(end - line));
	buf_putc(&twice, '\0');
	done = run_line("import", twice.data);
	assert_string_equal(
		done.err, "polytaskctl: line 3: users, ann: the export has this row twice\n");
	free_result(&done);
	buf_free(&twice);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(imported_rows_are_exported_again),
		WITH_STORE(line_must_have_its_three_members),
		WITH_STORE(refusal_names_table_member_and_rule),
		WITH_STORE(refusal_is_one_line),
		WITH_STORE(row_that_is_there_twice_is_refused),
	};

	return CHECK_RUN(tests);
}
