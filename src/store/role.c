#include "store/role.h"

#include "base/clock.h"
#include "store/internal.h"
#include "store/packed.h"

/* A row of the meta table: "role" NUL name -> holder, beat (packed.h). */
#define KEY_PREFIX STR("role\0")
#define NAME_MAX   32

struct renewal {
	struct store_role *role;
	int64_t now;
	bool gives_up;
};

static void row_key(struct index_key *key, const struct store_role *role)
{
	struct str prefix = KEY_PREFIX;
	size_t len = strnlen(role->name, NAME_MAX);

	memcpy(key->bytes, prefix.ptr, prefix.len);
	memcpy(key->bytes + prefix.len, role->name, len);
	key->len = prefix.len + len;
}

static int read_row(struct store *store, const struct index_key *key, uint64_t row[2])
{
	struct buf value = BUF_INIT;
	int rc = store_get(store, TABLE_META, key_str(key), true, &value);
	struct str rest = buf_str(&value);

	if (rc != 0 || !packed_read_number(&rest, &row[0]) || !packed_read_number(&rest, &row[1]))
		row[0] = row[1] = 0;
	buf_free(&value);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int write_row(struct store *store, const struct index_key *key, const uint64_t row[2])
{
	struct buf value = BUF_INIT;
	int rc = ENGINE_NO_MEMORY;

	packed_put_number(&value, row[0]);
	packed_put_number(&value, row[1]);
	if (buf_ok(&value))
		rc = store_put(store, TABLE_META, key_str(key), buf_str(&value), ENGINE_REPLACE);
	buf_free(&value);
	return rc;
}

/* Whether another process has the role and was heard of lately. */
static bool is_taken(const struct renewal *renewal, const uint64_t row[2])
{
	struct store_role *role = renewal->role;

	if (row[0] == 0 || row[0] == role->self)
		return false;
	if (row[0] == role->holder && row[1] == role->beat)
		return renewal->now - role->since_ms < ROLE_SILENT_MS;
	role->holder = row[0];
	role->beat = row[1];
	role->since_ms = renewal->now;
	return true;
}

static int step_renew(struct store *store, void *data, struct err *err)
{
	struct renewal *renewal = data;
	struct store_role *role = renewal->role;
	struct index_key key;
	uint64_t row[2];
	int rc;

	(void)err;
	row_key(&key, role);
	rc = read_row(store, &key, row);
	role->held = rc == 0 && !is_taken(renewal, row);
	if (!role->held || (renewal->gives_up && row[0] != role->self))
		return rc;
	row[0] = renewal->gives_up ? 0 : role->self;
	row[1]++;
	return write_row(store, &key, row);
}

static bool run(struct store *store, struct renewal *renewal, struct err *err)
{
	struct store_role *role = renewal->role;
	bool ok = step_call_write(store, STR(""), step_renew, renewal, err) &&
		  store_flush(store, err);

	role->held = ok && role->held && !renewal->gives_up;
	return ok;
}

bool store_role_renew(struct store *store, struct store_role *role, struct err *err)
{
	struct renewal renewal = { .role = role, .now = clock_mono_ms() };

	if (!store_is_shared(store)) {
		role->held = true;
		return true;
	}
	while (role->self == 0)
		role->self = store_random(store);
	if (renewal.now < role->next_ms)
		return true;
	role->next_ms = renewal.now + ROLE_BEAT_MS;
	return run(store, &renewal, err);
}

bool store_role_give_up(struct store *store, struct store_role *role, struct err *err)
{
	struct renewal renewal = { .role = role, .now = clock_mono_ms(), .gives_up = true };

	return !store_is_shared(store) || !role->held || run(store, &renewal, err);
}
