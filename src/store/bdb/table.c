#include <errno.h>
#include <stdlib.h>

#include "store/internal.h"

#define PAGE_SIZE 4096
/* (page - 32) / (key + record + 8) for records of 500 bytes: an unsized hash deadlocks on its
 * splits. */
#define HASH_FILL ((PAGE_SIZE - 32) / (16 + 500 + 8))
#define FILE_MODE 0600

static const char *const table_files[TABLE_COUNT] = {
	[STORE_USERS] = "users.db",
	[STORE_TOKENS] = "tokens.db",
	[STORE_SIGNING_KEYS] = "keys.db",
	[TABLE_META] = "meta.db",
	[TABLE_IDEMPOTENCY] = "once.db",
};
static const char tasks_file[] = "tasks.db";
static const char index_file[] = "index.db";

/* What is opened has a file of its own, or, in memory, only a name. */
static int open_db(struct store *store, DB *db, const char *name, DBTYPE type, bool create)
{
	uint32_t flags = DB_AUTO_COMMIT | (create ? DB_CREATE : 0);

	if (store->ephemeral)
		return db->open(db, NULL, NULL, name, type, flags, FILE_MODE);
	return db->open(db, NULL, name, NULL, type, flags, FILE_MODE);
}

static int new_db(struct store *store, DB **db)
{
	int rc = db_create(db, store->env, 0);

	if (rc != 0) {
		*db = NULL;
		return rc;
	}
	rc = (*db)->set_pagesize(*db, PAGE_SIZE);
	if (rc == 0 && !store->ephemeral)
		rc = (*db)->set_flags(*db, DB_CHKSUM);
	return rc;
}

static int close_db(DB **db)
{
	int rc = *db ? (*db)->close(*db, DB_NOSYNC) : 0;

	*db = NULL;
	return rc;
}

static int open_tasks(struct store *store, bool create)
{
	uint64_t expected = store->expected_tasks < UINT32_MAX ? store->expected_tasks : UINT32_MAX;
	int rc = new_db(store, &store->tasks);

	if (rc == 0)
		rc = store->tasks->set_h_ffactor(store->tasks, HASH_FILL);
	if (rc == 0)
		rc = store->tasks->set_h_nelem(store->tasks, (uint32_t)expected);
	return rc == 0 ? open_db(store, store->tasks, tasks_file, DB_HASH, create) : rc;
}

int bdb_open_tasks(struct store *store, DB **db)
{
	int rc = new_db(store, db);

	if (rc == 0)
		rc = open_db(store, *db, tasks_file, DB_HASH, false);
	if (rc != 0)
		close_db(db);
	return rc;
}

/*
 * libdb's question for the index entries of a record. Two answers are alive at once (of the old
 * record and of the new), so each has memory of its own, which libdb frees. A record that cannot be
 * read has no entries; verify reports it.
 */
static int make_entries(DB *secondary, const DBT *id, const DBT *record, DBT *result)
{
	const struct store *store = secondary->app_private;
	struct index_key keys[INDEX_KEYS_MAX];
	struct task task;
	size_t count = 0;
	DBT *entries;
	char *bytes;

	(void)id;
	if (record_decode(&task, (struct str){ record->data, record->size }))
		count = index_all_keys(keys, &task, store->indexes);
	if (count == 0)
		return DB_DONOTINDEX;
	entries = calloc(count, sizeof(*entries) + INDEX_KEY_MAX);
	if (!entries)
		return ENOMEM;
	bytes = (char *)(entries + count);
	for (size_t i = 0; i < count; i++, bytes += INDEX_KEY_MAX) {
		memcpy(bytes, keys[i].bytes, keys[i].len);
		entries[i].data = bytes;
		entries[i].size = (uint32_t)keys[i].len;
	}
	result->data = entries;
	result->size = (uint32_t)count;
	result->flags = DB_DBT_MULTIPLE | DB_DBT_APPMALLOC;
	return 0;
}

static int open_index_handle(struct store *store, DB **db, bool create)
{
	int rc = new_db(store, db);

	if (rc == 0)
		rc = (*db)->set_flags(*db, DB_RECNUM);
	if (rc == 0)
		rc = open_db(store, *db, index_file, DB_BTREE, create);
	if (rc != 0)
		close_db(db);
	return rc;
}

int bdb_open_index(struct store *store, bool create)
{
	int rc = open_index_handle(store, &store->ranks, false);

	if (rc == ENOENT && create) {
		store->index_is_new = true;
		rc = open_index_handle(store, &store->ranks, true);
	}
	if (rc == 0)
		rc = open_index_handle(store, &store->index, false);
	if (rc != 0)
		return rc;
	store->index->app_private = store;
	return store->tasks->associate(
		store->tasks, NULL, store->index, make_entries, DB_AUTO_COMMIT);
}

void bdb_close_index(struct store *store)
{
	close_db(&store->ranks);
	close_db(&store->index);
}

int bdb_drop_index(struct store *store)
{
	if (store->ephemeral)
		return store->env->dbremove(store->env, NULL, NULL, index_file, DB_AUTO_COMMIT);
	return store->env->dbremove(store->env, NULL, index_file, NULL, DB_AUTO_COMMIT);
}

int bdb_open_all(struct store *store, bool create)
{
	int rc = open_tasks(store, create);

	for (int i = 0; rc == 0 && i < TABLE_COUNT; i++) {
		rc = new_db(store, &store->tables[i]);
		if (rc == 0)
			rc = open_db(store, store->tables[i], table_files[i],
				i == TABLE_IDEMPOTENCY ? DB_BTREE : DB_HASH, create);
	}
	return rc == 0 ? bdb_open_index(store, create) : rc;
}

void bdb_close_all(struct store *store)
{
	bdb_close_index(store);
	for (int i = 0; i < TABLE_COUNT; i++)
		close_db(&store->tables[i]);
	close_db(&store->tasks);
}

int bdb_get(DB *db, DB_TXN *txn, struct str key, struct buf *out, uint32_t flags)
{
	size_t room = 1024;

	for (;;) {
		DBT id = bdb_in(key), value;
		int rc;

		if (!buf_reserve(out, room))
			return ENOMEM;
		value = bdb_out(out->data + out->len, out->capacity - out->len, 0);
		rc = db->get(db, txn, &id, &value, flags);
		if (rc == 0)
			out->len += value.size;
		if (rc != DB_BUFFER_SMALL)
			return rc;
		room = value.size;
	}
}

int bdb_put(DB *db, DB_TXN *txn, struct str key, struct str value, uint32_t flags)
{
	DBT id = bdb_in(key), data = bdb_in(value);

	return db->put(db, txn, &id, &data, flags);
}
