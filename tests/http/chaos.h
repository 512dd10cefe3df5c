#pragma once
/*
 * Failing memory. The test programs here are linked with --wrap=malloc,calloc,realloc, and jansson,
 * which is a shared library, is given the same functions by chaos_begin. A test walks the n-th
 * allocation failing for n = 0, 1, 2, … until nothing fails any more.
 */
#include <stdbool.h>

enum chaos {
	CHAOS_ONE,  /* the n-th allocation fails, those after it do not */
	CHAOS_REST, /* the n-th and every one after it */
};

/* From now on, until chaos_end, the n-th (from 0) allocation fails. */
void chaos_begin(enum chaos kind, unsigned n);
/* Whether an allocation has failed since chaos_begin. */
bool chaos_end(void);
