#include "admin/bulk_command.h"

#include "admin/task_find.h"
#include "http/json.h"

/* As operands, and as the member `do`. */
static const struct {
	const char *word, *action;
} actions[] = {
	{ "cancel", "cancel" },
	{ "retry", "retry" },
	{ "archive", "archive" },
	{ "delete", "delete" },
	{ "set-priority", "set_priority" },
};

static const char *find_action(const char *word)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(word, actions[i].word) == 0)
			return actions[i].action;
	}
	return NULL;
}

bool admin_check_bulk(const struct admin_call *call, struct err *err)
{
	const char *action = find_action(call->operand);

	if (!action)
		return err_set(err, ERR_INVALID, "ACTION",
			"the actions are cancel, retry, archive, delete and set-priority, not '%s'",
			call->operand);
	if (!call->options[ADMIN_PRIORITY] == (strcmp(action, "set_priority") == 0))
		return err_set(err, ERR_INVALID, "priority",
			"--priority is for 'bulk do set-priority', which requires it");
	return true;
}

/* ---- the request ---- */

/* A condition that is given several times has an array of values. */
static bool add_condition(json_t *filter, struct str name, struct str value)
{
	json_t *json = json_stringn(value.ptr ? value.ptr : "", value.len), *before;
	json_t *array;

	before = json_object_getn(filter, name.ptr, name.len);
	if (!before)
		return json_object_setn_new(filter, name.ptr, name.len, json) == 0;
	if (json_is_array(before))
		return json_array_append_new(before, json) == 0;
	array = json_pack("[O, o]", before, json);
	return array && json_object_setn_new(filter, name.ptr, name.len, array) == 0;
}

static bool add_given(json_t *filter, const char *texts, struct err *err)
{
	struct str rest = texts ? str_cstr(texts) : STR_NULL;

	while (rest.len > 0) {
		struct str value = str_split_next(&rest, '\n');
		struct str name = str_split_next(&value, '=');

		if (!value.ptr || name.len == 0)
			return err_set(err, ERR_INVALID, "filter",
				"--filter takes a condition and its value, such as "
				"created_to=2026-01-31T12:00:00Z, not '%.*s'",
				STR_ARGS(name));
		if (!add_condition(filter, name, value))
			return err_no_memory(err);
	}
	return true;
}

static bool add_filter(json_t *filter, const struct admin_call *call, struct err *err)
{
	static const struct {
		enum admin_option option;
		struct str name;
	} conditions[] = {
		{ ADMIN_DIALECT, STR("dialect") },
		{ ADMIN_STATE, STR("state") },
		{ ADMIN_KIND, STR("kind") },
		{ ADMIN_FAILURE, STR("failure") },
	};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		const char *value = call->options[conditions[i].option];

		if (value && !add_condition(filter, conditions[i].name, str_cstr(value)))
			return err_no_memory(err);
	}
	return add_given(filter, call->options[ADMIN_FILTER], err);
}

/* A text that is no number is sent as it is, and the API says what is wrong. */
static json_t *number_or_text(const char *text)
{
	bool negative = text[0] == '-';
	uint64_t number;

	if (!str_to_u64(str_cstr(text + negative), &number) || number > INT64_MAX)
		return json_string(text);
	return json_integer(negative ? -(json_int_t)number : (json_int_t)number);
}

static bool add_members(json_t *json, const struct admin_call *call)
{
	const char *priority = call->options[ADMIN_PRIORITY];
	const char *token = call->options[ADMIN_DRY_RUN_TOKEN];

	return json_object_set_new(json, "do", json_string(find_action(call->operand))) == 0 &&
	       (!priority ||
		       json_object_set_new(json, "priority", number_or_text(priority)) == 0) &&
	       (!token || json_object_set_new(json, "token", json_string(token)) == 0) &&
	       (!call->options[ADMIN_DRY_RUN] ||
		       json_object_set_new(json, "dry_run", json_true()) == 0);
}

bool admin_bulk_put_body(const struct admin_call *call, struct buf *body, struct err *err)
{
	json_t *json = json_object(), *filter = json_object();
	bool ok = json && filter;

	if (!ok)
		err_no_memory(err);
	ok = ok && add_filter(filter, call, err) &&
	     ((json_object_set(json, "filter", filter) == 0 && add_members(json, call)) ||
		     err_no_memory(err));
	if (ok) {
		json_put(body, json);
		ok = buf_ok(body) || err_no_memory(err);
	}
	json_decref(filter);
	json_decref(json);
	return ok;
}

/* ---- the response ---- */

static bool print(struct admin *admin, struct str line, struct err *err)
{
	return admin_print_line(admin, line) ||
	       err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
}

static bool print_answer(
	struct admin *admin, struct str tenant, struct str response, struct err *err)
{
	json_t *json = NULL;
	bool ok = json_parse_trusted(&json, response, err);
	struct str id = json_str(json_object_get(json, "id"));

	ok = ok && print(admin, tenant, err) && print(admin, id.ptr ? id : STR(""), err) &&
	     print(admin, response, err);
	json_decref(json);
	return ok;
}

bool admin_bulk(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct native_call request = { .method = "POST", .uri = STR("/v1/bulk") };
	struct buf body = BUF_INIT, response = BUF_INIT;
	struct native_client client;
	bool ok = admin_bulk_put_body(call, &body, err) &&
		  native_client_init(&client, admin, err) &&
		  task_tenant(&client, call, &request.tenant, err);

	request.body = buf_str(&body);
	ok = ok && native_call(&client, &request, &response, err) &&
	     print_answer(admin, request.tenant, buf_str(&response), err);
	buf_free(&body);
	buf_free(&response);
	return ok;
}
