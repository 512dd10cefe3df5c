#pragma once
/*
 * Failing memory. The test programs here are linked with --wrap=malloc,calloc,realloc, and jansson,
 * which is a shared library, is given the same functions by alloc_fault_begin. A test walks the
 * n-th allocation failing for n = 0, 1, 2, … until nothing fails any more.
 */
#include <stdbool.h>

enum alloc_fault {
	ALLOC_FAULT_ONCE,	   /* the n-th allocation fails, those after it do not */
	ALLOC_FAULT_FROM_THERE_ON, /* the n-th and every one after it */
};

/* From now on, until alloc_fault_end, the n-th (from 0) allocation fails. */
void alloc_fault_begin(enum alloc_fault kind, unsigned n);
/* Whether an allocation has failed since alloc_fault_begin. */
bool alloc_fault_end(void);
