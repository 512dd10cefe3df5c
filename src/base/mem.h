#pragma once
/*
 * Memory of one request: everything that decoding allocates comes from here and is given back in
 * one call. Nothing taken from it is freed singly. Zero-initialise, use, mem_reset between
 * requests, mem_free at the end.
 */
#include "base/str.h"

struct mem_block;

struct mem {
	struct mem_block *blocks;
};

/* Aligned for any type, not cleared; NULL when there is no memory. */
void *mem_alloc(struct mem *mem, size_t size) __attribute__((warn_unused_result));
/* A copy of the bytes followed by a NUL that is not counted; ptr is NULL when there is no memory.
 */
struct str mem_copy(struct mem *mem, struct str s) __attribute__((warn_unused_result));
/* Frees all but one block, which the next request uses again. */
void mem_reset(struct mem *mem);
void mem_free(struct mem *mem);
