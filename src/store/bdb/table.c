#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/bdb/bdb.h"
#include "store/bdb/page.h"

#define FILE_MODE 0600
#define NAME_SIZE 32
/*
 * Microseconds that the opening of a table may wait for its locks. Processes that start at the same
 * time open a table one after the other, and one that cannot join the store causes a recovery.
 */
#define OPEN_WAIT ((db_timeout_t)25000000)

static void file_name(enum engine_table table, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s.db", engine_tables[table].name);
}

/* Each database has a file of its own or, in memory, only a name. */
static int open_file(struct bdb *bdb, DB_TXN *txn, enum engine_table table, bool create)
{
	uint32_t flags = (txn ? 0 : DB_AUTO_COMMIT) | (create ? DB_CREATE : 0);
	DBTYPE type = engine_tables[table].ordered ? DB_BTREE : DB_HASH;
	DB *db = bdb->tables[table];
	char name[NAME_SIZE];

	file_name(table, name);
	if (bdb->ephemeral)
		return db->open(db, txn, NULL, name, type, flags, FILE_MODE);
	return db->open(db, txn, name, NULL, type, flags, FILE_MODE);
}

/* A new table of serial numbers has its layout row from the beginning, or does not exist. */
static int create_serial_file(struct bdb *bdb, enum engine_table table)
{
	DB_TXN *txn;
	int rc = bdb->env->txn_begin(bdb->env, NULL, &txn, 0);

	if (rc != 0)
		return rc;
	rc = open_file(bdb, txn, table, true);
	if (rc == 0)
		rc = bdb_serial_write_layout(bdb, bdb->tables[table], txn);
	if (rc == 0)
		return txn->commit(txn, DB_TXN_SYNC);
	txn->abort(txn);
	return rc;
}

static int open_known_file(struct bdb *bdb, enum engine_table table)
{
	DB_TXN *txn;
	int rc = bdb->env->txn_begin(bdb->env, NULL, &txn, 0);

	if (rc != 0)
		return rc;
	rc = txn->set_timeout(txn, OPEN_WAIT, DB_SET_LOCK_TIMEOUT);
	if (rc == 0)
		rc = open_file(bdb, txn, table, false);
	if (rc == 0 && engine_tables[table].serial)
		rc = bdb_serial_read_layout(bdb, bdb->tables[table], txn);
	if (rc == 0)
		return txn->commit(txn, DB_TXN_NOSYNC);
	txn->abort(txn);
	return rc;
}

static int close_table(struct bdb *bdb, enum engine_table table)
{
	DB *db = bdb->tables[table];

	bdb->tables[table] = NULL;
	return db ? db->close(db, DB_NOSYNC) : 0;
}

/*
 * libdb's own order, which it compares byte by byte: the keys of an index begin with the same 30
 * bytes or so.
 */
static int compare_keys(DB *db, const DBT *a, const DBT *b)
{
	int order = memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);

	(void)db;
	if (order != 0)
		return order;
	return a->size < b->size ? -1 : a->size > b->size;
}

/* As libdb's own, which it does not use beside another order: how much of b separates it from a. */
static size_t separator_size(DB *db, const DBT *a, const DBT *b)
{
	const uint8_t *x = a->data, *y = b->data;
	size_t len = a->size < b->size ? a->size : b->size, same = 0;

	(void)db;
	while (same < len && x[same] == y[same])
		same++;
	return same < len || a->size != b->size ? same + 1 : len;
}

static int set_form(struct bdb *bdb, enum engine_table table)
{
	const struct engine_table_spec *spec = &engine_tables[table];
	DB *db = bdb->tables[table];
	int rc = db->set_pagesize(db, BDB_PAGE_SIZE);

	if (rc == 0 && !bdb->ephemeral)
		rc = db->set_flags(db, DB_CHKSUM);
	if (rc == 0 && spec->counted)
		rc = db->set_flags(db, DB_RECNUM);
	if (rc == 0 && spec->counted)
		rc = db->set_bt_compare(db, compare_keys);
	if (rc == 0 && spec->counted)
		rc = db->set_bt_prefix(db, separator_size);
	if (rc == 0 && spec->serial)
		rc = bdb_serial_set_form(bdb, db);
	return rc;
}

