#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "store/internal.h"

/*
 * A hash has no order in which a walk could go on later, a cursor that stays open holds a lock
 * while the caller works, and a lookup in the index under that lock can wait for ever for a writer
 * that waits for it. So a walk first notes all keys in a file of its own, then reads them one by
 * one without a lock. What is made meanwhile is not seen, what is removed is left out.
 */
static int note_keys(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	FILE *keys = data;
	struct index_key key;
	DBC *cursor;
	int rc = store->tasks->cursor(store->tasks, txn, &cursor, 0), closed;

	(void)err;
	if (rc != 0)
		return rc;
	rewind(keys);
	while (rc == 0) {
		DBT at = bdb_out(key.bytes, sizeof(key.bytes), 0), value = bdb_nothing();
		uint32_t len;

		rc = cursor->get(cursor, &at, &value, DB_NEXT);
		len = at.size;
		if (rc == 0 && (fwrite(&len, sizeof(len), 1, keys) != 1 ||
				       fwrite(key.bytes, len, 1, keys) != 1))
			rc = ENOSPC;
	}
	closed = cursor->close(cursor);
	if (rc == DB_NOTFOUND && (fflush(keys) != 0 || ftruncate(fileno(keys), ftello(keys)) != 0))
		return ENOSPC;
	return rc == DB_NOTFOUND ? closed : rc;
}

struct reading {
	const struct index_key *key;
	struct buf *record;
};

static int step_read(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct reading *reading = data;
	int rc;

	(void)err;
	buf_reset(reading->record);
	rc = bdb_get(store->tasks, txn, key_str(reading->key), reading->record, 0);
	return rc == DB_NOTFOUND ? 0 : rc;
}

static bool next_key(FILE *keys, struct index_key *key)
{
	uint32_t len;

	if (fread(&len, sizeof(len), 1, keys) != 1 || len > sizeof(key->bytes))
		return false;
	key->len = len;
	return fread(key->bytes, len, 1, keys) == 1;
}

static bool read_keys(
	struct store *store, FILE *keys, walk_function *take, void *data, struct err *err)
{
	struct buf record = BUF_INIT;
	struct index_key key;
	struct reading reading = { &key, &record };
	bool ok = true, more = true;

	err->code = ERR_NONE;
	rewind(keys);
	while (ok && more && next_key(keys, &key)) {
		store_enter(store);
		ok = step_run(store, STEP_READ, step_read, &reading, err);
		store_leave(store);
		if (ok && record.len > 0)
			more = take(store, &key, buf_str(&record), data, err);
	}
	buf_free(&record);
	if (ok && ferror(keys))
		return err_set(err, ERR_INTERNAL, NULL, "the temporary file cannot be read");
	return ok && err->code == ERR_NONE;
}

bool walk_tasks(struct store *store, walk_function *take, void *data, struct err *err)
{
	FILE *keys = tmpfile();
	bool ok;

	if (!keys)
		return err_set(err, ERR_INTERNAL, NULL, "no temporary file can be made: %s",
			strerror(errno));
	store_enter(store);
	ok = step_run(store, STEP_READ, note_keys, keys, err);
	store_leave(store);
	ok = ok && read_keys(store, keys, take, data, err);
	fclose(keys);
	return ok;
}

/* ---- export ---- */

struct each {
	bool (*take)(const struct task *task, void *data);
	void *data;
};

static bool take_task(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err)
{
	const struct each *each = data;
	struct task task;

	/* What is told is on disk. */
	if (!store_flush(store, err))
		return false;
	if (record_decode(&task, record))
		return each->take(&task, each->data);
	return row_unreadable(key, err);
}

bool store_each_task(struct store *store, bool (*take)(const struct task *task, void *data),
	void *data, struct err *err)
{
	struct each each = { take, data };

	return walk_tasks(store, take_task, &each, err);
}

/* ---- verify ---- */

struct checking {
	struct store_report report;
	uint64_t matched;
	/* the entry that is looked at */
	const struct index_key *key, *task_key;
};

static int step_check(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	struct checking *checking = data;
	struct index_key found;
	DBT key = bdb_in(key_str(checking->key));
	DBT value = bdb_out(found.bytes, sizeof(found.bytes), 0);
	int rc = store->ranks->get(store->ranks, txn, &key, &value, 0);
	bool match;

	(void)err;
	if (rc != 0 && rc != DB_NOTFOUND && rc != DB_BUFFER_SMALL)
		return rc;
	found.len = value.size;
	match = rc == 0 && str_eq(key_str(&found), key_str(checking->task_key));
	checking->matched += match;
	checking->report.missing_entries += !match;
	return 0;
}

static bool is_key_of(const struct index_key *key, const struct task *task)
{
	struct index_key right;

	index_primary_key(&right, task->tenant, &task->id);
	return str_eq(key_str(key), key_str(&right));
}

static bool check_task(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err)
{
	struct index_key keys[INDEX_KEYS_MAX];
	struct checking *checking = data;
	struct task task;
	size_t count = 0;
	bool ok = true;

	checking->report.tasks++;
	if (record_decode(&task, record) && is_key_of(key, &task))
		count = index_all_keys(keys, &task, store->indexes);
	else
		checking->report.unreadable_records++;
	checking->task_key = key;
	store_enter(store);
	for (size_t i = 0; ok && i < count; i++) {
		checking->key = &keys[i];
		ok = step_run(store, STEP_READ, step_check, checking, err);
	}
	store_leave(store);
	return ok;
}

static int step_count(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	struct index_key last = { .len = INDEX_KEY_MAX };
	uint64_t *entries = data, rank;
	int rc;

	(void)txn, (void)err;
	memset(last.bytes, 0xFF, sizeof(last.bytes));
	rc = index_rank(store->ranks, &last, &rank);
	if (rc == 0)
		*entries = rank - 1;
	return rc;
}

bool store_verify(struct store *store, struct store_report *report, struct err *err)
{
	struct checking checking = { 0 };
	uint64_t entries = 0;
	bool ok = walk_tasks(store, check_task, &checking, err);

	if (!ok)
		return false;
	store_enter(store);
	ok = step_run(store, STEP_READ, step_count, &entries, err);
	store_leave(store);
	if (!ok)
		return false;
	checking.report.index_entries = entries;
	checking.report.stray_entries = entries > checking.matched ? entries - checking.matched : 0;
	*report = checking.report;
	return true;
}
