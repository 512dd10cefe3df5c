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
	struct engine_batch keys; /* of a family */
	uint64_t damaged;	  /* buckets of it */
};

static int lock_page(struct buckets *buckets, db_pgno_t page, DB_LOCK *lock)
{
	DB_ENV *env = buckets->bdb->env;
	DB_LOCK_ILOCK object = { .pgno = page, .type = DB_PAGE_LOCK };
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

static int read_locked(struct buckets *buckets, uint32_t bucket, struct hash_meta *meta)
{
	int rc = hash_read_meta(buckets->db, meta);

	if (rc == 0)
		rc = read_chain(buckets, hash_bucket_page(meta, bucket));
	if (rc != EBADMSG)
		return rc;
	bdb_status(buckets->bdb, rc, "walk"); /* forgets the failure */
	buckets->damaged++;
	return 0;
}

/*
 * Appends the keys of a bucket. *meta: as it is while the bucket is not being split. As each
 * operation of libdb does, locks the metadata page, which a split holds until its commit, then the
 * first page of the bucket: its lock covers the whole bucket.
 */
static int read_bucket(struct buckets *buckets, uint32_t bucket, struct hash_meta *meta)
{
	DB_ENV *env = buckets->bdb->env;
	DB_LOCK meta_lock, bucket_lock;
	int rc = lock_page(buckets, 0, &meta_lock), unlocked;

	if (rc != 0)
		return rc;
	rc = lock_page(buckets, hash_bucket_page(meta, bucket), &bucket_lock);
	if (rc == 0) {
		rc = read_locked(buckets, bucket, meta);
		unlocked = env->lock_put(env, &bucket_lock);
		rc = rc != 0 ? rc : unlocked;
	}
	unlocked = env->lock_put(env, &meta_lock);
	return rc != 0 ? rc : unlocked;
}

/*
 * Appends the keys of a bucket and of the buckets that were split from it after the walk began;
 * last: the last bucket at that time. A split after the bucket was read adds a bucket that *meta
 * does not have, so its rows are not read again.
 */
static int read_family(
	struct buckets *buckets, const struct hash_meta *before, uint32_t bucket, uint64_t last)
{
	struct hash_meta meta = *before;
	int rc = read_bucket(buckets, bucket, &meta);

	for (uint64_t bit = 1; rc == 0 && bucket + bit <= meta.max_bucket; bit *= 2) {
		if (bit > bucket && bucket + bit > last)
			rc = read_family(buckets, &meta, (uint32_t)(bucket + bit), last);
	}
	return rc;
}

/*
 * Waits for a split that is not committed. If it failed, and the walk had taken its bucket for the
 * last one, a later split would fill this bucket with rows that were read already.
 */
static int read_committed_meta(struct buckets *buckets, struct hash_meta *meta)
{
	DB_LOCK lock;
	int rc = lock_page(buckets, 0, &lock), unlocked;

	if (rc != 0)
		return rc;
	rc = hash_read_meta(buckets->db, meta);
	unlocked = buckets->bdb->env->lock_put(buckets->bdb->env, &lock);
	return rc != 0 ? rc : unlocked;
}

static int pass_damaged_meta(const struct buckets *buckets, struct engine_place *place, int rc)
{
	if (rc != EBADMSG)
		return rc;
	bdb_status(buckets->bdb, rc, "walk"); /* forgets the failure */
	place->damaged++;
	return 0;
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

static int walk(struct buckets *buckets, enum engine_table table, struct engine_place *place,
	engine_take_key *take, void *data)
{
	struct hash_meta meta;
	bool more = true;
	int rc = 0;

	while (rc == 0 && more) {
		rc = read_committed_meta(buckets, &meta);
		if (rc == 0 && place->next == 0)
			place->last = meta.max_bucket;
		place->end = rc == EBADMSG || (rc == 0 && place->next > place->last);
		if (rc != 0 || place->end)
			return pass_damaged_meta(buckets, place, rc);
		engine_batch_reset(&buckets->keys);
		buckets->damaged = 0;
		rc = read_family(buckets, &meta, (uint32_t)place->next, place->last);
		if (rc == 0) {
			place->next++;
			place->damaged += buckets->damaged;
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
