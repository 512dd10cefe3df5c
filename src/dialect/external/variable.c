/* Variables that workers send: they become the result of the task, and its fields. */
#include "base/encode.h"
#include "dialect/external/external.h"

/* A variable that is read. */
struct variable {
	const struct external_body *body;
	const char *name;
	const json_t *value; /* null if it is absent */
	const json_t *info;  /* valueInfo; NULL: none */
	struct buf *out;     /* its JSON text is appended */
};

/* A name as messages have it. */
#define NAME(name) STR_ARGS(external_characters(str_cstr(name), 64))

#define REFUSE(variable, expected)                                                         \
	err_set((variable)->body->err, ERR_INVALID, NULL, "The variable %.*s must be %s.", \
		NAME((variable)->name), (expected))

static bool put_json(const struct variable *variable, const json_t *json)
{
	if (json)
		json_put(variable->out, json);
	else
		buf_puts(variable->out, "null");
	return true;
}

/* ---- the types ---- */

static bool parse_string(const struct variable *variable)
{
	struct buf text = BUF_INIT;

	if (json_is_null(variable->value) || json_is_string(variable->value))
		return put_json(variable, variable->value);
	if (json_is_object(variable->value) || json_is_array(variable->value))
		return REFUSE(variable, "a string");
	json_put(&text, variable->value);
	buf_put_json_string(variable->out, buf_str(&text));
	variable->out->failed |= !buf_ok(&text);
	buf_free(&text);
	return true;
}

static bool parse_text(const struct variable *variable)
{
	return json_is_null(variable->value) || json_is_string(variable->value)
		       ? put_json(variable, variable->value)
		       : REFUSE(variable, "a string");
}

static bool parse_boolean(const struct variable *variable)
{
	struct str text = json_str(variable->value);

	if (json_is_null(variable->value) || json_is_boolean(variable->value))
		return put_json(variable, variable->value);
	if (!json_is_string(variable->value) ||
		(!str_eq_nocase(text, STR("true")) && !str_eq_nocase(text, STR("false"))))
		return REFUSE(variable, "true or false");
	buf_puts(variable->out, str_eq_nocase(text, STR("true")) ? "true" : "false");
	return true;
}

static bool parse_integer(const struct variable *variable, int64_t min, int64_t max)
{
	struct external_body value = { .arena = variable->body->arena, .err = variable->body->err };
	struct optional_number number = { 0 };
	json_t *wrapped;
	bool ok;

	if (json_is_null(variable->value))
		return put_json(variable, NULL);
	wrapped = json_pack("{sO}", "value", variable->value);
	if (!wrapped)
		return err_no_memory(value.err);
	value.json = wrapped;
	ok = external_get_number(&value, "value", min, max, &number) && number.is_set;
	json_decref(wrapped);
	if (!ok)
		return value.err->code != ERR_NO_MEMORY &&
		       REFUSE(variable, "an integer of its type");
	buf_put_number(variable->out, number.value);
	return true;
}

static bool parse_short(const struct variable *variable)
{
	return parse_integer(variable, INT16_MIN, INT16_MAX);
}

static bool parse_int(const struct variable *variable)
{
	return parse_integer(variable, INT32_MIN, INT32_MAX);
}

static bool parse_long(const struct variable *variable)
{
	return parse_integer(variable, INT64_MIN, INT64_MAX);
}

/* A value that a text has in JSON; *json is NULL if it has none. False only without memory. */
static bool parse_inner(const struct variable *variable, json_t **json)
{
	struct err err;

	*json = NULL;
	return json_parse_strict(json, json_str(variable->value), &err) ||
	       err.code != ERR_NO_MEMORY || err_no_memory(variable->body->err);
}

static bool parse_double(const struct variable *variable)
{
	json_t *number = NULL;
	bool ok;

	if (json_is_null(variable->value) || json_is_number(variable->value))
		return put_json(variable, variable->value);
	if (!json_is_string(variable->value))
		return REFUSE(variable, "a number");
	if (!parse_inner(variable, &number))
		return false;
	ok = json_is_number(number) ? put_json(variable, number) : REFUSE(variable, "a number");
	json_decref(number);
	return ok;
}

