#include "admin/full_store.h"

#include <stdlib.h>

#include "admin/idol_operation.h"

void run_ok(const char *line, const char *input)
{
	struct call_result done = run_line(line, *input ? input : " ");

	assert_string_equal(done.err, "");
	free_result(&done);
}

static void run_with(const char *line, enum admin_option option, const char *value)
{
	struct admin_call call = { 0 };
	struct call_result done;

	call.options[option] = value;
	parse_call(&call, line);
	done = run_call(&call, "a long password\n", false);
	assert_string_equal(done.err, "");
	free_result(&done);
}

/* With a value of each member. */
static void add_webhook(void)
{
	struct admin_call call = { 0 };
	struct call_result done;
	char line[80];

	call.options[ADMIN_STDIN] = call.options[ADMIN_JSON] = "yes";
	call.options[ADMIN_TENANT] = "acme";
	parse_call(&call, "webhook add");
	done = run_call(&call,
		"{\"url\":\"https://hooks.example.com/\",\"name\":\"Play-out\",\"max_parallel\":3,"
		"\"headers\":{\"X-Key\":\"of a receiver\",\"X-Other\":\"b\"},"
		"\"query\":{\"aa\":\"1\",\"b\":\"\"},\"filter\":{\"kinds\":[\"encode\",null],"
		"\"dialects\":[\"native\",\"idol\"],\"states\":[\"pending\",\"failed\"],"
		"\"types\":[\"task.created\",\"task.changed\"]}}",
		false);
	assert_string_equal(done.err, "");
	snprintf(line, sizeof(line), "webhook rotate-secret %.36s", strstr(done.out, ":\"") + 2);
	free_result(&done);
	run_with(line, ADMIN_TENANT, "acme");
}

void fill_store(void)
{
	run_ok("user add ann", "");
	run_with("user add jane@example.com", ADMIN_TENANT, "acme");
	run_with("user add bob", ADMIN_EXPIRES, "3600");
	run_ok("user revoke bob", "");
	run_ok("password set ann", "a long password\n");
	run_with("password set jane@example.com", ADMIN_EXPIRES, "3600");
	run_with("token add ann", ADMIN_LABEL, "laptop");
	run_with("token add ann", ADMIN_DIALECTS, "idol,uplynk");
	run_with("token rotate laptop", ADMIN_OVERLAP, "60");
	run_ok("token revoke ann", "");
	run_with("key add ann", ADMIN_ID, "one");
	run_with("key rotate one", ADMIN_OVERLAP, "60");
	run_ok("key add jane@example.com", "");
	run_with("key expire one", ADMIN_EXPIRES, "60");
	run_with("quota set acme", ADMIN_TASKS, "10");
	run_with("quota set default", ADMIN_BYTES, "none");
	run_with("number set 812345", ADMIN_DIALECT, "idol");
	add_webhook();
	run_ok("webhook add https://hooks.example.com/a", "");
	run_with("webhook add https://hooks.example.com/b", ADMIN_FORMAT, "vionlabs");
	create_idol(1, "key-1");
	create_idol(2, "key-2");
}

char *export_all(void)
{
	struct admin_call all = { .options = { [ADMIN_ALL] = "yes" } };
	struct call_result exported;

	parse_call(&all, "export");
	exported = run_call(&all, " ", false);
	assert_int_equal(exported.status, 0);
	free(exported.err);
	return exported.out;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines between the first and the last, in a fixed order. */
static size_t sort_lines(char *text, char **lines, size_t most)
{
	size_t count = 0;

	for (char *line; (line = strsep(&text, "\n")) && count < most;) {
		if (strncmp(line, "{\"id\"", 5) == 0 || strncmp(line, "{\"table\"", 8) == 0)
			lines[count++] = line;
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	return count;
}

#define LINES_MAX 64

void assert_same_rows(char *a, char *b)
{
	char *of_a[LINES_MAX], *of_b[LINES_MAX];
	size_t count = sort_lines(a, of_a, LINES_MAX);

	assert_int_equal(sort_lines(b, of_b, LINES_MAX), count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(of_a[i], of_b[i]);
}

void expect_refused_line(const char *line)
{
	struct call_result done = run_line("import", line);

	if (done.status != 1 || strncmp(done.err, "polytaskctl: line 1: ", 21) != 0)
		fail_msg("%s: %s", line, done.err);
	assert_string_equal(done.out, "0 tasks imported\n");
	free_result(&done);
}
