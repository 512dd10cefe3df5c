#include "dialect/decode.h"

#include "base/date.h"
#include "dialect/native/native.h"

static bool parse_members(const struct native_body *body, enum native_request request, json_t *json)
{
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		if (!native_parse_member(body, request, str_cstr(name), value))
			return false;
	}
	return true;
}

bool native_check_content_type(const struct request *request, bool patch, struct err *err)
{
	struct str type = request_media_type(request);

	if (type.len == 0 || str_eq_nocase(type, STR(NATIVE_MEDIA_TYPE)) ||
		(patch && str_eq_nocase(type, STR(NATIVE_MERGE_PATCH_TYPE))))
		return true;
	return err_set(err, ERR_MEDIA_TYPE, "Content-Type", "The body must be %s.",
		patch ? NATIVE_MERGE_PATCH_TYPE : NATIVE_MEDIA_TYPE);
}

/* ---- create ---- */

static const struct dialect *find_dialect(const json_t *json)
{
	const json_t *name = json_object_get(json, "dialect");

	return name ? dialect_by_name(json_str(name)) : dialect_by_code(DIALECT_CODE_native);
}

/*
 * Completes state and status before native_defaults() if the client sent one of them. If it sent
 * neither, native_defaults() chooses, because not every dialect starts with pending.
 */
static bool complete_create(const struct request *request, const struct dialect *dialect,
	struct op *op, struct err *err)
{
	struct change *change = &op->change;
	bool given = change->state != TASK_STATE_NONE || change->status.len > 0;

	if (given && !native_complete_state(dialect, change, request->arena, err))
		return false;
	op->kind = OP_CREATE;
	op->dialect = dialect->code;
	op->before_write = native_before_write;
	op->follow = native_follow;
	if (dialect->uuid_version)
		id_set_version(&op->new_id, dialect->uuid_version);
	if (dialect->native_defaults && !dialect->native_defaults(request, op, err))
		return native_convert_error(err, request->arena);
	return native_complete_state(dialect, change, request->arena, err);
}

bool native_decode_task(const struct request *request, struct op *op, struct err *err)
{
	struct change change = { 0 };
	const struct native_body body = { .arena = request->arena, .change = &change, .err = err };
	const struct dialect *dialect = NULL;
	struct native_worker_texts texts;
	json_t *json = NULL;
	bool ok;

	if (!native_read_body(request, &texts, &json, err))
		return false;
	ok = parse_members(&body, NATIVE_CREATE, json);
	if (ok)
		dialect = find_dialect(json);
	json_decref(json);
	if (!ok)
		return false;
	op->change = change;
	return native_check_cut(&texts, dialect, request->arena, err) &&
	       complete_create(request, dialect, op, err);
}

bool native_decode_create(struct request *request, struct op *op, struct err *err)
{
	return request_check_accepts_json(request, err) &&
	       native_check_content_type(request, false, err) &&
	       native_decode_task(request, op, err);
}

/* ---- one task ---- */

bool native_parse_id(
	const struct request *request, struct op *op, enum op_kind kind, struct err *err)
{
	if (!id_parse(&op->id, request_path_var(request, "id")))
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	op->kind = kind;
	op->dialect = 0;
	return true;
}

bool native_decode_read(struct request *request, struct op *op, struct err *err)
{
	return request_check_accepts_json(request, err) &&
	       native_parse_id(request, op, OP_READ, err);
}

/* The response has no body, so Accept does not matter. */
bool native_decode_delete(struct request *request, struct op *op, struct err *err)
{
	op->follow = native_follow;
	return native_parse_id(request, op, OP_REMOVE, err);
}

bool native_decode_archive(struct request *request, struct op *op, struct err *err)
{
	op->before_write = native_before_write;
	return request_check_accepts_json(request, err) &&
	       native_parse_id(request, op, OP_ARCHIVE, err);
}

struct native_patch *native_new_patch(struct arena *arena)
{
	struct native_patch *patch = arena_alloc(
		arena, sizeof(*patch) + NATIVE_FIELDS_MAX * sizeof(patch->fields[0]));

	if (patch)
		*patch = (struct native_patch){ 0 };
	return patch;
}

static bool parse_patch(struct request *request, struct op *op, struct err *err)
{
	struct change change = { 0 };
	struct native_body body = {
		.arena = request->arena, .change = &change, .force = &op->leave_end, .err = err
	};
	json_t *json = NULL;
	bool ok;

	body.patch = native_new_patch(request->arena);
	if (!body.patch)
		return err_no_memory(err);
	if (!native_read_body(request, &body.patch->texts, &json, err))
		return false;
	ok = parse_members(&body, NATIVE_PATCH, json);
	json_decref(json);
	if (!ok)
		return false;
	op->change = change;
	op->hook_data = body.patch;
	op->before_write = native_before_write;
	op->follow = native_follow;
	return true;
}

bool native_decode_update(struct request *request, struct op *op, struct err *err)
{
	if (!request_check_accepts_json(request, err) ||
		!native_check_content_type(request, true, err) ||
		!native_parse_id(request, op, OP_UPDATE, err))
		return false;
	return parse_patch(request, op, err) || decode_keep_invalid(op, request->arena, err);
}

bool native_read_object(const struct request *request, json_t **json, struct err *err)
{
	if (!request_check_accepts_json(request, err) ||
		!native_check_content_type(request, false, err))
		return false;
	if (request->body.len > request->body_limit)
		return err_set(err, ERR_TOO_LARGE, NULL, NULL);
	return json_parse_object(json, request->body, err);
}
