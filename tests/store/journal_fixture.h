#pragma once
/* The history of tasks, those of fixture.h. Helpers end the test on failure. */
#include "claim_fixture.h"

/* Reads a page of the history of a task of "acme"; the caller frees the result. */
struct result journal_page(struct store *store, unsigned number, uint64_t before, unsigned limit);
/* Its newest entry without its texts. */
struct journal_entry journal_newest(struct store *store, unsigned number);
/*
 * Ends the test unless the task has these events, the newest first ("changed created"), and its
 * history is cut or not.
 */
void journal_expect(struct store *store, unsigned number, const char *events, bool cut);
/* The same for a task of another tenant. */
void journal_expect_of(
	struct store *store, const char *tenant, unsigned number, const char *events, bool cut);
/* Sets the priority of a task. */
void journal_change(struct store *store, unsigned number, int32_t priority);
/* The number of the next entry. */
uint64_t journal_next(struct store *store);
/* Runs slices of the chore of this name until it has no more work; returns how many. */
unsigned journal_run_chore(struct store *store, const char *name);
