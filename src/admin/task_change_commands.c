#include "admin/task_change_commands.h"

#include <inttypes.h>

#include "admin/task_find.h"
#include "dialect/dialect.h"
#include "http/json.h"

#define RETRY_MAX_DEFAULT 1000 /* tasks of task retry --all */
#define RETRY_PAGE_MAX	  1000 /* tasks of one request */

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

static bool put_fields(struct buf *body, const char *text, struct err *err)
{
	json_t *json = NULL;
	struct err cause;

	if (!text)
		return true;
	if (!json_parse_object(&json, str_cstr(text), &cause))
		return err_set(err, ERR_INVALID, "fields", "--fields must be a JSON object: %s",
			err_text(&cause));
	put_name(body, "fields");
	buf_puts(body, text);
	json_decref(json);
	return true;
}

static bool make_body(const struct admin_call *call, struct buf *body, struct err *err)
{
	if (!call->options[ADMIN_DIALECT])
		return err_set(
			err, ERR_INVALID, "dialect", "'task create' requires --dialect or --stdin");
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
static bool read_body(
	struct admin *admin, const struct admin_call *call, struct buf *body, struct err *err)
{
	static const enum admin_option others[] = { ADMIN_DIALECT, ADMIN_KIND, ADMIN_PRIORITY,
		ADMIN_NOT_BEFORE, ADMIN_FIELDS };
	char bytes[16384];
	size_t len;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (call->options[others[i]])
			return err_set(err, ERR_INVALID, admin_options[others[i]].name,
				"--stdin reads the whole task: leave out --%s",
				admin_options[others[i]].name);
	}
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

bool admin_task_create(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct native_call request = { .method = "POST", .uri = STR("/v1/tasks") };
	struct buf body = BUF_INIT;
	bool ok = call->options[ADMIN_STDIN] ? read_body(admin, call, &body, err)
					     : make_body(call, &body, err);

	request.body = buf_str(&body);
	ok = ok && create(admin, call, &request, err);
	buf_free(&body);
	return ok;
}

/* ---- one task ---- */

/* Sends a request about the task that the operand names, and prints its new state. */
static bool change_task(struct admin *admin, const struct admin_call *call, const char *method,
	const char *path, struct str body, struct err *err)
{
	struct native_call request = { .method = method, .body = body };
	struct buf uri = BUF_INIT, response = BUF_INIT;
	struct found_task found = { 0 };
	struct native_client client;
	bool ok = native_client_init(&client, admin, err) && task_find(&client, call, &found, err);

	buf_printf(&uri, "/v1/tasks/%s%s", found.id, path);
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
	return change_task(admin, call, "PATCH", "", STR("{\"state\":\"cancelled\"}"), err);
}

/* ---- many tasks ---- */

struct retries {
	struct native_client client;
	const struct admin_call *call;
	struct str tenant;
	uint64_t left, retried, refused;
	struct buf cursor; /* of the next request, JSON text; empty: the first one, or no further */
	bool more;
};

static void put_list(struct buf *body, const char *name, const char *texts)
{
	struct str rest = texts ? str_cstr(texts) : STR_NULL;

	if (!texts)
		return;
	put_name(body, name);
	buf_putc(body, '[');
	do {
		buf_put_json_string(body, str_split_next(&rest, ','));
		buf_puts(body, rest.len > 0 ? "," : "");
	} while (rest.len > 0);
	buf_putc(body, ']');
}

/* A kind may have commas; an empty one is null: tasks without a kind. */
static void put_kind(struct buf *body, const char *kind)
{
	if (!kind)
		return;
	put_name(body, "kinds");
	buf_putc(body, '[');
	if (*kind)
		buf_put_json_string(body, str_cstr(kind));
	else
		buf_puts(body, "null");
	buf_putc(body, ']');
}

static bool put_retries(const struct retries *retries, struct buf *body)
{
	const char *const *options = retries->call->options;
	uint64_t max = retries->left < RETRY_PAGE_MAX ? retries->left : RETRY_PAGE_MAX;

	buf_putc(body, '{');
	put_list(body, "dialects", options[ADMIN_DIALECT]);
	put_kind(body, options[ADMIN_KIND]);
	put_list(body, "failures", options[ADMIN_FAILURE]);
	put_name(body, "max");
	buf_put_number(body, (int64_t)max);
	if (retries->cursor.len > 0) {
		put_name(body, "cursor");
		buf_put_str(body, buf_str(&retries->cursor));
	}
	buf_putc(body, '}');
	return buf_ok(body);
}

static bool add_sums(struct retries *retries, struct str response, struct err *err)
{
	json_t *json = NULL, *next;
	uint64_t retried, refused;

	if (!json_parse_trusted(&json, response, err))
		return false;
	retried = (uint64_t)json_integer_value(json_object_get(json, "retried"));
	refused = (uint64_t)json_integer_value(json_object_get(json, "refused"));
	next = json_object_get(json, "next");
	retries->retried += retried;
	retries->refused += refused;
	retries->left -= retried + refused < retries->left ? retried + refused : retries->left;
	retries->more = json_is_true(json_object_get(json, "more"));
	buf_reset(&retries->cursor);
	if (json_is_string(next))
		json_put(&retries->cursor, next);
	json_decref(json);
	return buf_ok(&retries->cursor) || err_no_memory(err);
}

static bool retry_page(struct retries *retries, struct err *err)
{
	struct native_call request = {
		.method = "POST", .tenant = retries->tenant, .uri = STR("/v1/retries")
	};
	struct buf body = BUF_INIT, response = BUF_INIT;
	bool ok = put_retries(retries, &body) || err_no_memory(err);

	request.body = buf_str(&body);
	ok = ok && native_call(&retries->client, &request, &response, err) &&
	     add_sums(retries, buf_str(&response), err);
	buf_free(&body);
	buf_free(&response);
	return ok;
}

/* A request ends early if nothing can be written, with the same cursor as before. */
static bool retry_pages(struct retries *retries, struct err *err)
{
	uint64_t before;

	do {
		before = retries->left;
		if (!retry_page(retries, err))
			return false;
	} while (retries->cursor.len > 0 && retries->left > 0 && retries->left < before);
	return true;
}

static bool retry_all(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct retries retries = { .call = call, .left = RETRY_MAX_DEFAULT };
	const char *max = call->options[ADMIN_MAX];
	bool ok;

	if (!call->options[ADMIN_DIALECT])
		return err_set(
			err, ERR_INVALID, "dialect", "'task retry --all' requires --dialect");
	if (max && (!str_to_u64(str_cstr(max), &retries.left) || retries.left == 0))
		return err_set(
			err, ERR_INVALID, "max", "--max must be a number from 1 on, not '%s'", max);
	if (!native_client_init(&retries.client, admin, err) ||
		!task_tenant(&retries.client, call, &retries.tenant, err))
		return false;
	ok = retry_pages(&retries, err);
	if (ok || retries.retried + retries.refused > 0)
		admin_print(admin, "%" PRIu64 " task%s retried, %" PRIu64 " refused",
			retries.retried, str_plural(retries.retried), retries.refused);
	if (ok && retries.more)
		admin_print_error(admin, "note: more tasks may match");
	buf_free(&retries.cursor);
	return ok;
}

bool admin_task_retry(struct admin *admin, const struct admin_call *call, struct err *err)
{
	static const enum admin_option of_all[] = { ADMIN_DIALECT, ADMIN_KIND, ADMIN_FAILURE,
		ADMIN_MAX };

	if (!call->options[ADMIN_ALL] == !call->operand)
		return err_set(err, ERR_INVALID, "ID", "'task retry' takes either an ID or --all");
	if (call->options[ADMIN_ALL])
		return retry_all(admin, call, err);
	for (size_t i = 0; i < sizeof(of_all) / sizeof(of_all[0]); i++) {
		if (call->options[of_all[i]])
			return err_set(err, ERR_INVALID, admin_options[of_all[i]].name,
				"--%s needs --all", admin_options[of_all[i]].name);
	}
	return change_task(admin, call, "POST", "/retry", STR_NULL, err);
}
