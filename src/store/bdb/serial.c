#include <errno.h>
#include <stdio.h>

#include "store/bdb/file_hooks.h"
#include "store/bdb/hash_page.h"
#include "store/bdb/page_make.h"

/*
 * A hash table whose buckets are chosen by the serial number in the key's id (DB->set_h_hash).
 * libdb opens a table with a wrong hash function without an error, does not find its rows and
 * inserts them twice. So a new table gets rows that opening it looks up:
 *
 *	layout rows  in buckets that do not depend on the secret: version, secret, and two scrambled
 *		     numbers that prove the secret. Several, because without the secret no row is
 *		     found: one damaged page must not take it.
 *	check row    in the bucket of its scrambled number: proves the function
 */
#define LAYOUT_VERSION 2
/* Shorter keys have no id. */
#define ID_KEY_MIN 17

static const uint8_t check_key[24] = "\0check";

/* The smallest table has 128 buckets. */
static const uint32_t layout_buckets[] = { 0, 37, 74 };
#define LAYOUT_ROWS (sizeof(layout_buckets) / sizeof(layout_buckets[0]))

struct layout {
	uint8_t version;
	uint8_t secret[sizeof(struct id_secret)];
	uint8_t proof[8];
};

_Static_assert(sizeof(struct layout) == 25, "the layout row has no padding");

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- the hash function ---- */

void bdb_serial_bucket_key(uint32_t bucket, uint8_t key[BDB_BUCKET_KEY_SIZE])
{
	key[0] = 0; /* no tenant's name begins with NUL */
	put_u32(key + 1, bucket);
}

/* Tasks of one list often have the same serial number, and libdb hashes each key twice. */
static uint32_t unscramble(struct bdb *bdb, uint32_t scrambled)
{
	struct last_serial *last = &bdb->last_serial;

	if (!last->known || last->scrambled != scrambled)
		*last = (struct last_serial){ true, scrambled,
			id_unscramble(&bdb->engine.secret, scrambled) };
	return last->serial;
}

static uint32_t hash_serial(DB *db, const void *bytes, uint32_t len)
{
	struct bdb *bdb = db->app_private;
	const uint8_t *key = bytes;
	uint32_t sum = len;

	if (len >= ID_KEY_MIN)
		return unscramble(bdb, get_u32(key + len - 4));
	if (len == BDB_BUCKET_KEY_SIZE && key[0] == 0)
		return get_u32(key + 1);
	for (uint32_t i = 0; i < len; i++)
		sum = sum * 31 + key[i];
	return sum;
}

/* ---- the form of the file ---- */

/*
 * Rows of 250 bytes, with room for them to grow, and a fill factor that no page reaches: libdb adds
 * a bucket only when one overflows.
 */
#define TASKS_PER_BUCKET 12
#define FILL_FACTOR	 (BDB_PAGE_SIZE / 32)

int bdb_serial_set_form(struct bdb *bdb, DB *db)
{
	uint64_t elements = (bdb->expected_tasks / TASKS_PER_BUCKET + 1) * FILL_FACTOR;
	int rc;

	db->app_private = bdb;
	rc = db->set_h_hash(db, hash_serial);
	if (rc == 0)
		rc = db->set_h_ffactor(db, FILL_FACTOR);
	if (rc == 0)
		rc = db->set_h_nelem(db, elements < UINT32_MAX ? (uint32_t)elements : UINT32_MAX);
	return rc;
}

/* ---- the rows of the layout ---- */

static struct str layout_key(size_t row, uint8_t key[BDB_BUCKET_KEY_SIZE])
{
	bdb_serial_bucket_key(layout_buckets[row], key);
	return (struct str){ (const char *)key, BDB_BUCKET_KEY_SIZE };
}

static const struct str check_row = { (const char *)check_key, sizeof(check_key) };

bool bdb_serial_is_layout_key(struct str key)
{
	uint8_t bytes[BDB_BUCKET_KEY_SIZE];

	for (size_t i = 0; i < LAYOUT_ROWS; i++) {
		if (str_eq(key, layout_key(i, bytes)))
			return true;
	}
	return str_eq(key, check_row);
}

static void fill_layout(struct layout *layout, const struct id_secret *secret)
{
	layout->version = LAYOUT_VERSION;
	memcpy(layout->secret, secret->bytes, sizeof(layout->secret));
	put_u32(layout->proof, id_scramble(secret, 0));
	put_u32(layout->proof + 4, id_scramble(secret, UINT32_MAX));
}

static int write_row(DB *db, DB_TXN *txn, struct str at, const struct layout *layout)
{
	DBT key = bdb_in(at), value = bdb_in((struct str){ (const char *)layout, sizeof(*layout) });

	return db->put(db, txn, &key, &value, 0);
}

