#include <errno.h>
#include <unistd.h>

#include "store/internal.h"

/*
 * The tables of tasks have no order in which a walk could go on later, and a walk that stayed open
 * would hold a lock while the caller works. So a walk first copies all keys to a temporary file,
 * then reads the tasks one by one. It does not see tasks created meanwhile and leaves out removed
 * ones.
 */
struct copying {
	FILE *keys;
	const enum engine_table *tables;
	size_t count;
	bool failed;
};

static bool copy_key(struct str key, struct str value, void *data)
{
	struct copying *copying = data;
	uint32_t len = (uint32_t)key.len;

	(void)value;
	copying->failed = fwrite(&len, sizeof(len), 1, copying->keys) != 1 ||
			  fwrite(key.ptr, key.len, 1, copying->keys) != 1;
	return !copying->failed;
}

static int step_copy(struct store *store, void *data, struct err *err)
{
	struct copying *copying = data;
	int rc = 0;

	(void)err;
	copying->failed = false;
	rewind(copying->keys);
	for (size_t i = 0; rc == 0 && !copying->failed && i < copying->count; i++)
		rc = (int)store->engine->ops->each(
			store->engine, copying->tables[i], true, copy_key, copying);
	if (rc != 0)
		return rc;
	if (copying->failed || fflush(copying->keys) != 0 ||
		ftruncate(fileno(copying->keys), ftello(copying->keys)) != 0)
		return ENGINE_FULL;
	return 0;
}

static bool open_walk(struct store *store, struct walk *walk, const enum engine_table *tables,
	size_t count, struct err *err)
{
	struct copying copying = { .keys = tmpfile(), .tables = tables, .count = count };

	walk->keys = copying.keys;
	if (!walk->keys)
		return err_set(err, ERR_INTERNAL, NULL, "cannot create a temporary file: %s",
			strerror(errno));
	if (!step_call(store, ENGINE_READ, step_copy, &copying, err)) {
		walk_close(walk);
		return false;
	}
	rewind(walk->keys);
	return true;
}

bool walk_open(struct store *store, struct walk *walk, struct err *err)
{
	static const enum engine_table tables[] = { TABLE_TASKS, TABLE_NAMED_TASKS };

	return open_walk(store, walk, tables, sizeof(tables) / sizeof(tables[0]), err);
}

bool walk_open_old(struct store *store, struct walk *walk, struct err *err)
{
	static const enum engine_table table = TABLE_OLD_TASKS;

	return open_walk(store, walk, &table, 1, err);
}

void walk_close(struct walk *walk)
{
	fclose(walk->keys);
}

bool walk_next(struct walk *walk, struct index_key *key)
{
	uint32_t len;

	if (fread(&len, sizeof(len), 1, walk->keys) != 1 || len > sizeof(key->bytes))
		return false;
	key->len = len;
	return fread(key->bytes, len, 1, walk->keys) == 1;
}

bool walk_ended(const struct walk *walk, struct err *err)
{
	return !ferror(walk->keys) ||
	       err_set(err, ERR_INTERNAL, NULL, "the temporary file cannot be read");
}

struct reading {
	const struct index_key *key;
	struct buf *record;
};

static int step_read(struct store *store, void *data, struct err *err)
{
	const struct reading *reading = data;
	int rc;

	(void)err;
	buf_reset(reading->record);
	rc = store_get(store, row_table_of_key(store, reading->key), key_str(reading->key), false,
		reading->record);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

bool walk_tasks(struct store *store, walk_function *take, void *data, struct err *err)
{
	struct buf record = BUF_INIT;
	struct index_key key;
	struct reading reading = { &key, &record };
	struct walk walk;
	bool ok = true, more = true;

	if (!walk_open(store, &walk, err))
		return false;
	err->code = ERR_NONE;
	while (ok && more && walk_next(&walk, &key)) {
		ok = step_call(store, ENGINE_READ, step_read, &reading, err);
		if (ok && record.len > 0)
			more = take(store, &key, buf_str(&record), data, err);
	}
	ok = ok && err->code == ERR_NONE && walk_ended(&walk, err);
	buf_free(&record);
	walk_close(&walk);
	return ok;
}
