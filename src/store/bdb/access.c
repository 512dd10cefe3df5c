#include <errno.h>

#include "store/bdb/bdb.h"

#define VALUE_ROOM 1024 /* most records fit: one call */

enum engine_status bdb_get(struct engine *engine, enum engine_table table, struct str key,
	bool for_update, struct buf *out)
{
	struct bdb *bdb = bdb_of(engine);
	DB *db = bdb->tables[table];
	uint32_t flags = for_update && bdb->txn ? DB_RMW : 0;
	size_t room = VALUE_ROOM;

	for (;;) {
		DBT id = bdb_in(key), value;
		int rc;

		if (!buf_reserve(out, room))
			return ENGINE_NO_MEMORY;
		value = bdb_out(out->data + out->len, out->capacity - out->len, 0);
		rc = db->get(db, bdb->txn, &id, &value, flags);
		if (rc == 0)
			out->len += value.size;
		if (rc != DB_BUFFER_SMALL)
			return bdb_status(bdb, rc, "get");
		room = value.size;
	}
}

enum engine_status bdb_put(struct engine *engine, enum engine_table table, struct str key,
	struct str value, enum engine_put how)
{
	struct bdb *bdb = bdb_of(engine);
	DB *db = bdb->tables[table];
	DBT id = bdb_in(key), data = bdb_in(value);
	uint32_t flags = how != ENGINE_REPLACE ? DB_NOOVERWRITE : 0;

	return bdb_status(bdb, db->put(db, bdb->txn, &id, &data, flags), "put");
}

enum engine_status bdb_del(struct engine *engine, enum engine_table table, struct str key)
{
	struct bdb *bdb = bdb_of(engine);
	DB *db = bdb->tables[table];
	DBT id = bdb_in(key);

	return bdb_status(bdb, db->del(db, bdb->txn, &id, 0), "delete");
}
