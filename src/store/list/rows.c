#include <stdlib.h>

#include "store/list/list.h"

/* A comparison costs about a sixteenth of a step, which reads a row. */
#define ROWS_PER_STEP 16

/* ---- rows by id ---- */

/* The slot of the id, or the free one for it. Clients choose ids but do not know the seed. */
static uint32_t *find_slot(const struct found_rows *rows, const struct id *id)
{
	size_t i = (size_t)id_hash(id, rows->seed) & (rows->slot_count - 1);

	while (rows->slots[i] != 0 && id_compare(&rows->at[rows->slots[i] - 1].id, id) != 0)
		i = (i + 1) & (rows->slot_count - 1);
	return &rows->slots[i];
}

/* Room for the rows, and a table of twice as many slots. */
static bool grow(struct found_rows *rows, struct err *err)
{
	size_t capacity = rows->capacity ? 2 * rows->capacity : LIST_BATCH_ROWS;
	struct found_row *at = reallocarray(rows->at, capacity, sizeof(*at));
	uint32_t *slots = at ? calloc(2 * capacity, sizeof(*slots)) : NULL;

	if (at)
		rows->at = at;
	if (!slots)
		return err_no_memory(err);
	free(rows->slots);
	rows->slots = slots;
	rows->slot_count = 2 * capacity;
	rows->capacity = capacity;
	for (size_t i = 0; i < rows->count; i++)
		*find_slot(rows, &rows->at[i].id) = (uint32_t)(i + 1);
	return true;
}

bool rows_add(
	struct found_rows *rows, const struct id *id, const struct key_suffix *key, struct err *err)
{
	uint32_t *slot;

	if (rows->count == rows->capacity && !grow(rows, err))
		return false;
	slot = find_slot(rows, id);
	if (*slot != 0)
		return true;
	*slot = (uint32_t)(rows->count + 1);
	rows->at[rows->count++] = (struct found_row){ *id, rows->keys.len, key->len };
	buf_put(&rows->keys, key->bytes, key->len);
	return buf_ok(&rows->keys) || err_no_memory(err);
}

struct str rows_key(const struct found_rows *rows, size_t i)
{
	return (struct str){ rows->keys.data + rows->at[i].key_at, rows->at[i].key_len };
}

void rows_reverse(struct found_rows *rows)
{
	for (size_t i = 0, k = rows->count; i + 1 < k; i++) {
		struct found_row row = rows->at[i];

		rows->at[i] = rows->at[--k];
		rows->at[k] = row;
	}
}

/* ---- the sort ---- */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void begin_pair(struct found_rows *rows)
{
	rows->left = rows->out;
	rows->right = smaller(rows->out + rows->width, rows->count);
}

/* Places the next row of the pair of runs. */
static void place_row(struct found_rows *rows, bool descending)
{
	size_t start = rows->out - rows->out % (2 * rows->width);
	size_t middle = smaller(start + rows->width, rows->count);
	size_t end = smaller(middle + rows->width, rows->count);
	bool take_left = rows->right == end;

	if (!take_left && rows->left < middle) {
		int order = str_compare(rows_key(rows, rows->left), rows_key(rows, rows->right));

		take_left = descending ? order >= 0 : order <= 0;
	}
	rows->merged[rows->out++] = rows->at[take_left ? rows->left++ : rows->right++];
	if (rows->out == end)
		begin_pair(rows);
}

static void merge_some(struct found_rows *rows, bool descending)
{
	for (size_t i = 0; i < ROWS_PER_STEP && rows->out < rows->count; i++)
		place_row(rows, descending);
}

static void end_pass(struct found_rows *rows)
{
	struct found_row *from = rows->at;

	rows->at = rows->merged;
	rows->merged = from;
	rows->width *= 2;
	rows->out = 0;
	begin_pair(rows);
}

bool rows_sort(struct found_rows *rows, bool descending, struct slice *slice, struct err *err)
{
	if (rows->width == 0) {
		rows->merged = calloc(rows->count + 1, sizeof(*rows->merged));
		if (!rows->merged)
			return err_no_memory(err);
		rows->width = 1;
		begin_pair(rows);
	}
	while (!rows->sorted && !slice_is_over(slice)) {
		if (rows->width >= rows->count)
			rows->sorted = true;
		else if (rows->out == rows->count)
			end_pass(rows);
		else
			merge_some(rows, descending);
		slice_spend(slice, 1);
	}
	return true;
}

size_t rows_memory(const struct found_rows *rows)
{
	size_t merged = rows->merged ? rows->count : 0;

	return (rows->capacity + merged) * sizeof(*rows->at) + rows->keys.capacity +
	       rows->slot_count * sizeof(*rows->slots);
}

void rows_free(struct found_rows *rows)
{
	buf_free(&rows->keys);
	free(rows->at);
	free(rows->merged);
	free(rows->slots);
}
