/* A decoded operation as JSON, in the form of a vector's op (HACKING, VECTORS). */
#include <stdio.h>

#include "dialect/vector.h"
#include "dialect/vector_json.h"
#include "lib/check.h"
#include "task/member.h"

static const char *const kinds[OP_KINDS] = {
	[OP_NONE] = "none",
	[OP_READ] = "read",
	[OP_LIST] = "list",
	[OP_CREATE] = "create",
	[OP_UPSERT] = "upsert",
	[OP_UPDATE] = "update",
	[OP_REMOVE] = "remove",
	[OP_ARCHIVE] = "archive",
	[OP_CLAIM] = "claim",
	[OP_HISTORY] = "history",
	[OP_STATS] = "stats",
	[OP_SERIES] = "series",
	[OP_HEALTH] = "health",
	[OP_WORKERS] = "workers",
	[OP_USAGE] = "usage",
	[OP_DRAIN] = "drain",
	[OP_RETRY] = "retry",
	[OP_FEED] = "feed",
	[OP_WEBHOOK] = "webhook",
	[OP_ACCESS] = "access",
	[OP_BATCH] = "batch",
	[OP_BULK] = "bulk",
};

static void set_id(json_t *json, const char *name, const struct id *id, const char *usual)
{
	char text[ID_TEXT_LEN + 1];

	id_format(id, text);
	if (!id_is_zero(id) && strcmp(text, usual) != 0)
		set_str(json, name, str_cstr(text));
}

static void set_fields(json_t *json, const struct change *change)
{
	json_t *fields = json_object(), *removed = json_array();

	for (size_t i = 0; i < change->field_count; i++) {
		struct str name = change->fields[i].name, text = change->fields[i].json;

		if (text.len == 0)
			json_array_append_new(removed, json_stringn(name.ptr, name.len));
		else
			json_object_setn_new(fields, name.ptr, name.len,
				json_loadb(text.ptr, text.len, JSON_DECODE_ANY, NULL));
	}
	if (json_object_size(fields) > 0)
		json_object_set(json, "fields", fields);
	if (json_array_size(removed) > 0)
		json_object_set(json, "removed", removed);
	json_decref(fields);
	json_decref(removed);
}

static json_t *json_of_bool(const void *at)
{
	return json_boolean(*(const bool *)at);
}

static json_t *json_of_int32(const void *at)
{
	return json_integer(*(const int32_t *)at);
}

static json_t *json_of_uint32(const void *at)
{
	return json_integer(*(const uint32_t *)at);
}

/* The types of members that a change can set. */
static json_t *(*const json_of[MEMBER_TYPES])(const void *at) = {
	[TYPE_BOOL] = json_of_bool,
	[TYPE_INT32] = json_of_int32,
	[TYPE_UINT32] = json_of_uint32,
	[TYPE_OPTIONAL_TIME] = json_of_time,
	[TYPE_TEXT] = json_of_text,
	[TYPE_JSON] = json_of_json,
	[TYPE_POLICY] = json_of_json,
};

static void set_member(json_t *json, const struct member_row *row, const struct change *change)
{
	/* The op's own kind is in the same object. */
	const char *name = row->change == CHANGE_KIND ? "task_kind" : row->name;

	assert_non_null(json_of[row->type]);
	json_object_set_new(
		json, name, json_of[row->type]((const char *)change + row->change_offset));
}

static void set_change(json_t *json, const struct change *change)
{
	if (change->state != TASK_STATE_NONE)
		set_str(json, "state", str_cstr(task_state_name(change->state)));
	if (change->status.len > 0)
		set_str(json, "status", change->status);
	for (size_t i = 0; i < MEMBERS; i++) {
		if (change->set & task_members[i].change)
			set_member(json, &task_members[i], change);
	}
	set_fields(json, change);
}

/* Finds a field in the index table of a dialect or a resource. */
static const struct index_field *field_of(uint8_t dialect, uint8_t code)
{
	const struct index_table *table = dialect_index_tables();
	const struct index_field *field;

	while (table->fields && dialect && table->dialect != dialect)
		table++;
	assert_non_null(table->fields);
	for (field = table->fields; field->source != INDEX_END && field->code != code; field++)
		;
	assert_int_not_equal(field->source, INDEX_END);
	return field;
}

static json_t *filter_values(const struct list_filter *filter, const struct index_field *field)
{
	json_t *values = json_array();
	char scratch[INDEX_SCRATCH_SIZE];

	for (size_t i = 0; i <= filter->more_value_count; i++) {
		struct str value = i == 0 ? filter->value : filter->more_values[i - 1];

		if (field->normalize)
			value = field->normalize(value, scratch);
		json_array_append_new(values, json_stringn(value.ptr ? value.ptr : "", value.len));
	}
	return values;
}

/* "filters": { name: [values] } */
static void set_filters(json_t *query, const struct op *op)
{
	json_t *filters = json_object();

	for (size_t i = 0; i < op->list.filter_count; i++) {
		const struct list_filter *filter = &op->list.filters[i];
		const struct index_field *field = field_of(op->dialect, filter->field);

		assert_null(json_object_get(filters, field->name));
		json_object_set_new(filters, field->name, filter_values(filter, field));
	}
	if (json_object_size(filters) > 0)
		json_object_set(query, "filters", filters);
	json_decref(filters);
}

