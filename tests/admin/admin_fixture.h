#pragma once
/*
 * Verbs carried out on a store in memory.
 */
#include "admin/command.h"
#include "lib/check.h"
#include "store/store.h"

struct call_result {
	int status;
	char *out, *err;
};

extern struct store *store;
extern struct conf conf;

int open_store(void **state);
int close_store(void **state);
#define WITH_STORE(function) cmocka_unit_test_setup_teardown(function, open_store, close_store)

/* Fills in verb and operand from a line of words with one space between them. */
void parse_call(struct admin_call *call, const char *line);
/* The caller frees with forget. */
struct call_result run_call(const struct admin_call *call, const char *input, bool framed);
struct call_result run_line(const char *line, const char *input);
void free_result(struct call_result *call_result);
/* Runs it, and compares all that comes of it. */
void expect_result(
	const char *line, const char *input, int status, const char *out, const char *err);
