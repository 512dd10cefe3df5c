#include "admin/task_list_command.h"

#include "admin/list.h"
#include "admin/task_find.h"
#include "admin/task_text.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MAX     1000000
#define PAGE_MAX      500 /* rows, as of the API */

/* ---- rows ---- */

enum form { FORM_TEXT = 0, FORM_SHORT, FORM_TIME };

struct column {
	const char *member; /* of the row */
	const char *parent; /* the member that has it; NULL: the row itself */
	enum form form;
};

#define COLUMNS_MAX 12

static const struct column task_columns[] = {
	{ .member = "id" },
	{ .member = "dialect" },
	{ .member = "kind" },
	{ .member = "state" },
	{ .member = "status" },
	{ .member = "attempt" },
	{ .member = "created_at", .form = FORM_TIME },
	{ .member = "updated_at", .form = FORM_TIME },
	{ .member = "error", .form = FORM_SHORT },
	{ 0 },
};

static const struct column count_columns[] = {
	{ .member = "dialect" },
	{ .member = "kind" },
	{ .member = "pending", .parent = "states" },
	{ .member = "running", .parent = "states" },
	{ .member = "succeeded", .parent = "states" },
	{ .member = "failed", .parent = "states" },
	{ .member = "cancelled", .parent = "states" },
	{ .member = "ready" },
	{ .member = "delayed" },
	{ .member = "oldest_waiting_at", .form = FORM_TIME },
	{ 0 },
};

static void put_cell(struct buf *out, const json_t *row, const struct column *column)
{
	const json_t *object = column->parent ? json_object_get(row, column->parent) : row;
	const json_t *value = json_object_get(object, column->member);

	if (column->form == FORM_TIME)
		task_text_put_time(out, value);
	else
		task_text_put_json(out, value, column->form == FORM_SHORT ? TASK_TEXT_SHORT : 0);
	buf_putc(out, '\0');
}

static bool print_cells(
	struct admin_list *list, const struct column *columns, const json_t *row, struct err *err)
{
	struct admin_cell cells[COLUMNS_MAX] = { 0 };
	struct buf text[COLUMNS_MAX] = { 0 };
	size_t count = 0;
	bool ok = true;

	for (; columns[count].member; count++) {
		put_cell(&text[count], row, &columns[count]);
		ok = ok && buf_ok(&text[count]);
		cells[count] = (struct admin_cell){ text[count].data, NULL };
	}
	ok = ok ? admin_list_row(list, cells, count) : err_no_memory(err);
	for (size_t i = 0; i < count; i++)
		buf_free(&text[i]);
	return ok;
}

/* ---- list ---- */

struct task_list {
	struct native_client client;
	struct admin_list list;
	struct str tenant;
	uint64_t left; /* rows that may still be printed */
};

static bool print_task(struct str row, void *data, struct err *err)
{
	struct task_list *tasks = data;
	json_t *json = NULL;
	bool ok;

	if (tasks->list.json) {
		ok = admin_print_line(tasks->client.admin, row) ||
		     err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
	} else {
		ok = json_parse_trusted(&json, row, err) &&
		     print_cells(&tasks->list, task_columns, json, err);
		json_decref(json);
	}
	tasks->left--;
	return ok;
}

/* Without the cursor. */
static bool put_list_uri(struct buf *uri, const struct admin_call *call, uint64_t left)
{
	char limit[24];

	snprintf(limit, sizeof(limit), "%d", left < PAGE_MAX ? (int)left : PAGE_MAX);
	buf_puts(uri, "/v1/tasks");
	native_call_put_param(uri, "total", "false");
	native_call_put_param(uri, "limit", limit);
	native_call_put_param(uri, "dialect", call->options[ADMIN_DIALECT]);
	native_call_put_param(uri, "state", call->options[ADMIN_STATE]);
	native_call_put_param(uri, "kind", call->options[ADMIN_KIND]);
	native_call_put_param(uri, "failure", call->options[ADMIN_FAILURE]);
	native_call_put_param(uri, "sort", call->options[ADMIN_SORT]);
	return buf_ok(uri);
}

/* Appends the cursor of the next page to next, or nothing after the last page. */
static bool read_next(struct str response, struct buf *next, struct err *err)
{
	json_t *json = NULL;
	bool ok = json_parse_trusted(&json, response, err);

	buf_reset(next);
	if (ok) {
		buf_put_str(next, json_str(json_object_get(json, "next")));
		if (next->len > 0)
			buf_putc(next, '\0');
		ok = buf_ok(next) || err_no_memory(err);
	}
	json_decref(json);
	return ok;
}

