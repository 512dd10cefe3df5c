#pragma once
/*
 * cmocka, and helpers of all tests. Helpers end the test on failure. A test declares the log lines
 * at warning or above that it expects (expect_log); with CHECK, any other such line fails it at its
 * end. Each test has a time limit (time_limit.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"

/* Runs the tests as one TAP group; the last line of main. */
#define CHECK_RUN(tests) CHECK_RUN_BETWEEN(tests, NULL, NULL)
/* The same between a setup and a teardown of the group. */
#define CHECK_RUN_BETWEEN(tests, setup, teardown) \
	check_run(#tests, (tests), sizeof(tests) / sizeof((tests)[0]), (setup), (teardown))
int check_run(const char *group, const struct CMUnitTest *tests, size_t count,
	CMFixtureFunction setup, CMFixtureFunction teardown);
/* A test whose log lines are checked. */
#define CHECK(function) cmocka_unit_test_setup_teardown(function, check_setup, check_teardown)

int check_setup(void **state);
int check_teardown(void **state);

/* For a setup of a test: skips the test for this reason, a text that remains. */
void check_skip(const char *reason);

/* Expects exactly one line of this event at warning or above, per call. */
void expect_log(const char *event);
/* Allows any number of lines of one event until the end of the test. */
void allow_log(const char *event);

/* Ends the test with the error's text if ok is false. */
#define must(ok, err) check_must((ok), (err), #ok, __FILE__, __LINE__)
void check_must(bool ok, const struct err *err, const char *what, const char *file, int line);

/* Ends the test unless the error has this code; prints the names of both codes and the text. */
#define assert_err(err, code) check_err((err), (code), __FILE__, __LINE__)
void check_err(const struct err *err, enum err_code wanted, const char *file, int line);

/* The same for a code without its error. */
#define assert_code(code, expected) check_code((code), (expected), __FILE__, __LINE__)
void check_code(enum err_code code, enum err_code wanted, const char *file, int line);

/* Ends the test unless the call returns false with this code in *err. */
#define assert_fails(call, err, code) check_fails((call), (err), (code), #call, __FILE__, __LINE__)
void check_fails(bool ok, const struct err *err, enum err_code wanted, const char *what,
	const char *file, int line);

/* Ends the test unless the bytes equal the text. */
#define assert_str(s, text) check_str((s), (text), __FILE__, __LINE__)
void check_str(struct str s, const char *text, const char *file, int line);

/*
 * A directory of this process, created at the first call and removed at exit. It is in memory,
 * where a flush takes no time, unless there is little room or check_use_disk() was called before.
 */
const char *check_temp_dir(void);
/* For tests of what other processes do during a flush. */
void check_use_disk(void);
/*
 * Ends the test unless polytaskctl(8), in the source tree, has an item of that name with exactly
 * this text.
 */
void check_manual_item(const char *name, const char *text);
/* Reads a whole file and adds a NUL; NULL if it cannot be read. The caller frees. */
char *check_read_file(const char *path, size_t *size);
