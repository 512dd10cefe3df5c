#include "store/pg/rows.h"

#include <stdlib.h>

/* Beside the bytes of key and value: what a row costs in memory and in a message, about. */
#define ROW_COST 64
/* Slots that are kept for the next round. */
#define SLOTS_KEPT 4096

void pg_rows_init(struct pg_rows *rows)
{
	crypto_shorthash_keygen(rows->hash_key);
}

static void free_value(struct pg_value *value)
{
	if (value->known == PG_VALUE)
		free((void *)(uintptr_t)value->bytes.ptr);
	*value = (struct pg_value){ PG_UNKNOWN, STR_NULL };
}

static void move_value(struct pg_value *to, struct pg_value *from)
{
	free_value(to);
	*to = *from;
	*from = (struct pg_value){ PG_UNKNOWN, STR_NULL };
}

static bool copy_value(struct pg_value *to, enum pg_known known, struct str bytes)
{
	char *copy = NULL;

	if (known == PG_VALUE) {
		copy = malloc(bytes.len + 1);
		if (!copy)
			return false;
		if (bytes.len > 0)
			memcpy(copy, bytes.ptr, bytes.len);
	}
	free_value(to);
	*to = (struct pg_value){ known, { copy, bytes.len } };
	return true;
}

static void free_row(struct pg_row *row)
{
	free_value(&row->server);
	free_value(&row->round);
	free_value(&row->own);
	free_value(&row->undo);
	free(row);
}

/* ---- the hash table ---- */

static uint64_t hash_of(const struct pg_rows *rows, enum engine_table table, struct str key)
{
	uint64_t hash;

	crypto_shorthash((uint8_t *)&hash, (const uint8_t *)(key.len > 0 ? key.ptr : ""), key.len,
		rows->hash_key);
	return hash + (uint64_t)table;
}

static void place(struct pg_row **slots, size_t capacity, struct pg_row *row)
{
	size_t at = row->hash & (capacity - 1);

	while (slots[at])
		at = (at + 1) & (capacity - 1);
	slots[at] = row;
}

/* At most half of the slots are taken. */
static bool grow(struct pg_rows *rows)
{
	size_t capacity = rows->capacity ? 2 * rows->capacity : 256;
	struct pg_row **slots = calloc(capacity, sizeof(struct pg_row *));
	struct pg_row **list = reallocarray(rows->list, capacity / 2, sizeof(struct pg_row *));

	if (list)
		rows->list = list;
	if (!slots || !list) {
		free(slots);
		return false;
	}
	for (size_t i = 0; i < rows->count; i++)
		place(slots, capacity, rows->list[i]);
	free(rows->slots);
	rows->slots = slots;
	rows->capacity = capacity;
	rows->list_capacity = capacity / 2;
	return true;
}

struct pg_row *pg_rows_find(const struct pg_rows *rows, enum engine_table table, struct str key)
{
	uint64_t hash;

	if (rows->count == 0)
		return NULL;
	hash = hash_of(rows, table, key);
	for (size_t at = hash & (rows->capacity - 1); rows->slots[at];
		at = (at + 1) & (rows->capacity - 1)) {
		struct pg_row *row = rows->slots[at];

		if (row->hash == hash && row->table == table && str_eq(row->key, key))
			return row;
	}
	return NULL;
}

struct pg_row *pg_rows_add(struct pg_rows *rows, enum engine_table table, struct str key)
{
	struct pg_row *row = pg_rows_find(rows, table, key);
	char *bytes;

	if (row)
		return row;
	if (rows->count == rows->list_capacity && !grow(rows))
		return NULL;
	row = calloc(1, sizeof(*row) + key.len);
	if (!row)
		return NULL;
	bytes = (char *)(row + 1);
	if (key.len > 0)
		memcpy(bytes, key.ptr, key.len);
	row->key = (struct str){ bytes, key.len };
	row->table = table;
	row->hash = hash_of(rows, table, key);
	place(rows->slots, rows->capacity, row);
	rows->list[rows->count++] = row;
	return row;
}

/* ---- values ---- */

static size_t cost_of(const struct pg_row *row)
{
	return row->own.bytes.len + row->round.bytes.len + row->key.len + ROW_COST;
}

/* Around a change of `round` or `own`. */
static void subtract(struct pg_rows *rows, const struct pg_row *row)
{
	if (!pg_row_is_unsent(row))
		return;
	rows->unsent[row->table]--;
	rows->unsent_bytes -= cost_of(row);
}

