/* Commands export and import. */
#include <stdlib.h>

#include "admin/admin_fixture.h"
#include "admin/idol_operation.h"
#include "base/clock.h"
#include "dialect/dialect.h"

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void exported_tasks_can_be_imported(void **state)
{
	struct call_result first, second;
	void *unused = NULL;

	(void)state;
	expect_result("load-sample 1234", " ", 0, "1234 tasks loaded\n", "");
	first = run_line("export", " ");
	assert_int_equal(first.status, 0);
	assert_int_equal(count_lines(first.out), 1236);
	store_close(store);
	assert_int_equal(open_store(&unused), 0);
	expect_result("import", first.out, 0, "1234 tasks imported\n", "");
	second = run_line("export", " ");
	assert_int_equal(count_lines(second.out), 1236);
	for (char *rest = second.out, *line; (line = strsep(&rest, "\n")) && *line;) {
		if (strncmp(line, "{\"id\"", 5) == 0)
			assert_non_null(strstr(first.out, line));
	}
	free_result(&first);
	free_result(&second);
	first = run_line("verify", " ");
	assert_int_equal(first.status, 0);
	assert_int_equal(strncmp(first.out, "tasks:      1234\n", 17), 0);
	free_result(&first);
}

#define AGAIN(number) number " tasks imported: 0 new, 0 replaced, " number " unchanged\n"

static void import_keeps_the_lines_before_a_bad_one(void **state)
{
	struct call_result call_result;

	(void)state;
	expect_result("import",
		"{\"id\":\"a62ad146-ccf4-11e5-9956-625662870761\",\"tenant\":\"default\","
		"\"dialect\":\"virtshell\",\"state\":\"pending\",\"status\":\"pending\","
		"\"created\":1}\n\n{\"id\":1}\n{\"id\":2}\n",
		1, "1 task imported\n", "polytaskctl: line 3: id must be a UUID\n");
	call_result = run_line("show a62ad146-ccf4-11e5-9956-625662870761", " ");
	assert_int_equal(call_result.status, 0);
	assert_null(strstr(call_result.out, "\"revision\":1,"));
	free_result(&call_result);
}

/* ---- files that are cut or changed ---- */

static char *export_to_text(const char *line)
{
	struct call_result exported = run_line(line, " ");

	assert_int_equal(exported.status, 0);
	free(exported.err);
	return exported.out;
}

static void cut_export_is_reported(void **state)
{
	char *text, *end;
	size_t len;

	(void)state;
	expect_result("load-sample 20", " ", 0, "20 tasks loaded\n", "");
	text = export_to_text("export");
	len = strlen(text);
	end = strstr(text, "{\"end\":true,\"tasks\":20,\"rows\":0,\"sha256\":\"");
	assert_non_null(end);
	*end = '\0';
	expect_result("import", text, 1, AGAIN("20"),
		"polytaskctl: the input ends at line 21 without the last line of an export: lines "
		"are missing\n");
	*end = '{';
	expect_result("import", text, 0, AGAIN("20"), "");
	/* a line is missing in the middle */
	end = strchr(strchr(text, '\n') + 1, '\n') + 1;
	memmove(strchr(text, '\n') + 1, end, len - (size_t)(end - text) + 1);
	expect_result("import", text, 1, AGAIN("19"),
		"polytaskctl: line 21: the lines before are not those that were exported\n");
	free(text);
}

static struct call_result import_partial(const char *text)
{
	struct admin_call partial = { .options = { [ADMIN_PARTIAL] = "yes" } };

	parse_call(&partial, "import");
	return run_call(&partial, text, false);
}

#define EMPTY                                                                                      \
	"polytaskctl: the input is empty: it has no last line of an export, which proves that no " \
	"line is missing\n"

static void empty_input_is_reported(void **state)
{
	struct call_result imported;

	(void)state;
	expect_result("import", "", 1, "0 tasks imported\n", EMPTY);
	expect_result("import", "\n \n", 1, "0 tasks imported\n", EMPTY);
	imported = import_partial("");
	assert_int_equal(imported.status, 0);
	free_result(&imported);
}

static void export_cut_within_a_line_is_reported(void **state)
{
	struct call_result imported;
	char *text, *end;

	(void)state;
	expect_result("load-sample 20", " ", 0, "20 tasks loaded\n", "");
	text = export_to_text("export");
	end = strstr(text, "{\"end\"");
	end[20] = '\0';
	expect_result("import", text, 1, AGAIN("20"),
		"polytaskctl: the input ends in the middle of line 22\n");
	end[-5] = '\0';
	expect_result("import", text, 1, AGAIN("19"),
		"polytaskctl: the input ends in the middle of line 21\n");
	imported = import_partial(text);
	assert_int_equal(imported.status, 0);
	assert_string_equal(imported.out, AGAIN("19"));
	free_result(&imported);
	free(text);
}

