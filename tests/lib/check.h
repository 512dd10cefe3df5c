#pragma once
/*
 * cmocka, and helpers that end the test when something fails that is not what it tests. A test
 * states the log lines it expects (expect_log); any other line at warning or above fails it at its
 * end when the group uses check_setup and check_teardown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"

/* Runs the list as one TAP group with log checking: the last line of main in every test program. */
#define CHECK_RUN(tests) cmocka_run_group_tests(tests, NULL, NULL)
/* One test with the log checked before and after. */
#define CHECK(function) cmocka_unit_test_setup_teardown(function, check_setup, check_teardown)

int check_setup(void **state);
int check_teardown(void **state);

/* The test will see exactly one line of this event at warning or above (once a call). */
void expect_log(const char *event);

/* Ends the test with the error's text when ok is false. */
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

/* The bytes are equal to the text. */
#define assert_str(s, text) check_str((s), (text), __FILE__, __LINE__)
void check_str(struct str s, const char *text, const char *file, int line);

/* A fresh folder of this process, removed at exit; the same at each call. */
const char *check_temp_dir(void);
/* Reads a whole file; NULL when it cannot be read. The caller frees. */
char *check_read_file(const char *path, size_t *size);
