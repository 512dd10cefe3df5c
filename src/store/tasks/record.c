#include "store/tasks/record.h"

#include "base/date.h"
#include "store/packed.h"
#include "task/member.h"

/*
 * Version 6:
 *
 *	version · dialect · archived (0 or 1) · state · id (16 bytes)
 *	the numbers of task_members, in order: unsigned LEB128, signed ones zigzag first;
 *		an optional time as one more than the time, 0: absent
 *	the texts of task_members, in order: length, bytes
 *	number of fields, then each as name and JSON, both texts
 *
 * A later version adds members at the end of their group (struct member_row.since). Version 5 has
 * no is_bulk. Version 4 has no trace. Version 3 has no attempts_end and lease.expiry_fails. Version
 * 2 has no kind, result, ready_after, and of the lease no length either. Version 1 has optional
 * times as they are, and 0 if they are absent.
 */
#define HEADER_SIZE (4 + sizeof(((struct id *)0)->bytes))

/* ---- writing ---- */

static uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static bool is_signed(const struct member_row *row)
{
	return row->type == TYPE_INT32 || row->type == TYPE_TIME || row->type == TYPE_OPTIONAL_TIME;
}

/* A number as it is written. */
static uint64_t get_number(const struct task *task, const struct member_row *row)
{
	union {
		int64_t s64;
		int32_t s32;
		uint64_t u64;
		uint32_t u32;
	} value;

	memcpy(&value, member_of(task, row), row->size);
	if (row->size == sizeof(value.u32))
		return is_signed(row) ? zigzag(value.s32) : value.u32;
	return is_signed(row) ? zigzag(value.s64) : value.u64;
}

uint8_t record_version_for(uint64_t layout)
{
	static const uint8_t versions[] = { [0] = RECORD_VERSION, [1] = 6 };

	return layout < sizeof(versions) ? versions[layout] : RECORD_VERSION;
}

bool record_encode(const struct task *task, uint8_t version, struct buf *out)
{
	const uint8_t head[] = { version, task->dialect, task->archived, (uint8_t)task->state };

	buf_put(out, head, sizeof(head));
	buf_put(out, task->id.bytes, sizeof(task->id.bytes));
	for (size_t i = MEMBER_FIRST_NUMBER; i < MEMBER_FIRST_TEXT; i++)
		if (task_members[i].since <= version)
			packed_put_number(out, get_number(task, &task_members[i]));
	for (size_t i = MEMBER_FIRST_TEXT; i < MEMBERS; i++)
		if (task_members[i].since <= version)
			packed_put_text(
				out, *(const struct str *)member_of(task, &task_members[i]));
	packed_put_number(out, task->field_count);
	for (size_t i = 0; i < task->field_count; i++) {
		packed_put_text(out, task->fields[i].name);
		packed_put_text(out, task->fields[i].json);
	}
	return buf_ok(out);
}

/* ---- reading ---- */

/* An optional time of version 1. Builds of that version could store times before 1970: as 1970. */
static struct optional_time old_time(int64_t ms)
{
	if (ms == 0)
		return OPTIONAL_TIME_NONE;
	return optional_time(ms < 0 ? 0 : ms < DATE_MS_MAX ? ms : DATE_MS_MAX);
}

static void upgrade_times(struct task *task)
{
	for (size_t i = MEMBER_FIRST_NUMBER; i < MEMBER_FIRST_TEXT; i++) {
		struct optional_time *time = member_at(task, &task_members[i]);

		if (task_members[i].type == TYPE_OPTIONAL_TIME)
			*time = old_time(time->successor);
	}
}

/* Returns false if the value does not fit the member. */
static bool set_number(struct task *task, const struct member_row *row, uint64_t value)
{
	uint64_t number = value;
	int32_t s32;
	uint32_t u32;

	if (is_signed(row))
		number = value >> 1 ^ (value & 1 ? UINT64_MAX : 0);
	if (row->size == sizeof(number)) {
		memcpy(member_at(task, row), &number, sizeof(number));
		return true;
	}
	u32 = (uint32_t)number;
	memcpy(&s32, &u32, sizeof(s32));
	memcpy(member_at(task, row), &u32, sizeof(u32));
	return is_signed(row) ? (int64_t)number == s32 : number == u32;
}

static bool read_header(struct str *in, struct task *task, uint8_t *version)
{
	const uint8_t *at = (const uint8_t *)in->ptr;

	if (in->len < HEADER_SIZE || at[0] == 0 || at[0] > RECORD_VERSION || at[2] > 1 ||
		at[3] >= TASK_STATES)
		return false;
	*version = at[0];
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

	if (!packed_read_number(in, &count) || count > TASK_FIELDS_MAX)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (!packed_read_text(in, &task->fields[i].name) ||
			!packed_read_text(in, &task->fields[i].json))
			return false;
	}
	task->field_count = (size_t)count;
	return true;
}

static bool read_members(struct str *in, struct task *task, uint8_t version)
{
	for (size_t i = MEMBER_FIRST_NUMBER; i < MEMBER_FIRST_TEXT; i++) {
		uint64_t value;

		if (task_members[i].since > version)
			continue;
		if (!packed_read_number(in, &value) || !set_number(task, &task_members[i], value))
			return false;
		if (i == MEMBER_FAILURE && value >= TASK_FAILURES)
			return false;
	}
	for (size_t i = MEMBER_FIRST_TEXT; i < MEMBERS; i++) {
		if (task_members[i].since <= version &&
			!packed_read_text(in, member_at(task, &task_members[i])))
			return false;
	}
	return true;
}

/* Before version 3 not_before alone held a task back. */
static void upgrade_delay(struct task *task)
{
	if (task->state == TASK_PENDING)
		task->ready_after = task->not_before;
}

bool record_decode(struct task *task, struct str bytes)
{
	struct task read = { 0 };
	uint8_t version;

	if (!read_header(&bytes, &read, &version) || !read_members(&bytes, &read, version) ||
		!read_fields(&bytes, &read) || bytes.len > 0)
		return false;
	if (version < 2)
		upgrade_times(&read);
	if (version < 3)
		upgrade_delay(&read);
	*task = read;
	return true;
}
