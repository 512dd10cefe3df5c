#pragma once
/*
 * A sorted map of byte strings with ranks, for the engine in memory: a treap, that is a search tree
 * by key and a heap by random priority. It owns copies of keys and values. Exhausted memory ends
 * the process.
 */
#include "base/str.h"

struct treap_node;

struct treap {
	struct treap_node *root;
	uint64_t random;
};

struct treap_row {
	struct str key, value; /* valid until the row changes */
};

size_t treap_size(const struct treap *treap);
/* Returns false without such a key. */
bool treap_get(const struct treap *treap, struct str key, struct str *value);
/* Inserts or replaces. */
void treap_put(struct treap *treap, struct str key, struct str value);
/* An absent key is allowed. */
void treap_delete(struct treap *treap, struct str key);
/* The number of keys below the key. */
size_t treap_rank(const struct treap *treap, struct str key);
/* Row `number`, from 0; it must exist. */
struct treap_row treap_at(const struct treap *treap, size_t number);
void treap_clear(struct treap *treap);

struct str treap_copy(struct str s);
void treap_free_str(struct str s);
