#include "store/auth_table.h"

#include <sodium.h>

#include "store/internal.h"

_Static_assert(STORE_SECRET_SIZE == crypto_auth_hmacsha256_BYTES, "the secret is an HMAC");

static const enum engine_table tables[STORE_TABLES] = {
	[STORE_USERS] = TABLE_USERS,
	[STORE_TOKENS] = TABLE_TOKENS,
	[STORE_SIGNING_KEYS] = TABLE_SIGNING_KEYS,
	[STORE_LOGINS] = TABLE_LOGINS,
};

/* Values may be secrets: wipe them before the memory is freed. */
static void wipe(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->capacity);
	buf_free(buf);
}

/* The prefix separates these secrets from tokens of bulks, with the same base (bulk/token.c). */
void store_auth_secret(
	const struct store *store, struct str purpose, uint8_t secret[STORE_SECRET_SIZE])
{
	const struct id_secret *base = &store->engine->secret;
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, base->bytes, sizeof(base->bytes));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)"secret of ", 10);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)purpose.ptr, purpose.len);
	crypto_auth_hmacsha256_final(&state, secret);
	sodium_memzero(&state, sizeof(state));
}

/* ---- one record ---- */

struct lookup {
	enum engine_table table;
	struct str key;
	struct buf *out;
};

static int step_get(struct store *store, void *data, struct err *err)
{
	const struct lookup *lookup = data;

	(void)err;
	return store_get(store, lookup->table, lookup->key, false, lookup->out);
}

bool store_auth_get(struct store *store, enum store_table table, struct str key, struct buf *out,
	struct err *err)
{
	struct lookup lookup = { tables[table], key, out };

	return step_call(store, ENGINE_READ, step_get, &lookup, err);
}

/* ---- edits ---- */

struct update {
	const struct store_auth_edit *edits;
	size_t count;
	bool found; /* one of the records edited so far existed */
	struct buf old, value;
};

static int delete_record(struct store *store, const struct store_auth_edit *edit)
{
	int rc = store_del(store, tables[edit->table], edit->key);

	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int edit_record(struct store *store, const struct store_auth_edit *edit,
	struct update *update, struct err *err)
{
	int rc;
	bool found;

	buf_reset(&update->old);
	buf_reset(&update->value);
	rc = store_get(store, tables[edit->table], edit->key, true, &update->old);
	if (rc != 0 && rc != ENGINE_NOT_FOUND)
		return rc;
	found = rc == 0;
	update->found |= found;
	if (!update->found && !store_may_write(store, err))
		return STEP_FAILED;
	if (!edit->update(
		    found ? buf_str(&update->old) : STR_NULL, &update->value, edit->data, err))
		return STEP_FAILED;
	if (!buf_ok(&update->value))
		return ENGINE_NO_MEMORY;
	if (update->value.len == 0)
		return delete_record(store, edit);
	rc = store_put(store, tables[edit->table], edit->key, buf_str(&update->value),
		found ? ENGINE_REPLACE : ENGINE_INSERT);
	return retry_if_exists(rc);
}

static int step_update(struct store *store, void *data, struct err *err)
{
	struct update *update = data;
	int rc = 0;

	update->found = false;
	for (size_t i = 0; rc == 0 && i < update->count; i++)
		rc = edit_record(store, &update->edits[i], update, err);
	return rc;
}

bool store_auth_update(
	struct store *store, const struct store_auth_edit *edits, size_t count, struct err *err)
{
	struct update update = { .edits = edits, .count = count };
	bool ok;

	store_enter(store);
	ok = step_run_write(store, STR(""), step_update, &update, err) && store_flush(store, err);
	store_leave(store);
	wipe(&update.old);
	wipe(&update.value);
	return ok;
}

/* ---- all records ---- */

/*
 * The tables are small: a whole table is copied, so that no lock is held while the caller runs.
 * Reading it in parts could miss both the old and the new record of a replacement.
 */
struct copy {
	enum engine_table table;
	struct buf rows; /* length of the key, of the value (uint32_t each), key, value */
};

static bool copy_row(struct str key, struct str value, void *data)
{
	struct buf *rows = data;
	const uint32_t sizes[2] = { (uint32_t)key.len, (uint32_t)value.len };

	buf_put(rows, sizes, sizeof(sizes));
	buf_put_str(rows, key);
	buf_put_str(rows, value);
	return buf_ok(rows);
}

static int step_copy(struct store *store, void *data, struct err *err)
{
	struct copy *copy = data;
	int rc;

	(void)err;
	buf_reset(&copy->rows);
	rc = (int)store->engine->ops->each(
		store->engine, copy->table, false, copy_row, &copy->rows);
	return rc == 0 && !buf_ok(&copy->rows) ? ENGINE_NO_MEMORY : rc;
}

static void show(const struct buf *rows, bool (*take)(struct str key, struct str value, void *data),
	void *data)
{
	struct str left = buf_str(rows);
	bool more = true;

	while (more && left.len > 0) {
		uint32_t sizes[2];
		struct str key, value;

		memcpy(sizes, left.ptr, sizeof(sizes));
		key = (struct str){ left.ptr + sizeof(sizes), sizes[0] };
		value = (struct str){ key.ptr + key.len, sizes[1] };
		left = str_skip(left, sizeof(sizes) + key.len + value.len);
		more = take(key, value, data);
	}
}

bool store_auth_each(struct store *store, enum store_table table,
	bool (*take)(struct str key, struct str value, void *data), void *data, struct err *err)
{
	struct copy copy = { .table = tables[table] };
	bool ok = step_call(store, ENGINE_VIEW, step_copy, &copy, err);

	if (ok)
		show(&copy.rows, take, data);
	wipe(&copy.rows);
	return ok;
}

/* ---- keys, in parts ---- */

struct key_walk {
	enum engine_table table;
	struct engine_place place;
	size_t left;
	struct buf *keys;
};

static bool put_key(struct str key, void *data)
{
	struct key_walk *walk = data;

	buf_put_str(walk->keys, key);
	buf_putc(walk->keys, '\0');
	walk->left -= walk->left > 0;
	return walk->left > 0 && buf_ok(walk->keys);
}

static int step_keys(struct store *store, void *data, struct err *err)
{
	struct key_walk *walk = data;
	int rc;

	(void)err;
	rc = (int)store->engine->ops->each_key(
		store->engine, walk->table, &walk->place, put_key, walk);
	return rc == 0 && !buf_ok(walk->keys) ? ENGINE_NO_MEMORY : rc;
}

bool store_auth_keys(struct store *store, enum store_table table, struct store_auth_place *place,
	size_t count, struct buf *keys, struct err *err)
{
	struct key_walk walk = { .table = tables[table],
		.place = { .next = place->next, .last = place->last },
		.left = count,
		.keys = keys };

	if (!step_call(store, ENGINE_READ, step_keys, &walk, err))
		return false;
	*place = (struct store_auth_place){ walk.place.next, walk.place.last, walk.place.end };
	return true;
}
