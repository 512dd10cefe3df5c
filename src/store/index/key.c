#include "store/index/key.h"

#include <sodium.h>

#include "base/buf.h"
#include "base/encode.h"

#define HASH_HEX_LEN 32 /* hex digits of a cut text: 128 bits */

static void put_bytes(struct index_key *key, const void *bytes, size_t len)
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

static void put_number(struct index_key *key, uint64_t value)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		put_byte(key, (uint8_t)(value >> shift));
}

void index_put_time(struct index_key *key, int64_t ms)
{
	put_number(key, ms > 0 ? (uint64_t)ms : 0);
}

int64_t index_read_time(const char bytes[8])
{
	uint64_t ms = 0;

	for (int i = 0; i < 8; i++)
		ms = ms << 8 | (uint8_t)bytes[i];
	return (int64_t)ms;
}

/*
 * An uncut text is shorter than max, a cut one has exactly max bytes: so no text that a client
 * chooses equals the cut form of another.
 */
static void put_text(struct index_key *key, struct str text, size_t max)
{
	char hex[HEX_SIZE(crypto_hash_sha256_BYTES)];
	uint8_t sum[crypto_hash_sha256_BYTES];

	if (text.len < max) {
		put_bytes(key, text.ptr, text.len);
	} else {
		/* Not OpenSSL's: that one allocates, and a key must not depend on free memory. */
		crypto_hash_sha256(sum, (const unsigned char *)text.ptr, text.len);
		put_bytes(key, text.ptr, max - HASH_HEX_LEN);
		hex_encode(hex, sum, sizeof(sum));
		put_bytes(key, hex, HASH_HEX_LEN);
	}
	put_byte(key, 0);
}

static void put_value(struct index_key *key, const struct index_field *field, struct str value)
{
	char scratch[INDEX_SCRATCH_SIZE];
	uint64_t number = 0;

	if (field->source == INDEX_NUMBER) {
		str_to_u64(value, &number);
		put_number(key, number);
	} else if (field->source == INDEX_UPDATED) {
		put_bytes(key, value.ptr, value.len < 8 ? value.len : 8);
	} else if (field->source == INDEX_READY) {
		put_text(key, value, INDEX_VALUE_MAX);
	} else if (field->source != INDEX_ALL) {
		put_text(key, field->normalize ? field->normalize(value, scratch) : value,
			INDEX_VALUE_MAX);
	}
}

void index_primary_key(struct index_key *key, struct str tenant, const struct id *id)
{
	key->len = 0;
	put_text(key, tenant, INDEX_TENANT_MAX);
	put_bytes(key, id->bytes, sizeof(id->bytes));
}

void index_field_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	const struct index_field *field)
{
	key->len = 0;
	put_text(key, tenant, INDEX_TENANT_MAX);
	put_byte(key, dialect);
	put_byte(key, archived);
	put_byte(key, field->code);
}

void index_value_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	const struct index_field *field, struct str value)
{
	index_field_prefix(key, tenant, dialect, archived, field);
	put_value(key, field, value);
}

void index_pair_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	const struct index_field *field, struct str first, struct str second)
{
	index_field_prefix(key, tenant, dialect, archived, field);
	put_value(key, field->pair[0], first);
	put_value(key, field->pair[1], second);
}

bool index_prefix_end(struct index_key *key)
{
	while (key->len > 0 && key->bytes[key->len - 1] == 0xFF)
		key->len--;
	if (key->len == 0)
		return false;
	key->bytes[key->len - 1]++;
	return true;
}

/* An absent further member counts as empty. */
static void put_ordered_values(
	struct index_key *key, const struct task *task, const struct index_field *field)
{
	put_value(key, field, task_field(task, str_cstr(field->name)));
	for (size_t i = 0; field->order_by && field->order_by[i] && i < INDEX_ORDER_BY_MAX; i++)
		put_text(key, task_field(task, str_cstr(field->order_by[i])), INDEX_VALUE_MAX);
}

static struct str field_text(const struct task *task, const struct index_field *field)
{
	if (field->source == INDEX_STATE)
		return str_cstr(task_state_name(task->state));
	return field->source == INDEX_STATUS ? task->status
					     : task_field(task, str_cstr(field->name));
}

