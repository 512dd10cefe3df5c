#include "auth/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/log.h"

static const char *const kinds[STORE_TABLES] = {
	[STORE_USERS] = "user",
	[STORE_TOKENS] = "token",
	[STORE_KEYS] = "key",
};

bool entry_put(
	struct store *store, enum store_table table, struct str key, json_t *json, struct err *err)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	bool ok;

	if (text)
		ok = store_put_entry(store, table, key, str_of(text), err);
	else
		ok = err_set(err, ERR_NO_MEMORY, NULL, NULL);
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	json_decref(json);
	return ok;
}

bool entry_get(struct store *store, enum store_table table, const char *key, struct buf *value,
	struct err *err)
{
	if (store_get_entry(store, table, str_of(key), value, err))
		return true;
	if (err->code == ERR_NOT_FOUND)
		err_set(err, ERR_NOT_FOUND, kinds[table], "there is no %s %s", kinds[table], key);
	return false;
}

bool entry_must_be_free(
	struct store *store, enum store_table table, const char *key, struct err *err)
{
	struct buf value = BUF_INIT;
	bool taken = entry_get(store, table, key, &value, err);

	buf_free(&value);
	if (taken)
		return err_set(err, ERR_CONFLICT, NULL, "%s exists already", key);
	return err->code == ERR_NOT_FOUND;
}

json_t *entry_json(struct str value)
{
	return json_loadb(value.ptr, value.len, JSON_REJECT_DUPLICATES, NULL);
}

void entry_unreadable(enum store_table table)
{
	log_error("principal.unreadable", "the record of a %s cannot be read and is left out",
		kinds[table]);
}

bool entry_is_text(struct str text, size_t most)
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

bool entry_copy(char *to, size_t size, const char *from)
{
	return (size_t)snprintf(to, size, "%s", from) < size;
}

void entry_hex(const uint8_t *bytes, size_t len, char *text)
{
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 0xF];
	}
	text[2 * len] = '\0';
}

bool entry_random(uint8_t bytes[ENTRY_RANDOM_LEN], struct err *err)
{
	if (getrandom(bytes, ENTRY_RANDOM_LEN, 0) != ENTRY_RANDOM_LEN)
		return err_set(err, ERR_INTERNAL, NULL, "the system gives no random bytes");
	return true;
}

bool entry_fresh_id(char text[ID_TEXT_LEN + 1], int64_t now, struct err *err)
{
	struct id id;

	if (!id_new(&id, now))
		return err_set(err, ERR_INTERNAL, NULL, "the system gives no random bytes");
	id_format(&id, text);
	return true;
}
