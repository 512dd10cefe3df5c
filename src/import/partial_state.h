#pragma once
/* Internal to partial.c: the file <id>.state. */
#include "import/partial.h"

/*
 * Fills in version, target and total. False, with nothing changed, if there is no state, or that
 * of another URL or of another boot.
 */
bool partial_state_read(struct partial *partial);
bool partial_state_write(const struct partial *partial, struct err *err);
/* A missing one is no error. */
void partial_state_remove(const struct partial *partial);
