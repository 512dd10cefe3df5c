#include "memory_engine.h"

#include <stdio.h>
#include <stdlib.h>

#include "treap.h"

/* A row as it was before the transaction changed it. */
struct undo {
	int table;
	struct str key, value; /* owned */
	bool existed;
};

/* The tables, and the scopes of a shared engine. */
#define TABLE_SCOPES SHARED_ENGINE_TABLES
#define TABLES	     (SHARED_ENGINE_TABLES + 1)

struct memory {
	struct engine engine;
	struct treap tables[TABLES];
	bool in_write;
	struct undo *undos;
	size_t undo_count, undo_capacity;
};

static struct memory *memory_of(struct engine *engine)
{
	return (struct memory *)engine;
}

/* ---- transactions ---- */

static void note_undo(struct memory *memory, int table, struct str key)
{
	struct undo *undo;
	struct str value = STR_NULL;
	bool existed = treap_get(&memory->tables[table], key, &value);

	if (!memory->in_write)
		return;
	if (memory->undo_count == memory->undo_capacity) {
		memory->undo_capacity = 2 * memory->undo_capacity + 64;
		memory->undos = reallocarray(
			memory->undos, memory->undo_capacity, sizeof(*memory->undos));
		if (!memory->undos)
			abort();
	}
	undo = &memory->undos[memory->undo_count++];
	*undo = (struct undo){ table, treap_copy(key), treap_copy(value), existed };
}

static void forget_undos(struct memory *memory, size_t first)
{
	for (size_t i = first; i < memory->undo_count; i++) {
		treap_free_str(memory->undos[i].key);
		treap_free_str(memory->undos[i].value);
	}
	memory->undo_count = first;
	memory->in_write = false;
}

void memory_undo(struct engine *engine, size_t first)
{
	struct memory *memory = memory_of(engine);

	for (size_t i = memory->undo_count; i > first; i--) {
		const struct undo *undo = &memory->undos[i - 1];

		if (undo->existed)
			treap_put(&memory->tables[undo->table], undo->key, undo->value);
		else
			treap_delete(&memory->tables[undo->table], undo->key);
	}
	forget_undos(memory, first);
}

static enum engine_status begin(struct engine *engine, enum engine_access access)
{
	memory_of(engine)->in_write = access == ENGINE_WRITE;
	return ENGINE_OK;
}

static enum engine_status commit(struct engine *engine)
{
	forget_undos(memory_of(engine), 0);
	return ENGINE_OK;
}

static enum engine_status abort_all(struct engine *engine)
{
	memory_undo(engine, 0);
	return ENGINE_OK;
}

enum engine_status memory_end(struct engine *engine)
{
	memory_of(engine)->in_write = false;
	return ENGINE_OK;
}

size_t memory_undo_count(const struct engine *engine)
{
	return ((const struct memory *)engine)->undo_count;
}

static enum engine_status flush(struct engine *engine)
{
	(void)engine;
	return ENGINE_OK;
}

/* ---- rows ---- */

static enum engine_status get(struct engine *engine, enum engine_table table, struct str key,
	bool for_update, struct buf *out)
{
	struct str value;

	(void)for_update;
	if (!treap_get(&memory_of(engine)->tables[table], key, &value))
		return ENGINE_NOT_FOUND;
	buf_put_str(out, value);
	return buf_ok(out) ? ENGINE_OK : ENGINE_NO_MEMORY;
}

static enum engine_status put(struct engine *engine, enum engine_table table, struct str key,
	struct str value, enum engine_put how)
{
	struct memory *memory = memory_of(engine);
	struct str old;

	if (how != ENGINE_REPLACE && treap_get(&memory->tables[table], key, &old))
		return ENGINE_EXISTS;
	note_undo(memory, table, key);
	treap_put(&memory->tables[table], key, value);
	return ENGINE_OK;
}

static enum engine_status del(struct engine *engine, enum engine_table table, struct str key)
{
	struct memory *memory = memory_of(engine);
	struct str old;

	if (!treap_get(&memory->tables[table], key, &old))
		return ENGINE_NOT_FOUND;
	note_undo(memory, table, key);
	treap_delete(&memory->tables[table], key);
	return ENGINE_OK;
}

/* Rows lie nowhere: every serial number has room. */
static enum engine_status room(
	struct engine *engine, enum engine_table table, uint32_t serial, struct engine_room *left)
{
	(void)engine, (void)table;
	*left = (struct engine_room){ .bytes = 4096, .empty = 4096, .grow = serial };
	return ENGINE_OK;
}

/* ---- scopes ---- */

bool memory_get_scope(struct engine *engine, struct str scope, struct str *value)
{
	return treap_get(&memory_of(engine)->tables[TABLE_SCOPES], scope, value);
}

void memory_put_scope(struct engine *engine, struct str scope, struct str value)
{
	struct memory *memory = memory_of(engine);

	note_undo(memory, TABLE_SCOPES, scope);
	treap_put(&memory->tables[TABLE_SCOPES], scope, value);
}

/* ---- ranges ---- */

/* The range as numbers of rows. */
struct span {
	size_t first, end;
};

