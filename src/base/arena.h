#pragma once
/*
 * Memory of one request: everything that decoding allocates comes from here and is given back in
 * one call. Nothing taken from it is freed singly. Zero-initialise, use, arena_reset between
 * requests, arena_free at the end.
 */
#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
};

/* Aligned for any type, not cleared; NULL when there is no memory. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((warn_unused_result));
/* A copy of the bytes followed by a NUL that is not counted; ptr is NULL when there is no memory.
 */
struct str arena_copy(struct arena *arena, struct str s) __attribute__((warn_unused_result));
/* Frees all but one block, which the next request uses again. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);
