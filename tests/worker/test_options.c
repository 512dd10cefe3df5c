/* Command line of `polytaskctl work`. */
#include <stdlib.h>
#include <unistd.h>

#include "lib/check.h"
#include "worker/options.h"

#define WORDS_MAX 200
#define URL	  "--url=https://tasks.example.com"

/* Words separated by spaces; "_" is the empty word. */
static bool parse(struct worker_options *options, const char *line, struct err *err)
{
	/* The options borrow from the words. */
	static char text[4096], work[] = "work", empty[] = "";
	static char *words[WORDS_MAX];
	int count = 0;

	words[count++] = work;
	snprintf(text, sizeof(text), "%s", line);
	for (char *rest = text, *word; (word = strsep(&rest, " "));)
		words[count++] = strcmp(word, "_") == 0 ? empty : word;
	words[count] = NULL;
	return worker_options_parse(options, count, words, err);
}

static void accept(struct worker_options *options, const char *line)
{
	struct err err = { 0 };

	must(parse(options, line, &err), &err);
}

static void refuse(const char *line, const char *part)
{
	struct worker_options options;
	struct err err = { 0 };

	if (parse(&options, line, &err))
		fail_msg("accepted: %s", line);
	if (!strstr(err.text, part))
		fail_msg("%s: \"%s\" is not in \"%s\"", line, part, err.text);
	worker_options_free(&options);
}

static int set_environment(void **state)
{
	unsetenv("POLYTASK_URL");
	unsetenv("POLYTASK_CACERT");
	setenv("POLYTASK_TOKEN", "secret-token", 1);
	return check_setup(state);
}

#define OPTIONS(function) cmocka_unit_test_setup_teardown(function, set_environment, check_teardown)

static void defaults(void **state)
{
	struct worker_options options;

	(void)state;
	accept(&options, URL "/ -- encode --jobs 5 -- x");
	assert_string_equal(options.url, "https://tasks.example.com");
	assert_string_equal(options.token, "secret-token");
	assert_string_equal(options.command[0], "encode");
	assert_string_equal(options.command[4], "x");
	assert_null(options.command[5]);
	assert_int_equal(options.jobs, 1);
	assert_int_equal(options.lease_seconds, 60);
	assert_int_equal(options.timeout_seconds, 0);
	assert_int_equal(options.grace_seconds, 10);
	assert_null(options.dialects);
	assert_null(options.ca_file);
	assert_true(strlen(options.name) > 1);
	assert_false(options.once || options.report || options.simulate || options.verbose);
	worker_options_free(&options);
}

static void all_options(void **state)
{
	struct worker_options options;

	(void)state;
	accept(&options,
		URL " --dialect idol --dialect native --kind a --jobs 64 --name w --lease 5 "
		    "--timeout 9 --grace 0 --once --report --verbose -- c");
	assert_int_equal(json_array_size(options.dialects), 2);
	assert_string_equal(json_string_value(json_array_get(options.kinds, 0)), "a");
	assert_int_equal(options.jobs, 64);
	assert_string_equal(options.name, "w");
	assert_int_equal(options.lease_seconds, 5);
	assert_int_equal(options.timeout_seconds, 9);
	assert_int_equal(options.grace_seconds, 0);
	assert_true(options.once && options.report && options.verbose);
	worker_options_free(&options);
	accept(&options, URL " --simulate --seconds 0.5 --fail-rate 1");
	assert_true(options.simulate && !options.command);
	assert_true(options.simulate_seconds == 0.5 && options.fail_rate == 1.0);
	worker_options_free(&options);
	accept(&options, "--help");
	assert_true(options.help);
	worker_options_free(&options);
}

static void any_number_of_words(void **state)
{
	struct worker_options options;
	struct buf line = BUF_INIT;

	(void)state;
	buf_puts(&line, URL " --");
	for (int i = 0; i < 150; i++)
		buf_puts(&line, " w");
	buf_putc(&line, '\0');
	accept(&options, line.data);
	assert_non_null(options.command[149]);
	worker_options_free(&options);
	buf_free(&line);
}

