#include "store/transfer/snapshot.h"

/*
 * A row of the table is a task or an Idempotency-Key as it was at the moment of the snapshot:
 *
 *     moment (8, big-endian) · kind (1) · key  ->  whether it existed (1) · its record
 */
#define PREFIX_SIZE (SNAPSHOT_HEAD_SIZE - 1)

void snapshot_prefix(struct index_key *key, uint64_t moment)
{
	key->len = 0;
	for (int i = PREFIX_SIZE - 1; i >= 0; i--)
		key->bytes[key->len++] = (uint8_t)(moment >> 8 * i);
}

bool snapshot_key(struct index_key *to, uint64_t moment, enum snapshot_kind kind, struct str key)
{
	snapshot_prefix(to, moment);
	to->bytes[to->len++] = (uint8_t)kind;
	if (key.len > sizeof(to->bytes) - to->len)
		return false;
	memcpy(to->bytes + to->len, key.ptr, key.len);
	to->len += key.len;
	return true;
}

/* ---- writers ---- */

struct note {
	enum snapshot_kind kind;
	bool existed;
	size_t key_len, record_len;
};

void snapshot_reset(struct store *store)
{
	store->noting = atomic_load(&store->shared->snapshot);
	buf_reset(&store->notes);
}

int snapshot_note(
	struct store *store, enum snapshot_kind kind, struct str key, const struct str *old)
{
	struct note note = { kind, old != NULL, key.len, old ? old->len : 0 };

	if (store->noting == 0)
		return 0;
	buf_put(&store->notes, &note, sizeof(note));
	buf_put_str(&store->notes, key);
	if (old)
		buf_put_str(&store->notes, *old);
	return buf_ok(&store->notes) ? 0 : ENGINE_NO_MEMORY;
}

static int write_note(struct store *store, struct str *notes, struct buf *value)
{
	struct index_key to;
	struct note note;
	struct str key, record;
	int rc;

	memcpy(&note, notes->ptr, sizeof(note));
	key = (struct str){ notes->ptr + sizeof(note), note.key_len };
	record = (struct str){ key.ptr + key.len, note.record_len };
	*notes = str_skip(*notes, sizeof(note) + key.len + record.len);
	if (!snapshot_key(&to, store->noting, note.kind, key))
		return 0;
	buf_reset(value);
	buf_putc(value, note.existed);
	buf_put_str(value, record);
	if (!buf_ok(value))
		return ENGINE_NO_MEMORY;
	rc = store_put(store, TABLE_SNAPSHOT, key_str(&to), buf_str(value), ENGINE_INSERT);
	return rc == ENGINE_EXISTS ? 0 : rc; /* the first change noted what was there */
}

int snapshot_settle(struct store *store)
{
	uint64_t moment = atomic_load(&store->shared->snapshot);
	struct str notes = buf_str(&store->notes);
	struct buf value = BUF_INIT;
	int rc = 0;

	if (moment == 0)
		return 0;
	if (moment != store->noting)
		return STEP_RETRY; /* it began, or ended, since the step began */
	while (rc == 0 && notes.len > 0)
		rc = write_note(store, &notes, &value);
	buf_free(&value);
	return rc;
}
