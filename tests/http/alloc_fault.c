#include "http/alloc_fault.h"

#include <jansson.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);

static struct {
	bool on, hit;
	enum alloc_fault kind;
	unsigned left;
} fault;

bool alloc_fault_must_fail(void)
{
	if (!fault.on)
		return false;
	if (fault.left > 0) {
		fault.left--;
		return false;
	}
	if (fault.hit && fault.kind == ALLOC_FAULT_ONCE)
		return false;
	fault.hit = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return alloc_fault_must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return alloc_fault_must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return alloc_fault_must_fail() ? NULL : __real_realloc(at, size);
}

void alloc_fault_begin(enum alloc_fault kind, unsigned n)
{
	json_set_alloc_funcs(__wrap_malloc, free);
	fault.on = true;
	fault.hit = false;
	fault.kind = kind;
	fault.left = n;
}

bool alloc_fault_end(void)
{
	fault.on = false;
	return fault.hit;
}