/* "sorts": "state,-created" */
static void set_sorts(json_t *query, const struct op *op)
{
	char text[400] = "";
	size_t len = 0;

	for (size_t i = 0; i < op->list.sort_count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%s", i ? "," : "",
			op->list.sorts[i].descending ? "-" : "",
			field_of(op->dialect, op->list.sorts[i].field)->name);
	if (len > 0)
		set_str(query, "sorts", str_cstr(text));
}

static void set_span(json_t *query, const char *name, const struct list_time_range *span)
{
	if (span->from || optional_time_is_set(span->to))
		json_object_set_new(query, name,
			json_pack("[I, o]", (json_int_t)span->from, json_of_time(&span->to)));
}

static void set_list(json_t *json, const struct op *op)
{
	static const char *const scopes[] = { "current", "archived", "both" };
	const struct list_query *list = &op->list;
	json_t *query = json_object();

	set_filters(query, op);
	set_sorts(query, op);
	set_span(query, "created", &list->created);
	set_span(query, "updated", &list->updated);
	if (list->test)
		json_object_set_new(query, "test", json_true());
	for (size_t i = 0; i < list->dialect_count; i++) {
		if (i == 0)
			json_object_set_new(query, "dialects", json_array());
		json_array_append_new(json_object_get(query, "dialects"),
			json_string(dialect_code_name(list->dialects[i])));
	}
	if (list->scope != LIST_CURRENT)
		set_str(query, "scope", str_cstr(scopes[list->scope]));
	if (list->want_total)
		json_object_set_new(query, "want_total", json_true());
	if (list->clamp_offset)
		json_object_set_new(query, "clamp_offset", json_true());
	if (list->allow_partial)
		json_object_set_new(query, "allow_partial", json_true());
	if (list->after_cursor.len > 0)
		set_str(query, "after_cursor", list->after_cursor);
	set_number(query, "offset", list->offset);
	set_number(query, "limit", list->limit);
	json_object_set_new(json, "list", query);
}

static void set_dependents(json_t *json, const struct op *op)
{
	const struct op_dependents *dependents = &op->dependents;

	if (!dependents->field)
		return;
	json_object_set_new(json, "dependents",
		json_pack("{s:s, s:s, s:b}", "field",
			field_of(op->dialect, dependents->field)->name, "key_member",
			dependents->key_member ? dependents->key_member : "", "cascade",
			dependents->cascade));
	json_object_set_new(
		json_object_get(json, "dependents"), "value", json_of_json(&dependents->value));
}

/* ---- the operation ---- */

static void set_history(json_t *json, const struct op *op)
{
	json_t *history = json_object();

	set_number(history, "before", op->history.before);
	set_number(history, "limit", op->history.limit);
	set_number(history, "attempt_log", op->history.attempt_log);
	json_object_set_new(json, "history", history);
}

json_t *vector_op_json(const struct op *op, const struct dialect *dialect, const char *usual_id)
{
	json_t *json = json_object();

	set_str(json, "kind", str_cstr(kinds[op->kind]));
	if (op->dialect != dialect->code)
		set_str(json, "dialect",
			str_cstr(op->dialect ? dialect_code_name(op->dialect) : "any"));
	set_id(json, "new_id", &op->new_id, usual_id);
	set_id(json, "id", &op->id, "");
	set_number(json, "number", op->number);
	if (op->assign_number)
		json_object_set_new(json, "assign_number", json_true());
	if (op->leave_end)
		json_object_set_new(json, "leave_end", json_true());
	set_change(json, &op->change);
	set_dependents(json, op);
	if (op->kind == OP_LIST || op->kind == OP_BULK)
		set_list(json, op);
	if (op->kind == OP_HISTORY)
		set_history(json, op);
	if (op->stats)
		json_object_set_new(json, "stats", vector_stats(op->stats));
	if (op->series)
		json_object_set_new(json, "series", vector_series(op->series));
	if (op->workers)
		set_number(json, "limit", op->workers->limit);
	if (op->drain) {
		set_str(json, "worker", op->drain->worker);
		json_object_set_new(json, "drain", json_boolean(op->drain->drain));
	}
	if (op->kind == OP_RETRY)
		json_object_set_new(json, "retry", vector_retry(&op->retry));
	if (op->kind == OP_BATCH)
		json_object_set_new(json, "batch", vector_batch(op, dialect));
	if (op->bulk)
		json_object_set_new(json, "bulk", vector_bulk(op->bulk));
	if (op->report.kind != REPORT_NONE)
		json_object_set_new(json, "report", vector_report(&op->report));
	if (op->claim)
		json_object_set_new(json, "claim", vector_claim(op->claim));
	set_number(json, "wait_ms", (uint64_t)op->wait_ms);
	if (op->companion)
		json_object_set_new(json, "companion",
			vector_op_json(op->companion, dialect, VECTOR_COMPANION_ID));
	return json;
}

json_t *vector_op(const struct outcome *outcome, const struct dialect *dialect)
{
	char rights[32];
	json_t *json = vector_op_json(&outcome->op, dialect, VECTOR_NEW_ID);

	if (outcome->op.feed)
		json_object_set_new(json, "feed", vector_feed(outcome->op.feed));
	if (outcome->op.access)
		json_object_set_new(json, "access", vector_access(outcome->op.access));
	if (outcome->op.webhook)
		json_object_set_new(json, "webhook", vector_webhook(outcome));
	rights_format(outcome->route->right, rights, sizeof(rights));
	set_str(json, "right", str_cstr(rights));
	rights_format(outcome->op.right, rights, sizeof(rights));
	if (outcome->op.right != RIGHT_NONE)
		set_str(json, "further_right", str_cstr(rights));
	return json;
}
