#pragma once
/* Shared by the tests of cascades: tasks that refer to others by the other's name, "t1", "t2"... */
#include "operation_fixture.h"

/* The operation on task `id` with its dependents; value: its name. steps: of a piece. */
struct op cascade_op(enum op_kind kind, unsigned id, const char *value, unsigned steps);
/* Creates a task that refers to another one; parent 0: to none. */
void cascade_create(struct store *store, unsigned number, unsigned parent);
/* Task 1 and a tree below it: task n refers to task (n - 2) / width + 1. */
void cascade_create_tree(struct store *store, unsigned count, unsigned width);
bool cascade_exists(struct store *store, unsigned number, bool *archived);
/* No task of the tree is left below one that is gone, or current below an archived one. */
void cascade_expect_no_orphan(struct store *store, unsigned count, unsigned width);
/* One more piece, or all that are left. */
void cascade_go_on_once(struct result *result, unsigned steps);
void cascade_finish(struct result *result, unsigned steps);
/* Makes a task refer to another one. */
void cascade_move(struct store *store, unsigned number, const char *parent);