static struct span span_of(const struct treap *treap, const struct engine_range *range)
{
	struct span span = {
		.first = treap_rank(treap, range->from),
		.end = range->to.ptr ? treap_rank(treap, range->to) : treap_size(treap),
	};

	if (span.end < span.first)
		span.end = span.first;
	return span;
}

static enum engine_status append(struct engine_batch *batch, struct str key)
{
	if (!buf_reserve(&batch->bytes, key.len))
		return ENGINE_NO_MEMORY;
	memcpy(batch->bytes.data + batch->bytes.len, key.ptr, key.len);
	return engine_batch_accept(batch, key.len) ? ENGINE_OK : ENGINE_NO_MEMORY;
}

static enum engine_status scan(struct engine *engine, enum engine_table table,
	const struct engine_range *range, bool reverse, size_t limit, struct engine_batch *batch)
{
	const struct treap *treap = &memory_of(engine)->tables[table];
	struct span span = span_of(treap, range);
	enum engine_status status = ENGINE_OK;

	for (size_t i = 0; status == ENGINE_OK && i < limit && i < span.end - span.first; i++)
		status = append(
			batch, treap_at(treap, reverse ? span.end - 1 - i : span.first + i).key);
	return status;
}

static enum engine_status count(
	struct engine *engine, enum engine_table table, struct engine_range *range, uint64_t *keys)
{
	struct span span = span_of(&memory_of(engine)->tables[table], range);

	*keys = span.end - span.first;
	return ENGINE_OK;
}

static enum engine_status count_parts(struct engine *engine, enum engine_table table,
	struct engine_range *range, const struct str *ends, size_t parts, uint64_t *counts)
{
	for (size_t i = 0; i < parts; i++) {
		struct engine_range part = { .from = i > 0 ? ends[i - 1] : range->from,
			.to = ends[i] };

		count(engine, table, &part, &counts[i]);
	}
	return ENGINE_OK;
}

static enum engine_status nth(struct engine *engine, enum engine_table table,
	const struct engine_range *range, uint64_t n, struct engine_batch *batch)
{
	const struct treap *treap = &memory_of(engine)->tables[table];
	struct span span = span_of(treap, range);

	if (n >= span.end - span.first)
		return ENGINE_NOT_FOUND;
	return append(batch, treap_at(treap, span.first + (size_t)n).key);
}

/* In one part. */
static enum engine_status each_key(struct engine *engine, enum engine_table table,
	struct engine_place *place, engine_take_key *take, void *data)
{
	const struct treap *treap = &memory_of(engine)->tables[table];

	for (size_t i = 0; i < treap_size(treap); i++)
		take(treap_at(treap, i).key, data);
	place->end = true;
	return ENGINE_OK;
}

static enum engine_status each(struct engine *engine, enum engine_table table, bool keys_only,
	engine_take *take, void *data)
{
	const struct treap *treap = &memory_of(engine)->tables[table];
	bool more = true;

	for (size_t i = 0; more && i < treap_size(treap); i++) {
		struct treap_row row = treap_at(treap, i);

		more = take(row.key, keys_only ? STR("") : row.value, data);
	}
	return ENGINE_OK;
}

/* ---- the engine ---- */

static enum engine_status clear(struct engine *engine, enum engine_table table)
{
	treap_clear(&memory_of(engine)->tables[table]);
	return ENGINE_OK;
}

static enum engine_status checkpoint(struct engine *engine, bool trim, unsigned *removed)
{
	(void)engine, (void)trim;
	*removed = 0;
	return ENGINE_OK;
}

static void close_all(struct engine *engine)
{
	struct memory *memory = memory_of(engine);

	for (int i = 0; i < TABLES; i++)
		treap_clear(&memory->tables[i]);
	forget_undos(memory, 0);
	free(memory->undos);
	free(memory);
}

static enum engine_status open_memory(struct engine **engine, const struct engine_options *options)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	*engine = memory ? &memory->engine : NULL;
	if (!memory)
		return ENGINE_NO_MEMORY;
	memory->engine.ops = &memory_engine_ops;
	if (options->secret)
		memory->engine.secret = *options->secret;
	else if (!id_secret_new(&memory->engine.secret))
		return ENGINE_FAILED;
	if (options->mode == ENGINE_EPHEMERAL)
		return ENGINE_OK;
	snprintf(memory->engine.message, sizeof(memory->engine.message),
		"the memory engine keeps nothing");
	return ENGINE_FAILED;
}

static enum engine_status position(struct engine *engine, struct store_position *position)
{
	(void)position;
	snprintf(engine->message, sizeof(engine->message), "the memory engine has no files");
	return ENGINE_FAILED;
}

static const struct engine_chore no_chores[] = { { 0 } };

const struct engine_ops memory_engine_ops = {
	.open = open_memory,
	.close = close_all,
	.begin = begin,
	.commit = commit,
	.abort = abort_all,
	.flush = flush,
	.get = get,
	.put = put,
	.del = del,
	.room = room,
	.scan = scan,
	.count = count,
	.count_parts = count_parts,
	.nth = nth,
	.each = each,
	.each_key = each_key,
	.clear = clear,
	.checkpoint = checkpoint,
	.chores = no_chores,
	.position = position,
};
