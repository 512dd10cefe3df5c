#include "store/tasks/walk.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"

/*
 * The tables of tasks have no order in which a walk could go on later, and rows move when a table
 * grows. So a walk first copies all keys to a temporary file, then reads the tasks one by one. It
 * does not see tasks created meanwhile and leaves out removed ones.
 */
static const enum engine_table tables[] = { TABLE_TASKS, TABLE_NAMED_TASKS, ENGINE_TABLES };
static const enum engine_table old_tables[] = { TABLE_OLD_TASKS, ENGINE_TABLES };

struct copying {
	struct walk *walk;
	int64_t until; /* monotonic us */
	bool failed;
};

#define ROWS_PER_CLOCK 64

static bool put_key(FILE *keys, struct str key)
{
	uint32_t len = (uint32_t)key.len;

	return fwrite(&len, sizeof(len), 1, keys) == 1 && fwrite(key.ptr, key.len, 1, keys) == 1;
}

static bool copy_key(struct str key, void *data)
{
	struct copying *copying = data;
	struct walk *walk = copying->walk;

	copying->failed |= !put_key(walk->keys, key);
	walk->count++;
	return !copying->failed &&
	       (walk->count % ROWS_PER_CLOCK != 0 || clock_mono_us() < copying->until);
}

/* Returns after the part of a table that fits, with its place, or when all tables are copied. */
static int step_copy(struct store *store, void *data, struct err *err)
{
	struct copying *copying = data;
	struct walk *walk = copying->walk;
	int rc = 0;

	(void)err;
	while (rc == 0 && *walk->table != ENGINE_TABLES) {
		rc = (int)store->engine->ops->each_key(
			store->engine, *walk->table, &walk->place, copy_key, copying);
		if (rc == 0 && copying->failed)
			rc = ENGINE_FULL;
		if (rc != 0 || !walk->place.end)
			break;
		walk->damaged += walk->place.damaged;
		walk->place = (struct engine_place){ 0 };
		walk->table++;
	}
	return rc;
}

static bool begin(struct walk *walk, const enum engine_table *first, struct err *err)
{
	*walk = (struct walk){ .keys = tmpfile(), .first = first, .table = first };
	return walk->keys || err_set(err, ERR_INTERNAL, NULL, "cannot create a temporary file: %s",
				     strerror(errno));
}

bool walk_begin(struct walk *walk, struct err *err)
{
	return begin(walk, tables, err);
}

static void begin_again(struct walk *walk)
{
	*walk = (struct walk){ .keys = walk->keys, .first = walk->first, .table = walk->first };
	rewind(walk->keys);
}

bool walk_copy(struct store *store, struct walk *walk, int64_t until_us, struct err *err)
{
	struct copying copying = { .walk = walk, .until = until_us };

	if (!step_call(store, ENGINE_READ, step_copy, &copying, err)) {
		if (copying.failed)
			begin_again(walk);
		return false;
	}
	if (*walk->table != ENGINE_TABLES)
		return true;
	if (fflush(walk->keys) != 0 || ftruncate(fileno(walk->keys), ftello(walk->keys)) != 0) {
		begin_again(walk);
		return err_set(err, ERR_DISK_FULL, NULL, NULL);
	}
	rewind(walk->keys);
	walk->copied = true;
	return true;
}

static bool copy_all(struct store *store, struct walk *walk, struct err *err)
{
	bool ok = true;

	while (ok && !walk->copied)
		ok = walk_copy(store, walk, INT64_MAX, err);
	if (!ok)
		walk_close(walk);
	return ok;
}

bool walk_open(struct store *store, struct walk *walk, struct err *err)
{
	return begin(walk, tables, err) && copy_all(store, walk, err);
}

bool walk_open_old(struct store *store, struct walk *walk, struct err *err)
{
	return begin(walk, old_tables, err) && copy_all(store, walk, err);
}

void walk_close(struct walk *walk)
{
	if (walk->keys)
		fclose(walk->keys);
	*walk = (struct walk){ 0 };
}

bool walk_refuse_damaged(const struct walk *walk, const char *what, struct err *err)
{
	if (walk->damaged == 0 && walk->unread == 0)
		return true;
	return err_set(err, ERR_DAMAGED, NULL,
		"tasks on damaged pages cannot be read (polytaskctl verify lists the pages): %s",
		what);
}

bool walk_append(struct walk *walk, struct str key)
{
	return fseeko(walk->keys, 0, SEEK_END) == 0 && put_key(walk->keys, key);
}

bool walk_rewind(struct walk *walk)
{
	bool ok = fflush(walk->keys) == 0;

	rewind(walk->keys);
	return ok;
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

/* A damaged page costs the tasks on it, not the walk. */
static bool read_task(
	struct store *store, struct walk *walk, struct reading *reading, struct err *err)
{
	if (step_call(store, ENGINE_READ, step_read, reading, err))
		return true;
	if (err->code != ERR_DAMAGED)
		return false;
	err->code = ERR_NONE;
	buf_reset(reading->record);
	walk->unread++;
	return true;
}

bool walk_tasks(
	struct store *store, struct walk *walk, walk_function *take, void *data, struct err *err)
{
	struct buf record = BUF_INIT;
	struct index_key key;
	struct reading reading = { &key, &record };
	bool ok = true, more = true;
	uint64_t done = 0;

	err->code = ERR_NONE;
	while (ok && more && walk_next(walk, &key)) {
		store_show_progress(walk->progress, done++, walk->count);
		ok = read_task(store, walk, &reading, err);
		if (ok && record.len > 0)
			more = take(store, &key, buf_str(&record), data, err);
	}
	ok = ok && err->code == ERR_NONE && walk_ended(walk, err);
	buf_free(&record);
	return ok;
}