static bool parse_date(const struct variable *variable)
{
	const struct external_body *body = variable->body;
	int64_t ms;
	bool valid = false;

	if (json_is_null(variable->value))
		return put_json(variable, NULL);
	if (json_is_string(variable->value) && !external_parse_date(json_str(variable->value), &ms,
						       &valid, body->arena, body->err))
		return false;
	return valid ? put_json(variable, variable->value)
		     : REFUSE(variable, "a date such as 2026-11-27T22:00:00.000+0000");
}

static bool parse_bytes(const struct variable *variable)
{
	struct str text = json_str(variable->value);
	void *bytes;
	size_t len;

	if (json_is_null(variable->value))
		return put_json(variable, NULL);
	bytes = arena_alloc(variable->body->arena, text.len + 1);
	if (!bytes)
		return err_no_memory(variable->body->err);
	return json_is_string(variable->value) && base64_decode(bytes, text.len, &len, text)
		       ? put_json(variable, variable->value)
		       : REFUSE(variable, "a string in base64");
}

static bool parse_null(const struct variable *variable)
{
	return put_json(variable, NULL);
}

/* The text of JSON, or the JSON itself, which some clients send. */
static bool parse_json(const struct variable *variable)
{
	json_t *inner;
	bool ok;

	if (!json_is_string(variable->value))
		return put_json(variable, variable->value);
	if (!parse_inner(variable, &inner))
		return false;
	ok = inner ? put_json(variable, inner) : REFUSE(variable, "a text of JSON");
	json_decref(inner);
	return ok;
}

static bool parse_object(const struct variable *variable)
{
	struct str format = json_str(json_object_get(variable->info, "serializationDataFormat"));

	if (json_is_string(variable->value) && str_eq(format, STR("application/json")))
		return parse_json(variable);
	return parse_text(variable);
}

static void put_info(const struct variable *variable, const char *name)
{
	const json_t *text = json_object_get(variable->info, name);

	buf_put_json_string(variable->out, str_cstr(name));
	buf_putc(variable->out, ':');
	put_json(variable, json_is_string(text) ? text : NULL);
}

static bool parse_file(const struct variable *variable)
{
	if (!json_is_string(json_object_get(variable->info, "filename")))
		return REFUSE(variable, "a file with a filename in valueInfo");
	buf_putc(variable->out, '{');
	put_info(variable, "filename");
	buf_putc(variable->out, ',');
	put_info(variable, "mimetype");
	buf_puts(variable->out, ",\"data\":");
	if (!parse_bytes(variable))
		return false;
	buf_putc(variable->out, '}');
	return true;
}

/* ---- one variable ---- */

static bool parse_untyped(const struct variable *variable)
{
	return put_json(variable, variable->value);
}

/* The first letter may be in either case. */
static const struct {
	const char *name;
	bool (*parse)(const struct variable *variable);
} types[] = {
	{ "String", parse_string },
	{ "Boolean", parse_boolean },
	{ "Short", parse_short },
	{ "Integer", parse_int },
	{ "Long", parse_long },
	{ "Double", parse_double },
	{ "Date", parse_date },
	{ "Bytes", parse_bytes },
	{ "Null", parse_null },
	{ "Json", parse_json },
	{ "Xml", parse_text },
	{ "Object", parse_object },
	{ "File", parse_file },
};

static bool parse_typed(const struct variable *variable, const json_t *type)
{
	struct str name = json_str(type);

	if (!type || json_is_null(type))
		return parse_untyped(variable);
	for (size_t i = 0; json_is_string(type) && i < sizeof(types) / sizeof(types[0]); i++) {
		struct str known = str_cstr(types[i].name);

		if (name.len == known.len && (name.ptr[0] | 0x20) == (known.ptr[0] | 0x20) &&
			str_eq(str_skip(name, 1), str_skip(known, 1)))
			return types[i].parse(variable);
	}
	return err_set(variable->body->err, ERR_INVALID, NULL,
		"Unsupported value type '%.*s' of the variable %.*s.",
		STR_ARGS(external_characters(name, 32)), NAME(variable->name));
}

/* ---- all variables ---- */

struct reader {
	const struct external_body *body;
	const json_t *local; /* these replace variables of the same name */
	struct change *change;
	struct buf result; /* members of an object */
	size_t count;	   /* of these */
};

static bool is_transient(const json_t *info)
{
	return json_is_true(json_object_get(info, "transient"));
}

