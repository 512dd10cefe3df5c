#pragma once
/*
 * The keys of the store, big-endian, so that memcmp order is list order. Every one begins with its
 * tenant, so that nothing one tenant does meets what is another's (DESIGN §7):
 *
 *     tasks:  tenant NUL · id (16)
 *     index:  tenant NUL · dialect (1) · archived (1) · field code (1) · value NUL ·
 *             further members, or the value of a pair's second field, each NUL ·
 *             created (8) · id (16)
 *
 * Texts hold no NUL (tenants, words and JSON texts never do). A value of INDEX_VALUE_MAX bytes or
 * more keeps its head and ends in half of its SHA-256 in hex, INDEX_VALUE_MAX bytes in all; a
 * tenant likewise with INDEX_TENANT_MAX. Fixed-size values (none for INDEX_ALL, 8 bytes for
 * INDEX_UPDATED and INDEX_NUMBER) stand without the NUL. Times before 1970 count as 0. Pure and
 * total: libdb calls it from inside a write.
 */
#include "base/err.h"
#include "base/str.h"
#include "task/index.h"

#define INDEX_TENANT_MAX       64
#define INDEX_VALUE_MAX	       120
#define INDEX_ORDER_BY_MAX     2 /* further members of a field */
#define INDEX_KEY_MAX	       512
#define INDEX_KEYS_MAX	       32 /* keys a task, over all its fields */
#define INDEX_SCHEMA_HASH_SIZE 32

struct index_key {
	size_t len;
	uint8_t bytes[INDEX_KEY_MAX];
};

/* The key of a task itself. */
void index_primary_key(struct index_key *key, struct str tenant, const struct id *id);
/* Everything up to the field code: what all tasks that have the field begin with. */
void index_field_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	const struct index_field *field);
/* The same and the value, folded here: what all tasks of one value begin with. */
void index_value_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	const struct index_field *field, struct str value);
/* The same of an INDEX_PAIR: both values, in the pair's order. */
void index_pair_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	const struct index_field *field, struct str first, struct str second);
/* Appends a time as it stands in keys. */
void index_put_time(struct index_key *key, int64_t ms);
/* The smallest key greater than all that begin with the prefix; false when there is none. */
bool index_prefix_end(struct index_key *key);
/* The key of a task in one field of its dialect's table, indexed or not; false when it has none. */
bool index_field_key(
	struct index_key *key, const struct task *task, const struct index_field *field);
/* All keys of a task by its dialect's table; returns how many. */
size_t index_all_keys(struct index_key keys[INDEX_KEYS_MAX], const struct task *task,
	const struct index_table *tables);
/* The row of a dialect's table with that code, NULL when there is none. */
const struct index_field *index_field_by_code(
	const struct index_table *tables, uint8_t dialect, uint8_t code);
/*
 * A sum of the tables and of the form of the keys: an index made with another sum must be built
 * anew. It cannot see inside fold: who changes what folds to what gives the field a new code.
 * Refuses tables that would give one key twice or more than INDEX_KEYS_MAX keys.
 */
bool index_schema_hash(
	const struct index_table *tables, uint8_t sum[INDEX_SCHEMA_HASH_SIZE], struct err *err);
