#pragma once
/* Shared by the tests of operations: tables with a parent, a name and a number, and helpers. */
#include "fixture.h"

enum { CODE_A = 1, CODE_POINT = INDEX_RESOURCE_DIALECTS };
enum { BY_PARENT = INDEX_FIRST_OWN, BY_NAME, BY_NUMBER };

extern const struct index_table operation_tables[];

/* Applies an operation that must succeed; the caller frees the result. */
struct result apply(struct store *store, const struct op *op);
/* The same, without its result. */
void apply_only(struct store *store, const struct op *op);
/* The number of tasks of a dialect (0: of all), archived ones too. */
uint64_t count_all(struct store *store, uint8_t dialect);
/* Creates a task with a name (NULL: none) and a parent, as JSON texts. */
void create_child(struct store *store, unsigned id, const char *name, const char *parent);
/* The last byte of an id: the number of fixture_id() below 256. */
unsigned last_byte(const struct task *task);
