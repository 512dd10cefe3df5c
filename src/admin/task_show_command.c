#include "admin/task_show_command.h"

#include <inttypes.h>

#include "admin/list.h"
#include "admin/task_find.h"
#include "admin/task_text.h"
#include "base/clock.h"
#include "store/wake.h"

#define NAME_WIDTH 17
/* Longest wait of one look, and how often it reads the counter. */
#define WATCH_WAIT_MS 5000
#define WATCH_LOOK_MS 20

static bool print(struct admin *admin, struct str line, struct err *err)
{
	return admin_print_line(admin, line) ||
	       err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
}

/* ---- the task ---- */

static void put_name(struct buf *line, const char *parent, const char *name)
{
	buf_puts(line, parent);
	task_text_put(line, str_cstr(name), 0);
	buf_putc(line, ':');
	do
		buf_putc(line, ' ');
	while (buf_ok(line) && line->len < NAME_WIDTH);
}

/* The only member that the API does not show. */
static bool print_tenant(struct admin *admin, const char *tenant, struct err *err)
{
	struct buf line = BUF_INIT;
	bool ok;

	put_name(&line, "", "tenant");
	buf_puts(&line, tenant);
	ok = (buf_ok(&line) || err_no_memory(err)) && print(admin, buf_str(&line), err);
	buf_free(&line);
	return ok;
}

static bool print_member(struct admin *admin, const char *parent, const char *name,
	const json_t *value, struct err *err)
{
	struct buf line = BUF_INIT;
	bool ok;

	put_name(&line, parent, name);
	task_text_put_json(&line, value, 0);
	ok = (buf_ok(&line) || err_no_memory(err)) && print(admin, buf_str(&line), err);
	buf_free(&line);
	return ok;
}

/* A line for each member and for each field; links are for clients. */
static bool print_members(struct admin *admin, json_t *task, struct err *err)
{
	json_t *fields = json_object_get(task, "fields"), *value;
	const char *name;

	json_object_foreach (task, name, value) {
		if (value != fields && strcmp(name, "links") != 0 &&
			!print_member(admin, "", name, value, err))
			return false;
	}
	json_object_foreach (fields, name, value) {
		if (!print_member(admin, "fields.", name, value, err))
			return false;
	}
	return true;
}

static bool print_task(struct admin *admin, struct str row, bool as_json, struct err *err)
{
	json_t *task = NULL;
	bool ok;

	if (as_json)
		return print(admin, row, err);
	ok = json_parse_trusted(&task, row, err) && print_members(admin, task, err);
	json_decref(task);
	return ok;
}

/* ---- the history ---- */

static const char *const entry_members[] = { "at", "event", "from", "to", "status", "attempt",
	"worker", "by", "error" };

#define ENTRY_MEMBERS (sizeof(entry_members) / sizeof(entry_members[0]))

static void put_entry(struct buf *line, const json_t *entry)
{
	for (size_t i = 0; i < ENTRY_MEMBERS; i++) {
		const json_t *value = json_object_get(entry, entry_members[i]);

		if (i == 0) {
			task_text_put_time(line, value);
			continue;
		}
		buf_putc(line, '\t');
		task_text_put_json(line, value, TASK_TEXT_SHORT);
	}
}

static bool print_entry(struct admin *admin, const json_t *entry, bool as_json, struct err *err)
{
	struct buf line = BUF_INIT;
	bool ok;

	if (as_json)
		json_put(&line, entry);
	else
		put_entry(&line, entry);
	ok = (buf_ok(&line) || err_no_memory(err)) && print(admin, buf_str(&line), err);
	buf_free(&line);
	return ok;
}

static bool print_header(struct admin *admin, struct err *err)
{
	struct buf line = BUF_INIT;
	bool ok;

	for (size_t i = 0; i < ENTRY_MEMBERS; i++) {
		buf_puts(&line, i > 0 ? "\t" : "");
		buf_puts(&line, entry_members[i]);
	}
	ok = (buf_ok(&line) || err_no_memory(err)) && print(admin, STR(""), err) &&
	     print(admin, buf_str(&line), err);
	buf_free(&line);
	return ok;
}

/* Prints a page. *next, in the arena, is `before` of the next page; empty after the last one. */
static bool print_entries(struct admin *admin, struct str response, bool as_json,
	struct arena *arena, struct str *next, struct err *err)
{
	json_t *page = NULL, *items;
	bool ok = json_parse_trusted(&page, response, err);

