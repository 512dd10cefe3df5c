#include "store/index_key.h"

#include <openssl/sha.h>

#include "base/buf.h"

#define SUM_HEX 32 /* hex digits of a cut text: 128 bits */

static void put(struct index_key *key, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	memcpy(key->bytes + key->len, bytes, len);
	key->len += len;
}

static void put_byte(struct index_key *key, uint8_t byte)
{
	key->bytes[key->len++] = byte;
}

static void put_time(struct index_key *key, int64_t ms)
{
	uint64_t value = ms > 0 ? (uint64_t)ms : 0;

	for (int shift = 56; shift >= 0; shift -= 8)
		put_byte(key, (uint8_t)(value >> shift));
}

/*
 * A text that stands as it is, is shorter than max, a cut one has exactly max: so no text a client
 * makes up is taken for the cut form of another.
 */
static void put_text(struct index_key *key, struct str text, size_t max)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t sum[SHA256_DIGEST_LENGTH];

	if (text.len < max) {
		put(key, text.ptr, text.len);
	} else {
		SHA256((const unsigned char *)text.ptr, text.len, sum);
		put(key, text.ptr, max - SUM_HEX);
		for (size_t i = 0; i < SUM_HEX / 2; i++) {
			put_byte(key, (uint8_t)digits[sum[i] >> 4]);
			put_byte(key, (uint8_t)digits[sum[i] & 0xF]);
		}
	}
	put_byte(key, 0);
}

static void put_place(
	struct index_key *key, struct str tenant, uint8_t dialect, bool archived, uint8_t code)
{
	key->len = 0;
	put_text(key, tenant, INDEX_TENANT_MAX);
	put_byte(key, dialect);
	put_byte(key, archived);
	put_byte(key, code);
}

static void put_value(struct index_key *key, const struct index_field *field, struct str value)
{
	put_text(key, field->fold ? field->fold(value) : value, INDEX_VALUE_MAX);
}

void index_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	const struct index_field *field, struct str value)
{
	put_place(key, tenant, dialect, archived, field->code);
	if (field->source == INDEX_UPDATED)
		put(key, value.ptr, value.len < 8 ? value.len : 8);
	else if (field->source != INDEX_ALL)
		put_value(key, field, value);
}

bool index_after(struct index_key *key)
{
	while (key->len > 0 && key->bytes[key->len - 1] == 0xFF)
		key->len--;
	if (key->len == 0)
		return false;
	key->bytes[key->len - 1]++;
	return true;
}

bool index_key_of(struct index_key *key, const struct task *task, uint8_t dialect,
	const struct index_field *field)
{
	struct str value = STR_NULL;

	if (field->source == INDEX_FIELD) {
		value = task_field(task, str_of(field->name));
		if (!value.ptr)
			return false;
	}
	put_place(key, task->tenant, dialect, task->archived, field->code);
	switch (field->source) {
	case INDEX_STATE:
		put_value(key, field, str_of(task_state_name(task->state)));
		break;
	case INDEX_WORD:
		put_value(key, field, task->word);
		break;
	case INDEX_FIELD:
		put_value(key, field, value);
		break;
	case INDEX_UPDATED:
		put_time(key, task->updated);
		break;
	case INDEX_ALL:
	case INDEX_END:
		break;
	}
	put_time(key, task->created);
	put(key, task->id.bytes, sizeof(task->id.bytes));
	return true;
}

size_t index_keys(struct index_key keys[INDEX_KEYS_MAX], const struct task *task,
	const struct index_table *tables)
{
	size_t count = 0;

	for (const struct index_table *table = tables; table->fields; table++) {
		if (table->dialect != 0 && table->dialect != task->dialect)
			continue;
		for (const struct index_field *field = table->fields;
			field->source != INDEX_END && count < INDEX_KEYS_MAX; field++)
			count += index_key_of(&keys[count], task, table->dialect, field);
	}
	return count;
}

const struct index_field *index_field_by_code(
	const struct index_table *tables, uint8_t dialect, uint8_t code)
{
	for (const struct index_table *table = tables; table->fields; table++) {
		const struct index_field *field = table->fields;

		if (table->dialect != dialect)
			continue;
		while (field->source != INDEX_END && field->code != code)
			field++;
		if (field->source != INDEX_END)
			return field;
	}
	return NULL;
}

/* A key's dialect and field code must name one row, or libdb is given the same key twice. */
static bool check_tables(const struct index_table *tables, struct err *err)
{
	size_t common = 0, most = 0;

	for (const struct index_table *table = tables; table->fields; table++) {
		size_t count = 0;

		for (const struct index_field *field = table->fields; field->source != INDEX_END;
			field++, count++) {
			if (index_field_by_code(tables, table->dialect, field->code) != field)
				return err_set(err, ERR_INTERNAL, NULL,
					"index field %d of dialect %d stands twice", field->code,
					table->dialect);
		}
		if (table->dialect == 0)
			common += count;
		else if (count > most)
			most = count;
	}
	if (common + most > INDEX_KEYS_MAX)
		return err_set(err, ERR_INTERNAL, NULL, "a task would have more than %d index keys",
			INDEX_KEYS_MAX);
	return true;
}

bool index_sum(const struct index_table *tables, uint8_t sum[INDEX_SUM_SIZE], struct err *err)
{
	struct buf text = BUF_INIT;
	bool ok = false;

	_Static_assert(INDEX_SUM_SIZE == SHA256_DIGEST_LENGTH, "the sum is a SHA-256");
	if (!check_tables(tables, err))
		return false;
	buf_printf(&text, "1 %d %d;", INDEX_TENANT_MAX, INDEX_VALUE_MAX);
	for (const struct index_table *table = tables; table->fields; table++) {
		for (const struct index_field *field = table->fields; field->source != INDEX_END;
			field++)
			buf_printf(&text, "%d %d %d %d %s;", table->dialect, field->code,
				(int)field->source, field->fold != NULL,
				field->source == INDEX_FIELD ? field->name : "");
	}
	if (buf_ok(&text)) {
		SHA256((const unsigned char *)text.data, text.len, sum);
		ok = true;
	} else {
		err_set(err, ERR_NO_MEMORY, NULL, NULL);
	}
	buf_free(&text);
	return ok;
}
