#pragma once
/*
 * Keys of tasks and of index entries, big-endian, so that memcmp order is list order. Every key
 * begins with the tenant, so that no range of one tenant reaches another's (HACKING, "Index keys"):
 *
 *     tasks:  tenant NUL · id (16)
 *     index:  tenant NUL · dialect (1) · archived (1) · field code (1) · value NUL ·
 *             further members, or the value of a pair's second field, each NUL ·
 *             created (8) · id (16)
 *     ready:  ... field code · kind NUL · priority, the highest first (4) · created (8) · id (16)
 *     kind:   ... field code · kind NUL · created (8) · id (16)
 *     work:   ... field code · state (1) · kind NUL · if running: holder NUL · time (8) · id (16)
 *     due:    NUL · 0 · enum index_due (1) · field code · time (8) · tenant NUL · id (16)
 *
 * The due entries of all tenants are one range, which the store alone reads. The time of a work
 * entry is when the task ended, was started or, if it is pending, may be claimed; 0 without one.
 * Texts contain no NUL: tenants, statuses and JSON texts never do. A value of INDEX_VALUE_MAX bytes
 * or more is cut to INDEX_VALUE_MAX bytes: its beginning and half of its SHA-256 in hex; a tenant
 * likewise with INDEX_TENANT_MAX. Values of fixed size (empty for INDEX_ALL, 8 bytes for
 * INDEX_UPDATED and INDEX_NUMBER) have no NUL behind them. Times before 1970 count as 0. Pure; no
 * function fails for want of memory.
 */
#include "base/err.h"
#include "base/str.h"
#include "task/index.h"

#define INDEX_TENANT_MAX       64
#define INDEX_VALUE_MAX	       120
#define INDEX_KEY_MAX	       512
#define INDEX_KEYS_MAX	       32 /* keys per task */
#define INDEX_SCHEMA_HASH_SIZE 32

struct index_key {
	size_t len;
	uint8_t bytes[INDEX_KEY_MAX];
};

/* The key of a task itself. */
void index_primary_key(struct index_key *key, struct str tenant, const struct id *id);
/* The prefix of all tasks that have the field: up to the field code. */
void index_field_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	const struct index_field *field);
/* The prefix of all tasks of one value, which is normalized here. */
void index_value_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	const struct index_field *field, struct str value);
/* The same for an INDEX_PAIR: both values, in the order of the pair. */
void index_pair_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	const struct index_field *field, struct str first, struct str second);
/* What happens to a task at the time of its entry; in keys, so a number never changes. */
enum index_due {
	DUE_DELAY = 0, /* a delay or a timeout ends */
	DUE_LEASE = 1, /* a lease ends */
	DUE_BULK = 2,  /* a bulk that runs: the time of its creation */
};
/* The prefix of such entries. */
void index_due_prefix(struct index_key *key, enum index_due what);
/* The parts of such an entry; tenant borrows from it. False for another entry. */
bool index_parse_due(struct str entry, int64_t *time, struct str *tenant, struct id *id);
/* The prefix of the INDEX_WORK entries of one state. Their kinds follow: index_put_text(). */
void index_work_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	enum task_state state);
/* Appends a text, cut as a value, and the NUL. */
void index_put_text(struct index_key *key, struct str text);
/* Appends a time (8 bytes). */
void index_put_time(struct index_key *key, int64_t ms);
/* Reverses index_put_time(). */
int64_t index_read_time(const char bytes[8]);
/* Replaces a prefix by the smallest key behind all keys that begin with it; false without one. */
bool index_prefix_end(struct index_key *key);
/* The key of a task for one field, indexed or not; false when the task does not have the field. */
bool index_field_key(
	struct index_key *key, const struct task *task, const struct index_field *field);
/* All keys of a task by its dialect's table; returns their number. */
size_t index_all_keys(struct index_key keys[INDEX_KEYS_MAX], const struct task *task,
	const struct index_table *tables);
/* The fields of a dialect, which end with INDEX_END, or NULL. */
const struct index_field *index_fields(const struct index_table *tables, uint8_t dialect);
/* The row of a dialect's table with that code, or NULL. */
const struct index_field *index_field_by_code(
	const struct index_table *tables, uint8_t dialect, uint8_t code);
/*
 * A hash of the tables and of the form of the entries: an index made with another hash must be
 * rebuilt. It does not cover the code of normalize: a change there needs a new field code.
 * ERR_INTERNAL for tables that would produce a key twice or more than INDEX_KEYS_MAX keys.
 */
bool index_schema_hash(
	const struct index_table *tables, uint8_t hash[INDEX_SCHEMA_HASH_SIZE], struct err *err);
