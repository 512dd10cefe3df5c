#include "store/bulk/bulk.h"
#include "store/packed.h"

#define KEY_PREFIX STR("bulk\0")

static void make_key(struct index_key *key, struct str tenant, const struct id *id)
{
	size_t len = tenant.len < INDEX_TENANT_MAX ? tenant.len : INDEX_TENANT_MAX;
	struct str prefix = KEY_PREFIX;

	memcpy(key->bytes, prefix.ptr, prefix.len);
	memcpy(key->bytes + prefix.len, tenant.ptr, len);
	key->len = prefix.len + len;
	key->bytes[key->len++] = '\0';
	memcpy(key->bytes + key->len, id->bytes, sizeof(id->bytes));
	key->len += sizeof(id->bytes);
}

static bool decode(struct str in, struct bulk_row *row)
{
	struct str place;

	if (!packed_read_number(&in, &row->counts.total) ||
		!packed_read_number(&in, &row->counts.done) ||
		!packed_read_number(&in, &row->counts.refused) || !packed_read_text(&in, &place) ||
		in.len > 0 || (place.len != 0 && place.len != sizeof(row->place.bytes)))
		return false;
	row->place.len = place.len;
	memcpy(row->place.bytes, place.len > 0 ? place.ptr : "", place.len);
	return true;
}

int bulk_row_get(struct store *store, struct str tenant, const struct id *id, bool for_update,
	struct bulk_row *row)
{
	struct buf bytes = BUF_INIT;
	struct index_key key;
	int rc;

	make_key(&key, tenant, id);
	rc = store_get(store, TABLE_META, key_str(&key), for_update, &bytes);
	if (rc == 0 && !decode(buf_str(&bytes), row))
		rc = ENGINE_DAMAGED;
	buf_free(&bytes);
	return rc;
}

void bulk_row_expect(struct store *store, struct str tenant, const struct id *id)
{
	struct index_key key;

	make_key(&key, tenant, id);
	store_expect(store, TABLE_META, key_str(&key));
}

int bulk_row_put(
	struct store *store, struct str tenant, const struct id *id, const struct bulk_row *row)
{
	struct buf bytes = BUF_INIT;
	struct index_key key;
	int rc = ENGINE_NO_MEMORY;

	make_key(&key, tenant, id);
	packed_put_number(&bytes, row->counts.total);
	packed_put_number(&bytes, row->counts.done);
	packed_put_number(&bytes, row->counts.refused);
	packed_put_text(&bytes, (struct str){ row->place.bytes, row->place.len });
	if (buf_ok(&bytes))
		rc = store_put(store, TABLE_META, key_str(&key), buf_str(&bytes), ENGINE_REPLACE);
	buf_free(&bytes);
	return rc;
}

/* ---- the task ---- */

int bulk_show_counts(const struct op *op, const struct bulk_counts *counts, struct task *task)
{
	struct buf text = BUF_INIT;
	struct str copy = STR_NULL;

	bulk_put_counts(counts, &text);
	if (buf_ok(&text))
		copy = arena_copy(op->arena, buf_str(&text));
	buf_free(&text);
	if (!copy.ptr)
		return ENGINE_NO_MEMORY;
	task->progress = copy;
	if (task->state == TASK_SUCCEEDED)
		task->result = copy;
	return 0;
}

bool bulk_may_remove(const struct task *task, struct err *err)
{
	return !task_is_running_bulk(task) ||
	       err_set(err, ERR_CONFLICT, NULL,
		       "The service carries out this bulk: cancel it first.");
}

static bool may_change(
	const struct op *op, const struct task *old, const struct task *task, struct err *err)
{
	bool was_running = task_is_running_bulk(old);

	if (op->by_bulk || (was_running && task->state == TASK_CANCELLED && !task->archived) ||
		(!was_running && task->state == old->state))
		return true;
	return err_set(err, ERR_CONFLICT, NULL, "%s",
		was_running ? "The service carries out this bulk: it can only be cancelled."
			    : "A bulk that has ended cannot begin again: send another one.");
}

int bulk_settle(struct store *store, const struct op *op, const struct task *old, struct task *task,
	struct err *err)
{
	struct bulk_row row;
	struct index_key key;
	int rc;

	if (!may_change(op, old, task, err))
		return STEP_FAILED;
	if (!task_is_running_bulk(old) || task->state == TASK_RUNNING)
		return 0;
	rc = bulk_row_get(store, op->tenant, &task->id, true, &row);
	if (rc == ENGINE_NOT_FOUND)
		return 0;
	make_key(&key, op->tenant, &task->id);
	if (rc == 0)
		rc = bulk_show_counts(op, &row.counts, task);
	/* A damaged row tells nothing. */
	return rc == 0 || rc == ENGINE_DAMAGED ? store_del(store, TABLE_META, key_str(&key)) : rc;
}