static bool has_field(const struct task *task, const struct index_field *field)
{
	char scratch[TASK_KIND_MAX];

	if (field->source == INDEX_PAIR)
		return field_text(task, field->pair[0]).ptr && field_text(task, field->pair[1]).ptr;
	if (field->source == INDEX_FIELD)
		return task_field(task, str_cstr(field->name)).ptr;
	if (field->source == INDEX_READY)
		return task_is_ready(task);
	if (field->source == INDEX_WORK)
		return !task_is_ready(task);
	if (field->source == INDEX_DUE)
		return task_is_running_bulk(task) || optional_time_is_set(task_due(task));
	if (field->source == INDEX_FAILURE)
		return task->failure != FAILURE_NONE;
	if (field->source == INDEX_KIND)
		return field->unindexed || field->kind(task, scratch).len > 0;
	return field->source != INDEX_NUMBER || task->number != 0;
}

static void put_kind(
	struct index_key *key, const struct task *task, const struct index_field *field)
{
	char scratch[TASK_KIND_MAX];

	put_value(key, field, field->kind(task, scratch));
}

/* A lower priority is in front, or inverted, a higher one. */
static void put_priority(struct index_key *key, int32_t priority, bool inverted)
{
	uint32_t order = (uint32_t)priority ^ UINT32_C(0x80000000);

	for (int shift = 24; shift >= 0; shift -= 8)
		put_byte(key, (uint8_t)((inverted ? ~order : order) >> shift));
}

void index_due_prefix(struct index_key *key, enum index_due what)
{
	const uint8_t prefix[] = { 0, 0, (uint8_t)what, INDEX_BY_DUE };

	key->len = 0;
	put_bytes(key, prefix, sizeof(prefix));
}

static void make_due_key(struct index_key *key, const struct task *task)
{
	if (task_is_running_bulk(task)) {
		index_due_prefix(key, DUE_BULK);
		index_put_time(key, task->created);
	} else {
		index_due_prefix(key, task_lease_is_due(task) ? DUE_LEASE : DUE_DELAY);
		index_put_time(key, optional_time_ms(task_due(task)));
	}
	put_text(key, task->tenant, INDEX_TENANT_MAX);
	put_bytes(key, task->id.bytes, sizeof(task->id.bytes));
}

bool index_parse_due(struct str entry, int64_t *time, struct str *tenant, struct id *id)
{
	size_t head = 4 + 8, tail = 1 + sizeof(id->bytes);

	if (entry.len < head + tail || entry.ptr[0] != '\0')
		return false;
	*time = index_read_time(entry.ptr + 4);
	*tenant = (struct str){ entry.ptr + head, entry.len - head - tail };
	memcpy(id->bytes, entry.ptr + entry.len - sizeof(id->bytes), sizeof(id->bytes));
	return true;
}

void index_put_text(struct index_key *key, struct str text)
{
	put_text(key, text, INDEX_VALUE_MAX);
}

void index_work_prefix(struct index_key *key, struct str tenant, uint8_t dialect, bool archived,
	enum task_state state)
{
	static const struct index_field work = { .code = INDEX_BY_WORK };

	index_field_prefix(key, tenant, dialect, archived, &work);
	put_byte(key, (uint8_t)state);
}

static struct optional_time work_time(const struct task *task)
{
	if (task->state == TASK_PENDING)
		return task->ready_after;
	return task->state == TASK_RUNNING ? task->started : task->finished;
}

static void make_work_key(
	struct index_key *key, const struct task *task, const struct index_field *field)
{
	char scratch[TASK_KIND_MAX];

	index_work_prefix(key, task->tenant, task->dialect, task->archived, task->state);
	index_put_text(key, field->kind(task, scratch));
	if (task->state == TASK_RUNNING)
		index_put_text(key, task->lease.holder);
	index_put_time(key, optional_time_ms(work_time(task)));
	put_bytes(key, task->id.bytes, sizeof(task->id.bytes));
}

