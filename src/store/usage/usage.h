#pragma once
/*
 * Internal to the store: the tasks of each tenant and the bytes of their records, in a table with
 * one row per tenant. Every transaction that writes tasks adds its changes to the rows before it
 * commits, so the counts are exact. The table is not the meta table, because a transaction that
 * assigns a number locks a row of that one first, and this row last.
 */
#include "store/internal.h"

static inline struct str usage_tenant(const struct usage_row *row)
{
	return (struct str){ row->tenant, row->tenant_len };
}

/* Reads all rows of the table to a list, with tasks and bytes 0. */
bool usage_read_rows(struct store *store, struct usage_list *list, struct err *err);
/*
 * Compares tasks and bytes of a list from usage_read_rows, to which the tasks read since then were
 * added, with the rows. Rows changed in between are counted in *changed, the others with a
 * difference in *wrong and, with correct, rewritten.
 */
bool usage_compare(struct store *store, const struct usage_list *list, bool correct,
	uint64_t *wrong, uint64_t *changed, struct err *err);
struct walk;
/* Walks through all tasks and adds them. progress: or NULL. The caller closes the walk. */
bool usage_count_all(struct store *store, struct usage_list *list, struct walk *walk,
	const struct store_progress *progress, struct err *err);
/* Adds the task of a walk. */
bool usage_add_walked(
	struct usage_list *list, const struct index_key *key, struct str record, struct err *err);

/* NULL if the list does not have the tenant. */
struct usage_row *usage_find(const struct usage_list *list, struct str tenant);

bool usage_decode(struct usage_value *value, struct str bytes);
/* Takes the limits from the end of a row's bytes, 16 of them; false for another length. */
bool usage_set_limits(struct usage_value *value, struct str limits);
/* The row of the tenant will be read. */
void usage_expect(struct store *store, struct str tenant);
/* Locks the row until the end of the transaction. A missing row is one of zeros: *exists false. */
int usage_get(struct store *store, struct str tenant, struct usage_value *value, bool *exists);
/* Whether a limit is the tenant's own. */
static inline bool usage_has_limits(const struct usage_value *value)
{
	return value->max_tasks != STORE_QUOTA_DEFAULT || value->max_bytes != STORE_QUOTA_DEFAULT;
}
/* Writes the limits to the meta table, from which a lost row is made again. Before usage_put. */
int usage_put_limits(struct store *store, struct str tenant, const struct usage_value *value);
/* Reads these limits, STORE_QUOTA_DEFAULT without any. */
int usage_get_limits(struct store *store, struct str tenant, struct usage_value *value);
/* A step that makes a list (its data) of the tenants that have limits. */
store_step usage_step_list_limits;
int usage_put(struct store *store, struct str tenant, const struct usage_value *value, bool exists);
