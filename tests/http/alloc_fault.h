#pragma once
/*
 * Allocations that fail on purpose. The test programs are linked with --wrap=malloc,calloc,realloc;
 * alloc_fault_begin passes the same functions to jansson, a shared library. A test lets the n-th
 * allocation fail for n = 0, 1, 2, ... until none fails.
 */
#include <stdbool.h>

enum alloc_fault {
	ALLOC_FAULT_ONCE,	   /* only the n-th allocation fails */
	ALLOC_FAULT_FROM_THERE_ON, /* the n-th and all later ones fail */
};

/* Until alloc_fault_end, lets the n-th allocation (from 0) fail. */
void alloc_fault_begin(enum alloc_fault kind, unsigned n);
/* For another allocator that a test wraps: counts an allocation; returns whether it must fail. */
bool alloc_fault_must_fail(void);
/* Whether an allocation has failed since alloc_fault_begin. */
bool alloc_fault_end(void);
