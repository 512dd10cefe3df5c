#pragma once
/*
 * Shared by the tests of counts: a store whose tasks are created, claimed, reported on, changed,
 * archived and removed at random (rand()).
 */
#include "claim_fixture.h"

#define LIFE_TASKS 80 /* numbers, from 0; not all of them exist */
#define LIFE_KINDS 4

extern const char *const life_kinds[LIFE_KINDS];
/* Of the task with that number: the index of its kind. */
unsigned life_kind(unsigned number);

/* Makes one change at `now`, or none if the task does not allow it. */
void life_change(struct store *store, int64_t now);
/* The task without its texts; false if it does not exist. */
bool life_read(struct store *store, unsigned number, struct task *task);
