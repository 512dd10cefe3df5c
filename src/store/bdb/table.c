#include <errno.h>
#include <stdio.h>

#include "store/bdb/bdb.h"

#define PAGE_SIZE 4096
/*
 * Rows per page for rows of 500 bytes, (page - 32) / (key + value + 8). A hash that is not sized
 * for its rows deadlocks on its splits.
 */
#define HASH_FILL ((PAGE_SIZE - 32) / (16 + 500 + 8))
#define FILE_MODE 0600
#define NAME_SIZE 32

static void file_name(enum engine_table table, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s.db", engine_tables[table].name);
}

/* Each database has a file of its own or, in memory, only a name. */
static int open_file(struct bdb *bdb, enum engine_table table, bool create)
{
	uint32_t flags = DB_AUTO_COMMIT | (create ? DB_CREATE : 0);
	DBTYPE type = engine_tables[table].ordered ? DB_BTREE : DB_HASH;
	DB *db = bdb->tables[table];
	char name[NAME_SIZE];

	file_name(table, name);
	if (bdb->ephemeral)
		return db->open(db, NULL, NULL, name, type, flags, FILE_MODE);
	return db->open(db, NULL, name, NULL, type, flags, FILE_MODE);
}

static int set_size(const struct bdb *bdb, DB *db)
{
	uint64_t expected = bdb->expected_tasks < UINT32_MAX ? bdb->expected_tasks : UINT32_MAX;
	int rc = db->set_h_ffactor(db, HASH_FILL);

	return rc == 0 ? db->set_h_nelem(db, (uint32_t)expected) : rc;
}

static int close_table(struct bdb *bdb, enum engine_table table)
{
	DB *db = bdb->tables[table];

	bdb->tables[table] = NULL;
	return db ? db->close(db, DB_NOSYNC) : 0;
}

static int open_table(struct bdb *bdb, enum engine_table table, bool create)
{
	const struct engine_table_spec *spec = &engine_tables[table];
	DB *db = NULL;
	int rc = db_create(&db, bdb->env, 0);

	if (rc != 0)
		return rc;
	bdb->tables[table] = db;
	rc = db->set_pagesize(db, PAGE_SIZE);
	if (rc == 0 && !bdb->ephemeral)
		rc = db->set_flags(db, DB_CHKSUM);
	if (rc == 0 && spec->counted)
		rc = db->set_flags(db, DB_RECNUM);
	if (rc == 0 && spec->large)
		rc = set_size(bdb, db);
	if (rc == 0)
		rc = open_file(bdb, table, create);
	if (rc != 0)
		close_table(bdb, table);
	return rc;
}

static int open_or_create(struct bdb *bdb, enum engine_table table, bool create)
{
	int rc = open_table(bdb, table, false);

	if (rc != ENOENT || !create)
		return rc;
	return open_table(bdb, table, true);
}

int bdb_open_tables(struct bdb *bdb, bool create)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < ENGINE_TABLES; i++)
		rc = open_or_create(bdb, (enum engine_table)i, create);
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
	int rc = close_table(bdb, table);

	file_name(table, name);
	if (rc == 0 && bdb->ephemeral)
		rc = bdb->env->dbremove(bdb->env, NULL, NULL, name, DB_AUTO_COMMIT);
	else if (rc == 0)
		rc = bdb->env->dbremove(bdb->env, NULL, name, NULL, DB_AUTO_COMMIT);
	if (rc == 0)
		rc = open_table(bdb, table, true);
	return bdb_status(bdb, rc, "clear");
}
