#include "admin/task_change_commands.h"

#include "admin/task_find.h"
#include "admin/task_retry_command.h"
#include "dialect/dialect.h"
#include "http/json.h"

/* Prints a member of the response, a string. */
static bool print_text(struct admin *admin, struct str response, const char *name, struct err *err)
{
	json_t *json = NULL;
	bool ok = json_parse_trusted(&json, response, err);

	ok = ok && (admin_print_line(admin, json_str(json_object_get(json, name))) ||
			   err_set(err, ERR_INTERNAL, NULL, "writing the output failed"));
	json_decref(json);
	return ok;
}

/* ---- create ---- */

static void put_name(struct buf *body, const char *name)
{
	buf_puts(body, body->len > 1 ? "," : "");
	buf_put_json_string(body, str_cstr(name));
	buf_putc(body, ':');
}

static void put_text(struct buf *body, const char *name, const char *text)
{
	if (!text)
		return;
	put_name(body, name);
	buf_put_json_string(body, str_cstr(text));
}

/* A text that is no number is sent as it is, and the API says what is wrong. */
static void put_number(struct buf *body, const char *name, const char *text)
{
	bool negative = text && text[0] == '-';
	uint64_t number;

	if (!text || !str_to_u64(str_cstr(text + negative), &number) || number > INT64_MAX) {
		put_text(body, name, text);
		return;
	}
	put_name(body, name);
	buf_put_number(body, negative ? -(int64_t)number : (int64_t)number);
}

/* The cause is of use only in the text of an object. */
static bool put_fields(struct buf *body, const char *text, struct err *err)
{
	json_t *json = NULL;
	struct err cause;
	bool begins;

	if (!text)
		return true;
	begins = text[strspn(text, " ")] == '{';
	if (!json_parse_object(&json, str_cstr(text), &cause))
		return err_set(err, ERR_INVALID, "fields", "--fields must be a JSON object%s%s",
			begins ? ": " : "", begins ? err_text(&cause) : "");
	put_name(body, "fields");
	buf_puts(body, text);
	json_decref(json);
	return true;
}

static bool make_body(const struct admin_call *call, struct buf *body, struct err *err)
{
	buf_putc(body, '{');
	put_text(body, "dialect", call->options[ADMIN_DIALECT]);
	put_text(body, "kind", call->options[ADMIN_KIND]);
	put_number(body, "priority", call->options[ADMIN_PRIORITY]);
	put_text(body, "not_before", call->options[ADMIN_NOT_BEFORE]);
	if (!put_fields(body, call->options[ADMIN_FIELDS], err))
		return false;
	buf_putc(body, '}');
	return buf_ok(body) || err_no_memory(err);
}

/* Reads one byte more than a body may have, which the API then refuses. */
static bool read_body(struct admin *admin, struct buf *body, struct err *err)
{
	char bytes[16384];
	size_t len;

	while (body->len <= native_dialect.body_max &&
		(len = fread(bytes, 1, sizeof(bytes), admin->in)) > 0)
		buf_put(body, bytes, len);
	if (ferror(admin->in))
		return err_set(err, ERR_INVALID, NULL, "cannot read the input");
	return buf_ok(body) || err_no_memory(err);
}

static bool create(struct admin *admin, const struct admin_call *call, struct native_call *request,
	struct err *err)
{
	struct buf response = BUF_INIT;
	struct native_client client;
	bool ok = native_client_init(&client, admin, err) &&
		  task_tenant(&client, call, &request->tenant, err) &&
		  native_call(&client, request, &response, err);

	if (ok && call->options[ADMIN_JSON])
		ok = admin_print_line(admin, buf_str(&response)) ||
		     err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
	else
		ok = ok && print_text(admin, buf_str(&response), "id", err);
	buf_free(&response);
	return ok;
}

