#include "admin/task_retry_command.h"

#include <inttypes.h>

#include "admin/task_find.h"
#include "http/json.h"

#define MAX_DEFAULT 1000
#define PAGE_MAX    1000 /* tasks of one request */

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
	buf_printf(body, "\"%s\":[", name);
	do {
		buf_put_json_string(body, str_split_next(&rest, ','));
		buf_puts(body, rest.len > 0 ? "," : "");
	} while (rest.len > 0);
	buf_puts(body, "],");
}

/* A kind may have commas; an empty one is null: tasks without a kind. */
static void put_kind(struct buf *body, const char *kind)
{
	if (!kind)
		return;
	buf_puts(body, "\"kinds\":[");
	if (*kind)
		buf_put_json_string(body, str_cstr(kind));
	else
		buf_puts(body, "null");
	buf_puts(body, "],");
}

static bool put_retries(const struct retries *retries, struct buf *body)
{
	const char *const *options = retries->call->options;
	uint64_t max = retries->left < PAGE_MAX ? retries->left : PAGE_MAX;

	buf_putc(body, '{');
	put_list(body, "dialects", options[ADMIN_DIALECT]);
	put_kind(body, options[ADMIN_KIND]);
	put_list(body, "failures", options[ADMIN_FAILURE]);
	if (retries->cursor.len > 0)
		buf_printf(body, "\"cursor\":%.*s,", STR_ARGS(buf_str(&retries->cursor)));
	buf_printf(body, "\"max\":%" PRIu64, max);
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
static bool retry_pages(struct retries *retries, struct admin *admin, struct err *err)
{
	uint64_t before, most = retries->left;

	do {
		before = retries->left;
		if (!retry_page(retries, err))
			return false;
		admin_progress(admin, most - retries->left, 0, "tasks");
	} while (retries->cursor.len > 0 && retries->left > 0 && retries->left < before);
	return true;
}

bool task_retry_all(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct retries retries = { .call = call, .left = MAX_DEFAULT };
	const char *max = call->options[ADMIN_MAX];
	bool ok;

	if (max && (!str_to_u64(str_cstr(max), &retries.left) || retries.left == 0))
		return err_set(
			err, ERR_INVALID, "max", "--max must be a number from 1 on, not '%s'", max);
	if (!native_client_init(&retries.client, admin, err) ||
		!task_tenant(&retries.client, call, &retries.tenant, err))
		return false;
	ok = retry_pages(&retries, admin, err);
	if (ok || retries.retried + retries.refused > 0)
		admin_print(admin, "%" PRIu64 " task%s retried, %" PRIu64 " refused",
			retries.retried, str_plural(retries.retried), retries.refused);
	if (ok && retries.more)
		admin_print_error(admin, "note: more tasks may match");
	buf_free(&retries.cursor);
	return ok;
}
