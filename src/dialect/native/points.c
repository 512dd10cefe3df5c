/* Ingest points of Uplynk, which are not tasks, in the format of the native API. */
#include "base/date.h"
#include "dialect/decode.h"
#include "dialect/native/native.h"

/* The fields that a patch may set. An object or a text is checked by its JSON type. */
static const struct point_field {
	const char *name;
	size_t min, max; /* bytes of a string; max 0: an object */
	const char *expected;
	bool removable; /* by null */
} fields[] = {
	{ "endpoint_name", 1, 255, "a string of 1 to 255 bytes", false },
	{ "desc", 0, 4096, "a string of at most 4096 bytes", false },
	{ "reserved_domain_name", 1, 255, "a string of 1 to 255 bytes", true },
	{ "reserved_ports", 0, 0, "an object", true },
	{ "secure_rtmp_url", 1, 2048, "a string of 1 to 2048 bytes", true },
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

/* ---- requests ---- */

static bool parse_id(
	const struct request *request, struct op *op, enum op_kind kind, struct err *err)
{
	if (!id_parse(&op->id, request_path_var(request, "point")))
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	op->kind = kind;
	op->dialect = DIALECT_CODE_uplynk_point;
	return true;
}

bool native_decode_point(struct request *request, struct op *op, struct err *err)
{
	return request_check_accepts_json(request, err) && parse_id(request, op, OP_READ, err);
}

static const struct point_field *find_field(struct str name)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (str_eq(name, str_cstr(fields[i].name)))
			return &fields[i];
	}
	return NULL;
}

static bool is_valid(const struct point_field *field, const json_t *value)
{
	size_t len = json_string_length(value);

	if (field->max == 0)
		return json_is_object(value);
	return json_is_string(value) && len >= field->min && len <= field->max;
}

/* A value replaces the stored one, also an object: ports that were released must go. */
static bool set_field(struct op *op, const char *name, json_t *value, struct err *err)
{
	const struct point_field *field = find_field(str_cstr(name));
	struct str json = STR("");

	if (!field)
		return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
			NATIVE_AT_FIELD(str_cstr(name)), "This field cannot be changed.");
	if (!(field->removable && json_is_null(value))) {
		if (!is_valid(field, value))
			return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_FIELD(str_cstr(name)), "This must be %s.",
				field->expected);
		json = json_text(value, op->arena);
	}
	return json.ptr ? change_set_field(&op->change, str_cstr(field->name), json)
			: err_no_memory(err);
}

static bool parse_fields(struct op *op, json_t *json, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		if (strcmp(name, "fields") != 0 || !json_is_object(value))
			return native_set_error(err, op->arena, ERR_UNPROCESSABLE,
				NATIVE_AT_MEMBER(str_cstr(name)),
				"Only fields can be changed, which must be an object.");
	}
	json_object_foreach (json_object_get(json, "fields"), name, value) {
		if (!set_field(op, name, value, err))
			return false;
	}
	return true;
}

static bool parse_patch(const struct request *request, struct op *op, struct err *err)
{
	struct native_worker_texts texts;
	json_t *json = NULL;
	bool ok;

	if (!native_read_body(request, &texts, &json, err))
		return false;
	ok = parse_fields(op, json, err);
	json_decref(json);
	return ok;
}

bool native_decode_point_update(struct request *request, struct op *op, struct err *err)
{
	if (!request_check_accepts_json(request, err) ||
		!native_check_content_type(request, true, err) ||
		!parse_id(request, op, OP_UPDATE, err))
		return false;
	return parse_patch(request, op, err) || decode_keep_invalid(op, request->arena, err);
}

/* ---- responses ---- */

static void put_text_member(struct buf *out, const char *name, struct str text)
{
	buf_printf(out, ",\"%s\":", name);
	buf_put_json_string(out, text);
}

static void put_time_member(struct buf *out, const char *name, int64_t ms)
{
	buf_printf(out, ",\"%s\":\"", name);
	date_put(ms, out);
	buf_putc(out, '"');
}

static void put_fields(const struct task *point, struct buf *out)
{
	struct task shown = *point;

	task_set_field(&shown, (struct field){ STR("removal"), STR_NULL });
	buf_puts(out, ",\"fields\":");
	task_put_fields(&shown, out);
}

bool native_encode_point_row(
	const struct request *request, const struct task *point, struct buf *out)
{
	struct str removal = task_field(point, STR("removal"));

	buf_puts(out, "{\"id\":\"");
	id_put(&point->id, out);
	buf_puts(out, "\",\"dialect\":\"uplynk\",\"revision\":");
	buf_put_number(out, (int64_t)point->revision);
	put_time_member(out, "created_at", point->created);
	put_time_member(out, "updated_at", point->updated);
	put_text_member(out, "created_by", point->created_by);
	put_text_member(out, "updated_by", point->updated_by);
	buf_puts(out, ",\"removal\":");
	buf_put_str(out, removal.len > 0 ? removal : STR("null"));
	put_fields(point, out);
	buf_puts(out, ",\"links\":{\"self\":\"");
	buf_put_str(out, request->base_url);
	buf_puts(out, NATIVE_POINTS_PATH "/");
	id_put(&point->id, out);
	buf_puts(out, "\"}}");
	return buf_ok(out);
}

bool native_encode_point(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	return native_finish_record(request, result, native_encode_point_row, response, err);
}
