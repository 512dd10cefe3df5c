#pragma once
/*
 * Shared by the tests of claims: tasks with a kind and a priority, claims and reports. Helpers end
 * the test on failure. The tasks of fixture.h: tenant "acme", the number as id.
 */
#include "fixture.h"
#include "task/workers.h"

/* Time of claims and reports: later than all creations. */
#define CLAIM_NOW 100000

/* Creates a pending task. kind NULL: none. */
void claim_create(struct store *store, unsigned number, const char *kind, int32_t priority);
/* Any ready tasks, at most max. */
struct op_claim claim_any(unsigned max);
/* The same of these kinds; the array is borrowed. */
struct op_claim claim_kinds(unsigned max, const struct str *kinds, size_t count);
/* The operation; the claim is borrowed. */
struct op claim_op(const struct op_claim *claim);
/* Claims at `now`, and writes the numbers of the tasks ("3 2 1") to text. */
void claim_numbers(
	struct store *store, const struct op_claim *claim, int64_t now, char *text, size_t size);
/* Ends the test unless a claim at CLAIM_NOW gets these numbers in this order. */
void claim_expect(struct store *store, const struct op_claim *claim, const char *numbers);
/* Claims one task; returns its token. */
uint64_t claim_one(struct store *store, unsigned number);
/* The report of a worker at CLAIM_NOW. */
struct op claim_report(enum report_kind kind, unsigned number, uint64_t token);
/* Applies an operation that must succeed, without its result. */
void claim_apply(struct store *store, const struct op *op);
/* Changes the state of a task as a PATCH does. */
void claim_set_state(struct store *store, unsigned number, enum task_state state);
/* Changes all tasks that are due at `now`, as the keeper does; returns how many were. */
unsigned claim_run_due(struct store *store, int64_t now);
/* The task without its texts. */
struct task claim_read(struct store *store, unsigned number);
/* Appends " w1:2" (name and tasks), or " w1" without tasks, and no space if it is the first one. */
size_t claim_put_worker(const struct worker_row *row, bool first, char *text, size_t size);
