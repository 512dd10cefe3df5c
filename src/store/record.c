#include "store/record.h"

/*
 * Version 1:
 *
 *     version · dialect · archived (0 or 1) · state · id (16)
 *     the numbers below, in order: unsigned LEB128, signed ones zigzag first
 *     the texts below, in order: length, bytes
 *     number of members, then each as name and JSON, both texts
 *
 * The two tables are the format: their order stands on disk.
 */
#define HEADER_SIZE (4 + sizeof(((struct id *)0)->bytes))
#define TEXT_MAX    ((size_t)UINT32_MAX)

enum number_type { SIGNED_64, SIGNED_32, UNSIGNED_64, UNSIGNED_32 };

static const struct {
	size_t offset;
	enum number_type type;
} numbers[] = {
	{ offsetof(struct task, number), UNSIGNED_64 },
	{ offsetof(struct task, created), SIGNED_64 },
	{ offsetof(struct task, updated), SIGNED_64 },
	{ offsetof(struct task, started), SIGNED_64 },
	{ offsetof(struct task, finished), SIGNED_64 },
	{ offsetof(struct task, revision), UNSIGNED_64 },
	{ offsetof(struct task, priority), SIGNED_32 },
	{ offsetof(struct task, not_before), SIGNED_64 },
	{ offsetof(struct task, attempt), UNSIGNED_32 },
	{ offsetof(struct task, max_attempts), UNSIGNED_32 },
	{ offsetof(struct task, lease.token), UNSIGNED_64 },
	{ offsetof(struct task, lease.expires), SIGNED_64 },
};

static const size_t texts[] = {
	offsetof(struct task, tenant),
	offsetof(struct task, status),
	offsetof(struct task, created_by),
	offsetof(struct task, updated_by),
	offsetof(struct task, error),
	offsetof(struct task, progress),
	offsetof(struct task, lease.holder),
};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))
#define TEXTS	(sizeof(texts) / sizeof(texts[0]))

/* ---- writing ---- */

static void put_varint(struct buf *out, uint64_t value)
{
	uint8_t bytes[10];
	size_t len = 0;

	for (; value > 0x7F; value >>= 7)
		bytes[len++] = (uint8_t)(value | 0x80);
	bytes[len++] = (uint8_t)value;
	buf_put(out, bytes, len);
}

static void put_text(struct buf *out, struct str text)
{
	if (text.len > TEXT_MAX) {
		out->failed = true;
		return;
	}
	put_varint(out, text.len);
	buf_put_str(out, text);
}

static uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static uint64_t get_member(const void *at, enum number_type type)
{
	union {
		int64_t s64;
		int32_t s32;
		uint64_t u64;
		uint32_t u32;
	} value;

	memcpy(&value, at, type == SIGNED_32 || type == UNSIGNED_32 ? 4 : 8);
	switch (type) {
	case SIGNED_64:
		return zigzag(value.s64);
	case SIGNED_32:
		return zigzag(value.s32);
	case UNSIGNED_64:
		return value.u64;
	case UNSIGNED_32:
		break;
	}
	return value.u32;
}

bool record_encode(const struct task *task, struct buf *out)
{
	const uint8_t head[] = { RECORD_VERSION, task->dialect, task->archived,
		(uint8_t)task->state };
	const char *base = (const char *)task;

	buf_put(out, head, sizeof(head));
	buf_put(out, task->id.bytes, sizeof(task->id.bytes));
	for (size_t i = 0; i < NUMBERS; i++)
		put_varint(out, get_member(base + numbers[i].offset, numbers[i].type));
	for (size_t i = 0; i < TEXTS; i++) {
		struct str text;

		memcpy(&text, base + texts[i], sizeof(text));
		put_text(out, text);
	}
	put_varint(out, task->field_count);
	for (size_t i = 0; i < task->field_count; i++) {
		put_text(out, task->fields[i].name);
		put_text(out, task->fields[i].json);
	}
	return buf_ok(out);
}

/* ---- reading ---- */

/* Only the shortest form of a number is one, so that equal tasks have equal records. */
static bool read_varint(struct str *in, uint64_t *value)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < in->len && i < 10; i++) {
		uint8_t byte = (uint8_t)in->ptr[i];

		if ((i == 9 && byte > 1) || (i > 0 && byte == 0))
			return false;
		sum |= (uint64_t)(byte & 0x7F) << (7 * i);
		if (byte < 0x80) {
			*value = sum;
			*in = str_skip(*in, i + 1);
			return true;
		}
	}
	return false;
}

static bool read_text(struct str *in, struct str *text)
{
	uint64_t len;

	if (!read_varint(in, &len) || len > in->len)
		return false;
	*text = (struct str){ in->ptr, (size_t)len };
	*in = str_skip(*in, (size_t)len);
	return true;
}

static bool set_member(void *at, enum number_type type, uint64_t value)
{
	int64_t whole = (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
	int32_t whole32 = (int32_t)whole;
	uint32_t low = (uint32_t)value;

	switch (type) {
	case SIGNED_64:
		memcpy(at, &whole, sizeof(whole));
		return true;
	case SIGNED_32:
		memcpy(at, &whole32, sizeof(whole32));
		return whole32 == whole;
	case UNSIGNED_64:
		memcpy(at, &value, sizeof(value));
		return true;
	case UNSIGNED_32:
		break;
	}
	memcpy(at, &low, sizeof(low));
	return low == value;
}

static bool read_header(struct str *in, struct task *task)
{
	const uint8_t *at = (const uint8_t *)in->ptr;

	if (in->len < HEADER_SIZE || at[0] != RECORD_VERSION || at[2] > 1 || at[3] >= TASK_STATES)
		return false;
	task->dialect = at[1];
	task->archived = at[2];
	task->state = (enum task_state)at[3];
	memcpy(task->id.bytes, at + 4, sizeof(task->id.bytes));
	*in = str_skip(*in, HEADER_SIZE);
	return true;
}

static bool read_fields(struct str *in, struct task *task)
{
	uint64_t count;

	if (!read_varint(in, &count) || count > TASK_FIELDS_MAX)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (!read_text(in, &task->fields[i].name) || !read_text(in, &task->fields[i].json))
			return false;
	}
	task->field_count = (size_t)count;
	return true;
}

bool record_decode(struct task *task, struct str bytes)
{
	struct task read = { 0 };
	char *base = (char *)&read;

	if (!read_header(&bytes, &read))
		return false;
	for (size_t i = 0; i < NUMBERS; i++) {
		uint64_t value;

		if (!read_varint(&bytes, &value) ||
			!set_member(base + numbers[i].offset, numbers[i].type, value))
			return false;
	}
	for (size_t i = 0; i < TEXTS; i++) {
		struct str text;

		if (!read_text(&bytes, &text))
			return false;
		memcpy(base + texts[i], &text, sizeof(text));
	}
	if (!read_fields(&bytes, &read) || bytes.len > 0)
		return false;
	*task = read;
	return true;
}