static bool set_field(const struct reader *reader, const char *name, struct str json)
{
	const struct external_body *body = reader->body;
	struct str field = arena_copy(
		body->arena, str_skip(str_cstr(name), EXTERNAL_FIELD_PREFIX.len));

	/* An empty text removes the field, as null does in the native API. */
	json = str_eq(json, STR("null")) ? STR("") : arena_copy(body->arena, json);
	if (!field.ptr || !json.ptr)
		return err_no_memory(body->err);
	if (field.len == 0 || field.len > TASK_FIELD_NAME_MAX)
		return err_set(body->err, ERR_INVALID, NULL,
			"The name of a field must have 1 to %d bytes.", TASK_FIELD_NAME_MAX);
	if (json_text_depth(json) >= JSON_DEPTH_MAX)
		return err_set(body->err, ERR_INVALID, NULL,
			"The variable %.*s has more than %d levels.", NAME(name),
			JSON_DEPTH_MAX - 1);
	return (change_set_field(reader->change, field, json) &&
		       reader->change->field_count <= EXTERNAL_FIELDS_MAX) ||
	       err_set(body->err, ERR_INVALID, NULL, "A report may set at most %d fields.",
		       EXTERNAL_FIELDS_MAX);
}

static bool keep(struct reader *reader, const char *name, struct str json)
{
	if (!reader->change)
		return true;
	if (str_starts(str_cstr(name), EXTERNAL_FIELD_PREFIX))
		return set_field(reader, name, json);
	if (reader->count++ > 0)
		buf_putc(&reader->result, ',');
	buf_put_json_string(&reader->result, str_cstr(name));
	buf_putc(&reader->result, ':');
	buf_put_str(&reader->result, json);
	return true;
}

static bool parse_one(struct reader *reader, const char *name, const json_t *json)
{
	struct buf text = BUF_INIT;
	const json_t *value = json_object_get(json, "value");
	const struct variable variable = { reader->body, name, value ? value : json_null(),
		json_object_get(json, "valueInfo"), &text };
	bool ok;

	if (!json_is_object(json) && !json_is_null(json))
		return REFUSE(&variable, "an object with a value");
	ok = parse_typed(&variable, json_object_get(json, "type"));
	if (ok && !buf_ok(&text))
		ok = err_no_memory(reader->body->err);
	if (ok && !is_transient(variable.info))
		ok = keep(reader, name, buf_str(&text));
	buf_free(&text);
	return ok;
}

static bool get_object(const struct external_body *body, const char *name, const json_t **json)
{
	struct external_value value;

	if (!external_get(body, name, &value))
		return false;
	*json = value.json;
	return (!value.text.ptr && !json_is_array(value.json)) ||
	       err_set(body->err, ERR_INVALID, name, "%s must be an object.", name);
}

static bool parse_all(struct reader *reader, const json_t *json, bool is_local)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)json, name, value) {
		if (!is_local && json_object_get(reader->local, name))
			continue;
		if (!parse_one(reader, name, value))
			return false;
	}
	return true;
}

/* A report without variables leaves the result empty. */
static bool set_result(struct reader *reader)
{
	const struct external_body *body = reader->body;
	struct buf object = BUF_INIT;
	struct str json = STR_NULL;

	if (reader->count == 0)
		return buf_ok(&reader->result) || err_no_memory(body->err);
	buf_putc(&object, '{');
	buf_put_str(&object, buf_str(&reader->result));
	buf_putc(&object, '}');
	if (buf_ok(&object) && buf_ok(&reader->result))
		json = arena_copy(body->arena, buf_str(&object));
	buf_free(&object);
	if (!json.ptr)
		return err_no_memory(body->err);
	if (json.len > TASK_RESULT_MAX)
		return err_set(body->err, ERR_INVALID, "variables",
			"The variables have more than %zu bytes of JSON text.", TASK_RESULT_MAX);
	reader->change->result = json;
	reader->change->set |= CHANGE_RESULT;
	return true;
}

bool external_parse_variables(const struct external_body *body, struct change *change)
{
	struct reader reader = { .body = body, .change = change };
	const json_t *variables;
	bool ok = get_object(body, "variables", &variables) &&
		  get_object(body, "localVariables", &reader.local) &&
		  parse_all(&reader, variables, false) && parse_all(&reader, reader.local, true) &&
		  (!change || set_result(&reader));

	buf_free(&reader.result);
	return ok;
}
