#include "auth/auth_record.h"

#include <stdio.h>

#include "base/log.h"
#include "http/json.h"
#include "store/auth_table.h"
#include "task/right.h"

/* ---- reading and writing ---- */

bool auth_record_decode(
	const struct auth_record_kind *kind, struct str key, struct str value, void *record)
{
	json_t *json;
	struct err err;
	bool ok = json_parse_strict(&json, value, &err);

	if (ok) {
		ok = kind->decode(key, json, record);
		json_decref(json);
	}
	return ok;
}

bool auth_record_encode(
	const struct auth_record_kind *kind, const void *record, struct buf *value, struct err *err)
{
	json_t *json = kind->encode(record);

	if (json)
		json_put(value, json);
	else
		value->failed = true;
	json_decref(json);
	return buf_ok(value) || err_no_memory(err);
}

static bool set_not_found(const struct auth_record_kind *kind, const char *key, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, kind->name, "%s '%s' not found", kind->name, key);
}

static bool set_unreadable(const struct auth_record_kind *kind, const char *key, struct err *err)
{
	return err_set(err, ERR_INTERNAL, kind->name, "the record of %s '%s' is unreadable",
		kind->name, key);
}

bool auth_record_get(struct store *store, const struct auth_record_kind *kind, const char *key,
	void *record, struct err *err)
{
	struct buf value = BUF_INIT;
	bool ok = store_auth_get(store, kind->table, str_cstr(key), &value, err);

	if (!ok && err->code == ERR_NOT_FOUND)
		set_not_found(kind, key, err);
	if (ok && !auth_record_decode(kind, str_cstr(key), buf_str(&value), record))
		ok = set_unreadable(kind, key, err);
	if (value.data)
		explicit_bzero(value.data, value.capacity);
	buf_free(&value);
	return ok;
}

bool auth_record_find(struct store *store, const struct auth_record_kind *kind, const char *key,
	void *record, bool *found, struct err *err)
{
	struct err cause = { 0 };

	*found = auth_record_get(store, kind, key, record, &cause);
	if (*found || cause.code == ERR_NOT_FOUND)
		return true;
	if (cause.code == ERR_INTERNAL) {
		log_error("principal-unreadable", "skipped an unreadable %s record", kind->name);
		return true;
	}
	*err = cause;
	return false;
}

static bool update_value(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct auth_record_update *update = data;
	const struct auth_record_kind *kind = update->kind;
	bool ok = false;

	if (!old.ptr)
		set_not_found(kind, update->key, err);
	else if (!auth_record_decode(kind, str_cstr(update->key), old, update->record))
		set_unreadable(kind, update->key, err);
	else
		ok = update->change(update->record, update->data, err) &&
		     auth_record_encode(kind, update->record, value, err);
	explicit_bzero(update->record, kind->size);
	return ok;
}

bool auth_record_update(
	struct store *store, const struct auth_record_update *update, struct err *err)
{
	struct auth_record_update copy = *update;
	const struct store_auth_edit edit = { update->kind->table, str_cstr(update->key),
		update_value, &copy };

	return store_auth_update(store, &edit, 1, err);
}

static bool take_value(struct str key, struct str value, void *data)
{
	const struct auth_record_walk *walk = data;
	bool more = true;

	if (auth_record_decode(walk->kind, key, value, walk->record))
		more = walk->take(key, walk->record, walk->data);
	else
		log_error("principal-unreadable", "skipped an unreadable %s record",
			walk->kind->name);
	explicit_bzero(walk->record, walk->kind->size);
	return more;
}

bool auth_record_each(struct store *store, const struct auth_record_walk *walk, struct err *err)
{
	struct auth_record_walk copy = *walk;

	return store_auth_each(store, walk->kind->table, take_value, &copy, err);
}

/* ---- members ---- */

bool auth_record_set_time(json_t *json, const char *name, int64_t time)
{
	return time == 0 || json_object_set_new(json, name, json_integer(time)) == 0;
}

bool auth_record_parse_rights(unsigned *rights, const char *text)
{
	unsigned read;

	if (!rights_parse(&read, str_cstr(text)) || read == RIGHT_NONE)
		return false;
	*rights = read;
	return true;
}

bool auth_record_copy_text(char *to, size_t size, const char *from)
{
	return (size_t)snprintf(to, size, "%s", from) < size;
}

bool auth_record_new_id(char text[ID_TEXT_LEN + 1], int64_t now, struct err *err)
{
	struct id id;

	if (!id_new(&id, now))
		return err_set(err, ERR_INTERNAL, NULL, "the system provides no random bytes");
	id_format(&id, text);
	return true;
}
