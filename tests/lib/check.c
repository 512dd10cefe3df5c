#include "lib/check.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/time_limit.h"

#define EXPECTED_MAX 64
#define MEMORY	     "/dev/shm"
#define ROOM	     ((size_t)3 << 30) /* bytes: a test takes up to 0.75 GiB */

static char expected[EXPECTED_MAX][64];
static size_t expected_count;
static char allowed[64];
static char unexpected[1024];
static const struct CMUnitTest *running;
static const char *skipped; /* why the running test is skipped; NULL: it is not */
static char temp_dir[64];
static bool use_disk;

static bool is_of_event(struct str line, const char *name)
{
	char event[80];

	snprintf(event, sizeof(event), "\"event\":\"%s\"", name);
	return memmem(line.ptr, line.len, event, strlen(event)) != NULL;
}

static void check_line(enum log_level level, struct str line)
{
	if (level < LOG_WARN || is_of_event(line, allowed))
		return;
	for (size_t i = 0; i < expected_count; i++) {
		if (is_of_event(line, expected[i])) {
			memmove(expected[i], expected[--expected_count], sizeof(expected[i]));
			return;
		}
	}
	if (!unexpected[0])
		snprintf(unexpected, sizeof(unexpected), "%.*s", STR_ARGS(line));
}

/* Replaces the setup of every test; the test itself is its initial state. */
static int begin_test(void **state)
{
	const struct CMUnitTest *test = *state;

	time_limit_begin(test->name);
	running = test;
	skipped = NULL;
	*state = test->initial_state;
	return test->setup_func ? test->setup_func(state) : 0;
}

/* cmocka cannot skip a test in its setup. */
static void run_unless_skipped(void **state)
{
	if (skipped) {
		print_message("# skipped: %s\n", skipped);
		skip();
	}
	running->test_func(state);
}

void check_skip(const char *reason)
{
	skipped = reason;
}

int check_run(const char *group, const struct CMUnitTest *tests, size_t count,
	CMFixtureFunction setup, CMFixtureFunction teardown)
{
	struct CMUnitTest *limited = calloc(count, sizeof(*limited));
	int failed;

	if (!limited)
		return 1;
	for (size_t i = 0; i < count; i++) {
		limited[i] = tests[i];
		limited[i].setup_func = begin_test;
		limited[i].test_func = run_unless_skipped;
		limited[i].initial_state = (void *)(uintptr_t)&tests[i];
	}
	time_limit_begin("setup");
	failed = _cmocka_run_group_tests(group, limited, count, setup, teardown);
	free(limited);
	return failed;
}

int check_setup(void **state)
{
	(void)state;
	expected_count = 0;
	*allowed = '\0';
	unexpected[0] = '\0';
	log_capture(check_line);
	return 0;
}

int check_teardown(void **state)
{
	(void)state;
	log_capture(NULL);
	if (unexpected[0])
		print_error("unexpected log line: %s\n", unexpected);
	if (expected_count)
		print_error("missing log line: %s\n", expected[0]);
	return unexpected[0] || expected_count ? -1 : 0;
}

void expect_log(const char *event)
{
	if (expected_count < EXPECTED_MAX)
		snprintf(expected[expected_count++], sizeof(expected[0]), "%s", event);
}

void allow_log(const char *event)
{
	snprintf(allowed, sizeof(allowed), "%s", event);
}

void check_must(bool ok, const struct err *err, const char *what, const char *file, int line)
{
	if (ok)
		return;
	print_error("%s: %s (%s)\n", what, err_text(err), err_name(err->code));
	_fail(file, line);
}

void check_err(const struct err *err, enum err_code wanted, const char *file, int line)
{
	if (err->code == wanted)
		return;
	print_error("%s instead of %s: %s\n", err_name(err->code), err_name(wanted), err_text(err));
	_fail(file, line);
}

void check_code(enum err_code code, enum err_code wanted, const char *file, int line)
{
	if (code == wanted)
		return;
	print_error("%s instead of %s\n", err_name(code), err_name(wanted));
	_fail(file, line);
}

void check_fails(bool ok, const struct err *err, enum err_code wanted, const char *what,
	const char *file, int line)
{
	if (ok) {
		print_error("%s succeeded instead of %s\n", what, err_name(wanted));
		_fail(file, line);
	}
	check_err(err, wanted, file, line);
}

void check_str(struct str s, const char *text, const char *file, int line)
{
	if (str_eq(s, str_cstr(text)))
		return;
	print_error("\"%.*s\" is not \"%s\"\n", STR_ARGS(s), text);
	_fail(file, line);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at)
{
	(void)info, (void)kind, (void)at;
	return remove(path);
}

static void remove_temp_dir(void)
{
	nftw(temp_dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static bool has_room(const char *path)
{
	struct statvfs info;

	return access(path, W_OK) == 0 && statvfs(path, &info) == 0 &&
	       info.f_bavail >= ROOM / info.f_frsize;
}

void check_use_disk(void)
{
	use_disk = true;
}

const char *check_temp_dir(void)
{
	if (!temp_dir[0]) {
		snprintf(temp_dir, sizeof(temp_dir), "%s/polytask-test.XXXXXX",
			use_disk || !has_room(MEMORY) ? "/tmp" : MEMORY);
		if (!mkdtemp(temp_dir))
			abort();
		atexit(remove_temp_dir);
	}
	return temp_dir;
}

char *check_read_file(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	char *bytes = NULL;
	long len;

	if (!in)
		return NULL;
	if (fseek(in, 0, SEEK_END) == 0 && (len = ftell(in)) >= 0 && fseek(in, 0, SEEK_SET) == 0) {
		bytes = calloc(1, (size_t)len + 1);
		if (bytes && fread(bytes, 1, (size_t)len, in) == (size_t)len)
			*size = (size_t)len;
	}
	fclose(in);
	return bytes;
}

void check_manual_item(const char *name, const char *text)
{
	const char *source = getenv("top_srcdir") ? getenv("top_srcdir") : ".";
	char path[512], item[200], *manual;
	size_t size;

	snprintf(path, sizeof(path), "%s/src/polytaskctl.8", source);
	snprintf(item, sizeof(item), ".It Cm %s\n%s\n", name, text);
	manual = check_read_file(path, &size);
	assert_non_null(manual);
	if (!strstr(manual, item))
		fail_msg("%s lacks: %s", path, item);
	free(manual);
}
