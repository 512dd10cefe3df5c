#pragma once
/* Claims: ready tasks are given to a worker. Private to the store. */
#include "store/internal.h"

/* Finds the index entry of a task that may be claimed, in a read without locks. */
bool claim_find(struct store *store, const struct op *op, struct index_key *entry, bool *found,
	struct err *err);
/* Hints that the claim will read the task whose entry claim_find() has found. */
void claim_expect_first(struct store *store, const struct op *op, const struct index_key *first);
/*
 * Claims tasks as op->claim says, within a WRITE transaction; empties the result's claims first.
 * before: the task that op->claim.as_before refers to; first: what claim_find() has found, which
 * another process may have claimed since. Either may be NULL.
 */
int claim_tasks(struct store *store, const struct op *op, const struct task *before,
	const struct index_key *first, struct result *result, struct err *err);
/* After the commit: decodes the records. */
bool claim_decode(const struct op *op, struct result *result, struct err *err);
