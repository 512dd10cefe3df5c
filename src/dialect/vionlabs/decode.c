#include "dialect/decode.h"

#include "dialect/vionlabs/vionlabs.h"
#include "http/json.h"

/* ---- the address ---- */

static bool check_length(struct buf *problems, const char *loc, struct str text, size_t max,
	struct arena *arena, struct err *err)
{
	struct str quoted;

	if (str_utf8_length(text) <= max)
		return true;
	quoted = json_quote(text, arena);
	if (!quoted.ptr)
		return err_no_memory(err);
	vionlabs_put_length_error(problems, loc, quoted, max);
	return true;
}

static bool check_product(
	struct buf *problems, struct str product, struct arena *arena, struct err *err)
{
	struct str quoted;

	if (vionlabs_value_index(vionlabs_products, product) >= 0)
		return true;
	quoted = json_quote(product, arena);
	if (!quoted.ptr)
		return err_no_memory(err);
	vionlabs_put_enum_error(problems, "\"path\",\"product\"", quoted, vionlabs_products);
	return true;
}

/* Appends invalid segments to problems. Returns false only if memory is exhausted. */
static bool parse_path(const struct request *request, struct buf *problems,
	struct vionlabs_identity *identity, struct err *err)
{
	identity->item = request_path_var(request, "item");
	identity->product = request_path_var(request, "product");
	identity->version = request_path_var(request, "version");
	return check_length(problems, "\"path\",\"inventory_id\"", identity->item,
		       VIONLABS_ITEM_MAX, request->arena, err) &&
	       check_product(problems, identity->product, request->arena, err) &&
	       check_length(problems, "\"path\",\"version\"", identity->version,
		       VIONLABS_VERSION_MAX, request->arena, err);
}

/* ---- the body ---- */

/* If we reject what Python's parser accepts, there is no position to report: use 0. */
static bool set_json_error(struct str body, const char *why, struct arena *arena, struct err *err)
{
	struct buf problems = BUF_INIT;
	size_t at = 0;
	const char *json_error = vionlabs_find_json_error(body, &at);

	vionlabs_put_json_error(&problems, json_error ? at : 0, json_error ? json_error : why);
	return vionlabs_finish_errors(&problems, arena, err);
}

/*
 * Leaves *json NULL if there is no body. The Content-Type does not matter. A byte order mark is
 * skipped and does not count in positions, as in Python.
 */
static bool parse_body(const struct request *request, json_t **json, struct err *err)
{
	struct str body = request->body;
	struct err why;

	if (body.len == 0)
		return true;
	if (str_starts(body, STR("\xEF\xBB\xBF")))
		body = str_skip(body, 3);
	if (!str_is_utf8(body))
		return err_set(err, ERR_MALFORMED, NULL, "There was an error parsing the body");
	if (json_parse_strict(json, body, &why))
		return true;
	if (why.code == ERR_NO_MEMORY)
		return err_no_memory(err);
	return set_json_error(body, err_text(&why), request->arena, err);
}

/* A null body or a null member counts as absent. */
static bool parse_priority(const json_t *json, struct buf *problems, struct change *change,
	struct arena *arena, struct err *err)
{
	const json_t *priority = json_object_get(json, "priority");
	struct str text;

	if (!json || json_is_null(json))
		return true;
	if (json_is_object(json) && (!priority || json_is_null(priority)))
		return true;
	text = json_text(priority ? priority : json, arena);
	if (!text.ptr)
		return err_no_memory(err);
	if (!json_is_object(json))
		vionlabs_put_object_error(problems, text);
	else if (vionlabs_value_index(vionlabs_priorities, json_str(priority)) < 0)
		vionlabs_put_enum_error(
			problems, "\"body\",\"priority\"", text, vionlabs_priorities);
	else
		change_set_field(change, STR("priority"), text);
	vionlabs_set_priority(change, json_str(priority));
	return true;
}

/* ---- decoders ---- */

