#include "base/arena.h"

#include <stdlib.h>

#define BLOCK_SIZE ((size_t)16 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	max_align_t bytes[];
};

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block = malloc(sizeof(*block) + size);

	if (block)
		*block = (struct arena_block){ .size = size };
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *block = arena->blocks;
	void *at;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + align - 1) / align * align;
	if (!block || block->size - block->used < size) {
		block = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
		if (!block)
			return NULL;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	at = (char *)block->bytes + block->used;
	block->used += size;
	return at;
}

struct str arena_copy(struct arena *arena, struct str s)
{
	char *copy = arena_alloc(arena, s.len + 1);

	if (!copy)
		return STR_NULL;
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return (struct str){ copy, s.len };
}

size_t arena_memory(const struct arena *arena)
{
	size_t bytes = 0;

	for (const struct arena_block *block = arena->blocks; block; block = block->next)
		bytes += sizeof(*block) + block->size;
	return bytes;
}

void arena_reset(struct arena *arena)
{
	struct arena_block *kept = arena->blocks;

	while (kept && kept->next) {
		struct arena_block *next = kept->next;

		free(kept);
		kept = next;
	}
	if (kept && kept->size > BLOCK_SIZE) {
		free(kept);
		kept = NULL;
	}
	if (kept)
		kept->used = 0;
	arena->blocks = kept;
}

void arena_free(struct arena *arena)
{
	arena_reset(arena);
	free(arena->blocks);
	arena->blocks = NULL;
}