int bdb_serial_write_layout(struct bdb *bdb, DB *db, DB_TXN *txn)
{
	uint8_t bytes[BDB_BUCKET_KEY_SIZE];
	struct layout layout;
	int rc;

	if (bdb->new_secret)
		bdb->engine.secret = *bdb->new_secret;
	else if (!id_secret_new(&bdb->engine.secret))
		return EIO;
	bdb->last_serial.known = false;
	fill_layout(&layout, &bdb->engine.secret);
	rc = write_row(db, txn, check_row, &layout);
	for (size_t i = 0; rc == 0 && i < LAYOUT_ROWS; i++)
		rc = write_row(db, txn, layout_key(i, bytes), &layout);
	return rc;
}

static int refuse(struct bdb *bdb, const char *why)
{
	return bdb_refuse(bdb, "%s.db %s", engine_tables[TABLE_TASKS].name, why);
}

/* Whether a row that was read is right, for the secret that it has. */
static bool is_proven(const struct layout *layout)
{
	struct id_secret secret;
	struct layout wanted;

	memcpy(secret.bytes, layout->secret, sizeof(secret.bytes));
	fill_layout(&wanted, &secret);
	return memcmp(layout, &wanted, sizeof(wanted)) == 0;
}

/* DB_NOTFOUND also for a row of another size. */
static int read_row(DB *db, DB_TXN *txn, struct str key, struct layout *layout)
{
	DBT at = bdb_in(key), value = bdb_out(layout, sizeof(*layout), 0);
	int rc = db->get(db, txn, &at, &value, 0);

	if (rc == DB_BUFFER_SMALL || (rc == 0 && value.size != sizeof(*layout)))
		return DB_NOTFOUND;
	return rc;
}

/* Reads the first good layout row. */
static int find_layout(struct bdb *bdb, DB *db, DB_TXN *txn, struct layout *layout)
{
	uint8_t bytes[BDB_BUCKET_KEY_SIZE];
	int rc = DB_NOTFOUND, damaged = 0;

	for (size_t i = 0; i < LAYOUT_ROWS; i++) {
		rc = read_row(db, txn, layout_key(i, bytes), layout);
		if (rc == 0 && is_proven(layout))
			return 0;
		if (rc == 0 && layout->version > LAYOUT_VERSION)
			return refuse(bdb, "has the layout of a newer build: use that build");
		if (rc == EBADMSG)
			damaged = rc;
		else if (rc != 0 && rc != DB_NOTFOUND)
			return rc;
	}
	return damaged ? damaged : refuse(bdb, "has no layout row: restore the home from a backup");
}

/* A check row on a damaged page proves nothing. */
int bdb_serial_read_layout(struct bdb *bdb, DB *db, DB_TXN *txn)
{
	struct layout layout, check;
	int rc = find_layout(bdb, db, txn, &layout);

	if (rc != 0)
		return rc;
	memcpy(bdb->engine.secret.bytes, layout.secret, sizeof(layout.secret));
	bdb->last_serial.known = false;
	rc = read_row(db, txn, check_row, &check);
	if (rc == DB_NOTFOUND || (rc == 0 && memcmp(&layout, &check, sizeof(layout)) != 0))
		return refuse(bdb, "has a wrong layout row: restore the home from a backup");
	return rc == EBADMSG ? 0 : rc;
}

/* ---- repair ---- */

static bool is_lost(DB *db, struct str key, uint32_t page)
{
	struct layout layout;
	struct page_failure failure;
	int rc;

	file_hooks_clear_failure();
	rc = read_row(db, NULL, key, &layout);
	failure = file_hooks_failure();
	return rc == EBADMSG && failure.page == page;
}

/* The keys ascend. */
void bdb_serial_add_layout(struct bdb *bdb, DB *db, uint32_t page, void *made)
{
	uint8_t bytes[BDB_BUCKET_KEY_SIZE];
	struct layout layout;
	const struct str value = { (const char *)&layout, sizeof(layout) };

	fill_layout(&layout, &bdb->engine.secret);
	for (size_t i = 0; i < LAYOUT_ROWS; i++) {
		if (is_lost(db, layout_key(i, bytes), page))
			page_add_row(made, layout_key(i, bytes), value);
	}
	if (is_lost(db, check_row, page))
		page_add_row(made, check_row, value);
	file_hooks_clear_failure();
}

/* ---- room ---- */

enum engine_status bdb_room(
	struct engine *engine, enum engine_table table, uint32_t serial, struct engine_room *room)
{
	struct bdb *bdb = bdb_of(engine);
	DB *db = bdb->tables[table];
	size_t header = hash_page_header(db);
	struct hash_meta meta;
	uint8_t page[BDB_PAGE_SIZE];
	int rc = hash_read_meta(db, &meta);

	if (rc == 0)
		rc = hash_read_page(
			db, hash_bucket_page(&meta, hash_bucket(&meta, serial)), page, header);
	if (rc != 0 && rc != DB_PAGE_NOTFOUND)
		return bdb_status(bdb, rc, "room");
	*room = (struct engine_room){
		.empty = BDB_PAGE_SIZE - header,
		.grow = meta.max_bucket + 1,
	};
	if (rc == DB_PAGE_NOTFOUND)
		room->bytes = room->empty;
	else if (hash_page_next(page) == 0)
		room->bytes = hash_page_room(page, header);
	return ENGINE_OK;
}