/* For requests whose body is ignored: checks the address only. */
static bool parse_identity(const struct request *request, struct id *id, struct err *err)
{
	struct buf problems = BUF_INIT;
	struct vionlabs_identity identity;

	if (!parse_path(request, &problems, &identity, err)) {
		buf_free(&problems);
		return false;
	}
	return vionlabs_finish_errors(&problems, request->arena, err) &&
	       vionlabs_make_id(&identity, id, request->arena, err);
}

bool vionlabs_decode_list(struct request *request, struct op *op, struct err *err)
{
	struct str item = request_path_var(request, "item"), value;
	struct buf problems = BUF_INIT;

	if (!check_length(&problems, "\"path\",\"inventory_id\"", item, VIONLABS_ITEM_MAX,
		    request->arena, err) ||
		!vionlabs_finish_errors(&problems, request->arena, err))
		return false;
	value = json_quote(item, request->arena);
	if (!value.ptr)
		return err_no_memory(err);
	decode_init_op(op, OP_LIST, DIALECT_CODE_vionlabs, NULL);
	/* A task that the native API has archived can still be read, so the list has it too. */
	op->list.scope = LIST_BOTH;
	/* Within an item the index is ordered by product and version. */
	list_filter_add(&op->list, VIONLABS_BY_ITEM, value);
	list_sort_add(&op->list, VIONLABS_BY_ITEM, false);
	return true;
}

bool vionlabs_decode_read(struct request *request, struct op *op, struct err *err)
{
	if (!parse_identity(request, &op->id, err))
		return false;
	decode_init_op(op, OP_READ, DIALECT_CODE_vionlabs, NULL);
	return true;
}

bool vionlabs_decode_deactivate(struct request *request, struct op *op, struct err *err)
{
	if (!parse_identity(request, &op->id, err))
		return false;
	decode_init_op(op, OP_UPDATE, DIALECT_CODE_vionlabs, NULL);
	op->change.state = TASK_CANCELLED;
	op->change.status = str_cstr(dialect_status(&vionlabs_statuses, TASK_CANCELLED));
	return true;
}

static bool set_identity(struct change *change, const struct vionlabs_identity *identity,
	struct arena *arena, struct err *err)
{
	struct str item = json_quote(identity->item, arena);
	struct str product = json_quote(identity->product, arena);
	struct str version = json_quote(identity->version, arena);

	if (!item.ptr || !product.ptr || !version.ptr)
		return err_no_memory(err);
	return change_set_field(change, STR("inventory_id"), item) &&
	       change_set_field(change, STR("product"), product) &&
	       change_set_field(change, STR("version"), version);
}

/* A task that exists keeps its priority if the client names none. */
static bool complete_new(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	(void)err;
	if (!before && !(op->change.set & CHANGE_PRIORITY))
		task->priority = VIONLABS_PRIORITY_LOW;
	return true;
}

bool vionlabs_decode_create(struct request *request, struct op *op, struct err *err)
{
	struct buf problems = BUF_INIT;
	struct change change = { .state = TASK_PENDING };
	struct vionlabs_identity identity;
	json_t *json = NULL;
	bool ok = false;

	change.status = str_cstr(dialect_status(&vionlabs_statuses, TASK_PENDING));
	if (!parse_body(request, &json, err) || !parse_path(request, &problems, &identity, err) ||
		!set_identity(&change, &identity, request->arena, err) ||
		!parse_priority(json, &problems, &change, request->arena, err))
		goto out;
	if (!vionlabs_finish_errors(&problems, request->arena, err) ||
		!vionlabs_make_id(&identity, &op->new_id, request->arena, err))
		goto out;
	op->kind = OP_UPSERT;
	op->client_named = true;
	op->dialect = DIALECT_CODE_vionlabs;
	op->change = change;
	op->before_write = complete_new;
	ok = true;
out:
	buf_free(&problems);
	json_decref(json);
	return ok;
}
