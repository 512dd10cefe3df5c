#include "chaos.h"

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
	enum chaos kind;
	unsigned left;
} chaos;

static bool fails(void)
{
	if (!chaos.on)
		return false;
	if (chaos.left > 0) {
		chaos.left--;
		return false;
	}
	if (chaos.hit && chaos.kind == CHAOS_ONE)
		return false;
	chaos.hit = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return fails() ? NULL : __real_realloc(at, size);
}

void chaos_begin(enum chaos kind, unsigned n)
{
	json_set_alloc_funcs(__wrap_malloc, free);
	chaos.on = true;
	chaos.hit = false;
	chaos.kind = kind;
	chaos.left = n;
}

bool chaos_end(void)
{
	chaos.on = false;
	return chaos.hit;
}
