#include "dialect/decode.h"

#include "dialect/toybox/toybox.h"
#include "http/json.h"

bool toybox_decode_list(struct request *request, struct op *op, struct err *err)
{
	(void)request, (void)err;
	return decode_init_op(op, OP_LIST, DIALECT_CODE_toybox, NULL);
}

static bool parse_toy(const struct request *request, struct op *op, json_t *json, struct err *err)
{
	json_t *toy = json_object_get(json, "toy");
	struct str text;

	if (!json_is_string(toy) || json_string_length(toy) == 0 ||
		json_string_length(toy) > TOYBOX_TOY_MAX)
		return err_set(err, ERR_INVALID, "toy", "toy must be a string of 1 to %d bytes",
			TOYBOX_TOY_MAX);
	text = json_text(toy, request->arena);
	return (text.ptr && change_set_field(&op->change, STR("toy"), text)) || err_no_memory(err);
}

bool toybox_decode_create(struct request *request, struct op *op, struct err *err)
{
	json_t *json;
	bool ok;

	if (!json_parse_object(&json, request->body, err))
		return false;
	ok = parse_toy(request, op, json, err);
	json_decref(json);
	op->change.state = TASK_PENDING;
	op->change.status = str_cstr(dialect_status(&toybox_statuses, TASK_PENDING));
	return ok && decode_init_op(op, OP_CREATE, DIALECT_CODE_toybox, NULL);
}

static bool parse_id(const struct request *request, struct op *op, struct err *err)
{
	return id_parse(&op->id, request_path_var(request, "id")) ||
	       err_set(err, ERR_NOT_FOUND, NULL, NULL);
}

bool toybox_decode_read(struct request *request, struct op *op, struct err *err)
{
	return parse_id(request, op, err) && decode_init_op(op, OP_READ, DIALECT_CODE_toybox, NULL);
}

bool toybox_decode_delete(struct request *request, struct op *op, struct err *err)
{
	return parse_id(request, op, err) &&
	       decode_init_op(op, OP_REMOVE, DIALECT_CODE_toybox, NULL);
}

bool toybox_native_defaults(const struct request *request, struct op *op, struct err *err)
{
	(void)request, (void)err;
	if (op->change.status.len == 0) {
		op->change.state = TASK_PENDING;
		op->change.status = str_cstr(dialect_status(&toybox_statuses, TASK_PENDING));
	}
	return true;
}

bool toybox_validate(const struct task *before, const struct task *task, struct err *err)
{
	struct str toy = task_field(task, STR("toy"));

	(void)before;
	if (toy.len < 3 || toy.ptr[0] != '"')
		return err_set(err, ERR_UNPROCESSABLE, "toy", "toy must be a string and not empty");
	return true;
}
