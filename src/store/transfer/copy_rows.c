/*
 * The rows of a table are copied in one walk over the source. Each walk has the same order while
 * the source does not change, so a count of rows tells where to go on.
 */
#include "store/transfer/copy_parts.h"

#define SHOW_EVERY 1000

struct copy_limits copy_limits = { .rows = 1000, .bytes = (size_t)1 << 20, .transactions = 64 };

/* ---- a transaction ---- */

struct lengths {
	size_t key, value;
};

static void add_to_batch(struct copy_batch *batch, struct str key, struct str value)
{
	const struct lengths lengths = { key.len, value.len };

	buf_put(&batch->bytes, &lengths, sizeof(lengths));
	buf_put_str(&batch->bytes, key);
	buf_put_str(&batch->bytes, value);
	batch->rows++;
}

static struct str take_row(struct str *rest, struct str *value)
{
	struct lengths lengths;
	struct str key;

	memcpy(&lengths, rest->ptr, sizeof(lengths));
	key = (struct str){ rest->ptr + sizeof(lengths), lengths.key };
	*value = (struct str){ key.ptr + key.len, lengths.value };
	*rest = str_skip(*rest, sizeof(lengths) + lengths.key + lengths.value);
	return key;
}

static int step_write(struct store *store, void *data, struct err *err)
{
	const struct copying *copying = data;
	const struct copy_mark mark = {
		.present = true, .table = copying->table, .rows = copying->seen
	};
	struct str rest = buf_str(&copying->batch.bytes);
	int rc = 0;

	(void)err;
	while (rc == 0 && rest.len > 0) {
		struct str value, key = take_row(&rest, &value);

		rc = store_put(store, copying->table, key, value, ENGINE_REPLACE);
	}
	return rc == 0 ? copy_mark_put(store, &mark) : rc;
}

static bool write_batch(struct copying *copying, struct err *err)
{
	struct copy_batch *batch = &copying->batch;

	if (batch->rows == 0)
		return true;
	if (!buf_ok(&batch->bytes))
		return err_no_memory(err);
	if (!step_call_write(copying->to, STR(""), step_write, copying, err) ||
		!store_flush(copying->to, err))
		return false;
	copying->mark.table = copying->table;
	copying->mark.rows = copying->seen;
	buf_reset(&batch->bytes);
	batch->rows = 0;
	store_show_progress(copying->progress, copying->passed + copying->seen, 0);
	if (++copying->transactions < copy_limits.transactions)
		return true;
	copying->transactions = 0;
	return store_checkpoint(copying->to, true, NULL, err);
}

/* ---- a table ---- */

struct walk_data {
	struct copying *copying;
	struct err *err;
	bool failed;
};

static bool take(struct str key, struct str value, void *data)
{
	struct walk_data *walk = data;
	struct copying *copying = walk->copying;
	struct copy_batch *batch = &copying->batch;

	walk->failed = !journal_floor_note(&copying->floor, copying->table, key, value);
	if (walk->failed)
		return err_no_memory(walk->err);
	if (copy_is_own_row(copying->table, key))
		return true;
	copying->seen++;
	copy_sum_add(&copying->sums[copying->table], key, value);
	if (copying->seen % SHOW_EVERY == 0)
		store_show_progress(copying->progress, copying->passed + copying->seen, 0);
	if (copying->seen <= copying->skip)
		return true;
	add_to_batch(batch, key, value);
	if (batch->rows >= copy_limits.rows || batch->bytes.len >= copy_limits.bytes ||
		!buf_ok(&batch->bytes))
		walk->failed = !write_batch(copying, walk->err);
	return !walk->failed;
}

/* Where the mark is now: a walk that is repeated passes over what it has written. */
static uint64_t rows_before(const struct copying *copying)
{
	if (copying->table < copying->mark.table)
		return UINT64_MAX;
	return copying->table == copying->mark.table ? copying->mark.rows : 0;
}

static int step_walk(struct store *store, void *data, struct err *err)
{
	struct copying *copying = data;
	struct walk_data walk = { .copying = copying, .err = err };
	int rc;

	copying->seen = 0;
	copying->skip = rows_before(copying);
	copying->sums[copying->table] = (struct copy_sum){ 0 };
	buf_reset(&copying->batch.bytes);
	copying->batch.rows = 0;
	rc = (int)store->engine->ops->each(store->engine, copying->table, false, take, &walk);
	return walk.failed ? STEP_FAILED : rc;
}

bool copy_rows(struct copying *copying, struct err *err)
{
	bool ok = true;

	for (int i = 0; ok && i < ENGINE_TABLES; i++) {
		copying->table = (enum engine_table)i;
		ok = step_call(copying->from, ENGINE_READ, step_walk, copying, err) &&
		     write_batch(copying, err);
		copying->passed += copying->seen;
	}
	return ok;
}

void copying_free(struct copying *copying)
{
	struct buf *bytes = &copying->batch.bytes;

	/* They may be secrets. */
	if (bytes->data)
		explicit_bzero(bytes->data, bytes->capacity);
	buf_free(bytes);
	journal_floor_free(&copying->floor);
}
