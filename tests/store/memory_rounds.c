#include "memory_rounds.h"

#include <string.h>

struct memory_faults memory_faults;
struct memory_reads memory_reads;

/* Old values before the transaction; they are of the round. */
static size_t undo_first;

/* Undoes all since the last flush; what follows is refused until the next one. */
static enum engine_status lose_round(struct engine *engine)
{
	memory_undo(engine, 0);
	undo_first = 0;
	engine->round_lost = true;
	return ENGINE_RETRY;
}

static enum engine_status begin(struct engine *engine, enum engine_access access)
{
	if (engine->round_lost)
		return ENGINE_RETRY;
	undo_first = memory_undo_count(engine);
	if (access == ENGINE_WRITE)
		engine->round_open = true;
	if (access == ENGINE_WRITE && memory_faults.lost_at > 0 && --memory_faults.lost_at == 0)
		return lose_round(engine);
	return memory_engine_ops.begin(engine, access);
}

static enum engine_status undo_transaction(struct engine *engine)
{
	memory_undo(engine, undo_first);
	return ENGINE_OK;
}

/* ---- the flush ---- */

static enum engine_status flush_status(const struct engine *engine)
{
	if (engine->round_lost)
		return ENGINE_RETRY;
	if (memory_faults.flushes == 0)
		return ENGINE_OK;
	memory_faults.flushes--;
	return memory_faults.flush;
}

static enum engine_status flush(struct engine *engine)
{
	enum engine_status status;

	if (!engine->round_open)
		return ENGINE_OK;
	status = flush_status(engine);
	if (status == ENGINE_OK || (status == ENGINE_UNKNOWN && memory_faults.unknown_is_made))
		memory_engine_ops.commit(engine);
	else
		memory_undo(engine, 0);
	memory_faults.flushed++;
	memory_faults.failed += status != ENGINE_OK;
	engine->round_open = engine->round_lost = false;
	return status;
}

/* ---- scopes ---- */

static enum engine_status read_scope(
	struct engine *engine, struct str scope, struct engine_scope *state)
{
	struct str value;

	*state = (struct engine_scope){ 0 };
	if (memory_get_scope(engine, scope, &value))
		memcpy(state, value.ptr, sizeof(*state));
	return ENGINE_OK;
}

static void write_scope(struct engine *engine, struct str scope, const struct engine_scope *state)
{
	memory_put_scope(engine, scope, (struct str){ (const char *)state, sizeof(*state) });
}

static enum engine_status lock(struct engine *engine, struct str scope)
{
	struct engine_scope state;

	if (memory_faults.busy_at > 0 && --memory_faults.busy_at == 0)
		return ENGINE_BUSY;
	read_scope(engine, scope, &state);
	state.version++;
	write_scope(engine, scope, &state);
	return ENGINE_OK;
}

static enum engine_status take_numbers(
	struct engine *engine, struct str scope, uint64_t wanted, uint64_t *first)
{
	struct engine_scope state;

	read_scope(engine, scope, &state);
	*first = state.number + 1;
	state.number += wanted;
	write_scope(engine, scope, &state);
	return ENGINE_OK;
}

/* ---- rows that are read ahead ---- */

static void prefetch(struct engine *engine, enum engine_table table, struct str key)
{
	(void)engine, (void)table, (void)key;
	memory_reads.announced++;
}

static enum engine_status get_prefetched(
	struct engine *engine, enum engine_table table, struct str key, struct buf *out)
{
	memory_reads.prefetched++;
	return memory_engine_ops.get(engine, table, key, false, out);
}

/* ---- the engine ---- */

static enum engine_status open_shared(struct engine **engine, const struct engine_options *options)
{
	enum engine_status status = memory_engine_ops.open(engine, options);

	if (*engine)
		(*engine)->ops = memory_shared_engine();
	return status;
}

const struct engine_ops *memory_shared_engine(void)
{
	static struct engine_ops ops;

	ops = memory_engine_ops;
	ops.open = open_shared;
	ops.shared = true;
	ops.begin = begin;
	ops.commit = memory_end;
	ops.abort = undo_transaction;
	ops.flush = flush;
	ops.room = NULL;
	ops.lock = lock;
	ops.take_numbers = take_numbers;
	ops.read_scope = read_scope;
	ops.prefetch = prefetch;
	ops.get_prefetched = get_prefetched;
	return &ops;
}
