#include "admin/transfer.h"

#include <inttypes.h>

#include "auth/principal.h"
#include "dialect/dialect.h"
#include "http/json.h"

/* How a member of a task is written and read; at points at it within the task. */
struct kind {
	void (*write)(const void *at, struct buf *out);
	bool (*read)(void *at, const json_t *json, struct mem *mem);
	const char *what; /* for errors: "state must be ..." */
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
	static bool read_##type(void *at, const json_t *json, struct mem *mem)     \
	{                                                                          \
		json_int_t number = json_integer_value(json);                      \
		type value = (type)number;                                         \
                                                                                   \
		(void)mem;                                                         \
		if (!json_is_integer(json) || number < (least) || number > (most)) \
			return false;                                              \
		memcpy(at, &value, sizeof(value));                                 \
		return true;                                                       \
	}

WRITE_NUMBER(int64_t, PRId64)
WRITE_NUMBER(uint64_t, PRIu64)
WRITE_NUMBER(int32_t, PRId32)
WRITE_NUMBER(uint32_t, PRIu32)
READ_NUMBER(int64_t, INT64_MIN, INT64_MAX)
READ_NUMBER(uint64_t, 0, INT64_MAX)
READ_NUMBER(int32_t, INT32_MIN, INT32_MAX)
READ_NUMBER(uint32_t, 0, UINT32_MAX)

static void write_bool(const void *at, struct buf *out)
{
	const bool *value = at;

	buf_puts(out, *value ? "true" : "false");
}

static bool read_bool(void *at, const json_t *json, struct mem *mem)
{
	bool *value = at;

	(void)mem;
	*value = json_is_true(json);
	return json_is_boolean(json);
}

/* ---- texts ---- */

static void write_text(const void *at, struct buf *out)
{
	const struct str *text = at;

	buf_put_json(out, *text);
}

static bool read_text(void *at, const json_t *json, struct mem *mem)
{
	struct str *text = at;

	if (!json_is_string(json))
		return false;
	*text = mem_copy(mem, json_str(json));
	return text->ptr;
}

static bool read_tenant(void *at, const json_t *json, struct mem *mem)
{
	return json_is_string(json) && auth_is_tenant(json_str(json)) && read_text(at, json, mem);
}

/* JSON text, or null for none. */
static void write_json(const void *at, struct buf *out)
{
	const struct str *text = at;

	buf_put_str(out, text->len ? *text : STR("null"));
}

static bool read_json(void *at, const json_t *json, struct mem *mem)
{
	struct str *text = at;

	if (json_is_null(json))
		return true;
	*text = json_text(json, mem);
	return text->ptr;
}

/* ---- what has names of its own ---- */

static void write_id(const void *at, struct buf *out)
{
	char text[ID_TEXT_LEN + 1];

	id_format(at, text);
	buf_printf(out, "\"%s\"", text);
}

static bool read_id(void *at, const json_t *json, struct mem *mem)
{
	(void)mem;
	return json_is_string(json) && id_parse(at, json_str(json));
}

static void write_dialect(const void *at, struct buf *out)
{
	const uint8_t *code = at;
	const char *name = dialect_code_name(*code);

	if (name)
		buf_put_json(out, str_of(name));
	else
		buf_printf(out, "%u", *code);
}

static bool read_dialect(void *at, const json_t *json, struct mem *mem)
{
	uint8_t read = json_is_string(json) ? dialect_code_of(json_str(json)) : 0;
	uint8_t *code = at;

	(void)mem;
	if (read)
		*code = read;
	return read;
}

static void write_state(const void *at, struct buf *out)
{
	const enum task_state *state = at;

	buf_put_json(out, str_of(task_state_name(*state)));
}

static bool read_state(void *at, const json_t *json, struct mem *mem)
{
	enum task_state *state = at;

	(void)mem;
	*state = json_is_string(json) ? task_state_parse(json_str(json)) : TASK_STATE_NONE;
	return *state != TASK_STATE_NONE;
}

/* ---- the table ---- */

#define NUMBER(type, text)                      \
	{                                       \
		write_##type, read_##type, text \
	}

static const struct kind kind_int64 = NUMBER(int64_t, "a whole number");
static const struct kind kind_uint64 = NUMBER(uint64_t, "a whole number from 0 on");
static const struct kind kind_int32 = NUMBER(int32_t, "a whole number of 32 bits");
static const struct kind kind_uint32 = NUMBER(uint32_t, "a whole number of 32 bits from 0 on");
static const struct kind kind_bool = { write_bool, read_bool, "true or false" };
static const struct kind kind_text = { write_text, read_text, "a text" };
static const struct kind kind_tenant = { write_text, read_tenant, "the name of a tenant" };
static const struct kind kind_json = { write_json, read_json, "JSON" };
static const struct kind kind_id = { write_id, read_id, "a UUID" };
static const struct kind kind_dialect = { write_dialect, read_dialect, "the name of a dialect" };
static const struct kind kind_state = { write_state, read_state, "the name of a state" };

#define MEMBER(text, how, member) \
	.name = (text), .kind = &(how), .offset = offsetof(struct task, member)

static const struct member {
	const char *name;
	const struct kind *kind;
	size_t offset;
	bool required;
} members[] = {
	{ MEMBER("id", kind_id, id), .required = true },
	{ MEMBER("number", kind_uint64, number) },
	{ MEMBER("tenant", kind_tenant, tenant), .required = true },
	{ MEMBER("dialect", kind_dialect, dialect), .required = true },
	{ MEMBER("archived", kind_bool, archived) },
	{ MEMBER("state", kind_state, state), .required = true },
	{ MEMBER("word", kind_text, word) },
	{ MEMBER("created", kind_int64, created), .required = true },
	{ MEMBER("updated", kind_int64, updated) },
	{ MEMBER("started", kind_int64, started) },
	{ MEMBER("finished", kind_int64, finished) },
	{ MEMBER("revision", kind_uint64, revision) },
	{ MEMBER("created_by", kind_text, created_by) },
	{ MEMBER("updated_by", kind_text, updated_by) },
	{ MEMBER("priority", kind_int32, priority) },
	{ MEMBER("not_before", kind_int64, not_before) },
	{ MEMBER("attempt", kind_uint32, attempt) },
	{ MEMBER("max_attempts", kind_uint32, max_attempts) },
	{ MEMBER("lease_holder", kind_text, lease.holder) },
	{ MEMBER("lease_token", kind_uint64, lease.token) },
	{ MEMBER("lease_expires", kind_int64, lease.expires) },
	{ MEMBER("error", kind_json, error) },
	{ MEMBER("progress", kind_json, progress) },
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))
#define FIELDS	"fields"

