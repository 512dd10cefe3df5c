#include "admin/webhook_commands.h"

#include "admin/list.h"
#include "admin/native_call.h"
#include "admin/task_find.h"
#include "admin/task_text.h"
#include "admin/webhook_options.h"
#include "http/json.h"

#define BODY_MAX 65536
#define URI	 "/v1/webhooks"

/* ---- calls ---- */

/* Appends the id of a webhook, if it can be one: it must not change the path. */
static bool put_webhook(struct buf *uri, const char *text, struct err *err)
{
	struct id id;

	if (!id_parse(&id, str_cstr(text)))
		return err_set(err, ERR_NOT_FOUND, "ID", "There is no such webhook.");
	buf_putc(uri, '/');
	id_put(&id, uri);
	return true;
}

bool webhook_send(struct admin *admin, const struct admin_call *call, const char *method,
	const char *path, struct str body, struct buf *response, struct err *err)
{
	struct native_call request = { .method = method, .body = body };
	struct native_client client;
	struct buf uri = BUF_INIT;
	bool ok = native_client_init(&client, admin, err) &&
		  task_tenant(&client, call, &request.tenant, err);

	buf_puts(&uri, URI);
	if (ok && path)
		ok = put_webhook(&uri, call->operand, err);
	buf_puts(&uri, path ? path : "");
	request.uri = buf_str(&uri);
	ok = ok && (buf_ok(&uri) || err_no_memory(err)) &&
	     native_call(&client, &request, response, err);
	buf_free(&uri);
	return ok;
}

static bool print_line(struct admin *admin, const struct buf *line, struct err *err)
{
	if (!buf_ok(line))
		return err_no_memory(err);
	return admin_print_line(admin, buf_str(line)) ||
	       err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
}

/* Prints members that an object has, one a line: "url   https://..." */
static bool print_members(
	struct admin *admin, const json_t *json, const char *const *names, struct err *err)
{
	struct buf line = BUF_INIT;
	bool ok = true;

	for (size_t i = 0; ok && names[i]; i++) {
		const json_t *value = json_object_get(json, names[i]);

		if (!value)
			continue;
		buf_reset(&line);
		buf_printf(&line, "%-18s ", names[i]);
		task_text_put_json(&line, value, 0);
		ok = print_line(admin, &line, err);
	}
	buf_free(&line);
	return ok;
}

/* Sends a request and prints the response, or those members of it. */
static bool send_and_print(struct admin *admin, const struct admin_call *call, const char *method,
	const char *path, struct str body, const char *const *names, struct err *err)
{
	struct buf response = BUF_INIT;
	json_t *json = NULL;
	bool ok = webhook_send(admin, call, method, path, body, &response, err);

	if (ok && call->options[ADMIN_JSON])
		ok = print_line(admin, &response, err);
	else if (ok && names)
		ok = json_parse_trusted(&json, buf_str(&response), err) &&
		     print_members(admin, json, names, err);
	json_decref(json);
	if (response.data)
		explicit_bzero(response.data, response.capacity);
	buf_free(&response);
	return ok;
}

static bool read_body(struct admin *admin, struct buf *body, struct err *err)
{
	char bytes[4096];
	size_t len;

	while (body->len <= BODY_MAX && (len = fread(bytes, 1, sizeof(bytes), admin->in)) > 0)
		buf_put(body, bytes, len);
	if (ferror(admin->in))
		return err_set(err, ERR_INVALID, NULL, "cannot read the input");
	return buf_ok(body) || err_no_memory(err);
}

/* ---- add, set ---- */

/* With --stdin nothing else names a member of the webhook. */
static bool check_stdin(const struct admin_call *call, const char *words, struct err *err)
{
	const uint64_t others = WEBHOOK_OPTIONS | ADMIN_BIT(ADMIN_URL);

	for (int i = 0; call->options[ADMIN_STDIN] && i < ADMIN_OPTIONS; i++) {
		if (call->options[i] && others & ADMIN_BIT(i))
			return err_set(err, ERR_INVALID, admin_options[i].name,
				"'%s --stdin' has no option --%s", words, admin_options[i].name);
	}
	return true;
}

bool admin_check_webhook_add(const struct admin_call *call, struct err *err)
{
	if (!call->options[ADMIN_STDIN] == !call->operand)
		return err_set(
			err, ERR_INVALID, "URL", "'webhook add' takes either a URL or --stdin");
	return check_stdin(call, "webhook add", err);
}

bool admin_check_webhook_set(const struct admin_call *call, struct err *err)
{
	const uint64_t members = WEBHOOK_OPTIONS | ADMIN_BIT(ADMIN_URL) | ADMIN_BIT(ADMIN_STDIN);
	bool given = false;

	for (int i = 0; i < ADMIN_OPTIONS; i++)
		given |= call->options[i] && members & ADMIN_BIT(i);
	if (!given)
		return err_set(err, ERR_INVALID, NULL,
			"'webhook set' requires --stdin or an option that changes the webhook");
	return check_stdin(call, "webhook set", err);
}

/* Sends the options or the input, and prints those members of the response. */
static bool change(struct admin *admin, const struct admin_call *call, const char *method,
	const char *path, const char *url, const char *const *names, struct err *err)
{
	struct buf body = BUF_INIT;
	bool ok = call->options[ADMIN_STDIN] ? read_body(admin, &body, err)
					     : webhook_options_put(call, url, &body, err);

	ok = ok && send_and_print(admin, call, method, path, buf_str(&body), names, err);
	if (body.data)
		explicit_bzero(body.data, body.capacity);
	buf_free(&body);
	return ok;
}