static void values_have_ranges(void **state)
{
	(void)state;
	refuse(URL " --jobs 0 -- c", "--jobs");
	refuse(URL " --jobs 65 -- c", "--jobs");
	refuse(URL " --jobs 1x -- c", "--jobs");
	refuse(URL " --lease 0 -- c", "--lease");
	refuse(URL " --lease 86401 -- c", "--lease");
	refuse(URL " --timeout 0 -- c", "--timeout");
	refuse(URL " --grace -1 -- c", "--grace");
	refuse(URL " --name * -- c", "--name");
	refuse(URL " --name _ -- c", "--name");
	refuse(URL " --name \xff -- c", "--name");
	refuse(URL " --kind _ -- c", "--kind");
	refuse(URL " --dialect \xff -- c", "--dialect");
	refuse(URL " --simulate --seconds -1", "--seconds");
	refuse(URL " --simulate --seconds nan", "--seconds");
	refuse(URL " --simulate --fail-rate 1.1", "--fail-rate");
	refuse(URL " --ca /no/such/file -- c", "/no/such/file");
}

static void command_or_simulation(void **state)
{
	(void)state;
	refuse(URL, "the command is missing");
	refuse(URL " --", "the command is missing");
	refuse(URL " c", "after --");
	refuse(URL " --simulate -- c", "runs no command");
	refuse(URL " --simulate --report", "--report");
	refuse(URL " --seconds 1 -- c", "--simulate");
	refuse(URL " --nonsense -- c", "");
	refuse(URL " --url", "");
}

static void plain_http_is_for_this_machine(void **state)
{
	static const char *const local[] = { "http://localhost:8080", "http://127.0.0.1/x/",
		"http://127.1", "http://[::1]:1", "http://LOCALHOST" };
	static const char *const others[] = { "http://example.com", "http://127.example.com",
		"http://127.0.0.1.5", "http://127.256.1", "http://128.0.0.1",
		"http://localhost.example.com", "http://127.0.0.1@example.com", "http://[::2]" };
	struct worker_options options;
	struct err err = { 0 };
	char line[100];

	(void)state;
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
		snprintf(line, sizeof(line), "--url %s -- c", local[i]);
		accept(&options, line);
		worker_options_free(&options);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(line, sizeof(line), "--url %s -- c", others[i]);
		assert_fails(parse(&options, line, &err), &err, ERR_INVALID);
		worker_options_free(&options);
	}
	accept(&options, "--url http://example.com --insecure-http -- c");
	worker_options_free(&options);
}

static void urls_that_are_refused(void **state)
{
	(void)state;
	refuse("-- c", "POLYTASK_URL");
	refuse("--url tasks.example.com -- c", "https://");
	refuse("--url file:///etc/passwd -- c", "https://");
	refuse("--url ftp://localhost -- c", "https://");
	refuse("--url https://u:p@localhost -- c", "no user");
	refuse("--url https://localhost/?a=b -- c", "query");
	refuse("--url https://localhost/#a -- c", "fragment");
	refuse("--url https:// -- c", "https://");
}

static void token_is_one_word(void **state)
{
	struct worker_options options;
	char path[256], line[512];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/token", check_temp_dir());
	snprintf(line, sizeof(line), URL " --token-file %s -- c", path);
	refuse(line, "cannot read");
	file = fopen(path, "w");
	fputs("from-file\r\nsecond line\n", file);
	fclose(file);
	accept(&options, line);
	assert_string_equal(options.token, "from-file");
	worker_options_free(&options);
	file = fopen(path, "w");
	for (int i = 0; i <= WORKER_TOKEN_MAX; i++)
		fputc('x', file);
	fclose(file);
	refuse(line, "the token is empty");
	setenv("POLYTASK_TOKEN", "two words", 1);
	refuse(URL " -- c", "not one word");
	setenv("POLYTASK_TOKEN", "line\nX-Header: 1", 1);
	refuse(URL " -- c", "not one word");
	setenv("POLYTASK_TOKEN", "", 1);
	refuse(URL " -- c", "the token is empty");
	unsetenv("POLYTASK_TOKEN");
	refuse(URL " -- c", "the token is missing");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		OPTIONS(defaults),
		OPTIONS(all_options),
		OPTIONS(any_number_of_words),
		OPTIONS(values_have_ranges),
		OPTIONS(command_or_simulation),
		OPTIONS(plain_http_is_for_this_machine),
		OPTIONS(urls_that_are_refused),
		OPTIONS(token_is_one_word),
	};

	return CHECK_RUN(tests);
}
