#include "base/mem.h"

#include <stdlib.h>

#define BLOCK_SIZE ((size_t)16 * 1024)

struct mem_block {
	struct mem_block *next;
	size_t size, used;
	max_align_t bytes[];
};

static struct mem_block *block_new(size_t size)
{
	struct mem_block *block = malloc(sizeof(*block) + size);

	if (block)
		*block = (struct mem_block){ .size = size };
	return block;
}

void *mem_alloc(struct mem *mem, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct mem_block *block = mem->blocks;
	void *at;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + align - 1) / align * align;
	if (!block || block->size - block->used < size) {
		block = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
		if (!block)
			return NULL;
		block->next = mem->blocks;
		mem->blocks = block;
	}
	at = (char *)block->bytes + block->used;
	block->used += size;
	return at;
}

struct str mem_copy(struct mem *mem, struct str s)
{
	char *copy = mem_alloc(mem, s.len + 1);

	if (!copy)
		return STR_NULL;
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return (struct str){ copy, s.len };
}

void mem_reset(struct mem *mem)
{
	struct mem_block *kept = mem->blocks;

	while (kept && kept->next) {
		struct mem_block *next = kept->next;

		free(kept);
		kept = next;
	}
	if (kept && kept->size > BLOCK_SIZE) {
		free(kept);
		kept = NULL;
	}
	if (kept)
		kept->used = 0;
	mem->blocks = kept;
}

void mem_free(struct mem *mem)
{
	mem_reset(mem);
	free(mem->blocks);
	mem->blocks = NULL;
}
