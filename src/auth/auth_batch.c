#include "auth/auth_batch.h"

void auth_batch_free(struct auth_batch *batch)
{
	buf_free(&batch->keys);
}

static bool collect_selected(struct str key, const void *record, void *data)
{
	struct auth_batch *batch = data;

	if (!batch->selects(record, batch->data))
		return true;
	buf_put_str(&batch->keys, key);
	buf_putc(&batch->keys, '\0');
	batch->found++;
	return buf_ok(&batch->keys);
}

bool auth_batch_find(struct store *store, struct auth_batch *batch, struct err *err)
{
	const struct auth_record_walk walk = { batch->kind, batch->record, collect_selected,
		batch };

	buf_reset(&batch->keys);
	batch->found = 0;
	return auth_record_each(store, &walk, err) && (buf_ok(&batch->keys) || err_no_memory(err));
}

bool auth_batch_edit(struct str old, struct buf *value, void *data, struct err *err)
{
	struct auth_batch *batch = data;
	bool ok = true;

	batch->changed = false;
	if (old.ptr && !auth_record_decode(batch->kind, batch->key, old, batch->record))
		return err_set(err, ERR_INTERNAL, batch->kind->name, "a %s record is unreadable",
			batch->kind->name);
	batch->changed = old.ptr && batch->selects(batch->record, batch->data);
	if (!batch->changed) {
		buf_put_str(value, old);
	} else if (batch->change) {
		batch->change(batch->record, batch->data);
		ok = auth_record_encode(batch->kind, batch->record, value, err);
	}
	explicit_bzero(batch->record, batch->kind->size);
	return ok;
}

bool auth_batch_run(
	struct store *store, struct auth_batch *batch, unsigned *changed, struct err *err)
{
	bool ok = auth_batch_find(store, batch, err);
	struct str rest = buf_str(&batch->keys);

	*changed = 0;
	while (ok && rest.len > 0) {
		struct store_auth_edit edit = { batch->kind->table, .update = auth_batch_edit,
			.data = batch };

		edit.key = batch->key = str_split_next(&rest, '\0');
		ok = store_auth_update(store, &edit, 1, err);
		*changed += ok && batch->changed;
	}
	return ok;
}