static int open_table(struct bdb *bdb, enum engine_table table, bool create)
{
	const struct engine_table_spec *spec = &engine_tables[table];
	DB *db = NULL;
	int rc = db_create(&db, bdb->env, 0);

	if (rc != 0)
		return rc;
	bdb->tables[table] = db;
	rc = set_form(bdb, table);
	if (rc == 0 && spec->serial && create)
		rc = create_serial_file(bdb, table);
	else if (rc == 0 && create)
		rc = open_file(bdb, NULL, table, true);
	else if (rc == 0)
		rc = open_known_file(bdb, table);
	if (rc != 0)
		close_table(bdb, table);
	return rc;
}

static bool has_file(int home, enum engine_table table)
{
	char name[NAME_SIZE], path[NAME_SIZE + sizeof("data/")];

	file_name(table, name);
	snprintf(path, sizeof(path), "data/%s", name);
	return faccessat(home, path, F_OK, 0) == 0;
}

/*
 * Tables of tasks are created before the meta table, or beside an old table. When one is missing
 * later its tasks are lost, and an empty file would hide it.
 */
static bool is_lost(const struct bdb *bdb, enum engine_table table)
{
	return (table == TABLE_TASKS || table == TABLE_NAMED_TASKS) && !bdb->ephemeral &&
	       !bdb->tables[TABLE_OLD_TASKS] && has_file(bdb->home, TABLE_META);
}

static int open_or_create(struct bdb *bdb, enum engine_table table, bool create)
{
	int rc = open_table(bdb, table, false);

	if (rc != ENOENT || !create)
		return rc;
	if (is_lost(bdb, table))
		return bdb_refuse(bdb, "%s.db is missing: restore the home from a backup",
			engine_tables[table].name);
	return open_table(bdb, table, true);
}

static void explain_old(char message[ENGINE_MESSAGE_SIZE])
{
	snprintf(message, ENGINE_MESSAGE_SIZE,
		"the store is of an older build: run `polytaskctl migrate`");
}

bool bdb_is_old(const char *home, char message[ENGINE_MESSAGE_SIZE])
{
	int folder = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool old = folder >= 0 && has_file(folder, TABLE_OLD_TASKS);

	if (folder >= 0)
		close(folder);
	if (old)
		explain_old(message);
	return old;
}

/* Without bdb->migrate nothing new is created beside an old table. */
static int open_old_table(struct bdb *bdb)
{
	if (bdb->ephemeral || !has_file(bdb->home, TABLE_OLD_TASKS))
		return 0;
	if (bdb->migrate)
		return open_table(bdb, TABLE_OLD_TASKS, false);
	explain_old(bdb->engine.message);
	bdb->engine.fault = ENGINE_FAULT_VERSION;
	return EINVAL;
}

int bdb_open_tables(struct bdb *bdb, bool create)
{
	int rc = open_old_table(bdb);

	for (int i = 0; rc == 0 && i < ENGINE_TABLES; i++) {
		char what[NAME_SIZE + 2];

		if (engine_tables[i].old)
			continue;
		rc = open_or_create(bdb, (enum engine_table)i, create);
		file_name((enum engine_table)i, what);
		if (rc != 0)
			bdb_describe(bdb, strcat(what, ": "), rc);
	}
	return rc;
}

void bdb_close_tables(struct bdb *bdb)
{
	for (int i = 0; i < ENGINE_TABLES; i++)
		close_table(bdb, (enum engine_table)i);
}

/* A new file instead of DB->truncate, which would log every page. */
enum engine_status bdb_clear(struct engine *engine, enum engine_table table)
{
	struct bdb *bdb = bdb_of(engine);
	char name[NAME_SIZE];
	int rc;

	if (engine_tables[table].old && !bdb->tables[table])
		return ENGINE_OK;
	rc = close_table(bdb, table);
	file_name(table, name);
	if (rc == 0 && bdb->ephemeral)
		rc = bdb->env->dbremove(bdb->env, NULL, NULL, name, DB_AUTO_COMMIT);
	else if (rc == 0)
		rc = bdb->env->dbremove(bdb->env, NULL, name, NULL, DB_AUTO_COMMIT);
	if (rc == 0 && !engine_tables[table].old)
		rc = open_table(bdb, table, true);
	return bdb_status(bdb, rc, "clear");
}
