#include "auth/auth_record.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/encode.h"
#include "base/log.h"
#include "http/json.h"
#include "task/right.h"

static const char *const kinds[STORE_TABLES] = {
	[STORE_USERS] = "user",
	[STORE_TOKENS] = "token",
	[STORE_SIGNING_KEYS] = "key",
};

bool auth_record_write(struct buf *value, json_t *json, struct err *err)
{
	if (json)
		json_put(value, json);
	else
		value->failed = true;
	json_decref(json);
	return buf_ok(value) || err_no_memory(err);
}

bool auth_record_not_found(enum store_table table, const char *key, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, kinds[table], "there is no %s %s", kinds[table], key);
}

bool auth_record_corrupt(enum store_table table, const char *key, struct err *err)
{
	return err_set(err, ERR_INTERNAL, kinds[table], "the record of %s %s cannot be read",
		kinds[table], key);
}

bool auth_record_get(struct store *store, enum store_table table, const char *key,
	struct buf *value, struct err *err)
{
	if (store_auth_get(store, table, str_cstr(key), value, err))
		return true;
	return err->code == ERR_NOT_FOUND ? auth_record_not_found(table, key, err) : false;
}

bool auth_record_set_time(json_t *json, const char *name, int64_t time)
{
	return time == 0 || json_object_set_new(json, name, json_integer(time)) == 0;
}

json_t *auth_record_parse(struct str value)
{
	json_t *json;
	struct err err;

	return json_parse_strict(&json, value, &err) ? json : NULL;
}

void auth_record_log_unreadable(enum store_table table)
{
	log_error("principal.unreadable", "the record of a %s cannot be read and is left out",
		kinds[table]);
}

bool auth_record_parse_rights(unsigned *rights, const char *text)
{
	unsigned read;

	if (!rights_parse(&read, str_cstr(text)) || read == RIGHT_NONE)
		return false;
	*rights = read;
	return true;
}

bool auth_record_is_text(struct str text, size_t most)
{
	if (text.len == 0 || text.len > most || !str_is_utf8(text))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 || c == 0x7F)
			return false;
	}
	return true;
}

bool auth_record_copy_text(char *to, size_t size, const char *from)
{
	return (size_t)snprintf(to, size, "%s", from) < size;
}

bool auth_record_random(uint8_t bytes[AUTH_RECORD_RANDOM_LEN], struct err *err)
{
	if (getrandom(bytes, AUTH_RECORD_RANDOM_LEN, 0) != AUTH_RECORD_RANDOM_LEN)
		return err_set(err, ERR_INTERNAL, NULL, "the system gives no random bytes");
	return true;
}

bool auth_record_random_hex(char text[2 * AUTH_RECORD_RANDOM_LEN + 1], struct err *err)
{
	uint8_t bytes[AUTH_RECORD_RANDOM_LEN];

	if (!auth_record_random(bytes, err))
		return false;
	hex_encode(text, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}

bool auth_record_new_id(char text[ID_TEXT_LEN + 1], int64_t now, struct err *err)
{
	struct id id;

	if (!id_new(&id, now))
		return err_set(err, ERR_INTERNAL, NULL, "the system gives no random bytes");
	id_format(&id, text);
	return true;
}