static bool print_page(
	struct task_list *tasks, const struct admin_call *call, struct buf *next, struct err *err)
{
	struct buf uri = BUF_INIT, response = BUF_INIT;
	struct native_call page = {
		.method = "GET", .tenant = tasks->tenant, .take_row = print_task, .data = tasks
	};
	bool ok = put_list_uri(&uri, call, tasks->left) || err_no_memory(err);

	if (ok && next->len > 0)
		native_call_put_param(&uri, "cursor", next->data);
	page.uri = buf_str(&uri);
	ok = ok && native_call(&tasks->client, &page, &response, err) &&
	     read_next(buf_str(&response), next, err);
	buf_free(&uri);
	buf_free(&response);
	return ok;
}

static bool parse_limit(const struct admin_call *call, uint64_t *limit, struct err *err)
{
	const char *text = call->options[ADMIN_LIMIT];

	*limit = LIMIT_DEFAULT;
	return !text || (str_to_u64(str_cstr(text), limit) && *limit >= 1 && *limit <= LIMIT_MAX) ||
	       err_set(err, ERR_INVALID, "limit", "--limit must be a number from 1 to %d, not '%s'",
		       LIMIT_MAX, text);
}

bool admin_task_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct task_list tasks = { .left = 0 };
	struct buf next = BUF_INIT;
	bool more, ok;

	if (!parse_limit(call, &tasks.left, err) ||
		!native_client_init(&tasks.client, admin, err) ||
		!task_tenant(&tasks.client, call, &tasks.tenant, err))
		return false;
	admin_list_begin(&tasks.list, admin, call, err);
	tasks.list.in_order = true;
	do {
		ok = print_page(&tasks, call, &next, err);
	} while (ok && next.len > 0 && tasks.left > 0 && !ferror(admin->out));
	more = next.len > 0;
	buf_free(&next);
	ok = admin_list_end(&tasks.list, ok);
	if (ok && more && tasks.left == 0)
		admin_print_error(admin, "note: more tasks match (--limit)");
	return ok;
}

/* ---- count ---- */

static bool print_count(struct task_list *tasks, const json_t *item, struct err *err)
{
	struct buf line = BUF_INIT;
	bool ok;

	if (!tasks->list.json)
		return print_cells(&tasks->list, count_columns, item, err);
	json_put(&line, item);
	ok = buf_ok(&line) || err_no_memory(err);
	ok = ok && (admin_print_line(tasks->client.admin, buf_str(&line)) ||
			   err_set(err, ERR_INTERNAL, NULL, "writing the output failed"));
	buf_free(&line);
	return ok;
}

static bool print_counts(struct task_list *tasks, struct str response, struct err *err)
{
	json_t *json = NULL, *items;
	bool ok = json_parse_trusted(&json, response, err);

	items = json_object_get(json, "items");
	for (size_t i = 0; ok && i < json_array_size(items); i++)
		ok = print_count(tasks, json_array_get(items, i), err);
	json_decref(json);
	return ok;
}

static bool count_page(
	struct task_list *tasks, const struct admin_call *call, struct buf *next, struct err *err)
{
	struct buf uri = BUF_INIT, response = BUF_INIT;
	struct native_call page = { .method = "GET", .tenant = tasks->tenant };
	bool ok;

	buf_puts(&uri, "/v1/stats");
	native_call_put_param(&uri, "dialect", call->options[ADMIN_DIALECT]);
	native_call_put_param(&uri, "kind", call->options[ADMIN_KIND]);
	if (next->len > 0)
		native_call_put_param(&uri, "cursor", next->data);
	page.uri = buf_str(&uri);
	ok = (buf_ok(&uri) || err_no_memory(err)) &&
	     native_call(&tasks->client, &page, &response, err) &&
	     print_counts(tasks, buf_str(&response), err) &&
	     read_next(buf_str(&response), next, err);
	buf_free(&uri);
	buf_free(&response);
	return ok;
}

bool admin_task_count(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct task_list tasks = { .left = 0 };
	struct buf next = BUF_INIT;
	bool ok;

	if (!native_client_init(&tasks.client, admin, err) ||
		!task_tenant(&tasks.client, call, &tasks.tenant, err))
		return false;
	admin_list_begin(&tasks.list, admin, call, err);
	tasks.list.in_order = true;
	do {
		ok = count_page(&tasks, call, &next, err);
	} while (ok && next.len > 0 && !ferror(admin->out));
	buf_free(&next);
	return admin_list_end(&tasks.list, ok);
}
