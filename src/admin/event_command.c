#include "admin/event_command.h"

#include "admin/native_call.h"
#include "admin/task_find.h"
#include "admin/task_text.h"
#include "http/json.h"
#include "task/feed.h"

/* Of one call with --follow: they are in memory until it has ended. */
#define FOLLOWED_PAGES 4

const char admin_event_header[] = "time\ttype\tdialect\tkind\ttask\tstate\tstatus\trevision\t"
				  "attempt\tworker\tby\terror";

struct event_list {
	struct native_client client;
	const struct admin_call *call;
	struct str tenant;
	char next[FEED_PLACE_SIZE]; /* place of the next page; empty: the first one */
	bool more;
	struct buf lines;
};

/* ---- rows ---- */

static void put_row(struct buf *line, const json_t *event)
{
	static const char *const members[] = { "type", "dialect", "kind", "task_id", "state",
		"status", "revision", "attempt", "worker", "by", "error" };

	task_text_put_time(line, json_object_get(event, "at"));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		buf_putc(line, '\t');
		task_text_put_json(line, json_object_get(event, members[i]), TASK_TEXT_SHORT);
	}
}

static bool take_page(struct event_list *list, const json_t *page, struct err *err)
{
	const json_t *items = json_object_get(page, "items");

	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *event = json_array_get(items, i);

		if (list->call->options[ADMIN_JSON])
			json_put(&list->lines, event);
		else
			put_row(&list->lines, event);
		buf_putc(&list->lines, '\n');
	}
	snprintf(list->next, sizeof(list->next), "%s",
		json_string_value(json_object_get(page, "next")));
	list->more = json_is_true(json_object_get(page, "more"));
	return buf_ok(&list->lines) || err_no_memory(err);
}

/* ---- pages ---- */

static void put_uri(const struct event_list *list, struct buf *uri)
{
	static const struct {
		const char *name;
		enum admin_option option;
	} params[] = { { "dialect", ADMIN_DIALECT }, { "kind", ADMIN_KIND },
		{ "state", ADMIN_STATE }, { "type", ADMIN_TYPE }, { "id", ADMIN_ID } };

	buf_puts(uri, "/v1/events?limit=1000");
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		native_call_put_param(uri, params[i].name, list->call->options[params[i].option]);
	native_call_put_param(
		uri, "after", list->next[0] ? list->next : list->call->options[ADMIN_AFTER]);
}

static bool read_page(struct event_list *list, struct err *err)
{
	struct native_call request = { .method = "GET", .tenant = list->tenant };
	struct buf uri = BUF_INIT, response = BUF_INIT;
	json_t *page = NULL;
	bool ok;

	put_uri(list, &uri);
	request.uri = buf_str(&uri);
	ok = (buf_ok(&uri) || err_no_memory(err)) &&
	     native_call(&list->client, &request, &response, err) &&
	     json_parse_trusted(&page, buf_str(&response), err) && take_page(list, page, err);
	json_decref(page);
	buf_free(&uri);
	buf_free(&response);
	return ok;
}

/* ---- output ---- */

static bool print(struct admin *admin, struct str line, struct err *err)
{
	return admin_print_line(admin, line) ||
	       err_set(err, ERR_INTERNAL, NULL, "writing the output failed");
}

static bool print_lines(struct event_list *list, struct err *err)
{
	struct str rest = buf_str(&list->lines);
	bool ok = true;

	while (ok && rest.len > 0)
		ok = print(list->client.admin, str_split_next(&rest, '\n'), err);
	buf_reset(&list->lines);
	return ok;
}

static bool print_header(struct event_list *list, struct err *err)
{
	return list->call->options[ADMIN_JSON] || list->call->options[ADMIN_NOHEADINGS] ||
	       print(list->client.admin, str_cstr(admin_event_header), err);
}

/* If the parameters are refused, nothing is printed. */
static bool print_all(struct event_list *list, struct err *err)
{
	bool ok = read_page(list, err) && print_header(list, err) && print_lines(list, err);

	while (ok && list->more)
		ok = read_page(list, err) && print_lines(list, err);
	return ok;
}

static bool print_followed(struct event_list *list, struct err *err)
{
	struct buf line = BUF_INIT;
	bool ok = true;

	for (int i = 0; ok && (i == 0 || list->more) && i < FOLLOWED_PAGES; i++)
		ok = read_page(list, err);
	if (!ok && err->code != ERR_GONE)
		return false;
	if (ok)
		buf_printf(&line, "%s %s", list->more ? "more" : "next", list->next);
	else
		buf_printf(&line, "gone %s", err_text(err));
	ok = (buf_ok(&line) || err_no_memory(err)) &&
	     print(list->client.admin, buf_str(&line), err) && print_lines(list, err);
	buf_free(&line);
	return ok;
}

bool admin_events(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct event_list list = { .call = call };
	bool ok = native_client_init(&list.client, admin, err) &&
		  task_tenant(&list.client, call, &list.tenant, err);

	if (ok)
		ok = call->options[ADMIN_FOLLOW] ? print_followed(&list, err)
						 : print_all(&list, err);
	buf_free(&list.lines);
	return ok;
}
