#include "base/arena.h"
#include "lib/check.h"

static void memory_is_aligned(void **state)
{
	struct arena arena = { 0 };
	char *first = arena_alloc(&arena, 1), *second = arena_alloc(&arena, 1);

	(void)state;
	assert_non_null(first);
	assert_non_null(second);
	assert_int_equal((uintptr_t)second % _Alignof(max_align_t), 0);
	assert_true(second - first >= (ptrdiff_t) _Alignof(max_align_t));
	assert_non_null(arena_alloc(&arena, 0));
	arena_free(&arena);
	assert_null(arena.blocks);
}

static void copy_ends_with_nul(void **state)
{
	struct arena arena = { 0 };
	struct str copy = arena_copy(&arena, STR("a\0b"));

	(void)state;
	assert_int_equal(copy.len, 3);
	assert_memory_equal(copy.ptr, "a\0b", 4);
	assert_non_null(arena_copy(&arena, STR_NULL).ptr);
	arena_free(&arena);
}

static void impossible_sizes_fail(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX / 2 + 1));
	arena_free(&arena);
}

/* Writes every byte of every allocation. */
static void allocations_do_not_overlap(void **state)
{
	struct arena arena = { 0 };
	char *parts[100];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 100; i++) {
			parts[i] = arena_alloc(&arena, i * 97);
			assert_non_null(parts[i]);
			memset(parts[i], (int)i, i * 97);
		}
		for (size_t i = 0; i < 100; i++) {
			for (size_t k = 0; k < i * 97; k++)
				assert_int_equal(parts[i][k], (char)i);
		}
		arena_reset(&arena);
		assert_non_null(arena.blocks);
	}
	arena_free(&arena);
}

/* A large request must not keep its memory for the following ones. */
static void reset_frees_large_blocks(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	assert_non_null(arena_alloc(&arena, (size_t)1024 * 1024));
	arena_reset(&arena);
	assert_null(arena.blocks);
	arena_reset(&arena);
	arena_free(&arena);
}

static void memory_is_counted(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	assert_int_equal(arena_memory(&arena), 0);
	assert_non_null(arena_alloc(&arena, 1));
	assert_non_null(arena_alloc(&arena, 100000));
	assert_in_range(arena_memory(&arena), 100001, 200000);
	arena_free(&arena);
	assert_int_equal(arena_memory(&arena), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(memory_is_aligned),
		CHECK(copy_ends_with_nul),
		CHECK(impossible_sizes_fail),
		CHECK(allocations_do_not_overlap),
		CHECK(reset_frees_large_blocks),
		CHECK(memory_is_counted),
	};

	return CHECK_RUN(tests);
}