void transfer_write(const struct task *task, struct buf *out)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		buf_printf(out, "%c\"%s\":", i ? ',' : '{', members[i].name);
		members[i].kind->write((const char *)task + members[i].offset, out);
	}
	buf_puts(out, ",\"" FIELDS "\":");
	task_put_fields(task, out);
	buf_putc(out, '}');
}

static bool read_fields(struct task *task, struct mem *mem, json_t *fields, struct err *err)
{
	const char *name;
	json_t *value;

	if (fields && !json_is_object(fields))
		return err_set(err, ERR_INVALID, FIELDS, "fields must be an object");
	json_object_foreach (fields, name, value) {
		struct field field = { mem_copy(mem, str_of(name)), json_text(value, mem) };

		if (!field.name.ptr || !field.json.ptr)
			return err_set(err, ERR_NO_MEMORY, NULL, NULL);
		if (!task_set_field(task, field))
			return err_set(err, ERR_TOO_LARGE, FIELDS, "there are more than %d fields",
				TASK_FIELDS_MAX);
	}
	return true;
}

static bool read_members(struct task *task, struct mem *mem, const json_t *json, struct err *err)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		const json_t *value = json_object_get(json, members[i].name);

		if (!value && members[i].required)
			return err_set(err, ERR_MISSING, members[i].name, "%s is missing",
				members[i].name);
		if (value && !members[i].kind->read((char *)task + members[i].offset, value, mem))
			return err_set(err, ERR_INVALID, members[i].name, "%s must be %s",
				members[i].name, members[i].kind->what);
	}
	return true;
}

static bool is_member(const char *name)
{
	size_t i = 0;

	while (i < MEMBERS && strcmp(members[i].name, name) != 0)
		i++;
	return i < MEMBERS || strcmp(name, FIELDS) == 0;
}

static bool check_names(json_t *json, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		if (!is_member(name))
			return err_set(err, ERR_INVALID, name, "there is no member %.60s", name);
	}
	return true;
}

bool transfer_read(struct task *task, struct mem *mem, struct str line, struct err *err)
{
	struct task read = { .revision = 1 };
	bool ok = false;
	json_t *json;

	/* Not json_read: a stored field may be as deep as that allows, and lies two levels deeper
	 * here. */
	if (!json_parse(&json, line, err))
		return false;
	if (!json_is_object(json)) {
		err_set(err, ERR_MALFORMED, NULL, "not a JSON object");
		goto out;
	}
	if (!check_names(json, err) || !read_members(&read, mem, json, err) ||
		!read_fields(&read, mem, json_object_get(json, FIELDS), err))
		goto out;
	*task = read;
	ok = true;
out:
	json_decref(json);
	return ok;
}