bool index_field_key(
	struct index_key *key, const struct task *task, const struct index_field *field)
{
	if (!has_field(task, field))
		return false;
	if (field->source == INDEX_DUE) {
		make_due_key(key, task);
		return true;
	}
	if (field->source == INDEX_WORK) {
		make_work_key(key, task, field);
		return true;
	}
	index_field_prefix(key, task->tenant, task->dialect, task->archived, field);
	switch (field->source) {
	case INDEX_STATE:
	case INDEX_STATUS:
		put_value(key, field, field_text(task, field));
		break;
	case INDEX_PAIR:
		put_value(key, field->pair[0], field_text(task, field->pair[0]));
		put_value(key, field->pair[1], field_text(task, field->pair[1]));
		break;
	case INDEX_FIELD:
		put_ordered_values(key, task, field);
		break;
	case INDEX_UPDATED:
		index_put_time(key, task->updated);
		break;
	case INDEX_NUMBER:
		put_number(key, task->number);
		break;
	case INDEX_READY:
		put_kind(key, task, field);
		put_priority(key, task->priority, true);
		break;
	case INDEX_KIND:
		put_kind(key, task, field);
		break;
	case INDEX_PRIORITY:
		put_priority(key, task->priority, false);
		break;
	case INDEX_FAILURE:
		put_value(key, field, str_cstr(task_failure_name(task->failure)));
		break;
	case INDEX_ALL:
	case INDEX_DUE:
	case INDEX_WORK:
	case INDEX_END:
		break;
	}
	index_put_time(key, task->created);
	put_bytes(key, task->id.bytes, sizeof(task->id.bytes));
	return true;
}

size_t index_all_keys(struct index_key keys[INDEX_KEYS_MAX], const struct task *task,
	const struct index_table *tables)
{
	size_t count = 0;

	for (const struct index_field *field = index_fields(tables, task->dialect);
		field && field->source != INDEX_END && count < INDEX_KEYS_MAX; field++) {
		if (!field->unindexed)
			count += index_field_key(&keys[count], task, field);
	}
	return count;
}

const struct index_field *index_fields(const struct index_table *tables, uint8_t dialect)
{
	while (tables->fields && tables->dialect != dialect)
		tables++;
	return tables->fields;
}

const struct index_field *index_field_by_code(
	const struct index_table *tables, uint8_t dialect, uint8_t code)
{
	const struct index_field *field = index_fields(tables, dialect);

	while (field && field->source != INDEX_END && field->code != code)
		field++;
	return field && field->source != INDEX_END ? field : NULL;
}

/* A dialect and a field code must name one row, or a task would have the same key twice. */
static bool check_table(
	const struct index_table *tables, const struct index_table *table, struct err *err)
{
	size_t count = 0;

	for (const struct index_field *field = table->fields; field->source != INDEX_END; field++) {
		if (index_field_by_code(tables, table->dialect, field->code) != field)
			return err_set(err, ERR_INTERNAL, NULL,
				"index field %d of dialect %d is there twice", field->code,
				table->dialect);
		count += !field->unindexed;
	}
	if (count > INDEX_KEYS_MAX)
		return err_set(err, ERR_INTERNAL, NULL, "a task would have more than %d index keys",
			INDEX_KEYS_MAX);
	return true;
}

static void describe_field(struct buf *text, uint8_t dialect, const struct index_field *field)
{
	buf_printf(text, "%d %d %d %d %s", dialect, field->code, (int)field->source,
		field->normalize != NULL, field->source == INDEX_FIELD ? field->name : "");
	for (size_t i = 0; field->order_by && field->order_by[i]; i++)
		buf_printf(text, " %s", field->order_by[i]);
	for (size_t i = 0; i < 2 && field->source == INDEX_PAIR; i++)
		buf_printf(text, " %d", field->pair[i]->code);
	buf_putc(text, ';');
}

bool index_schema_hash(
	const struct index_table *tables, uint8_t hash[INDEX_SCHEMA_HASH_SIZE], struct err *err)
{
	struct buf text = BUF_INIT;
	bool ok = false;

	_Static_assert(INDEX_SCHEMA_HASH_SIZE == crypto_hash_sha256_BYTES, "the hash is a SHA-256");
	/* 3: entries without values; 4: references to UUIDs in either case are one */
	buf_printf(&text, "4 %d %d;", INDEX_TENANT_MAX, INDEX_VALUE_MAX);
	for (const struct index_table *table = tables; table->fields; table++) {
		if (!check_table(tables, table, err)) {
			buf_free(&text);
			return false;
		}
		for (const struct index_field *field = table->fields; field->source != INDEX_END;
			field++) {
			if (!field->unindexed)
				describe_field(&text, table->dialect, field);
		}
	}
	if (buf_ok(&text)) {
		crypto_hash_sha256(hash, (const unsigned char *)text.data, text.len);
		ok = true;
	} else {
		err_no_memory(err);
	}
	buf_free(&text);
	return ok;
}
