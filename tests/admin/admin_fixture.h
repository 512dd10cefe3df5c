#pragma once
/*
 * Runs administrative commands on a store in memory.
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

/* Fills in command and operand from words separated by single spaces, or ends the test. */
void parse_call(struct admin_call *call, const char *line);
/* framed: errors go to out, as for the control socket. Free the result with free_result. */
struct call_result run_call(const struct admin_call *call, const char *input, bool framed);
struct call_result run_line(const char *line, const char *input);
void free_result(struct call_result *call_result);
/* Runs the line and compares status and output. */
void expect_result(
	const char *line, const char *input, int status, const char *out, const char *err);

/* Whether a command failed while it ran: failed, not found or refused (admin/exit_status.h). */
static inline bool has_failed(int status)
{
	return status == 1 || status == 5 || status == 6;
}