static void only_the_line_feed_of_the_last_line_may_be_missing(void **state)
{
	char *text;

	(void)state;
	expect_result("load-sample 20", " ", 0, "20 tasks loaded\n", "");
	text = export_to_text("export");
	text[strlen(text) - 1] = '\0';
	expect_result("import", text, 0, AGAIN("20"), "");
	free(text);
}

static void lines_behind_the_last_line_are_refused(void **state)
{
	char *text, *twice;
	const char *end;

	(void)state;
	expect_result("load-sample 20", " ", 0, "20 tasks loaded\n", "");
	text = export_to_text("export");
	twice = calloc(2, strlen(text) + 1);
	end = strstr(text, "{\"end\"");
	strcat(strcpy(twice, text), end);
	expect_result("import", twice, 1, AGAIN("20"),
		"polytaskctl: line 23: the line is behind the last line of the export\n");
	strcat(strcpy(twice, text), "\n{\"table\":\"users\",\"key\":\"YQ\",\"value\":\"\"}\n");
	expect_result("import", twice, 1, AGAIN("20"),
		"polytaskctl: line 24: the line is behind the last line of the export\n");
	/* one export behind the other */
	strcat(strcpy(twice, text), text);
	expect_result("import", twice, 0, AGAIN("40"), "");
	free(twice);
	free(text);
}

static void counts_of_the_last_line_are_checked(void **state)
{
	char *text;

	(void)state;
	expect_result("load-sample 20", " ", 0, "20 tasks loaded\n", "");
	text = export_to_text("export");
	memcpy(strstr(text, "\"tasks\":20"), "\"tasks\":21", 10);
	expect_result("import", text, 1, AGAIN("20"),
		"polytaskctl: line 22: the numbers of tasks and rows are not those of the lines "
		"before\n");
	free(text);
}

static void rows_need_a_last_line(void **state)
{
	(void)state;
	/* the limits of the tenant "a" are 1 task and 1 byte */
	expect_result("import",
		"{\"table\":\"quotas\",\"key\":\"YQ\",\"value\":\"AAAAAAAAAAEAAAAAAAAAAQ\"}\n", 1,
		"0 tasks imported\n1 other row imported\n",
		"polytaskctl: the input ends at line 1 without the last line of an export: lines "
		"are missing\n");
}

static bool disk_is_full;
static enum err_code full = ERR_DISK_FULL;

bool __real_store_flush(struct store *flushed, struct err *err);
bool __wrap_store_flush(struct store *flushed, struct err *err);

bool __wrap_store_flush(struct store *flushed, struct err *err)
{
	return disk_is_full ? err_set(err, full, NULL, NULL) : __real_store_flush(flushed, err);
}

static void tasks_that_are_not_flushed_are_not_counted(void **state)
{
	char *text;

	(void)state;
	expect_result("load-sample 20", " ", 0, "20 tasks loaded\n", "");
	text = export_to_text("export");
	disk_is_full = true;
	expect_result("import", text, 1, "0 tasks imported\n",
		"polytaskctl: The disk is full; what was changed before remains.\n");
	full = ERR_UNKNOWN_OUTCOME;
	expect_result("import", text, 1, "0 tasks imported\n",
		"polytaskctl: The outcome is unknown: check what was changed before the command is "
		"repeated.\n");
	full = ERR_DISK_FULL;
	disk_is_full = false;
	free(text);
}

static void partial_export_is_imported_on_demand(void **state)
{
	struct call_result imported;
	char *text;

	(void)state;
	expect_result("load-sample 20", " ", 0, "20 tasks loaded\n", "");
	text = export_to_text("export");
	strstr(text, "{\"end\"")[0] = '\0';
	imported = import_partial(text);
	assert_int_equal(imported.status, 0);
	assert_string_equal(imported.out, AGAIN("20"));
	free_result(&imported);
	free(text);
}

static void lines_of_older_builds_are_imported(void **state)
{
	char *text, *tasks;

	(void)state;
	expect_result("load-sample 20", " ", 0, "20 tasks loaded\n", "");
	text = export_to_text("export");
	strstr(text, "{\"end\"")[0] = '\0';
	tasks = strchr(text, '\n') + 1;
	expect_result("import", tasks, 0, AGAIN("20"), "");
	free(text);
}