bool admin_check_task_create(const struct admin_call *call, struct err *err)
{
	static const enum admin_option others[] = { ADMIN_DIALECT, ADMIN_KIND, ADMIN_PRIORITY,
		ADMIN_NOT_BEFORE, ADMIN_FIELDS };

	if (!call->options[ADMIN_STDIN])
		return call->options[ADMIN_DIALECT] ||
		       err_set(err, ERR_INVALID, "dialect",
			       "'task create' requires --dialect or --stdin");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (call->options[others[i]])
			return err_set(err, ERR_INVALID, admin_options[others[i]].name,
				"--stdin reads the whole task: leave out --%s",
				admin_options[others[i]].name);
	}
	return true;
}

bool admin_task_create(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct native_call request = { .method = "POST", .uri = STR("/v1/tasks") };
	struct buf body = BUF_INIT;
	bool ok = call->options[ADMIN_STDIN] ? read_body(admin, &body, err)
					     : make_body(call, &body, err);

	request.body = buf_str(&body);
	ok = ok && create(admin, call, &request, err);
	buf_free(&body);
	return ok;
}

/* ---- one task ---- */

struct task_change {
	const char *method, *path; /* of the request, path behind the id */
	struct str body;
	bool refuses_ended; /* fails before the request if the task has succeeded or failed */
};

static bool check_not_ended(const struct found_task *found, struct err *err)
{
	return found->state == TASK_CANCELLED || !task_state_is_final(found->state) ||
	       err_set(err, ERR_CONFLICT, "ID", "the task has ended: %s",
		       task_state_name(found->state));
}

/* Sends a request about the task that the operand names, and prints its new state. */
static bool change_task(struct admin *admin, const struct admin_call *call,
	const struct task_change *change, struct err *err)
{
	struct native_call request = { .method = change->method, .body = change->body };
	struct buf uri = BUF_INIT, response = BUF_INIT;
	struct found_task found = { 0 };
	struct native_client client;
	bool ok = native_client_init(&client, admin, err) && task_find(&client, call, &found, err);

	ok = ok && (!change->refuses_ended || check_not_ended(&found, err));
	buf_printf(&uri, "/v1/tasks/%s%s", found.id, change->path);
	request.uri = buf_str(&uri);
	request.tenant = str_cstr(found.tenant);
	ok = ok && (buf_ok(&uri) || err_no_memory(err)) &&
	     native_call(&client, &request, &response, err) &&
	     print_text(admin, buf_str(&response), "state", err);
	found_task_free(&found);
	buf_free(&uri);
	buf_free(&response);
	return ok;
}

bool admin_task_cancel(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const struct task_change cancel = {
		.method = "PATCH",
		.path = "",
		.body = STR("{\"state\":\"cancelled\"}"),
		.refuses_ended = true,
	};

	return change_task(admin, call, &cancel, err);
}

bool admin_check_task_retry(const struct admin_call *call, struct err *err)
{
	static const enum admin_option of_all[] = { ADMIN_DIALECT, ADMIN_KIND, ADMIN_FAILURE,
		ADMIN_MAX };

	if (!call->options[ADMIN_ALL] == !call->operand)
		return err_set(err, ERR_INVALID, "ID", "'task retry' takes either an ID or --all");
	if (call->options[ADMIN_ALL])
		return call->options[ADMIN_DIALECT] ||
		       err_set(err, ERR_INVALID, "dialect",
			       "'task retry --all' requires --dialect");
	for (size_t i = 0; i < sizeof(of_all) / sizeof(of_all[0]); i++) {
		if (call->options[of_all[i]])
			return err_set(err, ERR_INVALID, admin_options[of_all[i]].name,
				"--%s needs --all", admin_options[of_all[i]].name);
	}
	return true;
}

bool admin_task_retry(struct admin *admin, const struct admin_call *call, struct err *err)
{
	static const struct task_change retry = { .method = "POST", .path = "/retry" };

	return call->options[ADMIN_ALL] ? task_retry_all(admin, call, err)
					: change_task(admin, call, &retry, err);
}
