#pragma once
/* A store that has rows of every kind, and its export. */
#include "admin/admin_fixture.h"

/* Runs a command that must succeed. */
void run_ok(const char *line, const char *input);
/* Users, a password, tokens, keys, quotas, numbers, webhooks, tasks and Idempotency-Keys. */
void fill_store(void);
/* The text of export --all; free it. */
char *export_all(void);
/* Compares two exports without their first and last lines. Changes both texts. */
void assert_same_rows(char *a, char *b);
/* Imports a line that must be refused, with its number, and nothing else. */
void expect_refused_line(const char *line);