static void wrong_rows_are_rejected(void **state)
{
	(void)state;
	expect_result("import", "{\"table\":\"x\",\"key\":\"YQ\",\"value\":\"\"}\n", 1,
		"0 tasks imported\n", "polytaskctl: line 1: x: there is no table 'x'\n");
	expect_result("import", "{\"table\":\"users\",\"key\":\"a b\",\"value\":\"\"}\n", 1,
		"0 tasks imported\n", "polytaskctl: line 1: key must be base64url\n");
	expect_result("import", "{\"table\":\"users\",\"value\":\"\"}\n", 1, "0 tasks imported\n",
		"polytaskctl: line 1: key must be a string\n");
	expect_result("import", "{\"table\":\"numbers\",\"key\":\"YQ\",\"value\":\"YQ\"}\n", 1,
		"0 tasks imported\n",
		"polytaskctl: line 1: numbers: key must be that of a number or a revision\n");
	expect_result("import", "{\"table\":\"quotas\",\"key\":\"YQ\",\"value\":\"YQ\"}\n", 1,
		"0 tasks imported\n",
		"polytaskctl: line 1: quotas: value must be two limits of 8 bytes\n");
	expect_result("import", "{\"export\":\"polytask\",\"version\":3}\n", 1,
		"0 tasks imported\n",
		"polytaskctl: line 1: the export is of version 3, which this version cannot read\n");
}

/* ---- everything ---- */

static void remove_task(unsigned last_byte)
{
	struct op op = idol_operation(last_byte, "");
	struct result result = { 0 };
	struct err err = { 0 };

	op.kind = OP_REMOVE;
	op.id = op.new_id;
	must(store_apply(store, &op, &result, &err), &err);
	store_result_free(&result);
}

static void import_of_everything_goes_on_as_before(void **state)
{
	struct admin_call all = { .options = { [ADMIN_ALL] = "yes" } };
	const uint64_t three = 3;
	struct call_result exported, listed;
	struct result result = { 0 };
	struct err err = { 0 };
	void *unused = NULL;
	struct op op;

	(void)state;
	listed = run_line("user add ann", " ");
	free_result(&listed);
	listed = run_line("token add ann", " ");
	free_result(&listed);
	assert_int_equal(create_idol(1, "one"), 1);
	assert_int_equal(create_idol(2, "two"), 2);
	assert_int_equal(create_idol(3, "three"), 3);
	remove_task(3);
	must(store_set_quota(store, STR("demo"), &three, NULL, &err), &err);
	parse_call(&all, "export");
	exported = run_call(&all, " ", false);
	assert_int_equal(exported.status, 0);
	listed = run_line("token list", " ");

	store_close(store);
	assert_int_equal(open_store(&unused), 0);
	expect_result("import", exported.out, 0, "2 tasks imported\n8 other rows imported\n", "");
	expect_result("token list", " ", 0, listed.out, "");
	/*
	 * a repetition is known, also of a task that was removed; its number is not assigned again
	 */
	assert_int_equal(create_idol(9, "two"), 2);
	assert_int_equal(create_idol(9, "three"), 3);
	assert_int_equal(create_idol(4, "four"), 4);
	op = idol_operation(5, "five");
	assert_fails(store_apply(store, &op, &result, &err), &err, ERR_STORAGE_QUOTA);
	free_result(&exported);
	free_result(&listed);
	listed = run_line("verify", " ");
	assert_int_equal(listed.status, 0);
	free_result(&listed);
}

static void expect_done(const char *line)
{
	struct call_result result = run_line(line, " ");

	assert_int_equal(result.status, 0);
	free_result(&result);
}

static void older_export_revives_nothing(void **state)
{
	struct admin_call all = { .options = { [ADMIN_ALL] = "yes" } };
	struct call_result exported, listed;

	(void)state;
	expect_done("user add ann");
	expect_done("token add ann");
	parse_call(&all, "export");
	exported = run_call(&all, " ", false);
	expect_done("token revoke ann");
	expect_done("user revoke ann");
	listed = run_line("token list", " ");
	expect_result("import", exported.out, 0,
		"0 tasks imported\n2 other rows imported\n"
		"2 of them left out: the store has ended the credential since\n",
		"");
	expect_result("token list", " ", 0, listed.out, "");
	free_result(&exported);
	free_result(&listed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(older_export_revives_nothing),
		WITH_STORE(exported_tasks_can_be_imported),
		WITH_STORE(import_keeps_the_lines_before_a_bad_one),
		WITH_STORE(cut_export_is_reported),
		WITH_STORE(empty_input_is_reported),
		WITH_STORE(export_cut_within_a_line_is_reported),
		WITH_STORE(only_the_line_feed_of_the_last_line_may_be_missing),
		WITH_STORE(lines_behind_the_last_line_are_refused),
		WITH_STORE(counts_of_the_last_line_are_checked),
		WITH_STORE(rows_need_a_last_line),
		WITH_STORE(tasks_that_are_not_flushed_are_not_counted),
		WITH_STORE(partial_export_is_imported_on_demand),
		WITH_STORE(lines_of_older_builds_are_imported),
		WITH_STORE(wrong_rows_are_rejected),
		WITH_STORE(import_of_everything_goes_on_as_before),
	};

	return CHECK_RUN(tests);
}
