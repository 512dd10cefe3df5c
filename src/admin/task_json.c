#include "admin/task_json.h"

#include <inttypes.h>

#include "auth/principal.h"
#include "base/date.h"
#include "dialect/dialect.h"
#include "http/json.h"
#include "task/member.h"
#include "task/policy.h"

/* Writes and reads members of one type; `at` points to the member within the task. */
struct codec {
	void (*write)(const void *at, struct buf *out);
	bool (*read)(void *at, const json_t *json, struct arena *arena);
	const char *expected; /* for errors: "state must be ..." */
};

/* ---- numbers ---- */

#define WRITE_NUMBER(type, format)                                \
	static void write_##type(const void *at, struct buf *out) \
	{                                                         \
		type value;                                       \
                                                                  \
		memcpy(&value, at, sizeof(value));                \
		buf_printf(out, "%" format, value);               \
	}

#define READ_NUMBER(type, least, most)                                             \
	static bool read_##type(void *at, const json_t *json, struct arena *arena) \
	{                                                                          \
		json_int_t number = json_integer_value(json);                      \
		type value = (type)number;                                         \
                                                                                   \
		(void)arena;                                                       \
		if (!json_is_integer(json) || number < (least) || number > (most)) \
			return false;                                              \
		memcpy(at, &value, sizeof(value));                                 \
		return true;                                                       \
	}

WRITE_NUMBER(uint64_t, PRIu64)
WRITE_NUMBER(int32_t, PRId32)
WRITE_NUMBER(uint32_t, PRIu32)
READ_NUMBER(uint64_t, 0, INT64_MAX)
READ_NUMBER(int32_t, INT32_MIN, INT32_MAX)
READ_NUMBER(uint32_t, 0, UINT32_MAX)

/* ---- times ---- */

static void write_time(const void *at, struct buf *out)
{
	const int64_t *ms = at;

	buf_put_number(out, *ms);
}

static bool read_time(void *at, const json_t *json, struct arena *arena)
{
	int64_t *ms = at;

	(void)arena;
	if (json_is_string(json))
		return date_parse(ms, json_str(json));
	*ms = json_integer_value(json);
	return json_is_integer(json) && *ms >= 0 && *ms <= DATE_MS_MAX;
}

static void write_optional_time(const void *at, struct buf *out)
{
	const struct optional_time *time = at;

	if (optional_time_is_set(*time))
		buf_put_number(out, optional_time_ms(*time));
	else
		buf_puts(out, "null");
}

static bool read_optional_time(void *at, const json_t *json, struct arena *arena)
{
	struct optional_time *time = at;
	int64_t ms;

	*time = OPTIONAL_TIME_NONE;
	if (json_is_null(json))
		return true;
	if (!read_time(&ms, json, arena))
		return false;
	*time = optional_time(ms);
	return true;
}

static void forget_zero_times(struct task *task)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		struct optional_time *time = member_at(task, &task_members[i]);

		if (task_members[i].type == TYPE_OPTIONAL_TIME && optional_time_ms(*time) == 0)
			*time = OPTIONAL_TIME_NONE;
	}
}

static void write_bool(const void *at, struct buf *out)
{
	const bool *value = at;

	buf_puts(out, *value ? "true" : "false");
}

static bool read_bool(void *at, const json_t *json, struct arena *arena)
{
	bool *value = at;

	(void)arena;
	*value = json_is_true(json);
	return json_is_boolean(json);
}

/* ---- texts ---- */

static void write_text(const void *at, struct buf *out)
{
	const struct str *text = at;

	buf_put_json_string(out, *text);
}

static bool read_text(void *at, const json_t *json, struct arena *arena)
{
	struct str *text = at;

	if (!json_is_string(json))
		return false;
	*text = arena_copy(arena, json_str(json));
	return text->ptr;
}

static bool read_tenant(void *at, const json_t *json, struct arena *arena)
{
	return json_is_string(json) && auth_is_tenant(json_str(json)) && read_text(at, json, arena);
}

