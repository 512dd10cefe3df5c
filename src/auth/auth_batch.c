#include "auth/auth_batch.h"

#include "store/auth_table.h"

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

/* ---- in parts ---- */

struct part_edit {
	struct auth_batch *batch;
	struct str key;
	bool changed;
};

static bool edit_part(struct str old, struct buf *value, void *data, struct err *err)
{
	struct part_edit *edit = data;
	bool ok;

	edit->batch->key = edit->key;
	ok = auth_batch_edit(old, value, edit->batch, err);
	edit->changed = ok && edit->batch->changed;
	return ok;
}

/* Puts those keys of a part into batch->keys whose records are selected. */
static bool select_part(
	struct store *store, struct auth_batch *batch, struct str keys, struct err *err)
{
	const struct auth_record_kind *kind = batch->kind;
	bool ok = true, found;

	buf_reset(&batch->keys);
	batch->found = 0;
	while (ok && keys.len > 0) {
		struct str key = str_split_next(&keys, '\0');

		ok = auth_record_find(store, kind, key.ptr, batch->record, &found, err);
		if (ok && found)
			collect_selected(key, batch->record, batch);
	}
	explicit_bzero(batch->record, kind->size);
	return ok && (buf_ok(&batch->keys) || err_no_memory(err));
}

static bool change_part(
	struct store *store, struct auth_batch *batch, unsigned *changed, struct err *err)
{
	struct part_edit parts[AUTH_BATCH_EDITS];
	struct store_auth_edit edits[AUTH_BATCH_EDITS];
	struct str rest = buf_str(&batch->keys);

	while (rest.len > 0) {
		size_t count = 0;

		for (; count < AUTH_BATCH_EDITS && rest.len > 0; count++) {
			parts[count] = (struct part_edit){ batch, str_split_next(&rest, '\0'),
				false };
			edits[count] = (struct store_auth_edit){ batch->kind->table,
				parts[count].key, edit_part, &parts[count] };
		}
		if (!store_auth_update(store, edits, count, err))
			return false;
		for (size_t i = 0; i < count; i++)
			*changed += parts[i].changed;
	}
	return true;
}

bool auth_batch_run_part(struct store *store, struct auth_batch *batch,
	struct store_auth_place *place, unsigned *changed, struct err *err)
{
	struct store_auth_place next = *place;
	struct buf keys = BUF_INIT;
	bool ok;

	*changed = 0;
	ok = store_auth_keys(store, batch->kind->table, &next, AUTH_BATCH_PART, &keys, err) &&
	     select_part(store, batch, buf_str(&keys), err) &&
	     change_part(store, batch, changed, err);
	if (ok)
		*place = next;
	buf_free(&keys);
	return ok;
}