static const char *const secret_names[] = { "id", "secret", NULL };

bool admin_webhook_add(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return change(admin, call, "POST", NULL, call->operand, secret_names, err);
}

static const char *const shown_names[] = { "id", "name", "url", "format", "method", "headers",
	"query", "filter", "max_parallel", "enabled", "reason", "created_at", "created_by",
	"updated_at", "updated_by", "state", NULL };

bool admin_webhook_set(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return change(admin, call, "PATCH", "", call->options[ADMIN_URL], shown_names, err);
}

/* ---- one webhook ---- */

bool admin_webhook_show(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return send_and_print(admin, call, "GET", "", STR(""), shown_names, err);
}

bool admin_webhook_remove(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return send_and_print(admin, call, "DELETE", "", STR(""), NULL, err);
}

bool admin_webhook_enable(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return send_and_print(admin, call, "PATCH", "",
		call->options[ADMIN_RESUME] ? STR("{\"enabled\":true,\"resume\":true}")
					    : STR("{\"enabled\":true}"),
		NULL, err);
}

bool admin_webhook_disable(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return send_and_print(admin, call, "PATCH", "", STR("{\"enabled\":false}"), NULL, err);
}

bool admin_webhook_rotate(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return send_and_print(admin, call, "POST", "/rotate-secret", STR(""), secret_names, err);
}

bool admin_webhook_test(struct admin *admin, const struct admin_call *call, struct err *err)
{
	static const char *const names[] = { "id", "state", NULL };

	return send_and_print(admin, call, "POST", "/test", STR(""), names, err);
}

/* ---- lists ---- */

static const char *text_of(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static bool add_webhook(struct admin_list *list, const json_t *item)
{
	struct buf url = BUF_INIT, name = BUF_INIT;
	char pending[24];
	const json_t *state = json_object_get(item, "state");
	bool ok;

	task_text_put_json(&url, json_object_get(item, "url"), 0);
	buf_putc(&url, '\0');
	task_text_put_json(&name, json_object_get(item, "name"), 0);
	buf_putc(&name, '\0');
	snprintf(pending, sizeof(pending), "%lld",
		(long long)json_integer_value(json_object_get(state, "pending")));
	{
		const struct admin_cell cells[] = {
			{ text_of(item, "id"), "-" },
			{ name.data, "-" },
			{ url.data, "-" },
			{ text_of(item, "format"), "-" },
			{ json_is_true(json_object_get(item, "enabled")) ? "yes" : "no", NULL },
			{ pending, NULL },
			{ text_of(state, "failing_since"), "-" },
		};

		ok = (buf_ok(&url) && buf_ok(&name)) || err_no_memory(list->err);
		ok = ok && admin_list_row(list, cells, sizeof(cells) / sizeof(cells[0]));
	}
	buf_free(&url);
	buf_free(&name);
	return ok;
}

static bool add_delivery(struct admin_list *list, const json_t *item)
{
	const json_t *log = json_object_get(item, "log");
	const json_t *last = json_array_get(log, json_array_size(log) - 1);
	const json_t *status = json_object_get(last, "status");
	struct buf error = BUF_INIT;
	char attempts[24], code[24];
	bool ok;

	task_text_put_json(&error, json_object_get(last, "error"), TASK_TEXT_SHORT);
	buf_putc(&error, '\0');
	snprintf(attempts, sizeof(attempts), "%lld",
		(long long)json_integer_value(json_object_get(item, "attempts")));
	snprintf(code, sizeof(code), "%lld", (long long)json_integer_value(status));
	{
		const struct admin_cell cells[] = {
			{ text_of(item, "id"), "-" },
			{ text_of(item, "state"), "-" },
			{ text_of(json_object_get(item, "event"), "type"), "-" },
			{ text_of(json_object_get(item, "event"), "task_id"), "-" },
			{ text_of(item, "created_at"), "-" },
			{ attempts, NULL },
			{ json_is_integer(status) ? code : NULL, "-" },
			{ last ? error.data : NULL, "-" },
		};

		ok = buf_ok(&error) || err_no_memory(list->err);
		ok = ok && admin_list_row(list, cells, sizeof(cells) / sizeof(cells[0]));
	}
	buf_free(&error);
	return ok;
}

static bool print_items(struct admin *admin, const struct admin_call *call, const char *path,
	bool (*add)(struct admin_list *list, const json_t *item), struct err *err)
{
	struct buf response = BUF_INIT;
	struct admin_list list;
	json_t *json = NULL;
	bool ok = webhook_send(admin, call, "GET", path, STR(""), &response, err) &&
		  json_parse_trusted(&json, buf_str(&response), err);

	if (ok) {
		const json_t *items = json_object_get(json, "items");

		admin_list_begin(&list, admin, call, err);
		list.in_order = true;
		for (size_t i = 0; ok && i < json_array_size(items); i++) {
			struct buf line = BUF_INIT;

			if (call->options[ADMIN_JSON]) {
				json_put(&line, json_array_get(items, i));
				ok = print_line(admin, &line, err);
				buf_free(&line);
			} else {
				ok = add(&list, json_array_get(items, i));
			}
		}
		ok = admin_list_end(&list, ok);
	}
	json_decref(json);
	buf_free(&response);
	return ok;
}

bool admin_webhook_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return print_items(admin, call, NULL, add_webhook, err);
}

bool admin_webhook_log(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return print_items(admin, call, "/deliveries?limit=100", add_delivery, err);
}