/* JSON text, or null for none. */
static void write_json(const void *at, struct buf *out)
{
	const struct str *text = at;

	buf_put_str(out, text->len ? *text : STR("null"));
}

static bool read_json(void *at, const json_t *json, struct arena *arena)
{
	struct str *text = at;

	if (json_is_null(json))
		return true;
	*text = json_text(json, arena);
	return text->ptr;
}

/* In one spelling, which task_json_write() keeps. */
static bool read_policy(void *at, const json_t *json, struct arena *arena)
{
	struct buf out = BUF_INIT;
	struct str *text = at;
	struct policy policy;

	if (json_is_null(json))
		return true;
	if (!read_json(text, json, arena) || !policy_parse_json(&policy, *text))
		return false;
	policy_put_json(&policy, &out);
	*text = arena_copy(arena, buf_str(&out));
	buf_free(&out);
	return text->ptr;
}

/* ---- ids and names ---- */

static void write_id(const void *at, struct buf *out)
{
	buf_putc(out, '"');
	id_put(at, out);
	buf_putc(out, '"');
}

static bool read_id(void *at, const json_t *json, struct arena *arena)
{
	(void)arena;
	return json_is_string(json) && id_parse(at, json_str(json));
}

static void write_dialect(const void *at, struct buf *out)
{
	const uint8_t *code = at;
	const char *name = dialect_code_name(*code);

	if (name)
		buf_put_json_string(out, str_cstr(name));
	else
		buf_printf(out, "%u", *code);
}

static bool read_dialect(void *at, const json_t *json, struct arena *arena)
{
	uint8_t read = json_is_string(json) ? dialect_code_by_name(json_str(json)) : 0;
	uint8_t *code = at;

	(void)arena;
	if (read)
		*code = read;
	return read;
}

static void write_state(const void *at, struct buf *out)
{
	const enum task_state *state = at;

	buf_put_json_string(out, str_cstr(task_state_name(*state)));
}

static bool read_state(void *at, const json_t *json, struct arena *arena)
{
	enum task_state *state = at;

	(void)arena;
	*state = json_is_string(json) ? task_state_parse(json_str(json)) : TASK_STATE_NONE;
	return *state != TASK_STATE_NONE;
}

static void write_failure(const void *at, struct buf *out)
{
	const enum task_failure *failure = at;
	const char *name = task_failure_name(*failure);

	if (name)
		buf_put_json_string(out, str_cstr(name));
	else
		buf_puts(out, "null");
}

static bool read_failure(void *at, const json_t *json, struct arena *arena)
{
	enum task_failure *failure = at;

	(void)arena;
	*failure = json_is_string(json) ? task_failure_parse(json_str(json)) : FAILURE_NONE;
	return *failure != FAILURE_NONE || json_is_null(json);
}

/* ---- the table ---- */

#define TIME_EXPECTED "a time from 1970 to 9999, in ms since 1970 or as in RFC 3339"

static const struct codec codecs[MEMBER_TYPES] = {
	[TYPE_ID] = { write_id, read_id, "a UUID" },
	[TYPE_DIALECT] = { write_dialect, read_dialect, "the name of a dialect" },
	[TYPE_BOOL] = { write_bool, read_bool, "true or false" },
	[TYPE_STATE] = { write_state, read_state, "the name of a state" },
	[TYPE_INT32] = { write_int32_t, read_int32_t, "an integer of 32 bits" },
	[TYPE_UINT32] = { write_uint32_t, read_uint32_t, "an unsigned integer of 32 bits" },
	[TYPE_UINT64] = { write_uint64_t, read_uint64_t, "an unsigned integer" },
	[TYPE_SERIAL] = { write_uint64_t, read_uint64_t, "an unsigned integer" },
	[TYPE_TIME] = { write_time, read_time, TIME_EXPECTED },
	[TYPE_OPTIONAL_TIME] = { write_optional_time, read_optional_time,
		TIME_EXPECTED " or null" },
	[TYPE_FAILURE] = { write_failure, read_failure, "the name of a failure, or null" },
	[TYPE_TEXT] = { write_text, read_text, "a string" },
	[TYPE_TENANT] = { write_text, read_tenant, "the name of a tenant" },
	[TYPE_JSON] = { write_json, read_json, "JSON" },
	[TYPE_POLICY] = { write_json, read_policy, "a policy, or null" },
};

