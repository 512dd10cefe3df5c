/*
 * All keys of a hash table, bucket by bucket. A cursor of libdb would do the same, but ends at the
 * first page that cannot be read, and has no way to begin behind it.
 */
#include <errno.h>

#include "store/bdb/hash_page.h"

/* More pages than any bucket has: the links of damaged pages may form a ring. */
#define CHAIN_MAX 100000

struct buckets {
	struct bdb *bdb;
	DB *db;
	size_t header;
	uint32_t locker;
	struct engine_batch keys; /* of one bucket */
};

/* The lock that libdb takes for the pages of a bucket: writers hold it until they commit. */
static int lock_bucket(struct buckets *buckets, db_pgno_t first, DB_LOCK *lock)
{
	DB_ENV *env = buckets->bdb->env;
	DB_LOCK_ILOCK object = { .pgno = first, .type = DB_PAGE_LOCK };
	DBT dbt = bdb_in((struct str){ (const char *)&object, sizeof(object) });

	memcpy(object.fileid, buckets->db->fileid, sizeof(object.fileid));
	return env->lock_get(env, buckets->locker, 0, &dbt, DB_LOCK_READ, lock);
}

static bool take_keys(struct buckets *buckets, const uint8_t *page)
{
	struct engine_batch *keys = &buckets->keys;
	unsigned rows = hash_page_items(page) / 2;

	for (unsigned i = 0; i < rows; i++) {
		struct str key;

		if (!hash_page_key(page, buckets->header, i, &key))
			continue;
		if (!buf_reserve(&keys->bytes, key.len))
			return false;
		memcpy(keys->bytes.data + keys->bytes.len, key.ptr, key.len);
		if (!engine_batch_accept(keys, key.len))
			return false;
	}
	return true;
}

/* EBADMSG: some pages could be read. */
static int read_chain(struct buckets *buckets, db_pgno_t number)
{
	uint8_t page[BDB_PAGE_SIZE];
	int rc = 0;

	for (int i = 0; rc == 0 && i < CHAIN_MAX; i++) {
		rc = hash_read_page(buckets->db, number, page, sizeof(page));
		if (rc != 0 || !hash_page_is_bucket(page))
			break;
		if (!take_keys(buckets, page))
			rc = ENOMEM;
		number = hash_page_next(page);
		if (number == 0)
			break;
	}
	return rc == DB_PAGE_NOTFOUND ? 0 : rc;
}

static int read_bucket(struct buckets *buckets, db_pgno_t first)
{
	DB_ENV *env = buckets->bdb->env;
	DB_LOCK lock;
	int rc = lock_bucket(buckets, first, &lock), unlocked;

	if (rc != 0)
		return rc;
	engine_batch_reset(&buckets->keys);
	rc = read_chain(buckets, first);
	unlocked = env->lock_put(env, &lock);
	return rc != 0 ? rc : unlocked;
}

/* Returns whether take wants more. */
static bool give_keys(const struct buckets *buckets, bool serial, engine_take_key *take, void *data)
{
	bool more = true;

	for (size_t i = 0; i < buckets->keys.count; i++) {
		struct str key = engine_batch_key(&buckets->keys, i);

		if (!serial || !bdb_serial_is_layout_key(key))
			more &= take(key, data);
	}
	return more;
}

static int pass_damaged(const struct buckets *buckets, struct engine_place *place, int rc)
{
	if (rc != EBADMSG)
		return rc;
	bdb_status(buckets->bdb, rc, "walk"); /* forgets the failure */
	place->damaged++;
	return 0;
}

/*
 * A row that moves when the table grows moves to the last bucket, which is not read yet. A bucket is
 * split while it is locked, so no row is missed.
 */
static int walk(struct buckets *buckets, enum engine_table table, struct engine_place *place,
	engine_take_key *take, void *data)
{
	struct hash_meta meta;
	bool more = true;
	int rc = 0;

	while (rc == 0 && more) {
		rc = hash_read_meta(buckets->db, &meta);
		place->end = rc == EBADMSG || (rc == 0 && place->next > meta.max_bucket);
		if (rc != 0 || place->end)
			return pass_damaged(buckets, place, rc);
		rc = read_bucket(buckets, hash_bucket_page(&meta, (uint32_t)place->next));
		rc = pass_damaged(buckets, place, rc);
		if (rc == 0) {
			place->next++;
			more = give_keys(buckets, engine_tables[table].serial, take, data);
		}
	}
	return rc;
}

enum engine_status bdb_each_key(struct engine *engine, enum engine_table table,
	struct engine_place *place, engine_take_key *take, void *data)
{
	struct bdb *bdb = bdb_of(engine);
	struct buckets buckets = { .bdb = bdb, .db = bdb->tables[table] };
	int rc, freed;

	/* An old table that does not exist. */
	place->end = !buckets.db;
	if (place->end)
		return ENGINE_OK;
	buckets.header = hash_page_header(buckets.db);
	rc = bdb->env->lock_id(bdb->env, &buckets.locker);
	if (rc != 0)
		return bdb_status(bdb, rc, "walk");
	rc = walk(&buckets, table, place, take, data);
	freed = bdb->env->lock_id_free(bdb->env, buckets.locker);
	engine_batch_free(&buckets.keys);
	return bdb_status(bdb, rc != 0 ? rc : freed, "walk");
}