static void add(struct pg_rows *rows, const struct pg_row *row)
{
	if (!pg_row_is_unsent(row))
		return;
	rows->unsent[row->table]++;
	rows->unsent_bytes += cost_of(row);
}

static bool touch(struct pg_rows *rows, struct pg_row *row)
{
	if (row->touched)
		return true;
	if (rows->touched_count == rows->touched_capacity) {
		size_t capacity = 2 * rows->touched_capacity + 64;
		struct pg_row **touched = reallocarray(
			rows->touched, capacity, sizeof(struct pg_row *));

		if (!touched)
			return false;
		rows->touched = touched;
		rows->touched_capacity = capacity;
	}
	row->touched = true;
	rows->touched[rows->touched_count++] = row;
	return true;
}

bool pg_row_read(struct pg_row *row, enum pg_known known, struct str bytes)
{
	return copy_value(&row->server, known, bytes);
}

bool pg_row_write(struct pg_rows *rows, struct pg_row *row, enum pg_known known, struct str bytes)
{
	bool ok;

	if (!touch(rows, row))
		return false;
	subtract(rows, row);
	ok = copy_value(&row->own, known, bytes);
	add(rows, row);
	return ok;
}

void pg_row_sent(struct pg_rows *rows, struct pg_row *row, bool can_undo)
{
	bool is_own = row->own.known;

	subtract(rows, row);
	if (is_own && can_undo && !row->undo.known)
		move_value(&row->undo, row->round.known ? &row->round : &row->server);
	move_value(&row->server, is_own ? &row->own : &row->round);
	free_value(&row->round);
}

/* ---- the end of transactions ---- */

static void end_touched(struct pg_rows *rows)
{
	for (size_t i = 0; i < rows->touched_count; i++)
		rows->touched[i]->touched = false;
	rows->touched_count = 0;
}

void pg_rows_commit(struct pg_rows *rows)
{
	for (size_t i = 0; i < rows->touched_count; i++) {
		struct pg_row *row = rows->touched[i];

		free_value(&row->undo);
		if (!row->own.known)
			continue;
		subtract(rows, row);
		move_value(&row->round, &row->own);
		add(rows, row);
	}
	end_touched(rows);
}

void pg_rows_abort(struct pg_rows *rows)
{
	for (size_t i = 0; i < rows->touched_count; i++) {
		struct pg_row *row = rows->touched[i];

		subtract(rows, row);
		free_value(&row->own);
		if (row->undo.known)
			move_value(&row->round, &row->undo);
		add(rows, row);
	}
	end_touched(rows);
}

/* Removes the rows that `keep` refuses. */
static void filter(struct pg_rows *rows, bool (*keep)(const struct pg_row *row))
{
	size_t kept = 0;

	if (rows->count == 0)
		return;
	memset(rows->slots, 0, rows->capacity * sizeof(struct pg_row *));
	for (size_t i = 0; i < rows->count; i++) {
		struct pg_row *row = rows->list[i];

		if (keep(row)) {
			rows->list[kept++] = row;
			place(rows->slots, rows->capacity, row);
		} else {
			free_row(row);
		}
	}
	rows->count = kept;
}

static bool is_needed(const struct pg_row *row)
{
	return row->touched || pg_row_is_unsent(row);
}

void pg_rows_forget_reads(struct pg_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		if (!pg_row_is_unsent(rows->list[i]) && !rows->list[i]->touched)
			free_value(&rows->list[i]->server);
	filter(rows, is_needed);
}

/* Without `undo`, what was sent can be read again. */
void pg_rows_trim(struct pg_rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->touched_count; i++) {
		struct pg_row *row = rows->touched[i];

		row->touched = row->own.known || row->undo.known;
		if (row->touched)
			rows->touched[kept++] = row;
		if (row->server.known == PG_VALUE) {
			free_value(&row->server);
			row->server.known = PG_PRESENT;
		}
	}
	rows->touched_count = kept;
	filter(rows, is_needed);
}

static bool keep_none(const struct pg_row *row)
{
	(void)row;
	return false;
}

void pg_rows_forget(struct pg_rows *rows)
{
	rows->touched_count = 0;
	filter(rows, keep_none);
	memset(rows->unsent, 0, sizeof(rows->unsent));
	rows->unsent_bytes = 0;
	if (rows->capacity > SLOTS_KEPT) {
		free(rows->slots);
		rows->slots = NULL;
		rows->capacity = rows->list_capacity = 0;
	}
}

void pg_rows_free(struct pg_rows *rows)
{
	pg_rows_forget(rows);
	free(rows->slots);
	free(rows->list);
	free(rows->touched);
}