#define FIELDS "fields"
/* The name of status in exports of early versions. */
#define OLD_STATUS "word"

void task_json_write(const struct task *task, struct buf *out)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		const struct member_row *row = &task_members[i];

		if (row->local)
			continue;
		buf_printf(out, "%c\"%s\":", i ? ',' : '{', row->name);
		codecs[row->type].write(member_of(task, row), out);
	}
	buf_puts(out, ",\"" FIELDS "\":");
	task_put_fields(task, out);
	buf_putc(out, '}');
}

static bool read_fields(struct task *task, struct arena *arena, json_t *fields, struct err *err)
{
	const char *name;
	json_t *value;

	if (fields && !json_is_object(fields))
		return err_set(err, ERR_INVALID, FIELDS, "fields must be an object");
	json_object_foreach (fields, name, value) {
		struct field field = { arena_copy(arena, str_cstr(name)), json_text(value, arena) };

		if (!field.name.ptr || !field.json.ptr)
			return err_no_memory(err);
		if (!task_set_field(task, field))
			return err_set(
				err, ERR_TOO_LARGE, FIELDS, "more than %d fields", TASK_FIELDS_MAX);
	}
	return true;
}

static const json_t *get_member(const json_t *json, enum member member)
{
	const json_t *value = json_object_get(json, task_members[member].name);

	return value || member != MEMBER_STATUS ? value : json_object_get(json, OLD_STATUS);
}

static void set_defaults(struct task *task, const json_t *json)
{
	const struct dialect *dialect = dialect_by_code(task->dialect);

	if (!get_member(json, MEMBER_UPDATED))
		task->updated = task->created;
	if (!get_member(json, MEMBER_STATUS) && dialect)
		task->status = str_cstr(dialect_status(dialect->statuses, task->state));
	if (!get_member(json, MEMBER_READY_AFTER) && task->state == TASK_PENDING)
		task->ready_after = task->not_before;
}

static bool read_members(
	struct task *task, struct arena *arena, const json_t *json, struct err *err)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		const struct member_row *row = &task_members[i];
		const json_t *value = row->local ? NULL : get_member(json, (enum member)i);

		if (!value && row->required)
			return err_set(err, ERR_MISSING, row->name, "%s is missing", row->name);
		if (value && !codecs[row->type].read(member_at(task, row), value, arena))
			return err_set(err, ERR_INVALID, row->name, "%s must be %s", row->name,
				codecs[row->type].expected);
	}
	/* 0: it has none. */
	if (task->revision == 0 && get_member(json, MEMBER_REVISION))
		return err_set(err, ERR_INVALID, "revision", "revision must be at least 1");
	set_defaults(task, json);
	return true;
}

static bool is_member(const char *name)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		if (!task_members[i].local && strcmp(task_members[i].name, name) == 0)
			return true;
	}
	return strcmp(name, FIELDS) == 0 || strcmp(name, OLD_STATUS) == 0;
}

static bool check_names(json_t *json, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		if (!is_member(name))
			return err_set(err, ERR_INVALID, name, "unknown member %.60s", name);
	}
	return true;
}

bool task_json_read(
	struct task *task, struct arena *arena, struct str line, int version, struct err *err)
{
	struct task read = { 0 };
	bool ok = false;
	json_t *json;

	/* Not json_parse_strict: a field of the maximum depth is two levels deeper here. */
	if (!json_parse_exact(&json, line, err))
		return false;
	if (!json_is_object(json)) {
		err_set(err, ERR_MALFORMED, NULL, "not a JSON object: each line has one task");
		goto out;
	}
	if (!check_names(json, err) || !read_members(&read, arena, json, err) ||
		!read_fields(&read, arena, json_object_get(json, FIELDS), err))
		goto out;
	if (version < 2)
		forget_zero_times(&read);
	*task = read;
	ok = true;
out:
	json_decref(json);
	return ok;
}
