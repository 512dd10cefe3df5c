#pragma once
/* Runs the commands on tasks, with options, on the store of admin_fixture.h. */
#include "admin/admin_fixture.h"

struct given {
	enum admin_option option;
	const char *value;
};

/* Options of a call; ends with a NULL value. */
#define GIVEN(...) ((const struct given[]){ __VA_ARGS__, { .value = NULL } })
#define NOTHING	   ((const struct given[]){ { .value = NULL } })

/* Free the result with free_result. */
struct call_result task_call(const char *line, const struct given *given, const char *input);
/* Runs the command, which succeeds, and copies its output without the last line feed. */
void task_output(const char *line, const struct given *given, char *out, size_t size);
/* The command fails with this sentence, and prints nothing else. */
void task_fails(const char *line, const struct given *given, const char *sentence);
/* The command succeeds, and its output is this. */
void task_prints(const char *line, const struct given *given, const char *out);
/* Adds a user of the tenant, so that the store knows it. */
void task_add_tenant(const char *tenant);
