#pragma once
/*
 * Arena: memory of one request, freed in one call. Zero-initialise; call arena_reset between
 * requests and arena_free at the end.
 */
#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
};

/* Aligned for any type, not cleared; NULL if memory is exhausted. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((warn_unused_result));
/* Copies the bytes and adds a NUL that len does not count; STR_NULL if memory is exhausted. */
struct str arena_copy(struct arena *arena, struct str s) __attribute__((warn_unused_result));
/* Bytes that are allocated for it. */
size_t arena_memory(const struct arena *arena);
/* Frees all but one block, for the next request. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);