	items = json_object_get(page, "items");
	for (size_t i = 0; ok && i < json_array_size(items); i++)
		ok = print_entry(admin, json_array_get(items, i), as_json, err);
	if (ok) {
		*next = arena_copy(arena, json_str(json_object_get(page, "next")));
		ok = next->ptr || err_no_memory(err);
	}
	json_decref(page);
	return ok;
}

static bool print_history(const struct native_client *client, const struct found_task *found,
	bool as_json, struct err *err)
{
	struct buf uri = BUF_INIT, response = BUF_INIT;
	struct arena arena = { 0 };
	struct str next = STR("");
	bool ok = as_json || print_header(client->admin, err);

	while (ok) {
		struct native_call call = { .method = "GET", .tenant = str_cstr(found->tenant) };

		buf_reset(&uri);
		buf_reset(&response);
		buf_printf(&uri, "/v1/tasks/%s/history?limit=1000", found->id);
		if (next.len > 0)
			buf_printf(&uri, "&before=%.*s", STR_ARGS(next));
		call.uri = buf_str(&uri);
		ok = (buf_ok(&uri) || err_no_memory(err)) &&
		     native_call(client, &call, &response, err) &&
		     print_entries(client->admin, buf_str(&response), as_json, &arena, &next, err);
		if (next.len == 0)
			break;
	}
	arena_free(&arena);
	buf_free(&uri);
	buf_free(&response);
	return ok;
}

/* ---- commands ---- */

bool admin_task_show(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct native_client client;
	struct found_task found = { 0 };
	bool as_json = call->options[ADMIN_JSON], ok;

	ok = native_client_init(&client, admin, err) && task_find(&client, call, &found, err);
	if (ok && !as_json)
		ok = print_tenant(admin, found.tenant, err);
	ok = ok && print_task(admin, buf_str(&found.row), as_json, err);
	if (ok && call->options[ADMIN_HISTORY])
		ok = print_history(&client, &found, as_json, err);
	found_task_free(&found);
	return ok;
}

/* ---- watch ---- */

static int64_t wait_ms(const struct admin_call *call)
{
	const char *text = call->options[ADMIN_TIMEOUT];
	uint64_t seconds;

	if (text && str_to_u64(str_cstr(text), &seconds) && seconds < WATCH_WAIT_MS / 1000)
		return (int64_t)seconds * 1000;
	return WATCH_WAIT_MS;
}

/*
 * Waits until the counter of the task differs from the one that the client has seen. Returns the
 * counter, which was read before the task; 0 if the call cannot wait.
 */
static uint64_t wait_for_change(struct admin *admin, const struct admin_call *call)
{
	const char *tenant = call->options[ADMIN_TENANT], *text = call->options[ADMIN_SEEN];
	int64_t until = clock_mono_ms() + wait_ms(call);
	uint64_t count, seen;
	unsigned source;
	struct id id;

	if (!admin->pause || !tenant || !id_parse(&id, str_cstr(call->operand)))
		return 0;
	source = store_task_source(str_cstr(tenant), &id);
	count = store_wake_count(admin->store, source);
	if (!text || !str_to_u64(str_cstr(text), &seen))
		return count;
	while (count == seen && clock_mono_ms() < until &&
		admin->pause(admin->pause_data, WATCH_LOOK_MS))
		count = store_wake_count(admin->store, source);
	return count;
}

static bool print_count(struct admin *admin, uint64_t count, struct err *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, count);
	return print(admin, str_cstr(text), err);
}

bool admin_task_watch(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *tenant = call->options[ADMIN_TENANT];
	uint64_t count = wait_for_change(admin, call);
	struct native_client client;
	struct found_task found = { 0 };
	bool ok = native_client_init(&client, admin, err);

	if (ok && task_find(&client, call, &found, err))
		ok = print(admin, str_cstr(found.tenant), err) &&
		     print(admin, buf_str(&found.row), err) && print_count(admin, count, err);
	else if (ok && tenant && err->code == ERR_NOT_FOUND)
		ok = print(admin, str_cstr(tenant), err) && print(admin, STR("null"), err);
	else
		ok = false;
	found_task_free(&found);
	return ok;
}
